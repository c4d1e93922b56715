"""How the one-pass net is trained: the numbers to choose.

"Paper" is RetinaFace's (Deng et al. 2019, arXiv 1905.00641), "code" its best known,
https://github.com/biubug6/Pytorch_Retinaface.
"""

import math
from dataclasses import dataclass, field

from mtcnn_lite.arguments import instance, number, numbers, one_of, whole
from mtcnn_lite.training.augmentation import Augmentation
from mtcnn_lite.training.plan import WARM_UP, learning_rate

NAME = "onepass"
HARD, FOCAL = "hard negatives", "focal"  # the two cures of the imbalance


@dataclass(frozen=True)
class OnePassPlan:
    """One run of training.

    Parameters
    ----------
    steps, batch, rate : int, int, float
        Steps, views in a batch, highest learning rate; the optimiser is AdamW.
    side : int
        Side of a view, px; a multiple of 64.
    imbalance : "hard negatives" or "focal"
        What is done about the many easy negatives: the hardest alone count, three for each positive (SSD, and
        RetinaFace's paper), or all count, the easy ones little (`losses.focal_loss`).
    weights : three numbers
        Of the face, box and point losses (code: the same; paper: 1 : 0.25 : 0.1).
    positive, negative : float
        Bounds of an anchor's IoU with a face (paper: 0.5 and 0.3; code: 0.35 and 0.35).
    touching : float
        A negative's IoU with an ignored face is below this. Where only one face of a photo is labelled, a negative must
        overlap that face by it: the rest may be faces.
    anchors_a_face : int
        The anchors of a face count as this many where it has more: one of 12 px has 3, one of 150 px 30 (code: each
        counts alike).
    faces : (float, float)
        Half of the views are cut round a face that they show at a size between these, px, drawn evenly on a logarithmic
        scale; size is the square root of a box's area. Faces whose shorter side in a view is below the first are
        ignored.
    scales : (float, float)
        The other half are cut round a face too, at a scale between these, px of the view for one of the photo, drawn
        likewise: faces as sharp as a detector sees them, and as blurred.
    tiled : float
        Share of the views that show four photos of one labelled face each, where there are photos of both kinds. Their
        faces are large and have many anchors: a tenth of the views has a fifth of all.
    tile_faces : (float, float)
        Between which sizes such a face is shown, px.
    turn : float
        Standard deviation, in degrees, by which views are turned.
    augmentation : Augmentation
        How views are degraded; all are recoloured, half are mirrored.

    Raises
    ------
    ValueError
        For a value out of range.
    TypeError
        For a value of another type.
    """

    steps: int = 24_000
    batch: int = 18
    rate: float = 5e-3
    side: int = 320
    imbalance: str = HARD
    weights: tuple[float, float, float] = (1.0, 2.0, 1.0)
    positive: float = 0.35
    negative: float = 0.3
    touching: float = 0.08
    anchors_a_face: int = 9
    faces: tuple[float, float] = (10.0, 80.0)
    scales: tuple[float, float] = (0.5, 1.3)
    tiled: float = 0.11
    tile_faces: tuple[float, float] = (24.0, 140.0)
    turn: float = 5.0
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(noise=0.1, darken=0.1, compress=0.1))

    def __post_init__(self) -> None:
        instance("augmentation", self.augmentation, Augmentation, "an Augmentation")
        one_of("imbalance", self.imbalance, (HARD, FOCAL))
        counts = ("steps", "batch", "side", "anchors_a_face")
        checked: dict[str, object] = {name: whole(name, getattr(self, name), 1) for name in counts}
        checked["rate"] = number("rate", self.rate, lambda v: 0 < v < math.inf, "be above 0")
        checked["tiled"] = number("tiled", self.tiled, lambda v: 0 <= v <= 1, "be a share from 0 to 1")
        checked["turn"] = number("turn", self.turn, lambda v: 0 <= v <= 180, "be from 0 to 180 degrees")
        checked["weights"] = numbers("weights", self.weights, 3, lambda v: 0 <= v < math.inf, "of 0 or more")
        checked["faces"] = _range("faces", self.faces, 1)
        checked["scales"] = _range("scales", self.scales, 0.01)
        checked["tile_faces"] = _range("tile_faces", self.tile_faces, 1)
        for name in ("positive", "negative", "touching"):
            checked[name] = number(name, getattr(self, name), math.isfinite, "be finite")
        if not 0 < self.touching <= self.negative <= self.positive <= 1:
            bounds = (self.touching, self.negative, self.positive)
            raise ValueError(f"touching, negative, positive are {bounds}; they must rise from above 0 to 1")
        if self.side % 64:
            raise ValueError(f"side is {self.side}; it must be a multiple of 64 px")
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def name(self) -> str:
        """That of the run's one stage, and of its folder."""
        return NAME

    def learning_rate(self, step: int) -> float:
        """The learning rate of a step (`plan.learning_rate`)."""
        return learning_rate(step, self.steps, self.rate, min(WARM_UP, self.steps // 10))


def _range(name: str, value: object, least: float) -> tuple[float, float]:
    low, high = numbers(name, value, 2, lambda v: least <= v <= 10_000, f"from {least:g} to 10,000")
    if low > high:
        raise ValueError(f"{name} is {(low, high)}; the first may not be above the second")
    return low, high
