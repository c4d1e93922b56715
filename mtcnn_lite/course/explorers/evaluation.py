"""Three thresholds against recall, precision and work, on photos whose faces are known, with the point on the curve."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import numpy as np
import torch
import traitlets
from torch import nn

from mtcnn_lite.course.explorers.canvas import Explorer, script
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, INK, Picture, Pixels, beside
from mtcnn_lite.evaluation import judge, reached, reached_in
from mtcnn_lite.net_names import NET_NAMES, NET_TITLES

STOPS = tuple(round(0.1 * k, 1) for k in range(1, 10))  # of P-Net's and R-Net's threshold
LEAST = 0.05  # O-Net's lowest: all above follow from that run
DEFAULT = (0.6, 0.7, 0.7)


@dataclass(frozen=True)
class Run:
    """All photos at one pair of thresholds for P-Net and R-Net, and O-Net's lowest.

    scores, right: of all detections that count, best first. reached: how many faces P-Net's and R-Net's boxes cover.
    boxes: how many each leaves a photo.
    """

    scores: Sequence[float]
    right: Sequence[int]
    reached: Sequence[int]
    boxes: Sequence[float]


@dataclass(frozen=True)
class Measured:
    """Everything that a view needs.

    runs[i][j]: at STOPS[i], STOPS[j]. work: millions of multiply-adds that P-Net takes for a photo, R-Net and O-Net for
    a box. milliseconds: the same in time, on this machine, with all that goes with it.
    """

    runs: Sequence[Sequence[Run]]
    faces: int
    photos: int
    work: Sequence[float]
    milliseconds: Sequence[float]


@dataclass(frozen=True)
class View:
    """One choice of thresholds. found, kept: right detections, and all that count. covered: faces after each net.
    boxes: a photo, after each net. work: millions of multiply-adds a photo, by net."""

    found: int
    kept: int
    faces: int
    covered: tuple[int, int, int]
    boxes: tuple[float, float, float]
    work: tuple[float, float, float]

    @property
    def recall(self) -> float:
        return self.found / max(self.faces, 1)

    @property
    def precision(self) -> float:
        return self.found / self.kept if self.kept else 1.0


def measure(detector: Detector, photos: Sequence[LabelledPhoto]) -> Measured:
    """Run every pair of thresholds once. The nets look at each window once; all else is NMS."""
    lowest = (STOPS[0], STOPS[0], LEAST)
    traces = [detector.trace(photo.image()).rerun(thresholds=lowest) for photo in photos]
    seconds = np.array([[sum(t.seconds[k] for k in ("pyramid", "pnet")), t.seconds["rnet"], t.seconds["onet"]]
                        for t in traces]).sum(axis=0)  # fmt: skip
    looked = np.array([len(photos), *(sum(getattr(t, net).windows for t in traces) for net in NET_NAMES[1:])])
    runs: list[list[Run]] = []
    for p in STOPS:
        runs.append([])
        for r in STOPS:
            now = [trace.rerun(thresholds=(p, r, LEAST)) for trace in traces]
            judged = judge((trace.faces, photo) for trace, photo in zip(now, photos, strict=True))
            nets = reached_in(reached(trace, photo) for trace, photo in zip(now, photos, strict=True))
            covered = [int((nets[net].best >= 0).sum()) for net in NET_NAMES[:2]]
            boxes = [nets[net].boxes() for net in NET_NAMES[:2]]
            scores = judged.scores.astype(float).round(6).tolist()
            runs[-1].append(Run(scores, judged.right.astype(int).tolist(), covered, boxes))
    faces = sum(int((~photo.ignore).sum()) for photo in photos)
    levels = [level.image for trace in traces for level in trace.levels]
    work = [sum(multiply_adds(detector.nets.pnet, *level.shape[:2]) for level in levels) / len(photos),
            *(multiply_adds(net, net.size, net.size) for net in detector.nets[1:])]  # fmt: skip
    return Measured(runs, faces, len(photos), [w / 1e6 for w in work], (1000 * seconds / looked.clip(1)).tolist())


def view(measured: Measured, p: float, r: float, o: float) -> View:
    """What these thresholds give; p and r are among STOPS. evaluation.js computes the same."""
    run = measured.runs[STOPS.index(round(p, 1))][STOPS.index(round(r, 1))]
    kept = sum(score >= o - 1e-9 for score in run.scores)
    found = sum(run.right[:kept])
    boxes = (*run.boxes, kept / max(measured.photos, 1))
    work = (measured.work[0], run.boxes[0] * measured.work[1], run.boxes[1] * measured.work[2])
    return View(found, kept, measured.faces, (*run.reached, found), boxes, work)  # type: ignore[arg-type]


def multiply_adds(net: nn.Module, height: int, width: int) -> int:
    """Multiply-adds of a net's convolutions and dense layers for one image of this size."""
    total = 0

    def count(layer: Any, _: Any, out: torch.Tensor) -> None:
        nonlocal total
        total += layer.weight.numel() * (out[0, 0].numel() if isinstance(layer, nn.Conv2d) else 1)

    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    try:
        with torch.inference_mode():
            net(torch.zeros(1, 3, height, width))
    finally:
        for hook in hooks:
            hook.remove()
    return total


