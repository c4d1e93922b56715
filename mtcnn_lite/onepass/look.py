"""Photos as a one-pass net sees them, many together where their sizes allow it, and its anchors. No torch."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.anchors import anchor_levels
from mtcnn_lite.boxes import Floats
from mtcnn_lite.images import Pixels
from mtcnn_lite.onepass.settings import OnePassSettings
from mtcnn_lite.pyramid import halvings, level_size, resize_levels
from mtcnn_lite.runtime.parallel import in_own_thread
from mtcnn_lite.runtime.threads import thread_count, torch_uses

Said = tuple[Floats, Floats, Floats]  # of a photo's A anchors: scores (A,), offsets (A, 4), points (A, 10)

MULTIPLE = 32  # of which the net's input is in height and width: its coarsest stride
FILL = 127  # of what is added for that: as near as a byte comes to what the nets see as 0
MOST = 32_000_000  # pixels that the net sees at once, for which it takes about 2 GB; a larger photo is shrunk


class OnePassEngine(Protocol):
    """What computes a one-pass net. Threads may share it."""

    name: str  # "torch"
    device: str  # "cpu", "cuda" or "mps"

    @property
    def anchors(self) -> Mapping[int, Sequence[float]]:
        """The anchors' sides by stride."""

    def __call__(self, photos: Pixels) -> list[Said]:
        """What the net says of photos (N, H, W, 3), H and W multiples of 32."""


class Look(NamedTuple):
    """What the net said of one photo.

    anchors (A, 4), px of the photo; level (A,), which stride; cell (A, 2), row and column there. scores (A,), offsets
    (A, 4), points (A, 10): see `model.Answer`.
    """

    anchors: Floats
    level: NDArray[np.int64]
    cell: NDArray[np.int64]
    scores: Floats
    offsets: Floats
    points: Floats


class Grid(NamedTuple):
    """The anchors of a picture: boxes (A, 4), level (A,) and cell (A, 2)."""

    boxes: Floats
    level: NDArray[np.int64]
    cell: NDArray[np.int64]


def grid(height: int, width: int, levels: Mapping[int, Sequence[float]]) -> Grid:
    """The anchors of a picture, in the order of the net's answers.

    Parameters
    ----------
    height, width : int
        Of the picture, px.
    levels : mapping
        The anchors' sides by stride.
    """
    boxes = anchor_levels(height, width, levels)
    cells = []
    for (stride, sides), of_level in zip(levels.items(), boxes, strict=True):
        row, column = np.divmod(np.arange(len(of_level)) // len(sides), -(-width // stride))
        cells.append(np.stack([row, column], axis=1))
    level = np.repeat(np.arange(len(boxes)), [len(of_level) for of_level in boxes])
    return Grid(np.concatenate(boxes), level, np.concatenate(cells))


def look(engine: OnePassEngine, photos: Sequence[Pixels], settings: OnePassSettings) -> list[Look]:
    """What the net says of each photo, asked once for all whose sizes are equal when rounded up to 32 px.

    The net adds zeros round a picture, and what it says of a photo depends on where they begin. So photos of other
    sizes than these are never filled up to one another's: each gets what it gets alone.

    Parameters
    ----------
    engine : OnePassEngine
    photos : sequence of uint8 (H, W, 3)
        RGB.
    settings : OnePassSettings
        Its `min_face` says at which size the net sees them.
    """
    seen = [resized(photo, settings.scale) for photo in photos]
    together = defaultdict[tuple[int, int], list[int]](list)
    for number, picture in enumerate(seen):
        height, width = picture.shape[:2]
        together[-(-height // MULTIPLE) * MULTIPLE, -(-width // MULTIPLE) * MULTIPLE].append(number)
    looks: dict[int, Look] = {}
    for (height, width), numbers in together.items():
        batch = np.full((len(numbers), height, width, 3), FILL, np.uint8)
        for row, number in enumerate(numbers):
            batch[row, : seen[number].shape[0], : seen[number].shape[1]] = seen[number]
        anchors = grid(height, width, engine.anchors)
        for number, said in zip(numbers, _asked(engine, batch), strict=True):
            back = np.array(photos[number].shape[1::-1]) / seen[number].shape[1::-1]  # px of the photo for one seen
            boxes = (anchors.boxes * np.tile(back, 2)).astype(np.float32)
            looks[number] = Look(boxes, anchors.level, anchors.cell, *said)
    return [looks[number] for number in range(len(photos))]


def resized(photo: Pixels, scale: float) -> Pixels:
    """The photo at `scale` times its size, of at least 1 px and at most MOST."""
    scale = min(scale, (MOST / (photo.shape[0] * photo.shape[1])) ** 0.5)
    if scale == 1:
        return photo
    height, width = level_size(photo.shape[0], photo.shape[1], scale)
    if scale < 1 and min(height, width) >= 1:
        return resize_levels(halvings(photo, scale), [scale])[0]
    size = max(width, 1), max(height, 1)
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _asked(engine: OnePassEngine, batch: Pixels) -> list[Said]:
    """The net's answers. Its threads end with the call: a process may be forked from this one afterwards."""
    threads = thread_count()

    def ask() -> list[Said]:
        torch_uses(threads)
        return engine(batch)

    return engine(batch) if threads == 1 else in_own_thread(ask)
