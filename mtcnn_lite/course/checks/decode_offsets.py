"""The judge of `decode_offsets`: from a net's four numbers to a box that has moved."""

from typing import Any

import numpy as np

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict
from mtcnn_lite.course.checks.judge.boxes import MORE, SHAPE, draw_moved, table


def decode_offsets(fn: Function) -> Verdict:
    """Judges `fn(boxes (N, 4), offsets (N, 4)) -> (N, 4)`: the boxes, in pixels, moved by their offsets.

    An offset is (corner - box corner) / box side: the width for x1 and x2, the height for y1 and y2. N may be 0: shape
    (0, 4), or an empty list. The inputs must stay as they are.

    >>> decode_offsets(lambda boxes, offsets: boxes + offsets).hint
    'The offsets were added as they are. They count in box sides: multiply x by the width, y by the height first.'
    """
    return JUDGE.verdict(fn)


def _sides(boxes: Array) -> Array:
    """Width, height, width, height of each box, (N, 4)."""
    side = boxes[:, 2:] - boxes[:, :2]
    return np.concatenate([side, side], axis=1)


def _right(boxes: Array, offsets: Array) -> Array:
    return boxes + offsets * _sides(boxes)


def _with_sides(change: Any) -> Function:
    """Right, but for the sides that the offsets are multiplied by."""
    return lambda boxes, offsets: boxes + offsets * change(_sides(boxes))


def _then(change: Any) -> Function:
    """Right, and then something more."""
    return lambda boxes, offsets: change(_right(boxes, offsets))


def _one_after_another(*order: int) -> Function:
    """Corners moved in place, in this order, so that a side is measured between an old and a new corner."""

    def wrong(boxes: Array, offsets: Array) -> Array:
        moved = boxes.copy()
        for column in order:
            axis = column % 2
            moved[:, column] += offsets[:, column] * (moved[:, axis + 2] - moved[:, axis])
        return moved

    return wrong


def _centre_and_size(boxes: Array, offsets: Array, grow: Any = np.exp) -> Array:
    side = boxes[:, 2:] - boxes[:, :2]
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 + offsets[:, :2] * side
    half = side * grow(offsets[:, 2:]) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


_HINTS: Hints = {
    "The offsets were added as "
    "they are. They count in box sides: multiply x by the width, y by the height first.": _with_sides(lambda side: 1),
    "Width and height are swapped: x1 and x2 move by widths (x2 - x1), y1 and y2 by heights (y2 - y1).": _with_sides(
        lambda side: side[:, [1, 0, 3, 2]]
    ),
    "The width was used for both: y1 and y2 move by heights (y2 - y1).": _with_sides(
        lambda side: side[:, [0, 0, 2, 2]]
    ),
    "The height was used for both: x1 and x2 move by widths (x2 - x1).": _with_sides(
        lambda side: side[:, [1, 1, 3, 3]]
    ),
    "One side was used for both: x1 and x2 move by widths (x2 - x1), y1 and y2 by heights (y2 - y1).": (
        _with_sides(lambda side: side.max(axis=1, keepdims=True, initial=0)),
        _with_sides(lambda side: side.min(axis=1, keepdims=True, initial=9999)),
        _with_sides(lambda side: side.mean(axis=1, keepdims=True)),
    ),
    "All four were added to the top left corner. Each offset moves its own corner: the last two start from x2, y2.": (
        lambda b, o: np.tile(b[:, :2], 2) + o * _sides(b),
    ),
    "You subtracted the offsets: add them. 0.1 in the first place means a tenth of the width to the right.": (
        lambda b, o: b - o * _sides(b),
    ),
    "The side was used after a corner had moved. Take width and height from the box as it came, before any "
    "moves.": tuple(_one_after_another(*order) for order in ((0, 1, 2, 3), (2, 3, 0, 1), (0, 3, 1, 2), (2, 1, 0, 3))),
    "That is the old + 1 in the side: it is for boxes that include their last pixel. Here width = x2 - x1.": (
        _with_sides(lambda side: side + 1),
        lambda b, o: _right(b, o) + [0, 0, 1, 1],
    ),
    "Your side is 1 too small: boxes are half-open, so width = x2 - x1.": (
        _with_sides(lambda side: side - 1),
        lambda b, o: _right(b, o) - [0, 0, 1, 1],
    ),
    "Only the first box is looked at. There are N: work on whole columns, boxes[:, 0], or loop over the rows.": (
        lambda b, o: _right(b, o)[:1],
        lambda b, o: _right(b, o)[0],
        lambda b, o: b + o * _sides(b)[:1],
        lambda b, o: b + o[:1] * _sides(b),
        lambda b, o: np.concatenate([_right(b, o)[:1], b[1:]]),
    ),
    "You clipped the boxes. A box may leave the photo: coordinates below 0 stay as they are.": (
        _then(lambda moved: np.maximum(moved, 0)),
        _then(np.abs),
    ),
    "You rounded to whole pixels. Boxes keep their fractions: whatever is rounded here is lost to the next net.": (
        *(_then(how) for how in (np.round, np.floor, np.ceil, np.trunc, lambda moved: np.floor(moved + 0.5))),
        *(lambda b, o, how=how: b + how(o * _sides(b)) for how in (np.round, np.floor, np.ceil, np.trunc)),
    ),
    "You divided by the side. Dividing made the offset; multiplying by the side undoes it.": (
        lambda b, o: b + o / _sides(b),
    ),
    "This is how far each corner moves, without the corner itself: add it to the box.": (lambda b, o: o * _sides(b),),
    "The boxes came back as they were: the offsets were not used, or the moved box was not returned.": (
        lambda b, o: b,
    ),
    "Only the top left corner moved. The last two offsets move x2 and y2.": (
        lambda b, o: b + o * [1, 1, 0, 0] * _sides(b),
        lambda b, o: b + np.tile(o[:, :2], 2) * _sides(b),
    ),
    "The offsets were read in the order x1, x2, y1, y2. Their order is that of the box: x1, y1, x2, y2.": (
        lambda b, o: _right(b, o[:, [0, 2, 1, 3]]),
    ),
    "x and y are swapped in the offsets: the first moves x1, the second y1.": (
        lambda b, o: _right(b, o[:, [1, 0, 3, 2]]),
    ),
    "You moved the centre and changed the size, as R-CNN does. MTCNN's offsets move two corners.": (
        _centre_and_size,
        lambda b, o: _centre_and_size(b, o, grow=lambda by: 1 + by),
    ),
    "You returned x, y, width, height. The answer is two corners: x1, y1, x2, y2.": _then(
        lambda moved: np.concatenate([moved[:, :2], moved[:, 2:] - moved[:, :2]], axis=1)
    ),
    "The boxes were made square as well. That is the next step; here they only move.": _then(boxes_.square_boxes),
}


