"""The judge of `similarity_transform`: the turn, scale and shift that bring five points closest to five places."""

from typing import Any

import numpy as np

from mtcnn_lite import alignment
from mtcnn_lite.course.checks.judge import Array, Case, Function, Judge, Verdict, drawing
from mtcnn_lite.course.checks.similarity_transform_mistakes import HINTS
from mtcnn_lite.course.checks.similarity_transform_ways import turn


def similarity_transform(fn: Function) -> Verdict:
    """Judges `fn(points (5, 2), target (5, 2)) -> matrix (2, 3)`: matrix @ (x, y, 1) is closest to the target.

    Turn, one scale and shift, no mirroring, by least squares over all five points. Numbers stay whole or not, as they
    come out: nothing is rounded. The inputs must stay as they are.

    >>> similarity_transform(lambda points, target: np.eye(2, 3)).hint
    'That matrix leaves all points where they are.'
    """
    return JUDGE.verdict(fn)


_FACE = np.array([[40.0, 40.0], [80.0, 40.0], [60.0, 62.0], [44.0, 82.0], [76.0, 82.0]])


def _pair(
    degrees: float = 0, scale: float = 1, shift: tuple[float, float] = (0, 0), off: float = 0
) -> tuple[Array, Array]:
    """A face's points, and where they belong: turned, scaled, shifted, and each `off` by up to so many pixels."""
    noise = np.random.default_rng(5).integers(-8, 9, (5, 2)) / 8 * off
    turned = _FACE @ turn(np.radians(degrees), scale).T + shift
    return _FACE.copy(), turned + noise


def _to_template(seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    angle, scale = rng.uniform(-0.8, 0.8), rng.uniform(0.8, 4)
    points = alignment.template() @ turn(angle, scale).T + rng.uniform(0, 400, 2)
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

    def dots(places: Array | None) -> Array | None:
        return None if places is None else np.concatenate([places - size, places + size], axis=1)

    moved = alignment.transform_points(points, got) if np.shape(got) == (2, 3) else None
    layers = [
        drawing.layer(drawing.INPUT, dots(target)),
        drawing.layer(drawing.EXPECTED, dots(alignment.transform_points(points, expected))),
        drawing.layer(drawing.GOT, dots(moved)),
    ]
    return drawing.picture([drawing.plane(layers, "the target, and the moved points, px")], layers)


JUDGE = Judge(
    name="similarity_transform",
    arguments=("points", "target"),
    reference=alignment.similarity_transform,
    cases=_CASES,
    hints=HINTS,
    draw=_draw,
    tolerance=2e-3,
)
