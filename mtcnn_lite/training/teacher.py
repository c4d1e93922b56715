"""A trained net beside the labels: its probabilities and boxes soften the truth, and stand in where no label is.

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
NEAR = 0.1  # and from which on its box is: it also moves windows that it would not call a face to one


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


def boxes_taught(said: NetOutput, offsets: Tensor, labelled: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Offsets (N, 4) to learn, and of which samples, (N,): those `labelled` (N,), and where the teacher sees a face.

    A labelled sample's are `share` the teacher's and else the label's. Labels are exact where a face is plain; on the
    others, hidden or blurred, annotators differ, and a window that no label has a box for is moved in use all the same.
    """
    theirs = said.offsets.flatten(1)
    softened = torch.lerp(torch.where(labelled[:, None], offsets, theirs), theirs, share)
    return softened, labelled | (said.score.flatten() >= NEAR)
