"""P-Net live: move the threshold, the NMS overlap, the level and the smallest face, on any photo."""

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.course.explorers.base import DetectorExplorer, buttons, link, look, stacked, tick
from mtcnn_lite.course.explorers.canvas import Canvas, Layers
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, Picture, at_height, beside, draw_boxes, draw_map

# Windows of one level stand on a grid of 2 px, so their overlaps take few values: 0.714, 0.532, 0.5, 0.385, ... One
# stop of the slider for each gap between them, so that every move changes something.
OVERLAPS = [0.1, 0.15, 0.18, 0.22, 0.27, 0.3, 0.35, 0.4, 0.5, 0.6, 0.75]
FACES = [20 * 0.709 ** (k / 3) for k in range(4, -15, -1)]  # three stops a level: every third uses the same scales
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


class PNetExplorer(DetectorExplorer):
    """P-Net on `image` (RGB uint8), or on a photo that the reader uploads. Any `detector` gives the nets."""

    def __init__(self, detector: Detector, image: NDArray[np.uint8]) -> None:
        self.canvas = Canvas(colour=COLOURS["pnet"])
        wide, stops = look(115), [(f"{side:.0f}", side) for side in FACES]
        self.threshold = widgets.FloatSlider(0.6, min=FLOOR, max=0.99, step=0.01, description="score threshold", **wide)
        self.overlap = widgets.SelectionSlider(options=OVERLAPS, value=0.5, description="NMS overlap", **wide)
        self.level = widgets.IntSlider(0, min=0, max=1, description="pyramid level", **wide)
        self.min_face = widgets.SelectionSlider(options=stops, value=20.0, description="smallest face, px", **wide)
        self.step = buttons(["threshold", "NMS in levels", "NMS across", "offsets"], 1)
        self.only_level = tick("this level only")
        self.only_level.layout.width = "auto"
        link(self.canvas, threshold=self.threshold, level=self.level, step=self.step, only_level=self.only_level)
        self.overlap.observe(lambda _: self._update(), "value")
        self.min_face.observe(lambda _: self._update(), "value")
        super().__init__(detector, image, LONGEST, self.canvas)
        last = "show after", self.step, self.only_level, self.upload
        self.children = stacked(
            (self.threshold, self.overlap), (self.level, self.min_face), last, self.message, self.canvas
        )

    def show_photo(self) -> None:
        super().show_photo()
        for smallest in FACES[:3]:  # the stops' scales, all of them: from here on the slider only picks among them
            self._trace.rerun(min_face=smallest)
        self._update(self.image)

    def _layers(self) -> Layers:
        return view(self._trace.rerun(min_face=self.min_face.value), self.overlap.value)

    def _update(self, photo: NDArray[np.uint8] | None = None) -> None:
        layers = self._layers()
        self.level.max = max(len(layers.maps) - 1, 0)
        self.canvas.show(layers, photo)

    def run_shown(self) -> Trace:
        now = self._trace.settings
        return self._trace.rerun(
            thresholds=(self.threshold.value, *now.thresholds[1:]),
            nms=(self.overlap.value, *now.nms[1:]),
            min_face=self.min_face.value,
        )

    def still(self) -> Picture:
        layers, threshold = self._layers(), self.threshold.value
        photo, scale = at_height(self.image, 280)
        panels, captions = [], []
        for step in (0, 3):
            chosen = layers.shown(step, threshold)
            panels.append(draw_boxes(photo, layers.boxes[step, chosen] * scale, "pnet", 1))
            captions.append(f"{int(chosen.sum())} {STEPS[step]}")
        if layers.maps:
            level = self.level.value
            panels.append(draw_map(layers.maps[level], threshold, "pnet"))
            captions.append(f"map of level {level}, blue where it passes")
        return beside(panels, captions, height=280)

    def summary(self) -> str:
        layers = self._layers()
        counts = layers.counts(self.threshold.value)
        steps = ", ".join(f"{count} {step}" for step, count in counts.items())
        return f"P-Net at threshold {self.threshold.value:.2f}: {layers.windows} windows, {steps}"
