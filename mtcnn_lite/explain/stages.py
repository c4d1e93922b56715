"""What each pyramid level and each stage of a run did with one face.

A candidate is "for the face" where its box, moved by the offsets of the net that looks at it, overlaps the face by
at least MATCHING_IOU. Within a stage, only the threshold and NMS take candidates away. In greedy NMS a box is only
suppressed by a better one. So what passes a stage at a threshold t is what passes it at 0 with a score of at least
t, and the threshold at which a face comes back can be read off one run at a low threshold, exactly.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import MATCHING_IOU, Floats, as_boxes, clip_boxes, decode_offsets, iou
from mtcnn_lite.cascade.record import Candidates
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.nms import MEASURES
from mtcnn_lite.pyramid import CELL

REMOVING = {  # the steps that can take a candidate away
    "pnet": ("scored", "above threshold", "nms within levels", "nms across levels"),
    "rnet": ("scored", "above threshold", "nms"),
    "onet": ("scored", "above threshold", "nms", "mirrored"),
}
SUPPRESSING = {  # of those, the NMS: its place in the settings, what it measures
    ("pnet", "nms within levels"): (0, "iou"),
    ("pnet", "nms across levels"): (1, "iou"),
    ("rnet", "nms"): (2, "iou"),
    ("onet", "nms"): (3, "iom"),
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


@dataclass(frozen=True)
class Rival:
    """The box that took the last candidate for the face away, in NMS: box (4,), as it stood there, and its score;
    score_removed: the candidate's; overlap: of the two, as this NMS measures it, which allows at most `allowed`.
    """

    box: tuple[float, ...]
    score: float
    score_removed: float
    overlap: float
    allowed: float


@dataclass(frozen=True, eq=False)
class StageView:
    """What a stage did with the face.

    counts: candidates for the face after each step. lost_at: the first step that left none, or None. rival: who took
    the best of those that came into this step, where it is an NMS, or None. best: the highest score of those that the
    stage scored, or None. shift (4,): how far the net moves that one's x1, y1, x2, y2, in window sides, or None.
    moved: the best overlap of any box it made. passes_at: the highest threshold, rounded down to print, at which the
    stage lets the face through; None: at no threshold that was tried. boxes (M, 4): what passed, moved.
    """

    stage: str
    threshold: float
    counts: dict[str, int]
    lost_at: str | None
    rival: Rival | None
    best: float | None
    shift: tuple[float, ...] | None
    moved: float
    passes_at: float | None
    boxes: Floats


@dataclass(frozen=True, eq=False)
class Windows:
    """Every window that P-Net scored: boxes (N, 4), its offsets (N, 4), where they move the boxes (N, 4), scores (N,),
    level (N,).
    """

    boxes: Floats
    offsets: Floats
    moved: Floats
    scores: Floats
    level: NDArray[np.int64]


def removing(trace: Trace, stage: str) -> list[str]:
    """The stage's steps, in this run, that can take a candidate away."""
    return [step for step in REMOVING[stage] if step != "mirrored" or trace.settings.mirror]


def windows_of(trace: Trace) -> Windows:
    """All windows of all levels, level by level."""
    boxes = as_boxes(np.concatenate([np.zeros((0, 4)), *(level.windows() for level in trace.levels)]))
    offsets = np.concatenate([np.zeros((0, 4)), *(level.offset_map.reshape(-1, 4) for level in trace.levels)])
    scores = np.concatenate([np.zeros(0, np.float32), *(level.face_map.ravel() for level in trace.levels)])
    level = np.repeat(np.arange(len(trace.levels)), [level.face_map.size for level in trace.levels])
    return Windows(boxes, offsets, decode_offsets(boxes, offsets), scores, level)


def level_views(windows: Windows, trace: Trace, face: Floats) -> list[LevelView]:
    """Each level's view of the face, the largest level first.

    Parameters
    ----------
    windows : Windows
        Of the trace, from `windows_of`.
    trace : Trace
        The run.
    face : float32 (1, 4)
        The face's box in image pixels.
    """
    stands, moved, views = iou(face, windows.boxes)[0], iou(face, windows.moved)[0], []
    for index, level in enumerate(trace.levels):
        here = windows.level == index
        fitting = windows.scores[here & (moved >= MATCHING_IOU)]
        score = float(fitting.max()) if fitting.size else None
        views.append(LevelView(index, CELL / level.scale, float(stands[here].max()), float(moved[here].max()), score))
    return views


