"""What a reader hands over as a net: made, and filled with the values of a detector."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from mtcnn_lite.course.checks.judge.nets.net_judge import made
from mtcnn_lite.course.checks.judge.nets.plans import PLANS, Plan
from mtcnn_lite.course.checks.judge.nets.structure import misfit
from mtcnn_lite.course.checks.judge.nets.values import fill, values_of
from mtcnn_lite.course.checks.judge.verdict import Verdict
from mtcnn_lite.nets import Nets


class NoNet(Exception):
    """Why what was handed over can't run as this net: one sentence or two."""


def made_from(net: Any, plan: Plan) -> tuple[Any, Plan, int]:
    """A copy of the module, or the function, its plan, and how many arguments it takes.

    NotImplementedError for a stub, NoNet for what is no net.
    """
    own, arguments = made(net, plan)
    if isinstance(own, Verdict):
        raise NoNet(own.hint) if own.done else NotImplementedError
    return deepcopy(own).eval() if isinstance(own, nn.Module) else own, plan, arguments


def net_of(name: str, net: Any, nets: Nets) -> Callable[[Tensor], Any]:
    """The reader's net as a function of images alone, also a wrong one.

    Parameters
    ----------
    name : str
        "pnet", "rnet" or "onet".
    net : Module, class, or callable
        As its judge takes it. A function of images alone keeps the values that it brings.
    nets : Nets
        Whose values it gets.

    Raises
    ------
    NotImplementedError
        For a stub.
    NoNet
        For what is no net, and for layers that the values do not fit.
    """
    own, plan, arguments = made_from(net, PLANS[name])
    state = getattr(nets, name).state_dict()
    values = {key: state.get(key, value) for key, value in values_of(name).items()}
    if arguments == 2:
        return lambda x: own(x, {key: value.clone() for key, value in values.items()})
    if not isinstance(own, nn.Module):
        return own
    blank = torch.zeros(1, 3, plan.size, plan.size)
    if any(is_lazy(parameter) for parameter in own.parameters()):
        own(blank)
    filled = fill(own, plan, values)
    if not filled:
        own(blank)  # a stub says that it is one
        raise NoNet(misfit(filled, plan, values))
    return own
