"""What the judges of functions on boxes share: tables of boxes, hints, a drawing, and overlaps."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import drawing
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
