"""Where pixels lie, and what turns and mirrors do to boxes, landmarks and targets.

Box corners lie on pixel edges: (0, 0) is the outer corner of the top left pixel. Landmarks, as in label files and
OpenCV, count pixel centres: (0, 0) is the centre of that pixel. So a point measured from box corners is half a pixel
more than the same point as a landmark. y grows downwards.

Every function raises ValueError, naming the argument, for shapes that don't fit, for infinity, and for NaN where it can
mean nothing: a landmark that nobody marked is NaN, and stays so. TypeError is for what are no numbers.
"""

from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.arguments import is_tensor, number, plain
from mtcnn_lite.array_arguments import finite, floats, tensor

Numbers = NDArray[Any]  # float32 or float64
Tensor = TypeVar("Tensor", bound=Any)  # a numpy array or a torch tensor: what is done here, both can do

PIXEL_CENTRE = 0.5  # a pixel's centre, as seen from its outer corner

FINITE = "be from -1e9 to 1e9"

MIRRORED = [1, 0, 2, 4, 3]  # the landmarks of a mirrored face: eyes and mouth corners change places


def rotation(degrees: ArrayLike) -> NDArray[np.float64]:
    """The matrix of a turn by `degrees` (...), clockwise as one looks at it: (..., 2, 2), for columns x, y.

    >>> rotation(90).round().tolist()  # what was on the right is below
    [[0.0, -1.0], [1.0, 0.0]]
    """
    angle = np.radians(finite("degrees", floats("degrees", degrees, np.float64)))
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cos, -sin], axis=-1), np.stack([sin, cos], axis=-1)], axis=-2)


def rotate(vectors: Numbers, degrees: ArrayLike) -> NDArray[np.float64]:
    """Vectors x, y (N, M, 2), each of the N groups turned clockwise by its own of `degrees` (N,)."""
    arrows, turns = _rows("vectors", vectors, (None, None, 2)), _rows("degrees", degrees, (None,))
    if len(arrows) != len(turns):
        raise ValueError(f"vectors has shape {arrows.shape} and degrees {turns.shape}; each group needs its own turn")
    turn, x, y = rotation(turns)[:, None], arrows[..., 0], arrows[..., 1]
    # Written out: how a matrix product rounds depends on the library that computes it.
    return np.stack([turn[..., 0, 0] * x + turn[..., 0, 1] * y, turn[..., 1, 0] * x + turn[..., 1, 1] * y], axis=-1)


def about_point(linear: ArrayLike, centre: ArrayLike) -> NDArray[np.float64]:
    """The matrix (2, 3) of a turn or a scale `linear` (2, 2) that leaves the point `centre` (2,) where it is.

    >>> about_point([[2, 0], [0, 2]], [10, 20]).tolist()
    [[2.0, 0.0, -10.0], [0.0, 2.0, -20.0]]
    """
    matrix, fixed = _fixed("linear", linear, (2, 2)), _fixed("centre", centre, (2,))
    return np.column_stack([matrix, fixed - matrix @ fixed])


