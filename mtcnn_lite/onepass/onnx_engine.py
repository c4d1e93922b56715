"""The one-pass net computed by ONNX Runtime. Nothing here imports torch."""

from collections.abc import Mapping, Sequence
from typing import Any

from mtcnn_lite.images import Pixels
from mtcnn_lite.onepass.look import Said
from mtcnn_lite.runtime.onnx_engine import _Sessions, normalised

OUTPUTS = ("score", "offsets", "points")


class OnnxOnePass:
    """A one-pass net of an export, as a `look.OnePassEngine`.

    Parameters
    ----------
    model : bytes
        As onepass.onnx holds it.
    anchors : mapping
        The anchors' sides by stride.
    device : str
        "cpu" or "cuda".

    Raises
    ------
    ValueError
        Where ONNX Runtime can't load the model, or not use the device.
    """

    name = "onnx"

    def __init__(self, model: bytes, anchors: Mapping[int, Sequence[float]], device: str = "cpu") -> None:
        self.model, self.device, self._anchors = model, device, anchors
        self._sessions = _Sessions("onepass", model, device)

    def __reduce__(self) -> tuple[Any, ...]:  # sessions can't be pickled
        return OnnxOnePass, (self.model, self._anchors, self.device)

    @property
    def anchors(self) -> Mapping[int, Sequence[float]]:
        return self._anchors

    def __call__(self, photos: Pixels) -> list[Said]:
        scores, offsets, points = self._sessions.run(list(OUTPUTS), {"images": normalised(photos)})
        return list(zip(scores, offsets, points, strict=True))
