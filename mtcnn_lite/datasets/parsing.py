"""What the readers share: lines, numbers, JSON, errors with file and line, and the skipping of bad records."""

import json
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

Record = TypeVar("Record")
Parsed = TypeVar("Parsed")
SHOWN = 3  # skipped records that a warning quotes
ENDING = re.compile(r"\.(jpe?g|png|webp|bmp)(?!\S)", re.IGNORECASE)  # of an image's name
LONGEST = 200  # characters of a value or a line that an error quotes
DIGITS = 300  # of a whole number; a longer one is beyond float's range


class DatasetError(ValueError):
    """Labels that can't be read; the message names the file, the line, what was found and what must be there."""


class DatasetWarning(UserWarning):
    """Records or photos were left out, as `skip_bad` asked for, or points are not used; the message says which."""


def collect(
    parse: Callable[[str, Record], LabelledPhoto], records: Iterable[tuple[str, Record]], skip_bad: bool
) -> list[LabelledPhoto]:
    """The photo of each record, or an error at the first bad one.

    Parameters
    ----------
    parse
        Makes a photo of where a record stands ("labels.txt, line 3", for the errors) and the record itself, and raises
        DatasetError where it can't be read. Any other error that a malformed record provokes becomes one here.
    records
        Where each stands and the record, in the order of the list.
    skip_bad
        Leave bad records out, and warn of them, in place of raising.
    """
    photos: list[LabelledPhoto] = []
    bad: list[str] = []
    places: list[str] = []
    with np.errstate(all="ignore"):  # a number near the largest is refused, so numpy needn't warn of its overflow
        for where, record in records:
            try:
                photos.append(_parsed(parse, where, record))
                places.append(where)
            except DatasetError as error:
                if not skip_bad:
                    raise
                bad.append(str(error))
    warn_skipped(bad, len(photos) + len(bad))
    _warn_labelled_twice(photos, places)
    return photos


def _warn_labelled_twice(photos: Sequence[LabelledPhoto], places: Sequence[str]) -> None:
    """Warn of complete photos of which two records say different faces: those of one are the other's background."""
    first: dict[Path, int] = {}
    twice = []
    for number, photo in enumerate(photos):
        if photo.complete and isinstance(photo.source, Path):
            before = first.setdefault(photo.source, number)
            if before != number and not np.array_equal(photo.boxes, photos[before].boxes):
                twice.append(f"{places[number]}: {photo.source}, as {places[before]}")
    if twice:
        more = "\n  ..." if len(twice) > SHOWN else ""
        warnings.warn(
            f"{len(twice)} of {len(photos)} records label a photo that another labels with other faces; what is a face "
            "in one is background in the other:\n  " + "\n  ".join(twice[:SHOWN]) + more,
            DatasetWarning,
            stacklevel=4,  # the line that called read_...
        )


def _parsed(parse: Callable[[str, Record], Parsed], where: str, record: Record) -> Parsed:
    try:
        return parse(where, record)
    except DatasetError:
        raise
    except (ArithmeticError, LookupError, OSError, RecursionError, TypeError, ValueError) as error:
        raise DatasetError(f"{where}: can't be read ({type(error).__name__}: {quoted(error)})") from error


def attempt(parse: Callable[[str, Record], Parsed], where: str, record: Record) -> Parsed | DatasetError:
    """What `parse` makes of a record, or the error that it raises: for a reader that looks at all records first.

    Parameters
    ----------
    parse, where, record
        As in `collect`, for one record; `parse` may return anything.
    """
    try:
        return _parsed(parse, where, record)
    except DatasetError as error:
        return error


def warn_skipped(bad: Sequence[str], count: int, what: str = "records") -> None:
    """Warn that records were skipped.

    Parameters
    ----------
    bad
        What is wrong with each; nothing is said where there is none.
    count
        How many records there are, those that were read included.
    what
        What they are called.
    """
    if bad:
        more = "\n  ..." if len(bad) > SHOWN else ""
        warnings.warn(
            f"{len(bad)} of {count} {what} skipped:\n  " + "\n  ".join(bad[:SHOWN]) + more,
            DatasetWarning,
            stacklevel=4,  # the line that called read_...
        )


