"""Verification, whether two faces are one person: distances of pairs, the ROC curve, and the nearest known face."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.arguments import number
from mtcnn_lite.array_arguments import FAR, finite, floats, labels
from mtcnn_lite.boxes import Floats


@dataclass(frozen=True, eq=False)
class Verification:
    """Sorted squared distances of pairs of faces: `same` (S,) of one person, `different` (D,) of two persons."""

    same: Floats
    different: Floats

    def accepted(self, threshold: float) -> tuple[float, float]:
        """The rates of true and of false accepts: the shares of `same` and `different` pairs up to the threshold."""
        threshold = number("threshold", threshold, lambda t: not np.isnan(t), "be a squared distance")
        rows = (self.same, self.different)
        right, wrong = (float(np.searchsorted(d, threshold, side="right") / len(d)) for d in rows)
        return right, wrong

    def threshold(self, false_accepts: float) -> float:
        """The highest threshold with at most this false accept rate; one below 0 accepts nobody."""
        false_accepts = number("false_accepts", false_accepts, lambda rate: 0 <= rate <= 1, "be a rate from 0 to 1")
        allowed = int(false_accepts * len(self.different))
        if allowed >= len(self.different):
            return float("inf")
        return float(np.nextafter(self.different[allowed], np.float32(-1)))

    def curve(self) -> tuple[Floats, Floats]:
        """The ROC curve from (0, 0) to (1, 1): rates of false and of true accepts, a step for each distance."""
        steps = np.unique(np.concatenate([self.same, self.different]))
        wrong, right = (np.searchsorted(d, steps, side="right") / len(d) for d in (self.different, self.same))
        return np.concatenate([[0], wrong]).astype(np.float32), np.concatenate([[0], right]).astype(np.float32)

    @property
    def area(self) -> float:
        """Area under the ROC curve: how often a pair of one person is closer than a pair of two; a tie counts half."""
        below = np.searchsorted(self.same, self.different, side="left")
        upto = np.searchsorted(self.same, self.different, side="right")
        return float((below + upto).mean() / 2 / len(self.same))


def verification(embeddings: ArrayLike, person: ArrayLike) -> Verification:
    """The distances of every pair of N faces, each pair once; `embeddings` (N, D), `person` (N,).

    Raises ValueError where no pair is of one person, or none of two, for shapes that don't fit and numbers that are not
    finite or over 1e9; TypeError for what are no numbers.

    >>> found = verification([[0, 0], [0, 1], [3, 0]], [7, 7, 8])
    >>> found.same, found.different, found.area
    (array([1.], dtype=float32), array([ 9., 10.], dtype=float32), 1.0)
    """
    points = _points("embeddings", embeddings)
    whose = labels("person", person, len(points), "faces")
    one, other = np.triu_indices(len(points), 1)
    distances, same = _squared(points, points)[one, other], whose[one] == whose[other]
    if not same.any() or same.all():
        raise ValueError(f"{len(same)} pairs, {int(same.sum())} of one person: both kinds are needed")
    return Verification(np.sort(distances[same]), np.sort(distances[~same]))


def nearest(gallery: ArrayLike, probes: ArrayLike) -> tuple[NDArray[np.int64], Floats]:
    """For each of `probes` (P, D) the row of its nearest in `gallery` (G, D), and the squared distance: (P,), (P,).

    Of equal distances the first. Raises ValueError for an empty gallery, shapes that don't fit, and numbers that are
    not finite or over 1e9; TypeError for what are no numbers.

    >>> nearest([[0, 0], [4, 0]], [[3, 0]])
    (array([1]), array([1.], dtype=float32))
    """
    known = _points("gallery", gallery)
    if not len(known):
        raise ValueError("gallery is empty: nobody is known")
    asked = floats("probes", probes, shape="(P, D), a row a face")
    if asked.ndim == 1:  # one face, or none
        asked = asked[None] if len(asked) else asked.reshape(0, known.shape[1])
    asked = _points("probes", asked)
    if asked.shape[1] != known.shape[1]:
        raise ValueError(f"probes has shape {asked.shape}; for this gallery it must be (P, {known.shape[1]})")
    distances = _squared(asked, known)  # (P, G)
    row = distances.argmin(axis=1)
    return row, distances[np.arange(len(row)), row]


def _points(name: str, values: ArrayLike) -> Floats:
    points = floats(name, values, shape="(N, D), a row a face")
    if points.shape == (0,):
        return points.reshape(0, 1)
    if points.ndim != 2 or (points.size == 0 and len(points)):
        raise ValueError(f"{name} has shape {points.shape}; it must be (N, D), a row a face")
    finite(name, points)
    if points.size and np.abs(points).max() > FAR:
        raise ValueError(
            f"{name} holds {points.flat[np.abs(points).argmax()]:g}; every number must be from -1e9 to 1e9"
        )
    return points


def _squared(first: Floats, second: Floats) -> Floats:
    """Squared distances, (N, M). From differences: exactly 0 between equal rows."""
    return np.stack([np.square(second - one).sum(axis=1) for one in first]) if len(first) else first @ second.T
