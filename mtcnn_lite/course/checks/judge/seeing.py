"""A reader's function beside ours in the live detector: what becomes of the same photo. It needs torch."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import cv2
import numpy as np
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.arguments import shown
from mtcnn_lite.cascade.answers import Answers
from mtcnn_lite.cascade.hooks import Hooks
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.course.chapters import PARTS
from mtcnn_lite.course.checks.judge.failing import failing_case
from mtcnn_lite.course.checks.judge.limits import Endless, bounded
from mtcnn_lite.course.checks.judge.nets.plans import PLANS
from mtcnn_lite.course.checks.judge.nets.reading import NoNet, net_of
from mtcnn_lite.course.checks.judge.side_by_side import Seen, View, side_by_side
from mtcnn_lite.course.checks.judge.text import Array, shortened
from mtcnn_lite.course.your_nets import YourEngine
from mtcnn_lite.nets import Nets

MOST_AREA = 4  # times our levels' area: a pyramid that takes more is shown and not run
MOST_WINDOWS = 4  # times our windows over P-Net's threshold: likewise
STEPS = {
    "above threshold": "windows over P-Net's threshold",
    "nms within levels": "windows after NMS within the levels",
    "nms across levels": "windows after NMS across the levels",
    "refined": "windows, moved by their offsets",
    "squared": "windows, made square",
}


@dataclass(frozen=True)
class Run:
    """What a detector made of a photo, or the words that say why it stopped."""

    trace: Trace | None = None
    scales: list[float] | None = None
    stopped: str = ""


def seen_beside(fn: Callable[..., Any], name: str, photo: Array | None, detector: Detector | None) -> Seen:
    """The photo with what the detector finds: with our function, and with the reader's.

    The first of these that differs is drawn: the faces, the windows after a step, the pyramid's levels. Where all agree
    on this photo, it is the judge's smallest case that fails.

    Parameters
    ----------
    fn : callable
        The reader's function.
    name : str
        Its exercise's.
    photo : uint8 (H, W, 3) or None
        None for one of the course's, tried with several settings.
    detector : Detector or None
        None for one with the shipped weights.

    Raises
    ------
    ValueError
        For a name that is no part of the detector.
    """
    if name not in PARTS:
        raise ValueError(f"{shown(name)} is no part of the live detector; these are: {', '.join(PARTS)}")
    image = _photo() if photo is None else photo
    nets = (detector or _detector()).nets
    runs = _ours(photo, detector)
    for run in runs:
        found = _first_difference(run, _run(run, name, fn, nets))
        if found:
            return side_by_side(image, *found, name)
    instead, ours, yours = failing_case(fn, name) or (None, _faces(runs[0]), _faces(runs[0]))
    return side_by_side(image if instead is None else instead, ours, yours, name)


def _with(run: Trace, name: str, fn: Callable[..., Any], nets: Nets) -> Trace:
    """Our run with the reader's function or net, and with answers of its own where that changes them.

    R-Net's and O-Net's are kept by the cell that a window began as, and most functions may move it elsewhere; to choose
    among windows moves none.
    """
    chooses = name in ("nms", "iou")
    engine = YourEngine(nets, {name: net_of(name, fn, nets)}) if name in PLANS else run.answers.engine
    answers = Answers(engine, run.image)
    answers.pnet = run.answers.pnet if name != "pnet" else {}  # by the level's scale alone
    if chooses or name == "onet":
        answers.rnet = run.answers.rnet
    if chooses:
        answers.onet, answers.mirrored = run.answers.onet, run.answers.mirrored
    if name in PLANS:
        return Trace(answers, run.settings, Hooks())
    hook = {"nms": _nms_by(fn)} if name == "iou" else {name: _on_copies(fn)}
    return Trace(answers, run.settings, replace(Hooks(), **hook))


def _nms_by(iou: Callable[..., Any]) -> Callable[..., Any]:
    """Greedy NMS on a reader's `iou`. What is not a number is not too much."""

    def nms(boxes: Array, scores: Array, threshold: float) -> Array:
        kept, left = list[int](), np.argsort(-scores, kind="stable")
        while len(left):
            best, left = int(left[0]), left[1:]
            kept.append(best)
            left = left[~(np.asarray(iou(boxes[best].copy(), boxes[left])) > threshold)]
        return np.array(kept, np.int64)

    return nms


def _on_copies(fn: Callable[..., Any]) -> Callable[..., Any]:
    """What is given is shared with our own run, so a function that changes it must not reach it."""
    return lambda *given: fn(*copy.deepcopy(given))


