"""A folder that `mtcnn-lite export` wrote: three nets as ONNX models, and what the cascade does round them. No torch.

cascade.json holds everything that other programs need to run the models; `read_export` reads what a `Detector` needs.
"""

import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from mtcnn_lite.net_names import NET_NAMES
from mtcnn_lite.weights.reading import WeightsError, read_bytes

CASCADE = "cascade.json"
FORMAT = 1  # of cascade.json
COMPLETE = f"an export holds {CASCADE} and pnet, rnet and onet.onnx: mtcnn-lite export --out DIR"


@dataclass(frozen=True)
class Exported:
    """The models' bytes by the net's name, their default thresholds, and where they come from, for errors."""

    models: dict[str, bytes]
    thresholds: tuple[float, float, float]
    source: str


def is_export(folder: str | PathLike[str]) -> bool:
    """Whether a folder holds an export."""
    try:
        return (Path(folder) / CASCADE).is_file()
    except (OSError, ValueError):  # a name too long to be a folder's, or with a zero byte
        return False


def read_export(folder: str | PathLike[str], sha256: str | None = None, advice: str = COMPLETE) -> Exported:
    """The models of an export, each with the SHA-256 that cascade.json says.

    Parameters
    ----------
    folder
        Where `mtcnn-lite export` wrote them.
    sha256
        That of cascade.json; None for any.
    advice
        What to do where a file is missing or another.

    Raises
    ------
    WeightsError
        For a file that is missing or damaged.
    """
    path = Path(folder) / CASCADE
    data = read_bytes(path, advice, sha256)
    try:
        stated = json.loads(data)
        version, thresholds = stated["format"], stated["thresholds"]
        values = tuple(float(thresholds[name]) for name in NET_NAMES)
        digests = {name: str(stated["nets"][name]["sha256"]) for name in NET_NAMES}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WeightsError(f"{path}: damaged, or not written by mtcnn-lite export ({_said(error)})") from None
    if version != FORMAT:
        raise WeightsError(f"{path}: its format is {version!r}; this version of mtcnn_lite reads {FORMAT}")
    if not all(0 <= value <= 1 for value in values):
        raise WeightsError(f"{path}: thresholds are {thresholds}; each must be from 0 to 1")
    models = {name: read_bytes(Path(folder) / f"{name}.onnx", advice, digest) for name, digest in digests.items()}
    return Exported(models, values, str(folder))  # type: ignore[arg-type]  # three of them


def _said(error: Any) -> str:
    return f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
