"""The judge of `similarity_transform`: the turn, scale and shift that bring five points closest to five places."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite import alignment
from mtcnn_lite.course.checks.judge import Array, Case, Function, Functions, Hints, Judge, Verdict, drawing, slips


def similarity_transform(fn: Function) -> Verdict:
    """Judges `fn(points (5, 2), target (5, 2)) -> matrix (2, 3)`: matrix @ (x, y, 1) is closest to the target.

    Turn, one scale and shift, no mirroring, by least squares over all five points. Numbers stay whole or not, as they
    come out: nothing is rounded. The inputs must stay as they are.

    >>> similarity_transform(lambda points, target: np.eye(2, 3)).hint
    'That matrix leaves all points where they are.'
    """
    return JUDGE.verdict(fn)


def _turn(angle: float, scale: float = 1.0) -> Array:
    cos, sin = np.cos(angle), np.sin(angle)
    return scale * np.array([[cos, -sin], [sin, cos]])


def _matrix(
    points: Array,
    target: Array,
    angle: Callable[[Any, Array, Array], Any] = lambda angle, points, target: angle,
    scale: Callable[[Any, Array, Array], Any] = lambda scale, points, target: scale,
    linear: Callable[[Array, Array], Array] | None = None,
    shift: Callable[[Array, Array, Array], Any] = lambda part, points, target: (
        target.mean(axis=0) - part @ points.mean(axis=0)
    ),
) -> Array:
    """The right matrix; and with another angle, scale, linear part (in place of both) or shift, the wrong ones."""
    (a, _, _), (b, _, _) = _right(points, target)
    turned = _turn(angle(np.arctan2(b, a), points, target), scale(np.hypot(a, b), points, target))
    part = linear(points, target) if linear else turned
    return np.column_stack([part, shift(part, points, target)])


def _spread(points: Array) -> Any:
    return np.sqrt(np.square(points - points.mean(axis=0)).sum())


def _eyes(points: Array) -> Array:
    return points[1] - points[0]


def _affine(points: Array, target: Array) -> Array:
    """Six free numbers: it may stretch, shear and mirror."""
    rows = np.column_stack([points, np.ones(len(points))])
    return np.asarray(np.linalg.lstsq(rows, target, rcond=None)[0]).T


def _axes_apart(points: Array, target: Array) -> Array:
    """A scale for x and another for y, no turn."""
    p, q = points - points.mean(axis=0), target - target.mean(axis=0)
    return np.diag((p * q).sum(axis=0) / np.square(p).sum(axis=0))


def _mirroring(points: Array, target: Array) -> Array:
    """Umeyama's without the sign: the best of turns and mirrorings."""
    p, q = points - points.mean(axis=0), target - target.mean(axis=0)
    u, d, v = np.linalg.svd(q.T @ p)
    return np.asarray(u @ v * d.sum() / np.square(p).sum())


_right = alignment.similarity_transform
_but, _after = partial(slips.but, _matrix), partial(slips.after, _right)


def _without_turn(*scales: Callable[[Array, Array], Any]) -> Functions:
    return _but(linear=[lambda points, target, by=by: np.eye(2) * by(points, target) for by in scales])


