"""One net, trained: batches in, weights out, a checkpoint every minute that a killed run goes on from."""

import csv
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from mtcnn_lite.losses import TASKS, Losses, multitask_loss, sample_losses, takes_part
from mtcnn_lite.mining import hard_examples
from mtcnn_lite.nets import normalise
from mtcnn_lite.runtime.files import write_whole
from mtcnn_lite.runtime.memory import keep_freed_memory
from mtcnn_lite.sampling.sampler import LANDMARK, NEGATIVE
from mtcnn_lite.training.batches import Batch, Batches, ahead
from mtcnn_lite.training.distributed import ALONE, Team
from mtcnn_lite.training.plan import Stage
from mtcnn_lite.training.run_folder import RunError
from mtcnn_lite.training.teacher import NEAR, SURE, taught_detection, taught_places

LOG_EVERY = 50  # steps whose mean is one row of the log
SAVE_EVERY = 60  # seconds
FIGURES = ("total", *TASKS, "faces right", "others right")

Row = dict[str, float]


def train(
    net: nn.Module,
    batches: Batches,
    stage: Stage,
    folder: Path,
    device: str = "cpu",
    team: Team = ALONE,
    teacher: nn.Module | None = None,
    progress: bool = False,
) -> tuple[nn.Module, list[Row]]:
    """Train `net` as `stage` says. Returns the running mean of its weights, a net of its own, and the log's rows.

    teacher: a trained net of the same kind, whose answers count beside the labels (see `teacher`).
    `folder` gets `checkpoint.pt` and `log.csv`; where it holds a checkpoint, training goes on from there and ends
    with the same weights as without the interruption. A landmark head that neither samples nor a teacher teach keeps
    its weights. Raises RunError where the loss is no number any more.
    """
    keep_freed_memory(without_limit=True)
    net.train().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    if teacher is not None:
        teacher.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    lends = teacher is not None and teacher.landmarks is not None
    taught = tasks_taught(net, stage, bool(batches.counts[LANDMARK]) or lends)
    learning = [
        value for name, value in net.named_parameters() if taught[:, 2].any() or not name.startswith("landmarks.")
    ]
    mean = AveragedModel(net, avg_fn=lambda old, new, count: torch.lerp(new, old, _weight(stage.average, int(count))))
    optimiser = torch.optim.AdamW(learning, stage.rate, stage.betas, weight_decay=stage.decay)
    checkpoint, log, first = folder / "checkpoint.pt", Log(), 0
    if checkpoint.exists():
        saved: dict[str, Any] = torch.load(checkpoint, map_location=device, weights_only=True)
        net.load_state_dict(saved["net"])
        mean.load_state_dict(saved["mean"])
        optimiser.load_state_dict(saved["optimiser"])
        log.rows, first = saved["rows"], saved["step"]

    def save(step: int) -> None:
        state = {"net": net.state_dict(), "mean": mean.state_dict(), "optimiser": optimiser.state_dict()}
        write_whole(checkpoint, lambda path: torch.save(state | {"rows": log.rows, "step": step}, path))
        write_whole(folder / "log.csv", lambda path: write_log(path, log.rows))

    bar = tqdm(total=stage.steps, initial=first, desc=stage.name, unit="step", disable=not (progress and team.first))
    saved_at = time.monotonic()
    for step, batch in enumerate(ahead(batches, first, stage.steps), first):
        for group in optimiser.param_groups:
            group["lr"] = stage.learning_rate(step)
        costs, accuracy = answer(net, batch, stage, taught, stage.keep, teacher)
        optimiser.zero_grad()
        costs.total.backward()  # type: ignore[no-untyped-call]
        team.average([value.grad for value in learning if value.grad is not None])
        optimiser.step()
        mean.update_parameters(net)
        log.add(torch.stack([*costs, *accuracy]).detach(), stage.batch)
        if (step + 1) % LOG_EVERY == 0 or step + 1 == stage.steps:
            bar.set_postfix(log.close_row(step + 1, stage, team), refresh=False)
            bar.update(step + 1 - bar.n)
            if team.first and time.monotonic() - saved_at > SAVE_EVERY:
                save(step + 1)
                saved_at = time.monotonic()
    bar.close()
    if team.first:
        save(stage.steps)
    net.cpu()
    trained: nn.Module = mean.module.cpu()
    return trained.eval(), log.rows


