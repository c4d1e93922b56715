"""What each net lets through: how many of the faces, in how many boxes."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mtcnn_lite.boxes import MATCHING_IOU, Floats, iou
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation.matching import sides, too_small
from mtcnn_lite.net_names import NET_NAMES


@dataclass(frozen=True, eq=False)
class Reached:
    """The boxes that one net leaves of any number of photos, and up to which score each face is among them.

    scores (N,) of all boxes; best (M,): for each face that counts, the highest score of a box that overlaps it by 0.5
    or more, -1 where no box does; sides (M,): its shorter side; photos: how many.

    The net's NMS is greedy and by score, so both methods are exact for every threshold from the one that the trace ran
    with, as long as the nets before keep theirs.
    """

    scores: Floats
    best: Floats
    sides: Floats
    photos: int

    def recall(self, threshold: float = 0.0) -> float:
        """Share of the faces that some box with this score or a higher one covers; NaN where there is no face."""
        return float((self.best >= np.float32(threshold)).mean()) if len(self.best) else float("nan")

    def boxes(self, threshold: float = 0.0) -> float:
        """Boxes a photo with this score or a higher one."""
        return float((self.scores >= np.float32(threshold)).sum() / max(self.photos, 1))

    def curve(self) -> tuple[Floats, Floats]:
        """Boxes a photo and recall at each score at which a face comes in, (K,) each, from the strictest on."""
        at = np.unique(self.best[self.best >= 0])[::-1]  # (K,)
        boxes = np.searchsorted(np.sort(-self.scores), -at, side="right") / max(self.photos, 1)
        recall = np.searchsorted(np.sort(-self.best), -at, side="right") / max(len(self.best), 1)
        return boxes.astype(np.float32), recall.astype(np.float32)


def reached(trace: Trace, photo: LabelledPhoto, smallest: float = 0) -> dict[str, Reached]:
    """What P-Net, R-Net and O-Net leave of one photo, by the stage's name.

    P-Net's and R-Net's boxes are taken after they were moved and before they are squared for the next net, as a
    detector that ended there would give them. Faces whose shorter side is under `smallest` px are ignored as well.
    """
    left = {
        "pnet": (trace.pnet.left.boxes, trace.pnet.left.scores),
        "rnet": (trace.rnet.left.boxes, trace.rnet.left.scores),
        "onet": (trace.faces.boxes, trace.faces.scores),
    }
    counted = ~too_small(photo, smallest)
    side = sides(photo)[counted]
    found = {}
    for stage, (boxes, scores) in left.items():
        near = iou(photo.boxes[counted], boxes) >= MATCHING_IOU  # (M, N)
        best = np.where(near, scores[None, :], np.float32(-1)).max(axis=1, initial=-1)
        found[stage] = Reached(scores, best.astype(np.float32), side, 1)
    return found


def reached_in(photos: Iterable[dict[str, Reached]]) -> dict[str, Reached]:
    """The stages of many photos, put together."""
    every = list(photos)
    joined = {}
    for stage in NET_NAMES:
        parts = [each[stage] for each in every]
        columns = ([getattr(part, name) for part in parts] for name in ("scores", "best", "sides"))
        scores, best, side = (np.concatenate(c).astype(np.float32) if c else np.zeros(0, np.float32) for c in columns)
        joined[stage] = Reached(scores, best, side, sum(part.photos for part in parts))
    return joined
