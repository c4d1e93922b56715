"""Three thresholds against recall, precision and work, on photos whose faces are known, with the point on the curve."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from mtcnn_lite.course.explorers.base import Drawing, Explorer, look, sliders
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, INK, Picture, Pixels, beside, new_axes, rendered
from mtcnn_lite.evaluation import judge, reached, reached_in
from mtcnn_lite.net_names import NET_NAMES, NET_TITLES
from mtcnn_lite.nets import multiply_adds

STOPS = tuple(round(0.1 * k, 1) for k in range(1, 10))  # of P-Net's and R-Net's threshold
LEAST = 0.05  # O-Net's lowest: all above follow from that run
DEFAULT = (0.6, 0.7, 0.7)


@dataclass(frozen=True)
class ThresholdRun:
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

    runs: Sequence[Sequence[ThresholdRun]]
    faces: int
    photos: int
    work: Sequence[float]
    milliseconds: Sequence[float]


@dataclass(frozen=True)
class EvaluationView:
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
    runs: list[list[ThresholdRun]] = []
    for p in STOPS:
        runs.append([])
        for r in STOPS:
            now = [trace.rerun(thresholds=(p, r, LEAST)) for trace in traces]
            judged = judge((trace.faces, photo) for trace, photo in zip(now, photos, strict=True))
            nets = reached_in(reached(trace, photo) for trace, photo in zip(now, photos, strict=True))
            covered = [int((nets[net].best >= 0).sum()) for net in NET_NAMES[:2]]
            boxes = [nets[net].boxes() for net in NET_NAMES[:2]]
            scores = judged.scores.astype(float).round(6).tolist()
            runs[-1].append(ThresholdRun(scores, judged.right.astype(int).tolist(), covered, boxes))
    faces = sum(int((~photo.ignore).sum()) for photo in photos)
    levels = [level.image for trace in traces for level in trace.levels]
    work = [sum(multiply_adds(detector.nets.pnet, *level.shape[:2]) for level in levels) / len(photos),
            *(multiply_adds(net, net.size, net.size) for net in detector.nets[1:])]  # fmt: skip
    return Measured(runs, faces, len(photos), [w / 1e6 for w in work], (1000 * seconds / looked.clip(1)).tolist())


def view(measured: Measured, p: float, r: float, o: float) -> EvaluationView:
    """What these thresholds give; evaluation.js computes the same.

    Parameters
    ----------
    measured : Measured, what `measure` gave
    p, r : float, P-Net's and R-Net's threshold, among STOPS
    o : float, O-Net's, from LEAST to 1
    """
    run = measured.runs[STOPS.index(round(p, 1))][STOPS.index(round(r, 1))]
    kept = sum(score >= o - 1e-9 for score in run.scores)
    found = sum(run.right[:kept])
    boxes = (*run.boxes, kept / max(measured.photos, 1))
    work = (measured.work[0], run.boxes[0] * measured.work[1], run.boxes[1] * measured.work[2])
    return EvaluationView(found, kept, measured.faces, (*run.reached, found), boxes, work)  # type: ignore[arg-type]


class EvaluationExplorer(Explorer):
    """Sliders for the three thresholds; everything is computed beforehand, the browser looks it up."""

    def __init__(self, detector: Detector, photos: Sequence[LabelledPhoto]) -> None:
        self.measured = measure(detector, photos)
        self.canvas = Drawing(
            "evaluation.js", p=DEFAULT[0], r=DEFAULT[1], o=DEFAULT[2], stops=list(STOPS), start=list(DEFAULT),
            names=list(NET_TITLES.values()), colours=[COLOURS[net] for net in NET_NAMES],
            measured=json.dumps(asdict(self.measured)),
        )  # fmt: skip  # start: whose curve stays, in gray
        ends = {"p": (STOPS[0], STOPS[-1], 0.1), "r": (STOPS[0], STOPS[-1], 0.1), "o": (LEAST, 0.99, 0.01)}
        titles = (f"{title} threshold" for title in NET_TITLES.values())
        settings = {name: (title, *end) for (name, end), title in zip(ends.items(), titles, strict=True)}
        self.sliders = sliders(self.canvas, look(120, 380), **settings)
        super().__init__([*self.sliders.values(), self.canvas])

    def view(self) -> EvaluationView:
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


def _curve(measured: Measured, p: float, r: float, now: EvaluationView) -> Pixels:
    axes = new_axes()
    run = measured.runs[STOPS.index(round(p, 1))][STOPS.index(round(r, 1))]
    right = np.cumsum(run.right)  # after each detection
    axes.plot(
        right / max(measured.faces, 1),
        right / np.arange(1, len(right) + 1),
        color=COLOURS["onet"],
        label="every O-Net threshold",
    )
    axes.plot([now.recall], [now.precision], "o", color=COLOURS["landmark"], markersize=8, label="this one")
    axes.set(xlim=(0, 1), ylim=(0, 1.03), xlabel="recall", ylabel="precision")
    axes.legend(loc="lower left", fontsize=9)
    return rendered(axes)


def _bars(now: EvaluationView) -> Pixels:
    axes = new_axes()
    rows = np.arange(3)[::-1]
    axes.barh(rows, [now.faces] * 3, color="#DDDDDD", height=0.6)
    axes.barh(rows, now.covered, color=[COLOURS[net] for net in NET_NAMES], height=0.6)
    for row, covered, boxes in zip(rows, now.covered, now.boxes, strict=True):
        text = f" {covered} of {now.faces}, {boxes:.2f} boxes a photo"
        axes.text(0, row + 0.42, text, va="center", fontsize=9, color=INK)
    axes.set(yticks=rows, yticklabels=list(NET_TITLES.values()), ylim=(-0.5, 2.7), xlabel="faces covered")
    return rendered(axes)
