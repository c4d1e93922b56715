"""Chapter 04's explorer: its buttons, and a click on a box or a crop that asks what became of it."""

import re

import numpy as np

from mtcnn_lite.course.explorers.rnet import STOPS, view
from mtcnn_lite.course.scenes import wall
from mtcnn_lite.explain import explain

NOTEBOOK = "04_rnet.ipynb"

STOP, CUT = STOPS.index(0.6), 0.7
KEPT, DROPPED = 2, 3  # the canvases of the gallery: after the photo and the plot


def test_steps_filter_the_boxes_on_the_photo(notebook):
    captions = [notebook.text(".mtcnn-canvas figcaption")]
    for step in ("offsets", "R-Net", "P-Net"):
        assert notebook.push(step), step
        captions.append(notebook.text(".mtcnn-canvas figcaption"))
    assert [caption.partition(": ")[2] for caption in captions] == [
        "54 left by NMS; yellow: 7 of 37 faces missed",
        "113 moved by their offsets; yellow: 7 of 37 faces missed",
        "113 kept by R-Net; yellow: 9 of 37 faces missed",
        "432 windows from P-Net; yellow: 4 of 37 faces missed",
    ]
    assert notebook.push("NMS")


def test_click_on_a_crop_or_a_box_asks_what_became_of_it(notebook, detector):
    trace = detector.trace(wall().image())
    crops = view(trace, wall())
    proposed, kept, left = (crops.shown(STOP, CUT, step) for step in (0, 1, 3))
    best = [np.flatnonzero(group)[crops.values[group].argmax()] for group in (left, proposed & ~kept)]
    assert notebook.text(".mtcnn-canvas p") == "Click on a box, a crop or a missed face to ask what became of it."
    for canvas, crop, step in zip((KEPT, DROPPED), best, (3, 0), strict=True):
        said = explain(trace, crops.boxes[step, crop].tolist()).sentence
        assert notebook.ask(canvas, 18, 18)[1] == f"That box, at 0.6, 0.7, 0.7: {said}."
    tip, note = notebook.ask(0, 353, 40)  # on the photo: the blurred face
    size, x, y = map(int, re.search(r"window of (\d+) px at x (\d+), y (\d+)", tip).groups())
    there = np.abs(crops.boxes[0][left] - [x, y, x + size, y + size]).max(axis=1).argmin()
    said = explain(trace, crops.boxes[3][left][there].tolist()).sentence
    assert note == f"That box, at 0.6, 0.7, 0.7: {said}."
