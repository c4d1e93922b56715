"""The judge of `landmarks_to_image`: from O-Net's ten numbers to five points in the photo."""

from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.coordinates import MIRRORED
from mtcnn_lite.course.checks.judge import Array, Case, Change, Function, Hints, Judge, Verdict, drawing, slips
from mtcnn_lite.course.checks.judge.boxes import random_boxes, sizes, table


def landmarks_to_image(fn: Function) -> Verdict:
    """Judges `fn(boxes (N, 4), landmarks (N, 10)) -> points (N, 5, 2)`: x and y of each landmark in image pixels.

    boxes: the windows, x1, y1, x2, y2. landmarks: x1..x5 y1..y5 in each row, as parts of the window's width and height,
    (0, 0) its top left corner. Points are counted in edges, as boxes are, and neither clipped nor rounded. N may be 0:
    shape (0, 5, 2), or an empty list. The inputs must stay as they are.

    >>> landmarks_to_image(lambda boxes, landmarks: landmarks.reshape(-1, 5, 2)).hint
    'The landmarks came back as they were, in parts of the window: multiply by its size.'
    """
    return JUDGE.verdict(fn)


def _parts(landmarks: Array) -> Array:
    """x, y of each point as parts of the window, (N, 5, 2)."""
    return landmarks.reshape(-1, 2, 5).transpose(0, 2, 1)


def _interleaved(landmarks: Array) -> Array:
    """The same, read as x1 y1 ... x5 y5."""
    return landmarks.reshape(-1, 5, 2)


def _corner(boxes: Array) -> Array:
    return boxes[:, :2]


def _no_corner(boxes: Array) -> Array:
    return 0 * boxes[:, :2]


def _points(
    boxes: Array,
    landmarks: Array,
    parts: Change = _parts,
    origin: Change = _corner,
    size: Change = sizes,
    at: float = 0,
    sign: int = 1,
) -> Array:
    """The right points; and with other arguments, `at` for an origin so many sizes further on, the wrong ones."""
    return (origin(boxes) + at * sizes(boxes))[:, None] + sign * parts(landmarks) * size(boxes)[:, None]


@slips.several
def _with_sizes(change: Change) -> Function:
    return partial(_points, size=lambda boxes: change(sizes(boxes)))


def _flat(points: Array) -> Array:
    """x1..x5 y1..y5 in one row."""
    return points.transpose(0, 2, 1).reshape(-1, 10)


def _pairs(points: Array) -> Array:
    """x1 y1 .. x5 y5 in one row."""
    return points.reshape(-1, 10)


