"""R-Net live: move both thresholds, see which of P-Net's windows it keeps, which it drops, and why."""

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import decode_offsets
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.course.explorers.base import DetectorExplorer, buttons, link, look, stacked
from mtcnn_lite.course.explorers.cascade import names
from mtcnn_lite.course.explorers.gallery import Crops, Gallery, Group
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, Picture, at_height, beside, draw_boxes, tiled
from mtcnn_lite.images import crop_windows
from mtcnn_lite.nets import RNet
from mtcnn_lite.pyramid import halvings

STOPS = [round(0.02 * k, 2) for k in range(10, 50)]  # P-Net's threshold: 0.2 to 0.98
FLOOR = 0.05  # lowest threshold of R-Net's slider
LONGEST = 1280  # an uploaded photo's longer side is shrunk to this: R-Net has to look at every window in it
STEPS = ["windows from P-Net", "kept by R-Net", "moved by their offsets", "left by NMS"]


def view(trace: Trace) -> Crops:
    """P-Net's windows of at least STOPS[0], what R-Net says of them, and how far each gets at each of STOPS.

    A box is only ever suppressed by a better one. So P-Net's run at its lowest threshold holds every higher one, and at
    one threshold of P-Net's, the run at R-Net's lowest holds every higher one. R-Net's NMS under another threshold of
    P-Net's is another matter: a window that is missing may have suppressed others. So NMS is run at each stop.
    """
    proposed = trace.rerun(thresholds=(STOPS[0], FLOOR, 1))
    windows, scored = proposed.pnet.last, proposed.rnet["scored"]
    row_of = {name: row for row, name in enumerate(names(windows))}
    alive = np.full((len(STOPS), len(windows)), len(STEPS) - 1, np.uint8)
    for stop, threshold in enumerate(STOPS):
        left = trace.rerun(thresholds=(threshold, FLOOR, 1)).rnet["nms"]
        alive[stop, [row_of[name] for name in names(left)]] = len(STEPS)
    moved = decode_offsets(windows.boxes, scored.offsets)
    boxes = np.stack([windows.boxes, windows.boxes, moved, moved])  # (4, N, 4)
    largest = float((windows.boxes[:, 2:] - windows.boxes[:, :2]).max(initial=RNet.size))
    pictures = crop_windows(halvings(trace.image, RNet.size / largest), windows.boxes, RNet.size)  # (N, 24, 24, 3)
    return Crops(pictures, scored.scores, windows.scores, STOPS, STEPS, alive, boxes)


class RNetExplorer(DetectorExplorer):
    """R-Net on P-Net's windows of `image` (RGB uint8), or of a photo that the reader uploads."""

    invitation = "Click on a box or a crop to ask what became of that face."

    def __init__(self, detector: Detector, image: NDArray[np.uint8]) -> None:
        groups = [Group("kept by R-Net", COLOURS["rnet"], None, 2), Group("dropped", COLOURS["muted"], 0.0, 4)]
        self.gallery = Gallery(groups, gate="P-Net's score", value="R-Net's score", cut=0.7)
        wide, stops = look(115), [(f"{stop:.2f}", stop) for stop in STOPS]
        self.pnet = widgets.SelectionSlider(options=stops, value=0.6, description="P-Net threshold", **wide)
        self.rnet = widgets.FloatSlider(0.7, min=FLOOR, max=0.99, step=0.01, description="R-Net threshold", **wide)
        self.step = buttons(["P-Net", "R-Net", "offsets", "NMS"])
        link(self.gallery, stop=self.pnet, cut=self.rnet, step=self.step)
        super().__init__(detector, image, LONGEST, self.gallery)
        second = "on the photo, after", self.step, self.upload
        self.children = stacked((self.pnet, self.rnet), second, self.message, self.gallery)

    def show_photo(self) -> None:
        super().show_photo()
        self.crops = view(self._trace)
        self.gallery.show(self.crops, self.image)

    def run_shown(self) -> Trace:
        return self._trace.rerun(thresholds=(self.pnet.value, self.rnet.value, self._trace.settings.thresholds[2]))

    def still(self) -> Picture:
        stop, cut = self.pnet.index, self.rnet.value
        proposed, kept = (self.crops.shown(stop, cut, step) for step in (0, 1))
        dropped = proposed & ~kept
        photo, scale = at_height(self.image, 260)
        grey = draw_boxes(photo, self.crops.boxes[0, dropped] * scale, "muted", 1)
        panels = [draw_boxes(grey, self.crops.boxes[0, kept] * scale, "rnet")]
        captions = [f"{proposed.sum()} windows from P-Net,\n{kept.sum()} kept by R-Net (orange)"]
        for name, group in (("kept", kept), ("dropped", dropped)):
            order = np.flatnonzero(group)[np.argsort(-self.crops.values[group], kind="stable")]
            panels.append(tiled(self.crops.pictures[order[:25]], columns=5, places=25))
            captions.append(f"{name}: {len(order)}; those that R-Net\nscores highest, up to 25")
        return beside(panels, captions, height=260)

    def summary(self) -> str:
        counts = self.crops.counts(self.pnet.index, self.rnet.value)
        steps = ", ".join(f"{count} {step}" for step, count in counts.items())
        return f"R-Net at thresholds {self.pnet.value:.2f} and {self.rnet.value:.2f}: {steps}"
