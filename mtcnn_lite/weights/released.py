"""The values that the authors of MTCNN released, from the package mtcnn."""

import importlib.util
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mtcnn_lite.nets import Nets
from mtcnn_lite.weights.files import WeightsError, cascade_of, filled


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
    return cascade_of(lambda name: _import_zhang2016(name, folder / f"{name}.lz4"))


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
    return filled(name, tensors, str(path))
