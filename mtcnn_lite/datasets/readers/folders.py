"""What the readers of COCO, VOC and YOLO folders share: which classes are faces, which files are images."""

from collections.abc import Iterable
from typing import Any

from mtcnn_lite.datasets.parsing import DatasetError, quoted

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


def shown(value: Any) -> str:
    """What an error shows of a value whose type may be wrong: '5' is not 5."""
    return quoted(repr(value))
