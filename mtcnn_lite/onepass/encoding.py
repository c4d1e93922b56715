"""What the net answers for an anchor: where the face's box and points lie as seen from it, and the way back.

SSD's encoding (Liu et al. 2016, arXiv 1512.02325, eq. 2): the distance of the centres in sides of the anchor, the
logarithm of the ratio of the sides. The paper has no more than that; its code, and RetinaFace's, divide by "variances",
0.1 and 0.2, which makes the targets 10 and 5 times as large. MTCNN's offsets (`boxes.encode_offsets`) are the
distances of the corners in sides of the window.
"""

import numpy as np
from numpy.typing import ArrayLike

from mtcnn_lite.array_arguments import floats
from mtcnn_lite.boxes import Floats, as_boxes
from mtcnn_lite.coordinates import PIXEL_CENTRE

VARIANCES = (0.1, 0.2)  # of centres and points, and of sides
LARGEST = 6.0  # logarithm of the largest ratio of a box's side to its anchor's: exp of more would soon be infinite


def encode_boxes(anchors: ArrayLike, boxes: ArrayLike) -> Floats:
    """Each box (N, 4) as seen from its anchor (N, 4): x and y of the centre, width, height, (N, 4).

    Raises ValueError for shapes that don't fit, and for a box or an anchor without width or height.

    >>> encode_boxes([[0, 0, 10, 10]], [[1, 0, 11, 20]]).round(3)  # centre 1 right, 5 down; twice as high
    array([[1.   , 5.   , 0.   , 3.466]], dtype=float32)
    """
    anchor, box = as_boxes(anchors, "anchors"), as_boxes(boxes)
    _as_many("anchors", anchor, "boxes", box)
    for name, each in (("anchors", anchor), ("boxes", box)):
        if (each[:, 2:] <= each[:, :2]).any():
            raise ValueError(f"{name} holds an empty box, {each[(each[:, 2:] <= each[:, :2]).any(axis=1)][0]}; each "
                             "must have a width and a height")  # fmt: skip
    return _encode_boxes(anchor, box)


def _encode_boxes(anchors: Floats, boxes: Floats) -> Floats:
    side, centre = _sides(anchors), _centres(anchors)  # (N, 2) each
    moved = (_centres(boxes) - centre) / (side * VARIANCES[0])
    return np.concatenate([moved, np.log(_sides(boxes) / side) / VARIANCES[1]], axis=1).astype(np.float32)


def decode_boxes(anchors: ArrayLike, encoded: ArrayLike) -> Floats:
    """The boxes (N, 4), from what the net says of the anchors (N, 4): the way back from `encode_boxes`.

    A box is at most e^6 = 403 times as long as its anchor. Raises ValueError for shapes that don't fit.

    >>> decode_boxes([[0, 0, 10, 10]], [[1, 5, 0, 3.4657359]])
    array([[ 1.,  0., 11., 20.]], dtype=float32)
    """
    anchor, said = as_boxes(anchors, "anchors"), as_boxes(encoded, "encoded")
    _as_many("anchors", anchor, "encoded", said)
    side = _sides(anchor)  # (N, 2)
    centre = _centres(anchor) + said[:, :2] * VARIANCES[0] * side
    half = side * np.exp(np.minimum(said[:, 2:] * VARIANCES[1], LARGEST)) / 2  # (N, 2)
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)


def encode_points(anchors: ArrayLike, points: ArrayLike) -> Floats:
    """Five points (N, 5, 2) in the photo as seen from their anchors (N, 4): x and y of each, (N, 5, 2).

    Points count pixel centres, boxes pixel edges: (0, 0) is half a pixel from the photo's corner. NaN stays NaN. Raises
    ValueError for shapes that don't fit.

    >>> encode_points([[0, 0, 10, 10]], [[[4.5, 4.5], [6.5, 4.5], [4.5, 7.5], [4.5, 4.5], [4.5, 9.5]]])[0, 1:3]
    array([[2., 0.],
           [0., 3.]], dtype=float32)
    """
    anchor, point = as_boxes(anchors, "anchors"), _points("points", points)
    _as_many("anchors", anchor, "points", point)
    side, centre = _sides(anchor)[:, None], _centres(anchor)[:, None]  # (N, 1, 2) each
    return ((point + PIXEL_CENTRE - centre) / (side * VARIANCES[0])).astype(np.float32)


def decode_points(anchors: ArrayLike, encoded: ArrayLike) -> Floats:
    """The points (N, 5, 2) in the photo, from what the net says of the anchors (N, 4): back from `encode_points`.

    >>> decode_points([[0, 0, 10, 10]], [[[2, 0]] * 5])[0, 0]
    array([6.5, 4.5], dtype=float32)
    """
    anchor, said = as_boxes(anchors, "anchors"), _points("encoded", encoded)
    _as_many("anchors", anchor, "encoded", said)
    side, centre = _sides(anchor)[:, None], _centres(anchor)[:, None]  # (N, 1, 2) each
    return (centre + said * VARIANCES[0] * side - PIXEL_CENTRE).astype(np.float32)


def _sides(boxes: Floats) -> Floats:
    return boxes[:, 2:] - boxes[:, :2]


def _centres(boxes: Floats) -> Floats:
    return (boxes[:, :2] + boxes[:, 2:]) * np.float32(0.5)


def _points(name: str, points: ArrayLike) -> Floats:
    array = floats(name, points, shape="(N, 5, 2): x and y of five points")
    if array.ndim != 3 or array.shape[1:] != (5, 2):
        raise ValueError(f"{name} has shape {array.shape}; it must be (N, 5, 2): x and y of five points")
    return array


def _as_many(first: str, one: Floats, second: str, other: Floats) -> None:
    if len(one) != len(other):
        raise ValueError(f"{first} has shape {one.shape} and {second} {other.shape}; there must be as many of each")
