"""The course as a folder of a reader's own: what `mtcnn-lite course` writes, and what it leaves alone."""

import json
import os
import posixpath
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import mtcnn_lite
from mtcnn_lite.course.carried import SOLUTIONS, carried
from mtcnn_lite.runtime.files import digest, remove_unfinished, write_all_whole

REPOSITORY = "https://github.com/mtcnn-lite/mtcnn_lite"  # pyproject's "Source": where links to code lead
RECORD = ".course.json"  # digests of what was written, by name
# A link of Markdown; in front of it, code that looks like one.
LINK = re.compile(r"```.*?```|`[^`\n]*`|\]\(([^)\s]+)\)", re.S)
LEAVING = re.compile(r"\]\((\.\./[^)\s]+)\)")  # in a notebook's JSON, where code may look like any other link


@dataclass
class Written:
    """What became of the course's files, by their names in the folder.

    written: new, or unchanged since an earlier version wrote them. same: there already. yours: changed since they were
    written, and left. beside: of those, the new file with the course's version.
    """

    written: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    yours: list[str] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)


def place_of(name: str) -> str:
    """Where a file of the repository lies in the folder: notebooks at its top, other pages in `pages/`.

    >>> place_of("notebooks/deeper/00_plus_one.ipynb"), place_of("data/MODEL_CARD.md")
    ('deeper/00_plus_one.ipynb', 'pages/data/MODEL_CARD.md')
    """
    top, _, rest = name.partition("/")
    return rest if top == "notebooks" else f"pages/{name}"


def relinked(text: str, name: str, known: Iterable[str]) -> str:
    """The text of a page or notebook with its links as they lead from its place in the folder.

    Parameters
    ----------
    text : str
        Markdown, or a notebook's JSON.
    name : str
        The file's in the repository.
    known : iterable of str
        The names of all files that come along. Links to others lead to the repository's address.

    Examples
    --------
    >>> relinked("[plan](../mtcnn_lite/training/plan.py)", "notebooks/09_training.ipynb", ())
    '[plan](https://github.com/mtcnn-lite/mtcnn_lite/blob/main/mtcnn_lite/training/plan.py)'
    """
    known, here = set(known), posixpath.dirname(place_of(name))

    def link(found: re.Match[str]) -> str:
        address = found[1]
        if address is None or "://" in address or address.startswith(("#", "mailto:")):
            return found[0]
        path, mark, anchor = address.partition("#")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
        leads = (
            posixpath.relpath(place_of(target), here or ".") if target in known else f"{REPOSITORY}/blob/main/{target}"
        )
        return f"]({leads}{mark}{anchor})"

    return (LEAVING if name.endswith(".ipynb") else LINK).sub(link, text)


def files(solutions: bool = False) -> dict[str, bytes]:
    """What the folder is to hold, by name; FileNotFoundError where this installation carries no notebooks."""
    found = carried()
    if not found:
        raise FileNotFoundError("this installation of mtcnn_lite carries no notebooks; `pip install` the wheel")
    course = {}
    for name, path in found.items():
        if name != SOLUTIONS or solutions:
            content = path.read_bytes()
            if path.suffix in (".md", ".ipynb"):
                content = relinked(content.decode(), name, found).encode()
            course[place_of(name)] = content
    return course


def write(folder: Path, solutions: bool = False, update: bool = False) -> Written:
    """Writes the course to a folder: what is missing, and what is unchanged since it was written. All of it, or none.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    solutions : bool
        Whether the exercises' solutions come along: `source/solutions.py`.
    update : bool
        Whether the course's version of a file that has been changed is written beside it: `03_pnet.new.ipynb`. Of a
        notebook that has only been run, none is.

    Raises
    ------
    OSError
        Where something can't be written, or this installation carries no notebooks.
    """
    course, recorded, done = files(solutions), _recorded(folder), Written()
    new: dict[str, bytes] = {}
    for name, content in course.items():
        there = _content(folder / name)
        if there == content:
            done.same.append(name)
        elif there is None or digest([there]) == recorded.get(name):
            new[name] = content
            done.written.append(name)
        else:
            done.yours.append(name)
            if update and _words(there, name) != _words(content, name):
                other = _free_name(folder, name, content, recorded)
                new[other] = content
                done.beside[name] = other
            continue
        recorded[name] = digest([content])
    recorded |= {name: digest([content]) for name, content in new.items()}
    _write_all(folder, new, recorded)
    for each in {(folder / name).parent for name in course}:
        remove_unfinished(each, "*.part*")  # of a call that was killed
    return done


def _recorded(folder: Path) -> dict[str, str]:
    try:
        kept = json.loads((folder / RECORD).read_text(encoding="utf-8"))["files"]
        return {name: text for name, text in kept.items() if isinstance(text, str)}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # then what differs counts as changed


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _words(content: bytes, name: str) -> object:
    """What a reader may have written: a notebook's cells without outputs, and any other file as it is."""
    if name.endswith(".ipynb"):
        with suppress(ValueError, KeyError, TypeError):
            cells = json.loads(content)["cells"]
            return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    return content


def _free_name(folder: Path, name: str, content: bytes, recorded: dict[str, str]) -> str:
    """A name beside a file that is not taken: of earlier ones, those that nobody has worked in are."""
    stem, ending = os.path.splitext(name)
    count = 1
    while True:
        other = f"{stem}.new{'' if count == 1 else count}{ending}"
        there = _content(folder / other)
        if there in (None, content) or (there is not None and digest([there]) == recorded.get(other)):
            return other
        count += 1


def _write_all(folder: Path, new: dict[str, bytes], recorded: dict[str, str]) -> None:
    """Writes files and the record, all of them or none; folders that were made for them go too."""
    record = json.dumps({"version": mtcnn_lite.__version__, "files": dict(sorted(recorded.items()))}, indent=1) + "\n"
    contents = {folder / name: content for name, content in {**new, RECORD: record.encode()}.items()}
    parents = {each for path in contents for each in path.parents}
    made = sorted((each for each in parents if not each.exists()), key=lambda each: len(each.parts))
    try:
        for path in contents:
            path.parent.mkdir(parents=True, exist_ok=True)
        write_all_whole({path: partial(_put, content) for path, content in contents.items()})
    except BaseException:
        for each in reversed(made):
            with suppress(OSError):
                each.rmdir()
        raise


def _put(content: bytes, path: Path) -> None:
    path.write_bytes(content)