def tasks_taught(net: nn.Module, stage: Stage, points: bool) -> Tensor:
    """Which kinds teach which tasks, as `stage.indicator`, (4, 3), less landmarks where the net has no head for them.
    Where there are no `points`, none of the tasks has a True for landmarks."""
    indicator = torch.tensor(stage.indicator)
    if not points or net.landmarks is None:
        indicator[:, 2] = False
    return indicator


def answer(
    net: nn.Module, batch: Batch, stage: Stage, indicator: Tensor, keep: float, teacher: nn.Module | None = None
) -> tuple[Losses, tuple[Tensor, Tensor]]:
    """What the net's answers to a batch cost, and the shares of faces and of others that it takes for what they are.

    Of the detection losses the share `keep` counts, the hardest.
    """
    device = next(net.parameters()).device
    kinds, offsets, landmarks, unlabelled = (column.to(device) for column in batch[1:])
    crops = normalise(batch.crops).to(device)
    output = net(crops).flat
    labelled = takes_part(kinds, indicator) & ~unlabelled[:, None]
    part = labelled.clone()
    if teacher is not None:
        with torch.no_grad():
            said = teacher(crops).flat
        part[:, 0] = True
        offsets, part[:, 1] = taught_places(offsets, said.offsets, part[:, 1], said.score >= NEAR, stage.taught)
        if indicator[:, 2].any() and said.landmarks is not None:
            known, seen = torch.isfinite(landmarks).all(dim=1) & ~unlabelled, said.score >= SURE
            landmarks, part[:, 2] = taught_places(landmarks, said.landmarks, known, seen, stage.taught_points)
    losses = sample_losses(output, kinds, offsets, landmarks, part)  # (N, 3)
    if teacher is not None:
        softened = taught_detection(output.face, said, kinds, stage.taught, unlabelled,
                                    stage.temperature)  # fmt: skip
        losses = torch.cat([softened[:, None], losses[:, 1:]], dim=1)
    counted = part.clone()
    counted[:, 0] = hard_examples(losses[:, 0], keep, part[:, 0])
    face = kinds != NEGATIVE
    right = (output.score >= 0.5) == face
    shares = [
        (right & asked).sum() / asked.sum().clamp(min=1) for asked in (labelled[:, 0] & face, labelled[:, 0] & ~face)
    ]
    return multitask_loss(losses, counted, stage.weights), (shares[0], shares[1])


@dataclass
class Log:
    """The finished rows, and the sums of the row under way."""

    rows: list[Row] = field(default_factory=list)
    sums: Tensor | None = None
    steps: int = 0
    samples: int = 0
    since: float = field(default_factory=time.monotonic)

    def add(self, figures: Tensor, samples: int) -> None:
        self.sums = figures if self.sums is None else self.sums + figures
        self.steps += 1
        self.samples += samples

    def close_row(self, step: int, stage: Stage, team: Team) -> dict[str, str]:
        """End the row with `step`; returns what a progress bar shows of it."""
        assert self.sums is not None
        means = self.sums / self.steps
        team.average([means])
        if not torch.isfinite(means).all():
            raise RunError(f"{stage.name}: the loss is {means[0].item()} at step {step}; a lower rate than "
                           f"{stage.rate} or a longer warm-up may help")  # fmt: skip
        figures = dict(zip(FIGURES, means.tolist(), strict=True))
        self.rows.append({"step": step, "rate": stage.learning_rate(step - 1)} | figures)
        speed = self.samples / (time.monotonic() - self.since)
        self.sums, self.steps, self.samples, self.since = None, 0, 0, time.monotonic()
        shown = {name: f"{value:.3f}" for name, value in figures.items() if name != "total"}
        return shown | {"samples/s": f"{speed:.0f}"}


def write_log(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["step", "rate", *FIGURES])
        writer.writeheader()
        writer.writerows({name: round(value, 6) for name, value in row.items()} for row in rows)


def _weight(average: float, count: int) -> float:
    """What a running mean of `count` steps leaves of itself: little at first, so that it forgets where it began."""
    return min(average, (1 + count) / (10 + count))
