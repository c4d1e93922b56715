"""Bugs one can see: a wrong function beside the right one, in the live detector."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from judging import BUILT, JUDGES, solutions, written
from skimage.data import astronaut

from mtcnn_lite import Detector, boxes, nms, pyramid
from mtcnn_lite.course import checks
from mtcnn_lite.course.chapters import PARTS
from mtcnn_lite.course.checks.judge import limits, seeing

RIGHT = {"pyramid_scales": pyramid.pyramid_scales, "candidate_windows": pyramid.candidate_windows, "nms": nms.nms,
         "decode_offsets": boxes.decode_offsets, "square_boxes": boxes.square_boxes,
         "landmarks_to_image": boxes.landmarks_to_image, "iou": lambda box, others: boxes.iou([box], others)[0],
         **{name: getattr(solutions(), written(name)) for name in BUILT}}  # fmt: skip


def as_written(function, name):
    """A mistake as a reader hands it over: of a net, one of images and values that gives two tensors or three."""
    if name not in BUILT:
        return function

    def net(x, values):
        said = torch.as_tensor(function(x.numpy(), "mtcnn_lite")).movedim(-1, 1)
        return said.split([2, 4, 10][: 2 + (name == "onet")], dim=1)

    return net


@pytest.mark.parametrize("name", PARTS)
def test_each_named_mistake_gives_a_picture_that_differs(name):
    ways = 1 if name in BUILT or name == "iou" else None  # of making it; those run for seconds
    for mistake in JUDGES[name].mistakes:
        for function in mistake.functions[:ways]:
            seen = checks.seen(as_written(function, name), name)
            assert seen.differs, mistake.hint
            assert seen.ours.shape == seen.yours.shape, mistake.hint
            assert seen.alt.count("With") == 2
            assert len(seen.alt) < 400


@pytest.mark.parametrize("name", PARTS)
def test_the_right_function_changes_nothing(name):
    seen = checks.seen(RIGHT[name], name)
    assert not seen.differs
    assert "2 faces" in seen.alt


def x_and_y_exchanged(boxes, offsets):
    return boxes + (offsets * np.tile(boxes[:, 2:] - boxes[:, :2], 2))[:, [1, 0, 3, 2]]


def test_a_verdict_shows_its_function():
    verdict = checks.decode_offsets(x_and_y_exchanged)
    assert not verdict
    seen = verdict.seen()
    assert seen.differs
    assert np.array_equal(seen.yours, checks.seen(x_and_y_exchanged, "decode_offsets").yours)
    assert seen.alt.startswith("The same photo twice. With our decode_offsets: 2 faces. With yours: ")
    assert repr(seen) == seen.alt
    bundle, metadata = seen._repr_mimebundle_()
    assert {"text/plain", "image/jpeg"} == set(bundle)
    assert metadata["image/jpeg"]["alt"] == seen.alt


def added_as_they_are(boxes, offsets):
    return boxes + offsets


@pytest.mark.parametrize("first", ["ours", "yours"])
def test_each_side_shows_what_its_own_detector_finds(monkeypatch, first):
    """Whichever of the two runs first: neither may take over what the nets have said of the other's windows."""
    sides = {}
    monkeypatch.setattr(seeing, "side_by_side", lambda photo, ours, yours, name: sides.update(ours=ours, yours=yours))
    seeing._settings.cache_clear()
    if first == "ours":
        assert len(seeing._settings()[0].faces) == 2
    seeing.seen_beside(added_as_they_are, "decode_offsets", None, None)
    for side, detector in (("ours", Detector()), ("yours", Detector().swap(decode_offsets=added_as_they_are))):
        found = detector.detect(seeing._photo())
        assert np.array_equal(sides[side].boxes, found.boxes), side
        assert np.array_equal(sides[side].points, found.landmarks), side


def test_on_a_photo_and_a_detector_of_ones_own():
    seen = checks.seen(lambda boxes: boxes, "square_boxes", astronaut(), Detector(min_face=60))
    assert seen.differs
    assert "1 face" in seen.alt
    assert not checks.seen(boxes.square_boxes, photo=astronaut()).differs


def test_what_the_detector_refuses_or_stops_is_said():
    assert "square_boxes(...) has shape (1, 4)" in checks.seen(lambda boxes: boxes[:1], "square_boxes").alt
    assert "ZeroDivisionError" in checks.seen(lambda boxes, scores, threshold: 1 / 0, "nms").alt


def test_a_stub_is_still_to_be_written():
    def nms(boxes, scores, threshold):
        raise NotImplementedError

    assert "still to be written" in checks.nms(nms).seen().alt


def test_what_does_not_end_is_said(monkeypatch):
    monkeypatch.setattr(limits, "LINES", 20_000)

    def nms(boxes, scores, threshold):
        while True:
            pass

    assert "does not come to an end" in checks.seen(nms).alt


def test_a_function_that_changes_its_input_does_not_reach_ours():
    def square_boxes(given):
        given[:] = 0
        return given

    checks.seen(square_boxes)
    assert not checks.seen(boxes.square_boxes).differs


def test_other_exercises_have_no_part_in_the_detector():
    with pytest.raises(ValueError, match="'giou' is no part of the live detector"):
        checks.giou(lambda box, boxes: 0).seen()
    with pytest.raises(ValueError, match="there is no function to run"):
        checks.nms(3).seen()


def test_it_loads_torch_only_when_it_is_asked():
    code = "import sys; from mtcnn_lite.course import checks; checks.seen; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
