"""The judge of `soft_nms`: what is left of the boxes' scores."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite import nms as nms_
from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, crowds, drawing, slips
from mtcnn_lite.course.checks.judge.boxes import overlaps, table


def soft_nms(fn: Function) -> Verdict:
    """Judges `fn(boxes (N, 4), scores (N,), sigma) -> scores (N,)`: lowered, in the order of the input.

    Take the best remaining box, multiply the scores of all others that remain by exp(-IoU^2 / sigma), and repeat; the
    best is chosen anew each time. N may be 0: an empty array or list. The inputs must stay as they are.

    >>> bool(soft_nms(nms_.soft_nms))
    True
    """
    return JUDGE.verdict(fn)


def _gaussian(overlap: Array, sigma: float) -> Array:
    return np.exp(-(overlap**2) / sigma)


def _lowered(
    boxes: Array,
    scores: Array,
    sigma: float,
    weight: Any = _gaussian,
    overlap: Any = overlaps,
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


def _scores(boxes: Array, scores: Array, sigma: float, **changed: Any) -> Array:
    return _lowered(boxes, scores, sigma, **changed)[0]


@slips.several
def _at_the_end(change: Callable[[Array, list[int], Array], Any]) -> Function:
    """The right scores, and then something more: `change(lowered, taken, scores)`."""
    return lambda boxes, scores, sigma: change(*_lowered(boxes, scores, sigma), scores)


@slips.several
def _weighted(weight: Callable[[Array, float], Array]) -> Function:
    """Another factor than the right one, of the overlap and sigma."""
    return partial(_scores, weight=weight)


_softly = partial(slips.but, _scores)
_HINTS: Hints = {
    "The order was fixed at the start. Scores change: choose the best of those that remain anew each time.": _softly(
        order=crowds.best_first
    ),
    "The right scores, but sorted. The answer is in the order of the input: score i belongs to box i.": _at_the_end(
        lambda score, taken, s: score[taken],
        lambda score, taken, s: score[crowds.best_first(s)],
        *(lambda score, taken, s, how=how: how(score) for how in slips.SORTED),
    ),
    "The square is missing: the factor is exp(-IoU^2 / sigma).": _weighted(lambda o, sigma: np.exp(-o / sigma)),
    "sigma was squared, as in the bell curve of statistics. Here the factor is exp(-IoU^2 / sigma).": _weighted(
        lambda o, sigma: np.exp(-(o**2) / sigma**2), lambda o, sigma: np.exp(-(o**2) / (2 * sigma**2))
    ),
    "There is a 2 too many: the factor is exp(-IoU^2 / sigma).": _weighted(
        lambda o, sigma: np.exp(-(o**2) / (2 * sigma)), lambda o, sigma: np.exp(-2 * o / sigma)
    ),
    "You multiplied by sigma. The factor is exp(-IoU^2 / sigma): a larger sigma lowers less.": _weighted(
        lambda o, sigma: np.exp(-(o**2) * sigma)
    ),
    "sigma was not used. The factor is exp(-IoU^2 / sigma).": slips.fixed(_scores, sigma=[0.5, 1]),
    "The minus is missing: scores went up. The factor is exp(-IoU^2 / sigma).": _weighted(
        lambda o, sigma: np.exp(o**2 / sigma)
    ),
    "The best box was lowered too, by its IoU of 1 with itself. Take it out before the others are lowered.": _softly(
        whom="best too"
    ),
    "Boxes that had been taken were lowered again. A box that has been taken keeps its score.": _softly(
        whom=["taken too", "all"]
    ),
    "That is the linear rule, 1 - IoU. Here the factor is exp(-IoU^2 / sigma).": _weighted(
        lambda o, sigma: 1 - o,
        lambda o, sigma: np.where(o > sigma, 1 - o, 1),
        *(lambda o, sigma, t=t: np.where(o > t, 1 - o, 1) for t in (0.3, 0.5)),
    ),
    "Scores were cut to 0, as greedy NMS would. Here every score is lowered and none is removed.": (
        *_weighted(lambda o, sigma: o <= sigma, *(lambda o, sigma, t=t: o <= t for t in (0.3, 0.5, 0.7))),
        *_at_the_end(*(lambda score, taken, s, t=t: score * (score >= t) for t in (0.001, 0.01, 0.05, 0.1, 0.3))),
    ),
    "Only the best box lowered others. Go on with the best of those that remain, until none does.": _softly(rounds=1),
    "Each box lowered only one other. It lowers all that remain.": _softly(
        whom="next", order=[None, crowds.best_first]
    ),
    "The lowest score was taken first. Begin with the best box.": _softly(pick=np.argmin)
    + _softly(order=crowds.worst_first),
    "The boxes were taken in the order of the input. Take the best of those that remain.": _softly(
        order=lambda scores: np.arange(len(scores))
    ),
    "Each factor multiplied the score as it came in, so the last undid the others. "
    "Multiply what is left of it.": _softly(anew=False),
    "The scores came back as they were: nothing was lowered, or the lowered scores were not returned.": _softly(
        rounds=0
    ),
    "These are the factors alone. Multiply each score by its factor.": _at_the_end(lambda score, taken, s: score / s),
    "You returned indices. The answer is the lowered scores.": _at_the_end(
        lambda score, taken, s: taken, lambda score, taken, s: crowds.best_first(s)
    ),
    **crowds.of_wrong_overlaps(_scores),
}

_NONE = "Here N is 0: no box came in, so no score goes out. The answer is an empty array, np.zeros(0), or []."


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
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


_CASES = (
    Case("one box", (table([0, 0, 10, 10]), crowds.scored(0.9), 0.5), crowds.ONE),
    Case("two boxes that lie apart", (crowds.APART, crowds.scored(0.8, 0.9), 0.5)),
    Case("two boxes with an IoU of 1/3", (crowds.THIRD, crowds.scored(0.9, 0.8), 0.5)),
    Case("the same with a smaller sigma, the second is better", (crowds.THIRD, crowds.scored(0.8, 0.9), 0.1)),
    Case("the same box twice", (table([0, 0, 10, 10], [0, 0, 10, 10]), crowds.scored(0.9, 0.8), 0.14)),
    Case("a small box inside a large one", (crowds.INSIDE, crowds.scored(0.8, 0.9), 0.5)),
    Case("two boxes that share an edge", (crowds.TOUCHING, crowds.scored(0.9, 0.8), 0.1)),
    Case("a row of three: the ends hardly overlap", (crowds.CHAIN, crowds.scored(0.9, 0.7, 0.8), 0.3)),
    Case("the second falls behind the third", (crowds.CHAIN, crowds.scored(0.9, 0.85, 0.8), 0.2)),
    Case("no box at all", (*crowds.NO_BOXES, 0.5), _NONE),
    Case("five boxes", (crowds.CROWD, crowds.scored(0.6, 0.7, 0.8, 0.9, 0.5), 0.5)),
    Case("eight random boxes", (*crowds.random_crowd(8, 2), 0.4)),
    Case("thirty random boxes", (*crowds.random_crowd(30, 3), 0.8)),
)

JUDGE = Judge("soft_nms", ("boxes", "scores", "sigma"), nms_.soft_nms, _CASES, _HINTS, _draw, tolerance=1e-4)
