"""The judge of `giou`: an overlap that also says how far apart two boxes lie."""

from collections.abc import Callable
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, drawing, slips
from mtcnn_lite.course.checks.judge.boxes import area, one, or_zero, overlaps, random_boxes, sizes, table


def giou(fn: Function) -> Verdict:
    """Judges `fn(box (4,), boxes (N, 4)) -> (N,)`: the generalised IoU of one box with each of N.

    GIoU = IoU - (hull - union) / hull, where hull is the area of the smallest box round both: from 1 for the same box
    towards -1 for boxes far apart (Rezatofighi et al. 2019, arXiv 1902.09630). No box is empty. N may be 0: shape (0,),
    or an empty list. The inputs must stay as they are.

    >>> giou(lambda box, boxes: overlaps(box, boxes)).hint
    'That is the IoU itself: take off the part of the hull that neither box covers, (hull - union) / hull.'
    """
    return JUDGE.verdict(fn)


def _hull(box: Array, boxes: Array) -> Array:
    """The smallest box round both, (N, 4)."""
    return np.concatenate([np.minimum(box[:2], boxes[:, :2]), np.maximum(box[2:], boxes[:, 2:])], axis=1)


def _crossed(box: Array, boxes: Array) -> Array:
    """Minimum and maximum exchanged: the shared part, with negative sides where there is none."""
    return np.concatenate([np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])], axis=1)


def _parts(box: Array, boxes: Array) -> tuple[Array, Array, Array]:
    """IoU, union and hull, (N,) each."""
    shared = overlaps(box, boxes, over="nothing")
    return overlaps(box, boxes), area(box) + area(boxes) - shared, area(_hull(box, boxes))


@slips.several
def _made(of: Callable[[Array, Array, Array], Any]) -> Function:
    """`of(iou, union, hull)`."""
    return lambda box, boxes: of(*_parts(box, boxes))


def _giou(
    box: Array, boxes: Array, hull: Any = _hull, more: float = 0, together: Any = None, overlap: Any = overlaps
) -> Array:
    """The right numbers; with other arguments the wrong ones."""
    keywords = {} if together is None else {"together": together}
    shared = overlaps(box, boxes, over="nothing", more_shared=more, **keywords)
    union = area(box, more) + area(boxes, more) - shared
    outer = area(hull(box, boxes), more)
    return overlap(box, boxes, more_shared=more, more_area=more, **keywords) - or_zero(outer - union, outer)


def _distance_iou(box: Array, boxes: Array) -> Array:
    between = (box[:2] + box[2:] - boxes[:, :2] - boxes[:, 2:]) / 2
    return overlaps(box, boxes) - or_zero(
        np.square(between).sum(axis=1), np.square(sizes(_hull(box, boxes))).sum(axis=1)
    )


_HINTS: Hints = {
    "That is the IoU itself: take off the part of the hull that neither box covers, (hull - union) / hull.": overlaps,
    "The empty part of the hull was divided by the union. Divide it by the hull.": _made(
        lambda iou, union, hull: iou - (hull - union) / union
    ),
    "The empty part of the hull was added. Take it off: the farther apart, the lower.": _made(
        lambda iou, union, hull: iou + (hull - union) / hull
    ),
    "union / hull was taken off. Take off what is empty: (hull - union) / hull.": _made(
        lambda iou, union, hull: iou - union / hull
    ),
    "The empty part itself was taken off, in square pixels. Divide it by the hull.": _made(
        lambda iou, union, hull: iou - (hull - union)
    ),
    "The shared area was divided by the hull in place of the union.": _made(
        lambda iou, union, hull: iou * union / hull - (hull - union) / hull, lambda iou, union, hull: iou * union / hull
    ),
    "The empty part alone came out, without the IoU.": _made(
        lambda iou, union, hull: (union - hull) / hull, lambda iou, union, hull: (hull - union) / hull
    ),
    "This is a loss, 1 - GIoU. The answer is GIoU itself.": _made(
        lambda iou, union, hull: 1 - iou + (hull - union) / hull
    ),
    "The numbers were cut off at 0. Boxes that lie apart come out below 0: that is what GIoU is for.": slips.after(
        _giou, slips.at_least_0
    ),
    "Minimum and maximum have changed places in the hull: it begins at the smaller x1 and y1 and ends at the larger x2 "
    "and y2.": slips.but(_giou, hull=_crossed),
    "Boxes that lie apart seem to overlap: the sides of the shared part both came out negative, and their product is "
    "positive. Cut them off at 0.": slips.but(_giou, together=np.multiply),
    "The old + 1: it is for boxes that include their last pixel. Here width = x2 - x1.": slips.but(_giou, more=1),
    "That is the distance IoU, by the boxes' middles. GIoU goes by the part of the hull that neither box covers.": (
        _distance_iou
    ),
    slips.FROM_SIZE: slips.before_all(_giou, slips.from_size),
}

_SHAPE = "box has shape (4,), boxes (N, 4). boxes[:, 0] is x1 of all boxes, and np.minimum takes a number and a column."
_NONE = "Here N is 0: no box came in. The answer is an empty array of shape (0,)."
_BOX = one(0, 0, 10, 10)


def _random(count: int) -> tuple[Array, Array]:
    boxes = random_boxes(np.random.default_rng(count), count + 1)
    return boxes[0], boxes[1:]


_CASES = (
    Case("the same box", (_BOX, table([0, 0, 10, 10])), _SHAPE),
    Case("two boxes side by side", (_BOX, table([10, 0, 20, 10])), _SHAPE),
    Case("two boxes with a gap as wide as they are", (_BOX, table([20, 0, 30, 10])), _SHAPE),
    Case("two boxes that touch at a corner", (_BOX, table([10, 10, 20, 20])), _SHAPE),
    Case("two boxes apart along both sides", (_BOX, table([20, 20, 30, 30])), _SHAPE),
    Case("two boxes that overlap", (_BOX, table([5, 0, 15, 10])), _SHAPE),
    Case("two boxes that overlap along both sides", (_BOX, table([5, 5, 15, 15])), _SHAPE),
    Case("a small box inside", (one(0, 0, 20, 20), table([5, 5, 15, 15])), _SHAPE),
    Case("several boxes", (_BOX, table([5, 0, 15, 10], [40, 5, 50, 25], [-20, 2, -10, 12])), _SHAPE),
    Case("no box at all", (_BOX, table()), _NONE),
    Case("ten random boxes", _random(10)),
    Case("a hundred random boxes", _random(100)),
)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The two boxes, and the smallest one round both."""
    box, boxes = inputs
    if not len(boxes):
        return ""
    return drawing.compared(
        np.stack([box, boxes[row or 0]]), _hull(box, boxes)[[row or 0]], None, "the boxes (given) and their hull, px"
    )


JUDGE = Judge("giou", ("box", "boxes"), _giou, _CASES, _HINTS, _draw, tolerance=1e-5)
