"""Augmentation of photos: mirrored, turned, moved or recoloured, with their labels.

Every geometric change is one 2 x 3 matrix in edge coordinates, in which pixel k covers k to k + 1: `warp` applies it to
the pixels, the boxes and the points. Photos are left as they are; each function returns a new one.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.coordinates import (
    MIRRORED,
    about_point,
    edges_to_centres,
    move_boxes,
    move_landmarks,
    rotation,
)
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.images import Pixels

MIDDLE = 127.5  # the brightness that the nets see as 0; contrast turns about it


def warp(photo: LabelledPhoto, matrix: ArrayLike) -> LabelledPhoto:
    """The photo moved by `matrix` (2, 3): x', y' = matrix @ (x, y, 1), in edge coordinates. It keeps its size.

    What comes in from outside is black. Labels keep their rows, also those of a face that leaves the frame. A landmark
    is a pixel's centre, so it is moved as value + 0.5; where the matrix mirrors, left and right change names.

    A box keeps its shape: its centre moves, its sides only grow or shrink with the whole. For a turn that is a choice.
    The usual other one, the upright box round the turned corners, grows with every turn (a square's side by 22% at
    15 degrees), and turning back does not undo it. A face is nearly an ellipse: one of 4 : 5, turned by 15 degrees,
    is 2% wider and 1% lower.

    Raises ValueError for a matrix that would shear or stretch, because no box follows that.

    >>> warp(LabelledPhoto(np.zeros((60, 80, 3), np.uint8), [[10, 20, 30, 40]]), [[1, 0, 5], [0, 1, -2]]).boxes.tolist()
    [[15.0, 18.0, 35.0, 38.0]]
    """
    m = np.asarray(matrix, np.float64)
    if m.shape != (2, 3) or not np.isfinite(m).all():
        raise ValueError(f"matrix has shape {m.shape}; it must be (2, 3), every number finite")
    linear, by = m[:, :2], m[:, 2]
    size = np.sqrt(abs(np.linalg.det(linear)))
    if size == 0 or not np.allclose(linear @ linear.T, size**2 * np.eye(2), atol=1e-6 * size**2):
        raise ValueError("matrix shears or stretches; it must be a turn, a mirroring, a scale above 0 and a shift")
    image = photo.image()
    if size < 1:  # fine texture must go before its pixels do, or it aliases
        image = _blurred(image, (1 / size - 1) / 2)
    moved = cv2.warpAffine(
        image, edges_to_centres(m), image.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    boxes = move_boxes(photo.boxes, linear, size, (0, 0), by).astype(np.float32)
    points = move_landmarks(photo.landmarks, linear, (0, 0), by).astype(np.float32)
    if np.linalg.det(linear) < 0:
        points = points[:, MIRRORED]
    return replace(photo, source=np.asarray(moved, np.uint8), boxes=boxes, landmarks=points)


def mirror(photo: LabelledPhoto) -> LabelledPhoto:
    """The photo in a mirror: x becomes width - x, and the points on the left are now those on the right."""
    photo = _loaded(photo)
    return warp(photo, [[-1, 0, photo.image().shape[1]], [0, 1, 0]])


def rotate(photo: LabelledPhoto, degrees: float, about: ArrayLike | None = None) -> LabelledPhoto:
    """The photo turned about a point, clockwise as one looks at it: from x to y, as y grows downwards.

    OpenCV and Pillow count the other way.

    Parameters
    ----------
    photo
        Not changed.
    degrees
        Any finite angle, positive clockwise.
    about
        The fixed point x, y in edge coordinates; the photo's centre by default.
    """
    photo = _loaded(photo)
    return warp(photo, _about(photo, rotation(_number("degrees", degrees)), about))


def shift(photo: LabelledPhoto, right: float, down: float) -> LabelledPhoto:
    """The photo moved by so many pixels, which need not be whole.

    Parameters
    ----------
    photo
        Not changed.
    right, down
        Pixels; negative ones move it to the left and up.
    """
    return warp(photo, [[1, 0, _number("right", right)], [0, 1, _number("down", down)]])


def scale(photo: LabelledPhoto, factor: float, about: ArrayLike | None = None) -> LabelledPhoto:
    """What is on the photo made larger or smaller; the frame keeps its size.

    Parameters
    ----------
    photo
        Not changed.
    factor
        Above 1 enlarges, from 0 to 1 shrinks. ValueError for 0 and less.
    about
        The fixed point x, y in edge coordinates; the photo's centre by default.
    """
    if _number("factor", factor) <= 0:
        raise ValueError(f"factor is {factor}; it must be above 0")
    photo = _loaded(photo)
    return warp(photo, _about(photo, np.eye(2) * factor, about))


def brightness(photo: LabelledPhoto, by: float) -> LabelledPhoto:
    """Every value `by` higher, clipped to 0 and 255. Labels stay as they are, here and below."""
    return _recoloured(photo, 1, _number("by", by))


def contrast(photo: LabelledPhoto, factor: float) -> LabelledPhoto:
    """Every value's distance from 127.5 times `factor`, at least 0: 0 leaves a gray photo, 1 changes nothing."""
    if _number("factor", factor) < 0:
        raise ValueError(f"factor is {factor}; it must be at least 0")
    return _recoloured(photo, factor, MIDDLE * (1 - factor))


