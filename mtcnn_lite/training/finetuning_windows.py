"""The windows for landmark fine-tuning: those that a finished cascade itself sends to O-Net.

A detector's landmarks are the mean of two looks: at the window that R-Net left, and at the mirror image of the box that
O-Net corrected. Training samples are cut round labelled faces instead, so they are other windows, and one at a time.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from mtcnn_lite.boxes import MATCHING_IOU, Floats, iou
from mtcnn_lite.cascade.answers import Answers
from mtcnn_lite.cascade.hooks import Hooks
from mtcnn_lite.cascade.stages import second_look
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.datasets.augment import mirror
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.images import as_rgb, crop_windows
from mtcnn_lite.nets import Nets, ONet, normalise
from mtcnn_lite.runtime.parallel import map_in_processes
from mtcnn_lite.runtime.torch_engine import TorchEngine
from mtcnn_lite.sampling.proposals import bounded
from mtcnn_lite.training.batches import HOLD_OUT_EVERY

# min_face and thresholds: low ones, as for a precision-recall curve, and a detector's, a third of a level apart.
CASCADE_SETTINGS = ((20.0, (0.2, 0.1, 0.05)), (22.4, (0.5, 0.6, 0.53)), (25.1, (0.5, 0.6, 0.53)))
OTHERS_FIRST, OTHERS_SECOND = 60, 20  # other windows kept of each photo: for first looks, and for second ones
MAX_PROPOSALS = 8000  # windows of P-Net (`bounded`): a badly trained one would send a hundred thousand
PHOTOS_AT_ONCE = 16  # that a process gets
LAST_LAYERS = 7  # O-Net's, as its `children` come, that are fine-tuned: conv4, prelu4, dense5, prelu5, the three heads
FEATURES = (64, 4, 4)  # shape of a window's features, which these layers read


@dataclass(frozen=True, eq=False)
class FinetuningWindows:
    """Two windows for each of N faces, and M other windows, with the features that O-Net's `conv4` reads of each.

    first_windows    (N, 4), in the image, that R-Net left
    second_windows   (N, 4), in the image, round the box that O-Net made of the first
    first_features   (N, 64, 4, 4), of the first window
    second_features  (N, 64, 4, 4), of the mirror image of the second
    landmarks        (N, 5, 2), the labels, in the image
    photo            (N,), the photo's number
    dataset          (N,), the number of the photo's data set
    other_features   (M, 64, 4, 4), of windows of photos in which every face is labelled
    other_photo      (M,), the photo's number
    """

    first_features: Tensor
    second_features: Tensor
    first_windows: Tensor
    second_windows: Tensor
    landmarks: Tensor
    photo: Tensor
    dataset: Tensor
    other_features: Tensor
    other_photo: Tensor

    def rows(self, held_out: bool) -> tuple[Tensor, Tensor]:
        """The rows of faces and of other windows whose photos are held out of training, or of those that are not."""
        faces, others = (number % HOLD_OUT_EVERY == HOLD_OUT_EVERY - 1 for number in (self.photo, self.other_photo))
        return tuple(torch.nonzero(part == held_out).flatten() for part in (faces, others))  # type: ignore[return-value]


def collect_windows(
    nets: Nets, photos: Sequence[LabelledPhoto], seed: int, workers: int = 1, progress: bool = False
) -> FinetuningWindows:
    """Run the cascade on labelled photos and keep what O-Net sees of each labelled face that is found.

    Photos with landmarks are also mirrored, and run at several settings (CASCADE_SETTINGS).

    Parameters
    ----------
    nets : Nets
        The trained cascade.
    photos : sequence of LabelledPhoto
    seed : int
        Of the choice of other windows.
    workers : int
        Processes that run the cascade.
    progress : bool
        Show a progress bar.
    """
    names = sorted({photo.dataset for photo in photos})
    faces: list[tuple[Floats, ...]] = []
    others = []
    done = map_in_processes(
        workers, partial(_photo, seed), enumerate(photos), _set_nets, nets, chunksize=PHOTOS_AT_ONCE
    )
    bar = tqdm(done, "landmark windows", len(photos), unit="photo", disable=not progress)
    with closing(done):
        for number, (found, rest) in enumerate(bar):
            dataset = names.index(photos[number].dataset)
            faces += [(*one, np.array([number]), np.array([dataset])) for one in found]
            others.append((rest, np.full(len(rest), number)))
    columns = zip(*faces, strict=True) if faces else [[np.zeros((0, 1))]] * 7
    both = zip(*others, strict=True)
    return FinetuningWindows(*(torch.from_numpy(np.concatenate(column)) for column in (*columns, *both)))


def backbone(net: ONet) -> nn.Module:
    """O-Net's layers below `conv4`: (N, 3, 48, 48) -> (N, 64, 4, 4)."""
    return nn.Sequential(*list(net.children())[:-LAST_LAYERS])


