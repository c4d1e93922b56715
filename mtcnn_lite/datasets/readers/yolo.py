"""YOLO folders: images/ with labels/ beside or below, a .txt file of rows for each image, and the class names."""

from pathlib import Path

import numpy as np

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import DatasetError, collect, quoted, read_lines
from mtcnn_lite.datasets.readers.folders import face_classes, left_out
from mtcnn_lite.datasets.readers.yolo_config import CLASSES, YoloConfig, read_classes, read_config
from mtcnn_lite.datasets.readers.yolo_places import Item, Place, records_below, records_of_splits
from mtcnn_lite.datasets.readers.yolo_rows import face_of_row
from mtcnn_lite.datasets.rules import MIN_SIDE, Rules
from mtcnn_lite.images import ImageError, read_size


def read_yolo(
    path: Path | str,
    face: str = "face",
    *,
    skip_bad: bool = False,
    min_side: float = MIN_SIDE,
    allow_outside: bool = False,
) -> list[LabelledPhoto]:
    """The photos of a YOLO folder: those of the `train` and `val` that its data.yaml names, else all in it and below.

    Labels are `class x y width height`, the middle and the size as shares of the image: (x - width / 2) * image width
    is x1. A row may also be an outline, and have a confidence or points behind the box (`yolo_rows`). A face whose five
    points are all marked has landmarks: x * image width, as pixel centres, because the tools that write such rows
    divide the labels' own pixel numbers by the width (yolov5-face's train2yolo.py). An image without a label file is
    background, as Ultralytics has it, and `about` says so as `no_label_file`; a label file without an image is a bad
    record. `about` counts the rows of other classes, which are left out, as `other_classes`.

    Parameters
    ----------
    path
        The folder, its data.yaml, or one split, images/train or train/images, below a folder with data.yaml. Without a
        data.yaml, labelImg's classes.txt has the names: in the folder of the labels, or up to two folders above.
    face
        The class to take, in upper or lower case. If there is only one class, that one is taken.
    skip_bad, min_side
        As in `read_dataset`.
    allow_outside
        Read also what lies outside the folder: images, or a `train` or `val`.

    Raises
    ------
    DatasetError
        For the first row that can't be read, with file and line.
    """
    path = Path(path)
    root = path.parent if path.suffix.lower() in (".yaml", ".yml") else path
    if not root.is_dir():
        raise DatasetError(f"{path}: no such folder")
    place = Place(root, Rules(skip_bad, min_side, allow_outside))
    names = [base / name for base in [root, *root.resolve().parents[:2]] for name in ("data.yaml", "data.yml")]
    yaml = path if path.is_file() else next((p for p in names if p.is_file()), None)
    config = read_config(yaml) if yaml is not None else None
    obeyed = config is not None and config.splits and config.source.parent == root
    records = records_of_splits(config, place) if config and obeyed else records_below(root, place)
    if not records:
        raise DatasetError(f"{path}: no image in it or below")
    folders = {record.labels.parent for record in records.values() if isinstance(record, Item)}
    configs = {folder: config or _classes_beside(folder) for folder in sorted(folders)}
    if folders and not any(configs.values()):
        raise DatasetError(
            f"{path}: no data.yaml with the class names, neither there nor in the two folders above, and no {CLASSES} "
            "beside the labels"
        )
    faces = {
        folder: {number for number, name in found.names.items() if name in wanted}
        for folder, found in configs.items()
        if found is not None
        for wanted in [face_classes(found.names.values(), face, str(found.source))]
    }

    def photo(where: str, item: Item | DatasetError) -> LabelledPhoto:
        if isinstance(item, DatasetError):
            raise item
        image = place.image(item.image, where)
        rows = read_lines(place.labels(item.labels)) if item.labels.exists() else []
        if not rows:
            return place.rules.photo(image, [], where, about=left_out([], no_labels=not item.labels.exists()))
        folder = item.labels.parent
        found = configs[folder]
        if found is None:
            raise DatasetError(f"{item.labels}: no {CLASSES} with the class names beside it or above")
        return _photo(image, item.labels, rows, found, faces[folder], place.rules)

    return collect(photo, [(str(where), record) for where, record in records.items()], skip_bad)


def _classes_beside(labels: Path) -> YoloConfig | None:
    for folder in [labels, *labels.resolve().parents[:2]]:
        if (folder / CLASSES).is_file():
            return read_classes(folder / CLASSES)
    return None


def _photo(
    image: Path, labels: Path, rows: list[tuple[int, str]], config: YoloConfig, faces: set[int], rules: Rules
) -> LabelledPhoto:
    try:
        height, width = read_size(image)
    except ImageError as error:
        raise DatasetError(f"{labels}: {error}") from None
    boxes, points, others = [], [], []
    for number, line in rows:
        where = f"{labels}, line {number}"
        word, *words = line.split()
        if not word.isdecimal():
            raise DatasetError(
                f"{where}: class {quoted(word)!r}; it must be a number, the place of its name in {config.source.name}"
            )
        if len(word) > 9 or int(word) not in config.names:
            raise DatasetError(
                f"{where}: class {quoted(word)}; {config.source.name} has {len(config.names)} names, counted from 0"
            )
        row = face_of_row(words, config.points, config.are_landmarks, where)
        if int(word) in faces:
            boxes.append(row.box * (width, height, width, height))
            points.append(row.points * (width, height))
        else:
            others.append(config.names[int(word)])
    landmarks = np.reshape(points, (-1, 5, 2))
    return rules.photo(image, boxes, str(labels), landmarks, about=left_out(others))
