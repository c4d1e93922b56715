"""The judge of `square_boxes`: from a box to the square that R-Net and O-Net can read."""

from functools import partial
from itertools import product
from typing import Any

import numpy as np

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.course.checks.judge import Array, Case, Change, Function, Hints, Judge, Verdict, slips
from mtcnn_lite.course.checks.judge.boxes import CORNERS, MORE, NO_BOX, SHAPE, draw_moved, random_boxes, sizes, table


def square_boxes(fn: Function) -> Verdict:
    """Judges `fn(boxes (N, 4)) -> (N, 4)`: the square with each box's centre and its longer side, in pixels.

    A square may leave the image: nothing is clipped or rounded. N may be 0: shape (0, 4), or an empty list. The input
    must stay as it is.

    >>> square_boxes(lambda boxes: boxes).hint
    'The boxes came back as they were. A box that is not square yet must grow along its shorter side.'
    """
    return JUDGE.verdict(fn)


def _longer(boxes: Array) -> Array:
    return sizes(boxes).max(axis=1, keepdims=True)  # (N, 1)


def _middle(boxes: Array) -> Array:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _square(boxes: Array, side: Any = _longer, centre: Any = _middle) -> Array:
    """The right squares, and with another `side` or `centre` the wrong ones."""
    middle, half = centre(boxes), side(boxes) / 2
    return np.concatenate([middle - half, middle + half], axis=1)


@slips.several
def _with_side(side: Change) -> Function:
    return partial(_square, side=side)


@slips.several
def _at_corner(ends: tuple[int, int]) -> Function:
    """Squares that keep the box's low end (1), its high end (-1) or its middle (0), along x and along y."""
    return partial(_square, centre=lambda b: _middle(b) + np.array(ends) * (_longer(b) - sizes(b)) / 2)


@slips.several
def _one_way(grows: list[bool]) -> Function:
    """Only one axis grows, to the longer side: a box that is longer along it stays as it is."""
    return partial(_square, side=lambda b: np.where(grows, _longer(b), sizes(b)))


def _corner_moved_first(boxes: Array) -> Array:
    """Corners moved in place: the centre of the second is taken from a corner that has already moved."""
    moved, half = boxes.astype(float), _longer(boxes) / 2
    moved[:, :2] = _middle(moved) - half
    moved[:, 2:] = _middle(moved) + half
    return moved


