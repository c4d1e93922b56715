"""Three thresholds against recall, precision and work, on photos whose faces are known, with the point on the curve.

The first photos are on show, with what is found in them, what is wrong, and what is missed.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.course.explorers.base import Drawing, Explorer, look, sliders
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, INK, Picture, Pixels, at_height, beside, draw_boxes, new_axes, rendered
from mtcnn_lite.evaluation import judge, match, reached, reached_in
from mtcnn_lite.net_names import NET_NAMES, NET_TITLES
from mtcnn_lite.nets import multiply_adds

STOPS = tuple(round(0.1 * k, 1) for k in range(1, 10))  # of P-Net's and R-Net's threshold
LEAST = 0.05  # O-Net's lowest: all above follow from that run
DEFAULT = (0.6, 0.7, 0.7)
SHOWN = 3  # photos, side by side
GAP = 8  # px between them
OUTCOMES = {"found": "onet", "wrong": "landmark", "missed": "truth"}  # whose boxes have which colour


@dataclass(frozen=True)
class ThresholdRun:
    """All photos at one pair of thresholds for P-Net and R-Net, and O-Net's lowest.

    scores, right: of all detections that count, best first. reached: how many faces P-Net's and R-Net's boxes cover.
    boxes: how many each leaves a photo. marks: what is found in the photos on show, [x1, y1, x2, y2, score, face], the
    number of the face in `Measured.labels` or -1.
    """

    scores: Sequence[float]
    right: Sequence[int]
    reached: Sequence[int]
    boxes: Sequence[float]
    marks: Sequence[Sequence[float]]


@dataclass(frozen=True)
class Measured:
    """Everything that a view needs.

    runs[i][j]: at STOPS[i], STOPS[j]. work: millions of multiply-adds that P-Net takes for a photo, R-Net and O-Net for
    a box. milliseconds: the same in time, on this machine, with all that goes with it. labels: the faces of the photos
    on show, [x1, y1, x2, y2] on the sheet.
    """

    runs: Sequence[Sequence[ThresholdRun]]
    faces: int
    photos: int
    work: Sequence[float]
    milliseconds: Sequence[float]
    labels: Sequence[Sequence[float]]

    def at(self, p: float, r: float) -> ThresholdRun:
        """The run at P-Net's and R-Net's threshold, each among STOPS."""
        return self.runs[STOPS.index(round(p, 1))][STOPS.index(round(r, 1))]


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


def sheet_of(photos: Sequence[LabelledPhoto]) -> tuple[Pixels, list[int]]:
    """The photos on show side by side, and where on the sheet each begins, px."""
    shown = [photo.image() for photo in photos[:SHOWN]]
    starts = np.cumsum([0, *(image.shape[1] + GAP for image in shown)]).tolist()
    sheet = np.full((max(image.shape[0] for image in shown), starts[-1] - GAP, 3), 255, np.uint8)
    for image, x in zip(shown, starts, strict=False):
        sheet[: image.shape[0], x : x + image.shape[1]] = image
    return sheet, starts[:-1]


def measure(detector: Detector, traces: Sequence[Trace], photos: Sequence[LabelledPhoto]) -> Measured:
    """Run every pair of thresholds once. The nets look at each window once; all else is NMS.

    Parameters
    ----------
    detector : Detector, whose nets are counted
    traces : sequence of Trace, its runs at the lowest thresholds
    photos : sequence of LabelledPhoto, the same photos with their faces
    """
    starts = sheet_of(photos)[1]
    seconds = np.array([[sum(t.seconds[k] for k in ("pyramid", "pnet")), t.seconds["rnet"], t.seconds["onet"]]
                        for t in traces]).sum(axis=0)  # fmt: skip
    looked = np.array([len(photos), *(sum(getattr(t, net).windows for t in traces) for net in NET_NAMES[1:])])
    runs: list[list[ThresholdRun]] = []
    for p in STOPS:
        runs.append([])
        first = [trace.rerun(thresholds=(p, STOPS[0], LEAST)) for trace in traces]
        for r in STOPS:
            now = [_rerun_from_rnet(trace, r) for trace in first]
            judged = judge((trace.faces, photo) for trace, photo in zip(now, photos, strict=True))
            nets = reached_in(reached(trace, photo) for trace, photo in zip(now, photos, strict=True))
            covered = [int((nets[net].best >= 0).sum()) for net in NET_NAMES[:2]]
            boxes = [nets[net].boxes() for net in NET_NAMES[:2]]
            scores = judged.scores.astype(float).round(6).tolist()
            marks = _marks(now, photos, starts)
            runs[-1].append(ThresholdRun(scores, judged.right.astype(int).tolist(), covered, boxes, marks))
    faces = sum(int((~photo.ignore).sum()) for photo in photos)
    levels = [level.image for trace in traces for level in trace.levels]
    work = [sum(multiply_adds(detector.nets.pnet, *level.shape[:2]) for level in levels) / len(photos),
            *(multiply_adds(net, net.size, net.size) for net in detector.nets[1:])]  # fmt: skip
    labels = [(box + [x, 0, x, 0]).tolist() for photo, x in zip(photos, starts, strict=False)
              for box in photo.boxes[~photo.ignore]]  # fmt: skip
    milliseconds = (1000 * seconds / looked.clip(1)).tolist()
    return Measured(runs, faces, len(photos), [w / 1e6 for w in work], milliseconds, labels)


def _rerun_from_rnet(trace: Trace, threshold: float) -> Trace:
    """A rerun with another threshold of R-Net alone: what P-Net let through stays, and is not thinned out once more."""
    again = trace.rerun(thresholds=(trace.settings.thresholds.pnet, threshold, LEAST))
    vars(again)["pnet"] = trace.pnet  # where `once` looks first
    return again


def _marks(traces: Sequence[Trace], photos: Sequence[LabelledPhoto], starts: Sequence[int]) -> list[list[float]]:
    """The detections that count in the photos on show, and the number of the face that each finds, or -1."""
    marks, before = [], 0
    for trace, photo, x in zip(traces, photos, starts, strict=False):
        faces = trace.faces
        found, counts = match(faces.boxes, faces.scores, photo)
        number = np.append(np.cumsum(~photo.ignore) - 1 + before, -1)  # [-1] is -1
        for (x1, y1, x2, y2), score, face in zip(faces.boxes[counts], faces.scores[counts], found[counts], strict=True):
            corners = (round(float(value), 1) for value in (x1 + x, y1, x2 + x, y2))
            marks.append([*corners, round(float(score), 6), int(number[face])])
        before += int((~photo.ignore).sum())
    return marks


def outcomes(measured: Measured, p: float, r: float, o: float) -> dict[str, list[Sequence[float]]]:
    """The boxes [x1, y1, x2, y2] on the sheet by OUTCOMES; evaluation.js finds the same.

    Parameters
    ----------
    measured : Measured, what `measure` gave
    p, r : float, P-Net's and R-Net's threshold, among STOPS
    o : float, O-Net's, from LEAST to 1
    """
    run = measured.at(p, r)
    kept = [mark for mark in run.marks if mark[4] >= o - 1e-9]
    seen = {mark[5] for mark in kept}
    return {
        "found": [mark[:4] for mark in kept if mark[5] >= 0],
        "wrong": [mark[:4] for mark in kept if mark[5] < 0],
        "missed": [label for k, label in enumerate(measured.labels) if k not in seen],
    }


def view(measured: Measured, p: float, r: float, o: float) -> EvaluationView:
    """What these thresholds give; evaluation.js computes the same.

    Parameters
    ----------
    measured : Measured, what `measure` gave
    p, r : float, P-Net's and R-Net's threshold, among STOPS
    o : float, O-Net's, from LEAST to 1
    """
    run = measured.at(p, r)
    kept = sum(score >= o - 1e-9 for score in run.scores)
    found = sum(run.right[:kept])
    boxes = (*run.boxes, kept / max(measured.photos, 1))
    work = (measured.work[0], run.boxes[0] * measured.work[1], run.boxes[1] * measured.work[2])
    return EvaluationView(found, kept, measured.faces, (*run.reached, found), boxes, work)  # type: ignore[arg-type]


class EvaluationExplorer(Explorer):
    """Sliders for the three thresholds; everything is computed beforehand, the browser looks it up."""

    def __init__(self, detector: Detector, photos: Sequence[LabelledPhoto]) -> None:
        lowest = (STOPS[0], STOPS[0], LEAST)
        self.traces = [detector.trace(photo.image()).rerun(thresholds=lowest) for photo in photos]
        self.measured = measure(detector, self.traces, photos)
        self.sheet = sheet_of(photos)[0]
        self.canvas = Drawing(
            "tracks.js", "evaluation.js", p=DEFAULT[0], r=DEFAULT[1], o=DEFAULT[2],
            stops=list(STOPS), start=list(DEFAULT),
            names=list(NET_TITLES.values()), colours=[COLOURS[net] for net in NET_NAMES],
            measured=json.dumps(asdict(self.measured)), photo=Picture(self.sheet).encode(),
            size=[self.sheet.shape[1], self.sheet.shape[0]],
            marking=[[name, COLOURS[colour]] for name, colour in OUTCOMES.items()],
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
        plots = beside([_curve(self.measured, one.p, one.r, self.view()), _bars(self.view())], captions, height=300)
        sheet, scale = at_height(self.sheet, round(self.sheet.shape[0] * plots.pixels.shape[1] / self.sheet.shape[1]))
        for name, boxes in outcomes(self.measured, one.p, one.r, one.o).items():
            sheet = draw_boxes(sheet, np.reshape(boxes, (-1, 4)) * scale, OUTCOMES[name])
        rows = [np.asarray(sheet), plots.pixels]
        wide = max(row.shape[1] for row in rows)
        rows = [np.pad(row, ((0, 6), (0, wide - row.shape[1]), (0, 0)), constant_values=255) for row in rows]
        return Picture(np.concatenate(rows))

    def summary(self) -> str:
        one, now = self.canvas, self.view()
        return (
            f"thresholds {one.p:.1f} {one.r:.1f} {one.o:.2f}: recall {now.recall:.2f}, precision {now.precision:.2f}, "
            f"{now.boxes[0]:.0f} windows for R-Net and {now.boxes[1]:.0f} for O-Net a photo"
        )


def _curve(measured: Measured, p: float, r: float, now: EvaluationView) -> Pixels:
    axes = new_axes()
    run = measured.at(p, r)
    right = np.cumsum(run.right)  # after each detection
    axes.plot(
        right / max(measured.faces, 1),
        right / np.arange(1, len(right) + 1),
        color=COLOURS["onet"],
        label="every O-Net threshold",
    )
    axes.plot([now.recall], [now.precision], "o", color=INK, markersize=8, label="this one")
    axes.set(xlim=(0, 1), ylim=(0, 1.03), xlabel="recall", ylabel="precision")
    axes.legend(loc="lower left", fontsize=9)
    return rendered(axes)


def _bars(now: EvaluationView) -> Pixels:
    axes = new_axes()
    rows = np.arange(3)[::-1]
    axes.barh(rows, [now.faces] * 3, color=COLOURS["unused"], height=0.6)
    axes.barh(rows, now.covered, color=[COLOURS[net] for net in NET_NAMES], height=0.6)
    for row, covered, boxes in zip(rows, now.covered, now.boxes, strict=True):
        text = f" {covered} of {now.faces}, {boxes:.2f} boxes a photo"
        axes.text(0, row + 0.42, text, va="center", fontsize=9, color=INK)
    axes.set(yticks=rows, yticklabels=list(NET_TITLES.values()), ylim=(-0.5, 2.7), xlabel="faces covered")
    return rendered(axes)
