"""Which engine computes the nets, on which device, for what a `Detector` is given."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from os import PathLike
from os.path import exists
from typing import TYPE_CHECKING

from mtcnn_lite.arguments import one_of, shown
from mtcnn_lite.runtime.parallel import in_own_thread
from mtcnn_lite.weights import shipped
from mtcnn_lite.weights.onnx_files import is_export, read_export
from mtcnn_lite.weights.reading import WeightsError

if TYPE_CHECKING:
    from mtcnn_lite.nets import Nets
    from mtcnn_lite.runtime.inference import Engine

DefaultThresholds = Callable[[], tuple[float, ...]]  # thresholds.json is not read where other thresholds are given

ENGINES = ("auto", "torch", "onnx")
DEVICES = ("cpu", "cuda", "mps", "auto")
INSTALL_ONNX = "pip install 'mtcnn_lite[onnx]'"


def engine_of(weights: str | PathLike[str] | Nets, engine: str, device: str) -> tuple[Engine, DefaultThresholds]:
    """The engine, ready for use, and what gives the default thresholds of its nets.

    Parameters
    ----------
    weights, engine, device
        As in `Detector`.

    Raises
    ------
    ValueError, TypeError
        For an engine or a device that there is not, or not here.
    WeightsError
        For weights that are missing, don't fit, or are another engine's.
    """
    one_of("engine", engine, ENGINES)
    one_of("device", device, DEVICES)
    exported = isinstance(weights, str | PathLike) and is_export(weights)
    ours = isinstance(weights, str) and weights == shipped.NAME  # of an array, == gives an array
    if engine == "auto":
        # Torch, where it is installed: its results are those that notebooks and tests state (docs/engines.md).
        engine = "onnx" if exported or (ours and not _installed("torch")) else "torch"
    return _onnx(weights, exported, device) if engine == "onnx" else _torch(weights, exported, device)


def _torch(weights: str | PathLike[str] | Nets, exported: bool, device: str) -> tuple[Engine, DefaultThresholds]:
    if exported:
        raise WeightsError(
            f'weights is {shown(str(weights))}, an export to ONNX, which the engine "torch" can\'t run; '
            'engine="onnx" can'
        )
    if not _installed("torch"):
        if isinstance(weights, str | PathLike) and weights not in (shipped.NAME, "zhang2016") and not exists(weights):
            raise WeightsError(f"weights is {shown(str(weights))}, and there is no such folder")
        raise ValueError(
            'torch, which these weights and the engine "torch" need, is not installed: pip install torch; without it '
            'engine="onnx" runs the weights "mtcnn_lite" and what mtcnn-lite export wrote'
        )
    from mtcnn_lite.runtime.device_engine import DeviceEngine, found_device
    from mtcnn_lite.runtime.torch_engine import TorchEngine
    from mtcnn_lite.weights.named import nets_of, suited_thresholds

    where = found_device(device)
    nets = in_own_thread(nets_of, weights)
    suited = partial(in_own_thread, suited_thresholds, weights, nets)
    return TorchEngine(nets) if where == "cpu" else DeviceEngine(nets, where), suited


def _onnx(weights: str | PathLike[str] | Nets, exported: bool, device: str) -> tuple[Engine, DefaultThresholds]:
    if not exported and not (isinstance(weights, str) and weights == shipped.NAME):
        raise WeightsError(
            f'weights is {shown(weights)}, which the engine "onnx" can\'t run; it must be "mtcnn_lite" or a folder '
            "that mtcnn-lite export wrote"
        )
    if not _installed("onnxruntime"):
        raise ValueError(f'onnxruntime, which the engine "onnx" needs, is not installed: {INSTALL_ONNX}')
    from mtcnn_lite.runtime.onnx_engine import OnnxEngine, found_device

    where = found_device(device)
    read = read_export(weights) if exported else shipped.load_onnx()  # type: ignore[arg-type]  # a path
    if device == "auto" and where != "cpu":
        with suppress(ValueError):  # ONNX Runtime is built for a GPU, and there is none
            return OnnxEngine(read.models, where), lambda: read.thresholds
        where = "cpu"
    try:
        return OnnxEngine(read.models, where), lambda: read.thresholds
    except ValueError as error:
        raise WeightsError(f"{read.source}: {error}") from None


def _installed(package: str) -> bool:
    if package in sys.modules:
        return sys.modules[package] is not None
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # an import hook that forbids it
        return False
