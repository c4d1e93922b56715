"""What each anchor of a view should answer."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.anchors import BACKGROUND, IGNORED, match_anchors
from mtcnn_lite.boxes import Floats, _iou, as_boxes
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.onepass.encoding import encode_boxes, encode_points
from mtcnn_lite.training.onepass.plan import OnePassPlan

FACE, NO_FACE, NEITHER = 1, 0, -1  # kinds of anchors


class Targets(NamedTuple):
    """What A anchors should say, and how much each counts.

    kinds (A,), int8; offsets (A, 4) and points (A, 10) as in `onepass.encoding`, NaN where unknown; importance (A,).
    """

    kinds: NDArray[np.int8]
    offsets: Floats
    points: Floats
    importance: Floats


def matched_faces(anchors: Floats, photo: LabelledPhoto, plan: OnePassPlan) -> NDArray[np.int64]:
    """Which face each anchor is for, (A,): its row in the photo's boxes, BACKGROUND or IGNORED.

    As `anchors.match_anchors`; besides, ignored faces are for no anchor, background may not touch them, and where not
    every face is labelled, background must touch one that is.

    Parameters
    ----------
    anchors : float32 (A, 4)
    photo : LabelledPhoto
        Its pixels are not read.
    plan : OnePassPlan
        The bounds.

    Examples
    --------
    >>> photo = LabelledPhoto(np.zeros((64, 64, 3), np.uint8), [[0, 0, 16, 16], [40, 40, 56, 56]], ignore=[False, True])
    >>> anchors = np.float32([[0, 0, 16, 16], [44, 44, 60, 60], [20, 20, 36, 36]])
    >>> matched_faces(anchors, photo, OnePassPlan())
    array([ 0, -2, -1])
    """
    anchors = as_boxes(anchors, "anchors")
    usable = np.flatnonzero(~photo.ignore)
    row = match_anchors(anchors, photo.boxes[usable], plan.positive, plan.negative)
    faces = np.where(row >= 0, np.append(usable, 0)[row.clip(0)], row)
    background = faces == BACKGROUND
    touches_ignored = _iou(anchors, photo.boxes[photo.ignore]).max(axis=1, initial=0) >= plan.touching
    faces[background & touches_ignored] = IGNORED
    if not photo.complete:
        touches_none = _iou(anchors, photo.boxes[usable]).max(axis=1, initial=0) < plan.touching
        faces[background & touches_none] = IGNORED
    return faces


def anchor_targets(anchors: Floats, photo: LabelledPhoto, plan: OnePassPlan) -> Targets:
    """The targets of a photo's anchors.

    Parameters
    ----------
    anchors : float32 (A, 4)
    photo : LabelledPhoto
        Its pixels are not read.
    plan : OnePassPlan
        The bounds between faces, background and neither; and how many anchors of a face count.
    """
    faces = matched_faces(anchors, photo, plan)
    kinds = np.select([faces >= 0, faces == BACKGROUND], [FACE, NO_FACE], NEITHER).astype(np.int8)
    offsets = np.full((len(anchors), 4), np.nan, np.float32)
    points = np.full((len(anchors), 5, 2), np.nan, np.float32)
    importance = np.ones(len(anchors), np.float32)
    its = np.flatnonzero(faces >= 0)
    offsets[its] = encode_boxes(anchors[its], photo.boxes[faces[its]])
    points[its] = encode_points(anchors[its], photo.landmarks[faces[its]])
    importance[its] = np.minimum(1, plan.anchors_a_face / np.bincount(faces[its])[faces[its]])
    return Targets(kinds, offsets, points.reshape(-1, 10), importance)
