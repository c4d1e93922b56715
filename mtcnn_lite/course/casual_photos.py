"""Made-up photos of one person, head askew, light from a side: each cut out plainly, by its box, or by its points.

Each picture of `lfw_subset` is a person. Its photos are views of that one picture, so they share expression, hair and
day: how far a net that tells them apart gets with real photos, they can't say.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.alignment import Matrices, similarity_transform, template, transform_points
from mtcnn_lite.boxes import square_boxes
from mtcnn_lite.coordinates import PIXEL_CENTRE, rotation
from mtcnn_lite.course.scenes.cutouts import Cutout, Split, lfw_faces
from mtcnn_lite.embedding import SIZE, varied
from mtcnn_lite.embedding.views import Variation
from mtcnn_lite.images import Pixels

Way = Literal["plain", "two eyes", "five points"]
WAYS: dict[Way, int] = {"plain": 0, "two eyes": 2, "five points": 5}  # how many points each is cut by
RIM = 16  # px round a patch, in which its edge is repeated
TARGET = template(SIZE)
LIGHT = Variation(turn=0, zoom=0, shift=0)  # what is left to `varied`: how a face lies is decided here


@dataclass(frozen=True)
class Taken:
    """How photos are taken and faces found in them.

    Parameters
    ----------
    turn : float
        Of the head in the picture plane, degrees, a standard deviation.
    box : float
        How far a box's middle is off along each axis, and its size, as shares of its side, standard deviations.
    points : float
        How far a landmark is off on average, as a share of the distance between the eyes.
    """

    turn: float = 8.0
    box: float = 0.04
    points: float = 0.04


CASUAL = Taken()


def photos(
    split: Split, views: int, seed: int, way: Way = "five points", taken: Taken = CASUAL, light: bool = True
) -> Pixels:
    """So many photos of each person, each cut out to 32 x 32 px: uint8 (people, views, 32, 32, 3).

    Parameters
    ----------
    split : "train" or "held_out"
        Which people: 70 or 29.
    views : int
        Photos of each.
    seed : int
        The same one gives the same photos, whatever the way they are cut.
    way : "plain", "two eyes" or "five points"
        By the square of its box, or by a similarity transform of some of its points.
    taken : Taken
        How askew heads are, how far off boxes and points.
    light : bool
        Whether photos are mirrored, lit from a side, blurred, noisy and partly covered, each at random.
    """
    faces = lfw_faces(split)
    matrices = [placed(face, views, np.random.default_rng([seed, k]), way, taken) for k, face in enumerate(faces)]
    crops = np.zeros((len(faces), views, SIZE, SIZE, 3), np.uint8)
    for face, some, rows in zip(faces, matrices, crops, strict=True):
        patch = np.pad(face.copies[0], ((RIM, RIM), (RIM, RIM), (0, 0)), mode="edge")
        for matrix, row in zip(some, rows, strict=True):
            shift = matrix[:, 2] - matrix[:, :2] @ [RIM, RIM]  # the patch begins that far from the rim's corner
            cv2.warpAffine(patch, np.column_stack([matrix[:, :2], shift]), (SIZE, SIZE), dst=row,
                           borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    if not light:
        return crops
    flat = varied(crops.reshape(-1, SIZE, SIZE, 3), np.random.default_rng(seed), LIGHT)
    return flat.reshape(crops.shape)


def placed(face: Cutout, views: int, rng: np.random.Generator, way: Way, taken: Taken) -> Matrices:
    """From the pixel centres of the face's patch to those of its crops, (views, 2, 3).

    Parameters
    ----------
    face : Cutout
        With landmarks.
    views : int
        How many photos are taken of it.
    rng : Generator
        Of the turns and the errors: as many draws whatever the way.
    way, taken : Way, Taken
        As for `photos`.
    """
    assert face.landmarks is not None
    square = square_boxes(np.array([face.box]))[0]
    middle, side = (square[:2] + square[2:]) / 2 - PIXEL_CENTRE, square[2] - square[0]
    turns = rotation(rng.normal(0, taken.turn, views))  # (V, 2, 2)
    off, size = rng.normal(0, taken.box * side, (views, 2)), side * np.exp(rng.normal(0, taken.box, views))
    eyes = np.linalg.norm(face.landmarks[1] - face.landmarks[0])
    noise = rng.normal(0, taken.points * eyes * np.sqrt(2 / np.pi), (views, 5, 2))  # so the mean length is `points`
    photo = np.concatenate([turns, (middle - turns @ middle)[..., None]], axis=2)  # (V, 2, 3) patch to photo
    if way == "plain":
        scale = SIZE / size  # (V,)
        corner = (SIZE - 1) / 2 - scale[:, None] * (middle + off)
        cut = np.concatenate([scale[:, None, None] * np.eye(2), corner[:, :, None]], axis=2)
    else:
        rows = slice(0, WAYS[way])
        given = transform_points(face.landmarks, photo) + noise  # (V, 5, 2)
        cut = similarity_transform(given[:, rows], TARGET[rows])
    linear = cut[:, :, :2] @ photo[:, :, :2]  # (V, 2, 2)
    shift = (cut[:, :, :2] @ photo[:, :, 2:])[..., 0] + cut[:, :, 2]
    return np.concatenate([linear, shift[..., None]], axis=2)


def whose(crops: Pixels) -> NDArray[np.int64]:
    """The person of each photo where (people, views, ...) is read row by row, (people * views,)."""
    return np.repeat(np.arange(crops.shape[0]), crops.shape[1])
