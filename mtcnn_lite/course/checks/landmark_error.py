"""The judge of `landmark_error`: how good points are."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, slips
from mtcnn_lite.course.checks.judge.losses import mean


def landmark_error(fn: Function) -> Verdict:
    """Judges `fn(predicted (N, 5, 2), true (N, 5, 2)) -> errors (N,)`.

    The mean distance of a face's five points from the true ones, over the distance of its true eyes, points 0 and 1. N
    may be 0: shape (0,), or an empty list. The inputs must stay as they are.

    >>> landmark_error(lambda p, t: np.linalg.norm(p - t, axis=2).mean(axis=1)).hint[:33]
    'That is in pixels: divide by the '
    """
    return JUDGE.verdict(fn)


def _reference(predicted: Array, true: Array) -> Array:
    from mtcnn_lite.evaluation import landmark_error  # imports torch, which no judge of boxes should wait for

    return landmark_error(predicted, true)


def _eyes(t: Array) -> Array:
    return np.linalg.norm(t[:, 1] - t[:, 0], axis=1)  # (N,)


def _error(
    p: Array,
    t: Array,
    length: Callable[[Array], Array] = lambda d: np.linalg.norm(d, axis=2),
    mean: Callable[[Array], Array] = lambda lengths: lengths.mean(axis=1),
    size: Callable[[Array], Any] = _eyes,
) -> Array:
    """The right errors; and with another length of the differences (N, 5, 2), another mean of the lengths (N, 5), or
    another size of the true points, the wrong ones."""
    return mean(length(p - t)) / size(t)


def _extent(t: Array) -> Array:
    """Width and height (N, 2) of the points' frame."""
    return t.max(axis=1) - t.min(axis=1)


def _xs_then_ys(points: Array) -> Array:
    return points.reshape(-1, 2, 5).transpose(0, 2, 1)


def _to_nearest(p: Array, t: Array, over: int) -> Array:
    """Each point's distance to the nearest other: over true points (2), or over predicted ones (1)."""
    return np.linalg.norm(p[:, :, None] - t[:, None], axis=3).min(axis=over).mean(axis=1) / _eyes(t)


_but, _after = partial(slips.but, _error), partial(slips.after, _error)

_HINTS: Hints = {
    "That is in pixels: divide by the distance between the true eyes, or a large face pays more than a small one.": (
        _but(size=lambda t: 1)
    ),
    "It was divided by the distance between the predicted eyes. Eyes that are wrongly far apart would make the "
    "error small: take the true ones.": lambda p, t: _error(p, t, size=lambda _: _eyes(p)),
    "It was divided by the size of the points' frame, its width, height, diagonal or area. That is another error, "
    "and a smaller number: here it is the distance between the eyes.": _but(
        size=[
            lambda t: _extent(t)[:, 0],
            lambda t: _extent(t)[:, 1],
            lambda t: np.sqrt(_extent(t).prod(axis=1)),
            lambda t: np.linalg.norm(_extent(t), axis=1),
            lambda t: _extent(t).max(axis=1),
            lambda t: _extent(t).prod(axis=1),
        ]
    ),
    "It was divided by the distance between other points. The eyes are points 0 and 1.": _but(
        size=[lambda t, a=a, b=b: _eyes(t[:, [a, b]]) for a in range(5) for b in range(a) if (b, a) != (0, 1)]
    ),
    "Only the eyes' distance along x was taken. When a head is tilted, they are apart in y as well.": _but(
        size=lambda t: t[:, 1, 0] - t[:, 0, 0]
    ),
    "It was divided by the square of the distance between the eyes: its root is missing.": _but(
        size=lambda t: _eyes(t) ** 2
    ),
    "It was divided by the sum of the eyes' differences in x and y. A distance is the root of the sum of "
    "squares.": _but(size=lambda t: np.abs(t[:, 1] - t[:, 0]).sum(axis=1)),
    "The mean over all faces came back. The answer is one error for each face: its distribution says more.": _after(
        mean, lambda errors: np.full(errors.shape, mean(errors))
    ),
    "The five distances were added up. Take their mean.": (
        *_but(mean=lambda lengths: lengths.sum(axis=1)),
        *_after(np.sum),
    ),
    "The distances were squared: the root is missing.": _but(length=lambda d: (d**2).sum(axis=2)),
    "That is the root of the mean square: it lets one bad point count for more. Take the mean of the five "
    "distances.": _but(
        mean=[lambda lengths, by=by: np.sqrt((lengths**2).mean(axis=1) / by) for by in (1, 2)]  # of 5, of 10
    ),
    "All ten differences went under one root. A distance is the root of a point's own two; then comes the mean.": _but(
        mean=lambda lengths: np.linalg.norm(lengths, axis=1)
    ),
    "That is the mean of the ten differences in x and y, not of five distances: the root of dx² + dy² is missing.": (
        _but(length=[lambda d: np.abs(d).mean(axis=2), lambda d: (d**2).mean(axis=2)])
    ),
    "Differences in x and y were added. A point's distance is the root of dx² + dy².": _but(
        length=lambda d: np.abs(d).sum(axis=2)
    ),
    "It was divided by ten. There are five points, and five distances.": _but(
        mean=lambda lengths: lengths.sum(axis=1) / 10
    ),
    "The differences were averaged before their length was taken: points off to the left make up for points off to "
    "the right. First the distances, then the mean.": _but(
        length=[lambda d: np.linalg.norm(d.mean(axis=1, keepdims=True), axis=2), lambda d: d.mean(axis=2)]
    ),
    "The norm went over the points, axis 1. A point's distance goes over x and y, axis 2.": _but(
        length=lambda d: np.linalg.norm(d, axis=1)
    ),
    "That is the worst of the five points. Take their mean.": _but(mean=lambda lengths: lengths.max(axis=1)),
    "That is the median of the five distances. Take their mean.": _but(mean=lambda lengths: np.median(lengths, axis=1)),
    "Only some of the points are in it. All five count.": _but(
        mean=[
            lambda lengths, some=some: lengths[:, some].mean(axis=1)
            for some in ([0], [0, 1], [2], [0, 1, 2], [2, 3, 4], [3, 4], [0, 1, 2, 3], [1, 2, 3, 4])
        ]
    ),
    "Every face was divided by the same distance. Each has its own eyes.": _but(
        size=[lambda t: _eyes(t)[:1], lambda t: mean(_eyes(t))]
    ),
    "One error for each point came back, (N, 5). Take each face's mean.": _but(
        mean=lambda lengths: lengths, size=lambda t: _eyes(t)[:, None]
    ),
    "The points were read as x1..x5 y1..y5. Here each point is a row: its x, its y.": slips.before_all(
        _error, _xs_then_ys
    ),
    "Each point was compared with whatever true point is nearest. Left and right mixed up must cost: point k "
    "belongs to point k.": (partial(_to_nearest, over=2), partial(_to_nearest, over=1)),
    "That is in percent. An error of 0.1 is a tenth of the distance between the eyes.": _after(lambda e: 100 * e),
    "Failed or not came back. The answer is the error itself; the share over 0.1 is taken of it later.": _after(
        lambda errors: errors > 0.1, lambda errors: mean(errors > 0.1)
    ),
}

