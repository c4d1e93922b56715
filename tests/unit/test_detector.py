"""The whole cascade on photos whose labels are known, and with functions of the reader's own."""

import json
from pathlib import Path

import numpy as np
import pytest
from oracles import counted

from mtcnn_lite import Detector
from mtcnn_lite import nms as nms_
from mtcnn_lite.boxes import decode_offsets, iou
from mtcnn_lite.cascade.hooks import Hooks
from mtcnn_lite.course import scenes

LABEL = json.loads((Path(__file__).parents[2] / "data" / "astronaut.json").read_text())


def apart(points, label):
    """Distance of each of five points from its label, as a share of the distance between the eyes."""
    points, label = np.asarray(points), np.asarray(label)
    return np.linalg.norm(points - label, axis=-1) / np.linalg.norm(label[0] - label[1])


def test_one_face_where_the_hand_made_label_says(detector, astronaut):
    assert astronaut.shape == (LABEL["height"], LABEL["width"], 3)
    (face,) = LABEL["faces"]
    faces = detector.detect(astronaut)
    assert len(faces) == 1
    assert iou(faces.boxes, [face["box"]])[0, 0] >= 0.75
    assert faces.scores[0] > 0.95
    assert (apart(faces.landmarks[0], face["landmarks"]) <= 0.08).all()
    assert [a.dtype for a in (faces.boxes, faces.scores, faces.landmarks)] == [np.float32] * 3
    assert repr(faces).startswith("Faces(1, 0.99")


def test_the_packages_label_is_the_one_in_data():
    (face,) = LABEL["faces"]
    assert face == {
        "box": list(scenes.ASTRONAUT_BOX),
        "landmarks": [list(point) for point in scenes.ASTRONAUT_LANDMARKS],
        "ignore": False,
    }


def test_every_face_of_a_collage_and_no_other(detector):
    picture, boxes, landmarks = scenes.collage()
    sides = (boxes[:, 2:] - boxes[:, :2]).min(axis=1)
    assert sides.min() >= 20
    assert (np.abs(sides - scenes.SIDES) < 1).all()
    faces = detector.detect(picture)
    overlap = iou(boxes, faces.boxes)  # (9, N)
    assert len(faces) == len(boxes) == 9
    assert (overlap.max(axis=1) >= 0.5).all()
    best = overlap.argmax(axis=1)
    assert sorted(best) == list(range(9))
    for k, label in zip(best, landmarks, strict=True):
        assert (apart(faces.landmarks[k], label) <= 0.1).all()
    assert (np.diff(faces.scores) <= 0).all()  # best first


