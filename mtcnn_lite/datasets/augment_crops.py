"""Augmentation of training crops: mirrored and recoloured.

Each function takes uint8 crops (N, s, s, 3) and leaves them as they are; what changes which crop, a generator draws.
All raise ValueError, naming the argument, for another shape and for a number out of range, TypeError for another type.
"""

import cv2
import numpy as np
from numpy.typing import ArrayLike

from mtcnn_lite.arguments import generator, number
from mtcnn_lite.array_arguments import floats, mask, shape_of, square_crops
from mtcnn_lite.boxes import Floats
from mtcnn_lite.coordinates import mirror_in_window, mirror_offsets
from mtcnn_lite.datasets.augment import MIDDLE, MOST, _straight_line
from mtcnn_lite.images import Pixels

VALUES = 256  # that a pixel's red, green or blue can have


def mirror_batch(
    crops: Pixels, offsets: ArrayLike, landmarks: ArrayLike, which: ArrayLike
) -> tuple[Pixels, Floats, Floats]:
    """Training crops, some of them mirrored, and their targets.

    Parameters
    ----------
    crops
        uint8 (N, s, s, 3).
    offsets
        (N, 4), (corner - window corner) / side: a mirrored x1 is the old -x2.
    landmarks
        (N, 5, 2), in window sides from the top left: x becomes 1 - x, left and right change names.
    which
        bool (N,): the crops to mirror.

    Returns
    -------
    tuple
        Crops, offsets and landmarks of the same shapes.

    Examples
    --------
    >>> one = np.zeros((1, 2, 2, 3), np.uint8)
    >>> mirror_batch(one, [[0.25, 0, 0.5, 0]], np.full((1, 5, 2), 0.25), [True])[1].tolist()
    [[-0.5, 0.0, -0.25, 0.0]]
    """
    pixels, rows = square_crops("crops", crops).copy(), shape_of(which)
    box, points = floats("offsets", offsets).copy(), floats("landmarks", landmarks).copy()
    if box.ndim != 2 or box.shape[1] != 4 or points.ndim != 3 or points.shape[1:] != (5, 2):
        raise ValueError(
            f"offsets has shape {box.shape} and landmarks {points.shape}; they must be (N, 4) and (N, 5, 2)"
        )
    chosen = mask("which", which, rows[0] if len(rows) == 1 and rows[0] >= 0 else len(pixels))
    if not len(pixels) == len(box) == len(points) == len(chosen):
        lengths = f"{len(pixels)} crops, {len(box)} offsets, {len(points)} landmarks, {len(chosen)} in which"
        raise ValueError(f"{lengths}: there must be as many of each")
    pixels[chosen] = pixels[chosen, :, ::-1]
    box[chosen], points[chosen] = mirror_offsets(box[chosen]), mirror_in_window(points[chosen])
    return pixels, box, points


def colour_batch(
    crops: Pixels, rng: np.random.Generator, contrast: float = 0.25, brightness: float = 25, gain: float = 0.1
) -> Pixels:
    """Training crops, each with a contrast, a brightness and three colour gains of its own, applied in that order.

    Parameters
    ----------
    crops
        uint8 (N, s, s, 3).
    rng
        Draws all numbers, evenly.
    contrast
        Factors from 1 - contrast to 1 + contrast, about the middle brightness 127.5.
    brightness
        What is added, from -brightness to brightness, of 255.
    gain
        Factors from 1 - gain to 1 + gain, one each for red, green and blue.
    """
    crops, rng = square_crops("crops", crops), generator("rng", rng)
    contrast, brightness = _strength("contrast", contrast), _strength("brightness", brightness)
    count, gain = len(crops), _strength("gain", gain)
    factor = rng.uniform(1 - contrast, 1 + contrast, (count, 1))
    by = rng.uniform(-brightness, brightness, (count, 1))
    gains = rng.uniform(1 - gain, 1 + gain, (count, 3))
    slope, start = gains * factor, gains * (MIDDLE * (1 - factor) + by)  # (N, 3): all three are one straight line
    if crops[0:1].size <= VALUES * 3:
        return _straight_line(crops, slope[:, None, None], start[:, None, None])
    # A crop of more pixels than there are values: every value once, then look up.
    tables = _straight_line(np.arange(VALUES, dtype=np.uint8)[:, None], slope[:, None], start[:, None])  # (N, 256, 3)
    recoloured = np.empty(crops.shape, np.uint8)  # in one run of memory, which OpenCV needs
    for crop, table, out in zip(crops, tables, recoloured, strict=True):
        cv2.LUT(crop, table[None], dst=out)
    return recoloured


def _strength(name: str, strength: float) -> float:
    return number(name, strength, lambda value: 0 <= value <= MOST, f"be from 0 to {MOST:g}")
