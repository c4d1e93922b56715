"""The canvas that all explorers share: a photo, the candidates on it, and the level's map beside it.

The candidates travel to the browser once. Sliders linked with `ipywidgets.jslink` to `threshold`, `step` or
`level` filter them there, so the picture follows within a frame; what Python must compute anew
arrives as one message, `show`. canvas.js does the drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import traitlets
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.draw import Picture


@dataclass(frozen=True, eq=False)
class Layers:
    """What a canvas shows of one photo.

    steps: names of the steps, in order. boxes (S, N, 4): where each candidate is at each of S steps, image pixels.
    alive (N,): how many of the steps it takes part in, 1 to S. scores (N,). level (N,): its pyramid level.
    maps: each level's scores (rows, columns). scales: each level's scale. windows: how many the net scored.
    """

    steps: Sequence[str]
    boxes: Floats
    alive: NDArray[np.uint8]
    scores: Floats
    level: NDArray[np.uint8]
    maps: Sequence[Floats]
    scales: Sequence[float]
    windows: int

    def counts(self, threshold: float) -> dict[str, int]:
        """Candidates at each step with a score of at least `threshold`: what canvas.js counts in the browser."""
        passing = self.scores >= np.float32(threshold)
        return {step: int((passing & (self.alive > s)).sum()) for s, step in enumerate(self.steps)}


class Canvas(anywidget.AnyWidget):
    """The shared canvas; fill it with `show`."""

    _esm = Path(__file__).parent / "canvas.js"
    _css = Path(__file__).parent / "canvas.css"

    threshold = traitlets.Float(0.6).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    level = traitlets.Int(0).tag(sync=True)
    only_level = traitlets.Bool(False).tag(sync=True)
    colour = traitlets.Unicode("#0072B2").tag(sync=True)

    photo = traitlets.Bytes(b"").tag(sync=True)  # a JPEG
    size = traitlets.List([1, 1]).tag(sync=True)  # the photo's width and height
    steps: traitlets.List[str] = traitlets.List([]).tag(sync=True)
    boxes = traitlets.Bytes(b"").tag(sync=True)
    alive = traitlets.Bytes(b"").tag(sync=True)
    scores = traitlets.Bytes(b"").tag(sync=True)
    candidate_level = traitlets.Bytes(b"").tag(sync=True)
    maps = traitlets.Bytes(b"").tag(sync=True)  # all levels' scores, 0 to 255, one after the other
    levels: traitlets.List[list[float]] = traitlets.List([]).tag(sync=True)  # [rows, columns, scale] of each
    windows = traitlets.Int(0).tag(sync=True)
    revision = traitlets.Int(0).tag(sync=True)  # the browser redraws when it changes: once a message

    def show(self, layers: Layers, photo: NDArray[np.uint8] | None = None) -> None:
        """Send new candidates, and a new photo (H, W, 3) where there is one, in a single message."""
        with self.hold_sync():
            if photo is not None:
                self.photo, self.size = Picture(photo).encode("JPEG"), [photo.shape[1], photo.shape[0]]
            self.steps = list(layers.steps)
            self.boxes = np.ascontiguousarray(layers.boxes, np.float32).tobytes()
            self.alive, self.scores = layers.alive.tobytes(), layers.scores.tobytes()
            self.candidate_level = layers.level.tobytes()
            self.maps = b"".join((face_map * 255).round().astype(np.uint8).tobytes() for face_map in layers.maps)
            self.levels = [[*face_map.shape, scale] for face_map, scale in zip(layers.maps, layers.scales, strict=True)]
            self.windows = layers.windows
            self.level = min(self.level, max(len(layers.maps) - 1, 0))
            self.revision += 1


class Explorer(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Controls and a canvas. Where no kernel runs, it shows `still()` instead, and reads as `summary()`."""

    def still(self) -> Picture:
        """The same view as a picture."""
        raise NotImplementedError

    def summary(self) -> str:
        """The same view in one line of text."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.summary()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, **self.still()._repr_mimebundle_(), "text/plain": self.summary()}, metadata
