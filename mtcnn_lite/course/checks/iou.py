"""The judge of `iou`: how much of two boxes is the same."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.course.checks.judge import Array, Case, Function, Functions, Hints, Judge, Verdict, drawing, slips
from mtcnn_lite.course.checks.judge.boxes import area, one, or_zero, overlaps, table


def iou(fn: Function) -> Verdict:
    """Judges `fn(box (4,), boxes (N, 4)) -> (N,)`: the intersection of `box` with each of `boxes`, over their union.

    Boxes are x1, y1, x2, y2, half-open: width = x2 - x1. Where the union is empty the answer is 0. N may be 0: shape
    (0,), or an empty list. The inputs must stay as they are.

    >>> from mtcnn_lite import boxes as boxes_
    >>> bool(iou(lambda box, boxes: boxes_.iou([box], boxes)[0]))
    True
    """
    return JUDGE.verdict(fn)


def _right(box: Array, boxes: Array) -> Array:
    return boxes_.iou(box[None], boxes)[0]


def _unless_zero(shared: Array, whole: Array) -> Array:
    return np.divide(shared, whole, out=np.zeros(shared.shape), where=whole != 0)


def _or_one(shared: Array, whole: Array) -> Array:
    return np.where(whole > 0, or_zero(shared, whole), 1)


_shared_area = partial(overlaps, over="nothing")
# To divide: whoever makes another mistake may also have forgotten the empty union.
_WAYS = [or_zero, _unless_zero, np.divide]


def _but(**changed: Any) -> Functions:
    """Wrong overlaps, by each of the ways to divide."""
    return slips.but(overlaps, **{"divide": _WAYS, **changed})


def _hull_area(box: Array, boxes: Array) -> Array:
    """Area of the smallest box around both, (N,)."""
    return area(np.concatenate([np.minimum(box, boxes)[:, :2], np.maximum(box, boxes)[:, 2:]], axis=1))


def _hull_for_shared(box: Array, boxes: Array, divide: Any) -> Array:
    hull = _hull_area(box, boxes)
    return divide(hull, area(box) + area(boxes) - hull)


def _generalised(box: Array, boxes: Array) -> Array:
    hull = _hull_area(box, boxes)
    union = area(box) + area(boxes) - _shared_area(box, boxes)
    return _right(box, boxes) - or_zero(hull - union, hull)


def _last_two_as_sides(box: Array, boxes: Array) -> Array:
    """The shared part is right, but the last two of the four are taken for width and height in the areas."""
    shared = _shared_area(box, boxes)
    return or_zero(shared, box[2] * box[3] + boxes[:, 2] * boxes[:, 3] - shared)


_clip = slips.at_least_0
_after = partial(slips.after, _right)
_before = partial(slips.before, _right)
_HINTS: Hints = {
    "That is the old + 1: it is for boxes that include their last pixel. Here width = x2 - x1, also of the shared "
    "part.": (
        *_but(more_shared=1, more_area=[0, 1]),
        *_but(more_area=1),
        *_but(together=np.multiply, more_shared=1, more_area=1),
    ),
    "Sides below 0 were not clipped: boxes that are apart have a shared width or height below 0, and two such sides "
    "multiply to a positive area. Clip each at 0 first.": _but(
        together=[
            np.multiply,
            lambda w, h: _clip(w * h),
            lambda w, h: _clip(w) * h,
            lambda w, h: w * _clip(h),
            lambda w, h: np.where((w < 0) & (h < 0), 0, w * h),
        ]
    ),
    "You took the absolute value of a side below 0. Below 0 means apart: the shared side is 0 there.": _but(
        together=lambda w, h: np.abs(w * h)
    ),
    "x and y are swapped in one of the two: the order is x1, y1, x2, y2 in `box` and in every row of `boxes`.": _before(
        box=slips.swap_xy
    )
    + _before(boxes=slips.swap_xy),
    "The four were read in the order x1, x2, y1, y2. Their order is x1, y1, x2, y2.": slips.before_all(
        _right, slips.x_then_y
    ),
    "The union counts the shared part twice: it is in both areas. Subtract the intersection once.": _but(over="sum"),
    "The union came out too small: subtract the intersection once, not twice.": _but(over="twice"),
    "You divided by the area of `box` alone. Divide by the union: both areas less the shared one.": _but(over="first"),
    "You divided by the area of each of `boxes` alone. Divide by the union: both areas less the shared one.": _but(
        over="second"
    ),
    "That is the intersection over the smaller box, iom. Divide by the union: both areas less the shared one.": _but(
        over="smaller"
    ),
    "You divided by the larger box. Divide by the union: both areas less the shared one.": _but(over="larger"),
    "You divided by the box around both, which also holds what neither covers. Divide by the union of the two.": (
        lambda box, boxes: or_zero(_shared_area(box, boxes), _hull_area(box, boxes)),
    ),
    "That is twice the intersection over the sum of the areas (Dice, or F1). IoU divides the "
    "intersection by the union.": _but(together=lambda w, h: 2 * _clip(w) * _clip(h), over="sum"),
    "max and min have changed places: that is the box around both. The shared part begins at the larger of the two "
    "x1 and ends at the smaller of the two x2.": slips.but(_hull_for_shared, divide=_WAYS),
    "Here the union is empty, and 0 was divided by 0. The answer is 0 by definition: "
    "divide only where union > 0.": _but(divide=np.divide),
    "Two empty boxes have nothing in common: where the union is empty the answer is 0, not 1.": _but(divide=_or_one),
    "1 was added to the union, against dividing by 0. That makes every IoU too small: "
    "divide only where union > 0.": _but(over="1 more"),
    "Only the first of `boxes` is looked at. There are N: use whole columns, boxes[:, 0], or loop over the "
    "rows.": _after(*slips.FIRST, lambda answer: np.where(np.arange(len(answer)) == 0, answer, 0)),
    slips.FROM_SIZE: (
        *slips.before_all(_right, slips.from_size),
        *_before(boxes=slips.from_size),
        *_before(box=slips.from_size),
        _last_two_as_sides,
    ),
    "This is the shared area, in square pixels. Divide it by the union.": _shared_area,
    "This is 1 - IoU, a distance: 0 for the same box. IoU is 1 there.": _after(lambda answer: 1 - answer),
    "You divided the union by the intersection: it is the other way round.": _after(
        lambda answer: or_zero(np.ones(len(answer)), answer), np.reciprocal
    ),
    "Only one axis was looked at. The shared area is its width times its height.": _but(
        together=[lambda w, h: _clip(w), lambda w, h: _clip(h)]
    ),
    "The sides of the shared part were added. An area is width times height.": _but(
        together=lambda w, h: _clip(w) + _clip(h)
    ),
    "You rounded to whole pixels. Boxes have fractions of a pixel, "
    "and whatever is rounded here is lost.": slips.before_all(_right, *slips.ROUNDINGS[:4]),
    "The division gave whole numbers: // rounds down. Divide with /.": _after(np.floor),
    "You rounded the answer. Nothing asks for that, and a threshold would feel it.": _after(*slips.digits(0, 1, 2)),
    "This is the generalised IoU, which goes below 0 for boxes that are apart. "
    "Leave its second term away.": _generalised,
    "You returned the best of the N overlaps. The answer is all of them, one for each row of `boxes`.": _after(
        lambda answer: answer.max(initial=0)
    ),
    "You compared all boxes with all others: (N, N). The answer is one number for each row of `boxes`: (N,).": (
        lambda box, boxes: boxes_.iou(boxes, boxes),
    ),
    "You sorted the answer. It stays in the order of `boxes`.": _after(*slips.SORTED),
}


def _random(count: int) -> tuple[Array, Array]:
    """A box of 60 x 50 px and `count` others, with quarters of a pixel: most meet it, some lie apart from it."""
    rng = np.random.default_rng(count)
    corner, side = rng.integers(0, 400, (count, 2)) / 4, rng.integers(40, 300, (count, 2)) / 4
    return one(30, 25, 90, 75), np.concatenate([corner, corner + side], axis=1).astype(np.float32)


_SHAPE = (
    "box has shape (4,): x1, y1, x2, y2 = box unpacks it. boxes has shape (1, 4), a row for each box: boxes[:, 0] is "
    "every x1, and boxes.T unpacks into four."
)
_MORE = "It works for one box and stops at more. Work on whole columns, boxes[:, 0], or loop over the rows."
_NONE = "Here N is 0: there is no box to compare with. The answer is an empty array of shape (0,), np.zeros(0)."
_EMPTY = "Here both boxes are empty: the union is 0, and the answer is 0 by definition. Divide only where union > 0."

_BOX = one(10, 10, 30, 20)
_CASES = (
    Case("two squares, one shifted by half its width", (one(0, 0, 4, 4), table([2, 0, 6, 4])), _SHAPE),
    Case("the same box twice", (_BOX, table([10, 10, 30, 20])), _SHAPE),
    Case("one box inside the other", (one(0, 0, 10, 10), table([2, 2, 7, 6])), _SHAPE),
    Case("the other way round: a small box inside a large one", (one(2, 2, 7, 6), table([0, 0, 10, 10])), _SHAPE),
    Case("shifted in y, wider than high", (_BOX, table([10, 12, 30, 22])), _SHAPE),
    Case("shifted in x and y", (_BOX, table([15, 12, 40, 28])), _SHAPE),
    Case("fractions of a pixel", (one(0.5, 0.25, 4.5, 3.25), table([1.75, 0.5, 5.25, 4.5])), _SHAPE),
    Case("a corner beyond 0, outside the photo", (one(-6, -4, 6, 8), table([0, 0, 10, 10])), _SHAPE),
    Case("two boxes that touch", (one(0, 0, 4, 4), table([4, 0, 8, 4])), _SHAPE),
    Case("apart in x, side by side", (one(0, 0, 4, 4), table([7, 1, 12, 5])), _SHAPE),
    Case("apart in y, one above the other", (one(0, 0, 4, 4), table([1, 7, 5, 12])), _SHAPE),
    Case("apart in x and y", (one(0, 0, 4, 4), table([7, 6, 12, 10])), _SHAPE),
    Case("a box without width, inside the other", (one(0, 0, 10, 10), table([5, 2, 5, 8])), _SHAPE),
    Case("two boxes without area, at the same place", (one(5, 2, 5, 8), table([5, 2, 5, 8])), _EMPTY),
    Case("three boxes", (_BOX, table([15, 10, 35, 20], [10, 10, 30, 20], [60, 60, 80, 70])), _MORE),
    Case("three boxes, an empty box among them", (one(5, 5, 5, 5), table([0, 0, 9, 9], [5, 5, 5, 5], [5, 5, 8, 8]))),
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


JUDGE = Judge("iou", ("box", "boxes"), _right, _CASES, _HINTS, _draw, tolerance=1e-5)
