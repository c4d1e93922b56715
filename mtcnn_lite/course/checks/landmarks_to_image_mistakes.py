"""The likely mistakes in `landmarks_to_image`, each with its hint."""

import numpy as np

from mtcnn_lite.boxes import square_boxes
from mtcnn_lite.coordinates import MIRRORED
from mtcnn_lite.course.checks.judge import Hints
from mtcnn_lite.course.checks.landmarks_to_image_ways import (
    but,
    flat,
    interleaved,
    pairs,
    parts_of,
    points_of,
    same_side,
    sizes_of,
)

_INTERLEAVED = (
    "The ten numbers were read as x1 y1 x2 y2 ... They are x1 to x5 first, then y1 to y5: landmarks[:, :5] is x, "
    "landmarks[:, 5:] is y."
)
_ROUNDINGS = (np.round, np.floor, np.ceil, np.trunc, lambda points: np.floor(points + 0.5))

HINTS: Hints = {
    _INTERLEAVED: (but(parts=interleaved), but(flat, parts=interleaved), but(pairs, parts=interleaved)),
    "All x stand in one row and all y in the next: shape (N, 2, 5). Point by point it is (N, 5, "
    "2): stack x and y along the last axis, or transpose the last two.": but(lambda points: points.transpose(0, 2, 1)),
    "The numbers are right, but reshape does not pair each x with its y: it only counts them off in order. Transpose "
    "the "
    "last two axes, or stack x and y along axis 2.": but(lambda points: points.transpose(0, 2, 1).reshape(-1, 5, 2)),
    "The points are right, but the five come first: shape (5, N, 2). A row for each window, so axis 0 is N.": (
        but(lambda points: points.transpose(1, 0, 2)),
        but(lambda points: points.transpose(1, 2, 0)),
    ),
    "x and y are swapped: each point is x, y, the column first. The first five of the ten numbers are x.": (
        but(lambda points: points[..., ::-1]),
        but(parts=lambda landmarks: parts_of(landmarks)[..., ::-1]),
    ),
    "The ten numbers still lie in one row, shape (N, 10). The answer has a row x, y for each point: (N, 5, 2).": (
        but(flat),
        but(pairs),
    ),
    "Width and height are swapped: x goes by the width (x2 - x1), y by the height (y2 - y1).": but(
        sizes=lambda boxes: sizes_of(boxes)[:, ::-1]
    ),
    "The width was used for both: y goes by the height (y2 - y1). A window need not be square.": same_side(
        lambda size: size[:, 0]
    ),
    "The height was used for both: x goes by the width (x2 - x1). A window need not be square.": same_side(
        lambda size: size[:, 1]
    ),
    "One side was used for both: x goes by the width (x2 - x1), y by the height (y2 - y1).": (
        same_side(lambda size: size.max(axis=1)),
        same_side(lambda size: size.min(axis=1)),
        same_side(lambda size: size.mean(axis=1)),
    ),
    "The corner is missing: these are pixels from the window's own corner. Add x1 to x and y1 to y.": but(
        origin=lambda boxes: 0 * boxes[:, :2]
    ),
    "The window's corner is swapped: x1 belongs to x, y1 to y.": but(origin=lambda boxes: boxes[:, [1, 0]]),
    "x1 was added to both: x starts from x1, y from y1.": but(origin=lambda boxes: boxes[:, [0, 0]]),
    "x2 and y2 were taken for width and height, or for the size of the photo. The width is x2 - x1, the height y2 - "
    "y1.": (
        but(sizes=lambda boxes: boxes[:, 2:]),
        but(sizes=lambda boxes: boxes[:, 2:], origin=lambda boxes: 0 * boxes[:, :2]),
    ),
    "The landmarks were added as they are. They are parts of the window: multiply by its width and height first.": but(
        sizes=lambda boxes: np.ones((len(boxes), 2))
    ),
    "The landmarks came back as they were, in parts of the window: multiply by its size.": (
        lambda boxes, landmarks: parts_of(landmarks),
        lambda boxes, landmarks: interleaved(landmarks),
        lambda boxes, landmarks: landmarks,
    ),
    "You counted from the window's centre. (0, 0) is its top left corner: start from x1, y1.": (
        but(origin=lambda boxes: (boxes[:, :2] + boxes[:, 2:]) / 2),
        but(origin=lambda boxes: (boxes[:, :2] + boxes[:, 2:]) / 2, sizes=lambda boxes: sizes_of(boxes) / 2),
    ),
    "You counted from the bottom right corner. (0, 0) is the window's top left corner: start from x1, y1.": (
        but(origin=lambda boxes: boxes[:, 2:]),
        but(origin=lambda boxes: boxes[:, 2:], sign=-1),
    ),
    "y was counted upwards from the bottom. In images y grows downwards: start from y1.": but(
        parts=lambda landmarks: parts_of(landmarks) * [1, -1] + [0, 1]
    ),
    "You subtracted: add the part of the width to x1, the part of the height to y1.": but(sign=-1),
    "You divided by the window's size. The landmarks are parts of it already: multiply.": (
        lambda b, k: b[:, None, :2] + parts_of(k) / sizes_of(b)[:, None],
    ),
    "That is the way from the photo to the window, as for a training label. Here it goes back: "
    "multiply by the size, then add the corner.": (lambda b, k: (parts_of(k) - b[:, None, :2]) / sizes_of(b)[:, None],),
    "The corner was added before the landmarks were scaled. First multiply by the size, then add the corner.": (
        lambda b, k: (parts_of(k) + b[:, None, :2]) * sizes_of(b)[:, None],
    ),
    "That is the - 1 of the authors' MATLAB code, which counts from 1. Here x = x1 + part * (x2 - x1), no more.": (
        but(lambda points: points - 1),
        but(lambda points: points - 1, sizes=lambda boxes: sizes_of(boxes) + 1),
        but(lambda points: points - 1, sizes=lambda boxes: sizes_of(boxes) - 1),
    ),
    "That is the old + 1: for boxes that include their last pixel. Here width = x2 - x1, and nothing is added.": (
        but(sizes=lambda boxes: sizes_of(boxes) + 1),
        but(lambda points: points + 1),
    ),
    "Your side is 1 too small: boxes are half-open, so width = x2 - x1.": but(sizes=lambda boxes: sizes_of(boxes) - 1),
    "Half a pixel was taken off, or added. The answer here counts in edges, as the boxes do; the detector "
    "takes the half pixel off afterwards.": (but(lambda points: points - 0.5), but(lambda points: points + 0.5)),
    "All windows were treated as the first. Each row of landmarks belongs to the window in the same row.": (
        but(origin=lambda boxes: boxes[:1, :2], sizes=lambda boxes: sizes_of(boxes)[:1]),
        but(origin=lambda boxes: boxes[:1, :2]),
        but(sizes=lambda boxes: sizes_of(boxes)[:1]),
        lambda b, k: np.repeat(points_of(b, k)[:1], len(b), axis=0),
        lambda b, k: points_of(b, np.repeat(k[:1], len(k), axis=0)),
    ),
    "Only the first window is looked at. There are N: work on whole columns, boxes[:, 0:1], or loop over the rows.": (
        but(lambda points: points[:1]),
        but(lambda points: points[0]),
        but(lambda points: points[-1]),
    ),
    "You clipped the points. A landmark may lie outside its window, and outside the photo: it stays where it is.": (
        but(lambda points: np.maximum(points, 0)),
        but(np.abs),
        but(parts=lambda landmarks: np.clip(parts_of(landmarks), 0, 1)),
        lambda b, k: np.clip(points_of(b, k), b[:, None, :2], b[:, None, 2:]),
    ),
    "You rounded to whole pixels. Landmarks keep their fractions: on a small face a pixel is a lot.": (
        *(but(how) for how in _ROUNDINGS),
        *(lambda b, k, how=how: b[:, None, :2] + how(parts_of(k) * sizes_of(b)[:, None]) for how in _ROUNDINGS),
        *(but(origin=lambda boxes, how=how: how(boxes[:, :2])) for how in (np.round, np.floor)),
    ),
    "Left and right have changed places, as for a mirrored face. Here the points keep their order.": (
        but(lambda points: points[:, MIRRORED]),
        but(parts=lambda landmarks: parts_of(landmarks) * [-1, 1] + [1, 0]),
    ),
    "The points are right, but the last comes first. They keep the order of the landmarks.": but(
        lambda points: points[:, ::-1]
    ),
    "The fifth point was left out: there are five, 0 to 4, so range(5).": (
        but(lambda points: points[:, :4]),
        but(lambda points: points * (np.arange(5) < 4)[:, None]),
    ),
    "The window was made square first. Place the landmarks in the window as it came.": (
        lambda b, k: points_of(square_boxes(b), k),
    ),
}
