"""What each choice of the training plan gives: one net, trained at a tenth of its steps without it, several seeds.

python benchmarks/ablation.py --run run --data ../shared/faces/validation --net rnet --json rnet.jsonl

Takes the samples, and the teacher's answers, of a run of `mtcnn-lite train --teacher ...` that still has its `samples`.
Each trial begins with random numbers and has all samples of the net at once; the nets before it are those that ship.
AP is that of the boxes that this net leaves, by its own scores: a later net would hide what it does worse. It counts
faces of 20 px and more in photos in which every face is labelled: as they are, and, of every third, with noise, in the
dark, and as small JPEG files. A trial that is in the JSON file already is not made again.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from degraded import noisy
from torch import nn
from tqdm import tqdm

from mtcnn_lite import Detector
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.course.degrade import dark
from mtcnn_lite.datasets import read_dataset
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation.curves import judge
from mtcnn_lite.nets import Nets
from mtcnn_lite.sampling.store import Store
from mtcnn_lite.training.augmentation import Augmentation
from mtcnn_lite.training.batches import Batches
from mtcnn_lite.training.loop import train
from mtcnn_lite.training.plan import STAGES, TrainingStage
from mtcnn_lite.training.stages import untrained_nets
from mtcnn_lite.training.teacher_answers import kept_answers
from mtcnn_lite.weights import nets_of

LOW = {"pnet": (0.1, 1, 1), "rnet": (0.2, 0.02, 1), "onet": (0.2, 0.1, 0.02)}  # thresholds, by the net on trial
SMALLEST, SIGMA, GONE, QUALITY = 20, 20, 0.75, 10  # px; of noise, of the light, of JPEG
ARMS: dict[str, dict[str, Any]] = {  # by name: what is changed in the stage
    "the plan": {},
    "labels alone, hardest 70%": {"keep": 0.7},  # and no teacher
    "hardest 70%": {"keep": 0.7},
    "half of the teacher": {"distill_weight": 0.5},
    "no poor cameras": {"augmentation": Augmentation()},
    "twice as many poor cameras": {"augmentation": Augmentation(noise=0.16, darken=0.16, compress=0.16)},
    "no hard negatives": {},  # the first stage's samples alone
}


def trial(run: Path, stage: TrainingStage, arm: str, seed: int) -> dict[str, nn.Module]:
    """A net so trained: the average of its weights over the steps, and the last ones."""
    drawn = [each for each in STAGES if each.net == stage.net and not each.landmark_finetuning]
    drawn = drawn[:1] if arm == "no hard negatives" else drawn
    stores = [Store(run / "samples" / each.name) for each in drawn]
    alone = arm.startswith("labels")
    answers = None if alone else [kept_answers(run / "samples" / f"{each.name}.teacher.npy") for each in drawn]
    net = getattr(untrained_nets(seed), stage.net)
    batches = Batches(stores, stage.batch, stage.shares, seed, stage.augmentation, answers)
    with tempfile.TemporaryDirectory() as folder:
        average, _ = train(net, batches, stage, Path(folder), progress=True)
    return {"": average, ", last weights": net.eval()}


def small_file(photo: LabelledPhoto) -> LabelledPhoto:
    """The photo as a JPEG file of low quality, read again."""
    _, file = cv2.imencode(".jpg", photo.image()[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    decoded = cv2.imdecode(file, cv2.IMREAD_COLOR)
    assert decoded is not None
    return replace(photo, source=np.ascontiguousarray(decoded[:, :, ::-1], np.uint8))


def seen(photo: LabelledPhoto, way: str, number: int) -> LabelledPhoto:
    """The photo in one of the ways."""
    if way == "noise":
        return noisy(photo, SIGMA, number)
    if way == "dark":
        return dark(photo, GONE, number)
    return small_file(photo) if way == "jpeg" else photo


def left_by(net: str, detector: Detector, photo: LabelledPhoto) -> Faces:
    """The boxes that one of a cascade's nets leaves, with its scores."""
    trace = detector.trace(photo.image())
    if net == "onet":
        return trace.faces
    left = trace.pnet.last if net == "pnet" else trace.rnet.last
    return Faces(left.boxes, left.scores, np.zeros((len(left), 5, 2), np.float32))


def measure(net: str, nets: Nets, photos: Sequence[LabelledPhoto]) -> dict[str, float]:
    """AP at low thresholds: on all photos as they are, and on every third in each other way."""
    detector = Detector(nets, thresholds=LOW[net])
    figures = {}
    for way in ("clean", "noise", "dark", "jpeg"):
        numbers = range(0, len(photos), 1 if way == "clean" else 3)
        shown = (seen(photos[number], way, number) for number in tqdm(numbers, way, leave=False, disable=None))
        found = ((left_by(net, detector, photo), photo) for photo in shown)
        figures[way] = round(judge(found, SMALLEST).average_precision, 4)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="photos to measure on")
    parser.add_argument("--net", choices=("pnet", "rnet", "onet"), required=True)
    parser.add_argument("--steps", type=float, default=0.1, help="share of the net's steps (default: %(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--json", type=Path, required=True, help="a line a trial is added")
    chosen = parser.parse_args()
    known = [json.loads(line) for line in chosen.json.read_text().splitlines()] if chosen.json.exists() else []
    photos = [photo for photo in read_dataset(chosen.data) if photo.complete]
    of_net = [stage for stage in STAGES if stage.net == chosen.net and not stage.landmark_finetuning]
    steps = round(chosen.steps * sum(stage.steps for stage in of_net))
    for seed in chosen.seeds:
        for arm in chosen.arms:
            names = {"net": chosen.net, "arm": arm, "seed": seed, "steps": steps}
            if any(names.items() <= row.items() for row in known):
                continue
            torch.manual_seed(seed)
            for which, net in trial(chosen.run, replace(of_net[-1], steps=steps, **ARMS[arm]), arm, seed).items():
                nets = nets_of("mtcnn_lite")._replace(**{chosen.net: net})
                row = {**names, "arm": arm + which, **measure(chosen.net, nets, photos)}
                print(json.dumps(row), flush=True)
                with chosen.json.open("a") as file:
                    file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
