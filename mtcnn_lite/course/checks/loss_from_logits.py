"""The judge of `loss_from_logits`: cross-entropy that stays finite where float32 can't tell p from 0 or 1."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, slips
from mtcnn_lite.course.checks.judge.losses import NO_SAMPLE, mean, over_count


def loss_from_logits(fn: Function) -> Verdict:
    """Judges `fn(logits (N, 2), label (N,)) -> losses (N,)`: cross-entropy of each sample, natural logarithm.

    logits: float32, what the net's last layer gives for "no face" and "face", any numbers at all. label: 1 for a face,
    0 for none. N may be 0. Every loss must be right to 0.001, at logits of 1,000 too. The inputs must stay as they are.

    >>> loss_from_logits(lambda z, y: -np.log((np.exp(z).T / np.exp(z).sum(1))[y, range(len(y))])).hint[:40]
    'exp overflows: in float32 it is infinite'
    """
    return JUDGE.verdict(fn)


def _largest(z: Array) -> Array:
    return z.max(axis=1, keepdims=True)


def _log_of_sum(z: Array) -> Array:
    with np.errstate(all="ignore"):  # the wrong ones overflow
        return np.log(np.exp(z).sum(axis=1))


def _of_label(z: Array, y: Array) -> Array:
    """The logit of the right class, (N,)."""
    return z[np.arange(len(z)), y]


def _loss(
    z: Array,
    y: Array,
    shift: Callable[[Array], Any] = _largest,
    chosen: Callable[[Array, Array], Array] = _of_label,
    back: float = 0,
) -> Array:
    """The right losses, log(sum(exp(z))) - z[label] of shifted logits; with other parts in them, wrong ones."""
    moved = z - shift(z)
    return _log_of_sum(moved) - chosen(moved, y) + back * np.ravel(shift(z))


def _softmax(z: Array, axis: int = 1) -> Array:
    exp = np.exp(z - z.max(axis=axis, keepdims=True)) if z.size else z
    return exp / exp.sum(axis=axis, keepdims=True)


def _log_of_softmax(z: Array, y: Array, more: float = 0, cut: float = 0, axis: int = 1) -> Array:
    """The logarithm and the softmax in two steps."""
    with np.errstate(all="ignore"):
        return -np.log(np.clip(_of_label(_softmax(z, axis), y) + more, cut, None))


def _overflowing(z: Array, y: Array) -> Array:
    with np.errstate(all="ignore"):
        exp = np.exp(z)
        return -np.log(_of_label(exp / exp.sum(axis=1, keepdims=True), y))


def _with_sigmoid(z: Array, y: Array) -> Array:
    """Cross-entropy of the sigmoid of the logit of "face" alone."""
    return np.logaddexp(0, np.where(y == 1, -z[:, 1], z[:, 1]))


_but, _before, _after = (partial(wrong, _loss) for wrong in (slips.but, slips.before, slips.after))

# What is added to a probability, or the least it is let to be: the last is float32's smallest normal number.
_LEAST = [1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-20, 1e-30, 1.17549435e-38]

_HINTS: Hints = {
    "exp overflows: in float32 it is infinite from 89 on. Subtract each row's largest logit first, which changes no "
    "probability.": (*_but(shift=lambda z: 0), _overflowing),
    "The probability of the truth has rounded to 0, so its logarithm is infinite. Don't make probabilities at all: "
    "log(sum(exp(z))) - z[label].": _log_of_softmax,
    "p was kept away from 0: a sure mistake at logits of 1,000 must cost 1,000. Don't make probabilities at all: "
    "log(sum(exp(z))) - z[label].": (
        *slips.but(_log_of_softmax, more=_LEAST),
        *slips.but(_log_of_softmax, cut=_LEAST),
    ),
    "The logits were kept small. A sure mistake must cost its full price: subtract the largest, don't clip.": (
        _before(z=[lambda z, most=most: np.clip(z, -most, most) for most in (10, 20, 30, 50, 80, 88, 100)])
    ),
    "The smallest logit was subtracted. Then the largest still overflows: subtract the largest.": _but(
        shift=lambda z: z.min(axis=1, keepdims=True)
    ),
    "One number was subtracted from the whole batch. Rows far below it lose all their digits: subtract from each row "
    "its own largest, with axis=1 and keepdims=True.": _but(shift=lambda z: z.max() if z.size else 0),
    "The largest logit was subtracted in the exponent alone. Take it from z[label] as well, or add it to the "
    "logarithm.": lambda z, y: _log_of_sum(z - _largest(z)) - _of_label(z, y),
    "The largest logit was added although both terms are without it. Once the same is taken from both, nothing is "
    "put back.": _but(back=1),
    'The columns have changed places: column 0 is "no face", column 1 "face".': (
        *_before(z=lambda z: z[:, ::-1]),
        *_before(y=lambda y: 1 - y),
    ),
    'You took the logit of "face" whatever the label. For label 0 it is that of "no face".': _but(
        chosen=lambda z, y: z[:, 1]
    ),
    'You took the logit of "no face" whatever the label. For label 1 it is that of "face".': _but(
        chosen=lambda z, y: z[:, 0]
    ),
    "The largest logit stands in place of the label's: that is the price if the net were always right.": _but(
        chosen=lambda z, y: z.max(axis=1)
    ),
    "The minus is missing: the loss is log(sum(exp(z))) - z[label].": _after(np.negative),
    "The softmax runs over the batch. It belongs to each sample: axis=1, over the two logits.": partial(
        _log_of_softmax, axis=0
    ),
    "The softmax was taken twice: what goes in must be the logits.": lambda z, y: _loss(_softmax(z), y),
    'The sigmoid looks at the logit of "face" alone. The probability hangs on the difference of the two.': (
        _with_sigmoid
    ),
    "The logarithm is not the natural one.": _after(
        lambda losses: losses / np.log(2), lambda losses: losses / np.log(10)
    ),
    "That is the sum of exp without its logarithm.": lambda z, y: (
        np.exp(z - _largest(z)).sum(axis=1) - _of_label(z - _largest(z), y)
    ),
    "The mean of the losses came back. The answer is one loss for each sample.": _after(mean),
    "The sum of the losses came back. The answer is one loss for each sample.": _after(np.sum),
    "The losses were divided by N. The answer is each sample's own loss.": _after(over_count),
    "A loss for each class came back, (N, 2). Choose the column of each sample's label.": lambda z, y: (
        np.logaddexp(z[:, :1], z[:, 1:]) - z
    ),
    "Only the first sample is looked at. There are N.": _after(*slips.FIRST),
}


def _pairs(*rows: tuple[float, float, int]) -> tuple[Array, Array]:
    """Logits, float32 (N, 2), and labels, int64 (N,)."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return table[:, :2].astype(np.float32), table[:, 2].astype(np.int64)


