"""start_here: what its explorer shows after each net, a click that asks what became of a box, the camera."""

import pytest

from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.cascade import O_STOPS, P_STOPS, R_STOPS
from mtcnn_lite.course.scenes import ASTRONAUT_BOX
from mtcnn_lite.explain import explain

NOTEBOOK = "start_here.ipynb"


@pytest.fixture(scope="module")
def shown(astronaut):
    """The run at the stops of the sliders, which begin at the thresholds of the weights that ship."""
    detector = Detector()
    assert all(at in stops for at, stops in zip(detector.settings.thresholds, (P_STOPS, R_STOPS, O_STOPS), strict=True))
    return detector.trace(astronaut)


@pytest.fixture
def portrait(notebook):
    notebook.portrait()


def test_steps_and_the_checkbox_filter_the_boxes(notebook, shown, portrait):
    counts = []
    for step in ("P-Net", "R-Net", "O-Net", "last NMS"):
        notebook.page.get_by_role("button", name=step, exact=True).click()
        notebook.page.wait_for_timeout(150)
        counts.append(notebook.text(".board figcaption").rpartition(": ")[2])
    accepted = shown.rerun(nms=(*shown.settings.nms[:3], 1)).faces  # both looks of all boxes: no NMS after O-Net
    left = [len(shown.pnet.last), len(shown.rnet.last), len(accepted), len(shown.faces)]
    assert left[0] > left[1] >= left[2] > left[3] == 1
    steps = ["left by P-Net", "left by R-Net", "accepted by O-Net", "left by the last NMS"]
    told = [f"{number} boxes, {step}" for number, step in zip(left, steps, strict=True)]
    assert counts == [*told[:3], "1 box, left by the last NMS"]
    for _ in range(2):
        assert notebook.push("and what was lost before")


def test_click_asks_what_became_of_the_box(notebook, shown, portrait):
    at = ", ".join(f"{threshold:g}" for threshold in shown.settings.thresholds)
    assert notebook.page.locator(".board .side p").nth(1).text_content().startswith("Click on a box")
    tip, answer, note = notebook.ask_board(0.44, 0.25)
    assert answer.lower() == f"{tip.splitlines()[0]}.".lower()
    face = ASTRONAUT_BOX if note.startswith("Face 1, ") else shown.faces.boxes[0].tolist()
    assert note.partition(", at ")[2] == f"{at}: {explain(shown, face).sentence}."
    size = notebook.photo().bounding_box()
    notebook.photo().click(position={"x": 0.04 * size["width"], "y": 0.97 * size["height"]})  # nothing to ask there
    notebook.page.wait_for_timeout(1000)
    assert notebook.page.locator(".board .side p").nth(1).text_content() == note


def test_picture_of_the_camera_replaces_the_photo(notebook):
    before = notebook.text(".board figcaption")
    notebook.page.get_by_role("button", name="use the camera").click()
    notebook.page.get_by_role("button", name="take the picture").click()
    notebook.page.wait_for_function("() => document.body.textContent.includes('camera: 640 x 480 px')")
    notebook.page.wait_for_function(
        "() => document.querySelector('.mtcnn-canvas').textContent.includes('640 × 480 px')"
    )
    assert notebook.text(".board figcaption") != before
    assert notebook.page.get_by_role("button", name="use the camera").is_visible(), "the camera is off again"
