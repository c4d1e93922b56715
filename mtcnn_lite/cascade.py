"""The cascade: P-Net proposes, R-Net refuses, O-Net decides. Step by step, on one image.

Zhang, Zhang, Li, Qiao, "Joint face detection and alignment using multi-task cascaded convolutional networks",
2016. In R-Net and O-Net boxes move before NMS, as the paper says; in P-Net NMS comes first, as in the authors' released
code, which does so in R-Net too. The NMS overlaps, which the paper does not give, are the code's, but for one: R-Net's
moved boxes lie closer together, and may overlap by 0.8 in place of 0.7. Neither paper nor code has the second look at
a face (measured, like the order: benchmarks/own_way.py); for landmarks alone, the code's authors offer a like one.
"""

import time
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite import nms as nms_
from mtcnn_lite import pyramid
from mtcnn_lite.boxes import Floats, clip_boxes
from mtcnn_lite.memory import Memory, scale_key
from mtcnn_lite.nets import Nets, ONet
from mtcnn_lite.parts import Parts
from mtcnn_lite.scoring import score_levels
from mtcnn_lite.trace import Candidates, Faces, Level, Settings, Stage, Trace
from mtcnn_lite.workers import share

PIXEL_CENTRE = 0.5  # box corners lie on pixel edges; landmarks, as in label files and OpenCV, count pixel centres


class Cascade:
    """The cascade on one image, and what the nets have said of its windows so far."""

    def __init__(self, nets: Nets, parts: Parts, image: NDArray[np.uint8]) -> None:
        self.nets, self.parts, self.image = nets, parts, image
        self.level_at: dict[float, Level] = {}  # by scale_key
        self.rnet_said, self.onet_said = (Memory(net, lambda: self.halved) for net in (nets.rnet, nets.onet))
        self.mirror_said = Memory(nets.onet, lambda: self.halved, mirror=True)

    @cached_property
    def halved(self) -> list[NDArray[np.uint8]]:
        """Copies of the image down to the largest window that can be cropped, and to the smallest level."""
        height, width = self.image.shape[:2]
        return pyramid.halvings(self.image, min(ONet.size / max(height, width), pyramid.CELL / min(height, width)))

    def trace(self, settings: Settings) -> Trace:
        """The pyramid for `settings`, and P-Net's answer at those scales that it has not seen yet."""
        return look([self], settings)[0]

    def propose(self, levels: list[Level], settings: Settings) -> Stage:
        """P-Net: windows above the threshold, thinned out level by level and then together, moved, squared."""
        threshold, within = settings.thresholds[0], settings.nms[0]
        steps: dict[str, Candidates] = {}
        found = [self.above_threshold(index, level, threshold) for index, level in enumerate(levels)]
        now = steps["above threshold"] = _join(found)
        kept = [np.flatnonzero(now.level == index) for index in range(len(levels))]
        kept = [rows[self.parts.kept(now.boxes[rows], now.scores[rows], within)] for rows in kept]
        now = steps["nms within levels"] = now.pick(np.concatenate([*kept, np.zeros(0, np.int64)]))
        now = steps["nms across levels"] = now.pick(self.kept_across(now, settings))
        now = steps["refined"] = now.but(boxes=self.parts.moved(now.boxes, now.offsets))
        steps["squared"] = now.but(boxes=self.parts.squared(now.boxes))
        return Stage("pnet", sum(level.face_map.size for level in levels), steps)

    def kept_across(self, windows: Candidates, settings: Settings) -> NDArray[np.int64]:
        """The rows that NMS across levels keeps, best first.

        A window has factor^2 of the area of one a level away, so they overlap by that at most, 0.503 as a rule; and in
        a level NMS has left overlaps of `within` at most. Where more is allowed, all stay: no need to measure.
        """
        within, across = settings.nms[:2]
        if self.parts == Parts() and across > max(within, settings.factor**2) + 0.01:  # 0.01: rounded numbers
            return np.argsort(-windows.scores, kind="stable")
        return self.parts.kept(windows.boxes, windows.scores, across)

    def refine(self, windows: Candidates, levels: list[Level], settings: Settings) -> Stage:
        """R-Net: a second look at each of P-Net's windows. Moved, those of one face nearly coincide: fewer to go on."""
        threshold, overlap = settings.thresholds[1], settings.nms[2]
        scores, offsets, _ = self.rnet_said(windows, levels)
        steps: dict[str, Candidates] = {}
        now = steps["scored"] = windows.but(scores=scores, offsets=offsets)
        now = steps["above threshold"] = now.pick(now.scores >= threshold)
        now = steps["refined"] = now.but(boxes=self.parts.moved(now.boxes, now.offsets))
        now = steps["nms"] = now.pick(self.parts.kept(now.boxes, now.scores, overlap))
        steps["squared"] = now.but(boxes=self.parts.squared(now.boxes))
        return Stage("rnet", len(windows), steps)

    def decide(self, windows: Candidates, levels: list[Level], settings: Settings) -> Stage:
        """O-Net: the last look, with landmarks, and a second one at the mirror image of each face that is left."""
        steps = self.decided(windows, levels, settings)
        if settings.mirror:
            now, settled = steps["nms"], self.settled(steps)
            scores, _, landmarks = self.mirror_said(settled, levels)
            points = np.stack([now.points, self.points(settled, landmarks)]).mean(axis=0)  # (N, 5, 2)
            mean = np.stack([now.scores, scores]).mean(axis=0)  # (N,)
            best_first = np.argsort(-mean, kind="stable")
            rows = best_first[mean[best_first] >= settings.thresholds[2]]
            steps["mirrored"] = replace(now.pick(rows), scores=mean[rows], landmarks=points[rows])
        return Stage("onet", len(windows), steps)

    def decided(self, windows: Candidates, levels: list[Level], settings: Settings) -> dict[str, Candidates]:
        """O-Net's steps up to its NMS, which measures over the smaller box.

        A second look, if one is to come, says 1 at most: to end with a mean of t, a score of 2t - 1 is needed here.
        """
        threshold, overlap = settings.thresholds[2], settings.nms[3]
        needed = 2 * threshold - 1 if settings.mirror else threshold
        scores, offsets, landmarks = self.onet_said(windows, levels)
        steps: dict[str, Candidates] = {}
        now = steps["scored"] = windows.but(scores=scores, offsets=offsets, landmarks=self.points(windows, landmarks))
        now = steps["above threshold"] = now.pick(now.scores >= needed)
        now = steps["refined"] = now.but(boxes=self.parts.moved(now.boxes, now.offsets))
        steps["nms"] = now.pick(nms_.nms(now.boxes, now.scores, overlap, "iom"))
        return steps

    def settled(self, steps: dict[str, Candidates]) -> Candidates:
        """Windows for a second look at the faces that O-Net's NMS leaves: square, and where it has moved the boxes."""
        now = steps["nms"]
        return now.but(boxes=self.parts.squared(now.boxes))

    def faces(self, onet: Stage) -> Faces:
        """What is left, clipped to the image."""
        height, width = self.image.shape[:2]
        return Faces(clip_boxes(onet.last.boxes, height, width), onet.last.scores, onet.last.points)

    def points(self, windows: Candidates, landmarks: Floats) -> Floats:
        """Landmarks (N, 10) of the windows as points (N, 5, 2) in the image, where whole numbers are pixel centres."""
        return self.parts.points(windows.boxes, landmarks) - PIXEL_CENTRE

    def above_threshold(self, index: int, level: Level, threshold: float) -> Candidates:
        """The level's windows with a probability of at least `threshold`, row by row."""
        passing = np.flatnonzero(level.face_map >= threshold)
        cell = np.stack(np.divmod(passing, level.face_map.shape[1]), axis=1)  # (N, 2) row, column
        at = tuple(cell.T)
        boxes = self.parts.windows(level, threshold, len(passing))
        return Candidates(boxes, level.face_map[at], level.offset_map[at], np.full(len(cell), index), cell,
                          np.full(len(cell), -1))  # fmt: skip


