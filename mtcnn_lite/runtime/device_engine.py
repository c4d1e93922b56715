"""The nets computed by torch on a GPU, which likes few transfers and large batches.

Each stage sends its pixels to the device in one transfer, as bytes, and fetches all that the net says in another.
Windows are cut out on the CPU, by the code that the other engines use: its crops are the same to the bit, and 24 x 24
bytes each are less to send than the photo's pyramid is to build there again.
"""

import copy
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np
import torch
from torch import Tensor

from mtcnn_lite import pyramid
from mtcnn_lite.images import Pixels
from mtcnn_lite.nets import NetOutput, Nets
from mtcnn_lite.runtime.inference import Answer, Maps
from mtcnn_lite.runtime.torch_engine import without_autocast

BATCH_PIXELS = 1 << 24  # of a net's input at a time: its first layer's maps then take about 1 GB
_ONE_AT_A_TIME = threading.Lock()  # `_float32` is for all threads, and the device does one thing after another anyway


class DeviceEngine:
    """The three nets on one of torch's devices, as an `inference.Engine`.

    Parameters
    ----------
    nets : Nets
        On the CPU; they stay there, and copies go to the device.
    device : str
        "cuda" or "mps"; "cpu" gives the same results, more slowly than `TorchEngine`.
    """

    name, whole_stages = "torch", True
    batch_pixels: int | None = None

    def __init__(self, nets: Nets, device: str) -> None:
        self.nets, self.device = nets, device
        self._copies = Nets(*(copy.deepcopy(net).to(device) for net in nets)).ready()  # type: ignore[arg-type]  # three

    def pnet(self, images: Sequence[Pixels]) -> list[Maps]:
        if not images:
            return []
        with self._computing():
            sent = self._send(np.concatenate([image.ravel() for image in images]))
            levels = [
                level.view(1, *image.shape)
                for level, image in zip(torch.split(sent, [image.size for image in images]), images, strict=True)
            ]
            values = torch.cat([said for level in levels for said in self._maps(level)]).cpu().numpy()
        sizes = [pyramid.map_size(*image.shape[:2]) for image in images]
        shapes = [shape for size in sizes for shape in (size, (*size, 4))]  # in the order of `_maps`
        ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
        maps = [part.reshape(shape) for part, shape in zip(np.split(values, ends), shapes, strict=True)]
        return list(zip(maps[::2], maps[1::2], strict=True))

    def windows(self, net: str, crops: Pixels) -> Answer:
        asked = getattr(self._copies, net)
        with self._computing():
            batches = torch.split(self._send(crops), max(1, BATCH_PIXELS // crops[0, ..., 0].size))
            values = torch.cat([_columns(asked(normalised(batch))) for batch in batches]).cpu().numpy()  # (n, 5 or 15)
        return values[:, 0], values[:, 1:5], values[:, 5:] if values.shape[1] > 5 else None

    def _maps(self, level: Tensor) -> tuple[Tensor, Tensor]:
        """P-Net's scores, and its offsets cell by cell, of a level (1, h, w, 3), each as one run of numbers."""
        parts = [self._copies.pnet(normalised(strip), points=False) for strip in _strips(level)]
        offsets = [part.offsets.permute(0, 2, 3, 1) for part in parts]
        return torch.cat([part.score.flatten() for part in parts]), torch.cat([part.flatten() for part in offsets])

    @contextmanager
    def _computing(self) -> Iterator[None]:
        with _ONE_AT_A_TIME, torch.inference_mode(), without_autocast(self.device), _float32():
            try:
                yield
            except torch.OutOfMemoryError:
                raise MemoryError(f"the device {self.device} has too little memory") from None

    def _send(self, pixels: Pixels) -> Tensor:
        return torch.from_numpy(pixels).to(self.device)


def _columns(output: NetOutput) -> Tensor:
    """A net's output for n windows as one array: the score, four offsets and, where it has them, ten landmarks."""
    heads = (output.score[:, None], output.offsets, output.landmarks)
    return torch.cat([head for head in heads if head is not None], dim=1)


def normalised(images: Tensor) -> Tensor:
    """`nets.normalise` of bytes (N, H, W, 3) that are on the device."""
    return images.permute(0, 3, 1, 2).float().sub_(127.5).mul_(1 / 128)


def _strips(level: Tensor) -> Iterator[Tensor]:
    """A level (1, h, w, 3) in strips of rows whose maps, one below the other, are its map."""
    rows, _ = pyramid.map_size(level.shape[1], level.shape[2])
    most = max(1, BATCH_PIXELS // (level.shape[2] * pyramid.STRIDE))
    for first in range(0, rows, most):
        last = min(first + most, rows)
        yield level[:, pyramid.STRIDE * first : pyramid.STRIDE * (last - 1) + pyramid.CELL]


def _float32() -> AbstractContextManager[None]:
    """In it cuDNN computes in float32; by default its convolutions round their inputs to ten bits."""
    if not torch.backends.cudnn.is_available():  # type: ignore[no-untyped-call]
        return nullcontext()
    return torch.backends.cudnn.flags(enabled=True, allow_tf32=False)


def found_device(device: str) -> str:
    """The device as asked for; "auto" is "cuda" or "mps" where torch finds such a one, else "cpu".

    Raises ValueError for a device that torch does not find.
    """
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return next(name for name, there in found.items() if there)
    if not found[device]:
        raise ValueError(f'device is "{device}", which torch does not find on this machine; "cpu" always works')
    return device
