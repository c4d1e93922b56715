"""The judge of the net that embeds faces: the net as one function with its likely slips, and their hints."""

from collections.abc import Callable, Collection
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from skimage.data import lfw_subset
from torch import Tensor, nn
from torch.nn import functional

from mtcnn_lite.course.checks.judge.compare import Difference
from mtcnn_lite.course.checks.judge.judge import Case, Judge
from mtcnn_lite.course.checks.judge.nets.net_judge import made
from mtcnn_lite.course.checks.judge.nets.plans import Layer, Plan, channels_first, unchanged
from mtcnn_lite.course.checks.judge.nets.structure import listing, misfit, stopped_in_a_layer
from mtcnn_lite.course.checks.judge.nets.values import fill
from mtcnn_lite.course.checks.judge.run import Outcome, run
from mtcnn_lite.course.checks.judge.slips import Function, Hints
from mtcnn_lite.course.checks.judge.text import Array
from mtcnn_lite.course.checks.judge.verdict import Verdict

SIZE = 32  # px: side of the crops
PLAN = Plan(
    "embedding_net", SIZE, (Layer("conv1", ""), Layer("conv2", "")), Layer("dense3", ""), ("embedding",),
    "AvgPool2d(2)\nConv2d(1, 16, 5, stride=2, padding=2), ReLU()\nConv2d(16, 32, 3, stride=2, padding=1), ReLU()\n"
    "Flatten(), Linear(512, 64), then each row to length 1",
    (
        (2048, "Something halves too little: the pooling is missing, or a stride of 2."),
        (8192, "Two halvings are missing: the pooling makes one, and each stride of 2."),
        (32768, "Nothing is halved: the pooling makes one halving, and each stride of 2."),
        (288, "A convolution does not pad: padding=2 for 5 x 5, padding=1 for 3 x 3."),
        (128, "One halving too many, or no padding at all."),
        (32, "Two halvings too many."),
    ),
)  # fmt: skip
SHAPES = {"conv1": (16, 1, 5, 5), "conv2": (32, 16, 3, 3), "dense3": (64, 512)}


@cache
def values(number: int) -> dict[str, Tensor]:
    """Made-up values; each number gives others. Half of what comes out of a layer is below 0."""
    rng, made_up = np.random.default_rng(number), dict[str, Tensor]()
    for name, shape in SHAPES.items():
        spread = 1.5 / np.sqrt(np.prod(shape[1:]))
        made_up[f"{name}.weight"] = torch.from_numpy(rng.normal(0, spread, shape).astype(np.float32))
        made_up[f"{name}.bias"] = torch.from_numpy(rng.uniform(-0.5, 0.5, shape[0]).astype(np.float32))
    return made_up


def to_length_1(x: Tensor) -> Tensor:
    """Each row divided by its length."""
    return functional.normalize(x, dim=1)


def answer(
    images: Array,
    number: int,
    prepare: Callable[[Tensor], Tensor] = unchanged,
    pooling: Callable[..., Tensor] = functional.avg_pool2d,
    active: Callable[[Tensor], Tensor] = torch.relu,
    silent: Collection[str] = (),
    without_bias: Collection[str] = (),
    padding: str = "constant",
    flatten: Callable[[Tensor], Tensor] = channels_first,
    end: Callable[[Tensor], Tensor] = to_length_1,
) -> Array:
    """What the net says, (N, 64); other arguments are slips.

    Parameters
    ----------
    images : float32 (N, 1, 32, 32)
        Crops.
    number : int
        Of the values.
    prepare : callable
        Changes the images first.
    pooling : callable
        In place of `avg_pool2d`.
    active : callable
        In place of ReLU.
    silent, without_bias : collection of str
        Layers without an activation, and without a bias.
    padding : str
        What stands beyond the edge, as in `functional.pad`.
    flatten : callable
        Maps to a row, before the dense layer.
    end : callable
        What follows the dense layer.
    """
    known = values(number)

    def weighted(x: Tensor, name: str, pad: int = 0) -> Tensor:
        weight, bias = known[f"{name}.weight"], (name not in without_bias) * known[f"{name}.bias"]
        if weight.ndim == 2:
            return functional.linear(x, weight, bias)
        x = functional.conv2d(functional.pad(x, (pad,) * 4, padding), weight, bias, stride=2)
        return x if name in silent else active(x)

    with torch.no_grad():
        x = pooling(prepare(torch.as_tensor(images)), 2)
        x = weighted(weighted(x, "conv1", 2), "conv2", 1)
        return end(weighted(flatten(x), "dense3")).numpy()


