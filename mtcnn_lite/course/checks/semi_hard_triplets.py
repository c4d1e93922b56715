"""The judge of `semi_hard_triplets`: which three faces of a batch to learn from."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, slips


def semi_hard_triplets(fn: Function) -> Verdict:
    """Judges `fn(distances (N, N), person (N,), margin) -> rows of anchor, positive, negative, (T, 3)`.

    For every anchor and every other face of the same person, the positive: the nearest negative, a face of another
    person, whose distance to the anchor is greater than the positive's, and less than the positive's + margin. Pairs
    without one are left out. Ordered by anchor, then by positive; of equal distances the first negative. T may be 0:
    shape (0, 3), or an empty list. The inputs must stay as they are.

    >>> semi_hard_triplets(lambda distances, person, margin: []).hint
    'Your function returned shape (0,): it must be (1, 3).'
    """
    return JUDGE.verdict(fn)


def _nearest(far: Array, fits: Array) -> list[int]:
    """The nearest of those that fit."""
    rows = np.flatnonzero(fits)
    return [int(rows[np.argmin(far[rows])])] if len(rows) else []


def _farthest(far: Array, fits: Array) -> list[int]:
    rows = np.flatnonzero(fits)
    return [int(rows[np.argmax(far[rows])])] if len(rows) else []


def _last_nearest(far: Array, fits: Array) -> list[int]:
    rows = np.flatnonzero(fits)[::-1]
    return [int(rows[np.argmin(far[rows])])] if len(rows) else []


def _triplets(
    distances: Array,
    person: Array,
    margin: float,
    fits: Callable[[Array, float, float], Array] = lambda far, near, margin: (far > near) & (far < near + margin),
    choose: Callable[[Array, Array], list[int]] = _nearest,
    pairs: Callable[[int, int], bool] = lambda anchor, positive: anchor != positive,
    others: Any = np.not_equal,
) -> Array:
    """The right triplets; with other arguments the wrong ones."""
    found = [
        (anchor, positive, negative)
        for anchor in range(len(person))
        for positive in np.flatnonzero(person == person[anchor]).tolist()
        if pairs(anchor, positive)
        for negative in choose(
            distances[anchor],
            others(person, person[anchor]) & fits(distances[anchor], distances[anchor, positive], margin),
        )
    ]
    return np.array(found, int).reshape(-1, 3)


def _first_positive_only(distances: Array, person: Array, margin: float) -> Array:
    rows = _triplets(distances, person, margin)
    return rows[np.unique(rows[:, 0], return_index=True)[1]]


_but, _then, _of = (partial(wrong, _triplets) for wrong in (slips.but, slips.after, slips.before))
_HINTS: Hints = {
    "These are the hardest negatives, the nearest of all, also those that are nearer than the positive. A semi-hard "
    "one is farther than the positive: far > near.": _but(
        fits=[lambda far, near, margin: far >= 0, lambda far, near, margin: far < near + margin]
    ),
    "Negatives beyond the margin came along: they cost nothing, and teach nothing. A semi-hard one is nearer than "
    "near + margin.": _but(fits=lambda far, near, margin: far > near),
    "A negative as far as the positive came along: the rule is far > near.": _but(
        fits=lambda far, near, margin: (far >= near) & (far < near + margin)
    ),
    "A negative exactly at near + margin came along: its loss is 0. The rule is far < near + margin.": _but(
        fits=[lambda far, near, margin: (far > near) & (far <= near + margin)]
    ),
    "The margin was not used as it came in: another number is written in its place.": slips.fixed(
        _triplets, margin=[0.2, 0.5, 1.0]
    ),
    "The farthest of the semi-hard negatives was taken. Take the nearest.": _but(choose=_farthest),
    "The first semi-hard negative was taken, whatever its distance. Take the nearest.": _but(
        choose=lambda far, fits: [int(row) for row in np.flatnonzero(fits)[:1]]
    ),
    "All semi-hard negatives of a pair came out. One is wanted: the nearest.": _but(
        choose=lambda far, fits: [int(row) for row in np.flatnonzero(fits)]
    ),
    "Of negatives at equal distance the last was taken. Take the first.": _but(choose=_last_nearest),
    "Each pair came once. Two faces of one person make two pairs: either is the anchor once.": _but(
        pairs=[lambda anchor, positive: anchor < positive, lambda anchor, positive: anchor > positive]
    ),
    "A face became its own positive: leave out the pairs of a face with itself.": _but(
        pairs=lambda anchor, positive: True
    ),
    "Each anchor has one triplet only. Every other face of its person is a positive once.": _first_positive_only,
    "The negative may be of the same person: it must be of another.": _but(
        others=lambda person, own: np.ones(len(person), bool)
    ),
    "Negative and positive have changed places: the order is anchor, positive, negative.": _then(
        lambda rows: rows[:, [0, 2, 1]]
    ),
    "The roots of the distances were taken. They are squared already, and the margin is meant for squares.": _of(
        distances=np.sqrt
    ),
    "The distances were squared once more.": _of(distances=np.square),
    "The right triplets in another order: by anchor, then by positive.": _then(
        lambda rows: rows[np.lexsort([rows[:, 0], rows[:, 1]])], lambda rows: rows[::-1]
    ),
    "No triplet came out, in any case: is the negative's distance compared with that of the positive?": _then(
        lambda rows: rows[:0]
    ),
    "The distances came out. The answer is rows of the batch: anchor, positive, negative.": (
        lambda d, p, m: np.array([(d[a, b], d[a, c]) for a, b, c in _triplets(d, p, m)]).reshape(-1, 2),
    ),
}


def _line(*places: float) -> Array:
    """Squared distances of points on a line, in quarters: exact in floats."""
    at = np.array(places, float)
    return np.square(at[:, None] - at)


def _random(persons: int, views: int) -> tuple[Array, Array]:
    """Unit vectors, those of one person close together; squared distances with two decimals."""
    rng = np.random.default_rng(10 * persons + views)
    person = rng.permutation(np.repeat(np.arange(persons), views))
    at = rng.normal(size=(persons, 8))[person] + rng.normal(0, 0.7, (len(person), 8))
    at /= np.linalg.norm(at, axis=1, keepdims=True)
    squared = np.square(at[:, None] - at[None]).sum(axis=2)
    return squared.round(2), person


_SHAPE = "distances has shape (N, N): distances[a, n] is how far n lies from a. person has shape (N,)."
_NONE = "No pair has a semi-hard negative here. The answer is an empty array of shape (0, 3), np.zeros((0, 3), int)."
_CASES = (
    Case("two faces of one person, a third of another", (_line(0, 1, 1.5), np.array([0, 0, 1]), 2.0), _SHAPE),
    Case(
        "the nearest negative is nearer than the positive",
        (_line(0, 1, 0.5, 1.25), np.array([0, 0, 1, 2]), 1.0),
        _SHAPE,
    ),
    Case("a negative too far away", (_line(0, 0.5, 3), np.array([0, 0, 1]), 0.5), _NONE),
    Case("a negative as far as the positive", (_line(0, 1, -1, 1.25), np.array([0, 0, 1, 1]), 1.0), _SHAPE),
    Case("a negative at exactly near + margin", (_line(0, 1, 1.5, -2), np.array([0, 0, 1, 1]), 1.25), _SHAPE),
    Case("two negatives at one distance", (_line(0, 0.5, 1, -1), np.array([5, 5, 3, 2]), 1.5), _SHAPE),
    Case("no face at all", (np.zeros((0, 0)), np.zeros(0, int), 0.2), _NONE),
    Case(
        "three faces of each of two persons",
        (_line(0, 0.5, 1, 1.25, 1.5, 2.25), np.array([0, 0, 0, 1, 1, 1]), 0.75),
        _SHAPE,
    ),
    Case("a random batch of three persons", (*_random(3, 3), 0.2), _SHAPE),
    Case("a random batch of eight persons", (*_random(8, 3), 0.3), _SHAPE),
)

JUDGE = Judge(
    "semi_hard_triplets",
    ("distances", "person", "margin"),
    _triplets,
    _CASES,
    _HINTS,
    columns=("anchor", "positive", "negative"),
)
