"""The likely mistakes in `iou`, each with its hint."""

from functools import partial

import numpy as np

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.course.checks.iou_ways import (
    WAYS,
    after,
    before,
    but,
    clip,
    corners,
    first_only,
    generalised,
    hull_area,
    hull_for_shared,
    last_two_as_sides,
    or_nan,
    or_one,
    over,
    reference,
    shared_area,
)
from mtcnn_lite.course.checks.judge import Hints

_SWAP = [1, 0, 3, 2]

HINTS: Hints = {
    "That is the old + 1: it is for boxes that include their last pixel. Here width = x2 - x1, also of the shared "
    "part.": (
        *but(more_shared=1, more_area=1),
        *but(more_shared=1),
        *but(more_area=1),
        *but(lambda w, h: w * h, more_shared=1, more_area=1),
    ),
    "Sides below 0 were not clipped: boxes that are apart have a shared width or height below 0, and two such sides "
    "multiply to a positive area. Clip each at 0 first.": (
        *but(lambda w, h: w * h),
        *but(lambda w, h: clip(w * h)),
        *but(lambda w, h: clip(w) * h),
        *but(lambda w, h: w * clip(h)),
        *but(lambda w, h: np.where((w < 0) & (h < 0), 0, w * h)),
    ),
    "You took the absolute value of a side below 0. Below 0 means apart: the shared side is 0 there.": (
        *but(lambda w, h: np.abs(w) * np.abs(h)),
        *but(lambda w, h: np.abs(w * h)),
    ),
    "x and y are swapped in one of the two: the order is x1, y1, x2, y2 in `box` and in every row of `boxes`.": (
        before(of_box=lambda box: box[_SWAP]),
        before(of_boxes=lambda boxes: boxes[:, _SWAP]),
    ),
    "The four were read in the order x1, x2, y1, y2. Their order is x1, y1, x2, y2.": before(
        lambda box: box[[0, 2, 1, 3]], lambda boxes: boxes[:, [0, 2, 1, 3]]
    ),
    "The union counts the shared part twice: it is in both areas. Subtract the intersection once.": but(
        whole=lambda one, each, shared: one + each
    ),
    "The union came out too small: subtract the intersection once, not twice.": but(
        whole=lambda one, each, shared: one + each - 2 * shared
    ),
    "You divided by the area of `box` alone. Divide by the union: both areas less the shared one.": but(
        whole=lambda one, each, shared: one + 0 * each
    ),
    "You divided by the area of each of `boxes` alone. Divide by the union: both areas less the shared one.": but(
        whole=lambda one, each, shared: each + 0 * one
    ),
    "That is the intersection over the smaller box, iom. Divide by the union: both areas less the shared one.": but(
        whole=lambda one, each, shared: np.minimum(one, each)
    ),
    "You divided by the larger box. Divide by the union: both areas less the shared one.": but(
        whole=lambda one, each, shared: np.maximum(one, each)
    ),
    "You divided by the box around both, which also holds what neither covers. Divide by the union of the two.": (
        lambda box, boxes: over(shared_area(box, boxes), hull_area(box, boxes)),
    ),
    "That is twice the intersection over the sum of the areas (Dice, or F1). IoU divides the "
    "intersection by the union.": but(lambda w, h: 2 * clip(w) * clip(h), whole=lambda one, each, shared: one + each),
    "max and min have changed places: that is the box around both. The shared part begins at the larger "
    "of the two x1 and ends at the smaller of the two x2.": tuple(partial(hull_for_shared, divide=way) for way in WAYS),
    "Here the union is empty, and 0 was divided by 0. The answer is 0 by definition: divide only where union > 0.": but(
        ways=(or_nan,)
    ),
    "Two empty boxes have nothing in common: where the union is empty the answer is 0, not 1.": but(ways=(or_one,)),
    "1 was added to the union, against dividing by 0. That makes "
    "every IoU too small: divide only where union > 0.": but(whole=lambda one, each, shared: one + each - shared + 1),
    "Only the first of `boxes` is looked at. There are N: use whole columns, boxes[:, 0], or loop over the rows.": (
        after(lambda answer: answer[:1]),
        after(lambda answer: answer[0]),
        first_only,
    ),
    "The boxes were read as x, y, width, height. They are two corners: x1, y1, x2, y2.": (
        before(corners, corners),
        before(of_boxes=corners),
        before(of_box=corners),
        last_two_as_sides,
    ),
    "This is the shared area, in square pixels. Divide it by the union.": shared_area,
    "This is 1 - IoU, a distance: 0 for the same box. IoU is 1 there.": after(lambda answer: 1 - answer),
    "You divided the union by the intersection: it is the other way round.": (
        lambda box, boxes: over(np.ones(len(boxes)), reference(box, boxes)),
        lambda box, boxes: np.divide(1, reference(box, boxes)),
    ),
    "Only one axis was looked at. The shared area is its width times its height.": (
        *but(lambda w, h: clip(w)),
        *but(lambda w, h: clip(h)),
    ),
    "The sides of the shared part were added. An area is width times height.": but(lambda w, h: clip(w) + clip(h)),
    "You rounded to whole pixels. Boxes have fractions of a pixel, and whatever is rounded here is lost.": tuple(
        before(how, how) for how in (np.round, np.floor, np.ceil, np.trunc)
    ),
    "The division gave whole numbers: // rounds down. Divide with /.": after(np.floor),
    "You rounded the answer. Nothing asks for that, and a threshold would feel it.": (
        after(lambda answer: answer.round(1)),
        after(lambda answer: answer.round(2)),
        after(np.round),
    ),
    "This is the generalised IoU, which goes below 0 for boxes that are apart. Leave its second term away.": (
        generalised,
    ),
    "You returned the best of the N overlaps. The answer is all of them, one for each row of `boxes`.": (
        lambda box, boxes: reference(box, boxes).max(initial=0),
    ),
    "You compared all boxes with all others: (N, N). The answer is one number for each row of `boxes`: (N,).": (
        lambda box, boxes: boxes_.iou(boxes, boxes),
    ),
    "You sorted the answer. It stays in the order of `boxes`.": (
        after(np.sort),
        after(lambda answer: np.sort(answer)[::-1]),
    ),
}
