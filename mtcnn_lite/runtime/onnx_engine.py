"""The nets computed by ONNX Runtime. Nothing here imports torch."""

from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.images import Pixels
from mtcnn_lite.runtime.inference import Answer, Maps

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}  # by device
OPTIONS: dict[str, dict[str, str]] = {"cpu": {}, "cuda": {"use_tf32": "0"}}  # by device: float32, as torch's engine
BATCH_PIXELS = 1 << 15  # of a net's input at a time: larger batches leave the cache, and take up to 15% longer
ERRORS_ONLY = 3  # onnxruntime's severity of what it prints


class OnnxEngine:
    """The three nets of an export (`weights.onnx_files`), as an `inference.Engine`.

    A session starts no threads: our own run batches side by side, and sessions that split each layer among threads
    would wait for one another after each. Threads that ask at the same time have sessions of their own (`_Sessions`).

    Parameters
    ----------
    models : mapping of str to bytes
        "pnet", "rnet" and "onet", as ONNX files hold them.
    device : str
        "cpu" or "cuda".

    Raises
    ------
    ValueError
        Where ONNX Runtime can't load a model, or not use the device.
    """

    name, whole_stages = "onnx", False
    batch_pixels: int | None = BATCH_PIXELS

    def __init__(self, models: Mapping[str, bytes], device: str = "cpu") -> None:
        self.device, self.models = device, dict(models)
        self._sessions = {net: _Sessions(net, model, device) for net, model in models.items()}

    def __reduce__(self) -> tuple[Any, ...]:  # sessions can't be pickled
        return OnnxEngine, (self.models, self.device)

    def pnet(self, images: Sequence[Pixels]) -> list[Maps]:
        pixels = images[0][None] if len(images) == 1 else np.stack(images)
        scores, offsets = self._sessions["pnet"].run(["score", "offsets"], {"images": normalised(pixels)})
        return list(zip(scores, offsets.transpose(0, 2, 3, 1), strict=True))

    def windows(self, net: str, crops: Pixels) -> Answer:
        scores, offsets, *points = self._sessions[net].run(None, {"images": normalised(crops)})
        return scores, offsets, points[0] if points else None


class _Sessions:
    """As many sessions of a model as threads have ever asked at the same time.

    One session can serve several threads; but what it writes for one then lies beside what another reads, and in about
    one process of three, by where its memory happens to be, each call takes twice as long.
    """

    def __init__(self, net: str, model: bytes, device: str) -> None:
        self._make = partial(_session, net, model, device)
        self._free = deque([self._make()])  # its `pop` and `append` need no lock

    def run(self, outputs: list[str] | None, inputs: Mapping[str, Floats]) -> list[Floats]:
        try:
            session = self._free.pop()
        except IndexError:
            session = self._make()
        try:
            said: list[Floats] = session.run(outputs, inputs)
            return said
        except Exception as error:  # its errors have no class of their own above Exception
            if "allocate" in str(error):
                raise MemoryError("ONNX Runtime has too little memory") from None
            raise
        finally:
            self._free.append(session)


def normalised(images: NDArray[np.uint8]) -> Floats:
    """uint8 (N, H, W, 3) to what the models read: float32 (N, 3, H, W), (pixel - 127.5) / 128, exactly.

    >>> normalised(np.full((1, 1, 1, 3), 255, np.uint8)).ravel().tolist()
    [0.99609375, 0.99609375, 0.99609375]
    """
    planes: Floats = np.subtract(images.transpose(0, 3, 1, 2), np.float32(127.5), dtype=np.float32, order="C")
    planes *= np.float32(1 / 128)
    return planes


def _session(net: str, model: bytes, device: str) -> "InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # it plans memory for one size of input, and levels have many
    options.log_severity_level = ERRORS_ONLY
    try:
        session = onnxruntime.InferenceSession(
            model, options, providers=[(PROVIDERS[device], OPTIONS[device])], enable_fallback=0
        )
    except Exception as error:  # its errors have no class of their own above Exception
        raise ValueError(f"{net}.onnx: ONNX Runtime can't load it ({error})") from None
    if (taken := session.get_providers()[0]) != PROVIDERS[device]:  # one that is built in, but finds no GPU
        raise ValueError(f'{net}.onnx: ONNX Runtime can\'t use the device "{device}" here, and would take {taken}')
    return session


def found_device(device: str) -> str:
    """ "cpu" or "cuda", as asked for; "auto" is the GPU where this installation of ONNX Runtime runs on one.

    Raises ValueError for a device that it does not run on.
    """
    import onnxruntime

    available = set(onnxruntime.get_available_providers())
    if device == "auto":
        return "cuda" if PROVIDERS["cuda"] in available else "cpu"
    if device in PROVIDERS and PROVIDERS[device] in available:
        return device
    raise ValueError(
        f'device is "{device}", which this installation of ONNX Runtime does not run on; its engine takes "cpu", or '
        '"cuda" where onnxruntime-gpu is installed; the engine "torch" takes others'
    )
