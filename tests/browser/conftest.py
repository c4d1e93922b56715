"""One JupyterLab and one Chromium for all browser tests."""

import pytest
from lab import CHROMIUM, FLAGS, Notebook, server


@pytest.fixture(scope="session")
def open_notebook(tmp_path_factory, notebooks):
    """A function: the name of a notebook -> it, in a page of its own, run. Skips where there is no browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
    if CHROMIUM is None:
        pytest.skip("browser tests need Chromium, and none was found")
    with server(notebooks, tmp_path_factory.mktemp("lab")) as url, playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)

        def opened(name: str) -> Notebook:
            notebook = Notebook(browser.new_page(viewport={"width": 1280, "height": 1000}), url.format(name))
            notebook.run()
            return notebook

        yield opened
        browser.close()
