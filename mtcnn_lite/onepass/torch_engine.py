"""The one-pass net computed by torch."""

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

from mtcnn_lite.images import Pixels
from mtcnn_lite.nets import normalise
from mtcnn_lite.onepass.look import Said
from mtcnn_lite.onepass.model import OnePassNet
from mtcnn_lite.runtime.torch_engine import without_autocast


class TorchOnePass:
    """A one-pass net computed by torch.

    Parameters
    ----------
    net : OnePassNet
        On the CPU; it stays there as it is, and a copy works.
    device : str
        "cpu", "cuda" or "mps".
    """

    name = "torch"

    def __init__(self, net: OnePassNet, device: str = "cpu") -> None:
        self.net, self.device = net, device
        ready = fused(copy.deepcopy(net).eval().requires_grad_(False)).to(device)
        self._copy = ready.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it

    @property
    def anchors(self) -> Mapping[int, Sequence[float]]:
        return self.net.levels

    def __call__(self, photos: Pixels) -> list[Said]:
        with torch.inference_mode(), without_autocast(self.device):
            answer = self._copy(normalise(photos).to(self.device))
            columns = [part.cpu().numpy() for part in (answer.score, answer.offsets, answer.points)]
        return list(zip(*columns, strict=True))


def fused(net: OnePassNet) -> OnePassNet:
    """The net, in evaluation mode, with each batch normalisation worked into the convolution before it."""
    for layer in net.modules():
        if isinstance(layer, nn.Sequential) and len(layer) > 1 and isinstance(layer[1], nn.BatchNorm2d):
            layer[0], layer[1] = fuse_conv_bn_eval(layer[0], layer[1]), nn.Identity()  # type: ignore[type-var]
    return net
