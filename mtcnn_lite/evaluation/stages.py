"""Recall after each net of the cascade, and the boxes that it lets through."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mtcnn_lite.arguments import instance, items, number
from mtcnn_lite.boxes import MATCHING_IOU, Floats, iou
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation.matching import sides, too_small
from mtcnn_lite.net_names import NET_NAMES
from mtcnn_lite.onepass.trace import OnePassTrace
from mtcnn_lite.onepass.weights import NAME as ONEPASS


@dataclass(frozen=True, eq=False)
class Reached:
    """The N boxes that one net lets through in any number of photos, and the scores at which the M faces are found.

    The net's NMS is greedy and by score, so the methods are exact for every threshold from that of the trace on, as
    long as the nets before keep theirs.

    scores  (N,), of all boxes
    best    (M,), for each face that counts, the highest score of a box with an IoU of 0.5 or more; -1 without one
    sides   (M,), the face's shorter side, px
    photos  their number
    """

    scores: Floats
    best: Floats
    sides: Floats
    photos: int

    def recall(self, threshold: float = 0.0) -> float:
        """Share of the faces that some box with this score or a higher one covers; NaN where there is no face."""
        lowest = np.float32(number("threshold", threshold, lambda value: abs(value) <= 1e9, "be a score"))
        return float((self.best >= lowest).mean()) if len(self.best) else float("nan")

    def boxes(self, threshold: float = 0.0) -> float:
        """Boxes per photo with this score or a higher one."""
        lowest = np.float32(number("threshold", threshold, lambda value: abs(value) <= 1e9, "be a score"))
        return float((self.scores >= lowest).sum() / max(self.photos, 1))

    def curve(self) -> tuple[Floats, Floats]:
        """Boxes per photo and recall, (K,) each, at every score at which another face is found, the highest first."""
        at = np.unique(self.best[self.best >= 0])[::-1]  # (K,)
        boxes = np.searchsorted(np.sort(-self.scores), -at, side="right") / max(self.photos, 1)
        recall = np.searchsorted(np.sort(-self.best), -at, side="right") / max(len(self.best), 1)
        return boxes.astype(np.float32), recall.astype(np.float32)


def reached(trace: Trace | OnePassTrace, photo: LabelledPhoto, smallest: float = 0) -> dict[str, Reached]:
    """What P-Net, R-Net and O-Net let through in one photo, or a one-pass net, by the net's name.

    P-Net's and R-Net's boxes are those after regression and before they are squared for the next net, as a detector
    that ended there would return them.

    Parameters
    ----------
    trace : Trace or OnePassTrace
        A detector's, of this photo.
    photo : LabelledPhoto
    smallest : float
        Faces with a shorter side under this many pixels are ignored as well.

    Raises
    ------
    TypeError
        For what is no Trace, no LabelledPhoto or no number.
    ValueError
        For a negative `smallest`.
    """
    instance("trace", trace, (Trace, OnePassTrace), "a Trace, as Detector.trace gives it")
    counted = ~too_small(photo, smallest)
    last = trace.faces.boxes, trace.faces.scores
    if isinstance(trace, OnePassTrace):
        left = {ONEPASS: last}
    else:
        left = {
            "pnet": (trace.pnet.left.boxes, trace.pnet.left.scores),
            "rnet": (trace.rnet.left.boxes, trace.rnet.left.scores),
            "onet": last,
        }
    side = sides(photo)[counted]
    found = {}
    for stage, (boxes, scores) in left.items():
        near = iou(photo.boxes[counted], boxes) >= MATCHING_IOU  # (M, N)
        best = np.where(near, scores[None, :], np.float32(-1)).max(axis=1, initial=-1)
        found[stage] = Reached(scores, best.astype(np.float32), side, 1)
    return found


def reached_in(photos: Iterable[dict[str, Reached]]) -> dict[str, Reached]:
    """The results of many photos, put together by net. TypeError for what are no results of `reached`."""
    must = "the results of reached, one a photo"
    every = [instance(f"photos[{k}]", each, dict, must) for k, each in enumerate(items("photos", photos, must))]
    names = (ONEPASS,) if every and ONEPASS in every[0] else NET_NAMES
    for k, each in enumerate(every):
        for stage in names:
            instance(f"photos[{k}][{stage!r}]", each.get(stage), Reached, "a Reached")
    joined = {}
    for stage in names:
        parts = [each[stage] for each in every]
        columns = ([getattr(part, name) for part in parts] for name in ("scores", "best", "sides"))
        scores, best, side = (np.concatenate(c).astype(np.float32) if c else np.zeros(0, np.float32) for c in columns)
        joined[stage] = Reached(scores, best, side, sum(part.photos for part in parts))
    return joined
