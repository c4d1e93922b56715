"""Files that are written whole or not at all, and short digests of what they hold."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

# A file under way: `.PID.part.NAME`, so that its ending tells writers the format. Earlier versions had `NAME.PID.part`.
UNFINISHED = re.compile(r"\.\d+\.part\..+|.+\.\d+\.part")


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Have `write` write a file under another name beside `path`, then rename it.

    What has the name is whole, whenever the process is killed; after an error the other file is removed.

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
            write(partials[path])
        for path, partial in partials.items():
            os.replace(partial, path)
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)


def unfinished(path: Path) -> bool:
    """Whether a file's name is one that `write_whole` gives it until it is finished."""
    return UNFINISHED.fullmatch(path.name) is not None


def remove_unfinished(folder: Path) -> None:
    """Delete, in `folder` and below, what a killed process did not finish."""
    for path in folder.rglob("*.part*"):
        if unfinished(path):
            path.unlink(missing_ok=True)


def finished(folder: Path) -> Iterator[Path]:
    """What is in `folder`, less what is unfinished."""
    return (path for path in folder.iterdir() if not unfinished(path))


def digest(parts: Iterable[bytes]) -> str:
    """A short name for these bytes, one part after another: the first 16 digits of their SHA-256.

    >>> digest([b"face", b"s"]) == digest([b"faces"])
    True
    """
    total = hashlib.sha256()
    for part in parts:
        total.update(part)
    return total.hexdigest()[:16]