_nets: Nets | None = None  # this process's own: sent to it once, not with each photo


def _set_nets(nets: Nets) -> None:
    global _nets
    _nets = nets.ready()


def _photo(seed: int, numbered: tuple[int, LabelledPhoto]) -> tuple[list[tuple[Floats, ...]], Floats]:
    """One photo's faces, each as a row of the first five fields of `FinetuningWindows`, and its other features."""
    number, photo = numbered
    nets = _nets
    assert nets is not None
    faces, others = list[tuple[Floats, ...]](), np.zeros((0, *FEATURES), np.float32)
    has_landmarks = bool((photo.has_landmarks & ~photo.ignore).any())
    for version in (photo, mirror(photo)) if has_landmarks else (photo,):
        answers = Answers(TorchEngine(nets), as_rgb(version.image()))
        for min_face, thresholds in CASCADE_SETTINGS if has_landmarks else CASCADE_SETTINGS[:1]:
            settings = Detector(nets, min_face, thresholds=thresholds).settings
            trace = bounded(Trace(answers, settings, Hooks()), MAX_PROPOSALS)
            if trace is None:
                continue
            faces += _faces(trace, version)
            if photo.complete and version is photo and min_face == CASCADE_SETTINGS[0][0]:
                others = _others(trace, np.random.default_rng([seed, number]))
    return faces, others


def _faces(trace: Trace, photo: LabelledPhoto) -> list[tuple[Floats, ...]]:
    """Features and window of both looks, and the landmarks, of each labelled face that the cascade has found."""
    stage, found = trace.onet, list[tuple[Floats, ...]]()
    left, corrected = stage.last, second_look(stage, trace.hooks).boxes  # a row for each box that O-Net's NMS left
    for face in np.flatnonzero(photo.has_landmarks & ~photo.ignore):
        label = slice(face, face + 1)
        best = np.flatnonzero(iou(left.boxes, photo.boxes[label])[:, 0] >= MATCHING_IOU)[:1]
        if len(best):
            first, second = stage["scored"].boxes[stage.rows[best]], corrected[left.parent[best]]
            features = _features(trace.answers, first), _features(trace.answers, second, mirrored=True)
            found.append((*features, first, second, photo.landmarks[label]))
    return found


def _others(trace: Trace, rng: np.random.Generator) -> Floats:
    """Features of some of the windows that R-Net left, and of some of those for second looks, drawn evenly."""
    first, second = trace.onet["scored"].boxes, second_look(trace.onet, trace.hooks).boxes
    first = first[rng.permutation(len(first))[:OTHERS_FIRST]]
    second = second[rng.permutation(len(second))[:OTHERS_SECOND]]
    return np.concatenate([_features(trace.answers, first), _features(trace.answers, second, mirrored=True)])


def _features(answers: Answers, windows: Floats, mirrored: bool = False) -> Floats:
    """What `conv4` reads of these windows, (n, 64, 4, 4)."""
    if not len(windows):
        return np.zeros((0, *FEATURES), np.float32)
    assert isinstance(answers.engine, TorchEngine)  # as in `_photo`
    net = answers.engine.nets.onet
    crops = crop_windows(answers.halved.halvings, windows, net.size)
    with torch.inference_mode():
        return np.asarray(backbone(net)(normalise(crops[:, :, ::-1].copy() if mirrored else crops)))
