"""One JupyterLab, and each notebook opened and run once in it, for all tests that use it, whatever file they are in.

A test asks for `notebook`. Its module names one in NOTEBOOK; where it names none, the test runs with each notebook.
"""

from pathlib import Path

import pytest
from lab import Notebook, server

NOTEBOOKS = sorted(path.name for path in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


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


@pytest.fixture(scope="session")
def opened_notebook(request, chromium, lab):
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    opened = Notebook(page, lab.format(request.param), request.param)
    opened.run()
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
