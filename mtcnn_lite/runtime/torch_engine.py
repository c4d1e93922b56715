"""The nets computed by torch, on the CPU."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch

from mtcnn_lite.images import Pixels
from mtcnn_lite.nets import Nets, ONet, PNet, RNet, normalise
from mtcnn_lite.runtime.inference import Answer, Maps


class OnePNet:
    """P-Net alone, as an `inference.PNetEngine`."""

    batch_pixels: int | None = None
    whole_stages = False

    def __init__(self, net: PNet) -> None:
        self._pnet = net

    def pnet(self, images: Sequence[Pixels]) -> list[Maps]:
        pixels = images[0][None] if len(images) == 1 else np.stack(images)
        with torch.inference_mode(), without_autocast("cpu"):
            output = self._pnet(normalise(pixels), points=False)  # maps: (n, C, rows, columns)
        return list(zip(output.score.numpy(), output.offsets.permute(0, 2, 3, 1).numpy(), strict=True))


class TorchEngine(OnePNet):
    """The three nets, ready for use (`Nets.ready`), as an `inference.Engine`."""

    name, device = "torch", "cpu"

    def __init__(self, nets: Nets) -> None:
        super().__init__(nets.pnet)
        self.nets = nets

    def windows(self, net: str, crops: Pixels) -> Answer:
        asked: RNet | ONet = getattr(self.nets, net)
        with torch.inference_mode(), without_autocast("cpu"):
            output = asked(normalise(crops))
        points = None if output.landmarks is None else output.landmarks.numpy()
        return output.score.numpy(), output.offsets.numpy(), points


def without_autocast(device: str) -> AbstractContextManager[None]:
    """In it the nets compute in float32, also where the caller's `torch.autocast` is on for this thread."""
    return torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext()
