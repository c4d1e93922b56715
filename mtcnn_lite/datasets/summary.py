"""What a data set holds, in a few numbers, and what was left out when it was read."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.readers.folders import NO_LABELS, OTHER_CLASSES

CLASSES_SHOWN, LETTERS = 5, 40  # of the classes that were left out, and of a class's name
EDGES = (0, 12, 24, 48, 96, 192)  # px, the shorter side: the nets' windows, and each twice the one before


@dataclass(frozen=True)
class DatasetSummary:
    """Counts over photos; `print` it.

    `sizes` counts the faces that are not ignored, by shorter side, between EDGES. `other_classes` has the classes of
    which boxes were left out, and how many, the most first.
    """

    photos: int
    backgrounds: int  # photos that are complete and have no face
    incomplete: int  # photos in which only the main face is labelled
    faces: int
    ignored: int
    with_landmarks: int
    sizes: tuple[int, ...]
    without_labels: int = 0  # photos that are background because they have no label file
    other_classes: tuple[tuple[str, int], ...] = ()

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
        if self.without_labels:
            photos, taken = ("photo", "a photo") if self.without_labels == 1 else ("photos", "photos")
            lines.append(f"{self.without_labels:,} {photos} without a label file: taken as {taken} without a face")
        if self.other_classes:
            count = sum(number for _, number in self.other_classes)
            of = "box of another class" if count == 1 else "boxes of other classes"
            lines.append(f"{count:,} {of} left out ({_listed(self.other_classes)})")
        return "\n".join(lines)


def _listed(classes: tuple[tuple[str, int], ...]) -> str:
    """The first few classes with their numbers."""
    named = [f"{' '.join(name.split())[:LETTERS]} {number:,}" for name, number in classes[:CLASSES_SHOWN]]
    more = len(classes) - CLASSES_SHOWN
    return ", ".join(named) + (f" and {more:,} more" if more > 0 else "")


def summary(photos: Iterable[LabelledPhoto]) -> DatasetSummary:
    """Count what `photos` hold; no image is opened.

    >>> photo = LabelledPhoto(np.zeros((99, 99, 3), np.uint8), [[0, 0, 20, 24], [0, 0, 5, 5]], ignore=[False, True])
    >>> summary([photo, LabelledPhoto(np.zeros((9, 9, 3), np.uint8), [])])  # doctest: +NORMALIZE_WHITESPACE
    DatasetSummary(photos=2, backgrounds=1, incomplete=0, faces=2, ignored=1, with_landmarks=0,
                   sizes=(0, 1, 0, 0, 0, 0), without_labels=0, other_classes=())
    """
    counts = dict.fromkeys(
        ("photos", "backgrounds", "incomplete", "faces", "ignored", "with_landmarks", "without_labels"), 0
    )
    others: Counter[str] = Counter()
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
        counts["without_labels"] += photo.about.get(NO_LABELS) is True
        others.update(_other_classes(photo))
    most_first = sorted(others.items(), key=lambda item: (-item[1], item[0]))
    return DatasetSummary(**counts, sizes=tuple(sizes.tolist()), other_classes=tuple(most_first))


def _other_classes(photo: LabelledPhoto) -> dict[str, int]:
    """What a reader noted, and `write_jsonl` may have kept; a file of ours may hold anything under this name."""
    noted = photo.about.get(OTHER_CLASSES)
    counted = noted.items() if isinstance(noted, dict) else ()
    return {name: number for name, number in counted if isinstance(name, str) and type(number) is int and number > 0}
