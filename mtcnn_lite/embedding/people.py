"""Read a folder of your own: one folder for each person, with photos inside."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.alignment import aligned_crops
from mtcnn_lite.arguments import function, instance, shown
from mtcnn_lite.detector import Detector
from mtcnn_lite.embedding.net import SIZE
from mtcnn_lite.images import ImageError, Pixels, read_image


@dataclass(frozen=True, eq=False)
class People:
    """The aligned faces of a folder of photos.

    names     one for each person
    crops     uint8 (N, 32, 32, 3), aligned faces
    person    (N,), whose each is: an index into names
    left_out  files without a face, or that can't be read, each with the reason
    """

    names: tuple[str, ...]
    crops: Pixels
    person: NDArray[np.int64]
    left_out: tuple[str, ...]


def read_people(folder: str | PathLike[str], detector: Detector) -> People:
    """The largest face of each photo in `folder/NAME/`, aligned. Persons and files in the order of their names.

    Hidden files and folders are skipped. Raises ValueError where there is no such folder, or where no photo in it
    shows a face; TypeError for what is no path or no detector.
    """
    instance("folder", folder, str | PathLike, "a path")
    function("detector.detect", getattr(detector, "detect", None))
    root = Path(folder)
    try:
        there = root.is_dir()
    except OSError:  # such as a name too long to be a folder's
        there = False
    if not there:
        raise ValueError(
            f"{shown(str(folder))}: no such folder; it must hold a folder for each person, with photos inside"
        )
    names: list[str] = []
    crops: list[Pixels] = []
    person: list[int] = []
    left_out: list[str] = []
    for each in sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")):
        found = []
        for file in sorted(path for path in each.iterdir() if path.is_file() and not path.name.startswith(".")):
            try:
                image = read_image(file)
            except ImageError as error:
                left_out.append(str(error))
                continue
            faces = detector.detect(image)
            if not len(faces):
                left_out.append(f"{file}: no face found")
                continue
            largest = int((faces.boxes[:, 2:] - faces.boxes[:, :2]).prod(axis=1).argmax())
            found.append(aligned_crops(image, faces.landmarks[[largest]], SIZE)[0])
        if found:
            person += [len(names)] * len(found)
            names.append(each.name)
            crops += found
    if not crops:
        raise ValueError(f"{folder}: no photo with a face in its folders; it must hold one folder a person")
    return People(tuple(names), np.stack(crops), np.array(person), tuple(left_out))
