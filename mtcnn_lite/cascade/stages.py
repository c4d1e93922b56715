"""The cascade's steps: P-Net proposes, R-Net refines, O-Net decides. No net runs here: their answers come in.

Zhang, Zhang, Li, Qiao, "Joint face detection and alignment using multi-task cascaded convolutional networks",
2016. In R-Net and O-Net boxes move before NMS, as the paper says; in P-Net NMS comes first, as in the authors' released
code, which does so in R-Net too. The NMS overlaps, which the paper does not give, are the code's, but for one: R-Net's
moved boxes lie closer together, and may overlap by 0.8 in place of 0.7. Neither paper nor code has the second look at
a face (measured, like the order: benchmarks/own_way.py); for landmarks alone, the code's authors offer a like one.

Each function takes what the one before returned. `cascade.trace` calls them in this order, and asks the nets between.
"""

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite import nms as nms_
from mtcnn_lite.boxes import Floats, clip_boxes
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.cascade.hooks import Hooks
from mtcnn_lite.cascade.record import Candidates, Level, Settings, Stage
from mtcnn_lite.coordinates import PIXEL_CENTRE


def propose(levels: Sequence[Level], settings: Settings, hooks: Hooks) -> Stage:
    """P-Net: windows above the threshold, thinned out level by level and then together, moved, squared.

    Parameters
    ----------
    levels : sequence of Level
        The pyramid with P-Net's maps, largest level first; may be empty.
    settings : Settings
        Its thresholds and NMS overlaps count here.
    hooks : Hooks
        The functions in use.

    Returns
    -------
    Stage
        Steps "above threshold", "nms within levels", "nms across levels", "refined", "squared".
    """
    threshold, allowed = settings.thresholds.pnet, settings.nms.within_level
    steps: dict[str, Candidates] = {}
    now = _join([_above_threshold(index, level, threshold, hooks) for index, level in enumerate(levels)])
    steps["above threshold"] = now
    kept = [np.flatnonzero(now.level == index) for index in range(len(levels))]
    kept = [rows[hooks.kept(now.boxes[rows], now.scores[rows], allowed)] for rows in kept]
    now = steps["nms within levels"] = now.select(np.concatenate([*kept, np.zeros(0, np.int64)]))
    now = steps["nms across levels"] = now.select(_kept_across(now, settings, hooks))
    now = steps["refined"] = now.with_(boxes=hooks.moved(now.boxes, now.offsets))
    steps["squared"] = now.with_(boxes=hooks.squared(now.boxes))
    return Stage("pnet", sum(level.face_map.size for level in levels), steps)


def refine(windows: Candidates, said: Sequence[Floats], settings: Settings, hooks: Hooks) -> Stage:
    """R-Net: a second look at each of P-Net's windows. Moved, those of one face nearly coincide: fewer to go on.

    Parameters
    ----------
    windows : Candidates
        The N square windows that `propose` ends with.
    said : three float32 arrays
        R-Net's score (N,), offsets (N, 4) and landmarks (N, 10) of the windows.
    settings, hooks
        As in `propose`.

    Returns
    -------
    Stage
        Steps "scored", "above threshold", "refined", "nms", "squared".
    """
    scores, offsets, _ = said
    steps: dict[str, Candidates] = {}
    now = steps["scored"] = windows.with_(scores=scores, offsets=offsets)
    now = steps["above threshold"] = now.select(now.scores >= settings.thresholds.rnet)
    now = steps["refined"] = now.with_(boxes=hooks.moved(now.boxes, now.offsets))
    now = steps["nms"] = now.select(hooks.kept(now.boxes, now.scores, settings.nms.rnet))
    steps["squared"] = now.with_(boxes=hooks.squared(now.boxes))
    return Stage("rnet", len(windows), steps)


