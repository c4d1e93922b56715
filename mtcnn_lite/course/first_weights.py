"""The weights that a net begins its training with, where that is short."""

from typing import TypeVar

from torch import nn

N = TypeVar("N", bound=nn.Module)


def begin(net: N) -> N:
    """He initialisation: `net` with new weights in all layers but the heads, so large that numbers keep their spread.

    He et al. 2015, "Delving deep into rectifiers".
    """
    for name, layer in net.named_children():
        if name.startswith(("conv", "dense")):
            nn.init.kaiming_normal_(layer.weight, a=0.25)  # type: ignore[arg-type]  # 0.25: PReLU's slope
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return net
