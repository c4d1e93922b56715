"""P-Net while it learns: its map of one photo, the windows it likes best, and the losses, moment by moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import numpy as np
import traitlets
from numpy.typing import NDArray

from mtcnn_lite.boxes import MATCHING_IOU, Floats, iou
from mtcnn_lite.course.explorers.canvas import Explorer, script
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, INK, Picture, Pixels, at_height, beside, draw_boxes, draw_map
from mtcnn_lite.losses import TASKS
from mtcnn_lite.nets import PNet
from mtcnn_lite.pyramid import CELL, candidate_windows, halvings, pyramid_scales, resize_levels
from mtcnn_lite.runtime.inference import score_level

BEST = 30  # windows shown of each moment
THRESHOLD = 0.6  # P-Net's, in the detector
SMOOTH = 15  # steps whose mean loss is one point of a curve
TASK_COLOURS = (COLOURS["pnet"], COLOURS["rnet"], COLOURS["landmark"])
ON_FACE, ELSEWHERE = COLOURS["onet"], COLOURS["landmark"]


@dataclass(frozen=True, eq=False)
class Moment:
    """What P-Net makes of the photo after `step` steps.

    maps: the scores of each pyramid level. best (K, 4): the windows of all levels with the highest scores, of equals
    those of the larger level and row by row. on_face (K,): which of them overlap a labelled face by 0.5 or more.
    passing: how many windows of all levels reach the threshold.
    """

    step: int
    maps: Sequence[Floats]
    best: Floats
    on_face: NDArray[np.bool_]
    passing: int


@dataclass(frozen=True, eq=False)
class History:
    """A training: `photo`, not one of those learned from; the levels' `scales`; the `moments`, in order; and the
    losses (steps, 3) of the batches, by task, before weighting."""

    photo: LabelledPhoto
    scales: Sequence[float]
    moments: Sequence[Moment]
    losses: Floats

    def smooth(self) -> Floats:
        """The losses (steps, 3), each the mean over the step and up to SMOOTH - 1 before it."""
        total = np.cumsum(np.concatenate([np.zeros((1, len(TASKS))), self.losses]), axis=0)
        end = np.arange(1, len(self.losses) + 1)
        start = np.maximum(end - SMOOTH, 0)
        return ((total[end] - total[start]) / (end - start)[:, None]).astype(np.float32)


def history(photo: LabelledPhoto, nets: Sequence[tuple[int, PNet]], losses: Floats, min_face: float = 20) -> History:
    """Shows `photo` to each P-Net of `nets`: pairs of how many steps it had learned, and a copy of it.

    Raises ValueError where a moment lies before the first step or after the last loss.
    """
    image = photo.image()
    height, width = image.shape[:2]
    scales = pyramid_scales(height, width, min_face, 0.709)
    levels = resize_levels(halvings(image, CELL / min(height, width)), scales)
    moments = []
    for step, net in nets:
        if not 0 <= step <= len(losses):
            raise ValueError(f"a net is of step {step}, but there are losses of {len(losses)} steps")
        maps = [score_level(net, level)[0] for level in levels]
        windows = np.concatenate([candidate_windows(m, s, -1) for m, s in zip(maps, scales, strict=True)])  # (N, 4)
        scores = np.concatenate([face_map.ravel() for face_map in maps])  # (N,)
        best = windows[np.argsort(-scores, kind="stable")[:BEST]]
        on_face = iou(best, photo.boxes).max(axis=1, initial=0) >= MATCHING_IOU
        moments.append(Moment(step, maps, best, on_face, int((scores >= np.float32(THRESHOLD)).sum())))
    return History(photo, scales, moments, np.asarray(losses, np.float32))


@dataclass(frozen=True, eq=False)
class View:
    """One moment, one level: its map, and each task's smoothed loss there, None before the first step."""

    moment: Moment
    face_map: Floats
    window: float
    losses: tuple[float, float, float] | None


def view(past: History, moment: int, level: int) -> View:
    """What the explorer shows of moment number `moment`; training.js shows the same."""
    now = past.moments[moment]
    losses = past.smooth()[now.step - 1].tolist() if now.step else None
    return View(now, now.maps[level], CELL / past.scales[level], losses)


