"""What the judges of functions on tables of boxes share: the tables, hints, overlaps right and wrong, a drawing."""

from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import drawing
from mtcnn_lite.course.checks.judge.text import Array

SHAPE = (
    "boxes has shape (1, 4): a row for each box. Its columns are boxes[:, 0] to boxes[:, 3]; boxes.T unpacks into four."
)
MORE = "It works for one box and stops at two. Work on whole columns, boxes[:, 0], or loop over the rows."


def table(*rows: list[float]) -> Array:
    """Rows of four numbers as float32 (N, 4); N may be 0."""
    return np.array(rows, dtype=np.float32).reshape(-1, 4)


def draw_moved(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """`Judge.draw` for (N, 4) to (N, 4): the first box that differs, as it came, as it should be, as it is."""
    rows = slice(None) if row is None else slice(row, row + 1)
    layers = [
        drawing.layer(drawing.INPUT, inputs[0][rows]),
        drawing.layer(drawing.EXPECTED, expected[rows]),
        drawing.layer(drawing.GOT, None if got is None else got[rows]),
    ]
    which = "boxes" if row is None or len(expected) == 1 else f"row {row}"
    return drawing.picture([drawing.plane(layers, f"{which}, px of the photo")], layers)


# --- boxes with scores

ONE = "Here N is 1: boxes has shape (1, 4), scores has shape (1,)."
NO_BOXES = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)  # and no scores

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


# --- overlaps, right and wrong


def overlaps(box: Array, boxes: Array, over: str = "union", plus: float = 0, clip: bool = True) -> Array:
    """IoU of one box (4,) with each of `boxes` (N, 4); another divisor, + 1 in sides, negative sides: wrong ones."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2]) + plus  # (N, 2)
    shared = np.prod(np.maximum(sides, 0) if clip else sides, axis=1)
    mine, theirs = np.prod(box[2:] - box[:2] + plus), np.prod(boxes[:, 2:] - boxes[:, :2] + plus, axis=1)
    divisors = {"union": mine + theirs - shared, "sum": mine + theirs, "first": mine, "second": theirs, "nothing": 1,
                "smaller": np.minimum(mine, theirs), "larger": np.maximum(mine, theirs)}  # fmt: skip
    return shared / divisors[over]


def _sides_for_corners(box: Array, boxes: Array) -> Array:
    """IoU of boxes whose last two numbers are taken for width and height."""
    return overlaps(np.tile(box[:2], 2) + [0, 0, *box[2:]], np.tile(boxes[:, :2], 2) + boxes * [0, 0, 1, 1])


WRONG_OVERLAPS = (
    (
        "That is intersection over the smaller box. IoU divides by the union: area + area - what both share.",
        partial(overlaps, over="smaller"),
    ),
    (
        "The shared area was divided by the area of one box. IoU divides by the union: area + area - what both share.",
        partial(overlaps, over="first"),
        partial(overlaps, over="second"),
        partial(overlaps, over="larger"),
    ),
    (
        "The shared part was counted twice: union = area + area - what both share.",
        partial(overlaps, over="sum"),
    ),
    (
        "That is the old + 1 in the areas: it is for boxes that include their last pixel. Here width = x2 - x1.",
        partial(overlaps, plus=1),
    ),
    (
        "Boxes that lie apart seem to overlap: x and y both came out negative, and their product is positive. "
        "Cut the sides of the shared part off at 0.",
        partial(overlaps, clip=False),
    ),
    (
        "The boxes were read as x, y, width, height. They are two corners: x1, y1, x2, y2.",
        _sides_for_corners,
    ),
)
