"""The judge of `landmarks_to_image`: from O-Net's ten numbers to five points in the photo."""

from typing import Any

import numpy as np

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.course.checks.judge import Array, Case, Function, Judge, Verdict, drawing
from mtcnn_lite.course.checks.landmarks_to_image_mistakes import HINTS


def landmarks_to_image(fn: Function) -> Verdict:
    """Judges `fn(boxes (N, 4), landmarks (N, 10)) -> points (N, 5, 2)`: x and y of each landmark in image pixels.

    boxes: the windows, x1, y1, x2, y2. landmarks: x1..x5 y1..y5 in each row, as parts of the window's width and height,
    (0, 0) its top left corner. Points are counted in edges, as boxes are, and neither clipped nor rounded. N may be 0:
    shape (0, 5, 2), or an empty list. The inputs must stay as they are.

    >>> landmarks_to_image(lambda boxes, landmarks: landmarks.reshape(-1, 5, 2)).hint
    'The landmarks came back as they were, in parts of the window: multiply by its size.'
    """
    return JUDGE.verdict(fn)


def _window(*box: float) -> Array:
    return np.array([box], dtype=np.float32)


def _face(x: list[float], y: list[float]) -> Array:
    return np.array([x + y], dtype=np.float32)


def _random(count: int) -> tuple[Array, Array]:
    """Windows with corners in quarters of a pixel, sides from 8 to 60 px; landmarks with two decimals, -0.2 to 1.2."""
    rng = np.random.default_rng(count)
    corner, side = rng.integers(-80, 800, (count, 2)) / 4, rng.integers(8, 60, (count, 2))
    landmarks = rng.integers(-20, 121, (count, 10)) / 100
    return np.concatenate([corner, corner + side], axis=1).astype(np.float32), landmarks.astype(np.float32)


_SHAPE = (
    "boxes has shape (1, 4) and landmarks (1, 10): a row for each window. boxes[:, 0:1] is a column (1, 1), "
    "landmarks[:, :5] are the x."
)
_MORE = (
    "It works for one window and stops at two. To add a number for each window to its five x, shape (N, 5), make it a "
    "column (N, 1): boxes[:, 0:1]."
)
_NONE = (
    "Here N is 0: no window came in, so no point goes out. The answer is an empty array of shape (0, 5, 2), "
    "np.zeros((0, 5, 2))."
)

_X, _Y = [0.3, 0.7, 0.5, 0.35, 0.65], [0.4, 0.45, 0.6, 0.8, 0.75]
_CASES = (
    Case("a window of 100 x 100 px at the photo's corner", (_window(0, 0, 100, 100), _face(_X, _Y)), _SHAPE),
    Case("the same window further right", (_window(40, 0, 140, 100), _face(_X, _Y)), _SHAPE),
    Case("the same window further right and down", (_window(40, 20, 140, 120), _face(_X, _Y)), _SHAPE),
    Case("a window twice as high as wide", (_window(40, 20, 90, 120), _face(_X, _Y)), _SHAPE),
    Case("a window twice as wide as high", (_window(40, 20, 140, 70), _face(_X, _Y)), _SHAPE),
    Case("fractions of a pixel", (_window(3.25, 5.5, 27.25, 29.5), _face(_X, _Y)), _SHAPE),
    Case(
        "a mouth below the window",
        (_window(40, 20, 80, 60), _face([0.1, 0.6, -0.1, 0.2, 0.55], [0.5, 0.55, 0.8, 1.1, 1.05])),
        _SHAPE,
    ),
    Case("a window that leaves the photo", (_window(-30, -20, 30, 40), _face(_X, _Y)), _SHAPE),
    Case(
        "two windows of different size",
        (
            np.concatenate([_window(0, 0, 20, 20), _window(30, 10, 80, 60)]),
            np.concatenate([_face(_X, _Y), _face(_Y, _X)]),
        ),
        _MORE,
    ),
    Case("no window at all", (np.zeros((0, 4), np.float32), np.zeros((0, 10), np.float32)), _NONE),
    Case("four random windows", _random(4), _MORE),
    Case("five random windows", _random(5), _MORE),
    Case("a hundred random windows", _random(100), _MORE),
)


def _dots(points: Array | None, row: int, size: float) -> Array | None:
    """A little box round each of the points of a row, to be drawn."""
    if points is None:
        return None
    return np.concatenate([points[row] - size, points[row] + size], axis=1)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The first window that differs, with its five points as they should be and as they are."""
    if not len(expected):
        return ""
    row = row or 0
    window = inputs[0][row]
    size = 0.025 * float(max(window[2:] - window[:2]))
    layers = [
        drawing.layer(drawing.INPUT, window[None]),
        drawing.layer(drawing.EXPECTED, _dots(expected, row, size)),
        drawing.layer(drawing.GOT, _dots(got if got is not None and len(got) > row else None, row, size)),
    ]
    which = "the window and its points" if len(expected) == 1 else f"window {row} and its points"
    return drawing.picture([drawing.plane(layers, f"{which}, px of the photo")], layers)


JUDGE = Judge(
    name="landmarks_to_image",
    arguments=("boxes", "landmarks"),
    reference=boxes_.landmarks_to_image,
    cases=_CASES,
    hints=HINTS,
    draw=_draw,
    columns=("x", "y"),
)
