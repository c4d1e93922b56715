"""The loss of a net on one training batch: labels, hard example mining, and a teacher's answers where there is one."""

import torch
from torch import Tensor, nn

from mtcnn_lite.losses import Losses, _multitask_loss, _sample_losses, takes_part
from mtcnn_lite.mining import _hard_examples
from mtcnn_lite.nets import normalise
from mtcnn_lite.sampling.sampler import NEGATIVE
from mtcnn_lite.training.batches import TrainingBatch
from mtcnn_lite.training.plan import TrainingStage
from mtcnn_lite.training.teacher import (
    BOX_CONFIDENCE,
    LANDMARK_CONFIDENCE,
    TEMPERATURES,
    distillation_loss,
    distilled_targets,
)
from mtcnn_lite.training.teacher_answers import as_output


def task_indicator(net: nn.Module, stage: TrainingStage, landmarks: bool) -> Tensor:
    """Which kinds of samples teach which tasks, bool (4, 3): `stage.indicator`, less landmarks where none is learned.

    Parameters
    ----------
    net : Module
        Without a landmark head it learns no landmarks.
    stage : TrainingStage
        Its indicator holds otherwise.
    landmarks : bool
        Whether samples or a teacher have landmarks to learn from.
    """
    indicator = torch.tensor(stage.indicator)
    if not landmarks or net.landmarks is None:
        indicator[:, 2] = False
    return indicator


def batch_loss(
    net: nn.Module,
    batch: TrainingBatch,
    stage: TrainingStage,
    indicator: Tensor,
    keep: float,
) -> tuple[Losses, tuple[Tensor, Tensor]]:
    """The losses of a net on one batch, and the shares of faces and of other samples that it classifies rightly.

    Parameters
    ----------
    net : Module
    batch : TrainingBatch
        With a teacher's answers, where there is one.
    stage : TrainingStage
        The weights of the losses, and how much a teacher counts.
    indicator : Tensor, bool (4, 3)
        From `task_indicator`.
    keep : float
        Share of the detection losses that count, the hardest ones; above 0, up to 1.
    """
    device = next(net.parameters()).device
    kinds, offsets, landmarks = (column.to(device) for column in (batch.kinds, batch.offsets, batch.landmarks))
    output = net(normalise(batch.crops).to(device)).flat
    labelled = takes_part(kinds, indicator)  # (N, 3)
    part = labelled.clone()
    soft = None if batch.answers is None else as_output(batch.answers.to(device))  # soft targets
    if soft is not None:
        part[:, 0] = True
        offsets, part[:, 1] = distilled_targets(
            offsets, soft.offsets, part[:, 1], soft.score >= BOX_CONFIDENCE, stage.distill_weight
        )
        if indicator[:, 2].any() and soft.landmarks is not None:
            known = torch.isfinite(landmarks).all(dim=1)
            landmarks, part[:, 2] = distilled_targets(
                landmarks, soft.landmarks, known, soft.score >= LANDMARK_CONFIDENCE, stage.distill_landmarks_weight
            )
    losses = _sample_losses(output, kinds, offsets, landmarks, part)  # (N, 3)
    if soft is not None:
        softened = distillation_loss(output.face, soft, kinds, stage.distill_weight, TEMPERATURES[stage.net])  # (N,)
        losses = torch.cat([softened[:, None], losses[:, 1:]], dim=1)
    counted = part.clone()
    counted[:, 0] = _hard_examples(losses[:, 0], keep, part[:, 0])
    face = kinds != NEGATIVE
    right = (output.score >= 0.5) == face
    shares = [
        (right & asked).sum() / asked.sum().clamp(min=1) for asked in (labelled[:, 0] & face, labelled[:, 0] & ~face)
    ]
    return _multitask_loss(losses, counted, stage.weights), (shares[0], shares[1])
