"""The same nets, asked fast: their layers in the memory layout that the CPU's convolutions prefer.

oneDNN, the library behind torch's convolutions on CPUs, keeps channels in blocks of 8 or 16, as many as the processor
works on at once. Tensors in that layout pass from layer to layer without being reordered, and pooling takes a tenth of
the time. What is computed stays the same: `nets.py` has the layers.
"""

import copy
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mtcnn_lite.nets import NetOutput, Nets, ONet, PNet, RNet, normalise

LARGEST = 31 << 20  # bytes: just under what glibc's allocator still learns from


class FastNet:
    """A copy of `net` to ask: uint8 images (N, H, W, 3), N at least 1, to its `NetOutput`. Training `net` further does
    not change the copy."""

    def __init__(self, net: PNet | RNet | ONet) -> None:
        self.size = net.size
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        if net.size < ONet.size:
            self.net.landmarks = None  # the cascade asks only O-Net for them
        self.blocked = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]  # oneDNN's old name
        for module in self.net.modules() if self.blocked else ():
            for name, values in list(module.named_parameters(recurse=False)):
                blocked = values.contiguous().to_mkldnn()
                setattr(module, name, nn.Parameter(blocked, requires_grad=False))

    @torch.inference_mode()
    def __call__(self, images: NDArray[np.uint8]) -> NetOutput:
        if not self.blocked:
            said: NetOutput = self.net(normalise(np.ascontiguousarray(images)))
            return said
        planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2))  # a colour after the other
        x = normalise(planes.transpose(0, 2, 3, 1))  # (N, 3, H, W)
        said = self.net(x.to_mkldnn())
        return NetOutput(*(None if head is None else head.to_dense() for head in said))  # type: ignore[arg-type]


class FastNets(NamedTuple):
    """The three nets of one cascade, to ask."""

    pnet: FastNet
    rnet: FastNet
    onet: FastNet


def fast_nets(nets: Nets) -> FastNets:
    """Fast copies of the nets."""
    # The layers make and drop arrays of a few MB all the time. The C library of Linux would give each back to the
    # system and get it again page by page, a tenth of detection's time; once it has seen a larger one dropped, it keeps
    # what is freed, up to twice as much.
    torch.empty(LARGEST, dtype=torch.uint8)
    return FastNets(*(FastNet(net) for net in nets))
