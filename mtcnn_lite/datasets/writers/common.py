"""What the writers share: the order and the names of the points, and what of a photo a format can say."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mtcnn_lite.coordinates import MIRRORED
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.images import read_size

# In our order. "Left" is the picture's, as COCO's own left_eye is the person's.
POINTS = ("picture_left_eye", "picture_right_eye", "nose", "picture_left_mouth", "picture_right_mouth")
FLIPPED = [int(k) for k in MIRRORED]  # which point each becomes in the mirror


@dataclass(frozen=True)
class Picture:
    """A photo's file, as a label file speaks of it: its name relative to the folder of images, and its size in px."""

    file: Path
    name: str
    width: int
    height: int


def picture(photo: LabelledPhoto, number: int, images: Path) -> Picture:
    """What a label file says of a photo's image.

    Parameters
    ----------
    photo : LabelledPhoto
    number : int
        Its place among the photos, from 0, for the errors.
    images : Path
        The folder that its file must lie in, or in one below.

    Raises
    ------
    ValueError
        Where the photo is no file or lies elsewhere, and where not all its faces are labelled.
    ImageError
        Where the file's size can't be read.
    """
    source = photo.source
    if not isinstance(source, Path):
        raise ValueError(f"photos[{number}] is no file: save its pixels first and give that path as source")
    if not source.is_relative_to(images):
        raise ValueError(f"photos[{number}] is {source}; it must lie in {images}")
    if not photo.complete:
        raise ValueError(f"photos[{number}] is not complete: only JSONL can say that some of its faces have no label")
    height, width = read_size(source)
    return Picture(source, source.relative_to(images).as_posix(), width, height)


def none_ignored(photo: LabelledPhoto, number: int, format_name: str) -> None:
    """Refuse a photo with an ignored face for a format that can't say it: there it would be a face or background.

    Parameters
    ----------
    photo : LabelledPhoto
    number : int
        Its place among the photos, from 0, for the error.
    format_name : str
        For the error.

    Raises
    ------
    ValueError
        Where a face is ignored.
    """
    if photo.ignore.any():
        face = int(np.flatnonzero(photo.ignore)[0])
        raise ValueError(
            f"photos[{number}], face {face + 1} is ignored, which {format_name} can't say; COCO and JSONL can"
        )
