"""P-Net live: move the threshold, the NMS overlap, the level and the smallest face, on any photo."""

from functools import lru_cache
from typing import Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.cascade import Detector
from mtcnn_lite.draw import COLOURS, Picture, at_height, beside, draw_boxes, draw_map
from mtcnn_lite.explorers.canvas import Canvas, Explorer, Layers
from mtcnn_lite.images import ImageError, as_rgb, decode_image, shrink_to
from mtcnn_lite.trace import Trace

FLOOR = 0.2  # lowest threshold of the slider: candidates below it never travel to the browser
LONGEST = 1280  # an uploaded photo's longer side is shrunk to this, so that the sliders keep answering at once
STEPS = ["above the threshold", "left by NMS within each level", "left by NMS across levels", "moved by their offsets"]


def view(trace: Trace, overlap: float) -> Layers:
    """P-Net's candidates of at least FLOOR, and how far each gets, with NMS at `overlap` within a level.

    A box is only ever suppressed by a better one. So this one run at the lowest threshold holds the result of
    every higher one: cut it at the threshold.
    """
    stage = trace.rerun(thresholds=(FLOOR, 1, 1), nms=(overlap, *trace.settings.nms[1:])).pnet
    first, within = stage["above threshold"], stage["nms within levels"]
    across = within.parent[stage["nms across levels"].parent]  # rows in the first step
    alive = np.ones(len(first), np.uint8)
    alive[within.parent] = 2
    alive[across] = 4
    moved = first.boxes.copy()
    moved[across] = stage["refined"].boxes
    boxes = np.stack([first.boxes, first.boxes, first.boxes, moved])  # (4, N, 4)
    maps = [level.face_map for level in trace.levels]
    scales = [level.scale for level in trace.levels]
    return Layers(STEPS, boxes, alive, first.scores, first.level.astype(np.uint8), maps, scales, stage.windows)


class PNetExplorer(Explorer):
    """P-Net on `image` (RGB uint8), or on a photo that the reader uploads. Any `detector` gives the nets."""

    def __init__(self, detector: Detector, image: NDArray[np.uint8], **kwargs: Any) -> None:
        self.canvas = Canvas(colour=COLOURS["pnet"])
        style, wide = {"description_width": "130px"}, widgets.Layout(width="430px")
        look = {"style": style, "layout": wide}
        self.threshold = widgets.FloatSlider(
            value=0.6, min=FLOOR, max=0.99, step=0.01, description="score threshold", **look
        )
        self.overlap = widgets.FloatSlider(value=0.5, min=0.1, max=0.9, step=0.05, description="NMS overlap", **look)
        self.level = widgets.IntSlider(value=0, min=0, max=1, description="pyramid level", **look)
        self.min_face = widgets.IntSlider(value=20, min=12, max=100, description="smallest face, px", **look)
        after = ["threshold", "NMS in levels", "NMS across", "offsets"]
        self.step = widgets.ToggleButtons(options=after, description="show after", style=style)
        self.only_level = widgets.Checkbox(value=False, description="boxes of this level only", indent=False)
        self.upload = widgets.FileUpload(accept="image/*", description="your photo")
        self.message = widgets.Label("")
        for control, name, trait in (
            (self.threshold, "value", "threshold"),
            (self.level, "value", "level"),
            (self.step, "index", "step"),
            (self.only_level, "value", "only_level"),
        ):
            widgets.jslink((control, name), (self.canvas, trait))
        self.overlap.observe(lambda _: self._update(), "value")
        self.min_face.observe(lambda _: self._update(), "value")
        self.upload.observe(lambda _: self._receive(), "value")
        self._detector = detector
        self._load(image)
        rows = [
            widgets.HBox([self.threshold, self.overlap], layout=widgets.Layout(flex_flow="row wrap")),
            widgets.HBox([self.level, self.min_face], layout=widgets.Layout(flex_flow="row wrap")),
            widgets.HBox([self.step, self.only_level], layout=widgets.Layout(flex_flow="row wrap")),
            widgets.HBox([self.upload, self.message]),
        ]
        super().__init__([*rows, self.canvas], **kwargs)

    def _load(self, image: NDArray[np.uint8]) -> None:
        self.image = as_rgb(image)
        self._trace_at = lru_cache(16)(self._trace)  # going back to a face size costs nothing
        self._update(self.image)

    def _trace(self, min_face: int) -> Trace:
        return Detector(self._detector.nets, min_face, thresholds=(FLOOR, 1, 1)).trace(self.image)

    def _update(self, photo: NDArray[np.uint8] | None = None) -> None:
        layers = view(self._trace_at(self.min_face.value), self.overlap.value)
        self.level.max = max(len(layers.maps) - 1, 0)
        self.canvas.show(layers, photo)

    def _receive(self) -> None:
        """Show the photo that the reader has uploaded, or say why not and keep the one on screen."""
        if not self.upload.value:
            return
        name, content = self.upload.value[0]["name"], bytes(self.upload.value[0]["content"])
        try:
            photo = decode_image(content, name)
        except ImageError as error:
            self.message.value = str(error)
            return
        self._load(shrink_to(photo, LONGEST))
        height, width = self.image.shape[:2]
        shrunk = "" if photo.shape == self.image.shape else f", shrunk from {photo.shape[1]} x {photo.shape[0]}"
        self.message.value = f"{name}: {width} x {height} px{shrunk}"

    def still(self) -> Picture:
        layers, threshold = view(self._trace_at(self.min_face.value), self.overlap.value), self.threshold.value
        photo, scale = at_height(self.image, 280)
        panels, captions = [], []
        for step in (0, 3):
            chosen = (layers.scores >= np.float32(threshold)) & (layers.alive > step)
            panels.append(draw_boxes(photo, layers.boxes[step, chosen] * scale, "pnet", 1))
            captions.append(f"{int(chosen.sum())} {STEPS[step]}")
        if layers.maps:
            level = self.level.value
            panels.append(draw_map(layers.maps[level], threshold, "pnet"))
            captions.append(f"map of level {level}, blue where it passes")
        return beside(panels, captions, height=280)

    def summary(self) -> str:
        layers = view(self._trace_at(self.min_face.value), self.overlap.value)
        counts = layers.counts(self.threshold.value)
        steps = ", ".join(f"{count} {step}" for step, count in counts.items())
        return f"P-Net at threshold {self.threshold.value:.2f}: {layers.windows} windows, {steps}"
