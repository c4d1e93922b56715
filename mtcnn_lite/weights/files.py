"""Weights on disk: safetensors, one file a net, three in one folder.

A file holds the net's `state_dict`: float32 tensors named `conv1.weight`, `prelu1.weight`, ... Its metadata holds their
SHA-256. Loading checks every name, shape, type and bit before anything is used; a file is written whole or not at all.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor, nn

from mtcnn_lite.nets import NET_TYPES, Nets, make_net
from mtcnn_lite.runtime.files import digest, write_all_whole
from mtcnn_lite.weights.reading import COMPLETE, WeightsError, read_bytes
from mtcnn_lite.weights.thresholds import drop_other_thresholds, write_thresholds

Net = TypeVar("Net", bound=nn.Module)


def save_weights(nets: Nets, folder: str | PathLike[str]) -> None:
    """Write `pnet.safetensors`, `rnet.safetensors` and `onet.safetensors` to `folder`, made where it is missing.

    A thresholds.json that was chosen for other weights is removed.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    # All three are written before one is replaced: no mixed cascade.
    write_all_whole({Path(folder) / f"{name}.safetensors": partial(save_net, net)
                     for name, net in zip(NET_TYPES, nets, strict=True)})  # fmt: skip
    drop_other_thresholds(Path(folder), weights_digest(nets))


def save_net(net: nn.Module, path: Path) -> None:
    """Write a net's `state_dict` to a file, with its SHA-256. Raises OSError where it can't be written."""
    tensors = {key: value.contiguous() for key, value in net.state_dict().items()}
    # One entry only: safetensors writes several in any order, and the same weights must give the same file.
    try:
        save_file(tensors, path, {"sha256": _sha256(tensors)})
    except SafetensorError as error:
        raise OSError(str(error)) from None  # a full disk, for one


def _sha256(tensors: Mapping[str, Tensor]) -> str:
    """The SHA-256 of tensors on any device: the name, type, shape and values of each, by name."""
    total = hashlib.sha256()
    for key, value in sorted(tensors.items()):
        total.update(f"{key} {value.dtype} {tuple(value.shape)}\n".encode())
        total.update(_bytes(value))
    return total.hexdigest()


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().flatten().view(torch.uint8).numpy().tobytes()


def load_weights(folder: str | PathLike[str]) -> Nets:
    """The nets whose weights `save_weights` wrote to `folder`. P-Net and R-Net may lack the landmark head.

    Raises WeightsError for a missing or damaged file, and for a tensor that is missing, unexpected, not finite, or of
    another shape or type than its layer. A damaged value is noticed too, by the digest that is saved with the tensors;
    files of version 0.1.0 have none and are loaded without.
    """
    return cascade_of(lambda name: load_net(name, Path(folder) / f"{name}.safetensors"))


def save_thresholds(
    folder: str | PathLike[str], thresholds: tuple[float, float, float], chosen: Mapping[str, Any] | None = None
) -> None:
    """Write thresholds.json to a folder of weights: `Detector(folder)` then has these thresholds by default.

    Parameters
    ----------
    folder
        Where `save_weights` wrote the weights.
    thresholds
        Of P-Net, R-Net and O-Net, each from 0 to 1.
    chosen
        How they were chosen, for people to read: the rule, the photos, figures.

    Raises
    ------
    WeightsError
        For a folder without weights.
    ValueError, TypeError
        For thresholds that are none.
    """
    write_thresholds(folder, thresholds, weights_digest(load_weights(folder)), chosen)


def cascade_of(one: Callable[[str], Any]) -> Nets:
    """The three nets, ready for use; `one` makes each from its name, "pnet", "rnet" or "onet"."""
    return Nets(*(one(name) for name in NET_TYPES)).ready()


def weights_digest(nets: Iterable[nn.Module]) -> str:
    """A short name for these nets' weights, which changes with every bit of them."""
    return digest(_bytes(value) for net in nets for value in net.state_dict().values())


def load_net(name: str, path: Path, sha256: str | None = None, advice: str = COMPLETE) -> nn.Module:
    """The net that a file holds.

    Parameters
    ----------
    name
        "pnet", "rnet" or "onet".
    path
        The file.
    sha256, advice
        See `read_bytes`. With a `sha256` for the whole file, that of the tensors in it is not looked at.

    Raises
    ------
    WeightsError
        As `load_weights`.
    """
    return read_net(path, lambda tensors: filled(name, tensors, str(path)), sha256, advice)


def read_net(
    path: Path, fill: Callable[[dict[str, Tensor]], Net], sha256: str | None = None, advice: str = COMPLETE
) -> Net:
    """What `fill` makes of a file's tensors, whose digest is checked.

    Parameters
    ----------
    path
        The file.
    fill
        Makes the net of its `state_dict`, and raises WeightsError for one that does not fit.
    sha256, advice
        As in `load_net`.

    Raises
    ------
    WeightsError
        As `load_weights`.
    """
    data = read_bytes(path, advice, sha256)
    try:
        tensors = load(data)
    except (SafetensorError, KeyError) as error:  # KeyError: a type of number that torch does not have
        raise WeightsError(f"{path}: damaged, or not a safetensors file ({error})") from None
    net = fill(tensors)
    saved = None if sha256 else _metadata(data).get("sha256")
    if saved is not None and saved != _sha256(tensors):
        raise WeightsError(f"{path}: damaged; its values do not have the SHA-256 that was saved with them")
    return net


def _metadata(data: bytes) -> dict[str, str]:
    """The words that safetensors keeps beside the tensors of a file, which `load` leaves out."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return header.get("__metadata__") or {}


def filled(name: str, tensors: dict[str, Tensor], source: str) -> nn.Module:
    """A net on the CPU that holds these tensors, each checked first.

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
    return fill(make_net(name, has_landmarks), name, tensors, source)


def fill(net: Net, name: str, tensors: dict[str, Tensor], source: str) -> Net:
    """The net with these tensors in it, each checked first.

    Parameters
    ----------
    net
        On the CPU; changed in place.
    name
        What errors call it.
    tensors
        Its whole `state_dict`.
    source
        Where they come from, for the errors.

    Raises
    ------
    WeightsError
        As `filled`.
    """
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
        if not np.isfinite(found.numpy()).all():  # in a fifth of torch's time
            raise WeightsError(f"{source}: tensor {key!r} holds NaN or infinity")
    unexpected = sorted(set(tensors) - set(expected))
    if unexpected:
        raise WeightsError(f"{source}: tensor {unexpected[0]!r} belongs to no layer of {name}")
    net.load_state_dict(tensors)
    return net
