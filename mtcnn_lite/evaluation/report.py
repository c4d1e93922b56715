"""All figures of one detector on labelled photos, as a tree of plain numbers that JSON can hold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mtcnn_lite.boxes import Floats
from mtcnn_lite.cascade.record import Faces
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation.curves import judge
from mtcnn_lite.evaluation.landmarks import FAILURE, landmark_errors
from mtcnn_lite.evaluation.stages import Reached, reached, reached_in

if TYPE_CHECKING:
    from mtcnn_lite.detector import Detector

SMALLEST = (12, 20)  # px: P-Net's window, and the detector's usual min_face
BANDS = (12, 20, 32, 64, 128, np.inf)  # px, shorter side
PRECISION = 0.9  # at which recall is compared
POINTS = 200  # of a curve, at most

Thresholds = tuple[float, float, float]
Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a detector made of one photo: at low thresholds, for the curves, and at those it is used with."""

    photo: LabelledPhoto
    low: Faces
    fixed: Faces
    low_stages: dict[str, Reached]
    fixed_stages: dict[str, Reached]


def outcome(detector: "Detector", photo: LabelledPhoto, low: Thresholds) -> Outcome:
    """Run the detector on a photo at thresholds `low`, and again at its own: the nets look at each window once.

    Raises ImageError where the photo can't be read.
    """
    fixed = detector.trace(photo.image())
    wide = fixed.rerun(thresholds=low)
    stages = (reached(trace, photo, SMALLEST[-1]) for trace in (wide, fixed))
    return Outcome(photo, wide.faces, fixed.faces, *stages)


def report(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The figures of one detector on these photos; NaN where there is nothing to measure.

    detection: for all faces of at least 12 and at least 20 px, average precision, the highest recall at a precision of
    0.9, and recall and precision at the detector's own thresholds. sizes: recall by the shorter side. stages: recall
    and boxes a photo after each net, for faces of at least 20 px. These three come from photos whose every face is
    labelled. sets: recall for each data set, and the rest where its photos are complete. landmarks: the error of each
    data set's faces, `failed` the share over 0.1; points: of all faces alike. curves: what to plot.
    """
    complete = [each for each in outcomes if each.photo.complete]
    low, fixed = ({s: judge(_pairs(complete, which), s) for s in SMALLEST} for which in ("low", "fixed"))
    sets = by_set(outcomes, lambda each: each.photo)
    stages = {which: reached_in(getattr(o, f"{which}_stages") for o in complete) for which in ("low", "fixed")}
    errors = {name: landmark_errors(_pairs(group, "low")) for name, group in sets.items()}
    return {
        "photos": len(outcomes),
        "complete_photos": len(complete),
        "detection": {
            f"{s}": {
                "faces": len(low[s].faces),
                "average_precision": low[s].average_precision,
                "recall_at_90": low[s].recall_at(PRECISION),
                "recall": fixed[s].recall(),
                "precision": fixed[s].precision(),
            }
            for s in SMALLEST
        },
        "sizes": {
            f"{a:g}-{b:g}" if b < np.inf else f"{a:g} and more": {
                "faces": int(((fixed[12].faces >= a) & (fixed[12].faces < b)).sum()),
                "recall": fixed[12].recall(sides=(a, b)),
                "recall_low": low[12].recall(sides=(a, b)),
            }
            for a, b in pairwise(BANDS)
        },
        "stages": {
            stage: {
                "recall": stages["fixed"][stage].recall(),
                "boxes": stages["fixed"][stage].boxes(),
                "recall_low": stages["low"][stage].recall(),
                "boxes_low": stages["low"][stage].boxes(),
            }
            for stage in stages["fixed"]
        },
        "sets": {name: _of_set(group) for name, group in sets.items()},
        "landmarks": {name: _of_points(*found) for name, found in errors.items() if len(found[0]) + found[1]},
        "points": _of_points(*landmark_errors(_pairs(outcomes, "low"))),
        "curves": {
            "detection": {f"{s}": _thinned(recall=low[s].curve()[1], precision=low[s].curve()[0]) for s in SMALLEST},
            "stages": {
                stage: _thinned(**dict(zip(("boxes", "recall"), found.curve(), strict=True)))
                for stage, found in stages["low"].items()
            },
            "landmarks": {
                name: _thinned(error=np.sort(found), share=np.arange(1, len(found) + 1) / (len(found) + missed))
                for name, (found, missed) in errors.items()
                if len(found)
            },
        },
    }


def _pairs(outcomes: Sequence[Outcome], which: str) -> list[tuple[Faces, LabelledPhoto]]:
    return [(getattr(each, which), each.photo) for each in outcomes]


def by_set(items: Sequence[Item], photo_of: Callable[[Item], LabelledPhoto]) -> dict[str, list[Item]]:
    """The items by the name of the data set that their photo is from, the names in order."""
    names = [photo_of(item).dataset for item in items]
    return {name: [item for item, its in zip(items, names, strict=True) if its == name] for name in sorted({*names})}


def _of_set(group: Sequence[Outcome]) -> dict[str, Any]:
    complete = all(each.photo.complete for each in group)
    low, fixed = (judge(_pairs(group, which), SMALLEST[0]) for which in ("low", "fixed"))
    return {
        "photos": len(group),
        "complete": complete,
        "faces": len(fixed.faces),
        "average_precision": low.average_precision if complete else float("nan"),
        "recall": fixed.recall(),
        "precision": fixed.precision() if complete else float("nan"),
    }


def _of_points(errors: Floats, missed: int) -> dict[str, Any]:
    """The figures of the faces found; and how many were not."""
    known = errors if len(errors) else np.array([np.nan], np.float32)
    return {
        "faces": len(errors),
        "missed": missed,
        "mean": float(known.mean()),
        "median": float(np.median(known)),
        "p90": float(np.quantile(known, 0.9)),
        "failed": float((errors > FAILURE).mean()) if len(errors) else float("nan"),
    }


def _thinned(**columns: Any) -> dict[str, list[float]]:
    """The columns of a curve, every so many points, the first and the last among them."""
    count = len(next(iter(columns.values())))
    rows = np.unique(np.linspace(0, max(count - 1, 0), min(count, POINTS)).round().astype(int))
    return {name: [round(float(column[row]), 5) for row in rows] for name, column in columns.items()}
