"""The judge of `iou_matrix`, the overlaps of all pairs (chapter 00)."""

from typing import Any

import numpy as np

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.course.checks.iou import JUDGE as ONE_ROW
from mtcnn_lite.course.checks.judge import Case, Function, Judge, Verdict, drawing
from mtcnn_lite.course.checks.judge.boxes import table
from mtcnn_lite.course.checks.judge.slips import Hints
from mtcnn_lite.course.checks.judge.text import Array


def iou_matrix(fn: Function) -> Verdict:
    """Judges `fn(boxes (N, 4), others (M, 4)) -> (N, M)`: the IoU of each of `boxes` with each of `others`.

    Boxes are x1, y1, x2, y2, half-open. Where a union is empty the answer is 0. N and M may be 0. The inputs must stay
    as they are.

    >>> from mtcnn_lite import boxes as boxes_
    >>> bool(iou_matrix(boxes_.iou))
    True
    """
    return JUDGE.verdict(fn)


def _rows(row: Function) -> Function:
    """A function of one box and many, called for each of `boxes`."""

    def pairs(boxes: Array, others: Array) -> Array:
        return np.reshape([row(box, others) for box in boxes], (len(boxes), len(others)))

    return pairs


def _pairs_in_order(boxes: Array, others: Array) -> Array:
    """As if row i of `boxes` met row i of `others` alone."""
    count = min(len(boxes), len(others))
    return boxes_.iou(boxes[:count], others[:count]).diagonal()


def _summed(boxes: Array, others: Array) -> Array:
    """The right shared part, and a union whose areas meet along the wrong axis: only where N is M does it run."""
    shared = boxes_.intersection(boxes, others)
    union = boxes_.area(boxes)[None] + boxes_.area(others)[:, None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


_HINTS: Hints = {
    "The answer is turned on its side: (M, N). Row i belongs to boxes[i], so the axis of `boxes` comes first: "
    "boxes[:, None] is (N, 1, 4).": lambda boxes, others: boxes_.iou(others, boxes),
    "Only pairs of equal number were compared. Each of `boxes` meets each of `others`: boxes[:, None] is (N, 1, 4) and "
    "others[None] is (1, M, 4).": (
        _pairs_in_order,
        lambda boxes, others: boxes_.iou(boxes, others) * np.eye(len(boxes), len(others)),
    ),
    "`boxes` were compared with themselves: `others` is not used.": lambda boxes, others: boxes_.iou(boxes, boxes),
    "`others` were compared with themselves: `boxes` is not used.": lambda boxes, others: boxes_.iou(others, others),
    "Only the first of `boxes` is looked at. The answer has a row for each.": (
        lambda boxes, others: boxes_.iou(boxes[:1], others),
        lambda boxes, others: boxes_.iou(boxes[:1], others)[0],
    ),
    "The areas meet along the wrong axis: those of `boxes` belong to the rows, area[:, None], those of `others` to the "
    "columns.": _summed,
    "The answer is one long row. It has a row for each of `boxes`: shape (N, M).": lambda boxes, others: boxes_.iou(
        boxes, others
    ).ravel(),
    "You returned the best overlap of each of `boxes`. The answer is all of them.": lambda boxes, others: boxes_.iou(
        boxes, others
    ).max(axis=1, initial=0),
    **{
        mistake.hint: tuple(_rows(fn) for fn in mistake.functions)
        for mistake in ONE_ROW.mistakes
        if "`" not in mistake.hint and "N overlaps" not in mistake.hint
    },
}


def _random(n: int, m: int) -> tuple[Array, Array]:
    """Boxes with quarters of a pixel, many of which meet."""
    rng = np.random.default_rng(n)
    corners, sides = rng.integers(0, 300, (n + m, 2)) / 4, rng.integers(40, 300, (n + m, 2)) / 4
    boxes = np.concatenate([corners, corners + sides], axis=1).astype(np.float32)
    return boxes[:n], boxes[n:]


_SHAPE = (
    "boxes is (N, 4) and others (M, 4). boxes[:, None, 0] is every x1 as a column, (N, 1); others[None, :, 0] a row."
)
_NONE = "Here there is no box on one side: the answer has shape (0, M) or (N, 0), np.zeros((len(boxes), len(others)))."
_EMPTY = "Here a union is empty, and the answer is 0 by definition. Divide only where union > 0."

_CASES = (
    Case("one box and one other", (table([0, 0, 4, 4]), table([2, 0, 6, 4])), _SHAPE),
    Case("two and two: four answers",
         (table([0, 0, 4, 4], [0, 0, 8, 4]), table([2, 0, 6, 6], [1, 1, 5, 3])), _SHAPE),
    Case("one box and two others", (table([0, 0, 4, 4]), table([2, 0, 6, 4], [0, 0, 4, 4])), _SHAPE),
    Case("two boxes and one other", (table([0, 0, 4, 4], [0, 0, 8, 4]), table([2, 0, 6, 6])), _SHAPE),
    Case("one inside the other", (table([0, 0, 10, 10]), table([2, 2, 7, 6])), _SHAPE),
    Case("apart in x and y", (table([0, 0, 4, 4]), table([7, 6, 12, 10])), _SHAPE),
    Case("apart in x only, and in y only", (table([0, 0, 4, 4]), table([7, 1, 12, 5], [1, 7, 5, 12])), _SHAPE),
    Case("fractions of a pixel", (table([0.5, 0.25, 4.5, 3.25]), table([1.75, 0.5, 5.25, 4.5])), _SHAPE),
    Case("boxes without area", (table([5, 2, 5, 8], [0, 0, 9, 9]), table([5, 2, 5, 8], [5, 5, 5, 5])), _EMPTY),
    Case("none of the one", (table(), table([0, 0, 4, 4])), _NONE),
    Case("none of the other", (table([0, 0, 4, 4]), table()), _NONE),
    Case("three and five random boxes", _random(3, 5)),
    Case("forty and thirty", _random(40, 30)),
)  # fmt: skip


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The first of `boxes` whose row differs, and all others."""
    boxes, others = inputs
    one = boxes[slice(None, 1) if row is None else slice(row, row + 1)]
    layers = [drawing.layer(drawing.INPUT, others), drawing.layer(drawing.EXPECTED, one)]
    return drawing.picture([drawing.plane(layers, f"blue: boxes[{row or 0}]; dotted: others")], [])


JUDGE = Judge("iou_matrix", ("boxes", "others"), boxes_.iou, _CASES, _HINTS, _draw, tolerance=1e-5)
