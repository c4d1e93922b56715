"""What a data set holds, in a few numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

EDGES = (0, 12, 24, 48, 96, 192)  # px, the shorter side: the nets' windows, and each twice the one before


@dataclass(frozen=True)
class DatasetSummary:
    """Counts over photos; `print` it. `sizes` counts the faces that are not ignored, by shorter side, between EDGES."""

    photos: int
    backgrounds: int  # photos that are complete and have no face
    incomplete: int  # photos in which only the main face is labelled
    faces: int
    ignored: int
    with_landmarks: int
    sizes: tuple[int, ...]

    def __str__(self) -> str:
        bands = [f"{low}-{high}" for low, high in pairwise(EDGES)] + [f"{EDGES[-1]} and more"]
        lines = [
            f"photos          {self.photos:>8,}",
            f"  without faces {self.backgrounds:>8,}",
            f"  main face only{self.incomplete:>8,}",
            f"faces           {self.faces:>8,}",
            f"  ignored       {self.ignored:>8,}",
            f"  with landmarks{self.with_landmarks:>8,}",
            "shorter side, px (faces not ignored)",
            *(f"  {band:<14}{count:>8,}" for band, count in zip(bands, self.sizes, strict=True)),
        ]
        return "\n".join(lines)


def summary(photos: Iterable[LabelledPhoto]) -> DatasetSummary:
    """Count what `photos` hold; no image is opened.

    >>> photo = LabelledPhoto(np.zeros((99, 99, 3), np.uint8), [[0, 0, 20, 24], [0, 0, 5, 5]], ignore=[False, True])
    >>> summary([photo, LabelledPhoto(np.zeros((9, 9, 3), np.uint8), [])])  # doctest: +NORMALIZE_WHITESPACE
    DatasetSummary(photos=2, backgrounds=1, incomplete=0, faces=2, ignored=1, with_landmarks=0,
                   sizes=(0, 1, 0, 0, 0, 0))
    """
    counts = dict.fromkeys(("photos", "backgrounds", "incomplete", "faces", "ignored", "with_landmarks"), 0)
    sizes = np.zeros(len(EDGES), int)
    for photo in photos:
        sides = (photo.boxes[:, 2:] - photo.boxes[:, :2]).min(axis=1, initial=np.inf)[~photo.ignore]
        sizes += np.histogram(sides, [*EDGES, np.inf])[0]
        counts["photos"] += 1
        counts["backgrounds"] += photo.complete and len(photo.boxes) == 0
        counts["incomplete"] += not photo.complete
        counts["faces"] += len(photo.boxes)
        counts["ignored"] += int(photo.ignore.sum())
        counts["with_landmarks"] += int(photo.has_landmarks.sum())
    return DatasetSummary(**counts, sizes=tuple(sizes.tolist()))
