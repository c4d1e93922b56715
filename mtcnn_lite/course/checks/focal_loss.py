"""The judge of `focal_loss`: what a one-pass detector's many answers cost."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict


def focal_loss(fn: Function) -> Verdict:
    """Judges `fn(face_probability (N,), label (N,), gamma, alpha) -> losses (N,)`, natural logarithm.

    With q, the probability given to the truth (p for a face, 1 - p for none): -a * (1 - q) ** gamma * log(q), where a
    is alpha for a face, 1 - alpha for none. N may be 0. A safeguard against log(0) is welcome up to 1e-7. The inputs
    must stay as they are.

    >>> focal_loss(lambda p, y, gamma, alpha: -np.log(np.where(y == 1, p, 1 - p))).hint[:32]
    'That is the plain cross-entropy.'
    """
    return JUDGE.verdict(fn)


def _truth(p: Array, y: Array) -> Array:
    """The probability given to the truth."""
    return np.where(y == 1, p, 1 - p)


def _focal(
    p: Array,
    y: Array,
    gamma: float,
    alpha: float,
    truth: Callable[[Array, Array], Array] = _truth,
    weight: Callable[[Array, float], Any] = lambda y, alpha: np.where(y == 1, alpha, 1 - alpha),
    easy: Callable[[Array, float], Any] = lambda q, gamma: (1 - q) ** gamma,
    log: Callable[[Array], Array] = np.log,
) -> Array:
    """The right losses; and with other weights, powers or logarithms, the wrong ones."""
    q = truth(p, y)
    return -weight(y, alpha) * easy(q, gamma) * log(q)


def _with(**changed: Any) -> Function:
    return partial(_focal, **changed)


def _after(change: Callable[[Array], Any]) -> Function:
    return lambda p, y, gamma, alpha: change(_focal(p, y, gamma, alpha))


_HINTS: Hints = {
    "That is the plain cross-entropy. Multiply by (1 - q) ** gamma and by the sample's alpha.": _with(
        weight=lambda y, alpha: 1, easy=lambda q, gamma: 1
    ),
    "(1 - q) ** gamma is missing: easy samples weigh as much as hard ones.": _with(easy=lambda q, gamma: 1),
    "alpha is not in it: a face weighs alpha, no face 1 - alpha.": _with(weight=lambda y, alpha: 1),
    "alpha weighs every sample. A face weighs alpha, no face 1 - alpha.": _with(weight=lambda y, alpha: alpha),
    "alpha and 1 - alpha have changed places: alpha is a face's weight.": _with(
        weight=lambda y, alpha: np.where(y == 1, 1 - alpha, alpha)
    ),
    "alpha weighs the faces, and no face weighs 1. It is 1 - alpha for those.": _with(
        weight=lambda y, alpha: np.where(y == 1, alpha, 1)
    ),
    "The hard samples are made small, not "
    "the easy ones: it is (1 - q) ** gamma, and q is near 1 where it is easy.": _with(easy=lambda q, gamma: q**gamma),
    "The power takes p, whatever the label. q is the probability given to the truth: p for a face, 1 - p for none.": (
        lambda p, y, g, a: -np.where(y == 1, a, 1 - a) * (1 - p) ** g * np.log(_truth(p, y)),
        lambda p, y, g, a: -np.where(y == 1, a, 1 - a) * p**g * np.log(_truth(p, y)),
    ),
    "log takes p, whatever the label. It is log(q): for no face, log(1 - p).": (
        lambda p, y, g, a: -np.where(y == 1, a, 1 - a) * (1 - _truth(p, y)) ** g * np.log(p),
        _with(truth=lambda p, y: p),
    ),
    "The label is turned round: 1 is a face.": (lambda p, y, g, a: _focal(p, 1 - y, g, a),),
    "gamma multiplies. It is a power: (1 - q) ** gamma.": _with(easy=lambda q, gamma: gamma * (1 - q)),
    "gamma is fixed in your function. It comes in as an argument.": (
        _with(easy=lambda q, gamma: (1 - q) ** 2),
        _with(easy=lambda q, gamma: 1 - q),
    ),
    "alpha is fixed in your function. It comes in as an argument.": (
        _with(weight=lambda y, alpha: np.where(y == 1, 0.25, 0.75)),
        _with(weight=lambda y, alpha: 0.5),
    ),
    "The weight was raised to gamma as well. Only (1 - q) is.": (
        lambda p, y, g, a: -((np.where(y == 1, a, 1 - a) * (1 - _truth(p, y))) ** g) * np.log(_truth(p, y)),
        lambda p, y, g, a: np.where(y == 1, a, 1 - a) * (-(1 - _truth(p, y)) * np.log(_truth(p, y))) ** g,
    ),
    "The minus is missing: a logarithm of a probability is negative, a loss is not.": _after(np.negative),
    "That is another logarithm. Use the natural one, np.log.": (_with(log=np.log2), _with(log=np.log10)),
    "The mean of the losses came back. The answer is one loss for each sample.": (
        _after(np.mean),
        _after(lambda losses: losses.mean() if len(losses) else 0.0),
    ),
    "The sum of the losses came back. The answer is one loss for each sample.": _after(np.sum),
    "Each loss was divided by the number of faces. That comes later; the answer is each sample's own loss.": (
        lambda p, y, g, a: _focal(p, y, g, a) / max(1, y.sum()),
        lambda p, y, g, a: _focal(p, y, g, a) / max(1, len(y)),
    ),
    "A sigmoid was taken of what is a probability already.": (
        lambda p, y, g, a: _focal(1 / (1 + np.exp(-p)), y, g, a),
    ),
    "p was cut off too early: a sure mistake must cost its full price. 1e-7 is enough to guard against log(0).": tuple(
        (lambda p, y, g, a, least=least: _focal(np.clip(p, least, 1 - least), y, g, a)) for least in (0.01, 0.05, 0.1)
    ),
}


def _samples(gamma: float, alpha: float, *pairs: tuple[float, int]) -> tuple[Any, ...]:
    rows = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1].astype(np.int64), gamma, alpha


def _random(count: int, gamma: float, alpha: float) -> tuple[Any, ...]:
    rng = np.random.default_rng(count)
    return rng.integers(1, 100, count) / 100, rng.integers(0, 2, count), gamma, alpha


_ONE = "face_probability and label have shape (N,): an array each, one number a sample."
_MANY = "It works for one sample and stops at more. An `if` cannot look at N labels at once: np.where, or a loop."
_NONE = "Here N is 0: there is no sample. The answer is an empty array of shape (0,)."

JUDGE = Judge(
    name="focal_loss",
    arguments=("face_probability", "label", "gamma", "alpha"),
    reference=_focal,
    cases=(
        Case("a face, p = 0.4, gamma 2, alpha 0.25", _samples(2, 0.25, (0.4, 1)), _ONE),
        Case("no face, p = 0.4", _samples(2, 0.25, (0.4, 0)), _ONE),
        Case("no face, and the net is sure of that", _samples(2, 0.25, (0.05, 0)), _ONE),
        Case("a face that the net takes for background", _samples(2, 0.25, (0.05, 1)), _ONE),
        Case("gamma 0: cross-entropy with weights", _samples(0, 0.25, (0.3, 0)), _ONE),
        Case("gamma 0.5, alpha 0.6", _samples(0.5, 0.6, (0.3, 1)), _ONE),
        Case("gamma 3, alpha 0.1", _samples(3, 0.1, (0.8, 0)), _ONE),
        Case("three samples", _samples(2, 0.25, (0.7, 1), (0.7, 0), (0.4, 1)), _MANY),
        Case("very sure, and wrong, either way", _samples(2, 0.25, (0.999, 0), (0.001, 1)), _MANY),
        Case("no sample at all", _samples(2, 0.25), _NONE),
        Case("twelve random samples", _random(12, 2, 0.25), _MANY),
        Case("a hundred random samples, gamma 1, alpha 0.5", _random(100, 1, 0.5), _MANY),
    ),
    hints=_HINTS,
    tolerance=1e-5,
)
