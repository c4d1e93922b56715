"""A gallery of crops beside the photo that they come from: sorted by a value, cut into groups at a threshold.

As with the shared canvas, everything travels to the browser once, the crops as one picture, and sliders linked with
`ipywidgets.jslink` to `stop`, `cut` or `step` filter it there. gallery.js does the drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.course.explorers.canvas import script
from mtcnn_lite.draw import Picture

COLUMNS = 24  # crops in a row of the picture in which they travel
RIM = 4  # px round each crop there, its own edge repeated: neither JPEG nor enlarging mixes neighbours


@dataclass(frozen=True)
class Group:
    """Crops with a value of at least `lowest` that no group before has taken; None stands for the gallery's `cut`.

    rows: how many rows of the gallery it has; crops that don't fit there are only counted.
    """

    title: str
    colour: str
    lowest: float | None
    rows: int


@dataclass(frozen=True, eq=False)
class Crops:
    """What a gallery shows: N crops, the windows that they were cut from, and how far each gets.

    pictures (N, side, side, 3), RGB uint8. values (N,), 0 or more: what they are sorted by and cut into groups. gates
    (N,), up to 1: a crop takes part where its gate is at least the chosen one of `stops` (G,), the lowest first. steps:
    names, in order; the first has every crop that takes part, the others only those of the first group. alive (G, N):
    how many steps a crop takes part in at each stop, 1 or more, if its value allows. boxes (S, N, 4): where it is at
    each step, image pixels.
    """

    pictures: NDArray[np.uint8]
    values: Floats
    gates: Floats
    stops: Sequence[float]
    steps: Sequence[str]
    alive: NDArray[np.uint8]
    boxes: Floats

    def shown(self, stop: int, cut: float, step: int) -> NDArray[np.bool_]:
        """Which crops (N,) take part in `step` at the gate `stops[stop]` and the threshold `cut`, as in gallery.js."""
        passing = (self.gates >= np.float32(self.stops[stop])) & (self.alive[stop] > step)
        return passing & (self.values >= np.float32(cut)) if step else passing

    def counts(self, stop: int, cut: float) -> dict[str, int]:
        """How many crops take part in each step."""
        return {name: int(self.shown(stop, cut, step).sum()) for step, name in enumerate(self.steps)}


def tiled(pictures: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Crops (N, h, w, 3) as one picture, row by row, `columns` in a row; black where the last row is not full.

    >>> tiled(np.zeros((5, 24, 24, 3), np.uint8), columns=2).shape
    (72, 48, 3)
    """
    count, height, width = pictures.shape[:3]
    rows = max(1, -(-count // columns))
    sheet = np.zeros((rows * columns, height, width, 3), np.uint8)
    sheet[:count] = pictures
    rowwise = sheet.reshape(rows, columns, height, width, 3).swapaxes(1, 2)  # (rows, h, columns, w, 3)
    return rowwise.reshape(rows * height, columns * width, 3)


class Gallery(anywidget.AnyWidget):
    """Photo, gallery, and each crop as a dot: its gate to the right, its value up. Fill it with `show`.

    A click on a box or a crop sends the message {"clicked": [x1, y1, x2, y2]}.
    """

    _esm = script("gallery.js")
    _css = Path(__file__).parent / "canvas.css"

    stop = traitlets.Int(0).tag(sync=True)  # index of the gate in `stops`
    cut = traitlets.Float(0.5).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    axes: traitlets.List[str] = traitlets.List([]).tag(sync=True)  # what the gate and the value are
    note = traitlets.Unicode("").tag(sync=True)  # a line or two under the table
    groups: traitlets.List[list[Any]] = traitlets.List([]).tag(sync=True)  # title, colour, lowest value, rows of each

    photo = traitlets.Bytes(b"").tag(sync=True)  # a JPEG
    size = traitlets.List([1, 1]).tag(sync=True)  # the photo's width and height
    sheet = traitlets.Bytes(b"").tag(sync=True)  # a JPEG: all crops, each in its rim
    layout_of_sheet = traitlets.List([1, 1, 0]).tag(sync=True)  # side of a crop, crops in a row, rim
    stops: traitlets.List[float] = traitlets.List([]).tag(sync=True)
    steps: traitlets.List[str] = traitlets.List([]).tag(sync=True)
    values = traitlets.Bytes(b"").tag(sync=True)
    gates = traitlets.Bytes(b"").tag(sync=True)
    alive = traitlets.Bytes(b"").tag(sync=True)
    boxes = traitlets.Bytes(b"").tag(sync=True)
    revision = traitlets.Int(0).tag(sync=True)  # the browser redraws when it changes: once a message

    def __init__(self, groups: Sequence[Group], gate: str, value: str, **kwargs: Any) -> None:
        rows = [[g.title, g.colour, g.lowest, g.rows] for g in groups]
        super().__init__(groups=rows, axes=[gate, value], **kwargs)

    def show(self, crops: Crops, photo: NDArray[np.uint8]) -> None:
        """Send new crops, and the photo (H, W, 3) that they were cut from, in a single message."""
        rims = ((0, 0), (RIM, RIM), (RIM, RIM), (0, 0))
        with self.hold_sync():
            self.photo, self.size = Picture(photo).encode("JPEG"), [photo.shape[1], photo.shape[0]]
            self.sheet = Picture(tiled(np.pad(crops.pictures, rims, mode="edge"), COLUMNS)).encode("JPEG")
            self.layout_of_sheet = [crops.pictures.shape[1], COLUMNS, RIM]
            self.stops, self.steps = list(crops.stops), list(crops.steps)
            self.values, self.gates = crops.values.tobytes(), crops.gates.tobytes()
            self.alive = crops.alive.tobytes()
            self.boxes = np.ascontiguousarray(crops.boxes, np.float32).tobytes()
            self.revision += 1
