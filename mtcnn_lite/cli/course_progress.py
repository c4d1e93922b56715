"""`mtcnn-lite progress`: which of the course's exercises have passed."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from mtcnn_lite.cli.settings import FAILED, add_command

PROGRESS = """\
List the course's exercises: passed, not yet, or untouched, and the minutes that are left. Notebooks record it beside
themselves as their judges run; checks.progress() in a notebook shows the same."""

PROGRESS_END = """\
examples:
  mtcnn-lite progress
  mtcnn-lite progress faces

exit status: 0 they are listed, 1 there are no notebooks of the course, 2 bad arguments."""


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(commands, "progress", run, "which exercises have passed", PROGRESS, PROGRESS_END)
    parser.add_argument(
        "folder", type=Path, nargs="?", metavar="DIR", help="where the notebooks are (default: this folder)"
    )


def run(options: argparse.Namespace) -> int:
    """Print the list and return the exit status."""
    from mtcnn_lite.course import progress, remembered

    named = os.environ.get(remembered.VARIABLE, "")
    if options.folder is None and named not in ("", "off"):
        print(progress.read(Path(named)))
        return 0
    folder: Path = options.folder or Path()
    near = [folder, folder.resolve().parent, folder / "notebooks"]  # of deeper/, of a checkout
    found = next((each for each in near if (each / "start_here.ipynb").exists()), None)
    if found is None:
        where = "this folder" if options.folder is None else folder
        print(f"error: {where} holds no notebooks of the course; `mtcnn-lite course DIR` writes them", file=sys.stderr)
        return FAILED
    print(progress.read(found / ".mine"))
    return 0