def _slips(**each: Any) -> tuple[Function, ...]:
    """The net with one of these slips each; a list has several."""
    [(name, ways)] = each.items()
    return tuple(partial(answer, **{name: way}) for way in (ways if isinstance(ways, list) else [ways]))


def _leaky(x: Tensor, slope: float) -> Tensor:
    return functional.leaky_relu(x, slope)


def _length(x: Tensor) -> Tensor:
    return x.norm(dim=1, keepdim=True)


_HINTS: Hints = {
    "The rows have other lengths than 1: functional.normalize(x, dim=1) comes last.": _slips(end=unchanged),
    "Lengths were taken along the batch, over the N faces. Each row is one face: normalize(x, dim=1).": _slips(
        end=partial(functional.normalize, dim=0)
    ),
    "One length was taken over the whole batch. Each row has its own: normalize(x, dim=1).": _slips(
        end=[lambda x: x / x.norm(), lambda x: x * len(x) ** 0.5 / x.norm()]
    ),
    "Each row was divided by its sum of absolute numbers. The length is the root of the sum of squares.": _slips(
        end=partial(functional.normalize, dim=1, p=1)
    ),
    "Each row was divided by its largest number. The length is the root of the sum of squares.": _slips(
        end=[lambda x: x / x.abs().amax(1, True), lambda x: x / x.amax(1, True)]
    ),
    "Each row was divided by its squared length: the root is missing.": _slips(end=lambda x: x / _length(x) ** 2),
    "Mean and spread were taken out of each row. Only its length becomes 1; its direction stays.": _slips(
        end=[
            lambda x: (x - x.mean(1, True)) / x.std(1, keepdim=True),
            lambda x: functional.layer_norm(x, x.shape[1:]),
            lambda x: to_length_1(x - x.mean(1, True)),
        ]
    ),
    "A ReLU follows the dense layer: then all faces lie in one corner of the sphere. Its numbers keep their sign.": (
        *_slips(end=[lambda x: to_length_1(torch.relu(x)), torch.relu]),
    ),
    "The embedding went through softmax, sigmoid or tanh. It is a direction: only its length is changed.": _slips(
        end=[
            *(partial(torch.softmax, dim=1), torch.sigmoid, torch.tanh),
            *(lambda x, f=f: to_length_1(f(x)) for f in (partial(torch.softmax, dim=1), torch.sigmoid, torch.tanh)),
        ]
    ),
    "The rows were brought to length 1 before the dense layer. It comes last.": (
        *_slips(flatten=lambda x: to_length_1(x.flatten(1))),
        partial(answer, flatten=lambda x: to_length_1(x.flatten(1)), end=unchanged),
    ),
    "There is no ReLU at all. Without one between them, layers in a row are no more than one layer.": _slips(
        silent=[("conv1", "conv2")]
    ),
    "There is no ReLU after the first convolution.": _slips(silent=[("conv1",)]),
    "There is no ReLU after the second convolution.": _slips(silent=[("conv2",)]),
    "Something else stands in place of ReLU: here, what is below 0 becomes 0.": _slips(
        active=[
            *(partial(_leaky, slope=slope) for slope in (0.01, 0.1, 0.2, 0.25)),
            *(torch.tanh, torch.sigmoid, torch.abs, functional.gelu, functional.elu, functional.silu),
        ]
    ),
    "The maximum was pooled. It is the mean of each 2 x 2 px: nn.AvgPool2d(2).": _slips(pooling=functional.max_pool2d),
    "Every other pixel was taken. The pooling takes the mean of each 2 x 2 px: nn.AvgPool2d(2).": _slips(
        pooling=lambda x, side: x[..., ::side, ::side]
    ),
    "The padding is no zeros: reflect, replicate or circular. Leave padding_mode as it is.": _slips(
        padding=["reflect", "replicate", "circular"]
    ),
    "The biases were left out: each layer adds one number a channel, bias=True.": _slips(
        without_bias=[("conv1", "conv2", "dense3"), ("conv1", "conv2")]
    ),
    **{f"The bias of {name} was left out.": _slips(without_bias=[(name,)]) for name in SHAPES},
    "The maps were flattened channel last (rows, columns, channels). The order is channels, rows, columns: "
    "x.flatten(1).": _slips(flatten=lambda x: x.permute(0, 2, 3, 1).flatten(1)),
    "The maps were flattened by columns. The order is channels, rows, columns: x.flatten(1).": _slips(
        flatten=lambda x: x.permute(0, 1, 3, 2).flatten(1)
    ),
    "Rows and columns of the images were exchanged: x is (N, 1, rows, columns).": _slips(
        prepare=lambda x: x.transpose(2, 3)
    ),
    "The images were normalised once more: x comes from -1 to 1, use it as it is.": _slips(
        prepare=[
            lambda x: (x - 127.5) / 128,
            lambda x: x / 255,
            lambda x: (x - x.mean()) / x.std(),
            lambda x: (x - x.mean((1, 2, 3), True)) / x.std((1, 2, 3), keepdim=True),
        ]
    ),
}


