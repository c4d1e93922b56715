"""Weights: our own files (safetensors, one a net, in one folder) and the authors' released values.

A file holds the net's `state_dict`: float32 tensors named `conv1.weight`, `prelu1.weight`, ... Loading checks every
name, shape and type before anything is used; saving writes under another name and renames, so that a
file is either whole or absent.
"""

import importlib.util
import os
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mtcnn_lite.nets import Nets, ONet, PNet, RNet

NET_TYPES: dict[str, type[PNet] | type[RNet] | type[ONet]] = {"pnet": PNet, "rnet": RNet, "onet": ONet}


class WeightsError(ValueError):
    """Weights that are missing or don't fit; the message names the file and the tensor."""


def save_weights(nets: Nets, folder: str | PathLike[str]) -> None:
    """Write `pnet.safetensors`, `rnet.safetensors` and `onet.safetensors` to `folder`, made where it is missing."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    paths = [Path(folder) / f"{name}.safetensors" for name in NET_TYPES]
    partials = [path.with_name(f".{path.name}.{os.getpid()}.part") for path in paths]
    try:
        for name, net, partial in zip(NET_TYPES, nets, partials, strict=True):
            save_file({key: value.contiguous() for key, value in net.state_dict().items()}, partial, {"net": name})
        for partial, path in zip(partials, paths, strict=True):  # once all three are written: no mixed cascade
            os.replace(partial, path)
    finally:
        for partial in partials:
            partial.unlink(missing_ok=True)


def load_weights(folder: str | PathLike[str]) -> Nets:
    """The nets whose weights `save_weights` wrote to `folder`. P-Net and R-Net may lack the landmark head.

    Raises WeightsError for a missing or damaged file, and for a tensor that is missing, unexpected, not
    finite, or of another shape or type than its layer.
    """
    return _nets(lambda name: _load_net(name, Path(folder) / f"{name}.safetensors"))


def _nets(one: Callable[[str], Any]) -> Nets:
    return Nets(*(one(name) for name in NET_TYPES)).ready()


def _load_net(name: str, path: Path) -> nn.Module:
    if not path.is_file():
        raise WeightsError(f"{path}: no such file; a folder of weights holds pnet, rnet and onet.safetensors")
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: damaged, or not a safetensors file ({error})") from None
    return _fill(name, tensors, str(path))


def _fill(name: str, tensors: dict[str, Tensor], source: str) -> nn.Module:
    """A net of type `name` that holds `tensors`; every complaint names `source` and the tensor."""
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


def zhang2016() -> Nets:
    """The values that Zhang et al. released in 2016, taken from the installed `mtcnn` package (1.0.0, MIT licence).

    The package itself is not imported (it would bring TensorFlow), only its weight files are read. P-Net
    and R-Net have no landmark heads there. Raises WeightsError, with what to install, where it is missing.
    """
    package = importlib.util.find_spec("mtcnn")
    if package is None or not package.submodule_search_locations:
        raise WeightsError(
            "the weights 'zhang2016' are read from the package mtcnn, which is not installed: pip install mtcnn==1.0.0"
        )
    folder = Path(package.submodule_search_locations[0]) / "assets" / "weights"
    return _nets(lambda name: _import_zhang2016(name, folder / f"{name}.lz4"))


def _import_zhang2016(name: str, path: Path) -> nn.Module:
    """One net from the list of arrays in `path`, in the order of its layers: weight, bias, slopes; the heads last."""
    import joblib  # comes with mtcnn, and is needed for nothing else

    if not path.is_file():
        raise WeightsError(f"{path}: no such file; the installed mtcnn is not version 1.0.0: pip install mtcnn==1.0.0")
    arrays: list[NDArray[np.float32]] = joblib.load(path)
    layers = {
        "pnet": "conv1 prelu1 conv2 prelu2 conv3 prelu3 offsets face",
        "rnet": "conv1 prelu1 conv2 prelu2 conv3 prelu3 dense4 prelu4 offsets face",
        "onet": "conv1 prelu1 conv2 prelu2 conv3 prelu3 conv4 prelu4 dense5 prelu5 offsets landmarks face",
    }[name].split()
    keys = [f"{layer}.{part}" for layer in layers for part in (["weight"] if "prelu" in layer else ["weight", "bias"])]
    if len(arrays) != len(keys):
        raise WeightsError(f"{path}: {len(arrays)} arrays where {name} has {len(keys)}; pip install mtcnn==1.0.0")
    tensors = {}
    for key, array in zip(keys, arrays, strict=True):
        if array.ndim == 4:  # convolution, (height, width, in, out) -> (out, in, height, width)
            array = array.transpose(3, 2, 0, 1)
        elif key in ("dense4.weight", "dense5.weight"):
            # It reads the last map, 3 x 3, flattened as (width, height, channel); ours is (channel, height, width).
            array = array.reshape(3, 3, -1, array.shape[-1]).transpose(3, 2, 1, 0).reshape(array.shape[-1], -1)
        elif array.ndim == 2:
            array = array.T
        tensors[key] = torch.from_numpy(np.array(array.reshape(-1) if "prelu" in key else array, order="C"))
    return _fill(name, tensors, str(path))
