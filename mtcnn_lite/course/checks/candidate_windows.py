"""The judge of `candidate_windows`: from P-Net's map to windows in the photo."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite import pyramid
from mtcnn_lite.course.checks.judge import Array, Case, Function, Functions, Hints, Judge, Verdict, drawing, slips
from mtcnn_lite.course.checks.judge.boxes import CORNERS


def candidate_windows(fn: Function) -> Verdict:
    """Judges `fn(face_map (H, W), scale, threshold) -> windows (N, 4)`.

    One window, x1, y1, x2, y2 in image pixels, for each cell with face_map >= threshold, row by row. Cell (row i,
    column j) looks at x1 = 2j / scale, y1 = 2i / scale, side 12 / scale. N may be 0: shape (0, 4), or an empty list.

    >>> bool(candidate_windows(pyramid.candidate_windows))
    True
    """
    return JUDGE.verdict(fn)


def _passing(face_map: Array, threshold: float) -> Any:
    """Rows and columns of the cells that pass."""
    return np.nonzero(face_map >= threshold)


def _windows(
    face_map: Array, scale: Any, threshold: float, cells: Any = _passing, stride: int = 2, start: int = 0, end: int = 12
) -> Array:
    """The right windows, and with other `cells`, `stride`, `start` or `end` the wrong ones."""
    rows, columns = cells(face_map, threshold)
    corner = stride * np.stack([columns, rows], axis=1).astype(float)  # (N, 2) x, y in the level
    return np.concatenate([corner + start, corner + end], axis=1) / scale


def _by_score(m: Array, t: float, up: int = -1) -> Array:
    return np.array(_passing(m, t))[:, np.argsort(up * m[m >= t], kind="stable")]


@slips.several
def _placed(place: Callable[[Array, float, float], tuple[Array, float]]) -> Function:
    """Windows at `place(corner, side, scale)`, a new corner (N, 2) and side, from the right ones in the photo."""

    def wrong(face_map: Array, scale: float, threshold: float) -> Array:
        corner, side = place(_windows(face_map, scale, threshold)[:, :2], 12 / scale, scale)
        return np.concatenate([corner, corner + side], axis=1)

    return wrong


_ROUNDINGS = (np.round, np.floor, np.ceil, slips.half_up)


def _rounded(start: int, end: int) -> Functions:
    """Windows with another start or end, rounded in every way."""
    return slips.after(partial(_windows, start=start, end=end), *_ROUNDINGS)


_but = partial(slips.but, _windows)
_then = partial(slips.after, _windows)
_of = partial(slips.before, _windows)
_HINTS: Hints = {
    "x and y are swapped: the row i became x. A row says how far down, so y1 = 2i / scale and x1 = 2j / scale.": _then(
        slips.swap_xy
    ),
    "The map was read transposed: face_map[i, j] is row i, column j, and face_map.shape is (H, W), rows first.": (
        *_of(face_map=[np.transpose, lambda m: m.reshape(m.shape[::-1])]),
        *_but(cells=lambda m, t: np.divmod(np.flatnonzero(m >= t), len(m))),
    ),
    "Part of the map was not looked at: it need not be square. face_map.shape is (H, W): i runs over H, j over W.": _of(
        face_map=[lambda m: m[:, : len(m)], lambda m: m[: m.shape[1]]]
    ),
    "The stride is missing: you took j, i where 2j, 2i belong. Neighbouring cells look 2 px apart in the level.": _but(
        stride=1
    ),
    "The stride is 2, not 12: windows overlap. Neighbouring cells look 2 px apart in the level.": _but(stride=12),
    "You compared with >, the rule is >=: a score equal to the threshold passes.": _but(
        cells=lambda m, t: np.nonzero(m > t)
    ),
    "The comparison points the wrong way: keep the cells with face_map >= threshold.": _but(
        cells=[lambda m, t: np.nonzero(m < t), lambda m, t: np.nonzero(m <= t)]
    ),
    "You multiplied by the scale. The way from the level back to the photo is to divide: the photo is larger.": (
        *_of(scale=lambda s: 1 / s),
        *_placed(
            lambda corner, side, s: (corner * s * s, side),
            lambda corner, side, s: (corner, 12 * s),
            lambda corner, side, s: (corner * s * s, 12),
        ),
    ),
    "The side was multiplied by the stride too: the window is 2j to 2j + 12 in the level, not 2 * (j + 12).": _but(
        end=24
    ),
    "The scale was not used: these are pixels of the level. "
    "Divide corner and side by the scale for the photo's.": slips.fixed(_windows, scale=1),
    "The side was not scaled: 12 px in the level are 12 / scale px in the photo.": _placed(
        lambda corner, side, s: (corner, 12)
    ),
    "The corner was not scaled, only the side: x1 = 2j / scale, y1 = 2i / scale.": _placed(
        lambda corner, side, s: (corner * s, side)
    ),
    "That is the old + 1 at the corner: 2j + 1 counts from 1, as MATLAB does. Here x1 = 2j / scale.": (
        *_but(start=1, end=[12, 13]),
        *_then(lambda w: w + 1, lambda w: w + [1, 1, 0, 0]),
        *_rounded(1, 12),
        *_rounded(1, 13),
    ),
    "That is the old + 1 in the side: 12 + 1 comes from MATLAB, whose boxes include their last pixel. Here x2 = x1 + "
    "12 / scale.": (*_but(end=13), *_then(slips.one_more), *_rounded(0, 13)),
    "Your last corner is inclusive: the side came out as 11 / scale. "
    "Boxes are half-open, so x2 = x1 + 12 / scale.": _but(end=11) + _then(slips.one_less),
    "The windows are right, but sorted by score. The answer goes row by row, as the cells lie in the map.": _but(
        cells=[_by_score, partial(_by_score, up=1)]
    ),
    "The windows are right, but the last comes first. The answer goes row by row, from the top left cell.": _then(
        lambda w: w[::-1]
    ),
    "No window came out, in any case: is there a cell that ever passes, and is its window kept?": _then(
        lambda w: w[:0]
    ),
    "The windows are right, but column by column. The answer goes row by row: all of row 0, then row 1.": _but(
        cells=lambda m, t: _passing(m.T, t)[::-1]
    ),
    f"{slips.AS_SIZE[:-1]} with x2 = x1 + side.": _then(slips.as_size),
    "You took the cell for the window's centre. It is the top left corner: x1 = 2j / scale, y1 = 2i / scale.": (
        *_placed(lambda corner, side, s: (corner - side / 2, side)),
        *_then(slips.as_centre),
    ),
    slips.X_THEN_Y: _then(slips.x_then_y),
    slips.rounded("Windows"): (
        *_then(*_ROUNDINGS),
        *_placed(*(lambda corner, side, s, how=how: (how(corner), side) for how in _ROUNDINGS)),
        *_placed(*(lambda corner, side, s, how=how: (how(corner), how(side)) for how in _ROUNDINGS)),
        *_placed(*(lambda corner, side, s, how=how: (corner, how(side)) for how in _ROUNDINGS)),
    ),
    "You returned the cells (row, column). Each has still to become a window: x1, y1, x2, y2.": (
        lambda m, s, t: np.argwhere(m >= t),
    ),
    "The score came along as a fifth column. The answer is the four corners only.": (
        lambda m, s, t: np.column_stack([_windows(m, s, t), m[m >= t]]),
    ),
    "You returned scores. The answer is the windows of the cells that have them.": (
        lambda m, s, t: m[m >= t],
        lambda m, s, t: m >= t,
    ),
}


def _map(*rows: list[float]) -> Array:
    return np.array(rows, dtype=np.float32)


def _random_map(rows: int, columns: int) -> Array:
    """Scores from 0 to 1, no two alike, with three decimals; the thresholds used with it have four."""
    order = np.random.default_rng(rows * 100 + columns).permutation(rows * columns)
    return (order / order.size).round(3).reshape(rows, columns).astype(np.float32)


_NO_WINDOW = "No cell passes here, so the answer is no window at all: an empty array of shape (0, 4), np.zeros((0, 4))."
_FLAT = "This map has 1 row and 2 columns. face_map.shape is (H, W), rows first: i runs over H, j over W."
_TALL = "This map has 2 rows and 1 column. face_map.shape is (H, W), rows first: i runs over H, j over W."
_TWO = "It works for one window and stops at two."

# Scores that equal a threshold are sums of halves and quarters: exact in float32 and float64 alike.
_CASES = (
    Case("one cell, level as large as the photo", (_map([0.9]), 1.0, 0.6)),
    Case("one cell, level half as large as the photo", (_map([0.9]), 0.5, 0.6)),
    Case("one cell, below the threshold", (_map([0.2]), 0.5, 0.6), _NO_WINDOW),
    Case("one cell, exactly at the threshold", (_map([0.75]), 0.5, 0.75)),
    Case("one row, the second column passes", (_map([0.1, 0.9]), 1.0, 0.6), _FLAT),
    Case("one column, the second row passes", (_map([0.1], [0.9]), 1.0, 0.6), _TALL),
    Case("level half as large, the second column passes", (_map([0.1, 0.9]), 0.5, 0.6), _FLAT),
    Case("a scale that gives fractions of a pixel", (_map([0.1, 0.9]), 0.6, 0.6), _FLAT),
    Case("two cells, the second scores higher", (_map([0.7, 0.9]), 0.5, 0.6), _TWO),
    Case("two cells, in two rows and two columns", (_map([0.1, 0.8], [0.7, 0.2]), 0.5, 0.6)),
    Case("more columns than rows", (_map([0.1, 0.9, 0.2], [0.8, 0.1, 0.7]), 0.5, 0.6)),
    Case("more rows than columns", (_map([0.9, 0.1], [0.2, 0.8], [0.7, 0.3]), 0.5, 0.6)),
    Case("a map on which no cell passes", (_random_map(3, 4), 0.425, 1.5), _NO_WINDOW),
    Case("a map on which every cell passes", (_random_map(4, 3), 0.425, 0.0)),
    Case("a random map", (_random_map(4, 6), 0.302, 0.5555)),
    Case("a tall random map", (_random_map(9, 5), 0.214, 0.7055)),
    Case("a larger random map", (_random_map(24, 31), 0.152, 0.8955)),
)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    face_map, _, threshold = inputs
    layers = [drawing.layer(drawing.EXPECTED, expected, row), drawing.layer(drawing.GOT, got, row)]
    panels = [drawing.plane(layers, "windows, px of the photo")]
    if face_map.size <= 60:
        panels.insert(0, drawing.cells(face_map, face_map >= threshold, f"face_map, framed: >= {threshold:g}"))
    return drawing.picture(panels, layers)


_RIGHT = pyramid.candidate_windows
JUDGE = Judge("candidate_windows", ("face_map", "scale", "threshold"), _RIGHT, _CASES, _HINTS, _draw, columns=CORNERS)
