"""What a one-pass detector has in place of a pyramid: boxes of fixed sizes all over the photo, and who they are for.

The net has one answer for each **anchor**: is there a face about here, of about this size, and how does the box move?
In training each anchor must be told which face it is for, or that it is background.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.arguments import flag, instance, number, shown, whole
from mtcnn_lite.array_arguments import FAR, floats
from mtcnn_lite.boxes import Floats, as_boxes, iou

# stride: sides of the anchors at each place, px; https://github.com/biubug6/Pytorch_Retinaface, data/config.py
RETINAFACE: Mapping[int, Sequence[float]] = {8: (16, 32), 16: (64, 128), 32: (256, 512)}
# RetinaFace's paper (arXiv 1905.00641, table 2): three sides at each place, each 2 ** (1 / 3) times the one before
RETINAFACE_PAPER: Mapping[int, Sequence[float]] = {
    stride: tuple(4 * stride * 2 ** (k / 3) for k in range(3)) for stride in (4, 8, 16, 32, 64)
}
# The package's own one-pass net: of the faces that it learns from, of 12 px and more, 97 in 100 have an anchor with an
# IoU of 0.5 or more (with RETINAFACE 93), and all but 2 in 10,000 one of 0.35.
ONE_PASS: Mapping[int, Sequence[float]] = {8: (16, 24, 36), 16: (56, 88), 32: (140, 224, 360)}
MOST_ANCHORS = 100_000_000  # in a grid; their boxes take 16 bytes each, and twice that while they are made
BACKGROUND, IGNORED = -1, -2  # what an anchor is that is for no face


def anchor_grid(height: int, width: int, stride: int, sizes: Sequence[float]) -> Floats:
    """Squares of each side in `sizes` round the middle of each cell, shape (rows * columns * S, 4).

    A cell that hangs over the photo's edge counts: rows = ceil(height / stride). Anchors may leave the photo; they are
    not clipped.

    Parameters
    ----------
    height, width : int
        The photo's size, in pixels.
    stride : int
        Side of a cell, in pixels; 1 or more.
    sizes : sequence of S floats
        Sides of the anchors in a cell, in pixels; above 0.

    Returns
    -------
    float32 (rows * columns * S, 4)
        Rows of cells from the top, in a row from the left, in a cell in the order of `sizes`.

    Raises
    ------
    ValueError
        For a stride or a size out of range, and for over 100 million anchors.
    TypeError
        For what are no numbers.

    Examples
    --------
    >>> anchor_grid(8, 16, stride=8, sizes=[4, 16])
    array([[ 2.,  2.,  6.,  6.],
           [-4., -4., 12., 12.],
           [10.,  2., 14.,  6.],
           [ 4., -4., 20., 12.]], dtype=float32)
    """
    height, width = whole("height", height, unit=" px"), whole("width", width, unit=" px")
    stride = whole("stride", stride, low=1, unit=" px")
    side = floats("sizes", sizes, np.float64, shape="S sides in pixels").reshape(-1)
    if not ((side > 0) & (side <= FAR)).all():
        raise ValueError(f"sizes is {shown(sizes)}; every side must be above 0 px, and finite")
    rows, columns = -(-height // stride), -(-width // stride)
    if rows * columns * max(len(side), 1) > MOST_ANCHORS:
        raise ValueError(f"stride is {stride}: {rows} x {columns} cells of {height}x{width} px with {len(side)} "
                         f"anchors each are over {MOST_ANCHORS:,}; it must be larger")  # fmt: skip
    y, x = (np.indices((rows, columns)) + 0.5) * stride  # (rows, columns) each: the middles
    middle = np.stack([x, y], axis=-1).reshape(-1, 1, 2)  # (cells, 1, 2)
    half = np.broadcast_to(side[:, None] / 2, (len(side), 2))  # (S, 2)
    return np.concatenate([middle - half, middle + half], axis=-1).reshape(-1, 4).astype(np.float32)


def anchor_levels(height: int, width: int, levels: Mapping[int, Sequence[float]] = RETINAFACE) -> list[Floats]:
    """The grid of each stride, in the mapping's order.

    Parameters
    ----------
    height, width : int
        The photo's size, in pixels.
    levels : mapping of int to sequence of float
        For each stride the sides of its anchors, both in pixels; RetinaFace's where not given.

    Raises
    ------
    ValueError, TypeError
        As `anchor_grid`; TypeError also where `levels` is no mapping.

    Examples
    --------
    >>> [len(grid) for grid in anchor_levels(640, 640)]
    [12800, 3200, 800]
    """
    height, width = whole("height", height, unit=" px"), whole("width", width, unit=" px")
    instance("levels", levels, Mapping, "a mapping of strides to sides")
    grids = []
    for stride, sizes in levels.items():
        try:
            grids.append(anchor_grid(height, width, stride, sizes))
        except (TypeError, ValueError) as error:
            raise type(error)(f"levels: {error}") from None
    return grids


def match_anchors(
    anchors: ArrayLike, faces: ArrayLike, positive: float = 0.5, negative: float = 0.3, force: bool = True
) -> NDArray[np.int64]:
    """Which face each anchor is for, shape (N,): its row in `faces`, BACKGROUND or IGNORED.

    An anchor is for the face that it overlaps most (of equals, the first) if their IoU is `positive` or more,
    background if it is under `negative`, and else ignored.

    Parameters
    ----------
    anchors : array_like (N, 4)
        As `anchor_grid` gives them.
    faces : array_like (M, 4)
        Labelled boxes in pixels; M may be 0.
    positive, negative : float
        Limits of the IoU, 0 <= negative <= positive <= 1. Those given are of RetinaFace's paper; Pytorch_Retinaface
        has 0.35 for both.
    force : bool
        Each face also gets the anchor that overlaps it most (of equals, the first), whatever that IoU is, as long as
        they touch at all; where two faces ask for one anchor, the later has it.

    Raises
    ------
    ValueError
        For limits out of order or range.
    TypeError
        For limits that are no numbers, and a `force` that is not True or False.

    Examples
    --------
    >>> match_anchors([[0, 0, 10, 10], [4, 0, 14, 10], [40, 0, 50, 10]], [[0, 0, 10, 10]])
    array([ 0, -2, -1])
    """
    anchors, faces = as_boxes(anchors, "anchors"), as_boxes(faces, "faces")
    high, low, force = number("positive", positive), number("negative", negative), flag("force", force)
    if not 0 <= low <= high <= 1:
        raise ValueError(f"positive, negative is {(high, low)}; it must be 0 <= negative <= positive <= 1")
    if not len(faces) or not len(anchors):
        return np.full(len(anchors), BACKGROUND)
    overlap = iou(anchors, faces)  # (N, M)
    best = overlap.max(axis=1)  # (N,)
    kind = np.where(best >= low, IGNORED, BACKGROUND)
    matched = np.where(best >= high, overlap.argmax(axis=1), kind)
    if force:
        for face, anchor in enumerate(overlap.argmax(axis=0)):
            if overlap[anchor, face] > 0:
                matched[anchor] = face
    return matched