class TrainingCanvas(anywidget.AnyWidget):
    """The photo, the map and the curves, drawn by training.js; nothing but the two numbers changes."""

    _esm = script("training.js")
    _css = Path(__file__).parent / "canvas.css"

    moment = traitlets.Int(0).tag(sync=True)
    level = traitlets.Int(0).tag(sync=True)
    photo = traitlets.Bytes(b"").tag(sync=True)  # a PNG
    size = traitlets.List([1, 1]).tag(sync=True)  # the photo's width and height
    faces: traitlets.List[list[float]] = traitlets.List([]).tag(sync=True)
    levels: traitlets.List[list[float]] = traitlets.List([]).tag(sync=True)  # [rows, columns, scale] of each
    maps = traitlets.Bytes(b"").tag(sync=True)  # moment by moment, level by level, 0 to 255
    passes = traitlets.Bytes(b"").tag(sync=True)  # the same cells: 1 where the threshold is reached
    steps: traitlets.List[int] = traitlets.List([]).tag(sync=True)
    best = traitlets.Bytes(b"").tag(sync=True)  # float32 (moments, K, 4)
    on_face = traitlets.Bytes(b"").tag(sync=True)  # (moments, K)
    passing: traitlets.List[int] = traitlets.List([]).tag(sync=True)
    losses = traitlets.Bytes(b"").tag(sync=True)  # float32 (steps, 3), smoothed
    tasks: traitlets.List[list[str]] = traitlets.List([list(p) for p in zip(TASKS, TASK_COLOURS, strict=True)]).tag(
        sync=True
    )
    colours = traitlets.List([COLOURS["pnet"], COLOURS["truth"], ON_FACE, ELSEWHERE]).tag(sync=True)
    threshold = traitlets.Float(THRESHOLD).tag(sync=True)


class TrainingExplorer(Explorer):
    """A slider for the moment of the training, one for the pyramid level; both move in the browser alone."""

    def __init__(self, past: History, level: int = 0, **kwargs: Any) -> None:
        self.past = past
        image, moments = past.photo.image(), past.moments
        every = np.concatenate([face_map.ravel() for each in moments for face_map in each.maps])
        self.canvas = TrainingCanvas(
            photo=Picture(image).encode("PNG"),
            size=[image.shape[1], image.shape[0]],
            faces=past.photo.boxes.tolist(),
            levels=[[*m.shape, s] for m, s in zip(moments[0].maps, past.scales, strict=True)],
            maps=(every * 255).round().astype(np.uint8).tobytes(),
            passes=(every >= np.float32(THRESHOLD)).astype(np.uint8).tobytes(),
            steps=[each.step for each in moments],
            best=np.stack([each.best for each in moments]).astype(np.float32).tobytes(),
            on_face=np.stack([each.on_face for each in moments]).astype(np.uint8).tobytes(),
            passing=[each.passing for each in moments],
            losses=past.smooth().tobytes(),
            moment=len(moments) - 1,
            level=level,
        )
        look = {"style": {"description_width": "90px"}, "layout": widgets.Layout(width="420px")}
        last = len(moments) - 1
        self.moment = widgets.IntSlider(last, min=0, max=last, description="moment", **look)
        self.level = widgets.IntSlider(level, min=0, max=len(past.scales) - 1, description="pyramid level", **look)
        for slider, name in ((self.moment, "moment"), (self.level, "level")):
            widgets.jslink((slider, "value"), (self.canvas, name))
        wrap = widgets.Layout(flex_flow="row wrap")
        super().__init__([widgets.HBox([self.moment, self.level], layout=wrap), self.canvas], **kwargs)

    def view(self) -> View:
        """What is on show."""
        return view(self.past, self.canvas.moment, self.canvas.level)

    def still(self) -> Picture:
        """The first moment, one in the middle, and the one on show: the best windows above, the map below."""
        last = self.canvas.moment
        chosen = sorted({0, last // 3, last})
        captions = [f"after {self.past.moments[k].step} steps" for k in chosen]
        small, scale = at_height(self.past.photo.image(), 200)
        photos = []
        for k in chosen:
            now, drawn = self.past.moments[k], draw_boxes(small, self.past.photo.boxes * scale, "truth")
            for which, colour in ((~now.on_face, ELSEWHERE), (now.on_face, ON_FACE)):
                drawn = draw_boxes(drawn, now.best[which] * scale, colour, 1)
            photos.append(drawn)
        maps = [draw_map(self.past.moments[k].maps[self.canvas.level], THRESHOLD) for k in chosen]
        rows = [beside(photos, captions, 200).pixels, beside(maps, (), 200).pixels]
        width = max(row.shape[1] for row in rows)
        white = [np.pad(r, ((0, 8), (0, width - r.shape[1]), (0, 0)), constant_values=255) for r in rows]
        return Picture(np.concatenate([*white, _curves(self.past, width)]))

    def summary(self) -> str:
        now = self.view()
        on = int(now.moment.on_face.sum())
        passing = f"{now.moment.passing} windows reach {THRESHOLD}"
        return f"after {now.moment.step} steps: {passing}; of the {len(now.moment.best)} best, {on} are on a face"


def _curves(past: History, width: int) -> Pixels:
    """The smoothed losses by task, `width` px wide."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 100, 2.2), dpi=100, layout="constrained")
    axes = figure.subplots()
    for task, colour, style, column in zip(TASKS, TASK_COLOURS, ("-", "--", ":"), past.smooth().T, strict=True):
        axes.plot(np.arange(1, len(column) + 1), column, style, color=colour, label=task)
    axes.set(yscale="log", xlabel="step", ylabel="loss")
    axes.legend(loc="upper right", fontsize=9, labelcolor=INK)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[:, :width, :3])
