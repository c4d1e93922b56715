"""The judge of `hard_examples`: which samples of a batch are hard enough to learn from."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, slips


def hard_examples(fn: Function) -> Verdict:
    """Judges `fn(losses (N,), keep=0.7) -> mask (N,)`: True for the int(keep * N) highest losses, at least one.

    No two losses are alike. N may be 0: shape (0,), or an empty list. The inputs must stay as they are.

    >>> hard_examples(lambda losses, keep=0.7: losses > keep).hint[:27]
    'You compared the losses wit'
    """
    return JUDGE.verdict(fn)


def _at_least_one(number: float) -> int:
    return max(1, int(number))


def _nearest(number: float) -> int:
    return max(1, round(number))


def _order(losses: Array) -> Array:
    """Rows, highest loss first."""
    return np.argsort(-losses, kind="stable")


def _hard(losses: Array, keep: float = 0.7, count: Callable[[float], int] = _at_least_one) -> Array:
    """The right mask; and with another `count` made of keep * N, the wrong ones."""
    mask = np.zeros(len(losses), bool)
    mask[_order(losses)[: max(0, count(keep * len(losses)))]] = True
    return mask


def _rows(losses: Array, keep: float) -> Array:
    return _order(losses)[: _at_least_one(keep * len(losses))]


@slips.several
def _then(change: Callable[[Array, Array], Any]) -> Function:
    """Something made of the losses and the right mask."""
    return lambda losses, keep=0.7: change(losses, _hard(losses, keep))


@slips.several
def _below(order: Callable[[Array], Array]) -> Function:
    """argsort's answer, or none, is taken for each sample's rank."""
    return lambda losses, keep=0.7: order(losses) < _at_least_one(keep * len(losses))


def _last_of_all(losses: Array, keep: float = 0.7) -> Array:
    """A slice that begins so many from the end: all of them, where the number is 0."""
    mask = np.zeros(len(losses), bool)
    mask[np.argsort(losses, kind="stable")[-int(keep * len(losses)) :]] = True
    return mask


@slips.several
def _above(bound: Callable[[Array, float], Any]) -> Function:
    """The losses above a bound."""
    return lambda losses, keep=0.7: losses > bound(losses, keep) if len(losses) else np.zeros(0, bool)


@slips.several
def _at_least(bound: Callable[[Array, float], Any]) -> Function:
    """The losses that reach a bound."""
    return lambda losses, keep=0.7: losses >= bound(losses, keep) if len(losses) else np.zeros(0, bool)


_but, _before, _after = (partial(wrong, _hard) for wrong in (slips.but, slips.before, slips.after))

_HINTS: Hints = {
    "These are the lowest losses, the easy samples. Keep the highest.": _before(losses=np.negative),
    "The mask is upside down: True is for those that are kept, the hard ones.": _after(np.logical_not),
    "The rows of the hard samples came back. The answer is a mask, True or False for each of the N samples: "
    "mask[rows] = True.": (_rows, *_after(np.flatnonzero)),
    "The losses themselves came back. The answer is a mask, True or False for each of the N samples.": _then(
        lambda losses, mask: losses[mask],
        lambda losses, mask: np.sort(losses[mask])[::-1],
        lambda losses, mask: losses * mask,
    ),
    "One too many, or a fraction rounded up: int(...) drops the fraction.": _but(
        count=[math.ceil, lambda number: _at_least_one(number) + 1, lambda number: int(number) + 1]
    ),
    "The number was rounded to the nearest: int(...) drops the fraction.": _but(count=_nearest),
    "One is missing: is > used where >= is meant, or does a slice end one too early?": _but(
        count=[lambda number: _at_least_one(number) - 1, lambda number: max(1, _at_least_one(number) - 1)]
    ),
    "Here int(keep * N) is 0, but at least one sample must be kept: max(1, ...).": _but(count=int),
    "The hardest 30% are kept, or that share is dropped: keep is what stays.": slips.but(
        lambda losses, keep, count: _hard(losses, 1 - keep, count), count=[int, _at_least_one, _nearest]
    ),
    "You compared the losses with a fixed bound. It is a share of the batch that is kept, whatever the losses are.": (
        _above(lambda losses, keep: keep, lambda losses, keep: 1 - keep)
    ),
    "You compared with a share of the highest loss. It is a share of the samples that is kept.": _above(
        lambda losses, keep: keep * losses.max(), lambda losses, keep: (1 - keep) * losses.max()
    ),
    "You compared with the mean or the median. It is the int(keep * N) highest that are kept.": _above(
        lambda losses, keep: losses.mean(), lambda losses, keep: np.median(losses)
    ),
    "Here int(keep * N) is 0, and order[-0:] is all of them, not none. At least one is kept, and one only: take "
    "k = max(1, int(keep * N)) first.": _last_of_all,
    "A quantile lies between two losses and keeps another number of them, here and there. Count: int(keep * N).": (
        *_above(lambda losses, keep: np.quantile(losses, 1 - keep)),
        *_at_least(lambda losses, keep: np.quantile(losses, 1 - keep)),
    ),
    "That quantile leaves out the share that it should keep: keep is what stays. A quantile also lies between losses. "
    "Count: int(keep * N).": (
        *_above(lambda losses, keep: np.quantile(losses, keep)),
        *_at_least(lambda losses, keep: np.quantile(losses, keep)),
    ),
    "argsort gives rows, not ranks: its first number says where the highest loss stands. Use it as an index, "
    "mask[order[:k]] = True.": _below(_order, np.argsort),
    "The first of the batch were marked. Sorting moved the losses; the mask must be in the order of the samples.": (
        _below(lambda losses: np.arange(len(losses)), lambda losses: np.arange(len(losses))[::-1])
    ),
    "keep is not used: your function always keeps 70%.": slips.fixed(_hard, keep=0.7),
    "All samples are kept: nothing was chosen.": slips.fixed(_hard, keep=1),
    "Only the single hardest sample is kept. It is int(keep * N) of them.": _but(count=lambda number: 1),
}


def _losses(*values: float) -> Array:
    return np.array(values, dtype=np.float32)


def _random(count: int) -> Array:
    """Losses from 0 to 2.5, no two alike."""
    return (np.random.default_rng(count).choice(250, count, replace=False) / 100).astype(np.float32)


_SHAPE = "losses has shape (N,), and keep is a number from 0 to 1. Take k = max(1, int(keep * N)) first."
_NONE = "Here N is 0: there is nothing to choose from. The answer is an empty mask of shape (0,)."
_CASES = (
    Case("two samples, half of them kept", (_losses(0.2, 0.9), 0.5), _SHAPE),
    Case("three samples: int(0.7 * 3) is 2", (_losses(0.9, 0.1, 0.4), 0.7), _SHAPE),
    Case("four samples: int(0.7 * 4) is 2", (_losses(0.3, 2.0, 0.1, 0.5), 0.7), _SHAPE),
    Case("five samples: int(0.7 * 5) is 3", (_losses(1.2, 0.8, 0.05, 2.1, 0.01), 0.7), _SHAPE),
    Case("all losses are small", (_losses(0.003, 0.009, 0.001, 0.02), 0.7), _SHAPE),
    Case("one sample: at least one is kept", (_losses(0.4), 0.7), _SHAPE),
    Case("a small share of few", (_losses(0.4, 0.2, 0.6), 0.1), _SHAPE),
    Case("all of them", (_losses(0.4, 0.2, 0.6), 1.0), _SHAPE),
    Case("a quarter of eight", (_random(8), 0.25), _SHAPE),
    Case("no sample at all", (_losses(), 0.7), _NONE),
    Case("twelve random losses", (_random(12), 0.7), _SHAPE),
    Case("a hundred random losses", (_random(100), 0.7), _SHAPE),
)

JUDGE = Judge("hard_examples", ("losses", "keep"), _hard, _CASES, _HINTS)
