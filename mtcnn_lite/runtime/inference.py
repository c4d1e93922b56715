"""The nets asked about a pyramid's levels and an image's windows, in pieces that stay in cache, shared among threads.

What is asked may belong to several images: one call of a net costs about the same for one small window as for ten.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from mtcnn_lite import pyramid
from mtcnn_lite.boxes import Floats
from mtcnn_lite.images import Pixels, crop_windows
from mtcnn_lite.nets import ONet, PNet, RNet, normalise
from mtcnn_lite.runtime.parallel import parallel_map

AT_ONCE = 1 << 17  # pixels that a net sees at once: bounds memory; more in one go save no more time
ALONE = 1 << 13  # pixels that are one thread's work, 1 or 2 ms: a second one would hardly be awake by then
LEAST_ROWS = 24  # of P-Net's map in a strip: strips share the 10 rows of pixels that windows overlap

Strip = tuple[int, int, int]  # which level; the first row of its map, and the one after the last


def score_level(net: PNet, level: Pixels) -> tuple[Floats, Floats]:
    """P-Net's face_map (H, W) and offset_map (H, W, 4) of one level (h, w, 3)."""
    return score_levels(net, [level])[0]


def score_levels(net: PNet, levels: Sequence[Pixels]) -> list[tuple[Floats, Floats]]:
    """`score_level` of each level, large ones in strips, small ones of the same size together."""
    sizes = [pyramid.map_size(*level.shape[:2]) for level in levels]
    maps = [(np.empty(size, np.float32), np.empty((*size, 4), np.float32)) for size in sizes]

    def pixels(strip: Strip) -> Pixels:
        index, first, last = strip
        # The map's rows first .. last - 1 read pixel rows 2 * first and on.
        return levels[index][pyramid.STRIDE * first : pyramid.STRIDE * (last - 1) + pyramid.CELL]

    def score(pieces: Sequence[Sequence[Strip]]) -> None:
        for strips in pieces:
            score_strips(strips)

    def score_strips(strips: Sequence[Strip]) -> None:  # of one size
        images = pixels(strips[0])[None] if len(strips) == 1 else np.stack([pixels(strip) for strip in strips])
        with torch.inference_mode():
            said = net(normalise(images), points=False)  # maps: (n, C, last - first, columns)
        for (index, first, last), scores, offsets in zip(strips, said.score, said.offsets, strict=True):
            maps[index][0][first:last] = scores.numpy()
            maps[index][1][first:last] = offsets.permute(1, 2, 0).numpy()

    same_size = defaultdict[tuple[int, ...], list[Strip]](list)
    for index, (level, (rows, _)) in enumerate(zip(levels, sizes, strict=True)):
        at_once = max(LEAST_ROWS, AT_ONCE // (level.shape[1] * pyramid.STRIDE))
        for first in range(0, rows, at_once):
            strip = index, first, min(first + at_once, rows)
            same_size[pixels(strip).shape].append(strip)
    pieces: list[list[Strip]] = []
    for (height, width, _), strips in same_size.items():
        together = max(1, AT_ONCE // (height * width))
        pieces += [strips[start : start + together] for start in range(0, len(strips), together)]
    whole = sum(level.shape[0] * level.shape[1] for level in levels) <= ALONE
    parallel_map(score, [pieces] if whole else [[piece] for piece in pieces], pinned=True)
    return maps


def score_windows(
    net: RNet | ONet, asked: Sequence[tuple[Sequence[NDArray[np.uint8]], Floats]], mirror: bool = False
) -> list[Floats]:
    """Score (N,), offsets (N, 4) and landmarks (N, 10) that `net` gives square windows, of all images in one row.

    `asked`: for each image its `pyramid.halvings` and the windows in it (n, 4); all n together, N, are not 0. `mirror`:
    show the net each window's mirror image; what it says is turned back.
    """
    owner = np.repeat(np.arange(len(asked)), [len(windows) for _, windows in asked])  # (N,) whose window
    boxes = np.concatenate([windows for _, windows in asked])  # (N, 4)

    def look(rows: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
        ends = np.flatnonzero(np.diff(owner[rows], prepend=-1, append=-1))  # rows of one image are neighbours
        crops = np.concatenate(
            [crop_windows(asked[owner[rows[a]]][0], boxes[rows[a:b]], net.size) for a, b in pairwise(ends.tolist())]
        )  # (n, size, size, 3)
        with torch.inference_mode():
            said = net(normalise(crops[:, :, ::-1].copy())).unmirror() if mirror else net(normalise(crops))
        landmarks = np.zeros((len(crops), 10), np.float32) if said.landmarks is None else said.landmarks.numpy()
        return said.score.numpy(), said.offsets.numpy(), landmarks

    pixels, threads = len(boxes) * net.size**2, torch.get_num_threads()
    batches = 1 if pixels <= ALONE else threads * math.ceil(pixels / (AT_ONCE * threads))  # as many for each thread
    answers = parallel_map(look, np.array_split(np.arange(len(boxes)), min(batches, len(boxes))), pinned=True)
    return [np.concatenate(column) for column in zip(*answers, strict=True)]
