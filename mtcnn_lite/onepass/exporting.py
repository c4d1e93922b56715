"""A one-pass net as an ONNX model, for programs without torch: what `mtcnn-lite export` writes of one."""

import copy
import hashlib
import json
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mtcnn_lite.onepass.encoding import VARIANCES
from mtcnn_lite.onepass.look import MULTIPLE, grid
from mtcnn_lite.onepass.model import OnePassNet
from mtcnn_lite.onepass.onnx_engine import OUTPUTS, OnnxOnePass
from mtcnn_lite.onepass.settings import OnePassSettings
from mtcnn_lite.onepass.torch_engine import TorchOnePass, fused
from mtcnn_lite.onepass.weights import MODEL, NAME, STATED, described
from mtcnn_lite.runtime.onnx_writing import CLOSE, ExportError, onnx_model


class _Scored(nn.Module):
    """The net, with the probability of a face in place of two logits."""

    def __init__(self, net: OnePassNet) -> None:
        super().__init__()
        self.net = fused(copy.deepcopy(net).eval().requires_grad_(False))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        answer = self.net(images)
        return answer.score, answer.offsets, answer.points


def onepass_files(engine: TorchOnePass, settings: OnePassSettings, opset: int) -> dict[str, bytes]:
    """onepass.onnx and onepass.json, checked against torch.

    Parameters
    ----------
    engine : TorchOnePass
        Its net.
    settings : OnePassSettings
        Its threshold.
    opset : int
        Version of ONNX's operators.

    Raises
    ------
    ExportError
        Where the model can't be made, or says other than torch.
    """
    places = {axis: MULTIPLE * torch.export.Dim(name, min=1) for axis, name in ((2, "rows"), (3, "columns"))}
    sizes: dict[int, Any] = {0: torch.export.Dim("batch"), **places}
    example = torch.zeros(2, 3, 2 * MULTIPLE, 3 * MULTIPLE, dtype=torch.float32, device="cpu")
    model = onnx_model(NAME, _Scored(engine.net), example, sizes, OUTPUTS, opset)
    _compare(model, engine)
    stated = described(engine.net, settings.thresholds.onepass, {}) | {
        "sha256": hashlib.sha256(model).hexdigest(),
        "input": {
            "name": "images",
            "type": "float32",
            "layout": f"N, 3, height, width, both multiples of {MULTIPLE}",
            "channels": "RGB",
            "normalisation": {"subtract": 127.5, "multiply": 1 / 128},
        },
        "outputs": {
            "score": "probability of a face: (N, A). Anchors: by stride, rows from the top, in a row from the left, in "
            "a cell in the order of the sides; squares round the cells' middles",
            "offsets": "(N, A, 4): x and y of the box's centre from the anchor's, in sides of the anchor, and the "
            "logarithms of its width and height in sides of the anchor; divided by the variances",
            "points": "(N, A, 10): x and y of five points from the anchor's centre, in its sides, divided by the first",
        },
        "variances": list(VARIANCES),
        "nms": settings.nms,
    }
    return {MODEL: model, STATED: json.dumps(stated, indent=1).encode() + b"\n"}


def _compare(model: bytes, ours: TorchOnePass) -> None:
    """Raise ExportError where the model says other than torch of some pictures."""
    try:
        exported, rng = OnnxOnePass(model, ours.anchors), np.random.default_rng(0)
    except ValueError as error:  # such as a newer opset than it knows
        raise ExportError(str(error)) from None
    for count, height, width in ((1, 32, 32), (2, 64, 160), (1, 96, 64)):
        photos = rng.integers(0, 256, (count, height, width, 3), np.uint8)
        for said, wanted in zip(exported(photos), ours(photos), strict=True):
            for theirs, own in zip(said, wanted, strict=True):
                off = float(np.abs(theirs - own).max()) if theirs.shape == own.shape else np.inf
                if not off <= CLOSE * max(1, float(np.abs(own).max())):
                    raise ExportError(f"{MODEL} differs from torch by {off:.1e}; at most {CLOSE:.0e} is allowed")
        assert len(said[0]) == len(grid(height, width, ours.anchors).boxes)
