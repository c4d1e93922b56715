"""What a reader's net says, as one array, and the words for an answer that is no such thing."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mtcnn_lite.course.checks.judge.nets.plans import Plan
from mtcnn_lite.course.checks.judge.nets.values import fill, values_of
from mtcnn_lite.course.checks.judge.text import Array
from mtcnn_lite.weights import SHIPPED

NAMES, CHANNELS = ("probabilities", "offsets", "landmarks"), (2, 4, 10)  # of the heads, in order


def takes(net: Any, count: int) -> bool:
    """Whether it can be called with so many arguments."""
    try:
        inspect.signature(net).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # no signature to look at
        return count == 1
    return True


def raw_answer(net: Any, plan: Plan, arguments: int, images: Array, values: str = "") -> Any:
    """What the net returns.

    Parameters
    ----------
    net : callable
        A module, or a function of x, or of x and the values.
    plan : Plan
        Which net it should be.
    arguments : int
        How many it takes.
    images : float32 (N, 3, H, W)
        Its input.
    values : str
        The values' name; "" for those that a module has, or for the shipped ones.
    """
    x = torch.from_numpy(np.asarray(images))
    with torch.no_grad():
        if isinstance(net, nn.Module) and values:
            fill(net, plan, values_of(plan.name, values))
        if arguments == 2:
            return net(x, {key: value.clone() for key, value in values_of(plan.name, values or SHIPPED).items()})
        return net(x)


def adapted(net: Any, plan: Plan, arguments: int) -> Callable[[Array, str], Any]:
    """A reader's net as a function of images and the values' name, whose answer is one array.

    Parameters
    ----------
    net, plan, arguments
        As in `raw_answer`.
    """
    return lambda images, values: _joined(raw_answer(net, plan, arguments, images, values))


def _joined(output: Any) -> Any:
    """Tensors (N, C, ...) side by side, as `plans.answer` gives them; what is no such thing stays as it is."""
    parts = [torch.as_tensor(part) for part in output] if _are_tensors(output) else []
    if not parts or parts[0].ndim < 2 or len({(part.ndim, len(part), *part.shape[2:]) for part in parts}) > 1:
        return output
    return torch.cat(parts, dim=1).movedim(1, -1).numpy()


def _are_tensors(output: Any) -> bool:
    return isinstance(output, tuple | list) and all(isinstance(part, Tensor | np.ndarray) for part in output)


def shapes(plan: Plan) -> list[tuple[int, ...]]:
    """The outputs' shapes for one window."""
    rest = (1, 1) if plan.name == "pnet" else ()
    return [(1, channels, *rest) for channels in CHANNELS[: len(plan.heads)]]


def odd(output: Any, plan: Plan) -> str:
    """The hint for an answer that is not so many tensors with the right channels, in any order; "" where it is."""
    count = len(plan.heads)
    channels = CHANNELS[:count]
    if _are_tensors(output) and len(output) == count:
        found = [tuple(part.shape) for part in output]
        alike = len({shape[2:] for shape in found}) == 1
        if alike and sorted(shape[1] for shape in found if len(shape) > 1) == sorted(channels):
            return ""
    hint = f"Return {count} tensors: return {', '.join(NAMES[:count])}."
    if isinstance(output, Tensor) and output.ndim > 1 and output.shape[1] == sum(channels):
        return f"{hint} Yours came out as one."
    if _are_tensors(output) and len(output) == count and output[0].ndim > 1 and output[0].shape[1] == 1:
        return f"{hint} The first holds two probabilities, not a face and a face: both of them."
    return hint


def described(output: Any) -> str:
    """An answer by its shapes."""
    if isinstance(output, Tensor | np.ndarray):
        return f"one tensor of shape {tuple(output.shape)}"
    if _are_tensors(output):
        return f"{len(output)} tensors of shapes {', '.join(str(tuple(part.shape)) for part in output)}"
    return "None" if output is None else f"a {type(output).__name__}"
