"""The one-pass net: a backbone, a feature pyramid of three levels, and one answer for each anchor.

Deng et al. 2019, "RetinaFace: single-stage dense face localisation in the wild" (arXiv 1905.00641), in small. In place
of resizing the photo (MTCNN's pyramid), the net takes its features from three depths: fine ones for small faces, coarse
ones for large faces, and adds to the fine ones what the coarse ones know (Lin et al. 2017, "Feature pyramid networks",
arXiv 1612.03144).

Input: float32 (N, 3, H, W), RGB, (pixel - 127.5) / 128, H and W multiples of 32.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from mtcnn_lite.anchors import ONE_PASS

STEM, QUARTER = 16, 32  # channels at strides 2 and 4
WIDTHS = (96, 160, 224)  # channels of the backbone at strides 8, 16 and 32
BLOCKS = (4, 4, 2)  # separable convolutions at each of these strides; all but the first are residual
SHARED = 64  # channels of the feature pyramid, the same at each level
NUMBERS = (2, 4, 10)  # that the net answers for each anchor: face, box, points
PRIOR = 0.01  # the probability of "face" that an untrained net gives: focal loss's paper, section 3.3


class Answer(NamedTuple):
    """What the net says of N photos' A anchors, in the order of `anchors.anchor_levels`.

    face: two logits (N, A, 2), "no face" and "face". offsets (N, A, 4) and points (N, A, 10), x and y of five points:
    see `encoding`.
    """

    face: Tensor
    offsets: Tensor
    points: Tensor

    @property
    def score(self) -> Tensor:
        """Probability of "face": softmax of the two logits, (N, A)."""
        return torch.sigmoid(self.face[..., 1] - self.face[..., 0])


def convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """A convolution with as many pixels out as in (at stride 1), batch normalisation, ReLU.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    size, stride : int
        Of the kernel and its step, px.
    groups : int
        1, or `inputs` for a depthwise convolution: each channel by itself.
    """
    layer = nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3 x 3 convolution in two: each channel by itself in space, then all channels at each place.

    Howard et al. 2017, "MobileNets" (arXiv 1704.04861). It has 9 * inputs + inputs * outputs weights in place of
    9 * inputs * outputs.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    stride : int
        Step, px.

    Examples
    --------
    >>> [sum(value.numel() for value in layer.parameters() if value.ndim > 1)
    ...  for layer in (convolution(64, 64), separable(64, 64))]
    [36864, 4672]
    """
    return nn.Sequential(
        convolution(inputs, inputs, stride=stride, groups=inputs), convolution(inputs, outputs, size=1)
    )


class Residual(nn.Module):
    """A separable convolution whose result is added to what came in, so that the gradient reaches the first layers.

    He et al. 2016, "Deep residual learning" (arXiv 1512.03385). The net has no other weights to begin with than random
    ones, and thirty layers: without these it learns far more slowly.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.change = separable(channels, channels)

    def forward(self, x: Tensor) -> Tensor:  # x: (N, C, h, w), and the same out
        return x + self.change(x)


class OnePassNet(nn.Module):
    """Backbone, feature pyramid and heads; `levels` has the anchors' sides by stride, 8, 16 and 32."""

    def __init__(self, levels: Mapping[int, Sequence[float]] = ONE_PASS) -> None:
        super().__init__()
        self.levels = levels
        self.stem = nn.Sequential(convolution(3, STEM, stride=2), convolution(STEM, QUARTER, stride=2))
        inputs, stages = QUARTER, []
        for outputs, blocks in zip(WIDTHS, BLOCKS, strict=True):
            more = [Residual(outputs) for _ in range(blocks - 1)]
            stages.append(nn.Sequential(separable(inputs, outputs, stride=2), *more))
            inputs = outputs
        self.stage8, self.stage16, self.stage32 = stages
        self.lateral8, self.lateral16, self.lateral32 = (convolution(width, SHARED, size=1) for width in WIDTHS)
        self.merge8, self.merge16 = separable(SHARED, SHARED), separable(SHARED, SHARED)
        self.heads = nn.ModuleList(_Head(len(sides)) for sides in levels.values())
        self.float()  # whatever torch's default type is

    def forward(self, x: Tensor) -> Answer:  # x: (N, 3, H, W)
        c8 = self.stage8(self.stem(x))  # (N, 96, H/8, W/8)
        c16 = self.stage16(c8)  # (N, 160, H/16, W/16)
        c32 = self.stage32(c16)  # (N, 224, H/32, W/32)
        p32 = self.lateral32(c32)  # (N, 64, H/32, W/32)
        p16 = self.merge16(merged(self.lateral16(c16), p32))  # (N, 64, H/16, W/16)
        p8 = self.merge8(merged(self.lateral8(c8), p16))  # (N, 64, H/8, W/8)
        said = [head(level) for head, level in zip(self.heads, (p8, p16, p32), strict=True)]  # (N, A of it, 16) each
        return Answer(*torch.split(torch.cat(said, dim=1), list(NUMBERS), dim=2))  # (N, A, 2), (N, A, 4), (N, A, 10)


class _Head(nn.Module):
    """A look around each place, then 16 numbers for each of its anchors."""

    def __init__(self, anchors: int) -> None:
        super().__init__()
        self.around = nn.Sequential(Residual(SHARED), Residual(SHARED))
        self.answer = answer_layer(SHARED, anchors, sum(NUMBERS))

    def forward(self, x: Tensor) -> Tensor:  # x: (N, 64, h, w)
        return by_anchor(self.answer(self.around(x)), sum(NUMBERS))  # (N, h * w * anchors, 16)


def answer_layer(inputs: int, anchors: int, numbers: int) -> nn.Conv2d:
    """A 1 x 1 convolution to the numbers of each anchor; untrained, it gives "face" the probability PRIOR.

    Parameters
    ----------
    inputs, anchors : int
        Channels, and anchors of a cell.
    numbers : int
        For each anchor; the second is the logit of "face".
    """
    layer = nn.Conv2d(inputs, anchors * numbers, 1)
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # it has one
    with torch.no_grad():
        layer.bias[1::numbers] = torch.logit(torch.tensor(PRIOR))  # type: ignore[index]
    return layer


def by_anchor(said: Tensor, numbers: int) -> Tensor:
    """(N, anchors * numbers, h, w) -> (N, h * w * anchors, numbers), in the order of `anchor_grid`.

    That is rows of cells, in a row from the left, in a cell in the order of the sides.
    """
    return said.permute(0, 2, 3, 1).reshape(said.shape[0], -1, numbers)


def merged(fine: Tensor, coarse: Tensor) -> Tensor:
    """A level of the pyramid plus the coarser one, each of whose pixels becomes 2 x 2: (N, C, h, w).

    >>> merged(torch.zeros(1, 1, 2, 4), torch.tensor([[[[1.0, 2.0]]]]))[0, 0].tolist()
    [[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]
    """
    return fine + functional.interpolate(coarse, scale_factor=2.0, mode="nearest")
