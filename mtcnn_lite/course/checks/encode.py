"""The judge of `encode`: what a one-pass net should say of an anchor, so that the box it makes is the face."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.boxes import encode_offsets
from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, drawing, slips
from mtcnn_lite.course.checks.judge.boxes import random_boxes, sizes, table


def encode(fn: Function) -> Verdict:
    """Judges `fn(anchors (N, 4), boxes (N, 4), variances (2,)) -> (N, 4)`: SSD's encoding, row by row.

    x and y of the box's centre less the anchor's, over the anchor's width and height; then the natural logarithms of
    the box's width and height over the anchor's. The first two are divided by variances[0], the others by variances[1].
    N may be 0. The inputs must stay as they are.

    >>> encode(lambda anchors, boxes, variances: _encode(anchors, boxes, (1, 1))).hint[:30]
    'The variances are not used: di'
    """
    return JUDGE.verdict(fn)


def _middle(boxes: Array) -> Array:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _encode(
    anchors: Array,
    boxes: Array,
    variances: Any,
    place: Callable[[Array], Array] = _middle,
    over: Callable[[Array, Array], Array] = lambda anchors, boxes: sizes(anchors),
    ratio: Callable[[Array, Array], Array] = lambda box, anchor: box / anchor,
    log: Callable[[Array], Array] = np.log,
    divide: Callable[[Array, Any], Array] = np.divide,
) -> Array:
    """The right numbers; and with other places, divisors, ratios or logarithms, wrong ones."""
    moved = divide((place(boxes) - place(anchors)) / over(anchors, boxes), variances[0])
    with np.errstate(invalid="ignore", divide="ignore"):
        grown = divide(log(ratio(sizes(boxes), sizes(anchors))), variances[1])
    return np.concatenate([moved, grown], axis=1)


def _one_side(column: int) -> Callable[[Array, Array], Array]:
    """The anchor's width, or its height, for both directions."""
    return lambda anchors, boxes: sizes(anchors)[:, column, None]


_but, _before, _after = (partial(wrong, _encode) for wrong in (slips.but, slips.before, slips.after))

_HINTS: Hints = {
    "The variances are not used: divide the first two numbers by variances[0], the others by variances[1].": _before(
        variances=lambda variances: np.ones(2)
    ),
    "You multiplied by the variances. To encode is to divide by them; decoding multiplies.": _but(divide=np.multiply),
    "One variance was used for all four: the first is for the centre, the second for the sides.": _before(
        variances=[lambda variances: variances[[0, 0]], lambda variances: variances[[1, 1]]]
    ),
    "The variances have changed places: the first is for the centre, the second for the sides.": _before(
        variances=lambda variances: variances[::-1]
    ),
    "The variances are fixed at 0.1 and 0.2: take those that come in.": slips.fixed(
        _encode, variances=np.array([0.1, 0.2])
    ),
    "You divided by the square root or the square of a variance. Here it is just a divisor.": _before(
        variances=[np.sqrt, np.square]
    ),
    "The logarithm is missing: it makes twice as large and half as large equally far from 0.": _but(
        log=[lambda ratio: ratio, lambda ratio: ratio - 1]
    ),
    "That is another logarithm: np.log, the natural one.": _but(log=[np.log2, np.log10, np.log1p]),
    "The ratio of the sides is upside down: the box's over the anchor's.": _but(ratio=lambda box, anchor: anchor / box),
    "The sides were subtracted. It is the logarithm of their ratio.": _but(
        ratio=lambda box, anchor: box - anchor, log=lambda ratio: ratio
    ),
    "The sign of the first two is turned over: the box's centre less the anchor's.": _but(
        place=lambda boxes: -_middle(boxes)
    ),
    "anchors and boxes have changed places.": slips.swapped(_encode, "anchors", "boxes"),
    "The corners were compared. It is the centres, (x1 + x2) / 2 and (y1 + y2) / 2.": _but(
        place=[lambda boxes: boxes[:, :2], lambda boxes: boxes[:, 2:]]
    ),
    "The centre is the sum of both corners, halved: was the half left out?": _but(
        place=[lambda boxes: boxes[:, :2] + boxes[:, 2:], lambda boxes: sizes(boxes) / 2]
    ),
    "The distance of the centres is in pixels. Divide it by the anchor's width and height.": _but(
        over=lambda anchors, boxes: np.ones_like(sizes(anchors))
    ),
    "You divided by the box's sides. The net knows its anchor, not the box: divide by the anchor's.": _but(
        over=lambda anchors, boxes: sizes(boxes)
    ),
    "One side was used for both directions: x goes with the anchor's width, y with its height.": _but(
        over=[_one_side(0), _one_side(1)]
    ),
    "Width and height have changed places: x goes with the anchor's width, y with its height.": _but(
        over=lambda anchors, boxes: sizes(anchors)[:, ::-1]
    ),
    "These are MTCNN's offsets, corner by corner. Here it is the centre and the sides.": (
        lambda anchors, boxes, variances: encode_offsets(anchors, boxes),
        lambda anchors, boxes, variances: encode_offsets(anchors, boxes) / np.repeat(variances, 2),
    ),
    "x and y have changed places: x, y, width, height.": _after(lambda found: found[:, [1, 0, 3, 2]]),
    "The sides came first. The order is x, y, width, height.": _after(lambda found: found[:, [2, 3, 0, 1]]),
    "The boxes were read as x, y, width, height. They are two corners: x1, y1, x2, y2.": slips.before_all(
        _encode, lambda value: slips.from_size(value) if np.ndim(value) == 2 else value
    ),
    "That is the old + 1 in the sides: it is for boxes that include their last pixel. Here width = x2 - x1.": (
        slips.before_all(_encode, lambda value: slips.one_more(value) if np.ndim(value) == 2 else value)
    ),
    slips.FIRST_ONLY: _after(*slips.FIRST),
}

