"""A canvas with a photo at several strengths, the candidates on it, and a table with what each step leaves and costs.

All strengths travel to the browser once. What is linked to `at` and `step` chooses among them there, so the picture
follows within a frame; what Python must compute anew arrives as one message, `show`. canvas.js draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.course.explorers.base import Drawing, synced
from mtcnn_lite.draw import COLOURS, Picture


@dataclass(frozen=True, eq=False)
class Layers:
    """What a canvas shows of one photo.

    steps: names of the steps, in order. boxes (S, N, 4): where each candidate is at each of S steps, image pixels.
    alive (N,): how many of the steps it takes part in, 1 to S. scores (N,), or (S, N) where they change from step to
    step. level (N,): its pyramid level. scales: each level's scale. windows: how many the net scored.

    cut_from: the first step that the threshold in the browser applies to. landmarks (N, 5, 2), NaN where a candidate
    has none: drawn at the last step. costs: for each step, the milliseconds a box took and the step whose boxes those
    are, -1 for the windows; empty where no times are shown.
    """

    steps: Sequence[str]
    boxes: Floats
    alive: NDArray[np.uint8]
    scores: Floats
    level: NDArray[np.uint8]
    scales: Sequence[float]
    windows: int
    cut_from: int = 0
    landmarks: Floats | None = None
    costs: Sequence[tuple[float, int]] = ()

    def shown(self, step: int, threshold: float) -> NDArray[np.bool_]:
        """Which candidates (N,) are left at a step, with the threshold where it applies: as canvas.js decides it."""
        scores = self.scores if self.scores.ndim == 1 else self.scores[step]
        return (self.alive > step) & ((step < self.cut_from) | (scores >= np.float32(threshold)))

    def counts(self, threshold: float) -> dict[str, int]:
        """How many are left at each step: what canvas.js counts in the browser."""
        return {name: int(self.shown(step, threshold).sum()) for step, name in enumerate(self.steps)}


@dataclass(frozen=True, eq=False)
class Scene:
    """One strength: its name, long and short; the photo (H, W, 3) and its layers; the fates of the faces, indices, and
    their boxes (M, 4)."""

    says: str
    short: str
    photo: NDArray[np.uint8]
    layers: Layers
    fates: Sequence[int]
    faces: Floats

    def parts(self) -> list[bytes]:
        """The photo as a JPEG, and the arrays of the layers, as canvas.js takes them apart."""
        layers = self.layers
        numbers = (layers.boxes, layers.scores, np.zeros(0) if layers.landmarks is None else layers.landmarks)
        small = (layers.alive, layers.level)
        photo = Picture(self.photo).encode("JPEG")
        return [
            photo,
            *(np.asarray(each, np.float32).tobytes() for each in numbers),
            *(each.tobytes() for each in small),
        ]


class Canvas(Drawing):
    """The canvas; fill it with `show`. It says which face is asked about, at which strength: {"face": k, "at": n}.

    Python's answer is the `note`. Without a kernel the browser has a shorter one.

    Parameters
    ----------
    fates : sequence of (str, str), what may become of a face, and its colour; the last is none to be told by a letter
    **values : what the traits begin with
    """

    thresholds = synced([0.6, 0.7, 0.7])
    step, at = synced(0), synced(0)  # at: which strength
    colours = synced([])  # one a step
    dots = synced(COLOURS["landmark"])
    fates = synced([])
    invitation, note = synced(""), synced("")  # what is said until a face is asked about; the answer

    steps, cut_from = synced([]), synced(0)
    scenes = synced([])  # of each strength what is small: words, sizes, and how long the parts are
    costs = synced([])  # of each strength's layers: times, so that no two runs agree on them
    parts = synced(b"")  # of each strength, one after the other
    revision = synced(0)  # the browser draws anew when it changes: once a message

    def __init__(self, fates: Sequence[tuple[str, str]], **values: Any) -> None:
        super().__init__("tracks.js", "canvas.js", fates=[list(each) for each in fates], **values)

    def show(self, scenes: Sequence[Scene], invitation: str) -> None:
        """Send new strengths in a single message."""
        parts = [scene.parts() for scene in scenes]
        with self.hold_sync():
            self.steps, self.cut_from = list(scenes[0].layers.steps), scenes[0].layers.cut_from
            self.scenes = [
                {"says": scene.says, "short": scene.short, "size": [scene.photo.shape[1], scene.photo.shape[0]],
                 "fates": list(scene.fates), "faces": np.round(scene.faces, 2).tolist(),
                 "scales": list(scene.layers.scales), "windows": scene.layers.windows,
                 "lengths": [len(part) for part in own]}
                for scene, own in zip(scenes, parts, strict=True)
            ]  # fmt: skip
            self.costs = [[list(cost) for cost in scene.layers.costs] for scene in scenes]
            self.parts, self.invitation = b"".join(part for own in parts for part in own), invitation
            self.revision += 1