def _run(ours: Trace, name: str, fn: Callable[..., Any], nets: Nets) -> Run:
    try:
        with bounded(fn):
            trace = _with(ours, name, fn, nets)
            scales = trace.scales
            area = sum(scale**2 for scale in scales)
            if area > MOST_AREA * sum(scale**2 for scale in replace(trace, hooks=Hooks()).scales):
                return Run(None, scales, f"{len(scales)} levels, too many pixels to look at")
            if name == "pnet" and _passing(trace) > MOST_WINDOWS * _passing(ours):
                return Run(None, None, f"{_passing(trace):,} windows over P-Net's threshold, too many to look at")
            assert len(trace.faces) >= 0  # all stages run
            return Run(trace, scales)
    except NotImplementedError:
        return Run(None, None, "still to be written")
    except Endless:
        return Run(None, None, "it does not come to an end")
    except NoNet as error:
        return Run(None, None, shortened(str(error), 1))
    except Exception as error:
        if name in PLANS and "broadcast" in str(error):
            return Run(None, None, "its answers have another shape than ours")
        return Run(None, None, shortened(f"{type(error).__name__}: {error}", 1))


def _passing(trace: Trace) -> int:
    """How many windows of all levels pass P-Net's threshold."""
    return sum(int((level.face_map >= trace.settings.thresholds[0]).sum()) for level in trace.levels)


def _first_difference(ours: Trace, yours: Run) -> tuple[View, View] | None:
    """Both sides of the first view that differs to the eye."""
    if yours.stopped:
        levels = yours.scales is not None
        left = _levels(ours, ours.scales) if levels else _faces(ours)
        right = _levels(ours, yours.scales) if levels and yours.scales else View("", None, None, yours.stopped)
        return left, replace(right, stopped=yours.stopped)
    assert yours.trace is not None
    for left, right in zip(_views(ours), _views(yours.trace), strict=True):
        if not _alike(left, right):
            return left, right
    return None


def _views(trace: Trace) -> Iterator[View]:
    yield _faces(trace)
    for stage in trace.stages:
        for step, candidates in stage.steps.items():
            what = STEPS.get(step, f"windows of {stage.name}, {step}")
            yield View(what, candidates.boxes, None, colour=stage.name)
    yield _levels(trace, trace.scales)


def _faces(trace: Trace) -> View:
    return View("faces", trace.faces.boxes, trace.faces.landmarks, colour="onet", numbered=True)


def _levels(trace: Trace, scales: list[float]) -> View:
    height, width = trace.image.shape[:2]
    boxes = np.array([[0, 0, width * scale, height * scale] for scale in scales]).reshape(-1, 4)
    return View("levels of the pyramid", boxes, None, colour="pnet")


def _alike(left: View, right: View) -> bool:
    for mine, theirs in ((left.boxes, right.boxes), (left.points, right.points)):
        if mine is None or theirs is None:
            continue
        if mine.shape != theirs.shape:
            return False
        if not len(mine):
            continue
        first, second = (each[np.lexsort(each.round(2).T[::-1])] for each in _flat(mine, theirs))
        if not np.abs(first - second).max() < 0.05:
            return False
    return True


def _flat(*tables: Array) -> list[Array]:
    return [table.reshape(len(table), -1) for table in tables]


# --- the photo, and the settings that bring mistakes to light


@cache
def _photo() -> Array:
    """192 x 288 px: two faces of different size, one of them at the photo's corner."""
    portrait = np.asarray(astronaut())  # type: ignore[no-untyped-call]
    left = cv2.resize(portrait[78:270, 184:328], (144, 192), interpolation=cv2.INTER_AREA)
    right = cv2.resize(portrait[10:394, 100:388], (144, 192), interpolation=cv2.INTER_AREA)[:, ::-1]
    return np.ascontiguousarray(np.concatenate([left, right], axis=1))


def _ours(photo: Array | None, detector: Detector | None) -> tuple[Trace, ...]:
    """Our runs, the likeliest to show a mistake first."""
    if photo is not None or detector is not None:
        return ((detector or _detector()).trace(_photo() if photo is None else photo),)
    return _settings()


@cache
def _detector() -> Detector:
    return Detector()


@cache
def _settings() -> tuple[Trace, ...]:
    """Factor 1/2 brings levels of exactly 12 px; a threshold is the score of a window; some photos are too small."""
    usual = _detector().trace(_photo())
    halves = Detector(min_face=24, factor=0.5).trace(_photo())
    scores = np.sort(halves.pnet["above threshold"].scores)
    on_a_score = halves.rerun(thresholds=(float(scores[len(scores) // 2]), *halves.settings.thresholds[1:]))
    near_twelve = Detector(min_face=25).trace(_photo())
    too_small = Detector(min_face=300).trace(_photo())
    return usual, on_a_score, near_twelve, too_small
