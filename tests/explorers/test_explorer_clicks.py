"""A click on a box, in each explorer with a detector at work: what the note says, against a detector set up alike."""

import io

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.cascade import CascadeExplorer
from mtcnn_lite.course.explorers.pnet import FACES, PNetExplorer
from mtcnn_lite.course.explorers.rnet import RNetExplorer
from mtcnn_lite.course.scenes import collage
from mtcnn_lite.explain import explain

EXPLORERS = (PNetExplorer, RNetExplorer, CascadeExplorer)
FACE = (181.0, 74.0, 270.0, 179.0)  # the astronaut's
CASES = [  # explorer, its sliders' values, the detector's settings that they stand for
    (PNetExplorer, {"threshold": 0.98}, {"thresholds": (0.98, 0.7, 0.7)}),
    (PNetExplorer, {"overlap": 0.75}, {"nms": (0.75, 0.7, 0.8, 0.7)}),
    (PNetExplorer, {"min_face": FACES[-1]}, {"min_face": FACES[-1]}),
    (RNetExplorer, {"pnet": 0.98}, {"thresholds": (0.98, 0.7, 0.7)}),
    (RNetExplorer, {"rnet": 0.1}, {"thresholds": (0.6, 0.1, 0.7)}),
    (CascadeExplorer, {"pnet": 0.98}, {"thresholds": (0.98, 0.7, 0.7)}),
    (CascadeExplorer, {"rnet": 0.99}, {"thresholds": (0.6, 0.99, 0.7)}),
    (CascadeExplorer, {"onet": 0.1}, {"thresholds": (0.6, 0.7, 0.1)}),
]


@pytest.fixture(scope="module")
def scene():
    """Nine faces at little light, with noise, and where three of them are: each setting changes what becomes of one."""
    clean, boxes, _ = collage()
    noise = np.random.default_rng(6).normal(0, 25, clean.shape)
    return np.clip(0.6 * clean + noise, 0, 255).astype(np.uint8), boxes[[0, 2, 4]].tolist()


@pytest.fixture(scope="module")
def usual(detector, scene):
    """What the notes say of the three before a slider is moved."""
    trace = detector.trace(scene[0])
    return [said(trace, box) for box in scene[1]]


@pytest.fixture(scope="module")
def explorers(detector, scene):
    return {kind: kind(detector, scene[0]) for kind in EXPLORERS}


def click(explorer, box):
    """As the browser's message arrives; the note that it leaves."""
    explorer.canvas._handle_custom_msg({"clicked": list(box)}, [])
    return explorer.canvas.note


def said(trace, box):
    at = ", ".join(f"{threshold:g}" for threshold in trace.settings.thresholds)
    return f"That box, at {at}: {explain(trace, box).sentence}."


@pytest.mark.parametrize(("kind", "sliders", "settings"), CASES)
def test_click_explains_the_box_at_the_sliders_values(detector, scene, usual, explorers, kind, sliders, settings):
    photo, boxes = scene
    mine = explorers[kind]
    assert [click(mine, box) for box in boxes] == usual
    before = {name: getattr(mine, name).value for name in sliders}
    for name, value in sliders.items():
        getattr(mine, name).value = value
    moved = [click(mine, box) for box in boxes]
    assert moved == [said(Detector(detector.nets, **settings).trace(photo), box) for box in boxes]
    assert moved != usual
    for name, value in before.items():
        getattr(mine, name).value = value
    assert [click(mine, box) for box in boxes] == usual


@pytest.mark.parametrize("kind", EXPLORERS)
def test_note_invites_to_click_and_forgets_what_it_said_of_another_photo(detector, astronaut, kind):
    mine = kind(detector, astronaut[:220, 120:340])
    invitation = mine.canvas.note
    assert invitation.startswith("Click on a box")
    assert click(mine, (61, 74, 150, 179)).startswith("That box, at 0.6, 0.7, 0.7: found, score 1.00")
    file = io.BytesIO()
    Image.fromarray(astronaut[:200, :200]).save(file, "PNG")
    mine.receive("mine.png", file.getvalue())
    assert mine.canvas.note == invitation
    assert click(mine, (0, 0, 40, 40)).startswith("That box, at 0.6, 0.7, 0.7: lost in ")


@pytest.mark.parametrize("kind", EXPLORERS)
def test_click_asks_the_readers_functions(detector, astronaut, kind):
    """A swapped part takes part: here, windows that lie far off."""
    theirs = detector.swap(square_boxes=lambda boxes: boxes + np.float32([300, 300, 300, 300]))
    assert click(kind(theirs, astronaut), FACE).startswith("That box, at 0.6, 0.7, 0.7: lost in R-Net")
