"""What a net has said of an image's windows, so that it is asked once: by a rerun's settings, or for many images."""

from collections.abc import Callable, Sequence

import numpy as np

from mtcnn_lite.boxes import Floats
from mtcnn_lite.images import Pixels
from mtcnn_lite.nets import ONet, RNet
from mtcnn_lite.scoring import score_windows
from mtcnn_lite.trace import Candidates, Level


class Memory:
    """One net's answers about one image, by the P-Net cell that a window began as: all else follows from it.

    halved: gives the image's `pyramid.halvings`. mirror: the net looks at the windows' mirror images.
    """

    def __init__(self, net: RNet | ONet, halved: Callable[[], Sequence[Pixels]], mirror: bool = False) -> None:
        self.net, self.halved, self.mirror = net, halved, mirror
        self.row_of: dict[tuple[float, int, int], int] = {}
        self.answers = [np.zeros((0, *shape), np.float32) for shape in ((), (4,), (10,))]

    def __call__(self, windows: Candidates, levels: list[Level]) -> list[Floats]:
        """Score (N,), offsets (N, 4) and landmarks (N, 10) of `windows`; the net is asked about the new ones only."""
        [rows] = ask_together([self], [windows], [levels])
        return [column[rows] for column in self.answers]


def ask_together(
    memories: Sequence[Memory], windows: Sequence[Candidates], levels: Sequence[list[Level]]
) -> list[list[int]]:
    """Have one net, the same in all `memories`, look at the windows of all their images that it has not seen yet.

    Returns where each memory has its answers to its windows: rows of `answers`.
    """
    boxes: list[Floats] = []
    rows: list[list[int]] = []
    for memory, some, its_levels in zip(memories, windows, levels, strict=True):
        keys = _keys(some, its_levels)
        new = [i for i, key in enumerate(keys) if key not in memory.row_of]
        memory.row_of |= {keys[i]: len(memory.row_of) + n for n, i in enumerate(new)}
        boxes.append(some.boxes[new])
        rows.append([memory.row_of[key] for key in keys])
    if not any(map(len, boxes)):
        return rows
    asked = [(memory.halved(), some) for memory, some in zip(memories, boxes, strict=True)]
    said = score_windows(memories[0].net, asked, memories[0].mirror)
    ends = np.cumsum([len(some) for some in boxes])[:-1]
    for memory, *columns in zip(memories, *(np.split(column, ends) for column in said), strict=True):
        memory.answers = [np.concatenate(pair) for pair in zip(memory.answers, columns, strict=True)]
    return rows


def scale_key(scale: float) -> float:
    """A scale to look up by: the same for 12 / 20 * 0.709 and 12 / (20 / 0.709), which differ in the last digit."""
    return round(scale, 9)


def _keys(windows: Candidates, levels: list[Level]) -> list[tuple[float, int, int]]:
    scale = [scale_key(level.scale) for level in levels]
    origins = zip(windows.level.tolist(), windows.cell.tolist(), strict=True)
    return [(scale[level], row, column) for level, (row, column) in origins]
