"""The judge of O-Net, built by the reader. What needs torch is imported when a net is handed over."""

from functools import cache
from typing import Any

from mtcnn_lite.course.checks.judge import Judge, Verdict


def onet(net: Any) -> Verdict:
    """Judges O-Net, built by you: an `nn.Module`, what makes one, or a function of x, or of x and the values.

    x is float32 (N, 3, 48, 48), normalised. Return three tensors: the probabilities of "not a face" and "face", (N, 2),
    the offsets, (N, 4), and the landmarks, (N, 10). The shipped values are put into your layers, by their shapes and in
    order; a function of two arguments is given them as a dict. A module that passed holds them afterwards.

    >>> onet(3).hint
    'Hand over a module, what makes one, or a function of x: checks.onet(build_onet). This was a int.'
    """
    from mtcnn_lite.course.checks.judge.nets.net_judge import net_verdict

    return net_verdict(net, "onet", _hints)


def _hints(wrong: Any) -> Any:
    """All likely mistakes of O-Net. Called where torch is loaded."""
    from mtcnn_lite.course.checks.judge.nets.hints import of_flattening, shared
    from mtcnn_lite.course.checks.judge.nets.plans import PLANS

    return {
        "All three poolings take 3 x 3 px. The third takes 2 x 2: MaxPool2d(2, 2, ceil_mode=True).": wrong(
            pools={"conv3": 3}
        ),
        **of_flattening(wrong),
        **shared(PLANS["onet"], wrong),
        "The outputs have changed places: probabilities, offsets, landmarks.": wrong(
            order=[
                ("face", "landmarks", "offsets"),
                ("landmarks", "offsets", "face"),
                ("landmarks", "face", "offsets"),
                ("offsets", "landmarks", "face"),
            ]
        ),
        "The landmarks were put in pairs, x1 y1 x2 y2 ... The head gives x1 to x5, then y1 to y5.": tuple(
            _in_pairs(right) for right in wrong()
        ),
    }


def _in_pairs(right: Any) -> Any:
    columns = [*range(6), *(6 + number for point in range(5) for number in (point, point + 5))]
    return lambda images, values: right(images, values)[..., columns]


@cache
def _judge() -> Judge:
    from mtcnn_lite.course.checks.judge.nets.net_judge import net_judge

    return net_judge("onet", _hints)


def __getattr__(name: str) -> Any:
    """JUDGE is made when it is first asked for: it runs the net."""
    if name == "JUDGE":
        return _judge()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
