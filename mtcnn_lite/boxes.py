"""Boxes: their area, their overlap, and how a net says "a little to the left".

A box is float32 `[x1, y1, x2, y2]` in pixels, 0-based and half-open: it covers x1 <= x < x2, so its
width is x2 - x1. Boxes come in arrays of shape (N, 4), and N may be 0. A box whose x2 <= x1 or
y2 <= y1 is empty: its area is 0 and it overlaps nothing.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.arguments import whole
from mtcnn_lite.array_arguments import floats

Floats = NDArray[np.float32]

MATCHING_IOU = 0.5  # least overlap of a box with the face that it finds, as in Pascal VOC and WIDER FACE
FARTHEST = 1e18  # px from a photo's corner; a few times further off, a box's area would be too large for float32
TINY = np.float32(np.finfo(np.float32).tiny)  # square pixels; what is divided by it instead of by 0 is 0 itself


def as_boxes(boxes: ArrayLike, name: str = "boxes") -> Floats:
    """`boxes` as a float32 array (N, 4); an empty list becomes (0, 4).

    Every coordinate must be within 1e18 px of 0, so that areas and their sums are finite. Raises ValueError, naming the
    argument, for another shape, NaN, infinity or a larger coordinate; TypeError for what are no numbers.
    """
    array = floats(name, boxes, shape="(N, 4): x1, y1, x2, y2 in each row")
    if array.size == 0 and array.shape in ((0,), (0, 4)):
        return array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"{name} has shape {array.shape}; it must be (N, 4): x1, y1, x2, y2 in each row")
    if not (array.min() >= -FARTHEST and array.max() <= FARTHEST):  # NaN is neither
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds NaN or infinity; every coordinate must be a finite number")
        farthest = array.flat[np.abs(array).argmax()]
        raise ValueError(f"{name} holds {farthest:g}; every coordinate must be from -1e18 to 1e18")
    return array


def area(boxes: ArrayLike) -> Floats:
    """Area of each box in square pixels, shape (N,).

    >>> area([[0, 0, 4, 3], [5, 5, 5, 9]])        # the second has no width
    array([12.,  0.], dtype=float32)
    """
    return _area(as_boxes(boxes))


def intersection(first: ArrayLike, second: ArrayLike) -> Floats:
    """Area shared by each box of `first` (N, 4) with each of `second` (M, 4), shape (N, M)."""
    return _intersection(as_boxes(first, "first"), as_boxes(second, "second"))


def iou(first: ArrayLike, second: ArrayLike) -> Floats:
    """Intersection over union of each box of `first` (N, 4) with each of `second` (M, 4), shape (N, M).

    From 0 (apart) to 1 (the same box); 0 where both boxes are empty.

    >>> iou([[0, 0, 2, 2]], [[1, 0, 3, 2], [0, 0, 2, 2], [2, 0, 4, 2]])   # touching edges share nothing
    array([[0.33333334, 1.        , 0.        ]], dtype=float32)
    """
    return _iou(as_boxes(first, "first"), as_boxes(second, "second"))


def iom(first: ArrayLike, second: ArrayLike) -> Floats:
    """Intersection over the smaller box, (N, 4) and (M, 4) to (N, M): 1 where one box lies inside the other.

    The cascade's last NMS uses it ("Min" in the authors' code), so that a small box on a face's
    middle goes even though its IoU with the whole face is low.

    >>> iom([[0, 0, 10, 10]], [[2, 2, 4, 4]])
    array([[1.]], dtype=float32)
    """
    return _iom(as_boxes(first, "first"), as_boxes(second, "second"))


# What the functions above compute, for boxes that are known to be float32 (N, 4) and finite.


def _area(boxes: Floats) -> Floats:
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)  # (N, 2) width, height
    return sides[:, 0] * sides[:, 1]


def _intersection(first: Floats, second: Floats) -> Floats:
    a = first.T[:, :, None]  # (4, N, 1)
    b = np.ascontiguousarray(second.T)[:, None]  # (4, 1, M), each coordinate in one run of memory
    x = np.minimum(a[2], b[2]) - np.maximum(a[0], b[0])  # (N, M)
    y = np.minimum(a[3], b[3]) - np.maximum(a[1], b[1])  # (N, M)
    return np.maximum(x, 0) * np.maximum(y, 0)


def _iou(first: Floats, second: Floats) -> Floats:
    shared = _intersection(first, second)  # (N, M)
    return _part(shared, _area(first)[:, None] + _area(second) - shared)  # over the union


def _iom(first: Floats, second: Floats) -> Floats:
    return _part(_intersection(first, second), np.minimum(_area(first)[:, None], _area(second)))  # over the smaller


def _part(shared: Floats, whole: Floats) -> Floats:
    """`shared` over `whole`; 0 where both are 0."""
    return np.divide(shared, np.maximum(whole, TINY), dtype=np.float32)


def square_boxes(boxes: ArrayLike) -> Floats:
    """The square with each box's centre and its longer side, (N, 4). Not clipped: it may leave the image.

    >>> square_boxes([[0, 0, 4, 10]])
    array([[-3.,  0.,  7., 10.]], dtype=float32)
    """
    return _square_boxes(as_boxes(boxes))


def _square_boxes(boxes: Floats) -> Floats:
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True, initial=0) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def clip_boxes(boxes: ArrayLike, height: int, width: int) -> Floats:
    """The part of each box that lies in an image, (N, 4); empty where none does.

    Parameters
    ----------
    boxes : array_like (N, 4)
        In image pixels; N may be 0.
    height, width : int
        The image's size, in pixels.

    Returns
    -------
    float32 (N, 4)
        In the order of `boxes`.

    Raises
    ------
    ValueError
        For another shape, NaN and infinity, and a size that is negative or not whole.
    TypeError
        For what are no numbers.

    Examples
    --------
    >>> clip_boxes([[-5, 10, 30, 60]], height=50, width=100)
    array([[ 0., 10., 30., 50.]], dtype=float32)
    """
    height, width = whole("height", height, unit=" px"), whole("width", width, unit=" px")
    limits = np.array([width, height, width, height], dtype=np.float32)
    return np.clip(as_boxes(boxes), 0, limits)


def encode_offsets(windows: ArrayLike, boxes: ArrayLike) -> Floats:
    """Where each box (N, 4) lies as seen from its window (N, 4): the target a net learns, (N, 4).

    Each of the four is (box corner - window corner) / window side, so it has no unit and does not
    change with scale: 0.1 in the first place is "a tenth of the window's width further right".
    Raises ValueError for a window without width or height, and for N that differ.

    >>> encode_offsets([[0, 0, 10, 10]], [[1, 0, 10, 12]])
    array([[0.1, 0. , 0. , 0.2]], dtype=float32)
    """
    window, box = as_boxes(windows, "windows"), as_boxes(boxes)
    _same_number("windows", window, "boxes", box)
    side = window[:, 2:] - window[:, :2]  # (N, 2) width, height
    if (side <= 0).any():
        empty = window[(side <= 0).any(axis=1)][0]
        raise ValueError(f"windows holds an empty box, {empty}: it has no side to divide by")
    return _encode_offsets(window, box)


def _encode_offsets(windows: Floats, boxes: Floats) -> Floats:
    side = windows[:, 2:] - windows[:, :2]  # (N, 2) width, height
    return (boxes - windows) / np.concatenate([side, side], axis=1)


def decode_offsets(boxes: ArrayLike, offsets: ArrayLike) -> Floats:
    """The boxes (N, 4) moved by `offsets` (N, 4): the way back from `encode_offsets`. Inputs are not changed.

    >>> decode_offsets([[0, 0, 10, 10]], [[0.1, 0, 0, 0.2]])
    array([[ 1.,  0., 10., 12.]], dtype=float32)
    """
    box, offset = as_boxes(boxes), as_boxes(offsets, "offsets")
    _same_number("boxes", box, "offsets", offset)
    side = box[:, 2:] - box[:, :2]  # (N, 2) width, height
    return box + offset * np.concatenate([side, side], axis=1)


def landmarks_to_image(boxes: ArrayLike, landmarks: ArrayLike) -> Floats:
    """Landmarks from window coordinates, (N, 10) as x1..x5 y1..y5, to image pixels, (N, 5, 2).

    (0, 0) is the window's top left corner and (1, 1) its bottom right. The x's come first because
    that is how the authors' O-Net answers.

    >>> landmarks_to_image([[100, 50, 120, 90]], [[0, .5, 1, 0, 1, 0, 0, .5, 1, 1]])[0, :3]
    array([[100.,  50.],
           [110.,  50.],
           [120.,  70.]], dtype=float32)
    """
    box = as_boxes(boxes)
    points = floats("landmarks", landmarks, shape=f"({len(box)}, 10), x1..x5 y1..y5 of each box")
    if points.shape != (len(box), 10):
        raise ValueError(f"landmarks has shape {points.shape}; for {len(box)} boxes it must be ({len(box)}, 10)")
    if not np.isfinite(points).all():
        raise ValueError("landmarks holds NaN or infinity; every number must be finite")
    points = points.reshape(-1, 2, 5).transpose(0, 2, 1)  # (N, 5, 2) x, y
    return box[:, None, :2] + points * (box[:, 2:] - box[:, :2])[:, None]


def _same_number(first: str, one: Floats, second: str, other: Floats) -> None:
    if len(one) != len(other) and 1 not in (len(one), len(other)):  # one goes with each of the others
        raise ValueError(f"{first} has shape {one.shape} and {second} {other.shape}; there must be as many of each")
