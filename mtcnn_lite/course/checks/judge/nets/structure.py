"""Words for a module that the values do not fit, and for an error on its way through the layers."""

import re
from functools import cache

from torch import Tensor, nn

from mtcnn_lite.course.checks.judge.nets.plans import Plan, Values
from mtcnn_lite.course.checks.judge.nets.values import Filled

_DENSE = re.compile(r"mat1 and mat2 shapes cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)")
_SMALL = re.compile(r"input size per channel: \((\d+ x \d+)\)\. Kernel size: \((\d+ x \d+)\)|Output size is too small")
_CHANNELS = re.compile(r"expected input\[.+?\] to have (\d+) channels, but got (\d+) channels")


def misfit(filled: Filled, plan: Plan, values: Values) -> str:
    """The hint for a module into which not all values went: its first layer that differs.

    Parameters
    ----------
    filled : Filled
        What came of filling it.
    plan : Plan
        Which net it should be.
    values : mapping
        Its values, by the package's names.
    """
    if not filled.unfit:
        name = filled.missing[0]
        layer = _as_layer(values[f"{name}.weight"])
        return (
            f"There is no layer for {name}, {layer}. The values go into layers: attributes of your net, or parts of a "
            "Sequential that is one."
        )
    where, module, weight = filled.unfit[0]
    if not filled.missing or weight.ndim < 2:
        return f"`{where}`, {_short(module)}, is one layer too many: the net has no values for it."
    name = filled.missing[0]
    wanted = values[f"{name}.weight"]
    start = f"`{where}` is {_as_layer(weight)}, and {name} is {_as_layer(wanted)}"
    if weight.ndim == wanted.ndim == 2 and len(weight) == len(wanted):
        return f"{start}: {counted(plan, weight.shape[1], wanted.shape[1])}"
    if weight.ndim == wanted.ndim == 4 and weight.shape[:2] == wanted.shape[:2]:
        return f"{start}: the kernel has another side."
    if weight.ndim == wanted.ndim and weight.shape[:2] == wanted.shape[:2][::-1]:
        return f"{start}: the channels that go in come first, then those that go out."
    return f"{start}. Compare your layers with those above, from the first on."


def stopped_in_a_layer(error: BaseException, plan: Plan) -> str:
    """The hint for an error that torch raises where two layers don't go together; "" for others."""
    text = str(error)
    if found := _DENSE.search(text):
        return counted(plan, int(found[1]), int(found[2]))
    if found := _CHANNELS.search(text):
        return (
            f"A layer that reads {found[1]} channels was given {found[2]}: does each layer read what the one before it "
            "gives?"
        )
    if found := _SMALL.search(text):
        sizes = f"A map of {found[1]} px reaches a kernel of {found[2]}" if found[1] else "A map becomes too small"
        return (
            f"{sizes}: something before it shrank too much. One pooling too many, one that rounds down, a stride of 2?"
        )
    return ""


def counted(plan: Plan, arrive: int, read: int) -> str:
    """Why another count of numbers arrives at the dense layer.

    Parameters
    ----------
    plan : Plan
        Which net it should be.
    arrive, read : int
        How many numbers arrive, and how many the layer reads.
    """
    counts = _counts(plan)
    if arrive in counts:
        return f"{arrive} numbers arrive where {read} are wanted. {counts[arrive]}"
    if plan.dense is None:
        return (
            f"{arrive} numbers arrive where {read} are wanted. P-Net's heads are 1 x 1 convolutions, not dense layers."
        )
    return (
        f"{arrive} numbers arrive where {read} are wanted: print x.shape after each layer, and compare with the sizes."
    )


@cache
def _counts(plan: Plan) -> dict[int, str]:
    """What arrives at the dense layer if one thing is otherwise."""
    found: dict[int, str] = {}
    if plan.dense is None or plan.counts:
        return dict(plan.counts)
    right = _arriving(plan)
    reasons = (
        (_arriving(plan, ceil=False), "The poolings round sizes down: ceil_mode=True is missing."),
        (_arriving(plan, side=2), "The poolings of 3 px have become poolings of 2 px."),
        (_arriving(plan, step=3), "The poolings of 3 px go on by 3 px: their stride is 2, MaxPool2d(3, 2, ...)."),
        (_arriving(plan, padding=1), "The convolutions pad: there is no padding anywhere in these nets."),
        (_arriving(plan, first=2), "The first convolution goes on by 2 px: its stride is 1."),
        (_arriving(plan, without=0), "The first pooling is missing."),
        (_arriving(plan, without=1), "The second pooling is missing."),
        (_arriving(plan, without=2), "The third pooling is missing."),
        (_arriving(plan, without=-1), "A pooling follows the last convolution, where there is none."),
    )
    for count, reason in reasons:
        if count != right:
            found.setdefault(count, reason)
    return found


def _arriving(
    plan: Plan,
    ceil: bool = True,
    side: int | None = None,
    step: int = 2,
    padding: int = 0,
    first: int = 1,
    without: int | None = None,
) -> int:
    kernels = {"conv3": 2} if plan.name == "rnet" else {"conv4": 2}
    length = plan.size
    for index, layer in enumerate(plan.convolutions):
        length = (length + 2 * padding - kernels.get(layer.name, 3)) // (1 if index else first) + 1
        last = index == len(plan.convolutions) - 1
        pool = 2 if last and without == -1 else 0 if index == without else layer.pool
        if pool:
            pool, by = (side or pool, 2) if pool == 3 else (pool, 2)
            by = step if pool == 3 else by
            length = (-(-(length - pool) // by) if ceil else (length - pool) // by) + 1
    return (64 if plan.name == "rnet" else 128) * length * length


def _as_layer(weight: Tensor) -> str:
    if weight.ndim == 4:
        height, width = weight.shape[2:]
        return f"Conv2d({weight.shape[1]}, {weight.shape[0]}, {height if height == width else (height, width)})"
    return f"Linear({weight.shape[1]}, {weight.shape[0]})" if weight.ndim == 2 else f"of shape {tuple(weight.shape)}"


def _short(module: nn.Module) -> str:
    weight = module.weight
    assert isinstance(weight, Tensor)
    return _as_layer(weight) if weight.ndim > 1 else type(module).__name__


def listing(net: nn.Module) -> str:
    """A module's layers in the order in which they were made."""
    leaves = [module for module in net.modules() if not [*module.children()]]
    lines = [f"{type(leaf).__name__}({re.sub(r', bias=True|in_features=|out_features=', '', leaf.extra_repr())})"
             for leaf in leaves]  # fmt: skip
    return "\n".join(lines[:14]) + (f"\n... {len(lines)} layers" if len(lines) > 14 else "")
