"""Which images a YOLO folder holds, and where the label file of each lies."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mtcnn_lite.datasets.parsing import DatasetError, DatasetWarning, quoted, read_lines, visible
from mtcnn_lite.datasets.readers.folders import IMAGES, shown
from mtcnn_lite.datasets.readers.yolo_config import CLASSES, YoloConfig
from mtcnn_lite.datasets.rules import OUTSIDE, Rules


@dataclass(frozen=True)
class Item:
    """An image, and the file that labels it, which need not be there."""

    image: Path
    labels: Path


Records = dict[Path, Item | DatasetError]  # by the image, or what the error speaks of


@dataclass(frozen=True)
class Place:
    """Where a set lies: what is read below `root`, and whether that may be left."""

    root: Path
    rules: Rules

    def inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.root.resolve())

    def first(self, candidates: Sequence[Path], what: str) -> Path | None:
        """The first candidate that is there, without `..` in it; None if none is.

        DatasetError, starting with `what`, where one is there but outside and may not be read.
        """
        try:
            there = [path for path in candidates if path.exists()]
            for path in there:
                if self.inside(path):
                    return self.root / path.resolve().relative_to(self.root.resolve())
        except (OSError, ValueError, RuntimeError) as error:  # a zero byte, a name too long, a loop of links
            raise DatasetError(f"{what} can't be looked for ({quoted(error)})") from None
        if there and not self.rules.allow_outside:
            raise DatasetError(f"{what} lies outside {self.root}; {OUTSIDE}")
        return there[0] if there else None

    def labels(self, path: Path) -> Path:
        """The label file; DatasetError where it is a link out of the set or its own folder, and that is not allowed."""
        return self.rules.label_file(self.root if path.is_relative_to(self.root) else path.parent, path)

    def image(self, path: Path, where: str) -> Path:
        """The image, which must be there; DatasetError where it is not, or is outside and may not be read."""
        if path.is_relative_to(self.root):
            return self.rules.image_file(self.root, path.relative_to(self.root).as_posix(), where)
        return self.rules.image_file(path.parent, path.name, where)


def records_of_splits(config: YoloConfig, place: Place) -> Records:
    """The images that `train` and `val` of a data.yaml name, each once."""
    found: Records = {}
    missing = []
    for split, values in config.splits.items():
        for value in values:
            what = f"{config.source}: {split}: {shown(value)}"
            folder = place.first(config.places(value), what)
            if folder is None:
                missing.append((split, f"{what}: no such folder or file"))
            elif folder.is_dir():
                found |= {key: record for key, record in records_below(folder, place).items() if key not in found}
            elif folder.suffix.lower() == ".txt":
                found |= {key: record for key, record in _listed(folder, config, place).items() if key not in found}
            else:
                raise DatasetError(f"{what}: must be a folder, or a .txt of image paths")
    for split, text in missing:
        if split == "train" or not found:
            raise DatasetError(f"{text}; to read one split alone, give its folder in place of data.yaml")
        warnings.warn(f"{text}; the rest is read", DatasetWarning, stacklevel=3)
    return found


def _listed(path: Path, config: YoloConfig, place: Place) -> Records:
    """The images that a .txt file lists, a path a line, relative to the file or to the set."""
    found: Records = {}
    for number, line in read_lines(path):
        where = f"{path}, line {number}: image {quoted(line)}"
        try:
            image = place.first([path.parent / line.replace("\\", "/"), *config.places(line)], where)
        except DatasetError as error:
            found[path / str(number)] = error
            continue
        if image is None:
            found[path / str(number)] = DatasetError(f"{where}: there is no such image")
        else:
            found.setdefault(image, Item(image, _labels_folder(image.parent) / f"{image.stem}.txt"))
    return found


def records_below(root: Path, place: Place) -> Records:
    """The images in a folder and below it, and an error for each label file that has none."""
    found: Records = {}
    for folder in _folders(root, place):
        if isinstance(folder, DatasetError):
            found[Path(str(folder))] = folder
            continue
        images = [entry for entry in visible(folder) if entry.suffix.lower() in IMAGES]
        labels = _labels_folder(folder)
        files = [file for file in visible(labels) if file.suffix.lower() == ".txt"] if images else []
        named = {file.stem: file for file in files}  # a.TXT, too
        found |= {image: Item(image, named.get(image.stem, labels / f"{image.stem}.txt")) for image in images}
        if labels != folder:  # else other .txt files may lie there
            stems = {image.stem for image in images}
            for file in files:
                if file.name != CLASSES and file.stem not in stems:
                    found[file] = DatasetError(f"{file}: there is no image {file.stem}{'/'.join(IMAGES)} in {folder}")
    return found


def _folders(root: Path, place: Place) -> Iterator[Path | DatasetError]:
    """The folder and all below it, by name; an error for each link that leads out of the set and may not."""
    waiting, seen = [root], set()
    while waiting:
        folder = waiting.pop()
        try:
            real = folder.resolve()
            if real in seen:  # a link back
                continue
            seen.add(real)
            if not place.rules.allow_outside and not place.inside(folder):
                yield DatasetError(f"{folder} lies outside {place.root}; {OUTSIDE}")
                continue
            inner = [entry for entry in visible(folder) if entry.is_dir()]
        except (OSError, RuntimeError) as error:  # a loop of links
            yield DatasetError(f"{folder}: can't be read ({error})")
            continue
        yield folder
        waiting += reversed(inner)


def _labels_folder(images: Path) -> Path:
    """Where the label files of a folder of images lie: as Ultralytics has it, the last `images` in its path becomes
    `labels`; where there is no such folder, beside the images."""
    parts = list(images.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    labels = Path(*parts)
    return labels if labels.is_dir() else images
