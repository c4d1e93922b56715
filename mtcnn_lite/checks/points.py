"""The judge of `landmarks_to_image`: from O-Net's ten numbers to five points in the photo."""

from typing import Any

import numpy as np

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.checks import drawing
from mtcnn_lite.checks.engine import Case, Function, Judge, Mistake
from mtcnn_lite.checks.verdict import Verdict
from mtcnn_lite.checks.words import Array


def landmarks_to_image(fn: Function) -> Verdict:
    """Judges `fn(boxes (N, 4), landmarks (N, 10)) -> points (N, 5, 2)`: x and y of each landmark in image pixels.

    boxes: the windows, x1, y1, x2, y2. landmarks: x1..x5 y1..y5 in each row, as parts of the window's width and height,
    (0, 0) its top left corner. Points are counted in edges, as boxes are, and neither clipped nor rounded. N may be 0:
    shape (0, 5, 2), or an empty list. The inputs must stay as they are.

    >>> landmarks_to_image(lambda boxes, landmarks: landmarks.reshape(-1, 5, 2)).hint
    'The landmarks came back as they were, in parts of the window: multiply by its size.'
    """
    return _JUDGE.verdict(fn)


def _parts(landmarks: Array) -> Array:
    """x, y of each point as parts of the window, (N, 5, 2)."""
    return landmarks.reshape(-1, 2, 5).transpose(0, 2, 1)


def _sizes(boxes: Array) -> Array:
    """Width and height of each box, (N, 2)."""
    return boxes[:, 2:] - boxes[:, :2]


def _corner(boxes: Array) -> Array:
    return boxes[:, :2]


def _points(
    boxes: Array, landmarks: Array, parts: Any = _parts, origin: Any = _corner, sizes: Any = _sizes, sign: int = 1
) -> Array:
    """The right points, and with other `parts`, `origin`, `sizes` or `sign` the wrong ones."""
    return origin(boxes)[:, None] + sign * parts(landmarks) * sizes(boxes)[:, None]


def _but(then: Any = lambda points: points, **changed: Any) -> Function:
    """The points with an argument of `_points` changed, or something done to them after."""
    return lambda boxes, landmarks: then(_points(boxes, landmarks, **changed))


def _same_side(how: Any) -> Function:
    """One length for both directions."""
    return _but(sizes=lambda boxes: np.repeat(how(_sizes(boxes))[:, None], 2, axis=1))


def _flat(points: Array) -> Array:
    """x1..x5 y1..y5 in one row."""
    return points.transpose(0, 2, 1).reshape(-1, 10)


def _pairs(points: Array) -> Array:
    """x1 y1 .. x5 y5 in one row."""
    return points.reshape(-1, 10)


def _interleaved(landmarks: Array) -> Array:
    return landmarks.reshape(-1, 5, 2)


_INTERLEAVED = (
    "The ten numbers were read as x1 y1 x2 y2 ... They are x1 to x5 first, then y1 to y5: landmarks[:, :5] is x, "
    "landmarks[:, 5:] is y."
)
_ROUNDINGS = (np.round, np.floor, np.ceil, np.trunc, lambda points: np.floor(points + 0.5))

