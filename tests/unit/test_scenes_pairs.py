"""Pairs of faces: how much they overlap, who hides whom, and that a seed says it all."""

import numpy as np
import pytest

from mtcnn_lite.boxes import iou
from mtcnn_lite.course.scenes import pairs
from mtcnn_lite.course.scenes.pairs import apart


@pytest.mark.parametrize("angle", [0.3, 1.2, np.pi / 2, 2.8])
@pytest.mark.parametrize("overlap", [0.1, 0.3, 0.5, 0.9])
def test_boxes_that_far_apart_have_that_iou(overlap, angle):
    box = np.array([10, 20, 30, 45], np.float32)
    moved = box + np.tile(apart(overlap, 20, 25, angle), 2)
    assert iou([box], [moved])[0, 0] == pytest.approx(overlap, abs=1e-4)
    assert np.arctan2(*(moved - box)[[1, 0]]) == pytest.approx(angle, abs=1e-3)


def test_faces_come_in_pairs_that_overlap_each_other_and_nobody_else():
    for seed in range(4):
        photo = pairs([5, seed])
        overlaps = iou(photo.boxes, photo.boxes) - np.eye(12)
        partner = np.arange(12) ^ 1
        own = overlaps[np.arange(12), partner]
        assert (overlaps.argmax(axis=1) == partner).all()
        assert ((own > 0.27) & (own < 0.55)).all()
        overlaps[np.arange(12), partner] = 0
        assert overlaps.max() == 0
        height, width = photo.image().shape[:2]
        assert (photo.boxes >= 0).all()
        assert (photo.boxes <= [width, height, width, height]).all()
        assert not photo.ignore.any()
        assert (photo.boxes[0::2, 1] <= photo.boxes[1::2, 1] + 4).all(), "the first is above or beside the second"


def test_the_second_lies_on_top():
    """Where nothing covers a face, its pixels are those that it has alone."""
    together, other = pairs(7, 1, 1), pairs(7, 1, 1, overlap=(0.001, 0.001))
    x1, y1, x2, y2 = (int(v) for v in (together.boxes[1] + [12, 12, -12, -12]))
    down, right = ((other.boxes - together.boxes)[1, [1, 0]]).tolist()
    assert photo_like(together, x1, y1, x2, y2).mean() == pytest.approx(
        photo_like(other, x1 + right, y1 + down, x2 + right, y2 + down).mean(), abs=3
    )


def photo_like(photo, x1, y1, x2, y2):
    return photo.image()[round(y1) : round(y2), round(x1) : round(x2)].astype(float)


def test_the_same_seed_gives_the_same_bytes_and_another_others():
    first, again, other = pairs([1, 2]), pairs([1, 2]), pairs([1, 3])
    np.testing.assert_array_equal(first.image(), again.image())
    np.testing.assert_array_equal(first.boxes, again.boxes)
    assert (first.image() != other.image()).any()
    assert len(first.about["sources"]) == 12
    assert pairs(0, rows=1, columns=2, size=30).image().shape == (82, 164, 3)


@pytest.mark.parametrize("overlap", [(0, 0.5), (0.5, 0.3), (0.3, 1)])
def test_an_overlap_that_no_pair_has_is_refused(overlap):
    with pytest.raises(ValueError, match=r"overlap is .*; it must be \(least, most\)"):
        pairs(0, overlap=overlap)
