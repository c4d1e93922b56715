"""Degradation of training crops, as by poor cameras: small, noisy, dark or compressed.

Each function takes uint8 crops (N, s, s, 3) and leaves them as they are; which crops change, and how much, a generator
draws. Labels hold as before. All raise ValueError, naming the argument, for another shape and for a number out of
range, TypeError for another type.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.arguments import generator, number, numbers, whole
from mtcnn_lite.array_arguments import square_crops
from mtcnn_lite.images import Pixels

NOISE = (3.0, 40.0)  # standard deviation of what a sensor adds, of 255
GONE = (0.3, 0.95)  # of the light
DARK_NOISE = 12.0  # standard deviation of the noise where no light is left; less where some is
QUALITY = (5, 50)  # of JPEG: at 50 blocks begin to show, at 5 little else does


def downscale_batch(crops: Pixels, rng: np.random.Generator, share: float, least: int = 12) -> Pixels:
    """Training crops, some of them made smaller and large again: as from a camera that is far away or out of focus.

    Parameters
    ----------
    crops
        uint8 (N, s, s, 3). They are returned as they are where s <= least.
    rng
        Chooses the crops and their sizes.
    share
        About this share of them is changed, 0 to 1.
    least
        px; the smaller side is drawn evenly from `least` to s - 1.
    """
    crops, rng, share = square_crops("crops", crops), generator("rng", rng), share_of("share", share)
    side, least = crops.shape[1], whole("least", least, low=1, unit=" px")
    if not share or side <= least:
        return crops
    coarse, sides = crops.copy(), rng.integers(least, side, len(crops))
    for row in np.flatnonzero(rng.random(len(crops)) < share):
        small = cv2.resize(crops[row], (int(sides[row]),) * 2, interpolation=cv2.INTER_AREA)
        coarse[row] = cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR)
    return coarse


def noise_batch(crops: Pixels, rng: np.random.Generator, share: float, strength: tuple[float, float] = NOISE) -> Pixels:
    """Training crops, some of them with Gaussian noise, independent for each pixel and colour.

    Parameters
    ----------
    crops
        uint8 (N, s, s, 3).
    rng
        Chooses the crops, the strengths and the noise.
    share
        About this share of them is changed, 0 to 1.
    strength
        Lowest and highest standard deviation, of 255; a crop's is drawn evenly between them.

    Examples
    --------
    >>> gray = np.full((1, 48, 48, 3), 128, np.uint8)
    >>> noise_batch(gray, np.random.default_rng(0), 1.0, strength=(10, 10)).std().round().item()
    10.0
    """
    crops, rng, share = square_crops("crops", crops), generator("rng", rng), share_of("share", share)
    low, high = _range("strength", strength, 255)
    noisy, deviations = crops.copy(), rng.uniform(low, high, len(crops))
    chosen = rng.random(len(crops)) < share
    noisy[chosen] = _with_noise(crops[chosen], rng, deviations[chosen])
    return noisy


def darken_batch(crops: Pixels, rng: np.random.Generator, share: float, gone: tuple[float, float] = GONE) -> Pixels:
    """Training crops, some of them with part of the light taken away, and a sensor's noise in its place.

    Parameters
    ----------
    crops
        uint8 (N, s, s, 3).
    rng
        Chooses the crops, how dark they become, and the noise.
    share
        About this share of them is changed, 0 to 1.
    gone
        Least and largest part of the light that is taken away; a crop's is drawn evenly between them. The standard
        deviation of the noise is at most DARK_NOISE times that part.
    """
    crops, rng, share = square_crops("crops", crops), generator("rng", rng), share_of("share", share)
    low, high = _range("gone", gone, 1)
    dark, parts = crops.copy(), rng.uniform(low, high, len(crops))
    deviations = rng.uniform(0, DARK_NOISE, len(crops)) * parts
    chosen = rng.random(len(crops)) < share
    left = (1 - parts[chosen]).astype(np.float32)[:, None, None, None]
    dark[chosen] = _with_noise(crops[chosen] * left, rng, deviations[chosen])
    return dark


def compress_batch(
    crops: Pixels, rng: np.random.Generator, share: float, quality: tuple[float, float] = QUALITY
) -> Pixels:
    """Training crops, some of them as JPEG files with few bits give them back.

    Parameters
    ----------
    crops
        uint8 (N, s, s, 3).
    rng
        Chooses the crops and the qualities.
    share
        About this share of them is changed, 0 to 1.
    quality
        Lowest and highest of JPEG's quality, 1 to 100; a crop's is drawn evenly between them.
    """
    crops, rng, share = square_crops("crops", crops), generator("rng", rng), share_of("share", share)
    low, high = _range("quality", quality, 100, least=1)
    packed, qualities = crops.copy(), np.rint(rng.uniform(low, high, len(crops))).astype(int)
    for row in np.flatnonzero(rng.random(len(crops)) < share):
        blue_first = np.ascontiguousarray(crops[row, :, :, ::-1])  # OpenCV's order, which decides what JPEG keeps
        _, file = cv2.imencode(".jpg", blue_first, [cv2.IMWRITE_JPEG_QUALITY, int(qualities[row])])
        packed[row] = np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR))[:, :, ::-1]
    return packed


def share_of(name: str, share: float) -> float:
    """The argument `name`, which must be a share from 0 to 1."""
    return number(name, share, lambda part: 0 <= part <= 1, "be a share from 0 to 1")


def _range(name: str, pair: tuple[float, float], most: float, least: float = 0) -> tuple[float, ...]:
    low, high = numbers(name, pair, 2, lambda value: least <= value <= most, f"from {least} to {most}")
    if low > high:
        raise ValueError(f"{name} is {(low, high)}; the first may not be above the second")
    return low, high


def _with_noise(crops: NDArray[Any], rng: np.random.Generator, deviations: NDArray[np.float64]) -> Pixels:
    """Crops (n, s, s, 3) with Gaussian noise of these standard deviations (n,)."""
    noise = rng.standard_normal(crops.shape, dtype=np.float32) * deviations.astype(np.float32)[:, None, None, None]
    return np.clip(np.rint(crops + noise), 0, 255).astype(np.uint8)
