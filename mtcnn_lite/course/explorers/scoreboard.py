"""A photo, the sliders of a sieve with the scores in their tracks, and a board with what becomes of the faces."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.course.explorers.base import FOLDER, Drawing, synced
from mtcnn_lite.course.explorers.sieve import Sieve, Slider
from mtcnn_lite.draw import COLOURS, Picture


class Scoreboard(Drawing):
    """The drawing; fill it with `show`.

    After a click its browser sends {"clicked": [x1, y1, x2, y2], "face": k}: the box, and the labelled face that it is
    on, or -1. Where no kernel runs, a slider has only the stops that the sieve knows.

    Parameters
    ----------
    sliders : sequence of Slider
        From left to right.
    at : sequence of int
        The number of the stop at which each begins.
    **values
        What other traits begin with.
    """

    _css = "".join((FOLDER / style).read_text() for style in ("canvas.css", "scoreboard.css"))

    at = synced([])  # the stop of each slider, counted from 0
    step, heat, level = synced(0), synced(False), synced(0)
    together = synced(False)  # earlier steps too, each box where it got to
    sliders = synced([])  # see `Slider`
    after = synced([])  # buttons for the steps
    emphasis = synced([])  # for each step, the row of the scores by which boxes are drawn
    colours = synced([])  # of the boxes, one a step
    dots, truth = synced(COLOURS["landmark"]), synced(COLOURS["truth"])
    with_before = synced(False)  # a box to tick for `together`
    passed = synced("")  # what became of a box that gets through everything
    says_ms = synced("ms, about")
    next_net = synced([])  # for each step, the net that gets its boxes; "" for none
    note = synced("")  # what Python answers to a click

    photo, size = synced(b""), synced([1, 1])  # a JPEG; its width and height
    steps, box_of, on_of, cuts, masks = synced([]), synced([]), synced([]), synced([]), synced([])
    boxes, scores, on, candidate_level, bits = synced(b""), synced(b""), synced(b""), synced(b""), synced(b"")
    missing = synced([])  # stops of the first slider of the masks for which the bits are still to come
    faces, labelled = synced(b""), synced(False)
    maps, landmarks = synced(b""), synced(b"")
    levels = synced([])  # [rows, columns, scale] of each
    depth = synced([])  # the slider that decides which of them take part, and the first level at each of its stops
    windows, once = synced(0), synced(0)
    costs = synced([])
    revision = synced(0)  # the browser draws anew when it changes: once a message

    def __init__(self, sliders: Sequence[Slider], at: Sequence[int], **values: Any) -> None:
        self.moved = sliders
        told = [asdict(one) | {"names": list(one.names) or [f"{stop:g}" for stop in one.stops]} for one in sliders]
        super().__init__("tracks.js", "sieve.js", "scoreboard.js", sliders=told, at=list(at), **values)

    def show(self, sieve: Sieve, photo: NDArray[np.uint8] | None = None, missing: Sequence[int] = ()) -> None:
        """Send a new sieve in a single message.

        Parameters
        ----------
        sieve : Sieve
        photo : uint8 (H, W, 3), optional
            Without it the old one stays.
        missing : sequence of int
            Stops of the masks' first slider for which the bits are still to come: until then the old picture stays.
        """
        with self.hold_sync():
            for name, value in self.packed(sieve, photo).items():
                setattr(self, name, value)
            self.costs = [[list(cost) for cost in costs] for costs in sieve.costs]
            self.missing = list(missing)
            self.revision += 1

    def packed(self, sieve: Sieve, photo: NDArray[np.uint8] | None = None) -> dict[str, Any]:
        """The traits that change with the sieve, but for the times that it tells."""
        picture = (
            {} if photo is None else {"photo": Picture(photo).encode("JPEG"), "size": [photo.shape[1], photo.shape[0]]}
        )
        boxes, scores, landmarks = (
            b"" if numbers is None else np.asarray(numbers, np.float32).tobytes()
            for numbers in (sieve.boxes, sieve.scores, sieve.landmarks)
        )
        masks = [
            {"by": list(mask.by), "first": mask.first, "says": mask.says, "count": mask.bits.shape[-1]}
            for mask in sieve.masks
        ]
        bits = [np.packbits(mask.bits, axis=-1, bitorder="little").tobytes() for mask in sieve.masks]
        levels = [[*face_map.shape, scale] for face_map, scale in zip(sieve.maps, sieve.scales, strict=False)]
        return picture | {
            "steps": list(sieve.steps), "box_of": list(sieve.box_of), "on_of": list(sieve.on_of),
            "boxes": boxes, "scores": scores, "landmarks": landmarks,
            "on": sieve.on.astype(np.int16).tobytes(), "candidate_level": sieve.level.tobytes(),
            "cuts": [asdict(cut) for cut in sieve.cuts], "masks": masks, "bits": b"".join(bits),
            "labelled": sieve.faces is not None,
            "faces": b"" if sieve.faces is None else sieve.faces.astype(np.float32).tobytes(),
            "maps": b"".join((face_map * 255).round().astype(np.uint8).tobytes() for face_map in sieve.maps),
            "levels": levels or [[0, 0, scale] for scale in sieve.scales],
            "depth": [] if sieve.depth is None else [sieve.depth.slider, *sieve.depth.first],
            "level": min(max(self.level, sieve.first(self.at)), max(len(sieve.scales) - 1, 0)),
            "windows": sieve.windows, "once": sieve.once,
        }  # fmt: skip


class Handle:
    """One slider of a scoreboard, as Python sees it.

    Parameters
    ----------
    board : Scoreboard
    number : int
        Of the slider, from 0.
    """

    def __init__(self, board: Scoreboard, number: int) -> None:
        self._board, self._number = board, number

    @property
    def stops(self) -> Sequence[float]:
        return self._board.moved[self._number].stops

    @property
    def index(self) -> int:
        return int(self._board.at[self._number])

    @property
    def value(self) -> float:
        """Where it stands; one of `stops`."""
        return self.stops[self.index]

    @value.setter
    def value(self, value: float) -> None:
        at = list(self._board.at)
        at[self._number] = list(self.stops).index(value)
        self._board.at = at

    def observe(self, act: Callable[[], None]) -> None:
        """Call `act` whenever it has moved."""
        k = self._number

        def heard(change: Any) -> None:
            if change.old[k] != change.new[k]:
                act()

        self._board.observe(heard, "at")
