"""What the readers of COCO, VOC and YOLO folders share: which classes are faces, what is left out, which are images."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from mtcnn_lite.datasets.parsing import DatasetError, quoted

NO_LABELS, OTHER_CLASSES = "no_label_file", "other_classes"  # keys of a photo's `about`, which `summary` counts
IMAGES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def face_classes(names: Iterable[str], face: str, where: str) -> set[str]:
    """Which of a set's classes are faces: those called `face`, in upper or lower case, else the only one there is.

    Parameters
    ----------
    names
        The classes, in any order and any number of times.
    face
        What the user calls a face.
    where
        The file, for the DatasetError where there are several classes and none is called `face`.

    Examples
    --------
    >>> sorted(face_classes(["Face", "face", "hat"], "face", "x")), face_classes(["head"], "face", "x")
    (['Face', 'face'], {'head'})
    """
    classes = list(dict.fromkeys(names))
    spoken = [name.strip().lower() for name in classes]
    if face.strip().lower() in spoken:
        return {name for name, said in zip(classes, spoken, strict=True) if said == face.strip().lower()}
    if len(set(spoken)) <= 1:
        return set(classes)
    raise DatasetError(f"{where}: its classes are {quoted(', '.join(classes))}; face=NAME says which one is the face")


def left_out(other_classes: Iterable[str], no_labels: bool = False) -> dict[str, Any]:
    """For a photo's `about`: how many boxes of each other class were left out, and whether there is no label file.

    >>> left_out(["cat", "dog", "cat"]), left_out([])
    ({'other_classes': {'cat': 2, 'dog': 1}}, {})
    """
    others = dict(Counter(name.strip() for name in other_classes))
    return ({OTHER_CLASSES: others} if others else {}) | ({NO_LABELS: True} if no_labels else {})


def shown(value: Any) -> str:
    """What an error shows of a value whose type may be wrong: '5' is not 5."""
    return quoted(repr(value))
