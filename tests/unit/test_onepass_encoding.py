"""What the one-pass net answers: its encoding of boxes and points, against cases worked by hand, and its anchors."""

import math

import numpy as np
import pytest

from mtcnn_lite.anchors import ONE_PASS, anchor_levels
from mtcnn_lite.boxes import iou
from mtcnn_lite.onepass.encoding import decode_boxes, decode_points, encode_boxes, encode_points
from mtcnn_lite.onepass.look import grid


def test_a_box_worked_by_hand():
    """Anchor 20..36, centre 28, side 16; box 24..40 x 12..28: centre 32, 20; as wide, as high."""
    assert encode_boxes([[20, 20, 36, 36]], [[24, 12, 40, 28]]).tolist() == [[2.5, -5, 0, 0]]
    wide = encode_boxes([[20, 20, 36, 36]], [[12, 24, 44, 32]])[0]  # centre as it was; twice as wide, half as high
    assert wide == pytest.approx([0, 0, math.log(2) / 0.2, -math.log(2) / 0.2])


def test_points_worked_by_hand():
    """A point at (27.5, 27.5) is at 28, 28 of the edges: the anchor's centre."""
    points = [[[27.5, 27.5], [35.5, 27.5], [27.5, 19.5], [29.1, 27.5], [27.5, 27.5]]]
    found = encode_points([[20, 20, 36, 36]], points)[0]
    assert found == pytest.approx(np.array([[0, 0], [5, 0], [0, -5], [1, 0], [0, 0]]), abs=1e-5)


def test_there_and_back():
    rng = np.random.default_rng(0)
    corner, side = rng.uniform(-50, 500, (2, 200, 2)), rng.uniform(4, 300, (2, 200, 2))
    anchors, boxes = (np.concatenate([corner[k], corner[k] + side[k]], axis=1) for k in (0, 1))
    assert decode_boxes(anchors, encode_boxes(anchors, boxes)) == pytest.approx(boxes, abs=2e-2, rel=1e-4)
    points = rng.uniform(-100, 600, (200, 5, 2))
    points[3] = np.nan
    back = decode_points(anchors, encode_points(anchors, points))
    assert back == pytest.approx(points, abs=1e-2, nan_ok=True)


def test_what_an_untrained_net_may_say_stays_finite():
    assert np.isfinite(decode_boxes([[0, 0, 16, 16]], [[0, 0, 1e6, 1e6]])).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: encode_boxes([[0, 0, 0, 5]], [[0, 0, 5, 5]]), "anchors holds an empty box"),
        (lambda: encode_boxes([[0, 0, 5, 5]], [[0, 0, 5, 0]]), "boxes holds an empty box"),
        (lambda: encode_boxes([[0, 0, 5, 5]], np.zeros((0, 4))), "as many of each"),
        (lambda: decode_points([[0, 0, 5, 5]], np.zeros((1, 10))), r"encoded has shape \(1, 10\)"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_grid_counts_rows_columns_and_sides_as_the_net_does():
    """Cell by cell, by the definition."""
    found, row = grid(64, 96, ONE_PASS), 0
    for level, (stride, sides) in enumerate(ONE_PASS.items()):
        for i in range(64 // stride):
            for j in range(96 // stride):
                for side in sides:
                    x, y = (j + 0.5) * stride, (i + 0.5) * stride
                    wanted = [x - side / 2, y - side / 2, x + side / 2, y + side / 2]
                    assert found.boxes[row].tolist() == wanted
                    assert (found.level[row], *found.cell[row]) == (level, i, j)
                    row += 1
    assert row == len(found.boxes)


def test_every_face_has_an_anchor():
    """Of 12 to 300 px, wherever it lies: half as high again as wide, or as wide as high."""
    anchors = np.concatenate(anchor_levels(640, 640, ONE_PASS))
    rng = np.random.default_rng(1)
    side, shape = np.exp(rng.uniform(np.log(12), np.log(300), 300)), rng.uniform(1, 1.5, 300)
    corner = rng.uniform(0, 300, (300, 2))
    faces = np.concatenate([corner, corner + np.stack([side, side * shape], axis=1)], axis=1)
    best = iou(anchors, faces).max(axis=0)
    assert (best >= 0.35).mean() > 0.99
    assert (best >= 0.5).mean() > 0.9
