"""Photos drawn again: a detector's figures for many draws at once, and at other overlaps than one half."""

from collections.abc import Iterable
from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats, iou
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import Judged, match


def areas(judged: Judged, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """The average precision of each draw, (D,): what `judged.drawn(times[d]).average_precision` says, all at once.

    A right detection that is drawn twice adds twice the precision after both, as that is the best from there on.

    Parameters
    ----------
    judged : Judged
        The detections of N photos.
    times : int (D, N)
        How often each draw holds each photo; a draw without a face gives NaN.
    """
    there = (times.sum(axis=0) > 0)[judged.photos]
    right = judged.right[there]
    drawn = times[:, judged.photos[there]].astype(np.float32)  # (D, detections) best first
    true = np.cumsum(drawn[:, right], axis=1, dtype=np.float32)  # (D, right ones)
    heard = np.cumsum(drawn, axis=1, dtype=np.float32)[:, right]
    precision = true / np.maximum(heard, 1)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    faces = times[:, judged.face_photos].sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray((envelope * drawn[:, right]).sum(axis=1, dtype=np.float64) / faces)


def judge_at(found: Iterable[tuple[Faces, LabelledPhoto]], least: float) -> Judged:
    """`evaluation.judge` for an overlap of at least `least`, above 0, in place of one half."""
    if not 0 < least <= 1:
        raise ValueError(f"least is {least}; it must be above 0 and at most 1")
    parts = []
    for k, (faces, photo) in enumerate(found):
        side = (photo.boxes[:, 2:] - photo.boxes[:, :2]).min(axis=1, initial=np.inf)  # (M,)
        if not len(side):
            parts.append(Judged(faces.scores, *_nothing(len(faces)), side, np.full(len(faces), k), np.zeros(0, int)))
            continue
        overlap = iou(faces.boxes, photo.boxes)  # (N, M)
        nearest, near = overlap.argmax(axis=1), overlap.max(axis=1) >= least
        counts = ~(near & photo.ignore[nearest])
        right, taken = np.zeros(len(faces), bool), set[int]()
        for row in np.argsort(-faces.scores, kind="stable"):
            right[row] = near[row] and counts[row] and int(nearest[row]) not in taken
            taken |= {int(nearest[row])} if right[row] else set()
        own = np.where(right, side[nearest], np.float32("nan"))[counts]
        wanted = side[~photo.ignore]
        number = np.full(counts.sum(), k), np.full(len(wanted), k)
        parts.append(Judged(faces.scores[counts], right[counts], own, wanted, *number))
    joined = [np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Judged)]
    order = np.argsort(-joined[0], kind="stable")
    scores, right, sides, wanted, photos, face_photos = joined
    return Judged(scores[order], right[order], sides[order], wanted, photos[order], face_photos)


def _nothing(count: int) -> tuple[NDArray[np.bool_], Floats]:
    """`right` and `sides` of so many detections in a photo without faces."""
    return np.zeros(count, bool), np.full(count, np.nan, np.float32)


def one_look(trace: Trace) -> Trace:
    """The same run with O-Net's first look alone; no net looks again."""
    return Trace(trace.answers, replace(trace.settings, mirror=False), trace.hooks)


def threshold_of_half(
    scores: NDArray[np.float32],
    is_true: NDArray[np.bool_],
    half: NDArray[np.int64],
    faces: NDArray[np.int64],
    photos: NDArray[np.int64],
    most_false: float,
) -> tuple[float, float, float]:
    """The lowest score of half 0 with few enough false alarms there, and half 1's recall and false alarms at it.

    Parameters
    ----------
    scores, is_true, half : (N,)
        Each detection's score, whether it is right, and its half of the photos, 0 or 1.
    faces, photos : (2,)
        How many each half has.
    most_false : float
        False alarms a photo.
    """
    own = np.sort(scores[half == 0])
    wrong = np.sort(scores[(half == 0) & ~is_true])
    false = (len(wrong) - np.searchsorted(wrong, own)) / photos[0]  # at each score as the threshold
    good = own[false <= most_false]
    threshold = float(good[0]) if len(good) else float("inf")
    kept = (half == 1) & (scores >= threshold)
    return threshold, float((kept & is_true).sum() / faces[1]), float((kept & ~is_true).sum() / photos[1])


Place = tuple[LabelledPhoto, NDArray[np.float32]]  # a photo, and the label (4,) of a face in it


def matched_points(
    pairs: Iterable[tuple[Faces, LabelledPhoto]],
) -> tuple[NDArray[np.float32], NDArray[np.float32], list[Place]]:
    """The points of the K faces found, those of their labels, (K, 5, 2) each, and where each face is."""
    said, labels, places = [np.zeros((0, 5, 2), np.float32)], [np.zeros((0, 5, 2), np.float32)], list[Place]()
    for found, photo in pairs:
        face, _ = match(found.boxes, found.scores, photo)
        said.append(found.landmarks[face >= 0])
        labels.append(photo.landmarks[face[face >= 0]])
        places += [(photo, photo.boxes[one]) for one in face[face >= 0]]
    return np.concatenate(said), np.concatenate(labels), places
