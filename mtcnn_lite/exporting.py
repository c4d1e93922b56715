"""A detector's nets as ONNX models, for programs without torch: what `mtcnn-lite export` writes.

The exporter is torch's own. It sees plain layers in place of ours (`_plain`), since what makes those fast in torch is
of no use elsewhere. `weights.onnx_files` reads what is written here.
"""

import copy
import hashlib
import json
from functools import partial
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import mtcnn_lite
from mtcnn_lite import pyramid
from mtcnn_lite.arguments import shown
from mtcnn_lite.detector import Detector
from mtcnn_lite.net_names import NET_NAMES, NET_SIZES
from mtcnn_lite.nets import layers
from mtcnn_lite.onepass.exporting import onepass_files
from mtcnn_lite.onepass.weights import NAME as ONEPASS
from mtcnn_lite.runtime.files import write_all_whole
from mtcnn_lite.runtime.onnx_engine import OnnxEngine
from mtcnn_lite.runtime.onnx_writing import CLOSE, ExportError, onnx_model
from mtcnn_lite.runtime.torch_engine import TorchEngine
from mtcnn_lite.weights.onnx_files import CASCADE, FORMAT

__all__ = ["OPSET", "ExportError", "export"]

OPSET = 18  # what the exporter writes itself; other versions are converted from it
OPSETS = range(16, 25)
NEEDED = ("onnx", "onnxscript", "onnxruntime")
POINTS = ("eye on the picture's left", "eye on the picture's right", "nose",
          "mouth corner on the picture's left", "mouth corner on the picture's right")  # fmt: skip


def export(detector: Detector, folder: str | PathLike[str], opset: int = OPSET) -> None:
    """Write a detector's three nets as ONNX models to `folder`, made where it is missing, with a cascade.json.

    Each model is checked by `onnx.checker`, and run beside torch, before anything is written. All four files are
    replaced together. Of a one-pass detector there are two: onepass.onnx and onepass.json.

    Parameters
    ----------
    detector : Detector
        Its nets, and its settings, which cascade.json states; one of engine "torch".
    folder : str or path
        Where pnet.onnx, rnet.onnx, onet.onnx and cascade.json go.
    opset : int
        Version of ONNX's operators, 16 to 24.

    Raises
    ------
    ValueError, TypeError
        For another opset.
    ExportError
        Where a package is missing, torch's exporter or ONNX Runtime fails, a model differs from torch by more than 1e-5
        (of the largest value, where that is over 1), or `folder` holds weights as .safetensors: a `Detector` takes a
        folder for one or the other.
    OSError
        Where the files can't be written.

    Examples
    --------
    >>> export(Detector(), "onnx", opset=7)
    Traceback (most recent call last):
    ValueError: opset is 7; it must be a whole number from 16 to 24
    """
    if type(opset) is not int or opset not in OPSETS:
        kind = ValueError if type(opset) is int else TypeError
        raise kind(f"opset is {shown(opset)}; it must be a whole number from {OPSETS[0]} to {OPSETS[-1]}")
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise ExportError(f"exporting needs {', '.join(missing)}: pip install 'mtcnn_lite[onnx]'")
    target = Path(folder)
    if any(target.glob("*.safetensors")):
        raise ExportError(f"{target} holds weights as .safetensors; an export goes to a folder of its own")
    if detector.model == ONEPASS:
        contents = onepass_files(detector.engine, detector.settings, opset)  # type: ignore[arg-type]  # a one-pass net's
    else:
        models = {name: _model(name, getattr(detector.nets, name), opset) for name in NET_NAMES}
        _compare(models, TorchEngine(detector.nets))
        stated = json.dumps(_cascade(detector, models, opset), indent=1).encode() + b"\n"
        contents = {f"{name}.onnx": model for name, model in models.items()} | {CASCADE: stated}
    target.mkdir(parents=True, exist_ok=True)
    write_all_whole({target / name: partial(_write, data) for name, data in contents.items()})


def _write(data: bytes, path: Path) -> None:
    path.write_bytes(data)


class _Heads(nn.Module):
    """A net whose outputs are the probability of a face, the offsets and, from R-Net and O-Net, the landmarks."""

    def __init__(self, name: str, net: nn.Module) -> None:
        super().__init__()
        self.net, self.options = net, {"points": False} if name == "pnet" else {}

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        output = self.net(images, **self.options)
        heads = (output.score, output.offsets, output.landmarks)
        return tuple(head for head in heads if head is not None)


class _PReLU(nn.Module):
    """PReLU as slope * x + (1 - slope) * max(x, 0), of which each half is a BatchNormalization.

    ONNX Runtime keeps maps in blocks of channels, in which its convolutions are fast. It computes these parts there;
    for its own PRelu it would rearrange every map, and back. O-Net takes half the time so.
    """

    def __init__(self, slopes: Tensor) -> None:
        super().__init__()
        self.below, self.above = _scaled(slopes), _scaled(1 - slopes)

    def forward(self, x: Tensor) -> Tensor:
        return self.below(x) + self.above(functional.relu(x))


