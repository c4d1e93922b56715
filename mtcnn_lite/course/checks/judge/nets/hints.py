"""The likely mistakes of a net, and what to say of each; those of one net alone are in its judge's own file."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from mtcnn_lite.course.checks.judge.nets.plans import Plan
from mtcnn_lite.course.checks.judge.slips import Functions, Hints

Wrong = Callable[..., Functions]


def shared(plan: Plan, wrong: Wrong) -> Hints:
    """The hints that all three nets have.

    Parameters
    ----------
    plan : Plan
        The net.
    wrong : callable
        `wrong(**slips)` gives the net with these slips, see `plans.answer`; a list has one for each net.
    """
    return {**_of_slopes(wrong), **_of_layers(plan, wrong), **_of_images(wrong), **_of_heads(plan, wrong)}


def _of_slopes(wrong: Wrong) -> Hints:
    return {
        "One slope serves all channels of a PReLU. Each channel has its own: nn.PReLU(10) for 10 channels.": wrong(
            slopes=[lambda s: s.mean().expand(len(s)), lambda s: s[:1].expand(len(s)), lambda s: 0 * s + 0.25]
        ),
        "ReLU in place of PReLU: what is negative is not dropped, it is multiplied by a slope of its channel, "
        "nn.PReLU(channels).": wrong(slopes=torch.zeros_like),
        "LeakyReLU in place of PReLU: the slope is not one small number, each channel has learned its own.": wrong(
            slopes=[lambda s: 0 * s + 0.01, lambda s: 0 * s + 0.1, lambda s: 0 * s + 0.2]
        ),
        "The slopes came out positive: PReLU multiplies by the slope as it is, and some slopes are below 0.": wrong(
            slopes=[torch.abs, lambda s: s.clamp(min=0)]
        ),
    }


def _of_layers(plan: Plan, wrong: Wrong) -> Hints:
    names = [layer.name for layer in plan.trunk]
    silent = {
        f"There is no PReLU after {name}. One follows each layer but the heads.": wrong(silent=(name,))
        for name in names
    }
    return {
        "There is no PReLU at all. Without one between them, layers in a row are no more than one layer.": wrong(
            silent=[tuple(names)]
        ),
        **silent,
        "Pooling comes before PReLU. It comes after: where a slope is below 0, the largest number before it is not the "
        "largest after it.": wrong(pool_first=True),
        "The mean was pooled. It is the maximum: nn.MaxPool2d.": wrong(pooling=_mean),
        "The biases were left out: each convolution and dense layer adds one number a channel, bias=True.": wrong(
            without_bias=[(*names, *plan.heads), tuple(names)]
        ),
        "The heads have no bias: each adds one number an output.": wrong(without_bias=[plan.heads]),
        **{f"The bias of {name} was left out.": wrong(without_bias=[(name,)]) for name in (*names, *plan.heads)},
    }


def _of_images(wrong: Wrong) -> Hints:
    return {
        "The images were normalised once more: x comes as (pixel - 127.5) / 128, from -1 to 1.": wrong(
            prepare=[lambda x: (x - 127.5) / 128, lambda x: x / 255, lambda x: (x / 255 - 0.5) / 0.5, lambda x: x / 128]
        ),
        "The net was given pixels from 0 to 255 again, or from 0 to 1. x is normalised already, from -1 to 1: use it "
        "as it comes.": wrong(prepare=[lambda x: 128 * x + 127.5, lambda x: (128 * x + 127.5) / 255]),
        "Rows and columns of the images were exchanged: x is (N, 3, rows, columns).": wrong(
            prepare=lambda x: x.transpose(2, 3)
        ),
        "The channels were turned round: these nets read red, green, blue, in this order.": wrong(
            prepare=lambda x: x.flip(1)
        ),
        "Every batch was normalised by its own mean or spread. Use x as it comes.": wrong(
            prepare=[lambda x: (x - x.mean()) / x.std(), lambda x: x - x.mean()]
        ),
    }


def _of_heads(plan: Plan, wrong: Wrong) -> Hints:
    axes = [0, 2, 3] if plan.name == "pnet" else [0]
    turned = ("offsets", "face", *plan.heads[2:])
    return {
        "The outputs have changed places: the probabilities come first, then the offsets.": wrong(order=[turned]),
        "Softmax runs over the wrong axis: over the images, or over rows or columns. The two numbers of one window "
        "compete: softmax(dim=1).": wrong(probability=[partial(torch.softmax, dim=axis) for axis in axes]),
        'The face is at index 0. The order is "not a face", "face": index 1 is the face.': wrong(
            probability=lambda logits: logits.softmax(1).flip(1)
        ),
        "Softmax is missing: these are the two logits. A probability is softmax(dim=1) of them.": wrong(
            probability=[lambda logits: logits, lambda logits: logits.flip(1)]
        ),
        "Softmax was taken twice.": wrong(probability=lambda logits: logits.softmax(1).softmax(1)),
        "These are logarithms of probabilities: softmax, not log_softmax.": wrong(
            probability=partial(torch.log_softmax, dim=1)
        ),
        "Each of the two numbers went through a sigmoid by itself. They compete: softmax(dim=1).": wrong(
            probability=torch.sigmoid
        ),
        "The offsets went through a function that they do not need: they are the layer's numbers as they are, below 0 "
        "as well.": wrong(head=[torch.tanh, torch.sigmoid, torch.relu, _softmax, lambda x: x.clamp(-1, 1)]),
    }


def _softmax(x: Tensor) -> Tensor:
    return x.softmax(dim=1)


def _mean(x: Tensor, side: int, step: int, ceil_mode: bool) -> Tensor:
    return functional.avg_pool2d(x, side, step, ceil_mode=ceil_mode)


def of_flattening(wrong: Wrong) -> Hints:
    """The hints for maps that become a row in another order, which R-Net and O-Net can meet."""
    return {
        "The maps were flattened channel last (rows, columns, channels). The values stand in the order channels, rows, "
        "columns: x.flatten(1) of (N, C, H, W).": wrong(flatten=lambda x: x.permute(0, 2, 3, 1).flatten(1)),
        "The maps were flattened by columns (channels, columns, rows). The order is channels, rows, columns: "
        "x.flatten(1).": wrong(
            flatten=[lambda x: x.permute(0, 1, 3, 2).flatten(1), lambda x: x.permute(0, 3, 2, 1).flatten(1)]
        ),
    }
