"""Labelled photos from disk: our JSONL, the lists of WIDER FACE, RetinaFace, CelebA and others; COCO, VOC and YOLO.

Every reader gives `LabelledPhoto`s in one convention: boxes 0-based on pixel edges, landmarks at pixel centres. Image
files must exist; where labels say an image's size, its header is read too, and pixels only by `photo.image()`.
`read_dataset` recognises what a file or folder is; `readable` finds the photos whose pixels can't be read; `write_coco`
and the like write labels.
"""

from collections.abc import Callable
from pathlib import Path

from mtcnn_lite.datasets.first_lines import kind_of_list
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import DatasetError, DatasetWarning, quoted
from mtcnn_lite.datasets.readable import readable, unreadable
from mtcnn_lite.datasets.readers.celeba import BOXES as CELEBA
from mtcnn_lite.datasets.readers.celeba import read_celeba
from mtcnn_lite.datasets.readers.coco import read_coco
from mtcnn_lite.datasets.readers.jsonl import read_jsonl, write_jsonl
from mtcnn_lite.datasets.readers.mtcnn import read_mtcnn
from mtcnn_lite.datasets.readers.origin import LANDMARK_ORIGIN
from mtcnn_lite.datasets.readers.points import box_from_landmarks, read_facepoint, read_mtfl
from mtcnn_lite.datasets.readers.retinaface import read_retinaface
from mtcnn_lite.datasets.readers.voc import read_voc
from mtcnn_lite.datasets.readers.wider import read_wider
from mtcnn_lite.datasets.readers.yolo import read_yolo
from mtcnn_lite.datasets.rules import MIN_SIDE
from mtcnn_lite.datasets.summary import DatasetSummary, summary
from mtcnn_lite.datasets.writers.coco import write_coco
from mtcnn_lite.datasets.writers.voc import write_voc
from mtcnn_lite.datasets.writers.yolo import write_yolo

__all__ = [
    "LANDMARK_ORIGIN",
    "DatasetError",
    "DatasetSummary",
    "DatasetWarning",
    "box_from_landmarks",
    "read_celeba",
    "read_coco",
    "read_dataset",
    "read_facepoint",
    "read_jsonl",
    "read_mtcnn",
    "read_mtfl",
    "read_retinaface",
    "read_voc",
    "read_wider",
    "read_yolo",
    "readable",
    "summary",
    "unreadable",
    "write_coco",
    "write_jsonl",
    "write_voc",
    "write_yolo",
]

READERS: dict[str, Callable[..., list[LabelledPhoto]]] = {
    "jsonl": read_jsonl,
    "wider": read_wider,
    "celeba": read_celeba,
    "facepoint": read_facepoint,
    "mtfl": read_mtfl,
    "retinaface": read_retinaface,
    "mtcnn": read_mtcnn,
    "coco": read_coco,
    "voc": read_voc,
    "yolo": read_yolo,
}
# What is looked for in a folder.
PLACES = {
    "jsonl": ["*.jsonl"],
    "wider": ["wider_face_*_bbx_gt.txt", "wider_face_split/wider_face_*_bbx_gt.txt"],
    "celeba": [f"{inner}{CELEBA}{ending}" for inner in ("", "Anno/") for ending in (".txt", ".csv")],
    "retinaface": ["label.txt", "labelv2.txt"],
    "mtcnn": ["wider_face_train.txt", "wider_face_val.txt"],
    "facepoint": ["trainImageList.txt", "testImageList.txt"],
    "mtfl": ["training.txt", "testing.txt"],
    "yolo": ["data.yaml", "data.yml", "classes.txt", "labels/classes.txt", "labels/*/classes.txt"],  # labelImg's last
    "coco": ["*.json", "annotations/*.json"],
    "voc": ["*.xml", "Annotations/*.xml"],
}


