"""Augmentation of photos: mirrored, turned, moved or recoloured, with their labels.

Every geometric change is one 2 x 3 matrix in edge coordinates, in which pixel k covers k to k + 1: `warp` applies it to
the pixels, the boxes and the points. Photos are left as they are; each function returns a new one. All raise TypeError
for what is no LabelledPhoto or no number, and ValueError for a number out of range, naming it.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.arguments import instance, number, shown
from mtcnn_lite.array_arguments import FAR, finite, floats
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

MOST = 1e6  # of degrees, pixels, gains and factors: what is beyond shows nothing
MIDDLE = 127.5  # the brightness that the nets see as 0; contrast turns about it


def warp(photo: LabelledPhoto, matrix: ArrayLike) -> LabelledPhoto:
    """The photo moved by `matrix` (2, 3): x', y' = matrix @ (x, y, 1), in edge coordinates. It keeps its size.

    What comes in from outside is black. Labels keep their rows, also those of a face that leaves the frame. A landmark
    is a pixel's centre, so it is moved as value + 0.5; where the matrix mirrors, left and right change names.

    A box keeps its shape: its centre moves, its sides only grow or shrink with the whole. For a turn that is a choice.
    The usual other one, the upright box round the turned corners, grows with every turn (a square's side by 22% at
    15 degrees), and turning back does not undo it. A face is nearly an ellipse: one of 4 : 5, turned by 15 degrees,
    is 2% wider and 1% lower.

    Raises ValueError for a matrix that would shear or stretch, because no box follows that, that leaves less than a
    pixel of the photo, or holds a number over 1e9.

    >>> warp(LabelledPhoto(np.zeros((60, 80, 3), np.uint8), [[10, 20, 30, 40]]), [[1, 0, 5], [0, 1, -2]]).boxes.tolist()
    [[15.0, 18.0, 35.0, 38.0]]
    """
    m, photo = floats("matrix", matrix, np.float64, shape="(2, 3)"), _photo(photo)
    if m.shape != (2, 3) or not np.isfinite(m).all():
        raise ValueError(f"matrix has shape {m.shape}; it must be (2, 3), every number finite")
    if np.abs(m).max() > FAR:
        raise ValueError(f"matrix holds {m.flat[np.abs(m).argmax()]:g}; every number must be from -1e9 to 1e9")
    linear, by = m[:, :2], m[:, 2]
    size = np.sqrt(abs(np.linalg.det(linear)))
    if size == 0 or not np.allclose(linear @ linear.T, size**2 * np.eye(2), atol=1e-6 * size**2):
        raise ValueError("matrix shears or stretches; it must be a turn, a mirroring, a scale above 0 and a shift")
    image = photo.image()
    if size * max(image.shape[:2]) < 1:
        raise ValueError(f"matrix has the scale {size:g}, which leaves less than a pixel of {image.shape[:2]} px")
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
        Above 1 enlarges, from 0 to 1 shrinks. ValueError for 0 and less, and where less than a pixel is left.
    about
        The fixed point x, y in edge coordinates; the photo's centre by default.
    """
    photo = _loaded(photo)
    least = 1 / max(photo.image().shape[:2])
    factor = number("factor", factor, lambda f: least <= f <= MOST, f"be above 0, and leave a pixel of the photo: from "
                    f"{least:.2g} to {MOST:g}")  # fmt: skip
    return warp(photo, _about(photo, np.eye(2) * factor, about))


def brightness(photo: LabelledPhoto, by: float) -> LabelledPhoto:
    """Every value `by` higher, clipped to 0 and 255. Labels stay as they are, here and below."""
    return _recoloured(photo, 1, _number("by", by))


def contrast(photo: LabelledPhoto, factor: float) -> LabelledPhoto:
    """Every value's distance from 127.5 times `factor`, at least 0: 0 leaves a gray photo, 1 changes nothing."""
    factor = number("factor", factor, lambda f: 0 <= f <= MOST, f"be at least 0, and at most {MOST:g}")
    return _recoloured(photo, factor, MIDDLE * (1 - factor))


