"""The canvas that all explorers share: a photo, the candidates on it, and the level's map beside it.

The candidates travel to the browser once. Sliders linked with `ipywidgets.jslink` to `threshold`, `step` or
`level` filter them there, so the picture follows within a frame; what Python must compute anew
arrives as one message, `show`. canvas.js does the drawing.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import traitlets
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.draw import COLOURS, Picture
from mtcnn_lite.images import ImageError, as_rgb, decode_image, shrink_to


def script(name: str) -> str:
    """An explorer's JavaScript, with common.js in front: a widget's code is one text, and can't import a neighbour."""
    folder = Path(__file__).parent
    return (folder / "common.js").read_text() + (folder / name).read_text()


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


class Canvas(anywidget.AnyWidget):
    """The shared canvas; fill it with `show`. A click sends the box under it: {"clicked": [x1, y1, x2, y2]}."""

    _esm = script("canvas.js")
    _css = Path(__file__).parent / "canvas.css"

    threshold = traitlets.Float(0.6).tag(sync=True)
    stops: traitlets.List[float] = traitlets.List([]).tag(sync=True)  # where not empty, stops[stop] is the threshold
    stop = traitlets.Int(0).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    level = traitlets.Int(0).tag(sync=True)
    only_level = traitlets.Bool(False).tag(sync=True)
    together = traitlets.Bool(False).tag(sync=True)  # earlier steps too, each box where it got to
    colour = traitlets.Unicode("#0072B2").tag(sync=True)
    colours: traitlets.List[str] = traitlets.List([]).tag(sync=True)  # one a step; `colour` for all where empty
    dots = traitlets.Unicode(COLOURS["landmark"]).tag(sync=True)
    with_map = traitlets.Bool(True).tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)  # a line or two under the table
    bars: traitlets.List[dict[str, Any]] = traitlets.List([]).tag(sync=True)  # histograms of scores, see `Bars`

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
    cut_from = traitlets.Int(0).tag(sync=True)
    landmarks = traitlets.Bytes(b"").tag(sync=True)
    costs: traitlets.List[list[float]] = traitlets.List([]).tag(sync=True)
    revision = traitlets.Int(0).tag(sync=True)  # the browser redraws when it changes: once a message

    def show(self, layers: Layers, photo: NDArray[np.uint8] | None = None, bars: Sequence[Bars] = ()) -> None:
        """Send new candidates, their histograms, and a new photo (H, W, 3) where there is one, in a single message."""
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


class PhotoExplorer(Explorer):
    """An explorer of one photo, with a button for the reader's own. `show_photo` says what a new photo changes."""

    def __init__(self, image: NDArray[np.uint8], longest: int) -> None:
        """`longest`: an uploaded photo's longer side is shrunk to so many pixels, to keep the controls quick."""
        self.upload = ipywidgets.FileUpload(accept="image/*", description="your photo")
        self.message = ipywidgets.Label("")
        self.upload.observe(lambda _: self._uploaded(), "value")
        self._longest = longest
        self.image = as_rgb(image)
        self.show_photo()
        super().__init__()

    def show_photo(self) -> None:
        """Compute and draw everything anew for `self.image`."""
        raise NotImplementedError

    def _uploaded(self) -> None:
        for file in self.upload.value[:1]:
            self.receive(file["name"], bytes(file["content"]))

    def receive(self, name: str, content: bytes) -> None:
        """Show the photo in a file's bytes, or say in `message` why not and keep the one on screen."""
        try:
            photo = decode_image(content, name)
        except ImageError as error:
            self.message.value = str(error)
            return
        self.image = as_rgb(shrink_to(photo, self._longest))
        self.show_photo()
        height, width = self.image.shape[:2]
        shrunk = "" if photo.shape == self.image.shape else f", shrunk from {photo.shape[1]} x {photo.shape[0]}"
        self.message.value = f"{name}: {width} x {height} px{shrunk}"
