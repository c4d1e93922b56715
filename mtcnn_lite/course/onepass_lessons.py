"""Chapter 13's lessons: photos as a one-pass net reads them, and what each anchor, or each cell, should say."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mtcnn_lite.anchors import anchor_grid, anchor_levels
from mtcnn_lite.boxes import Floats, iou
from mtcnn_lite.course.scenes import scaled
from mtcnn_lite.course.small_onepass import CentreHead
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.nets import normalise
from mtcnn_lite.onepass.encoding import encode_boxes
from mtcnn_lite.onepass.look import grid
from mtcnn_lite.training.onepass.plan import OnePassPlan
from mtcnn_lite.training.onepass.targets import FACE, NEITHER, NO_FACE, Targets, anchor_targets

SCALES = (1.0, 0.7, 0.5)  # of the copies of a photo, where one size of faces is learned
OF_ONE_SIZE = (12.0, 30.0)  # px: faces that count in a copy; those of 60 px are 30 in the smallest
CENTRAL = 0.5  # of a face's sides: cells in this part that are not its middle's count as nothing


class Lessons(NamedTuple):
    """P photos of one size as a net reads them, x (P, C, h, w), and what its A anchors should say.

    kinds (P, A), offsets (P, A, 4), points (P, A, 10): as `targets.Targets`.
    """

    x: Tensor
    kinds: Tensor
    offsets: Tensor
    points: Tensor


def lessons(
    photos: Sequence[LabelledPhoto],
    levels: Mapping[int, Sequence[float]],
    scale: float = 1.0,
    sizes: tuple[float, float] = (0, np.inf),
) -> Lessons:
    """The lessons of photos of one size.

    Parameters
    ----------
    photos : sequence of LabelledPhoto
    levels : mapping of int to sequence of float
        The anchors' sides, px, by stride.
    scale : float
        Of the copies that the net sees, above 0.
    sizes : (float, float)
        Shortest and longest shorter side, px of a copy, of the faces that count; others are ignored.
    """
    seen = [copy_of(photo, scale) for photo in photos]
    for k, photo in enumerate(seen):
        shorter = (photo.boxes[:, 2:] - photo.boxes[:, :2]).min(axis=1, initial=np.inf)  # (M,)
        seen[k] = replace(photo, ignore=photo.ignore | (shorter < sizes[0]) | (shorter > sizes[1]))
    pixels = np.stack([photo.image() for photo in seen])  # (P, h, w, 3)
    anchors = grid(pixels.shape[1], pixels.shape[2], levels).boxes  # (A, 4)
    plan = OnePassPlan()
    return taught(normalise(pixels), [anchor_targets(anchors, photo, plan) for photo in seen])


def taught(x: Tensor, targets: Sequence[Targets]) -> Lessons:
    """Inputs (P, ...), and the targets of each."""
    columns = [*zip(*targets, strict=True)][:3]  # here each anchor counts alike
    return Lessons(x, *(torch.from_numpy(np.stack(column)) for column in columns))


def copy_of(photo: LabelledPhoto, scale: float) -> LabelledPhoto:
    """The photo and its labels at `scale` times its size."""
    if scale == 1:
        return photo
    image = photo.image()
    height, width = (round(side * scale) for side in image.shape[:2])
    return LabelledPhoto(*scaled(image, photo.boxes, photo.landmarks, height, width), photo.ignore)


def covered(photos: Sequence[LabelledPhoto], levels: Mapping[int, Sequence[float]], least: float = 0.5) -> float:
    """The share of the faces that have an anchor whose IoU with them is high enough.

    Parameters
    ----------
    photos : sequence of LabelledPhoto
    levels : mapping of int to sequence of float
        The anchors' sides, px, by stride.
    least : float
        IoU, 0 to 1.
    """
    best = []
    for photo in photos:
        height, width = photo.image().shape[:2]
        anchors = np.concatenate(anchor_levels(height, width, levels))  # (A, 4)
        best.append(iou(anchors, photo.boxes).max(axis=0))  # (M,)
    return float((np.concatenate(best) >= least).mean())


def centre_targets(cells: Floats, photo: LabelledPhoto) -> Targets:
    """What each cell says without anchors: whether a face's middle lies in it; what lies near it counts as nothing.

    Parameters
    ----------
    cells : float32 (A, 4)
        A square round each cell's middle, from which boxes are told.
    photo : LabelledPhoto
        Its pixels are not read.
    """
    middles = (cells[:, :2] + cells[:, 2:]) / 2  # (A, 2)
    kinds = np.full(len(cells), NO_FACE, np.int8)
    offsets = np.full((len(cells), 4), np.nan, np.float32)
    nearest = []
    for box in photo.boxes:
        apart = abs(middles - (box[:2] + box[2:]) / 2)  # (A, 2)
        kinds[(apart < CENTRAL / 2 * (box[2:] - box[:2])).all(axis=1)] = NEITHER
        nearest.append(int((apart**2).sum(axis=1).argmin()))
    for cell, box in zip(nearest, photo.boxes, strict=True):
        kinds[cell] = FACE
        offsets[cell] = encode_boxes(cells[cell : cell + 1], box[None])[0]
    return Targets(kinds, offsets, np.full((len(cells), 10), np.nan, np.float32), np.ones(len(cells), np.float32))


def centre_lessons(features: Tensor, photos: Sequence[LabelledPhoto]) -> Lessons:
    """The lessons of a head without anchors on the features (P, C, h, w) of photos."""
    [(stride, sides)] = CentreHead.levels.items()
    cells = anchor_grid(features.shape[2] * stride, features.shape[3] * stride, stride, sides)  # (h * w, 4)
    return taught(features, [centre_targets(cells, photo) for photo in photos])
