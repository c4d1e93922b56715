"""How far a reader has come: each exercise passed, not yet, or untouched, and the minutes that are left.

A file for each exercise and outcome, in a folder beside `.mine`: files are only added, each written whole, so that two
notebooks that are open at a time lose nothing. Where nothing is remembered, nothing is recorded.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import mtcnn_lite
from mtcnn_lite.course import remembered
from mtcnn_lite.course.chapters import CHAPTERS
from mtcnn_lite.course.exercises import EXERCISES
from mtcnn_lite.course.pages import EXERCISE
from mtcnn_lite.runtime.files import write_whole

PASSED, NOT_YET, UNTOUCHED = "passed", "not yet", "untouched"
LOOK = {  # a sign, and its colour; the words' colour is the theme's
    PASSED: ("✓", "#009E73"),
    NOT_YET: ("✗", "#D55E00"),
    UNTOUCHED: ("○", "#8A8A8A"),
}


@dataclass(frozen=True)
class Progress:
    """The state of each exercise, by its name, in the course's order; it shows itself as a table.

    note: why nothing is recorded, where that is so.

    >>> Progress({"iou": "passed", "nms": "untouched"}).minutes_left
    15
    """

    states: dict[str, str]
    note: str = ""

    @property
    def minutes_left(self) -> int:
        """What the exercises that have not passed take."""
        return sum(EXERCISE[EXERCISES[name].difficulty] for name in self.states if self.states[name] != PASSED)

    @property
    def begun(self) -> bool:
        """Whether any exercise has been tried."""
        return any(state != UNTOUCHED for state in self.states.values())

    def summary(self) -> str:
        """One sentence.

        >>> Progress({"iou": "passed", "nms": "untouched"}).summary()
        '1 of 2 exercises passed, 0 not yet, 1 untouched; about 15 minutes left.'
        """
        passed, not_yet, untouched = (list(self.states.values()).count(each) for each in (PASSED, NOT_YET, UNTOUCHED))
        counts = f"{passed} of {len(self.states)} exercises passed, {not_yet} not yet, {untouched} untouched"
        return f"{counts}; about {self.minutes_left} minutes left." if self.minutes_left else f"{counts}: all done."

    def __repr__(self) -> str:
        width = max(map(len, self.states))
        lines = []
        for name, state in self.states.items():
            notebook = EXERCISES[name].notebook
            takes = "" if state == PASSED else f"{EXERCISE[EXERCISES[name].difficulty]:2} min"
            lines.append(f"{LOOK[state][0]} {name:{width}}  {state:9}  {takes:6}  {notebook}".rstrip())
        return "\n".join([*lines, self.summary(), *([self.note] if self.note else [])])

    def _repr_html_(self) -> str:
        """A row for each notebook: its exercises with their signs, and the minutes that are left."""
        up = "../" if Path.cwd().name == "deeper" else ""
        cell = 'style="text-align:left;padding:2px 14px 2px 0;vertical-align:top"'
        rows = []
        for notebook in dict.fromkeys(EXERCISES[name].notebook for name in self.states):
            names = [name for name in self.states if EXERCISES[name].notebook == notebook]
            left = Progress({name: self.states[name] for name in names}).minutes_left
            marks = " &ensp; ".join(_mark(name, self.states[name]) for name in names)
            link = f'<a href="{up}{notebook}.ipynb">{_title(notebook)}</a>'
            minutes = f"{left} min" if left else "done"
            rows.append(f"<tr><td {cell}>{link}</td><td {cell}>{marks}</td><td {cell}>{minutes}</td></tr>")
        lines = "".join(f"<div>{escape(line)}</div>" for line in (self.summary(), self.note) if line)
        return (
            '<div style="color:var(--jp-ui-font-color1,inherit);line-height:1.5"><table style="margin:4px 0">'
            f"<tbody>{''.join(rows)}</tbody></table>{lines}</div>"
        )


def _mark(name: str, state: str) -> str:
    sign, colour = LOOK[state]
    return f'<span title="{state}" style="white-space:nowrap"><b style="color:{colour}">{sign}</b> {name}</span>'


def _title(notebook: str) -> str:
    """The chapter's number and name on the map; of a side trip, that it is one."""
    number = notebook.removeprefix("deeper/")[:2]
    return f"{number} {CHAPTERS[number].short}" + (", deeper" if notebook.startswith("deeper/") else "")


def progress() -> Progress:
    """Every exercise of the course and how it stands, beside the notebook that asks."""
    place = remembered.folder()
    note = "" if place else "Nothing is recorded here: no notebook of the course is running, or it is switched off."
    return read(place, note)


def read(place: Path | None, note: str = "") -> Progress:
    """The progress that goes with a folder `.mine`; None for none.

    What is remembered has passed, even if it was written by a version that recorded nothing.
    """
    states = dict.fromkeys(EXERCISES, UNTOUCHED)
    if place is not None:
        for state in (NOT_YET, PASSED):
            states |= {name: state for name in EXERCISES if _file(place, name, state).is_file()}
        states |= {name: PASSED for name in EXERCISES if (place / f"{name}.py").is_file()}
    return Progress(states, note)


def record(name: str, fn: Any, state: str) -> None:
    """Records how a reader's function did; a stub ("not done yet"), and what is not the reader's, leaves no trace.

    Parameters
    ----------
    name : str
        The exercise's.
    fn : callable
        What was judged.
    state : str
        The verdict's: "passed", "not yet" or "not done yet". A later try that fails takes no pass away.
    """
    place = remembered.folder()
    if place is None or state not in (PASSED, NOT_YET) or not remembered.is_readers(fn):
        return
    path = _file(place, name, state)
    text = json.dumps({"exercise": name, "state": state, "version": mtcnn_lite.__version__}) + "\n"
    with suppress(OSError):  # a full disk must not spoil the verdict
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def recorded(place: Path) -> dict[str, list[Path]]:
    """The files of each exercise that has any."""
    files = {name: [_file(place, name, state) for state in (NOT_YET, PASSED)] for name in EXERCISES}
    there = {name: [path for path in paths if path.is_file()] for name, paths in files.items()}
    return {name: paths for name, paths in there.items() if paths}


def _file(place: Path, name: str, state: str) -> Path:
    return place.parent / f"{place.name}.progress" / f"{name}.{state.replace(' ', '_')}.json"
