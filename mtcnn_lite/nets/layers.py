"""Max pooling and PReLU: the same results as torch's, in a fifth of the time; PReLU's gradient in half of it.

torch's max pooling also notes where each maximum was, which only training needs, and its PReLU takes few channels a
number at a time, and in the gradient all of them. In channels-last memory a row of the map is one run of numbers: wide
enough for the processor's widest instructions, whatever the channels. Where pooling comes after PReLU, most numbers are
no maximum, and get no gradient: PReLU's is computed for the maxima alone.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

WIDE = 16  # channels from which torch's PReLU is as fast


class MaxPool2d(nn.MaxPool2d):
    """`nn.MaxPool2d` with a square window, no padding, and sizes rounded up (`ceil_mode`)."""

    def __init__(self, size: int, stride: int) -> None:
        super().__init__(size, stride, ceil_mode=True)
        self.size, self.step = size, stride

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, C, ceil((H - size) / stride) + 1, ...)
        if torch.is_grad_enabled():
            made_by: Any = x.grad_fn
            after_prelu = isinstance(made_by, _InRows._backward_cls)
            if after_prelu:
                before, slopes = made_by.saved_tensors
                return _AfterPReLU.apply(before, slopes, x.detach(), self.size, self.step)  # type: ignore[no-untyped-call]
            return super().forward(x)
        # The maximum of a window is the maximum over its columns of the maxima over its rows.
        return _largest(_largest(x, 2, self.size, self.step), 3, self.size, self.step)


class PReLU(nn.PReLU):
    """`nn.PReLU` with a slope a channel."""

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) or (N, C), and the same out
        if x.ndim != 4 or not x.is_contiguous(memory_format=torch.channels_last):
            return super().forward(x)
        if torch.is_grad_enabled():
            return _InRows.apply(x, self.weight)  # type: ignore[no-untyped-call]
        return _in_rows(x, self.weight)


class _InRows(torch.autograd.Function):
    """PReLU and its gradient, on rows of maps."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, slopes: Tensor) -> Tensor:
        ctx.save_for_backward(x, slopes)
        return _in_rows(x, slopes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        return _prelu_gradients(gradient, *ctx.saved_tensors)


class _AfterPReLU(torch.autograd.Function):
    """Max pooling of what PReLU made of maps (`_InRows`), and the gradient of both."""

    @staticmethod
    def forward(ctx: Any, before: Tensor, slopes: Tensor, after: Tensor, size: int, step: int) -> Tensor:
        pooled, places = functional.max_pool2d(after, size, step, ceil_mode=True, return_indices=True)
        batch, channels, height, width = before.shape
        in_row = places.permute(0, 2, 3, 1).reshape(batch, -1, channels)  # (N, h * w, C), of H * W
        maxima = before.permute(0, 2, 3, 1).reshape(batch, height * width, channels).gather(1, in_row)
        ctx.save_for_backward(_maps(maxima, pooled.shape), slopes, before, places)
        ctx.window = [size, size], [step, step]
        return pooled

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        maxima, slopes, before, places = ctx.saved_tensors
        inner, of_slopes = _prelu_gradients(gradient, maxima, slopes)
        spread = torch.ops.aten.max_pool2d_with_indices_backward
        return spread(inner, before, *ctx.window, [0, 0], [1, 1], True, places), of_slopes, None, None, None


def _prelu_gradients(gradient: Tensor, x: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of PReLU's input (N, C, H, W) and of its slopes (C,), from that of its output."""
    inputs, outer = _rows(x), _rows(gradient)
    above = torch.ops.aten.threshold_backward(outer, inputs, 0)  # the gradient where x > 0, else 0
    below = outer - above
    inner = torch.addcmul(above, below, slopes.repeat(x.shape[3]))
    of_slopes = below.mul_(inputs).sum(0).view(x.shape[3], -1).sum(0)
    return _maps(inner, x.shape), of_slopes


def _in_rows(x: Tensor, slopes: Tensor) -> Tensor:
    if len(slopes) >= WIDE:
        return functional.prelu(x, slopes)
    return _maps(functional.prelu(_rows(x), slopes.repeat(x.shape[3])), x.shape)


def _rows(maps: Tensor) -> Tensor:
    """(N, C, H, W) -> (N * H, W * C): the memory as it lies, where channels are last."""
    batch, channels, height, width = maps.shape
    return maps.permute(0, 2, 3, 1).reshape(batch * height, width * channels)


def _maps(rows: Tensor, shape: torch.Size) -> Tensor:
    """Rows of channels-last memory -> (N, C, H, W), of this shape; the memory stays as it lies."""
    batch, channels, height, width = shape
    return rows.view(batch, height, width, channels).permute(0, 3, 1, 2)


def _largest(x: Tensor, axis: int, size: int, stride: int) -> Tensor:
    """The maximum of every `size` neighbours along axis 2 or 3, `stride` apart; the last may have fewer."""
    length = x.shape[axis]
    count = math.ceil((length - size) / stride) + 1

    def neighbours(start: int) -> Tensor:
        there = min(count, math.ceil((length - start) / stride))
        every = slice(start, start + (there - 1) * stride + 1, stride)
        return x[:, :, every] if axis == 2 else x[:, :, :, every]

    first, second = neighbours(0), neighbours(1)
    whole = second.shape[axis] == count
    best = torch.maximum(first, second) if whole else first.clone(memory_format=torch.preserve_format)
    for number in range(2 if whole else 1, size):
        others = neighbours(number)
        here = best.narrow(axis, 0, others.shape[axis])
        torch.maximum(here, others, out=here)
    return best
