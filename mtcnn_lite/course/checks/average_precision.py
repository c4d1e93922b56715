"""The judge of `average_precision`: how good detections are."""

from collections.abc import Callable
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict
from mtcnn_lite.evaluation import average_precision as _area


def average_precision(fn: Function) -> Verdict:
    """Judges `fn(scores (N,), is_true (N,), number_of_faces) -> one number`: the area under the precision envelope.

    is_true: bool, whether each detection is the first of a face. number_of_faces: 1 or more, found or not. No two
    scores are alike, and they come in any order. N may be 0: the area is 0. The inputs must stay as they are.

    >>> average_precision(lambda scores, is_true, number_of_faces: is_true.mean() if len(scores) else 0).hint[:34]
    'That is the precision of all detec'
    """
    return JUDGE.verdict(fn)


Curve = Callable[[Array, Array, Array, Array], Any]  # of hits, precision, envelope, recall, best detection first


def _of(answer: Curve, order: Callable[[Array], Array] = lambda scores: np.argsort(-scores)) -> Function:
    """A function of the curve: 0 where there is no detection."""

    def fn(scores: Array, is_true: Array, number_of_faces: int) -> Any:
        if not len(scores):
            return 0.0
        hits = is_true[order(scores)].astype(float)
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        return answer(hits, precision, _envelope(precision), np.cumsum(hits) / number_of_faces)

    return fn


def _envelope(precision: Array) -> Array:
    return np.maximum.accumulate(precision[::-1])[::-1]


def _steps(recall: Array) -> Array:
    return np.diff(recall, prepend=0)


def _at(points: int) -> Curve:
    """The mean of the envelope at so many evenly spaced recalls."""

    def answer(hits: Array, precision: Array, envelope: Array, recall: Array) -> float:
        levels = np.linspace(0, 1, points)
        return float(np.mean([precision[recall >= level - 1e-9].max(initial=0) for level in levels]))

    return answer


