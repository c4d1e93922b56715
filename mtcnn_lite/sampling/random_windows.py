"""Square windows drawn at random: off a face, beside it, anywhere in the photo."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.arguments import generator, number, whole
from mtcnn_lite.array_arguments import FAR
from mtcnn_lite.boxes import Floats, as_boxes
from mtcnn_lite.pyramid import CELL

MOST = 10_000_000  # windows at once


def jitter(
    faces: ArrayLike,
    count: int,
    rng: np.random.Generator,
    shift: float = 0.2,
    smaller: float = 0.8,
    larger: float = 1.25,
) -> Floats:
    """Square windows shifted and scaled off each face.

    Parameters
    ----------
    faces
        (F, 4), boxes.
    count
        Windows for each face.
    rng
        Draws places and sides, evenly.
    shift
        A window's centre lies within this part of the face's width and height from the face's.
    smaller, larger
        Its side is from `smaller` times the face's shorter side to `larger` times its longer one.

    Returns
    -------
    numpy.ndarray
        float32 (F * count, 4), face by face.

    Raises
    ------
    ValueError, TypeError
        For an argument out of range or of another type.
    """
    face = _faces(faces)
    count, rng = whole("count", count, 0, MOST // max(len(face), 1)), generator("rng", rng)
    shift = number("shift", shift, lambda part: 0 <= part <= 100, "be a part of the side, from 0 to 100")
    low, high = number("smaller", smaller), number("larger", larger)
    if not 0 < low <= high <= FAR:
        raise ValueError(f"smaller, larger is {(low, high)}; it must be 0 < smaller <= larger")
    return _jitter(face, count, rng, shift, low, high)


def _jitter(faces: Floats, count: int, rng: np.random.Generator, shift: float, smaller: float, larger: float) -> Floats:
    face = np.repeat(faces, count, axis=0).astype(np.float64)
    sides = face[:, 2:] - face[:, :2]  # (N, 2) width, height
    side = rng.uniform(smaller * sides.min(axis=1), larger * sides.max(axis=1))
    centre = (face[:, :2] + face[:, 2:]) / 2 + rng.uniform(-shift, shift, sides.shape) * sides
    return _squares(centre, side)


def beside(faces: ArrayLike, count: int, rng: np.random.Generator) -> Floats:
    """Square windows that meet each face or just miss it, half to twice its size.

    Parameters
    ----------
    faces
        (F, 4), boxes.
    count
        Windows for each face.
    rng
        Draws places, evenly, and sides, evenly on a logarithmic scale.

    Returns
    -------
    numpy.ndarray
        float32 (F * count, 4), face by face.

    Raises
    ------
    ValueError, TypeError
        For an argument out of range or of another type.
    """
    face = _faces(faces)
    return _beside(face, whole("count", count, 0, MOST // max(len(face), 1)), generator("rng", rng))


def _beside(faces: Floats, count: int, rng: np.random.Generator) -> Floats:
    face = np.repeat(faces, count, axis=0).astype(np.float64)
    sides = face[:, 2:] - face[:, :2]
    side = np.maximum(sides.max(axis=1) * np.exp(rng.uniform(-np.log(2), np.log(2), len(face))), CELL)
    reach = (sides + side[:, None]) / 2  # as far as the window's centre can be and still touch
    return _squares((face[:, :2] + face[:, 2:]) / 2 + rng.uniform(-1, 1, sides.shape) * reach, side)


def anywhere(height: int, width: int, count: int, rng: np.random.Generator) -> Floats:
    """Square windows inside the photo.

    Sides are drawn evenly on a logarithmic scale, from 12 px to the photo's shorter side: as many from 20 to 40 px as
    from 40 to 80. The scripts after the paper draw them evenly up to half of the photo, which makes most windows large;
    the pyramid's windows are mostly small.

    Parameters
    ----------
    height, width
        Of the photo, px.
    count
        How many windows.
    rng
        Draws sides and places.

    Returns
    -------
    numpy.ndarray
        float32 (count, 4); (0, 4) where the photo is under 12 px.

    Raises
    ------
    ValueError, TypeError
        For an argument out of range or of another type.
    """
    height, width = whole("height", height, unit=" px"), whole("width", width, unit=" px")
    count, rng = whole("count", count, 0, MOST), generator("rng", rng)
    if min(height, width) < CELL:
        return np.zeros((0, 4), np.float32)
    side = np.exp(rng.uniform(np.log(CELL), np.log(min(height, width)), count))
    corner = rng.uniform(0, 1, (count, 2)) * (np.array([width, height]) - side[:, None])
    return _squares(corner + side[:, None] / 2, side)


def into(windows: Floats, height: int, width: int) -> Floats:
    """Square windows moved, and where need be shrunk, until they lie in the photo.

    Parameters
    ----------
    windows
        float32 (N, 4), square.
    height, width
        Of the photo, px.

    Raises
    ------
    ValueError, TypeError
        For an argument out of range or of another type.

    Examples
    --------
    >>> into(np.array([[-4, 10, 16, 30]], np.float32), height=25, width=100)
    array([[ 0.,  5., 20., 25.]], dtype=float32)
    """
    windows = as_boxes(windows, "windows")
    height, width = whole("height", height, unit=" px"), whole("width", width, unit=" px")
    side = np.minimum((windows[:, 2:] - windows[:, :2]).max(axis=1), min(height, width))
    half = side[:, None] / 2
    room = np.array([width, height], np.float32)
    return _squares(np.clip((windows[:, :2] + windows[:, 2:]) / 2, half, room - half), side)


def _faces(faces: ArrayLike) -> Floats:
    boxes = as_boxes(faces, "faces")
    upside_down = (boxes[:, 2:] < boxes[:, :2]).any(axis=1)
    if upside_down.any():
        raise ValueError(f"faces holds {boxes[upside_down][0].tolist()}; x2 and y2 may not be below x1 and y1")
    return boxes


def _squares(centre: NDArray[np.floating], side: NDArray[np.floating]) -> Floats:
    half = side[:, None] / 2
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
