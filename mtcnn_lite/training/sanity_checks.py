"""What must hold before a net is trained: looked at, counted, and learned by heart."""

import copy
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mtcnn_lite.runtime.files import write_whole
from mtcnn_lite.sampling.sampler import KINDS, LANDMARK
from mtcnn_lite.training.batches import Batch, Batches
from mtcnn_lite.training.loop import answer, tasks_taught
from mtcnn_lite.training.plan import Stage
from mtcnn_lite.training.plots import contact_sheet
from mtcnn_lite.training.run_folder import RunError

EACH = 4  # samples of a kind that are learned by heart
STEPS, RATE, ENOUGH = 400, 3e-3, 0.05  # at most so many; the loss that is near enough to zero


def check(net: nn.Module, batches: Batches, stage: Stage, folder: Path) -> None:
    """Draw a batch with its targets to `folder/labels.jpg`, then see a copy of the net learn a few samples by heart.

    Raises RunError where it can't: then labels and crops don't belong together, or the net doesn't learn at all.
    (That no kind is empty, `Batches` sees to.)
    """
    batch = batches(0)
    batch = Batch(batch.crops[~batch.unlabelled.numpy()], *(column[~batch.unlabelled] for column in batch[1:]))
    write_whole(folder / "labels.jpg", lambda path: contact_sheet(batch).save(path))
    before, after = by_heart(net, few(batch), stage)
    print(f"{stage.name}: a few samples learned by heart, loss {before:.3f} -> {after:.3f}; all labels drawn on "
          f"{folder / 'labels.jpg'}", flush=True)  # fmt: skip
    if not after < ENOUGH:
        raise RunError(f"{stage.name}: a few samples could not be learned by heart in {STEPS} steps, loss {before:.3f} "
                       f"-> {after:.3f}; are faces and points in their places on {folder / 'labels.jpg'}?")  # fmt: skip


def few(batch: Batch) -> Batch:
    """The first EACH samples of each kind."""
    rows = np.concatenate([np.flatnonzero(batch.kinds == code)[:EACH] for code in range(len(KINDS))])
    return Batch(batch.crops[rows], *(column[rows] for column in batch[1:]))


def by_heart(net: nn.Module, batch: Batch, stage: Stage) -> tuple[float, float]:
    """The loss of a copy of `net` on this one batch, before and after up to STEPS steps. The net stays as it is."""
    learner = copy.deepcopy(net).train()
    if isinstance(learner.landmarks, nn.Linear | nn.Conv2d):
        # One that least squares solved for (`blend`) can have weights so large that every step overshoots.
        learner.landmarks.reset_parameters()
    indicator = tasks_taught(net, stage, bool((batch.kinds == LANDMARK).any()))
    optimiser = torch.optim.Adam(learner.parameters(), RATE)
    before = total = float("nan")
    for step in range(STEPS):
        costs, _ = answer(learner, batch, stage, indicator, keep=1.0)
        total = costs.total.item()
        before = total if step == 0 else before
        if total < ENOUGH:
            break
        optimiser.zero_grad()
        costs.total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return before, total
