"""Runs a reader's function once, on copies, and notes all that it does."""

import copy
import io
import warnings
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from typing import Any

from mtcnn_lite.course.checks.judge.limits import Endless, bounded
from mtcnn_lite.course.checks.judge.slips import Function
from mtcnn_lite.course.checks.judge.text import change, read


@dataclass(frozen=True)
class Outcome:
    """What one call did: its answer as `text.read` gives it, or how it stopped, and what it changed and printed."""

    answer: Any = None
    error: Exception | Endless | None = None
    changed: str = ""  # the argument's name, where it is not as it was
    change: str = ""
    printed: str = ""


def run(fn: Function, inputs: Sequence[Any], names: Sequence[str], like: Any, ends: bool = False) -> Outcome:
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
    ends : bool
        Whether the function is known to come to an end, so that nothing has to stop it.
    """
    given, printed = copy.deepcopy(inputs), io.StringIO()
    try:
        with redirect_stdout(printed), warnings.catch_warnings(), nullcontext() if ends else bounded(fn):
            warnings.simplefilter("ignore")
            answer = read(fn(*given), like=like)
    except (Exception, Endless) as error:
        return Outcome(error=error, printed=printed.getvalue())
    for name, before, after in zip(names, inputs, given, strict=True):
        what = change(read(before), read(after))
        if what:
            return Outcome(answer, changed=name, change=name + what, printed=printed.getvalue())
    return Outcome(answer, printed=printed.getvalue())
