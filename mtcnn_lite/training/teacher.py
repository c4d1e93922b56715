"""A trained net beside the labels: its probabilities soften the truth, its points stand in where a face has none.

Distillation as in Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network", at temperature 1. The
teacher answers the very crops that the net learns from, mirrored and recoloured as they are (Beyer et al. 2022,
"Knowledge distillation: A good teacher is patient and consistent").
"""

import torch
from torch import Tensor
from torch.nn import functional

from mtcnn_lite.losses import detection_loss
from mtcnn_lite.nets import NetOutput
from mtcnn_lite.sampling import NEGATIVE, PART, POSITIVE

SURE = 0.7  # probability of a face from which on the teacher's points are believed


def taught_detection(face: Tensor, said: NetOutput, kinds: Tensor, share: float, mixed: Tensor) -> Tensor:
    """Cross-entropy of each sample, (N,), from a target that is `share` the teacher's probability and else the label.

    `face` (N, 2): the logits of no face and face; `said`: the teacher's answers to the same crops; `kinds` (N,). A part
    face has no label, as it is neither, nor has a blend of two crops (`mixed`, bool (N,)): their target is the
    teacher's probability alone. Where label and teacher agree this is `losses.detection_loss`.
    """
    softened = functional.cross_entropy(face, said.face.flatten(1).softmax(dim=1), reduction="none")  # (N,)
    labelled = detection_loss(face, kinds != NEGATIVE)
    weight = torch.where((kinds == PART) | mixed, 1.0, share)
    return weight * softened + (1 - weight) * labelled


def points_lent(said: NetOutput, kinds: Tensor, landmarks: Tensor) -> tuple[Tensor, Tensor]:
    """Landmarks (N, 10) with the teacher's where a positive has none and the teacher is SURE; and which ones, (N,)."""
    assert said.landmarks is not None
    known = torch.isfinite(landmarks).all(dim=1)
    lent = (kinds == POSITIVE) & ~known & (said.score.flatten() >= SURE)
    return torch.where(lent[:, None], said.landmarks.flatten(1), landmarks), lent
