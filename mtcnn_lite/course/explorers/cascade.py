"""The whole cascade live: move the three thresholds and see what each net lets through, on any photo."""

from dataclasses import replace

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.course.explorers.base import DetectorExplorer, buttons, link, look, stacked, tick
from mtcnn_lite.course.explorers.canvas import Bars, Canvas, Layers
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, Picture, draw_stages
from mtcnn_lite.net_names import NET_TITLES

# P-Net's scores lie all over the scale. Those of R-Net and O-Net crowd at its ends, and so do the stops.
P_STOPS = [0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995]
R_STOPS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.993, 0.996, 0.998, 0.999]
O_STOPS = [0.1, 0.2, 0.4, 0.53, 0.7, 0.95, 0.97, 0.98, 0.99, 0.993, 0.996, 0.998, 0.999]
LOWEST = (P_STOPS[0], R_STOPS[0], O_STOPS[0])
LONGEST = 1024  # an uploaded photo's longer side is shrunk to this: P-Net at its lowest stop proposes thousands
AFTER, STEP_COLOURS = [*NET_TITLES.values(), "last NMS"], [COLOURS[net] for net in (*NET_TITLES, "onet")]
STEPS = ["left by P-Net", "left by R-Net", "accepted by O-Net", "left by the last NMS"]


def view(trace: Trace, pnet: float, rnet: float) -> Layers:
    """What P-Net proposes at one threshold, and how far each box gets with R-Net's at another.

    O-Net's threshold is the lowest stop: NMS only drops a box for a better one, so that the browser gets the faces of
    any higher threshold by cutting at it. Boxes that the last NMS drops get their second look here too, for their
    score: what O-Net accepts is then a matter of the score alone.

    Parameters
    ----------
    trace : Trace, of the photo, at any thresholds
    pnet, rnet : float, thresholds, 0 to 1
    """
    run = trace.rerun(thresholds=(pnet, rnet, LOWEST[2]))
    accepted = run.rerun(nms=(*run.settings.nms[:3], 1)).onet
    first, asked = run.pnet.left, run.rnet["scored"]
    to_onet = run.rnet["above threshold"].parent[run.rnet["nms"].parent]  # rows in `first`
    passed, faces = to_onet[accepted.rows], to_onet[run.onet.rows]
    alive = np.ones(len(first), np.uint8)
    boxes, scores = np.repeat(first.boxes[None], 4, axis=0), np.zeros((4, len(first)), np.float32)
    landmarks = np.full((len(first), 5, 2), np.nan, np.float32)
    scores[0], scores[1], scores[2:, passed] = first.scores, asked.scores, accepted.last.scores
    for step, (rows, moved) in enumerate(
        ((to_onet, run.rnet.left.boxes), (passed, accepted.last.boxes), (faces, run.faces.boxes)), start=1
    ):
        alive[rows], boxes[step, rows] = step + 1, moved
    landmarks[faces] = run.faces.landmarks
    no_maps = [np.zeros((0, 0), np.float32)] * len(run.levels)
    scales = [level.scale for level in run.levels]
    return Layers(STEPS, boxes, alive, scores, first.level.astype(np.uint8), no_maps, scales, run.pnet.windows,
                  cut_from=2, landmarks=landmarks)  # fmt: skip


def ask_all(trace: Trace) -> Trace:
    """Let the nets see every window that any stop of the sliders can send them: the run at the lowest stops."""
    # An overlap of 1 lets all boxes pass NMS: at other thresholds any of them may be the one that is kept.
    lowest = trace.rerun(thresholds=LOWEST, nms=(*trace.settings.nms[:2], 1, 1))
    _ = lowest.stages  # runs them
    return lowest


