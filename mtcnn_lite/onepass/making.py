"""The engine and the settings of a one-pass detector, for what a `Detector` is given."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from mtcnn_lite.arguments import one_of, shown
from mtcnn_lite.onepass.look import OnePassEngine
from mtcnn_lite.onepass.settings import NMS, OnePassSettings
from mtcnn_lite.onepass.weights import is_onepass_export, load_export, load_onepass
from mtcnn_lite.runtime.parallel import in_own_thread
from mtcnn_lite.weights.engines import DEVICES, ENGINES, INSTALL_ONNX, _installed
from mtcnn_lite.weights.reading import WeightsError

if TYPE_CHECKING:
    from mtcnn_lite.onepass.model import OnePassNet


def onepass_of(
    weights: str | PathLike[str] | OnePassNet,
    min_face: float,
    thresholds: Sequence[float] | float | None,
    nms: Any,
    engine: str,
    device: str,
    **cascade: tuple[object, object],
) -> tuple[OnePassEngine, OnePassSettings]:
    """The engine, ready for use, and the settings.

    Parameters
    ----------
    weights, min_face, thresholds, nms, engine, device
        As in `Detector`; None for thresholds that suit the weights, and for the usual NMS.
    **cascade : (object, object)
        Settings that only a cascade has: what was given, and the default, which it must be.

    Raises
    ------
    ValueError, TypeError
        For a setting that is out of range, or a cascade's; for an engine or a device that there is not.
    WeightsError
        For weights that are missing or don't fit.
    """
    for name, (given, usual) in cascade.items():
        if given != usual:
            raise ValueError(f"{name} is {shown(given)}, which is for a cascade; a one-pass detector has no such step")
    one_of("engine", engine, ENGINES)
    one_of("device", device, DEVICES)
    exported = is_onepass_export(weights)
    if engine not in ("auto", "onnx" if exported else "torch"):
        other = "an export to ONNX" if exported else "no export"
        raise WeightsError(f'weights is {shown(weights)}, {other}, which the engine "{engine}" can\'t run')
    made, own = (_onnx if exported else _torch)(weights, device)
    settings = OnePassSettings(min_face, own if thresholds is None else thresholds, NMS if nms is None else nms)  # type: ignore[arg-type]
    return made, settings


def _torch(weights: Any, device: str) -> tuple[OnePassEngine, float]:
    if not _installed("torch"):
        raise ValueError("torch, which these weights need, is not installed: pip install torch; an export does without")
    from mtcnn_lite.onepass.torch_engine import TorchOnePass
    from mtcnn_lite.runtime.device_engine import found_device

    net, threshold = in_own_thread(load_onepass, weights)
    return in_own_thread(TorchOnePass, net, found_device(device)), threshold


def _onnx(folder: Any, device: str) -> tuple[OnePassEngine, float]:
    if not _installed("onnxruntime"):
        raise ValueError(f"onnxruntime, which an export needs, is not installed: {INSTALL_ONNX}")
    from mtcnn_lite.onepass.onnx_engine import OnnxOnePass
    from mtcnn_lite.runtime.onnx_engine import found_device

    model, stated = load_export(folder)
    try:
        return OnnxOnePass(model, stated.levels, found_device(device)), stated.threshold
    except ValueError as error:
        raise WeightsError(f"{folder}: {error}") from None
