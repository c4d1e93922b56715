"""COCO keypoint files: one JSON file for all photos, a box and five points for each face."""

import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mtcnn_lite.boxes import Floats
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.writers.common import POINTS, picture
from mtcnn_lite.runtime.files import write_whole

FACE = {
    "id": 1,
    "name": "face",
    "supercategory": "none",
    "keypoints": list(POINTS),
    "skeleton": [[1, 2], [1, 3], [2, 3], [3, 4], [3, 5], [4, 5]],  # counted from 1, as COCO has it
}
SEEN = 2  # a point's visibility; 0: not marked


def write_coco(path: Path | str, photos: Iterable[LabelledPhoto], images: Path | str | None = None) -> None:
    """Write photos as `read_coco` reads them; no image is copied. The file appears whole or not at all.

    A point that is NaN is not marked: 0 0 0. An ignored face is a crowd.

    Parameters
    ----------
    path : Path or str
        The file to write, DIR/annotations.json.
    photos : iterable of LabelledPhoto
        Their sources are files in `images`; their sizes are read from the files.
    images : Path or str, optional
        The folder that the image names are relative to; by default images/ beside the file.

    Raises
    ------
    ValueError
        For a photo that is no file, lies elsewhere, or has faces without a label.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "images").mkdir()
    >>> Image.new("RGB", (80, 60)).save(folder / "images" / "a.png")
    >>> write_coco(folder / "annotations.json", [LabelledPhoto(folder / "images" / "a.png", [[10, 20, 40, 55.5]])])
    >>> json.loads((folder / "annotations.json").read_text())["annotations"][0]["bbox"]
    [10.0, 20.0, 30.0, 35.5]
    """
    path = Path(path)
    folder = path.parent / "images" if images is None else Path(images)
    listed: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, photo in enumerate(photos):
        shown = picture(photo, number, folder)
        listed.append({"id": number + 1, "file_name": shown.name, "width": shown.width, "height": shown.height})
        for box, points, ignored in zip(photo.boxes, photo.landmarks, photo.ignore, strict=True):
            annotations.append(
                {"id": len(annotations) + 1, "image_id": number + 1, "category_id": FACE["id"], **_face(box, points),
                 "segmentation": [], "iscrowd": int(ignored)}
            )  # fmt: skip
    content = {"images": listed, "annotations": annotations, "categories": [FACE]}
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    write_whole(path, partial(Path.write_text, data=text, encoding="utf-8", newline="\n"))


def _face(box: Floats, points: Floats) -> dict[str, Any]:
    x1, y1, x2, y2 = box.astype(float).round(2).tolist()
    width, height = round(x2 - x1, 2), round(y2 - y1, 2)
    marked = np.asarray(np.isfinite(points).all(axis=1))  # (5,)
    rows = [
        [*point.astype(float).round(2).tolist(), SEEN] if there else [0, 0, 0]
        for point, there in zip(points, marked, strict=True)
    ]
    return {
        "bbox": [x1, y1, width, height],
        "area": round(width * height, 2),
        "keypoints": [value for row in rows for value in row],
        "num_keypoints": int(marked.sum()),
    }
