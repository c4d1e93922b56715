"""The image pyramid: one small net sees faces of every size because the photo shrinks, level by level.

P-Net's window is 12 px. A face of `min_face` pixels fills it when the photo is scaled by 12 / min_face;
each further level is smaller by `factor` and so sees faces larger by 1 / factor.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.arguments import number, shown, whole
from mtcnn_lite.array_arguments import finite, floats

FARTHEST_SCALE = 1e6
CELL = 12  # side of P-Net's window, px in a level
STRIDE = 2  # step from one window to the next, px in a level

# What a pyramid may take. A level and P-Net's answer to it are 8 bytes a pixel, and a level more costs time however
# small it is. A factor near 1 would make millions of levels.
LARGEST_FACTOR = 0.999
MOST_LEVELS = 1000
MOST_PIXELS, MOST_AREAS = 5e8, 4  # in all levels: so many, or so many times the image, whichever is more


def pyramid_scales(height: int, width: int, min_face: float = 20, factor: float = 0.709) -> list[float]:
    """Scales from 12 / min_face down, each `factor` times the last, while the shorter side keeps 12 px.

    Parameters
    ----------
    height, width : int
        The image's size, in pixels.
    min_face : float
        Side of the smallest face to look for, in pixels; 12 or more, as less would enlarge the photo.
    factor : float
        Ratio of a level to the one before, above 0 and at most 0.999. 0.709 is about 1 / sqrt(2): every level has half
        the area of the one above.

    Returns
    -------
    list of float
        Largest first; empty where the image's shorter side is under `min_face`.

    Raises
    ------
    ValueError
        For a value out of range, and where the levels would be over 1000, or hold over 500 megapixels and over four
        times the image's. They hold (12 / min_face)^2 / (1 - factor^2) times the image's: at 0.709 twice, at 0.95 ten
        times as much at most.
    TypeError
        For what is no number.

    Examples
    --------
    >>> [round(s, 3) for s in pyramid_scales(100, 120, min_face=20)]
    [0.6, 0.425, 0.302, 0.214, 0.152]
    """
    height, width = whole("height", height, unit=" px"), whole("width", width, unit=" px")
    min_face, factor = pyramid_settings(min_face, factor)
    shorter, scales = min(height, width), list[float]()
    # shorter * scale >= 12, multiplied out so that a face of exactly the shorter side is not lost to rounding
    while shorter * factor ** len(scales) >= min_face and len(scales) <= MOST_LEVELS:
        scales.append(CELL / min_face * factor ** len(scales))
    area, allowed = height * width, max(MOST_PIXELS, MOST_AREAS * height * width)
    if len(scales) > MOST_LEVELS or area * sum(scale**2 for scale in scales) > allowed:
        levels = 1 + int(np.log(min_face / shorter) / np.log(factor))
        pixels = area * (CELL / min_face) ** 2 * (1 - factor ** (2 * levels)) / (1 - factor**2)
        raise ValueError(
            f"factor is {factor} and min_face {min_face}: an image of {height}x{width} px would have {levels} levels "
            f"of {pixels / 1e6:,.0f} megapixels together; at most {MOST_LEVELS} levels and {allowed / 1e6:,.0f} "
            "megapixels are allowed, so factor must be smaller or min_face larger"
        )
    return scales


def pyramid_settings(min_face: float, factor: float) -> tuple[float, float]:
    """Both settings, checked, as Python's own numbers. Raises as `pyramid_scales` does."""
    smallest = number(
        "min_face", min_face, lambda side: side >= CELL, f"be at least {CELL} px, the side of P-Net's window"
    )
    ratio = number(
        "factor",
        factor,
        lambda ratio: 0 < ratio <= LARGEST_FACTOR,
        f"lie between 0 and 1, at most {LARGEST_FACTOR} (0.709 halves the area at each level)",
    )
    return smallest, ratio


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
    scale = number("scale", scale, lambda s: 0 <= s < np.inf, "be 0 or more, and finite")
    return _level_size(whole("height", height, unit=" px"), whole("width", width, unit=" px"), scale)


def _level_size(height: int, width: int, scale: float) -> tuple[int, int]:
    return int(height * scale + 0.5), int(width * scale + 0.5)


