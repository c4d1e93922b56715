"""Files of a run that a crash or a full disk has left damaged: found, named, removed, and so made again."""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from mtcnn_lite.nets import Nets
from mtcnn_lite.training.log import log_text
from mtcnn_lite.training.plan import TrainingStage
from mtcnn_lite.training.run_folder import notice
from mtcnn_lite.weights import load_weights, weights_digest

FOR_PEOPLE = ("labels.jpg", "log.csv", "curves.png", "measured.json")  # no training reads them


def remove_damaged(out: Path, stages: Sequence[TrainingStage]) -> None:
    """Remove what is damaged from the stages' folders in the run's folder `out`.

    A net or a checkpoint that is gone is trained again from what there is. Where only a figure or a plot is damaged,
    the net is removed as well, if checkpoint and samples are there: the end of the stage then makes both again.
    """
    for stage in stages:
        folder = out / stage.name
        net, checkpoint = folder / "net.pt", folder / "checkpoint.pt"
        finished = _read_tensors(net) is not None
        saved = _read_tensors(checkpoint)
        if net.exists() and not finished:
            net.unlink()
            notice(net, "made again")
        if checkpoint.exists() and saved is None:
            checkpoint.unlink()
            notice(checkpoint, "removed, as the stage is finished" if finished else "the stage begins anew")
        damaged = [path for name in FOR_PEOPLE if not _readable(path := folder / name, saved, finished)]
        again = not finished or (saved is not None and (out / "samples" / stage.name).is_dir())
        for path in damaged:
            path.unlink()
            notice(path, "made again" if again else "removed; without checkpoint and samples it can't be made again")
        if damaged and finished and again:
            net.unlink()


def name_damaged_weights(folder: Path, nets: Nets) -> None:
    """Say so where `folder` is there, but does not hold the nets' weights."""
    if folder.exists():
        try:
            same = weights_digest(load_weights(folder)) == weights_digest(nets)
        except ValueError:  # a WeightsError
            same = False
        if not same:
            notice(folder, "made again")


def _read_tensors(path: Path) -> dict[str, Any] | None:
    """What `torch.save` wrote to a file, or None where it is missing or damaged."""
    if not path.is_file():  # a named pipe would be waited for
        return None
    try:
        with zipfile.ZipFile(path) as parts:
            if parts.testzip() is not None:  # torch does not look at its checksums
                return None
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # zipfile, pickle and torch have many names for a damaged file
        return None


def _readable(path: Path, checkpoint: dict[str, Any] | None, finished: bool) -> bool:
    """Whether a file that people read is missing or as it should be; of a log, that it is what the checkpoint says."""
    if not path.exists():
        return True
    if not path.is_file():
        return False
    try:
        content = path.read_bytes()
        if path.suffix == ".csv":
            whole = content if checkpoint is None else log_text(checkpoint["rows"]).encode()
            # The checkpoint is saved first, so an unfinished stage's log may lack rows.
            return content == whole or (not finished and whole.startswith(content) and content.endswith(b"\n"))
        if path.suffix == ".json":
            return isinstance(json.loads(content), dict)
        with Image.open(path) as image:
            image.load()
    except Exception:  # whatever a decoder does with a damaged file
        return False
    return True