_HINTS: Hints = {
    "That matrix leaves all points where they are.": lambda points, target: np.eye(2, 3),
    "That is the way back, from the target to the points. points are what is moved, target is where to.": (
        *slips.swapped(_right, "points", "target"),
        *_after(alignment.inverse_transform),
    ),
    "Only the shift is in it. The points may also have to be turned and scaled.": _without_turn(
        lambda points, target: 1
    ),
    "The scale is missing: it turns and shifts, but keeps the size.": _but(scale=lambda scale, points, target: 1.0),
    "The turn is missing: it scales and shifts, but keeps the direction.": (
        _without_turn(
            lambda points, target: np.sqrt(np.linalg.det(_right(points, target)[:, :2])),
            lambda points, target: _spread(target) / _spread(points),
        )
    ),
    "The shift is missing: the third column brings the turned and scaled points to where the target is.": _but(
        shift=lambda part, points, target: np.zeros(2)
    ),
    "The shift is the difference of the two means. But turn and scale move the mean of the points as well: it is "
    "mean(target) - A @ mean(points), with A the first two columns.": _but(
        shift=lambda part, points, target: target.mean(axis=0) - points.mean(axis=0)
    ),
    "The shift brings the first point exactly onto its target. By least squares it is the means that meet.": _but(
        shift=lambda part, points, target: target[0] - part @ points[0]
    ),
    "The third column is the target's mean. Turn and scale are about (0, 0), so the moved mean of the points must "
    "be taken off.": _but(shift=lambda part, points, target: target.mean(axis=0)),
    "The turn goes the wrong way round: the minus belongs to the upper right, [[a, -b], [b, a]].": (
        *_but(angle=lambda angle, points, target: -angle),
        *_but(shift=lambda part, points, target: target.mean(axis=0) - part.T @ points.mean(axis=0)),
        *_after(lambda m: np.column_stack([m[:, :2].T, m[:, 2]])),
    ),
    "The scale is upside down: how large the target is, over how large the points are.": _but(
        scale=lambda scale, points, target: 1 / scale
    ),
    "The scale came in twice, or squared.": _but(scale=lambda scale, points, target: scale**2),
    "The scale is the ratio of the two spreads. That is right where the fit is exact; else least squares shrinks a "
    "little: sum(conj(p) q) / sum(|p|^2), or in Umeyama's way trace(D S) / variance of the points.": _but(
        scale=lambda scale, points, target: _spread(target) / _spread(points)
    ),
    "Only the eyes are in it. Five points count; where one is off by a little, the other four hold against it.": (
        *slips.only(_right, [0, 1]),
        *_but(linear=lambda points, target: _right(points[:2], target[:2])[:, :2]),
    ),
    "Turn and shift fit, but the scale is that of the eyes alone: use all five points.": _but(
        scale=lambda scale, points, target: np.linalg.norm(_eyes(target)) / np.linalg.norm(_eyes(points))
    ),
    "Scale and shift fit, but the turn is that of the eyes alone: use all five points.": _but(
        angle=lambda angle, points, target: np.subtract(*(np.arctan2(*_eyes(p)[::-1]) for p in (target, points)))
    ),
    "Not all five points are in it.": slips.only(_right, [0, 1, 2], [0, 1, 2, 3], [1, 2, 3, 4], [0, 1, 3, 4], [0, 2]),
    "That is an affine transform: six free numbers, which may stretch and shear the face. A similarity has four: "
    "[[a, -b, s], [b, a, t]].": _affine,
    "x and y have scales of their own. One scale for both, or the face is stretched.": _but(linear=_axes_apart),
    "It mirrors where that fits better. With the SVD, turn the sign of the last singular vector where the "
    "determinant is below 0 (Umeyama 1991).": _but(linear=_mirroring),
    "A turn of more than 90 degrees came out as one of less: arctan of a ratio knows half the circle. Use arctan2, "
    "or no angle at all.": _but(angle=lambda angle, points, target: np.arctan(np.tan(angle))),
    "x and y have changed places: a point is x, then y.": (
        *slips.before_all(_right, lambda points: points[:, ::-1]),
        *_after(lambda m: m[::-1], lambda m: m[:, [1, 0, 2]], lambda m: m[::-1, [1, 0, 2]]),
    ),
    "The matrix is transposed: (2, 3), a row for x' and a row for y', to be multiplied from the left.": _after(
        np.transpose
    ),
    "Three rows came back. The last, 0 0 1, is left out: (2, 3), as OpenCV's warpAffine takes it.": _after(
        lambda m: np.concatenate([m, [[0, 0, 1]]])
    ),
    "The moved points came back. The matrix that moves them is asked for.": (
        lambda points, target: alignment.transform_points(points, _right(points, target)),
        lambda points, target: target,
    ),
    "Half a pixel was added or taken off. Both sets of points name pixel centres, so nothing is to be added.": (
        *_after(lambda m: m + [[0, 0, 0.5]], lambda m: m - [[0, 0, 0.5]]),
        *slips.before_all(_right, lambda points: points + 0.5),
    ),
    "You rounded. Half a degree of turn is a pixel at the crop's edge.": (
        *_after(*slips.digits(0, 1), lambda m: m.astype(int)),
        *slips.before_all(_right, np.round),
    ),
    "That is one point's way alone, not the best over all five.": _without_turn(
        lambda points, target: target[0, 0] / points[0, 0]
    ),
}

_FACE = np.array([[40.0, 40.0], [80.0, 40.0], [60.0, 62.0], [44.0, 82.0], [76.0, 82.0]])


def _pair(
    degrees: float = 0, scale: float = 1, shift: tuple[float, float] = (0, 0), off: float = 0
) -> tuple[Array, Array]:
    """A face's points, and where they belong: turned, scaled, shifted, and each `off` by up to so many pixels."""
    noise = np.random.default_rng(5).integers(-8, 9, (5, 2)) / 8 * off
    turned = _FACE @ _turn(np.radians(degrees), scale).T + shift
    return _FACE.copy(), turned + noise


def _to_template(seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    angle, scale = rng.uniform(-0.8, 0.8), rng.uniform(0.8, 4)
    points = alignment.template() @ _turn(angle, scale).T + rng.uniform(0, 400, 2)
    return (points + rng.normal(0, 2 * scale, (5, 2))).round(2), alignment.template()


_SHAPE = "points and target have shape (5, 2): a row for each point, x and y. The answer has shape (2, 3)."
_CASES = (
    Case("the points are where they belong", _pair(), _SHAPE),
    Case("5 px to the right, 3 px up", _pair(shift=(5, -3)), _SHAPE),
    Case("twice the size", _pair(scale=2), _SHAPE),
    Case("a quarter turn", _pair(degrees=90, shift=(120, 0)), _SHAPE),
    Case("30 degrees, half the size, shifted", _pair(30, 0.5, (20, 10)), _SHAPE),
    Case("150 degrees: nearly upside down", _pair(150, 1.5, (200, 150)), _SHAPE),
    Case("no exact fit: each point is off by up to 4 px", _pair(off=4), _SHAPE),
    Case("no exact fit, turned and scaled", _pair(-20, 0.75, (-10, 30), off=6), _SHAPE),
    Case("a face in a photo, to ArcFace's places", _to_template(1), _SHAPE),
    Case("a mirrored face, which must not be mirrored back", (_FACE * [-1, 1] + [200, 0], _FACE), _SHAPE),
    Case("another face in a photo", _to_template(2), _SHAPE),
    Case("a third", _to_template(3), _SHAPE),
)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The target, and where the points come to lie by the right matrix and by the reader's."""
    points, target = inputs
    size = 0.02 * float(np.ptp(target, axis=0).max())
    moved = alignment.transform_points(points, got) if np.shape(got) == (2, 3) else None
    given, expected, yours = (
        drawing.dots(places, size) for places in (target, alignment.transform_points(points, expected), moved)
    )
    return drawing.compared(given, expected, yours, "the target, and the moved points, px")


JUDGE = Judge("similarity_transform", ("points", "target"), _right, _CASES, _HINTS, _draw, tolerance=2e-3)
