"""A canvas with a photo, the candidates on it, and a table with what each step leaves and costs.

The candidates travel to the browser once. What is linked to `step` filters them there, so the picture follows within a
frame; what Python must compute anew arrives as one message, `show`. canvas.js draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
    step. level (N,): its pyramid level. scales: each level's scale. windows: how many the net scored.

    cut_from: the first step that the threshold in the browser applies to. landmarks (N, 5, 2), NaN where a candidate
    has none: drawn at the last step. costs: for each step, the milliseconds a box took and the step whose boxes those
    are, -1 for the windows; empty where no times are shown.
    """

    steps: Sequence[str]
    boxes: Floats
    alive: NDArray[np.uint8]
    scores: Floats
    level: NDArray[np.uint8]
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


class Canvas(Drawing):
    """The canvas; fill it with `show`. A click sends the box under it: {"clicked": [x1, y1, x2, y2]}."""

    threshold = synced(0.6)
    step = synced(0)
    colours = synced([])  # one a step
    dots = synced(COLOURS["landmark"])
    note = synced("")  # a line or two under the table

    photo, size = synced(b""), synced([1, 1])  # a JPEG; its width and height
    steps = synced([])
    boxes, alive, scores, candidate_level = synced(b""), synced(b""), synced(b""), synced(b"")
    scales = synced([])  # of the levels
    windows, cut_from = synced(0), synced(0)
    landmarks = synced(b"")
    costs = synced([])
    revision = synced(0)  # the browser redraws when it changes: once a message

    def __init__(self, **values: Any) -> None:
        super().__init__("canvas.js", **values)

    def show(self, layers: Layers, photo: NDArray[np.uint8] | None = None) -> None:
        """Send new candidates in a single message; without a `photo` the old one stays."""
        with self.hold_sync():
            if photo is not None:
                self.photo, self.size = Picture(photo).encode("JPEG"), [photo.shape[1], photo.shape[0]]
            self.steps = list(layers.steps)
            self.boxes = np.asarray(layers.boxes, np.float32).tobytes()
            self.alive, self.scores = layers.alive.tobytes(), np.asarray(layers.scores, np.float32).tobytes()
            self.candidate_level = layers.level.tobytes()
            self.scales = list(layers.scales)
            self.windows, self.cut_from = layers.windows, layers.cut_from
            self.landmarks = b"" if layers.landmarks is None else np.asarray(layers.landmarks, np.float32).tobytes()
            self.costs = [list(cost) for cost in layers.costs]
            self.revision += 1
