"""The cascade: P-Net proposes, R-Net refuses, O-Net decides. `Detector` runs it on a photo.

Zhang, Zhang, Li, Qiao, "Joint face detection and alignment using multi-task cascaded convolutional networks",
2016. In R-Net and O-Net boxes move before NMS, as the paper says; in P-Net NMS comes first, as in the authors' released
code, which does so in R-Net too. The NMS overlaps, which the paper does not give, are the code's, but for one: R-Net's
moved boxes lie closer together, and may overlap by 0.8 in place of 0.7. Neither paper nor code has the second look at
a face (measured, like the order: benchmarks/own_way.py); for landmarks alone, the code's authors offer a like one.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from functools import cached_property
from os import PathLike
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite import nms as nms_
from mtcnn_lite import pyramid
from mtcnn_lite.boxes import Floats, clip_boxes
from mtcnn_lite.images import Pixels, as_rgb, photos_in, read_image
from mtcnn_lite.memory import Memory, ask_together, scale_key
from mtcnn_lite.nets import Nets, ONet
from mtcnn_lite.parts import Parts
from mtcnn_lite.scoring import score_levels
from mtcnn_lite.trace import Candidates, Faces, Level, Settings, Stage, Trace
from mtcnn_lite.weights import SHIPPED, nets_of, thresholds_of
from mtcnn_lite.workers import get_ready, share, stream

Result = TypeVar("Result")

TOGETHER, MOST_TOGETHER = 1 << 20, 16  # pixels and photos of `detect_many` that are in work at once
PIXEL_CENTRE = 0.5  # box corners lie on pixel edges; landmarks, as in label files and OpenCV, count pixel centres


class Detector:
    """A face detector: `Detector().detect(image)`.

    weights: "mtcnn_lite" (those that ship), "zhang2016" (the authors' values, from the installed package `mtcnn`), a
    folder written by `save_weights`, or a `Nets`. min_face: side, in pixels, of the smallest face to look for; 12 or
    more (time goes with 1 / min_face^2). factor: ratio of a pyramid level to the one before. thresholds: lowest
    probability that passes P-Net, R-Net, O-Net; None for those that suit the weights (`weights.thresholds_of`). nms:
    overlap allowed within a level, across levels, after R-Net (IoU), and after O-Net (over the smaller box). mirror:
    O-Net looks at each face a second time, at the mirror image of the box that its first look ended with; score and
    landmarks are the mean of both looks.

    Raises ValueError for a setting out of its range, WeightsError for weights that are missing or don't fit.
    """

    def __init__(
        self,
        weights: str | PathLike[str] | Nets = SHIPPED,
        min_face: float = 20,
        factor: float = 0.709,
        thresholds: tuple[float, float, float] | None = None,
        nms: tuple[float, float, float, float] = (0.5, 0.7, 0.8, 0.7),
        mirror: bool = True,
    ) -> None:
        passed = thresholds_of(weights) if thresholds is None else thresholds
        self.settings = Settings(min_face, factor, passed, nms, mirror)
        self.parts = Parts()
        self.nets = nets_of(weights)
        get_ready()

    def detect(self, image: NDArray[np.uint8]) -> Faces:
        """The faces in an RGB uint8 image (H, W, 3), best first; none where the image's shorter side is under min_face.

        Grayscale and RGBA are accepted. Raises TypeError or ValueError for anything else (see `images.as_rgb`).
        """
        return self._trace(as_rgb(image)).faces

    def detect_many(self, images: Iterable[Pixels | str | PathLike[str]] | str | PathLike[str]) -> Iterator[Faces]:
        """`detect` for each of `images`, in order: arrays, files, or a folder, whose `images.photos_in` come by name.

        The nets look at several photos at once, up to 16 and about a megapixel together, which takes small ones less
        than one by one. No photo is read before its turn is near: `images` may be a generator without end. Raises what
        `detect` and `read_image` raise, with the number of the image, when its turn comes; TypeError at once where
        `images` is one image.
        """
        if isinstance(images, np.ndarray) and images.ndim < 4:
            raise TypeError(
                f"images is an array of shape {images.shape}; it must hold several images, for example [image]"
            )
        if isinstance(images, str | PathLike):
            images = photos_in(images)

        def ready(image: Pixels | str | PathLike[str]) -> Pixels:
            return as_rgb(read_image(image) if isinstance(image, str | PathLike) else image)

        return self._many(stream(_numbered(ready), enumerate(images)))

    def _many(self, images: Iterable[Pixels]) -> Iterator[Faces]:
        done = 0
        for group in _groups(images):
            try:
                found: Iterable[Faces] = self._together(group)
            except (TypeError, ValueError):  # from a part that was swapped in; one by one says at which image
                found = map(_numbered(self.detect), enumerate(group, done))
            yield from found
            done += len(group)

    def _together(self, images: Sequence[Pixels]) -> list[Faces]:
        """`detect` for each: the same steps, but each net is asked about all images' windows in one go."""
        runs = [_Run(self.nets, self.parts, image) for image in images]
        traces = _look(runs, self.settings)
        levels = [trace.levels for trace in traces]
        ask_together([run.rnet_said for run in runs], [trace.pnet.last for trace in traces], levels)
        ask_together([run.onet_said for run in runs], [trace.rnet.last for trace in traces], levels)
        if self.settings.mirror:
            left = [run.settled(run.decided(trace.rnet.last, trace.levels, self.settings))
                    for run, trace in zip(runs, traces, strict=True)]  # fmt: skip
            ask_together([run.mirror_said for run in runs], left, levels)
        return [trace.faces for trace in traces]

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
        return _look([self], settings)[0]

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
        boxes = self.parts.windows(level, threshold)
        return Candidates(boxes, level.face_map[at], level.offset_map[at], np.full(len(cell), index), cell,
                          np.full(len(cell), -1))  # fmt: skip


def _numbered(work: Callable[[Any], Result]) -> Callable[[tuple[int, Any]], Result]:
    """`work` for (number, image), whose errors name the number."""

    def numbered(pair: tuple[int, Any]) -> Result:
        number, image = pair
        try:
            return work(image)
        except (TypeError, ValueError) as error:
            raise type(error)(f"images[{number}]: {error}") from None

    return numbered


def _groups(images: Iterable[Pixels]) -> Iterator[list[Pixels]]:
    """The images in order, in groups of up to MOST_TOGETHER and TOGETHER pixels; what comes before an error first."""
    group, pixels, trouble = list[Pixels](), 0, None
    try:
        for image in images:
            area = image.shape[0] * image.shape[1]
            if group and (len(group) == MOST_TOGETHER or pixels + area > TOGETHER):
                yield group
                group, pixels = [], 0
            group.append(image)
            pixels += area
    except (TypeError, ValueError) as error:
        trouble = error
    if group:
        yield group
    if trouble:
        raise trouble


def _look(runs: Sequence[_Run], settings: Settings) -> list[Trace]:
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
