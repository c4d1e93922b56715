"""The one-pass detector: its steps against cases worked by hand, photos of all sizes, settings, weights."""

import json
import pickle

import numpy as np
import pytest
import torch

from mtcnn_lite import Detector
from mtcnn_lite.course.scenes import scene
from mtcnn_lite.evaluation import choose_thresholds
from mtcnn_lite.explain import explain
from mtcnn_lite.onepass.look import grid, look
from mtcnn_lite.onepass.model import OnePassNet
from mtcnn_lite.onepass.settings import OnePassSettings
from mtcnn_lite.onepass.trace import OnePassTrace
from mtcnn_lite.onepass.weights import save_onepass
from mtcnn_lite.weights import WeightsError

LEVELS = {8: (16,), 16: (32,), 32: (64,)}


class Stub:
    """A net that says what it was told of each anchor, and counts how often it is asked."""

    name, device, anchors = "torch", "cpu", LEVELS

    def __init__(self, scores=0.0, offsets=0.0, points=0.0):
        self.said, self.shapes = (scores, offsets, points), []

    def __call__(self, photos):
        self.shapes.append(photos.shape)
        count = len(grid(*photos.shape[1:3], LEVELS).boxes)
        shapes = ((count,), (count, 4), (count, 10))
        each = [
            np.broadcast_to(np.asarray(part, np.float32), s).copy() for part, s in zip(self.said, shapes, strict=True)
        ]
        return [tuple(each)] * len(photos)


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return OnePassNet()


def stubbed(net, stub, **settings):
    detector = Detector(net, **settings)
    detector.engine = stub
    return detector


def test_steps_worked_by_hand(net):
    """A photo of 64 x 96: 96 + 24 + 6 anchors. Three answer: two of one face, and one of a lower score."""
    scores, offsets, points = np.zeros(126), np.zeros((126, 4)), np.zeros((126, 10))
    scores[[12 + 1, 12 + 2, 96 + 6 * 2 + 4]] = 0.9, 0.8, 0.6  # row 1 at stride 8, columns 1 and 2; row 2 at stride 16
    offsets[12 + 1] = [5, 0, 0, 0]  # half a side to the right: where its neighbour is
    points[12 + 1, :2] = [1, -1]
    detector = stubbed(net, Stub(scores, offsets, points), thresholds=0.5)
    trace = detector.trace(np.zeros((64, 96, 3), np.uint8))
    assert isinstance(trace, OnePassTrace)
    assert detector.model == "onepass"
    assert trace.counts() == {
        "onepass": {"scored": 126, "above threshold": 3, "decoded": 3, "in the photo": 3, "nms": 2}
    }
    assert trace.onepass["above threshold"].boxes[:2].tolist() == [[4, 4, 20, 20], [12, 4, 28, 20]]
    assert trace.onepass["above threshold"].cell.tolist() == [[1, 1], [1, 2], [2, 4]]
    assert trace.onepass["above threshold"].level.tolist() == [0, 0, 1]
    assert trace.faces.boxes.tolist() == [[12, 4, 28, 20], [56, 24, 88, 56]]
    assert trace.faces.scores == pytest.approx([0.9, 0.6])
    # The anchor's middle, 12 and 12, a tenth of its side to the right and up; points count pixel centres.
    assert trace.faces.landmarks[0, 0] == pytest.approx([13.1, 9.9], abs=1e-4)
    assert [step for _, step, _ in trace.steps()] == ["above threshold", "decoded", "in the photo", "nms"]


def test_min_face_says_at_which_size_the_net_sees_the_photo(net):
    stub = Stub(scores=0.9)
    found = stubbed(net, stub, min_face=40, thresholds=0.5, nms=1.0).detect(np.zeros((128, 200, 3), np.uint8))
    assert stub.shapes == [(1, 64, 128, 3)]  # 64 x 100, filled up to a multiple of 32
    assert (found.boxes[:, 2] - found.boxes[:, 0]).max() == 128  # twice the anchor's 64
    assert not len(stubbed(net, stub, min_face=40, thresholds=0.5).detect(np.zeros((39, 200, 3), np.uint8)))


