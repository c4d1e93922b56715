"""The record of one run: every candidate, after every step of every stage.

Pictures, explorers, explanations and timings all read a `Trace`; `Detector.detect` is its last line.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.pyramid import CELL, candidate_windows, pyramid_scales

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Settings:
    """How a cascade runs; `Detector` explains each. Raises ValueError for a value out of its range."""

    min_face: float
    factor: float
    thresholds: tuple[float, float, float]
    nms: tuple[float, float, float, float]
    mirror: bool

    def __post_init__(self) -> None:
        pyramid_scales(1, 1, self.min_face, self.factor)  # complains of either
        for name, values, meaning in (
            ("thresholds", self.thresholds, "P-Net, R-Net, O-Net"),
            ("nms", self.nms, "within a level, across levels, R-Net, O-Net"),
        ):
            count = meaning.count(",") + 1
            if np.shape(values) != (count,) or not all(0 <= v <= 1 for v in values):
                raise ValueError(f"{name} is {values}; it must be {count} numbers from 0 to 1: {meaning}")


@dataclass(frozen=True, eq=False)
class Faces:
    """What was found, best first: boxes (N, 4) in pixels, clipped to the image; scores (N,), the probability of "face",
    the mean of O-Net's two looks where it had two; landmarks (N, 5, 2), x and y: the eye on the picture's left, the
    eye on its right, nose, mouth corner on the picture's left, on its right. N may be 0.

    Boxes are half-open: (0, 0) is the outer corner of the top left pixel. A landmark at (0, 0) is the
    centre of that pixel, as in label files and where OpenCV and matplotlib draw it.
    """

    boxes: Floats
    scores: Floats
    landmarks: Floats

    def __len__(self) -> int:
        return len(self.boxes)

    def __repr__(self) -> str:
        each = zip(self.scores, self.boxes.round().astype(int).tolist(), strict=True)
        return f"Faces({', '.join([str(len(self)), *(f'{score:.3f} at {box}' for score, box in each)])})"


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

    def pick(self, rows: NDArray[np.bool_] | Indices) -> "Candidates":
        """These rows only (a mask or indices), as the children of this step."""
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        points = None if self.landmarks is None else self.landmarks[rows]
        return Candidates(self.boxes[rows], self.scores[rows], self.offsets[rows], self.level[rows],
                          self.cell[rows], rows.astype(np.int64), points)  # fmt: skip

    def but(self, **changed: Floats) -> "Candidates":
        """The same candidates with other boxes, scores, offsets or landmarks, each the child of itself."""
        return replace(self, parent=np.arange(len(self)), **changed)  # type: ignore[arg-type]

    @property
    def points(self) -> Floats:
        """The landmarks, where O-Net has answered."""
        assert self.landmarks is not None, "landmarks come with O-Net"
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


class Run(Protocol):
    """What a trace asks to get from one stage to the next; `cascade` has the one that runs the nets."""

    def trace(self, settings: Settings) -> "Trace": ...
    def propose(self, levels: list[Level], settings: Settings) -> Stage: ...
    def refine(self, windows: Candidates, levels: list[Level], settings: Settings) -> Stage: ...
    def decide(self, windows: Candidates, levels: list[Level], settings: Settings) -> Stage: ...
    def faces(self, onet: Stage) -> Faces: ...


@dataclass(frozen=True, eq=False)
class Trace:
    """One image's way through the cascade. A stage runs when it is first asked for, and once.

    `rerun` tries other thresholds on what the nets have already said.
    """

    image: NDArray[np.uint8]
    levels: list[Level]
    settings: Settings
    run: Run = field(repr=False)
    spent: dict[str, float] = field(repr=False, default_factory=dict)  # seconds, see `seconds`

    @cached_property
    def pnet(self) -> Stage:
        return self._timed("pnet", lambda: self.run.propose(self.levels, self.settings))

    @cached_property
    def rnet(self) -> Stage:
        windows = self.pnet.last
        return self._timed("rnet", lambda: self.run.refine(windows, self.levels, self.settings))

    @cached_property
    def onet(self) -> Stage:
        windows = self.rnet.last
        return self._timed("onet", lambda: self.run.decide(windows, self.levels, self.settings))

    @cached_property
    def faces(self) -> Faces:
        return self.run.faces(self.onet)

    def _timed(self, stage: str, work: Callable[[], Stage]) -> Stage:
        started = time.perf_counter()
        done = work()
        self.spent[stage] = self.spent.get(stage, 0.0) + time.perf_counter() - started
        return done

    @property
    def stages(self) -> tuple[Stage, Stage, Stage]:
        return self.pnet, self.rnet, self.onet

    @property
    def seconds(self) -> dict[str, float]:
        """Wall time of this run: pyramid, pnet, rnet, onet. What a rerun remembers costs it nothing."""
        assert self.stages  # runs whatever has not run yet
        return self.spent

    def steps(self) -> Iterator[tuple[str, str, Candidates]]:
        """(stage, step, candidates), in the order in which they happened."""
        for stage in self.stages:
            for name, candidates in stage.steps.items():
                yield stage.name, name, candidates

    def counts(self) -> dict[str, dict[str, int]]:
        """Candidates left after each step of each stage.

        For example `{"pnet": {"scored": 42721, "above threshold": 286, ...}, "rnet": ..., "onet": ...}`.
        """
        return {stage.name: stage.counts() for stage in self.stages}

    def rerun(
        self,
        thresholds: tuple[float, float, float] | None = None,
        nms: tuple[float, float, float, float] | None = None,
        min_face: float | None = None,
    ) -> "Trace":
        """The trace with other settings; what is None stays. A net is only asked about what it has not seen yet."""
        given = {"thresholds": thresholds, "nms": nms, "min_face": min_face}
        changed = {name: value for name, value in given.items() if value is not None}
        return self.run.trace(replace(self.settings, **changed))  # type: ignore[arg-type]

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        return f"Trace({height}x{width} px, {len(self.levels)} levels, {self.settings})"
