"""What kind of labels a text file holds, by its first lines; for other lists, an error that says what they are."""

from pathlib import Path

from mtcnn_lite.datasets.parsing import DatasetError, count_of, is_image_name, name_and_words, read_lines

LOOKED_AT = 3  # lines; the first one may be bad
FACEPOINT_OR_MTFL = 14  # numbers
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
    for line in first:
        if kind := _kind_of_row(path, line):
            return kind
    return None


def _kind_of_row(path: Path, line: str) -> str | None:
    """What a row of one photo, a name and numbers, belongs to."""
    name, words = name_and_words(line)
    try:
        values = [float(word) for word in words]
    except ValueError:
        return None
    count = len(values)
    if name == line.split()[0] and not is_image_name(name) and count >= 4 and _is_yolo(name, values):
        raise DatasetError(f"{path}: looks like one photo's YOLO labels; give the folder with images/ and labels/")
    if count == FACEPOINT_OR_MTFL:
        return "mtfl" if set(words[-4:]) <= set("12345") else "facepoint"
    if count and count % 4 == 0:
        return "mtcnn"
    label = values[0] if values else None
    if label in (-2, -1, 0, 1) and count in (1, 5, 11, 15) and all(abs(value) <= 2 for value in values):
        raise DatasetError(
            f"{path}: looks like a list of cut samples (a crop, its label 1, 0, -1 or -2, offsets), which are no "
            "photos; give the labels of the photos, and `mtcnn-lite samples` cuts its own"
        )
    if count % 4 == 1 and label == count // 4:
        raise DatasetError(
            f"{path}: rows of an image name, the number of its boxes, and four numbers each, which are corners in some "
            "such lists and x, y, width, height in others (OpenCV's, for one), so it can't be read; write it as JSONL "
            "(data/README.md), or without the number of boxes as x1 y1 x2 y2"
        )
    return None


def _is_yolo(name: str, values: list[float]) -> bool:
    return count_of(name) is not None and all(0 <= value <= 1 for value in values)


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
