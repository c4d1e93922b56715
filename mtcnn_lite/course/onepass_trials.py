"""Chapter 13's experiments: small one-pass nets trained on composed scenes, and how many faces they find."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from mtcnn_lite.anchors import anchor_grid
from mtcnn_lite.boxes import Floats
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.course.scenes import scaled
from mtcnn_lite.course.small_onepass import CentreHead, multiply_adds
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import judge
from mtcnn_lite.images import Pixels
from mtcnn_lite.nets import Nets, normalise
from mtcnn_lite.nets import multiply_adds as of_windows
from mtcnn_lite.nms import nms
from mtcnn_lite.onepass.encoding import encode_boxes
from mtcnn_lite.onepass.look import MULTIPLE, grid
from mtcnn_lite.onepass.settings import NATIVE, NMS, OnePassSettings, OnePassThresholds
from mtcnn_lite.onepass.torch_engine import TorchOnePass
from mtcnn_lite.onepass.trace import OnePassAnswers, OnePassTrace, detect_onepass
from mtcnn_lite.training.onepass.loss import onepass_loss
from mtcnn_lite.training.onepass.plan import HARD, OnePassPlan
from mtcnn_lite.training.onepass.targets import FACE, NEITHER, NO_FACE, Targets, anchor_targets

STEPS, BATCH, RATE = 100, 8, 0.01
WEIGHTS = (1.0, 2.0, 0.0)  # of face, box and points: the small net has no points
LOWEST = 0.05  # score, for a curve
SCALES = (1.0, 0.7, 0.5)  # of the copies of a photo, where one size of faces is learned
OF_ONE_SIZE = (12.0, 28.0)  # px: faces that it is asked for in a copy
CENTRAL = 0.5  # of a face's sides: cells in this part that are not its middle's count as nothing


class Lessons(NamedTuple):
    """P photos of one size as a net reads them, x (P, C, h, w), and what its A anchors should say.

    kinds (P, A), offsets (P, A, 4), points (P, A, 10): as `targets.Targets`.
    """

    x: Tensor
    kinds: Tensor
    offsets: Tensor
    points: Tensor


def lessons(
    photos: Sequence[LabelledPhoto],
    levels: Mapping[int, Sequence[float]],
    scale: float = 1.0,
    sizes: tuple[float, float] = (0, np.inf),
) -> Lessons:
    """The lessons of photos of one size.

    Parameters
    ----------
    photos : sequence of LabelledPhoto
    levels : mapping of int to sequence of float
        The anchors' sides, px, by stride.
    scale : float
        Of the copies that the net sees, above 0.
    sizes : (float, float)
        Shortest and longest shorter side, px of a copy, of the faces that count; others are ignored.
    """
    seen = [copy_of(photo, scale) for photo in photos]
    for k, photo in enumerate(seen):
        shorter = (photo.boxes[:, 2:] - photo.boxes[:, :2]).min(axis=1, initial=np.inf)  # (M,)
        seen[k] = replace(photo, ignore=photo.ignore | (shorter < sizes[0]) | (shorter > sizes[1]))
    pixels = np.stack([photo.image() for photo in seen])  # (P, h, w, 3)
    anchors = grid(pixels.shape[1], pixels.shape[2], levels).boxes  # (A, 4)
    plan = OnePassPlan()
    return taught(normalise(pixels), [anchor_targets(anchors, photo, plan) for photo in seen])


def taught(x: Tensor, targets: Sequence[Targets]) -> Lessons:
    """Inputs (P, ...), and the targets of each."""
    return Lessons(x, *(torch.from_numpy(np.stack(column)) for column in zip(*targets, strict=True)))


def copy_of(photo: LabelledPhoto, scale: float) -> LabelledPhoto:
    """The photo and its labels at `scale` times its size."""
    if scale == 1:
        return photo
    image = photo.image()
    height, width = (round(side * scale) for side in image.shape[:2])
    return LabelledPhoto(*scaled(image, photo.boxes, photo.landmarks, height, width), photo.ignore)


def learn(net: nn.Module, sets: Sequence[Lessons], seed: int, imbalance: str = HARD) -> Any:
    """Trains the net, and returns it. With several sets a step takes the next one's.

    Parameters
    ----------
    net : Module
        Trained in place.
    sets : sequence of Lessons
    seed : int
        Of the batches.
    imbalance : "hard negatives" or "focal"
    """
    rng, optimiser = np.random.default_rng(seed), torch.optim.AdamW(net.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, STEPS, pct_start=0.2)
    net.train()
    for step in range(STEPS):
        rows = rng.choice(len(sets[0].x), BATCH, replace=False)
        x, kinds, offsets, points = (part[rows] for part in sets[step % len(sets)])
        loss = onepass_loss(net(x), kinds, offsets, points, WEIGHTS, imbalance)
        optimiser.zero_grad()
        loss.total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return net.eval()


def centre_targets(cells: Floats, photo: LabelledPhoto) -> Targets:
    """What each cell says without anchors: whether a face's middle lies in it; what lies near it counts as nothing.

    Parameters
    ----------
    cells : float32 (A, 4)
        A square round each cell's middle, from which boxes are told.
    photo : LabelledPhoto
        Its pixels are not read.
    """
    middles = (cells[:, :2] + cells[:, 2:]) / 2  # (A, 2)
    kinds = np.full(len(cells), NO_FACE, np.int8)
    offsets = np.full((len(cells), 4), np.nan, np.float32)
    nearest = []
    for box in photo.boxes:
        apart = abs(middles - (box[:2] + box[2:]) / 2)  # (A, 2)
        kinds[(apart < CENTRAL / 2 * (box[2:] - box[:2])).all(axis=1)] = NEITHER
        nearest.append(int((apart**2).sum(axis=1).argmin()))
    for cell, box in zip(nearest, photo.boxes, strict=True):
        kinds[cell] = FACE
        offsets[cell] = encode_boxes(cells[cell : cell + 1], box[None])[0]
    return Targets(kinds, offsets, np.full((len(cells), 10), np.nan, np.float32))


def centre_lessons(features: Tensor, photos: Sequence[LabelledPhoto]) -> Lessons:
    """The lessons of a head without anchors on the features (P, C, h, w) of photos."""
    [(stride, sides)] = CentreHead.levels.items()
    cells = anchor_grid(features.shape[2] * stride, features.shape[3] * stride, stride, sides)  # (h * w, 4)
    return taught(features, [centre_targets(cells, photo) for photo in photos])


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
