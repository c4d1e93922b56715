"""Which photos can't be read: found by decoding every one before hours of work begin, not in the middle of them."""

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import SHOWN, DatasetError, DatasetWarning, quoted
from mtcnn_lite.images import ImageError, read_image


def readable(
    photos: Iterable[LabelledPhoto],
    skip_bad: bool = False,
    progress: bool = False,
    broken: Mapping[Path, str] | None = None,
) -> list[LabelledPhoto]:
    """The photos whose pixels can be read, in their order.

    Parameters
    ----------
    photos
        Their files are decoded, each once, and the pixels are not kept.
    skip_bad
        Leave out photos that can't be decoded, and name them in one DatasetWarning, in place of raising.
    progress
        Show a bar.
    broken
        What `unreadable` said of these photos; no file is opened then.

    Raises
    ------
    DatasetError
        Without `skip_bad`, where one can't be decoded: how many, and what is wrong with the first ones.

    Examples
    --------
    >>> from numpy import zeros
    >>> len(readable([LabelledPhoto(zeros((60, 80, 3), "uint8"), [])]))
    1
    """
    photos = list(photos)
    wrong = unreadable(photos, progress) if broken is None else broken
    bad = [photo for photo in photos if isinstance(photo.source, Path) and photo.source in wrong]
    if not bad:
        return photos
    first = list(dict.fromkeys(wrong[photo.source] for photo in bad if isinstance(photo.source, Path)))
    said = "".join(f"\n  {quoted(text)}" for text in first[:SHOWN]) + ("\n  ..." if len(first) > SHOWN else "")
    count = f"{len(bad):,} of {len(photos):,} photos"
    if not skip_bad:
        raise DatasetError(
            f"{count} can't be read:{said}\nto leave them out: skip_bad=True, on the command line --skip-bad"
        )
    warnings.warn(f"{count} left out, for they can't be read:{said}", DatasetWarning, stacklevel=2)
    return [photo for photo in photos if not (isinstance(photo.source, Path) and photo.source in wrong)]


def unreadable(photos: Iterable[LabelledPhoto], progress: bool = False) -> dict[Path, str]:
    """What is wrong with each file of `photos` that can't be decoded; `progress` shows a bar."""
    from tqdm import tqdm

    from mtcnn_lite.runtime.parallel import imap  # with torch: over a second, which reading labels need not wait for

    files = list(dict.fromkeys(photo.source for photo in photos if isinstance(photo.source, Path)))
    found = imap(_problem, files)
    bar = tqdm(zip(files, found, strict=True), "photos", len(files), unit="photo", disable=not progress, leave=False)
    return {file: problem for file, problem in bar if problem is not None}


def _problem(file: Path) -> str | None:
    try:
        read_image(file)
    except ImageError as error:
        return str(error)
    except Exception as error:  # whatever else a decoder does with a damaged file
        return f"{file}: {type(error).__name__}: {error}"
    return None
