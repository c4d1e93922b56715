"""docs/classroom.md from end to end on composed clips: label, correct, tune, and measure on a lesson held out.

python benchmarks/classroom.py              # seven minutes

Two lessons of small, dark faces are composed, with different people in them. Labels are "corrected" by putting the
known boxes in the place of the detector's. Prints figures before and after tuning, once for each seed, with 95%
bootstrap intervals over the frames; and the same for the held-out lesson in full light.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from mtcnn_lite import Detector
from mtcnn_lite.cli import main as mtcnn_lite
from mtcnn_lite.cli.evaluate import CURVE
from mtcnn_lite.course.degrade import dark
from mtcnn_lite.course.scenes import scene
from mtcnn_lite.course.scenes.cutouts import Split
from mtcnn_lite.datasets import read_dataset, write_coco
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import PhotoResult, bootstrap_interval, differences, evaluate_photo, judge

HEIGHT, WIDTH = 270, 480
FACES, SIZES = (8, 14), (14, 28)  # in a frame; shorter sides of their boxes, px
LIGHT_GONE = 0.7  # share
FRAMES = 24  # of a lesson
MIN_FACE = 12  # px
STEPS = 0.01  # of the recipe's
SEEDS = (0, 1, 2)


def lesson(split: Split, frames: int, light_gone: float = LIGHT_GONE) -> list[LabelledPhoto]:
    """A lesson's frames, each a scene of its own, with the true boxes and points."""
    scenes = (scene([0, k], HEIGHT, WIDTH, FACES, SIZES, split) for k in range(frames))
    return [dark(photo, light_gone, seed=k) for k, photo in enumerate(scenes)]


def write_clip(path: Path, photos: Sequence[LabelledPhoto]) -> None:
    """A clip that shows each photo for a second: four frames."""
    clip = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 4, (WIDTH, HEIGHT))
    for photo in photos:
        for _ in range(4):
            clip.write(np.ascontiguousarray(photo.image()[..., ::-1]))
    clip.release()


def label(clip: Path, folder: Path) -> None:
    """`mtcnn-lite label`."""
    run("label", clip, "--every", "1s", "--out", folder, "--min-face", MIN_FACE)


def correct(folder: Path, truth: Sequence[LabelledPhoto]) -> list[LabelledPhoto]:
    """Put the true labels in the place of the detector's, as a person would in a labelling tool."""
    labelled = read_dataset(folder)
    corrected = [replace(true, source=photo.source) for photo, true in zip(labelled, truth, strict=True)]
    write_coco(folder / "annotations.json", corrected)
    return read_dataset(folder)


def tune(data: Path, out: Path, seed: int, steps: float = STEPS) -> Path:
    """`mtcnn-lite train`; the folder of its weights."""
    run("train", "--data", data, "--out", out, "--from", "mtcnn_lite", "--teacher", "mtcnn_lite", "--steps", steps,
        "--seed", seed, "--workers", 1)  # fmt: skip
    return out / "weights"


def measure(weights: Path | str, photos: Sequence[LabelledPhoto]) -> list[PhotoResult]:
    """What `mtcnn-lite evaluate` computes its figures from."""
    detector = Detector(weights, min_face=MIN_FACE)
    return [evaluate_photo(detector, photo, CURVE) for photo in photos]


def run(*command: object) -> None:
    """`mtcnn-lite COMMAND`, in this process."""
    status = mtcnn_lite([str(word) for word in command])
    if status:
        raise SystemExit(status)


def figures(results: Sequence[PhotoResult]) -> str:
    """Recall at a precision of .9, average precision, and recall and precision at the weights' own thresholds."""
    low, fixed = (
        judge([(getattr(each, which), each.photo) for each in results], MIN_FACE) for which in ("low", "fixed")
    )
    least, most = bootstrap_interval(lambda times: low.drawn(times).recall_at(0.9), len(results))
    return (f"recall at precision .9: {low.recall_at(0.9):.3f} ({least:.3f} to {most:.3f}), AP {low.average_precision:.3f}; "
            f"at its own thresholds: recall {fixed.recall():.3f}, precision {fixed.precision():.3f}")  # fmt: skip


def gain(after: Sequence[PhotoResult], before: Sequence[PhotoResult]) -> str:
    """By how much recall at a precision of .9 rose."""
    found = differences(after, before)["detection"][str(MIN_FACE)]["recall_at_90"]
    return f"{found['difference']:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="of the trainings (default: 0 1 2)")
    parser.add_argument("--steps", type=float, default=STEPS, help=f"share of the recipe's (default: {STEPS})")
    options = parser.parse_args(arguments)
    lessons = {"monday": lesson("train", FRAMES), "tuesday": lesson("held_out", FRAMES)}
    with tempfile.TemporaryDirectory() as home:
        for day, truth in lessons.items():
            write_clip(Path(home, f"{day}.avi"), truth)
            label(Path(home, f"{day}.avi"), Path(home, day))
            labelled = correct(Path(home, day), truth)
            print(f"{day}: {len(labelled)} frames, {sum(len(photo.boxes) for photo in labelled)} faces once corrected")
        measured = {"tuesday": labelled, "tuesday in full light": lesson("held_out", FRAMES, light_gone=0)}
        before = {name: measure("mtcnn_lite", photos) for name, photos in measured.items()}
        for name, results in before.items():
            print(f"before, {name}: {figures(results)}", flush=True)
        for seed in options.seeds:
            start = time.perf_counter()
            weights = tune(Path(home, "monday"), Path(home, f"tuned-{seed}"), seed, options.steps)
            print(f"seed {seed}: tuned in {time.perf_counter() - start:.0f} s")
            for name, photos in measured.items():
                after = measure(weights, photos)
                print(f"seed {seed}, {name}: {figures(after)}; gain {gain(after, before[name])}", flush=True)


if __name__ == "__main__":
    main()
