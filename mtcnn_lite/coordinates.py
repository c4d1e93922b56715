"""Where pixels lie, and what turns and mirrors do to boxes, landmarks and targets.

Box corners lie on pixel edges: (0, 0) is the outer corner of the top left pixel. Landmarks, as in label files and
OpenCV, count pixel centres: (0, 0) is the centre of that pixel. So a point measured from box corners is half a pixel
more than the same point as a landmark. y grows downwards.
"""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[Any]  # float32 or float64
Tensor = TypeVar("Tensor", bound=Any)  # a numpy array or a torch tensor: what is done here, both can do

PIXEL_CENTRE = 0.5  # a pixel's centre, as seen from its outer corner

MIRRORED = [1, 0, 2, 4, 3]  # the landmarks of a mirrored face: eyes and mouth corners change places


def rotation(degrees: ArrayLike) -> NDArray[np.float64]:
    """The matrix of a turn by `degrees` (...), clockwise as one looks at it: (..., 2, 2), for columns x, y.

    >>> rotation(90).round().tolist()  # what was on the right is below
    [[0.0, -1.0], [1.0, 0.0]]
    """
    angle = np.radians(np.asarray(degrees, np.float64))
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cos, -sin], axis=-1), np.stack([sin, cos], axis=-1)], axis=-2)


def rotate(vectors: Numbers, degrees: ArrayLike) -> NDArray[np.float64]:
    """Vectors x, y (N, M, 2), each of the N groups turned clockwise by its own of `degrees` (N,)."""
    turn, x, y = rotation(degrees)[:, None], vectors[..., 0], vectors[..., 1]
    # Written out: how a matrix product rounds depends on the library that computes it.
    return np.stack([turn[..., 0, 0] * x + turn[..., 0, 1] * y, turn[..., 1, 0] * x + turn[..., 1, 1] * y], axis=-1)


def about_point(linear: ArrayLike, centre: ArrayLike) -> NDArray[np.float64]:
    """The matrix (2, 3) of a turn or a scale `linear` (2, 2) that leaves the point `centre` (2,) where it is.

    >>> about_point([[2, 0], [0, 2]], [10, 20]).tolist()
    [[2.0, 0.0, -10.0], [0.0, 2.0, -20.0]]
    """
    matrix, fixed = np.asarray(linear, np.float64), np.asarray(centre, np.float64)
    return np.column_stack([matrix, fixed - matrix @ fixed])


def edges_to_centres(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """A matrix (2, 3) that moves points in edge coordinates, as one that moves pixel centres: OpenCV's `warpAffine`."""
    linear, by = matrix[:, :2], matrix[:, 2]
    return np.column_stack([linear, by + linear @ [PIXEL_CENTRE, PIXEL_CENTRE] - PIXEL_CENTRE])


def scale_landmarks(landmarks: ArrayLike, by: float | Numbers) -> Numbers:
    """Landmarks (..., 2) of an image that is resized `by` so much, a number or one each for x and y.

    They are scaled from the image's edge, like its pixels: in an image twice as large, (0, 0) is at (0.5, 0.5).
    """
    return (np.asarray(landmarks) + PIXEL_CENTRE) * by - PIXEL_CENTRE


def move_boxes(boxes: Numbers, linear: Numbers, scale: float, centre: ArrayLike, to: ArrayLike) -> Numbers:
    """Boxes after a turn, a mirroring or a scaling. They keep their shape: a turn moves their centres only.

    Parameters
    ----------
    boxes
        (N, 4), x1, y1, x2, y2.
    linear
        (2, 2), the matrix of the change.
    scale
        What it makes of a length of 1.
    centre
        (2,), x and y of a point in edge coordinates.
    to
        (2,), where that point comes to.
    """
    corners = boxes.reshape(-1, 2, 2)  # (N, corner, xy)
    middle = (corners.mean(axis=1) - np.asarray(centre)) @ linear.T + to  # (N, 2)
    half = (corners[:, 1] - corners[:, 0]) * scale / 2  # (N, 2)
    return np.concatenate([middle - half, middle + half], axis=1)


def move_landmarks(landmarks: Numbers, linear: Numbers, centre: ArrayLike, to: ArrayLike) -> Numbers:
    """Landmarks (..., 2), which count pixel centres, after a turn, a mirroring or a scaling.

    Parameters
    ----------
    landmarks
        (..., 2), x and y.
    linear, centre, to
        As in `move_boxes`.
    """
    return (landmarks + PIXEL_CENTRE - np.asarray(centre)) @ linear.T + to - PIXEL_CENTRE


def mirror_boxes(boxes: Numbers, width: float) -> Numbers:
    """Boxes (N, 4) in the mirror image of a picture of `width` px: an edge at 0 comes to `width`."""
    mirrored = np.array(boxes)
    mirrored[:, [0, 2]] = width - boxes[:, [2, 0]]
    return mirrored


def mirror_landmarks(landmarks: Numbers, width: float) -> Numbers:
    """Landmarks (..., 5, 2) in the mirror image of a picture of `width` px: left and right change names.

    They count pixel centres: one at 0 comes to `width` - 1.

    >>> points = np.array([[2, 5], [8, 5], [5, 8], [3, 10], [7, 10]])
    >>> mirror_landmarks(points, width=100).tolist()
    [[91, 5], [97, 5], [94, 8], [92, 10], [96, 10]]
    """
    mirrored = landmarks[..., MIRRORED, :]
    mirrored[..., 0] = width - 1 - mirrored[..., 0]
    return mirrored


def mirror_offsets(offsets: Tensor) -> Tensor:
    """Offsets (N, 4) of mirrored windows: the new x1 is the old -x2. For arrays and tensors.

    >>> mirror_offsets(np.array([[0.25, 0.0, 0.5, 0.0]])).tolist()
    [[-0.5, 0.0, -0.25, 0.0]]
    """
    mirrored = offsets[:, [2, 1, 0, 3]]  # a copy
    mirrored[:, ::2] *= -1
    return mirrored


def mirror_in_window(landmarks: Tensor) -> Tensor:
    """Landmarks (N, 5, 2) of mirrored windows, in window sides: x becomes 1 - x, left and right change names.

    For arrays and tensors.
    """
    mirrored = landmarks[:, MIRRORED]  # a copy
    mirrored[..., 0] = 1 - mirrored[..., 0]
    return mirrored
