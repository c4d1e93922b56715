"""Nets to be filled with weights, the same whatever torch's defaults are."""

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from mtcnn_lite.nets.models import NET_TYPES, ONet, PNet, RNet


def make_net(name: str, landmark_head: bool) -> PNet | RNet | ONet:
    """The net "pnet", "rnet" or "onet" with new weights, float32 on the CPU.

    torch's default type and device, which a program may have set for other work, are neither followed nor changed.

    >>> make_net("rnet", landmark_head=True).dense4.weight.shape
    torch.Size([128, 576])
    """
    with _Float32OnCPU():  # for this thread only
        return NET_TYPES[name](landmark_head=landmark_head)


class _Float32OnCPU(TorchFunctionMode):
    """In a `with` block, layers get weights of this type on this device."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        return func(*args, **(given | {"dtype": torch.float32, "device": "cpu"} if func is torch.empty else given))
