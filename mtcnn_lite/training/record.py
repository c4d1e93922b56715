"""The record of a run: where it ran, how long each stage took, what came out; small enough to be kept for good."""

import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from mtcnn_lite.onepass.weights import STATED
from mtcnn_lite.runtime.files import write_all_whole, write_whole
from mtcnn_lite.training.mixed_precision import multiplies_bfloat16
from mtcnn_lite.training.run_folder import PLAN
from mtcnn_lite.weights import weights_digest
from mtcnn_lite.weights.thresholds import NAME as THRESHOLDS

RECORD = "record"  # its folder in the run's
FILES = MACHINES, SECONDS = "machines.json", "seconds.json"
OF_A_STAGE = ("log.csv", "measured.json")


def machine(processes: int) -> dict[str, Any]:
    """What of this machine decides over the last digits of a result: processor, threads, processes, versions."""
    return {
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "processes": processes,
        "convolutions": "bfloat16" if multiplies_bfloat16() else "float32",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }


def note_machine(out: Path, now: dict[str, Any]) -> None:
    """Add this machine to the list of those that the run was on; standard error says how it differs from the last.

    Where only the time differs, a run that goes on ends with the weights of one that was never interrupted. With other
    threads, sums are added in another order, and so the last digits change.
    """
    there = _read(out / MACHINES, list[dict[str, Any]]())
    if there and there[-1] == now:
        return
    if there:
        before = there[-1]
        changes = [f"{key} {before.get(key)} then, {now[key]} now" for key in now if before.get(key) != now[key]]
        print(f"{out}: {'; '.join(changes)}. The run goes on, but its weights will differ in the last digits from "
              "those of an uninterrupted one", file=sys.stderr, flush=True)  # fmt: skip
    _write(out / MACHINES, [*there, now])


class Stopwatch:
    """Adds the seconds that a part of a stage takes to `seconds.json` in the run's folder.

    Parameters
    ----------
    out : Path
        The run's folder.
    stage : str
        The stage's name.
    part : str
        "samples" or "training".

    Examples
    --------
    >>> import tempfile
    >>> out = Path(tempfile.mkdtemp())
    >>> Stopwatch(out, "pnet-1", "samples").lap()
    >>> list(seconds(out)["pnet-1"])
    ['samples']
    """

    def __init__(self, out: Path, stage: str, part: str) -> None:
        self.out, self.stage, self.part, self.since = out, stage, part, time.monotonic()

    def lap(self) -> None:
        """Add what has passed since the last lap, or since the start."""
        now = time.monotonic()
        spent = seconds(self.out)
        of_stage = spent.setdefault(self.stage, {})
        of_stage[self.part] = round(of_stage.get(self.part, 0) + now - self.since, 1)
        self.since = now
        _write(self.out / SECONDS, spent)


def seconds(out: Path) -> dict[str, dict[str, float]]:
    """How long each part of each stage of the run has taken so far."""
    return _read(out / SECONDS, dict[str, dict[str, float]]())


def write_record(out: Path, stages: Sequence[str], nets: Iterable[nn.Module], photos: Sequence[str]) -> None:
    """Write the record of a finished run to `out/record`.

    It holds plan.json, record.json, the thresholds, and each stage's log and figures.

    Parameters
    ----------
    out : Path
        The run's folder.
    stages : sequence of str
        The stages' names.
    nets : Nets, or any nets
        Those that came out.
    photos : sequence of str
        The data set of each photo that was learned from.
    """
    sets = {name: photos.count(name) for name in sorted(set(photos))}
    spent = seconds(out)
    facts = {
        "weights": weights_digest(nets),
        "photos": sets,
        "minutes": {stage: {part: round(s / 60, 1) for part, s in spent.get(stage, {}).items()} for stage in stages},
        "minutes in all": round(sum(s for parts in spent.values() for s in parts.values()) / 60, 1),
        "machines": _read(out / MACHINES, list[dict[str, Any]]()),
    }
    record = out / RECORD
    copies = {record / PLAN: (out / PLAN).read_bytes(), record / "record.json": _text(facts).encode()}
    kept = [f"{stage}/{name}" for stage in stages for name in OF_A_STAGE]
    for name in [*kept, f"weights/{THRESHOLDS}", f"weights/{STATED}"]:
        if (out / name).exists():  # landmark fine-tuning has no log, and few photos give no thresholds
            copies[record / name] = (out / name).read_bytes()
    for path in copies:
        path.parent.mkdir(parents=True, exist_ok=True)
    write_all_whole({path: partial(Path.write_bytes, data=content) for path, content in copies.items()})


def _processor() -> str:
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _read(path: Path, default: Any) -> Any:
    """What a JSON file holds; `default` where it is missing or damaged, as no result depends on it."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return default
    return found if isinstance(found, type(default)) else default


def _write(path: Path, value: Any) -> None:
    write_whole(path, lambda part: part.write_text(_text(value)))


def _text(value: Any) -> str:
    return json.dumps(value, indent=1) + "\n"
