"""Weights: those that ship, folders of your own, and the authors' released values; and exports of them to ONNX."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mtcnn_lite.weights import shipped
from mtcnn_lite.weights.reading import WeightsError

if TYPE_CHECKING:
    from mtcnn_lite.weights.files import load_weights, save_thresholds, save_weights, weights_digest
    from mtcnn_lite.weights.named import nets_of, thresholds_of
    from mtcnn_lite.weights.released import zhang2016

__all__ = ["SHIPPED", "WeightsError", "load_weights", "nets_of", "save_thresholds", "save_weights", "shipped",
           "thresholds_of", "weights_digest", "zhang2016"]  # fmt: skip

SHIPPED = shipped.NAME
_HOME = {
    "load_weights": "files",
    "nets_of": "named",
    "save_thresholds": "files",
    "save_weights": "files",
    "thresholds_of": "named",
    "weights_digest": "files",
    "zhang2016": "released",
}


def __getattr__(name: str) -> Any:
    """What needs torch is imported when it is first asked for: the ONNX engine does without."""
    if name in _HOME:
        return getattr(import_module(f"mtcnn_lite.weights.{_HOME[name]}"), name)
    raise AttributeError(f"module 'mtcnn_lite.weights' has no attribute {name!r}")
