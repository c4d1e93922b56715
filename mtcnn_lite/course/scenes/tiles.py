"""Pictures whose labels are exact: one labelled photo, shrunk, enlarged and mirrored into a collage."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.coordinates import mirror_boxes, mirror_landmarks, scale_landmarks

# The face in skimage.data.astronaut(), labelled by hand (data/README.md says how).
ASTRONAUT_BOX = (181.0, 74.0, 270.0, 179.0)
ASTRONAUT_LANDMARKS = ((203.5, 100.5), (246.3, 102.5), (223.5, 127.0), (203.0, 139.0), (245.0, 140.0))
SIDES = (20, 110, 32, 60, 24, 90, 150, 44, 75)  # shorter sides of the collage's faces, px
GROUND = 127  # brightness of a cell where the photo does not reach


def scaled(
    image: NDArray[np.uint8], boxes: ArrayLike, landmarks: ArrayLike, height: int, width: int
) -> tuple[NDArray[np.uint8], Floats, Floats]:
    """The photo at another size, with its boxes and landmarks.

    Boxes lie on pixel edges, x * s; landmarks count pixel centres, (x + 0.5) * s - 0.5.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        The photo.
    boxes : (N, 4)
        Of its faces, px.
    landmarks : (N, 5, 2)
        Of its faces, px.
    height, width : int
        The new size, px.

    Returns
    -------
    picture, boxes, landmarks
        At the new size; float32.
    """
    by = np.array([width / image.shape[1], height / image.shape[0]])  # x, y: what rounding to whole pixels left
    shrinks = by.max() < 1  # areas are averaged, so that nothing aliases
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    box = np.reshape(boxes, (-1, 4)) * np.tile(by, 2)
    points = scale_landmarks(np.reshape(landmarks, (-1, 5, 2)), by)
    return np.asarray(small, np.uint8), box.astype(np.float32), points.astype(np.float32)


def mirrored(
    image: NDArray[np.uint8], boxes: ArrayLike, landmarks: ArrayLike
) -> tuple[NDArray[np.uint8], Floats, Floats]:
    """The photo's mirror image, with its boxes and landmarks; left and right change names as well.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        The photo.
    boxes : (N, 4)
        Of its faces, px.
    landmarks : (N, 5, 2)
        Of its faces, px.
    """
    width = image.shape[1]
    box, points = np.array(boxes, np.float32).reshape(-1, 4), np.array(landmarks, np.float32).reshape(-1, 5, 2)
    return np.ascontiguousarray(image[:, ::-1]), mirror_boxes(box, width), mirror_landmarks(points, width)


def collage(
    image: NDArray[np.uint8] | None = None,
    box: ArrayLike = ASTRONAUT_BOX,
    landmarks: ArrayLike = ASTRONAUT_LANDMARKS,
    sides: Sequence[float] = SIDES,
    columns: int = 3,
    cell: int = 256,
) -> tuple[NDArray[np.uint8], Floats, Floats]:
    """One face at many sizes: (picture, boxes (N, 4), landmarks (N, 5, 2)), row by row, every second one mirrored.

    Parameters
    ----------
    image : uint8 (H, W, 3), optional
        A photo; without one it is scikit-image's astronaut, whose label the defaults are.
    box : (4,)
        Of its face, px.
    landmarks : (5, 2)
        Of its face, px.
    sides : sequence of float
        The face's shorter side in each cell, px (or up to a pixel's rounding more).
    columns : int
        Cells in a row.
    cell : int
        Side of a cell, px: the face is in its middle, and it is gray where the photo ends.

    Examples
    --------
    >>> picture, boxes, landmarks = collage()
    >>> picture.shape, boxes.shape, landmarks.shape
    ((768, 768, 3), (9, 4), (9, 5, 2))
    """
    if image is None:
        from skimage.data import astronaut  # not needed by the detector, so not imported with the package

        image = np.asarray(astronaut(), np.uint8)  # type: ignore[no-untyped-call]
    x1, y1, x2, y2 = np.asarray(box, np.float32)
    rows = -(-len(sides) // columns)
    picture = np.full((rows * cell, columns * cell, 3), GROUND, np.uint8)
    all_boxes, all_points = np.zeros((len(sides), 4), np.float32), np.zeros((len(sides), 5, 2), np.float32)
    for k, side in enumerate(sides):
        scale = side / min(x2 - x1, y2 - y1)
        height, width = (int(np.ceil(length * scale)) for length in image.shape[:2])
        small, boxes, points = scaled(image, box, landmarks, height, width)
        if k % 2:
            small, boxes, points = mirrored(small, boxes, points)
        # The whole-pixel shift that puts the face in the middle of its cell; what leaves the cell is cut off.
        right, down = np.floor(cell / 2 - (boxes[0, :2] + boxes[0, 2:]) / 2).astype(int)
        to_x, to_y = k % columns * cell, k // columns * cell
        x, y = max(right, 0), max(down, 0)  # where the photo begins in the cell
        part = small[y - down : cell - down, x - right : cell - right]
        picture[to_y + y : to_y + y + part.shape[0], to_x + x : to_x + x + part.shape[1]] = part
        origin = np.array([to_x + right, to_y + down])
        all_boxes[k], all_points[k] = boxes[0] + np.tile(origin, 2), points[0] + origin
    return picture, all_boxes, all_points
