"""What the judges of functions on boxes share: tables of boxes, hints, a drawing, and overlaps right and wrong."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import drawing, slips
from mtcnn_lite.course.checks.judge.slips import Function, Hints
from mtcnn_lite.course.checks.judge.text import Array

CORNERS = ("x1", "y1", "x2", "y2")
SHAPE = (
    "boxes has shape (1, 4): a row for each box. Its columns are boxes[:, 0] to boxes[:, 3]; boxes.T unpacks into four."
)
MORE = "It works for one box and stops at two. Work on whole columns, boxes[:, 0], or loop over the rows."
NO_BOX = (
    "Here N is 0: no box came in, and none goes out. The answer is an empty array of shape (0, 4), np.zeros((0, 4))."
)


def one(*corners: float) -> Array:
    """One box as float32 (4,)."""
    return np.array(corners, np.float32)


def table(*rows: Sequence[float]) -> Array:
    """Rows of four numbers as float32 (N, 4); N may be 0."""
    return np.array(rows, dtype=np.float32).reshape(-1, 4)


def random_boxes(rng: np.random.Generator, count: int, low: int = 0, high: int = 200, parts: int = 1) -> Array:
    """Boxes as float32 (N, 4) with sides from 8 to 60 px.

    Parameters
    ----------
    rng : Generator
        Where the numbers come from: a corner's first, then those of the sides.
    count : int
        How many boxes, N.
    low, high : int
        Bounds of x1 and y1, in parts of a pixel; `high` is not reached.
    parts : int
        Parts of a pixel that the corners are counted in.
    """
    corner, side = rng.integers(low, high, (count, 2)) / parts, rng.integers(8, 60, (count, 2))
    return np.concatenate([corner, corner + side], axis=1).astype(np.float32)


def sizes(boxes: Array) -> Array:
    """Width and height, (..., 2)."""
    return boxes[..., 2:] - boxes[..., :2]


def area(boxes: Array, more: float = 0) -> Array:
    """Areas, (...), with so much `more` in each side."""
    return np.prod(sizes(boxes) + more, axis=-1)


def draw_moved(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """`Judge.draw` for (N, 4) to (N, 4): the first box that differs, as it came, as it should be, as it is.

    Parameters
    ----------
    inputs : tuple
        The function's arguments, the boxes first.
    expected : array (N, 4)
        The right answer.
    got : array (N, 4) or None
        The function's; None where it cannot be drawn.
    row : int or None
        The first row that differs.
    """
    rows = slice(None) if row is None else slice(row, row + 1)
    which = "boxes" if row is None or len(expected) == 1 else f"row {row}"
    given, yours = inputs[0][rows], None if got is None else got[rows]
    return drawing.compared(given, expected[rows], yours, f"{which}, px of the photo")


# --- boxes with scores

ONE = "Here N is 1: boxes has shape (1, 4), scores has shape (1,)."
NO_BOXES = table(), np.zeros(0, np.float32)  # and no scores

APART = table([0, 0, 10, 10], [20, 20, 30, 30])
THIRD = table([0, 0, 10, 10], [5, 0, 15, 10])  # IoU 50 / 150
INSIDE = table([0, 0, 20, 20], [5, 5, 15, 15])  # IoU 100 / 400
TOUCHING = table([0, 0, 10, 10], [10, 0, 20, 10])
CHAIN = table([0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10])  # neighbours 60 / 140, ends 20 / 180
CROWD = table([0, 0, 20, 20], [1, 0, 21, 20], [2, 0, 22, 20], [3, 0, 23, 20], [30, 5, 50, 25])


def scored(*scores: float) -> Array:
    """Scores as float32 (N,)."""
    return np.array(scores, dtype=np.float32)


def random_crowd(count: int, seed: int) -> tuple[Array, Array]:
    """Boxes on whole pixels that crowd round a few places, and their scores, no two alike."""
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 200, (-(-count // 4), 2))
    corner = places[rng.integers(0, len(places), count)] + rng.integers(0, 16, (count, 2))
    side = rng.integers(24, 60, (count, 2))
    scores = 0.2 + 0.79 * rng.permutation(count) / max(count - 1, 1)
    return np.concatenate([corner, corner + side], axis=1).astype(np.float32), scores.round(4).astype(np.float32)


def best_first(scores: Array) -> Array:
    """Rows, highest score first; of equal scores the earlier."""
    return np.argsort(-scores, kind="stable")


def worst_first(scores: Array) -> Array:
    """Rows, lowest score first; of equal scores the earlier."""
    return np.argsort(scores, kind="stable")


def as_given(scores: Array) -> Array:
    """Rows as they come."""
    return np.arange(len(scores))


# --- overlaps, right and wrong


def or_zero(shared: Array, whole: Array) -> Array:
    """`shared` over `whole`, 0 where there is nothing to divide by."""
    return np.divide(shared, whole, out=np.zeros(np.shape(shared)), where=np.greater(whole, 0))


def shared_area(width: Array, height: Array) -> Array:
    """The area that two boxes share, from its sides, which are below 0 where the boxes lie apart."""
    return np.maximum(width, 0) * np.maximum(height, 0)


def overlaps(
    box: Array,
    boxes: Array,
    over: str = "union",
    together: Callable[[Array, Array], Array] = shared_area,
    more_shared: float = 0,
    more_area: float = 0,
    divide: Callable[[Array, Array], Array] = or_zero,
) -> Array:
    """IoU of one box with each of several, (N,); with other arguments than the first two, a wrong one.

    Parameters
    ----------
    box : array (4,)
        The box.
    boxes : array (N, 4)
        The others.
    over : str
        What the shared area is divided by: "union", "sum" of the areas, "first" or "second" area, "smaller" or
        "larger" one, "nothing", the union where the shared area is taken off "twice", or the union and "1 more".
    together : callable
        Makes the shared area of its width and its height.
    more_shared, more_area : float
        Added to each side of the shared part; to each side of a box.
    divide : callable
        Divides the shared area by the other.
    """
    width, height = (np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2]) + more_shared).T
    shared, mine, theirs = together(width, height), area(box, more_area), area(boxes, more_area)
    both = mine + theirs
    divisors = {"union": both - shared, "sum": both, "twice": both - 2 * shared, "1 more": both - shared + 1,
                "first": mine + 0 * theirs, "second": theirs + 0 * mine, "nothing": 1 + 0 * both,
                "smaller": np.minimum(mine, theirs), "larger": np.maximum(mine, theirs)}  # fmt: skip
    return divide(shared, divisors[over])


def of_wrong_overlaps(right: Function) -> Hints:
    """The hints for overlaps gone wrong in `right(boxes, scores, ..., overlap=overlaps)`, an NMS."""
    wrong = {
        "That is intersection over the smaller box. IoU divides by the union: area + area - what both share.": [
            partial(overlaps, over="smaller")
        ],
        "The shared area was divided by the area of one box. IoU divides by the union: "
        "area + area - what both share.": [partial(overlaps, over=which) for which in ("first", "second", "larger")],
        "The shared part was counted twice: union = area + area - what both share.": [partial(overlaps, over="sum")],
        "That is the old + 1 in the areas: it is for boxes that include their last pixel. Here width = x2 - x1.": [
            partial(overlaps, more_shared=1, more_area=1)
        ],
        "Boxes that lie apart seem to overlap: x and y both came out negative, and their product is positive. "
        "Cut the sides of the shared part off at 0.": [partial(overlaps, together=np.multiply, divide=np.divide)],
        slips.FROM_SIZE: slips.before_all(overlaps, slips.from_size),
    }
    return {hint: slips.but(right, overlap=list(functions)) for hint, functions in wrong.items()}
