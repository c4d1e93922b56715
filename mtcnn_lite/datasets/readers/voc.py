"""Folders of Pascal VOC files, one XML file a photo.

<annotation>
  <filename>a.jpg</filename>
  <size><width>640</width><height>480</height><depth>3</depth></size>
  <object><name>face</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>40</xmax><ymax>50</ymax></bndbox></object>
</annotation>
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import DatasetError, attempt, collect, first_folder, numbers, quoted, visible
from mtcnn_lite.datasets.readers.folders import IMAGES, face_classes, left_out
from mtcnn_lite.datasets.readers.xml_file import read_xml
from mtcnn_lite.datasets.rules import MIN_SIDE, Rules

CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class VocFile:
    """What one XML file says: the image's name and size, and name and corners (None: not there) of each object."""

    path: Path
    filename: str
    size: tuple[float, float] | None
    objects: list[tuple[str, list[str | None]]]


def read_voc(
    path: Path | str,
    images: Path | str | None = None,
    face: str = "face",
    *,
    skip_bad: bool = False,
    min_side: float = MIN_SIDE,
    allow_outside: bool = False,
) -> list[LabelledPhoto]:
    """The photos of a folder of Pascal VOC files: Annotations/*.xml and JPEGImages/, or both in one folder.

    Boxes are xmin - 1, ymin - 1, xmax, ymax: VOC counts pixels from 1 and its box holds the pixel xmax. Files written
    by tools that count from 0 come out 1 px larger to the left and top. `difficult` is not read. `size`, where it is
    there and not 0, must be that of the upright photo. A file's photo is the one of its own name; where there is none,
    or there are several (a.jpg, a.png), `filename` tells. Images without an XML file are not part of the data. `about`
    counts the objects of other classes, which are left out, as `other_classes`.

    Parameters
    ----------
    path
        The folder.
    images
        The folder of the images; by default JPEGImages/, images/ or `path` itself.
    face
        The class to take, in upper or lower case. If there is only one class, that one is taken.
    skip_bad, min_side, allow_outside
        As in `read_dataset`.

    Raises
    ------
    DatasetError
        For the first file that can't be read, or has no image.
    """
    path = Path(path)
    labels = path / "Annotations" if (path / "Annotations").is_dir() else path
    folders = [Path(images)] if images is not None else [path / "JPEGImages", path / "images", path]
    folder = first_folder(folders, str(path))
    rules = Rules(skip_bad, min_side, allow_outside)
    files = [entry for entry in visible(labels) if entry.suffix.lower() == ".xml"]
    if not files:
        raise DatasetError(f"{labels}: no .xml file in it")
    pictures = _by_stem(folder)

    def parse(where: str, file: Path) -> VocFile:
        return _parse(where, rules.label_file(path, file))

    parsed = [(str(file), attempt(parse, str(file), file)) for file in files]
    names = [name for _, file in parsed if isinstance(file, VocFile) for name, _ in file.objects]
    faces = face_classes(names, face, str(path))
    owner: dict[Path, Path] = {}  # image -> the file that labels it

    def photo(where: str, file: VocFile | DatasetError) -> LabelledPhoto:
        if isinstance(file, DatasetError):
            raise file
        image = rules.image_file(folder, _image_name(file, pictures, folder), where)
        if owner.setdefault(image, file.path) != file.path:
            raise DatasetError(f"{where}: {owner[image]} labels the same image, {image}")
        objects = enumerate(file.objects, start=1)
        boxes = [_box(f"{where}, object {k}", corners) for k, (name, corners) in objects if name in faces]
        about = left_out(name for name, _ in file.objects if name not in faces)
        return rules.photo(image, boxes, where, size=file.size, about=about)

    return collect(photo, parsed, skip_bad)


def _parse(where: str, path: Path) -> VocFile:
    root = read_xml(path)
    if root.tag.lower() != "annotation":
        raise DatasetError(f"{where}: no VOC file: it begins with <{quoted(root.tag)}>, not with <annotation>")
    objects = []
    found = root.findall("object")
    inner = [element.tag.lower() for element in root.iter()]
    if inner.count("object") != len(found) or (not found and "bndbox" in inner):
        raise DatasetError(f"{where}: has an object that is not an <object> directly in its <annotation>")
    for k, element in enumerate(found):
        name = (element.findtext("name") or "").strip()
        if not name:
            raise DatasetError(f"{where}, object {k + 1}: needs a name and a bndbox with {', '.join(CORNERS)}")
        if len(element.findall("bndbox")) > 1:
            raise DatasetError(f"{where}, object {k + 1}: has several bndbox; it must have one")
        objects.append((name, [element.findtext(f"bndbox/{corner}") for corner in CORNERS]))
    return VocFile(path, (root.findtext("filename") or "").strip(), _size(where, root), objects)


def _size(where: str, root: Element) -> tuple[float, float] | None:
    """Width and height; None where they are not said, or 0."""
    said = [(root.findtext(f"size/{side}") or "").strip() for side in ("width", "height")]
    if "" in said:
        return None
    width, height = numbers(said, f"{where}: size")
    return (width, height) if min(width, height) > 0 else None


def _box(where: str, corners: Sequence[str | None]) -> list[float]:
    words = [corner.strip() for corner in corners if corner is not None]
    if len(words) != len(CORNERS):
        raise DatasetError(f"{where}: needs a name and a bndbox with {', '.join(CORNERS)}")
    x1, y1, x2, y2 = numbers(words, where)
    if x2 < x1 or y2 < y1:
        raise DatasetError(f"{where}: bndbox {x1:g} {y1:g} {x2:g} {y2:g}; it must be xmin <= xmax, ymin <= ymax")
    return [x1 - 1, y1 - 1, x2, y2]


def _by_stem(folder: Path) -> dict[str, list[str]]:
    """The names of a folder's images, by what stands before their ending."""
    names: dict[str, list[str]] = {}
    for entry in visible(folder):
        if entry.suffix.lower() in IMAGES:
            names.setdefault(entry.stem, []).append(entry.name)
    return names


def _image_name(file: VocFile, pictures: Mapping[str, Sequence[str]], folder: Path) -> str:
    same = pictures.get(file.path.stem, [])
    if len(same) == 1:
        return same[0]
    if file.filename and (file.filename in same if same else (folder / file.filename).is_file()):
        return file.filename
    if same:
        raise DatasetError(
            f"{file.path}: images {', '.join(same)} have its name; <filename> must say which one it is of"
        )
    raise DatasetError(
        f"{file.path}: there is no image {file.path.stem}{'/'.join(IMAGES)} in {folder}"
        + (f", and no {quoted(file.filename)}, which its <filename> names" if file.filename else "")
    )
