"""More photos from one: mirrored, turned, moved, recoloured. Pixels, boxes and landmarks go together.

Every geometric change is one 2 x 3 matrix in edge coordinates, in which pixel k covers k to k + 1: `warp` applies it to
the pixels, the boxes and the points. Photos in hand are left as they are; each function gives a new one.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.coordinates import (
    MIRRORED,
    about_point,
    edges_to_centres,
    mirror_in_window,
    mirror_offsets,
    move_boxes,
    move_landmarks,
    rotation,
)
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.images import Pixels

VALUES = 256  # that a pixel's red, green or blue can have
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
    """The photo turned about a point x, y in edge coordinates, or its centre: clockwise as one looks at it, from x to y
    as y grows downwards. OpenCV and Pillow count the other way."""
    photo = _loaded(photo)
    return warp(photo, _about(photo, rotation(_number("degrees", degrees)), about))


def shift(photo: LabelledPhoto, right: float, down: float) -> LabelledPhoto:
    """The photo moved by so many pixels, which need not be whole."""
    return warp(photo, [[1, 0, _number("right", right)], [0, 1, _number("down", down)]])


def scale(photo: LabelledPhoto, factor: float, about: ArrayLike | None = None) -> LabelledPhoto:
    """What is on the photo made larger (factor > 1) or smaller about a point x, y, or the centre; the frame stays."""
    if _number("factor", factor) <= 0:
        raise ValueError(f"factor is {factor}; it must be above 0")
    photo = _loaded(photo)
    return warp(photo, _about(photo, np.eye(2) * factor, about))


def brightness(photo: LabelledPhoto, by: float) -> LabelledPhoto:
    """Every value `by` higher, cut off at 0 and 255; labels as they were, here and below."""
    return _recoloured(photo, 1, _number("by", by))


def contrast(photo: LabelledPhoto, factor: float) -> LabelledPhoto:
    """Every value's distance from 127.5 times `factor`, at least 0: 0 leaves a gray photo, 1 the one that it was."""
    if _number("factor", factor) < 0:
        raise ValueError(f"factor is {factor}; it must be at least 0")
    return _recoloured(photo, factor, MIDDLE * (1 - factor))


def colour(photo: LabelledPhoto, gains: ArrayLike) -> LabelledPhoto:
    """Red, green and blue each times its own of three gains, as under a lamp of another colour."""
    each = np.asarray(gains, np.float64)
    if each.shape != (3,) or not np.isfinite(each).all() or (each < 0).any():
        raise ValueError(f"gains is {gains!r}; it must be three numbers of at least 0: red, green, blue")
    return _recoloured(photo, each, 0)


def blur(photo: LabelledPhoto, sigma: float) -> LabelledPhoto:
    """The photo out of focus: a Gaussian of `sigma` px, at least 0; 0 changes nothing. The one change without a way
    back."""
    if _number("sigma", sigma) < 0:
        raise ValueError(f"sigma is {sigma}; it must be at least 0 px")
    return replace(photo, source=_blurred(photo.image(), sigma))


def mirror_batch(
    crops: Pixels, offsets: ArrayLike, landmarks: ArrayLike, which: ArrayLike
) -> tuple[Pixels, Floats, Floats]:
    """Training crops with those mirrored that the bool mask `which` (N,) names, and their targets. Inputs stay.

    crops (N, s, s, 3); offsets (N, 4), (corner - window corner) / side: a mirrored x1 is the old -x2; landmarks
    (N, 5, 2), parts of the window, 0 to 1 from its left edge: x becomes 1 - x, left and right change names.

    >>> one = np.zeros((1, 2, 2, 3), np.uint8)
    >>> mirror_batch(one, [[0.25, 0, 0.5, 0]], np.full((1, 5, 2), 0.25), [True])[1].tolist()
    [[-0.5, 0.0, -0.25, 0.0]]
    """
    mask = np.asarray(which, bool)
    pixels, box, points = np.array(crops), np.array(offsets, np.float32), np.array(landmarks, np.float32)
    if not len(pixels) == len(box) == len(points) == mask.size:
        lengths = f"{len(pixels)} crops, {len(box)} offsets, {len(points)} landmarks, {mask.size} in which"
        raise ValueError(f"{lengths}: there must be as many of each")
    pixels[mask] = pixels[mask, :, ::-1]
    box[mask], points[mask] = mirror_offsets(box[mask]), mirror_in_window(points[mask])
    return pixels, box, points


