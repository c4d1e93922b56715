"""The judges of `nms` and `soft_nms`: which boxes stay, and what is left of their scores."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite import nms as nms_
from mtcnn_lite.checks import drawing
from mtcnn_lite.checks.engine import Case, Function, Judge, Mistake
from mtcnn_lite.checks.tables import table
from mtcnn_lite.checks.verdict import Verdict
from mtcnn_lite.checks.words import Array


def nms(fn: Function) -> Verdict:
    """Judges `fn(boxes (N, 4), scores (N,), threshold) -> indices of the kept boxes (K,), best first`.

    A box goes when its IoU with a kept, better box is greater than the threshold; equal stays. Equal scores: the
    earlier box first. N may be 0: an empty array or list. The inputs must stay as they are.

    >>> nms(lambda boxes, scores, threshold: np.argsort(-scores, kind="stable")).hint
    'Nothing was removed: compare each box with the kept ones, and drop it where IoU > threshold.'
    """
    return _NMS.verdict(fn)


def soft_nms(fn: Function) -> Verdict:
    """Judges `fn(boxes (N, 4), scores (N,), sigma) -> scores (N,)`: lowered, in the order of the input.

    Take the best remaining box, multiply the scores of all others that remain by exp(-IoU^2 / sigma), and repeat; the
    best is chosen anew each time. N may be 0: an empty array or list. The inputs must stay as they are.

    >>> bool(soft_nms(nms_.soft_nms))
    True
    """
    return _SOFT.verdict(fn)


# --- overlaps, right and wrong


def _overlap(box: Array, boxes: Array, over: str = "union", plus: float = 0, clip: bool = True) -> Array:
    """IoU of one box (4,) with each of `boxes` (N, 4); another divisor, + 1 in sides, negative sides: wrong ones."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2]) + plus  # (N, 2)
    shared = np.prod(np.maximum(sides, 0) if clip else sides, axis=1)
    mine, theirs = np.prod(box[2:] - box[:2] + plus), np.prod(boxes[:, 2:] - boxes[:, :2] + plus, axis=1)
    divisors = {"union": mine + theirs - shared, "sum": mine + theirs, "first": mine, "second": theirs, "nothing": 1,
                "smaller": np.minimum(mine, theirs), "larger": np.maximum(mine, theirs)}  # fmt: skip
    return shared / divisors[over]


def _sides_for_corners(box: Array, boxes: Array) -> Array:
    """IoU of boxes whose last two numbers are taken for width and height."""
    return _overlap(np.tile(box[:2], 2) + [0, 0, *box[2:]], np.tile(boxes[:, :2], 2) + boxes * [0, 0, 1, 1])


_WRONG_OVERLAPS = (
    (
        "That is intersection over the smaller box. IoU divides by the union: area + area - what both share.",
        partial(_overlap, over="smaller"),
    ),
    (
        "The shared area was divided by the area of one box. IoU divides by the union: area + area - what both share.",
        partial(_overlap, over="first"),
        partial(_overlap, over="second"),
        partial(_overlap, over="larger"),
    ),
    (
        "The shared part was counted twice: union = area + area - what both share.",
        partial(_overlap, over="sum"),
    ),
    (
        "That is the old + 1 in the areas: it is for boxes that include their last pixel. Here width = x2 - x1.",
        partial(_overlap, plus=1),
    ),
    (
        "Boxes that lie apart seem to overlap: x and y both came out negative, and their product is positive. "
        "Cut the sides of the shared part off at 0.",
        partial(_overlap, clip=False),
    ),
    (
        "The boxes were read as x, y, width, height. They are two corners: x1, y1, x2, y2.",
        _sides_for_corners,
    ),
)


# --- greedy NMS, right and wrong


def _best_first(scores: Array) -> Array:
    return np.argsort(-scores, kind="stable")


def _later_first(scores: Array) -> Array:
    """Best first, and of equal scores the later one."""
    return len(scores) - 1 - np.argsort(-scores[::-1], kind="stable")