def quoted(value: Any) -> str:
    """What an error shows of a value: its text, cut where it is long."""
    text = value if isinstance(value, str) else str(value) if isinstance(value, Exception) else repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text):,} characters)"


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """The content of a file of labels; DatasetError where there is none, or it has over `most` bytes."""
    try:
        if path.exists() and not path.is_file():  # a pipe or a device would be waited for
            raise DatasetError(f"{path}: no regular file")
        if most is not None and path.stat().st_size > most:
            raise DatasetError(f"{path}: {path.stat().st_size:,} bytes; such a file has at most {most:,}")
        return path.read_bytes()
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such file") from None
    except OSError as error:
        raise DatasetError(f"{path}: can't be read ({error.strerror})") from None


def read_text(path: Path, most: int | None = None) -> str:
    """The text of a file of labels; DatasetError as `read_bytes`, and where it is in another encoding."""
    try:
        return read_bytes(path, most).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DatasetError(f"{path}: not UTF-8 text (line {line}, byte {error.start} of the file)") from None


def read_lines(path: Path) -> list[tuple[int, str]]:
    """The lines that hold something, with their numbers from 1; without a byte order mark, line ends and margins."""
    # Not str.splitlines, which also breaks at signs that JSON allows inside a string.
    text = read_text(path).replace("\r\n", "\n").replace("\r", "\n")
    return [(number, line.strip()) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]


def parse_json(text: str, where: str) -> Any:
    """The value of a JSON text; DatasetError, starting with `where`, for what is none or is nested too deeply."""
    try:
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            raise
        except ValueError:  # a number of over 4,300 digits: infinite, so that only its own record is bad
            return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < DIGITS else float(digits))
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{where}: no JSON ({quoted(error)})") from None


def is_image_name(name: str) -> bool:
    """Whether a list's first word or line names an image, by its ending."""
    return ENDING.search(name[-5:]) is not None


def count_of(word: str) -> int | None:
    """The count that a word says, digits 0 to 9 alone; None for any other word, and for one of over 9 digits."""
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else None


def name_and_words(line: str) -> tuple[str, list[str]]:
    """A row's image name, which may hold spaces or have no ending, and the words after it, which should be numbers.

    >>> name_and_words("my photos/a b.jpg 1 x"), name_and_words("0--Parade/a 1 2.5")
    (('my photos/a b.jpg', ['1', 'x']), ('0--Parade/a', ['1', '2.5']))
    """
    ends = [found.end() for found in ENDING.finditer(line)]
    if ends:
        return line[: ends[-1]], line[ends[-1] :].split()
    words = line.split()
    sameafter = next((k for k, word in enumerate(reversed(words)) if not _is_number(word)), len(words) - 1)
    name, *rest = line.rsplit(maxsplit=sameafter) if sameafter else [line]
    return name, rest


def numbers(words: Sequence[str], where: str) -> list[float]:
    """The words as finite numbers; DatasetError, starting with `where`, for one that is none."""
    text = "".join(words)
    try:
        values = list(map(float, words))
    except ValueError:
        values = []
    if len(values) == len(words) and all(map(isfinite, values)) and text.isascii() and "_" not in text:
        return values
    wrong = next(word for word in words if not _is_number(word) or not isfinite(float(word)))
    raise DatasetError(f"{where}: {quoted(wrong)!r} is no number")


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return word.isascii() and "_" not in word  # Python would read 1_0 as 10


def visible(folder: Path) -> list[Path]:
    """What a folder holds, by name, without hidden files: on a Mac, ._a.jpg lies beside a.jpg.

    DatasetError where it can't be read.
    """
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise DatasetError(f"{folder}: can't be read ({error.strerror})") from None


def first_folder(candidates: Sequence[Path], what: str) -> Path:
    """The first of `candidates` that is a folder; DatasetError, naming them all, if none is."""
    for folder in candidates:
        if folder.is_dir():
            return folder
    looked = ", ".join(map(str, candidates))
    raise DatasetError(f"{what}: no folder with its images (looked for {looked}); images=FOLDER names another")
