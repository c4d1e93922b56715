"""Chapter 09's training: the package's plan in miniature, on composed scenes, with P-Net's first stage as a film."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mtcnn_lite.boxes import MATCHING_IOU, iou
from mtcnn_lite.course.explorers.training import TrainingHistory, history
from mtcnn_lite.course.first_weights import begin
from mtcnn_lite.course.scenes import scene, scenes
from mtcnn_lite.course.skew import Held
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.evaluation import match
from mtcnn_lite.nets import Nets, ONet, PNet, RNet, normalise
from mtcnn_lite.runtime.memory import keep_freed_memory
from mtcnn_lite.sampling.store import Store, write_store
from mtcnn_lite.training.augmentation import Augmentation
from mtcnn_lite.training.batch_loss import batch_loss
from mtcnn_lite.training.batches import Batches
from mtcnn_lite.training.loop import BETAS, WEIGHT_DECAY
from mtcnn_lite.training.plan import STAGES, TrainingStage, paper

SEED, PHOTOS = 9, 60
MOMENTS = 16  # of the film, more of them early on
SMALL = {  # steps, batch: what takes a minute in all
    "pnet-1": (300, 64),
    "pnet-2": (150, 64),
    "rnet-1": (320, 32),
    "rnet-2": (100, 32),
    "onet-1": (380, 16),
    "onet-2": (100, 16),
}
RATE = {"pnet": 6e-3, "rnet": 5e-3, "onet": 2.5e-3}  # few steps must be large
HALVED = "random", "jittered", "landmarks", "hardest", "others"  # windows a photo


def miniature(stages: Sequence[TrainingStage] = STAGES) -> tuple[TrainingStage, ...]:
    """The plan made small: nets, order, hard negatives, shares and augmentation stay.

    Steps and batches shrink to what a minute allows, windows a photo are halved, rates rise. What the plan has for a
    run with a teacher is as in the paper: the weights of the losses and the share that counts. P-Net's crops are only
    recoloured, for the chapter's failure at night. Landmark fine-tuning is left out.
    """
    papers = {stage.net: stage for stage in paper()}
    small = []
    for stage in stages:
        if not stage.landmark_finetuning:
            steps, batch = SMALL[stage.name]
            sampling = replace(stage.sampling, **{name: (getattr(stage.sampling, name) + 1) // 2 for name in HALVED})
            augmentation = Augmentation() if stage.net == "pnet" else stage.augmentation
            like = papers[stage.net]
            small.append(replace(stage, sampling=sampling, steps=steps, batch=batch, rate=RATE[stage.net],
                                 weights=like.weights, keep=like.keep, augmentation=augmentation))  # fmt: skip
    return tuple(small)


def train(
    net: nn.Module,
    batches: Callable[[int], object],
    stage: TrainingStage,
    look: Callable[[int, nn.Module], None] | None = None,
) -> NDArray[np.float32]:
    """Train `net` in place, as the chapter's own loop does; what each step cost and got right, (steps, 6).

    Parameters
    ----------
    net : Module
        P-Net, R-Net or O-Net.
    batches : callable
        The batch of a step.
    stage : TrainingStage
        Steps, rate, weights of the losses.
    look : callable, optional
        `look(step, net)` is called before each step.
    """
    net.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    adam = torch.optim.AdamW(net.parameters(), betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True)
    indicator, rows = torch.tensor(stage.indicator), []
    for step in range(stage.steps):
        if look:
            look(step, net)
        adam.param_groups[0]["lr"] = stage.learning_rate(step)
        costs, right = batch_loss(net, batches(step), stage, indicator, stage.keep)  # type: ignore[arg-type]
        adam.zero_grad()
        costs.total.backward()  # type: ignore[no-untyped-call]
        adam.step()
        rows.append(torch.stack([*costs, *right]).detach())
    net.eval()
    return torch.stack(rows).numpy()


@dataclass(frozen=True, eq=False)
class FirstStage:
    """P-Net's first stage, trained.

    nets: the three, of which P-Net has learned. photos: the scenes. folder: of the samples; it goes when this does.
    store: P-Net's samples. log (steps, 6): see `train`. film: what P-Net made of a scene that it has not learned from.
    """

    nets: Nets
    photos: list[LabelledPhoto]
    folder: TemporaryDirectory[str]
    store: Store
    log: NDArray[np.float32]
    film: TrainingHistory


def first_stage(stage: TrainingStage | None = None, photos: int = PHOTOS) -> FirstStage:
    """Composes the scenes, cuts P-Net's samples and trains it from random numbers, with a camera running.

    Parameters
    ----------
    stage : TrainingStage, optional
        The first of `miniature()`.
    photos : int
        Scenes to learn from.
    """
    torch.set_num_threads(1)  # so that every machine adds in the same order
    keep_freed_memory(without_limit=True)  # between steps; Linux only: saves up to half of the time
    stage = stage or miniature()[0]
    learned = scenes(photos, SEED, sizes=(16, 60))
    torch.manual_seed(SEED)
    nets = Nets(begin(PNet()), begin(RNet()), begin(ONet()))
    folder = TemporaryDirectory()
    store = write_store(Path(folder.name) / stage.name, learned, PNet.size, SEED, stage.sampling)
    moments = {round(stage.steps * (k / MOMENTS) ** 2) for k in range(MOMENTS)}
    copies: list[tuple[int, PNet]] = []

    def keep(step: int, net: nn.Module) -> None:
        if step in moments:
            copies.append((step, deepcopy(net).eval()))  # type: ignore[arg-type]

    batches = Batches([store], stage.batch, stage.shares, SEED, stage.augmentation)
    log = train(nets.pnet, batches, stage, keep)
    copies.append((stage.steps, deepcopy(nets.pnet)))
    unseen = scene([9, 6], faces=(5, 6), sizes=(20, 60), split="held_out")
    return FirstStage(nets, learned, folder, store, log, history(unseen, copies, log[:, 1:4]))


# --- what has come of it


def found_by(net: PNet, held: Held, windows: int = 20) -> float:
    """Share of the faces that a passing window of P-Net covers.

    Parameters
    ----------
    net : PNet
        Asked about all levels of all photos.
    held : Held
        Photos that it has not learned from.
    windows : int
        How many a photo may pass, on average.
    """
    with torch.no_grad():
        maps = [net(normalise(level[None])).score[0].numpy() for level in held.levels]
    return held.recall(maps, windows)


@dataclass(frozen=True)
class Score:
    """Of a detector on photos: `found` of `faces`, `alarms` elsewhere, and the faces left after each net (3,)."""

    found: int
    faces: int
    alarms: int
    left: tuple[int, int, int]


def judged(detector: Detector, photos: Sequence[LabelledPhoto]) -> Score:
    """Counts what a detector finds, and on how many faces a window still lies after each of its nets."""
    found = alarms = faces = 0
    left = np.zeros(3, int)
    for photo in photos:
        trace = detector.trace(photo.image())
        face, counts = match(trace.faces.boxes, trace.faces.scores, photo)
        found, alarms = found + int((face >= 0).sum()), alarms + int((counts & (face < 0)).sum())
        faces += len(photo.boxes)
        for k, stage in enumerate((trace.pnet, trace.rnet, trace.onet)):
            left[k] += (iou(photo.boxes, stage.last.boxes).max(axis=1, initial=0) >= MATCHING_IOU).sum()
    return Score(found, faces, alarms, (int(left[0]), int(left[1]), int(left[2])))