def look(runs: Sequence[Cascade], settings: Settings) -> list[Trace]:
    """The images' pyramids, and P-Net on all their levels that it has not seen yet."""
    started = time.perf_counter()
    sizes = [run.image.shape[:2] for run in runs]
    scales = [run.parts.scales(height, width, settings.min_face, settings.factor)
              for run, (height, width) in zip(runs, sizes, strict=True)]  # fmt: skip
    new = [(run, at) for run, its in zip(runs, scales, strict=True) for at in its if scale_key(at) not in run.level_at]
    share(lambda run: run.halved, runs)
    images = [level for [level] in share(lambda pair: pyramid.resize_levels(pair[0].halved, [pair[1]]), new)]
    built = time.perf_counter()
    for (run, at), image, maps in zip(new, images, score_levels(runs[0].nets.pnet, images), strict=True):
        run.level_at[scale_key(at)] = Level(at, image, *maps)
    spent = {"pyramid": built - started, "pnet": time.perf_counter() - built}
    return [Trace(run.image, [run.level_at[scale_key(at)] for at in its], settings, run, dict(spent))
            for run, its in zip(runs, scales, strict=True)]  # fmt: skip


def _join(parts: list[Candidates]) -> Candidates:
    """The candidates of all levels in one."""
    if not parts:
        none = np.zeros(0, np.int64)
        return Candidates(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 4), np.float32), none,
                          none.reshape(0, 2), none)  # fmt: skip
    columns = (np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Candidates) if f.name != "landmarks")
    return Candidates(*columns)
