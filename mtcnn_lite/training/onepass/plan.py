"""How the one-pass net is trained: every number in one place.

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
    faces : (float, float)
        Smallest and largest side at which a view shows the face that it is cut round, px, drawn evenly on a logarithmic
        scale. Smaller faces in it are ignored.
    tiled : float
        Share of the views that show four photos of one labelled face each, where there are photos of both kinds.
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

    steps: int = 30_000
    batch: int = 16
    rate: float = 5e-3
    side: int = 320
    imbalance: str = HARD
    weights: tuple[float, float, float] = (1.0, 2.0, 1.0)
    positive: float = 0.35
    negative: float = 0.3
    touching: float = 0.08
    faces: tuple[float, float] = (10.0, 200.0)
    tiled: float = 0.25
    turn: float = 5.0
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(noise=0.1, darken=0.1, compress=0.1))

    def __post_init__(self) -> None:
        instance("augmentation", self.augmentation, Augmentation, "an Augmentation")
        one_of("imbalance", self.imbalance, (HARD, FOCAL))
        checked: dict[str, object] = {name: whole(name, getattr(self, name), 1) for name in ("steps", "batch", "side")}
        checked["rate"] = number("rate", self.rate, lambda v: 0 < v < math.inf, "be above 0")
        checked["tiled"] = number("tiled", self.tiled, lambda v: 0 <= v <= 1, "be a share from 0 to 1")
        checked["turn"] = number("turn", self.turn, lambda v: 0 <= v <= 180, "be from 0 to 180 degrees")
        checked["weights"] = numbers("weights", self.weights, 3, lambda v: 0 <= v < math.inf, "of 0 or more")
        low, high = numbers("faces", self.faces, 2, lambda v: 1 <= v <= 10_000, "of 1 px or more")
        for name in ("positive", "negative", "touching"):
            checked[name] = number(name, getattr(self, name), math.isfinite, "be finite")
        if not 0 < self.touching <= self.negative <= self.positive <= 1:
            bounds = (self.touching, self.negative, self.positive)
            raise ValueError(f"touching, negative, positive are {bounds}; they must rise from above 0 to 1")
        if low > high:
            raise ValueError(f"faces is {(low, high)}; the first may not be above the second")
        if self.side % 64:
            raise ValueError(f"side is {self.side}; it must be a multiple of 64 px")
        for name, value in (checked | {"faces": (low, high)}).items():
            object.__setattr__(self, name, value)

    @property
    def name(self) -> str:
        """That of the run's one stage, and of its folder."""
        return NAME

    def learning_rate(self, step: int) -> float:
        """The learning rate of a step (`plan.learning_rate`)."""
        return learning_rate(step, self.steps, self.rate, min(WARM_UP, self.steps // 10))