@pytest.mark.parametrize(("height", "width"), [(20, 20), (33, 47), (31, 200), (65, 32), (21, 400)])
def test_odd_sizes_find_nothing_outside_the_photo(net, height, width):
    """Where every anchor says "face", boxes lie in the photo, none is empty, and the middles of all cells are there."""
    found = stubbed(net, Stub(0.9), thresholds=0.5, nms=1.0).detect(np.zeros((height, width, 3), np.uint8))
    boxes = found.boxes
    assert ((boxes >= 0) & (boxes <= [width, height, width, height])).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    inside = 0
    for stride in LEVELS:
        down, across = (sum(x < side for x in range(stride // 2, 1000, stride)) for side in (height, width))
        inside += down * across
    assert len(found) == inside


def test_photos_seen_together_say_what_each_says_alone(net):
    """Sizes that are equal when rounded up to 32 are one batch; another size is one of its own.

    torch may sum in another order for a batch than for a single photo, so the last digits may differ.
    """
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 256, (h, w, 3), np.uint8) for h, w in ((70, 90), (96, 96), (65, 96), (64, 96))]
    engine, settings = Detector(net).engine, OnePassSettings(20, 0.5, 0.4)
    for photo, together in zip(photos, look(engine, photos, settings), strict=True):
        [alone] = look(engine, [photo], settings)
        for one, two in zip(alone, together, strict=True):
            assert one == pytest.approx(two, abs=1e-5)
    stub = Stub()
    look(stub, photos, settings)
    assert sorted(stub.shapes) == [(1, 64, 96, 3), (3, 96, 96, 3)]


def test_many_are_found_as_one_by_one(net):
    scores = np.random.default_rng(0).random(144 + 36 + 9)  # all photos are seen as 96 x 96
    detector = stubbed(net, Stub(scores), thresholds=0.7, nms=0.2)
    photos = [np.zeros((66 + 9 * k, 90, 3), np.uint8) for k in range(3)]
    found = list(detector.detect_many(photos))
    assert detector.engine.shapes == [(3, 96, 96, 3)]
    for one, two in zip(found, map(detector.detect, photos), strict=True):
        assert len(one) > 3
        assert np.array_equal(one.boxes, two.boxes)


def test_a_rerun_does_not_ask_the_net_again(net):
    stub = Stub(0.9)
    trace = stubbed(net, stub, thresholds=0.5, nms=0.2).trace(np.zeros((64, 64, 3), np.uint8))
    few, many = len(trace.faces), len(trace.rerun(nms=1.0).faces)
    assert few < many
    assert not len(trace.rerun(thresholds=0.95).faces)
    assert len(stub.shapes) == 1
    assert set(trace.seconds) == {"net", "nms"}


def test_of_very_many_anchors_the_best_go_on(net):
    scores = np.random.default_rng(0).random(80 * 80 + 40 * 40 + 20 * 20)
    trace = stubbed(net, Stub(scores), thresholds=0.1).trace(np.zeros((640, 640, 3), np.uint8))
    passed = trace.onepass["above threshold"]
    assert len(passed) == 5000
    assert np.sort(passed.scores) == pytest.approx(np.sort(scores)[-5000:])


def test_soft_nms_lowers_scores_and_drops_what_falls_under_the_threshold(net):
    scores = np.zeros(64 + 16 + 4)
    scores[[9, 10, 54]] = 0.9, 0.8, 0.7  # neighbours of IoU 1/3, and one far away
    stub = Stub(scores)
    found = stubbed(net, stub, thresholds=0.5, nms="soft").detect(np.zeros((64, 64, 3), np.uint8))
    lowered = 0.8 * np.exp(-((1 / 3) ** 2) / 0.5)
    assert found.scores == pytest.approx([0.9, 0.7, lowered], abs=1e-5)
    assert len(stubbed(net, stub, thresholds=0.65, nms="soft").detect(np.zeros((64, 64, 3), np.uint8))) == 2


def test_it_can_be_pickled(net):
    detector, photo = Detector(net, thresholds=0.01), scene(1, height=64, width=64).image()
    trace = detector.trace(photo)
    for other in (pickle.loads(pickle.dumps(detector)).detect(photo), pickle.loads(pickle.dumps(trace)).faces):
        assert np.array_equal(other.boxes, trace.faces.boxes)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"thresholds": (0.6, 0.7, 0.7)}, r"thresholds is \(0.6, 0.7, 0.7\); a one-pass detector has one"),
        ({"thresholds": 1.5}, "thresholds is .*1.5"),
        ({"nms": (0.5, 0.7, 0.8, 0.6)}, "nms is .*a one-pass detector has one NMS"),
        ({"nms": 2}, "nms is 2"),
        ({"nms": "hard"}, "nms is 'hard'"),
        ({"factor": 0.5}, "factor is 0.5, which is for a cascade"),
        ({"mirror": False}, "mirror is False, which is for a cascade"),
        ({"min_face": 5}, "min_face is 5"),
        ({"engine": "onnx"}, 'no export, which the engine "onnx" can.t run'),
        ({"device": "tpu"}, "device is 'tpu'"),
    ],
)
def test_settings_of_a_cascade_are_refused(net, settings, message):
    with pytest.raises(ValueError, match=message):
        Detector(net, **settings)