def _random(count: int) -> tuple[Array, Array]:
    """Boxes with whole corners and sides from 8 to 60 px, no two alike; offsets with two decimals from -0.3 to 0.3."""
    rng = np.random.default_rng(count)
    corner, side = rng.integers(0, 200, (count, 2)), rng.integers(8, 60, (count, 2))
    offsets = rng.integers(-30, 31, (count, 4)) / 100
    return np.concatenate([corner, corner + side], axis=1).astype(np.float32), offsets.astype(np.float32)


_NONE = (
    "Here N is 0: no box came in, and none goes out. The answer is an empty array of shape (0, 4), np.zeros((0, 4))."
)

_TWO = table([0, 0, 10, 10], [20, 10, 60, 30])
_CASES = (
    Case("a square box, only x1 moves", (table([20, 10, 40, 30]), table([0.1, 0, 0, 0])), SHAPE),
    Case("a square box, only y2 moves", (table([20, 10, 40, 30]), table([0, 0, 0, 0.2])), SHAPE),
    Case("a square box, x1 and x2 move", (table([20, 10, 40, 30]), table([0.1, 0, 0.2, 0])), SHAPE),
    Case("a box twice as high as wide", (table([10, 10, 30, 50]), table([0.1, 0.2, 0, 0])), SHAPE),
    Case("a box twice as wide as high", (table([10, 10, 50, 30]), table([0, -0.1, 0.1, 0])), SHAPE),
    Case("fractions of a pixel", (table([3, 5, 13, 17]), table([0.03, 0.05, -0.07, 0.11])), SHAPE),
    Case("a box that leaves the photo", (table([2, 1, 22, 21]), table([-0.2, -0.1, 0, 0])), SHAPE),
    Case("two boxes of different size", (_TWO, table([0.1, 0, 0, 0], [0, 0, 0.2, 0.1])), MORE),
    Case("no box at all", (np.zeros((0, 4), np.float32), np.zeros((0, 4), np.float32)), _NONE),
    Case("four random boxes", _random(4)),
    Case("seven random boxes", _random(7)),
    Case("a hundred random boxes", _random(100)),
)


JUDGE = Judge(
    name="decode_offsets",
    arguments=("boxes", "offsets"),
    reference=boxes_.decode_offsets,
    cases=_CASES,
    hints=_HINTS,
    draw=draw_moved,
    columns=("x1", "y1", "x2", "y2"),
)
