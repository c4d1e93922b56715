"""The real values of the nets, and how they come into a module that a reader has built."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from mtcnn_lite.course.checks.judge.nets.plans import PLANS, Plan, Values
from mtcnn_lite.weights import SHIPPED, WeightsError, nets_of

OTHER = "other"  # made up: their slopes are of both signs in every layer
RELEASED = "zhang2016"


@cache
def values_of(name: str, source: str = SHIPPED) -> dict[str, Tensor]:
    """A net's values by the package's names. `source`: weights by their name, or OTHER."""
    net = getattr(nets_of(SHIPPED if source == OTHER else source), name)
    heads = {f"{head}.{part}" for head in PLANS[name].heads for part in ("weight", "bias")}
    known = {"face", "offsets", "landmarks"}
    values = {
        key: value.detach().contiguous()
        for key, value in net.state_dict().items()
        if key in heads or key.split(".")[0] not in known
    }
    if source != OTHER:
        return values
    rng = np.random.default_rng(len(values))
    return {key: _made_up(rng, value) for key, value in values.items()}


def _made_up(rng: np.random.Generator, like: Tensor) -> Tensor:
    """Weights that keep numbers near 1 from layer to layer; slopes and biases from -1/2 to 1."""
    if like.ndim == 1:
        return torch.from_numpy(rng.uniform(-0.5, 1, like.shape).astype(np.float32))
    spread = 1.5 / np.sqrt(np.prod(like.shape[1:]))
    return torch.from_numpy(rng.normal(0, spread, like.shape).astype(np.float32))


def sources() -> tuple[str, ...]:
    """The weights that a reader's function may hold: those that ship, and the authors' where they are installed."""
    try:
        nets_of(RELEASED)
    except WeightsError:
        return (SHIPPED,)
    return SHIPPED, RELEASED


@dataclass
class Filled:
    """What came of filling a module: the layers that no values fit, and the layers that were not found in it."""

    unfit: list[tuple[str, nn.Module, Tensor]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return not self.unfit and not self.missing


@torch.no_grad()
def fill(net: nn.Module, plan: Plan, values: Values) -> Filled:
    """Copies the values into a reader's module, in order and by shape; `Filled` is true where all weights are in.

    A PReLU with one slope gets the mean of the layer's; a bias or a slope that the module lacks is left out. So a net
    with such a slip still runs, and is judged by what it says.

    Parameters
    ----------
    net : Module
        The reader's. Convolutions and dense layers are matched by the shapes of their weights, PReLUs by their slopes'.
    plan : Plan
        Which net it should be.
    values : mapping
        Its values, by the package's names.
    """
    weights = {key.removesuffix(".weight"): value for key, value in values.items() if value.ndim > 1}
    slopes = [values[f"{layer.slopes}.weight"] for layer in plan.trunk if layer.slopes]
    filled = Filled()
    for name, module in _with_weights(net):
        weight = module.weight
        assert isinstance(weight, Tensor)
        if isinstance(module, nn.PReLU):
            _fill_slopes(weight, slopes)
            continue
        fits = [key for key, value in weights.items() if _same_layer(weight, value)]
        if not fits:
            filled.unfit.append((name, module, weight))
            continue
        weight.copy_(weights.pop(fits[0]).reshape(weight.shape))
        if isinstance(bias := getattr(module, "bias", None), Tensor):
            bias.copy_(values[f"{fits[0]}.bias"])
    filled.missing = list(weights)
    return filled


def _with_weights(net: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, module in net.named_modules():
        if isinstance(getattr(module, "weight", None), Tensor):
            yield name, module


def _same_layer(mine: Tensor, value: Tensor) -> bool:
    """The same shape; or a dense layer written as a convolution over the whole map, or a 1 x 1 one as a dense one."""
    if mine.shape == value.shape:
        return True
    return mine.ndim in (2, 4) and mine.ndim != value.ndim and len(mine) == len(value) and mine.numel() == value.numel()


def _fill_slopes(mine: Tensor, left: list[Tensor]) -> None:
    index = next((i for i, slopes in enumerate(left) if slopes.shape == mine.shape), 0 if mine.numel() == 1 else None)
    if index is not None and left:
        slopes = left.pop(index)
        mine.copy_(slopes if slopes.shape == mine.shape else slopes.mean())
