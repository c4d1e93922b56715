"""R-Net live: move both thresholds, see which of P-Net's windows it keeps, which it drops, and why."""

from collections.abc import Mapping

import ipywidgets as widgets
import numpy as np

from mtcnn_lite.boxes import decode_offsets
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.course.explorers.base import buttons, link, look, stacked
from mtcnn_lite.course.explorers.board_explorer import BoardExplorer, Photo, labels
from mtcnn_lite.course.explorers.cascade import names
from mtcnn_lite.course.explorers.gallery import Crops, Gallery, Group
from mtcnn_lite.course.explorers.sieve import on_faces
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, Picture, at_height, beside, draw_boxes, tiled
from mtcnn_lite.images import crop_windows
from mtcnn_lite.nets import RNet
from mtcnn_lite.pyramid import halvings

STOPS = [round(0.02 * k, 2) for k in range(10, 50)]  # P-Net's threshold: 0.2 to 0.98
FLOOR = 0.05  # lowest threshold of R-Net's slider
LONGEST = 1280  # an uploaded photo's longer side is shrunk to this: R-Net has to look at every window in it
STEPS = ["windows from P-Net", "kept by R-Net", "moved by their offsets", "left by NMS"]


def view(trace: Trace, photo: LabelledPhoto) -> Crops:
    """P-Net's windows of at least STOPS[0], what R-Net says of them, and how far each gets at each of STOPS.

    Without complete labels the photo's faces count as unknown.

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
    faces = labels(photo)
    on = None if faces is None else np.stack([on_faces(each, photo) for each in boxes])  # (4, N)
    return Crops(pictures, scored.scores, windows.scores, STOPS, STEPS, alive, boxes, faces, on)


class RNetExplorer(BoardExplorer):
    """R-Net on P-Net's windows of a photo, or of one that the reader uploads; see `BoardExplorer`.

    Parameters
    ----------
    detector : Detector
    photos : uint8 (H, W, 3), LabelledPhoto, or a mapping of such
        For example `{"the wall": wall(), "the portrait": portrait()}`, both of `course.scenes`.
    """

    invitation = "Click on a box, a crop or a missed face to ask what became of it."

    def __init__(self, detector: Detector, photos: Photo | Mapping[str, Photo]) -> None:
        groups = [Group("kept by R-Net", COLOURS["rnet"], None, 6), Group("dropped", COLOURS["muted"], 0.0, 4)]
        gallery = Gallery(groups, gate="P-Net's score", value="R-Net's score", cut=0.7, step=len(STEPS) - 1)
        wide, stops = look(115), [(f"{stop:.2f}", stop) for stop in STOPS]
        self.pnet = widgets.SelectionSlider(options=stops, value=0.6, description="P-Net threshold", **wide)
        self.rnet = widgets.FloatSlider(0.7, min=FLOOR, max=0.99, step=0.01, description="R-Net threshold", **wide)
        self.step = buttons(["P-Net", "R-Net", "offsets", "NMS"], gallery.step)
        link(gallery, stop=self.pnet, cut=self.rnet, step=self.step)
        super().__init__(detector, photos, LONGEST, gallery)
        second = "on the photo, after", self.step, *self.pictures
        self.children = stacked((self.pnet, self.rnet), second, self.message, gallery)

    def show_photo(self) -> None:
        super().show_photo()
        self.crops = view(self._trace, self.photo)
        self.canvas.show(self.crops, self.image)

    def run_shown(self) -> Trace:
        return self._trace.rerun(thresholds=(self.pnet.value, self.rnet.value, self._trace.settings.thresholds[2]))

    def still(self) -> Picture:
        stop, cut, step = self.pnet.index, self.rnet.value, self.step.index
        proposed, kept, left = (self.crops.shown(stop, cut, at) for at in (0, 1, step))
        photo, scale = at_height(self.image, 300)
        captions = [f"{proposed.sum()} windows from P-Net,\n{left.sum()} {STEPS[step]}"]
        drawn = photo if step else draw_boxes(photo, self.crops.boxes[0, proposed & ~kept] * scale, "muted", 1)
        drawn = draw_boxes(drawn, self.crops.boxes[step, kept & left] * scale, "rnet", 1)
        if self.crops.faces is not None:
            found, _ = self.crops.outcome(stop, cut, step)
            drawn = draw_boxes(drawn, np.delete(self.crops.faces, found, axis=0) * scale, "truth", 1)
            captions[0] += f"; {len(found)} of {len(self.crops.faces)} faces found, the others yellow"
        panels = [drawn]
        for name, group in (("kept", kept & left), ("dropped", proposed & ~kept)):
            order = np.flatnonzero(group)[np.argsort(-self.crops.values[group], kind="stable")]
            panels.append(tiled(self.crops.pictures[order[:36]], columns=6, places=36))
            captions.append(f"{name}: {len(order)}; those that R-Net\nscores highest, up to 36")
        return beside(panels, captions, height=300)

    def summary(self) -> str:
        at = self.pnet.index, self.rnet.value
        steps = ", ".join(f"{count} {step}" for step, count in self.crops.counts(*at).items())
        said = f"R-Net at thresholds {self.pnet.value:.2f} and {self.rnet.value:.2f}: {steps}"
        if self.crops.faces is None:
            return said
        found, false = self.crops.outcome(*at, len(STEPS) - 1)
        return f"{said}; faces found {len(found)} of {len(self.crops.faces)}, boxes on no face {false}"
