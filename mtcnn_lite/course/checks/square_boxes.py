"""The judge of `square_boxes`: from a box to the square that R-Net and O-Net can read."""

from typing import Any

import numpy as np

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict
from mtcnn_lite.course.checks.judge.boxes import MORE, SHAPE, draw_moved, table


def square_boxes(fn: Function) -> Verdict:
    """Judges `fn(boxes (N, 4)) -> (N, 4)`: the square with each box's centre and its longer side, in pixels.

    A square may leave the image: nothing is clipped or rounded. N may be 0: shape (0, 4), or an empty list. The input
    must stay as it is.

    >>> square_boxes(lambda boxes: boxes).hint
    'The boxes came back as they were. A box that is not square yet must grow along its shorter side.'
    """
    return JUDGE.verdict(fn)


def _sizes(boxes: Array) -> Array:
    """Width and height of each box, (N, 2)."""
    return boxes[:, 2:] - boxes[:, :2]


def _longer(boxes: Array) -> Array:
    return _sizes(boxes).max(axis=1, keepdims=True)  # (N, 1)


def _square(boxes: Array, side: Any = _longer, centre: Any = lambda b: (b[:, :2] + b[:, 2:]) / 2) -> Array:
    """The right squares, and with another `side` or `centre` the wrong ones."""
    middle, half = centre(boxes), side(boxes) / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def _with_side(side: Any) -> Function:
    return lambda boxes: _square(boxes, side)


def _then(change: Any) -> Function:
    """Right, and then something more."""
    return lambda boxes: change(_square(boxes))


def _at_corner(boxes: Array, x: str, y: str) -> Array:
    """Squares that keep the box's "low" or "high" end, or its "middle", along x and along y."""
    right, side, squares = _square(boxes), _longer(boxes)[:, 0], np.empty((len(boxes), 4))
    for axis, end in enumerate((x, y)):
        low, high = boxes[:, axis], boxes[:, axis + 2]
        start = {"low": low, "high": high - side, "middle": right[:, axis]}[end]
        squares[:, axis], squares[:, axis + 2] = start, start + side
    return squares


def _one_way(boxes: Array, axis: int) -> Array:
    """Only this axis grows, to the longer side: a box that is longer along it stays as it is."""
    grown = boxes.astype(float)
    grown[:, axis::2] = _square(boxes)[:, axis::2]
    return grown


def _corner_moved_first(boxes: Array) -> Array:
    """Corners moved in place: the centre of the second is taken from a corner that has already moved."""
    moved, half = boxes.astype(float), _longer(boxes) / 2
    moved[:, :2] = (moved[:, :2] + moved[:, 2:]) / 2 - half
    moved[:, 2:] = (moved[:, :2] + moved[:, 2:]) / 2 + half
    return moved


def _grown_by_the_difference(boxes: Array) -> Array:
    """Each side of the shorter direction pushed out by the whole difference instead of by half of it."""
    push = _longer(boxes) - _sizes(boxes)
    return np.concatenate([boxes[:, :2] - push, boxes[:, 2:] + push], axis=1)


def _as_size(boxes: Array) -> Array:
    squares = _square(boxes)
    return np.concatenate([squares[:, :2], _sizes(squares)], axis=1)


_ROUNDINGS = (np.round, np.floor, np.ceil, np.trunc, lambda squares: np.floor(squares + 0.5))

