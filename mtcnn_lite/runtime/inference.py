"""The nets run on a pyramid's levels and on an image's windows, in batches that stay in cache, shared among threads.

Levels and windows may belong to several images: one call of a net costs about the same for one small window as for ten.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from mtcnn_lite import pyramid
from mtcnn_lite.boxes import Floats
from mtcnn_lite.images import Pixels, crop_windows
from mtcnn_lite.nets import ONet, PNet, RNet, normalise
from mtcnn_lite.runtime.parallel import parallel_map

BATCH_PIXELS = 1 << 17  # of a net's input at a time: bounds memory, and larger batches are no faster
ONE_THREAD_PIXELS = 1 << 13  # up to so many are left to one thread: 1 or 2 ms, in which a second would hardly start
STRIP_ROWS = 24  # of P-Net's map, at least, in a strip of a level: neighbouring strips share 10 rows of pixels

Strip = tuple[int, int, int]  # which level; the first row of its map, and the one after the last


def score_level(net: PNet, level: Pixels) -> tuple[Floats, Floats]:
    """P-Net's face_map (H, W) and offset_map (H, W, 4) of one level (h, w, 3)."""
    return score_levels(net, [level])[0]


def score_levels(net: PNet, levels: Sequence[Pixels]) -> list[tuple[Floats, Floats]]:
    """`score_level` of each level: large ones are cut into strips, small ones of one size are batched."""
    sizes = [pyramid.map_size(*level.shape[:2]) for level in levels]
    maps = [(np.empty(size, np.float32), np.empty((*size, 4), np.float32)) for size in sizes]

    def pixels(strip: Strip) -> Pixels:
        index, first, last = strip
        # The map's rows first .. last - 1 read pixel rows 2 * first and on.
        return levels[index][pyramid.STRIDE * first : pyramid.STRIDE * (last - 1) + pyramid.CELL]

    def score(batches: Sequence[Sequence[Strip]]) -> None:
        for strips in batches:
            score_strips(strips)

    def score_strips(strips: Sequence[Strip]) -> None:  # of one size
        images = pixels(strips[0])[None] if len(strips) == 1 else np.stack([pixels(strip) for strip in strips])
        with torch.inference_mode(), without_autocast():
            output = net(normalise(images), points=False)  # maps: (n, C, last - first, columns)
        for (index, first, last), scores, offsets in zip(strips, output.score, output.offsets, strict=True):
            maps[index][0][first:last] = scores.numpy()
            maps[index][1][first:last] = offsets.permute(1, 2, 0).numpy()

    same_size = defaultdict[tuple[int, ...], list[Strip]](list)
    for index, (level, (rows, _)) in enumerate(zip(levels, sizes, strict=True)):
        height = max(STRIP_ROWS, BATCH_PIXELS // (level.shape[1] * pyramid.STRIDE))
        for first in range(0, rows, height):
            strip = index, first, min(first + height, rows)
            same_size[pixels(strip).shape].append(strip)
    batches: list[list[Strip]] = []
    for (height, width, _), strips in same_size.items():
        size = max(1, BATCH_PIXELS // (height * width))
        batches += [strips[start : start + size] for start in range(0, len(strips), size)]
    one_thread = sum(level.shape[0] * level.shape[1] for level in levels) <= ONE_THREAD_PIXELS
    parallel_map(score, [batches] if one_thread else [[batch] for batch in batches], pinned=True)
    return maps


def score_windows(
    net: RNet | ONet, windows: Sequence[tuple[Sequence[NDArray[np.uint8]], Floats]], mirror: bool = False
) -> list[Floats]:
    """The output of R-Net or O-Net for square windows of any number of images.

    Parameters
    ----------
    net
        The net, ready for use (`Nets.ready`).
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
    image_of = np.repeat(np.arange(len(windows)), [len(boxes) for _, boxes in windows])  # (N,)
    boxes = np.concatenate([boxes for _, boxes in windows])  # (N, 4)

    def score_batch(rows: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
        ends = np.flatnonzero(np.diff(image_of[rows], prepend=-1, append=-1))  # rows of one image are neighbours
        crops = np.concatenate(
            [
                crop_windows(windows[image_of[rows[a]]][0], boxes[rows[a:b]], net.size)
                for a, b in pairwise(ends.tolist())
            ]
        )  # (n, size, size, 3)
        with torch.inference_mode(), without_autocast():
            output = net(normalise(crops[:, :, ::-1].copy())).unmirror() if mirror else net(normalise(crops))
        landmarks = np.zeros((len(crops), 10), np.float32) if output.landmarks is None else output.landmarks.numpy()
        return output.score.numpy(), output.offsets.numpy(), landmarks

    pixels, threads = len(boxes) * net.size**2, torch.get_num_threads()
    # As many batches for each thread.
    batches = 1 if pixels <= ONE_THREAD_PIXELS else threads * math.ceil(pixels / (BATCH_PIXELS * threads))
    outputs = parallel_map(score_batch, np.array_split(np.arange(len(boxes)), min(batches, len(boxes))), pinned=True)
    return [np.concatenate(column) for column in zip(*outputs, strict=True)]


def without_autocast() -> AbstractContextManager[None]:
    """In it the nets compute in float32, also where the caller's `torch.autocast` is on for this thread."""
    return torch.autocast("cpu", enabled=False) if torch.is_autocast_enabled("cpu") else nullcontext()
