"""P-Net while it learns: its map of one photo, the windows it likes best, and the losses, moment by moment."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import MATCHING_IOU, Floats, iou
from mtcnn_lite.course.explorers.base import Drawing, Explorer, in_row, look, sliders
from mtcnn_lite.course.explorers.losses import TASK_COLOURS
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, INK, Picture, Pixels, at_height, beside, draw_boxes, draw_map, new_axes, rendered
from mtcnn_lite.losses import TASKS
from mtcnn_lite.nets import PNet
from mtcnn_lite.pyramid import CELL, candidate_windows, halvings, pyramid_scales, resize_levels
from mtcnn_lite.runtime.inference import score_level

BEST = 30  # windows shown of each moment
THRESHOLD = 0.6  # P-Net's, in the detector
SMOOTH = 15  # steps whose mean loss is one point of a curve
ON_FACE, ELSEWHERE = COLOURS["face"], COLOURS["landmark"]


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
class TrainingHistory:
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


def history(
    photo: LabelledPhoto, nets: Sequence[tuple[int, PNet]], losses: Floats, min_face: float = 20
) -> TrainingHistory:
    """Show a photo to P-Net at several moments of its training.

    Parameters
    ----------
    photo : LabelledPhoto, none of those that it learns from
    nets : sequence of (int, PNet), how many steps each had learned, and a copy of the net
    losses : float32 (steps, 3), of the batches, by task, before weighting
    min_face : float, side of the smallest face that is looked for, px

    Raises
    ------
    ValueError
        Where a moment lies before the first step or after the last loss.
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
    return TrainingHistory(photo, scales, moments, np.asarray(losses, np.float32))


@dataclass(frozen=True, eq=False)
class TrainingView:
    """One moment, one level: its map, and each task's smoothed loss there, None before the first step."""

    moment: Moment
    face_map: Floats
    window: float
    losses: tuple[float, float, float] | None


def view(past: TrainingHistory, moment: int, level: int) -> TrainingView:
    """What the explorer shows; training.js shows the same.

    Parameters
    ----------
    past : TrainingHistory, the training
    moment, level : int, the number of the moment and of the pyramid level, from 0
    """
    now = past.moments[moment]
    losses = past.smooth()[now.step - 1].tolist() if now.step else None
    return TrainingView(now, now.maps[level], CELL / past.scales[level], losses)


class TrainingExplorer(Explorer):
    """A slider for the moment of the training, one for the pyramid level; both move in the browser alone."""

    def __init__(self, past: TrainingHistory, level: int = 0) -> None:
        self.past = past
        image, moments = past.photo.image(), past.moments
        every = np.concatenate([face_map.ravel() for each in moments for face_map in each.maps])
        last = len(moments) - 1
        self.canvas = Drawing(
            "training.js", moment=last, level=level, threshold=THRESHOLD,
            photo=Picture(image).encode("PNG"), size=[image.shape[1], image.shape[0]],
            faces=past.photo.boxes.tolist(),
            levels=[[*m.shape, s] for m, s in zip(moments[0].maps, past.scales, strict=True)],  # rows, columns, scale
            maps=(every * 255).round().astype(np.uint8).tobytes(),  # moment by moment, level by level
            passes=(every >= np.float32(THRESHOLD)).astype(np.uint8).tobytes(),
            steps=[each.step for each in moments], passing=[each.passing for each in moments],
            best=np.stack([each.best for each in moments]).astype(np.float32).tobytes(),
            on_face=np.stack([each.on_face for each in moments]).astype(np.uint8).tobytes(),
            losses=past.smooth().tobytes(), tasks=[list(each) for each in zip(TASKS, TASK_COLOURS, strict=True)],
            colours=[COLOURS["pnet"], COLOURS["truth"], ON_FACE, ELSEWHERE],
        )  # fmt: skip
        ends = {"moment": ("moment", 0, last, 1), "level": ("pyramid level", 0, len(past.scales) - 1, 1)}
        both = sliders(self.canvas, look(90, 420), **ends)
        self.moment, self.level = both["moment"], both["level"]
        super().__init__([in_row(self.moment, self.level, align=None), self.canvas])

    def view(self) -> TrainingView:
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


def _curves(past: TrainingHistory, width: int) -> Pixels:
    """The smoothed losses by task, `width` px wide."""
    axes = new_axes(width / 100, 2.2)
    for task, colour, style, column in zip(TASKS, TASK_COLOURS, ("-", "--", ":"), past.smooth().T, strict=True):
        axes.plot(np.arange(1, len(column) + 1), column, style, color=colour, label=task)
    axes.set(yscale="log", xlabel="step", ylabel="loss")
    axes.legend(loc="upper right", fontsize=9, labelcolor=INK)
    return rendered(axes)[:, :width]
