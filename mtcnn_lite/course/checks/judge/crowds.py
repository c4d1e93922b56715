"""What the judges of NMS share: boxes with scores, orders to take them in, and hints for overlaps gone wrong."""

from functools import partial

import numpy as np

from mtcnn_lite.course.checks.judge import slips
from mtcnn_lite.course.checks.judge.boxes import overlaps, table
from mtcnn_lite.course.checks.judge.slips import Function, Hints
from mtcnn_lite.course.checks.judge.text import Array

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


worst_first = partial(np.argsort, kind="stable")  # rows, lowest score first; of equal scores the earlier


def best_first(scores: Array) -> Array:
    """Rows, highest score first; of equal scores the earlier."""
    return np.argsort(-scores, kind="stable")


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
