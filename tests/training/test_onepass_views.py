"""Views that the one-pass net learns from: labels stay on the faces, and each anchor's target against a plain loop."""

from dataclasses import replace

import numpy as np
import pytest

from mtcnn_lite.anchors import ONE_PASS
from mtcnn_lite.course.scenes import scene
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.onepass.encoding import decode_boxes
from mtcnn_lite.training.augmentation import Augmentation
from mtcnn_lite.training.onepass.plan import OnePassPlan
from mtcnn_lite.training.onepass.targets import anchor_targets, matched_faces
from mtcnn_lite.training.onepass.views import Views, tiled, view

PLAN = OnePassPlan(side=128, batch=4, augmentation=Augmentation())
DOTS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [255, 0, 255]])  # eyes, nose, mouth corners


def dotted(complete=True):
    """A gray photo with two white faces whose points are dots of five colours."""
    image = np.full((200, 300, 3), 90, np.uint8)
    boxes, landmarks = np.array([[40, 50, 90, 110], [180, 60, 220, 110.0]]), []
    for x1, y1, x2, y2 in boxes.astype(int):
        image[y1:y2, x1:x2] = 255
        points = [
            (x1 + 12, y1 + 15),
            (x2 - 13, y1 + 15),
            ((x1 + x2) // 2, y1 + 27),
            (x1 + 14, y2 - 13),
            (x2 - 15, y2 - 13),
        ]
        for (x, y), colour in zip(points, DOTS, strict=True):
            image[y - 3 : y + 4, x - 3 : x + 4] = colour
        landmarks.append(points)
    return LabelledPhoto(image, boxes, np.array(landmarks, float), complete=complete)


def assert_dots_are_points(seen):
    """Each point of a face that counts lies on its own colour; in a mirror that is the colour of the other side."""
    pixels = seen.image()
    for points in seen.landmarks[~seen.ignore]:
        assert points[0, 0] < points[1, 0]  # the eye on the picture's left is there, mirrored or not
        assert points[3, 0] < points[4, 0]
        off = []
        for colours in (DOTS, DOTS[[1, 0, 2, 4, 3]]):
            at = [((x, y), colour) for (x, y), colour in zip(points.round().astype(int), colours, strict=True)
                  if 0 <= x < pixels.shape[1] and 0 <= y < pixels.shape[0]]  # fmt: skip
            off.append(max((np.abs(pixels[y, x].astype(int) - colour).max() for (x, y), colour in at), default=0))
        assert min(off) < 90


@pytest.mark.parametrize("seed", range(12))
def test_a_view_has_a_whole_face_and_its_labels_on_it(seed):
    seen = view(dotted(), 128, replace(PLAN, faces=(24, 60)), np.random.default_rng(seed))
    assert (~seen.ignore).any()
    assert seen.image().shape == (128, 128, 3)
    assert_dots_are_points(seen)


@pytest.mark.parametrize("seed", range(6))
def test_boxes_fit_what_is_white(seed):
    """Without a turn, the box is exactly round the white face, to a pixel."""
    seen = view(dotted(), 128, replace(PLAN, turn=0, faces=(24, 60)), np.random.default_rng(seed))
    away = np.abs(seen.image().astype(int) - 90).max(axis=2) > 60  # neither gray nor a black border
    inside = np.zeros((128, 128), bool)
    for x1, y1, x2, y2 in seen.boxes.round().astype(int):
        inside[max(y1 - 1, 0) : y2 + 1, max(x1 - 1, 0) : x2 + 1] = True
        assert away[y1 + 1 : y2 - 1, x1 + 1 : x2 - 1].mean() > 0.9
    black = seen.image().max(axis=2) < 40
    assert not (away & ~black & ~inside & (seen.image().min(axis=2) > 150)).any()


def test_four_views_in_one():
    four = [view(dotted(False), 64, replace(PLAN, faces=(20, 60)), np.random.default_rng(k)) for k in range(4)]
    seen = tiled(four)
    assert seen.image().shape == (128, 128, 3)
    assert not seen.complete
    assert len(seen.boxes) == sum(len(each.boxes) for each in four)
    assert (seen.image()[:64, 64:] == four[1].image()).all()
    assert (seen.image()[64:, :64] == four[2].image()).all()
    assert_dots_are_points(seen)


def test_faces_cut_by_the_edge_are_clipped_and_halves_ignored():
    """A wide photo of faces side by side, seen in part: what is left of each in the view, by counting white pixels."""
    image, boxes = np.zeros((64, 400, 3), np.uint8), []
    for x in range(0, 400, 25):
        image[20:44, x : x + 20] = 255
        boxes.append([x, 20, x + 20, 44])
    seen = view(LabelledPhoto(image, boxes), 64, replace(PLAN, turn=0), np.random.default_rng(3))
    assert ((seen.boxes >= 0) & (seen.boxes <= 64)).all()
    widths = seen.boxes[:, 2] - seen.boxes[:, 0]
    whole = widths.max()
    assert seen.ignore[widths < 0.45 * whole].all()


def by_loops(anchors, photo, plan):
    rows = []
    for a in anchors:
        best, best_iou, with_ignored = -1, 0.0, 0.0
        for k, box in enumerate(photo.boxes):
            w = max(0.0, min(a[2], box[2]) - max(a[0], box[0]))
            h = max(0.0, min(a[3], box[3]) - max(a[1], box[1]))
            union = (a[2] - a[0]) * (a[3] - a[1]) + (box[2] - box[0]) * (box[3] - box[1]) - w * h
            if photo.ignore[k]:
                with_ignored = max(with_ignored, w * h / union)
            elif w * h / union > best_iou:
                best, best_iou = k, w * h / union
        if best_iou >= plan.positive:
            rows.append(best)
        elif best_iou >= plan.negative or with_ignored >= plan.touching:
            rows.append(-2)
        else:
            rows.append(-1 if photo.complete or best_iou >= plan.touching else -2)
    return np.array(rows)


@pytest.mark.parametrize("complete", [True, False])
def test_which_face_an_anchor_is_for(complete):
    photo = scene(4, height=128, width=128, faces=(3, 4), sizes=(14, 50))
    photo = replace(photo, ignore=np.arange(len(photo.boxes)) == 0, complete=complete)
    anchors = Views([photo], PLAN, ONE_PASS, 0).anchors
    found, wanted = matched_faces(anchors, photo, PLAN), by_loops(anchors.tolist(), photo, PLAN)
    forced = np.flatnonzero(found != wanted)  # each face has its best anchor, whatever the bound
    assert len(forced) <= len(photo.boxes)
    assert (found[forced] >= 0).all()
    assert {*found[found >= 0]} == set(np.flatnonzero(~photo.ignore))
    assert (found == -1).any()


def test_targets_decode_to_the_labels():
    photo = dotted()
    anchors = Views([photo], PLAN, ONE_PASS, 0).anchors
    kinds, offsets, points, _ = anchor_targets(anchors, photo, PLAN)
    faces = matched_faces(anchors, photo, PLAN)
    rows = np.flatnonzero(kinds == 1)
    assert decode_boxes(anchors[rows], offsets[rows]) == pytest.approx(photo.boxes[faces[rows]], abs=1e-3)
    assert np.isfinite(points[rows]).all()
    assert np.isnan(offsets[kinds != 1]).all()


def test_a_face_of_many_anchors_counts_as_nine():
    """Two faces of 14 and 100 px: nine anchors' worth for the large one, as many as it has for the small one."""
    photo = LabelledPhoto(np.zeros((128, 128, 3), np.uint8), [[5, 5, 19, 19], [24, 24, 124, 124]])
    anchors = Views([photo], PLAN, ONE_PASS, 0).anchors
    faces, importance = matched_faces(anchors, photo, PLAN), anchor_targets(anchors, photo, PLAN).importance
    few, many = ((faces == face).sum() for face in (0, 1))
    assert few < 9 < many
    assert importance[faces == 0].tolist() == [1] * few
    assert importance[faces == 1] == pytest.approx([9 / many] * many)
    assert (importance[faces < 0] == 1).all()


def test_sizes_and_scales_of_views():
    """A face of 40 px in a photo of 900: half of the views at .6 to 1.3 of its size, half with it at 12 to 18 px."""
    photo = LabelledPhoto(np.zeros((900, 900, 3), np.uint8), [[400, 300, 440, 340]])
    plan, rng = replace(PLAN, turn=0, faces=(12, 18), scales=(0.6, 1.3)), np.random.default_rng(0)
    sides = np.array([np.ptp(view(photo, 320, plan, rng).boxes[0, [0, 2]]) for _ in range(600)])
    assert sides.min() == pytest.approx(40 * 320 / 900, abs=0.1)  # no view shows more than all of the photo
    assert sides.max() <= 52.1
    large = sides[sides > 18.1]
    assert large.min() > 23.9
    assert 250 < len(large) < 350
    assert np.median(large) == pytest.approx(40 * np.sqrt(0.6 * 1.3), rel=0.08)  # even on a logarithmic scale


def test_a_photo_with_one_labelled_face_is_shown_small_too():
    """A face of 100 px in a photo of 150, in a tile of 64: between half of what shows the whole photo, and 30 px."""
    photo = LabelledPhoto(np.zeros((150, 150, 3), np.uint8), [[25, 25, 125, 125]], complete=False)
    plan, rng = replace(PLAN, turn=0, tile_faces=(10, 30)), np.random.default_rng(0)
    sides = np.array([np.ptp(view(photo, 64, plan, rng).boxes[0, [0, 2]]) for _ in range(100)])
    assert sides.min() == pytest.approx(100 * 64 / 150 / 2, abs=0.1)
    assert 28 < sides.max() <= 30.1


def test_photos_of_many_faces_come_more_often():
    photos = [LabelledPhoto(np.zeros((60, 60, 3), np.uint8), [[k, k, k + 20, k + 20] for k in range(n)])
              for n in (0, 1, 3, 9, 40)]  # fmt: skip
    order = Views(photos, PLAN, ONE_PASS, 0).orders[0]
    assert np.bincount(order(0, 1 + 1 + 2 + 3 + 4)).tolist() == [1, 1, 2, 3, 4]


def test_a_batch_depends_on_seed_and_step_alone():
    photos = [scene(k, height=100, width=140) for k in range(3)] + [dotted(False)]
    plan = replace(PLAN, tiled=0.25, augmentation=Augmentation(noise=0.5, darken=0.5, compress=0.5))
    first, again = Views(photos, plan, ONE_PASS, 7), Views(photos, plan, ONE_PASS, 7)
    first(0)
    for one, two in zip(first(5), again(5), strict=True):
        assert np.array_equal(np.asarray(one), np.asarray(two), equal_nan=np.asarray(one).dtype.kind == "f")
    assert not np.array_equal(first(5).pixels, first(6).pixels)
    assert first.tiled == 1  # of four


def test_processes_share_a_batch():
    """Two parts of a batch of eight views: six of three photos, twice each, and two of four photos each."""
    plan, photos = replace(PLAN, batch=8, tiled=0.25), [dotted() for _ in range(6)] + [dotted(False) for _ in range(8)]
    parts = [Views(photos, plan, ONE_PASS, 7, (k, 2)) for k in (0, 1)]
    views = [part.labelled(3, np.random.default_rng(0)) for part in parts]
    assert [sum(view.complete for view in some) for some in views] == [4, 2]  # two photos, and one
    assert [sum(not view.complete for view in some) for some in views] == [1, 1]
    assert not np.array_equal(parts[0](3).pixels[:2], parts[1](3).pixels[:2])


def test_without_a_face_nothing_is_learned():
    photo = LabelledPhoto(np.zeros((50, 50, 3), np.uint8), [[0, 0, 20, 20]], ignore=[True])
    with pytest.raises(ValueError, match="no photo has a face to learn from"):
        Views([photo], PLAN, ONE_PASS, 0)
    background = LabelledPhoto(np.zeros((50, 50, 3), np.uint8), np.zeros((0, 4)))
    kinds = Views([background, dotted()], PLAN, ONE_PASS, 0)(0).kinds
    assert (kinds[:2] == 1).any() != (kinds[2:] == 1).any()  # two views of each photo


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"side": 100}, "side is 100; it must be a multiple of 64"),
        ({"negative": 0.4}, "touching, negative, positive are"),
        ({"faces": (50, 20)}, "faces is"),
        ({"scales": (0, 1)}, "scales is"),
        ({"tile_faces": (9,)}, "tile_faces is"),
        ({"imbalance": "ohem"}, "imbalance is 'ohem'"),
        ({"tiled": 2}, "tiled is 2"),
    ],
)
def test_a_plan_that_can_not_be(change, message):
    with pytest.raises(ValueError, match=message):
        replace(PLAN, **change)
