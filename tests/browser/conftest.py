"""One JupyterLab, and each notebook opened and run once in it, for all tests that use it, whatever file they are in.

Chapters that train are run to their last explorer only: `make test` runs all their cells, and no test here needs more.

A test asks for `notebook`. Its module names one in NOTEBOOK; where it names none, the test runs with each notebook.
"""

import json
from pathlib import Path

import pytest
from lab import Notebook, server

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
TRAINING = ("07", "08", "09", "10", "11", "12")  # the chapters that train, or look at many photos


def pytest_generate_tests(metafunc):
    if "opened_notebook" in metafunc.fixturenames:
        name = getattr(metafunc.module, "NOTEBOOK", None)
        names = NOTEBOOKS if name is None else [name]
        # of the session: pytest puts the tests of one notebook after one another, before it opens the next
        metafunc.parametrize("opened_notebook", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def lab(notebooks, tmp_path_factory):
    """The address of a notebook in JupyterLab, to be filled in."""
    with server(notebooks, tmp_path_factory.mktemp("lab")) as url:
        yield url


def to_the_last_explorer(name):
    """How many of a notebook's cells there are up to the last that shows an explorer."""
    cells = json.loads((ROOT / "notebooks" / name).read_text())["cells"]
    views = json.loads((ROOT / "docs" / "widgets" / name).with_suffix(".json").read_text())["views"]
    return 1 + max(number for number, cell in enumerate(cells) if cell["id"] in views)


@pytest.fixture(scope="session")
def opened_notebook(request, chromium, lab):
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    opened = Notebook(page, lab.format(request.param), request.param)
    opened.run(to_the_last_explorer(request.param) if request.param.startswith(TRAINING) else None)
    yield opened
    opened.close()


@pytest.fixture
def notebook(request, opened_notebook):
    """A notebook that has run. No module meets what another did to its explorers; no test leaves errors."""
    if opened_notebook.used_in not in (None, request.module):
        opened_notebook.renew_explorers()
    opened_notebook.used_in = request.module
    yield opened_notebook
    assert opened_notebook.errors() == []