def stage_view(trace: Trace, stage: str, face: Floats, windows: Windows) -> StageView:
    """What the stage did with the face.

    Parameters
    ----------
    trace : Trace
        The run.
    stage : {"pnet", "rnet", "onet"}
        The net that is asked about.
    face : float32 (1, 4)
        The face's box in image pixels.
    windows : Windows
        Of the trace, from `windows_of`.
    """
    threshold = getattr(trace.settings.thresholds, stage)
    counts, best, shift, moved = dict[str, int](), None, None, 0.0
    for step in removing(trace, stage):
        if (stage, step) == ("pnet", "scored"):
            boxes, scores, offsets = windows.moved, windows.scores, windows.offsets
        else:
            now: Candidates = getattr(trace, stage)[step]
            boxes, scores, offsets = _moved(trace, stage, step, now), now.scores, now.offsets
        overlap = iou(face, boxes)[0]
        counts[step] = int((overlap >= MATCHING_IOU).sum())
        if step == "scored":
            moved = float(overlap.max(initial=0))
            if counts[step]:
                row = np.where(overlap >= MATCHING_IOU, scores, -1).argmax()
                best, shift = float(scores[row]), tuple(offsets[row].tolist())
    lost_at = next((step for step, count in counts.items() if not count), None)
    passes_at_ = passes_at(trace, stage, face) if best else None
    rival = _rival(trace, stage, lost_at, face) if lost_at else None
    return StageView(
        stage, threshold, counts, lost_at, rival, best, shift, moved, passes_at_, boxes[overlap >= MATCHING_IOU]
    )


def passing(trace: Trace, stage: str, face: Floats) -> float | None:
    """The best score of what passes the stage and is for the face, or None.

    Parameters
    ----------
    trace : Trace
        The run.
    stage : {"pnet", "rnet", "onet"}
        The net that is asked about.
    face : float32 (1, 4)
        The face's box in image pixels.
    """
    step = removing(trace, stage)[-1]
    last: Candidates = getattr(trace, stage)[step]
    fitting = last.scores[iou(face, _moved(trace, stage, step, last))[0] >= MATCHING_IOU]
    return float(fitting.max()) if fitting.size else None


def passes_at(trace: Trace, stage: str, face: Floats) -> float | None:
    """The highest threshold, rounded down to print, at which the face passes the stage; None where at none tried.

    Parameters
    ----------
    trace, stage, face
        As in `passing`.
    """
    now = getattr(trace.settings.thresholds, stage)
    for threshold in (now, *(floor for floor in FLOORS if floor < now)) if stage == "pnet" else (now, 0.0):
        thresholds = trace.settings.thresholds._replace(**{stage: threshold})
        score = passing(trace.rerun(thresholds=thresholds), stage, face)
        if score is not None:
            return rounded_down(score)
    return None


def rounded_down(score: float) -> float:
    """A score rounded down to two digits, small ones to five: as a threshold, it lets that score pass."""
    digits = 5 if score < 0.01 else 2
    return float(np.floor(score * 10**digits) / 10**digits)


def _moved(trace: Trace, stage: str, step: str, now: Candidates) -> Floats:
    """The boxes (N, 4) that the stage makes of its candidates: as they are where the step has moved them already."""
    boxes = now.boxes if step in ("nms", "mirrored") else decode_offsets(now.boxes, now.offsets)
    return clip_boxes(boxes, *trace.image.shape[:2]) if stage == "onet" else boxes  # as the result is clipped


def _rival(trace: Trace, stage: str, step: str, face: Floats) -> Rival | None:
    """Of the boxes that this NMS kept, the one that removed the best candidate for the face.

    None where the step is no NMS, or where no kept box overlaps it enough: a reader's own NMS may have its own reasons.
    """
    if (stage, step) not in SUPPRESSING:
        return None
    place, measure = SUPPRESSING[stage, step]
    allowed = trace.settings.nms[place]
    steps = getattr(trace, stage).steps
    kept: Candidates = steps[step]
    came: Candidates = next(steps[first] for first, second in pairwise(steps) if second == step)
    earlier = REMOVING[stage][REMOVING[stage].index(step) - 1]  # R-Net's and O-Net's boxes move between the two
    fits = iou(face, _moved(trace, stage, earlier, steps[earlier]))[0] >= MATCHING_IOU
    removed = np.where(fits, came.scores, -1).argmax()
    overlap = MEASURES[measure](came.boxes[[removed]], kept.boxes)[0]
    meet = (overlap > allowed) & (kept.scores >= came.scores[removed])
    if step == "nms within levels":
        meet &= kept.level == came.level[removed]
    if not meet.any():
        return None
    by = np.where(meet, kept.scores, -1).argmax()
    return Rival(tuple(kept.boxes[by].tolist()), float(kept.scores[by]), float(came.scores[removed]),
                 float(overlap[by]), allowed)  # fmt: skip
