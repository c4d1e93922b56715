"""The judge of `detection_loss`: what a sample costs."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict


def detection_loss(fn: Function) -> Verdict:
    """Judges `fn(face_probability (N,), label (N,)) -> losses (N,)`: cross-entropy of each sample, natural logarithm.

    face_probability: what the net says, above 0 and below 1. label: 1 for a face, 0 for none. N may be 0: shape (0,),
    or an empty list. A safeguard against log(0) is welcome up to 1e-7. The inputs must stay as they are.

    >>> detection_loss(lambda p, y: -(y * np.log(p) + (1 - y) * (1 - np.log(p)))).hint[:38]
    'That is equation 1 as the paper prints'
    """
    return JUDGE.verdict(fn)


def _cross_entropy(p: Array, y: Array) -> Array:
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def _sigmoid(p: Array) -> Array:
    return 1 / (1 + np.exp(-p))


def _of(before: Callable[[Array], Array]) -> Function:
    """The right loss of other probabilities."""
    return lambda p, y: _cross_entropy(before(p), y)


def _then(after: Callable[[Array], Any]) -> Function:
    """The right losses, and then something more."""
    return lambda p, y: after(_cross_entropy(p, y))


def _clipped(p: Array, y: Array, least: float) -> Array:
    return _cross_entropy(np.clip(p, least, 1 - least), y)


def _padded(p: Array, y: Array, more: float) -> Array:
    """Something added against log(0)."""
    return -(y * np.log(p + more) + (1 - y) * np.log(1 - p + more))


def _focal(p: Array, y: Array, power: int) -> Array:
    return np.where(y == 1, 1 - p, p) ** power * _cross_entropy(p, y)


def _mean(values: Array) -> Any:
    return values.mean() if len(values) else 0.0


_HINTS: Hints = {
    "That is equation 1 as the paper prints it, and the print has a slip: the last factor must be log(1 - p), not 1 "
    "- log(p). As printed, the loss of a background sample falls without bound as p goes to 0.": (
        lambda p, y: -(y * np.log(p) + (1 - y) * (1 - np.log(p))),
        lambda p, y: -y * np.log(p) + (1 - y) * (1 - np.log(p)),
    ),
    "The minus sign is missing: the logarithm of a probability is below 0, and a loss must not be.": _then(
        lambda losses: -losses
    ),
    "The minus sign reaches only the first term: put both into brackets, -(... + ...).": (
        lambda p, y: -y * np.log(p) + (1 - y) * np.log(1 - p),
        lambda p, y: y * np.log(p) - (1 - y) * np.log(1 - p),
    ),
    "The logarithm is not the natural one. Use np.log, torch.log or math.log, not log10 or log2.": (
        _then(lambda losses: losses / np.log(10)),
        _then(lambda losses: losses / np.log(2)),
    ),
    "The term for label 0 is missing: background that the net calls a face must cost something, -log(1 - p).": (
        lambda p, y: -y * np.log(p),
    ),
    "The term for label 1 is missing: a face that the net calls background must cost something, -log(p).": (
        lambda p, y: -(1 - y) * np.log(1 - p),
    ),
    "The two terms have changed places: for label 1 it is -log(p), for label 0 it is -log(1 - p).": _of(
        lambda p: 1 - p
    ),
    "You took -log(p) whatever the label. p is the probability of a face; the truth for label 0 has 1 - p.": (
        lambda p, y: -np.log(p),
    ),
    "You took -log(1 - p) whatever the label. For a face, label 1, the truth has the probability p.": (
        lambda p, y: -np.log(1 - p),
    ),
    "Probability and label have changed places: the logarithm is of the probability, the label chooses the term.": (
        lambda p, y: -(p * np.log(y) + (1 - p) * np.log(1 - y)),
    ),
    "That is log(1 + p). For label 0 it must be log(1 - p): np.log1p(-p), if you like log1p.": (
        lambda p, y: -(y * np.log(p) + (1 - y) * np.log(1 + p)),
    ),
    "The mean of the losses came back. The answer is one loss for each sample: later some will be left out.": (
        _then(_mean),
        _then(lambda losses: np.full(losses.shape, _mean(losses))),
    ),
    "The sum of the losses came back. The answer is one loss for each sample: later some will be left out.": _then(
        np.sum
    ),
    "The losses were divided by N. The mean comes later; the answer is each sample's own loss.": _then(
        lambda losses: losses / max(1, len(losses))
    ),
    "That is the squared difference of p and label. It is nearly flat where the net "
    "is surely wrong; cross-entropy takes the logarithm.": (lambda p, y: (p - y) ** 2, lambda p, y: (p - y) ** 2 / 2),
    "That is the plain difference of p and label, without a logarithm: -log(p) for a face, -log(1 - p) for none.": (
        lambda p, y: np.abs(p - y),
        lambda p, y: p - y,
    ),
    "That is the probability of the truth itself. The loss is minus its logarithm.": (
        lambda p, y: np.where(y == 1, p, 1 - p),
    ),
    "A sigmoid was taken "
    "of what is a probability already. That is for logits, as in binary_cross_entropy_with_logits.": _of(_sigmoid),
    "A softmax was taken of what is a probability already. That is for logits, as in torch's cross_entropy.": _of(
        lambda p: _sigmoid(2 * p - 1)
    ),
    "p was cut off too early, or too much was added to it: a sure mistake must cost its full price. If you guard "
    "against log(0), 1e-7 is enough.": (
        *(partial(_clipped, least=least) for least in (0.01, 0.05, 0.1)),
        *(partial(_padded, more=more) for more in (0.001, 0.01, 0.1, 1)),
        _then(lambda losses: np.minimum(losses, 1)),
        _then(lambda losses: np.minimum(losses, 5)),
    ),
    "That is the focal loss: easy samples weigh less. It came later (Lin et al. 2017); here each sample weighs 1.": (
        partial(_focal, power=1),
        partial(_focal, power=2),
    ),
    "p was rounded to 0 or 1 first. How sure the net is, is just what the loss must see.": (
        lambda p, y: (np.round(p) != y).astype(float),
        lambda p, y: _clipped(p.round(), y, least=1e-7),
    ),
    "Only the first sample is looked at. There are N: use whole arrays, or loop over them.": (
        _then(lambda losses: losses[:1]),
        _then(lambda losses: losses[0]),
    ),
    "You sorted the losses. They stay in the order of the samples.": (
        _then(np.sort),
        _then(lambda losses: np.sort(losses)[::-1]),
    ),
    "Each probability was compared with each label: (N, N). Sample i has probability i and label i.": (
        lambda p, y: _cross_entropy(p[:, None], y[None]),
        lambda p, y: _cross_entropy(p[None], y[:, None]),
    ),
}


def _samples(*pairs: tuple[float, int]) -> tuple[Array, Array]:
    """Probabilities float32 (N,) and labels int64 (N,)."""
    rows = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    return rows[:, 0].astype(np.float32), rows[:, 1].astype(np.int64)


def _random(count: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(count)
    return (rng.integers(1, 100, count) / 100).astype(np.float32), rng.integers(0, 2, count)


_ONE = "face_probability and label have shape (1,): an array each, one number a sample."
_MORE = (
    "It works for one sample and stops at more. An `if` cannot look at N labels at once: use y * ... + (1 - y) * ..., "
    "np.where, or a loop."
)
_NONE = "Here N is 0: there is no sample. The answer is an empty array of shape (0,)."

JUDGE = Judge(
    name="detection_loss",
    arguments=("face_probability", "label"),
    reference=_cross_entropy,
    cases=(
        Case("a face, p = 0.5", _samples((0.5, 1)), _ONE),
        Case("a face, and the net is sure of it", _samples((0.9, 1)), _ONE),
        Case("no face, and the net is sure there is one", _samples((0.9, 0)), _ONE),
        Case("no face, and the net is sure of that", _samples((0.2, 0)), _ONE),
        Case("a face that the net takes for background", _samples((0.03, 1)), _ONE),
        Case("very sure, and wrong, either way", _samples((0.999, 0), (0.001, 1)), _MORE),
        Case("very sure, and right, either way", _samples((0.999, 1), (0.001, 0)), _MORE),
        Case("three samples", _samples((0.7, 1), (0.7, 0), (0.4, 1)), _MORE),
        Case("no sample at all", _samples(), _NONE),
        Case("twelve random samples", _random(12), _MORE),
        Case("a hundred random samples", _random(100), _MORE),
    ),
    hints=_HINTS,
    tolerance=2e-3,  # of a safeguard against log(0)
)
