"""The photos in a folder, and in the folders below it."""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from mtcnn_lite.arguments import file_name
from mtcnn_lite.photos.formats import PHOTO_ENDINGS, ImageError


def photos_in(folder: str | PathLike[str], recursive: bool = False) -> list[Path]:
    """The photos in `folder`, by name: files that end as photos do (.jpg, .png, .heic, ...; see `read_image`).

    Hidden files (.name, ._name) are passed over. A link to a file that is gone is listed, so that it is named when it
    is read. With `recursive`, also what is below: the folder's own photos first, then those of each folder in it, by
    name; hidden folders are passed over, and a folder that several links lead to comes once.

    Raises ImageError where it is no folder or can't be read.
    """
    folder = file_name("folder", folder)
    if recursive:
        return [photo for each in folders_below(folder) for photo in photos_in(each)]
    try:
        named = (file for file in folder.iterdir() if named_as_photo(file))
        return sorted(file for file in named if file.is_file() or _gone(file))
    except OSError as error:
        raise ImageError(f"{folder}: {error.strerror}") from None
    except ValueError as error:  # a name that no file can have
        raise ImageError(f"{folder}: {error}") from None


def folders_below(folder: str | PathLike[str]) -> Iterator[Path]:
    """`folder` and the folders below it that are not hidden, by name, each once, also where links make a loop.

    One that can't be read comes as well: `photos_in` says why.
    """
    seen = set[tuple[int, int]]()
    waiting = [Path(folder)]
    while waiting:
        here = waiting.pop()
        inside: list[Path] = []
        try:
            about = here.stat()
            if (about.st_dev, about.st_ino) in seen:
                continue
            seen.add((about.st_dev, about.st_ino))
            inside = sorted(each for each in here.iterdir() if each.is_dir() and not each.name.startswith("."))
        except OSError:
            pass
        yield here
        waiting += reversed(inside)


def named_as_photo(file: Path) -> bool:
    """Whether a file is called as photos are, and not hidden.

    >>> [named_as_photo(Path(name)) for name in ("A.JPG", "._A.JPG", "features.h5")]
    [True, False, False]
    """
    return file.suffix.lower() in PHOTO_ENDINGS and not file.name.startswith(".")


def _gone(file: Path) -> bool:
    return file.is_symlink() and not file.exists()