@pytest.mark.parametrize("landmark", range(5))
def test_collage_labels_lie_on_what_they_name(landmark):
    """A gray box with one bright spot: both must be found again where the labels say."""
    marks = np.array([[30, 40], [50, 41], [40, 50], [33, 60], [48, 61]])  # x, y
    x, y = marks[landmark]
    photo = np.zeros((100, 120, 3), np.uint8)
    photo[30:70, 20:60, 0] = 60
    photo[y - 2 : y + 3, x - 2 : x + 3, 1] = 250
    sides, cell = (40, 40, 20, 80), 90
    picture, boxes, landmarks = scenes.collage(photo, [20, 30, 60, 70], marks, sides, columns=2, cell=cell)
    assert picture.shape == (180, 180, 3)
    for k, (box, points) in enumerate(zip(boxes, landmarks, strict=True)):
        corner = np.array([cell * (k % 2), cell * (k // 2)])
        part = picture[corner[1] : corner[1] + cell, corner[0] : corner[0] + cell]
        part = np.where((part == scenes.GROUND).all(axis=2, keepdims=True), 0, part)
        rows, columns = np.nonzero(part[..., 0] > 30)
        edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_array_equal(box, edges + np.tile(corner, 2))
        light = part[..., 1] / part[..., 1].sum()
        centre = [light.sum(axis=0) @ np.arange(cell), light.sum(axis=1) @ np.arange(cell)]
        point = points[[1, 0, 2, 4, 3][landmark] if k % 2 else landmark]  # mirrored: its name changes side
        np.testing.assert_allclose(point, centre + corner, atol=0.1)


def test_channels_and_axes_matter(detector, astronaut):
    """BGR or a photo on its side must not give the RGB answer: else the test photo would not show an exchange."""
    right, bgr = detector.detect(astronaut), detector.detect(astronaut[..., ::-1])
    assert right.scores[0] != bgr.scores[:1]
    turned = detector.detect(astronaut.transpose(1, 0, 2))
    assert not len(turned) or iou(turned.boxes, right.boxes).max() < 0.5


def test_photo_in_a_larger_one_moves_its_face_and_no_more(detector, astronaut):
    larger = np.zeros((600, 700, 3), np.uint8)
    larger[20:532, 60:572] = astronaut
    here, there = detector.detect(astronaut), detector.detect(larger)
    shift = np.float32([60, 20])
    assert len(there) == 1
    assert iou(there.boxes, here.boxes + np.tile(shift, 2))[0, 0] > 0.9
    assert (apart(there.landmarks[0], here.landmarks[0] + shift) < 0.05).all()


def test_face_at_the_border_is_found_and_clipped(detector, astronaut):
    cut = astronaut[100:, 200:].copy()  # through the eyes and the left cheek
    faces = Detector(detector.nets, thresholds=(0.3, 0.2, 0.1)).detect(cut)
    assert len(faces) >= 1
    assert (faces.boxes >= 0).all()
    assert (faces.boxes <= [312, 412, 312, 412]).all()


def test_mirror_makes_landmarks_of_mirrored_photos_agree(detector, astronaut):
    plain = Detector(detector.nets, mirror=False)

    def lopsided(d):
        here, there = d.detect(astronaut), d.detect(astronaut[:, ::-1])
        _, _, back = scenes.mirrored(astronaut, there.boxes, there.landmarks)
        return apart(back[0], here.landmarks[0]).mean()

    assert lopsided(detector) < min(lopsided(plain), 0.03)


def test_a_larger_smallest_face_asks_for_fewer_windows_and_loses_small_ones(detector):
    picture, boxes, _ = scenes.collage()
    trace = Detector(detector.nets, min_face=60).trace(picture)
    found = iou(boxes, trace.faces.boxes).max(axis=1) >= 0.5
    sides = np.array(scenes.SIDES)
    assert found[sides >= 75].all()
    assert not found[sides < 30].any()
    assert 12 / trace.levels[0].scale == pytest.approx(60)


def test_swapped_in_functions_are_used(detector, astronaut):
    called = []

    def recorded(name):
        own = getattr(Hooks(), name)

        def wrapper(*arguments):
            called.append(name)
            return own(*arguments)

        return wrapper

    names = list(Hooks.__dataclass_fields__)
    swapped = detector.swap(**{name: recorded(name) for name in names})
    np.testing.assert_array_equal(swapped.detect(astronaut).landmarks, detector.detect(astronaut).landmarks)
    assert set(called) == set(names)
    assert called[0] == "pyramid_scales"
    assert detector.hooks == Hooks()  # the first one is not changed
    assert swapped.nets is detector.nets
    assert swapped.swap(nms=nms_.nms).hooks.square_boxes is swapped.hooks.square_boxes


def test_swapped_in_function_changes_the_result(detector, astronaut):
    one = detector.detect(astronaut)
    still = detector.swap(decode_offsets=lambda boxes, offsets: boxes).detect(astronaut)
    assert not np.array_equal(one.boxes, still.boxes)
    sides = still.boxes[:, 2:] - still.boxes[:, :2]
    np.testing.assert_allclose(sides[:, 0], sides[:, 1], rtol=1e-4)  # P-Net's windows, never moved, are square
    every = detector.swap(nms=lambda boxes, scores, threshold: list(range(len(boxes)))).trace(astronaut)
    counts = every.counts()["pnet"]
    assert (
        counts["above threshold"] == counts["nms across levels"] > detector.trace(astronaut).counts()["pnet"]["squared"]
    )
    none = detector.swap(nms=lambda boxes, scores, threshold: []).detect(astronaut)
    assert len(none) == 0
    shifted = detector.swap(landmarks_to_image=lambda b, p: Hooks().landmarks_to_image(b, p) + [100, 0])
    np.testing.assert_allclose(shifted.detect(astronaut).landmarks, one.landmarks + [100, 0], atol=1e-3)
    assert not len(detector.swap(pyramid_scales=lambda *_: []).detect(astronaut))


def test_loop_of_the_readers_own_is_as_good(detector, astronaut):
    def mine(boxes, scores, threshold):
        kept = []
        for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
            if all(iou(boxes[i : i + 1], boxes[k : k + 1])[0, 0] <= threshold for k in kept):
                kept.append(i)
        return kept

    swapped = detector.swap(nms=mine, decode_offsets=lambda b, o: decode_offsets(b, o).tolist())
    np.testing.assert_array_equal(swapped.detect(astronaut).boxes, detector.detect(astronaut).boxes)
    assert counted([0, 0, 2, 1], [0, 0, 1, 1]) == 0.5


@pytest.mark.parametrize(
    ("part", "function", "message"),
    [
        ("pyramid_scales", lambda *_: None, r"pyramid_scales\(...\) is None"),
        ("pyramid_scales", lambda *_: [0.6, np.nan], "list of finite numbers"),
        (
            "pyramid_scales",
            lambda *_: [0.6, 0.01],
            "holds 0.01: of 512x512 px that leaves a level with a side under 12",
        ),
        ("candidate_windows", lambda *_: np.zeros((3, 4)), "candidate_windows gave 3 windows where"),
        ("candidate_windows", lambda *_: np.zeros((3, 5)), r"candidate_windows\(...\) has shape \(3, 5\)"),
        ("nms", lambda b, s, t: np.ones(len(b), bool), r"nms\(...\) is bool of shape"),
        ("nms", lambda b, s, t: [len(b)], r"nms\(...\) .* must hold indices"),
        ("nms", lambda b, s, t: [-1], r"nms\(...\) .* must hold indices"),
        ("nms", lambda b, s, t: [0, 0], r"nms\(...\) holds an index more than once"),
        ("nms", lambda b, s, t: ["first"], r"nms\(...\) is <U5 of shape \(1,\); it must hold indices"),
        ("nms", lambda b, s, t: b, r"nms\(...\) is float32 of shape \(\d+, 4\)"),
        ("decode_offsets", lambda b, o: b[:1], r"decode_offsets\(...\) has shape \(1, 4\); for \d+ boxes it must be"),
        ("decode_offsets", lambda b, o: b * np.nan, r"decode_offsets\(...\) holds NaN"),
        ("square_boxes", lambda b: b.T, r"square_boxes\(...\) has shape \(4, \d+\)"),
        ("landmarks_to_image", lambda b, p: p, r"landmarks_to_image\(...\) has shape \(\d+, 10\)"),
    ],
)
def test_wrong_results_of_swapped_functions_are_named(detector, astronaut, part, function, message):
    with pytest.raises(ValueError, match=message):
        detector.swap(**{part: function}).detect(astronaut)


def test_parts_that_do_not_exist_or_are_no_functions(detector):
    with pytest.raises(ValueError, match="'iou' is no hook of the detector; its hooks are pyramid_scales, candidate"):
        detector.swap(iou=iou)
    with pytest.raises(TypeError, match=r"nms is 0\.5; it must be a function"):
        detector.swap(nms=0.5)


@pytest.mark.parametrize(("across", "factor"), [(0.7, 0.709), (0.52, 0.709), (0.5, 0.709), (0.45, 0.709), (0.7, 0.9)])
def test_nms_across_levels_keeps_what_nms_keeps(detector, across, factor):
    picture, _, _ = scenes.collage()
    trace = Detector(detector.nets, 20, factor, (0.3, 0.7, 0.7), (0.5, across, 0.8, 0.7)).trace(picture)
    before, after = trace.pnet["nms within levels"], trace.pnet["nms across levels"]
    rows = nms_.nms(before.boxes, before.scores, across)
    np.testing.assert_array_equal(after.boxes, before.boxes[rows])
    np.testing.assert_array_equal(after.scores, before.scores[rows])
    assert (len(rows) < len(before)) == (across <= 0.5 or factor == 0.9)
