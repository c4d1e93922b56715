"""What O-Net sees in use: both looks of a finished cascade at each labelled face, and windows of every kind.

A detector's landmarks are the mean of two looks, at windows that the nets before chose. Samples cut round labelled
faces are other windows, and say nothing of the mean.
"""

from collections.abc import Sequence
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
from mtcnn_lite.sampling.proposals import bounded
from mtcnn_lite.training.batches import ONE_IN

# min_face and thresholds: low ones, as for a precision-recall curve, and a detector's, a third of a level apart.
WAYS = ((20.0, (0.2, 0.1, 0.05)), (22.4, (0.5, 0.6, 0.53)), (25.1, (0.5, 0.6, 0.53)))
FIRST, SECOND = 60, 20  # windows of a photo that are kept to hold O-Net's scores: of first looks, and of second ones
MOST = 8000  # windows of P-Net (`bounded`): a badly trained one would send a hundred thousand
PHOTOS_AT_ONCE = 16  # that a process gets
LAST = 7  # O-Net's last layers, as its `children` come: conv4, prelu4, dense5, prelu5 and the three heads
SHAPE = (64, 4, 4)  # of what they read of a window


@dataclass(frozen=True, eq=False)
class Looks:
    """Two looks at each of N faces, and M other windows. What O-Net's `conv4` reads stands for a window.

    first, second  (N, 64, 4, 4), of the window that R-Net left, and of the mirror image of the settled one
    windows, settled  (N, 4), these windows in the image
    points         (N, 5, 2), where the label has them, in the image
    photo          (N,), the photo's number; `group`: its data set's
    others         (M, 64, 4, 4), windows of photos in which every face is labelled; photo_of_others (M,)
    """

    first: Tensor
    second: Tensor
    windows: Tensor
    settled: Tensor
    points: Tensor
    photo: Tensor
    group: Tensor
    others: Tensor
    photo_of_others: Tensor

    def rows(self, held_out: bool) -> tuple[Tensor, Tensor]:
        """The faces, and the others, of photos that are held out of training, or of those that are not."""
        faces, others = (number % ONE_IN == ONE_IN - 1 for number in (self.photo, self.photo_of_others))
        return tuple(torch.nonzero(part == held_out).flatten() for part in (faces, others))  # type: ignore[return-value]


def look_at(nets: Nets, photos: Sequence[LabelledPhoto], seed: int, workers: int = 1, progress: bool = False) -> Looks:
    """Both looks at each face with points that the cascade finds, each photo also mirrored, and other windows; by so
    many processes."""
    names = sorted({photo.dataset for photo in photos})
    faces: list[tuple[Floats, ...]] = []
    others = []
    done = map_in_processes(
        workers, partial(_photo, seed), enumerate(photos), _set_nets, nets, chunksize=PHOTOS_AT_ONCE
    )
    for number, (found, rest) in enumerate(tqdm(done, "looks", len(photos), unit="photo", disable=not progress)):
        group = names.index(photos[number].dataset)
        faces += [(*one, np.array([number]), np.array([group])) for one in found]
        others.append((rest, np.full(len(rest), number)))
    columns = zip(*faces, strict=True) if faces else [[np.zeros((0, 1))]] * 7
    both = zip(*others, strict=True)
    return Looks(*(torch.from_numpy(np.concatenate(column)) for column in (*columns, *both)))


def below(net: ONet) -> nn.Module:
    """O-Net's layers up to what `conv4` reads: (N, 3, 48, 48) -> (N, 64, 4, 4)."""
    return nn.Sequential(*list(net.children())[:-LAST])


_nets: Nets | None = None  # this process's own: sent to it once, not with each photo


def _set_nets(nets: Nets) -> None:
    global _nets
    _nets = nets.ready()


def _photo(seed: int, numbered: tuple[int, LabelledPhoto]) -> tuple[list[tuple[Floats, ...]], Floats]:
    """The looks at one photo's faces, each as `Looks` has them, and its other windows."""
    number, photo = numbered
    nets = _nets
    assert nets is not None
    faces, others = list[tuple[Floats, ...]](), np.zeros((0, *SHAPE), np.float32)
    marked = bool((photo.has_landmarks & ~photo.ignore).any())
    for turned in (photo, mirror(photo)) if marked else (photo,):
        answers = Answers(nets, as_rgb(turned.image()))
        for min_face, thresholds in WAYS if marked else WAYS[:1]:
            settings = Detector(nets, min_face, thresholds=thresholds).settings
            trace = bounded(Trace(answers, settings, Hooks()), MOST)
            if trace is None:
                continue
            faces += _faces(trace, turned)
            if photo.complete and turned is photo and min_face == WAYS[0][0]:
                others = _others(trace, np.random.default_rng([seed, number]))
    return faces, others


def _faces(trace: Trace, photo: LabelledPhoto) -> list[tuple[Floats, ...]]:
    """Both looks at each labelled face that the cascade has found."""
    stage, looks = trace.onet, list[tuple[Floats, ...]]()
    ends, settled = stage.last, second_look(stage, trace.hooks).boxes  # (K, 4), a row for each that O-Net's NMS left
    for face in np.flatnonzero(photo.has_landmarks & ~photo.ignore):
        label = slice(face, face + 1)
        best = np.flatnonzero(iou(ends.boxes, photo.boxes[label])[:, 0] >= MATCHING_IOU)[:1]
        if len(best):
            first, second = stage["scored"].boxes[stage.rows[best]], settled[ends.parent[best]]
            seen = _seen(trace.answers, first), _seen(trace.answers, second, mirrored=True)
            looks.append((*seen, first, second, photo.landmarks[label]))
    return looks


def _others(trace: Trace, rng: np.random.Generator) -> Floats:
    """What O-Net sees of the windows that R-Net left, and of those for second looks: some, drawn evenly."""
    first, second = trace.onet["scored"].boxes, second_look(trace.onet, trace.hooks).boxes
    first, second = first[rng.permutation(len(first))[:FIRST]], second[rng.permutation(len(second))[:SECOND]]
    return np.concatenate([_seen(trace.answers, first), _seen(trace.answers, second, mirrored=True)])


def _seen(answers: Answers, windows: Floats, mirrored: bool = False) -> Floats:
    """What `conv4` reads of these windows, (n, 64, 4, 4)."""
    net = answers.nets.onet
    if not len(windows):
        return np.zeros((0, *SHAPE), np.float32)
    crops = crop_windows(answers.halvings, windows, net.size)
    with torch.inference_mode():
        return np.asarray(below(net)(normalise(crops[:, :, ::-1].copy() if mirrored else crops)))
