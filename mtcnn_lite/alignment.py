"""From five points to an upright face: the similarity transform, and crops of one size with the eyes in one place.

All coordinates here name pixel centres, as landmarks do: (0, 0) is the middle of the top left pixel. A transform is a
2 x 3 matrix that OpenCV's `warpAffine` takes as it is; `augment.warp` counts in pixel edges, half a pixel further on.
"""

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.arguments import whole
from mtcnn_lite.array_arguments import FAR, finite, floats
from mtcnn_lite.boxes import Floats
from mtcnn_lite.coordinates import PIXEL_CENTRE, edges_to_centres, scale_landmarks
from mtcnn_lite.images import Pixels, as_rgb
from mtcnn_lite.pyramid import halvings, nearest_larger

Matrices = NDArray[np.float64]

MOST_PIXELS = 500_000_000  # of all crops together
SIZE = 112  # px: side of the crops that ArcFace and most recognition nets after it read
# Where the five points belong in such a crop, pixel centres: `arcface_src` in insightface's face_align.py (MIT), which
# hands them to cv2.warpAffine, and that counts pixel centres.
TEMPLATE = ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041))


def template(size: int = SIZE) -> NDArray[np.float64]:
    """Where the five points belong in a crop of `size` px, (5, 2): eyes, nose, mouth corners, picture's left first.

    Scaled as a picture is: from its edge, so that the half pixel to the first centre does not grow along.

    >>> template(112)[0], template(224)[0]
    (array([38.2946, 51.6963]), array([ 77.0892, 103.8926]))
    """
    size = whole("size", size, low=1, unit=" px")
    return scale_landmarks(TEMPLATE, size / SIZE)


def similarity_transform(points: ArrayLike, target: ArrayLike) -> Matrices:
    """The turn, scale and shift that bring `points` (K, 2) closest to `target` (K, 2), as a matrix (2, 3).

    Closest: the least sum of squared distances between matrix @ (x, y, 1) and the target. It never mirrors. `points`
    (N, K, 2) give (N, 2, 3), each its own; N may be 0. Raises ValueError for shapes that don't fit, fewer than two
    points, a number that is not finite or over 1e9, and points that all lie in one place; TypeError for what are no
    numbers.

    The same as Umeyama's (1991) for two dimensions. Here it is one division: with a point as the complex number x + iy,
    turn and scale together are one factor, and least squares for one unknown is sum(conj(p) q) / sum(|p|^2).

    >>> similarity_transform([[0, 0], [2, 0]], [[5, 5], [5, 9]])        # a quarter turn, twice the size
    array([[ 0., -2.,  5.],
           [ 2.,  0.,  5.]])
    """
    found, wanted = _points(points, "points"), _points(target, "target")
    if wanted.ndim != 2 or found.shape[-2:] != wanted.shape or len(wanted) < 2:
        raise ValueError(
            f"points has shape {found.shape} and target {wanted.shape}; they must be (K, 2) or (N, K, 2), and (K, 2), "
            "with K of at least 2"
        )
    p, q = found @ [1, 1j], wanted @ [1, 1j]  # (..., K), (K,)
    middle, goal = p.mean(axis=-1, keepdims=True), q.mean()
    spread = np.square(np.abs(p - middle)).sum(axis=-1)  # (...)
    if (spread == 0).any():
        raise ValueError("points all lie in one place: they have no size and no direction")
    factor = (np.conj(p - middle) * (q - goal)).sum(axis=-1) / spread  # (...) scale * exp(i turn)
    shift = goal - factor * middle[..., 0]
    rows = [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))  # (..., 2, 3)


def inverse_transform(matrix: ArrayLike) -> Matrices:
    """The way back: of a matrix (2, 3), or of each of (N, 2, 3). Raises ValueError for one that flattens everything.

    Also for another shape and numbers that are not finite; TypeError for what are no numbers.

    >>> inverse_transform([[0, -2, 5], [2, 0, 5]]) + 0.0
    array([[ 0. ,  0.5, -2.5],
           [-0.5,  0. ,  2.5]])
    """
    m = _matrix(matrix)
    if (np.linalg.det(m[..., :2]) == 0).any():
        raise ValueError("matrix has scale 0: what lies in one place has no way back")
    linear = np.linalg.inv(m[..., :2])
    with np.errstate(over="ignore", invalid="ignore"):
        back = np.concatenate([linear, -linear @ m[..., 2:]], axis=-1)
    if not np.isfinite(back).all():
        raise ValueError("matrix has a scale so near 0 that the way back is not finite")
    return back


