"""Folders of Pascal VOC files: one XML file a photo, boxes in whole pixels counted from 1. It has no points."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from mtcnn_lite.boxes import Floats
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.writers.common import Picture, none_ignored, picture
from mtcnn_lite.runtime.files import write_all_whole


def write_voc(folder: Path | str, photos: Iterable[LabelledPhoto]) -> None:
    """Write photos of `folder`/images as `read_voc` reads them: Annotations/NAME.xml for each.

    A box takes in the pixels that are nearest to it: [9.6, 20, 30, 40.2] is xmin 11, ymin 21, xmax 30, ymax 40. No
    image is copied, and no file appears before all are written.

    Raises
    ------
    ValueError
        For a photo that is no file or lies elsewhere, and for what VOC can't say: a face that is ignored or has no
        label.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "images").mkdir()
    >>> Image.new("RGB", (80, 60)).save(folder / "images" / "a.png")
    >>> write_voc(folder, [LabelledPhoto(folder / "images" / "a.png", [[9.6, 20, 30, 40.2]])])
    >>> "<xmin>11</xmin>" in (folder / "Annotations" / "a.xml").read_text()
    True
    """
    folder = Path(folder)
    files: dict[Path, bytes] = {}
    for number, photo in enumerate(photos):
        shown = picture(photo, number, folder / "images")
        none_ignored(photo, number, "VOC")
        labels = folder / "Annotations" / Path(shown.name).with_suffix(".xml").name
        if labels in files:
            raise ValueError(
                f"photos[{number}] is {shown.file}, and another has its name: VOC would label both by {labels}"
            )
        files[labels] = _annotation(shown, photo.boxes)
    (folder / "Annotations").mkdir(parents=True, exist_ok=True)
    writers: dict[Path, Callable[[Path], object]] = {
        path: partial(Path.write_bytes, data=content) for path, content in files.items()
    }
    write_all_whole(writers)


def _annotation(shown: Picture, boxes: Floats) -> bytes:
    root = Element("annotation")
    _add(root, folder="images", filename=shown.name)
    _add(SubElement(root, "size"), width=shown.width, height=shown.height, depth=3)
    _add(root, segmented=0)
    for x1, y1, x2, y2 in np.rint(boxes).astype(int).tolist():
        face = SubElement(root, "object")
        _add(face, name="face", pose="Unspecified", truncated=0, difficult=0)
        # A box that rounds to nothing holds its first pixel.
        _add(SubElement(face, "bndbox"), xmin=x1 + 1, ymin=y1 + 1, xmax=max(x2, x1 + 1), ymax=max(y2, y1 + 1))
    indent(root)
    return bytes(tostring(root, encoding="utf-8")) + b"\n"


def _add(parent: Element, **values: object) -> None:
    for name, value in values.items():
        SubElement(parent, name).text = str(value)
