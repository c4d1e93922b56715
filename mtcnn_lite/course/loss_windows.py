"""The windows that chapter 07 learns from and is judged on: samples of the astronaut's portrait, with their targets."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import Pixels
from mtcnn_lite.losses import Losses, multitask_loss, sample_losses, takes_part
from mtcnn_lite.nets import NetOutput, normalise
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.sampler import sample

CONFIG = SamplingConfig(random=60, beside=10, jittered=60, landmarks=80)


@dataclass(frozen=True, eq=False)
class Windows:
    """N training windows and their targets, float64: every machine then prints the same digits.

    crops: uint8 (N, 12, 12, 3). x: (N, 3, 12, 12), what the net reads. kinds: (N,). offsets: (N, 4), points: (N, 10),
    NaN where a kind has none. windows: (N, 4), px of the photo.
    """

    crops: Pixels
    x: Tensor
    kinds: Tensor
    offsets: Tensor
    points: Tensor
    windows: np.ndarray[Any, np.dtype[np.float32]]

    @property
    def part(self) -> Tensor:
        """Which tasks each takes part in, bool (N, 3)."""
        return takes_part(self.kinds)

    def __len__(self) -> int:
        return len(self.kinds)

    def __getitem__(self, rows: Tensor) -> "Windows":
        """Those of these rows, in their order."""
        where = rows.numpy()
        x, kinds, offsets, points = (one[rows] for one in (self.x, self.kinds, self.offsets, self.points))
        return Windows(self.crops[where], x, kinds, offsets, points, self.windows[where])

    def losses(self, output: NetOutput) -> Tensor:
        """The losses (N, 3) of a net's answers."""
        return sample_losses(output, self.kinds, self.offsets, self.points, self.part)

    def loss(self, output: NetOutput, weights: tuple[float, float, float]) -> Losses:
        """The package's multi-task loss of a net's answers: `total`, and each task's mean."""
        return multitask_loss(self.losses(output), self.part, weights)


def portrait() -> LabelledPhoto:
    """scikit-image's portrait of Eileen Collins (NASA, public domain), labelled."""
    from skimage.data import astronaut

    image: Pixels = astronaut()  # type: ignore[no-untyped-call]
    return LabelledPhoto(image, [ASTRONAUT_BOX], [ASTRONAUT_LANDMARKS])


def windows(seed: int, photo: LabelledPhoto | None = None) -> Windows:
    """210 windows for P-Net, drawn at random, of all four kinds.

    Parameters
    ----------
    seed : int
        Another seed, other windows.
    photo : LabelledPhoto, optional
        Where they are cut from; the astronaut's portrait.

    Examples
    --------
    >>> windows(7).kinds.bincount()
    tensor([70, 15, 45, 80])
    """
    samples, crops = sample(photo or portrait(), 12, np.random.default_rng(seed), CONFIG)
    flat = samples["landmarks"].transpose(0, 2, 1).reshape(-1, 10)  # x1..x5 y1..y5, as the nets answer
    kinds = torch.from_numpy(samples["kind"].astype(np.int64))
    offsets, points = (torch.from_numpy(each.astype(np.float64)) for each in (samples["offsets"], flat))
    return Windows(crops, normalise(crops).double().contiguous(), kinds, offsets, points, samples["window"])
