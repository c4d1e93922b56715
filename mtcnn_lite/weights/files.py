"""Weights on disk: safetensors, one file a net, three in one folder.

A file holds the net's `state_dict`: float32 tensors named `conv1.weight`, `prelu1.weight`, ... Loading checks every
name, shape and type before anything is used; a file is written whole or not at all.
"""

from collections.abc import Callable, Iterable
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mtcnn_lite.nets import NET_TYPES, Nets
from mtcnn_lite.runtime.files import digest, write_all_whole


class WeightsError(ValueError):
    """Weights that are missing or don't fit; the message names the file and the tensor."""


def save_weights(nets: Nets, folder: str | PathLike[str]) -> None:
    """Write `pnet.safetensors`, `rnet.safetensors` and `onet.safetensors` to `folder`, made where it is missing."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    # All three are written before one is replaced: no mixed cascade.
    write_all_whole({Path(folder) / f"{name}.safetensors": partial(_save_net, name, net)
                     for name, net in zip(NET_TYPES, nets, strict=True)})  # fmt: skip


def _save_net(name: str, net: nn.Module, path: Path) -> None:
    try:
        save_file({key: value.contiguous() for key, value in net.state_dict().items()}, path, {"net": name})
    except SafetensorError as error:
        raise OSError(str(error)) from None  # a full disk, for one


def load_weights(folder: str | PathLike[str]) -> Nets:
    """The nets whose weights `save_weights` wrote to `folder`. P-Net and R-Net may lack the landmark head.

    Raises WeightsError for a missing or damaged file, and for a tensor that is missing, unexpected, not
    finite, or of another shape or type than its layer.
    """
    return cascade_of(lambda name: _load_net(name, Path(folder) / f"{name}.safetensors"))


def cascade_of(one: Callable[[str], Any]) -> Nets:
    """The three nets, ready for use; `one` makes each from its name, "pnet", "rnet" or "onet"."""
    return Nets(*(one(name) for name in NET_TYPES)).ready()


def weights_digest(nets: Iterable[nn.Module]) -> str:
    """A short name for these nets' weights, which changes with every bit of them."""
    return digest(value.contiguous().numpy().tobytes() for net in nets for value in net.state_dict().values())


def _load_net(name: str, path: Path) -> nn.Module:
    if not path.is_file():
        raise WeightsError(f"{path}: no such file; a folder of weights holds pnet, rnet and onet.safetensors")
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: damaged, or not a safetensors file ({error})") from None
    return filled(name, tensors, str(path))


def filled(name: str, tensors: dict[str, Tensor], source: str) -> nn.Module:
    """A net that holds these tensors, each checked first.

    Parameters
    ----------
    name
        "pnet", "rnet" or "onet".
    tensors
        Its `state_dict`; P-Net's and R-Net's may lack the landmark head.
    source
        Where they come from, for the errors.

    Raises
    ------
    WeightsError
        For a tensor that is missing, unexpected, not finite, or of another shape or type than its layer.
    """
    has_landmarks = name == "onet" or any(key.startswith("landmarks.") for key in tensors)
    net = NET_TYPES[name](landmark_head=has_landmarks)
    expected = net.state_dict()
    for key, layer in expected.items():
        if key not in tensors:
            raise WeightsError(f"{source}: tensor {key!r} of {name} is missing")
        found = tensors[key]
        if found.shape != layer.shape:
            shapes = f"{tuple(found.shape)}; {name} needs {tuple(layer.shape)}"
            raise WeightsError(f"{source}: tensor {key!r} has shape {shapes}")
        if found.dtype != layer.dtype:
            raise WeightsError(f"{source}: tensor {key!r} is {found.dtype}; it must be {layer.dtype}")
        if not torch.isfinite(found).all():
            raise WeightsError(f"{source}: tensor {key!r} holds NaN or infinity")
    unexpected = sorted(set(tensors) - set(expected))
    if unexpected:
        raise WeightsError(f"{source}: tensor {unexpected[0]!r} belongs to no layer of {name}")
    net.load_state_dict(tensors)
    return net
