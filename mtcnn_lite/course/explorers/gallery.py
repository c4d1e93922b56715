"""A gallery of crops beside the photo that they come from: sorted by a value, cut into groups at a threshold.

As with the shared canvas, everything travels to the browser once, the crops as one picture, and sliders linked with
`ipywidgets.jslink` to `stop`, `cut` or `step` filter it there. gallery.js does the drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.course.explorers.base import Drawing, synced
from mtcnn_lite.course.explorers.sieve import NO_FACE
from mtcnn_lite.draw import Picture, tiled

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
    each step, image pixels. faces (M, 4): the labelled faces, None where nobody knows them all. on (S, N): the number
    of the face that a crop is on at each step, below 0 for none.
    """

    pictures: NDArray[np.uint8]
    values: Floats
    gates: Floats
    stops: Sequence[float]
    steps: Sequence[str]
    alive: NDArray[np.uint8]
    boxes: Floats
    faces: Floats | None = None
    on: NDArray[np.int16] | None = None

    def shown(self, stop: int, cut: float, step: int) -> NDArray[np.bool_]:
        """Which crops (N,) take part in a step, as gallery.js decides it.

        Parameters
        ----------
        stop : int, the gate is `stops[stop]`
        cut : float, the lowest value of the first group
        step : int, the number of the step, from 0
        """
        passing = (self.gates >= np.float32(self.stops[stop])) & (self.alive[stop] > step)
        return passing & (self.values >= np.float32(cut)) if step else passing

    def counts(self, stop: int, cut: float) -> dict[str, int]:
        """How many crops take part in each step."""
        return {name: int(self.shown(stop, cut, step).sum()) for step, name in enumerate(self.steps)}

    def outcome(self, stop: int, cut: float, step: int) -> tuple[NDArray[np.int16], int]:
        """The numbers of the faces that some crop is on after a step, and how many crops are on none.

        Parameters
        ----------
        stop : int, the gate is `stops[stop]`
        cut : float, the lowest value of the first group
        step : int, the number of the step, from 0

        Raises
        ------
        ValueError
            Where the photo's faces are not labelled.
        """
        if self.on is None:
            raise ValueError("on is None: these crops come from a photo whose faces are not labelled")
        on = self.on[step, self.shown(stop, cut, step)]
        return np.unique(on[on >= 0]), int((on == NO_FACE).sum())


class Gallery(Drawing):
    """Photo, gallery, and each crop as a dot: its gate to the right, its value up. Fill it with `show`.

    Where the photo's faces are labelled, a table says how many each step finds, those that it misses are yellow on the
    photo, and crops and dots of a face have a yellow mark. After a click on a box or a crop it says {"clicked": [x1,
    y1, x2, y2]}, with "face", its number, if that was a missed face; without a kernel the browser answers.

    Parameters
    ----------
    groups : sequence of Group, from the top; the first takes the crops of at least the `cut`
    gate, value : str, what the gate and the value are, for the plot's caption
    **kwargs : traits to begin with
    """

    stop = synced(0)  # index of the gate in `stops`
    cut = synced(0.5)
    step = synced(0)
    axes = synced([])  # what the gate and the value are
    note = synced("")  # a line or two under the table
    groups = synced([])  # title, colour, lowest value, rows of each

    photo, size = synced(b""), synced([1, 1])  # a JPEG; its width and height
    sheet = synced(b"")  # a JPEG: all crops, each in its rim
    layout_of_sheet = synced([1, 1, 0])  # side of a crop, crops in a row, rim
    stops, steps = synced([]), synced([])
    values, gates, alive, boxes = synced(b""), synced(b""), synced(b""), synced(b"")
    labelled = synced(False)  # whether all faces are known
    faces, on = synced(b""), synced(b"")
    revision = synced(0)  # the browser redraws when it changes: once a message

    def __init__(self, groups: Sequence[Group], gate: str, value: str, **kwargs: Any) -> None:
        rows = [[g.title, g.colour, g.lowest, g.rows] for g in groups]
        super().__init__("tracks.js", "gallery.js", groups=rows, axes=[gate, value], **kwargs)

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
            self.labelled = crops.faces is not None
            self.faces = b"" if crops.faces is None else np.ascontiguousarray(crops.faces, np.float32).tobytes()
            self.on = b"" if crops.on is None else crops.on.astype(np.int32).tobytes()
            self.revision += 1
