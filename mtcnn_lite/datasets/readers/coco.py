"""COCO detection files.

    {"images": [{"id": 7, "file_name": "a.jpg", "width": 640, "height": 480}, ...],
     "annotations": [{"id": 1, "image_id": 7, "category_id": 1, "bbox": [x, y, width, height], "iscrowd": 0}, ...],
     "categories": [{"id": 1, "name": "face", "supercategory": "none"}, ...]}

A keypoint file has also `"keypoints": [x1, y1, v1, ..., x5, y5, v5]` in an annotation, v 0 for a point that nobody
marked, and the points' names as `keypoints` in the category.

Roboflow's exports have one more category, id 0, that stands for the project, may be called as its only class is, and
owns no annotation (roboflow/rf-detr#1303).
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from mtcnn_lite.coordinates import MIRRORED
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import DatasetError, collect, count_of, parse_json, quoted, read_text
from mtcnn_lite.datasets.readers.folders import face_classes, left_out, shown
from mtcnn_lite.datasets.rules import MIN_SIDE, Rules

Object = dict[str, Any]
KINDS_OF_POINTS = ("eye", "eye", "nose", "mouth", "mouth")  # what the names of our five say, in our order
UNMARKED = [[float("nan")] * 2] * 5


def read_coco(
    path: Path | str,
    images: Path | str | None = None,
    face: str = "face",
    *,
    skip_bad: bool = False,
    min_side: float = MIN_SIDE,
    allow_outside: bool = False,
) -> list[LabelledPhoto]:
    """The photos of a COCO detection file, also those without a face.

    Boxes are x, y, x + width, y + height of `bbox`: COCO counts from 0, in fractions of pixels. A crowd (`iscrowd`) is
    ignored. Outlines are not read. A face has landmarks where its category names five keypoints, two eyes, a nose and
    two mouth corners in this order, and all five are marked; keypoints are at pixel centres, as ours are. "Left" may be
    the picture's or the person's: most faces of the file tell which. `width` and `height` of an image, where it has
    both, must be those of the upright photo. An annotation of no listed image, two images with one id, and two with one
    file are bad records. `about` counts the annotations of other classes, which are left out, as `other_classes`.

    Parameters
    ----------
    path
        instances_train.json, _annotations.coco.json or the like.
    images
        The folder of the images. By default it is looked for beside the file, in images/ there, and beside the file's
        folder: in images/, or in a folder of the file's last word there or in images/ (instances_train2017: train2017).
    face
        The class to take, in upper or lower case. If there is only one class, that one is taken. A class without
        annotations is passed over, unless it is called so.
    skip_bad, min_side, allow_outside
        As in `read_dataset`.

    Raises
    ------
    DatasetError
        For the first image that can't be read, with file, image and annotation.
    """
    path = Path(path)
    rules = Rules(skip_bad, min_side, allow_outside)
    content = parse_json(read_text(path), f"{path}: no COCO detection file")
    if not isinstance(content, dict):
        raise DatasetError(
            f"{path}: no COCO detection file (it must be an object with images, annotations, categories)"
        )
    listed, annotations, categories = (_list(content, key, path) for key in ("images", "annotations", "categories"))
    by_image, stray = _by_image(annotations, {_key(entry.get("id")) for entry in _objects(listed)}, path)
    classes = _classes(categories, path)
    faces = _face_ids(classes, annotations, face, path)
    pointed = {key for key in faces if _has_our_points(classes[key])}
    folder = _folder(path, images, listed, rules)
    ids = Counter(_key(entry.get("id")) for entry in _objects(listed))
    files = Counter(_file(entry.get("file_name")) for entry in _objects(listed))

    def photo(where: str, entry: Any) -> LabelledPhoto:
        if isinstance(entry, DatasetError):
            raise entry
        key, name, size = _image(where, entry)
        for count, what in ((ids[key], f"id {shown(entry['id'])}"), (files[_file(name)], f"file {shown(name)}")):
            if count > 1:
                raise DatasetError(f"{where}: {count} images have the {what}; which faces are whose can't be told")
        image = rules.image_file(folder, name, where)
        boxes, crowd, points, others = [], [], [], []
        for annotation in by_image.get(key, []):
            here = f"{where}, annotation {shown(annotation.get('id'))}"
            category = _key(annotation.get("category_id"))
            if category not in classes:
                raise DatasetError(f"{here}: category_id {shown(annotation.get('category_id'))} is not in categories")
            if category in faces:
                crowd.append(_is_crowd(annotation, here))
                boxes.append(_box(annotation, crowd[-1], here))
                points.append(_points(annotation, here) if category in pointed else UNMARKED)
            else:
                others.append(classes[category]["name"])
        landmarks = np.reshape(points, (-1, 5, 2))
        return rules.photo(image, boxes, where, landmarks, crowd, size=size, about=left_out(others))

    records: list[tuple[str, Any]] = [(f"{path}, image {_label(entry, k)}", entry) for k, entry in enumerate(listed)]
    return _from_the_picture(collect(photo, records + [(str(path), error) for error in stray], skip_bad))


def _list(content: Object, key: str, path: Path) -> list[Any]:
    value = content.get(key)
    if not isinstance(value, list):
        found = "has no" if key not in content else f"has {shown(value)} as"
        raise DatasetError(f"{path}: no COCO detection file (it {found} {key}, which must be a list)")
    return value


def _objects(entries: Sequence[Any]) -> list[Object]:
    return [entry for entry in entries if isinstance(entry, dict)]


def _key(value: Any) -> float | str | None:
    """An id that can be compared, "7" with 7; None for what is no id."""
    if isinstance(value, str):
        number = count_of(value)
        return number if str(number) == value else value
    return value if isinstance(value, int | float) and not isinstance(value, bool) and value == value else None


def _label(entry: Any, place: int) -> str:
    """What an error calls an image: its file name, or its place in the list."""
    name = entry.get("file_name") if isinstance(entry, dict) else None
    return quoted(name) if isinstance(name, str) else f"{place + 1} of the list"


def _file(name: Any) -> str | None:
    return os.path.normpath(name.replace("\\", "/")) if isinstance(name, str) else None


def _by_image(
    annotations: Sequence[Any], known: set[float | str | None], path: Path
) -> tuple[dict[float | str | None, list[Object]], list[DatasetError]]:
    """The annotations of each image, and an error for each that belongs to none."""
    owned: dict[float | str | None, list[Object]] = {}
    stray = []
    for place, entry in enumerate(annotations):
        image = _key(entry.get("image_id")) if isinstance(entry, dict) else None
        if image is None or image not in known:
            name = shown(entry.get("id")) if isinstance(entry, dict) else f"{place + 1} of the list"
            stray.append(DatasetError(f"{path}: annotation {name} belongs to an image that the file does not list"))
        else:
            owned.setdefault(image, []).append(entry)
    return owned, stray


def _classes(categories: Sequence[Any], path: Path) -> dict[float | str | None, Object]:
    classes: dict[float | str | None, Object] = {}
    for entry in categories:
        key = _key(entry.get("id")) if isinstance(entry, dict) else None
        if key is None or not isinstance(entry.get("name"), str):
            raise DatasetError(f"{path}: category {shown(entry)}; it must be an object with an id and a name")
        if key in classes:
            raise DatasetError(f"{path}: two categories have the id {shown(entry['id'])}")
        classes[key] = entry
    return classes


def _face_ids(
    classes: Mapping[float | str | None, Object], annotations: Sequence[Any], face: str, path: Path
) -> set[float | str | None]:
    """The ids of the categories that are faces, chosen from those that own an annotation.

    Where none of those is called `face` and an empty one is, no photo has a face: unless that one is the project of a
    Roboflow export, which is called after the set.
    """
    owners = {_key(entry.get("category_id")) for entry in _objects(annotations)} & classes.keys()
    named = {key for key, entry in classes.items() if entry["name"].strip().lower() == face.strip().lower()}
    above = [entry.get("supercategory") for entry in classes.values()]
    for key in named - owners:
        entry = classes[key]
        others = [name for k, name in zip(classes, above, strict=True) if k != key]
        is_project = key == 0 and entry.get("supercategory") == "none" and "none" not in others and bool(others)
        if not is_project and not named & owners:
            return set()
    names = face_classes([classes[key]["name"] for key in classes if key in owners], face, str(path))
    return {key for key in owners if classes[key]["name"] in names}


def _folder(path: Path, images: Path | str | None, listed: Sequence[Any], rules: Rules) -> Path:
    """The first folder that holds one of the images."""
    here, above = path.parent, path.parent.parent
    subset = path.stem.split("_")[-1]
    folders = [here, here / "images", above / "images", above / subset, above / "images" / subset, above]
    folders = [Path(images)] if images is not None else list(dict.fromkeys(folders))
    names = [entry["file_name"] for entry in _objects(listed) if isinstance(entry.get("file_name"), str)]
    if not rules.allow_outside:  # one that leads outside is refused in its turn, wherever it lies
        names = [name for name in names if not os.path.isabs(name) and ".." not in name]
    for name in names:
        for folder in folders:
            try:
                rules.image_file(folder, name, "")
            except DatasetError:
                continue
            return folder
    if names:
        looked = ", ".join(map(str, folders))
        raise DatasetError(
            f"{path}: there is no image {quoted(names[0])} (looked for in {looked}); images=FOLDER names another"
        )
    return folders[0]


def _image(where: str, entry: Any) -> tuple[float | str, str, tuple[float, float] | None]:
    """Id, file name and size (None where not said) of an image."""
    key = _key(entry.get("id")) if isinstance(entry, dict) else None
    if key is None or not isinstance(entry.get("file_name"), str):
        raise DatasetError(f"{where}: {shown(entry)}; it must be an object with an id, a file_name, width and height")
    sides = []
    for side in ("width", "height"):
        value = entry.get(side)
        if value is None:
            continue
        if not _is_number(value):
            raise DatasetError(f"{where}: {side} is {shown(value)}; it must be a number of pixels")
        sides.append(float(value))
    said = len(sides) == 2 and min(sides) > 0  # exporters write 0 for what they don't know
    return key, entry["file_name"], (sides[0], sides[1]) if said else None


def _is_crowd(annotation: Object, where: str) -> bool:
    value = annotation.get("iscrowd")
    if value is not None and not (isinstance(value, int) and value in (0, 1)):
        raise DatasetError(f"{where}: iscrowd is {shown(value)}; it must be 0 or 1")
    return bool(value)


def _box(annotation: Object, crowd: bool, where: str) -> list[float]:
    bbox = annotation.get("bbox")
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(map(_is_number, bbox)) or min(bbox[2:]) < 0:
        raise DatasetError(f"{where} has bbox {shown(bbox)}; it must be [x, y, width, height]")
    if min(bbox[2:]) == 0 and not crowd:
        raise DatasetError(f"{where} has bbox {shown(bbox)}, without area")
    x, y, width, height = map(float, bbox)
    return [x, y, x + width, y + height]


def _has_our_points(category: Object) -> bool:
    """Whether the five keypoints of a category are eyes, nose and mouth corners in our order, by their names."""
    names = category.get("keypoints")
    if not isinstance(names, list) or len(names) != len(KINDS_OF_POINTS):
        return False
    pairs = zip(KINDS_OF_POINTS, names, strict=True)
    return all(isinstance(name, str) and kind in name.lower() for kind, name in pairs)


def _points(annotation: Object, where: str) -> list[list[float]]:
    """The five points, or NaN where one is not marked."""
    values = annotation.get("keypoints")
    if values is None:
        return UNMARKED
    if not isinstance(values, list) or len(values) != 15 or not all(map(_is_number, values)):
        raise DatasetError(f"{where} has keypoints {shown(values)}; they must be five x, y, visibility, 15 numbers")
    rows = [[float(x), float(y)] for x, y in zip(values[::3], values[1::3], strict=True)]
    for visibility in values[2::3]:
        if visibility not in (0, 1, 2):
            raise DatasetError(f"{where} has a keypoint of visibility {shown(visibility)}; it must be 0, 1 or 2")
    return rows if min(values[2::3]) > 0 else UNMARKED


def _from_the_picture(photos: list[LabelledPhoto]) -> list[LabelledPhoto]:
    """The photos with the points in our order, where most faces have left and right as the person sees them.

    A face turned in the picture, even upside down, keeps its mouth to the right of the way from its left eye to its
    right; only a mirror, or the other meaning of left, changes that.
    """
    points = np.concatenate([np.zeros((0, 5, 2)), *(photo.landmarks[photo.has_landmarks] for photo in photos)])
    across = points[:, 1] - points[:, 0] + points[:, 4] - points[:, 3]  # (N, 2) from left to right
    down = points[:, 3] + points[:, 4] - points[:, 0] - points[:, 1]
    turn = across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]
    if np.sign(turn).sum() >= 0:
        return photos
    return [replace(photo, landmarks=photo.landmarks[:, MIRRORED]) for photo in photos]


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return isfinite(value)
    except OverflowError:  # a whole number beyond float's range
        return False
