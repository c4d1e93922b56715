"""The weights that ship with the package: which files they are, and their thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mtcnn_lite.weights.onnx_files import Exported, read_export

if TYPE_CHECKING:
    from mtcnn_lite.nets import Nets

NAME = "mtcnn_lite"  # our own: trained by `make weights`, described in data/MODEL_CARD.md
THRESHOLDS = (0.5, 0.6, 0.53)  # chosen on training photos that no batch held: benchmarks/choose_thresholds.py
REINSTALL = "reinstall mtcnn_lite"
FOLDER = Path(__file__).parent
# New weights are saved by `save_weights`; then `sha256sum *.safetensors` and `weights_digest` give these anew.
SHA256 = {
    "pnet": "3ecd4eeb8d483bbe288f5e0c715c890c83c248d264570146d95b56f6fb476d07",
    "rnet": "376b19f408f2c040007cad2d8cab73058c609236eec0d232b4430d9191a3d57c",
    "onet": "f85fb5caeb02647a4fd585da5c70073bf905cfd75fdaeb1b7789d4d2f6579630",
}
DIGEST = "cab5546add7f34b0"
# The same nets for the engine "onnx": `mtcnn-lite export --out mtcnn_lite/weights/onnx` made them. cascade.json holds
# the SHA-256 of the others.
ONNX = FOLDER / "onnx"
ONNX_SHA256 = "9e82042cfd1fbb8362826a38fa17f904a45b1460620a09b9956b3f79b5924c3f"


def load() -> Nets:
    """The nets with the shipped weights. Raises WeightsError where a file is not the one that ships."""
    from mtcnn_lite.weights.files import cascade_of, load_net

    return cascade_of(lambda name: load_net(name, FOLDER / f"{name}.safetensors", SHA256[name], REINSTALL))


def load_onnx() -> Exported:
    """The shipped weights as ONNX models. Raises WeightsError where a file is not the one that ships."""
    return read_export(ONNX, ONNX_SHA256, REINSTALL)
