"""Precision and recall at every threshold: the precision-recall curve and the area under it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.arguments import number, numbers, whole
from mtcnn_lite.array_arguments import FAR, floats, indices, mask, shape_of
from mtcnn_lite.boxes import Floats
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation.matching import match, pairs, sides, smallest_side, too_small

MOST_DRAWS = 1 << 31  # of one photo


@dataclass(frozen=True, eq=False)
class Judged:
    """N detections of any number of photos, best first, each right or wrong, and the M faces there were to find.

    Detections of ignored faces are left out. All methods take a threshold and none runs the detector again: greedy NMS
    by score never drops a box for a worse one, so a run at a low O-Net threshold, cut at a higher one, equals the run
    at the higher one. The methods raise TypeError or ValueError for what is no threshold.

    scores       (N,)
    right        bool (N,): whether the detection finds a face
    sides        (N,), shorter side of the face found, px; NaN for a wrong detection
    faces        (M,), shorter sides of all faces that count, px
    photos       (N,), the number of the photo that a detection is of
    face_photos  (M,), and that a face is of
    """

    scores: Floats
    right: NDArray[np.bool_]
    sides: Floats
    faces: Floats
    photos: NDArray[np.int64]
    face_photos: NDArray[np.int64]

    def drawn(self, times: NDArray[np.int64]) -> "Judged":
        """The detections and faces of a bootstrap draw in which photo k occurs times[k] times."""
        count = int(max(self.photos.max(initial=-1), self.face_photos.max(initial=-1))) + 1
        times = indices("times", times, MOST_DRAWS, "how often each photo was drawn")
        if len(times) < count:
            raise ValueError(f"times has shape {times.shape}; for {count} photos it must be ({count},)")
        rows = np.repeat(np.arange(len(self.photos)), times[self.photos])  # best first, as before
        faces = np.repeat(np.arange(len(self.faces)), times[self.face_photos])
        return Judged(self.scores[rows], self.right[rows], self.sides[rows], self.faces[faces], self.photos[rows],
                      self.face_photos[faces])  # fmt: skip

    def recall(self, threshold: float = 0.0, sides: tuple[float, float] = (0, np.inf)) -> float:
        """Share of the faces with a shorter side in [low, high) that is found at this score or a higher one.

        NaN where there is no such face.
        """
        low, high = numbers("sides", sides, 2, _is_side, "from 0 to 1e9 px: the least, and the one above")
        found = self.right & (self.scores >= _threshold(threshold)) & (self.sides >= low) & (self.sides < high)
        there = (self.faces >= low) & (self.faces < high)
        return float(found.sum() / there.sum()) if there.any() else float("nan")

    def precision(self, threshold: float = 0.0) -> float:
        """Share of the detections of this score or a higher one that is right; NaN where there are none."""
        kept = self.scores >= _threshold(threshold)
        return float(self.right[kept].mean()) if kept.any() else float("nan")

    def recall_at(self, precision: float) -> float:
        """The highest recall at which precision is this or better; compares nets whose scores are not comparable.

        0 where precision never reaches it; NaN without a face.
        """
        precision = number("precision", precision, lambda share: 0 <= share <= 1, "be from 0 to 1")
        reached, recall = self.curve()
        return float(recall[reached >= np.float32(precision)].max(initial=0)) if len(self.faces) else float("nan")

    def curve(self) -> tuple[Floats, Floats]:
        """Precision and recall after each detection, best first, (N,) each."""
        true = np.cumsum(self.right)
        number = np.arange(1, len(true) + 1)
        return (true / number).astype(np.float32), (true / max(len(self.faces), 1)).astype(np.float32)

    @property
    def average_precision(self) -> float:
        """Area under the precision envelope (see the function `average_precision`)."""
        return average_precision(self.scores, self.right, len(self.faces))


def judge(found: Iterable[tuple[Faces, LabelledPhoto]], smallest: float = 0) -> Judged:
    """Match the detections of many photos with their faces. Faces with a shorter side under `smallest` px are ignored.

    In a photo that is not `complete` a detection beside the labelled faces may or may not be wrong. There only the
    right ones are kept: recall is meaningful, precision and AP are not. Raises TypeError where `found` holds anything
    but pairs of Faces and LabelledPhoto, ValueError for a negative `smallest`.
    """
    smallest = smallest_side(smallest)
    scores, right, found_sides, photos, faces, face_photos = [], [], [], [], [], []
    for place, (detections, photo) in enumerate(pairs(found)):
        side, skipped = sides(photo), too_small(photo, smallest)
        face, counts = match(detections.boxes, detections.scores, photo, skipped)
        counts &= photo.complete | (face >= 0)
        scores.append(detections.scores[counts])
        right.append(face[counts] >= 0)
        found_sides.append(np.where(face >= 0, side[face] if len(side) else np.nan, np.nan)[counts])
        photos.append(np.full(counts.sum(), place))
        faces.append(side[~skipped])
        face_photos.append(np.full(len(faces[-1]), place))
    score = _joined(scores, np.float32)
    order = np.argsort(-score, kind="stable")
    return Judged(score[order], _joined(right, np.bool_)[order], _joined(found_sides, np.float32)[order],
                  _joined(faces, np.float32), _joined(photos, np.int64)[order],
                  _joined(face_photos, np.int64))  # fmt: skip


def average_precision(scores: ArrayLike, is_true: ArrayLike, number_of_faces: int) -> float:
    """Area under the precision envelope: at each recall, the best precision at this or a higher recall.

    As in Everingham et al. 2015 (Pascal VOC, all points) and in WIDER FACE's evaluation.

    Parameters
    ----------
    scores : array (N,)
        Of the detections, in any order; of equal scores the first comes first.
    is_true : array, bool (N,)
        Whether each detection finds a face.
    number_of_faces : int
        Faces there were to find.

    Returns
    -------
    float
        0 to 1; 0 where nothing is found, NaN where there is no face.

    Raises
    ------
    ValueError
        For shapes that differ, NaN among the scores, or more true detections than faces.
    TypeError
        For what are no numbers.

    Examples
    --------
    >>> average_precision([0.9, 0.8, 0.7], [True, False, True], 2)        # 0.5 * 1 + 0.5 * 2/3
    0.8333333333333333
    """
    score, shape = floats("scores", scores, np.float64, shape="(N,)"), shape_of(is_true)
    if score.ndim != 1 or score.shape != shape:
        raise ValueError(f"scores has shape {score.shape} and is_true {shape}; both must be (N,)")
    true, number_of_faces = mask("is_true", is_true, len(score)), whole("number_of_faces", number_of_faces)
    if np.isnan(score).any():
        raise ValueError("scores holds NaN; every score must be a number")
    if number_of_faces < true.sum():
        raise ValueError(f"number_of_faces is {number_of_faces}, but {true.sum()} detections are true")
    if number_of_faces == 0:
        return float("nan")
    hits = true[np.argsort(-score, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(envelope[hits].sum() / number_of_faces)  # each hit adds 1 / number_of_faces of recall


def _is_side(side: float) -> bool:
    return 0 <= side <= FAR or side == np.inf


def _threshold(threshold: float) -> np.float32:
    return np.float32(number("threshold", threshold, lambda value: abs(value) <= 1e9, "be a score"))


def _joined(columns: list[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, kind), *columns]).astype(kind)
