"""Training windows of a labelled photo, live: move the bounds and the jitter, and see each window change its kind.

Everything happens in the browser. Python draws the random numbers once and sends them; samples.js makes windows of
them, compares these with the faces, and cuts the crops from the photo, as `view` does here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats, iou
from mtcnn_lite.course.explorers.base import Drawing, Explorer, buttons, link, look, sliders, stacked, tick
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, Picture, at_height, beside, draw_boxes, tiled
from mtcnn_lite.images import crop_windows
from mtcnn_lite.pyramid import halvings
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.random_windows import anywhere
from mtcnn_lite.sampling.random_windows import beside as next_to
from mtcnn_lite.sampling.sampler import NEGATIVE, NOTHING, PART, POSITIVE, kinds

GROUPS = ((POSITIVE, "positive", "face", 2), (PART, "part", "part", 2), (NEGATIVE, "negative", "muted", 2),
          (NOTHING, "used for nothing", "unused", 1))  # fmt: skip  # kind, name, colour, rows in the gallery
SLIDERS = {  # name: (what it says, lowest, at first, highest)
    "positive": ("positive from", 0.6, 0.65, 0.85),
    "part": ("part from", 0.35, 0.4, 0.6),
    "negative": ("negative under", 0.1, 0.3, 0.35),
    "shift": ("shift up to", 0.0, 0.2, 0.5),
    "smaller": ("side from", 0.5, 0.8, 1.0),
    "larger": ("side to", 1.0, 1.25, 2.0),
}
CROP = 48  # px: a crop in the gallery


@dataclass(frozen=True, eq=False)
class Draws:
    """What chance decided, before any setting: N windows in a random order.

    face (N,): the row of the face that a window is jittered off, -1 for one that stays as it is. numbers (N, 4):
    of a jittered window, three from 0 to 1 for its side and its shift to the right and down, and a 0; of another, its
    corners.
    """

    face: NDArray[np.int32]
    numbers: Floats

    @classmethod
    def of(cls, photo: LabelledPhoto, seed: int = 0, config: SamplingConfig | None = None) -> "Draws":
        """Draw as many windows as the config asks for: jittered off each face, beside each face, and anywhere.

        Parameters
        ----------
        photo : LabelledPhoto, its size and its faces
        seed : int, of the random numbers
        config : SamplingConfig, optional, how many windows of each sort; by default as in training
        """
        config, rng, count = config or SamplingConfig(), np.random.default_rng(seed), len(photo.boxes)
        height, width = photo.image().shape[:2]
        jittered = np.repeat(np.arange(count), config.jittered)
        side, by = rng.random(len(jittered)), rng.random((len(jittered), 2))
        rest = [next_to(photo.boxes, config.beside, rng), anywhere(height, width, config.random, rng)]
        numbers = np.concatenate([np.column_stack([side, by, np.zeros(len(side))]), *rest])
        face = np.concatenate([jittered, np.full(len(numbers) - len(jittered), -1)])
        order = rng.permutation(len(face))
        return cls(face[order].astype(np.int32), numbers[order].astype(np.float32))


@dataclass(frozen=True, eq=False)
class Sorted:
    """The windows (N, 4), each one's highest IoU with a face (N,), that face's row (N,), and its kind (N,)."""

    windows: Floats
    overlap: Floats
    nearest: NDArray[np.int64]
    kind: NDArray[np.uint8]

    def counts(self) -> dict[str, int]:
        return {name: int((self.kind == kind).sum()) for kind, name, _, _ in GROUPS}


def view(photo: LabelledPhoto, draws: Draws, config: SamplingConfig, first_only: bool = False) -> Sorted:
    """What becomes of the drawn windows under the jitter and the bounds of a config; samples.js computes the same.

    Parameters
    ----------
    photo : LabelledPhoto, the faces
    draws : Draws, what chance decided
    config : SamplingConfig, how far windows are shifted and scaled, and the bounds between the kinds
    first_only : bool, compare windows with the first face alone, as scripts do that forget the others
    """
    windows = draws.numbers.copy()
    jittered = draws.face >= 0
    box = photo.boxes[draws.face[jittered]].astype(np.float64)
    side, by = np.split(draws.numbers[jittered, :3].astype(np.float64), [1], axis=1)  # (n, 1), (n, 2)
    sides = box[:, 2:] - box[:, :2]  # (n, 2) width, height
    least = config.smaller * sides.min(axis=1, keepdims=True, initial=np.inf)
    most = config.larger * sides.max(axis=1, keepdims=True, initial=0)
    half = (least + (most - least) * side) / 2
    centre = (box[:, :2] + box[:, 2:]) / 2 + config.shift * (2 * by - 1) * sides
    windows[jittered] = np.concatenate([centre - half, centre + half], axis=1)
    compared = LabelledPhoto(photo.source, photo.boxes[:1]) if first_only else photo
    overlaps = iou(windows, compared.boxes)  # (N, F)
    return Sorted(windows, overlaps.max(axis=1), overlaps.argmax(axis=1), kinds(windows, compared, config)[0])


class SamplesExplorer(Explorer):
    """The training windows of `photo`, which must have a face; none of its faces may be one to ignore."""

    def __init__(self, photo: LabelledPhoto, seed: int = 0) -> None:
        if not len(photo.boxes) or photo.ignore.any():
            raise ValueError("photo must have labelled faces, and none to ignore")
        self.labelled, self.draws = photo, Draws.of(photo, seed)
        image = photo.image()
        self.canvas = Drawing(
            "samples.js", photo=Picture(image).encode("JPEG"), size=[image.shape[1], image.shape[0]],
            boxes=photo.boxes.tobytes(), landmarks=photo.landmarks.tobytes(), face=self.draws.face.tobytes(),
            numbers=self.draws.numbers.tobytes(), groups=[[k, name, COLOURS[c], rows] for k, name, c, rows in GROUPS],
            marks=[COLOURS["truth"], COLOURS["landmark"]], group=0, first_only=False, labels=True,
            **{name: start for name, (_, _, start, _) in SLIDERS.items()},
        )  # fmt: skip
        ends = {name: (says, low, high, 0.05) for name, (says, low, _, high) in SLIDERS.items()}
        self.sliders = sliders(self.canvas, look(105, 390), **ends)
        self.group = buttons([name for _, name, _, _ in GROUPS])
        self.first_only = tick("compare with the first face only")
        self.labels = tick("draw the labels on the crops", True)
        link(self.canvas, first_only=self.first_only, labels=self.labels, group=self.group)
        each = list(self.sliders.values())
        choices = ("on the photo:", self.group), (self.first_only, self.labels)
        super().__init__(stacked(*zip(each[:3], each[3:], strict=True), *choices, self.canvas))

    def sorted(self) -> Sorted:
        """The view at the controls' settings."""
        config = SamplingConfig(**{name: slider.value for name, slider in self.sliders.items()})
        return view(self.labelled, self.draws, config, self.first_only.value)

    def still(self) -> Picture:
        now, image = self.sorted(), self.labelled.image()
        photo, scale = at_height(image, 260)
        _, name, colour, _ = GROUPS[self.group.index]
        shown = now.windows[now.kind == GROUPS[self.group.index][0]] * scale
        panels = [draw_boxes(photo, shown, colour, 1)]
        captions = [f"{len(shown)} windows:\n{name}"]
        copies = halvings(image, CROP / float((now.windows[:, 2:] - now.windows[:, :2]).max()))
        for kind, name, _, _ in GROUPS:
            rows = np.flatnonzero(now.kind == kind)
            panels.append(tiled(crop_windows(copies, now.windows[rows[:15]], CROP), columns=3, places=15))
            captions.append(f"{name}:\n{len(rows)}")
        return beside(panels, captions, height=260)

    def summary(self) -> str:
        counts = self.sorted().counts()
        return f"{len(self.draws.face)} windows: " + ", ".join(f"{count} {name}" for name, count in counts.items())
