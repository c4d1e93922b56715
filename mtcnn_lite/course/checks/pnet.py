"""The judge of P-Net, built by the reader. What needs torch is imported when a net is handed over."""

from functools import cache
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Judge, Verdict


def pnet(net: Any) -> Verdict:
    """Judges P-Net, built by you: an `nn.Module`, what makes one, or a function of x, or of x and the values.

    x is float32 (N, 3, H, W), normalised, H and W at least 12. Return two tensors, a map for each: the probabilities of
    "not a face" and "face", (N, 2, rows, columns), and the offsets, (N, 4, rows, columns). The shipped values are put
    into your layers, by their shapes and in order; a function of two arguments is given them as a dict. A module that
    passed holds them afterwards.

    >>> pnet(lambda: None).hint
    'Called without arguments, yours must give an nn.Module. It gave None: is a `return` missing?'
    """
    from mtcnn_lite.course.checks.judge.nets.net_judge import net_verdict

    return net_verdict(net, "pnet", _hints)


def _hints(wrong: Any) -> Any:
    """All likely mistakes of P-Net. Called where torch is loaded."""
    from mtcnn_lite.course.checks.judge.nets.hints import shared
    from mtcnn_lite.course.checks.judge.nets.plans import PLANS

    return {
        "The pooling takes 3 x 3 px, as the paper's figure has it. The released net pools 2 x 2.": wrong(
            pools={"conv1": 3}
        ),
        "The pooling rounds sizes down, so the last row or column of odd maps is lost: ceil_mode=True.": wrong(
            ceil=False
        ),
        "The pooling goes on by 1 px: its stride is 2.": wrong(step=1),
        "The pooling is missing: one of 2 x 2 px follows the first PReLU.": wrong(pools={"conv1": 0}),
        "The pooling comes after another convolution: it follows the first one.": wrong(
            pools=[{"conv1": 0, "conv2": 2}, {"conv1": 0, "conv3": 2}]
        ),
        "There is a second pooling: P-Net has one, after the first convolution.": wrong(pools={"conv1": 2, "conv3": 2}),
        "The convolutions pad, so windows see zeros that are not in the photo: padding=0.": wrong(padding=1),
        "The first convolution goes on by 2 px: its stride is 1. The pooling makes the 2.": wrong(
            stride=2, pools={"conv1": 0}
        ),
        **shared(PLANS["pnet"], wrong),
        **{
            hint: tuple(_then(change, right) for change in changes for right in wrong())
            for hint, changes in _OF_MAPS.items()
        },
    }


def _then(change: Any, right: Any) -> Any:
    return lambda images, values: change(right(images, values))


_OF_MAPS = {
    "Rows and columns are gone: P-Net's answer is a map for each output, (N, 2, rows, columns). Do not flatten or "
    "squeeze it.": (lambda said: np.moveaxis(said, -1, 1).reshape(len(said), -1), lambda said: said[:, 0, 0]),
    "The map was averaged to one number: every window has an answer of its own.": (
        lambda said: said.mean(axis=(1, 2), keepdims=True),
    ),
}


@cache
def _judge() -> Judge:
    from mtcnn_lite.course.checks.judge.nets.net_judge import net_judge

    return net_judge("pnet", _hints)


def __getattr__(name: str) -> Any:
    """JUDGE is made when it is first asked for: it runs the net."""
    if name == "JUDGE":
        return _judge()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
