"""Convolutions in bfloat16 while a net is trained, where the processor multiplies such numbers many at a time.

bfloat16 has float32's range and 8 of its 24 binary digits. Weights, losses and all layers but the convolutions stay in
float32, as in Micikevicius et al. 2018, "Mixed precision training" (arXiv 1710.03740).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


@cache
def multiplies_bfloat16() -> bool:
    """Whether this processor has instructions for products of bfloat16 matrices (AMX, in Intel's from 2023)."""
    capabilities: Callable[[], Any] = getattr(torch.cpu, "get_capabilities", dict)  # an older torch does not say
    return bool(capabilities().get("amx_bf16", False))


def convolutions_for(net: str, device: str) -> AbstractContextManager[Any]:
    """In it the convolutions of R-Net and O-Net are computed in bfloat16 on a processor that is fast at it.

    P-Net's are too small to gain by it. A GPU keeps to float32, for which torch has a setting of its own (TF32).

    Parameters
    ----------
    net : str
        "pnet", "rnet" or "onet".
    device : str
        As for torch: "cpu", "cuda:0", "mps".
    """
    pays = net != "pnet" and device == "cpu" and multiplies_bfloat16()
    return _BFloat16Convolutions() if pays else nullcontext()


class _BFloat16Convolutions(TorchFunctionMode):
    """In it every convolution of this thread, and its gradient, is computed in bfloat16; what comes out is float32."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is not torch.conv2d:
            return func(*args, **(kwargs or {}))
        numbers, settings = args[:3], args[3:]  # input, weight, bias; stride, padding, dilation, groups
        return func(*(each.bfloat16() for each in numbers), *settings, **(kwargs or {})).float()
