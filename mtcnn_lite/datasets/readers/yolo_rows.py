"""The rows of YOLO's label files; every number but the class is a share of the image's width or height.

    class x y width height                      the box: its middle and its size
    class x y width height confidence           as predictions are saved; the confidence is not read
    class x y width height x1 y1 x2 y2 ...      the box, then `kpt_shape` points, each x y or x y visibility
    class x1 y1 x2 y2 x3 y3 ...                 an outline: its bounding box is the box

Ultralytics tells the last two apart by `kpt_shape` in data.yaml. Sets of faces come without it: rows of 15 columns
(yolov5-face: -1 for a point that nobody marked) and of 20 (yolov8-face: visibility 0), which are also as long as
outlines of 7 points, or of 9 with a confidence. Here the five points of a face must be where a face has them, or the
row must be an outline; a row that could be both, or neither, is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.datasets.parsing import DatasetError, numbers

Row = NDArray[np.float64]  # what follows the class

BOX = (4, 5)  # numbers of a row without points, and with a confidence
FIVE_POINTS = {14: 2, 15: 2, 19: 3, 20: 3}  # numbers of a row -> numbers a point
MOST_POINTS = 500  # of a face; the largest models have 478
NEAR = 0.25  # how far outside its box, in box sides, a point of a face may lie
LEAST, MOST = -0.01, 1.01  # shares; exporters round


@dataclass(frozen=True)
class YoloFace:
    """A box as shares, x1, y1, x2, y2, and five points as shares (5, 2), NaN where not all are marked."""

    box: NDArray[np.float64]
    points: NDArray[np.float64]


def face_of_row(words: Sequence[str], shape: tuple[int, int] | None, are_landmarks: bool, where: str) -> YoloFace:
    """The face of a label row.

    Parameters
    ----------
    words
        The row, without the class.
    shape
        `kpt_shape`: points a face, numbers a point (2 or 3); None where data.yaml has none.
    are_landmarks
        Whether five points are those of our order.
    where
        File and line, for the DatasetError where the row is none of the kinds above.
    """
    row = np.array(numbers(words, where))
    unmarked = np.full((5, 2), np.nan)
    if len(row) in BOX:
        return YoloFace(_box(row, words, where), unmarked)
    if _is_outline(row, shape, where):
        if row.min() < LEAST or row.max() > MOST:
            raise DatasetError(f"{where}: the points of an outline must be shares of the image, from 0 to 1")
        points = row.reshape(-1, 2)
        return YoloFace(np.concatenate([points.min(axis=0), points.max(axis=0)]), unmarked)
    count, each = shape or (5, FIVE_POINTS[len(row)])
    points, marked = _points(row, count, each)
    whole = count == 5 and are_landmarks and bool(marked.all())
    return YoloFace(_box(row, words, where), points if whole else unmarked)


def _box(row: Row, words: Sequence[str], where: str) -> NDArray[np.float64]:
    x, y, width, height = row[:4]
    if row[:4].min() < LEAST or row[:4].max() > MOST:
        raise DatasetError(
            f"{where}: {' '.join(words[:4])}; x, y, width, height must be shares of the image, from 0 to 1"
        )
    if width <= 0 or height <= 0:
        raise DatasetError(f"{where}: width {words[2]}, height {words[3]}; both must be greater than 0")
    return np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])


def _points(row: Row, count: int, each: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The points (count, 2) after the box, and which are marked (count,)."""
    values = row[4 : 4 + count * each].reshape(count, each)
    points = values[:, :2]
    marked = np.asarray((points >= 0).all(axis=1) & (points > 0).any(axis=1))  # -1 -1 and 0 0 stand for none
    if each == 3:
        marked &= values[:, 2] > 0
    return points, marked


