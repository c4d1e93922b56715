"""The judge of `anchor_grid`: where a one-pass detector looks."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite import anchors
from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, drawing, slips
from mtcnn_lite.course.checks.judge.boxes import CORNERS


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
    finish: Callable[[Array, Array], Array] = lambda boxes, photo: boxes,
) -> Array:
    """The right anchors; and with other counts of cells, middles, sides or orders of the loops, the wrong ones.

    finish(anchors, photo) is done at the end, with photo = width, height, width, height.
    """
    half = scale(sizes, stride) / 2
    i, j, k = np.indices((cells(height, stride), cells(width, stride), len(half))).transpose(0, *(a + 1 for a in order))
    y, x, half = (i.ravel() + start) * stride, (j.ravel() + start) * stride, half[k.ravel()]
    return finish(np.stack([x - half, y - half, x + half, y + half], axis=1), np.array([width, height] * 2))


_but, _before, _after = (partial(wrong, _grid) for wrong in (slips.but, slips.before, slips.after))

_HINTS: Hints = {
    "The anchors sit on the cells' top left corners. A cell's middle is at (column + 0.5) * stride.": _but(start=0),
    "The anchors sit one cell too far: count cells from 0, and add half a cell to get to the middle.": _but(
        start=[1.5, 1]
    ),
    "The middle is half a pixel off. Coordinates are pixel edges: the middle of the first cell is stride / 2.": _after(
        lambda boxes: boxes - 0.5
    ),
    "The last cells are missing where the photo's side is no multiple of the stride. They count: round the number "
    "of cells up.": _but(cells=lambda length, stride: length // stride),
    "There is a row and a column too many: a side of 32 px has 4 cells of 8 px, not 5.": _but(
        cells=[lambda length, stride: length // stride + 1, lambda length, stride: -(-length // stride) + 1]
    ),
    "The anchors are twice as large: a size is the whole side, so half of it goes to each side of the middle.": _before(
        sizes=lambda sizes: 2 * sizes
    ),
    "The sizes were multiplied by the stride. They are pixels of the photo already.": _but(scale=np.multiply),
    "The sizes were taken for areas. They are sides.": _before(sizes=np.sqrt),
    "x and y have changed places: the photo has `height` rows, and y goes with the row.": (
        *_after(slips.swap_xy),
        *slips.swapped(_grid, "height", "width"),
    ),
    "The right anchors in another order: columns come before rows. Go row by row, in a row from the left.": _but(
        order=(1, 0, 2)
    ),
    "The right anchors in another order: all cells of the first size, then all of the next. The sizes of a cell "
    "come one after the other.": _but(order=[(2, 0, 1), (2, 1, 0)]),
    "The sizes of a cell come in another order: keep that of `sizes`.": _before(sizes=[*slips.SORTED, np.flip]),
    "The anchors were clipped to the photo. They may leave it: a large face at the edge is still one face.": _but(
        finish=[
            lambda boxes, photo: np.clip(boxes, 0, photo),
            lambda boxes, photo: np.maximum(boxes, 0),
            lambda boxes, photo: np.clip(boxes, 0, photo - 1),
        ]
    ),
    "Anchors that leave the photo are missing. They stay.": _but(
        finish=lambda boxes, photo: boxes[((boxes >= 0) & (boxes <= photo)).all(axis=1)]
    ),
    "You gave middle and size. The answer is two corners: x1, y1, x2, y2.": _after(slips.as_centre),
    "You gave x, y, width, height. The answer is two corners: x1, y1, x2, y2.": _after(slips.as_size),
    "You divided by the photo's width and height, as some code does. The answer is in pixels.": _but(finish=np.divide),
    "You rounded. A side may be an odd number of pixels: keep the halves.": _after(np.round, np.floor, np.trunc),
    "x2 and y2 are 1 too small: boxes are half-open, so x2 - x1 is the side.": _after(slips.one_less),
    "Only the first size was used. Each cell has an anchor of each size.": _before(sizes=lambda sizes: sizes[:1]),
    "The orders of x and y in a box are mixed up: x1, y1, x2, y2.": _after(slips.x_then_y),
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
    return drawing.compared([[0, 0, width, height]], expected, got, "given: the photo, px", strong=row)


_CASES = (
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
)

JUDGE = Judge(
    "anchor_grid", ("height", "width", "stride", "sizes"), anchors.anchor_grid, _CASES, _HINTS, _draw, columns=CORNERS
)
