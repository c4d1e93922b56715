"""What kind of labels a text file holds, by its first lines; for other lists, an error that says what they are."""

from collections.abc import Sequence
from pathlib import Path

from mtcnn_lite.datasets.parsing import DatasetError, count_of, is_image_name, name_and_words, numbers, read_lines

LOOKED_AT = 3  # lines; the first one may be bad
FACEPOINT_OR_MTFL = 14  # numbers in a row
SAMPLE, LABELS = (1, 5, 11, 15), (-2, -1, 0, 1)  # in a row of MTCNN's cut samples: a label, four offsets, ten of points
CLASS_NAMES = ("classes.txt", "predefined_classes.txt", "obj.names")


def kind_of_list(path: Path) -> str | None:
    """The kind of a .txt, .csv or .names file: retinaface, wider, ...; None where its first lines don't tell.

    Raises DatasetError for what is no list of labelled photos: names alone, class names, cut samples, and others that
    people have beside them.
    """
    lines = [line for _, line in read_lines(path)]
    first = lines[:LOOKED_AT]
    if not first:
        return None
    _refuse_by_name(path)
    if first[0].replace(" ", "").startswith("image_id,x_1,"):
        return "celeba"
    if count_of(first[0]) is not None and len(first) > 1 and first[1].startswith("image_id"):
        return "celeba"
    if any(line.startswith("#") and any(map(is_image_name, line.split())) for line in first):
        return "retinaface"
    if len(first) > 1 and count_of(first[1]) is not None:
        if not is_image_name(first[0]) and len(first) > 2 and len(first[2].split()) == 6:
            raise DatasetError(f"{path}: looks like a list of FDDB's ellipses, which are no boxes; it can't be read")
        return "wider"
    if all(map(is_image_name, lines)):
        raise DatasetError(
            f"{path}: a list of image names without labels, such as WIDER FACE's wider_face_test_filelist.txt (the "
            "labels of its test photos are not public); there is nothing to learn or to measure from it"
        )
    return _kind_of_rows(path, [row for row in map(_name_and_numbers, first) if row])


def _name_and_numbers(line: str) -> tuple[str, list[float]] | None:
    """A row's image name and the numbers after it; None where other words stand there, too."""
    name, words = name_and_words(line)
    try:
        return name, numbers(words, "")
    except DatasetError:
        return None


def _kind_of_rows(path: Path, rows: Sequence[tuple[str, list[float]]]) -> str | None:
    """What rows of one photo each, a name and numbers, belong to."""
    for _, values in rows:
        if len(values) == FACEPOINT_OR_MTFL:
            return "mtfl" if set(values[-4:]) <= {1, 2, 3, 4, 5} else "facepoint"
    if rows and all(count_of(name) is not None and values and max(values) <= 1 for name, values in rows):
        raise DatasetError(f"{path}: looks like one photo's YOLO labels; give the folder with images/ and labels/")
    if any(values and len(values) % 4 == 0 for _, values in rows):
        return "mtcnn"
    if any(len(values) in SAMPLE and values[0] in LABELS and max(map(abs, values)) <= 2 for _, values in rows):
        raise DatasetError(
            f"{path}: looks like a list of cut samples (a crop, its label 1, 0, -1 or -2, offsets), which are no "
            "photos; give the labels of the photos, and `mtcnn-lite samples` cuts its own"
        )
    if any(len(values) % 4 == 1 and values[0] == len(values) // 4 for _, values in rows):
        raise DatasetError(
            f"{path}: rows of an image name, the number of its boxes, and four numbers each, which are corners in some "
            "such lists and x, y, width, height in others (OpenCV's, for one), so it can't be read; write it as JSONL "
            "(data/README.md), or without the number of boxes as x1 y1 x2 y2"
        )
    return None


def _refuse_by_name(path: Path) -> None:
    if path.name in CLASS_NAMES:
        raise DatasetError(
            f"{path}: a list of class names (labelImg's or darknet's), which has no boxes; give the folder with "
            "images/ and labels/, or its data.yaml"
        )
    if path.name.startswith("list_landmarks") and "celeba" in path.name:
        whose = "aligned" if "align" in path.name else "in-the-wild"
        raise DatasetError(
            f"{path}: the landmarks of CelebA's {whose} photos, without boxes; give list_bbox_celeba, with which "
            "list_landmarks_celeba is read if it lies beside it"
        )
