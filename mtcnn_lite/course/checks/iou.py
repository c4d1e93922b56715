"""The judge of `iou`: how much of two boxes is the same."""

from dataclasses import replace
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.iou_mistakes import HINTS
from mtcnn_lite.course.checks.iou_ways import reference
from mtcnn_lite.course.checks.judge import Array, Case, Function, Judge, Verdict, drawing
from mtcnn_lite.course.checks.judge.boxes import table


def iou(fn: Function) -> Verdict:
    """Judges `fn(box (4,), boxes (N, 4)) -> (N,)`: the intersection of `box` with each of `boxes`, over their union.

    Boxes are x1, y1, x2, y2, half-open: width = x2 - x1. Where the union is empty the answer is 0. N may be 0: shape
    (0,), or an empty list. The inputs must stay as they are.

    >>> from mtcnn_lite import boxes as boxes_
    >>> bool(iou(lambda box, boxes: boxes_.iou([box], boxes)[0]))
    True
    """
    return JUDGE.verdict(fn)


def _box(*corners: float) -> Array:
    return np.array(corners, dtype=np.float32)


def _random(count: int) -> tuple[Array, Array]:
    """A box of 60 x 50 px and `count` others, with quarters of a pixel: most meet it, some lie apart from it."""
    rng = np.random.default_rng(count)
    corner, side = rng.integers(0, 400, (count, 2)) / 4, rng.integers(40, 300, (count, 2)) / 4
    return _box(30, 25, 90, 75), np.concatenate([corner, corner + side], axis=1).astype(np.float32)


_SHAPE = (
    "box has shape (4,): x1, y1, x2, y2 = box unpacks it. boxes has shape (1, 4), a row for each box: boxes[:, 0] is "
    "every x1, and boxes.T unpacks into four."
)
_MORE = "It works for one box and stops at more. Work on whole columns, boxes[:, 0], or loop over the rows."
_NONE = "Here N is 0: there is no box to compare with. The answer is an empty array of shape (0,), np.zeros(0)."
_EMPTY = "Here both boxes are empty: the union is 0, and the answer is 0 by definition. Divide only where union > 0."

_BOX = _box(10, 10, 30, 20)
_CASES = (
    Case("two squares, one shifted by half its width", (_box(0, 0, 4, 4), table([2, 0, 6, 4])), _SHAPE),
    Case("the same box twice", (_BOX, table([10, 10, 30, 20])), _SHAPE),
    Case("one box inside the other", (_box(0, 0, 10, 10), table([2, 2, 7, 6])), _SHAPE),
    Case("the other way round: a small box inside a large one", (_box(2, 2, 7, 6), table([0, 0, 10, 10])), _SHAPE),
    Case("shifted in y, wider than high", (_BOX, table([10, 12, 30, 22])), _SHAPE),
    Case("shifted in x and y", (_BOX, table([15, 12, 40, 28])), _SHAPE),
    Case("fractions of a pixel", (_box(0.5, 0.25, 4.5, 3.25), table([1.75, 0.5, 5.25, 4.5])), _SHAPE),
    Case("a corner beyond 0, outside the photo", (_box(-6, -4, 6, 8), table([0, 0, 10, 10])), _SHAPE),
    Case("two boxes that touch", (_box(0, 0, 4, 4), table([4, 0, 8, 4])), _SHAPE),
    Case("apart in x, side by side", (_box(0, 0, 4, 4), table([7, 1, 12, 5])), _SHAPE),
    Case("apart in y, one above the other", (_box(0, 0, 4, 4), table([1, 7, 5, 12])), _SHAPE),
    Case("apart in x and y", (_box(0, 0, 4, 4), table([7, 6, 12, 10])), _SHAPE),
    Case("a box without width, inside the other", (_box(0, 0, 10, 10), table([5, 2, 5, 8])), _SHAPE),
    Case("two boxes without area, at the same place", (_box(5, 2, 5, 8), table([5, 2, 5, 8])), _EMPTY),
    Case("three boxes", (_BOX, table([15, 10, 35, 20], [10, 10, 30, 20], [60, 60, 80, 70])), _MORE),
    Case("three boxes, an empty box among them", (_box(5, 5, 5, 5), table([0, 0, 9, 9], [5, 5, 5, 5], [5, 5, 8, 8]))),
    Case("no box to compare with", (_BOX, table()), _NONE),
    Case("five random boxes", _random(5)),
    Case("a hundred random boxes", _random(100)),
)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """`box` and the first of `boxes` whose overlap differs, and what they share."""
    box, boxes = inputs
    other = boxes[slice(None, 1) if row is None else slice(row, row + 1)]
    both = np.concatenate([np.maximum(box, other)[:, :2], np.minimum(box, other)[:, 2:]], axis=1)
    both = both[(both[:, 2:] > both[:, :2]).all(axis=1)]
    layers = [drawing.layer(drawing.INPUT, np.vstack([box, other])), drawing.layer(drawing.EXPECTED, both)]
    dotted = f"box and boxes[{row or 0}]" if len(other) else "box"
    panel = drawing.plane(layers, f"dotted: {dotted}" + ("; blue: what they share" if len(both) else ""))
    wide_enough = replace(panel, width=max(panel.width, 6.2 * len(panel.caption)))  # a box may be a mere line
    return drawing.picture([wide_enough], [])


JUDGE = Judge(
    name="iou",
    arguments=("box", "boxes"),
    reference=reference,
    cases=_CASES,
    hints=HINTS,
    draw=_draw,
    tolerance=1e-5,
)
