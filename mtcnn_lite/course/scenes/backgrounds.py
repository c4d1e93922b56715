"""What lies behind the faces of a scene, and the colours of all that is in it; whole numbers, as in `paste`."""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.course.scenes.cutouts import Split, pictures
from mtcnn_lite.images import Pixels, as_rgb


def background(rng: Generator, height: int, width: int, split: Split) -> Pixels:
    """A piece of one of the split's backgrounds, or, one time in six, a plain ramp of two colours.

    Where it is larger than the picture, the picture goes on as in a mirror.

    Parameters
    ----------
    rng : numpy.random.Generator
        Chooses the picture, the piece and its colours.
    height, width : int
        Of the piece, px.
    split : "train" or "held_out"
        Whose backgrounds: see `cutouts`.
    """
    if rng.random() < 1 / 6:
        ends = rng.integers(20, 236, (2, 3))
        along = np.arange(width)[:, None] * 256 // width if rng.random() < 0.5 else None
        ramp = np.arange(height)[:, None, None] * 256 // height if along is None else along[None]  # 0 to 255
        grain = rng.integers(-3, 4, (height, width, 1))
        return np.clip((ends[0] * (256 - ramp) + ends[1] * ramp) // 256 + grain, 0, 255).astype(np.uint8)
    all_ = pictures(split)
    _, copies = all_[rng.integers(len(all_))]
    large = [copy for copy in copies if copy.shape[0] * 1.5 >= height and copy.shape[1] * 1.5 >= width]
    copy = large[rng.integers(len(large))] if large else copies[0]
    rows, columns = (_piece(rng, need, have) for need, have in zip((height, width), copy.shape[:2], strict=True))
    if rng.random() < 0.5:
        columns = columns[::-1]
    recolour = colours(rng, (0.5, 1.1), 40, rng.uniform(0.75, 1.25, 3))
    return np.asarray(cv2.LUT(copy[rows][:, columns], recolour.T[None]), np.uint8)  # looked up, so nothing to round


def _piece(rng: Generator, need: int, have: int) -> NDArray[np.int64]:
    """`need` neighbours out of a row of `have` pixels, read forwards and backwards in turn if there are fewer."""
    at = np.arange(need) + rng.integers(abs(have - need) + 1)
    at %= 2 * have
    return np.minimum(at, 2 * have - 1 - at)


def colours(rng: Generator, contrast: tuple[float, float], brightness: float, gains: ArrayLike) -> Pixels:
    """What becomes of the values 0 to 255 of red, green and blue, uint8 (3, 256).

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the contrast and the brightness.
    contrast : (float, float)
        The least and the largest factor by which values go away from the middle, 127.5.
    brightness : float
        Added or taken away, at most; 0 to 255.
    gains : (3,)
        By which red, green and blue are multiplied in the end.
    """
    values = (np.arange(256) - 127.5) * rng.uniform(*contrast) + 127.5 + rng.uniform(-brightness, brightness)
    return np.clip(np.rint(values * np.reshape(gains, (3, 1))), 0, 255).astype(np.uint8)


def gray(picture: Pixels) -> Pixels:
    """The picture without its colours, still (H, W, 3)."""
    red, green, blue = np.moveaxis(picture.astype(np.int32), 2, 0)  # (H, W) each
    return as_rgb(((77 * red + 150 * green + 29 * blue + 128) >> 8).astype(np.uint8))