def _random(count: int, spread: float) -> tuple[Array, Array]:
    rng = np.random.default_rng(count)
    return (rng.normal(0, spread, (count, 2)).round(2).astype(np.float32), rng.integers(0, 2, count))


_ONE = "logits has shape (1, 2): one row, the logits of no face and of face. label has shape (1,)."
_MORE = "It works for one sample and stops at more. Use whole arrays, or a loop over the rows."
_LARGE = "The logits are large here, and still ordinary numbers."
_CASES = (
    Case("undecided: two equal logits", _pairs((0, 0, 1)), _ONE),
    Case("a face, and the net leans to it", _pairs((0, 1, 1)), _ONE),
    Case("no face, and the net leans to one", _pairs((0.5, 2, 0)), _ONE),
    Case("both logits below 0", _pairs((-3, -1, 0)), _ONE),
    Case("three samples", _pairs((1, -1, 0), (0, 2, 0), (2, 0.5, 1)), _MORE),
    Case("no face, and the net is very sure of one", _pairs((0, 40, 0)), _LARGE),
    Case("logits of 100", _pairs((0, 100, 1), (100, 0, 0)), _LARGE),
    Case("logits of 1,000, wrong", _pairs((0, 1000, 0)), _LARGE),
    Case("logits of -1,000, undecided", _pairs((-1000, -1000, 1)), _LARGE),
    Case("rows of very different size", _pairs((900, 899, 1), (-900, -901, 0), (0, 1, 1)), _LARGE),
    Case("no sample at all", _pairs(), NO_SAMPLE),
    Case("twelve random samples", _random(12, 2), _MORE),
    Case("a hundred random samples, some large", _random(100, 60), _MORE),
)

JUDGE = Judge("loss_from_logits", ("logits", "label"), _loss, _CASES, _HINTS)
