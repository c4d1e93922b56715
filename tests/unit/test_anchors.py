"""Anchors: grids written out by hand and by loops, published counts, matching by counted pixels."""

import numpy as np
import pytest
from oracles import counted, integer_boxes

from mtcnn_lite.anchors import (
    BACKGROUND,
    IGNORED,
    RETINAFACE,
    RETINAFACE_PAPER,
    anchor_grid,
    anchor_levels,
    match_anchors,
)


def looped(height, width, stride, sizes):
    """Cell by cell, while a cell's first pixel still lies in the photo."""
    anchors, top = [], 0
    while top < height:
        left = 0
        while left < width:
            x, y = left + stride / 2, top + stride / 2
            anchors += [[x - s / 2, y - s / 2, x + s / 2, y + s / 2] for s in sizes]
            left += stride
        top += stride
    return anchors


@pytest.mark.parametrize("height", [1, 7, 8, 9, 16, 31])
@pytest.mark.parametrize("width", [1, 8, 20, 24])
@pytest.mark.parametrize(("stride", "sizes"), [(8, [4]), (8, [16, 6.5]), (5, [3, 50, 8]), (1, [2])])
def test_grid_is_that_of_a_loop(height, width, stride, sizes):
    np.testing.assert_array_equal(
        anchor_grid(height, width, stride, sizes), np.float32(looped(height, width, stride, sizes))
    )


def test_rows_go_down_and_columns_right():
    grid = anchor_grid(20, 30, 10, [2])
    middles = (grid[:, :2] + grid[:, 2:]) / 2
    assert middles.tolist() == [[5, 5], [15, 5], [25, 5], [5, 15], [15, 15], [25, 15]]


def test_published_counts():
    """Pytorch_Retinaface's 16,800; the paper's 102,300 (table 2), 75% of them at stride 4, from 16 to 406 px."""
    assert sum(map(len, anchor_levels(640, 640, RETINAFACE))) == 16_800
    levels = anchor_levels(640, 640, RETINAFACE_PAPER)
    assert sum(map(len, levels)) == 102_300
    assert len(levels[0]) == round(0.75 * 102_400)
    sides = [(level[:3, 2] - level[:3, 0]).round(2).tolist() for level in levels]
    printed = [
        [16, 20.16, 25.40],
        [32, 40.32, 50.80],
        [64, 80.63, 101.59],
        [128, 161.26, 203.19],
        [256, 322.54, 406.37],
    ]
    np.testing.assert_allclose(sides, printed, atol=0.011)


def test_levels_of_a_photo_that_is_no_multiple_of_the_stride():
    assert [len(level) for level in anchor_levels(100, 130)] == [2 * 13 * 17, 2 * 7 * 9, 2 * 4 * 5]


@pytest.mark.parametrize(
    ("stride", "sizes", "said"), [(0, [4], "stride is 0"), (8, [4, 0], "every side must be above")]
)
def test_bad_grids_are_refused(stride, sizes, said):
    with pytest.raises(ValueError, match=said):
        anchor_grid(16, 16, stride, sizes)


# --- matching


def matched(anchors, faces, positive, negative, force):
    """By counted pixels, one anchor after the other."""
    overlap = [[counted(anchor, face) for face in faces] for anchor in anchors]
    owners = []
    for row in overlap:
        best = max(row, default=0)
        owners.append(row.index(best) if row and best >= positive else IGNORED if best >= negative else BACKGROUND)
    for face in range(len(faces)) if force else ():
        column = [row[face] for row in overlap]
        if max(column, default=0) > 0:
            owners[column.index(max(column))] = face
    return owners


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("limits", [(0.5, 0.3), (0.35, 0.35), (0.8, 0.05)])
@pytest.mark.parametrize("seed", range(6))
def test_matching_is_that_of_counted_pixels(seed, limits, force):
    rng = np.random.default_rng(seed)
    anchors, faces = integer_boxes(rng, 40), integer_boxes(rng, seed)
    assert match_anchors(anchors, faces, *limits, force=force).tolist() == matched(anchors, faces, *limits, force)


def test_limits_belong_to_what_lies_above_them():
    face, anchors = [[0, 0, 20, 10]], [[0, 0, 10, 10], [0, 0, 6, 10]]  # IoU 1/2 and 3/10
    assert match_anchors(anchors, face, 0.5, 0.29, force=False).tolist() == [0, IGNORED]
    assert match_anchors(anchors, face, 0.501, 0.31, force=False).tolist() == [IGNORED, BACKGROUND]


def test_a_face_without_an_anchor_gets_its_best_one_unless_it_touches_none():
    anchors = [[0, 0, 4, 4], [8, 0, 12, 4]]
    faces = [[0, 0, 16, 16], [100, 100, 110, 110]]
    assert match_anchors(anchors, faces, force=True).tolist() == [0, BACKGROUND]
    assert match_anchors(anchors, faces, force=False).tolist() == [BACKGROUND, BACKGROUND]


def test_two_faces_that_ask_for_one_anchor():
    assert match_anchors([[0, 0, 10, 10]], [[0, 0, 10, 10], [0, 0, 10, 9]]).tolist() == [1]


def test_no_face_and_no_anchor():
    assert match_anchors(np.ones((3, 4)), np.zeros((0, 4))).tolist() == [BACKGROUND] * 3
    assert match_anchors(np.zeros((0, 4)), [[0, 0, 1, 1]]).shape == (0,)


@pytest.mark.parametrize("limits", [(0.3, 0.5), (1.2, 0.3), (0.5, -0.1)])
def test_limits_in_the_wrong_order_are_refused(limits):
    with pytest.raises(ValueError, match="0 <= negative <= positive <= 1"):
        match_anchors([[0, 0, 1, 1]], [[0, 0, 1, 1]], *limits)
