"""Anchors on a labelled photo: choose their sizes, their shape and the bounds, and see who answers for which face."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.anchors import BACKGROUND, IGNORED, anchor_grid, match_anchors
from mtcnn_lite.boxes import Floats, iou
from mtcnn_lite.course.explorers.base import Drawing, Explorer, in_row, link, look, sliders, tick
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, Picture, beside, draw_boxes, draw_polygon

STRIDES = ((48, 8), (128, 16), (np.inf, 32))  # the longest side, px, of the anchors that stand so far apart
LARGEST = 2048.0  # px: sides that would be longer are left out
MOST = 400  # anchors drawn of a kind
REACH = 9  # px of the photo: half a side of the cross on a face without anchors, in the still picture


@dataclass(frozen=True, eq=False)
class Anchors:
    """sides: the anchors' sizes, px. boxes (A, 4); owner (A,): the face that each is for, BACKGROUND or IGNORED.

    best (M,): the highest IoU of each face with an anchor. each (M,): how many anchors are for it. unsure (M,): how
    many of the ignored overlap it more than any other face.
    """

    sides: tuple[float, ...]
    boxes: Floats
    owner: NDArray[np.int64]
    best: Floats
    each: NDArray[np.int64]
    unsure: NDArray[np.int64]

    @property
    def counts(self) -> dict[str, int]:
        """How many anchors are what, and how many faces have none."""
        kinds = {"positive": self.owner >= 0, "ignored": self.owner == IGNORED, "background": self.owner == BACKGROUND}
        counted = {name: int(which.sum()) for name, which in kinds.items()}
        return counted | {"faces without an anchor": int((self.each == 0).sum())}


def sides_of(smallest: float, step: float, count: int) -> tuple[float, ...]:
    """The sizes: `smallest`, each `step` times the one before, `count` of them, up to 2,048 px.

    Parameters
    ----------
    smallest, step, count : float, float, int
        As the sliders have them.

    Examples
    --------
    >>> sides_of(16, 2, 6)
    (16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
    """
    return tuple(side for side in (float(smallest * step**k) for k in range(count)) if side <= LARGEST)


def view(photo: LabelledPhoto, smallest: float = 16, step: float = 2, count: int = 6, shape: float = 1,
         positive: float = 0.5, negative: float = 0.3, force: bool = False) -> Anchors:  # fmt: skip
    """The anchors of a photo, and which face each is for; anchors.js computes the same.

    Parameters
    ----------
    photo : LabelledPhoto, its pixels are not read but for their number
    smallest, step, count : see `sides_of`
    shape : float, an anchor's height over its width; its area is that of the square
    positive, negative : float, the bounds of the IoU; a `negative` above `positive` counts as it
    force : bool, whether each face has its best anchor, whatever their IoU
    """
    height, width = photo.image().shape[:2]
    sides = sides_of(smallest, step, count)
    longer = np.array([shape**-0.5, shape**0.5] * 2)  # x, y, x, y
    grids = []
    for side in sides:
        squares = anchor_grid(height, width, stride(side), [side])
        middles = np.tile((squares[:, :2] + squares[:, 2:]) / 2, 2)  # (A of it, 4)
        grids.append(middles + (squares - middles) * longer)
    boxes = np.concatenate(grids).astype(np.float32)  # (A, 4)
    owner = match_anchors(boxes, photo.boxes, positive, min(negative, positive), force)
    each = np.bincount(owner[owner >= 0], minlength=len(photo.boxes))
    overlap = iou(boxes, photo.boxes)  # (A, M)
    nearest = overlap[owner == IGNORED].argmax(axis=1) if len(photo.boxes) else owner[:0]
    unsure = np.bincount(nearest, minlength=len(photo.boxes))
    return Anchors(sides, boxes, owner, overlap.max(axis=0), each, unsure)


def stride(side: float) -> int:
    """How far apart anchors of this side stand, px."""
    return next(apart for longest, apart in STRIDES if side <= longest)


class AnchorsExplorer(Explorer):
    """Sliders for the sizes, the shape and both bounds, over a photo with its faces; all is computed in the browser."""

    def __init__(self, photo: LabelledPhoto) -> None:
        self.photo = photo
        image = photo.image()
        self.canvas = Drawing(
            "anchors.js", smallest=16, step=2.0, count=6, shape=1.0, positive=0.5, negative=0.3, force=False,
            ignored=False, photo=Picture(image).encode("JPEG"), size=[image.shape[1], image.shape[0]],
            faces=photo.boxes.tolist(), strides=[[min(side, 1e9), apart] for side, apart in STRIDES], largest=LARGEST,
            most=MOST, colours=[COLOURS[name] for name in ("truth", "landmark", "muted")],  # face, positive, ignored
        )  # fmt: skip
        self.sliders = sliders(
            self.canvas, look(125, 345),
            smallest=("smallest side, px", 8, 64, 2), step=("next size, times", 1.2, 3, 0.1),
            count=("how many sizes", 1, 8, 1), shape=("height / width", 0.5, 2, 0.1),
            positive=("face from IoU", 0.2, 0.8, 0.05), negative=("background under", 0.05, 0.6, 0.05),
        )  # fmt: skip
        self.force, self.ignored = tick("each face has its best anchor"), tick("show ignored anchors")
        link(self.canvas, force=self.force, ignored=self.ignored)
        names = ("smallest", "step", "count", "shape", "positive", "negative")
        rows = [in_row(*map(self.sliders.get, names[k : k + 2])) for k in (0, 2, 4)]
        super().__init__([*rows, in_row(self.force, self.ignored), self.canvas])

    def now(self) -> Anchors:
        """The view on show."""
        one = self.canvas
        return view(self.photo, one.smallest, one.step, one.count, one.shape, one.positive, one.negative, one.force)

    def still(self) -> Picture:
        now = self.now()
        drawn = draw_boxes(self.photo.image(), now.boxes[now.owner >= 0][:MOST], "landmark")
        drawn = draw_boxes(drawn, self.photo.boxes, "truth")
        for x1, y1, x2, y2 in self.photo.boxes[now.each == 0]:
            middle = np.array([x1 + x2, y1 + y2]) / 2
            for way in (-1, 1):
                drawn = draw_polygon(drawn, [middle - [REACH, way * REACH], middle + [REACH, way * REACH]], "landmark")
        legend = "Yellow: faces; vermilion: the anchors for them; crossed: no anchor."
        return beside([drawn], [self.summary().replace(": ", ":\n", 1) + "\n" + legend], 400)

    def summary(self) -> str:
        now = self.now()
        counts, sides = now.counts, ", ".join(f"{side:.0f}" for side in now.sides)
        return (
            f"{len(now.boxes):,} anchors with sides of {sides} px: {counts['positive']} are for one of "
            f"{len(self.photo.boxes)} faces, {counts['ignored']} ignored, {counts['background']:,} background; "
            f"{counts['faces without an anchor']} faces without an anchor"
        )
