"""What P-Net sees at one point of a photo: on each level of the pyramid another window, cut as the detector would."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mtcnn_lite import pyramid
from mtcnn_lite.boxes import Floats
from mtcnn_lite.course.explorers.level_costs import LevelCost, PyramidCost
from mtcnn_lite.nets import PNet, normalise

Edges = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Look:
    """One level's window: box (4,) in px of the photo, crop uint8 (12, 12, 3), and the score of "face"."""

    box: Floats
    crop: NDArray[np.uint8]
    score: float


def look_at(
    net: PNet,
    halved: Sequence[NDArray[np.uint8]],
    cut: Sequence[float],
    cost: PyramidCost,
    point: Sequence[float],
) -> list[Look]:
    """P-Net at the window of each level that is nearest to a point.

    Parameters
    ----------
    net : PNet
    halved : sequence of uint8 (H, W, 3), what `pyramid.halvings` makes of a picture
    cut : (4,), which part of the picture the photo is: x, y, width, height, px of the picture
    cost : PyramidCost, the levels of the photo
    point : (2,), x, y, px of the photo
    """
    found = [_window(halved, cut, (cost.width, cost.height), level, point) for level in cost.levels]
    if not found:
        return []
    with torch.no_grad():
        scores = net(normalise(np.stack([crop for _, crop in found]))).score.flatten().tolist()
    return [Look(box, crop, score) for (box, crop), score in zip(found, scores, strict=True)]


def _window(
    halved: Sequence[NDArray[np.uint8]],
    cut: Sequence[float],
    size: tuple[int, int],
    level: LevelCost,
    point: Sequence[float],
) -> tuple[Floats, NDArray[np.uint8]]:
    """(box, crop) of one level; `size` is the photo's width and height."""
    sides = level.width, level.height
    copy = halved[int(pyramid.nearest_larger(level.width / cut[2], len(halved)))]
    x, y = (_edges(at * side / whole, side) for at, side, whole in zip(point, sides, size, strict=True))
    box = [x[0] * size[0], y[0] * size[1], x[-1] * size[0], y[-1] * size[1]]
    shrunk = copy.shape[1] / halved[0].shape[1], copy.shape[0] / halved[0].shape[0]
    across, down = ((cut[k] + edges * cut[k + 2]) * shrunk[k] for k, edges in enumerate((x, y)))
    return np.array(box, np.float32), np.floor(area_means(copy, across, down) + 0.5).astype(np.uint8)


def _edges(at: float, side: int) -> Edges:
    """Where the pixels of P-Net's window nearest to `at` begin and end (13,), in parts of the level's side."""
    last = (side - pyramid.CELL) // pyramid.STRIDE  # the last window that lies in the level
    cell = min(max(int(np.floor((at - pyramid.CELL / 2) / pyramid.STRIDE + 0.5)), 0), last)
    return (pyramid.STRIDE * cell + np.arange(pyramid.CELL + 1)) / side


def area_means(image: NDArray[np.uint8], across: Edges, down: Edges) -> Edges:
    """The means of the areas between edges: (rows, columns, 3), pixels counting in part where an edge cuts them.

    Parameters
    ----------
    image : uint8 (H, W, 3)
    across, down : (columns + 1,) and (rows + 1,), rising, from 0 to the image's width and height, px

    Examples
    --------
    >>> image = np.array([[[0], [90], [240]]], np.uint8).repeat(3, axis=2)
    >>> area_means(image, np.array([0, 1.5, 3]), np.array([0, 1]))[0, :, 0].tolist()
    [30.0, 190.0]
    """
    top, left = int(down[0]), int(across[0])
    part = image[top : int(np.ceil(down[-1])), left : int(np.ceil(across[-1]))].astype(np.float64)
    rows, columns = (
        _shares(edges, len_) for edges, len_ in ((down - top, part.shape[0]), (across - left, part.shape[1]))
    )
    return np.einsum("ip,pqc,jq->ijc", rows, part, columns, optimize=True)


def _shares(edges: Edges, old: int) -> Edges:
    """How much of each old pixel belongs to each new one, (new, old); rows sum up to 1."""
    low, high, here = edges[:-1, None], edges[1:, None], np.arange(old)
    return np.clip(np.minimum(high, here + 1) - np.maximum(low, here), 0, None) / (high - low)
