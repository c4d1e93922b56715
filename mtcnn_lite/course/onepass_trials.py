"""Chapter 13's experiments: small one-pass nets learn from composed scenes; what they find, what that takes."""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.course.onepass_lessons import Lessons, copy_of
from mtcnn_lite.course.small_onepass import multiply_adds
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import judge
from mtcnn_lite.images import Pixels
from mtcnn_lite.nets import Nets
from mtcnn_lite.nets import multiply_adds as of_windows
from mtcnn_lite.nms import nms
from mtcnn_lite.onepass.look import MULTIPLE
from mtcnn_lite.onepass.model import Answer
from mtcnn_lite.onepass.settings import NATIVE, NMS, OnePassSettings, OnePassThresholds
from mtcnn_lite.onepass.torch_engine import TorchOnePass
from mtcnn_lite.onepass.trace import OnePassAnswers, OnePassTrace, detect_onepass
from mtcnn_lite.training.onepass.loss import onepass_loss
from mtcnn_lite.training.onepass.plan import HARD
from mtcnn_lite.training.onepass.targets import FACE, NEITHER

STEPS, BATCH, RATE = 85, 8, 0.01
ALIKE = "all alike"  # nothing is done about the imbalance
WEIGHTS = (1.0, 2.0, 0.0)  # of face, box and points: the small net has no points
LOWEST = 0.05  # score, for a curve

Result = TypeVar("Result")


def learn(net: nn.Module, sets: Sequence[Lessons], seed: int, imbalance: str = HARD) -> Any:
    """Trains the net, and returns it. With several sets a step takes the next one's.

    Parameters
    ----------
    net : Module
        Trained in place.
    sets : sequence of Lessons
    seed : int
        Of the batches.
    imbalance : "hard negatives", "focal" or "all alike"
        What is done about the many easy negatives.
    """
    rng, optimiser = np.random.default_rng(seed), torch.optim.AdamW(net.parameters(), lr=RATE, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, STEPS, pct_start=0.2)
    net.train()
    for step in range(STEPS):
        rows = rng.choice(len(sets[0].x), BATCH, replace=False)
        batch = Lessons(*(part[rows] for part in sets[step % len(sets)]))
        optimiser.zero_grad()
        total_loss(net(batch.x), batch, imbalance).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return net.eval()


def total_loss(answer: Answer, batch: Lessons, imbalance: str) -> Tensor:
    """The loss of a net's answers to a batch: that of the package's net or, "all alike", with all background in it.

    Parameters
    ----------
    answer : Answer
        To `batch.x`.
    batch : Lessons
    imbalance : str
        As in `learn`.
    """
    _, kinds, offsets, points = batch
    if imbalance != ALIKE:
        return onepass_loss(answer, kinds, offsets, points, WEIGHTS, imbalance).total
    box = onepass_loss(answer, kinds, offsets, points, (0.0, *WEIGHTS[1:])).total
    counted, face = kinds != NEITHER, kinds == FACE  # (N, A) each
    detection = functional.cross_entropy(answer.face[counted], face[counted].long(), reduction="sum")
    return box + WEIGHTS[0] * detection / face.sum().clamp(min=1)


# --- what they find


def settings(threshold: float, overlap: float = NMS) -> OnePassSettings:
    """Those of a one-pass detector that sees photos at their own size."""
    return OnePassSettings(NATIVE, OnePassThresholds(threshold), overlap)


def trace(net: nn.Module, image: Pixels, threshold: float = 0.5) -> OnePassTrace:
    """A photo's way through a net of this chapter: the record that `Detector.trace` gives.

    Parameters
    ----------
    net : Module
    image : uint8 (H, W, 3)
    threshold : float
        Lowest score.
    """
    return OnePassTrace(OnePassAnswers(TorchOnePass(cast(Any, net)), image), settings(threshold))


def found(
    net: nn.Module, images: Sequence[Pixels], scales: Sequence[float] = (1.0,), threshold: float = LOWEST
) -> list[Faces]:
    """The faces in each photo, best first; where several scales are given, those of all copies, after one NMS.

    Parameters
    ----------
    net : Module
    images : sequence of uint8 (H, W, 3)
    scales : sequence of float
        Of the copies that the net sees.
    threshold : float
        Lowest score.
    """
    engine, seen = TorchOnePass(cast(Any, net)), list[list[Faces]]()
    for scale in scales:
        copies = [copy_of(LabelledPhoto(image, np.zeros((0, 4))), scale).image() for image in images]
        seen.append(detect_onepass(engine, copies, settings(threshold)))
    if tuple(scales) == (1,):
        return seen[0]  # there is nothing to put together
    return [_together(each, scales) for each in zip(*seen, strict=True)]


def _together(copies: Sequence[Faces], scales: Sequence[float]) -> Faces:
    boxes = np.concatenate([faces.boxes / scale for faces, scale in zip(copies, scales, strict=True)])
    scores = np.concatenate([faces.scores for faces in copies])
    kept = nms(boxes, scores, NMS)
    return Faces(boxes[kept], scores[kept], np.full((len(kept), 5, 2), np.nan, np.float32))


def average_precision(net: nn.Module, photos: Sequence[LabelledPhoto], scales: Sequence[float] = (1.0,)) -> float:
    """The average precision of a net on labelled photos, at an IoU of 0.5.

    Parameters
    ----------
    net : Module
    photos : sequence of LabelledPhoto
    scales : sequence of float
        As in `found`.
    """
    faces = found(net, [photo.image() for photo in photos], scales)
    return float(judge(zip(faces, photos, strict=True)).average_precision)


def work_of(net: nn.Module, height: int, width: int, scales: Sequence[float] = (1.0,)) -> int:
    """Multiply-adds for a photo and its copies, as the net sees them: filled up to a multiple of 32 px.

    Parameters
    ----------
    net : Module
    height, width : int
        Of the photo, px.
    scales : sequence of float
        Of the copies.
    """
    sides = [[-(-round(side * scale) // MULTIPLE) * MULTIPLE for side in (height, width)] for scale in scales]
    return sum(multiply_adds(net, *each) for each in sides)


def cascade_work(trace: Trace, nets: Nets) -> int:
    """Multiply-adds of a cascade's nets for a trace's photo; O-Net looks at each face once more, mirrored."""
    everywhere = sum(of_windows(nets.pnet, *level.image.shape[:2]) for level in trace.levels)
    one_crop = of_windows(nets.rnet, nets.rnet.size, nets.rnet.size)
    one_look = of_windows(nets.onet, nets.onet.size, nets.onet.size)
    looks = trace.onet.windows + len(trace.onet["nms"])
    return int(everywhere + trace.rnet.windows * one_crop + looks * one_look)


def fastest(call: Callable[[], Result], times: int = 3) -> tuple[Result, float]:
    """What a call gives, and the seconds of its fastest run: a first one often waits for memory or code.

    Parameters
    ----------
    call : callable
    times : int
        Runs, 1 or more.
    """
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        result = call()
        spent.append(time.perf_counter() - started)
    return result, min(spent)