def test_settings_of_a_one_pass_detector_are_refused_by_a_cascade():
    with pytest.raises(ValueError, match=r"thresholds is 0.5; it must be 3 numbers"):
        Detector(thresholds=0.5)
    with pytest.raises((ValueError, TypeError), match="nms is 'soft'; it must be 4 numbers"):
        Detector(nms="soft")


def test_only_a_cascades_thresholds_are_chosen_and_its_steps_explained(net):
    detector, photo = Detector(net), scene(0, height=64, width=64)
    with pytest.raises(ValueError, match="detector is a one-pass detector"):
        choose_thresholds(detector, [photo])
    with pytest.raises(TypeError, match=r"trace is OnePassTrace.*; it must be a Trace"):
        explain(detector.trace(photo.image()), [0, 0, 20, 20])


def test_hooks_and_nets_are_a_cascades(net):
    detector = Detector(net)
    with pytest.raises(ValueError, match="has no hooks"):
        detector.swap(nms=lambda *_: [])
    with pytest.raises(AttributeError, match=r"detector\.engine\.net"):
        _ = detector.nets
    assert detector.engine.net is net


def test_weights_there_and_back(net, tmp_path):
    save_onepass(net, tmp_path, 0.31, {"rule": "by hand"})
    detector, photo = Detector(tmp_path), scene(2, height=64, width=96).image()
    assert detector.settings.thresholds.onepass == 0.31
    for one, two in zip(detector.trace(photo).scored.scores, Detector(net).trace(photo).scored.scores, strict=True):
        assert one == two
    (tmp_path / "onepass.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match=r"onepass.safetensors: damaged"):
        Detector(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": 2}, "the threshold is 2"),
        ({"format": 9}, "its format is 9"),
        ({"levels": {"8": [16], "16": [32], "32": [64]}}, "tensor 'heads.0.answer.weight' has shape"),
        ({"levels": {"8": [16], "32": [64]}}, "levels are"),
        ({"weights": "0123"}, "was written for weights of the digest 0123"),
    ],
)
def test_another_description_than_the_weights_is_refused(net, tmp_path, change, message):
    save_onepass(net, tmp_path)
    path = tmp_path / "onepass.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(WeightsError, match=message):
        Detector(tmp_path)
    path.write_text("{")
    with pytest.raises(WeightsError, match=r"onepass.json: damaged"):
        Detector(tmp_path)


def test_a_folder_without_its_description_is_refused(net, tmp_path):
    save_onepass(net, tmp_path)
    (tmp_path / "onepass.json").unlink()
    with pytest.raises(WeightsError, match=r"onepass.json: no such file"):
        Detector(tmp_path)


def test_none_ship_yet():
    with pytest.raises(WeightsError, match="none ship yet; train some"):
        Detector("onepass")
