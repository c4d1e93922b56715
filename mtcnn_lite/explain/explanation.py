"""One face's explanation, in a sentence and as data; and the recall of each stage over all faces of a photo."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from numpy.typing import ArrayLike

from mtcnn_lite.arguments import instance
from mtcnn_lite.array_arguments import floats
from mtcnn_lite.boxes import MATCHING_IOU, Floats, as_boxes
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.explain.stages import (
    LevelView,
    StageView,
    Windows,
    level_views,
    passes_at,
    passing,
    rounded_down,
    stage_view,
    windows_of,
)
from mtcnn_lite.net_names import NET_NAMES, NET_TITLES


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
        """The sentence, then a line a level, and for each stage its counts, best score and shift, and its rival."""
        lines = [self.sentence, ""]
        for view in self.levels:
            score = "no window for it" if view.score is None else f"best score {view.score:.3f}"
            overlaps = f"overlap {view.overlap:.2f}, moved {view.moved:.2f}"
            lines.append(f"level {view.level:2}, window {view.side:4.0f} px: {overlaps}, {score}")
        for stage in self.stages:
            counts = ", ".join(f"{name} {count}" for name, count in stage.counts.items())
            lines.append(f"{NET_TITLES[stage.stage]} at {stage.threshold:.2f}: {counts}")
            if stage.best is not None and stage.shift is not None:
                shift = " ".join(f"{part:+.2f}" for part in stage.shift)
                lines.append(f"  best score {stage.best:.3f}, moved by {shift} of its window's side")
            if stage.rival:
                one = stage.rival
                lines.append(f"  {stage.lost_at}: the last, {one.score_removed:.3f}, went for {one.score:.3f} at "
                             f"{_whole(one.box)}, overlap {one.overlap:.2f} of {one.allowed:g} allowed")  # fmt: skip
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
        recall = "".join(
            f", {self.left[stage]} after {NET_TITLES[stage]} ({r:.0%})" for stage, r in self.recall.items()
        )
        return f"Summary(of {len(self.explanations)} faces{recall})"


@overload
def explain(trace: Trace, boxes: Sequence[float]) -> Explanation: ...
@overload
def explain(trace: Trace, boxes: Sequence[Sequence[float]]) -> Summary: ...
@overload
def explain(trace: Trace, boxes: ArrayLike) -> Explanation | Summary: ...  # an array's type does not tell its shape
def explain(trace: Trace, boxes: ArrayLike) -> Explanation | Summary:
    """What became of a face in this run, or of all the labelled faces of its photo.

    Parameters
    ----------
    trace : Trace
        The run, from `Detector.trace`.
    boxes : array_like (4,) or (N, 4)
        One face, or all of them, in image pixels; N may be 0.

    Returns
    -------
    Explanation or Summary
        Of one face a sentence and the figures behind it; of N an explanation of each, and the recall of each stage.

    Raises
    ------
    ValueError
        For a box that is empty or not four numbers.
    TypeError
        For what is no Trace, or are no numbers.
    """
    instance("trace", trace, Trace, "a Trace, as Detector.trace gives it")
    array = floats("boxes", boxes, shape="(4,) or (N, 4): x1, y1, x2, y2")
    faces, windows = as_boxes(array[None] if array.shape == (4,) else array), windows_of(trace)
    each = tuple(_explanation(trace, face[None], windows) for face in faces)
    if array.shape == (4,):
        return each[0]
    # A stage that still has the face after an earlier one "lost" it got it back from a window that was for no face.
    lost_in = [NET_NAMES.index(e.lost_in) if e.lost_in else len(NET_NAMES) for e in each]
    return Summary(each, {stage: sum(at > s for at in lost_in) for s, stage in enumerate(NET_NAMES)})


def _explanation(trace: Trace, face: Floats, windows: Windows) -> Explanation:
    """Of one face, (1, 4)."""
    if (face[:, 2:] <= face[:, :2]).any():
        raise ValueError(
            f"boxes holds an empty one, box is {face[0].tolist()}; x2 must be greater than x1, and y2 greater than y1"
        )
    stages = [stage_view(trace, name, face, windows) for name in NET_NAMES]
    found = passing(trace, "onet", face)
    lost = next((stage for stage in stages if stage.lost_at), None) if found is None else None
    thresholds: tuple[float, float, float] | None = trace.settings.thresholds
    if lost is None:
        scores = ", ".join(f"{NET_TITLES[stage.stage]} {stage.best or 0:.2f}" for stage in stages)
        sentence = f"found, score {found:.2f}; best scores for it: {scores}"
    else:
        thresholds, then = _way_back(trace, face)
        sentence = _reason(lost) + then
    return Explanation(tuple(face[0].tolist()), tuple(level_views(windows, trace, face)), tuple(stages), found,
                       lost.stage if lost else None, thresholds, sentence)  # fmt: skip


def _way_back(trace: Trace, face: Floats) -> tuple[tuple[float, float, float] | None, str]:
    """Thresholds at which the face is found, each lowered only as far as it must be; and the end of the sentence."""
    now, named = trace, list[str]()
    for stage in NET_NAMES:
        if passing(now, stage, face) is None:
            at = passes_at(now, stage, face)
            if at is None:
                return None, f", but then be lost in {NET_TITLES[stage]} at any threshold" if named else ""
            now = now.rerun(thresholds=now.settings.thresholds._replace(**{stage: at}))
            named.append(f"{NET_TITLES[stage]} at {at:g}")
    more = f"; found with {', '.join(named)}" if len(named) > 1 else ", and be found" if named else ""
    return now.settings.thresholds, more


def _whole(box: tuple[float, ...]) -> list[int]:
    return [round(side) for side in box]


def _mean(view: StageView) -> str:
    return f", the mean of two looks {'less' if view.passes_at is None else f'{view.passes_at:g}'}"


def _reason(view: StageView) -> str:
    """Why the stage lost the face."""
    name = NET_TITLES[view.stage]
    if view.lost_at == "scored" or view.best is None:
        nearest = f"best overlap {view.moved:.2f} of {MATCHING_IOU} needed"
        return f"lost in {name}: no box that it makes comes near enough, {nearest}"
    best = rounded_down(view.best)
    if view.lost_at == "mirrored":
        why = f"its first look says {best:g}{_mean(view)}; {name}'s threshold is {view.threshold:g}"
    elif view.lost_at == "above threshold":
        mean = _mean(view) if "mirrored" in view.counts else ""
        why = f"its best score is {best:g}{mean}; {name}'s threshold is {view.threshold:g}"
    elif view.rival is None:
        why = f"its best score is {best:g}, but NMS keeps better boxes that are not on it"
    else:
        one = view.rival
        left = f", {rounded_down(one.score_removed):g} of what was left" if one.score_removed < view.best else ""
        better = f"{rounded_down(one.score):g} at {_whole(one.box)}"
        why = f"its best score is {best:g}{left}, but NMS keeps a better box that is not on it, {better}"
    if view.passes_at is None:
        return f"lost in {name}: {why}; lowering its threshold does not help"
    return f"lost in {name}: {why}; it would survive a threshold of {view.passes_at:g}"
