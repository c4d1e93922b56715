"""The nets that an argument `weights` names, and their thresholds."""

from os import PathLike
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mtcnn_lite.arguments import instance, shown
from mtcnn_lite.net_names import NET_SIZES
from mtcnn_lite.nets import NET_TYPES, Nets
from mtcnn_lite.weights import shipped
from mtcnn_lite.weights.files import load_weights, weights_digest
from mtcnn_lite.weights.reading import WeightsError
from mtcnn_lite.weights.released import zhang2016
from mtcnn_lite.weights.thresholds import ANEW, read_thresholds
from mtcnn_lite.weights.thresholds import NAME as THRESHOLDS

PAPER_THRESHOLDS = (0.6, 0.7, 0.7)


def nets_of(weights: str | PathLike[str] | Nets) -> Nets:
    """The nets that `weights` names, ready for use.

    `weights` is "mtcnn_lite", "zhang2016" or a folder; nets are returned themselves. Raises WeightsError where they are
    missing or don't fit, where a net's are not float32 on the CPU, and where O-Net has no landmark head; TypeError for
    anything else.
    """
    if not isinstance(weights, str | PathLike | Nets):
        raise TypeError(f"weights is {shown(weights)} ({type(weights).__name__}); it must be \"mtcnn_lite\", "
                        "\"zhang2016\", a folder of weights, or the nets themselves")  # fmt: skip
    if isinstance(weights, Nets):
        for name, net in zip(NET_TYPES, weights, strict=True):
            instance(f"weights.{name}", net, nn.Module, "a net")
            if getattr(net, "size", None) != NET_SIZES[name] or not hasattr(net, "landmarks"):
                kind = NET_TYPES[name].__name__
                raise TypeError(
                    f"weights.{name} is {type(net).__name__}; it must be {kind}, or have its size and heads"
                )
            _check(name, net)
        nets = weights.ready()
    elif weights == shipped.NAME:
        nets = shipped.load()
    elif weights == "zhang2016":
        nets = zhang2016()
    else:
        try:
            nets = load_weights(weights)
        except OSError as error:  # such as a name too long to be a folder's
            raise WeightsError(f"weights is {shown(str(weights))}, which can't be read ({error.strerror})") from None
    if nets.onet.landmarks is None:
        raise WeightsError("weights has an O-Net without a landmark head; only P-Net and R-Net may lack it")
    return nets


def _check(name: str, net: nn.Module) -> None:
    for key, value in net.state_dict().items():
        if value.dtype != torch.float32 or value.device.type != "cpu":
            raise WeightsError(
                f"weights has a net {name} whose {key!r} is {value.dtype} on {value.device}; a detector needs "
                f"torch.float32 on cpu: {name}.float().cpu()"
            )
        if not np.isfinite(value.detach().numpy()).all():
            raise WeightsError(f"weights has a net {name} whose {key!r} holds NaN or infinity")


def thresholds_of(weights: str | PathLike[str] | Nets) -> tuple[float, float, float]:
    """The default thresholds of P-Net, R-Net and O-Net for these weights, which `nets_of` can load.

    Nets that were trained apart mean different things by 0.7. A folder's thresholds are those of its thresholds.json,
    which `mtcnn-lite train` and `evaluate --choose` write. Without that file, and for nets in memory, the values
    decide: a copy of the shipped weights has their thresholds, and loses them with the first step of training; all
    others get those of the authors' demo. Raises WeightsError for a thresholds.json that is damaged, or was chosen for
    other weights.

    >>> thresholds_of("zhang2016")
    (0.6, 0.7, 0.7)
    """
    return suited_thresholds(weights, weights if isinstance(weights, Nets) else nets_of(weights))


def suited_thresholds(weights: str | PathLike[str] | Nets, nets: Nets) -> tuple[float, float, float]:
    """`thresholds_of`, where `nets` are those that `weights` names."""
    ours = shipped.saved_thresholds()
    if isinstance(weights, str) and weights in (shipped.NAME, "zhang2016"):
        return ours.thresholds if weights == shipped.NAME else PAPER_THRESHOLDS
    digest = weights_digest(nets)
    if not isinstance(weights, Nets) and (own := read_thresholds(weights)) is not None:
        if own.weights not in (None, digest):
            raise WeightsError(
                f"{Path(weights) / THRESHOLDS}: was chosen for weights of the digest {own.weights}, but those beside "
                f"it have {digest}: {ANEW}"
            )
        return own.thresholds
    return ours.thresholds if digest == ours.weights else PAPER_THRESHOLDS
