"""What came out of grading: as a table to read, and as JSON, CSV, JUnit's XML and Gradescope's results.json."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mtcnn_lite.course.exercises import EXERCISES
from mtcnn_lite.course.grading.runner import Graded, Result

WORDS = {"passed": "yes", "not yet": "no", "not done yet": "stub", "stopped": "stopped", "missing": "-"}
SIGNS = {"passed": "+", "not yet": "x", "not done yet": "o", "stopped": "!", "missing": "."}
NAMED = 6  # exercises that have a column each; more share one for each notebook
DETAILS = 3  # lines of notes under the table, for each submission


def exercises_in(graded: Sequence[Graded]) -> list[str]:
    """The exercises that at least one submission has, in the course's order."""
    return [name for name in EXERCISES if any(name in each.results for each in graded)]


def table(graded: Sequence[Graded], exercises: Sequence[str], hints: bool = False) -> str:
    """A row for each submission: how many exercises passed, then each one, or where there are many a sign for each.

    Parameters
    ----------
    graded : sequence of Graded
    exercises : sequence of str
        What to show.
    hints : bool
        Below the table, what the judges said of each that did not pass.
    """
    columns, key = _columns(exercises)
    head = ["submission", "passed", *columns]
    rows = [[each.name, f"{_passed(each, exercises)}/{len(exercises)}", *(_shown(each, names, len(columns)
             == len(exercises)) for names in columns.values())] for each in graded]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
             for row in [head, *rows]]  # fmt: skip
    lines += key
    for each in graded:
        said = [each.problem] if each.problem else each.notes[:DETAILS]
        if hints:
            said += [f"{name}: {each.of(name).hint}" for name in exercises if each.of(name).hint
                     and each.of(name).state in ("not yet", "stopped")]  # fmt: skip
        lines += [f"{each.name}: {text}" for text in said]
    return "\n".join(lines)


def _columns(exercises: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The exercises of each column by its head, and the lines that explain the signs, where there are any."""
    if len(exercises) <= NAMED:
        return {name: [name] for name in exercises}, []
    columns: dict[str, list[str]] = {}
    for name in exercises:
        columns.setdefault(EXERCISES[name].notebook.removeprefix("deeper/").partition("_")[0], []).append(name)
    signs = ", ".join(f"{sign} {state}" for state, sign in SIGNS.items())
    return columns, ["", signs, *(f"{head}: {', '.join(names)}" for head, names in columns.items()), ""]


def _shown(graded: Graded, names: Sequence[str], in_words: bool) -> str:
    return "".join((WORDS if in_words else SIGNS)[graded.of(name).state] for name in names)


def as_json(graded: Sequence[Graded], exercises: Sequence[str]) -> str:
    """A list of submissions, each with its results by exercise."""
    whole = [
        {"name": each.name, "passed": _passed(each, exercises), "of": len(exercises), "problem": each.problem,
         "notes": each.notes, "results": {name: asdict(each.of(name)) for name in exercises}}
        for each in graded
    ]  # fmt: skip
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def as_csv(graded: Sequence[Graded], exercises: Sequence[str]) -> str:
    """A row for each submission, a column for each exercise with its state."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["submission", "passed", "of", *exercises, "problem"])
    for each in graded:
        states = [each.of(name).state for name in exercises]
        rows.writerow([_cell(each.name), _passed(each, exercises), len(exercises), *states, _cell(each.problem)])
    return text.getvalue()


def as_junit(graded: Sequence[Graded], exercises: Sequence[str]) -> str:
    """A test suite for each submission, a test case for each exercise."""
    root = ET.Element("testsuites", name="mtcnn_lite")
    for each in graded:
        results = [each.of(name) for name in exercises]
        failed = sum(result.state in ("not yet", "stopped") for result in results)
        skipped = sum(result.state in ("not done yet", "missing") for result in results)
        suite = ET.SubElement(root, "testsuite", name=_printable(each.name), tests=str(len(results)),
                              failures=str(failed), errors="0", skipped=str(skipped))  # fmt: skip
        for result in results:
            case = ET.SubElement(suite, "testcase", classname=_printable(each.name), name=result.exercise,
                                 time=f"{result.seconds:.2f}")  # fmt: skip
            if result.state in ("not yet", "stopped"):
                ET.SubElement(case, "failure", message=result.state).text = _printable(result.hint)
            elif result.state != "passed":
                ET.SubElement(case, "skipped", message=_printable(result.hint or result.state))
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def as_gradescope(graded: Graded, exercises: Sequence[str]) -> str:
    """Gradescope's results.json of one submission: a point for each exercise, the judge's hint as its output."""
    tests = [_gradescope_test(graded.of(name)) for name in exercises]
    whole: dict[str, Any] = {"score": sum(test["score"] for test in tests), "tests": tests}
    if graded.problem or graded.notes:
        whole["output"] = "\n".join([graded.problem, *graded.notes]).strip()
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _gradescope_test(result: Result) -> dict[str, Any]:
    passed = result.state == "passed"
    return {"name": result.exercise, "score": float(passed), "max_score": 1.0,
            "status": "passed" if passed else "failed", "output": result.hint or result.state}  # fmt: skip


def _passed(graded: Graded, exercises: Sequence[str]) -> int:
    return sum(graded.of(name).state == "passed" for name in exercises)


def _cell(text: str) -> str:
    """A text that a spreadsheet takes for text: what begins like a formula gets an apostrophe before it."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _printable(text: str) -> str:
    """Without the characters that XML can't hold."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "?" for letter in text)
