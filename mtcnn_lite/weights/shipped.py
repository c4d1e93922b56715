"""The weights that ship with the package: which files they are, and their thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mtcnn_lite.weights.onnx_files import Exported, read_export
from mtcnn_lite.weights.reading import WeightsError
from mtcnn_lite.weights.thresholds import NAME as THRESHOLDS
from mtcnn_lite.weights.thresholds import SavedThresholds, read_thresholds

if TYPE_CHECKING:
    from mtcnn_lite.nets import Nets

NAME = "mtcnn_lite"  # our own: trained by `make weights`, described in data/MODEL_CARD.md
REINSTALL = "reinstall mtcnn_lite"
FOLDER = Path(__file__).parent
# New weights come with a thresholds.json of their own; then `sha256sum *.safetensors thresholds.json` gives these anew.
SHA256 = {
    "pnet": "3ecd4eeb8d483bbe288f5e0c715c890c83c248d264570146d95b56f6fb476d07",
    "rnet": "376b19f408f2c040007cad2d8cab73058c609236eec0d232b4430d9191a3d57c",
    "onet": "f85fb5caeb02647a4fd585da5c70073bf905cfd75fdaeb1b7789d4d2f6579630",
    "thresholds": "2fdf10f733dd8f4ab75c923a5198f19bac7599e4841e408d53fc62ad3ab01071",
}
# The same nets for the engine "onnx": `mtcnn-lite export --out mtcnn_lite/weights/onnx` made them. cascade.json holds
# the SHA-256 of the others.
ONNX = FOLDER / "onnx"
ONNX_SHA256 = "9e82042cfd1fbb8362826a38fa17f904a45b1460620a09b9956b3f79b5924c3f"


def load() -> Nets:
    """The nets with the shipped weights. Raises WeightsError where a file is not the one that ships."""
    from mtcnn_lite.weights.files import cascade_of, load_net

    return cascade_of(lambda name: load_net(name, FOLDER / f"{name}.safetensors", SHA256[name], REINSTALL))


def saved_thresholds() -> SavedThresholds:
    """The shipped weights' thresholds and digest. Raises WeightsError where the file is not the one that ships."""
    found = read_thresholds(FOLDER, REINSTALL, SHA256["thresholds"])
    if found is None:
        raise WeightsError(f"{FOLDER / THRESHOLDS}: no such file; {REINSTALL}")
    return found


def load_onnx() -> Exported:
    """The shipped weights as ONNX models. Raises WeightsError where a file is not the one that ships."""
    return read_export(ONNX, ONNX_SHA256, REINSTALL)
