"""The image pyramid: one small net sees faces of every size because the photo shrinks, level by level.

P-Net's window is 12 px. A face of `min_face` pixels fills it when the photo is scaled by 12 / min_face;
each further level is smaller by `factor` and so sees faces larger by 1 / factor.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

CELL = 12  # side of P-Net's window, px in a level
STRIDE = 2  # step from one window to the next, px in a level


def pyramid_scales(height: int, width: int, min_face: float = 20, factor: float = 0.709) -> list[float]:
    """Scales from 12 / min_face down, each `factor` times the last, while the shorter side keeps 12 px.

    Parameters
    ----------
    height, width : int
        The image's size, in pixels.
    min_face : float
        Side of the smallest face to look for, in pixels; 12 or more, as less would enlarge the photo.
    factor : float
        Ratio of a level to the one before, above 0 and below 1. 0.709 is about 1 / sqrt(2): every level has half the
        area of the one above.

    Returns
    -------
    list of float
        Largest first; empty where the image's shorter side is under `min_face`.

    Raises
    ------
    ValueError
        For `min_face` or `factor` out of range.

    Examples
    --------
    >>> [round(s, 3) for s in pyramid_scales(100, 120, min_face=20)]
    [0.6, 0.425, 0.302, 0.214, 0.152]
    """
    if not min_face >= CELL:
        raise ValueError(f"min_face is {min_face}; it must be at least {CELL} px, the side of P-Net's window")
    if not 0 < factor < 1:
        raise ValueError(f"factor is {factor}; it must lie between 0 and 1 (0.709 halves the area at each level)")
    shorter, scales = min(height, width), list[float]()
    # shorter * scale >= 12, multiplied out so that a face of exactly the shorter side is not lost to rounding
    while shorter * factor ** len(scales) >= min_face:
        scales.append(CELL / min_face * factor ** len(scales))
    return scales


def level_size(height: int, width: int, scale: float) -> tuple[int, int]:
    """Height and width of a level in whole pixels, rounded to the nearest.

    Parameters
    ----------
    height, width : int
        The image's size, in pixels.
    scale : float
        The level's size over the image's.

    Returns
    -------
    two ints
        Height and width.

    Examples
    --------
    >>> level_size(100, 120, 0.6)
    (60, 72)
    """
    return int(height * scale + 0.5), int(width * scale + 0.5)


def map_size(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of P-Net's map for a level of `height` x `width` px: one cell a window, 2 px apart.

    The pooling rounds up, so in a level of odd height the last row's windows hang one pixel over the
    edge.

    >>> map_size(12, 12), map_size(60, 72), map_size(13, 12)
    ((1, 1), (25, 31), (2, 1))
    """
    return (height - CELL + 1) // STRIDE + 1, (width - CELL + 1) // STRIDE + 1


def candidate_windows(face_map: NDArray[np.float32], scale: float, threshold: float) -> NDArray[np.float32]:
    """The windows, in image pixels, whose score is at least `threshold`: (N, 4), row by row.

    Cell (row i, column j) of the level at `scale` looks at x1 = 2j / scale, y1 = 2i / scale, side 12 / scale.

    Parameters
    ----------
    face_map : float32 (H, W)
        P-Net's probabilities of "face" for one level.
    scale : float
        The level's scale: its size over the image's.
    threshold : float
        The lowest probability that passes; equal passes.

    Returns
    -------
    float32 (N, 4)
        Row by row, and from left to right in a row.

    Examples
    --------
    >>> face_map = np.array([[0.1, 0.9], [0.7, 0.2]], dtype=np.float32)
    >>> candidate_windows(face_map, scale=0.5, threshold=0.6)
    array([[ 4.,  0., 28., 24.],
           [ 0.,  4., 24., 28.]], dtype=float32)
    """
    # In row order; as one run of numbers, because NumPy searches a table of two axes several times as long.
    rows, columns = np.divmod(np.flatnonzero(face_map >= threshold), face_map.shape[1])
    corner = STRIDE * np.stack([columns, rows], axis=1)  # (N, 2) x, y in the level
    return (np.concatenate([corner, corner + CELL], axis=1) / scale).astype(np.float32)


def halvings(image: NDArray[np.uint8], smallest: float) -> list[NDArray[np.uint8]]:
    """The image (H, W, 3), then its halves, quarters, ... until another would fall under scale `smallest`.

    Each is the mean of 2 x 2 pixels (areas where a side is odd), so that whatever is cut or resized from the
    nearest larger one shrinks by less than 2 and needs no further smoothing against aliasing.
    """
    copies = [image]
    height, width = image.shape[:2]
    while 0.5 ** len(copies) >= smallest:
        h, w = level_size(height, width, 0.5 ** len(copies))
        if min(h, w) < 1:
            break
        copies.append(_shrink(copies[-1], h, w))
    return copies


def nearest_larger(scale: ArrayLike, copies: int) -> NDArray[np.int64]:
    """Which of `copies` halvings to shrink from for each `scale`, of any shape: the smallest that is not smaller.

    >>> nearest_larger([0.6, 0.5, 0.01], copies=4)
    array([0, 1, 3])
    """
    # 1e-6: a scale of 0.4999999 from rounding is still "a half"
    halved = np.floor(-np.log2(np.asarray(scale, np.float64)) + 1e-6)
    return np.clip(halved, 0, copies - 1).astype(np.int64)


def resize_levels(halved: Sequence[NDArray[np.uint8]], scales: Sequence[float]) -> list[NDArray[np.uint8]]:
    """The pyramid's levels, uint8 (h, w, 3), largest first: each from the nearest larger of `halvings`.

    Pixels are averaged over the area they come from (cv2.INTER_AREA): plain bilinear sampling would skip
    pixels and let fine texture turn into false edges.
    """
    height, width = halved[0].shape[:2]
    levels = []
    for scale, source in zip(scales, nearest_larger(scales, len(halved)).tolist(), strict=True):
        h, w = level_size(height, width, scale)
        levels.append(_shrink(halved[source], h, w))
    return levels


def _shrink(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
