"""What an explorer's browser sifts: all candidates of one photo, and which are left at any stops of the sliders.

Python sends them once; scoreboard.js decides by the same rules what is left, so that it needs no kernel for that. A
test holds the two together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import MATCHING_IOU, Floats, iou
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS

NO_FACE, IGNORED = -1, -2  # what a box is on, where that is no face that counts


@dataclass(frozen=True)
class Slider:
    """A row of stops to slide along.

    Parameters
    ----------
    says : str
        Its name.
    stops : sequence of float
        The values at which it can stand.
    first : int
        The first step that it has a say in. While an earlier one is shown, it is switched off.
    names : sequence of str, optional
        What it says at each stop; without it the stop itself.
    colour : str
        "#RRGGBB", of its thumb.
    scores : int
        Row of the sieve's `scores` that lies along its track; -1 for none.
    """

    says: str
    stops: Sequence[float]
    first: int = 0
    names: Sequence[str] = ()
    colour: str = COLOURS["muted"]
    scores: int = -1


@dataclass(frozen=True)
class Cut:
    """A threshold: from the step `first` on, only scores of the row `row` at or above the slider's stop are left.

    net: whose scores these are; score: what one of them is called.
    """

    slider: int
    row: int
    first: int
    net: str
    score: str = "score"


@dataclass(frozen=True, eq=False)
class Mask:
    """What no single score decides. bits (stops of each slider in `by`, n): who is left, from the step `first` on.

    It speaks of the first n candidates; the others, n to N, are not left.
    """

    by: tuple[int, ...]
    first: int
    bits: NDArray[np.bool_]
    says: str


@dataclass(frozen=True)
class Depth:
    """A smallest face: at the slider's stop k, only candidates of the level first[k] and the smaller ones after it are
    there. Where first[k] is -1, the levels of that stop are others: the sieve knows nothing of them."""

    slider: int
    first: Sequence[int]


@dataclass(frozen=True)
class Tally:
    """What a step leaves: boxes, faces found, faces missed, boxes on no face ("false")."""

    boxes: int
    found: int
    missed: int
    false: int


@dataclass(frozen=True, eq=False)
class Sieve:
    """N candidates of a photo with M labelled faces, at S steps.

    Parameters
    ----------
    sliders : sequence of Slider
        What moves it.
    steps : sequence of str
        Their names, in order.
    boxes : float32 (B, N, 4)
        In image pixels; `box_of` (S,) says which of B is whose at a step.
    scores : float32 (K, N)
        What each of K nets said, 0 where it was not asked.
    on : int16 (F, N)
        The face that each candidate is on, NO_FACE or IGNORED; `on_of` (S,) says which of F counts at a step.
    level : uint8 (N,)
        Pyramid level.
    faces : float32 (M, 4)
        The labels; None for a photo that nobody has labelled.
    cuts, masks
        What takes candidates away.
    once : int
        The first step at which a face can be found once only: a second box on it is a false alarm. S for none.
    windows : int
        How many the first net scored.
    maps, scales
        Each level's scores (rows, columns), where they are to be seen, and its scale.
    landmarks : float32 (N, 5, 2), optional
        NaN where a candidate has none: drawn at the last step.
    depth : Depth, optional
        Which levels take part.
    costs
        For each step what the way there takes: (milliseconds a box, the step whose boxes those are; -1 the windows).
    """

    sliders: Sequence[Slider]
    steps: Sequence[str]
    boxes: Floats
    box_of: Sequence[int]
    scores: Floats
    on: NDArray[np.int16]
    on_of: Sequence[int]
    level: NDArray[np.uint8]
    faces: Floats | None
    cuts: Sequence[Cut]
    masks: Sequence[Mask]
    once: int
    windows: int
    maps: Sequence[Floats] = ()
    scales: Sequence[float] = ()
    landmarks: Floats | None = None
    costs: Sequence[Sequence[tuple[float, int]]] = ()
    depth: Depth | None = None

    def first(self, at: Sequence[int]) -> int:
        """The first level that takes part, with slider k at its stop number at[k]."""
        return 0 if self.depth is None else self.depth.first[at[self.depth.slider]]

    def seen(self, at: Sequence[int]) -> int:
        """How many windows the first net scores there."""
        return self.windows - sum(face_map.size for face_map in self.maps[: self.first(at)])

    def reach(self, at: Sequence[int]) -> NDArray[np.int64]:
        """How many of the steps each candidate (N,) takes part in, with slider k at its stop number at[k]."""
        reached = np.where(self.level >= self.first(at), len(self.steps), 0)
        for cut in self.cuts:
            threshold = np.float32(self.sliders[cut.slider].stops[at[cut.slider]])
            stopped = self.scores[cut.row] < threshold
            reached[stopped] = np.minimum(reached[stopped], cut.first)
        for mask in self.masks:
            bits = mask.bits[tuple(at[k] for k in mask.by)]
            stopped = np.concatenate([~bits, np.ones(len(reached) - len(bits), bool)])
            reached[stopped] = np.minimum(reached[stopped], mask.first)
        return reached

    def left(self, step: int, at: Sequence[int]) -> NDArray[np.bool_]:
        """Which candidates (N,) a step leaves."""
        return self.reach(at) > step

    def tally(self, step: int, at: Sequence[int]) -> Tally:
        """A step's figures, by the rules of `evaluation.match`; without labels every box counts as a face."""
        rows = self.left(step, at)
        boxes = int(rows.sum())
        if self.faces is None:
            return Tally(boxes, boxes, 0, 0)
        on = self.on[self.on_of[step], rows]
        found = len(np.unique(on[on >= 0]))
        second = int((on >= 0).sum()) - found if step >= self.once else 0
        return Tally(boxes, found, len(self.faces) - found, int((on == NO_FACE).sum()) + second)


def on_faces(boxes: Floats, photo: LabelledPhoto) -> NDArray[np.int16]:
    """For boxes (N, 4) the face that each overlaps most, if by an IoU of 0.5 or more: as in `evaluation.match`.

    Faces are counted without the ignored ones, as `counted` has them.

    >>> photo = LabelledPhoto(np.zeros((50, 50, 3), np.uint8), [[30, 30, 40, 40], [0, 0, 10, 10]], ignore=[True, False])
    >>> on_faces(np.float32([[0, 0, 10, 9], [30, 30, 41, 40], [20, 0, 30, 10]]), photo)
    array([ 0, -2, -1], dtype=int16)
    """
    if not len(photo.boxes) or not len(boxes):
        return np.full(len(boxes), NO_FACE, np.int16)
    overlap = iou(boxes, photo.boxes)  # (N, M)
    nearest, number = overlap.argmax(axis=1), np.where(photo.ignore, IGNORED, np.cumsum(~photo.ignore) - 1)
    return np.where(overlap.max(axis=1) >= MATCHING_IOU, number[nearest], NO_FACE).astype(np.int16)


def counted(photo: LabelledPhoto) -> Floats:
    """The boxes (M, 4) of the faces to find."""
    return photo.boxes[~photo.ignore]
