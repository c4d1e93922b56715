"""Reads what a function was given and gave, and puts it into short words that are the same on every machine."""

import linecache
import re
import traceback
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
COMPREHENSIONS = ("<listcomp>", "<genexpr>", "<setcomp>", "<dictcomp>")
PASTED = 16  # an argument of up to so many numbers is written out


@dataclass(frozen=True)
class NotNumbers:
    """An answer that holds no array of numbers."""

    kind: str


def read(answer: Any, like: Any = None) -> Any:
    """The answer as a numeric array, or as the string or None that it is, or as `NotNumbers`. Always a copy.

    An empty list has no columns to count: where `like` is an empty array, it takes that shape.
    """
    if isinstance(answer, list | tuple) and not answer and isinstance(like, np.ndarray) and not like.size:
        return like.copy()
    if answer is None or isinstance(answer, str):
        return answer if answer is None else str(answer)  # a plain str for numpy's
    try:
        array = np.array(_without_tensors(answer))
    except (TypeError, ValueError, RuntimeError):
        rows = isinstance(answer, list | tuple)
        return NotNumbers("rows of different lengths" if rows else f"a {type(answer).__name__}")
    return array if array.dtype.kind in "fiub" else NotNumbers(f"a {type(answer).__name__}")


def _without_tensors(answer: Any) -> Any:
    if hasattr(answer, "detach"):
        return answer.detach().cpu().numpy()
    if isinstance(answer, list | tuple):
        return [_without_tensors(item) for item in answer]
    return answer


def number(value: Any) -> str:
    """A number with up to three decimals: the same text on every machine.

    >>> number(2.0), number(1 / 3), number(-0.00001), number(True)
    ('2', '0.333', '0', 'True')
    """
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    return f"{round(float(value), 3) + 0.0:.10g}"


def show(value: Any, rows: int = 6) -> str:
    """An answer or argument in a few lines, one for each row of a table; what is more than `rows` is only counted.

    >>> show(np.array([[0.25, 1], [2, 3]])), show(np.zeros((0, 4))), show("part")
    ('[[0.25, 1],\\n [2, 3]]', 'empty, shape (0, 4)', "'part'")
    """
    if isinstance(value, NotNumbers):
        return value.kind
    if not isinstance(value, np.ndarray | np.generic | float | int):
        return repr(value)[:200]
    array = np.asarray(value)
    if array.ndim == 0:
        return number(array[()])
    if array.size == 0:
        return f"empty, shape {array.shape}"
    if array.ndim > 2 and array.size <= PASTED:
        return "[" + ",\n ".join(show(table).replace("\n", "\n ") for table in array) + "]"
    if array.ndim > 2 or array[0].size > 16:
        return f"shape {array.shape}"
    if array.ndim == 1:
        more = f", ... {array.size} numbers" if array.size > PASTED else ""
        return f"[{', '.join(number(v) for v in array[:PASTED])}{more}]"
    lines = [f"[{', '.join(number(v) for v in row)}]" for row in array[:rows]]
    more = f",\n ... {len(array)} rows]" if len(array) > rows else "]"
    return "[" + ",\n ".join(lines) + more


def stopped(error: BaseException) -> str:
    """The error's type and message, and the line of the reader's function where it stopped; never a traceback."""
    message = re.sub(r" at 0x[0-9a-fA-F]+", "", str(error)).strip()
    text = shortened(f"{type(error).__name__}: {message}" if message else type(error).__name__, lines=2)
    frames = list(dropwhile(_is_ours, traceback.walk_tb(error.__traceback__)))  # the first are `run`'s
    theirs = [(f, line) for f, line in frames if f.f_code.co_filename == frames[0][0].f_code.co_filename]
    if not theirs:
        return text
    line = theirs[-1][1]
    # Some Pythons run a comprehension in a frame of its own: the line counts from the function around it.
    code = next(c for f, _ in reversed(theirs) if (c := f.f_code).co_name not in COMPREHENSIONS)
    source = linecache.getline(code.co_filename, line).strip()
    where = f"in line {line - code.co_firstlineno + 1} of {code.co_name}"
    return f"{text}\n{where}" + (f": {source}" if source else "")


def _is_ours(step: tuple[FrameType, int]) -> bool:
    """Whether this step of a traceback is the judges', or torch's on its way to a reader's `forward`."""
    file = step[0].f_code.co_filename
    return file.startswith(str(Path(__file__).parent)) or Path(file).parts[-3:] == ("nn", "modules", "module.py")


def shortened(text: str, lines: int = 4) -> str:
    rows = text.splitlines()
    short = [row[:200] for row in rows[:lines]]
    return "\n".join(short) + (f"\n... {len(rows)} lines" if len(rows) > lines else "")


def change(before: Any, after: Any) -> str:
    """ "[0, 1] was 2 and is now 3", or "" where nothing changed."""
    if not isinstance(before, np.ndarray) or not isinstance(after, np.ndarray):
        return "" if type(before) is type(after) and before == after else " is no longer what it was"
    if before.shape != after.shape:
        return f" had shape {before.shape} and now has {after.shape}"
    if np.array_equal(before, after):
        return ""
    at = tuple(int(i) for i in np.argwhere(before != after)[0])
    return f"{list(at)} was {number(before[at])} and is now {number(after[at])}"


def as_code(value: Any) -> str:
    """An argument as Python, or "" where it is too long."""
    array = read(value)
    if not isinstance(array, np.ndarray) or array.ndim == 0:
        return repr(value)
    if array.size > PASTED:
        return ""
    if array.size == 0:
        return f"np.zeros({array.shape})"
    return f"np.array({show(array, rows=PASTED)})".replace("\n", "")
