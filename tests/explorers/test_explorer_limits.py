"""The explorer of chapter 11: its fates against `explain` and a detector that runs anew, and what it draws."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite.boxes import iou
from mtcnn_lite.course.degrade import DEGRADATIONS
from mtcnn_lite.course.explorers.limits import (
    CELL_X,
    CELL_Y,
    FATES,
    FOUND,
    LEFT,
    MOST,
    TINTS,
    TOP,
    LimitsExplorer,
    labelled,
    view,
)
from mtcnn_lite.course.scenes import scene
from mtcnn_lite.draw import rgb
from mtcnn_lite.explain import explain
from mtcnn_lite.net_names import NET_NAMES


@pytest.fixture(scope="module")
def photo():
    return scene([11, 15], 220, 280, faces=(5, 5), sizes=(40, 48), split="held_out", distractors=(0, 0))


@pytest.fixture(scope="module")
def whole(detector, photo):
    return LimitsExplorer(detector, photo)


@pytest.fixture
def explorer(whole):
    """As it was in the beginning."""
    yield whole
    whole.way.value, whole.step.value = "turned", 3


@pytest.mark.parametrize("name", DEGRADATIONS)
@pytest.mark.parametrize("end", ["min", "value", "max"])
def test_view_at_each_end_of_the_slider(explorer, detector, photo, name, end):
    explorer.way.value = name
    step = explorer.step.value = getattr(explorer.step, end)
    now = explorer.now()
    harder = DEGRADATIONS[name].apply(photo, DEGRADATIONS[name].strengths[step])
    np.testing.assert_array_equal(now.photo.image(), harder.image())
    faces = detector.detect(harder.image())
    np.testing.assert_array_equal(now.trace.faces.boxes, faces.boxes)
    found = iou(harder.boxes, faces.boxes).max(axis=1, initial=0) >= 0.5
    np.testing.assert_array_equal(now.fates == FOUND, found)
    assert explorer.summary().startswith(f"{name}, {DEGRADATIONS[name].strengths[step]:g} ")
    assert f"{found.sum()} found" in explorer.summary()
    assert now.layers.counts(0.7)["left by the last NMS"] == len(faces)
    assert now.layers.windows == now.trace.pnet.windows
    assert explorer.still().pixels.shape[0] > 180


@pytest.mark.parametrize(("name", "step"), [("turned", 4), ("covered", 5), ("blurred", 3)])
def test_fates_are_what_explain_says(explorer, detector, photo, name, step):
    one = view(detector, photo, name, step)
    said = explain(one.trace, one.photo.boxes).explanations
    for fate, explanation in zip(one.fates.tolist(), said, strict=True):
        lost_in = None if fate == FOUND else NET_NAMES[fate]
        assert lost_in == explanation.lost_in, explanation


def test_at_the_first_strength_nothing_is_lost_and_at_the_last_something_is(explorer):
    for name in DEGRADATIONS:
        explorer.way.value = name
        fates = [one.fates for one in explorer.views()]
        assert (fates[0] == FOUND).all()
        assert (fates[-1] != FOUND).any()


def test_asking_about_a_face_tells_its_story(explorer):
    explorer.canvas._handle_custom_msg({"face": 2, "at": 5}, [])
    now = explorer.views()[5]
    assert explorer.canvas.note == f"Face 3: {explain(now.trace, now.photo.boxes[2]).sentence}."
    assert explorer.canvas.invitation.startswith("Ask about a face")


def test_all_strengths_of_a_way_are_sent_at_once_and_moving_the_slider_sends_nothing(explorer):
    canvas = explorer.canvas
    before = canvas.revision
    explorer.step.value = 8
    assert canvas.revision == before
    says = [sent["says"] for sent in canvas.scenes]
    assert says[::4] == ["turned, 0 degrees", "turned, 60 degrees", "turned, 180 degrees"]
    assert sum(sum(sent["lengths"]) for sent in canvas.scenes) == len(canvas.parts)
    explorer.way.value = "small"
    assert canvas.revision == before + 1
    assert canvas.scenes[0]["says"] == "small, 1 of its size"


def test_every_strength_has_its_stop(explorer):
    for way in DEGRADATIONS.values():
        assert explorer.step.max == len(way.strengths) - 1


def test_strip_has_each_fate_in_its_colour_and_frames_the_one_on_show(explorer):
    explorer.step.value = 4
    strip = explorer.fates()
    for column, one in enumerate(explorer.views()):
        for row, fate in enumerate(one.fates.tolist()):
            x, y = LEFT + column * CELL_X + 4, TOP + row * CELL_Y + 4
            seen = {tuple(pixel) for pixel in strip[y : y + CELL_Y - 8, x : x + 9].reshape(-1, 3).tolist()}
            assert rgb(TINTS[fate]) in seen
            assert (rgb("#FFFFFF") in seen) == (fate < 3)  # stripes on white where it is lost; where it is found, none
            middle = strip[y : y + CELL_Y - 8, x + CELL_X // 2 - 8 : x + CELL_X // 2].reshape(-1, 3)
            assert (middle < 60).all(axis=1).any() == (fate < 3)  # a letter in those that are lost, and only there
    framed = [tuple(strip[TOP + 5, LEFT + column * CELL_X]) == rgb("#222222") for column in range(9)]
    assert framed == [column == 4 for column in range(9)]
    assert len(set(TINTS)) == len(FATES)


def test_a_crop_costs_far_more_than_a_window_of_p_net(detector, photo):
    """By arithmetic some 200 times. A stage that only remembered would seem to cost a tenth of that."""
    (pnet, _), (rnet, _), (onet, _), _ = view(detector, photo, "turned", 3).layers.costs
    assert rnet > 20 * pnet
    assert onet > 20 * pnet


def test_labels_are_framed_in_yellow(photo):
    picture = labelled(photo)
    for x1, y1, x2, y2 in photo.boxes.round().astype(int).tolist():
        for x, y in ((x1, y1), (x2 - 1, y1), (x2 - 1, y2 - 1)):
            assert tuple(picture[y, x]) == rgb("truth")


def as_file(image, form="PNG"):
    file = io.BytesIO()
    Image.fromarray(image).save(file, form)
    return file.getvalue()


def test_in_an_uploaded_photo_the_faces_are_those_that_the_detector_finds(detector, photo, astronaut):
    explorer = LimitsExplorer(detector, photo)
    explorer.receive("me.png", as_file(astronaut))
    assert explorer.message.value == "me.png: 400 x 400 px, shrunk from 512 x 512"
    faces = detector.detect(explorer.image)
    np.testing.assert_array_equal(explorer.photo.boxes, faces.boxes)
    assert len(explorer.canvas.scenes[0]["faces"]) == len(faces) == 1
    explorer.step.value = 0
    assert explorer.now().fates.tolist() == [FOUND]
    explorer.step.value = 8
    assert "180 degrees: of 1 faces" in explorer.summary()


def test_a_photo_without_a_face_is_said_to_have_none(detector, photo):
    explorer = LimitsExplorer(detector, photo)
    explorer.receive("wall.png", as_file(np.full((90, 120, 3), 80, np.uint8)))
    assert "no face" in explorer.canvas.invitation
    assert explorer.canvas.scenes[0]["faces"] == []
    assert explorer.summary().endswith("of 0 faces 0 lost in P-Net, 0 lost in R-Net, 0 lost in O-Net, 0 found")
    for name in DEGRADATIONS:
        explorer.way.value = name
        assert explorer.still().pixels.shape[0] > 180


def test_a_file_that_is_no_photo_is_refused_and_the_old_one_stays(explorer, photo):
    explorer.receive("notes.txt", b"no photo")
    assert "notes.txt" in explorer.message.value
    assert explorer.photo is photo
    explorer.message.value = ""


def test_a_crowd_keeps_its_best_faces_only(detector, photo):
    many = scene([11, 9], 300, 400, faces=(20, 20), sizes=(24, 36), distractors=(0, 0))
    explorer = LimitsExplorer(detector, photo)
    explorer.receive("crowd.png", as_file(many.image()))
    assert len(explorer.photo.boxes) == len(explorer.canvas.scenes[0]["faces"]) == MOST
    np.testing.assert_array_equal(explorer.photo.boxes, detector.detect(many.image()).boxes[:MOST])


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(explorer):
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == explorer.summary()
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))).height > 180
    assert "application/vnd.jupyter.widget-view+json" in bundle