_HINTS: Hints = {
    "The boxes came back as they were. A box that is not square yet must grow along its shorter side.": (
        lambda boxes: boxes,
    ),
    "That is the shorter side: it cuts off a part of the face. "
    "The square takes the longer of width and height.": _with_side(lambda b: _sizes(b).min(axis=1, keepdims=True)),
    "You took the mean of width and height. The square takes the longer of the two.": (
        _with_side(lambda b: _sizes(b).mean(axis=1, keepdims=True)),
        _with_side(lambda b: np.sqrt(_sizes(b).prod(axis=1, keepdims=True))),
    ),
    "You took the diagonal. The square's side is the longer of width and height.": _with_side(
        lambda b: np.linalg.norm(_sizes(b), axis=1, keepdims=True)
    ),
    "You added width and height. The square's side is the longer of the two.": _with_side(
        lambda b: _sizes(b).sum(axis=1, keepdims=True)
    ),
    "The side is always the width. Where the height is longer, the square takes the height.": _with_side(
        lambda b: _sizes(b)[:, :1]
    ),
    "The side is always the height. Where the width is longer, the square takes the width.": _with_side(
        lambda b: _sizes(b)[:, 1:]
    ),
    "One side for all boxes: the longest of the whole batch. Each box has its own: take the maximum along axis 1.": (
        _with_side(lambda b: _sizes(b).max(initial=0)),
        _with_side(lambda b: _sizes(b).max(axis=0, initial=0)),
    ),
    "Only the first box is looked at. There are N: work on whole columns, boxes[:, 0], or loop over the rows.": (
        lambda b: _square(b)[:1],
        lambda b: _square(b)[0],
        lambda b: np.concatenate([_square(b)[:1], b[1:]]),
        _with_side(lambda b: _longer(b)[:1]),
    ),
    "The square has moved: it kept a corner. The centre stays, so each end moves out by half of what is "
    "missing.": tuple(
        lambda b, x=x, y=y: _at_corner(b, x, y)
        for x in ("low", "high", "middle")
        for y in ("low", "high", "middle")
        if (x, y) != ("middle", "middle")
    ),
    "Each end moved out by all that is missing. Half of it belongs on either side of the centre.": (
        _grown_by_the_difference,
        lambda b: _square(b, side=lambda b: 2 * _longer(b)),
    ),
    "A square came out too small: half of the side was taken for the side, or its quarter for the half.": _with_side(
        lambda b: _longer(b) / 2
    ),
    "Boxes that are higher than wide come out right. Where the width is longer, y1 and y2 must move as well.": (
        lambda b: _one_way(b, 0),
    ),
    "Boxes that are wider than high come out right. Where the height is longer, x1 and x2 must move as well.": (
        lambda b: _one_way(b, 1),
    ),
    "The new x1, y1 was "
    "used for the centre of x2, y2. Take the centre from the box as it came, before any moves.": _corner_moved_first,
    "You clipped the square at 0. It may leave the photo: what lies outside is black in the "
    "crop, and the face keeps its place and its shape.": (_then(lambda squares: np.maximum(squares, 0)), _then(np.abs)),
    "The square was pushed back into the photo. It may leave it: moved, it no longer has the box's centre.": _then(
        lambda squares: squares - np.tile(np.minimum(squares[:, :2], 0), 2)
    ),
    "You rounded to whole pixels. Boxes keep their fractions: whatever is rounded here is lost to the next net.": (
        *(_then(how) for how in _ROUNDINGS),
        *(lambda b, how=how: _square(b, side=lambda b: 2 * how(_longer(b) / 2)) for how in _ROUNDINGS),
        *(lambda b, how=how: _square(b, centre=lambda b: how((b[:, :2] + b[:, 2:]) / 2)) for how in _ROUNDINGS),
    ),
    "x and y are swapped: the square has the right size, but its centre is at (y, x). Columns 0 and 2 are x.": _then(
        lambda squares: squares[:, [1, 0, 3, 2]]
    ),
    "The columns were read as x1, x2, y1, y2. Their order is x1, y1, x2, y2.": (
        lambda b: _square(b[:, [0, 2, 1, 3]]),
        lambda b: _square(b[:, [0, 2, 1, 3]])[:, [0, 2, 1, 3]],
    ),
    "The four are in the order x1, x2, y1, y2. The order here is x1, y1, x2, y2.": _then(
        lambda squares: squares[:, [0, 2, 1, 3]]
    ),
    "That is the old + 1 in the side: it is for boxes that include their last pixel. Here width = x2 - x1.": (
        _with_side(lambda b: _longer(b) + 1),
        _then(lambda squares: squares + [0, 0, 1, 1]),
        lambda b: _square(b, side=lambda b: _longer(b) + 1, centre=lambda b: (b[:, :2] + b[:, 2:] + 1) / 2),
    ),
    "Your side is 1 too small: boxes are half-open, so width = x2 - x1.": (
        _with_side(lambda b: _longer(b) - 1),
        _then(lambda squares: squares - [0, 0, 1, 1]),
    ),
    "You returned centre and size. The answer is two corners: x1, y1, x2, y2.": (
        lambda b: np.concatenate([(b[:, :2] + b[:, 2:]) / 2, np.tile(_longer(b), 2)], axis=1),
        lambda b: np.concatenate([(b[:, :2] + b[:, 2:]) / 2, _longer(b)], axis=1),
    ),
    "You returned x, y, width, height. The answer is two corners: x1, y1, x2, y2 with x2 = x1 + side.": _as_size,
}


def _random(count: int) -> Array:
    """Boxes with whole corners, some of them below 0, and sides from 8 to 60 px."""
    rng = np.random.default_rng(count)
    corner, side = rng.integers(-20, 200, (count, 2)), rng.integers(8, 60, (count, 2))
    return np.concatenate([corner, corner + side], axis=1).astype(np.float32)


_NONE = (
    "Here N is 0: no box came in, and none goes out. The answer is an empty array of shape (0, 4), np.zeros((0, 4)). "
    "A maximum of nothing is an error; the maximum along axis 1 of an array (0, 2) is fine."
)

_CASES = (
    Case("a box higher than wide", (table([40, 10, 60, 50]),), SHAPE),
    Case("a box wider than high", (table([10, 40, 50, 60]),), SHAPE),
    Case("a square stays as it is", (table([20, 10, 40, 30]),), SHAPE),
    Case("a centre at half a pixel", (table([40, 10, 53, 50]),), SHAPE),
    Case("fractions of a pixel", (table([40.25, 10.5, 61, 47.75]),), SHAPE),
    Case("a square that leaves the photo", (table([2, 30, 12, 70]),), SHAPE),
    Case("a box that lies partly outside", (table([-15, -5, 15, 15]),), SHAPE),
    Case("two boxes of different size", (table([20, 20, 30, 40], [50, 10, 110, 40]),), MORE),
    Case("no box at all", (np.zeros((0, 4), np.float32),), _NONE),
    Case("four random boxes", (_random(4),)),
    Case("seven random boxes", (_random(7),)),
    Case("a hundred random boxes", (_random(100),)),
)


JUDGE = Judge(
    name="square_boxes",
    arguments=("boxes",),
    reference=boxes_.square_boxes,
    cases=_CASES,
    hints=_HINTS,
    draw=draw_moved,
    columns=("x1", "y1", "x2", "y2"),
)