def _is_outline(row: Row, shape: tuple[int, int] | None, where: str) -> bool:
    """Whether a row longer than a box is an outline, and not a box with points; DatasetError where it is neither."""
    length = len(row)
    even = length >= 6 and length % 2 == 0
    if shape is not None and shape[0] > 0:
        expected = 4 + shape[0] * shape[1]
        if length in (expected, expected + 1):  # with a confidence behind
            return False
        raise DatasetError(
            f"{where}: {length + 1} columns; kpt_shape {list(shape)} makes {expected + 1} of box and points"
        )
    if shape is not None or length not in FIVE_POINTS:
        if even and (shape is not None or not _could_be_more_than_box(row)):
            return True
        if even:
            raise DatasetError(
                f"{where}: {length + 1} columns could be a box with points or a track's number, or an outline; "
                "data.yaml must say it: `kpt_shape: [number of points, 2 or 3]`, or for outlines `kpt_shape: [0, 2]`"
            )
        raise DatasetError(
            f"{where}: {length + 1} columns; a row is a class and x, y, width, height, then nothing, a confidence, or "
            "the points that kpt_shape in data.yaml speaks of; or a class and the x y of 3 or more points of an outline"
        )
    each = FIVE_POINTS[length]
    face, outline = _could_be_face(row, each), even and _could_be_outline(row)
    if face == outline:
        raise DatasetError(
            f"{where}: {length + 1} columns could be a box with five points, or an outline; data.yaml must say it: "
            f"`kpt_shape: [5, {each}]`, or for outlines `kpt_shape: [0, 2]`"
        )
    return outline


def _could_be_face(row: Row, each: int) -> bool:
    """Whether the row can be a box with a face's five points in it, in our order."""
    middle, sides = row[:2], row[2:4]
    if row[:4].min() < LEAST or row[:4].max() > MOST or sides.min() <= 0:
        return False
    points, marked = _points(row, 5, each)
    if each == 3 and not np.isin(row[6:19:3], (-1, 0, 1, 2)).all():
        return False
    if (np.abs(points[marked] - middle) > (0.5 + NEAR) * sides).any():
        return False
    eye, other_eye, _, mouth, other_mouth = points
    return not marked.all() or _cross(eye, other_mouth, other_eye, mouth)  # the diagonals between eyes and mouth


def _could_be_more_than_box(row: Row) -> bool:
    """Whether a row as long as an outline's is more likely a box and something else.

    That is a confidence and the number of a track, or points in the box, each with a visibility or in an order in which
    no outline goes.
    """
    middle, sides, rest = row[:2], row[2:4], row[4:]
    if row[:4].min() < LEAST or row[:4].max() > MOST or sides.min() <= 0:
        return False
    if len(rest) == 2:  # Ultralytics' save_txt, save_conf while it tracks; a number over 1 is no share
        return bool(rest[1] == 1)

    def are_inside(each: int) -> bool:
        points, marked = _points(row, len(rest) // each, each)
        return bool(marked.any() and (np.abs(points[marked] - middle) <= (0.5 + NEAR) * sides).all())

    if len(rest) % 3 == 0 and np.isin(rest[2::3], (0, 1, 2)).all() and are_inside(3):
        return True
    return len(rest) <= 2 * MOST_POINTS and are_inside(2) and _crosses_itself(row.reshape(-1, 2))


def _could_be_outline(row: Row) -> bool:
    """Whether the row can be the points of an outline: in the image, all different, and no edge crosses another."""
    points = row.reshape(-1, 2)
    count = len(points)
    if row.min() < 0 or row.max() > MOST or len(np.unique(points, axis=0)) < count - 1:  # the first may end it too
        return False
    return not _crosses_itself(points)


def _crosses_itself(points: NDArray[np.float64]) -> bool:
    """Whether any two edges of the closed outline through these points (N, 2) cross within both."""
    edges = np.roll(points, -1, axis=0) - points
    to = points[None] - points[:, None]  # (N, N, 2): from the start of edge i to point k
    side = edges[:, None, 0] * to[:, :, 1] - edges[:, None, 1] * to[:, :, 0]  # its sign: on which side of edge i it is
    parted = side * np.roll(side, -1, axis=1) < 0  # edge i parts the two ends of edge k
    return bool((parted & parted.T).any())


def _cross(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], d: NDArray[np.float64]) -> bool:
    """Whether the lines from a to b and from c to d cross within both."""
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: NDArray[np.float64], b: NDArray[np.float64], point: NDArray[np.float64]) -> float:
    """Positive on one side of the line from a to b, negative on the other, 0 on it."""
    return float((b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]))
