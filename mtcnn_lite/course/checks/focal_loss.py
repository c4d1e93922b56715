"""The judge of `focal_loss`: what a one-pass detector's many answers cost."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, slips
from mtcnn_lite.course.checks.judge.losses import (
    NO_SAMPLE,
    cut_off,
    mean,
    over_count,
    random_samples,
    samples,
    sigmoid,
    truth,
)


def focal_loss(fn: Function) -> Verdict:
    """Judges `fn(face_probability (N,), label (N,), gamma, alpha) -> losses (N,)`, natural logarithm.

    With q, the probability given to the truth (p for a face, 1 - p for none): -a * (1 - q) ** gamma * log(q), where a
    is alpha for a face, 1 - alpha for none. N may be 0. A safeguard against log(0) is welcome up to 1e-7. The inputs
    must stay as they are.

    >>> focal_loss(lambda p, y, gamma, alpha: -np.log(np.where(y == 1, p, 1 - p))).hint[:32]
    'That is the plain cross-entropy.'
    """
    return JUDGE.verdict(fn)


def _weight(y: Array, alpha: float) -> Array:
    return np.where(y == 1, alpha, 1 - alpha)


def _focal(
    p: Array,
    y: Array,
    gamma: float,
    alpha: float,
    weight: Callable[[Array, float], Any] = _weight,
    power_of: Callable[[Array, Array], Array] = truth,
    easy: Callable[[Array, float], Any] = lambda q, gamma: (1 - q) ** gamma,
    log_of: Callable[[Array, Array], Array] = truth,
    log: Callable[[Array], Array] = np.log,
) -> Array:
    """The right losses; and with other weights, powers, logarithms or probabilities in them, the wrong ones."""
    return -weight(y, alpha) * easy(power_of(p, y), gamma) * log(log_of(p, y))


def _p(p: Array, y: Array) -> Array:
    """The probability of a face, whatever the label."""
    return p


_but, _before, _after = (partial(wrong, _focal) for wrong in (slips.but, slips.before, slips.after))

_HINTS: Hints = {
    "That is the plain cross-entropy. Multiply by (1 - q) ** gamma and by the sample's alpha.": _but(
        weight=lambda y, alpha: 1, easy=lambda q, gamma: 1
    ),
    "(1 - q) ** gamma is missing: easy samples weigh as much as hard ones.": _but(easy=lambda q, gamma: 1),
    "alpha is not in it: a face weighs alpha, no face 1 - alpha.": _but(weight=lambda y, alpha: 1),
    "alpha weighs every sample. A face weighs alpha, no face 1 - alpha.": _but(weight=lambda y, alpha: alpha),
    "alpha and 1 - alpha have changed places: alpha is a face's weight.": _before(alpha=lambda alpha: 1 - alpha),
    "alpha weighs the faces, and no face weighs 1. It is 1 - alpha for those.": _but(
        weight=lambda y, alpha: np.where(y == 1, alpha, 1)
    ),
    "The hard samples are made small, not the easy ones: it is (1 - q) ** gamma, and q is near 1 where it is easy.": (
        _but(easy=lambda q, gamma: q**gamma)
    ),
    "The power takes p, whatever the label. q is the probability given to the truth: p for a face, 1 - p for none.": (
        _but(power_of=[_p, lambda p, y: 1 - p])
    ),
    "log takes p, whatever the label. It is log(q): for no face, log(1 - p).": _but(power_of=[truth, _p], log_of=_p),
    "The label is turned round: 1 is a face.": _before(y=lambda y: 1 - y),
    "gamma multiplies. It is a power: (1 - q) ** gamma.": _but(easy=lambda q, gamma: gamma * (1 - q)),
    "gamma is fixed in your function. It comes in as an argument.": slips.fixed(_focal, gamma=[2, 1]),
    "alpha is fixed in your function. It comes in as an argument.": slips.fixed(_focal, alpha=[0.25, 0.5]),
    "The weight was raised to gamma as well. Only (1 - q) is.": (
        lambda p, y, g, a: -((_weight(y, a) * (1 - truth(p, y))) ** g) * np.log(truth(p, y)),
        lambda p, y, g, a: _weight(y, a) * (-(1 - truth(p, y)) * np.log(truth(p, y))) ** g,
    ),
    "The minus is missing: a logarithm of a probability is negative, a loss is not.": _after(np.negative),
    "That is another logarithm. Use the natural one, np.log.": _but(log=[np.log2, np.log10]),
    "The mean of the losses came back. The answer is one loss for each sample.": _after(np.mean, mean),
    "The sum of the losses came back. The answer is one loss for each sample.": _after(np.sum),
    "Each loss was divided by the number of faces. That comes later; the answer is each sample's own loss.": (
        lambda p, y, g, a: _focal(p, y, g, a) / max(1, y.sum()),
        *_after(over_count),
    ),
    "A sigmoid was taken of what is a probability already.": _before(p=sigmoid),
    "p was cut off too early: a sure mistake must cost its full price. 1e-7 is enough to guard against log(0).": (
        _before(p=cut_off(0.01, 0.05, 0.1))
    ),
}

_ONE = "face_probability and label have shape (N,): an array each, one number a sample."
_MANY = "It works for one sample and stops at more. An `if` cannot look at N labels at once: np.where, or a loop."
_CASES = (
    Case("a face, p = 0.4, gamma 2, alpha 0.25", (*samples((0.4, 1)), 2, 0.25), _ONE),
    Case("no face, p = 0.4", (*samples((0.4, 0)), 2, 0.25), _ONE),
    Case("no face, and the net is sure of that", (*samples((0.05, 0)), 2, 0.25), _ONE),
    Case("a face that the net takes for background", (*samples((0.05, 1)), 2, 0.25), _ONE),
    Case("gamma 0: cross-entropy with weights", (*samples((0.3, 0)), 0, 0.25), _ONE),
    Case("gamma 0.5, alpha 0.6", (*samples((0.3, 1)), 0.5, 0.6), _ONE),
    Case("gamma 3, alpha 0.1", (*samples((0.8, 0)), 3, 0.1), _ONE),
    Case("three samples", (*samples((0.7, 1), (0.7, 0), (0.4, 1)), 2, 0.25), _MANY),
    Case("very sure, and wrong, either way", (*samples((0.999, 0), (0.001, 1)), 2, 0.25), _MANY),
    Case("no sample at all", (*samples(), 2, 0.25), NO_SAMPLE),
    Case("twelve random samples", (*random_samples(12), 2, 0.25), _MANY),
    Case("a hundred random samples, gamma 1, alpha 0.5", (*random_samples(100), 1, 0.5), _MANY),
)

JUDGE = Judge("focal_loss", ("face_probability", "label", "gamma", "alpha"), _focal, _CASES, _HINTS, tolerance=1e-5)
