"""The canvas of the detector's explorers: a photo, the candidates on it, and the level's map beside it.

The candidates travel to the browser once. Sliders linked to `threshold`, `step` or `level` filter them there, so the
picture follows within a frame; what Python must compute anew arrives as one message, `show`. canvas.js draws.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.course.explorers.base import Drawing, synced
from mtcnn_lite.draw import COLOURS, Picture


@dataclass(frozen=True, eq=False)
class Layers:
    """What a canvas shows of one photo.

    steps: names of the steps, in order. boxes (S, N, 4): where each candidate is at each of S steps, image pixels.
    alive (N,): how many of the steps it takes part in, 1 to S. scores (N,), or (S, N) where they change from step to
    step. level (N,): its pyramid level. maps: each level's scores (rows, columns). scales: each level's scale. windows:
    how many the net scored.

    cut_from: the first step that the threshold in the browser applies to. landmarks (N, 5, 2), NaN where a candidate
    has none: drawn at the last step. costs: for each step, the milliseconds a box took and the step whose boxes those
    are, -1 for the windows; empty where no times are shown.
    """

    steps: Sequence[str]
    boxes: Floats
    alive: NDArray[np.uint8]
    scores: Floats
    level: NDArray[np.uint8]
    maps: Sequence[Floats]
    scales: Sequence[float]
    windows: int
    cut_from: int = 0
    landmarks: Floats | None = None
    costs: Sequence[tuple[float, int]] = ()

    def shown(self, step: int, threshold: float) -> NDArray[np.bool_]:
        """Which candidates (N,) are left at a step, with the threshold where it applies: as canvas.js decides it."""
        scores = self.scores if self.scores.ndim == 1 else self.scores[step]
        return (self.alive > step) & ((step < self.cut_from) | (scores >= np.float32(threshold)))

    def counts(self, threshold: float) -> dict[str, int]:
        """How many are left at each step: what canvas.js counts in the browser."""
        return {name: int(self.shown(step, threshold).sum()) for step, name in enumerate(self.steps)}


@dataclass(frozen=True)
class Bars:
    """A histogram of scores for a slider of thresholds: counts[0] lie under all stops, counts[k] from stop k - 1 on.

    stop: the index of the slider's stop; -1 where it is the canvas's own, which moves in the browser.
    """

    name: str
    colour: str
    counts: Sequence[int]
    stop: int

    @staticmethod
    def count(scores: Floats, stops: Sequence[float]) -> list[int]:
        """How many scores lie under all stops, from the first on, from the second on, ..."""
        bins = np.searchsorted(np.asarray(stops, np.float32), scores, side="right")
        return np.bincount(bins, minlength=len(stops) + 1).tolist()


class Canvas(Drawing):
    """The shared canvas; fill it with `show`. A click sends the box under it: {"clicked": [x1, y1, x2, y2]}."""

    threshold = synced(0.6)
    stops, stop = synced([]), synced(0)  # where not empty, stops[stop] is the threshold
    step, level = synced(0), synced(0)
    only_level = synced(False)
    together = synced(False)  # earlier steps too, each box where it got to
    colour = synced("#0072B2")
    colours = synced([])  # one a step; `colour` for all where empty
    dots = synced(COLOURS["landmark"])
    with_map = synced(True)
    note = synced("")  # a line or two under the table
    bars = synced([])  # histograms of scores, see `Bars`

    photo, size = synced(b""), synced([1, 1])  # a JPEG; its width and height
    steps = synced([])
    boxes, alive, scores, candidate_level = synced(b""), synced(b""), synced(b""), synced(b"")
    maps = synced(b"")  # all levels' scores, 0 to 255, one after the other
    levels = synced([])  # [rows, columns, scale] of each
    windows, cut_from = synced(0), synced(0)
    landmarks = synced(b"")
    costs = synced([])
    revision = synced(0)  # the browser redraws when it changes: once a message

    def __init__(self, **values: Any) -> None:
        super().__init__("canvas.js", **values)

    def show(self, layers: Layers, photo: NDArray[np.uint8] | None = None, bars: Sequence[Bars] = ()) -> None:
        """Send new candidates in a single message.

        Parameters
        ----------
        layers : Layers, the candidates and the levels' maps
        photo : uint8 (H, W, 3), optional, a new photo; without it the old one stays
        bars : sequence of Bars, histograms of scores; none for a canvas without them
        """
        with self.hold_sync():
            self.bars = [asdict(each) for each in bars]
            if photo is not None:
                self.photo, self.size = Picture(photo).encode("JPEG"), [photo.shape[1], photo.shape[0]]
            self.steps = list(layers.steps)
            self.boxes = np.asarray(layers.boxes, np.float32).tobytes()
            self.alive, self.scores = layers.alive.tobytes(), np.asarray(layers.scores, np.float32).tobytes()
            self.candidate_level = layers.level.tobytes()
            self.maps = b"".join((face_map * 255).round().astype(np.uint8).tobytes() for face_map in layers.maps)
            self.levels = [[*face_map.shape, scale] for face_map, scale in zip(layers.maps, layers.scales, strict=True)]
            self.windows, self.cut_from = layers.windows, layers.cut_from
            self.landmarks = b"" if layers.landmarks is None else np.asarray(layers.landmarks, np.float32).tobytes()
            self.costs = [list(cost) for cost in layers.costs]
            self.level = min(self.level, max(len(layers.maps) - 1, 0))
            self.revision += 1
