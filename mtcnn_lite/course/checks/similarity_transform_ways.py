"""The wrong functions that `alignment_mistakes` names, and the turns and shifts they are made of."""

from collections.abc import Callable
from typing import Any

import numpy as np

from mtcnn_lite import alignment
from mtcnn_lite.course.checks.judge import Array, Function


def _matrix(linear: Array, shift: Array) -> Array:
    return np.column_stack([linear, shift])


def turn(angle: float, scale: float = 1.0) -> Array:
    cos, sin = np.cos(angle), np.sin(angle)
    return scale * np.array([[cos, -sin], [sin, cos]])


def factor(points: Array, target: Array) -> tuple[float, float]:
    """Angle and scale of the right answer."""
    (a, _, _), (b, _, _) = alignment.similarity_transform(points, target)
    return float(np.arctan2(b, a)), float(np.hypot(a, b))


def about_means(linear: Callable[[Array, Array], Array]) -> Function:
    """A linear part, (2, 2), with the shift that brings the mean of the points onto the target's."""

    def fn(points: Array, target: Array) -> Array:
        part = linear(points, target)
        return _matrix(part, target.mean(axis=0) - part @ points.mean(axis=0))

    return fn


def then(after: Callable[[Array], Any]) -> Function:
    """The right matrix, and then something more."""
    return lambda points, target: after(alignment.similarity_transform(points, target))


def of(before: Callable[[Array], Array]) -> Function:
    """The right matrix of other points and another target."""
    return lambda points, target: alignment.similarity_transform(before(points), before(target))


def only(*rows: int) -> Function:
    """Only some of the points."""
    return lambda points, target: alignment.similarity_transform(points[list(rows)], target[list(rows)])


def shifted(shift: Callable[[Array, Array, Array], Array]) -> Function:
    """The right linear part with another shift."""

    def fn(points: Array, target: Array) -> Array:
        part = alignment.similarity_transform(points, target)[:, :2]
        return _matrix(part, shift(part, points, target))

    return fn


def affine(points: Array, target: Array) -> Array:
    """Six free numbers: it may stretch, shear and mirror."""
    rows = np.column_stack([points, np.ones(len(points))])
    return np.asarray(np.linalg.lstsq(rows, target, rcond=None)[0]).T


def apart(points: Array, target: Array) -> Array:
    """A scale and a shift for x and another for y, no turn."""
    p, q = points - points.mean(axis=0), target - target.mean(axis=0)
    return np.diag((p * q).sum(axis=0) / np.square(p).sum(axis=0))


def deviations(points: Array, target: Array) -> Array:
    """The scale from the ratio of the spreads, which is right only where the fit is exact."""
    spread = [np.square(each - each.mean(axis=0)).sum() for each in (points, target)]
    return turn(factor(points, target)[0], float(np.sqrt(spread[1] / spread[0])))


def mirroring(points: Array, target: Array) -> Array:
    """Umeyama's without the sign: the best of turns and mirrorings."""
    p, q = points - points.mean(axis=0), target - target.mean(axis=0)
    u, d, v = np.linalg.svd(q.T @ p)
    return np.asarray(u @ v * d.sum() / np.square(p).sum())


def eye_scale(points: Array, target: Array) -> Array:
    """The turn of all points, the scale of the eyes alone."""
    eyes = [np.linalg.norm(each[1] - each[0]) for each in (points, target)]
    return turn(factor(points, target)[0], float(eyes[1] / eyes[0]))


def eye_turn(points: Array, target: Array) -> Array:
    """The scale of all points, the turn of the eyes alone."""
    angles = [np.arctan2(*(each[1] - each[0])[::-1]) for each in (points, target)]
    return turn(float(angles[1] - angles[0]), factor(points, target)[1])


def half_turn_lost(points: Array, target: Array) -> Array:
    """arctan of a ratio knows half the circle only."""
    angle, scale = factor(points, target)
    return turn(float(np.arctan(np.tan(angle))), scale)


def swapped(points: Array) -> Array:
    return points[:, ::-1]
