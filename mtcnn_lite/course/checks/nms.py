"""The judge of `nms`: which boxes stay."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite import nms as nms_
from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, crowds, drawing, slips
from mtcnn_lite.course.checks.judge.boxes import overlaps, table


def nms(fn: Function) -> Verdict:
    """Judges `fn(boxes (N, 4), scores (N,), threshold) -> indices of the kept boxes (K,), best first`.

    A box goes when its IoU with a kept, better box is greater than the threshold; equal stays. Equal scores: the
    earlier box first. N may be 0: an empty array or list. The inputs must stay as they are.

    >>> nms(lambda boxes, scores, threshold: np.argsort(-scores, kind="stable")).hint
    'Nothing was removed: compare each box with the kept ones, and drop it where IoU > threshold.'
    """
    return JUDGE.verdict(fn)


def _later_first(scores: Array) -> Array:
    """Best first, and of equal scores the later one."""
    return len(scores) - 1 - np.argsort(-scores[::-1], kind="stable")


def _kept(
    boxes: Array,
    scores: Array,
    threshold: float,
    order: Callable[[Array], Array] = crowds.best_first,
    too_much: Any = np.greater,
    overlap: Any = overlaps,
    ghosts: bool = False,
    rounds: int | None = None,
) -> Array:
    """The right indices; and wrong ones, with another order, comparison or overlap, or where `ghosts`, boxes that are
    gone, still suppress, or after some `rounds` only."""
    taken = order(scores)
    alive = np.ones(len(boxes), bool)
    for place, best in enumerate(taken[:rounds]):
        if alive[best] or ghosts:
            later = taken[place + 1 :]
            alive[later] &= ~too_much(overlap(boxes[best], boxes[later]), threshold)
    return taken[alive[taken]]


@slips.several
def _then(change: Callable[[Array, Array, Array], Any]) -> Function:
    """The right indices, and then something more: `change(kept, boxes, scores)`."""
    return lambda boxes, scores, threshold: change(_kept(boxes, scores, threshold), boxes, scores)


def _only_one_before(boxes: Array, scores: Array, threshold: float, kept_only: bool) -> list[int]:
    """Each box compared with the one before it in the order, or with the last kept one, and with no other."""
    order, kept = crowds.best_first(scores).tolist(), list[int]()
    for place, i in enumerate(order):
        before = kept[-1:] if kept_only else order[:place][-1:]
        if not (overlaps(boxes[i], boxes[before]) > threshold).any():
            kept.append(i)
    return kept


def _skipping(boxes: Array, scores: Array, threshold: float) -> list[int]:
    """Removes from the list that it loops over, so that whatever follows a removed box is passed over."""
    left, kept = crowds.best_first(scores).tolist(), list[int]()
    while left:
        kept.append(left.pop(0))
        for i in left:
            if overlaps(boxes[kept[-1]], boxes[[i]])[0] > threshold:
                left.remove(i)  # the mistake itself
    return kept


@slips.several
def _places(next_order: Callable[[Array, Array], Array]) -> Function:
    """The rows that are left are `next_order(order, places)`, `places` being those of np.where among order[1:]."""

    def wrong(boxes: Array, scores: Array, threshold: float) -> list[int]:
        order, kept = crowds.best_first(scores), list[int]()
        while len(order):
            kept.append(order[0])
            order = next_order(order, np.flatnonzero(overlaps(boxes[order[0]], boxes[order[1:]]) <= threshold))
        return kept

    return wrong


_with = partial(slips.but, _kept)
_HINTS: Hints = {
    "Boxes that are gone still suppress others. Compare only with boxes that were kept.": _with(
        ghosts=True, order=[crowds.best_first, _later_first]
    ),
    "The right boxes, but in the order of the input. The answer goes best first: "
    "by score, the highest in front.": _then(lambda kept, b, s: np.sort(kept)),
    "The right boxes, but the worst comes first. The answer goes best first.": _then(lambda kept, b, s: kept[::-1]),
    "You compared with >=, the rule is >: a box whose IoU equals the threshold stays.": _with(
        too_much=np.greater_equal
    ),
    "The lowest score was taken first. Begin with the best box: argsort sorts upwards, so sort -scores.": _with(
        order=crowds.worst_first
    ),
    "The scores were not used: boxes were taken in the order of the input. Begin with the highest score.": _with(
        order=lambda scores: np.arange(len(scores))
    ),
    "These are places in the sorted order. The answer is indices into `boxes`: order[place].": _then(
        lambda kept, b, s: np.flatnonzero(np.isin(crowds.best_first(s), kept))
    ),
    "np.where gives places among the rows it was shown, not rows of `boxes`. Pick with it from those rows: "
    "order = order[1:][places].": _places(
        lambda order, places: places,
        lambda order, places: places + 1,
        lambda order, places: order[places],
    ),
    "You returned a mask. The answer is the indices of the kept boxes, best first.": _then(
        lambda kept, b, s: np.isin(np.arange(len(b)), kept), lambda kept, b, s: np.isin(crowds.best_first(s), kept)
    ),
    "You returned boxes. The answer is their indices, so that scores and offsets can be picked with them.": _then(
        lambda kept, b, s: b[kept], lambda kept, b, s: np.column_stack([b, s])[kept]
    ),
    "You returned scores. The answer is the indices of the kept boxes.": _then(lambda kept, b, s: s[kept]),
    "Each box was compared with one other only, the one before it in the order. "
    "Compare it with every kept box.": slips.but(_only_one_before, kept_only=[False, True]),
    "A list was changed while a loop ran over it, so what follows a removed item is passed over. "
    "Build a new list.": _skipping,
    "These are the boxes that go. The answer is those that stay.": _then(
        lambda kept, b, s: [i for i in crowds.best_first(s) if i not in kept]
    ),
    "The comparison points the wrong way: a box goes where its IoU is greater than the threshold.": _with(
        too_much=[np.less, np.less_equal]
    ),
    "Only the best box removed others. Go on with the best of those that are left, until none is.": _with(rounds=1),
    "Only the best box came out. Keep it, remove what overlaps it, then go on with the best of the rest.": _then(
        lambda kept, b, s: kept[:1]
    ),
    "Nothing was removed: compare each box with the kept ones, and drop it where IoU > threshold.": _with(rounds=0),
    "The threshold was not used: a number is written in its place.": slips.fixed(
        _kept, threshold=[0.5, 0.3, 0.7, 0.4, 0.6]
    ),
    "The shared area itself was compared with the threshold. Divide it by the union first.": _with(
        overlap=partial(overlaps, over="nothing")
    ),
    "Of equal scores the later box came first. argsort(...)[::-1] turns ties round too; "
    "np.argsort(-scores, kind='stable') keeps the earlier in front.": _with(order=_later_first),
    **crowds.of_wrong_overlaps(_kept),
}

_NONE = "Here N is 0: no box came in, and none goes out. The answer is an empty array, np.zeros(0, int), or []."

_CLOSE = table([0, 0, 10, 10], [2, 0, 12, 10])  # IoU 80 / 120
_HALF = table([0, 0, 20, 10], [0, 0, 10, 10])  # IoU 100 / 200: exactly 1/2, also in float32
_FAR_BETWEEN = table([0, 0, 10, 10], [40, 40, 50, 50], [1, 0, 11, 10])
_TIES = table([0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10], [60, 0, 70, 10], [61, 0, 71, 10])


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """All boxes, those that should be kept, and those that were, where the answer names boxes."""
    boxes = inputs[0]
    names_boxes = got is not None and got.dtype.kind in "iu" and np.isin(got, np.arange(len(boxes))).all()
    return drawing.compared(boxes, boxes[expected], boxes[got] if names_boxes else None, "boxes, px of the photo")


_NEARLY = crowds.CHAIN[:2]  # IoU 60 / 140
_CASES = (
    Case("one box", (table([0, 0, 10, 10]), crowds.scored(0.9), 0.5), crowds.ONE),
    Case("two boxes that lie apart, the second is better", (crowds.APART, crowds.scored(0.8, 0.9), 0.5)),
    Case("two boxes that overlap much, the second is better", (_CLOSE, crowds.scored(0.8, 0.9), 0.5)),
    Case("two boxes that overlap by less than the threshold", (crowds.THIRD, crowds.scored(0.9, 0.8), 0.5)),
    Case("two boxes that overlap by a little less than the threshold", (_NEARLY, crowds.scored(0.9, 0.8), 0.45)),
    Case("IoU exactly at the threshold", (_HALF, crowds.scored(0.9, 0.8), 0.5)),
    Case("a small box inside a large one", (crowds.INSIDE, crowds.scored(0.8, 0.9), 0.5)),
    Case("two boxes that share an edge, threshold 0", (crowds.TOUCHING, crowds.scored(0.9, 0.8), 0.0)),
    Case("a row of three: the ends hardly overlap", (crowds.CHAIN, crowds.scored(0.9, 0.8, 0.7), 0.4)),
    Case("another box comes between two that overlap", (_FAR_BETWEEN, crowds.scored(0.9, 0.8, 0.7), 0.5)),
    Case("four boxes in one place, one elsewhere", (crowds.CROWD, crowds.scored(0.6, 0.7, 0.8, 0.9, 0.5), 0.5)),
    Case("no box at all", (*crowds.NO_BOXES, 0.5), _NONE),
    Case("equal scores", (_TIES, crowds.scored(0.5, 0.5, 0.5, 0.75, 0.75), 0.5)),
    Case("eight random boxes", (*crowds.random_crowd(8, 2), 0.3)),
    Case("thirty random boxes, a low threshold", (*crowds.random_crowd(30, 3), 0.2)),
    Case("thirty random boxes, a high threshold", (*crowds.random_crowd(30, 3), 0.7)),
    Case("sixty random boxes", (*crowds.random_crowd(60, 4), 0.42)),
)

JUDGE = Judge("nms", ("boxes", "scores", "threshold"), nms_.nms, _CASES, _HINTS, _draw)
