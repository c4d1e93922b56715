"""Which detection finds which face, in one photo."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import MATCHING_IOU, Floats, as_boxes, iou
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto


def match(
    boxes: ArrayLike, scores: ArrayLike, photo: LabelledPhoto, ignore: ArrayLike | None = None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Which face each detection (N, 4) of one photo finds, -1 for none; and bool (N,): whether it counts at all.

    The best scored detection chooses first (of equal scores, the first), and each takes the face that it overlaps most,
    if by 0.5 or more. A second detection of a face finds none, even if it overlaps another face enough. One that
    overlaps an ignored face most does not count. So do WIDER FACE's `eval_tools`. `ignore`, bool (faces,), replaces
    the photo's own. Raises ValueError for scores of another length, or with NaN in them.

    >>> photo = LabelledPhoto(np.zeros((50, 50, 3), np.uint8), [[0, 0, 10, 10], [30, 30, 40, 40]], ignore=[False, True])
    >>> match([[0, 0, 10, 9], [0, 0, 10, 10], [30, 30, 41, 40], [20, 0, 30, 10]], [0.9, 0.8, 0.7, 0.6], photo)
    (array([ 0, -1, -1, -1]), array([ True,  True, False,  True]))
    """
    boxes, scores = as_boxes(boxes), np.asarray(scores, np.float32)
    if scores.shape != (len(boxes),):
        raise ValueError(f"scores has shape {scores.shape}; for {len(boxes)} boxes it must be ({len(boxes)},)")
    if np.isnan(scores).any():
        raise ValueError("scores holds NaN; every score must be a number")
    skipped = photo.ignore if ignore is None else np.asarray(ignore, bool)
    face, counts = np.full(len(boxes), -1), np.ones(len(boxes), bool)
    if not len(photo.boxes):
        return face, counts
    overlap = iou(boxes, photo.boxes)  # (N, faces)
    nearest = overlap.argmax(axis=1)  # (N,)
    near = overlap.max(axis=1) >= MATCHING_IOU
    counts = ~(near & skipped[nearest])
    taken = set[int]()
    for row in np.argsort(-scores, kind="stable"):
        if near[row] and counts[row] and nearest[row] not in taken:
            face[row] = nearest[row]
            taken.add(int(nearest[row]))
    return face, counts


def sides(photo: LabelledPhoto) -> Floats:
    """The shorter side of each face's box in px, (faces,)."""
    return np.asarray((photo.boxes[:, 2:] - photo.boxes[:, :2]).min(axis=1, initial=np.inf), np.float32)


def too_small(photo: LabelledPhoto, smallest: float) -> NDArray[np.bool_]:
    """Faces (faces,) that are ignored, or whose shorter side is under `smallest` px."""
    return np.asarray(photo.ignore | (sides(photo) < smallest))
