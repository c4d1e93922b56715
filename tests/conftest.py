"""What several tests need and is slow to make."""

import shutil
from pathlib import Path

import pytest
import skimage.data
import torch

from mtcnn_lite import Detector

pytest_plugins = ["alone", "schedule", "solved"]
collect_ignore_glob = ["*conftest.py"]  # --doctest-modules would import each under the name of the first

torch.set_num_threads(1)  # as conftest.py above has it, for a torch that was imported before


@pytest.fixture(scope="session")
def detector():
    """With the authors' values, which never change: what the shipped ones find is tests/test_shipped.py's."""
    return Detector("zhang2016")


@pytest.fixture(scope="session")
def astronaut():
    photo = skimage.data.astronaut()
    photo.setflags(write=False)  # shared by all tests: whoever writes to it fails
    return photo


@pytest.fixture(scope="session")
def root():
    """The checkout."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def notebooks(root):
    return root / "notebooks"


@pytest.fixture(scope="session")
def chromium():
    """Headless Chromium, one for all tests that need a browser; they skip where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("browser tests need Chromium, and none was found")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--force-color-profile=srgb",
             "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # fmt: skip  # a camera of its own
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=flags)
        yield browser
        browser.close()
