"""How training samples are drawn from a photo: the counts, and the bounds between the kinds."""

import math
from dataclasses import dataclass

from mtcnn_lite.arguments import number, whole

COUNTS = ("random", "beside", "jittered", "landmarks", "hardest", "others")
MOST = 100_000  # windows of a sort, which are in memory together


@dataclass(frozen=True)
class SamplingConfig:
    """How many windows of each sort a photo gives, and the bounds between the kinds.

    Parameters
    ----------
    random
        Negatives anywhere in the photo.
    beside
        Negatives next to each face.
    jittered
        Windows shifted and scaled off each face, which turn out positive, part or nothing.
    landmarks
        Positives of each face with points, to learn the points from.
    hardest, others
        Of a cascade's proposals that are negative: the best scored, and as many at random.
    positive, part, negative
        Bounds of the IoU: a positive has at least `positive`, a part at least `part`, a negative less than `negative`.
    touching
        Where only one face of a photo is labelled, a negative must overlap it by this: the rest may be faces.
    shift
        Jitter moves a window by up to this part of the face's width and height.
    smaller, larger
        Jitter's side: from `smaller` times the face's shorter side to `larger` times its longer one.
    near
        How far landmark windows are jittered: 0 not at all, all are the square round the face; 1 as much as the others.
    turn
        Standard deviation, in degrees, by which faces are turned; the paper does not turn them.

    Raises
    ------
    ValueError
        For a value out of range, NaN among them; a count is at most 100,000.
    TypeError
        For a value that is no number.
    """

    random: int = 50
    beside: int = 5
    jittered: int = 20
    landmarks: int = 20
    hardest: int = 40
    others: int = 40
    positive: float = 0.65
    part: float = 0.4
    negative: float = 0.3
    touching: float = 0.08
    shift: float = 0.2
    smaller: float = 0.8
    larger: float = 1.25
    near: float = 1.0
    turn: float = 0.0

    def __post_init__(self) -> None:
        for name, value in [*vars(self).items()]:
            if name in COUNTS:
                checked: float = whole(name, value, 0, MOST)
            else:
                checked = number(name, value, math.isfinite, "be finite")
            object.__setattr__(self, name, checked)
        if not 0 <= self.touching < self.negative <= self.part <= self.positive <= 1:
            raise ValueError(
                f"bounds are touching {self.touching}, negative {self.negative}, part {self.part}, positive "
                f"{self.positive}; they must rise from 0 to 1 in this order"
            )
        if not (0 <= self.shift < 1 and 0 < self.smaller <= self.larger and 0 <= self.near <= 1 and self.turn >= 0):
            raise ValueError(
                f"jitter is shift {self.shift}, smaller {self.smaller}, larger {self.larger}, near {self.near}, turn "
                f"{self.turn}; it must be 0 <= shift < 1, 0 < smaller <= larger, 0 <= near <= 1, turn >= 0"
            )