_MISTAKES = (
    Mistake(
        _INTERLEAVED, (_but(parts=_interleaved), _but(_flat, parts=_interleaved), _but(_pairs, parts=_interleaved))
    ),
    Mistake(
        "All x stand in one row and all y in the next: shape (N, 2, 5). Point by point it is (N, 5, 2): stack x and y "
        "along the last axis, or transpose the last two.",
        (_but(lambda points: points.transpose(0, 2, 1)),),
    ),
    Mistake(
        "The numbers are right, but reshape does not pair each x with its y: it only counts them off in order. "
        "Transpose the last two axes, or stack x and y along axis 2.",
        (_but(lambda points: points.transpose(0, 2, 1).reshape(-1, 5, 2)),),
    ),
    Mistake(
        "The points are right, but the five come first: shape (5, N, 2). A row for each window, so axis 0 is N.",
        (_but(lambda points: points.transpose(1, 0, 2)), _but(lambda points: points.transpose(1, 2, 0))),
    ),
    Mistake(
        "x and y are swapped: each point is x, y, the column first. The first five of the ten numbers are x.",
        (
            _but(lambda points: points[..., ::-1]),
            _but(parts=lambda landmarks: _parts(landmarks)[..., ::-1]),
        ),
    ),
    Mistake(
        "The ten numbers still lie in one row, shape (N, 10). The answer has a row x, y for each point: (N, 5, 2).",
        (_but(_flat), _but(_pairs)),
    ),
    Mistake(
        "Width and height are swapped: x goes by the width (x2 - x1), y by the height (y2 - y1).",
        (_but(sizes=lambda boxes: _sizes(boxes)[:, ::-1]),),
    ),
    Mistake(
        "The width was used for both: y goes by the height (y2 - y1). A window need not be square.",
        (_same_side(lambda size: size[:, 0]),),
    ),
    Mistake(
        "The height was used for both: x goes by the width (x2 - x1). A window need not be square.",
        (_same_side(lambda size: size[:, 1]),),
    ),
    Mistake(
        "One side was used for both: x goes by the width (x2 - x1), y by the height (y2 - y1).",
        (
            _same_side(lambda size: size.max(axis=1)),
            _same_side(lambda size: size.min(axis=1)),
            _same_side(lambda size: size.mean(axis=1)),
        ),
    ),
    Mistake(
        "The corner is missing: these are pixels from the window's own corner. Add x1 to x and y1 to y.",
        (_but(origin=lambda boxes: 0 * boxes[:, :2]),),
    ),
    Mistake(
        "The window's corner is swapped: x1 belongs to x, y1 to y.",
        (_but(origin=lambda boxes: boxes[:, [1, 0]]),),
    ),
    Mistake(
        "x1 was added to both: x starts from x1, y from y1.",
        (_but(origin=lambda boxes: boxes[:, [0, 0]]),),
    ),
    Mistake(
        "x2 and y2 were taken for width and height, or for the size of the photo. The width is x2 - x1, the "
        "height y2 - y1.",
        (
            _but(sizes=lambda boxes: boxes[:, 2:]),
            _but(sizes=lambda boxes: boxes[:, 2:], origin=lambda boxes: 0 * boxes[:, :2]),
        ),
    ),
    Mistake(
        "The landmarks were added as they are. They are parts of the window: multiply by its width and height first.",
        (_but(sizes=lambda boxes: np.ones((len(boxes), 2))),),
    ),
    Mistake(
        "The landmarks came back as they were, in parts of the window: multiply by its size.",
        (
            lambda boxes, landmarks: _parts(landmarks),
            lambda boxes, landmarks: _interleaved(landmarks),
            lambda boxes, landmarks: landmarks,
        ),
    ),
    Mistake(
        "You counted from the window's centre. (0, 0) is its top left corner: start from x1, y1.",
        (
            _but(origin=lambda boxes: (boxes[:, :2] + boxes[:, 2:]) / 2),
            _but(origin=lambda boxes: (boxes[:, :2] + boxes[:, 2:]) / 2, sizes=lambda boxes: _sizes(boxes) / 2),
        ),
    ),
    Mistake(
        "You counted from the bottom right corner. (0, 0) is the window's top left corner: start from x1, y1.",
        (
            _but(origin=lambda boxes: boxes[:, 2:]),
            _but(origin=lambda boxes: boxes[:, 2:], sign=-1),
        ),
    ),
    Mistake(
        "y was counted upwards from the bottom. In images y grows downwards: start from y1.",
        (_but(parts=lambda landmarks: _parts(landmarks) * [1, -1] + [0, 1]),),
    ),
    Mistake(
        "You subtracted: add the part of the width to x1, the part of the height to y1.",
        (_but(sign=-1),),
    ),
    Mistake(
        "You divided by the window's size. The landmarks are parts of it already: multiply.",
        (lambda b, k: b[:, None, :2] + _parts(k) / _sizes(b)[:, None],),
    ),
    Mistake(
        "That is the way from the photo to the window, as for a training label. Here it goes back: multiply by the "
        "size, then add the corner.",
        (lambda b, k: (_parts(k) - b[:, None, :2]) / _sizes(b)[:, None],),
    ),
    Mistake(
        "The corner was added before the landmarks were scaled. First multiply by the size, then add the corner.",
        (lambda b, k: (_parts(k) + b[:, None, :2]) * _sizes(b)[:, None],),
    ),
    Mistake(
        "That is the - 1 of the authors' MATLAB code, which counts from 1. Here x = x1 + part * (x2 - x1), no more.",
        (
            _but(lambda points: points - 1),
            _but(lambda points: points - 1, sizes=lambda boxes: _sizes(boxes) + 1),
            _but(lambda points: points - 1, sizes=lambda boxes: _sizes(boxes) - 1),
        ),
    ),
    Mistake(
        "That is the old + 1: for boxes that include their last pixel. Here width = x2 - x1, and nothing is added.",
        (_but(sizes=lambda boxes: _sizes(boxes) + 1), _but(lambda points: points + 1)),
    ),
    Mistake(
        "Your side is 1 too small: boxes are half-open, so width = x2 - x1.",
        (_but(sizes=lambda boxes: _sizes(boxes) - 1),),
    ),
    Mistake(
        "Half a pixel was taken off, or added. The answer here counts in edges, as the boxes do; the detector takes "
        "the half pixel off afterwards.",
        (_but(lambda points: points - 0.5), _but(lambda points: points + 0.5)),
    ),
    Mistake(
        "All windows were treated as the first. Each row of landmarks belongs to the window in the same row.",
        (
            _but(origin=lambda boxes: boxes[:1, :2], sizes=lambda boxes: _sizes(boxes)[:1]),
            _but(origin=lambda boxes: boxes[:1, :2]),
            _but(sizes=lambda boxes: _sizes(boxes)[:1]),
            lambda b, k: np.repeat(_points(b, k)[:1], len(b), axis=0),
            lambda b, k: _points(b, np.repeat(k[:1], len(k), axis=0)),
        ),
    ),
    Mistake(
        "Only the first window is looked at. There are N: work on whole columns, boxes[:, 0:1], or loop over the rows.",
        (_but(lambda points: points[:1]), _but(lambda points: points[0]), _but(lambda points: points[-1])),
    ),
    Mistake(
        "You clipped the points. A landmark may lie outside its window, and outside the photo: it stays where it is.",
        (
            _but(lambda points: np.maximum(points, 0)),
            _but(np.abs),
            _but(parts=lambda landmarks: np.clip(_parts(landmarks), 0, 1)),
            lambda b, k: np.clip(_points(b, k), b[:, None, :2], b[:, None, 2:]),
        ),
    ),
    Mistake(
        "You rounded to whole pixels. Landmarks keep their fractions: on a small face a pixel is a lot.",
        (
            *(_but(how) for how in _ROUNDINGS),
            *(lambda b, k, how=how: b[:, None, :2] + how(_parts(k) * _sizes(b)[:, None]) for how in _ROUNDINGS),
            *(_but(origin=lambda boxes, how=how: how(boxes[:, :2])) for how in (np.round, np.floor)),
        ),
    ),
    Mistake(
        "Left and right have changed places, as for a mirrored face. Here the points keep their order.",
        (
            _but(lambda points: points[:, boxes_.MIRRORED]),
            _but(parts=lambda landmarks: _parts(landmarks) * [-1, 1] + [1, 0]),
        ),
    ),
    Mistake(
        "The points are right, but the last comes first. They keep the order of the landmarks.",
        (_but(lambda points: points[:, ::-1]),),
    ),
    Mistake(
        "The fifth point was left out: there are five, 0 to 4, so range(5).",
        (_but(lambda points: points[:, :4]), _but(lambda points: points * (np.arange(5) < 4)[:, None])),
    ),
    Mistake(
        "The window was made square first. Place the landmarks in the window as it came.",
        (lambda b, k: _points(boxes_.square_boxes(b), k),),
    ),
)


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


_JUDGE = Judge(
    name="landmarks_to_image",
    arguments=("boxes", "landmarks"),
    reference=boxes_.landmarks_to_image,
    cases=_CASES,
    mistakes=_MISTAKES,
    draw=_draw,
    columns=("x", "y"),
)
