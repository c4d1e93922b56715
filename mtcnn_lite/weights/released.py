"""The values that the authors of MTCNN released, from the package mtcnn."""

import io
from importlib.metadata import Distribution, distributions
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mtcnn_lite.nets import Nets
from mtcnn_lite.weights.files import cascade_of, filled
from mtcnn_lite.weights.reading import WeightsError, read_bytes

VERSION = "1.0.0"
INSTALL = f"pip install mtcnn=={VERSION}"
# The files are pickles, which can run any code when they are loaded: these three can't, and no others are loaded.
SHA256 = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}


def zhang2016() -> Nets:
    """The values that Zhang et al. released in 2016, taken from the installed `mtcnn` package (1.0.0, MIT licence).

    The package itself is not imported (it would bring TensorFlow), only its weight files are read, and only if their
    SHA-256 is that of version 1.0.0. P-Net and R-Net have no landmark heads there. Raises WeightsError, with what to
    install, where the package is missing, of another version or altered.
    """
    # What pip has installed: a folder or file "mtcnn" in the working directory is none. One there that also poses as an
    # installed package comes first; it is refused, and the next is tried.
    refused: list[WeightsError] = []
    for distribution in distributions(name="mtcnn"):
        try:
            files = {name: _released(distribution, name) for name in SHA256}
            break
        except WeightsError as error:
            refused.append(error)
    else:
        missing = f"the weights 'zhang2016' are read from the package mtcnn, which is not installed: {INSTALL}"
        raise refused[0] if refused else WeightsError(missing)
    return cascade_of(lambda name: _import_zhang2016(name, *files[name]))


def _released(distribution: Distribution, name: str) -> tuple[Path, bytes]:
    """Where one net's file of an installed package is, and what it holds: what has been checked is what is loaded."""
    path = Path(str(distribution.locate_file(f"mtcnn/assets/weights/{name}.lz4")))
    try:
        version = distribution.version
    except (LookupError, OSError, ValueError):  # its METADATA is no text, for one
        version = "of no version that can be read"
    if version != VERSION:
        raise WeightsError(
            f"{path.parents[3]}: the installed mtcnn is {version}; the weights 'zhang2016' "
            f"are read from {VERSION}: {INSTALL}"
        )
    return path, read_bytes(
        path, f"the installed mtcnn is not the published {VERSION}: {INSTALL} --force-reinstall --no-deps", SHA256[name]
    )


def _import_zhang2016(name: str, path: Path, data: bytes) -> nn.Module:
    """One net from the list of arrays in a file, in the order of its layers: weight, bias, slopes; the heads last."""
    import joblib  # comes with mtcnn, and is needed for nothing else

    arrays: list[NDArray[np.float32]] = joblib.load(io.BytesIO(data))
    layers = {
        "pnet": "conv1 prelu1 conv2 prelu2 conv3 prelu3 offsets face",
        "rnet": "conv1 prelu1 conv2 prelu2 conv3 prelu3 dense4 prelu4 offsets face",
        "onet": "conv1 prelu1 conv2 prelu2 conv3 prelu3 conv4 prelu4 dense5 prelu5 offsets landmarks face",
    }[name].split()
    keys = [f"{layer}.{part}" for layer in layers for part in (["weight"] if "prelu" in layer else ["weight", "bias"])]
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
