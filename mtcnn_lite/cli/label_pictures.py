"""What `mtcnn-lite label` labels: the frames of a clip or the photos of a folder, each with the name of its copy."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mtcnn_lite.photos.folders import named_as_photo

if TYPE_CHECKING:
    from mtcnn_lite.images import Pixels

LONGEST_NAME = 48  # letters of a clip's or photo's name in that of a copy: with a number, short enough for any system


@dataclass(frozen=True, eq=False)
class Picture:
    """A frame or a photo. source: the clip or photo; name: of its copy, without ending; read: gives its pixels."""

    source: Path
    name: str
    read: "Callable[[], Pixels]"


def of_clip(clip: Path, every: int, seconds: float | None) -> tuple[Iterator[Picture], int | None]:
    """The frames of a clip, and how many there will be by what its header says; None where it says nothing.

    Parameters
    ----------
    clip : Path
    every : int
        One in so many frames, 1 or more.
    seconds : float or None
        In place of `every`: one in so many seconds, above 0.

    Raises
    ------
    VideoError
        For what is no clip; while it is read, where no frame can be decoded.
    """
    from mtcnn_lite.video import about, frames

    header, shown = about(clip), frames(clip, every, seconds)
    total = math.ceil(header.seconds / seconds) if seconds else math.ceil(header.frames / every)

    def pictures() -> Iterator[Picture]:
        for frame in shown:
            yield Picture(clip, f"{plain(clip.stem)}_frame{frame.number:06d}", partial(_same, frame.image))

    return pictures(), total or None


def of_photos(photos: list[Path], max_pixels: int) -> Iterator[Picture]:
    """The photos, each with its place among them, from 1, in its name: two of one name in two folders stay two."""
    from mtcnn_lite.images import read_image

    for place, photo in enumerate(photos, start=1):
        yield Picture(photo, f"{place:06d}_{plain(photo.stem)}", partial(read_image, photo, max_pixels))


def is_clip(path: Path) -> bool:
    """Whether a path is to be opened as a clip: a file that is not named as a photo; a GIF may move."""
    return path.is_file() and (not named_as_photo(path) or path.suffix.lower() == ".gif")


def plain(name: str) -> str:
    """A name of letters, digits, dots and dashes, which every file system, XML and labelling tool takes.

    >>> plain("lesson 3 (cut).final")
    'lesson_3_cut_.final'
    """
    return re.sub(r"[^\w.-]+", "_", name)[:LONGEST_NAME]


def _same(image: "Pixels") -> "Pixels":
    return image