_FACE = np.array([[30, 40], [70, 40], [50, 62], [34, 80], [66, 80]], np.float32)


def _moved(face: Array, *moves: Sequence[float]) -> tuple[Array, Array]:
    """One face, and its points moved by (dx, dy) each."""
    return (face + np.array(moves, np.float32))[None], face[None].copy()


def _faces(count: int, seed: int) -> tuple[Array, Array]:
    """Tilted faces of many sizes; their points off by chance, a few of them swapped left and right."""
    rng = np.random.default_rng(seed)
    angle, size = rng.uniform(-0.9, 0.9, count), rng.uniform(0.3, 3, count)
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], axis=1).reshape(-1, 2, 2)
    true = ((_FACE - 50) @ turn.transpose(0, 2, 1)) * size[:, None, None] + rng.uniform(100, 300, (count, 1, 2))
    true += rng.normal(0, 2, true.shape)
    predicted = true + rng.normal(0, 3, true.shape)
    predicted[::7] = predicted[::7][:, [1, 0, 2, 4, 3]]
    return predicted.round(1).astype(np.float32), true.round(1).astype(np.float32)


_TILTED = np.array([[30, 40], [60, 80], [31, 81], [10, 75], [34, 108]], np.float32)
_SHAPE = (
    "predicted and true have shape (N, 5, 2): N faces, five points each, x and y. The eyes are true[:, 0] and "
    "true[:, 1]."
)
_NONE = "Here N is 0: there is no face. The answer is empty, shape (0,)."
_CASES = (
    Case("all five points 4 px to the right; eyes 40 px apart", _moved(_FACE, *[[4, 0]] * 5), _SHAPE),
    Case("each point off by 3 and 4: 5 px", _moved(_FACE, *[[3, 4]] * 5), _SHAPE),
    Case("one point off", _moved(_FACE, [0, 0], [0, 0], [0, 20], [0, 0], [0, 0]), _SHAPE),
    Case("points off to either side", _moved(_FACE, [-6, 0], [6, 0], [0, 3], [0, -8], [8, 6]), _SHAPE),
    Case("a tilted head, eyes 50 px apart", _moved(_TILTED, [1, 0], [0, 2], [3, 4], [-5, 0], [0, -6]), _SHAPE),
    Case("left and right mixed up", (_FACE[None][:, [1, 0, 2, 4, 3]], _FACE[None].copy()), _SHAPE),
    Case("two faces, one twice as large", (np.stack([_FACE, 2 * _FACE]) + 4, np.stack([_FACE, 2 * _FACE])), _SHAPE),
    Case("no face at all", (np.zeros((0, 5, 2), np.float32), np.zeros((0, 5, 2), np.float32)), _NONE),
    Case("five faces", _faces(5, 1), _SHAPE),
    Case("sixty faces", _faces(60, 2), _SHAPE),
)

JUDGE = Judge("landmark_error", ("predicted", "true"), _reference, _CASES, _HINTS, tolerance=1e-4)