def _kept(
    boxes: Array,
    scores: Array,
    threshold: float,
    order: Callable[[Array], Array] = _best_first,
    too_much: Any = np.greater,
    overlap: Any = _overlap,
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


def _with(**changed: Any) -> Function:
    return lambda boxes, scores, threshold: _kept(boxes, scores, threshold, **changed)


def _then(change: Any) -> Function:
    """The right indices, and then something more: `change(kept, boxes, scores)`."""
    return lambda boxes, scores, threshold: change(_kept(boxes, scores, threshold), boxes, scores)


def _only_one_before(boxes: Array, scores: Array, threshold: float, kept_only: bool) -> list[int]:
    """Each box compared with the one before it in the order, or with the last kept one, and with no other."""
    order, kept = _best_first(scores).tolist(), list[int]()
    for place, i in enumerate(order):
        before = kept[-1:] if kept_only else order[:place][-1:]
        if not (_overlap(boxes[i], boxes[before]) > threshold).any():
            kept.append(i)
    return kept


def _skipping(boxes: Array, scores: Array, threshold: float) -> list[int]:
    """Removes from the list that it loops over, so that whatever follows a removed box is passed over."""
    left, kept = _best_first(scores).tolist(), list[int]()
    while left:
        kept.append(left.pop(0))
        for i in left:
            if _overlap(boxes[kept[-1]], boxes[[i]])[0] > threshold:
                left.remove(i)  # the mistake itself
    return kept


_NMS_MISTAKES = (
    Mistake(
        "Boxes that are gone still suppress others. Compare only with boxes that were kept.",
        (_with(ghosts=True), _with(ghosts=True, order=_later_first)),
    ),
    Mistake(
        "The right boxes, but in the order of the input. The answer goes best first: by score, the highest in front.",
        (_then(lambda kept, b, s: np.sort(kept)),),
    ),
    Mistake(
        "The right boxes, but the worst comes first. The answer goes best first.",
        (_then(lambda kept, b, s: kept[::-1]),),
    ),
    Mistake(
        "You compared with >=, the rule is >: a box whose IoU equals the threshold stays.",
        (_with(too_much=np.greater_equal),),
    ),
    Mistake(
        "The lowest score was taken first. Begin with the best box: argsort sorts upwards, so sort -scores.",
        (_with(order=lambda scores: np.argsort(scores, kind="stable")),),
    ),
    Mistake(
        "The scores were not used: boxes were taken in the order of the input. Begin with the highest score.",
        (_with(order=lambda scores: np.arange(len(scores))),),
    ),
    Mistake(
        "These are places in the sorted order. The answer is indices into `boxes`: order[place].",
        (_then(lambda kept, b, s: np.flatnonzero(np.isin(_best_first(s), kept))),),
    ),
    Mistake(
        "You returned a mask. The answer is the indices of the kept boxes, best first.",
        (
            _then(lambda kept, b, s: np.isin(np.arange(len(b)), kept)),
            _then(lambda kept, b, s: np.isin(_best_first(s), kept)),
        ),
    ),
    Mistake(
        "You returned boxes. The answer is their indices, so that scores and offsets can be picked with them.",
        (_then(lambda kept, b, s: b[kept]), _then(lambda kept, b, s: np.column_stack([b, s])[kept])),
    ),
    Mistake(
        "You returned scores. The answer is the indices of the kept boxes.",
        (_then(lambda kept, b, s: s[kept]),),
    ),
    Mistake(
        "Each box was compared with one other only, the one before it in the order. Compare it with every kept box.",
        (partial(_only_one_before, kept_only=False), partial(_only_one_before, kept_only=True)),
    ),
    Mistake(
        "A list was changed while a loop ran over it, so what follows a removed item is passed over. Build a new list.",
        (_skipping,),
    ),
    Mistake(
        "These are the boxes that go. The answer is those that stay.",
        (_then(lambda kept, b, s: [i for i in _best_first(s) if i not in kept]),),
    ),
    Mistake(
        "The comparison points the wrong way: a box goes where its IoU is greater than the threshold.",
        (_with(too_much=np.less), _with(too_much=np.less_equal)),
    ),
    Mistake(
        "Only the best box removed others. Go on with the best of those that are left, until none is.",
        (_with(rounds=1),),
    ),
    Mistake(
        "Only the best box came out. Keep it, remove what overlaps it, then go on with the best of the rest.",
        (_then(lambda kept, b, s: kept[:1]),),
    ),
    Mistake(
        "Nothing was removed: compare each box with the kept ones, and drop it where IoU > threshold.",
        (_with(rounds=0),),
    ),
    Mistake(
        "The threshold was not used: a number is written in its place.",
        tuple(_with(too_much=lambda o, t, fixed=fixed: o > fixed) for fixed in (0.5, 0.3, 0.7, 0.4, 0.6)),
    ),
    Mistake(
        "The shared area itself was compared with the threshold. Divide it by the union first.",
        (_with(overlap=partial(_overlap, over="nothing")),),
    ),
    Mistake(
        "Of equal scores the later box came first. argsort(...)[::-1] turns ties round too; "
        "np.argsort(-scores, kind='stable') keeps the earlier in front.",
        (_with(order=_later_first),),
    ),
    *(Mistake(hint, tuple(_with(overlap=wrong) for wrong in overlaps)) for hint, *overlaps in _WRONG_OVERLAPS),
)


# --- Soft-NMS, right and wrong


def _gaussian(overlap: Array, sigma: float) -> Array:
    return np.exp(-(overlap**2) / sigma)


def _lowered(
    boxes: Array,
    scores: Array,
    sigma: float,
    weight: Any = _gaussian,
    overlap: Any = _overlap,
    order: Any = None,
    whom: str = "left",
    rounds: int | None = None,
    pick: Any = np.argmax,
    anew: bool = True,
) -> tuple[Array, list[int]]:
    """The right scores, and in which order the boxes were taken; wrong ones with something changed.

    order: fixed at the start, from the scores. whom: who is lowered. rounds: how many boxes lower others. pick: which
    score is next. anew: each factor multiplies the score as it is by then, not the one at the start.
    """
    score, taken, left = scores.astype(float), list[int](), list(range(len(boxes)))
    fixed = None if order is None else order(scores).tolist()
    while left:
        best = left[int(pick(score[left]))] if fixed is None else fixed[len(taken)]
        left.remove(best)
        following = sorted(left, key=lambda i: -score[i]) if fixed is None else fixed[len(taken) + 1 :]
        lowered = {"left": left, "best too": [best, *left], "taken too": [*taken, *left], "next": following[:1],
                   "all": [*taken, best, *left]}[whom]  # fmt: skip
        if rounds is None or len(taken) < rounds:
            base = score if anew else scores
            score[lowered] = base[lowered] * weight(overlap(boxes[best], boxes[lowered]), sigma)
        taken.append(best)
    return score, taken


def _softly(**changed: Any) -> Function:
    return lambda boxes, scores, sigma: _lowered(boxes, scores, sigma, **changed)[0]


def _at_the_end(change: Any) -> Function:
    """The right scores, and then something more: `change(lowered, taken, scores)`."""
    return lambda boxes, scores, sigma: change(*_lowered(boxes, scores, sigma), scores)


_SOFT_MISTAKES = (
    Mistake(
        "The order was fixed at the start. Scores change: choose the best of those that remain anew each time.",
        (_softly(order=_best_first),),
    ),
    Mistake(
        "The right scores, but sorted. The answer is in the order of the input: score i belongs to box i.",
        (
            _at_the_end(lambda score, taken, s: score[taken]),
            _at_the_end(lambda score, taken, s: np.sort(score)[::-1]),
            _at_the_end(lambda score, taken, s: score[_best_first(s)]),
            _at_the_end(lambda score, taken, s: np.sort(score)),
        ),
    ),
    Mistake(
        "The square is missing: the factor is exp(-IoU^2 / sigma).",
        (_softly(weight=lambda o, sigma: np.exp(-o / sigma)),),
    ),
    Mistake(
        "sigma was squared, as in the bell curve of statistics. Here the factor is exp(-IoU^2 / sigma).",
        (
            _softly(weight=lambda o, sigma: np.exp(-(o**2) / sigma**2)),
            _softly(weight=lambda o, sigma: np.exp(-(o**2) / (2 * sigma**2))),
        ),
    ),
    Mistake(
        "There is a 2 too many: the factor is exp(-IoU^2 / sigma).",
        (
            _softly(weight=lambda o, sigma: np.exp(-(o**2) / (2 * sigma))),
            _softly(weight=lambda o, sigma: np.exp(-2 * o / sigma)),
        ),
    ),
    Mistake(
        "You multiplied by sigma. The factor is exp(-IoU^2 / sigma): a larger sigma lowers less.",
        (_softly(weight=lambda o, sigma: np.exp(-(o**2) * sigma)),),
    ),
    Mistake(
        "sigma was not used. The factor is exp(-IoU^2 / sigma).",
        tuple(_softly(weight=lambda o, sigma, fixed=fixed: np.exp(-(o**2) / fixed)) for fixed in (0.5, 1)),
    ),
    Mistake(
        "The minus is missing: scores went up. The factor is exp(-IoU^2 / sigma).",
        (_softly(weight=lambda o, sigma: np.exp(o**2 / sigma)),),
    ),
    Mistake(
        "The best box was lowered too, by its IoU of 1 with itself. Take it out before the others are lowered.",
        (_softly(whom="best too"),),
    ),
    Mistake(
        "Boxes that had been taken were lowered again. A box that has been taken keeps its score.",
        (_softly(whom="taken too"), _softly(whom="all")),
    ),
    Mistake(
        "That is the linear rule, 1 - IoU. Here the factor is exp(-IoU^2 / sigma).",
        (
            _softly(weight=lambda o, sigma: 1 - o),
            *(_softly(weight=lambda o, sigma, t=t: np.where(o > t, 1 - o, 1)) for t in (0.3, 0.5)),
            _softly(weight=lambda o, sigma: np.where(o > sigma, 1 - o, 1)),
        ),
    ),
    Mistake(
        "Scores were cut to 0, as greedy NMS would. Here every score is lowered and none is removed.",
        (
            *(_softly(weight=lambda o, sigma, t=t: o <= t) for t in (0.3, 0.5, 0.7)),
            _softly(weight=lambda o, sigma: o <= sigma),
            *(_at_the_end(lambda score, taken, s, t=t: score * (score >= t)) for t in (0.001, 0.01, 0.05, 0.1, 0.3)),
        ),
    ),
    Mistake(
        "Only the best box lowered others. Go on with the best of those that remain, until none does.",
        (_softly(rounds=1),),
    ),
    Mistake(
        "Each box lowered only one other. It lowers all that remain.",
        (_softly(whom="next"), _softly(whom="next", order=_best_first)),
    ),
    Mistake(
        "The lowest score was taken first. Begin with the best box.",
        (_softly(pick=np.argmin), _softly(order=lambda scores: np.argsort(scores, kind="stable"))),
    ),
    Mistake(
        "The boxes were taken in the order of the input. Take the best of those that remain.",
        (_softly(order=lambda scores: np.arange(len(scores))),),
    ),
    Mistake(
        "Each factor multiplied the score as it came in, so the last undid the others. Multiply what is left of it.",
        (_softly(anew=False),),
    ),
    Mistake(
        "The scores came back as they were: nothing was lowered, or the lowered scores were not returned.",
        (_softly(rounds=0),),
    ),
    Mistake(
        "These are the factors alone. Multiply each score by its factor.",
        (_at_the_end(lambda score, taken, s: score / s),),
    ),
    Mistake(
        "You returned indices. The answer is the lowered scores.",
        (_at_the_end(lambda score, taken, s: taken), _at_the_end(lambda score, taken, s: _best_first(s))),
    ),
    *(Mistake(hint, tuple(_softly(overlap=wrong) for wrong in overlaps)) for hint, *overlaps in _WRONG_OVERLAPS),
)


# --- the cases


def _scores(*scores: float) -> Array:
    return np.array(scores, dtype=np.float32)


def _random(count: int, seed: int) -> tuple[Array, Array]:
    """Boxes on whole pixels that crowd round a few places, and their scores, no two alike."""
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 200, (-(-count // 4), 2))
    corner = places[rng.integers(0, len(places), count)] + rng.integers(0, 16, (count, 2))
    side = rng.integers(24, 60, (count, 2))
    scores = 0.2 + 0.79 * rng.permutation(count) / max(count - 1, 1)
    return np.concatenate([corner, corner + side], axis=1).astype(np.float32), scores.round(4).astype(np.float32)


_NONE = "Here N is 0: no box came in, and none goes out. The answer is an empty array, np.zeros(0, int), or []."
_NO_SCORES = "Here N is 0: no box came in, so no score goes out. The answer is an empty array, np.zeros(0), or []."
_ONE = "Here N is 1: boxes has shape (1, 4), scores has shape (1,)."
_EMPTY = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)

_APART = table([0, 0, 10, 10], [20, 20, 30, 30])
_CLOSE = table([0, 0, 10, 10], [2, 0, 12, 10])  # IoU 80 / 120
_THIRD = table([0, 0, 10, 10], [5, 0, 15, 10])  # IoU 50 / 150
_HALF = table([0, 0, 20, 10], [0, 0, 10, 10])  # IoU 100 / 200: exactly 1/2, also in float32
_INSIDE = table([0, 0, 20, 20], [5, 5, 15, 15])  # IoU 100 / 400
_TOUCHING = table([0, 0, 10, 10], [10, 0, 20, 10])
_CHAIN = table([0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10])  # neighbours 60 / 140, ends 20 / 180
_FAR_BETWEEN = table([0, 0, 10, 10], [40, 40, 50, 50], [1, 0, 11, 10])
_CROWD = table([0, 0, 20, 20], [1, 0, 21, 20], [2, 0, 22, 20], [3, 0, 23, 20], [30, 5, 50, 25])
_TIES = table([0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10], [60, 0, 70, 10], [61, 0, 71, 10])

_NMS = Judge(
    name="nms",
    arguments=("boxes", "scores", "threshold"),
    reference=nms_.nms,
    cases=(
        Case("one box", (table([0, 0, 10, 10]), _scores(0.9), 0.5), _ONE),
        Case("two boxes that lie apart, the second is better", (_APART, _scores(0.8, 0.9), 0.5)),
        Case("two boxes that overlap much, the second is better", (_CLOSE, _scores(0.8, 0.9), 0.5)),
        Case("two boxes that overlap by less than the threshold", (_THIRD, _scores(0.9, 0.8), 0.5)),
        Case("two boxes that overlap by a little less than the threshold", (_CHAIN[:2], _scores(0.9, 0.8), 0.45)),
        Case("IoU exactly at the threshold", (_HALF, _scores(0.9, 0.8), 0.5)),
        Case("a small box inside a large one", (_INSIDE, _scores(0.8, 0.9), 0.5)),
        Case("two boxes that share an edge, threshold 0", (_TOUCHING, _scores(0.9, 0.8), 0.0)),
        Case("a row of three: the ends hardly overlap", (_CHAIN, _scores(0.9, 0.8, 0.7), 0.4)),
        Case("another box comes between two that overlap", (_FAR_BETWEEN, _scores(0.9, 0.8, 0.7), 0.5)),
        Case("four boxes in one place, one elsewhere", (_CROWD, _scores(0.6, 0.7, 0.8, 0.9, 0.5), 0.5)),
        Case("no box at all", (*_EMPTY, 0.5), _NONE),
        Case("equal scores", (_TIES, _scores(0.5, 0.5, 0.5, 0.75, 0.75), 0.5)),
        Case("eight random boxes", (*_random(8, 2), 0.3)),
        Case("thirty random boxes, a low threshold", (*_random(30, 3), 0.2)),
        Case("thirty random boxes, a high threshold", (*_random(30, 3), 0.7)),
        Case("sixty random boxes", (*_random(60, 4), 0.42)),
    ),
    mistakes=_NMS_MISTAKES,
    draw=lambda inputs, expected, got, row: _draw_kept(inputs, expected, got),
)

_SOFT = Judge(
    name="soft_nms",
    arguments=("boxes", "scores", "sigma"),
    reference=nms_.soft_nms,
    cases=(
        Case("one box", (table([0, 0, 10, 10]), _scores(0.9), 0.5), _ONE),
        Case("two boxes that lie apart", (_APART, _scores(0.8, 0.9), 0.5)),
        Case("two boxes with an IoU of 1/3", (_THIRD, _scores(0.9, 0.8), 0.5)),
        Case("the same with a smaller sigma, the second is better", (_THIRD, _scores(0.8, 0.9), 0.1)),
        Case("the same box twice", (table([0, 0, 10, 10], [0, 0, 10, 10]), _scores(0.9, 0.8), 0.14)),
        Case("a small box inside a large one", (_INSIDE, _scores(0.8, 0.9), 0.5)),
        Case("two boxes that share an edge", (_TOUCHING, _scores(0.9, 0.8), 0.1)),
        Case("a row of three: the ends hardly overlap", (_CHAIN, _scores(0.9, 0.7, 0.8), 0.3)),
        Case("the second falls behind the third", (_CHAIN, _scores(0.9, 0.85, 0.8), 0.2)),
        Case("no box at all", (*_EMPTY, 0.5), _NO_SCORES),
        Case("five boxes", (_CROWD, _scores(0.6, 0.7, 0.8, 0.9, 0.5), 0.5)),
        Case("eight random boxes", (*_random(8, 2), 0.4)),
        Case("thirty random boxes", (*_random(30, 3), 0.8)),
    ),
    mistakes=_SOFT_MISTAKES,
    draw=lambda inputs, expected, got, row: _draw_scores(inputs, expected, got),
    tolerance=1e-4,
)


def _draw_kept(inputs: tuple[Any, ...], expected: Any, got: Any) -> str:
    """All boxes, those that should be kept, and those that were, where the answer names boxes."""
    boxes = inputs[0]
    names_boxes = got is not None and got.dtype.kind in "iu" and np.isin(got, np.arange(len(boxes))).all()
    layers = [
        drawing.layer(drawing.INPUT, boxes),
        drawing.layer(drawing.EXPECTED, boxes[expected]),
        drawing.layer(drawing.GOT, boxes[got] if names_boxes else None),
    ]
    return drawing.picture([drawing.plane(layers, "boxes, px of the photo")], layers)


def _draw_scores(inputs: tuple[Any, ...], expected: Any, got: Any) -> str:
    """The boxes, and where there are few, their scores as given, as expected, and as they came out."""
    boxes, scores, _ = inputs
    layers = [drawing.layer(drawing.INPUT, boxes), drawing.layer(drawing.GOT, None)]
    panels = [drawing.plane(layers, "boxes, px of the photo")]
    if 0 < len(boxes) <= 7:
        rows, caption = [scores, expected], "scores; rows: given, expected"
        if got is not None and got.shape == expected.shape and ((got >= 0) & (got <= 1)).all():
            rows, caption = [*rows, got], caption + ", yours"
        numbers = np.stack(rows).astype(float)
        panels.append(drawing.cells(numbers, np.zeros(numbers.shape, bool), caption))
    return drawing.picture(panels, layers)
