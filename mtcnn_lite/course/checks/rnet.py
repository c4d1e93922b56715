"""The judge of R-Net, built by the reader. What needs torch is imported when a net is handed over."""

from functools import cache
from typing import Any

from mtcnn_lite.course.checks.judge import Judge, Verdict


def rnet(net: Any) -> Verdict:
    """Judges R-Net, built by you: an `nn.Module`, what makes one, or a function of x, or of x and the values.

    x is float32 (N, 3, 24, 24), normalised. Return two tensors: the probabilities of "not a face" and "face", (N, 2),
    and the offsets, (N, 4). The shipped values are put into your layers, by their shapes and in order; a function of
    two arguments is given them as a dict. A module that passed holds them afterwards.

    >>> rnet(3).hint
    'Hand over a module, what makes one, or a function of x: checks.rnet(build_rnet). This was a int.'
    """
    from mtcnn_lite.course.checks.judge.nets.net_judge import net_verdict

    return net_verdict(net, "rnet", _hints)


def _hints(wrong: Any) -> Any:
    """All likely mistakes of R-Net. Called where torch is loaded."""
    from mtcnn_lite.course.checks.judge.nets.hints import of_flattening, shared
    from mtcnn_lite.course.checks.judge.nets.plans import PLANS

    return {**of_flattening(wrong), **shared(PLANS["rnet"], wrong)}


@cache
def _judge() -> Judge:
    from mtcnn_lite.course.checks.judge.nets.net_judge import net_judge

    return net_judge("rnet", _hints)


def __getattr__(name: str) -> Any:
    """JUDGE is made when it is first asked for: it runs the net."""
    if name == "JUDGE":
        return _judge()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
