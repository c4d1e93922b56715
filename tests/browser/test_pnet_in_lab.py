"""Chapter 03's explorer: steps, heat, hover, a click that asks what became of a box, the reader's own photo."""

import re

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite.course.scenes import ASTRONAUT_BOX
from mtcnn_lite.explain import explain

NOTEBOOK = "03_pnet.ipynb"

SLIDERS = ("score threshold", "NMS overlap", "smallest face, px")
FACE, FLAG = (0.44, 0.25), (0.04, 0.97)  # in the portrait, parts of its width and height


@pytest.fixture(autouse=True)
def shows_the_portrait(notebook):
    notebook.portrait()


def test_board_stands_beside_the_photo(notebook):
    photo, side = notebook.photo().bounding_box(), notebook.page.locator(".board .side").bounding_box()
    assert side["x"] >= photo["x"] + photo["width"]


def test_steps_filter_the_boxes(notebook):
    captions = set()
    for step in ("threshold", "NMS in levels", "offsets"):
        notebook.page.get_by_role("button", name=step, exact=True).click()
        notebook.page.wait_for_timeout(150)
        captions.add(notebook.text(".board figcaption"))
    assert len(captions) == 3


def test_heat_and_its_level(notebook):
    assert notebook.push("P-Net's map as heat")
    notebook.focus("pyramid level")
    assert notebook.press("ArrowRight") is not None
    tip = notebook.text(".board .tip")
    notebook.photo().hover(position={"x": 8, "y": 8})
    tip = notebook.text(".board .tip")
    assert "score" in tip
    assert "x " in tip
    assert notebook.push("P-Net's map as heat")


def box_in(tip):
    """x1, y1, x2, y2 that a tip tells of."""
    x1, x2, y1, y2 = map(float, re.search(r"x ([\d.-]+) to ([\d.-]+), y ([\d.-]+) to ([\d.-]+) px", tip).groups())
    return x1, y1, x2, y2


def answers(notebook, run, place):
    """Ask there: the note is what `explain` says of that box or face, and the answer what the tip says."""
    tip, answer, note = notebook.ask_board(*place)
    box = ASTRONAUT_BOX if note.startswith("Face 1, ") else box_in(tip)
    at = ", ".join(f"{threshold:g}" for threshold in run.settings.thresholds)
    assert note.partition(", at ")[2] == f"{at}: {explain(run, box).sentence}."
    assert answer.lower() == f"{tip.splitlines()[0]}.".lower()
    return note


def test_click_asks_what_became_of_the_box(notebook, detector, astronaut):
    run = detector.trace(astronaut)
    notebook.page.get_by_role("button", name="offsets", exact=True).click()
    assert len({answers(notebook, run, place) for place in (FACE, FLAG)}) == 2


def test_click_asks_at_the_sliders_threshold(notebook, detector, astronaut):
    notebook.focus("score threshold")
    notebook.press("End")
    answers(notebook, detector.trace(astronaut).rerun(thresholds=(0.99, 0.7, 0.7)), FACE)


def upload(notebook, path):
    with notebook.page.expect_file_chooser() as chooser:
        notebook.page.get_by_role("button", name="your photo").first.click()  # the microscope has one too
    chooser.value.set_files(path)
    notebook.page.wait_for_timeout(1500)


def test_uploaded_photo_gets_the_same_sliders(notebook, tmp_path, astronaut):
    Image.fromarray(np.ascontiguousarray(astronaut[:300, 60:460])).save(tmp_path / "mine.png")
    upload(notebook, tmp_path / "mine.png")
    assert "400 × 300 px" in notebook.text(".board figcaption")
    for slider in SLIDERS:
        notebook.focus(slider)
        assert any(notebook.press(key, wait=1.0) is not None for key in ("Home", "End", "ArrowLeft")), slider


def test_bad_upload_is_explained_and_changes_nothing(notebook, tmp_path):
    notebook.page.wait_for_timeout(1200)  # boxes that the last move took away have faded
    before = notebook.picture()
    (tmp_path / "broken.jpg").write_bytes(b"no picture at all")
    upload(notebook, tmp_path / "broken.jpg")
    assert notebook.page.get_by_text("broken.jpg: not an image file").is_visible()
    assert notebook.picture() == before