def transform_points(points: ArrayLike, matrix: ArrayLike) -> NDArray[np.float64]:
    """Points (K, 2) moved by a matrix (2, 3), or each by all of (N, 2, 3); points (N, K, 2) by one or by each its own.

    >>> transform_points([[1, 0]], [[0, -2, 5], [2, 0, 5]])
    array([[5., 7.]])

    Raises ValueError for shapes that don't fit and numbers that are not finite or over 1e9, TypeError for what are no
    numbers.
    """
    m, moved = _matrix(matrix), _points(points, "points")
    if m.ndim == moved.ndim == 3 and len(moved) != len(m) and 1 not in (len(moved), len(m)):
        raise ValueError(f"points has shape {moved.shape}; for {len(m)} matrices it must be ({len(m)}, K, 2)")
    return moved @ m[..., :2].swapaxes(-2, -1) + m[..., None, :, 2]


def aligned_crops(image: Pixels, landmarks: ArrayLike, size: int = SIZE) -> Pixels:
    """Each face upright, its points as near to `template(size)` as turn, scale and shift bring them.

    Bilinear, and as in `images.crop_windows` from the smallest halved copy that still has the pixels, so that a large
    face does not alias. What lies outside the image is black.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        RGB.
    landmarks : array_like (N, 5, 2)
        Five points a face, such as `detect(image).landmarks`; N may be 0.
    size : int
        Side of the crops, in pixels.

    Returns
    -------
    uint8 (N, size, size, 3)
        In the order of `landmarks`.

    Raises
    ------
    ValueError
        For another shape of `landmarks`, or points that have no scale; for a `size` below 1, and crops of over 500
        megapixels together.
    TypeError
        For what is no picture or are no numbers.
    """
    photo, points = as_rgb(image), floats("landmarks", landmarks, np.float64, shape="(N, 5, 2)")
    size = whole("size", size, low=1, unit=" px")
    if points.ndim != 3 or points.shape[1:] != (5, 2):
        raise ValueError(f"landmarks has shape {points.shape}; it must be (N, 5, 2)")
    if len(points) * size**2 > MOST_PIXELS:
        raise ValueError(f"size is {size}; {len(points)} crops of it have over {MOST_PIXELS:,} pixels")
    goal = template(size)
    try:
        matrices = similarity_transform(points, goal)  # (N, 2, 3), photo to crop
        from_crops = inverse_transform(matrices)
    except ValueError as error:
        raise ValueError(f"landmarks can't be aligned: {error}") from None
    scale = np.sqrt(np.abs(np.linalg.det(matrices[:, :, :2])))  # (N,) px of the crop for one of the photo
    copies = halvings(photo, float(scale.min(initial=1)))
    crops = np.zeros((len(points), size, size, 3), np.uint8)
    for k, copy in enumerate(nearest_larger(scale, len(copies)).tolist()):
        here = copies[copy]
        shrunk = np.array(here.shape[1::-1]) / photo.shape[1::-1]  # (2,) x, y: its size was rounded to whole pixels
        to_copy = edges_to_centres(np.column_stack([np.diag(shrunk), [0, 0]]))  # scaled from the edge, as in `template`
        from_crop = _after(to_copy, from_crops[k])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(here, from_crop, (size, size), crops[k], flags, cv2.BORDER_CONSTANT)
    return crops


def corners(matrix: ArrayLike, size: int = SIZE) -> Floats:
    """The crop's four corners in the photo, clockwise from its top left, pixel centres: (4, 2), or (N, 4, 2).

    Raises as `inverse_transform`; also for a `size` below 1.
    """
    size = whole("size", size, low=1, unit=" px")
    low, high = -PIXEL_CENTRE, size - PIXEL_CENTRE  # the outer edges of the first and the last pixel
    square = np.array([[low, low], [high, low], [high, high], [low, high]])
    back = inverse_transform(matrix)
    return (square @ back[..., :2].swapaxes(-2, -1) + back[..., None, :, 2]).astype(np.float32)


def _after(second: Matrices, first: Matrices) -> Matrices:
    """One matrix that does `first`, then `second`."""
    return np.column_stack([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]])


def _points(values: ArrayLike, name: str) -> NDArray[np.float64]:
    array = floats(name, values, np.float64, shape="(K, 2), or (N, K, 2) for many faces")
    if array.ndim not in (2, 3) or array.shape[-1] != 2:
        raise ValueError(f"{name} has shape {array.shape}; it must be (K, 2), or (N, K, 2) for many faces")
    finite(name, array, "every coordinate must be a finite number")
    if array.size and np.abs(array).max() > FAR:
        raise ValueError(f"{name} holds {array.flat[np.abs(array).argmax()]:g}; every coordinate must be from -1e9 "
                         "to 1e9")  # fmt: skip
    return array


def _matrix(values: ArrayLike) -> Matrices:
    array = floats("matrix", values, np.float64, shape="(2, 3), or (N, 2, 3)")
    if array.ndim not in (2, 3) or array.shape[-2:] != (2, 3):
        raise ValueError(f"matrix has shape {array.shape}; it must be (2, 3), or (N, 2, 3)")
    finite("matrix", array)
    if array.size and np.abs(array).max() > FAR**2:
        raise ValueError(
            f"matrix holds {array.flat[np.abs(array).argmax()]:g}; every number must be from -1e18 to 1e18"
        )
    return array
