"""start_here: what its explorer shows after each net, a click that asks what became of a box, the camera."""

import pytest

from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.cascade import O_STOPS, P_STOPS, R_STOPS
from mtcnn_lite.explain import explain

NOTEBOOK = "start_here.ipynb"


@pytest.fixture(scope="module")
def shown(astronaut):
    """The run at the stops of the sliders, which begin at the thresholds of the weights that ship."""
    detector = Detector()
    assert all(at in stops for at, stops in zip(detector.settings.thresholds, (P_STOPS, R_STOPS, O_STOPS), strict=True))
    return detector.trace(astronaut)


def test_steps_and_the_checkbox_filter_the_boxes(notebook, shown):
    counts = []
    for step in ("P-Net", "R-Net", "O-Net", "last NMS"):
        notebook.page.get_by_role("button", name=step, exact=True).click()
        notebook.page.wait_for_timeout(150)
        counts.append(notebook.text(".mtcnn-canvas figcaption").rpartition(": ")[2])
    accepted = shown.rerun(nms=(*shown.settings.nms[:3], 1)).faces  # both looks of all boxes: no NMS after O-Net
    left = [len(shown.pnet.last), len(shown.rnet.last), len(accepted), len(shown.faces)]
    assert left[0] > left[1] >= left[2] > left[3] == 1
    steps = ["left by P-Net", "left by R-Net", "accepted by O-Net", "left by the last NMS"]
    told = [f"{number} boxes, {step}" for number, step in zip(left, steps, strict=True)]
    assert counts == [*told[:3], "1 box, left by the last NMS"]
    for _ in range(2):
        assert notebook.push("and what was lost before")


def test_click_asks_what_became_of_the_box(notebook, shown):
    at = ", ".join(f"{threshold:g}" for threshold in shown.settings.thresholds)
    assert notebook.text(".mtcnn-canvas p") == "Click on a box to ask what became of that face."
    notebook.push("and what was lost before")  # of the boxes only the face is left
    said = explain(shown, shown.faces.boxes[0].tolist()).sentence
    assert notebook.ask(0, 206, 116)[1] == f"That box, at {at}: {said}."
    notebook.canvas(0).click(position={"x": 20, "y": 458})  # no box there: nothing to ask
    notebook.page.wait_for_timeout(1000)
    assert notebook.text(".mtcnn-canvas p") == f"That box, at {at}: {said}."
    notebook.push("and what was lost before")


def test_picture_of_the_camera_replaces_the_photo(notebook):
    before = notebook.text(".mtcnn-canvas figcaption")
    notebook.page.get_by_role("button", name="use the camera").click()
    notebook.page.get_by_role("button", name="take the picture").click()
    notebook.page.wait_for_function("() => document.body.textContent.includes('camera: 640 x 480 px')")
    notebook.page.wait_for_function(
        "() => document.querySelector('.mtcnn-canvas').textContent.includes('640 × 480 px')"
    )
    assert notebook.text(".mtcnn-canvas figcaption") != before
    assert notebook.page.get_by_role("button", name="use the camera").is_visible(), "the camera is off again"
