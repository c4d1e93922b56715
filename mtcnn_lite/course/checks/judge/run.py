"""Runs a reader's function once, on copies, and notes all that it does."""

import copy
import inspect
import io
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from types import FrameType
from typing import Any

from mtcnn_lite.course.checks.judge.slips import Function
from mtcnn_lite.course.checks.judge.text import change, read

LINES = 1_000_000  # a function that has run so many of its lines in one case is taken to be in an endless loop


@dataclass(frozen=True)
class Outcome:
    """What one call did: its answer as `text.read` gives it, or how it stopped, and what it changed and printed."""

    answer: Any = None
    error: Exception | None = None
    changed: str = ""  # the argument's name, where it is not as it was
    change: str = ""
    printed: str = ""


def run(fn: Function, inputs: Sequence[Any], names: Sequence[str], like: Any) -> Outcome:
    """Calls `fn` on a copy of `inputs`; what it prints and warns of is kept out of the notebook.

    Parameters
    ----------
    fn : callable
        The function.
    inputs : sequence
        Its arguments.
    names : sequence of str
        Their names, as many as there are inputs.
    like : array, str or None
        The right answer, whose shape an empty list takes.
    """
    given, printed = copy.deepcopy(inputs), io.StringIO()
    try:
        with redirect_stdout(printed), warnings.catch_warnings(), bounded(fn):
            warnings.simplefilter("ignore")
            answer = read(fn(*given), like=like)
    except Exception as error:
        return Outcome(error=error, printed=printed.getvalue())
    for name, before, after in zip(names, inputs, given, strict=True):
        what = change(read(before), read(after))
        if what:
            return Outcome(answer, changed=name, change=name + what, printed=printed.getvalue())
    return Outcome(answer, printed=printed.getvalue())


class Endless(Exception):
    """A reader's function that was stopped; see `bounded`."""


@contextmanager
def bounded(fn: Function) -> Iterator[None]:
    """Raises Endless in `fn` once it has run LINES lines of its own file: a verdict, and no frozen notebook.

    It counts lines, not seconds, so that every machine says the same. Where a debugger traces already, it does nothing.
    """
    code = getattr(inspect.unwrap(fn), "__code__", None)
    if code is None or sys.gettrace() is not None:
        yield
        return
    left = LINES

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        left -= event == "line"
        if left < 0:
            raise Endless(f"stopped after {LINES:,} lines")
        return line

    sys.settrace(lambda frame, *_: line if frame.f_code.co_filename == code.co_filename else None)
    try:
        yield
    finally:
        sys.settrace(None)