def costs(trace: Trace, lowest: Trace) -> list[tuple[float, int]]:
    """For each of STEPS the milliseconds a box took, and the step whose boxes those are (`Layers.costs`).

    `trace` ran P-Net, `lowest`, which `ask_all` gave, the others. P-Net looks at all windows, R-Net at P-Net's boxes,
    O-Net at R-Net's and once more at the faces, mirrored.
    """
    mirrored = len(lowest.onet["nms"]) if trace.settings.mirror else 0
    looks = [trace.pnet.windows, len(lowest.rnet["scored"]), len(lowest.onet["scored"]) + mirrored]
    seconds = [trace.spent["pyramid"] + trace.spent["pnet"], lowest.spent["rnet"], lowest.spent["onet"]]
    pnet, rnet, onet = (1000 * s / max(look, 1) for s, look in zip(seconds, looks, strict=True))
    return [(pnet, -1), (rnet, 0), (onet, 1), (onet if mirrored else 0.0, 3)]


def bars(lowest: Trace, layers: Layers, pnet: float, rnet: float) -> list[Bars]:
    """What each net says of the boxes that it gets: P-Net's scores from its lowest stop on, R-Net's, O-Net's.

    Parameters
    ----------
    lowest : Trace, what `ask_all` gave
    layers : Layers, what `view` gave
    pnet, rnet : float, the thresholds of that view: one of P_STOPS, one of R_STOPS
    """
    to_onet = layers.scores[2, layers.alive > 1]
    return [
        Bars("P-Net", COLOURS["pnet"], Bars.count(lowest.pnet.last.scores, P_STOPS), P_STOPS.index(pnet)),
        Bars("R-Net", COLOURS["rnet"], Bars.count(layers.scores[1], R_STOPS), R_STOPS.index(rnet)),
        Bars("O-Net", COLOURS["onet"], Bars.count(to_onet, O_STOPS), -1),
    ]


def nearest(stops: list[float], threshold: float) -> float:
    """The stop at which a slider stands for this threshold."""
    return min(stops, key=lambda stop: abs(stop - threshold))


class CascadeExplorer(DetectorExplorer):
    """The cascade on `image` (RGB uint8), or on a photo that the reader uploads.

    Any `detector` gives the nets, and the thresholds at which the sliders begin, each at its nearest stop.
    """

    def __init__(self, detector: Detector, image: NDArray[np.uint8]) -> None:
        self.canvas = Canvas(colours=STEP_COLOURS, with_map=False, together=True, step=3, stops=O_STOPS)
        wide = look(115)
        self.pnet, self.rnet, self.onet = (
            widgets.SelectionSlider(options=stops, value=nearest(stops, at), description=f"{net} threshold", **wide)
            for net, stops, at in zip(
                NET_TITLES.values(), (P_STOPS, R_STOPS, O_STOPS), detector.settings.thresholds, strict=True
            )
        )
        self.step = buttons(AFTER, 3)
        self.together = tick("and what was lost before", True)
        self.together.layout.width = "auto"
        link(self.canvas, stop=self.onet, step=self.step, together=self.together)
        self.pnet.observe(lambda _: self._update(), "value")
        self.rnet.observe(lambda _: self._update(), "value")
        super().__init__(detector, image, LONGEST, self.canvas)
        last = "show after", self.step, self.together
        self.children = stacked((self.pnet, self.rnet), (self.onet, self.upload), last, self.message, self.canvas)

    def show_photo(self) -> None:
        super().show_photo()
        self._lowest = ask_all(self._trace)
        self._costs = costs(self._trace, self._lowest)
        self._update(self.image)

    def _layers(self) -> Layers:
        return view(self._trace, self.pnet.value, self.rnet.value)

    def _update(self, photo: NDArray[np.uint8] | None = None) -> None:
        layers = replace(self._layers(), costs=self._costs)
        self.canvas.show(layers, photo, bars(self._lowest, layers, self.pnet.value, self.rnet.value))

    def run_shown(self) -> Trace:
        return self._trace.rerun(thresholds=(self.pnet.value, self.rnet.value, self.onet.value))

    def still(self) -> Picture:
        return draw_stages(self.run_shown(), height=203)

    def summary(self) -> str:
        layers = self._layers()
        at = ", ".join(f"{threshold:g}" for threshold in self.run_shown().settings.thresholds)
        steps = ", ".join(f"{count} {step}" for step, count in layers.counts(self.onet.value).items())
        return f"The cascade at thresholds {at}: {layers.windows} windows, {steps}"
