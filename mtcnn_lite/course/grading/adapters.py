"""The same judges for other graders: test files of otter-grader, and the chapters as nbgrader's source notebooks."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mtcnn_lite.course import checks
from mtcnn_lite.course.carried import carried
from mtcnn_lite.course.exercises import EXERCISES

OTTER = """\
OK_FORMAT = False

from mtcnn_lite.course.grading.adapters import judged
from otter.test_files import test_case

name = "{name}"
points = 1


@test_case()
def test_{name}(env):
    judged("{name}", env.get("{written}"))
"""
NBGRADER = """\
from mtcnn_lite.course.grading.adapters import judged

judged("{name}", {written})"""
STUB = re.compile(r"^def (\w+)(\([^\n]*\):)\n(    raise NotImplementedError)$", re.M)


def judged(exercise: str, fn: Any) -> None:
    """Raise AssertionError with what the judge says, unless a function passes; None stands for one that is missing.

    >>> judged("iou", lambda box, boxes: 1 / 0)
    Traceback (most recent call last):
        ...
    AssertionError: checks.iou: not yet
    ...
    """
    if fn is None:
        raise AssertionError(f"{EXERCISES[exercise].written} is not defined")
    verdict = getattr(checks, exercise)(fn)
    if not verdict:
        raise AssertionError(repr(verdict))


def otter_tests(exercises: Sequence[str]) -> dict[str, str]:
    """A test file of otter-grader for each exercise, by its name: {"iou.py": text}."""
    return {f"{name}.py": OTTER.format(name=name, written=EXERCISES[name].written) for name in exercises}


def nbgrader_notebooks(exercises: Sequence[str]) -> dict[str, str]:
    """The notebooks that set these exercises as nbgrader's sources, by their names: {"00_iou.ipynb": text}.

    The cell in which a function is to be written is a solution, and a cell after it, which students can't change, gives
    a point where the judge passes.

    Raises
    ------
    FileNotFoundError
        Where this installation has no notebooks.
    """
    files, made = carried(), dict[str, str]()
    for notebook in dict.fromkeys(EXERCISES[name].notebook for name in exercises):
        path = files.get(f"notebooks/{notebook}.ipynb")
        if path is None:
            raise FileNotFoundError(f"this installation has no notebooks/{notebook}.ipynb")
        wanted = {EXERCISES[name].written: name for name in exercises if EXERCISES[name].notebook == notebook}
        made[Path(f"{notebook}.ipynb").name] = _for_nbgrader(json.loads(path.read_text(encoding="utf-8")), wanted)
    return made


def _for_nbgrader(notebook: dict[str, Any], wanted: dict[str, str]) -> str:
    """wanted: by the function to be written, the exercise's name."""
    cells = []
    for cell in notebook["cells"]:
        cells.append(cell)
        source = "".join(cell["source"])
        name = next((wanted[each] for each, *_ in STUB.findall(source) if each in wanted), None)
        if cell["cell_type"] != "code" or name is None:
            continue
        source = STUB.sub(r"def \1\2\n    ### BEGIN SOLUTION\n\3\n    ### END SOLUTION", source)
        cell["source"] = source.splitlines(keepends=True)
        cell["metadata"]["nbgrader"] = _role(name, solution=True)
        test = NBGRADER.format(name=name, written=EXERCISES[name].written)
        cells.append({
            "cell_type": "code", "execution_count": None, "id": f"judge-{name}"[:64].replace("_", "-"), "outputs": [],
            "metadata": {"nbgrader": {**_role(f"judge_{name}", solution=False), "points": 1}},
            "source": test.splitlines(keepends=True),
        })  # fmt: skip
    return json.dumps({**notebook, "cells": cells}, indent=1, ensure_ascii=False) + "\n"


def _role(grade_id: str, solution: bool) -> dict[str, Any]:
    """A cell's part in nbgrader, of schema 3: where the solution is written, or what is graded and locked."""
    return {"schema_version": 3, "grade": not solution, "locked": not solution, "solution": solution, "task": False,
            "grade_id": grade_id}  # fmt: skip
