"""Nets to be filled with weights: made without random numbers, and whatever torch's defaults are."""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import init
from torch.overrides import TorchFunctionMode

from mtcnn_lite.nets.models import NET_TYPES, ONet, PNet, RNet

STARTING_VALUES = (init.uniform_, init.kaiming_uniform_, init.constant_)  # what the nets' layers call


def empty_net(name: str, landmark_head: bool) -> PNet | RNet | ONet:
    """The net "pnet", "rnet" or "onet", float32 on the CPU, with memory for its weights and no values in it.

    torch's default type and device, which a program may have set for other work, are neither followed nor changed, and
    no number is taken from its random generator.

    >>> empty_net("rnet", landmark_head=True).dense4.weight.shape
    torch.Size([128, 576])
    """
    with _Empty():  # for this thread only
        return NET_TYPES[name](landmark_head=landmark_head)


class _Empty(TorchFunctionMode):
    """In a `with` block: new tensors are float32 on the CPU, and stay as they are made."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if func in STARTING_VALUES:
            return given["tensor"]
        return func(*args, **(given | {"dtype": torch.float32, "device": "cpu"} if func is torch.empty else given))
