"""A folder of images and labels that appears whole or not at all."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mtcnn_lite.runtime.files import process_of, runs


@contextmanager
def whole_folder(folder: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """Give a hidden folder inside `folder` to fill, and the function that moves what is in it to its place.

    Without a call of that function, after an error or where it is not wanted any more, what was written is deleted, and
    `folder` too if it was made here. What processes that were killed left in `folder` is deleted first.

    Raises
    ------
    FileExistsError
        Where `folder` has anything in it that is not hidden: perhaps labels that somebody has corrected.

    Examples
    --------
    >>> import tempfile
    >>> out = Path(tempfile.mkdtemp()) / "labels"
    >>> with whole_folder(out) as (work, finish):
    ...     _ = (work / "a.txt").write_text("a face")
    ...     finish()
    >>> [path.name for path in out.iterdir()]
    ['a.txt']
    """
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if any(not path.name.startswith(".") for path in folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")
    for left in folder.glob(".*.part.labels"):
        process = process_of(left)
        if process is not None and not runs(process):
            shutil.rmtree(left, ignore_errors=True)
    work = folder / f".{os.getpid()}.part.labels"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()

    def finish() -> None:
        moved: list[Path] = []
        try:
            for path in sorted(work.iterdir()):
                moved.append(folder / path.name)
                path.rename(moved[-1])
        except BaseException:
            for path in moved:
                with suppress(OSError):
                    path.rename(work / path.name)
            raise

    try:
        yield work, finish
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if made:
            with suppress(OSError):  # it is not empty: the labels are in their place
                folder.rmdir()
