"""Landmark error: the mean distance from the labelled points, in eye distances."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from mtcnn_lite.array_arguments import FAR, floats
from mtcnn_lite.boxes import Floats
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation.matching import match, pairs

FAILURE = 0.1  # landmark error above which a face's points are called failed


def landmark_error(predicted: ArrayLike, true: ArrayLike) -> Floats:
    """Mean distance of the five points from the true ones, divided by the true distance between the eyes: (N,).

    `predicted`, `true` (N, 5, 2), or both empty. NaN where a true point is NaN. Also called NME, normalised mean error;
    the paper's AFLW figure is one. Raises ValueError for another shape, where both eyes are the same point, and for
    infinity or NaN elsewhere; TypeError for what are no numbers.

    >>> eyes = [[0, 0], [10, 0], [5, 5], [2, 8], [8, 8]]
    >>> landmark_error([[[1, 0], [11, 0], [6, 5], [3, 8], [9, 8]]], [eyes])
    array([0.1], dtype=float32)
    """
    p, t = floats("predicted", predicted, shape="(N, 5, 2)"), floats("true", true, shape="(N, 5, 2)")
    if p.size == t.size == 0 and p.ndim in (1, 3) and t.ndim in (1, 3):
        return np.zeros(0, np.float32)
    if p.ndim != 3 or p.shape[1:] != (5, 2) or p.shape != t.shape:
        raise ValueError(f"predicted has shape {p.shape} and true {t.shape}; both must be (N, 5, 2)")
    for name, points, odd in (("predicted", p, ~np.isfinite(p) & ~np.isnan(t)), ("true", t, np.isinf(t))):
        if odd.any() or np.nanmax(np.abs(points[~odd]), initial=0) > FAR:
            raise ValueError(f"{name} holds a number that is not finite, or over 1e9")
    between = np.linalg.norm(t[:, 1] - t[:, 0], axis=1)  # (N,)
    if (between == 0).any():
        raise ValueError(f"true has both eyes at one point in row {int(np.flatnonzero(between == 0)[0])}")
    return np.asarray(np.linalg.norm(p - t, axis=2).mean(axis=1) / between, np.float32)


def landmark_errors(found: Iterable[tuple[Faces, LabelledPhoto]]) -> tuple[Floats, int]:
    """The landmark error (K,) of each face with labelled landmarks that was found, and how many such faces were not.

    Faces whose labelled eyes coincide are left out, because there is no distance to divide by. Raises TypeError where
    `found` holds anything but pairs of Faces and LabelledPhoto.
    """
    errors, missed = [np.zeros(0, np.float32)], 0
    for detections, photo in pairs(found):
        face, _ = match(detections.boxes, detections.scores, photo)
        apart = (photo.landmarks[:, 0] != photo.landmarks[:, 1]).any(axis=1)
        wanted = np.flatnonzero(photo.has_landmarks & ~photo.ignore & apart)
        rows = np.flatnonzero(np.isin(face, wanted))
        errors.append(landmark_error(detections.landmarks[rows], photo.landmarks[face[rows]]))
        missed += len(wanted) - len(rows)
    return np.concatenate(errors), missed
