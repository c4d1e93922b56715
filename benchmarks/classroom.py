"""docs/classroom.md from end to end on composed clips: label, correct, tune, and measure on a lesson held out.

Two lessons of small, dark faces are composed, with different people in them. Labels are "corrected" by putting the
known boxes in the place of the detector's. The page's figures come from `python benchmarks/classroom.py`: it tunes once
for each seed, and prints recall and average precision before and after, each with a 95% bootstrap interval.
"""

import argparse
import sys
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
from mtcnn_lite.evaluation import PhotoResult, bootstrap_interval, differences, evaluate_photo, report

HEIGHT, WIDTH = 270, 480
FACES, SIZES = (8, 14), (14, 28)  # in a frame; shorter sides of their boxes, px
LIGHT_GONE = 0.7  # share
FRAMES = 24  # of a lesson
MIN_FACE = 12  # px
TRAINING = ["--from", "mtcnn_lite", "--teacher", "mtcnn_lite", "--steps", "0.01"]


def lesson(split: Split, frames: int, seed: int = 0) -> list[LabelledPhoto]:
    """A lesson's frames, each a scene of its own, with the true boxes and points."""
    scenes = (scene([seed, k], HEIGHT, WIDTH, FACES, SIZES, split) for k in range(frames))
    return [dark(photo, LIGHT_GONE, seed=k) for k, photo in enumerate(scenes)]


def write_clip(path: Path, photos: Sequence[LabelledPhoto]) -> None:
    """A clip that shows each photo for a second: four frames."""
    clip = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 4, (WIDTH, HEIGHT))
    for photo in photos:
        for _ in range(4):
            clip.write(np.ascontiguousarray(photo.image()[..., ::-1]))
    clip.release()


def label(clip: Path, folder: Path) -> list[LabelledPhoto]:
    """`mtcnn-lite label`, and what `train` reads of it."""
    run("label", clip, "--every", "1s", "--out", folder, "--min-face", MIN_FACE)
    return read_dataset(folder)


def correct(folder: Path, truth: Sequence[LabelledPhoto]) -> list[LabelledPhoto]:
    """Put the true labels in the place of the detector's, as a person would in a labelling tool."""
    labelled = read_dataset(folder)
    corrected = [replace(true, source=photo.source) for photo, true in zip(labelled, truth, strict=True)]
    write_coco(folder / "annotations.json", corrected)
    return read_dataset(folder)


def tune(data: Path, out: Path, seed: int = 0) -> Path:
    """`mtcnn-lite train`; the folder of its weights."""
    run("train", "--data", data, "--out", out, *TRAINING, "--seed", seed, "--workers", 1)
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