class EvaluationCanvas(anywidget.AnyWidget):
    """The curve and the bars, drawn by evaluation.js; each slider is linked to a trait of its own."""

    _esm = script("evaluation.js")
    _css = Path(__file__).parent / "canvas.css"

    p = traitlets.Float(DEFAULT[0]).tag(sync=True)
    r = traitlets.Float(DEFAULT[1]).tag(sync=True)
    o = traitlets.Float(DEFAULT[2]).tag(sync=True)
    start = traitlets.List(list(DEFAULT)).tag(sync=True)  # whose curve stays, in gray
    stops = traitlets.List(list(STOPS)).tag(sync=True)
    names = traitlets.List(list(NET_TITLES.values())).tag(sync=True)
    colours = traitlets.List([COLOURS[net] for net in NET_NAMES]).tag(sync=True)
    measured = traitlets.Unicode("").tag(sync=True)  # JSON of a Measured


class EvaluationExplorer(Explorer):
    """Sliders for the three thresholds; everything is computed beforehand, the browser looks it up."""

    def __init__(self, detector: Detector, photos: Sequence[LabelledPhoto], **kwargs: Any) -> None:
        self.measured = measure(detector, photos)
        self.canvas = EvaluationCanvas(measured=json.dumps(asdict(self.measured)))
        look = {"style": {"description_width": "120px"}, "layout": widgets.Layout(width="380px")}
        settings = {"p": (STOPS[0], STOPS[-1], 0.1), "r": (STOPS[0], STOPS[-1], 0.1), "o": (LEAST, 0.99, 0.01)}
        self.sliders = {
            trait: widgets.FloatSlider(getattr(self.canvas, trait), min=low, max=high, step=step,
                                       description=f"{name} threshold", **look)
            for (trait, (low, high, step)), name in zip(settings.items(), NET_TITLES.values(), strict=True)
        }  # fmt: skip
        for trait, slider in self.sliders.items():
            widgets.jslink((slider, "value"), (self.canvas, trait))
        super().__init__([*self.sliders.values(), self.canvas], **kwargs)

    def view(self) -> View:
        """What is on show."""
        return view(self.measured, self.canvas.p, self.canvas.r, self.canvas.o)

    def still(self) -> Picture:
        one = self.canvas
        captions = [f"thresholds {one.p:.1f} {one.r:.1f} {one.o:.2f}", "after each net"]
        pictures = [_curve(self.measured, one.p, one.r, self.view()), _bars(self.view())]
        return Picture(beside(pictures, captions, height=300).pixels, flat=True)

    def summary(self) -> str:
        one, now = self.canvas, self.view()
        return (
            f"thresholds {one.p:.1f} {one.r:.1f} {one.o:.2f}: recall {now.recall:.2f}, precision {now.precision:.2f}, "
            f"{now.boxes[0]:.0f} windows for R-Net and {now.boxes[1]:.0f} for O-Net a photo"
        )


def points(run: Run, faces: int) -> tuple[list[float], list[float]]:
    """Recall and precision after each detection of a run."""
    right = np.cumsum(run.right)
    return (right / max(faces, 1)).tolist(), (right / np.arange(1, len(right) + 1)).tolist()


def _curve(measured: Measured, p: float, r: float, now: View) -> Pixels:
    figure, axes = _figure()
    run = measured.runs[STOPS.index(round(p, 1))][STOPS.index(round(r, 1))]
    axes.plot(*points(run, measured.faces), color=COLOURS["onet"], label="every O-Net threshold")
    axes.plot([now.recall], [now.precision], "o", color=COLOURS["landmark"], markersize=8, label="this one")
    axes.set(xlim=(0, 1), ylim=(0, 1.03), xlabel="recall", ylabel="precision")
    axes.legend(loc="lower left", fontsize=9)
    return _pixels(figure)


def _bars(now: View) -> Pixels:
    figure, axes = _figure()
    rows = np.arange(3)[::-1]
    axes.barh(rows, [now.faces] * 3, color="#DDDDDD", height=0.6)
    axes.barh(rows, now.covered, color=[COLOURS[net] for net in NET_NAMES], height=0.6)
    for row, covered, boxes in zip(rows, now.covered, now.boxes, strict=True):
        text = f" {covered} of {now.faces}, {boxes:.2f} boxes a photo"
        axes.text(0, row + 0.42, text, va="center", fontsize=9, color=INK)
    axes.set(yticks=rows, yticklabels=list(NET_TITLES.values()), ylim=(-0.5, 2.7), xlabel="faces covered")
    return _pixels(figure)


def _figure() -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2, 3.0), dpi=100, layout="constrained")
    return figure, figure.subplots()


def _pixels(figure: Any) -> Pixels:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
