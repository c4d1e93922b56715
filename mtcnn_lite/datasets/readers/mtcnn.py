"""The list of photos that MTCNN's training scripts begin with, wider_face_train.txt or anno_train.txt: a line a photo.

AITTSMD/MTCNN-Tensorflow's, whose gen_12net_data.py appends .jpg to each name:

    0--Parade/0_Parade_marchingband_1_849 448.51 329.63 570.09 478.23      the image, then x1, y1, x2, y2 of each face

Those of Sierkinhane/mtcnn-pytorch and its descendants (anno_store/tool/format/transform.py) have names with .jpg; there
x2 is x1 + width. The lists that these scripts write (pos_12.txt: "12/positive/0.jpg 1 0.05 -0.1 -0.1 -0.05") are of
crops, and are not read: `mtcnn-lite samples` cuts its own.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import (
    DatasetError,
    collect,
    is_image_name,
    name_and_words,
    numbers,
    quoted,
    read_lines,
)
from mtcnn_lite.datasets.rules import MIN_SIDE, Rules


def read_mtcnn(
    path: Path | str,
    images: Path | str | None = None,
    *,
    skip_bad: bool = False,
    min_side: float = MIN_SIDE,
    allow_outside: bool = False,
) -> list[LabelledPhoto]:
    """The photos of a wider_face_train.txt, each complete; those without a face are kept as background.

    Boxes are as given, on pixel edges. A face whose box is empty is ignored: WIDER FACE, of which these lists are made,
    has such boxes. One box of zeros alone is WIDER FACE's sign for a photo without a face.

    Parameters
    ----------
    path
        The list.
    images
        What image names are relative to; by default the first of these in which an image of the list lies:
        WIDER_train/images beside the list or beside its folder, the list's own folder.
    skip_bad, min_side, allow_outside
        As in `read_dataset`.

    Raises
    ------
    DatasetError
        For the first line that can't be read, with file and line; for a list in which no image has a face.
    """
    path = Path(path)
    rules = Rules(skip_bad, min_side, allow_outside)
    rows = [(f"{path}, line {number}", *name_and_words(line)) for number, line in read_lines(path)]
    if not any(words for _, _, words in rows):
        raise DatasetError(f"{path}: no image has a face; a list of names alone has no labels")
    names = [_file_name(name) for _, name, _ in rows]
    folder = Path(images) if images is not None else _folder(path, names, rules)

    def photo(where: str, row: tuple[str, Sequence[str]]) -> LabelledPhoto:
        name, words = row
        if len(words) % 4:
            raise DatasetError(
                f"{where}: {quoted(name)!r} and {len(words)} numbers; a photo's name and four a face, x1 y1 x2 y2, "
                "make a row (a crop's label and offsets, as in lists of cut samples, can't be read)"
            )
        values = numbers(words, where)
        if any(values) and max(values) <= 1:
            raise DatasetError(f"{where}: no number is over 1; boxes must be in pixels, not in shares of the photo")
        boxes = np.reshape(values, (-1, 4)) if any(values) else np.zeros((0, 4))
        image = rules.image_file(folder, name, where)
        return rules.photo(image, boxes, where, empty_is_ignored=True, about={"dataset": "WIDER_FACE"})

    records = ((where, (name, words)) for (where, _, words), name in zip(rows, names, strict=True))
    return collect(photo, records, skip_bad)


def _file_name(name: str) -> str:
    return name if is_image_name(name) else f"{name}.jpg"


def _folder(path: Path, names: Sequence[str], rules: Rules) -> Path:
    """The folder in which an image of the list lies; the list's own where there is none in any."""
    split = "val" if "val" in path.name else "train"
    for base in (path.parent, path.parent.parent):
        folder = base / f"WIDER_{split}" / "images"
        if folder.is_dir() and any(_lies_in(folder, name, rules) for name in names):
            return folder
    return path.parent


def _lies_in(folder: Path, name: str, rules: Rules) -> bool:
    try:
        rules.image_file(folder, name, "")
    except DatasetError:
        return False
    return True
