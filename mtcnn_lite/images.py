"""Photos in memory, RGB: check them, shrink them, cut windows from them, also where a window leaves the photo.

Photos in files are read by `photos`, whose functions are imported from here.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from mtcnn_lite.arguments import is_tensor, whole
from mtcnn_lite.array_arguments import finite, floats
from mtcnn_lite.boxes import as_boxes
from mtcnn_lite.coordinates import PIXEL_CENTRE, rotation
from mtcnn_lite.image_conversion import CHANNELS, advice, conversion, named
from mtcnn_lite.photos.folders import photos_in
from mtcnn_lite.photos.formats import ImageError
from mtcnn_lite.photos.opening import MAX_PIXELS
from mtcnn_lite.photos.reading import decode_image, read_image, read_size
from mtcnn_lite.pyramid import nearest_larger, pictures

if TYPE_CHECKING:
    import torch

__all__ = [
    "MAX_PIXELS",
    "ImageError",
    "Pixels",
    "as_batch",
    "as_rgb",
    "crop_windows",
    "decode_image",
    "photos_in",
    "read_image",
    "read_size",
    "shrink_to",
]

Pixels = NDArray[np.uint8]

MOST_CROPPED = 10**9  # pixels of all crops together


def shrink_to(image: Pixels, longest: int) -> Pixels:
    """The image, made smaller where its longer side is over `longest` px."""
    height, width = image.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return image if scale == 1 else np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))


def as_rgb(image: ArrayLike) -> Pixels:
    """`image` as a contiguous RGB uint8 array (H, W, 3); the one gate that every image passes.

    Accepts uint8 (H, W) and (H, W, 1) grayscale, (H, W, 3) RGB and (H, W, 4) RGBA, whose alpha is
    ignored. Raises TypeError for what is no array or not uint8, ValueError for another shape, no pixels or
    masked ones. It can't tell RGB from BGR: what cv2.imread gives needs `image[..., ::-1]` first.
    """
    if not isinstance(image, np.ndarray):
        raise TypeError(f"image is {named(image)}; it must be a numpy array, uint8 (H, W, 3) RGB{advice(image)}")
    if isinstance(image, np.ma.MaskedArray) and np.ma.is_masked(image):
        raise ValueError("image has masked pixels, which have no colour; fill them first: image.filled(0)")
    image = np.asarray(image)  # a matrix or a memory map, too, behaves as a plain array from here on
    if image.dtype != np.uint8:
        raise TypeError(f"image has dtype {image.dtype}; it must be uint8, 0 to 255{advice(image)}")
    shape = image.shape
    if image.ndim not in (2, 3) or (image.ndim == 3 and shape[2] not in (1, 3, 4)):
        must = "it must be (H, W, 3) RGB, or (H, W), (H, W, 1), (H, W, 4)"
        raise ValueError(f"image has shape {shape}; {must}{advice(image)}")
    if image.size == 0:
        raise ValueError(f"image has shape {shape}: it holds no pixel")
    if image.ndim == 2 or shape[2] == 1:
        image = np.repeat(image.reshape(*shape[:2], 1), 3, axis=2)
    return np.ascontiguousarray(image[..., :3])


def as_batch(images: "NDArray[Any] | torch.Tensor") -> NDArray[np.uint8]:
    """An array or a tensor of images as an array, uint8 (N, H, W, 3), or with the 1 or 4 channels of `as_rgb`.

    Raises TypeError for another type or shape, with the code that converts it.
    """
    line, name = conversion(images, "images", axes=4), named(images)
    if images.ndim < 4:
        raise TypeError(f"images is {name}; it must hold several images, for example [{line or 'image'}]")
    good = str(images.dtype).removeprefix("torch.") == "uint8" and images.ndim == 4 and images.shape[3] in CHANNELS
    if not good and (line or is_tensor(images)):  # an array that no code converts is refused image by image
        convert = f": convert it with {line}" if line else ""
        raise TypeError(f"images is {name}; it must be uint8 (N, H, W, 3) RGB{convert}")
    return images.detach().cpu().numpy() if is_tensor(images) else cast(Pixels, images)


def crop_windows(
    halved: Sequence[Pixels],
    boxes: ArrayLike,
    size: int,
    turns: ArrayLike | None = None,
    pivots: ArrayLike | None = None,
) -> Pixels:
    """Each square box cut from the image and resized to `size` px: uint8 (N, size, size, 3).

    Every window is sampled (bilinear, at fractions of a pixel) from the smallest copy that still has `size` pixels
    across it, so large faces don't alias. What lies outside the image is black: no window is moved, stretched or cut
    short at the border. An empty box gives a black crop.

    Parameters
    ----------
    halved : list of uint8 (H, W, 3)
        The image and its smaller copies: `pyramid.halvings(image, ...)`.
    boxes : array_like (N, 4)
        `[x1, y1, x2, y2]` in pixels of the image; N may be 0.
    size : int
        Side of the crops, in pixels.
    turns : array_like (N,), optional
        Degrees, clockwise as one looks at it: the window is cut from the image turned that far about its pivot.
    pivots : array_like (N, 2), optional
        x and y of each turn's centre, in pixels of the image; needed with `turns`.

    Raises
    ------
    ValueError
        For shapes that don't fit, numbers that are not finite, turns without pivots, a size below 1, and crops of over
        a gigapixel together.
    TypeError
        For what are no pictures or no numbers.
    """
    windows, halved, size = as_boxes(boxes), pictures("halved", halved, [3]), whole("size", size, low=1, unit=" px")
    if len(windows) * size**2 > MOST_CROPPED:
        raise ValueError(f"size is {size}; {len(windows)} crops of it have over {MOST_CROPPED:,} pixels")
    if turns is not None:
        turn = _column("turns", turns, (len(windows),), "degrees, one a box")
        if pivots is None:
            raise ValueError("pivots is None; with turns it must be (N, 2), the point that each box is turned about")
        pivot = _column("pivots", pivots, (len(windows), 2), "x and y, one point a box")
    crops = np.zeros((len(windows), size, size, 3), dtype=np.uint8)
    height, width = halved[0].shape[:2]
    sides = windows[:, 2:] - windows[:, :2]  # (N, 2) width, height
    solid = np.flatnonzero((sides > 0).all(axis=1))  # an empty window stays black
    windows, sides = windows[solid], sides[solid]
    copy_of = nearest_larger(size / sides.max(axis=1, initial=0).astype(np.float64), len(halved))  # (N,)
    # The true scale of each window's copy, x and y: its size was rounded to whole pixels.
    scales = np.array([[c.shape[1] / width, c.shape[0] / height] for c in halved], dtype=np.float32)[copy_of]
    step = sides * scales / size  # (N, 2) px of the copy for one px of the crop
    to_copy = np.zeros((len(solid), 2, 3))
    to_copy[:, 0, 0], to_copy[:, 1, 1] = step[:, 0], step[:, 1]
    # OpenCV counts pixel centres, boxes pixel edges.
    to_copy[:, :, 2] = windows[:, :2] * scales + step / 2 - PIXEL_CENTRE
    if turns is not None:
        # A crop of the turned image reads the image turned back: R, by -turn, about the pivot, in the copy's pixels.
        back = rotation(-turn[solid])  # (N, 2, 2)
        pivot = (pivot[solid] * scales - PIXEL_CENTRE)[..., None]  # (N, 2, 1)
        to_copy[:, :, 2:] -= pivot
        to_copy = back @ to_copy
        to_copy[:, :, 2:] += pivot
    shape, flags = (size, size), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP  # looked up once: there may be thousands
    for k, copy, transform in zip(solid.tolist(), copy_of.tolist(), to_copy, strict=True):
        cv2.warpAffine(halved[copy], transform, shape, crops[k], flags, cv2.BORDER_CONSTANT)
    return crops


def _column(name: str, values: ArrayLike, shape: tuple[int, ...], what: str) -> NDArray[np.float64]:
    array = floats(name, values, np.float64, shape=f"{shape}, {what}")
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; it must be {shape}, {what}")
    return finite(name, array)
