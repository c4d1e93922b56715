"""The judge of `average_precision`: how good detections are."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Functions, Hints, Judge, Verdict, slips


def average_precision(fn: Function) -> Verdict:
    """Judges `fn(scores (N,), is_true (N,), number_of_faces) -> one number`: the area under the precision envelope.

    is_true: bool, whether each detection is the first of a face. number_of_faces: 1 or more, found or not. No two
    scores are alike, and they come in any order. N may be 0: the area is 0. The inputs must stay as they are.

    >>> average_precision(lambda scores, is_true, number_of_faces: is_true.mean() if len(scores) else 0).hint[:34]
    'That is the precision of all detec'
    """
    return JUDGE.verdict(fn)


def _reference(scores: Array, is_true: Array, number_of_faces: int) -> Any:
    from mtcnn_lite.evaluation import average_precision  # imports torch, which no judge of boxes should wait for

    return average_precision(scores, is_true, number_of_faces)


class _Curve(NamedTuple):
    """What there is after each detection, the best first: arrays (N,), N at least 1."""

    hits: Array  # 1 where this one is right
    rank: Array  # 1 for the first
    precision: Array
    envelope: Array
    recall: Array
    steps: Array  # of recall
    faces: int


def _envelope(precision: Array) -> Array:
    return np.maximum.accumulate(precision[::-1])[::-1]


@slips.several
def _of(answer: Callable[[_Curve], Any]) -> Function:
    """A function of the curve: 0 where there is no detection."""

    def fn(scores: Array, is_true: Array, number_of_faces: int) -> Any:
        if not len(scores):
            return 0.0
        hits = is_true[np.argsort(-scores)].astype(float)
        rank, right = np.arange(1, len(hits) + 1), np.cumsum(hits)
        precision, recall = right / rank, right / number_of_faces
        steps = np.diff(recall, prepend=0)
        return answer(_Curve(hits, rank, precision, _envelope(precision), recall, steps, number_of_faces))

    return fn


def _area(c: _Curve) -> Any:
    return c.steps @ c.envelope


def _without_envelope(c: _Curve) -> Any:
    return c.steps @ c.precision


def _mean_at(points: int) -> Functions:
    """The mean of the envelope at so many evenly spaced recalls."""
    levels = np.linspace(0, 1, points)
    return _of(lambda c: np.mean([c.precision[c.recall >= level - 1e-9].max(initial=0) for level in levels]))


def _roc(c: _Curve) -> float:
    pairs = c.hits.sum() * (1 - c.hits).sum()
    return 1 - np.cumsum(1 - c.hits) @ c.hits / pairs if pairs else 0.0


_RIGHT = _of(_area)[0]

_HINTS: Hints = {
    "The detections were taken as they came. Sort by score, best first, and take is_true along: is_true[order].": (
        slips.before(_RIGHT, scores=lambda scores: -np.arange(len(scores)))
    ),
    "They were sorted from the worst score up: np.argsort(-scores) begins with the best.": tuple(
        wrong for fn in _of(_area, _without_envelope) for wrong in slips.before(fn, scores=np.negative)
    ),
    "The envelope is missing: at each recall the best precision counts that is reached there or further on.": _of(
        _without_envelope
    ),
    "The envelope runs the wrong way: the best precision so far. It is the best from here on that counts.": _of(
        lambda c: c.steps @ np.maximum.accumulate(c.precision)
    ),
    "It was divided by the faces that were found. Missed faces must cost: divide by number_of_faces.": _of(
        lambda c: _area(c) / c.recall[-1] if c.hits.any() else 0.0,
        lambda c: c.precision[c.hits > 0].mean() if c.hits.any() else 0.0,
    ),
    "It was divided by the number of detections. It is number_of_faces that the recall is a share of.": _of(
        lambda c: c.envelope @ c.hits / len(c.hits), lambda c: c.precision @ c.hits / len(c.hits)
    ),
    "That is the precision of all detections together: one point of the curve, not the area under it.": _of(
        lambda c: c.precision[-1]
    ),
    "That is the recall of all detections together. How many wrong ones came in between must count too.": _of(
        lambda c: c.recall[-1]
    ),
    "That is the mean precision over all detections, wrong ones too. The area grows only where recall does: at the "
    "right ones.": _of(lambda c: c.precision.mean(), lambda c: c.envelope.mean()),
    "The precision of all detections was added up, wrong ones too. The area grows only where recall does.": _of(
        lambda c: c.envelope.sum() / c.faces
    ),
    "That is the trapezoid rule. The envelope is a staircase: each step of recall times the envelope at its end.": _of(
        lambda c: np.trapezoid(c.precision, c.recall),
        lambda c: np.trapezoid(np.append(0, c.precision), np.append(0, c.recall)),
        lambda c: np.trapezoid(np.append(1, c.precision), np.append(0, c.recall)),
    ),
    "That is the mean at 11 fixed recalls, 0, 0.1, ... 1, as in Pascal VOC 2007. Here the whole area counts.": _mean_at(
        11
    ),
    "That is the mean at 101 fixed recalls, as COCO has it. Here the whole area counts.": _mean_at(101),
    "The first step of recall is missing: it goes from 0 to the first recall. np.diff(recall, prepend=0).": _of(
        lambda c: c.steps[1:] @ c.envelope[1:],  # by trapezoids the same: the envelope is flat between hits
        lambda c: c.steps[1:] @ c.precision[1:],
    ),
    "That is the highest precision. The area needs all of the curve.": _of(lambda c: c.precision.max()),
    "That is one rectangle, precision times recall at the end. The area is the sum of one for each step of recall.": (
        _of(lambda c: c.precision[-1] * c.recall[-1], lambda c: c.precision.max() * c.recall[-1])
    ),
    "That is the best F1 score, a mean of one precision and one recall. The area needs all of the curve.": _of(
        lambda c: (2 * c.precision * c.recall / np.maximum(c.precision + c.recall, 1e-9)).max(),
        lambda c: 2 * c.precision[-1] * c.recall[-1] / max(c.precision[-1] + c.recall[-1], 1e-9),
    ),
    "The rank is off by one: the best detection is number 1, so that np.arange(1, N + 1) divides the sum so far.": _of(
        lambda c: c.steps @ _envelope(np.cumsum(c.hits) / (c.rank + 1)),
        lambda c: c.steps @ _envelope(np.cumsum(c.hits) / np.maximum(c.rank - 1, 1)),
    ),
    "What was not found counts as well: the curve ends at the last recall, and beyond it the area is 0.": _of(
        lambda c: _area(c) + (1 - c.recall[-1]) * c.precision[-1]
    ),
    "That is the area under another curve, right ones against wrong ones (ROC). It doesn't know of missed faces.": _of(
        _roc
    ),
    "That is 1 minus the area.": _of(lambda c: 1 - _area(c)),
    "That is in percent. The area is 1 at most.": _of(lambda c: 100 * _area(c)),
    "The whole curve came back. The area under it is one number.": _of(
        lambda c: c.envelope, lambda c: c.precision, lambda c: np.cumsum(c.steps * c.envelope)
    ),
}

_SHAPE = (
    "scores and is_true have shape (N,), number_of_faces is a whole number. Sort first, then cumsum over is_true "
    "counts the right ones so far."
)
_NONE = "Here N is 0: nothing was detected, no face was found. The area is 0."


def _detections(letters: str, faces: int, seed: int | None = None) -> tuple[Array, Array, int]:
    """Detections by letters, "t" for a true one, best first; with a seed, in another order."""
    scores = np.round(0.98 - 0.9 * np.arange(len(letters)) / max(len(letters), 1), 3)
    true = np.array([letter == "t" for letter in letters], bool)
    order = np.arange(len(letters)) if seed is None else np.random.default_rng(seed).permutation(len(letters))
    return scores[order], true[order], faces


def _random_letters(count: int, seed: int) -> str:
    chance = np.random.default_rng(seed).random(count) < np.linspace(0.95, 0.1, count)
    return "".join("t" if true else "f" for true in chance)


_CASES = (
    Case("one detection, right; one face", _detections("t", 1), _SHAPE),
    Case("one detection, right; two faces", _detections("t", 2), _SHAPE),
    Case("one wrong before the right one", _detections("ft", 1), _SHAPE),
    Case("right, wrong, right", _detections("tft", 2), _SHAPE),
    Case("wrong, right, right: the envelope", _detections("ftt", 2), _SHAPE),
    Case("not in order of score", _detections("ttf", 3, 1), _SHAPE),
    Case("ends with wrong ones", _detections("tftff", 4), _SHAPE),
    Case("all wrong", _detections("ff", 3), _SHAPE),
    Case("no detection at all", _detections("", 3), _NONE),
    Case("ten detections, eight faces", _detections("ttfttfftft", 8, 2), _SHAPE),
    Case("a hundred detections", _detections(_random_letters(100, 3), 83, 4), _SHAPE),
)

JUDGE = Judge("average_precision", ("scores", "is_true", "number_of_faces"), _reference, _CASES, _HINTS, tolerance=1e-4)
