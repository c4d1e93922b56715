"""What stands beside YOLO's labels: Ultralytics' data.yaml, or labelImg's classes.txt, a name a line.

path: .                     what the next are relative to; left out: the folder of data.yaml
train: images/train         a folder, a .txt of image paths, or a list of such
val: images/val             the same; a `test` is no training data
names: [face]               or {0: face}; nc, how many, must agree
kpt_shape: [5, 3]           points a face, and numbers a point: x, y or x, y, visibility
flip_idx: [1, 0, 2, 4, 3]   which point each becomes in the mirror
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from mtcnn_lite.datasets.parsing import DatasetError, read_lines
from mtcnn_lite.datasets.readers.folders import shown
from mtcnn_lite.datasets.readers.plain_yaml import read_plain_yaml

CLASSES = "classes.txt"
SPLITS = {"train": ("train",), "val": ("val", "validation")}  # the keys of each
MIRRORED = ["1", "0", "2", "4", "3"]  # eyes, nose, mouth corners, in our order


@dataclass(frozen=True)
class YoloConfig:
    """Names and shapes of a YOLO set.

    Parameters
    ----------
    source : Path
        data.yaml or classes.txt.
    names : dict of int to str
        The classes.
    points : (int, int) or None
        `kpt_shape`; None where not said.
    are_landmarks : bool
        Whether five points are eyes, nose and mouth corners: `flip_idx` says nothing else.
    base : Path
        What the splits are relative to.
    splits : dict of str to list of str
        "train" and "val", those that are said.
    """

    source: Path
    names: dict[int, str]
    points: tuple[int, int] | None = None
    are_landmarks: bool = True
    base: Path = Path()
    splits: dict[str, list[str]] = field(default_factory=dict)

    def places(self, value: str) -> list[Path]:
        """Where a folder or list of a split may be, in the order to look.

        Roboflow's exports say ../train/images and mean train/images; Ultralytics reads them so. Darknet's lists, and
        CVAT's, say data/x.jpg and mean x.jpg beside the list. An absolute path may be
        of another machine: then its last folders, two at least, are looked for below data.yaml.
        """
        name = value.replace("\\", "/")
        parts = PurePosixPath(name).parts
        if name.startswith("../"):
            others = [tuple(part for part in parts if part != "..")]
        elif name.startswith("/") or name[1:2] == ":":
            others = [parts[k:] for k in range(1, len(parts) - 1) if ".." not in parts]
        else:
            others = [parts[1:]] if parts[:1] == ("data",) else []
        return [self.base / name, *(self.base.joinpath(*other) for other in others if other)]


def read_classes(path: Path) -> YoloConfig:
    """The config that a classes.txt stands for."""
    names = dict(enumerate(line for _, line in read_lines(path)))
    if not names:
        raise DatasetError(f"{path}: holds no class name")
    return YoloConfig(path, names)


def read_config(path: Path) -> YoloConfig:
    """The config that a data.yaml holds; DatasetError where it can't be read or contradicts itself."""
    content = read_plain_yaml(path)
    names = _names(content, path)
    count = content.get("nc")
    if count is not None and _whole(count, f"{path}: nc") != len(names):
        raise DatasetError(f"{path}: nc is {shown(count)}, but there are {len(names)} names")
    inner = content.get("path")
    if not isinstance(inner, str | None):
        raise DatasetError(f"{path}: path is {shown(inner)}; it must be a folder")
    base = path.parent / inner if inner is not None else path.parent
    if not _is_dir(base):  # of another machine
        base = path.parent
    splits = {}
    for split, keys in SPLITS.items():
        value = next((content[key] for key in keys if content.get(key) is not None), None)
        if value is not None:
            splits[split] = _words(value, f"{path}: {split}", "a folder, a .txt of image paths, or a list of such")
    flip = content.get("flip_idx")
    return YoloConfig(path, names, _points(content, path), flip in (None, MIRRORED), base, splits)


def _names(content: dict[str, Any], path: Path) -> dict[int, str]:
    value = content.get("names")
    right = "a list of names, or {0: name, 1: name}"
    if isinstance(value, dict):
        keys = [_whole(key, f"{path}: a key of names") for key in value]
        names = dict(zip(keys, _words(list(value.values()), f"{path}: names", right), strict=True))
        if len(names) < len(keys):
            raise DatasetError(f"{path}: names has a number twice")
        return names
    if not isinstance(value, list) or not value:
        raise DatasetError(f"{path}: names is {shown(value)}; it must be {right}")
    return dict(enumerate(_words(value, f"{path}: names", right)))


def _points(content: dict[str, Any], path: Path) -> tuple[int, int] | None:
    value = content.get("kpt_shape")
    if value is None:
        return None
    shape = [_whole(word, f"{path}: kpt_shape") for word in value] if isinstance(value, list) else []
    if len(shape) != 2 or shape[1] not in (2, 3):
        raise DatasetError(f"{path}: kpt_shape is {shown(value)}; it must be [number of points, 2 or 3]")
    return shape[0], shape[1]


def _words(value: Any, what: str, right: str) -> list[str]:
    words: Sequence[Any] = value if isinstance(value, list) else [value]
    if not words or not all(isinstance(word, str) and word.strip() for word in words):
        raise DatasetError(f"{what} is {shown(value)}; it must be {right}")
    return list(words)


def _whole(word: Any, what: str) -> int:
    if not isinstance(word, str) or not word.isdecimal() or len(word) > 9:
        raise DatasetError(f"{what} is {shown(word)}; it must be a whole number")
    return int(word)


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a zero byte, a name too long
        return False
