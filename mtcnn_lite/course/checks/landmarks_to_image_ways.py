"""The right `landmarks_to_image` in parts, and the wrong functions that `points_mistakes` names."""

from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Function


def parts_of(landmarks: Array) -> Array:
    """x, y of each point as parts of the window, (N, 5, 2)."""
    return landmarks.reshape(-1, 2, 5).transpose(0, 2, 1)


def sizes_of(boxes: Array) -> Array:
    """Width and height of each box, (N, 2)."""
    return boxes[:, 2:] - boxes[:, :2]


def _corner(boxes: Array) -> Array:
    return boxes[:, :2]


def points_of(
    boxes: Array, landmarks: Array, parts: Any = parts_of, origin: Any = _corner, sizes: Any = sizes_of, sign: int = 1
) -> Array:
    """The right points, and with other `parts`, `origin`, `sizes` or `sign` the wrong ones."""
    return origin(boxes)[:, None] + sign * parts(landmarks) * sizes(boxes)[:, None]


def but(then: Any = lambda points: points, **changed: Any) -> Function:
    """The points with an argument of `points_of` changed, or something done to them after."""
    return lambda boxes, landmarks: then(points_of(boxes, landmarks, **changed))


def same_side(how: Any) -> Function:
    """One length for both directions."""
    return but(sizes=lambda boxes: np.repeat(how(sizes_of(boxes))[:, None], 2, axis=1))


def flat(points: Array) -> Array:
    """x1..x5 y1..y5 in one row."""
    return points.transpose(0, 2, 1).reshape(-1, 10)


def pairs(points: Array) -> Array:
    """x1 y1 .. x5 y5 in one row."""
    return points.reshape(-1, 10)


def interleaved(landmarks: Array) -> Array:
    return landmarks.reshape(-1, 5, 2)
