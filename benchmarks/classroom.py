"""docs/classroom.md from end to end: its own commands, run on composed clips of small, dark faces.

python benchmarks/classroom.py              # four minutes

Two lessons are composed, with different faces in them. After each of the page's `label` commands the labels are
"corrected": the known boxes and points take the place of the detector's. Prints what `evaluate` measures before and
after tuning, once for each seed of the training, with 95% bootstrap intervals of the difference.
"""

import argparse
import io
import json
import os
import re
import shlex
import tempfile
import time
from collections.abc import Sequence
from contextlib import chdir, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from mtcnn_lite.cli import main as mtcnn_lite
from mtcnn_lite.course.degrade import dark
from mtcnn_lite.course.scenes import scene, scenes
from mtcnn_lite.course.scenes.cutouts import Split
from mtcnn_lite.datasets import read_dataset, write_coco
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

PAGE = Path(__file__).parents[1] / "docs" / "classroom.md"
SPLITS: dict[str, Split] = {"monday": "train", "tuesday": "held_out"}  # of the lessons' faces
HEIGHT, WIDTH = 270, 480
FACES, SIZES = (8, 14), (14, 28)  # in a frame; shorter sides of their boxes, px
LIGHT_GONE = 0.7  # share
FRAMES = 24  # of a lesson
RATE = 2  # frames a second
SHOWN = 2  # seconds that each is shown
FIGURES = {
    "recall_at_90": "recall at precision .9",
    "average_precision": "AP",
    "recall": "recall",
    "precision": "precision",
}


def commands() -> list[list[str]]:
    """The arguments of each `mtcnn-lite` of the page."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    lines = [shlex.split(line) for block in blocks for line in block.replace("\\\n", "").splitlines()]
    return [words[1:] for words in lines if words[0] == ".venv/bin/mtcnn-lite"]


def walk(home: Path, frames: int = FRAMES, seed: int = 0) -> dict[str, Any]:
    """Run the page's commands in `home`, an empty folder; what evaluation.json has of each set that is measured."""
    truths = {day: lesson(split, frames) for day, split in SPLITS.items()}
    for day, truth in truths.items():
        write_clip(home / f"{day}.avi", truth)
    write_general(home / "general", frames)
    measured = {}
    with chdir(home):
        for command in commands():
            run(*command, *(["--seed", str(seed)] if command[0] == "train" else []))
            if command[0] == "label" and "--weights" not in command:
                day = command[command.index("--out") + 1]
                correct(Path(day), truths[day])
            if command[0] == "evaluate":
                out = command[command.index("--out") + 1]
                measured[command[command.index("--data") + 1]] = json.loads(Path(out, "evaluation.json").read_text())
    return measured


def lesson(split: Split, frames: int) -> list[LabelledPhoto]:
    """A lesson's frames, each a scene of its own, with the true boxes and points. No two share places or noise."""
    first = 1000 * list(SPLITS.values()).index(split)
    made = (scene([0, first + k], HEIGHT, WIDTH, FACES, SIZES, split) for k in range(frames))
    return [dark(photo, LIGHT_GONE, seed=first + k) for k, photo in enumerate(made)]


def write_clip(path: Path, photos: Sequence[LabelledPhoto]) -> None:
    clip = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE, (WIDTH, HEIGHT))
    for photo in photos:
        for _ in range(RATE * SHOWN):
            clip.write(np.ascontiguousarray(photo.image()[..., ::-1]))
    clip.release()


def write_general(folder: Path, count: int) -> None:
    """Labelled photos of another kind: scenes in full light, with larger faces as well."""
    (folder / "images").mkdir(parents=True)
    photos = []
    for number, photo in enumerate(scenes(count, seed=1, split="held_out")):
        path = folder / "images" / f"{number:03d}.png"
        Image.fromarray(photo.image()).save(path)
        photos.append(replace(photo, source=path))
    write_coco(folder / "annotations.json", photos)


def correct(folder: Path, truth: Sequence[LabelledPhoto]) -> None:
    """Put the true labels in the place of the detector's, as a person would in a labelling tool."""
    labelled = read_dataset(folder)
    pairs = zip(labelled, truth, strict=True)
    write_coco(folder / "annotations.json", [replace(true, source=photo.source) for photo, true in pairs])


def run(*command: str) -> None:
    """`mtcnn-lite COMMAND`, in this process, quietly."""
    with redirect_stdout(io.StringIO()):
        status = mtcnn_lite(command)
    if status:
        raise SystemExit(f"mtcnn-lite {shlex.join(command)} ended with status {status}")


def lines(measured: dict[str, Any]) -> list[str]:
    """The figures before and after, and what they differ by."""
    said = []
    for name, reports in measured.items():
        (after, before), size = (reports[weights]["detection"] for weights in ("tuned/weights", "mtcnn_lite")), "12"
        less = reports["tuned/weights"]["less"]["mtcnn_lite"]["detection"][size]
        for key, text in FIGURES.items():
            found = less[key]
            said.append(f"{name}, {text}: {before[size][key]:.3f} -> {after[size][key]:.3f}, "
                        f"{found['difference']:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})")  # fmt: skip
    return said


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=(0, 1, 2), help="of the trainings (default: 0 1 2)")
    options = parser.parse_args(arguments)
    for seed in options.seeds:
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as home:
            measured = walk(Path(home), seed=seed)
        print(f"seed {seed}: {time.perf_counter() - start:.0f} s, {os.cpu_count()} cores")
        print("\n".join(f"  {line}" for line in lines(measured)), flush=True)


if __name__ == "__main__":
    main()
