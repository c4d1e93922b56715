"""Which tests need a browser, and how those of a parallel run (pytest-xdist) are shared out among its processes.

What shares a fixture stays together: a file's tests, a notebook's cells, and in the browser all tests of one notebook.
What takes longest starts first, so that no process is left with it when the others have done all the rest.
"""

import re

import pytest

LONGEST = (  # the beginnings of units
    "notebooks/09_training.ipynb",
    "notebooks/13_one_pass.ipynb",
    "notebooks/12_recognition.ipynb",
    "notebooks/08_hard_mining.ipynb",
    "notebooks/",
    "browser, 09_training.ipynb",
    "tests/cli/test_cli_train.py",
    "tests/site/test_pages.py",
    "tests/unit/test_ray_faces.py",
    "browser, ",
)


def unit(test: str) -> str:
    """What runs in one process, with this test."""
    if test.startswith("tests/site/"):
        return "tests/site/test_pages.py"  # the site is built once, and npm runs once
    notebook = re.match(r"tests/browser/.*\[(\w+\.ipynb)", test)
    return f"browser, {notebook[1]}" if notebook else test.partition("::")[0]


def place(test: str) -> int:
    return next((number for number, start in enumerate(LONGEST) if unit(test).startswith(start)), len(LONGEST))


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by -m
def pytest_collection_modifyitems(config, items):
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadScopeScheduling

    class Units(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    config.option.loadscopereorder = False  # it would begin with the files of most tests
    return Units(config, log)
