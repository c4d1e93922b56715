"""The judge of chapter 12's net, built by the reader. What needs torch is imported when a net is handed over."""

from functools import cache
from typing import Any

from mtcnn_lite.course.checks.judge import Judge, Verdict


def embedding_net(net: Any) -> Verdict:
    """Judges a net for faces, built by you: an `nn.Module`, or what makes one, called without arguments.

    x is float32 (N, 1, 32, 32), from -1 to 1. Return one tensor, (N, 64), whose rows have length 1. Values are put into
    your layers, by their shapes and in order, and what it says is compared with what the chapter's net says with them.

    >>> embedding_net(lambda: None).hint
    'Called without arguments, yours must give an nn.Module. It gave None: is a `return` missing?'
    """
    from mtcnn_lite.course.checks.judge.nets.embedding import embedding_verdict

    return embedding_verdict(net)


@cache
def _judge() -> Judge:
    from mtcnn_lite.course.checks.judge.nets.embedding import embedding_judge

    return embedding_judge()


def __getattr__(name: str) -> Any:
    """JUDGE is made when it is first asked for: it runs the net."""
    if name == "JUDGE":
        return _judge()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
