"""CelebA's own lists, list_bbox_celeba.txt and list_landmarks_celeba.txt, for its in-the-wild photos.

    202599                                            how many rows
    image_id x_1 y_1 width height                     (the other: lefteye_x lefteye_y righteye_x ... rightmouth_y)
    000001.jpg    95  71 226 313                      (the other: 000001.jpg 165  184  244  176 ... 266  260)

CelebA's README: boxes and these landmarks are in the pixels of the in-the-wild photos, img_celeba; those cut out and
aligned, img_align_celeba (178 x 218), have landmarks of their own and no boxes. Boxes laid on aligned photos are a
known trap (pytorch/vision#9008). One row, 101283.jpg, has a box of 0 x 0 (ilyanelken in AITTSMD/MTCNN-Tensorflow#15).
"""

from pathlib import Path

import numpy as np

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import (
    DatasetError,
    collect,
    first_folder,
    image_file,
    is_image_name,
    numbers,
    read_lines,
    warn_skipped,
)

BOXES, LANDMARKS = "list_bbox_celeba.txt", "list_landmarks_celeba.txt"
BOX_NAMES = ["image_id", "x_1", "y_1", "width", "height"]
POINTS = ("lefteye", "righteye", "nose", "leftmouth", "rightmouth")
POINT_NAMES = [f"{point}_{axis}" for point in POINTS for axis in "xy"]

Rows = dict[str, tuple[int, list[str]]]  # image name -> its line number and its words


def read_celeba(path: Path | str, images: Path | str | None = None, skip_bad: bool = False) -> list[LabelledPhoto]:
    """CelebA's in-the-wild photos: one box each, and five landmarks where the list of landmarks is there too.

    Only the main face is labelled, so no photo is complete: what its box does not touch may be another face. Boxes are
    x_1, y_1, x_1 + width, y_1 + height, as given; they are looser than WIDER FACE's. Landmarks are taken as pixel
    centres, as given, and "lefteye" is the one on the picture's left (x 165 beside 244 in the first row), our order.
    Both may leave the photo, also to negative values. A face with an empty box is ignored. Rows are joined by image
    name.

    Parameters
    ----------
    path
        The list of boxes, or a folder that has it, directly or in Anno/.
    images
        The folder of the images; by default img_celeba or Img/img_celeba, beside the list or beside its folder.
    skip_bad
        Leave out rows that can't be read, and warn, in place of raising.

    Raises
    ------
    DatasetError
        For the first row that can't be read, with file and line.
    """
    path = Path(path)
    if path.is_dir():
        path = next((p for p in (path / "Anno" / BOXES, path / BOXES) if p.exists()), path / BOXES)
    bad: list[str] = []
    boxes = _table(path, BOX_NAMES, bad)
    points_file = path.with_name(LANDMARKS)
    points = _table(points_file, POINT_NAMES, bad) if points_file.exists() else None
    if bad and not skip_bad:
        raise DatasetError(bad[0])
    warn_skipped(bad, len(boxes))
    folder = Path(images) if images is not None else _image_folder(path)

    def photo(name: str) -> LabelledPhoto:
        number, words = boxes[name]
        where = f"{path}, line {number}"
        x, y, width, height = numbers(words, where)
        if width < 0 or height < 0:
            raise DatasetError(f"{where}: width {width:g}, height {height:g}; they can't be negative")
        landmarks = None
        if points is not None:
            if name not in points:
                raise DatasetError(f"{where}: {name} is not in {points_file}")
            number, words = points[name]
            landmarks = np.reshape(numbers(words, f"{points_file}, line {number}"), (1, 5, 2))
        return LabelledPhoto(
            image_file(folder, name, where),
            [[x, y, x + width, y + height]],
            landmarks,
            ignore=[width == 0 or height == 0],
            complete=False,
            about={"dataset": "CelebA"},
        )

    return collect(photo, boxes, skip_bad)


def _image_folder(path: Path) -> Path:
    bases = [path.parent, path.parent.parent]
    folders = [base / inner for base in bases for inner in (Path("img_celeba"), Path("Img/img_celeba"))]
    try:
        return first_folder(folders, str(path))
    except DatasetError as error:
        aligned = [f for f in (f.with_name("img_align_celeba") for f in folders) if f.is_dir()]
        if not aligned:
            raise
        advice = f"{aligned[0]} has the aligned photos, but boxes and landmarks belong to the in-the-wild ones"
        raise DatasetError(f"{error}. {advice}") from None


def _table(path: Path, names: list[str], bad: list[str]) -> Rows:
    """The rows of one of CelebA's lists; what is wrong with single rows, or with their number, goes to `bad`."""
    lines = read_lines(path)
    if len(lines) < 2 or not lines[0][1].isdecimal() or lines[1][1].split() != names:
        raise DatasetError(f"{path}: must begin with the number of rows and the line {' '.join(names)!r}")
    wanted = len(names) - (names[0] == "image_id")
    rows: Rows = {}
    for number, line in lines[2:]:
        name, *words = line.rsplit(maxsplit=wanted)
        if len(words) != wanted or not is_image_name(name):
            bad.append(f"{path}, line {number}: {line!r}; a row is an image name and {wanted} numbers")
        elif name in rows:
            bad.append(f"{path}, line {number}: {name} for the second time (first in line {rows[name][0]})")
        else:
            rows[name] = number, words
    if len(lines) - 2 != int(lines[0][1]):
        bad.append(f"{path}, line 1: says {lines[0][1]} rows; the file has {len(lines) - 2}")
    return rows
