"""The cascade: P-Net proposes, R-Net refuses, O-Net decides. `Detector` runs it on a photo.

Zhang, Zhang, Li, Qiao, "Joint face detection and alignment using multi-task cascaded convolutional networks",
2016; the order of the steps and the NMS overlaps are those of the authors' released code (the paper gives neither).
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from functools import cached_property
from os import PathLike
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mtcnn_lite import nms as nms_
from mtcnn_lite import pyramid
from mtcnn_lite.boxes import MIRRORED, Floats, clip_boxes
from mtcnn_lite.images import Pixels, as_rgb, crop_windows, photos_in, read_image
from mtcnn_lite.nets import Nets, ONet, PNet, RNet, normalise
from mtcnn_lite.parts import Parts
from mtcnn_lite.trace import Candidates, Faces, Level, Settings, Stage, Trace
from mtcnn_lite.weights import SHIPPED, nets_of, thresholds_of
from mtcnn_lite.workers import keep_freed_memory, share, stream

AT_ONCE = 1 << 16  # pixels that a net sees at once: bounds memory, and what the layers make of them stays in cache
LEAST_ROWS = 24  # of P-Net's map in a strip: strips share the 10 rows of pixels that windows overlap
PIXEL_CENTRE = 0.5  # box corners lie on pixel edges; landmarks, as in label files and OpenCV, count pixel centres


class Detector:
    """A face detector: `Detector().detect(image)`.

    weights: "mtcnn_lite" (those that ship), "zhang2016" (the authors' values, from the installed package `mtcnn`), a
    folder written by `save_weights`, or a `Nets`. min_face: side, in pixels, of the smallest face to look for; 12 or
    more (time goes with 1 / min_face^2). factor: ratio of a pyramid level to the one before. thresholds: lowest
    probability that passes P-Net, R-Net, O-Net; None for those that suit the weights (`weights.thresholds_of`). nms:
    overlap allowed within a level, across levels, after R-Net (IoU), and after O-Net (over the smaller box).
    mirror_landmarks: average each face's landmarks with those found in its mirror image, as the authors do.

    Raises ValueError for a setting out of its range, WeightsError for weights that are missing or don't fit.
    """

    def __init__(
        self,
        weights: str | PathLike[str] | Nets = SHIPPED,
        min_face: float = 20,
        factor: float = 0.709,
        thresholds: tuple[float, float, float] | None = None,
        nms: tuple[float, float, float, float] = (0.5, 0.7, 0.7, 0.7),
        mirror_landmarks: bool = True,
    ) -> None:
        passed = thresholds_of(weights) if thresholds is None else thresholds
        self.settings = Settings(min_face, factor, passed, nms, mirror_landmarks)
        self.parts = Parts()
        self.nets = nets_of(weights)
        keep_freed_memory()

    def detect(self, image: NDArray[np.uint8]) -> Faces:
        """The faces in an RGB uint8 image (H, W, 3), best first; none where the image's shorter side is under min_face.

        Grayscale and RGBA are accepted. Raises TypeError or ValueError for anything else (see `images.as_rgb`).
        """
        return self._trace(as_rgb(image)).faces

    def detect_many(self, images: Iterable[Pixels | str | PathLike[str]] | str | PathLike[str]) -> Iterator[Faces]:
        """`detect` for each of `images`, in order: arrays, files, or a folder, whose `images.photos_in` come by name.

        A photo a thread at a time, so that many small ones take less than one by one. No photo is read before its turn
        is near: `images` may be a generator without end. Raises what `detect` and `read_image` raise, with the number
        of the image, when its turn comes; TypeError at once where `images` is one image.
        """
        if isinstance(images, np.ndarray) and images.ndim < 4:
            raise TypeError(
                f"images is an array of shape {images.shape}; it must hold several images, for example [image]"
            )
        if isinstance(images, str | PathLike):
            images = photos_in(images)

        def look(numbered: tuple[int, Pixels | str | PathLike[str]]) -> Faces:
            number, image = numbered
            try:
                return self.detect(read_image(image) if isinstance(image, str | PathLike) else image)
            except (TypeError, ValueError) as error:
                raise type(error)(f"images[{number}]: {error}") from None

        return stream(look, enumerate(images))

    def trace(self, image: NDArray[np.uint8]) -> Trace:
        """`detect`, with every candidate after every step. Same code, same result: `trace.faces`."""
        return self._trace(as_rgb(image).copy())  # stages run later, when the caller may have drawn on the photo

    def _trace(self, image: NDArray[np.uint8]) -> Trace:
        return _Run(self.nets, self.parts, image).trace(self.settings)

    def swap(self, **parts: Callable[..., Any]) -> "Detector":
        """A detector that uses your functions in place of its own: `detector.swap(decode_offsets=mine)`.

        Names and signatures are those of `Parts`. It shares this detector's nets; this one is not changed.
        """
        known = [f.name for f in fields(Parts)]
        for name, part in parts.items():
            if name not in known:
                raise ValueError(f"{name!r} is no part of the detector; its parts are {', '.join(known)}")
            if not callable(part):
                raise TypeError(f"{name} is {part!r}; it must be a function")
        other = object.__new__(Detector)
        other.settings, other.nets, other.parts = self.settings, self.nets, replace(self.parts, **parts)
        return other


class _Run:
    """One image in one detector, and what the nets have said of its windows so far."""

    def __init__(self, nets: Nets, parts: Parts, image: NDArray[np.uint8]) -> None:
        self.nets, self.parts, self.image = nets, parts, image
        self.level_at: dict[float, Level] = {}  # by scale, see _key
        self.rnet_said = _Memory(lambda windows: self.ask(self.nets.rnet, windows))
        self.onet_said = _Memory(lambda windows: self.ask(self.nets.onet, windows))
        self.mirror_said = _Memory(lambda windows: self.ask(self.nets.onet, windows, mirror=True))

    @cached_property
    def halved(self) -> list[NDArray[np.uint8]]:
        """Copies of the image down to the largest window that can be cropped, and to the smallest level."""
        height, width = self.image.shape[:2]
        return pyramid.halvings(self.image, min(ONet.size / max(height, width), pyramid.CELL / min(height, width)))

    def trace(self, settings: Settings) -> Trace:
        """The pyramid for `settings`, and P-Net's answer at those scales that it has not seen yet."""
        started = time.perf_counter()
        height, width = self.image.shape[:2]
        scales = self.parts.scales(height, width, settings.min_face, settings.factor)
        new = [scale for scale in scales if _key(scale) not in self.level_at]
        halved = self.halved
        images = [level for [level] in share(lambda scale: pyramid.resize_levels(halved, [scale]), new)]
        built = time.perf_counter()
        for scale, image, maps in zip(new, images, score_levels(self.nets.pnet, images), strict=True):
            self.level_at[_key(scale)] = Level(scale, image, *maps)
        spent = {"pyramid": built - started, "pnet": time.perf_counter() - built}
        return Trace(self.image, [self.level_at[_key(scale)] for scale in scales], settings, self, spent)

    def propose(self, levels: list[Level], settings: Settings) -> Stage:
        """P-Net: windows above the threshold, thinned out level by level and then together, moved, squared."""
        threshold, (within, across, *_) = settings.thresholds[0], settings.nms
        steps: dict[str, Candidates] = {}
        found = [self.above_threshold(index, level, threshold) for index, level in enumerate(levels)]
        now = steps["above threshold"] = _join(found)
        kept = [np.flatnonzero(now.level == index) for index in range(len(levels))]
        kept = [rows[self.parts.kept(now.boxes[rows], now.scores[rows], within)] for rows in kept]
        now = steps["nms within levels"] = now.pick(np.concatenate([*kept, np.zeros(0, np.int64)]))
        now = steps["nms across levels"] = now.pick(self.parts.kept(now.boxes, now.scores, across))
        now = steps["refined"] = now.but(boxes=self.parts.moved(now.boxes, now.offsets))
        steps["squared"] = now.but(boxes=self.parts.squared(now.boxes))
        return Stage("pnet", sum(level.face_map.size for level in levels), steps)

    def refine(self, windows: Candidates, levels: list[Level], settings: Settings) -> Stage:
        """R-Net: a second look at each of P-Net's windows."""
        threshold, overlap = settings.thresholds[1], settings.nms[2]
        scores, offsets, _ = self.rnet_said(windows, levels)
        steps: dict[str, Candidates] = {}
        now = steps["scored"] = windows.but(scores=scores, offsets=offsets)
        now = steps["above threshold"] = now.pick(now.scores >= threshold)
        now = steps["nms"] = now.pick(self.parts.kept(now.boxes, now.scores, overlap))
        now = steps["refined"] = now.but(boxes=self.parts.moved(now.boxes, now.offsets))
        steps["squared"] = now.but(boxes=self.parts.squared(now.boxes))
        return Stage("rnet", len(windows), steps)

    def decide(self, windows: Candidates, levels: list[Level], settings: Settings) -> Stage:
        """O-Net: the last look, with landmarks. Here boxes move before NMS, which measures over the smaller box."""
        threshold, overlap = settings.thresholds[2], settings.nms[3]
        scores, offsets, landmarks = self.onet_said(windows, levels)
        steps: dict[str, Candidates] = {}
        now = steps["scored"] = windows.but(scores=scores, offsets=offsets, landmarks=self.points(windows, landmarks))
        now = steps["above threshold"] = now.pick(now.scores >= threshold)
        now = steps["refined"] = now.but(boxes=self.parts.moved(now.boxes, now.offsets))
        now = steps["nms"] = now.pick(nms_.nms(now.boxes, now.scores, overlap, "iom"))
        if settings.mirror_landmarks:
            looked_at = steps["above threshold"].pick(now.parent)  # the windows, before they were moved
            both = np.stack([now.points, self.mirrored_landmarks(looked_at, levels)])  # (2, N, 5, 2)
            steps["mirrored"] = now.but(landmarks=both.mean(axis=0))
        return Stage("onet", len(windows), steps)

    def faces(self, onet: Stage) -> Faces:
        """What is left, clipped to the image."""
        height, width = self.image.shape[:2]
        return Faces(clip_boxes(onet.last.boxes, height, width), onet.last.scores, onet.last.points)

    def mirrored_landmarks(self, windows: Candidates, levels: list[Level]) -> Floats:
        """Landmarks (N, 5, 2) found in the mirror image of each window, turned back."""
        _, _, landmarks = self.mirror_said(windows, levels)
        points = landmarks.reshape(-1, 2, 5)[:, :, MIRRORED]  # (N, 2, 5) all x, all y
        points[:, 0] = 1 - points[:, 0]
        return self.points(windows, points.reshape(-1, 10))

    def points(self, windows: Candidates, landmarks: Floats) -> Floats:
        """Landmarks (N, 10) of the windows as points (N, 5, 2) in the image, where whole numbers are pixel centres."""
        return self.parts.points(windows.boxes, landmarks) - PIXEL_CENTRE

    def above_threshold(self, index: int, level: Level, threshold: float) -> Candidates:
        """The level's windows with a probability of at least `threshold`, row by row."""
        passing = np.flatnonzero(level.face_map >= threshold)
        cell = np.stack(np.divmod(passing, level.face_map.shape[1]), axis=1)  # (N, 2) row, column
        at = tuple(cell.T)
        boxes = self.parts.windows(level, threshold)
        return Candidates(boxes, level.face_map[at], level.offset_map[at], np.full(len(cell), index), cell,
                          np.full(len(cell), -1))  # fmt: skip

    def ask(self, net: RNet | ONet, windows: Floats, mirror: bool = False) -> list[Floats]:
        """Score (N,), offsets (N, 4) and landmarks (N, 10) that `net` gives the image's windows (N, 4); N is not 0."""

        def look(some: Floats) -> tuple[Floats, Floats, Floats]:
            crops = crop_windows(self.halved, some, net.size)  # (n, size, size, 3)
            with torch.inference_mode():
                said = net(normalise(crops[:, :, ::-1].copy() if mirror else crops))
            landmarks = np.zeros((len(crops), 10), np.float32) if said.landmarks is None else said.landmarks.numpy()
            return said.score.numpy(), said.offsets.numpy(), landmarks

        batches = max(math.ceil(len(windows) * net.size**2 / AT_ONCE), min(torch.get_num_threads(), len(windows)))
        answers = share(look, np.array_split(windows, batches))
        return [np.concatenate(column) for column in zip(*answers, strict=True)]


def score_level(net: PNet, level: NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """P-Net's face_map (H, W) and offset_map (H, W, 4) of one level (h, w, 3)."""
    return score_levels(net, [level])[0]


def score_levels(net: PNet, levels: Sequence[NDArray[np.uint8]]) -> list[tuple[Floats, Floats]]:
    """`score_level` of each level, worked off in strips to bound memory."""
    sizes = [pyramid.map_size(*level.shape[:2]) for level in levels]
    maps = [(np.empty(size, np.float32), np.empty((*size, 4), np.float32)) for size in sizes]

    def score(strip: tuple[int, int, int]) -> None:
        index, first, last = strip
        # The map's rows first .. last - 1 read pixel rows 2 * first and on.
        pixels = levels[index][pyramid.STRIDE * first : pyramid.STRIDE * (last - 1) + pyramid.CELL]
        with torch.inference_mode():
            said = net(normalise(pixels[None]))  # maps: (1, C, last - first, columns)
        face_map, offset_map = maps[index]
        face_map[first:last] = said.score[0].numpy()
        offset_map[first:last] = said.offsets[0].permute(1, 2, 0).numpy()

    strips = []
    for index, (level, (rows, _)) in enumerate(zip(levels, sizes, strict=True)):
        at_once = max(LEAST_ROWS, AT_ONCE // (level.shape[1] * pyramid.STRIDE))
        strips += [(index, first, min(first + at_once, rows)) for first in range(0, rows, at_once)]
    share(score, strips)
    return maps


class _Memory:
    """What a net said of each window so far, by the P-Net cell that the window began as: all else follows from it."""

    def __init__(self, ask: Callable[[Floats], list[Floats]]) -> None:
        self.ask, self.row_of = ask, dict[tuple[float, int, int], int]()
        self.answers = [np.zeros((0, *shape), np.float32) for shape in ((), (4,), (10,))]

    def __call__(self, windows: Candidates, levels: list[Level]) -> list[Floats]:
        """The net's answers to `windows`; it is asked about the new ones only."""
        scale = [_key(level.scale) for level in levels]
        origins = zip(windows.level.tolist(), windows.cell.tolist(), strict=True)
        keys = [(scale[level], row, column) for level, (row, column) in origins]
        new = [i for i, key in enumerate(keys) if key not in self.row_of]
        if new:
            self.row_of |= {keys[i]: len(self.row_of) + n for n, i in enumerate(new)}
            said = self.ask(windows.boxes[new])
            self.answers = [np.concatenate(pair) for pair in zip(self.answers, said, strict=True)]
        rows = [self.row_of[key] for key in keys]
        return [column[rows] for column in self.answers]


def _key(scale: float) -> float:
    """A scale to look up by: the same for 12 / 20 * 0.709 and 12 / (20 / 0.709), which differ in the last digit."""
    return round(scale, 9)


def _join(parts: list[Candidates]) -> Candidates:
    """The candidates of all levels in one."""
    if not parts:
        none = np.zeros(0, np.int64)
        return Candidates(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 4), np.float32), none,
                          none.reshape(0, 2), none)  # fmt: skip
    columns = (np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Candidates) if f.name != "landmarks")
    return Candidates(*columns)
