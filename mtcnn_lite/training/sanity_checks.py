"""Checks before a net is trained: draw the labels of a batch, and see the net overfit a few samples."""

import copy
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mtcnn_lite.runtime.files import write_whole
from mtcnn_lite.sampling.sampler import KINDS, LANDMARK
from mtcnn_lite.training.batch_loss import batch_loss, task_indicator
from mtcnn_lite.training.batches import Batches, TrainingBatch
from mtcnn_lite.training.plan import TrainingStage
from mtcnn_lite.training.plots import contact_sheet
from mtcnn_lite.training.run_folder import RunError

SAMPLES_PER_KIND = 4  # that the net must overfit
MAX_STEPS, RATE, LOSS_LIMIT = 400, 3e-3, 0.05  # the loss must fall below the limit within so many steps


def run_sanity_checks(net: nn.Module, batches: Batches, stage: TrainingStage, folder: Path) -> None:
    """Draw a batch with its targets to `folder/labels.jpg`, then let a copy of the net overfit a few samples.

    That every kind has samples, `Batches` has checked.

    Parameters
    ----------
    net : Module
        The net to be trained; it stays as it is.
    batches : Batches
        What it will learn from.
    stage : TrainingStage
        How it will be trained.
    folder : Path
        The stage's folder in the run.

    Raises
    ------
    RunError
        Where the net can't overfit the samples: labels and crops don't belong together, or it doesn't learn at all.
    """
    batch = batches(0)
    write_whole(folder / "labels.jpg", lambda path: contact_sheet(batch).save(path))
    before, after = overfit_batch(net, few_of_each_kind(batch)._replace(answers=None), stage)
    print(f"{stage.name}: overfitting a few samples, loss {before:.3f} -> {after:.3f}; all labels drawn on "
          f"{folder / 'labels.jpg'}", flush=True)  # fmt: skip
    if not after < LOSS_LIMIT:
        raise RunError(f"{stage.name}: a few samples could not be learned in {MAX_STEPS} steps, loss {before:.3f} "
                       f"-> {after:.3f}; are faces and points in their places on {folder / 'labels.jpg'}?")  # fmt: skip


def few_of_each_kind(batch: TrainingBatch) -> TrainingBatch:
    """The first SAMPLES_PER_KIND samples of each kind."""
    rows = np.concatenate([np.flatnonzero(batch.kinds == code)[:SAMPLES_PER_KIND] for code in range(len(KINDS))])
    return batch.rows(rows)


def overfit_batch(net: nn.Module, batch: TrainingBatch, stage: TrainingStage) -> tuple[float, float]:
    """The loss of a copy of `net` on this one batch before and after training on nothing else.

    Parameters
    ----------
    net : Module
        It stays as it is.
    batch : TrainingBatch
        A few samples of each kind.
    stage : TrainingStage
        Its task weights and indicator are used; all detection losses count, not the hardest alone.

    Returns
    -------
    (float, float)
        The loss before, and after at most MAX_STEPS steps.
    """
    learner = copy.deepcopy(net).train()
    indicator = task_indicator(net, stage, bool((batch.kinds == LANDMARK).any()))
    optimiser = torch.optim.Adam(learner.parameters(), RATE)
    before = total = float("nan")
    for step in range(MAX_STEPS):
        losses, _ = batch_loss(learner, batch, stage, indicator, keep=1.0)
        total = losses.total.item()
        before = total if step == 0 else before
        if total < LOSS_LIMIT:
            break
        optimiser.zero_grad()
        losses.total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return before, total
