"""What became of this face: where a box was found, or the first step at which nothing was left of it, and why.

A candidate is "for the face" where its box, moved by the offsets of the net that looks at it, overlaps the face by
at least MATCH. Within a stage, only the threshold and NMS take candidates away. In greedy NMS a box is only
suppressed by a better one. So what passes a stage at a threshold t is what passes it at 0 with a score of at least
t, and the threshold at which a face comes back can be read off one run at a low threshold, exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import Floats, as_boxes, clip_boxes, decode_offsets, iou
from mtcnn_lite.pyramid import CELL
from mtcnn_lite.trace import Candidates, Trace

MATCH = 0.5  # overlap (IoU) from which a box counts as this face
STAGES = ("pnet", "rnet", "onet")
NAMES = {"pnet": "P-Net", "rnet": "R-Net", "onet": "O-Net"}
REMOVING = {  # the steps that can take a candidate away
    "pnet": ("scored", "above threshold", "nms within levels", "nms across levels"),
    "rnet": ("scored", "above threshold", "nms"),
    "onet": ("scored", "above threshold", "nms"),
}
FLOORS = (0.3, 0.1, 0.03, 0.01, 0.001)  # thresholds at which P-Net is searched for a lost face, one after the other


@dataclass(frozen=True)
class LevelView:
    """What a pyramid level could see of the face: the side of its window in image pixels; the best overlap of any of
    its windows, where they stand and moved by P-Net's offsets; the best score of one that is for the face, or None.
    """

    level: int
    side: float
    overlap: float
    moved: float
    score: float | None


@dataclass(frozen=True, eq=False)
class StageView:
    """What a stage did with the face.

    counts: candidates for the face after each step. lost_at: the first step that left none, or None. best: the highest
    score of those that it scored, or None. moved: the best overlap of any box it made. passes_at: the highest
    threshold, rounded down to print, at which the stage lets the face through; None: at no threshold that was tried.
    boxes (M, 4): what passed, moved.
    """

    stage: str
    threshold: float
    counts: dict[str, int]
    lost_at: str | None
    best: float | None
    moved: float
    passes_at: float | None
    boxes: Floats


@dataclass(frozen=True)
class Explanation:
    """What became of one box (4,).

    found: the score of the face found there, or None. lost_in: the stage that lost it, or None. thresholds: three at
    which it is found, those of the run where possible; None: lowering them does not help.
    """

    box: tuple[float, ...]
    levels: tuple[LevelView, ...]
    stages: tuple[StageView, ...]
    found: float | None
    lost_in: str | None
    thresholds: tuple[float, float, float] | None
    sentence: str

    def __repr__(self) -> str:
        return f"Explanation({self.sentence})"

    def report(self) -> str:
        """The sentence, then a line a level and a line a stage."""
        lines = [self.sentence, ""]
        for view in self.levels:
            score = "no window for it" if view.score is None else f"best score {view.score:.3f}"
            overlaps = f"overlap {view.overlap:.2f}, moved {view.moved:.2f}"
            lines.append(f"level {view.level:2}, window {view.side:4.0f} px: {overlaps}, {score}")
        for stage in self.stages:
            counts = ", ".join(f"{name} {count}" for name, count in stage.counts.items())
            lines.append(f"{NAMES[stage.stage]} at {stage.threshold:.2f}: {counts}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Summary:
    """What became of N labelled faces: an explanation of each, and how many each stage left.

    A stage's recall is what it left, over N: of all faces, not of those that reached it. It has none where N is 0.
    """

    explanations: tuple[Explanation, ...]
    left: dict[str, int]

    @property
    def recall(self) -> dict[str, float]:
        """By stage, from 0 to 1; empty where there is no face to find."""
        count = len(self.explanations)
        return {stage: left / count for stage, left in self.left.items()} if count else {}

    def __repr__(self) -> str:
        recall = "".join(f", {self.left[stage]} after {NAMES[stage]} ({r:.0%})" for stage, r in self.recall.items())
        return f"Summary(of {len(self.explanations)} faces{recall})"


@overload
def explain(trace: Trace, boxes: Sequence[float]) -> Explanation: ...
@overload
def explain(trace: Trace, boxes: Sequence[Sequence[float]]) -> Summary: ...
@overload
def explain(trace: Trace, boxes: ArrayLike) -> Explanation | Summary: ...  # an array's type does not tell its shape
def explain(trace: Trace, boxes: ArrayLike) -> Explanation | Summary:
    """What became of a face in this run, or of all the labelled faces of its photo.

    boxes: in image pixels. (4,), one face: an `Explanation`, a sentence and the figures behind it. (N, 4), all of
    them: a `Summary`, an explanation of each and the recall of each stage; N may be 0.

    Raises ValueError for a box that is empty or not four numbers.
    """
    array = np.asarray(boxes, np.float32)
    faces, windows = as_boxes(array[None] if array.shape == (4,) else array), _windows(trace)
    each = tuple(_explanation(trace, face[None], windows) for face in faces)
    if array.shape == (4,):
        return each[0]
    # A stage that still has the face after an earlier one "lost" it got it back from a window that was for no face.
    lost_in = [STAGES.index(e.lost_in) if e.lost_in else len(STAGES) for e in each]
    return Summary(each, {stage: sum(at > s for at in lost_in) for s, stage in enumerate(STAGES)})


def _explanation(trace: Trace, face: Floats, windows: "_Windows") -> Explanation:
    """Of one face, (1, 4)."""
    if (face[:, 2:] <= face[:, :2]).any():
        raise ValueError(f"box is {face[0].tolist()}; x2 must be greater than x1, and y2 greater than y1")
    stages = [_stage(trace, name, face, windows) for name in STAGES]
    found = _passing(trace, "onet", face)
    lost = next((stage for stage in stages if stage.lost_at), None) if found is None else None
    thresholds: tuple[float, float, float] | None = trace.settings.thresholds
    if lost is None:
        scores = ", ".join(f"{NAMES[stage.stage]} {stage.best or 0:.2f}" for stage in stages)
        sentence = f"found, score {found:.2f}; best scores for it: {scores}"
    else:
        thresholds, then = _way_back(trace, face)
        sentence = _reason(lost) + then
    return Explanation(tuple(face[0].tolist()), tuple(_levels(windows, trace, face)), tuple(stages), found,
                       lost.stage if lost else None, thresholds, sentence)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Windows:
    """Every window that P-Net scored: boxes (N, 4), where its offsets move them (N, 4), scores (N,), level (N,)."""

    boxes: Floats
    moved: Floats
    scores: Floats
    level: NDArray[np.int64]


def _windows(trace: Trace) -> _Windows:
    boxes = as_boxes(np.concatenate([np.zeros((0, 4)), *(level.windows() for level in trace.levels)]))
    offsets = np.concatenate([np.zeros((0, 4)), *(level.offset_map.reshape(-1, 4) for level in trace.levels)])
    scores = np.concatenate([np.zeros(0, np.float32), *(level.face_map.ravel() for level in trace.levels)])
    level = np.repeat(np.arange(len(trace.levels)), [level.face_map.size for level in trace.levels])
    return _Windows(boxes, decode_offsets(boxes, offsets), scores, level)


def _levels(windows: _Windows, trace: Trace, face: Floats) -> list[LevelView]:
    stands, moved, views = iou(face, windows.boxes)[0], iou(face, windows.moved)[0], []
    for index, level in enumerate(trace.levels):
        here = windows.level == index
        fitting = windows.scores[here & (moved >= MATCH)]
        score = float(fitting.max()) if fitting.size else None
        views.append(LevelView(index, CELL / level.scale, float(stands[here].max()), float(moved[here].max()), score))
    return views


def _moved(trace: Trace, stage: str, step: str, now: Candidates) -> Floats:
    """The boxes (N, 4) that the stage makes of its candidates: as they are where the step has moved them already."""
    boxes = now.boxes if (stage, step) == ("onet", "nms") else decode_offsets(now.boxes, now.offsets)
    return clip_boxes(boxes, *trace.image.shape[:2]) if stage == "onet" else boxes  # as the result is clipped


def _passing(trace: Trace, stage: str, face: Floats) -> float | None:
    """The best score of what passes the stage and is for the face, or None."""
    step = REMOVING[stage][-1]
    last: Candidates = getattr(trace, stage)[step]
    fitting = last.scores[iou(face, _moved(trace, stage, step, last))[0] >= MATCH]
    return float(fitting.max()) if fitting.size else None


def _stage(trace: Trace, stage: str, face: Floats, windows: _Windows) -> StageView:
    threshold = trace.settings.thresholds[STAGES.index(stage)]
    counts, best, moved = dict[str, int](), None, 0.0
    for step in REMOVING[stage]:
        if (stage, step) == ("pnet", "scored"):
            boxes, scores = windows.moved, windows.scores
        else:
            now: Candidates = getattr(trace, stage)[step]
            boxes, scores = _moved(trace, stage, step, now), now.scores
        overlap = iou(face, boxes)[0]
        counts[step] = int((overlap >= MATCH).sum())
        if step == "scored":
            moved = float(overlap.max(initial=0))
            best = float(scores[overlap >= MATCH].max()) if counts[step] else None
    lost_at = next((step for step, count in counts.items() if not count), None)
    passes_at = _passes_at(trace, stage, face) if best else None
    return StageView(stage, threshold, counts, lost_at, best, moved, passes_at, boxes[overlap >= MATCH])


def _passes_at(trace: Trace, stage: str, face: Floats) -> float | None:
    """The highest threshold, rounded down to print, at which the face passes the stage; None where at none tried."""
    index = STAGES.index(stage)
    now = trace.settings.thresholds[index]
    for threshold in (now, *(floor for floor in FLOORS if floor < now)) if stage == "pnet" else (now, 0.0):
        thresholds = list(trace.settings.thresholds)
        thresholds[index] = threshold
        score = _passing(trace.rerun(thresholds=(thresholds[0], thresholds[1], thresholds[2])), stage, face)
        if score is not None:
            return _down(score)
    return None


def _way_back(trace: Trace, face: Floats) -> tuple[tuple[float, float, float] | None, str]:
    """Thresholds at which the face is found, each lowered only as far as it must be; and the end of the sentence."""
    now, named = trace, list[str]()
    for stage in STAGES:
        if _passing(now, stage, face) is None:
            at = _passes_at(now, stage, face)
            if at is None:
                return None, f", but then be lost in {NAMES[stage]} at any threshold" if named else ""
            thresholds = list(now.settings.thresholds)
            thresholds[STAGES.index(stage)] = at
            now = now.rerun(thresholds=(thresholds[0], thresholds[1], thresholds[2]))
            named.append(f"{NAMES[stage]} at {at:g}")
    more = f"; found with {', '.join(named)}" if len(named) > 1 else ", and be found" if named else ""
    return now.settings.thresholds, more


def _down(score: float) -> float:
    """A score rounded down to two digits, small ones to five: as a threshold, it lets that score pass."""
    digits = 5 if score < 0.01 else 2
    return float(np.floor(score * 10**digits) / 10**digits)


def _reason(view: StageView) -> str:
    """Why the stage lost the face."""
    name = NAMES[view.stage]
    if view.lost_at == "scored" or view.best is None:
        return (
            f"lost in {name}: no box that it makes comes near enough, best overlap {view.moved:.2f} of {MATCH} needed"
        )
    if view.lost_at == "above threshold":
        why = f"best score {_down(view.best):g} under {view.threshold:g}"
    else:
        why = f"best score {_down(view.best):g}, but NMS keeps better boxes that are not on it"
    if view.passes_at is None:
        return f"lost in {name}: {why}; lowering its threshold does not help"
    return f"lost in {name}: {why}; it would survive a threshold of {view.passes_at:g}"
