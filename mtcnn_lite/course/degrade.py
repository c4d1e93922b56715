"""A photo made harder, step by step: its faces small, turned, dark, blurred or covered, and its labels still exact.

Each function takes a photo and one strength, and gives a new photo; at the strength that its table row begins with,
nothing is taken away. Whole numbers decide every pixel of a turn, as in `scenes.paste`: the same bytes on any CPU.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from mtcnn_lite.coordinates import move_boxes, move_landmarks
from mtcnn_lite.course.scenes.paste import ONE, bilinear, whole_turn
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.images import Pixels
from mtcnn_lite.pyramid import halvings, nearest_larger

GROUND = 127  # brightness of what lies beyond the photo
COVER = (168, 186, 196)  # a mask's colour
NOISE = 12.0  # standard deviation of the noise in the dark, where no light is left


def small(photo: LabelledPhoto, scale: float) -> LabelledPhoto:
    """Everything `scale` times as large, 0 < scale <= 1, in the middle of a frame of the old size; gray around it."""
    if not 0 < scale <= 1:
        raise ValueError(f"scale is {scale}; it must be above 0 and at most 1")
    height, width = photo.image().shape[:2]
    return _moved(photo, height, width, scale, 0)


def turned(photo: LabelledPhoto, degrees: float) -> LabelledPhoto:
    """Turned about its middle, clockwise as one looks at it, in a square frame that holds it at any angle.

    A box keeps its shape and its middle moves, as in `augment.warp`.
    """
    if not math.isfinite(degrees):
        raise ValueError(f"degrees is {degrees}; it must be a finite number")
    side = math.ceil(math.hypot(*photo.image().shape[:2]))
    return _moved(photo, side, side, 1, degrees)


def dark(photo: LabelledPhoto, share: float, seed: int = 0) -> LabelledPhoto:
    """Part of the light taken away, and noise in its place.

    Parameters
    ----------
    photo : LabelledPhoto
        The photo as it is.
    share : float
        Of the light, 0 to 1; the noise's standard deviation is NOISE * share.
    seed : int
        Of the noise.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}; it must be from 0 to 1")
    image = photo.image()
    noise = np.random.default_rng(seed).normal(0, NOISE, image.shape)
    pixels = np.clip(np.rint(image * (1 - share) + noise * share), 0, 255)
    return replace(photo, source=pixels.astype(np.uint8))


def blurred(photo: LabelledPhoto, sigma: float) -> LabelledPhoto:
    """Out of focus: each pixel the mean of its neighbours under a Gaussian of `sigma` px, 0 or more."""
    if not sigma >= 0:
        raise ValueError(f"sigma is {sigma}; it must be 0 px or more")
    image = photo.image()
    return replace(photo, source=np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8) if sigma else image)


def covered(photo: LabelledPhoto, share: float) -> LabelledPhoto:
    """The lower `share` of each face's box, 0 to 1, behind one colour, as behind a mask; whole rows of pixels."""
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}; it must be from 0 to 1")
    image = photo.image().copy()
    for x1, y1, x2, y2 in photo.boxes.tolist():
        left, top, right, bottom = (max(0, round(v)) for v in (x1, y2 - share * (y2 - y1), x2, y2))
        image[top:bottom, left:right] = COVER
    return replace(photo, source=image)


@dataclass(frozen=True)
class Degradation:
    """A way to make a photo harder. strengths: from harmless to hopeless; unit: what they count."""

    apply: Callable[[LabelledPhoto, float], LabelledPhoto]
    unit: str
    strengths: tuple[float, ...]


DEGRADATIONS = {
    "small": Degradation(small, "of its size", (1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15)),
    "turned": Degradation(turned, "degrees", (0, 15, 30, 45, 60, 75, 90, 135, 180)),
    "dark": Degradation(dark, "of the light gone", (0, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)),
    "blurred": Degradation(blurred, "px", (0, 1, 2, 3, 4, 5, 6, 8, 10)),
    "covered": Degradation(covered, "of the box", (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)),
}


def _moved(photo: LabelledPhoto, height: int, width: int, scale: float, degrees: float) -> LabelledPhoto:
    """The photo scaled and turned about its middle, which comes to the middle of a frame `height` x `width`."""
    image = photo.image()
    old, new = np.array(image.shape[1::-1]) / 2, np.array([width, height]) / 2  # x, y of the middles
    cos, sin = whole_turn(degrees, scale)  # 1/65536 px of the photo for a px here
    right = 2 * np.arange(width) + 1 - width  # (width,), half px from the middle
    down = 2 * np.arange(height)[:, None] + 1 - height  # (height, 1)
    x = ((cos * right + sin * down) >> 1) + int(old[0] * ONE)  # (height, width)
    y = ((cos * down - sin * right) >> 1) + int(old[1] * ONE)
    inside = (x >= 0) & (y >= 0) & (x < image.shape[1] * ONE) & (y < image.shape[0] * ONE)
    multiple = 2 ** math.floor(-math.log2(scale))  # sides that halve without a rest: a copy is then exactly half
    even = np.pad(image, [(0, -length % multiple) for length in image.shape[:2]] + [(0, 0)], mode="edge")
    copies = halvings(even, scale)
    number = int(nearest_larger(scale, len(copies)))
    pixels: Pixels = np.full((height, width, 3), GROUND, np.uint8)
    pixels[inside] = bilinear(copies[number], *((axis[inside] >> number) - ONE // 2 for axis in (x, y)))
    forth = np.array([[cos, -sin], [sin, cos]]) * (ONE / (cos**2 + sin**2))  # from the photo to the frame
    boxes = move_boxes(photo.boxes, forth, scale, old, new)
    points = move_landmarks(photo.landmarks, forth, old, new)
    return replace(photo, source=pixels, boxes=boxes.astype(np.float32), landmarks=points.astype(np.float32))
