"""A one-pass net on disk: onepass.safetensors, and onepass.json with its anchors and its threshold.

    {"format": 1, "levels": {"8": [16, 24, 36], "16": [56, 88], "32": [140, 224, 360]},
     "threshold": 0.5, "weights": "cab5546added7f34b0", "chosen": {"rule": "...", "photos": 121, ...}}

`weights` is the `weights_digest` of the net that the threshold was chosen for; `chosen` is for people. No torch is
loaded before a net is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtcnn_lite.arguments import shown
from mtcnn_lite.runtime.files import write_all_whole
from mtcnn_lite.weights.reading import WeightsError, read_bytes
from mtcnn_lite.weights.shipped import FOLDER, REINSTALL

if TYPE_CHECKING:
    from mtcnn_lite.onepass.model import OnePassNet

NAME = "onepass"
NET, STATED, MODEL = f"{NAME}.safetensors", f"{NAME}.json", f"{NAME}.onnx"
FORMAT = 1
THRESHOLD = 0.5  # of a net without another
SHIPPED = FOLDER / NAME
EXPORTED = f"an export of one-pass weights holds {MODEL} and {STATED}: mtcnn-lite export --out DIR"
COMPLETE = f"a folder of one-pass weights holds {NET} and {STATED}: mtcnn-lite train --model onepass"


@dataclass(frozen=True)
class Stated:
    """What onepass.json says: the anchors' sides by stride, and the threshold."""

    levels: Mapping[int, Sequence[float]]
    threshold: float
    weights: str | None = None
    sha256: str | None = None  # of onepass.onnx


def is_onepass(weights: object) -> bool:
    """Whether an argument `weights` is "onepass", a folder of one-pass weights or of their export, or such a net."""
    if not isinstance(weights, str | PathLike):
        return hasattr(weights, "levels")
    try:
        return weights == NAME or (Path(weights) / NET).is_file() or is_onepass_export(weights)
    except (OSError, ValueError):  # a name too long to be a folder's, or with a zero byte
        return False


def is_onepass_export(weights: object) -> bool:
    """Whether an argument `weights` is a folder that `mtcnn-lite export` wrote of a one-pass detector."""
    try:
        return isinstance(weights, str | PathLike) and (Path(weights) / MODEL).is_file()
    except (OSError, ValueError):
        return False


def save_onepass(
    net: OnePassNet, folder: str | PathLike[str], threshold: float = THRESHOLD, chosen: Mapping[str, Any] | None = None
) -> None:
    """Write a net and its threshold to `folder`, made where it is missing; `Detector(folder)` reads it.

    Parameters
    ----------
    net : OnePassNet
    folder : str or path
    threshold : float
        Lowest probability of a face, 0 to 1.
    chosen : mapping, optional
        How it was chosen, as JSON can hold it.

    Raises
    ------
    OSError
        Where the files can't be written.
    """
    from mtcnn_lite.weights.files import save_net

    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    text = json.dumps(described(net, threshold, chosen or {}), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_all_whole({target / NET: partial(save_net, net),
                     target / STATED: partial(Path.write_bytes, data=text.encode())})  # fmt: skip


def described(net: OnePassNet, threshold: float, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """What onepass.json says.

    Parameters
    ----------
    net, threshold, chosen
        As in `save_onepass`.
    """
    from mtcnn_lite.weights.files import weights_digest

    levels = {str(stride): list(sides) for stride, sides in net.levels.items()}
    return {"format": FORMAT, "levels": levels, "threshold": threshold, "weights": weights_digest([net]),
            "chosen": dict(chosen)}  # fmt: skip


def load_export(folder: str | PathLike[str]) -> tuple[bytes, Stated]:
    """The model of an export, as bytes, and what its onepass.json says.

    Raises WeightsError for a file that is missing, damaged or another.
    """
    stated = read_stated(Path(folder), EXPORTED)
    return read_bytes(Path(folder) / MODEL, EXPORTED, stated.sha256), stated


def load_onepass(weights: str | PathLike[str] | OnePassNet) -> tuple[OnePassNet, float]:
    """The net that `weights` names, on the CPU, and its threshold; a net is returned itself.

    Raises WeightsError for a missing or damaged file, for tensors that don't fit, and for a threshold that was chosen
    for other weights.
    """
    from mtcnn_lite.onepass.model import OnePassNet
    from mtcnn_lite.weights.files import fill, read_net, weights_digest

    if isinstance(weights, OnePassNet):
        return weights, THRESHOLD
    if not isinstance(weights, str | PathLike):
        raise TypeError(f'weights is {shown(weights)}; it must be "onepass", a folder of weights, or a OnePassNet')
    folder, advice = Path(weights), COMPLETE
    if weights == NAME:
        if not (SHIPPED / NET).is_file():
            raise WeightsError(
                f'weights is "{NAME}", and none ship yet; train some (mtcnn-lite train --model {NAME}), and give their '
                "folder"
            )
        folder, advice = SHIPPED, REINSTALL
    stated = read_stated(folder, advice)
    net = read_net(folder / NET, lambda tensors: fill(OnePassNet(stated.levels), NAME, tensors, str(folder / NET)),
                   advice=advice)  # fmt: skip
    if stated.weights not in (None, weights_digest([net])):
        raise WeightsError(f"{folder / STATED}: was written for weights of the digest {stated.weights}, but those "
                           f"beside it have {weights_digest([net])}")  # fmt: skip
    return net, stated.threshold


def read_stated(folder: Path, advice: str = COMPLETE) -> Stated:
    """What a folder's onepass.json says. Raises WeightsError where it is missing or damaged."""
    path = folder / STATED
    data = read_bytes(path, advice)
    try:
        said = json.loads(data)
        version, threshold, weights = said["format"], said["threshold"], said.get("weights")
        levels = {int(stride): tuple(map(float, sides)) for stride, sides in said["levels"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WeightsError(f"{path}: damaged, or not written by save_onepass ({error})") from None
    if version != FORMAT:
        raise WeightsError(f"{path}: its format is {version!r}; this version of mtcnn_lite reads {FORMAT}")
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise WeightsError(f"{path}: the threshold is {shown(threshold)}; it must be from 0 to 1")
    if tuple(levels) != (8, 16, 32) or not all(sides and min(sides) > 0 for sides in levels.values()):
        raise WeightsError(f"{path}: levels are {shown(said['levels'])}; each of the strides 8, 16 and 32 has sides "
                           "above 0")  # fmt: skip
    return Stated(levels, float(threshold), weights, said.get("sha256"))
