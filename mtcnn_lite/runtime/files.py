"""Files that are written whole or not at all, and short digests of what they hold."""

import hashlib
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A file under way: `.PID.part.NAME`, so that its ending tells writers the format. Earlier versions had `NAME.PID.part`.
UNFINISHED = re.compile(r"\.(\d+)\.part\..+|.+\.(\d+)\.part")


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Have `write` write a file under another name beside `path`, then rename it.

    What has the name is whole, whenever the process is killed or the power fails; after an error the other file is
    removed, and an OSError names `path`.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_whole(folder / "log.txt", lambda path: path.write_text("one line"))
    >>> [(path.name, path.read_text()) for path in folder.iterdir()]
    [('log.txt', 'one line')]
    """
    write_all_whole({path: write})


def write_all_whole(writers: Mapping[Path, Callable[[Path], object]]) -> None:
    """`write_whole` for several files that belong together: none is renamed before all are written."""
    partials = {path: path.with_name(f".{os.getpid()}.part.{path.name}") for path in writers}
    try:
        for path, write in writers.items():
            with _errors_about(path, partials[path]):
                write(partials[path])
                _to_disk(partials[path])
        for path, partial in partials.items():
            with _errors_about(path, partial):
                os.replace(partial, path)
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)
    for folder in {path.parent for path in writers}:
        with suppress(OSError):  # not every system can open a folder
            _to_disk(folder, os.O_RDONLY)


@contextmanager
def _errors_about(path: Path, partial: Path) -> Iterator[None]:
    """An OSError about `partial`, or about a file that it does not name, names `path`."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # numpy's, where the disk is full
            raise OSError(f"{path}: {error}") from None
        if error.filename in (None, str(partial)):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


def _to_disk(path: Path, how: int = os.O_RDWR) -> None:
    """Wait until the disk itself holds the file, or the folder's list of names."""
    descriptor = os.open(path, how)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unfinished(path: Path) -> bool:
    """Whether a file's name is one that `write_whole` gives it until it is finished."""
    return UNFINISHED.fullmatch(path.name) is not None


def remove_unfinished(folder: Path, pattern: str = "**/*.part*") -> None:
    """Delete, of `folder`'s files that match the pattern, those that a process that is no more did not finish."""
    for path in folder.glob(pattern):
        process = process_of(path)
        if process is not None and not runs(process):
            with suppress(OSError):  # on Windows, of a file that is still open
                path.unlink()


def process_of(path: Path) -> int | None:
    """The number of the process that has not finished the file; None where its name is none of an unfinished one."""
    named = UNFINISHED.fullmatch(path.name)
    return int(named[1] or named[2]) if named else None


def runs(process: int) -> bool:
    """Whether another process of this number runs."""
    if os.name != "posix" or process == os.getpid():
        return False
    try:
        os.kill(process, 0)  # sends nothing
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def finished(folder: Path) -> Iterator[Path]:
    """What is in `folder`, less what is unfinished."""
    return (path for path in folder.iterdir() if not unfinished(path))


def digest(parts: Iterable[bytes | memoryview]) -> str:
    """A short name for these bytes, one part after another: the first 16 digits of their SHA-256.

    >>> digest([b"face", b"s"]) == digest([b"faces"])
    True
    """
    total = hashlib.sha256()
    for part in parts:
        total.update(part)
    return total.hexdigest()[:16]


def npy_bytes(array: NDArray[Any]) -> memoryview:
    """The bytes of the file that `np.save` writes."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getbuffer()