_but = partial(slips.but, _points)
_then = partial(slips.after, _points)
_of = partial(slips.before, _points)
_HINTS: Hints = {
    "The ten numbers were read as x1 y1 x2 y2 ... They are x1 to x5 first, then y1 to y5: landmarks[:, :5] is x, "
    "landmarks[:, 5:] is y.": slips.after(partial(_points, parts=_interleaved), lambda points: points, _flat, _pairs),
    "All x stand in one row and all y in the next: shape (N, 2, 5). Point by point it is (N, 5, 2): stack x and y "
    "along the last axis, or transpose the last two.": _then(lambda points: points.transpose(0, 2, 1)),
    "The numbers are right, but reshape does not pair each x with its y: it only counts them off in order. Transpose "
    "the last two axes, or stack x and y along axis 2.": _then(lambda points: _flat(points).reshape(-1, 5, 2)),
    "The points are right, but the five come first: shape (5, N, 2). A row for each window, so axis 0 is N.": _then(
        lambda points: points.transpose(1, 0, 2), lambda points: points.transpose(1, 2, 0)
    ),
    "x and y are swapped: each point is x, y, the column first. The first five of the ten numbers are x.": (
        *_then(lambda points: points[..., ::-1]),
        *_but(parts=lambda landmarks: _parts(landmarks)[..., ::-1]),
    ),
    "The ten numbers still lie in one row, shape (N, 10). The answer has a row x, y for each point: (N, 5, 2).": _then(
        _flat, _pairs
    ),
    **slips.sides_mixed_up(
        _with_sizes,
        "x goes by the width (x2 - x1)",
        "y goes by the height (y2 - y1)",
        "x goes by the width (x2 - x1), y by the height (y2 - y1)",
        " A window need not be square.",
    ),
    "The corner is missing: these are pixels from the window's own corner. Add x1 to x and y1 to y.": _but(
        origin=_no_corner
    ),
    "The window's corner is swapped: x1 belongs to x, y1 to y.": _but(origin=lambda boxes: boxes[:, [1, 0]]),
    "x1 was added to both: x starts from x1, y from y1.": _but(origin=lambda boxes: boxes[:, [0, 0]]),
    "x2 and y2 were taken for width and height, or for the size of the photo. The width is x2 - x1, "
    "the height y2 - y1.": _but(size=lambda boxes: boxes[:, 2:], origin=[_corner, _no_corner]),
    "The landmarks were added as they are. They are parts of the window: "
    "multiply by its width and height first.": _with_sizes(np.ones_like),
    "The landmarks came back as they were, in parts of the window: multiply by its size.": (
        lambda boxes, landmarks: _parts(landmarks),
        lambda boxes, landmarks: _interleaved(landmarks),
        lambda boxes, landmarks: landmarks,
    ),
    "You counted from the window's centre. (0, 0) is its top left corner: start from x1, y1.": _but(
        at=0.5, size=[sizes, lambda boxes: sizes(boxes) / 2]
    ),
    "You counted from the bottom right corner. (0, 0) is the window's top left corner: start from x1, y1.": _but(
        at=1, sign=[1, -1]
    ),
    "y was counted upwards from the bottom. In images y grows downwards: start from y1.": _but(
        parts=lambda landmarks: _parts(landmarks) * [1, -1] + [0, 1]
    ),
    "You subtracted: add the part of the width to x1, the part of the height to y1.": _but(sign=-1),
    "You divided by the window's size. The landmarks are parts of it already: multiply.": _with_sizes(np.reciprocal),
    "That is the way from the photo to the window, as for a training label. Here it goes back: multiply by the size, "
    "then add the corner.": lambda b, k: (_parts(k) - b[:, None, :2]) / sizes(b)[:, None],
    "The corner was added before the landmarks were scaled. First multiply by the size, "
    "then add the corner.": lambda b, k: (_parts(k) + b[:, None, :2]) * sizes(b)[:, None],
    "That is the - 1 of the authors' MATLAB code, which counts from 1. Here x = x1 + part * (x2 - x1), no more.": tuple(
        wrong
        for more in (0, 1, -1)
        for wrong in _but(origin=lambda boxes: boxes[:, :2] - 1, size=lambda boxes, more=more: sizes(boxes) + more)
    ),
    "That is the old + 1: for boxes that include their last pixel. Here width = x2 - x1, "
    "and nothing is added.": _with_sizes(lambda size: size + 1) + _then(lambda points: points + 1),
    slips.ONE_LESS: _with_sizes(lambda size: size - 1),
    "Half a pixel was taken off, or added. The answer here counts in edges, as the boxes do; the detector takes the "
    "half pixel off afterwards.": _then(lambda points: points - 0.5, lambda points: points + 0.5),
    "All windows were treated as the first. Each row of landmarks belongs to the window in the same row.": (
        *_of(boxes=lambda boxes: boxes[:1]),
        *_but(origin=lambda boxes: boxes[:1, :2]),
        *_with_sizes(lambda size: size[:1]),
        *_then(lambda points: np.repeat(points[:1], len(points), axis=0)),
        *_of(landmarks=lambda landmarks: np.repeat(landmarks[:1], len(landmarks), axis=0)),
    ),
    "Only the first window is looked at. There are N: work on whole columns, boxes[:, 0:1], or loop over the "
    "rows.": _then(*slips.FIRST, lambda points: points[-1]),
    "You clipped the points. A landmark may lie outside its window, and outside the photo: it stays where it is.": (
        *_then(*slips.CLIPPED),
        *_of(landmarks=lambda landmarks: np.clip(landmarks, 0, 1)),
        lambda b, k: np.clip(_points(b, k), b[:, None, :2], b[:, None, 2:]),
    ),
    "You rounded to whole pixels. Landmarks keep their fractions: on a small face a pixel is a lot.": (
        *_then(*slips.ROUNDINGS),
        *(lambda b, k, how=how: b[:, None, :2] + how(_parts(k) * sizes(b)[:, None]) for how in slips.ROUNDINGS),
        *_but(origin=[lambda boxes, how=how: how(boxes[:, :2]) for how in (np.round, np.floor)]),
    ),
    "Left and right have changed places, as for a mirrored face. Here the points keep their order.": (
        *_then(lambda points: points[:, MIRRORED]),
        *_but(parts=lambda landmarks: _parts(landmarks) * [-1, 1] + [1, 0]),
    ),
    "The points are right, but the last comes first. They keep the order of the landmarks.": _then(
        lambda points: points[:, ::-1]
    ),
    "The fifth point was left out: there are five, 0 to 4, so range(5).": _then(
        lambda points: points[:, :4], lambda points: points * (np.arange(5) < 4)[:, None]
    ),
    "The window was made square first. Place the landmarks in the window as it came.": _of(boxes=boxes_.square_boxes),
}


