"""Lists of photos with five points each: CNN_FacePoint (LFW and web photos) and MTFL (the same and AFLW).

CNN_FacePoint, trainImageList.txt (Sun, Wang, Tang 2013; its page: "the image name, followed by the boundary positions
of the face bounding box returned by our face detector, then ... the five facial points"), left right top bottom first:

    lfw_5590\\Aaron_Eckhart_0001.jpg 84 161 92 169 106.25 107.75 146.75 112.25 125.25 142.75 105.25 157.75 139.75 161.75

MTFL, training.txt (Zhang et al. 2014; its readme: "#image path #x1...x5,y1..y5 #gender #smile #wearing glasses #head
pose"), all x first, and no box:

    lfw_5590\\Aaron_Eckhart_0001.jpg 107.25 147.75 126.25 106.25 140.75 108.75 113.25 143.75 158.75 162.75 1 2 2 3

MTFL counts pixels from 1: on the 10,000 photos that both lists hold, all its 100,000 numbers are CNN_FacePoint's + 1.
"""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.coordinates import PIXEL_CENTRE
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import DatasetError, collect, is_image_name, numbers, quoted, read_lines
from mtcnn_lite.datasets.readers.origin import to_pixel_centres
from mtcnn_lite.datasets.rules import MIN_SIDE, Rules

ATTRIBUTES = {"gender": 2, "smile": 2, "glasses": 2, "pose": 5}  # MTFL's, each counted from 1, with their maxima
NUMBERS = 14  # in a row of either list


class Labels(Protocol):
    def __call__(self, name: str, row: list[float], where: str) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """The points (5, 2) at pixel centres, and what goes to `about`, of an image's 14 numbers."""


def box_from_landmarks(landmarks: ArrayLike) -> Floats:
    """A box like WIDER FACE's, brow to chin, for each face's five points (N, 5, 2): float32 (N, 4).

    Its centre is 1.05 x middle of the eyes - 0.9 x nose + 0.85 x middle of the mouth: a nose that points aside has the
    face's middle on its other side. Its width and height are 1.63 and 2.07 times the points' spread (the root of the
    sum of their squared distances from their mean). A least-squares fit to the boxes that the project's own training
    photos have: mean overlap (IoU) with those 0.88. Points count pixel centres, boxes edges.

    >>> box_from_landmarks([[[40, 50], [80, 50], [60, 70], [45, 90], [75, 90]]]).round().tolist()
    [[17.0, 11.0, 104.0, 122.0]]
    """
    points = np.asarray(landmarks, np.float64).reshape(-1, 5, 2) + PIXEL_CENTRE
    eyes, nose, mouth = points[:, :2].mean(axis=1), points[:, 2], points[:, 3:].mean(axis=1)
    centre = 1.05 * eyes - 0.9 * nose + 0.85 * mouth  # (N, 2)
    spread = np.sqrt(((points - points.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2)))  # (N,)
    half = spread[:, None] * [1.63 / 2, 2.07 / 2]  # (N, 2)
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)


def read_facepoint(
    path: Path | str,
    images: Path | str | None = None,
    *,
    skip_bad: bool = False,
    min_side: float = MIN_SIDE,
    allow_outside: bool = False,
) -> list[LabelledPhoto]:
    """The photos of CNN_FacePoint, one face with five points each.

    The list's own box is tight, brows to mouth: the photo has `box_from_landmarks`, and `about` the list's as
    `tight_box`, [x1, y1, x2, y2]. Points are as given, pixel centres counted from 0. Other faces are unlabelled, so no
    photo is complete.

    Parameters
    ----------
    path
        trainImageList.txt or testImageList.txt.
    images
        What image names are relative to; by default the file's folder.
    skip_bad, min_side, allow_outside
        As in `read_dataset`.

    Raises
    ------
    DatasetError
        For the first line that can't be read, with file and line.
    """

    def labels(name: str, row: list[float], where: str) -> tuple[NDArray[np.float64], dict[str, Any]]:
        left, right, top, bottom = row[:4]
        if left >= right or top >= bottom or any(value % 1 for value in row[:4]):
            raise DatasetError(f"{where}: box {row[:4]}; it must be left < right, top < bottom, all whole")
        return np.reshape(row[4:], (5, 2)), {"dataset": "CNN_FacePoint", "tight_box": [left, top, right, bottom]}

    return _read(Path(path), images, Rules(skip_bad, min_side, allow_outside), labels)


def read_mtfl(
    path: Path | str,
    images: Path | str | None = None,
    *,
    skip_bad: bool = False,
    min_side: float = MIN_SIDE,
    allow_outside: bool = False,
) -> list[LabelledPhoto]:
    """The photos of MTFL, one face with five points each.

    Points have 1 subtracted, because the list counts from 1. In AFLW's photos LANDMARK_ORIGIN["MTFL_AFLW"] is
    subtracted instead, which includes that 1 and another shift. The list has no boxes: the photo has
    `box_from_landmarks`. `about` has gender, smile, glasses and pose as the list codes them (1, 2, ...). Other faces
    are unlabelled, so no photo is complete.

    Parameters
    ----------
    path
        training.txt or testing.txt.
    images
        What image names are relative to; by default the file's folder.
    skip_bad, min_side, allow_outside
        As in `read_dataset`.

    Raises
    ------
    DatasetError
        For the first line that can't be read, with file and line.
    """

    def labels(name: str, row: list[float], where: str) -> tuple[NDArray[np.float64], dict[str, Any]]:
        for (attribute, most), value in zip(ATTRIBUTES.items(), row[10:], strict=True):
            if value not in range(1, most + 1):
                raise DatasetError(f"{where}: {attribute} is {value:g}; it must be a whole number from 1 to {most}")
        about = dict(zip(ATTRIBUTES, map(int, row[10:]), strict=True))
        points = np.reshape(row[:10], (2, 5)).T
        if name.startswith("AFLW"):  # its own shift, which holds the 1
            return to_pixel_centres(points, "MTFL_AFLW")[0], {"dataset": "MTFL", **about}
        return points - 1, {"dataset": "MTFL", **about}

    return _read(Path(path), images, Rules(skip_bad, min_side, allow_outside), labels)


def _read(path: Path, images: Path | str | None, rules: Rules, labels: Labels) -> list[LabelledPhoto]:
    folder = path.parent if images is None else Path(images)

    def photo(where: str, line: str) -> LabelledPhoto:
        name, *words = line.rsplit(maxsplit=NUMBERS)  # from the right: a name may hold spaces
        if len(words) != NUMBERS or not is_image_name(name):
            raise DatasetError(f"{where}: {quoted(line)!r}; a row is an image name and {NUMBERS} numbers")
        points, about = labels(name, numbers(words, where), where)
        image = rules.image_file(folder, name, where)
        return rules.photo(image, box_from_landmarks(points), where, points[None], complete=False, about=about)

    lines = ((f"{path}, line {number}", line) for number, line in read_lines(path))
    return collect(photo, lines, rules.skip_bad)
