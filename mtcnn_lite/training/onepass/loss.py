"""The one-pass net's loss: is there a face, where is its box, where are its points, at every anchor of a photo.

Deng et al. 2019 (RetinaFace), eq. 1, without its dense regression: the losses of each task, over the anchors that are
for a face. Labels without points teach no points. Against the imbalance of faces and background there are two cures:
SSD's hard negatives, as in the paper, and focal loss (Lin et al. 2017).
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from mtcnn_lite.arguments import instance, numbers, one_of
from mtcnn_lite.array_arguments import finite_tensor, tensor
from mtcnn_lite.losses import Losses, _detection_loss, focal_loss
from mtcnn_lite.mining import _hard_negatives
from mtcnn_lite.onepass.model import Answer
from mtcnn_lite.training.onepass.plan import FOCAL, HARD
from mtcnn_lite.training.onepass.targets import FACE, NEITHER, NO_FACE

RATIO = 3.0  # hard negatives for each positive
FEWEST = 32  # hard negatives in a photo at least: one without faces teaches too


def onepass_loss(
    answer: Answer,
    kinds: Tensor,
    offsets: Tensor,
    points: Tensor,
    weights: Sequence[float] = (1.0, 2.0, 1.0),
    imbalance: str = HARD,
    importance: Tensor | None = None,
) -> Losses:
    """The loss of a batch of N photos with A anchors each, and its three parts.

    face: cross-entropy over the anchors that count, all faces and the hardest negatives (`mining.hard_negatives`, 3 for
    each face, in a photo at least 32); or focal loss over all that are face or background. box, points: smooth L1,
    summed over the numbers of an anchor. Each sum is divided by the number of anchors that are for a face, or, of
    points, for one with points; 1 at least. With `importance`, an anchor for a face counts for so many, in each sum and
    in what it is divided by.

    Parameters
    ----------
    answer : Answer
        face (N, A, 2), offsets (N, A, 4), points (N, A, 10).
    kinds : Tensor, whole numbers (N, A)
        1 face, 0 background, -1 neither.
    offsets, points : Tensor (N, A, 4), (N, A, 10)
        Targets; points are NaN where a face has none. What is for no face may hold anything.
    weights : three numbers
        Of face, box and points; 0 or more.
    imbalance : "hard negatives" or "focal"
        Which anchors count how much for "face".
    importance : Tensor (N, A), optional
        Of anchors for a face, 0 or more; None: 1 each.

    Raises
    ------
    ValueError
        For shapes that don't fit, answers that are not finite, and an offset that is not where there is a face.
    TypeError
        For what is no tensor.
    """
    instance("answer", answer, Answer, "an Answer, as a OnePassNet gives it")
    one_of("imbalance", imbalance, (HARD, FOCAL))
    three = numbers("weights", weights, 3, lambda weight: 0 <= weight < float("inf"), "of 0 or more")
    tensor("kinds", kinds, "whole numbers (N, A): 1 face, 0 background, -1 neither", axes=2, kinds="i")
    sizes = (
        ("answer.face", answer.face, 2),
        ("answer.offsets", answer.offsets, 4),
        ("answer.points", answer.points, 10),
    )
    for name, values, count in (*sizes, ("offsets", offsets, 4), ("points", points, 10)):
        tensor(name, values, f"float (N, A, {count})", axes=3)
        if values.shape != (*kinds.shape, count):
            raise ValueError(f"{name} has shape {tuple(values.shape)}; it must be {(*kinds.shape, count)}")
    for name, values in zip(Answer._fields, answer, strict=True):
        finite_tensor(f"answer.{name}", values)
    if not torch.isfinite(offsets[kinds == FACE]).all():
        raise ValueError("offsets holds NaN or infinity where there is a face; every target must be a number")
    if importance is None:
        importance = torch.ones_like(answer.face[..., 0])
    tensor("importance", importance, "float (N, A)", axes=2)
    if importance.shape != kinds.shape:
        raise ValueError(f"importance has shape {tuple(importance.shape)}; it must be {tuple(kinds.shape)}")
    return _onepass_loss(answer, kinds, offsets, points, importance, three, imbalance)


def _onepass_loss(answer: Answer, kinds: Tensor, offsets: Tensor, points: Tensor, importance: Tensor,
                  weights: Sequence[float], imbalance: str) -> Losses:  # fmt: skip
    """Here the answers may hold NaN: a training that diverges shows it in its loss."""
    face = kinds == FACE  # (N, A)
    counts = torch.where(face, importance, 1)  # (N, A)
    faces = importance[face].sum().clamp(min=1)
    logits, label = answer.face.flatten(0, 1), face.flatten().long()  # (N * A, 2), (N * A,)
    if imbalance == FOCAL:
        each = focal_loss(logits, label).view_as(face)  # (N, A)
        counted = kinds != NEITHER
    else:
        each = _detection_loss(logits, label).view_as(face)  # (N, A)
        counted = face | _hard_negatives(each, kinds, RATIO, FEWEST)
    detection = (each * counts)[counted].sum() / faces
    known = face & torch.isfinite(points).all(dim=2)  # (N, A)
    box = _off(answer.offsets, offsets, importance, face) / faces
    points_off = _off(answer.points, points, importance, known) / importance[known].sum().clamp(min=1)
    parts = torch.stack([detection, box, points_off])  # (3,)
    return Losses((parts * parts.new_tensor(weights)).sum(), *parts.detach())


def _off(said: Tensor, wanted: Tensor, importance: Tensor, rows: Tensor) -> Tensor:
    """Smooth L1 of the anchors in `rows`, (N, A) of bool: summed over their numbers, and, as each counts, over them."""
    each = functional.smooth_l1_loss(said[rows], wanted[rows], reduction="none").sum(dim=1)
    return (each * importance[rows]).sum()


def shares_right(answer: Answer, kinds: Tensor) -> tuple[Tensor, Tensor]:
    """Share of the anchors for a face with a score of 0.5 or more, and of the background ones below it."""
    above = answer.score >= 0.5  # (N, A)
    face, background = kinds == FACE, kinds == NO_FACE
    found, passed_over = (above & face).sum(), (~above & background).sum()
    return found / face.sum().clamp(min=1), passed_over / background.sum().clamp(min=1)
