"""Faces two by two, one half behind the other: what NMS may take for two boxes of one face."""

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.course.scenes.backgrounds import background, colours
from mtcnn_lite.course.scenes.cutouts import Cutout, Split, lfw_faces
from mtcnn_lite.course.scenes.paste import Placement
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

CELL = 2.75  # sides of a face: how far apart pairs are
TALL = 1.25  # height of a usual face's box over its width
TURN = 10  # degrees, at most
FRONT, BEHIND = 0.5, 0.6  # how far each paste reaches; the one in front hides no more than its own ellipse


def pairs(
    rng: Generator | ArrayLike,
    rows: int = 2,
    columns: int = 3,
    size: float = 44,
    overlap: tuple[float, float] = (0.3, 0.5),
    split: Split = "held_out",
) -> LabelledPhoto:
    """A photo of pairs of faces of about one size; of each, the first looks out above or beside the second.

    The same seed gives the same bytes on any CPU, as `scene` does. All faces count. Needs scikit-image.

    Parameters
    ----------
    rng : numpy.random.Generator, int or list of int
        The generator, or a seed for one.
    rows, columns : int
        Of pairs.
    size : float
        Shorter side of each face's box, px.
    overlap : (float, float)
        The least and the most IoU of a pair, above 0 and below 1, nearly: boxes differ a little in shape.
    split : "train" or "held_out"
        Whose faces, and which backgrounds.

    Raises
    ------
    ValueError
        For overlaps out of order or range.

    Examples
    --------
    >>> photo = pairs(13)
    >>> photo.image().shape, photo.boxes.shape
    ((242, 363, 3), (12, 4))
    """
    if not 0 < overlap[0] <= overlap[1] < 1:
        raise ValueError(f"overlap is {overlap}; it must be (least, most), 0 < least <= most < 1")
    rng = np.random.default_rng(rng)  # type: ignore[arg-type]
    cell = round(CELL * size)
    picture = background(rng, rows * cell, columns * cell, split)
    placed = []
    for k in range(rows * columns):
        middle = (np.array([k % columns, k // columns]) + 0.5) * cell
        away = apart(rng.uniform(*overlap), size, TALL * size, rng.uniform(0, math.pi)) / 2
        faces = rng.choice(len(lfw_faces(split)), 2, replace=False).tolist()
        for face, at, reach in zip(faces, (middle - away, middle + away), (BEHIND, FRONT), strict=True):
            placed.append(_placement(rng, lfw_faces(split)[face], at.tolist(), size, reach))
            placed[-1].paste(picture)
    boxes, points = [one.box() for one in placed], [one.landmarks() for one in placed]
    return LabelledPhoto(picture, boxes, points, about={"sources": tuple(one.cutout.name for one in placed)})


def apart(overlap: float, width: float, height: float, angle: float) -> NDArray[np.float64]:
    """How far (x, y) two boxes of one size are apart where their IoU is `overlap`.

    Parameters
    ----------
    overlap : float
        Above 0 and below 1.
    width, height : float
        Of the boxes, px.
    angle : float
        The direction, radians; 0 is to the right.

    Examples
    --------
    >>> apart(1 / 3, 10, 10, 0).round(3).tolist()
    [5.0, 0.0]
    """
    way, near, far = np.array([math.cos(angle), math.sin(angle)]), 0.0, width + height
    for _ in range(40):  # the farther, the lower: halve the range
        middle = (near + far) / 2
        shared = float(np.maximum([width, height] - middle * np.abs(way), 0).prod())
        near, far = (middle, far) if shared / (2 * width * height - shared) > overlap else (near, middle)
    return near * way


def _placement(rng: Generator, cutout: Cutout, at: list[float], size: float, reach: float) -> Placement:
    x1, y1, x2, y2 = cutout.box
    tint = max(rng.uniform(-1 / 3, 1), 0)
    look = colours(rng, (0.8, 1.1), 10, 1 + tint * np.array([0.15, -0.1, -0.3]))
    turn, mirrored = rng.uniform(-TURN, TURN), bool(rng.random() < 0.5)
    return Placement(cutout, at[0], at[1], size / min(x2 - x1, y2 - y1), turn, mirrored, reach, look)
