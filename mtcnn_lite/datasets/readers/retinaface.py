"""The lists that RetinaFace is trained on, WIDER FACE's boxes with five points: label.txt and later labelv2.txt.

label.txt, of deepinsight/insightface (its issues 664 and 889, rcnn/dataset/retinaface.py); biubug6/Pytorch_Retinaface
and its descendants read the same file:

    # 0--Parade/0_Parade_marchingband_1_849.jpg                the image, below images/
    449 330 122 149 488.906 373.643 0.0 ... 431.491 0.0 0.82   x, y, width, height; five times x, y and a flag; blur

labelv2.txt, of SCRFD (insightface issue 2622, and scrfd/mmdet/datasets/retinaface.py), has corners in place of a size:

    # 0--Parade/0_Parade_marchingband_1_849.jpg 1024 1385      the image, its width and height
    449.0 330.0 571.0 479.0 488.906 373.643 0.0 ...            x1, y1, x2, y2; five times x, y and a flag

The flag is 0 for a point that is seen, 1 for one that is hidden; a point that nobody marked is -1 -1 -1. The validation
photos' lists have four numbers a line, in labelv2.txt also a fifth, 1 for a face to ignore; the test photos' none.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import (
    DatasetError,
    collect,
    count_of,
    is_image_name,
    name_and_words,
    numbers,
    quoted,
    read_lines,
)
from mtcnn_lite.datasets.rules import MIN_SIDE, Rules

BOX, POINTS = 4, 15  # numbers
FLAGS = (0, 1, 2)  # 2 is another list's sign for a point that is seen (COCO's)

Lines = list[tuple[int, str]]


def read_retinaface(
    path: Path | str,
    images: Path | str | None = None,
    *,
    skip_bad: bool = False,
    min_side: float = MIN_SIDE,
    allow_outside: bool = False,
) -> list[LabelledPhoto]:
    """The photos of a label.txt or labelv2.txt, each complete; those without a face are kept as background.

    Boxes and points are as given, corners or x + width; points, of which hidden ones count too, are pixel centres. A
    face of whose points one is unmarked has none. A face whose box is empty is ignored: WIDER FACE has such boxes.
    WIDER FACE's own flags are not in these lists, so faces that it calls invalid are not ignored. `about` has the
    faces' `blur` where the list has it. A size in the list must be that of the upright photo.

    Parameters
    ----------
    path
        label.txt or labelv2.txt.
    images
        The folder of the images; by default images, beside the list, or the list's own folder where there is none.
    skip_bad, min_side, allow_outside
        As in `read_dataset`.

    Raises
    ------
    DatasetError
        For the first line that can't be read, with file and line; for a list in which no image has a face.
    """
    path = Path(path)
    if images is None:
        images = path.parent / "images" if (path.parent / "images").is_dir() else path.parent
    folder, rules = Path(images), Rules(skip_bad, min_side, allow_outside)
    blocks = _blocks(read_lines(path))
    if all(len(block) == 1 for block in blocks):
        raise DatasetError(f"{path}: no image has a face; a list of names alone, as of the test photos, has no labels")
    records = ((f"{path}, line {block[0][0]}", block) for block in blocks)
    return collect(lambda where, block: _photo(path, folder, where, block, rules), records, skip_bad)


def _blocks(lines: Lines) -> list[Lines]:
    """The lines of one image after another; each begins with a #."""
    blocks: list[Lines] = []
    for line in lines:
        if line[1].startswith("#") or not blocks:
            blocks.append([])
        blocks[-1].append(line)
    return blocks


def _photo(path: Path, folder: Path, where: str, block: Lines, rules: Rules) -> LabelledPhoto:
    (_, head), *rest = block
    name, words = name_and_words(head[1:].strip() or "?")
    size = [float(count) for count in map(count_of, words) if count is not None]
    if not head.startswith("#") or not is_image_name(name) or len(words) not in (0, 2) or len(size) < len(words):
        raise DatasetError(f"{where}: {quoted(head)!r}; it must be # and an image name, and in a labelv2.txt its size")
    rows = [_row(f"{path}, line {number}", line, corners=len(size) == 2) for number, line in rest]
    boxes, points, ignored, blur = zip(*rows, strict=True) if rows else ((), (), (), ())
    about: dict[str, Any] = {"dataset": "RetinaFace"}
    if any(value is not None for value in blur):
        about |= {"faces": [{} if value is None else {"blur": value} for value in blur]}
    image = rules.image_file(folder, name, where)
    return rules.photo(
        image,
        np.reshape(boxes, (-1, 4)),
        where,
        np.reshape(points, (-1, 5, 2)),
        np.array(ignored, bool),
        size=(size[0], size[1]) if size else None,
        empty_is_ignored=True,
        about=about,
    )


def _row(where: str, line: str, corners: bool) -> tuple[list[float], NDArray[np.float64], bool, float | None]:
    """A face's box, points (5, 2), whether the list says to ignore it, and its blur."""
    words = line.split()
    right = (BOX, BOX + 1, BOX + POINTS) if corners else (BOX, BOX + POINTS, BOX + POINTS + 1)
    if len(words) not in right:
        raise DatasetError(
            f"{where}: {len(words)} numbers ({quoted(line)!r}); a face has {right[0]}, {right[1]} or {right[2]}: "
            f"{'x1, y1, x2, y2' if corners else 'x, y, width, height'}, five times x, y and a flag, "
            f"{'or 1 to ignore it' if corners else 'blur'}"
        )
    row = numbers(words, where)
    box, points = row[:BOX], np.full((5, 3), -1.0)
    if len(row) >= BOX + POINTS:
        points = np.reshape(row[BOX : BOX + POINTS], (5, 3))
    marked = (points[:, :2] != -1).any(axis=1)
    for number in np.flatnonzero(marked & ~np.isin(points[:, 2], FLAGS)):
        raise DatasetError(
            f"{where}: point {number + 1} is {points[number].tolist()}; it must be x, y and 0 or 1, or -1, -1, -1"
        )
    if not corners:
        if min(box[2:]) < 0:
            raise DatasetError(f"{where}: width {box[2]:g}, height {box[3]:g}; they can't be negative")
        box = [box[0], box[1], box[0] + box[2], box[1] + box[3]]
    last = row[-1] if len(row) in (BOX + 1, BOX + POINTS + 1) else None
    if len(row) == BOX + 1 and last not in (0, 1):
        raise DatasetError(f"{where}: the fifth number is {last:g}; it must be 0, or 1 for a face to ignore")
    blur = None if corners else last
    return box, points[:, :2] if marked.all() else np.full((5, 2), np.nan), corners and last == 1, blur
