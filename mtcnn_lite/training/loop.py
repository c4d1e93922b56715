"""The training loop of one net: batches in, weights out, and a checkpoint every minute to resume from."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from mtcnn_lite.losses import Losses
from mtcnn_lite.runtime.files import write_whole
from mtcnn_lite.runtime.memory import keep_freed_memory
from mtcnn_lite.sampling.sampler import LANDMARK
from mtcnn_lite.training.batch_loss import batch_loss, task_indicator
from mtcnn_lite.training.batches import Batches, TrainingBatch, prefetch
from mtcnn_lite.training.distributed import SINGLE_PROCESS, ProcessGroup
from mtcnn_lite.training.log import Row, Schedule, TrainingLog, log_text
from mtcnn_lite.training.mixed_precision import convolutions_for
from mtcnn_lite.training.plan import TrainingStage
from mtcnn_lite.training.run_folder import torch_bytes

BETAS, WEIGHT_DECAY = (0.9, 0.99), 1e-4  # of AdamW
EMA_DECAY = 0.998  # of the exponential moving average of the weights, which is better than the last step's
LOG_EVERY = 50  # steps whose mean is one row of the log
SAVE_EVERY = 60  # seconds

Batch = TypeVar("Batch")
StepLosses = Callable[[Batch], tuple[Losses, Sequence[Tensor]]]  # of a batch: its losses, and two shares that are right


def train(
    net: nn.Module,
    batches: Batches,
    stage: TrainingStage,
    folder: Path,
    device: str = "cpu",
    processes: ProcessGroup = SINGLE_PROCESS,
    progress: bool = False,
    saved: Callable[[], None] = lambda: None,
) -> tuple[nn.Module, list[Row]]:
    """Train a net as a stage says.

    A landmark head that neither samples nor a teacher teach keeps its weights.

    Parameters
    ----------
    net : Module
        P-Net, R-Net or O-Net; changed in place.
    batches : Batches
        What it learns from.
    stage : TrainingStage
        Steps, learning rate, weights of the losses.
    folder : Path
        Gets `checkpoint.pt` and `log.csv`. Where it holds a checkpoint, training resumes there and ends with the same
        weights as without the interruption.
    device : str
        As for torch: "cpu", "cuda:0", "mps".
    processes : ProcessGroup
        Those that share each batch.
    progress : bool
        Show a progress bar.
    saved : function
        Called after each checkpoint.

    Returns
    -------
    (Module, list of dict)
        A net of its own that holds the exponential moving average of the weights; and the log's rows.

    Raises
    ------
    RunError
        Where the loss becomes NaN or infinite.
    """
    indicator = task_indicator(net, stage, bool(batches.counts[LANDMARK]) or batches.answers_have_landmarks)
    learned = [
        value for name, value in net.named_parameters() if indicator[:, 2].any() or not name.startswith("landmarks.")
    ]

    def losses_of(batch: TrainingBatch) -> tuple[Losses, Sequence[Tensor]]:
        with convolutions_for(stage.net, device):
            return batch_loss(net, batch, stage, indicator, stage.keep)

    return learn(net, learned, batches, losses_of, stage, folder, device, processes, progress, saved)


def learn(
    net: nn.Module,
    learned: Sequence[nn.Parameter],
    batches: Callable[[int], Batch],
    losses_of: StepLosses[Batch],
    schedule: Schedule,
    folder: Path,
    device: str = "cpu",
    processes: ProcessGroup = SINGLE_PROCESS,
    progress: bool = False,
    saved: Callable[[], None] = lambda: None,
) -> tuple[nn.Module, list[Row]]:
    """Minimise a loss step by step, whatever the net and its batches are.

    Parameters
    ----------
    net : Module
        Changed in place.
    learned : sequence of Parameter
        Those of its weights that change.
    batches : function
        From a step's number to its batch.
    losses_of : function
        From a batch to its losses, whose total is minimised, and two shares for the log (`log.FIGURES`).
    schedule : Schedule
        Steps and learning rate.
    folder, device, processes, progress, saved
        As in `train`.

    Returns
    -------
    (Module, list of dict)
        As `train`.

    Raises
    ------
    RunError
        Where the loss becomes NaN or infinite.
    """
    keep_freed_memory(without_limit=True)
    net.train().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    average = AveragedModel(net, avg_fn=lambda old, new, count: torch.lerp(new, old, _decay(int(count))))
    optimiser = torch.optim.AdamW(learned, schedule.rate, BETAS, weight_decay=WEIGHT_DECAY)
    checkpoint, log, first = folder / "checkpoint.pt", TrainingLog(), 0
    if checkpoint.exists():
        state: dict[str, Any] = torch.load(checkpoint, map_location=device, weights_only=True)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["mean"])
        optimiser.load_state_dict(state["optimiser"])
        log.rows, first = state["rows"], state["step"]

    def save(step: int) -> None:
        state = {"net": net.state_dict(), "mean": average.state_dict(), "optimiser": optimiser.state_dict()}
        content = torch_bytes(state | {"rows": log.rows, "step": step})
        write_whole(checkpoint, lambda path: path.write_bytes(content))
        write_whole(folder / "log.csv", lambda path: path.write_bytes(log_text(log.rows).encode()))
        saved()

    shown = progress and processes.is_main
    bar = tqdm(total=schedule.steps, initial=first, desc=schedule.name, unit="step", disable=not shown)
    saved_at = time.monotonic()
    for step, batch in enumerate(prefetch(batches, first, schedule.steps), first):
        for group in optimiser.param_groups:
            group["lr"] = schedule.learning_rate(step)
        losses, accuracy = losses_of(batch)
        optimiser.zero_grad()
        losses.total.backward()  # type: ignore[no-untyped-call]
        processes.average([value.grad for value in learned if value.grad is not None])
        optimiser.step()
        average.update_parameters(net)
        log.add(torch.stack([*losses, *accuracy]).detach(), schedule.batch)
        if (step + 1) % LOG_EVERY == 0 or step + 1 == schedule.steps:
            bar.set_postfix(log.close_row(step + 1, schedule, processes), refresh=False)
            bar.update(step + 1 - bar.n)
            if processes.is_main and time.monotonic() - saved_at > SAVE_EVERY:
                save(step + 1)
                saved_at = time.monotonic()
    bar.close()
    if processes.is_main:
        save(schedule.steps)
    net.cpu()
    trained: nn.Module = average.module.cpu()
    return trained.eval(), log.rows


def _decay(count: int) -> float:
    """The moving average's decay after `count` steps: small at first, so that it soon forgets the initial weights."""
    return min(EMA_DECAY, (1 + count) / (10 + count))
