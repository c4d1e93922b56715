"""The judge of `iou`: how much of two boxes is the same."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.checks import drawing
from mtcnn_lite.checks.engine import Case, Function, Judge, Mistake
from mtcnn_lite.checks.tables import table
from mtcnn_lite.checks.verdict import Verdict
from mtcnn_lite.checks.words import Array


def iou(fn: Function) -> Verdict:
    """Judges `fn(box (4,), boxes (N, 4)) -> (N,)`: the intersection of `box` with each of `boxes`, over their union.

    Boxes are x1, y1, x2, y2, half-open: width = x2 - x1. Where the union is empty the answer is 0. N may be 0: shape
    (0,), or an empty list. The inputs must stay as they are.

    >>> bool(iou(lambda box, boxes: boxes_.iou([box], boxes)[0]))
    True
    """
    return _JUDGE.verdict(fn)


def _reference(box: Array, boxes: Array) -> Array:
    return boxes_.iou(box[None], boxes)[0]


def _clip(lengths: Array) -> Array:
    return np.maximum(lengths, 0)


def _sides(box: Array, boxes: Array) -> tuple[Array, Array]:
    """Width and height of what is shared, (N,) each; below 0 where the boxes are apart."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])  # (N, 2)
    return sides[:, 0], sides[:, 1]


def _areas(box: Array, boxes: Array, more: int = 0) -> tuple[Array, Array]:
    """Area of `box` and of each of `boxes`, (1,) and (N,)."""
    return _area(box[None], more), _area(boxes, more)


def _area(boxes: Array, more: int = 0) -> Array:
    return (boxes[:, 2] - boxes[:, 0] + more) * (boxes[:, 3] - boxes[:, 1] + more)


def _over(shared: Array, whole: Array) -> Array:
    """Divided, 0 where there is nothing to divide by."""
    whole = np.broadcast_to(whole, shared.shape)
    return np.divide(shared, whole, out=np.zeros(shared.shape), where=whole > 0)


def _unless_zero(shared: Array, whole: Array) -> Array:
    whole = np.broadcast_to(whole, shared.shape)
    return np.divide(shared, whole, out=np.zeros(shared.shape), where=whole != 0)


def _nan(shared: Array, whole: Array) -> Array:
    return np.divide(shared, whole)


def _one(shared: Array, whole: Array) -> Array:
    return np.where(np.broadcast_to(whole, shared.shape) > 0, _over(shared, whole), 1)


_WAYS = (_over, _unless_zero, _nan)  # to divide: whoever makes another mistake may also have forgotten the empty union


def _but(
    together: Any = lambda width, height: _clip(width) * _clip(height),
    whole: Any = lambda one, each, shared: one + each - shared,
    more_shared: int = 0,
    more_area: int = 0,
    ways: tuple[Any, ...] = _WAYS,
) -> tuple[Function, ...]:
    """The right function, but for how the sides make the shared area, what it is divided by, and the + 1; one for each
    of the `ways` to divide."""

    def wrong(box: Array, boxes: Array, divide: Any) -> Array:
        width, height = _sides(box, boxes)
        shared = together(width + more_shared, height + more_shared)
        return divide(shared, whole(*_areas(box, boxes, more_area), shared))

    return tuple(partial(wrong, divide=way) for way in ways)


def _before(of_box: Any = lambda box: box, of_boxes: Any = lambda boxes: boxes) -> Function:
    """The right function of other boxes."""
    return lambda box, boxes: _reference(of_box(box), of_boxes(boxes))


def _after(change: Any) -> Function:
    """The right answer, and then something more."""
    return lambda box, boxes: change(_reference(box, boxes))


def _corners(boxes: Array) -> Array:
    """x, y, width, height, read as that, as two corners."""
    return np.concatenate([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], axis=-1)


def _shared(box: Array, boxes: Array) -> Array:
    width, height = _sides(box, boxes)
    return _clip(width) * _clip(height)


