"""Augmentation of aligned faces: views that are rotated, shifted, lit from a side, out of focus or partly covered."""

from dataclasses import dataclass

import cv2
import numpy as np

from mtcnn_lite.arguments import generator, instance, number
from mtcnn_lite.array_arguments import square_crops
from mtcnn_lite.coordinates import about_point, rotation
from mtcnn_lite.datasets.augment_crops import colour_batch
from mtcnn_lite.datasets.degrade_crops import downscale_batch
from mtcnn_lite.images import Pixels

MOST = {"zoom": 10, "downscale": 1, "cutout": 1}  # of a Variation; for others 1000
LEAST = 8  # px: smaller crops have no room for the changes


def _strength(name: str, value: float, most: float) -> float:
    return number(name, value, lambda strength: 0 <= strength <= most, f"be from 0 to {most}")


@dataclass(frozen=True)
class Variation:
    """How much a view differs from its crop; lengths are in pixels of a 32 px crop. Half of all views are mirrored.

    Parameters
    ----------
    turn, zoom, shift : float
        Standard deviations in degrees, as a share, and in pixels, as inexact landmarks would cause.
    light : float
        One side is brighter, and the other darker, by up to this share.
    contrast, brightness : float
        As in `augment_crops.colour_batch`.
    downscale : float
        Share of the views that are made small and enlarged again.
    noise : float
        Highest standard deviation of gray noise, in levels of 0 to 255.
    cutout : float
        Share of the views with a gray patch of 6 to 13 px a side.

    Raises
    ------
    ValueError
        For a number below 0, a share over 1, a zoom over 10 and others over 1000.
    TypeError
        For what is no number.
    """

    turn: float = 5
    zoom: float = 0.06
    shift: float = 0.9
    light: float = 0.7
    contrast: float = 0.5
    brightness: float = 50
    downscale: float = 0.6
    noise: float = 8
    cutout: float = 0.4

    def __post_init__(self) -> None:
        for name, value in [*vars(self).items()]:
            object.__setattr__(self, name, _strength(name, value, MOST.get(name, 1000)))


STRONG = Variation()


def varied(crops: Pixels, rng: np.random.Generator, how: Variation = STRONG) -> Pixels:
    """One augmented view of each crop, uint8 (N, s, s, 3): mirrored, moved, relit, recoloured, blurred, covered.

    Parameters
    ----------
    crops : array, uint8 (N, s, s, 3)
        Aligned faces of 8 px or more; they stay as they are.
    rng : Generator
    how : Variation
        How strongly views differ. Where a moved view reaches beyond the crop, the crop's edge is repeated.

    Raises
    ------
    ValueError
        For crops of another shape, or too small.
    TypeError
        For an argument of another type.
    """
    crops, rng = square_crops("crops", crops), generator("rng", rng)
    instance("how", how, Variation, "a Variation")
    count, side = crops.shape[:2]
    if side < LEAST:
        raise ValueError(f"crops has shape {crops.shape}; their sides must be at least {LEAST} px")
    unit = side / 32
    views = crops.copy()
    flipped = rng.random(count) < 0.5
    views[flipped] = views[flipped, :, ::-1]
    turn = rotation(rng.normal(0, how.turn, count))  # (N, 2, 2)
    zoom, shift = np.exp(rng.normal(0, how.zoom, count)), rng.normal(0, how.shift * unit, (count, 2))
    centre = np.array([side - 1, side - 1]) / 2  # pixel centres, as OpenCV counts
    for k in range(count):
        matrix = about_point(zoom[k] * turn[k], centre)
        matrix[:, 2] += shift[k]
        views[k] = cv2.warpAffine(views[k], matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    views = _lit(views, rng, how.light)
    views = colour_batch(views, rng, how.contrast, how.brightness, gain=0)
    views = downscale_batch(views, rng, how.downscale, least=round(10 * unit))
    grain = rng.normal(0, 1, views.shape[:3]) * rng.uniform(0, how.noise, (count, 1, 1))  # (N, s, s) gray noise
    views = np.clip(np.rint(views + grain[..., None]), 0, 255).astype(np.uint8)
    for row in np.flatnonzero(rng.random(count) < how.cutout):
        width, height = rng.integers(round(6 * unit), round(14 * unit), 2)
        x, y = rng.integers(0, side - width), rng.integers(0, side - height)
        views[row, y : y + height, x : x + width] = rng.integers(0, 256)
    return views


def _lit(views: Pixels, rng: np.random.Generator, most: float) -> Pixels:
    """Each view brighter towards one side and darker towards the other, linearly, by a share of up to `most`."""
    count, side = views.shape[:2]
    towards, share = rng.uniform(0, 2 * np.pi, count), rng.uniform(0, most, count)
    along = (np.arange(side) - (side - 1) / 2) / (side / 2)  # (s,) -1 to 1
    x, y = (share * np.cos(towards))[:, None, None], (share * np.sin(towards))[:, None, None]
    gain = 1 + x * along[None, None, :] + y * along[None, :, None]  # (N, s, s)
    return np.clip(np.rint(views * gain[..., None]), 0, 255).astype(np.uint8)
