"""`mtcnn-lite course`: the notebooks, written to a folder of the reader's own."""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mtcnn_lite.cli.settings import FAILED, add_command, reason

COURSE = """\
Write the course to a folder: the notebooks, deeper/ with side trips, the glossary and the pages that they link to.
Called again, it writes what is missing and what you have not changed since, and lists the rest: your work is never
overwritten."""

COURSE_END = """\
examples:
  mtcnn-lite course faces
  jupyter lab faces/start_here.ipynb

exit status: 0 the course is there, 1 it could not be written, 2 bad arguments."""


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(commands, "course", run, "write the course's notebooks to a folder", COURSE, COURSE_END)
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to; made where it is missing")
    parser.add_argument("--solutions", action="store_true", help="the exercises' solutions too: source/solutions.py")
    parser.add_argument(
        "--update",
        action="store_true",
        help="write the course's version of what you have changed beside yours: 03_pnet.new.ipynb",
    )


def run(options: argparse.Namespace) -> int:
    """Write the folder, say what was written and what was left, and return the exit status."""
    from mtcnn_lite.course.carried import PACKED, carried
    from mtcnn_lite.course.folder import write

    folder: Path = options.folder
    if folder.exists() and not folder.is_dir():
        print(f"error: {folder} is a file; the course needs a folder", file=sys.stderr)
        return FAILED
    own = next((path.parent for name, path in carried().items() if name.endswith("start_here.ipynb")), None)
    if own and not PACKED.is_dir() and folder.resolve() == own.resolve():
        print(f"error: {folder} is the checkout's own; name another folder", file=sys.stderr)
        return FAILED
    try:
        done = write(folder, options.solutions, options.update)
    except OSError as error:
        print(f"error: {reason(error)}; nothing was written", file=sys.stderr)
        return FAILED
    print(f"{folder}: {len(done.written)} files written, {len(done.same)} are there already")
    if done.yours:
        print(f"{len(done.yours)} left as they are, for you have changed them:")
        for name in done.yours:
            print(f"  {name}" + (f"; the course's version is {done.beside[name]}" if name in done.beside else ""))
        if not options.update:
            print("--update writes the course's version of them beside yours")
    if find_spec("jupyterlab") is None:
        print("the notebooks need JupyterLab: pip install 'mtcnn_lite[lab,reference]'")
    print(f"next: jupyter lab {folder / 'start_here.ipynb'}")
    return 0
