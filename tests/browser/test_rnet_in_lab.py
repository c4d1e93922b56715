"""Chapter 04's explorer: its buttons, and a click on a box or a crop that asks what became of it."""

import re

import numpy as np

from mtcnn_lite.course.explorers.rnet import STOPS, view
from mtcnn_lite.explain import explain

NOTEBOOK = "04_rnet.ipynb"

STOP, CUT = STOPS.index(0.6), 0.7
KEPT, DROPPED = 2, 3  # the canvases of the gallery: after the photo and the plot


def test_steps_filter_the_boxes_on_the_photo(notebook):
    captions = [notebook.text(".mtcnn-canvas figcaption")]
    for step in ("R-Net", "offsets", "NMS"):
        assert notebook.push(step), step
        captions.append(notebook.text(".mtcnn-canvas figcaption"))
    assert [caption.rpartition(": ")[2] for caption in captions] == [
        "121 windows from P-Net", "9 kept by R-Net", "9 moved by their offsets", "4 left by NMS"
    ]  # fmt: skip
    assert notebook.push("P-Net")


def test_click_on_a_crop_or_a_box_asks_what_became_of_it(notebook, detector, astronaut):
    trace = detector.trace(astronaut)
    crops = view(trace)
    proposed, kept = (crops.shown(STOP, CUT, step) for step in (0, 1))
    best = [np.flatnonzero(group)[crops.values[group].argmax()] for group in (kept, proposed & ~kept)]
    assert notebook.text(".mtcnn-canvas p") == "Click on a box or a crop to ask what became of that face."
    for canvas, crop in zip((KEPT, DROPPED), best, strict=True):
        said = explain(trace, crops.boxes[0, crop].tolist()).sentence
        assert notebook.ask(canvas, 24, 24)[1] == f"That box, at 0.6, 0.7, 0.7: {said}."
    tip, note = notebook.ask(0, 150, 86)  # on the photo, in the middle of the face
    size, x, y = map(int, re.search(r"window of (\d+) px at x (\d+), y (\d+)", tip).groups())
    boxes = crops.boxes[0][proposed]
    there = np.abs(boxes - [x, y, x + size, y + size]).max(axis=1).argmin()
    assert note == f"That box, at 0.6, 0.7, 0.7: {explain(trace, boxes[there].tolist()).sentence}."