def _trapezoid(x: Array, y: Array) -> float:
    return float(((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2).sum())


def _after(before: tuple[float, float], x: Array, y: Array) -> float:
    """The trapezoid with a point in front."""
    return _trapezoid(np.append(before[0], x), np.append(before[1], y))


def _roc(hits: Array, precision: Array, envelope: Array, recall: Array) -> float:
    pairs = hits.sum() * (1 - hits).sum()
    return float(1 - (np.cumsum(1 - hits) * hits).sum() / pairs) if pairs else 0.0


def _share_of_last(hits: Array, precision: Array, envelope: Array, recall: Array) -> float:
    return float((_steps(recall / recall[-1]) * envelope).sum()) if recall[-1] else 0.0


_HINTS: Hints = {
    "The detections were taken as they came. Sort by score, best first, and take is_true along: is_true[order].": _of(
        lambda h, p, e, r: (_steps(r) * e).sum(), lambda scores: np.arange(len(scores))
    ),
    "They were sorted from the worst score up: np.argsort(-scores) begins with the best.": (
        _of(lambda h, p, e, r: (_steps(r) * e).sum(), np.argsort),
        _of(lambda h, p, e, r: (_steps(r) * p).sum(), np.argsort),
    ),
    "The envelope is missing: at each recall the best precision counts that is reached there or further on.": _of(
        lambda h, p, e, r: (_steps(r) * p).sum()
    ),
    "The envelope runs the wrong way: the best precision so far. It is the best from here on that counts.": _of(
        lambda h, p, e, r: (_steps(r) * np.maximum.accumulate(p)).sum()
    ),
    "It was divided by the faces that were found. Missed faces must cost: divide by number_of_faces.": (
        _of(_share_of_last),
        _of(lambda h, p, e, r: p[h > 0].mean() if h.any() else 0.0),
    ),
    "It was divided by the number of detections. It is number_of_faces that the recall is a share of.": (
        _of(lambda h, p, e, r: e[h > 0].sum() / len(h)),
        _of(lambda h, p, e, r: p[h > 0].sum() / len(h)),
    ),
    "That is the precision of all detections together: one point of the curve, not the area under it.": _of(
        lambda h, p, e, r: p[-1]
    ),
    "That is the recall of all detections together. How many wrong ones came in between must count too.": _of(
        lambda h, p, e, r: r[-1]
    ),
    "That is the mean precision over all detections, wrong ones too. The area grows "
    "only where recall does: at the right ones.": (_of(lambda h, p, e, r: p.mean()), _of(lambda h, p, e, r: e.mean())),
    "The precision of all detections was added up, wrong ones too. The area grows only where recall does.": _of(
        lambda h, p, e, r: (e / (h.sum() / r[-1]) if r[-1] else 0 * e).sum()
    ),
    "That is the trapezoid rule. The envelope is a staircase: each step of recall times the envelope at its end.": (
        _of(lambda h, p, e, r: _trapezoid(r, p)),
        _of(lambda h, p, e, r: _after((0, 0), r, p)),
        _of(lambda h, p, e, r: _after((0, 1), r, p)),
        _of(lambda h, p, e, r: _after((0, p[0]), r, p)),
    ),
    "That is the mean at 11 fixed recalls, 0, 0.1, ... 1, as in Pascal VOC 2007. Here the whole area counts.": _of(
        _at(11)
    ),
    "That is the mean at 101 fixed recalls, as COCO has it. Here the whole area counts.": _of(_at(101)),
    "The first step of recall is missing: it goes from 0 to the first recall. np.diff(recall, prepend=0).": (
        _of(lambda h, p, e, r: (np.diff(r) * e[1:]).sum()),  # by trapezoids the same: e is flat between hits
        _of(lambda h, p, e, r: (np.diff(r) * e[:-1]).sum()),
        _of(lambda h, p, e, r: (np.diff(r) * p[1:]).sum()),
    ),
    "That is the highest precision. The area needs all of the curve.": _of(lambda h, p, e, r: p.max()),
    "That is one rectangle, precision times recall at the end. The area is the sum of one for each step of recall.": (
        _of(lambda h, p, e, r: p[-1] * r[-1]),
        _of(lambda h, p, e, r: p.max() * r[-1]),
    ),
    "That is the best F1 score, a mean of one precision and one recall. The area needs all of the curve.": (
        _of(lambda h, p, e, r: (2 * p * r / np.maximum(p + r, 1e-9)).max()),
        _of(lambda h, p, e, r: 2 * p[-1] * r[-1] / max(p[-1] + r[-1], 1e-9)),
    ),
    "The rank is off by one: the best detection is number 1, so that np.arange(1, N + 1) divides the sum so far.": (
        _of(lambda h, p, e, r: (_steps(r) * _envelope(np.cumsum(h) / np.arange(2, len(h) + 2))).sum()),
        _of(lambda h, p, e, r: (_steps(r) * _envelope(np.cumsum(h) / np.maximum(np.arange(len(h)), 1))).sum()),
    ),
    "What was not found counts as well: the curve ends at the last recall, and beyond it the area is 0.": (
        _of(lambda h, p, e, r: (_steps(r) * e).sum() + (1 - r[-1]) * p[-1]),
        _of(lambda h, p, e, r: (_steps(r) * e).sum() + (1 - r[-1]) * e[-1]),
    ),
    "That is the area under another curve, right ones against wrong ones (ROC). It doesn't know of missed faces.": _of(
        _roc
    ),
    "That is 1 minus the area.": _of(lambda h, p, e, r: 1 - (_steps(r) * e).sum()),
    "That is in percent. The area is 1 at most.": _of(lambda h, p, e, r: 100 * (_steps(r) * e).sum()),
    "The whole curve came back. The area under it is one number.": (
        _of(lambda h, p, e, r: e),
        _of(lambda h, p, e, r: p),
        _of(lambda h, p, e, r: np.cumsum(_steps(r) * e)),
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


JUDGE = Judge(
    name="average_precision",
    arguments=("scores", "is_true", "number_of_faces"),
    reference=_area,
    cases=(
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
    ),
    hints=_HINTS,
    tolerance=1e-4,
)
