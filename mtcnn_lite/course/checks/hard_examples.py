"""The judge of `hard_examples`: which samples of a batch are hard enough to learn from."""

from collections.abc import Callable
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict


def hard_examples(fn: Function) -> Verdict:
    """Judges `fn(losses (N,), keep=0.7) -> mask (N,)`: True for the int(keep * N) highest losses, at least one.

    No two losses are alike. N may be 0: shape (0,), or an empty list. The inputs must stay as they are.

    >>> hard_examples(lambda losses, keep=0.7: losses > keep).hint[:27]
    'You compared the losses wit'
    """
    return JUDGE.verdict(fn)


def _count(losses: Array, keep: float) -> int:
    return max(1, int(keep * len(losses)))


def _order(losses: Array) -> Array:
    """Rows, highest loss first."""
    return np.argsort(-losses, kind="stable")


def _mask(rows: Array, count: int) -> Array:
    mask = np.zeros(count, bool)
    mask[rows] = True
    return mask


def _top(losses: Array, count: int) -> Array:
    return _mask(_order(losses)[: max(0, count)], len(losses))


def _reference(losses: Array, keep: float = 0.7) -> Array:
    return _top(losses, _count(losses, keep))


def _counting(count: Callable[[Array, float], int]) -> Function:
    """The mask of another number of them."""
    return lambda losses, keep=0.7: _top(losses, count(losses, keep))


def _then(change: Callable[[Array, Array], Any]) -> Function:
    """Something made of the losses and the right mask."""
    return lambda losses, keep=0.7: change(losses, _reference(losses, keep))


def _above(bound: Callable[[Array, float], Any]) -> Function:
    """The losses above a bound."""
    return lambda losses, keep=0.7: losses > bound(losses, keep) if len(losses) else np.zeros(0, bool)


def _misread_order(losses: Array, keep: float = 0.7) -> Array:
    """argsort's answer is taken for each sample's rank: it holds rows."""
    return _order(losses) < _count(losses, keep)


def _shuffled(losses: Array, keep: float = 0.7) -> Array:
    """The right mask, in the order of the sorted losses."""
    return np.arange(len(losses)) < _count(losses, keep)


_HINTS: Hints = {
    "These are the lowest losses, the easy samples. Keep the highest.": (
        lambda losses, keep=0.7: _mask(np.argsort(losses)[: _count(losses, keep)], len(losses)),
    ),
    "The mask is upside down: True is for those that are kept, the hard ones.": _then(lambda losses, mask: ~mask),
    "The rows of the hard samples came back. The answer is a mask, True or False for each of the N samples: "
    "mask[rows] = True.": (
        lambda losses, keep=0.7: _order(losses)[: _count(losses, keep)],
        _then(lambda losses, mask: np.flatnonzero(mask)),
    ),
    "The losses themselves came back. The answer is a mask, True or False for each of the N samples.": (
        _then(lambda losses, mask: losses[mask]),
        _then(lambda losses, mask: np.sort(losses[mask])[::-1]),
        _then(lambda losses, mask: losses * mask),
    ),
    "One too many, or a fraction rounded up: int(...) drops the fraction.": (
        _counting(lambda losses, keep: int(np.ceil(keep * len(losses)))),
        _counting(lambda losses, keep: _count(losses, keep) + 1),
        _counting(lambda losses, keep: int(keep * len(losses)) + 1),
    ),
    "The number was rounded to the nearest: int(...) drops the fraction.": _counting(
        lambda losses, keep: max(1, round(keep * len(losses)))
    ),
    "One is missing: is > used where >= is meant, or does a slice end one too early?": (
        _counting(lambda losses, keep: _count(losses, keep) - 1),
        _counting(lambda losses, keep: max(1, _count(losses, keep) - 1)),
    ),
    "Here int(keep * N) is 0, but at least one sample must be kept: max(1, ...).": _counting(
        lambda losses, keep: int(keep * len(losses))
    ),
    "The hardest 30% are kept, or that share is dropped: keep is what stays.": (
        _counting(lambda losses, keep: int((1 - keep) * len(losses))),
        _counting(lambda losses, keep: max(1, int((1 - keep) * len(losses)))),
        _counting(lambda losses, keep: max(1, round((1 - keep) * len(losses)))),
    ),
    "You compared the losses with a fixed bound. It is a share of the batch that is kept, whatever the losses are.": (
        _above(lambda losses, keep: keep),
        _above(lambda losses, keep: 1 - keep),
    ),
    "You compared with a share of the highest loss. It is a share of the samples that is kept.": (
        _above(lambda losses, keep: keep * losses.max()),
        _above(lambda losses, keep: (1 - keep) * losses.max()),
    ),
    "You compared with the mean or the median. It is the int(keep * N) highest that are kept.": (
        _above(lambda losses, keep: losses.mean()),
        _above(lambda losses, keep: np.median(losses)),
    ),
    "A quantile lies between two losses and keeps another "
    "number of them, here and there. Count: int(keep * N).": _above(lambda losses, keep: np.quantile(losses, 1 - keep)),
    "argsort gives rows, not ranks: its first number says where the highest loss stands. Use it as an index, "
    "mask[order[:k]] "
    "= True.": (_misread_order, lambda losses, keep=0.7: np.argsort(losses, kind="stable") < _count(losses, keep)),
    "The first of the batch were marked. Sorting moved the losses; the mask must be in the order of the samples.": (
        _shuffled,
        lambda losses, keep=0.7: _shuffled(losses, keep)[::-1],
    ),
    "keep is not used: your function always keeps 70%.": (lambda losses, keep=0.7: _reference(losses, 0.7),),
    "All samples are kept: nothing was chosen.": (lambda losses, keep=0.7: np.ones(len(losses), bool),),
    "Only the single hardest sample is kept. It is int(keep * N) of them.": _counting(lambda losses, keep: 1),
}


def _losses(*values: float) -> Array:
    return np.array(values, dtype=np.float32)


def _random(count: int) -> Array:
    """Losses from 0 to 2.5, no two alike."""
    return (np.random.default_rng(count).choice(250, count, replace=False) / 100).astype(np.float32)


_SHAPE = "losses has shape (N,), and keep is a number from 0 to 1. Take k = max(1, int(keep * N)) first."
_NONE = "Here N is 0: there is nothing to choose from. The answer is an empty mask of shape (0,)."

JUDGE = Judge(
    name="hard_examples",
    arguments=("losses", "keep"),
    reference=_reference,
    cases=(
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
    ),
    hints=_HINTS,
)