def colour(photo: LabelledPhoto, gains: ArrayLike) -> LabelledPhoto:
    """Red, green and blue each times its own of three `gains`, at least 0, as under a lamp of another colour."""
    each = np.asarray(gains, np.float64)
    if each.shape != (3,) or not np.isfinite(each).all() or (each < 0).any():
        raise ValueError(f"gains is {gains!r}; it must be three numbers of at least 0: red, green, blue")
    return _recoloured(photo, each, 0)


def blur(photo: LabelledPhoto, sigma: float) -> LabelledPhoto:
    """The photo out of focus: a Gaussian of `sigma` px, at least 0; 0 changes nothing.

    It is the one change that can't be undone.
    """
    if _number("sigma", sigma) < 0:
        raise ValueError(f"sigma is {sigma}; it must be at least 0 px")
    return replace(photo, source=_blurred(photo.image(), sigma))


def straight_line(pixels: NDArray[np.integer], slope: ArrayLike, start: ArrayLike) -> Pixels:
    """slope * value + start for every value, rounded and clipped to 0 and 255.

    Parameters
    ----------
    pixels
        uint8 of any shape.
    slope, start
        Numbers, or arrays that broadcast against `pixels`.
    """
    values = pixels * np.asarray(slope, np.float32) + np.asarray(start, np.float32)
    return np.clip(np.rint(values, out=values), 0, 255, out=values).astype(np.uint8)


def _number(name: str, value: float) -> float:
    if not np.isfinite(value):
        raise ValueError(f"{name} is {value}; it must be a finite number")
    return value


def _loaded(photo: LabelledPhoto) -> LabelledPhoto:
    """With its pixels in memory: a file is read once."""
    return replace(photo, source=photo.image())


def _about(photo: LabelledPhoto, linear: ArrayLike, about: ArrayLike | None) -> NDArray[np.float64]:
    """The matrix (2, 3) of a turn or a scale that leaves the point `about` where it is."""
    middle = np.array(photo.image().shape[1::-1]) / 2
    fixed = middle if about is None else np.asarray(about, np.float64)
    if fixed.shape != (2,):
        raise ValueError(f"about has shape {fixed.shape}; it must be (2,): x, y")
    return about_point(linear, fixed)


def _blurred(image: Pixels, sigma: float) -> Pixels:
    return image if sigma == 0 else np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def _recoloured(photo: LabelledPhoto, slope: ArrayLike, start: ArrayLike) -> LabelledPhoto:
    return replace(photo, source=straight_line(photo.image(), slope, start))