def colour_batch(
    crops: Pixels, rng: np.random.Generator, contrast: float = 0.25, brightness: float = 25, gain: float = 0.1
) -> Pixels:
    """Training crops (N, s, s, 3), each with a contrast, a brightness and three gains of its own, drawn evenly.

    contrast: factors from 1 - contrast to 1 + contrast; brightness: from -brightness to brightness;
    gain: from 1 - gain to 1 + gain for each of red, green and blue. Their order is that.
    """
    count = len(crops)
    factor = rng.uniform(1 - contrast, 1 + contrast, (count, 1))
    by = rng.uniform(-brightness, brightness, (count, 1))
    gains = rng.uniform(1 - gain, 1 + gain, (count, 3))
    slope, start = gains * factor, gains * (MIDDLE * (1 - factor) + by)  # (N, 3): all three are one straight line
    if crops[0:1].size <= VALUES * 3:
        return _line(crops, slope[:, None, None], start[:, None, None])
    # A crop of more pixels than there are values: every value once, then look up.
    tables = _line(np.arange(VALUES, dtype=np.uint8)[:, None], slope[:, None], start[:, None])  # (N, 256, 3)
    recoloured = np.empty_like(crops)
    for crop, table, out in zip(crops, tables, recoloured, strict=True):
        cv2.LUT(crop, table[None], dst=out)
    return recoloured


def downscale_batch(crops: Pixels, rng: np.random.Generator, share: float, least: int = 12) -> Pixels:
    """Training crops (N, s, s, 3), of which about `share` are made smaller, to a side of `least` px up to s - 1 drawn
    evenly, and large again: as from a camera that is far away or out of focus. They come as they are where s <= least.
    """
    side = crops.shape[1]
    if not share or side <= least:
        return crops
    coarse, sides = crops.copy(), rng.integers(least, side, len(crops))
    for row in np.flatnonzero(rng.random(len(crops)) < share):
        small = cv2.resize(crops[row], (int(sides[row]),) * 2, interpolation=cv2.INTER_AREA)
        coarse[row] = cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR)
    return coarse


def cutout_batch(crops: Pixels, rng: np.random.Generator, share: float, largest: float = 0.5) -> Pixels:
    """Training crops (N, s, s, 3), of which about `share` have a rectangle covered by that of another crop: goggles, a
    hand, a helmet, the neighbour's shoulder. Its sides are drawn evenly, up to `largest` of the crop's.

    "Random erasing" (Zhong et al. 2020) with a photo's pixels in place of noise.
    """
    count, side = crops.shape[:2]
    covered, others = crops.copy(), rng.permutation(count)
    sides = rng.integers(1, max(int(side * largest), 1) + 1, (count, 2))  # height, width
    corners = rng.integers(0, side - sides + 1)  # y, x
    for row in np.flatnonzero(rng.random(count) < share):
        (y, x), (height, width) = corners[row], sides[row]
        here = np.s_[y : y + height, x : x + width]
        covered[row][here] = crops[others[row]][here]
    return covered


def mixup_batch(crops: Pixels, rng: np.random.Generator, share: float) -> tuple[Pixels, NDArray[np.bool_]]:
    """Training crops (N, s, s, 3), of which about `share` are blends of themselves and another, and which ones, (N,).

    What a blend shows no label says: only a teacher can. It shows the teacher's answers where no photo would (Zhang et
    al. 2018, "mixup"; Beyer et al. 2022 for its use with a teacher). Blends are half and half up to 9 to 1.
    """
    mixed, others = rng.random(len(crops)) < share, rng.permutation(len(crops))
    own = rng.uniform(0.5, 0.9, (len(crops), 1, 1, 1)).astype(np.float32)
    blended = crops.copy()
    blended[mixed] = np.rint(own[mixed] * crops[mixed] + (1 - own[mixed]) * crops[others[mixed]])
    return blended, mixed


def random_crop_batch(
    crops: Pixels, rng: np.random.Generator, share: float, least: float = 0.6
) -> tuple[Pixels, NDArray[np.bool_]]:
    """Training crops (N, s, s, 3), of which about `share` show a square part of themselves, enlarged, and which ones,
    (N,). Its side is drawn evenly, from `least` of s to s - 1 px, and so is its place.

    Windows that a cascade sends on often hold a part of a face, and no more than a glance at the IoU says which label
    they should have; a teacher knows.
    """
    side = crops.shape[1]
    zoomed, closer = rng.random(len(crops)) < share, crops.copy()
    sides = rng.integers(max(1, round(least * side)), side, len(crops))
    corners = rng.integers(0, side - sides[:, None] + 1, (len(crops), 2))  # y, x
    for row in np.flatnonzero(zoomed):
        (y, x), part = corners[row], sides[row]
        closer[row] = cv2.resize(crops[row, y : y + part, x : x + part], (side, side), interpolation=cv2.INTER_LINEAR)
    return closer, zoomed


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
    return replace(photo, source=_line(photo.image(), slope, start))


def _line(pixels: NDArray[np.integer], slope: ArrayLike, start: ArrayLike) -> Pixels:
    """slope * value + start, rounded, cut off at 0 and 255."""
    values = pixels * np.asarray(slope, np.float32) + np.asarray(start, np.float32)
    return np.clip(np.rint(values, out=values), 0, 255, out=values).astype(np.uint8)
