"""What passes through the cascade, as data: settings, pyramid levels, candidates, and a stage's steps."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.arguments import flag, numbers
from mtcnn_lite.boxes import Floats
from mtcnn_lite.pyramid import CELL, candidate_windows, pyramid_settings

Indices = NDArray[np.int64]


class Thresholds(NamedTuple):
    """The lowest probability of "face" that passes each net, from 0 to 1.

    >>> Thresholds(0.6, 0.7, 0.7).onet
    0.7
    """

    pnet: float
    rnet: float
    onet: float


class NMSOverlaps(NamedTuple):
    """The overlap that each NMS allows, from 0 to 1: IoU for the first three, and over the smaller box after O-Net.

    >>> NMSOverlaps(0.5, 0.7, 0.8, 0.7).within_level
    0.5
    """

    within_level: float
    across_levels: float
    rnet: float
    onet: float


@dataclass(frozen=True)
class Settings:
    """How a cascade runs; `Detector` explains each.

    Parameters
    ----------
    min_face : float
        Side, in pixels, of the smallest face to look for; 12 or more.
    factor : float
        Ratio of a pyramid level to the one before, above 0 and at most 0.999.
    thresholds : Thresholds, or three numbers
        Lowest probability that passes P-Net, R-Net, O-Net.
    nms : NMSOverlaps, or four numbers
        Overlap allowed within a level, across levels, after R-Net, after O-Net.
    mirror : bool
        Whether O-Net takes a second look at the mirror image of each face.

    Raises
    ------
    ValueError
        For a value out of its range.
    TypeError
        For a value of another type. Numbers may be NumPy's and torch's too; True and False are none.
    """

    min_face: float
    factor: float
    thresholds: Thresholds
    nms: NMSOverlaps
    mirror: bool

    def __post_init__(self) -> None:
        min_face, factor = pyramid_settings(self.min_face, self.factor)
        checked: dict[str, object] = {"min_face": min_face, "factor": factor, "mirror": flag("mirror", self.mirror)}
        for name, named, meaning in (
            ("thresholds", Thresholds, "P-Net, R-Net, O-Net"),
            ("nms", NMSOverlaps, "within a level, across levels, R-Net, O-Net"),
        ):
            must = f"from 0 to 1: {meaning}"
            row = numbers(name, getattr(self, name), len(named._fields), lambda value: 0 <= value <= 1, must)
            checked[name] = named(*row)
        for name, value in checked.items():
            object.__setattr__(self, name, value)  # Python's own numbers, and the rows by name


@dataclass(frozen=True, eq=False)
class Candidates:
    """N windows after one step. All arrays have N rows.

    boxes (N, 4), image pixels. scores (N,), from the latest net that saw them; after "mirrored" the mean of its two
    looks. offsets (N, 4), what that net said of the box. landmarks (N, 5, 2) in image pixels, once O-Net has answered.
    level (N,) and cell (N, 2), row and column: where in which P-Net map the candidate began. parent (N,): its row in
    the step before (P-Net's first step has none: -1).
    """

    boxes: Floats
    scores: Floats
    offsets: Floats
    level: Indices
    cell: Indices
    parent: Indices
    landmarks: Floats | None = None

    def __len__(self) -> int:
        return len(self.boxes)

    def __repr__(self) -> str:
        return f"Candidates({len(self)})"

    def select(self, rows: NDArray[np.bool_] | Indices) -> "Candidates":
        """These rows only (a mask or indices), as the children of this step."""
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        points = None if self.landmarks is None else self.landmarks[rows]
        return Candidates(self.boxes[rows], self.scores[rows], self.offsets[rows], self.level[rows],
                          self.cell[rows], rows.astype(np.int64), points)  # fmt: skip

    def with_(self, **changed: Floats) -> "Candidates":
        """The same candidates with other boxes, scores, offsets or landmarks, each the child of itself."""
        return replace(self, parent=np.arange(len(self)), **changed)  # type: ignore[arg-type]

    @property
    def points(self) -> Floats:
        """The landmarks, where O-Net has answered."""
        if self.landmarks is None:
            raise ValueError("these candidates have no landmarks: they come with O-Net")
        return self.landmarks


@dataclass(frozen=True, eq=False)
class Level:
    """One level of the pyramid and P-Net's answer: face_map (H, W), probabilities; offset_map (H, W, 4)."""

    scale: float
    image: NDArray[np.uint8]
    face_map: Floats
    offset_map: Floats

    def windows(self) -> Floats:
        """Every window of this level in image pixels, (H * W, 4), row by row."""
        return candidate_windows(self.face_map, self.scale, -1)

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        return f"Level(scale {self.scale:.3f}, {height}x{width} px, window {CELL / self.scale:.0f} px)"


@dataclass(frozen=True, eq=False)
class Stage:
    """One net's steps by name, in order; `windows` is the number it scored."""

    name: str
    windows: int
    steps: dict[str, Candidates]

    def __getitem__(self, step: str) -> Candidates:
        return self.steps[step]

    @property
    def last(self) -> Candidates:
        """What the next stage gets."""
        return list(self.steps.values())[-1]

    @property
    def left(self) -> Candidates:
        """What the net leaves, its boxes as they are before they are made square for the next one."""
        return [now for name, now in self.steps.items() if name != "squared"][-1]

    @property
    def rows(self) -> Indices:
        """Where those that the stage leaves, (N,), stood in its first step."""
        _, *later = self.steps.values()
        rows = np.arange(len(self.last))
        for step in reversed(later):
            rows = step.parent[rows]
        return rows

    def counts(self) -> dict[str, int]:
        """How many are left after each step, "scored" first."""
        return {"scored": self.windows} | {name: len(c) for name, c in self.steps.items()}
