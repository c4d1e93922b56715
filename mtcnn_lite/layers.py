"""Pooling and PReLU as in torch, and the same numbers, in a fifth of the time where no gradient is asked for.

torch's max pooling also notes where each maximum was, which only training needs, and its PReLU takes few channels a
number at a time. In channels-last memory a row of the map is one run of numbers: wide enough for the processor's
widest instructions, whatever the channels.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDE = 16  # channels from which torch's PReLU is as fast


class MaxPool2d(nn.MaxPool2d):
    """`nn.MaxPool2d` with a square window, no padding, and sizes rounded up (`ceil_mode`)."""

    def __init__(self, size: int, stride: int) -> None:
        super().__init__(size, stride, ceil_mode=True)
        self.size, self.step = size, stride

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, C, ceil((H - size) / stride) + 1, ...)
        if torch.is_grad_enabled():
            return super().forward(x)
        # The maximum of a window is the maximum over its columns of the maxima over its rows.
        return _largest(_largest(x, 2, self.size, self.step), 3, self.size, self.step)


class PReLU(nn.PReLU):
    """`nn.PReLU` with a slope a channel."""

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) or (N, C), and the same out
        slow = x.ndim == 4 and x.shape[1] < WIDE and x.is_contiguous(memory_format=torch.channels_last)
        if torch.is_grad_enabled() or not slow:
            return super().forward(x)
        batch, channels, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(batch * height, width * channels)  # the memory as it lies
        slopes = self.weight.repeat(width)  # of each number in a row
        return functional.prelu(rows, slopes).view(batch, height, width, channels).permute(0, 3, 1, 2)


def _largest(x: Tensor, axis: int, size: int, stride: int) -> Tensor:
    """The maximum of every `size` neighbours along an axis, `stride` apart; the last may have fewer."""
    length = x.shape[axis]
    count = math.ceil((length - size) / stride) + 1

    def neighbours(start: int) -> Tensor:
        there = min(count, math.ceil((length - start) / stride))
        return x.narrow(axis, start, (there - 1) * stride + 1)[(slice(None),) * axis + (slice(None, None, stride),)]

    first, second = neighbours(0), neighbours(1)
    whole = second.shape[axis] == count
    best = torch.maximum(first, second) if whole else first.clone(memory_format=torch.preserve_format)
    for number in range(2 if whole else 1, size):
        others = neighbours(number)
        here = best.narrow(axis, 0, others.shape[axis])
        torch.maximum(here, others, out=here)
    return best
