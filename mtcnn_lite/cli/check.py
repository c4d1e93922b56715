"""`mtcnn-lite check`: the exercises' judges, run on the functions in notebooks and Python files."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mtcnn_lite.cli.settings import FAILED, add_command, reason
from mtcnn_lite.course.exercises import EXERCISES
from mtcnn_lite.course.grading.submission import ENDINGS, submissions
from mtcnn_lite.runtime.files import write_whole

CHECK = """\
Judge the exercises' functions in a notebook, a Python file, or a folder of submissions: each notebook, each Python file
and each folder in it is one, and gets a row. A function is found by the name that the course gives it, or as what the
file hands to checks.NAME(...).

Of each file only imports, definitions and constants are run, in a process of its own with limits on time and memory.
That keeps mistakes apart; it is no sandbox. docs/grading.md says what to do where code may be hostile."""

CHECK_END = """\
examples:
  mtcnn-lite check 01_nms.ipynb
  mtcnn-lite check submissions/ --exercises nms,soft_nms --csv marks.csv
  mtcnn-lite check submission/ --gradescope /autograder/results/results.json
  mtcnn-lite check --otter tests/ --exercises nms,soft_nms

exit status: 0 all that were found passed, 1 one did not, none was found, or a file could not be read or written, 2 bad
arguments."""

FORMATS = {
    "json": "all results, with the judges' hints",
    "csv": "a row for each submission, a column for each exercise",
    "junit": "JUnit's XML, for a CI server",
    "gradescope": "the results.json of Gradescope, of one submission",
}
ADAPTERS = {
    "otter": "the judges as otter-grader's test files, one an exercise",
    "nbgrader": "the chapters as nbgrader's source notebooks, with a cell for each judge",
}


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(commands, "check", run, "judge the exercises in notebooks and files", CHECK, CHECK_END)
    parser.add_argument("path", type=Path, nargs="?", help="a notebook, a Python file, or a folder of submissions")
    parser.add_argument(
        "--exercises",
        metavar="NAMES",
        help="those to judge, with commas between; one that a submission lacks counts as missing (default: all that "
        "are found)",
    )
    parser.add_argument("--hints", action="store_true", help="print what the judges say, below the table")
    parser.add_argument(
        "--run-all", action="store_true", help="run every statement of each file, not only definitions and constants"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="the longest for an exercise (default: 10)")
    parser.add_argument(
        "--memory", type=int, default=2048, metavar="MIB", help="what a submission may take (default: 2048)"
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="submissions at a time (default: one a core, and 4 more, as those that hang only wait)",
    )
    for name, text in FORMATS.items():
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"write {text} (-: to standard output)")
    for name, text in ADAPTERS.items():
        parser.add_argument(f"--{name}", type=Path, metavar="DIR", help=f"without a path: write {text}")


def run(options: argparse.Namespace) -> int:
    """Grade, print the table, write the files, and return the exit status."""
    from mtcnn_lite.course.grading import report
    from mtcnn_lite.course.grading.runner import Graded, grade

    chosen = _exercises(options)
    if options.otter or options.nbgrader:
        return _write_adapters(options, chosen or list(EXERCISES))
    found = _found(options)
    if not found:
        return FAILED
    graded: list[Graded] = []
    for each in grade(found, chosen or tuple(EXERCISES), options.run_all, options.seconds, options.memory,
                      options.workers):  # fmt: skip
        graded.append(each)
        if sys.stderr.isatty():
            print(f"\r{len(graded)} of {len(found)} submissions", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    names = chosen or report.exercises_in(graded)
    piped = any(str(getattr(options, name)) == "-" for name in FORMATS)
    print(report.table(graded, names, options.hints), file=sys.stderr if piped else sys.stdout)
    texts: dict[str, Callable[[], str]] = {
        "json": lambda: report.as_json(graded, names),
        "csv": lambda: report.as_csv(graded, names),
        "junit": lambda: report.as_junit(graded, names),
        "gradescope": lambda: report.as_gradescope(graded[0], names),
    }
    for name, text in texts.items():
        path = getattr(options, name)
        if path is not None:
            _write(path, text())
    if not names:
        print(f"no exercise was found in {options.path}: functions have the names that the course gives them, such as "
              f"{', '.join(list(EXERCISES)[:3])}", file=sys.stderr)  # fmt: skip
    all_passed = all(each.of(name).state == "passed" for each in graded for name in names)
    return 0 if names and all_passed else FAILED


def _exercises(options: argparse.Namespace) -> list[str]:
    """The exercises asked for; [] for all. Exits with status 2 for a name that is none, or a limit out of range."""
    adapting = options.otter or options.nbgrader
    if options.path is None and not adapting:
        options.error("a notebook, a Python file or a folder is missing")
    if options.path is not None and adapting:
        options.error(f"--otter and --nbgrader only write files: leave out {options.path}")
    for name, least in (("seconds", 0), ("memory", 63), ("workers", 0)):
        value = getattr(options, name)
        if value is not None and not value > least:
            options.error(f"--{name} is {value:g}; it must be above {least}")
    names = [name.strip() for name in options.exercises.split(",")] if options.exercises is not None else []
    for name in names:
        if name not in EXERCISES:
            options.error(f"--exercises: {name!r} is none of {', '.join(EXERCISES)}")
    return [name for name in EXERCISES if name in names]


def _found(options: argparse.Namespace) -> list[Path]:
    """The submissions at the path; [] after saying why there is none. Exits with status 2 for bad arguments."""
    path: Path = options.path
    if not path.exists():
        print(f"error: {path} does not exist", file=sys.stderr)
        return []
    if path.is_file() and path.suffix not in ENDINGS:
        options.error(f"{path} is no notebook (.ipynb) and no Python file (.py)")
    try:
        found = [path] if path.is_file() else submissions(path)
    except OSError as error:
        print(f"error: {reason(error)}", file=sys.stderr)
        return []
    if options.gradescope and path.is_dir() and len(found) > 1:
        if any(each.is_dir() for each in found):
            options.error(f"--gradescope is for one submission, and {path} holds {len(found)}")
        found = [path]  # one submission of several files
    if not found:
        print(f"error: {path} holds no .ipynb or .py file", file=sys.stderr)
    return found


def _write_adapters(options: argparse.Namespace, names: list[str]) -> int:
    """Write files for other graders; those that are there already are left alone, and listed."""
    from mtcnn_lite.course.grading.adapters import nbgrader_notebooks, otter_tests

    status = 0
    for folder, made in ((options.otter, otter_tests), (options.nbgrader, nbgrader_notebooks)):
        if folder is None:
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in made(names).items():
                if (folder / name).exists():
                    print(f"error: {folder / name} exists, and was left as it is", file=sys.stderr)
                    status = FAILED
                else:
                    _write(folder / name, text)
                    print(folder / name)
        except OSError as error:
            print(f"error: {reason(error)}", file=sys.stderr)
            return FAILED
    return status


def _write(path: Path, text: str) -> None:
    if str(path) == "-":
        print(text, end="")
    else:
        write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))
