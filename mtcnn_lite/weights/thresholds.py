"""A folder's thresholds.json: the thresholds that its weights are used with, and how they were chosen.

    {"thresholds": {"pnet": 0.5, "rnet": 0.6, "onet": 0.53},
     "weights": "cab5546add7f34b0",
     "chosen": {"rule": "...", "photos": 121, "faces": 578, "recall": 0.81, "precision": 0.9, ...}}

`weights` is the `weights_digest` of the nets that they were chosen for: beside other nets they mean something else. It
may be left out of a file written by hand. `chosen` is for people; a detector reads the thresholds alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

from mtcnn_lite.arguments import numbers, shown
from mtcnn_lite.net_names import NET_NAMES
from mtcnn_lite.runtime.files import remove_unfinished, write_whole
from mtcnn_lite.weights.reading import WeightsError, read_bytes

NAME = "thresholds.json"
ANEW = "choose them anew (mtcnn-lite evaluate --choose), or remove the file: without it they are 0.6 0.7 0.7"
RIGHT = 'it must hold {"thresholds": {"pnet": 0.6, "rnet": 0.7, "onet": 0.7}}, each from 0 to 1'


@dataclass(frozen=True)
class SavedThresholds:
    """Thresholds for P-Net, R-Net and O-Net, and the digest of the weights that they suit; None where not said."""

    thresholds: tuple[float, float, float]
    weights: str | None


def read_thresholds(
    folder: str | PathLike[str], advice: str = ANEW, sha256: str | None = None
) -> SavedThresholds | None:
    """What a folder's thresholds.json says; None where there is no such file.

    Parameters
    ----------
    folder
        A folder of weights.
    advice
        What to do where the file is damaged; ends the message.
    sha256
        The SHA-256 that the file must have; None for any.

    Raises
    ------
    WeightsError
        Where it can't be read, or holds anything but three thresholds from 0 to 1.
    """
    path = Path(folder) / NAME
    if not path.exists():
        return None
    data = read_bytes(path, advice, sha256)
    try:
        stated = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: damaged, no JSON ({error}); {RIGHT}: {advice}") from None
    given = stated.get("thresholds") if isinstance(stated, dict) else None
    if not isinstance(given, dict) or sorted(given) != sorted(NET_NAMES):
        what = f"thresholds are {shown(given)}" if given is not None else "there are no thresholds in it"
        raise WeightsError(f"{path}: {what}; {RIGHT}: {advice}")
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise WeightsError(f"{path}: the threshold of {name} is {shown(value)}; {RIGHT}: {advice}")
    weights = stated.get("weights")
    if not isinstance(weights, str | None):
        raise WeightsError(f"{path}: weights is {shown(weights)}; it must be the digest of the weights: {advice}")
    pnet, rnet, onet = (float(given[name]) for name in NET_NAMES)
    return SavedThresholds((pnet, rnet, onet), weights)


def write_thresholds(
    folder: str | PathLike[str],
    thresholds: tuple[float, float, float],
    weights: str,
    chosen: Mapping[str, Any] | None = None,
) -> None:
    """Write a folder's thresholds.json, which appears whole or not at all.

    Parameters
    ----------
    folder
        A folder of weights.
    thresholds
        Of P-Net, R-Net and O-Net, each from 0 to 1.
    weights
        The `weights_digest` of the folder's nets.
    chosen
        How they were chosen, as JSON can hold it.

    Raises
    ------
    ValueError, TypeError
        For thresholds that are none.
    OSError
        Where the file can't be written.
    """
    values = numbers("thresholds", thresholds, 3, lambda value: 0 <= value <= 1, "from 0 to 1: P-Net, R-Net, O-Net")
    stated = {"thresholds": dict(zip(NET_NAMES, values, strict=True)), "weights": weights, "chosen": dict(chosen or {})}
    text = json.dumps(stated, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    remove_unfinished(Path(folder), f".*.part.{NAME}")
    write_whole(Path(folder) / NAME, partial(Path.write_bytes, data=text.encode()))


def drop_other_thresholds(folder: Path, weights: str) -> None:
    """Remove a thresholds.json that is damaged or says that it is for other weights than those of this digest."""
    try:
        suited = read_thresholds(folder)
    except WeightsError:
        suited = SavedThresholds((0, 0, 0), "damaged")
    if suited is not None and suited.weights not in (None, weights):
        (folder / NAME).unlink()