def _face(x: list[float], y: list[float]) -> Array:
    return np.array([x + y], dtype=np.float32)


def _random(count: int) -> tuple[Array, Array]:
    """Windows with corners in quarters of a pixel, sides from 8 to 60 px; landmarks with two decimals, -0.2 to 1.2."""
    rng = np.random.default_rng(count)
    windows = random_boxes(rng, count, low=-80, high=800, parts=4)
    return windows, (rng.integers(-20, 121, (count, 10)) / 100).astype(np.float32)


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
_FACE = _face(_X, _Y)
_LOW, _TWO = _face([0.1, 0.6, -0.1, 0.2, 0.55], [0.5, 0.55, 0.8, 1.1, 1.05]), np.concatenate([_FACE, _face(_Y, _X)])
_CASES = (
    Case("a window of 100 x 100 px at the photo's corner", (table([0, 0, 100, 100]), _FACE), _SHAPE),
    Case("the same window further right", (table([40, 0, 140, 100]), _FACE), _SHAPE),
    Case("the same window further right and down", (table([40, 20, 140, 120]), _FACE), _SHAPE),
    Case("a window twice as high as wide", (table([40, 20, 90, 120]), _FACE), _SHAPE),
    Case("a window twice as wide as high", (table([40, 20, 140, 70]), _FACE), _SHAPE),
    Case("fractions of a pixel", (table([3.25, 5.5, 27.25, 29.5]), _FACE), _SHAPE),
    Case("a mouth below the window", (table([40, 20, 80, 60]), _LOW), _SHAPE),
    Case("a window that leaves the photo", (table([-30, -20, 30, 40]), _FACE), _SHAPE),
    Case("two windows of different size", (table([0, 0, 20, 20], [30, 10, 80, 60]), _TWO), _MORE),
    Case("no window at all", (table(), np.zeros((0, 10), np.float32)), _NONE),
    Case("four random windows", _random(4), _MORE),
    Case("five random windows", _random(5), _MORE),
    Case("a hundred random windows", _random(100), _MORE),
)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The first window that differs, with its five points as they should be and as they are."""
    if not len(expected):
        return ""
    row = row or 0
    window, yours = inputs[0][row], got[row] if got is not None and len(got) > row else None
    size = 0.025 * float(max(sizes(window)))
    which = "the window and its points" if len(expected) == 1 else f"window {row} and its points"
    return drawing.compared(
        window[None], drawing.dots(expected[row], size), drawing.dots(yours, size), f"{which}, px of the photo"
    )


JUDGE = Judge(
    "landmarks_to_image", ("boxes", "landmarks"), boxes_.landmarks_to_image, _CASES, _HINTS, _draw, columns=("x", "y")
)