_SHAPE = "anchors and boxes are both (N, 4): work on whole columns, boxes[:, 0]. variances has two numbers."
_VARIANCES = np.array([0.1, 0.2])
_CASES = (
    Case("the box is the anchor", (table([0, 0, 10, 10]), table([0, 0, 10, 10]), _VARIANCES), _SHAPE),
    Case("5 px to the right", (table([0, 0, 10, 10]), table([5, 0, 15, 10]), _VARIANCES), _SHAPE),
    Case("2 px up, the anchor is wide", (table([0, 10, 40, 20]), table([0, 8, 40, 18]), _VARIANCES), _SHAPE),
    Case("twice as high, the same centre", (table([0, 0, 10, 10]), table([0, -5, 10, 15]), _VARIANCES), _SHAPE),
    Case("half as wide, the same centre", (table([10, 10, 30, 50]), table([15, 10, 25, 50]), _VARIANCES), _SHAPE),
    Case(
        "the same, other variances", (table([10, 10, 30, 50]), table([15, 16, 25, 36]), np.array([0.5, 0.25])), _SHAPE
    ),
    Case(
        "two anchors",
        (table([0, 0, 16, 16], [8, 0, 40, 32]), table([2, 1, 15, 19], [6, 4, 34, 40]), _VARIANCES),
        _SHAPE,
    ),
    Case("no anchor", (table(), table(), _VARIANCES), "Here N is 0: the answer has shape (0, 4)."),
    Case(
        "twelve random anchors",
        (*(random_boxes(np.random.default_rng(seed), 12, high=60, parts=4) for seed in (1, 2)), np.array([0.3, 0.15])),
        _SHAPE,
    ),
)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The anchor and its box; and the box that the answer decodes to."""
    anchors, boxes, variances = inputs
    k = row or 0
    if not len(anchors):
        return ""
    yours = None if got is None else _decoded(anchors[k], np.asarray(got, float)[k], variances)
    return drawing.compared(anchors[k : k + 1], boxes[k : k + 1], yours, f"given: the anchor of row {k}, px")


def _decoded(anchor: Array, said: Array, variances: Array) -> Array | None:
    side, middle = anchor[2:] - anchor[:2], (anchor[:2] + anchor[2:]) / 2
    with np.errstate(over="ignore"):
        half = side * np.exp(said[2:] * variances[1]) / 2
    centre = middle + said[:2] * variances[0] * side
    box = np.concatenate([centre - half, centre + half])
    return box[None] if (abs(box) < 1000).all() else None


JUDGE = Judge(
    "encode", ("anchors", "boxes", "variances"), _encode, _CASES, _HINTS, _draw, columns=("x", "y", "width", "height")
)
