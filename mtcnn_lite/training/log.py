"""The log of a training run: the means of every few steps, one row each."""

import csv
import io
import time
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from mtcnn_lite.losses import TASKS
from mtcnn_lite.training.distributed import ProcessGroup
from mtcnn_lite.training.run_folder import RunError

FIGURES = ("total", *TASKS, "faces right", "others right")

Row = dict[str, float]


class Schedule(Protocol):
    """What a log and a loop must know of a plan: how many steps, of how many samples, at which learning rates."""

    @property
    def name(self) -> str: ...
    @property
    def steps(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def rate(self) -> float: ...
    def learning_rate(self, step: int) -> float:
        """That of a step, from 0."""


@dataclass
class TrainingLog:
    """The finished rows of a training log, and the sums of the row that is not finished yet."""

    rows: list[Row] = field(default_factory=list)
    sums: Tensor | None = None
    steps: int = 0
    samples: int = 0
    since: float = field(default_factory=time.monotonic)

    def add(self, figures: Tensor, samples: int) -> None:
        """Add the figures (as FIGURES names them) of one step on so many samples."""
        self.sums = figures if self.sums is None else self.sums + figures
        self.steps += 1
        self.samples += samples

    def close_row(self, step: int, stage: Schedule, processes: ProcessGroup) -> dict[str, str]:
        """Finish the row, and return what a progress bar shows of it.

        Parameters
        ----------
        step : int
            The row's number: steps that are done.
        stage : Schedule
            For its learning rate and name.
        processes : ProcessGroup
            Those whose means are averaged.

        Raises
        ------
        RunError
            Where a mean is NaN or infinite.
        """
        assert self.sums is not None
        means = self.sums / self.steps
        processes.average([means])
        if not torch.isfinite(means).all():
            raise RunError(f"{stage.name}: the loss is {means[0].item()} at step {step}; a lower rate than "
                           f"{stage.rate} or a longer warm-up may help")  # fmt: skip
        figures = dict(zip(FIGURES, means.tolist(), strict=True))
        self.rows.append({"step": step, "rate": stage.learning_rate(step - 1)} | figures)
        speed = self.samples / (time.monotonic() - self.since)
        self.sums, self.steps, self.samples, self.since = None, 0, 0, time.monotonic()
        shown = {name: f"{value:.3f}" for name, value in figures.items() if name != "total"}
        return shown | {"samples/s": f"{speed:.0f}"}


def log_text(rows: list[Row]) -> str:
    """The rows as CSV, rounded to 6 places."""
    file = io.StringIO()
    writer = csv.DictWriter(file, ["step", "rate", *FIGURES])
    writer.writeheader()
    writer.writerows({name: round(value, 6) for name, value in row.items()} for row in rows)
    return file.getvalue()