def read_dataset(
    path: Path | str,
    kind: str | None = None,
    skip_bad: bool = False,
    min_side: float = MIN_SIDE,
    allow_outside: bool = False,
) -> list[LabelledPhoto]:
    """The photos of a file or folder of labels.

    What each kind needs and gives is said at `read_jsonl`, `read_wider` and so on, which take more options.

    Parameters
    ----------
    path
        A file of labels, or a folder that holds one.
    kind
        One of jsonl, wider, celeba, facepoint, mtfl, retinaface, mtcnn, coco, voc, yolo. Without it, file names and
        first lines tell.
    skip_bad
        Leave out records that can't be read, and count them in a DatasetWarning. A record is what the format says of
        one photo: a photo of whose faces one can't be read is left out whole, for that face is no background.
    min_side
        px; faces whose shorter side is smaller are ignored: P-Net's window is 12 px.
    allow_outside
        Read images also where a name leads out of the folder that it is relative to: by `..`, an absolute path or a
        link. For lists that you trust.

    Raises
    ------
    DatasetError
        For labels that can't be read, and where their kind can't be told.
    ValueError
        For an unknown kind.
    """
    path = Path(path)
    if kind is not None and kind not in READERS:
        raise ValueError(f"kind is {kind!r}; it must be one of {', '.join(READERS)}")
    try:
        there = path.exists()
    except (OSError, ValueError):  # a name too long, or with a zero byte; a folder that may not be entered
        there = False
    if not there:
        raise DatasetError(f"{quoted(str(path))}: no such file or folder")
    if path.is_dir():
        kind, path = _in_folder(path, kind)
    kind = kind or _of_file(path)
    return READERS[kind](path, skip_bad=skip_bad, min_side=min_side, allow_outside=allow_outside)


def _in_folder(folder: Path, kind: str | None) -> tuple[str, Path]:
    """What kind of labels a folder holds, and where: the list itself, or the folder where the folder is the data."""
    if kind in ("voc", "yolo"):  # the folder is the data, wherever in it or above the names lie
        return kind, folder
    kinds = PLACES if kind is None else {kind: PLACES[kind]}
    found = {name: [p for pattern in kinds[name] for p in sorted(folder.glob(pattern))] for name in kinds}
    found = {name: [p for p in paths if _may_be_labels(p)] for name, paths in found.items()}
    found = {name: paths for name, paths in found.items() if paths}
    if len(found) > 1 and all(p.name == "classes.txt" for p in found.get("yolo", [])):
        found.pop("yolo", None)
    if not found:
        looked = "; ".join(f"{name}: {', '.join(patterns)}" for name, patterns in kinds.items())
        splits = [part for part in ("train", "valid", "test") if (folder / part).is_dir()]
        advice = f". It has {', '.join(splits)}: give one of these, {folder / splits[0]}" if splits else ""
        raise DatasetError(f"{folder}: no labels found. Looked for {looked}{advice}")
    if len(found) > 1:
        raise DatasetError(f"{folder}: holds labels of several kinds, {', '.join(found)}; kind= says which to read")
    ((name, paths),) = found.items()
    if name in ("voc", "yolo"):
        return name, folder
    if len(paths) > 1:
        raise DatasetError(f"{folder}: holds several lists, {', '.join(p.name for p in paths)}; give one of them")
    return name, paths[0]


def _may_be_labels(path: Path) -> bool:
    """Not hidden, as ._x.json is, which a Mac puts beside x.json, nor the notes of a Label Studio export."""
    return not path.name.startswith(".") and path.name != "notes.json"


def _of_file(path: Path) -> str:
    """What kind of labels a file holds, by its ending and its first lines."""
    for kind in ("jsonl", "wider", "celeba", "facepoint", "mtfl", "coco"):
        if any(path.match(pattern) for pattern in PLACES[kind]):
            return kind
    if path.suffix.lower() in (".yaml", ".yml"):
        return "yolo"
    if path.suffix.lower() in (".txt", ".csv", ".names"):
        named = next((kind for kind in ("retinaface", "mtcnn") if path.name in PLACES[kind]), None)
        if told := kind_of_list(path) or named:
            return told
    raise DatasetError(
        f"{path}: not told what it is by its name or first lines; kind= says it, one of {', '.join(READERS)}"
    )
