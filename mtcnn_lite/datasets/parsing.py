"""What the readers share: lines, numbers, image files, errors with file and line, and the skipping of bad records."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from pathlib import Path
from typing import TypeVar

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

Record = TypeVar("Record")
SHOWN = 3  # skipped records that a warning quotes


class DatasetError(ValueError):
    """Labels that can't be read; the message names the file, the line, what was found and what must be there."""


class DatasetWarning(UserWarning):
    """Records were skipped because `skip_bad` was asked for; the message counts them and quotes the first ones."""


def collect(parse: Callable[[Record], LabelledPhoto], records: Iterable[Record], skip_bad: bool) -> list[LabelledPhoto]:
    """The photo of each record, or an error at the first bad one.

    Parameters
    ----------
    parse
        Makes the photo of a record, and raises DatasetError where it can't be read.
    records
        The records of a list, in order.
    skip_bad
        Leave bad records out, and warn of them, in place of raising.
    """
    photos, bad = [], []
    for record in records:
        try:
            photos.append(parse(record))
        except DatasetError as error:
            if not skip_bad:
                raise
            bad.append(str(error))
    warn_skipped(bad, len(photos) + len(bad))
    return photos


def warn_skipped(bad: Sequence[str], count: int) -> None:
    """Warn that the records `bad`, of `count`, were skipped."""
    if bad:
        more = "\n  ..." if len(bad) > SHOWN else ""
        warnings.warn(
            f"{len(bad)} of {count} records skipped:\n  " + "\n  ".join(bad[:SHOWN]) + more,
            DatasetWarning,
            stacklevel=4,  # the line that called read_...
        )


def read_lines(path: Path) -> list[tuple[int, str]]:
    """The lines that hold something, with their numbers from 1; without a byte order mark, line ends and margins."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such file") from None
    except OSError as error:
        raise DatasetError(f"{path}: can't be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 text (byte {error.start})") from None
    # Not str.splitlines, which also breaks at signs that JSON allows inside a string.
    lines = enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1)
    return [(number, line.strip()) for number, line in lines if line.strip()]


def is_image_name(name: str) -> bool:
    """Whether a list's first word or line names an image, by its ending."""
    return name.lower().endswith((".jpg", ".jpeg", ".png", ".webp"))


def numbers(words: Sequence[str], where: str) -> list[float]:
    """The words as finite numbers; DatasetError, starting with `where`, for one that is none."""
    values = []
    for word in words:
        try:
            value = float(word)
        except ValueError:
            value = float("nan")
        if not isfinite(value) or "_" in word:  # Python would read 1_0 as 10
            raise DatasetError(f"{where}: {word!r} is no number")
        values.append(value)
    return values


def image_file(folder: Path, name: str, where: str) -> Path:
    """The path of an image that a list names; it must exist, but is not opened.

    So a wrong folder shows when the list is read, not in the middle of a training.

    Parameters
    ----------
    folder
        What the name is relative to.
    name
        As the list has it, with either slash.
    where
        File and line, for the DatasetError where there is no such image.
    """
    path = folder / name.replace("\\", "/")
    if not path.is_file():
        raise DatasetError(f"{where}: there is no image {path}")
    return path


def first_folder(candidates: Sequence[Path], what: str) -> Path:
    """The first of `candidates` that is a folder; DatasetError, naming them all, if none is."""
    for folder in candidates:
        if folder.is_dir():
            return folder
    looked = ", ".join(map(str, candidates))
    raise DatasetError(f"{what}: no folder with its images (looked for {looked}); images=FOLDER names another")
