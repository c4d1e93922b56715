"""CelebA's own lists, list_bbox_celeba.txt and list_landmarks_celeba.txt, for its in-the-wild photos.

    202599                                            how many rows
    image_id x_1 y_1 width height                     (the other: lefteye_x lefteye_y righteye_x ... rightmouth_y)
    000001.jpg    95  71 226 313                      (the other: 000001.jpg 165  184  244  176 ... 266  260)

CelebA's README: boxes and these landmarks are in the pixels of the in-the-wild photos, img_celeba; those cut out and
aligned, img_align_celeba (178 x 218), have landmarks of their own and no boxes. Boxes laid on aligned photos are a
known trap (pytorch/vision#9008). One row, 101283.jpg, has a box of 0 x 0 (ilyanelken in AITTSMD/MTCNN-Tensorflow#15).

Kaggle's copy (jessicali9530/celeba-dataset) has the boxes as list_bbox_celeba.csv: commas, the line of names first, and
no number of rows. It has no landmarks for these photos: its list_landmarks_align_celeba.csv belongs to the aligned ones
and is never read. Separators are told by the line of names, not by the file's ending.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import (
    DatasetError,
    DatasetWarning,
    collect,
    count_of,
    first_folder,
    is_image_name,
    numbers,
    quoted,
    read_lines,
)
from mtcnn_lite.datasets.rules import MIN_SIDE, Rules

BOXES, LANDMARKS, ALIGNED_LANDMARKS = "list_bbox_celeba", "list_landmarks_celeba", "list_landmarks_align_celeba"
ENDINGS = (".txt", ".csv")
BOX_NAMES = ["image_id", "x_1", "y_1", "width", "height"]
POINTS = ("lefteye", "righteye", "nose", "leftmouth", "rightmouth")
POINT_NAMES = [f"{point}_{axis}" for point in POINTS for axis in "xy"]

Rows = dict[str, tuple[str, list[str]]]  # image name -> where its row stands, and its words


def read_celeba(
    path: Path | str,
    images: Path | str | None = None,
    *,
    skip_bad: bool = False,
    min_side: float = MIN_SIDE,
    allow_outside: bool = False,
) -> list[LabelledPhoto]:
    """CelebA's in-the-wild photos: one box each, and five landmarks where the list of landmarks is there too.

    Only the main face is labelled, so no photo is complete: what its box does not touch may be another face. Boxes are
    x_1, y_1, x_1 + width, y_1 + height, as given; they are looser than WIDER FACE's. Landmarks are taken as pixel
    centres, as given, and "lefteye" is the one on the picture's left (x 165 beside 244 in the first row), our order.
    Both may leave the photo, also to negative values. A face with an empty box is ignored. Rows are joined by image
    name. Without a list_landmarks_celeba no face has points; where only list_landmarks_align_celeba is there, a
    DatasetWarning says why.

    Parameters
    ----------
    path
        The list of boxes, .txt or .csv, or a folder that has it, directly or in Anno/.
    images
        The folder of the images; by default img_celeba or Img/img_celeba, beside the list or beside its folder.
    skip_bad, min_side, allow_outside
        As in `read_dataset`.

    Raises
    ------
    DatasetError
        For the first row that can't be read, with file and line.
    """
    path = Path(path)
    if path.is_dir():
        named = [path / inner / f"{BOXES}{ending}" for inner in ("Anno", "") for ending in ENDINGS]
        path = next((p for p in named if p.exists()), named[2])
    rules = Rules(skip_bad, min_side, allow_outside)
    boxes, bad = _table(path, BOX_NAMES, skip_bad)
    points_file = _beside(path, LANDMARKS)
    points = _table(points_file, POINT_NAMES, skip_bad)[0] if points_file else None
    aligned = _beside(path, ALIGNED_LANDMARKS)
    if aligned and not points_file:
        warnings.warn(
            f"no face has points: {aligned} belongs to the aligned photos, and there is no {LANDMARKS}",
            DatasetWarning,
            stacklevel=2,
        )
    folder = Path(images) if images is not None else _image_folder(path)

    def photo(where: str, name: str | DatasetError) -> LabelledPhoto:
        if isinstance(name, DatasetError):
            raise name
        x, y, width, height = numbers(boxes[name][1], where)
        if width < 0 or height < 0:
            raise DatasetError(f"{where}: width {width:g}, height {height:g}; they can't be negative")
        landmarks = None
        if points is not None:
            if name not in points:
                raise DatasetError(f"{where}: {points_file} has no row for {quoted(name)} that can be read")
            landmarks = np.reshape(numbers(points[name][1], points[name][0]), (1, 5, 2))
        image = rules.image_file(folder, name, where)
        return rules.photo(image, [[x, y, x + width, y + height]], where, landmarks, empty_is_ignored=True,
                           complete=False, about={"dataset": "CelebA"})  # fmt: skip

    records: list[tuple[str, str | DatasetError]] = [(where, name) for name, (where, _) in boxes.items()]
    return collect(photo, records + [(str(path), error) for error in bad], skip_bad)


def _beside(path: Path, name: str) -> Path | None:
    """The list `name` in the folder of `path`, rather with the same ending than with the other."""
    named = [path.with_name(name + ending) for ending in (path.suffix, *ENDINGS)]
    return next((file for file in named if file.exists()), None)


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


def _table(path: Path, names: list[str], skip_bad: bool) -> tuple[Rows, list[DatasetError]]:
    """The rows of one of CelebA's lists, and with `skip_bad` what is wrong with others."""
    lines = read_lines(path)
    if lines and "," in lines[0][1]:
        return _rows(path, names, lines, ",", skip_bad)
    said = lines[0][1] if len(lines) > 1 else ""
    if count_of(said) is None:
        raise DatasetError(f"{path}: must begin with the number of rows and the line {' '.join(names)!r}")
    found = len(lines) - 2
    if count_of(said) != found:
        short = f"{path}, line 1: says {said} rows; the file has {found}"
        if not skip_bad:
            raise DatasetError(short)
        warnings.warn(short, DatasetWarning, stacklevel=4)  # the line that called read_...
    return _rows(path, names, lines[1:], "," if "," in lines[1][1] else None, skip_bad)


def _rows(
    path: Path, names: list[str], lines: Sequence[tuple[int, str]], comma: str | None, skip_bad: bool
) -> tuple[Rows, list[DatasetError]]:
    """The rows after the line of names, lines[0]; values are separated by `comma`, by spaces where it is None."""
    given = [word.strip() for word in lines[0][1].split(comma)]
    if given not in (names, ["image_id", *names]):
        before = "" if comma else "the number of rows and "
        raise DatasetError(
            f"{path}, line {lines[0][0]}: {quoted(lines[0][1])!r}; the list must begin with {before}the line "
            f"{(comma or ' ').join(names)!r}"
        )
    wanted = len(names) - (names[0] == "image_id")
    rows: Rows = {}
    bad = []
    for number, line in lines[1:]:
        name, *words = (word.strip() for word in line.rsplit(comma, maxsplit=wanted))
        where = f"{path}, line {number}"
        if len(words) != wanted or not is_image_name(name):
            bad.append(DatasetError(f"{where}: {quoted(line)!r}; a row is an image name and {wanted} numbers"))
        elif name in rows:
            bad.append(DatasetError(f"{where}: {quoted(name)} for the second time (first: {rows[name][0]})"))
        else:
            rows[name] = where, words
    if bad and not skip_bad:
        raise bad[0]
    return rows, bad