_then = partial(slips.after, _square)
_HINTS: Hints = {
    "The boxes came back as they were. A box that is not square yet must grow along its shorter side.": lambda b: b,
    "That is the shorter side: it cuts off a part of the face. The square takes "
    "the longer of width and height.": _with_side(lambda b: sizes(b).min(axis=1, keepdims=True)),
    "You took the mean of width and height. The square takes the longer of the two.": _with_side(
        lambda b: sizes(b).mean(axis=1, keepdims=True), lambda b: np.sqrt(sizes(b).prod(axis=1, keepdims=True))
    ),
    "You took the diagonal. The square's side is the longer of width and height.": _with_side(
        lambda b: np.linalg.norm(sizes(b), axis=1, keepdims=True)
    ),
    "You added width and height. The square's side is the longer of the two.": _with_side(
        lambda b: sizes(b).sum(axis=1, keepdims=True)
    ),
    "The side is always the width. Where the height is longer, the square takes the height.": _with_side(
        lambda b: sizes(b)[:, :1]
    ),
    "The side is always the height. Where the width is longer, the square takes the width.": _with_side(
        lambda b: sizes(b)[:, 1:]
    ),
    "One side for all boxes: the longest of the whole batch. Each box has its own: "
    "take the maximum along axis 1.": _with_side(*(lambda b, a=a: sizes(b).max(axis=a, initial=0) for a in (None, 0))),
    "Of two boxes, the first's side went to x and the second's to y: the sides lie in a row, (N,). Make them a column, "
    "(N, 1): max(axis=1, keepdims=True).": _with_side(lambda b: sizes(b).max(axis=1)),
    slips.FIRST_ONLY: (
        *_then(*slips.FIRST),
        *_with_side(lambda b: _longer(b)[:1]),
        lambda b: np.concatenate([_square(b)[:1], b[1:]]),
    ),
    "The square has moved: it kept a corner. The centre stays, so each end moves out by half of what is "
    "missing.": _at_corner(*list(product((1, -1, 0), repeat=2))[:-1]),
    "Each end moved out by all that is missing. Half of it belongs on either side of the centre.": _with_side(
        lambda b: 2 * _longer(b) - sizes(b), lambda b: 2 * _longer(b)
    ),
    "A square came out too small: half of the side was taken for the side, or its quarter for the half.": _with_side(
        lambda b: _longer(b) / 2
    ),
    "Boxes that are higher than wide come out right. Where the width is longer, y1 and y2 must move as well.": _one_way(
        [True, False]
    ),
    "Boxes that are wider than high come out right. Where the height is longer, x1 and x2 must move as well.": _one_way(
        [False, True]
    ),
    "The new x1, y1 was used for the centre of x2, y2. "
    "Take the centre from the box as it came, before any moves.": _corner_moved_first,
    "You clipped the square at 0. It may leave the photo: what lies outside is black in the crop, and the face "
    "keeps its place and its shape.": _then(*slips.CLIPPED),
    "The square was pushed back into the photo. It may leave it: moved, it no longer has the box's centre.": _then(
        lambda s: s - np.tile(np.minimum(s[:, :2], 0), 2)
    ),
    slips.rounded("Boxes"): (
        *_then(*slips.ROUNDINGS),
        *_with_side(*(lambda b, how=how: 2 * how(_longer(b) / 2) for how in slips.ROUNDINGS)),
        *slips.but(_square, centre=[lambda b, how=how: how(_middle(b)) for how in slips.ROUNDINGS]),
    ),
    "x and y are swapped: the square has the right size, but its centre is at (y, x). Columns 0 and 2 are x.": _then(
        slips.swap_xy
    ),
    "The columns were read as x1, x2, y1, y2. Their order is x1, y1, x2, y2.": (
        *slips.before(_square, boxes=slips.x_then_y),
        lambda b: slips.x_then_y(_square(slips.x_then_y(b))),
    ),
    slips.X_THEN_Y: _then(slips.x_then_y),
    slips.ONE_MORE: (
        *_with_side(lambda b: _longer(b) + 1),
        *_then(slips.one_more),
        partial(_square, side=lambda b: _longer(b) + 1, centre=lambda b: _middle(b) + 0.5),
    ),
    slips.ONE_LESS: _with_side(lambda b: _longer(b) - 1) + _then(slips.one_less),
    "You returned centre and size. The answer is two corners: x1, y1, x2, y2.": _then(
        slips.as_centre, lambda squares: slips.as_centre(squares)[:, :3]
    ),
    f"{slips.AS_SIZE[:-1]} with x2 = x1 + side.": _then(slips.as_size),
}

_NONE = f"{NO_BOX} A maximum of nothing is an error; the maximum along axis 1 of an array (0, 2) is fine."
_CASES = (
    Case("a box higher than wide", (table([40, 10, 60, 50]),), SHAPE),
    Case("a box wider than high", (table([10, 40, 50, 60]),), SHAPE),
    Case("a square stays as it is", (table([20, 10, 40, 30]),), SHAPE),
    Case("a centre at half a pixel", (table([40, 10, 53, 50]),), SHAPE),
    Case("fractions of a pixel", (table([40.25, 10.5, 61, 47.75]),), SHAPE),
    Case("a square that leaves the photo", (table([2, 30, 12, 70]),), SHAPE),
    Case("a box that lies partly outside", (table([-15, -5, 15, 15]),), SHAPE),
    Case("two boxes of different size", (table([20, 20, 30, 40], [50, 10, 110, 40]),), MORE),
    Case("no box at all", (table(),), _NONE),
    Case("four random boxes", (random_boxes(np.random.default_rng(4), 4, low=-20),)),
    Case("seven random boxes", (random_boxes(np.random.default_rng(7), 7, low=-20),)),
    Case("a hundred random boxes", (random_boxes(np.random.default_rng(100), 100, low=-20),)),
)

JUDGE = Judge("square_boxes", ("boxes",), boxes_.square_boxes, _CASES, _HINTS, draw_moved, columns=CORNERS)
