"""The rule by which a detector's three thresholds are chosen, given what it finds at each pair of P-Net's and R-Net's.

RULE says it in words. The reference is other weights at thresholds of their own, on the same photos. `choosing` runs
the detector.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats

SMALLEST = 20  # px: the faces that count
SLACK = 0.01  # of precision: how far it may lie below the reference's
ONET_COST = 5  # of R-Net's: what one of O-Net's looks takes, about
RULE = (
    f"recall at least the reference's and precision no lower than its by more than {SLACK}, at faces of {SMALLEST} px "
    "and more; of the thresholds that fulfil it, or of all if none does or there is no reference, those of the best F1"
)
ONET = tuple(round(0.01 * k, 2) for k in range(5, 100))

Thresholds = tuple[float, float, float]


@dataclass(frozen=True)
class OperatingPoint:
    """What a detector does at some thresholds.

    found: the faces found, of `faces`; kept: detections that count, right or wrong; windows: what is sent on in a
    photo, R-Net's looks + ONET_COST x O-Net's.
    """

    thresholds: Thresholds
    found: int
    kept: int
    faces: int
    windows: float

    @property
    def recall(self) -> float:
        return self.found / self.faces if self.faces else float("nan")

    @property
    def precision(self) -> float:
        return self.found / self.kept if self.kept else float("nan")

    @property
    def f1(self) -> float:
        """The harmonic mean of recall and precision; 0 where nothing is found."""
        return 2 * self.found / max(self.kept + self.faces, 1)

    def as_good_as(self, reference: "OperatingPoint") -> bool:
        """Whether RULE's first half holds: recall and precision against those of another on the same photos."""
        if not self.kept:
            return False
        return self.found >= reference.found and self.precision >= reference.precision - SLACK - 1e-9  # rounding

    def stated(self) -> dict[str, Any]:
        """As thresholds.json has it."""
        precision = round(self.precision, 4) if self.kept else None  # JSON has no NaN
        return {"recall": round(self.recall, 4), "precision": precision, "windows": round(self.windows, 1)}

    def __str__(self) -> str:
        return f"recall {self.recall:.3f}, precision {self.precision:.3f}, {self.windows:.0f} windows a photo"


@dataclass(frozen=True, eq=False)
class PairResult:
    """All photos at one pair of thresholds for P-Net and R-Net, and O-Net's lowest.

    scores, right: (N,), of all detections that count, in any order. faces: how many there were to find. windows: see
    `OperatingPoint`.
    """

    pnet: float
    rnet: float
    scores: Floats
    right: NDArray[np.bool_]
    faces: int
    windows: float

    def points(self) -> list[OperatingPoint]:
        """At each of O-Net's thresholds: cutting the scores of the lowest run gives what the detector would."""
        order = np.argsort(-self.scores, kind="stable")
        found = np.concatenate([[0], np.cumsum(self.right[order])])
        kept = np.searchsorted(-self.scores[order], -np.array(ONET, np.float32), side="right")
        return [
            OperatingPoint((self.pnet, self.rnet, onet), int(found[count]), int(count), self.faces, self.windows)
            for onet, count in zip(ONET, kept, strict=True)
        ]


@dataclass(frozen=True)
class Choice:
    """What was chosen, and from what.

    thresholds: the chosen ones; the detector's own where nothing could be chosen. point: what they do; None then. why:
    a sentence. rows: for each of P-Net's thresholds the best point. reference: the reference's point. photos, faces:
    how many counted.
    """

    thresholds: Thresholds
    point: OperatingPoint | None
    why: str
    rows: tuple[OperatingPoint, ...]
    reference: OperatingPoint | None
    photos: int
    faces: int

    def stated(self, reference: str = "") -> dict[str, Any]:
        """How they were chosen, as thresholds.json has it; `reference` names the reference's weights."""
        said: dict[str, Any] = {"rule": RULE, "outcome": self.why, "photos": self.photos, "faces": self.faces}
        if self.point is not None:
            said |= self.point.stated()
        if self.reference is not None:
            its = {"thresholds": list(self.reference.thresholds), **self.reference.stated()}
            said["reference"] = {"weights": reference, **its} if reference else its
        return said


def apply_rule(pairs: Sequence[PairResult], reference: OperatingPoint | None, own: Thresholds, photos: int) -> Choice:
    """The choice by RULE from what was measured.

    Parameters
    ----------
    pairs : sequence of PairResult
        One for each pair of P-Net's and R-Net's thresholds.
    reference : OperatingPoint or None
        The reference's, on the same photos; one that finds no face is none.
    own : three numbers
        The thresholds that stay where no face is found.
    photos : int
        How many there were.
    """
    faces = pairs[0].faces
    points = [point for pair in pairs for point in pair.points()]
    if not any(point.found for point in points):
        return Choice(own, None, f"none of the {faces} faces is found", (), reference, photos, faces)
    by_pnet = {
        pnet: [each for each in points if each.thresholds[0] == pnet] for pnet in sorted({p.pnet for p in pairs})
    }
    rows = tuple(_best(some, reference)[0] for some in by_pnet.values())
    point, as_good = _best(points, reference)
    if as_good:
        why = "the best F1 of those as good as the reference"
    elif reference is None:
        why = "the best F1, as there is no reference"
    elif not reference.found:
        why = "the best F1, as the reference finds no face"
    else:
        why = "the best F1, as none is as good as the reference"
    return Choice(point.thresholds, point, why, rows, reference, photos, faces)


def _best(points: Sequence[OperatingPoint], reference: OperatingPoint | None) -> tuple[OperatingPoint, bool]:
    """The point that RULE takes, and whether its first half holds.

    Of several with the best F1, that which sends the fewest windows on; of those that are equal in both, the middle one
    by thresholds: one just under the lowest score of a face here would lose others elsewhere.
    """
    usable = reference is not None and reference.found > 0
    good = [point for point in points if usable and point.as_good_as(reference)]  # type: ignore[arg-type]

    def rank(point: OperatingPoint) -> tuple[float, float]:
        return point.f1, -point.windows

    first = max(map(rank, good or points))
    equal = sorted((point for point in good or points if rank(point) == first), key=lambda point: point.thresholds)
    return equal[(len(equal) - 1) // 2], bool(good)
