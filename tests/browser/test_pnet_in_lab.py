"""Chapter 03's explorer: steps, hover, a click that asks what became of a box, the reader's own photo."""

import re

import numpy as np
from PIL import Image

from mtcnn_lite.explain import explain

NOTEBOOK = "03_pnet.ipynb"

SLIDERS = ("score threshold", "NMS overlap", "pyramid level", "smallest face, px")


def test_views_stand_side_by_side(notebook):
    photo, level_map = [canvas.bounding_box() for canvas in notebook.page.locator(".mtcnn-canvas canvas").all()]
    assert level_map["x"] > photo["x"] + photo["width"]
    assert level_map["y"] == photo["y"]


def test_steps_and_level_filter_the_boxes(notebook):
    captions = set()
    for step in ("threshold", "NMS in levels", "offsets"):
        notebook.page.get_by_role("button", name=step, exact=True).click()
        notebook.page.wait_for_timeout(150)
        captions.add(notebook.text(".mtcnn-canvas figcaption"))
    assert len(captions) == 3
    notebook.page.get_by_label("this level only").click()
    notebook.page.wait_for_timeout(150)
    assert notebook.text(".mtcnn-canvas figcaption") not in captions


def test_hover_tells_score_level_and_window(notebook):
    level_map = notebook.page.locator(".mtcnn-canvas canvas").nth(1)
    level_map.scroll_into_view_if_needed()
    level_map.hover(position={"x": 5, "y": 5})
    tip = notebook.text(".mtcnn-canvas .tip")
    assert tip.startswith("row ")
    assert "score" in tip
    assert "x " in tip


def box_in(tip):
    """x1, y1, x2, y2 that a tip tells of."""
    x1, x2, y1, y2 = map(float, re.search(r"x ([\d.-]+) to ([\d.-]+), y ([\d.-]+) to ([\d.-]+) px", tip).groups())
    return x1, y1, x2, y2


def test_click_asks_what_became_of_the_box_or_the_cells_window(notebook, detector, astronaut):
    trace = detector.trace(astronaut)
    notebook.page.get_by_label("this level only").set_checked(False)
    notebook.page.get_by_role("button", name="offsets", exact=True).click()
    assert notebook.text(".mtcnn-canvas p") == "Click on a box to ask what became of that face."
    seen = set()
    for place in ((0, 206, 116), (0, 20, 458), (1, 40, 200)):  # on the face, on the flag, a cell of the map
        tip, note = notebook.ask(*place)
        assert note == f"That box, at 0.6, 0.7, 0.7: {explain(trace, box_in(tip)).sentence}."
        seen.add(note)
    assert len(seen) == 3


def test_click_asks_at_the_sliders_threshold(notebook, detector, astronaut):
    notebook.focus("score threshold")
    notebook.press("End")
    tip, note = notebook.ask(0, 206, 116)
    run = detector.trace(astronaut).rerun(thresholds=(0.99, 0.7, 0.7))
    assert note == f"That box, at 0.99, 0.7, 0.7: {explain(run, box_in(tip)).sentence}."


def upload(notebook, path):
    with notebook.page.expect_file_chooser() as chooser:
        notebook.page.get_by_role("button", name="your photo").click()
    chooser.value.set_files(path)
    notebook.page.wait_for_timeout(1500)


def test_uploaded_photo_gets_the_same_sliders(notebook, tmp_path, astronaut):
    Image.fromarray(np.ascontiguousarray(astronaut[:300, 60:460])).save(tmp_path / "mine.png")
    upload(notebook, tmp_path / "mine.png")
    assert "400 × 300 px" in notebook.text(".mtcnn-canvas figcaption")
    for slider in SLIDERS:
        notebook.focus(slider)
        assert any(notebook.press(key, wait=1.0) is not None for key in ("Home", "End", "ArrowLeft")), slider


def test_bad_upload_is_explained_and_changes_nothing(notebook, tmp_path):
    before = notebook.picture()
    (tmp_path / "broken.jpg").write_bytes(b"no picture at all")
    upload(notebook, tmp_path / "broken.jpg")
    assert notebook.page.get_by_text("broken.jpg: not an image file").is_visible()
    assert notebook.picture() == before
