"""WIDER FACE's own lists, wider_face_train_bbx_gt.txt and wider_face_val_bbx_gt.txt.

    0--Parade/0_Parade_marchingband_1_849.jpg       the image, below WIDER_train/images
    1                                               how many faces
    449 330 122 149 0 0 0 0 0 0                     x, y, width, height, blur, expression, illumination, invalid,
                                                    occlusion, pose

An image without a face has the count 0 and then one line of zeros all the same (kycocotree in ildoonet/deepface#24,
akofman/wider-face-pascal-voc-annotations#2). Some boxes have no width or no height (blue-oil/blueoil#27).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import (
    DatasetError,
    collect,
    count_of,
    first_folder,
    is_image_name,
    numbers,
    quoted,
    read_lines,
)
from mtcnn_lite.datasets.rules import MIN_SIDE, Rules

FLAGS = {"blur": 2, "expression": 1, "illumination": 1, "invalid": 1, "occlusion": 2, "pose": 1}  # with their maxima

Lines = list[tuple[int, str]]


def read_wider(
    path: Path | str,
    images: Path | str | None = None,
    *,
    skip_bad: bool = False,
    min_side: float = MIN_SIDE,
    allow_outside: bool = False,
) -> list[LabelledPhoto]:
    """The photos of a WIDER FACE list, each complete; those without a face are kept as background.

    Boxes are x, y, x + width, y + height, unchanged: the list has boxes with y = 0, so it counts from 0, and a width is
    a width, so the sum is the edge behind the last pixel. A box may leave the image. A face is ignored if it is flagged
    invalid or its box is empty. `about` has the event and `faces`, the six flags of each.

    Parameters
    ----------
    path
        wider_face_train_bbx_gt.txt or wider_face_val_bbx_gt.txt.
    images
        The folder of the images; by default WIDER_train/images or WIDER_val/images, beside the list or beside its
        folder.
    skip_bad, min_side, allow_outside
        As in `read_dataset`.

    Raises
    ------
    DatasetError
        For the first line that can't be read, with file and line.
    """
    path = Path(path)
    lines = read_lines(path)
    split = "val" if "val" in path.name else "train"
    folders = [base / f"WIDER_{split}" / "images" for base in (path.parent, path.parent.parent)]
    folder = Path(images) if images is not None else first_folder(folders, str(path))
    rules = Rules(skip_bad, min_side, allow_outside)
    blocks = ((f"{path}, line {block[0][0]}", block) for block in _blocks(lines))
    return collect(lambda where, block: _photo(path, folder, where, block, rules), blocks, skip_bad)


def _blocks(lines: Lines) -> Iterator[Lines]:
    """The lines of one image after another. A new one begins at each image name, whatever the count before it said."""
    block: Lines = []
    for line in lines:
        if is_image_name(line[1]) and block:
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _photo(path: Path, folder: Path, where: str, block: Lines, rules: Rules) -> LabelledPhoto:
    (_, name), *rest = block
    if not is_image_name(name):
        raise DatasetError(f"{where}: {quoted(name)!r} stands where an image name (.jpg) must be")
    count = count_of(rest[0][1]) if rest else None
    if count is None:
        found = repr(quoted(rest[0][1])) if rest else "nothing"
        raise DatasetError(f"{where}: after {quoted(name)} comes {found}; it must be the number of its faces")
    rows = [_row(f"{path}, line {number}", line) for number, line in rest[1:]]
    if count == 0 and len(rows) == 1 and not any(rows[0]):
        rows = []  # the line of zeros
    if len(rows) != count:
        raise DatasetError(f"{where}: {quoted(name)} has {len(rows)} lines of faces; its count says {count}")
    values = np.array(rows, np.float64).reshape(-1, 10)
    corner, size, flags = values[:, :2], values[:, 2:4], values[:, 4:].astype(int)
    faces = [dict(zip(FLAGS, row, strict=True)) for row in flags.tolist()]
    invalid = flags[:, list(FLAGS).index("invalid")] == 1
    about: dict[str, Any] = {"dataset": "WIDER_FACE", "event": name.replace("\\", "/").split("/")[0]}
    about |= {"faces": faces} if faces else {}
    image = rules.image_file(folder, name, where)
    boxes = np.concatenate([corner, corner + size], axis=1)
    return rules.photo(image, boxes, where, ignore=invalid, empty_is_ignored=True, about=about)


def _row(where: str, line: str) -> list[float]:
    words = line.split()
    if len(words) != 4 + len(FLAGS):
        raise DatasetError(
            f"{where}: {len(words)} numbers ({quoted(line)!r}); a face has 10: x, y, width, height, {', '.join(FLAGS)}"
        )
    row = numbers(words, where)
    if min(row[2:4]) < 0:
        raise DatasetError(f"{where}: width {row[2]:g}, height {row[3]:g}; they can't be negative")
    for (flag, most), value in zip(FLAGS.items(), row[4:], strict=True):
        if value not in range(most + 1):
            raise DatasetError(f"{where}: {flag} is {value:g}; it must be a whole number from 0 to {most}")
    return row
