"""COCO, Pascal VOC and YOLO folders, read by the library supervision (the extra `datasets`)."""

import importlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import DatasetError, first_folder, numbers, read_lines

INSTALL = "pip install 'mtcnn_lite[datasets]'  (or: pip install supervision)"
CORNERS = ("xmin", "ymin", "xmax", "ymax")
IMAGES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def read_coco(path: Path | str, images: Path | str | None = None, face: str = "face") -> list[LabelledPhoto]:
    """The photos of a COCO detection file, also those without a face.

    Boxes are x, y, x + width, y + height of `bbox`: COCO counts from 0, in fractions of pixels. A crowd (`iscrowd`) is
    ignored. Keypoints are not read.

    Parameters
    ----------
    path
        instances_train.json, _annotations.coco.json or the like.
    images
        The folder of the images. By default it is looked for beside the file, in images/ there, and beside the file's
        folder: in images/ or in a folder of the file's last word (instances_train2017: train2017).
    face
        The class to take, in upper or lower case. If there is only one class, that one is taken.

    Raises
    ------
    DatasetError
        One bad entry makes the whole file unreadable.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        first = content["images"][0]["file_name"] if content["images"] else ""
        for entry in content["annotations"]:
            if len(entry["bbox"]) != 4 or min(entry["bbox"][2:]) < 0 or not np.isfinite(entry["bbox"]).all():
                raise DatasetError(
                    f"{path}: annotation {entry.get('id')} has bbox {entry['bbox']}; it must be x, y, width, height"
                )
        known = {entry["id"] for entry in content["images"]}
        stray = [entry.get("id") for entry in content["annotations"] if entry["image_id"] not in known]
    except OSError as error:
        raise DatasetError(f"{path}: can't be read ({error.strerror})") from None
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DatasetError(f"{path}: no COCO detection file ({type(error).__name__}: {error})") from None
    if stray:
        raise DatasetError(f"{path}: annotation {stray[0]} belongs to an image that the file does not list")
    here, above = path.parent, path.parent.parent
    folders = [here, here / "images", above / "images", above / path.stem.split("_")[-1], above]
    folders = [Path(images)] if images is not None else folders
    folder = next((folder for folder in folders if (folder / first).exists()), None)
    if folder is None:
        looked = ", ".join(map(str, folders))
        raise DatasetError(f"{path}: there is no image {first} (looked for in {looked}); images=FOLDER names another")
    data = _load("from_coco", path, str(folder), annotations_path=str(path))
    return _photos(path, data, face)


def read_voc(path: Path | str, images: Path | str | None = None, face: str = "face") -> list[LabelledPhoto]:
    """The photos of a folder of Pascal VOC files: Annotations/*.xml and JPEGImages/, or both in one folder.

    Boxes are xmin - 1, ymin - 1, xmax, ymax: VOC counts pixels from 1 and its box holds the pixel xmax. Files written
    by tools that count from 0 come out 1 px larger to the left and top. `difficult` is not read. Images without an XML
    file are not part of the data. The library opens each image once.

    Parameters
    ----------
    path
        The folder.
    images
        The folder of the images; by default JPEGImages/, images/ or `path` itself.
    face
        The class to take, in upper or lower case. If there is only one class, that one is taken.

    Raises
    ------
    DatasetError
        For a file that can't be read, and for one without an image.
    """
    path = Path(path)
    labels = path / "Annotations" if (path / "Annotations").is_dir() else path
    folders = [Path(images)] if images is not None else [path / "JPEGImages", path / "images", path]
    folder = first_folder(folders, str(path))
    stems = _check_pairs(labels, ".xml", folder)
    for stem in sorted(stems):
        _check_corners(labels / f"{stem}.xml")
    data = _load("from_pascal_voc", path, str(folder), annotations_directory_path=str(labels))
    data.image_paths = [name for name in data.image_paths if Path(name).stem in stems]
    return _photos(path, data, face)


def read_yolo(path: Path | str, face: str = "face") -> list[LabelledPhoto]:
    """The photos of a YOLO folder: data.yaml, and images/ with labels/ beside or below, in any number of splits.

    Labels are `class x y width height`, the middle and the size as shares of the image: (x - width / 2) * image width
    is x1. An image without a label file is background, as Ultralytics has it; a label file without an image is an
    error.

    `path` is the folder, its data.yaml, or one split, images/train or train/images, below a folder with data.yaml.
    `face` and errors are as in `read_coco`.
    """
    path = Path(path)
    root = path.parent if path.suffix in (".yaml", ".yml") else path
    names = [base / name for base in [root, *root.resolve().parents[:2]] for name in ("data.yaml", "data.yml")]
    yaml = path if path.is_file() else next((p for p in names if p.is_file()), None)
    if yaml is None:
        raise DatasetError(f"{path}: no data.yaml with the class names, neither there nor in the two folders above")
    classes = _class_count(yaml)
    found: list[LabelledPhoto] = []
    for folder in _image_folders(root):
        parts = list(folder.parts)  # as Ultralytics does: the last folder called images becomes labels
        if "images" in parts:
            parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
        labels = Path(*parts)
        for stem in sorted(_check_pairs(labels, ".txt", folder)):
            _check_shares(labels / f"{stem}.txt", classes)
        data = _load("from_yolo", path, str(folder), annotations_directory_path=str(labels), data_yaml_path=str(yaml))
        found += _photos(path, data, face)
    if not found:
        raise DatasetError(f"{path}: no image in it or below")
    return found


def _image_folders(root: Path) -> Iterator[Path]:
    for folder in [root, *sorted(p for p in root.rglob("*") if p.is_dir())]:
        if any(p.suffix.lower() in IMAGES for p in folder.iterdir()):
            yield folder


def _check_pairs(labels: Path, suffix: str, images: Path) -> set[str]:
    """The stems of the label files; DatasetError for one without an image of the same stem."""
    have = {p.stem for p in images.iterdir() if p.suffix.lower() in IMAGES}
    stems = {p.stem for p in labels.glob(f"*{suffix}")} if labels.is_dir() else set()
    if labels == images and suffix == ".txt":
        stems &= have  # classes.txt and readmes lie there too
    for stem in sorted(stems - have):
        raise DatasetError(f"{labels / stem}{suffix}: there is no image {stem}{'/'.join(IMAGES)} in {images}")
    return stems


def _check_corners(path: Path) -> None:
    """DatasetError for a VOC file that is no XML, or in which an object lacks a name, corners or their order."""
    try:
        objects = ElementTree.parse(path).getroot().findall("object")
    except (ElementTree.ParseError, OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: no XML ({error})") from None
    for k, element in enumerate(objects):
        where = f"{path}, object {k + 1}"
        name, *corners = (element.findtext(t) for t in ("name", *(f"bndbox/{c}" for c in CORNERS)))
        if name is None or None in corners:
            raise DatasetError(f"{where}: needs a name and a bndbox with {', '.join(CORNERS)}")
        x1, y1, x2, y2 = numbers([str(corner) for corner in corners], where)
        if x2 < x1 or y2 < y1:
            raise DatasetError(f"{where}: bndbox {x1:g} {y1:g} {x2:g} {y2:g}; it must be xmin <= xmax, ymin <= ymax")


def _class_count(yaml: Path) -> float:
    """How many names data.yaml has; infinity where it can't be read, which `_load` reports in its turn."""
    try:
        return len(importlib.import_module("yaml").safe_load(yaml.read_text(encoding="utf-8"))["names"])
    except Exception:  # whatever is wrong with the file, or the library is missing
        return math.inf


def _check_shares(path: Path, classes: float) -> None:
    """DatasetError for a row whose class is not one of so many, or whose middle and size are no shares of the image.

    Pixels would give a box far outside.
    """
    for number, line in read_lines(path):
        where = f"{path}, line {number}"
        words = line.split()
        if len(words) < 5:
            raise DatasetError(f"{where}: {line!r}; a row is a class and x, y, width, height")
        if not words[0].isdecimal():
            raise DatasetError(f"{where}: class {words[0]!r}; it must be a number, the place of its name in data.yaml")
        if int(words[0]) >= classes:
            raise DatasetError(f"{where}: class {words[0]}; data.yaml has {classes} names, counted from 0")
        if not all(-0.01 <= share <= 1.01 for share in numbers(words[1:5], where)):  # exporters round
            raise DatasetError(f"{where}: {line!r}; x, y, width, height must be shares of the image, from 0 to 1")
        if len(words) == 5 and not min(map(float, words[3:])) > 0:  # longer rows are outlines: points, no sides
            raise DatasetError(f"{where}: width {words[3]}, height {words[4]}; both must be greater than 0")


def _load(reader: str, path: Path, images: str, **options: str) -> Any:
    try:
        library = importlib.import_module("supervision")
    except ImportError:
        raise DatasetError(f"{path}: COCO, VOC and YOLO are read by the library supervision: {INSTALL}") from None
    read: Callable[..., Any] = getattr(library.DetectionDataset, reader)
    try:
        return read(images_directory_path=images, **options)
    except (ValueError, LookupError, TypeError, SyntaxError, OSError) as error:
        raise DatasetError(f"{path}: {error}") from error


def _photos(path: Path, data: Any, face: str) -> list[LabelledPhoto]:
    """The photos of a supervision DetectionDataset, with the boxes of the class `face`."""
    wanted = _face_class(path, data.classes, face)
    photos = []
    for name in data.image_paths:
        found = data.annotations[name]
        source = Path(name)
        if not source.is_file():
            raise DatasetError(f"{path}: there is no image {source}")
        boxes = np.zeros((0, 4)) if found.class_id is None else found.xyxy[found.class_id == wanted]
        crowd = found.data.get("iscrowd")
        crowd = np.zeros(len(boxes), bool) if crowd is None or not len(boxes) else crowd[found.class_id == wanted] != 0
        if not np.isfinite(boxes).all() or (boxes[:, 2:] <= boxes[:, :2]).any():
            raise DatasetError(f"{path}: {source.name} has a box without area among {boxes.tolist()}")
        photos.append(LabelledPhoto(source, boxes, ignore=crowd))
    return photos


def _face_class(path: Path, classes: Sequence[str], face: str) -> int:
    matches = [k for k, name in enumerate(classes) if name.lower() == face.lower()]
    if len(matches) == 1:
        return matches[0]
    if len(classes) == 1:
        return 0
    raise DatasetError(f"{path}: its classes are {', '.join(classes) or 'none'}; face=NAME says which one is the face")