def map_size(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of P-Net's map for a level of `height` x `width` px: one cell a window, 2 px apart.

    The pooling rounds up, so in a level of odd height the last row's windows hang one pixel over the
    edge.

    >>> map_size(12, 12), map_size(60, 72), map_size(13, 12)
    ((1, 1), (25, 31), (2, 1))
    """
    height, width = whole("height", height, CELL, unit=" px"), whole("width", width, CELL, unit=" px")
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
    face_map = floats("face_map", face_map, dtype=None, shape="(H, W), a probability a window")
    if face_map.ndim != 2:
        raise ValueError(f"face_map has shape {face_map.shape}; it must be (H, W)")
    finite("face_map", face_map)
    scale, threshold = (
        number("scale", scale, lambda s: 1e-9 <= s < np.inf, "be above 0"),
        number("threshold", threshold),
    )
    # In row order; as one run of numbers, because NumPy searches a table of two axes several times as long.
    rows, columns = np.divmod(np.flatnonzero(face_map >= threshold), face_map.shape[1])
    corner = STRIDE * np.stack([columns, rows], axis=1)  # (N, 2) x, y in the level
    return (np.concatenate([corner, corner + CELL], axis=1) / scale).astype(np.float32)


def halvings(image: NDArray[np.uint8], smallest: float) -> list[NDArray[np.uint8]]:
    """The image (H, W, 3), then its halves, quarters, ... until another would fall under scale `smallest`.

    Each is the mean of 2 x 2 pixels (areas where a side is odd), so that whatever is cut or resized from the
    nearest larger one shrinks by less than 2 and needs no further smoothing against aliasing. Raises TypeError or
    ValueError where `image` is no uint8 (H, W, 3) with a pixel, or `smallest` is negative.
    """
    image = _picture("image", image)
    smallest = number("smallest", smallest, lambda s: s >= 0, "be a scale of 0 or more")
    copies = [image]
    height, width = image.shape[:2]
    while 0.5 ** len(copies) >= smallest:
        h, w = _level_size(height, width, 0.5 ** len(copies))
        if min(h, w) < 1:
            break
        copies.append(_shrink(copies[-1], h, w))
    return copies


def nearest_larger(scale: ArrayLike, copies: int) -> NDArray[np.int64]:
    """Which of `copies` halvings to shrink from for each `scale`, of any shape: the smallest that is not smaller.

    Raises ValueError for scales that are not above 0 and for no copies.

    >>> nearest_larger([0.6, 0.5, 0.01], copies=4)
    array([0, 1, 3])
    """
    scales, copies = floats("scale", scale, np.float64), whole("copies", copies, low=1)
    if not (scales > 0).all():
        raise ValueError(f"scale is {shown(scale)}; it must be above 0")
    # 1e-6: a scale of 0.4999999 from rounding is still "a half"
    halved = np.floor(-np.log2(scales) + 1e-6)
    return np.clip(halved, 0, copies - 1).astype(np.int64)


def resize_levels(halved: Sequence[NDArray[np.uint8]], scales: Sequence[float]) -> list[NDArray[np.uint8]]:
    """The pyramid's levels, uint8 (h, w, 3), largest first: each from the nearest larger of `halvings`.

    Pixels are averaged over the area they come from (cv2.INTER_AREA): plain bilinear sampling would skip
    pixels and let fine texture turn into false edges. Raises ValueError for a scale at which no pixel is left, or that
    takes more than a pyramid may (`pyramid_scales`).
    """
    copies = pictures("halved", halved)
    height, width = copies[0].shape[:2]
    wanted = floats("scales", scales, np.float64, shape="(L,), a scale a level")
    if wanted.ndim != 1:
        raise ValueError(f"scales has shape {wanted.shape}; it must be (L,), a scale a level")
    if not ((wanted > 0) & (wanted <= FARTHEST_SCALE)).all():
        raise ValueError(f"scales is {shown(scales)}; each must be above 0, and at most {FARTHEST_SCALE:g}")
    levels, most = [], max(MOST_PIXELS, MOST_AREAS * height * width)
    for scale, source in zip(wanted.tolist(), nearest_larger(wanted, len(copies)).tolist(), strict=True):
        if not scale**2 * height * width <= most or min(_level_size(height, width, scale)) < 1:
            raise ValueError(f"scales holds {scale}: of {height}x{width} px that leaves no pixel, or over "
                             f"{most / 1e6:,.0f} megapixels")  # fmt: skip
        h, w = _level_size(height, width, scale)
        levels.append(_shrink(copies[source], h, w))
    return levels


def _shrink(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def pictures(name: str, halved: object, channels: Sequence[int] = (3, 4)) -> list[NDArray[np.uint8]]:
    """`halved` as a list, which must be pictures as `halvings` makes them.

    Parameters
    ----------
    name : str
        What a message calls it.
    halved : object
        What was given.
    channels : sequence of int
        How many a picture may have: three, or with alpha four.

    Raises
    ------
    TypeError, ValueError
        For what is no list of uint8 pictures; for another shape, and an empty list.
    """
    if isinstance(halved, np.ndarray) or not isinstance(halved, Sequence) or isinstance(halved, str | bytes):
        raise TypeError(f"{name} is {shown(halved)} ({type(halved).__name__}); it must be a list of pictures, as "
                        "pyramid.halvings(image, ...) makes it")  # fmt: skip
    if not len(halved):
        raise ValueError(f"{name} is empty; it must hold a picture at least")
    return [_picture(f"{name}[{k}]", copy, channels) for k, copy in enumerate(halved)]


def _picture(name: str, image: object, channels: Sequence[int] = (3, 4)) -> NDArray[np.uint8]:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        given = image.dtype if isinstance(image, np.ndarray) else type(image).__name__
        raise TypeError(f"{name} is {shown(image)} ({given}); it must be uint8 (H, W, 3)")
    if image.ndim != 3 or image.shape[2] not in channels or not image.size:
        raise ValueError(f"{name} has shape {image.shape}; it must be (H, W, 3), with a pixel at least")
    return np.asarray(image)
