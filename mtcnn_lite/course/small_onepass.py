"""Chapter 13's net: a one-pass detector small enough to train in seconds, with one map, several depths or a pyramid.

It answers as `onepass.model.OnePassNet` does, but for the points, which it does not learn: they are all 0.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from mtcnn_lite.onepass.model import Answer, answer_layer, by_anchor, convolution, merged

LEVELS: Mapping[int, Sequence[float]] = {8: (16, 23), 16: (32, 45), 32: (64,)}  # stride: sides, px; faces of 14 to 60
DEEPEST: Mapping[int, Sequence[float]] = {32: (16, 23, 32, 45, 64)}  # all of these sizes asked of one map
FINEST: Mapping[int, Sequence[float]] = {8: (16, 23)}  # the smallest alone, for a pyramid of photos
STEM = (8, 16)  # channels at strides 2 and 4
WIDTHS: Mapping[int, int] = {8: 32, 16: 48, 32: 64}  # channels by stride
SHARED = 32  # channels that each head reads
NUMBERS = 6  # for each anchor: two logits, four numbers for the box


class Net(nn.Module):
    """A backbone to stride 32, of whose maps some are read.

    Parameters
    ----------
    levels : mapping of int to sequence of float
        Sides of the anchors, px, by the stride of the map that answers for them: 8, 16 or 32.
    pyramid : bool
        Whether each map has the coarser ones added to it, as in a feature pyramid.

    Examples
    --------
    >>> Net().eval()(torch.zeros(1, 3, 64, 96)).face.shape  # 8 x 12 cells of 2, 4 x 6 of 2, 2 x 3 of 1
    torch.Size([1, 246, 2])
    """

    def __init__(self, levels: Mapping[int, Sequence[float]] = LEVELS, pyramid: bool = False) -> None:
        super().__init__()
        self.levels, self.pyramid = levels, pyramid
        self.stem = nn.Sequential(convolution(3, STEM[0], stride=2), convolution(STEM[0], STEM[1], stride=2))
        inputs, self.stages = STEM[1], nn.ModuleList()
        for outputs in [width for stride, width in WIDTHS.items() if stride <= max(levels)]:
            self.stages.append(nn.Sequential(convolution(inputs, outputs, stride=2), convolution(outputs, outputs)))
            inputs = outputs
        self.lateral = nn.ModuleList(convolution(WIDTHS[stride], SHARED, size=1) for stride in levels)
        self.heads = nn.ModuleList(head(len(sides)) for sides in levels.values())

    def features(self, x: Tensor) -> list[Tensor]:
        """What the heads read of photos (N, 3, H, W): (N, 32, H / stride, W / stride) for each of `levels`."""
        maps, x = {}, self.stem(x)  # x: (N, 16, H/4, W/4)
        for stride, stage in zip(WIDTHS, self.stages, strict=False):  # no deeper than it is read
            maps[stride] = x = stage(x)  # (N, 32, H/8, W/8), (N, 48, H/16, W/16), (N, 64, H/32, W/32)
        read = [lateral(maps[stride]) for stride, lateral in zip(self.levels, self.lateral, strict=True)]
        for k in reversed(range(len(read) - 1)) if self.pyramid else ():
            read[k] = merged(read[k], read[k + 1])  # from the coarsest down
        return read

    def forward(self, x: Tensor) -> Answer:  # x: (N, 3, H, W)
        return answer([head_(level) for head_, level in zip(self.heads, self.features(x), strict=True)])


class CentreHead(nn.Module):
    """A head without anchors on a feature map of stride 8: each cell says whether a face's middle lies in it.

    Its box is told as from a square of 32 px round the cell's middle, whatever the face's size; there is no other.
    """

    levels: Mapping[int, Sequence[float]] = {8: (32,)}

    def __init__(self) -> None:
        super().__init__()
        self.head = head(1)

    def forward(self, features: Tensor) -> Answer:  # features: (N, 32, h, w)
        return answer([self.head(features)])  # one answer for each of the h * w cells


class CentreNet(nn.Module):
    """The finest map of a net, and on it a head without anchors: from photos (N, 3, H, W) to its answers."""

    def __init__(self, net: Net, centre: CentreHead) -> None:
        super().__init__()
        self.net, self.centre, self.levels = net, centre, centre.levels

    def forward(self, x: Tensor) -> Answer:  # x: (N, 3, H, W)
        return self.centre(self.net.features(x)[0])


def head(anchors: int) -> nn.Sequential:
    """A look around each place, then six numbers for each of its anchors."""
    last = answer_layer(SHARED, anchors, NUMBERS)
    return nn.Sequential(convolution(SHARED, SHARED), last)


def answer(said: Sequence[Tensor]) -> Answer:
    """One answer of what the heads said, (N, anchors * 6, h, w) each, in the order of `anchors.anchor_levels`."""
    all_ = torch.cat([by_anchor(each, NUMBERS) for each in said], dim=1)  # (N, A, 6)
    return Answer(all_[..., :2], all_[..., 2:], all_.new_zeros(*all_.shape[:2], 10))


def multiply_adds(net: nn.Module, height: int, width: int) -> int:
    """How often the convolutions of a net multiply and add, for one photo.

    Parameters
    ----------
    net : Module
        From photos (N, 3, H, W).
    height, width : int
        Of the photo, px; multiples of 32.
    """
    counted = 0

    def count(layer: nn.Module, given: object, made: Tensor) -> None:
        nonlocal counted
        counted += made[0].numel() * layer.weight[0].numel()  # type: ignore[index]  # a convolution's

    hooks = [layer.register_forward_hook(count) for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    with torch.inference_mode():
        net(torch.zeros(1, 3, height, width))
    for hook in hooks:
        hook.remove()
    return counted