def decide(windows: Candidates, said: Sequence[Floats], settings: Settings, hooks: Hooks) -> Stage:
    """O-Net: the last look, with landmarks, and an NMS that measures over the smaller box.

    A second look, if one is to come, says 1 at most: to end with a mean of t, a score of 2t - 1 is needed here.

    Parameters
    ----------
    windows : Candidates
        The N square windows that `refine` ends with.
    said : three float32 arrays
        O-Net's score (N,), offsets (N, 4) and landmarks (N, 10) of the windows.
    settings, hooks
        As in `propose`.

    Returns
    -------
    Stage
        Steps "scored", "above threshold", "refined", "nms".
    """
    scores, offsets, landmarks = said
    threshold = settings.thresholds.onet
    needed = 2 * threshold - 1 if settings.mirror else threshold
    points = _points_in_image(windows, landmarks, hooks)
    steps: dict[str, Candidates] = {}
    now = steps["scored"] = windows.with_(scores=scores, offsets=offsets, landmarks=points)
    now = steps["above threshold"] = now.select(now.scores >= needed)
    now = steps["refined"] = now.with_(boxes=hooks.moved(now.boxes, now.offsets))
    steps["nms"] = now.select(nms_.nms(now.boxes, now.scores, settings.nms.onet, "iom"))
    return Stage("onet", len(windows), steps)


def second_look(onet: Stage, hooks: Hooks) -> Candidates:
    """Windows for a second look at the faces that O-Net's NMS leaves: square, and where it has moved the boxes."""
    now = onet["nms"]
    return now.with_(boxes=hooks.squared(now.boxes))


def average(onet: Stage, windows: Candidates, said: Sequence[Floats], settings: Settings, hooks: Hooks) -> Stage:
    """`decide`'s stage with one more step, "mirrored": the mean of both looks, best first, above the threshold.

    Parameters
    ----------
    onet : Stage
        What `decide` returned.
    windows : Candidates
        The N windows of `second_look`.
    said : three float32 arrays
        What O-Net says of their mirror images, turned back: score (N,), offsets (N, 4), landmarks (N, 10).
    settings, hooks
        As in `propose`.
    """
    now, (scores, _, landmarks) = onet["nms"], said
    points = np.stack([now.points, _points_in_image(windows, landmarks, hooks)]).mean(axis=0)  # (N, 5, 2)
    mean = np.stack([now.scores, scores]).mean(axis=0)  # (N,)
    best_first = np.argsort(-mean, kind="stable")
    rows = best_first[mean[best_first] >= settings.thresholds.onet]
    mirrored = replace(now.select(rows), scores=mean[rows], landmarks=points[rows])
    return Stage("onet", onet.windows, onet.steps | {"mirrored": mirrored})


def faces(onet: Stage, height: int, width: int) -> Faces:
    """What O-Net leaves, clipped to the image.

    Parameters
    ----------
    onet : Stage
        What `decide` or `average` returned.
    height, width : int
        The image's size, in pixels.
    """
    return Faces(clip_boxes(onet.last.boxes, height, width), onet.last.scores, onet.last.points)


def _above_threshold(index: int, level: Level, threshold: float, hooks: Hooks) -> Candidates:
    """The level's windows with a probability of at least `threshold`, row by row."""
    passing = np.flatnonzero(level.face_map >= threshold)
    cell = np.stack(np.divmod(passing, level.face_map.shape[1]), axis=1)  # (N, 2) row, column
    at = tuple(cell.T)
    boxes = hooks.windows(level, threshold, len(passing))
    return Candidates(boxes, level.face_map[at], level.offset_map[at], np.full(len(cell), index), cell,
                      np.full(len(cell), -1))  # fmt: skip


def _kept_across(windows: Candidates, settings: Settings, hooks: Hooks) -> NDArray[np.int64]:
    """The rows that NMS across levels keeps, best first.

    A window has factor^2 of the area of one a level away, so they overlap by that at most, 0.503 as a rule; and in
    a level NMS has left overlaps of `within_level` at most. Where more is allowed, all stay: no need to measure.
    """
    allowed = settings.nms
    if hooks == Hooks() and allowed.across_levels > max(allowed.within_level, settings.factor**2) + 0.01:  # rounding
        return np.argsort(-windows.scores, kind="stable")
    return hooks.kept(windows.boxes, windows.scores, allowed.across_levels)


def _points_in_image(windows: Candidates, landmarks: Floats, hooks: Hooks) -> Floats:
    """Landmarks (N, 10) of the windows as points (N, 5, 2) in the image, where whole numbers are pixel centres."""
    return hooks.points(windows.boxes, landmarks) - PIXEL_CENTRE


def _join(levels: list[Candidates]) -> Candidates:
    """The candidates of all levels in one."""
    if not levels:
        none = np.zeros(0, np.int64)
        return Candidates(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 4), np.float32), none,
                          none.reshape(0, 2), none)  # fmt: skip
    names = [field.name for field in fields(Candidates) if field.name != "landmarks"]
    return Candidates(*(np.concatenate([getattr(level, name) for level in levels]) for name in names))