def edges_to_centres(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """A matrix (2, 3) that moves points in edge coordinates, as one that moves pixel centres: OpenCV's `warpAffine`."""
    whole_matrix = _fixed("matrix", matrix, (2, 3))
    linear, by = whole_matrix[:, :2], whole_matrix[:, 2]
    return np.column_stack([linear, by + linear @ [PIXEL_CENTRE, PIXEL_CENTRE] - PIXEL_CENTRE])


def scale_landmarks(landmarks: ArrayLike, by: float | Numbers) -> Numbers:
    """Landmarks (..., 2) of an image that is resized `by` so much, a number or one each for x and y.

    They are scaled from the image's edge, like its pixels: in an image twice as large, (0, 0) is at (0.5, 0.5).
    """
    points = _rows("landmarks", landmarks, (..., 2))
    one = plain(by)
    factor = number("by", by, _within, FINITE) if one is not None else finite("by", floats("by", by, dtype=None))
    if np.ndim(factor) and np.shape(factor) != (2,):
        raise ValueError(f"by has shape {np.shape(factor)}; it must be a number, or two: one for x and one for y")
    return (points + PIXEL_CENTRE) * factor - PIXEL_CENTRE


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
    corners = finite("boxes", _rows("boxes", boxes, (None, 4))).reshape(-1, 2, 2)  # (N, corner, xy)
    turn, centre, to = _fixed("linear", linear, (2, 2)), _fixed("centre", centre, (2,)), _fixed("to", to, (2,))
    middle = (corners.mean(axis=1) - centre) @ turn.T + to  # (N, 2)
    half = (corners[:, 1] - corners[:, 0]) * number("scale", scale, _within, FINITE) / 2  # (N, 2)
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
    points, turn = _rows("landmarks", landmarks, (..., 2)), _fixed("linear", linear, (2, 2))
    centre, to = _fixed("centre", centre, (2,)), _fixed("to", to, (2,))
    return (points + PIXEL_CENTRE - centre) @ turn.T + to - PIXEL_CENTRE


def mirror_boxes(boxes: Numbers, width: float) -> Numbers:
    """Boxes (N, 4) in the mirror image of a picture of `width` px: an edge at 0 comes to `width`."""
    rows, width = finite("boxes", _rows("boxes", boxes, (None, 4))), number("width", width, _within, FINITE)
    mirrored = rows.astype(np.result_type(rows, width))  # a copy
    mirrored[:, [0, 2]] = width - rows[:, [2, 0]]
    return mirrored


def mirror_landmarks(landmarks: Numbers, width: float) -> Numbers:
    """Landmarks (..., 5, 2) in the mirror image of a picture of `width` px: left and right change names.

    They count pixel centres: one at 0 comes to `width` - 1.

    >>> points = np.array([[2, 5], [8, 5], [5, 8], [3, 10], [7, 10]])
    >>> mirror_landmarks(points, width=100).tolist()
    [[91, 5], [97, 5], [94, 8], [92, 10], [96, 10]]
    """
    rows, width = _rows("landmarks", landmarks, (..., 5, 2)), number("width", width, _within, FINITE)
    mirrored = rows[..., MIRRORED, :].astype(np.result_type(rows, width), copy=False)  # a copy
    mirrored[..., 0] = width - 1 - mirrored[..., 0]
    return mirrored


def mirror_offsets(offsets: Tensor) -> Tensor:
    """Offsets (N, 4) of mirrored windows: the new x1 is the old -x2. For arrays and tensors.

    >>> mirror_offsets(np.array([[0.25, 0.0, 0.5, 0.0]])).tolist()
    [[-0.5, 0.0, -0.25, 0.0]]
    """
    mirrored = _of_either("offsets", offsets, (None, 4))[:, [2, 1, 0, 3]]  # a copy
    mirrored[:, ::2] *= -1
    return mirrored


def mirror_in_window(landmarks: Tensor) -> Tensor:
    """Landmarks (N, 5, 2) of mirrored windows, in window sides: x becomes 1 - x, left and right change names.

    For arrays and tensors.
    """
    mirrored = _of_either("landmarks", landmarks, (None, 5, 2))[:, MIRRORED]  # a copy
    mirrored[..., 0] = 1 - mirrored[..., 0]
    return mirrored


def _within(value: float) -> bool:
    return abs(value) <= 1e9


def _rows(name: str, values: object, shape: tuple[Any, ...]) -> Numbers:
    """Numbers of this shape, in which None is any length and a leading ... any axes; whole ones stay whole."""
    array = values if type(values) is np.ndarray and values.dtype.kind in "fi" else floats(name, values, dtype=None)
    _check_shape(name, array, shape)
    if array.size and np.isinf(array).any():
        raise ValueError(f"{name} holds infinity; every number must be finite")
    return array


def _fixed(name: str, values: object, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A matrix or a point."""
    array = floats(name, values, np.float64, shape=f"numbers of shape {shape}")
    _check_shape(name, array, shape)
    return finite(name, array)


def _of_either(name: str, values: Tensor, shape: tuple[Any, ...]) -> Tensor:
    """An array, or a tensor that stays one."""
    if not is_tensor(values):
        return cast(Tensor, _rows(name, values, shape))
    _check_shape(name, tensor(name, values, "of numbers"), shape)
    return cast(Tensor, values)


def _check_shape(name: str, array: Any, shape: tuple[Any, ...]) -> None:
    sides = [side for side in shape if side is not ...]
    last = array.shape[-len(sides) :]
    right = len(last) == len(sides) and all(side in (None, found) for side, found in zip(sides, last, strict=True))
    if not right or (shape[0] is not ... and array.ndim != len(shape)):
        lengths = iter("NMK")
        asked = ", ".join("..." if side is ... else next(lengths) if side is None else str(side) for side in shape)
        raise ValueError(f"{name} has shape {tuple(array.shape)}; it must be ({asked}{',' if len(shape) == 1 else ''})")
