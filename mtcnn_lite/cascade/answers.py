"""What the nets have said of an image, so that nothing is asked twice: not for other settings, nor for many images."""

from collections.abc import Sequence
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite import pyramid
from mtcnn_lite.boxes import Floats
from mtcnn_lite.cascade.record import Candidates, Level
from mtcnn_lite.images import Pixels
from mtcnn_lite.net_names import NET_SIZES
from mtcnn_lite.runtime.inference import Engine, score_levels, score_windows
from mtcnn_lite.runtime.parallel import parallel_map


class HalvedImage:
    """An image, uint8 (H, W, 3) RGB, and its halvings, made when they are first asked for."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self.image = image
        self._halvings: list[NDArray[np.uint8]] | None = None

    @property
    def halvings(self) -> list[NDArray[np.uint8]]:
        """Copies of the image down to the largest window that can be cropped, and to the smallest level."""
        if self._halvings is None:  # for two threads at once, it is made twice, and the same
            self._halvings = self._halved()
        return self._halvings

    def _halved(self) -> list[NDArray[np.uint8]]:
        height, width = self.image.shape[:2]
        smallest = min(NET_SIZES["onet"] / max(height, width), pyramid.CELL / min(height, width))
        return pyramid.halvings(self.image, smallest)


class Answers:
    """All that a cascade's nets, which `engine` computes, have said of one image, uint8 (H, W, 3) RGB.

    pnet: its levels by scale, see `scale_key`. rnet, onet, and mirrored, O-Net's of mirror images: see `WindowAnswers`.
    """

    def __init__(self, engine: Engine, image: NDArray[np.uint8]) -> None:
        self.engine, self.halved = engine, HalvedImage(image)
        self.pnet: dict[float, Level] = {}
        self.rnet, self.onet = WindowAnswers(engine, self.halved, "rnet"), WindowAnswers(engine, self.halved, "onet")
        self.mirrored = WindowAnswers(engine, self.halved, "onet", mirror=True)
        self.lock = RLock()  # of the traces that share this

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, lock=RLock())

    def levels(self, scales: Sequence[float]) -> list[Level]:
        """The levels at these scales, of which P-Net has been asked already."""
        return [self.pnet[scale_key(scale)] for scale in scales]


class WindowAnswers:
    """What R-Net or O-Net has said of an image's windows, by the P-Net cell that a window began as.

    All else about a window follows from its cell and the settings that no rerun changes.

    Parameters
    ----------
    engine : Engine
        What computes the nets.
    halved : HalvedImage
        Whose windows these are. Not the `Answers`: two objects that hold each other keep an image in memory until
        Python next looks for such pairs.
    net : str
        "rnet" or "onet": the net that is asked.
    mirror : bool
        It looks at the windows' mirror images; what it says is turned back.
    """

    def __init__(self, engine: Engine, halved: HalvedImage, net: str, mirror: bool = False) -> None:
        self.engine, self.halved, self.net, self.mirror = engine, halved, net, mirror
        self.row_of: dict[tuple[float, int, int], int] = {}
        self.columns = [np.zeros((0, *shape), np.float32) for shape in ((), (4,), (10,))]

    def __call__(self, windows: Candidates, levels: Sequence[Level]) -> list[Floats]:
        """Score (N,), offsets (N, 4) and landmarks (N, 10) of `windows`; the net is asked about the new ones only."""
        [rows] = ask_windows([self], [windows], [levels])
        return [column[rows] for column in self.columns]


def scale_key(scale: float) -> float:
    """A scale to look up by: the same for 12 / 20 * 0.709 and 12 / (20 / 0.709), which differ in the last digit."""
    return round(scale, 9)


def new_levels(
    images: Sequence[Answers], scales: Sequence[Sequence[float]]
) -> list[tuple[Answers, float, NDArray[np.uint8]]]:
    """Each image's levels at `scales` that P-Net has not seen yet: whose it is, its scale and its pixels (h, w, 3)."""
    new = [(image, scale) for image, its in zip(images, scales, strict=True)
           for scale in its if scale_key(scale) not in image.pnet]  # fmt: skip
    parallel_map(lambda image: image.halved.halvings, images)
    pixels = parallel_map(lambda pair: pyramid.resize_levels(pair[0].halved.halvings, [pair[1]]), new)
    return [(image, scale, level) for (image, scale), [level] in zip(new, pixels, strict=True)]


def ask_pnet(levels: Sequence[tuple[Answers, float, Pixels]]) -> None:
    """Have P-Net, the same for all images, look at these levels of `new_levels`, and note what it says of each."""
    if not levels:
        return
    maps = score_levels(levels[0][0].engine, [pixels for _, _, pixels in levels])
    for (image, scale, pixels), (face_map, offset_map) in zip(levels, maps, strict=True):
        image.pnet[scale_key(scale)] = Level(scale, pixels, face_map, offset_map)


def ask_windows(
    answers: Sequence[WindowAnswers], windows: Sequence[Candidates], levels: Sequence[Sequence[Level]]
) -> list[list[int]]:
    """Have one net, the same in all `answers`, look at those windows of each image that it has not seen yet.

    Parameters
    ----------
    answers : one WindowAnswers for each image
        What the net has said so far; the new answers are added.
    windows : one Candidates for each image
        What is asked about.
    levels : one list of Level for each image
        Those that `windows.level` counts.

    Returns
    -------
    list of lists of int
        For each image, where the answers to its windows stand: rows of `columns`.
    """
    boxes: list[Floats] = []
    rows: list[list[int]] = []
    added: list[dict[tuple[float, int, int], int]] = []  # the new windows' rows
    for its, some, its_levels in zip(answers, windows, levels, strict=True):
        keys = _keys(some, its_levels)
        new = [i for i, key in enumerate(keys) if key not in its.row_of]
        added.append({keys[i]: len(its.columns[0]) + n for n, i in enumerate(new)})
        boxes.append(some.boxes[new])
        row_of = its.row_of | added[-1]
        rows.append([row_of[key] for key in keys])
    if not any(map(len, boxes)):
        return rows
    asked = [(its.halved.halvings, some) for its, some in zip(answers, boxes, strict=True)]
    said = score_windows(answers[0].engine, answers[0].net, asked, answers[0].mirror)
    ends = np.cumsum([len(some) for some in boxes])[:-1]
    for its, its_rows, *columns in zip(answers, added, *(np.split(column, ends) for column in said), strict=True):
        its.columns = [np.concatenate(pair) for pair in zip(its.columns, columns, strict=True)]
        its.row_of |= its_rows  # last: an error or Ctrl-C before leaves no row without its answer
    return rows


def _keys(windows: Candidates, levels: Sequence[Level]) -> list[tuple[float, int, int]]:
    scale = [scale_key(level.scale) for level in levels]
    origins = zip(windows.level.tolist(), windows.cell.tolist(), strict=True)
    return [(scale[level], row, column) for level, (row, column) in origins]