@dataclass(frozen=True, eq=False)
class EmbeddingJudge(Judge):
    """A judge whose functions take images and the number of the values."""

    def _call(self, case: Case) -> str:
        return f"net(x), x of shape {tuple(case.inputs[0].shape)}: verdict.inputs[0]"

    def _likely(self, fn: Function, index: int, outcome: Outcome, wrong: Difference | None) -> str:
        named = stopped_in_a_layer(outcome.error, PLAN) if outcome.error else ""
        return named or super()._likely(fn, index, outcome, wrong)


@cache
def embedding_judge() -> EmbeddingJudge:
    """The judge, with faces of scikit-image as crops."""
    faces = np.asarray(lfw_subset())[[0, 9, 40, 77]]  # type: ignore[no-untyped-call]  # (4, 25, 25), 0 to 1
    larger = torch.from_numpy(faces.astype(np.float32))[:, None]
    crops = (2 * functional.interpolate(larger, size=(SIZE, SIZE), mode="bilinear") - 1).numpy()
    crops[:, :, ::31] = crops[:, :, :, ::31] = 0.9  # an edge that is not black: padding counts
    hint = "x has shape {}: N crops, 1 channel, rows, columns. Print x.shape after each layer."
    cases = tuple(
        Case(about, (some, number), hint.format(some.shape))
        for about, some, number in (
            ("one crop", crops[:1], 1),
            ("three crops at once", crops[1:], 1),
            ("all four, other values in the same net", crops, 2),
        )
    )
    return EmbeddingJudge("embedding_net", ("images", "number"), answer, cases, _HINTS, None, 1e-4)


def embedding_verdict(net: Any) -> Verdict:
    """Judges what a reader hands over: a module, or what makes one, called without arguments."""
    own, arguments = made(net, PLAN)
    if not isinstance(own, Verdict):
        own = _judged(own) if isinstance(own, nn.Module) else _no_module(arguments)
    return replace(own, function=net if callable(net) else None)


def _no_module(arguments: int) -> Verdict:
    takes = f"Yours takes {arguments} argument{'s' * (arguments > 1)}."
    return Verdict(False, f"{takes} Hand over what makes the net, without any: it is to learn afterwards.", PLAN.name)


def _judged(net: nn.Module) -> Verdict:
    net, judge = deepcopy(net).eval(), embedding_judge()
    first = run(lambda x: net(torch.from_numpy(x)), (judge.cases[0].inputs[0],), ("x",), None)
    if isinstance(first.error, NotImplementedError):
        return Verdict(
            False, "Write it in place of `raise NotImplementedError`, then run the cell again.", PLAN.name, False
        )
    filled = fill(net, PLAN, values(1))  # after the first image, from which lazy layers take their shapes
    if not filled:
        facts = (("layers", PLAN.layers), ("yours", listing(net)))
        return Verdict(False, misfit(filled, PLAN, values(1)), PLAN.name, True, facts)

    def said(images: Array, number: int) -> Any:
        fill(net, PLAN, values(number))
        with torch.no_grad():
            return net(torch.from_numpy(images))

    return judge.verdict(said)
