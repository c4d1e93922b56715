"""What the nets are compared on: windows of the astronaut's portrait, small pieces of it, and all of it."""

from functools import cache

import cv2
import numpy as np
from skimage.data import astronaut

from mtcnn_lite.course.checks.judge.nets.plans import Plan
from mtcnn_lite.course.checks.judge.nets.values import OTHER
from mtcnn_lite.course.checks.judge.text import Array
from mtcnn_lite.images import crop_windows
from mtcnn_lite.pyramid import halvings
from mtcnn_lite.weights import SHIPPED

FACE, LEAF, HALF = (173, 74, 278, 179), (350, 100, 455, 205), (120, 90, 225, 195)
Inputs = tuple[tuple[str, Array, str], ...]  # what it is about, images (N, 3, H, W), the values' name


@cache
def net_cases(plan: Plan) -> Inputs:
    """The cases of a net, smallest first."""
    size = plan.size
    three, some = _windows([FACE, LEAF, HALF], size), _windows(_around(), size)[: 4 if size == 48 else 12]
    cases: Inputs = (
        (f"the window of the face, {size} x {size} px", three[:1], SHIPPED),
        (f"a window of background, {size} x {size} px", three[1:2], SHIPPED),
        ("three windows at once", three, SHIPPED),
        (f"{len(some)} windows round the face", some, SHIPPED),
        ("three windows, other values in the same net", three, OTHER),
    )
    if plan.name != "pnet":
        return cases
    return (
        *cases[:3],
        ("a strip of 12 x 14 px: two windows", _photo(12, 14), SHIPPED),
        ("a strip of 15 x 13 px: pooling meets odd sides", _photo(15, 13), SHIPPED),
        ("a photo of 33 x 26 px", _photo(33, 26), SHIPPED),
        ("the whole photo, 97 x 97 px", _photo(97, 97), SHIPPED),
        ("a photo of 33 x 26 px, other values in the same net", _photo(33, 26), OTHER),
    )


def _windows(boxes: object, size: int) -> Array:
    crops = crop_windows(halvings(_portrait(), 0.05), np.array(boxes, np.float32), size)
    return _normalised(crops)


def _around() -> Array:
    rng = np.random.default_rng(12)
    corner, side = rng.integers(60, 220, (12, 2)), rng.integers(60, 180, (12, 1))
    return np.concatenate([corner, corner + side], axis=1)


def _photo(height: int, width: int) -> Array:
    """The portrait's middle, shrunk to this size."""
    photo = _portrait()[30:230, 130 : 130 + 200 * width // height]
    return _normalised(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)[None])


def _portrait() -> Array:
    return np.asarray(astronaut())  # type: ignore[no-untyped-call]


def _normalised(images: Array) -> Array:
    """uint8 (N, H, W, 3) to float32 (N, 3, H, W), as `nets.normalise`."""
    return np.ascontiguousarray((images.transpose(0, 3, 1, 2).astype(np.float32) - 127.5) / 128)