class _DensePReLU(nn.Module):
    """max(x, 0) + slope * min(x, 0), of a row of numbers for each window."""

    def __init__(self, slopes: Tensor) -> None:
        super().__init__()
        self.slopes = nn.Parameter(slopes.detach().clone(), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.clamp(x, min=0) + self.slopes * torch.clamp(x, max=0)


def _scaled(factors: Tensor) -> nn.BatchNorm2d:
    """A layer that multiplies each channel by its factor."""
    layer = nn.BatchNorm2d(len(factors), eps=0.0).eval().requires_grad_(False)  # mean 0, variance 1, bias 0
    layer.weight.copy_(factors)
    return layer


def _plain(net: nn.Module) -> nn.Module:
    """A copy of the net, in evaluation mode, whose layers are those that the exporter knows."""
    plain = copy.deepcopy(net).eval().requires_grad_(False)
    before: nn.Module = plain
    for name, layer in list(plain.named_children()):
        if isinstance(layer, layers.PReLU):
            kind = _DensePReLU if isinstance(before, nn.Linear) else _PReLU
            setattr(plain, name, kind(layer.weight))
        elif isinstance(layer, layers.MaxPool2d):
            setattr(plain, name, nn.MaxPool2d(layer.size, layer.step, ceil_mode=True))
        before = layer
    return plain


def _model(name: str, net: nn.Module, opset: int) -> bytes:
    """One net as an ONNX file's bytes, checked for being one."""

    heads = ["score", "offsets", "landmarks"] if name != "pnet" and net.landmarks is not None else ["score", "offsets"]
    size, sizes = NET_SIZES[name], {0: torch.export.Dim("batch")}
    height, width = size, size
    if name == "pnet":
        height, width = size + 5, size + 10  # any will do; two different ones, so that neither stands for both
        sizes |= {2: torch.export.Dim("height", min=size), 3: torch.export.Dim("width", min=size)}
    example = torch.zeros(2, 3, height, width, dtype=torch.float32, device="cpu")
    return onnx_model(name, _Heads(name, _plain(net)), example, sizes, heads, opset)


def _compare(models: dict[str, bytes], ours: TorchEngine) -> None:
    """Raise ExportError where a model says other than torch of some images, also of odd sizes."""
    try:
        exported, rng = OnnxEngine(models), np.random.default_rng(0)
    except ValueError as error:  # such as a newer opset than it knows
        raise ExportError(str(error)) from None
    pairs: list[tuple[str, Any, Any]] = []
    for height, width in ((12, 12), (13, 12), (24, 37), (41, 60)):
        images = list(rng.integers(0, 256, (3, height, width, 3), np.uint8))
        for theirs, wanted in zip(exported.pnet(images), ours.pnet(images), strict=True):
            pairs += [("pnet", a, b) for a, b in zip(theirs, wanted, strict=True)]
    for name in NET_NAMES[1:]:
        for count in (1, 7):
            crops = rng.integers(0, 256, (count, NET_SIZES[name], NET_SIZES[name], 3), np.uint8)
            said = zip(exported.windows(name, crops), ours.windows(name, crops), strict=True)
            pairs += [(name, a, b) for a, b in said if b is not None]
    for name, theirs, wanted in pairs:
        off = float(np.abs(theirs - wanted).max()) if theirs.shape == wanted.shape else np.inf
        if not off <= CLOSE * max(1, float(np.abs(wanted).max())):
            raise ExportError(f"{name}.onnx differs from torch by {off:.1e}; at most {CLOSE:.0e} is allowed")


def _cascade(detector: Detector, models: dict[str, bytes], opset: int) -> dict[str, Any]:
    """What cascade.json says."""
    settings, nets = detector.settings, detector.nets
    return {
        "format": FORMAT,
        "made_by": f"mtcnn_lite {mtcnn_lite.__version__}, torch {torch.__version__}, opset {opset}",
        "input": {
            "name": "images",
            "type": "float32",
            "layout": "N, 3, height, width",
            "channels": "RGB",
            "normalisation": {"subtract": 127.5, "multiply": 1 / 128},
        },
        "outputs": {
            "score": "probability of a face: (N,), of pnet (N, rows, columns)",
            "offsets": "x1, y1, x2, y2 of the box minus those of the window, in sides of the window: (N, 4), of pnet "
            "(N, 4, rows, columns)",
            "landmarks": "x1 to x5, y1 to y5 in the window, whose top left corner is 0, 0 and side 1: (N, 10)",
        },
        "landmarks": list(POINTS),
        "pyramid": {
            "min_face": settings.min_face,
            "factor": settings.factor,
            "window": pyramid.CELL,
            "stride": pyramid.STRIDE,
        },
        "thresholds": dict(zip(NET_NAMES, settings.thresholds, strict=True)),
        "nms": {**settings.nms._asdict(), "measure": "IoU; onet: intersection over the smaller box"},
        "mirror": settings.mirror,
        "nets": {
            name: {
                "file": f"{name}.onnx",
                "window": NET_SIZES[name],
                "landmarks": name != "pnet" and getattr(nets, name).landmarks is not None,
                "sha256": hashlib.sha256(model).hexdigest(),
            }
            for name, model in models.items()
        },
    }
