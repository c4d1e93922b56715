"""The judge of `anchor_grid`: where a one-pass detector looks."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite import anchors
from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, drawing


def anchor_grid(fn: Function) -> Verdict:
    """Judges `fn(height, width, stride, sizes) -> anchors (N, 4)`: squares of each side round the middle of each cell.

    A cell is `stride` px wide and high; one that hangs over the photo's edge counts. Order: rows of cells from the top,
    in a row from the left, in a cell as in `sizes`. x1, y1, x2, y2, not clipped, not rounded.

    >>> anchor_grid(lambda h, w, stride, sizes: anchors.anchor_grid(h, w, stride, sizes) - stride / 2).hint
    "The anchors sit on the cells' top left corners. A cell's middle is at (column + 0.5) * stride."
    """
    return JUDGE.verdict(fn)


def _grid(
    height: int,
    width: int,
    stride: int,
    sizes: Array,
    cells: Callable[[int, int], int] = lambda length, stride: -(-length // stride),
    start: float = 0.5,
    scale: Callable[[Array, int], Array] = lambda sizes, stride: sizes,
    order: tuple[int, int, int] = (0, 1, 2),
    swapped: bool = False,
) -> Array:
    """The right anchors; and with other counts of cells, middles, sides or orders, the wrong ones."""
    half = scale(np.asarray(sizes, float), stride) / 2
    i, j, k = np.indices((cells(height, stride), cells(width, stride), len(half))).transpose(0, *(a + 1 for a in order))
    y, x, half = (i.ravel() + start) * stride, (j.ravel() + start) * stride, half[k.ravel()]
    x, y = (y, x) if swapped else (x, y)
    return np.stack([x - half, y - half, x + half, y + half], axis=1)


def _but(**changed: Any) -> Function:
    return partial(_grid, **changed)


def _then(change: Any) -> Function:
    """The right anchors, and then something more: `change(anchors, height, width)`."""
    return lambda height, width, stride, sizes: change(_grid(height, width, stride, sizes), height, width)


_HINTS: Hints = {
    "The anchors sit on the cells' top left corners. A cell's middle is at (column + 0.5) * stride.": _but(start=0),
    "The anchors sit one cell too far: count cells from 0, and add half a cell to get to the middle.": (
        _but(start=1.5),
        _but(start=1),
    ),
    "The middle is half a pixel off. Coordinates are pixel edges: the middle of the first cell is stride / 2.": (
        lambda h, w, stride, sizes: _grid(h, w, stride, sizes) - 0.5,
        lambda h, w, stride, sizes: _grid(h, w, stride, sizes, start=(stride - 1) / 2 / stride),
    ),
    "The last cells are missing where the photo's side is no multiple "
    "of the stride. They count: round the number of cells up.": _but(cells=lambda length, stride: length // stride),
    "There is a row and a column too many: a side of 32 px has 4 cells of 8 px, not 5.": (
        _but(cells=lambda length, stride: length // stride + 1),
        _but(cells=lambda length, stride: -(-length // stride) + 1),
    ),
    "The anchors are twice as large: a size is the whole side, so half of it goes to each side of the middle.": _but(
        scale=lambda sizes, stride: 2 * sizes
    ),
    "The sizes were multiplied by the stride. They are pixels of the photo already.": _but(
        scale=lambda sizes, stride: sizes * stride
    ),
    "The sizes were taken for areas. They are sides.": _but(scale=lambda sizes, stride: np.sqrt(sizes)),
    "x and y have changed places: the photo has `height` rows, and y goes with the row.": (
        _but(swapped=True),
        lambda h, w, stride, sizes: _grid(w, h, stride, sizes),
    ),
    "The right anchors in another order: columns come before rows. Go row by row, in a row from the left.": _but(
        order=(1, 0, 2)
    ),
    "The right anchors in another order: all cells of the first size, then "
    "all of the next. The sizes of a cell come one after the other.": (_but(order=(2, 0, 1)), _but(order=(2, 1, 0))),
    "The sizes of a cell come in another order: keep that of `sizes`.": (
        lambda h, w, stride, sizes: _grid(h, w, stride, np.sort(sizes)),
        lambda h, w, stride, sizes: _grid(h, w, stride, np.sort(sizes)[::-1]),
        lambda h, w, stride, sizes: _grid(h, w, stride, np.asarray(sizes)[::-1]),
    ),
    "The anchors were clipped to the photo. They may leave it: a large face at the edge is still one face.": (
        _then(lambda boxes, h, w: np.clip(boxes, 0, [w, h, w, h])),
        _then(lambda boxes, h, w: np.maximum(boxes, 0)),
        _then(lambda boxes, h, w: np.clip(boxes, 0, [w - 1, h - 1, w - 1, h - 1])),
    ),
    "Anchors that leave the photo are missing. They stay.": _then(
        lambda boxes, h, w: boxes[(boxes[:, :2] >= 0).all(axis=1) & (boxes[:, 2:] <= [w, h]).all(axis=1)]
    ),
    "You gave middle and size. The answer is two corners: x1, y1, x2, y2.": _then(
        lambda b, h, w: np.concatenate([(b[:, :2] + b[:, 2:]) / 2, b[:, 2:] - b[:, :2]], axis=1)
    ),
    "You gave x, y, width, height. The answer is two corners: x1, y1, x2, y2.": _then(
        lambda b, h, w: np.concatenate([b[:, :2], b[:, 2:] - b[:, :2]], axis=1)
    ),
    "You divided by the photo's width and height, as some code does. The answer is in pixels.": _then(
        lambda boxes, h, w: boxes / [w, h, w, h]
    ),
    "You rounded. A side may be an odd number of pixels: keep the halves.": (
        _then(lambda boxes, h, w: np.round(boxes)),
        _then(lambda boxes, h, w: np.floor(boxes)),
        _then(lambda boxes, h, w: np.trunc(boxes)),
        lambda h, w, stride, sizes: _grid(h, w, stride, np.asarray(sizes) // 2 * 2),
    ),
    "x2 and y2 are 1 too small: boxes are half-open, so x2 - x1 is the side.": _then(
        lambda boxes, h, w: boxes - [0, 0, 1, 1]
    ),
    "Only the first size was used. Each cell has an anchor of each size.": (
        lambda h, w, stride, sizes: _grid(h, w, stride, np.asarray(sizes)[:1]),
    ),
    "The orders of x and y in a box are mixed up: x1, y1, x2, y2.": _then(lambda boxes, h, w: boxes[:, [0, 2, 1, 3]]),
}

_SIZES = (
    "sizes is an array of one or more sides: loop over it, or give it an axis of its own. height, width and stride are "
    "whole numbers."
)


def _photo(height: int, width: int, stride: int, *sizes: float) -> tuple[Any, ...]:
    return height, width, stride, np.array(sizes)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    height, width, *_ = inputs
    if len(expected) > 60:
        return ""
    layers = [
        drawing.layer(drawing.INPUT, np.array([[0, 0, width, height]])),
        drawing.layer(drawing.EXPECTED, expected, row),
        drawing.layer(drawing.GOT, got, row),
    ]
    return drawing.picture([drawing.plane(layers, "given: the photo, px")], layers)


JUDGE = Judge(
    name="anchor_grid",
    arguments=("height", "width", "stride", "sizes"),
    reference=anchors.anchor_grid,
    cases=(
        Case("one cell, one size", _photo(8, 8, 8, 4), _SIZES),
        Case("one cell, an anchor larger than the photo", _photo(8, 8, 8, 16), _SIZES),
        Case("one cell, an odd side", _photo(8, 8, 8, 5), _SIZES),
        Case("two cells side by side", _photo(8, 16, 8, 6), _SIZES),
        Case("two cells one above the other", _photo(16, 8, 8, 6), _SIZES),
        Case("two rows of three cells", _photo(16, 24, 8, 6), _SIZES),
        Case("one cell, two sizes", _photo(16, 16, 16, 4, 12), _SIZES),
        Case("one cell, the larger size first", _photo(16, 16, 16, 12, 4), _SIZES),
        Case("two rows of three cells, two sizes", _photo(32, 48, 16, 8, 20), _SIZES),
        Case("sides that are no multiple of the stride", _photo(20, 30, 8, 8), _SIZES),
        Case("the same, three sizes", _photo(33, 17, 16, 32, 16, 50.5), _SIZES),
        Case("RetinaFace's first level on a photo of 64 x 96", _photo(64, 96, 8, 16, 32), _SIZES),
    ),
    hints=_HINTS,
    draw=_draw,
    columns=("x1", "y1", "x2", "y2"),
)
