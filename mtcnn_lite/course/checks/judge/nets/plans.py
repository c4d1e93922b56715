"""The three nets as one function of images and values, which can make every slip that the judges name."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from mtcnn_lite.course.checks.judge.text import Array

Values = Mapping[str, Tensor]  # conv1.weight, conv1.bias, prelu1.weight, ... as in the package's nets


@dataclass(frozen=True)
class Layer:
    """A convolution or a dense layer, the PReLU after it, "" for none, and the side of the max pooling after that."""

    name: str
    slopes: str
    pool: int = 0


@dataclass(frozen=True)
class Plan:
    """A net: its window's side, its layers in order, its heads, and its layers in words.

    counts: how many numbers arrive at the dense layer where something is otherwise, and what; `structure` counts those
    of R-Net and O-Net.
    """

    name: str
    size: int
    convolutions: tuple[Layer, ...]
    dense: Layer | None
    heads: tuple[str, ...]
    layers: str
    counts: tuple[tuple[int, str], ...] = ()

    @property
    def trunk(self) -> tuple[Layer, ...]:
        """All layers but the heads."""
        return (*self.convolutions, *([self.dense] if self.dense else []))


_TWO = ("face", "offsets")
PLANS = {
    plan.name: plan
    for plan in (
        Plan(
            "pnet", 12, (Layer("conv1", "prelu1", 2), Layer("conv2", "prelu2"), Layer("conv3", "prelu3")), None, _TWO,
            "Conv2d(3, 10, 3), PReLU(10), MaxPool2d(2, 2, ceil_mode=True)\n"
            "Conv2d(10, 16, 3), PReLU(16)\nConv2d(16, 32, 3), PReLU(32)\n"
            "heads: Conv2d(32, 2, 1) and softmax, Conv2d(32, 4, 1)",
        ),
        Plan(
            "rnet", 24, (Layer("conv1", "prelu1", 3), Layer("conv2", "prelu2", 3), Layer("conv3", "prelu3")),
            Layer("dense4", "prelu4"), _TWO,
            "Conv2d(3, 28, 3), PReLU(28), MaxPool2d(3, 2, ceil_mode=True)\n"
            "Conv2d(28, 48, 3), PReLU(48), MaxPool2d(3, 2, ceil_mode=True)\n"
            "Conv2d(48, 64, 2), PReLU(64), Flatten()\nLinear(576, 128), PReLU(128)\n"
            "heads: Linear(128, 2) and softmax, Linear(128, 4)",
        ),
        Plan(
            "onet", 48,
            (Layer("conv1", "prelu1", 3), Layer("conv2", "prelu2", 3), Layer("conv3", "prelu3", 2),
             Layer("conv4", "prelu4")),
            Layer("dense5", "prelu5"), (*_TWO, "landmarks"),
            "Conv2d(3, 32, 3), PReLU(32), MaxPool2d(3, 2, ceil_mode=True)\n"
            "Conv2d(32, 64, 3), PReLU(64), MaxPool2d(3, 2, ceil_mode=True)\n"
            "Conv2d(64, 64, 3), PReLU(64), MaxPool2d(2, 2, ceil_mode=True)\n"
            "Conv2d(64, 128, 2), PReLU(128), Flatten()\nLinear(1152, 256), PReLU(256)\n"
            "heads: Linear(256, 2) and softmax, Linear(256, 4), Linear(256, 10)",
        ),
    )
}  # fmt: skip


def unchanged(x: Tensor) -> Tensor:
    """The same."""
    return x


def softmax(logits: Tensor) -> Tensor:
    """Over the two channels."""
    return logits.softmax(dim=1)


def channels_first(maps: Tensor) -> Tensor:
    """(N, C, H, W) in one row each, as the values of the dense layers are ordered."""
    return maps.flatten(1)


def answer(
    plan: Plan,
    images: Array | Tensor,
    values: Values,
    prepare: Callable[[Tensor], Tensor] = unchanged,
    pools: Mapping[str, int] | None = None,
    step: int | None = 2,
    ceil: bool = True,
    pooling: Callable[..., Tensor] = functional.max_pool2d,
    slopes: Callable[[Tensor], Tensor] = unchanged,
    silent: Collection[str] = (),
    pool_first: bool = False,
    without_bias: Collection[str] = (),
    padding: int = 0,
    stride: int = 1,
    flatten: Callable[[Tensor], Tensor] = channels_first,
    probability: Callable[[Tensor], Tensor] = softmax,
    head: Callable[[Tensor], Tensor] = unchanged,
    order: tuple[str, ...] | None = None,
) -> Any:
    """What the net says, (N, 6) or (N, 16), P-Net's with rows and columns in between; other arguments are slips.

    Parameters
    ----------
    plan : Plan
        Which net.
    images : float32 (N, 3, H, W)
        Normalised.
    values : mapping
        Of the net, by the package's names.
    prepare : callable
        Changes the images first.
    pools : mapping, optional
        Other sides of poolings, by the layer before them; 0 for none.
    step : int or None
        The poolings' stride; None for their side.
    ceil : bool
        Whether poolings round sizes up.
    pooling : callable
        In place of `max_pool2d`.
    slopes : callable
        Changes the PReLUs' slopes.
    silent : collection of str
        Layers without an activation.
    pool_first : bool
        Whether pooling comes before the activation.
    without_bias : collection of str
        Layers without a bias.
    padding, stride : int
        Of the convolutions: padding of those with more than one pixel, stride of the first.
    flatten : callable
        Maps to a row, before the dense layer.
    probability : callable
        Of the face head's two numbers.
    head : callable
        What follows the other heads.
    order : tuple of str, optional
        The heads as they are returned.
    """
    x = prepare(torch.as_tensor(images, dtype=torch.float32))

    def weighted(x: Tensor, name: str, **how: int) -> Tensor:
        weight, bias = values[f"{name}.weight"], values[f"{name}.bias"]
        bias = 0 * bias if name in without_bias else bias
        return functional.conv2d(x, weight, bias, **how) if weight.ndim == 4 else functional.linear(x, weight, bias)

    def activated(x: Tensor, layer: Layer) -> Tensor:
        return x if layer.name in silent else functional.prelu(x, slopes(values[f"{layer.slopes}.weight"]))

    for index, layer in enumerate(plan.convolutions):
        x = weighted(x, layer.name, padding=padding, stride=1 if index else stride)
        side = layer.pool if pools is None else pools.get(layer.name, layer.pool)
        x = x if pool_first else activated(x, layer)
        x = pooling(x, side, side if step is None else step, ceil_mode=ceil) if side else x
        x = activated(x, layer) if pool_first else x
    if plan.dense:
        x = activated(weighted(flatten(x), plan.dense.name), plan.dense)
    outputs = {name: weighted(x, name) for name in plan.heads}
    said = [probability(outputs[name]) if name == "face" else head(outputs[name]) for name in order or plan.heads]
    return torch.cat(said, dim=1).movedim(1, -1).numpy()
