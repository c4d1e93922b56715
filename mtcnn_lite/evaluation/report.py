"""All figures of one detector on labelled photos, as nested dicts of plain numbers that JSON can hold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from mtcnn_lite.arguments import instance, numbers, shown
from mtcnn_lite.boxes import Floats
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.evaluation.curves import judge
from mtcnn_lite.evaluation.landmarks import FAILURE, landmark_errors
from mtcnn_lite.evaluation.stages import Reached, reached, reached_in

SMALLEST = (12, 20)  # px: P-Net's window, and the detector's usual min_face
BANDS = (12, 20, 32, 64, 128, np.inf)  # px, shorter side
PRECISION = 0.9  # at which recall is compared
MAX_POINTS = 200  # of a curve

Thresholds = tuple[float, ...]  # three of a cascade, one of a one-pass detector
Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class PhotoResult:
    """What a detector finds in one photo: at low thresholds, for the curves, and at those that it is used with."""

    photo: LabelledPhoto
    low: Faces
    fixed: Faces
    low_stages: dict[str, Reached]
    fixed_stages: dict[str, Reached]


def evaluate_photo(detector: Detector, photo: LabelledPhoto, low: Thresholds) -> PhotoResult:
    """Run the detector on a photo at low thresholds and at its own; the nets see each window once.

    Parameters
    ----------
    detector : Detector
    photo : LabelledPhoto
    low : three numbers, or one
        Thresholds for P-Net, R-Net and O-Net, or for a one-pass net, 0 to 1, low enough for the end of a
        precision-recall curve.

    Raises
    ------
    ImageError
        Where the photo can't be read.
    ValueError
        For thresholds out of range.
    TypeError
        For what is no detector, no LabelledPhoto, or no thresholds.
    """
    instance("detector", detector, Detector, "a Detector")
    instance("photo", photo, LabelledPhoto, "a LabelledPhoto")
    count, whose = (3, ": P-Net, R-Net, O-Net") if detector.model == "cascade" else (1, "")
    lowered = numbers("low", low, count, lambda value: 0 <= value <= 1, f"from 0 to 1{whose}")
    fixed = detector.trace(photo.image())
    wide = fixed.rerun(thresholds=lowered)
    stages = (reached(trace, photo, SMALLEST[-1]) for trace in (wide, fixed))
    return PhotoResult(photo, wide.faces, fixed.faces, *stages)


def report(results: Sequence[PhotoResult]) -> dict[str, Any]:
    """The figures of one detector on labelled photos; NaN where there is nothing to measure.

    Raises TypeError for what are no results of `evaluate_photo`.

    Returns
    -------
    dict
        "photos", "complete_photos": how many there are, and in how many of them every face is labelled.

        From the complete photos: "detection": for faces of at least 12 and at least 20 px, average precision, the
        highest recall at a precision of 0.9, and recall and precision at the detector's own thresholds. "sizes": recall
        by the shorter side. "stages": recall and boxes per photo after each net, for faces of at least 20 px.

        From all photos: "sets": recall by data set, and precision and average precision where its photos are complete.
        "landmarks": the landmark error by data set, "failed" being the share over 0.1; "points": of all faces together.
        "curves": the points of the plots.
    """
    results = checked_results("results", results)
    complete = [each for each in results if each.photo.complete]
    low, fixed = ({s: judge(_pairs(complete, which), s) for s in SMALLEST} for which in ("low", "fixed"))
    sets = by_dataset(results, lambda each: each.photo)
    stages = {which: reached_in(getattr(o, f"{which}_stages") for o in complete) for which in ("low", "fixed")}
    errors = {name: landmark_errors(_pairs(group, "low")) for name, group in sets.items()}
    return {
        "photos": len(results),
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
        "points": _of_points(*landmark_errors(_pairs(results, "low"))),
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


def checked_results(name: str, results: Sequence[PhotoResult]) -> Sequence[PhotoResult]:
    """`results`, which must be a sequence of PhotoResult."""
    if not isinstance(results, Sequence) or not all(isinstance(each, PhotoResult) for each in results):
        raise TypeError(
            f"{name} is {shown(results)}; it must be a sequence of PhotoResult, as evaluate_photo gives them"
        )
    return results


def _pairs(results: Sequence[PhotoResult], which: str) -> list[tuple[Faces, LabelledPhoto]]:
    return [(getattr(each, which), each.photo) for each in results]


def by_dataset(items: Sequence[Item], photo_of: Callable[[Item], LabelledPhoto]) -> dict[str, list[Item]]:
    """The items grouped by the data set that their photo is from, in alphabetical order."""
    names = [photo_of(item).dataset for item in items]
    return {name: [item for item, its in zip(items, names, strict=True) if its == name] for name in sorted({*names})}


def _of_set(group: Sequence[PhotoResult]) -> dict[str, Any]:
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
    """Statistics of the errors of the faces found, and how many were missed."""
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
    """The columns of a curve at no more than MAX_POINTS points, evenly spread, the first and the last among them."""
    count = len(next(iter(columns.values())))
    rows = np.unique(np.linspace(0, max(count - 1, 0), min(count, MAX_POINTS)).round().astype(int))
    return {name: [round(float(column[row]), 5) for row in rows] for name, column in columns.items()}