def _last_two_as_sides(box: Array, boxes: Array) -> Array:
    """The shared part is right, but the last two of the four are taken for width and height in the areas."""
    shared = _shared(box, boxes)
    return _over(shared, box[2] * box[3] + boxes[:, 2] * boxes[:, 3] - shared)


def _hull(box: Array, boxes: Array) -> Array:
    """Area of the smallest box around both, (N,)."""
    sides = np.maximum(box[2:], boxes[:, 2:]) - np.minimum(box[:2], boxes[:, :2])
    return sides[:, 0] * sides[:, 1]


def _hull_for_shared(box: Array, boxes: Array, divide: Any) -> Array:
    shared = _hull(box, boxes)
    one, each = _areas(box, boxes)
    return divide(shared, one + each - shared)


def _generalised(box: Array, boxes: Array) -> Array:
    one, each = _areas(box, boxes)
    union, hull = one + each - _shared(box, boxes), _hull(box, boxes)
    return _reference(box, boxes) - _over(hull - union, hull)


def _first_only(box: Array, boxes: Array) -> Array:
    return np.where(np.arange(len(boxes)) == 0, _reference(box, boxes), 0)


_SWAP = [1, 0, 3, 2]

_MISTAKES = (
    Mistake(
        "That is the old + 1: it is for boxes that include their last pixel. Here width = x2 - x1, also of the shared "
        "part.",
        (
            *_but(more_shared=1, more_area=1),
            *_but(more_shared=1),
            *_but(more_area=1),
            *_but(lambda w, h: w * h, more_shared=1, more_area=1),
        ),
    ),
    Mistake(
        "Sides below 0 were not clipped: boxes that are apart have a shared width or height below 0, and two such "
        "sides multiply to a positive area. Clip each at 0 first.",
        (
            *_but(lambda w, h: w * h),
            *_but(lambda w, h: _clip(w * h)),
            *_but(lambda w, h: _clip(w) * h),
            *_but(lambda w, h: w * _clip(h)),
            *_but(lambda w, h: np.where((w < 0) & (h < 0), 0, w * h)),
        ),
    ),
    Mistake(
        "You took the absolute value of a side below 0. Below 0 means apart: the shared side is 0 there.",
        (*_but(lambda w, h: np.abs(w) * np.abs(h)), *_but(lambda w, h: np.abs(w * h))),
    ),
    Mistake(
        "x and y are swapped in one of the two: the order is x1, y1, x2, y2 in `box` and in every row of `boxes`.",
        (_before(of_box=lambda box: box[_SWAP]), _before(of_boxes=lambda boxes: boxes[:, _SWAP])),
    ),
    Mistake(
        "The four were read in the order x1, x2, y1, y2. Their order is x1, y1, x2, y2.",
        (_before(lambda box: box[[0, 2, 1, 3]], lambda boxes: boxes[:, [0, 2, 1, 3]]),),
    ),
    Mistake(
        "The union counts the shared part twice: it is in both areas. Subtract the intersection once.",
        _but(whole=lambda one, each, shared: one + each),
    ),
    Mistake(
        "The union came out too small: subtract the intersection once, not twice.",
        _but(whole=lambda one, each, shared: one + each - 2 * shared),
    ),
    Mistake(
        "You divided by the area of `box` alone. Divide by the union: both areas less the shared one.",
        _but(whole=lambda one, each, shared: one + 0 * each),
    ),
    Mistake(
        "You divided by the area of each of `boxes` alone. Divide by the union: both areas less the shared one.",
        _but(whole=lambda one, each, shared: each + 0 * one),
    ),
    Mistake(
        "That is the intersection over the smaller box, iom. Divide by the union: both areas less the shared one.",
        _but(whole=lambda one, each, shared: np.minimum(one, each)),
    ),
    Mistake(
        "You divided by the larger box. Divide by the union: both areas less the shared one.",
        _but(whole=lambda one, each, shared: np.maximum(one, each)),
    ),
    Mistake(
        "You divided by the box around both, which also holds what neither covers. Divide by the union of the two.",
        (lambda box, boxes: _over(_shared(box, boxes), _hull(box, boxes)),),
    ),
    Mistake(
        "That is twice the intersection over the sum of the areas (Dice, or F1). IoU divides the intersection by the "
        "union.",
        _but(lambda w, h: 2 * _clip(w) * _clip(h), whole=lambda one, each, shared: one + each),
    ),
    Mistake(
        "max and min have changed places: that is the box around both. The shared part begins at the larger of the two "
        "x1 and ends at the smaller of the two x2.",
        tuple(partial(_hull_for_shared, divide=way) for way in _WAYS),
    ),
    Mistake(
        "Here the union is empty, and 0 was divided by 0. The answer is 0 by definition: divide only where union > 0.",
        _but(ways=(_nan,)),
    ),
    Mistake(
        "Two empty boxes have nothing in common: where the union is empty the answer is 0, not 1.",
        _but(ways=(_one,)),
    ),
    Mistake(
        "1 was added to the union, against dividing by 0. That makes every IoU too small: divide only where union > 0.",
        _but(whole=lambda one, each, shared: one + each - shared + 1),
    ),
    Mistake(
        "Only the first of `boxes` is looked at. There are N: use whole columns, boxes[:, 0], or loop over the rows.",
        (_after(lambda answer: answer[:1]), _after(lambda answer: answer[0]), _first_only),
    ),
    Mistake(
        "The boxes were read as x, y, width, height. They are two corners: x1, y1, x2, y2.",
        (_before(_corners, _corners), _before(of_boxes=_corners), _before(of_box=_corners), _last_two_as_sides),
    ),
    Mistake(
        "This is the shared area, in square pixels. Divide it by the union.",
        (_shared,),
    ),
    Mistake(
        "This is 1 - IoU, a distance: 0 for the same box. IoU is 1 there.",
        (_after(lambda answer: 1 - answer),),
    ),
    Mistake(
        "You divided the union by the intersection: it is the other way round.",
        (
            lambda box, boxes: _over(np.ones(len(boxes)), _reference(box, boxes)),
            lambda box, boxes: np.divide(1, _reference(box, boxes)),
        ),
    ),
    Mistake(
        "Only one axis was looked at. The shared area is its width times its height.",
        (*_but(lambda w, h: _clip(w)), *_but(lambda w, h: _clip(h))),
    ),
    Mistake(
        "The sides of the shared part were added. An area is width times height.",
        _but(lambda w, h: _clip(w) + _clip(h)),
    ),
    Mistake(
        "You rounded to whole pixels. Boxes have fractions of a pixel, and whatever is rounded here is lost.",
        tuple(_before(how, how) for how in (np.round, np.floor, np.ceil, np.trunc)),
    ),
    Mistake(
        "The division gave whole numbers: // rounds down. Divide with /.",
        (_after(np.floor),),
    ),
    Mistake(
        "You rounded the answer. Nothing asks for that, and a threshold would feel it.",
        (_after(lambda answer: answer.round(1)), _after(lambda answer: answer.round(2)), _after(np.round)),
    ),
    Mistake(
        "This is the generalised IoU, which goes below 0 for boxes that are apart. Leave its second term away.",
        (_generalised,),
    ),
    Mistake(
        "You returned the best of the N overlaps. The answer is all of them, one for each row of `boxes`.",
        (lambda box, boxes: _reference(box, boxes).max(initial=0),),
    ),
    Mistake(
        "You compared all boxes with all others: (N, N). The answer is one number for each row of `boxes`: (N,).",
        (lambda box, boxes: boxes_.iou(boxes, boxes),),
    ),
    Mistake(
        "You sorted the answer. It stays in the order of `boxes`.",
        (_after(np.sort), _after(lambda answer: np.sort(answer)[::-1])),
    ),
)


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


_JUDGE = Judge(
    name="iou",
    arguments=("box", "boxes"),
    reference=_reference,
    cases=_CASES,
    mistakes=_MISTAKES,
    draw=_draw,
    tolerance=1e-5,
)
