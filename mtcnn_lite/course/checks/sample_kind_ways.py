"""The right `sample_kind`, and the wrong functions that `samples_mistakes` names."""

from typing import Any

import numpy as np

from mtcnn_lite.boxes import intersection, iou
from mtcnn_lite.course.checks.judge import Array, Function
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.sampling import sampler as sampling


def reference(window: Array, faces: Array) -> str | None:
    kind, _ = sampling.kinds(window[None], LabelledPhoto(np.zeros((1, 1, 3), np.uint8), faces))
    return None if kind[0] == sampling.NOTHING else sampling.KINDS[kind[0]]


def ious(window: Array, faces: Array) -> Array:
    return iou(window[None], faces)[0]


def _named(best: float, positive: float = 0.65, part: float = 0.4, negative: float = 0.3) -> str | None:
    if best >= positive:
        return "positive"
    return "part" if best >= part else "negative" if best < negative else None


def but(overlaps: Any = ious, best: Any = np.max, empty: Any = "negative", **bounds: float) -> Function:
    """The right answer, but for how overlaps are measured, which of them counts, or the bounds."""

    def wrong(window: Array, faces: Array) -> Any:
        return _named(float(best(overlaps(window, faces))), **bounds) if len(faces) else empty

    return wrong


def then(names: dict[Any, Any]) -> Function:
    """The right answer under other names."""
    return lambda window, faces: names[reference(window, faces)]


def over(divisor: Any) -> Any:
    """The shared area over something else than the union; `divisor(shared, window's area, faces' areas)`."""

    def overlaps(window: Array, faces: Array) -> Array:
        of_window, of_faces = np.prod(window[2:] - window[:2]), np.prod(faces[:, 2:] - faces[:, :2], axis=1)
        shared = intersection(window[None], faces)[0]
        return shared / divisor(shared, of_window, of_faces)

    return overlaps


def inclusive(window: Array, faces: Array) -> Array:
    """With the old + 1 in every side."""
    return iou(window[None] + [0, 0, 1, 1], faces + [0, 0, 1, 1])[0]


def unclipped(window: Array, faces: Array) -> Array:
    """Two sides below 0 make an area above 0."""
    sides = np.minimum(window[2:], faces[:, 2:]) - np.maximum(window[:2], faces[:, :2])
    shared = sides.prod(axis=1)
    return shared / (np.prod(window[2:] - window[:2]) + np.prod(faces[:, 2:] - faces[:, :2], axis=1) - shared)


def centre_inside(window: Array, faces: Array) -> str:
    centre = (window[:2] + window[2:]) / 2
    inside = (faces[:, :2] <= centre) & (centre < faces[:, 2:])
    return "positive" if inside.all(axis=1).any() else "negative"


def any_negative_first(window: Array, faces: Array) -> str | None:
    kinds = [_named(overlap) for overlap in ious(window, faces)]
    return next((kind for kind in ("negative", "positive", "part") if kind in kinds or not kinds), None)


def first_named(window: Array, faces: Array) -> str | None:
    """The loop that returns as soon as a face gives the window a name."""
    kinds = [_named(overlap) for overlap in ious(window, faces)]
    return next((kind for kind in kinds if kind), None) if kinds else "negative"


def first_of(*order: str) -> Function:
    """A chain of ifs whose lower bounds come first."""
    least = {"positive": 0.65, "part": 0.4, "negative": 0.3}

    def wrong(window: Array, faces: Array) -> str | None:
        best = ious(window, faces).max(initial=0)
        if best < least["negative"]:
            return "negative"
        return next((kind for kind in order if best >= least[kind]), None)

    return wrong