def colour(photo: LabelledPhoto, gains: ArrayLike) -> LabelledPhoto:
    """Red, green and blue each times its own of three `gains`, at least 0, as under a lamp of another colour."""
    each = floats("gains", gains, np.float64, shape="three numbers of at least 0: red, green, blue")
    if each.shape != (3,) or not ((each >= 0) & (each <= MOST)).all():
        raise ValueError(f"gains is {shown(gains)}; it must be three numbers of at least 0: red, green, blue")
    return _recoloured(photo, each, 0)


def blur(photo: LabelledPhoto, sigma: float) -> LabelledPhoto:
    """The photo out of focus: a Gaussian of `sigma` px, at least 0; 0 changes nothing.

    It is the one change that can't be undone. A sigma of half the photo's longer side leaves one colour; ValueError for
    a larger one.
    """
    image = _photo(photo).image()
    most = max(image.shape[:2]) / 2
    sigma = number("sigma", sigma, lambda s: 0 <= s <= most, f"be at least 0 px, and at most {most:g}: half the photo")
    return replace(photo, source=_blurred(image, sigma))


def straight_line(pixels: NDArray[np.integer], slope: ArrayLike, start: ArrayLike) -> Pixels:
    """slope * value + start for every value, rounded and clipped to 0 and 255.

    Parameters
    ----------
    pixels
        uint8 of any shape.
    slope, start
        Numbers, or arrays that broadcast against `pixels`.
    """
    if not isinstance(pixels, np.ndarray) or pixels.dtype.kind not in "iu":
        raise TypeError(f"pixels is {shown(pixels)}; it must be an array of whole numbers")
    for name, part in (("slope", slope), ("start", start)):
        finite(name, floats(name, part))
        try:
            fits = np.broadcast_shapes(np.shape(part), pixels.shape) is not None
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(f"{name} has shape {np.shape(part)}, which does not broadcast against {pixels.shape}")
    return _straight_line(pixels, slope, start)


def _straight_line(pixels: NDArray[np.integer], slope: ArrayLike, start: ArrayLike) -> Pixels:
    values = pixels * np.asarray(slope, np.float32) + np.asarray(start, np.float32)
    return np.clip(np.rint(values, out=values), 0, 255, out=values).astype(np.uint8)


def _number(name: str, value: float) -> float:
    return number(name, value, lambda v: abs(v) <= MOST, f"be a finite number, from {-MOST:g} to {MOST:g}")


def _photo(photo: LabelledPhoto) -> LabelledPhoto:
    return instance("photo", photo, LabelledPhoto, "a LabelledPhoto")


def _loaded(photo: LabelledPhoto) -> LabelledPhoto:
    """With its pixels in memory: a file is read once."""
    return replace(_photo(photo), source=photo.image())


def _about(photo: LabelledPhoto, linear: ArrayLike, about: ArrayLike | None) -> NDArray[np.float64]:
    """The matrix (2, 3) of a turn or a scale that leaves the point `about` where it is."""
    middle = np.array(photo.image().shape[1::-1]) / 2
    fixed = middle if about is None else floats("about", about, np.float64, shape="(2,): x, y")
    if fixed.shape != (2,):
        raise ValueError(f"about has shape {fixed.shape}; it must be (2,): x, y")
    if not (np.abs(fixed) <= MOST).all():
        raise ValueError(f"about is {shown(about)}; x and y must be from {-MOST:g} to {MOST:g}")
    return about_point(linear, fixed)


def _blurred(image: Pixels, sigma: float) -> Pixels:
    return image if sigma == 0 else np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def _recoloured(photo: LabelledPhoto, slope: ArrayLike, start: ArrayLike) -> LabelledPhoto:
    return replace(_photo(photo), source=_straight_line(photo.image(), slope, start))
