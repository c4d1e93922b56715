"""Our own format: one JSON object a line and photo. data/README.md describes it."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import DatasetError, collect, parse_json, quoted, read_lines
from mtcnn_lite.datasets.readers.origin import to_pixel_centres
from mtcnn_lite.datasets.rules import MIN_SIDE, Rules
from mtcnn_lite.runtime.files import write_whole

OURS = ("box", "box_from_landmarks", "landmarks", "ignore")  # keys of a face that the LabelledPhoto itself holds


def read_jsonl(
    path: Path | str,
    images: Path | str | None = None,
    *,
    skip_bad: bool = False,
    min_side: float = MIN_SIDE,
    allow_outside: bool = False,
) -> list[LabelledPhoto]:
    """The photos of an annotations.jsonl.

    A face's box is its `box_from_landmarks` where it has one, else its `box`: where landmark photos have both, `box` is
    what their source drew, and the other is like WIDER FACE's, so that all faces of a training are boxed alike.

    Landmarks of the sets in LANDMARK_ORIGIN, and boxes computed from them, are moved to pixel centres; `about` then has
    `landmarks_moved`, and a file that has it already is not moved again. `only_main_face_labelled` makes a photo
    incomplete. A photo without faces is background. `width` and `height`, where a line has both, must be those of the
    upright photo. Everything else goes to `about`; what else single faces have, to its `faces`.

    Parameters
    ----------
    path
        The file.
    images
        What image names are relative to; by default the file's folder.
    skip_bad, min_side, allow_outside
        As in `read_dataset`.

    Raises
    ------
    DatasetError
        For the first line that can't be read, with file and line.
    """
    path = Path(path)
    folder = path.parent if images is None else Path(images)
    rules = Rules(skip_bad, min_side, allow_outside)
    lines = ((f"{path}, line {number}", line) for number, line in read_lines(path))
    return collect(lambda where, line: _photo(where, line, folder, rules), lines, skip_bad)


def write_jsonl(path: Path | str, photos: Iterable[LabelledPhoto]) -> None:
    """Write photos as `read_jsonl` reads them, image paths relative to the file's folder; no image is copied.

    Where images lie outside that folder, their paths begin with `..` (or, on another drive of Windows, are absolute),
    and reading the file back needs `allow_outside=True`.

    The file appears whole or not at all. ValueError for a photo that is no file, but pixels.
    """
    path = Path(path)

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            for number, photo in enumerate(photos):
                file.write(json.dumps(_row(photo, number, path.parent), ensure_ascii=False) + "\n")

    write_whole(path, write)


def _photo(where: str, line: str, folder: Path, rules: Rules) -> LabelledPhoto:
    row = parse_json(line, where)
    if not isinstance(row, dict) or not isinstance(row.get("image"), str) or not isinstance(row.get("faces"), list):
        raise DatasetError(f'{where}: must be {{"image": name, "faces": [...], ...}}')
    dataset = row.get("dataset")
    if not isinstance(dataset, str | None):
        raise DatasetError(f"{where}: dataset is {quoted(dataset)}; it must be a name, or null")
    size = _size(row, where)
    main_only = row.get("only_main_face_labelled", False)
    if not isinstance(main_only, bool):
        raise DatasetError(f"{where}: only_main_face_labelled is {quoted(main_only)}; it must be true or false")
    about = {key: value for key, value in row.items() if key not in ("image", "faces", "only_main_face_labelled")}
    boxes, landmarks, ignore, rest = [], [], [], []
    for k, face in enumerate(row["faces"]):
        face_at = f"{where}, face {k + 1}"
        if not isinstance(face, dict):
            raise DatasetError(f"{face_at}: {quoted(face)} must be an object with a box")
        key = "box_from_landmarks" if face.get("box_from_landmarks") is not None else "box"
        box = _numbers(face.get(key), (4,), f"{face_at}: {key}", "[x1, y1, x2, y2]")
        points = np.full((5, 2), np.nan)
        if face.get("landmarks") is not None:
            points = _numbers(face["landmarks"], (5, 2), f"{face_at}: landmarks", "five [x, y], or null")
            if "landmarks_moved" not in row:
                moved, by = to_pixel_centres(points, dataset)
                about |= {"landmarks_moved": by.round(3).tolist()} if by.any() else {}
                if key == "box_from_landmarks":  # moves too, but for edges that were cut at the image's border
                    border = np.tile(size or (np.inf, np.inf), 2)
                    box = np.where((box > 0) & (box < border), box + np.tile(by, 2), box)
                points = moved
        flag = face.get("ignore", False)
        if not isinstance(flag, bool):
            raise DatasetError(f"{face_at}: ignore is {quoted(flag)}; it must be true or false")
        boxes.append(box)
        landmarks.append(points)
        ignore.append(flag)
        rest.append({name: value for name, value in face.items() if name not in OURS})
    if any(rest):
        about["faces"] = rest
    image = rules.image_file(folder, row["image"], where)
    return rules.photo(image, boxes, where, np.reshape(landmarks, (-1, 5, 2)), ignore, size=size,
                       complete=not main_only, about=about)  # fmt: skip


def _size(row: dict[str, Any], where: str) -> tuple[float, float] | None:
    """The line's width and height, where it says both."""
    if row.get("width") is None or row.get("height") is None:
        return None
    width, height = (_numbers(row[key], (), f"{where}: {key}", "a number of pixels") for key in ("width", "height"))
    return float(width), float(height)


def _numbers(value: Any, shape: tuple[int, ...], what: str, right: str) -> Any:
    try:
        array = np.array(value)
    except ValueError:  # rows of different lengths, or nested too deeply
        array = np.zeros((), object)
    if array.shape != shape or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise DatasetError(f"{what} is {quoted(value)}; it must be {right}")
    return array.astype(np.float64)


def _row(photo: LabelledPhoto, number: int, folder: Path) -> dict[str, Any]:
    if not isinstance(photo.source, Path):
        raise ValueError(f"photos[{number}] is no file: save its pixels first and give that path as source")
    about = dict(photo.about)
    rest = about.pop("faces", [{}] * len(photo.boxes))
    faces = [
        {
            "box": _exact(box),
            "landmarks": [_exact(point) for point in points] if marked else None,
            "ignore": bool(ignored),
            **more,
        }
        for box, points, marked, ignored, more in zip(
            photo.boxes, photo.landmarks, photo.has_landmarks, photo.ignore, rest, strict=True
        )
    ]
    image = Path(os.path.relpath(photo.source, folder)).as_posix()
    main_only = {} if photo.complete else {"only_main_face_labelled": True}
    return {"image": image, **about, "faces": faces, **main_only}


def _exact(values: Any) -> list[float]:
    """float32 numbers as the shortest decimals that read back as the same float32."""
    return [float(str(value)) for value in values]
