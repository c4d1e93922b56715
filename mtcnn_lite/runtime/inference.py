"""The nets run on a pyramid's levels and on an image's windows, in batches that stay in cache, shared among threads.

Levels and windows may belong to several images: one call of a net costs about the same for one small window as for ten.
What computes a net is an `Engine`: torch (`torch_engine`), a device of torch's (`device_engine`) or ONNX Runtime
(`onnx_engine`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite import pyramid
from mtcnn_lite.boxes import Floats
from mtcnn_lite.coordinates import mirror_in_window, mirror_offsets
from mtcnn_lite.images import Pixels, crop_windows
from mtcnn_lite.net_names import NET_SIZES
from mtcnn_lite.runtime.parallel import parallel_map
from mtcnn_lite.runtime.threads import thread_count

if TYPE_CHECKING:
    from mtcnn_lite.nets import PNet

BATCH_PIXELS = 1 << 17  # of a net's input at a time: bounds memory, and larger batches are no faster
ONE_THREAD_PIXELS = 1 << 13  # up to so many are left to one thread: 1 or 2 ms, in which a second would hardly start
STRIP_ROWS = 24  # of P-Net's map, at least, in a strip of a level: neighbouring strips share 10 rows of pixels

Maps = tuple[Floats, Floats]  # of one level: P-Net's face_map (H, W) and offset_map (H, W, 4)
Answer = tuple[Floats, Floats, Floats | None]  # scores (n,), offsets (n, 4), landmarks (n, 10) where the net has a head
Strip = tuple[int, int, int]  # which level; the first row of its map, and the one after the last


class PNetEngine(Protocol):
    """What computes P-Net."""

    batch_pixels: int | None  # of its input at a time; None for BATCH_PIXELS
    whole_stages: bool  # it is asked once a stage, from one thread; otherwise a batch at a time, from several

    def pnet(self, images: Sequence[Pixels]) -> list[Maps]:
        """P-Net's maps of images (h, w, 3), which are of one size unless it takes whole stages."""


class Engine(PNetEngine, Protocol):
    """What computes the three nets of a cascade: pixels in, numpy arrays out. Threads may share it."""

    name: str  # "torch" or "onnx"
    device: str  # "cpu", "cuda" or "mps"

    def windows(self, net: str, crops: Pixels) -> Answer:
        """What "rnet" or "onet" says of windows (n, size, size, 3)."""


def score_level(net: PNet, level: Pixels) -> Maps:
    """P-Net's face_map (H, W) and offset_map (H, W, 4) of one level (h, w, 3), computed by torch."""
    from mtcnn_lite.runtime.torch_engine import OnePNet

    return score_levels(OnePNet(net), [level])[0]


def score_levels(engine: PNetEngine, levels: Sequence[Pixels]) -> list[Maps]:
    """P-Net's maps of each level: large ones are cut into strips, small ones of one size are batched."""
    if engine.whole_stages:
        return engine.pnet(levels)
    sizes = [pyramid.map_size(*level.shape[:2]) for level in levels]
    maps = [(np.empty(size, np.float32), np.empty((*size, 4), np.float32)) for size in sizes]

    def pixels(strip: Strip) -> Pixels:
        index, first, last = strip
        # The map's rows first .. last - 1 read pixel rows 2 * first and on.
        return levels[index][pyramid.STRIDE * first : pyramid.STRIDE * (last - 1) + pyramid.CELL]

    def score(batches: Sequence[Sequence[Strip]]) -> None:
        for strips in batches:
            said = engine.pnet([pixels(strip) for strip in strips])
            for (index, first, last), (scores, offsets) in zip(strips, said, strict=True):
                maps[index][0][first:last] = scores
                maps[index][1][first:last] = offsets

    most = engine.batch_pixels or BATCH_PIXELS
    same_size = defaultdict[tuple[int, ...], list[Strip]](list)
    for index, (level, (rows, _)) in enumerate(zip(levels, sizes, strict=True)):
        height = max(STRIP_ROWS, most // (level.shape[1] * pyramid.STRIDE))
        for first in range(0, rows, height):
            strip = index, first, min(first + height, rows)
            same_size[pixels(strip).shape].append(strip)
    batches: list[list[Strip]] = []
    for (height, width, _), strips in same_size.items():
        size = max(1, most // (height * width))
        batches += [strips[start : start + size] for start in range(0, len(strips), size)]
    one_thread = sum(level.shape[0] * level.shape[1] for level in levels) <= ONE_THREAD_PIXELS
    parallel_map(score, [batches] if one_thread else [[batch] for batch in batches], pinned=True)
    return maps


def score_windows(
    engine: Engine, net: str, windows: Sequence[tuple[Sequence[NDArray[np.uint8]], Floats]], mirror: bool = False
) -> list[Floats]:
    """The output of R-Net or O-Net for square windows of any number of images.

    Parameters
    ----------
    engine
        What computes the net.
    net
        "rnet" or "onet".
    windows
        For each image its `pyramid.halvings` and its windows (n, 4). All n together, N, must not be 0.
    mirror
        Run the net on the mirror image of each window, and mirror the output back.

    Returns
    -------
    list of numpy.ndarray
        Scores (N,), offsets (N, 4) and landmarks (N, 10), one image's rows after another's. Landmarks are 0 where the
        net has no head for them.
    """
    size = NET_SIZES[net]
    image_of = np.repeat(np.arange(len(windows)), [len(boxes) for _, boxes in windows])  # (N,)
    boxes = np.concatenate([boxes for _, boxes in windows])  # (N, 4)

    def crops(rows: NDArray[np.int64]) -> Pixels:  # (n, size, size, 3)
        ends = np.flatnonzero(np.diff(image_of[rows], prepend=-1, append=-1))  # rows of one image are neighbours
        cut = np.concatenate(
            [crop_windows(windows[image_of[rows[a]]][0], boxes[rows[a:b]], size) for a, b in pairwise(ends.tolist())]
        )
        return cut[:, :, ::-1].copy() if mirror else cut

    pixels, threads = len(boxes) * size**2, thread_count()
    most = engine.batch_pixels or BATCH_PIXELS
    # As many batches for each thread.
    batches = 1 if pixels <= ONE_THREAD_PIXELS else threads * math.ceil(pixels / (most * threads))
    rows = np.array_split(np.arange(len(boxes)), min(batches, len(boxes)))
    if engine.whole_stages:
        said = [engine.windows(net, np.concatenate(parallel_map(crops, rows, pinned=True)))]
    else:
        said = parallel_map(lambda some: engine.windows(net, crops(some)), rows, pinned=True)
    scores, offsets = (np.concatenate([answer[head] for answer in said]) for head in (0, 1))
    points = [answer[2] for answer in said if answer[2] is not None]
    landmarks = np.concatenate(points) if points else np.zeros((len(boxes), 10), np.float32)
    if not mirror:
        return [scores, offsets, landmarks]
    return [scores, mirror_offsets(offsets), _unmirrored(landmarks) if points else landmarks]


def _unmirrored(landmarks: Floats) -> Floats:
    """Landmarks (N, 10) in windows, from those in their mirror images."""
    points = mirror_in_window(landmarks.reshape(-1, 2, 5).swapaxes(1, 2))  # (N, 5, 2)
    return points.swapaxes(1, 2).reshape(-1, 10)
