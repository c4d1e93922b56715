"""The judge of `triplet_loss`: what it costs that somebody else's face is nearer than one's own."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, slips
from mtcnn_lite.course.checks.judge.losses import mean


def triplet_loss(fn: Function) -> Verdict:
    """Judges `fn(anchor (N, D), positive (N, D), negative (N, D), margin) -> one number`: FaceNet's loss, as a mean.

    The mean over the triplets of max(0, d(anchor, positive) - d(anchor, negative) + margin), d the squared Euclidean
    distance. N is 1 or more. Embeddings are taken as they come, whatever their length. The inputs must stay as they
    are.

    >>> triplet_loss(lambda a, p, n, margin: (((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + margin).mean()).hint[:41]
    'A triplet that is good enough pays back: '
    """
    return JUDGE.verdict(fn)


def _d2(first: Array, second: Array) -> Array:
    """Squared distance of each row to the row beside it, (N,)."""
    return np.square(first - second).sum(axis=-1)


def _hinge(values: Array) -> Array:
    return np.maximum(0, values)


def _loss(
    a: Array,
    p: Array,
    n: Array,
    margin: float,
    distance: Callable[[Array, Array], Array] = _d2,
    each: Callable[[Array], Array] = _hinge,
    reduce: Callable[[Array], Any] = np.mean,
) -> Any:
    """The right loss, and with another distance, another price of each triplet or another sum, the wrong ones."""
    return reduce(each(distance(a, p) - distance(a, n) + margin))


def _as_it_is(values: Array) -> Array:
    return values


def _unit(points: Array) -> Array:
    return points / np.maximum(np.linalg.norm(points, axis=-1, keepdims=True), 1e-12)


def _cosine(first: Array, second: Array) -> Array:
    return 1 - (_unit(first) * _unit(second)).sum(axis=-1)


_but = partial(slips.but, _loss)

_HINTS: Hints = {
    "A triplet that is good enough pays back: it has a loss below 0, and can pay for a bad one. Cut each off at 0, "
    "max(0, ...), before the mean.": _but(each=_as_it_is),
    "The mean was taken first and cut off at 0 after it. Then a good triplet pays for a bad one: cut each off, "
    "then take the mean.": _but(each=_as_it_is, reduce=lambda values: _hinge(values.mean())),
    "The distances are not squared. FaceNet's are, and a margin of 0.2 means something else without. (torch's "
    "TripletMarginLoss does not square either.)": _but(distance=lambda x, y: np.sqrt(_d2(x, y))),
    "The squared differences were averaged over the D numbers. Their sum is the squared distance.": _but(
        distance=lambda x, y: np.square(x - y).mean(axis=-1)
    ),
    "The differences were summed as they are, or by size. Square each, then sum.": _but(
        distance=[lambda x, y: np.abs(x - y).sum(axis=-1), lambda x, y: (x - y).sum(axis=-1)]
    ),
    "Positive and negative have changed places: what the anchor is far from should be the negative.": slips.swapped(
        _loss, "p", "n"
    ),
    "The margin is missing: the negative must be farther than the positive by that much, not only farther.": (
        slips.fixed(_loss, margin=0)
    ),
    "The margin is taken off. It is added: the negative has to be farther by that much.": slips.before(
        _loss, margin=np.negative
    ),
    "The margin was added after the cut at 0: then no triplet is ever free.": (
        lambda a, p, n, margin: _loss(a, p, n, 0) + margin,
        lambda a, p, n, margin: _loss(a, p, n, 0, each=lambda values: np.maximum(margin, values)),
    ),
    "The margin is fixed in your function. It comes in as an argument.": slips.fixed(_loss, margin=[0.2, 1, 0.5]),
    "The margin was squared, or taken twice.": slips.before(_loss, margin=[np.square, lambda margin: 2 * margin]),
    "The sum over the triplets came back. FaceNet's equation is a sum, but this exercise asks for the mean, so "
    "that a step does not grow with the batch.": _but(reduce=np.sum),
    "One number for each triplet came back. Take their mean.": _but(reduce=_as_it_is),
    "The mean is over the triplets that cost something. Divide by all N.": _but(
        reduce=lambda values: mean(values[values > 0])
    ),
    "The second distance is from the positive to the negative. Both are measured from the anchor.": (
        lambda a, p, n, margin: _hinge(_d2(a, p) - _d2(p, n) + margin).mean()
    ),
    "The nearer of two distances to the negative was taken, from the anchor or from the positive: that is the "
    "`swap` of Balntas et al. 2016. FaceNet takes the anchor's.": (
        lambda a, p, n, margin: _hinge(_d2(a, p) - np.minimum(_d2(a, n), _d2(p, n)) + margin).mean()
    ),
    "Only the positive is in it: pulling together without pushing apart, all faces end in one point.": (
        lambda a, p, n, margin: _d2(a, p).mean(),
        lambda a, p, n, margin: (_d2(a, p) + margin).mean(),
    ),
    "Only the negative is in it: nothing draws the positive closer.": (
        lambda a, p, n, margin: _hinge(margin - _d2(a, n)).mean()
    ),
    "That is the contrastive loss: it prices the two distances one by one. A triplet compares them.": (
        lambda a, p, n, margin: (_d2(a, p) + _hinge(margin - _d2(a, n))).mean()
    ),
    "The embeddings were scaled to length 1 first. Here they are taken as they come.": slips.before(
        _loss, a=_unit, p=_unit, n=_unit
    ),
    "That is 1 - cosine, half of the squared distance between unit vectors. Take the squared distance itself.": _but(
        distance=[_cosine, lambda x, y: _d2(x, y) / 2]
    ),
    "That is the smooth version, log(1 + exp(...)): it never comes to 0. Here it is max(0, ...).": _but(
        each=lambda values: np.log1p(np.exp(values))
    ),
    "The loss was squared, or its root taken, at the end.": _but(each=lambda values: _hinge(values) ** 2),
    "Only one triplet counts, the first or the last. Is the sum set anew in each turn of the loop, or returned "
    "inside?": slips.only(_loss, slice(1), slice(-1, None)),
    "All distances were summed before they were compared, over the whole batch. Row i of the three is one triplet: "
    "sum over axis 1.": _but(distance=[lambda x, y: np.square(x - y).sum(), lambda x, y: np.square(x - y).sum(axis=0)]),
    "Each number was priced by itself, before the sum over D: first the two distances, then max(0, ...).": _but(
        distance=lambda x, y: np.square(x - y), reduce=[np.mean, lambda values: values.sum(axis=-1).mean()]
    ),
    "Every positive was compared with every negative: (N, N). Row i of the three is one triplet.": (
        lambda a, p, n, margin: _hinge(_d2(a, p)[:, None] - _d2(a[:, None], n[None]) + margin).mean()
    ),
}


def _triplets(*rows: tuple[list[float], list[float], list[float]], margin: float = 0.2) -> tuple[Any, ...]:
    anchor, positive, negative = (np.array(each, np.float64) for each in zip(*rows, strict=True))
    return anchor, positive, negative, margin


def _random(count: int, dimensions: int, margin: float) -> tuple[Any, ...]:
    rng = np.random.default_rng(count)
    anchor = rng.integers(-8, 9, (count, dimensions)) / 16
    positive, negative = (anchor + rng.integers(-8, 9, (count, dimensions)) / 16 for _ in range(2))
    return anchor, positive, negative, margin


_SHAPE = "anchor, positive and negative have shape (1, D): a row for each triplet, its D numbers along axis 1."
_MORE = (
    "It works for one triplet and stops at more: sum over axis 1, which leaves (N,), then np.maximum, then the mean."
)

_THREE = _triplets(
    ([0.5, 0, 0.25], [0.5, 0.5, 0], [0.25, 0.25, 0.75]),
    ([0, 1, 0], [0, 0.5, 0.5], [0.25, 0.75, 0.5]),
    ([1, 1, 0], [1, 0.5, 0], [0.5, 0.75, 0.25]),
    margin=0.3,
)
_CASES = (
    Case("negative a little farther than positive, within the margin", _triplets(([0, 0], [0.5, 0], [0.6, 0])), _SHAPE),
    Case("negative nearer than positive", _triplets(([0, 0], [0.6, 0.3], [0.3, 0.1])), _SHAPE),
    Case("negative far away: free", _triplets(([0, 0], [0.3, 0], [0, 2])), _SHAPE),
    Case("another margin", _triplets(([0.1, 0.2], [0.5, 0.4], [0.6, 0.9]), margin=0.5), _SHAPE),
    Case("positive and negative in one place", _triplets(([1, 0], [0.6, 0.8], [0.6, 0.8]), margin=0.3), _SHAPE),
    Case(
        "two triplets, one of them free", _triplets(([0, 0], [0.5, 0], [0.4, 0.2]), ([1, 0], [1, 0.1], [-1, 0])), _MORE
    ),
    Case("three triplets of three numbers", _THREE, _MORE),
    Case("no margin", _random(6, 4, 0.0), _MORE),
    Case("twelve random triplets", _random(12, 8, 0.2), _MORE),
    Case("fifty random triplets", _random(50, 16, 0.4), _MORE),
)

JUDGE = Judge("triplet_loss", ("anchor", "positive", "negative", "margin"), _loss, _CASES, _HINTS, tolerance=1e-4)
