"""The photos that `mtcnn-lite detect` is given, and what their drawings are called."""

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

DRAWN = re.compile(r"(.+)_faces(_\d+)?\.(jpg|png)")


def find_photos(
    given: Iterable[Path], recursive: bool, complain: Callable[[str], None], note: Callable[[str], None]
) -> Iterator[Path]:
    """The photos given, with the images of each folder and the files of each pattern in its place.

    Parameters
    ----------
    given : iterable of Path
        Files, folders, and patterns that no shell has expanded.
    recursive : bool
        Whether of a folder the folders below it count as well. Where it has no image of its own, they always do.
    complain : function of str
        Called where a folder or a pattern gives no photo, or a folder can't be read.
    note : function of str
        Called where folders below another are searched without having been asked for.
    """
    for path in given:
        if path.is_dir():
            yield from _in_folder(path, recursive, complain, note)
        elif os.path.lexists(path) or not glob.has_magic(str(path)):
            yield path  # also what does not exist: reading it gives the message
        elif matches := _matches(str(path)):
            for match in matches:
                yield from _in_folder(match, recursive, complain, note) if match.is_dir() else [match]
        else:
            complain(f"{path}: no image has a name of this pattern")


def _in_folder(
    folder: Path, recursive: bool, complain: Callable[[str], None], note: Callable[[str], None]
) -> Iterator[Path]:
    from mtcnn_lite.images import ImageError, photos_in
    from mtcnn_lite.photos.folders import folders_below

    unread = dict[Path, str]()

    def listed(folders: Iterable[Path]) -> list[Path]:
        files = []
        for each in folders:
            try:
                files += photos_in(each)
            except ImageError as error:
                unread[each] = str(error)
        return without_drawings(files)

    photos = [] if recursive else listed([folder])
    # Drawings alone are perhaps no photos of its own: an earlier run has looked below and left them here.
    if all(DRAWN.fullmatch(photo.name) for photo in photos):
        below = listed(folders_below(folder))
        own = [photo for photo in below if photo.parent == folder]
        photos = own if own and not recursive else below
        if photos and not own and not recursive:
            note(f"{folder}: no image directly in this folder; taking the {len(photos)} in the folders below it")
    for message in unread.values():
        complain(message)
    if not photos and not unread:
        complain(f"{folder}: no image in this folder or below it")
    yield from photos


def without_drawings(files: Sequence[Path]) -> list[Path]:
    """The files, less each NAME_faces.jpg or .png where a NAME is there too: an earlier run has drawn it.

    >>> [file.name for file in without_drawings([Path("a.png"), Path("a_faces.jpg"), Path("our_faces.jpg")])]
    ['a.png', 'our_faces.jpg']
    """
    stems = {file.stem for file in files}
    return [file for file in files if not ((match := DRAWN.fullmatch(file.name)) and match[1] in stems)]


def _matches(pattern: str) -> list[Path]:
    """What a pattern stands for, by name: images, and folders unless it has a **, which means their files as well.

    Other files only where it finds neither.
    """
    from mtcnn_lite.photos.folders import named_as_photo

    found = sorted(Path(match) for match in glob.iglob(pattern, recursive=True))
    chosen = [path for path in found if (path.is_dir() and "**" not in pattern) or named_as_photo(path)]
    return chosen or [path for path in found if not path.is_dir()]


def output_names(photos: Sequence[Path]) -> Callable[[Path, Path, str], Path]:
    """A function (folder, photo, ".jpg") -> folder/NAME_faces.jpg, or NAME_faces_2.jpg ... where that is taken.

    Taken is what one of `photos` or an earlier result of this run is called; capital letters make no difference, as
    on some file systems.
    """

    def key(path: Path) -> str:
        return os.path.realpath(path).casefold()  # unlike Path.resolve, also of links that make a loop

    taken = {key(photo) for photo in photos}

    def free_name(folder: Path, photo: Path, ending: str) -> Path:
        path, number = folder / f"{photo.stem}_faces{ending}", 1
        while key(path) in taken:
            number += 1
            path = folder / f"{photo.stem}_faces_{number}{ending}"
        taken.add(key(path))
        return path

    return free_name
