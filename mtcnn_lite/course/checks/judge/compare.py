"""Says in which way an answer is not the expected one. Both come from `text.read`."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge.text import Array, NotNumbers, show


@dataclass(frozen=True)
class Difference:
    """text: where two answers differ first. hint: what that suggests. row: its row, where there is one.

    plain: the answer is of another kind or shape, so that the hint is no guess.
    """

    text: str
    hint: str
    row: int | None = None
    plain: bool = False


def same(first: Any, second: Any, tolerance: float, equal_nan: bool = False) -> bool:
    """Whether two answers agree: same shape, every number within `tolerance`.

    Parameters
    ----------
    first, second : array, str, None or NotNumbers
        The answers, as `text.read` gives them.
    tolerance : float
        The largest difference between two numbers; 1e-5 of the number comes on top.
    equal_nan : bool
        Whether NaN agrees with NaN.
    """
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        if first.shape != second.shape:
            return False
        with np.errstate(invalid="ignore"):
            return bool(
                np.isclose(
                    first.astype(float), second.astype(float), rtol=1e-5, atol=tolerance, equal_nan=equal_nan
                ).all()
            )
    return type(first) is type(second) and bool(first == second)


def difference(got: Any, expected: Any, tolerance: float, columns: tuple[str, ...] = ()) -> Difference | None:
    """How `got` differs from `expected`; None where they agree.

    Parameters
    ----------
    got, expected : array, str, None or NotNumbers
        The reader's answer and the right one, as `text.read` gives them.
    tolerance : float
        The largest difference between two numbers that is none.
    columns : tuple of str, optional
        What the last axis of the answer holds.
    """
    if same(got, expected, tolerance):
        return None
    if got is None:
        return Difference("None came back", "Your function returned None: is a `return` missing?", plain=True)
    if not isinstance(expected, np.ndarray) or isinstance(got, str):
        return Difference(f"got {show(got)}, expected {show(expected)}", f"The answer here is {show(expected)}.")
    if isinstance(got, NotNumbers):
        return Difference(f"{got.kind} came back", _wanted(got, expected), plain=True)
    if got.shape != expected.shape:
        return _shape(got, expected, tolerance)
    return _values(got, expected, tolerance, columns)


def _wanted(got: NotNumbers, expected: Array) -> str:
    lazy = ": wrap it in list(...)" if got.kind.split()[-1] in ("generator", "map", "zip", "filter") else ""
    return f"Your function returned {got.kind}{lazy}. The answer here is {_shaped(expected.shape)}."


def _shape(got: Array, expected: Array, tolerance: float) -> Difference:
    if got.ndim == expected.ndim and got.shape[1:] == expected.shape[1:]:
        return _count(got, expected, tolerance)
    hint = f"Your function returned {_shaped(got.shape)}: it must be {expected.shape or 'a single number'}."
    if same(got.T, expected, tolerance):
        hint = f"Your function returned shape {got.shape}: transposed? It must be {expected.shape}."
    elif got.size == expected.size == 0:
        hint += " It is right that nothing came out, but the shape counts."
    elif got.size == expected.size and same(got.reshape(expected.shape), expected, tolerance):
        hint += " The numbers are right."
    return Difference(f"shape {got.shape}, expected {expected.shape}", hint, plain=True)


def _shaped(shape: tuple[int, ...]) -> str:
    return f"shape {shape}" if shape else "a single number"


def _count(got: Array, expected: Array, tolerance: float) -> Difference:
    """Too many rows, or too few: name one."""
    few = len(got) < len(expected)
    within, rows = (got, expected) if few else (expected, got)
    odd = next((row for row in rows if not any(same(row, other, tolerance) for other in within)), None)
    which = "" if odd is None else f" {'Missing' if few else 'Too many'}: {show(odd)}."
    return Difference(
        f"length {len(got)}, expected {len(expected)}",
        f"Your function returned {len(got)} where {len(expected)} should come out.{which}",
    )


def _values(got: Array, expected: Array, tolerance: float, columns: tuple[str, ...]) -> Difference:
    with np.errstate(invalid="ignore"):
        wrong = ~np.isclose(got.astype(float), expected.astype(float), rtol=1e-5, atol=tolerance)
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    named = len(columns) == expected.shape[-1] if expected.ndim else False
    place = [str(i) for i in at[:-1]] + ([columns[at[-1]]] if named else [str(i) for i in at[-1:]])
    where = f"row {', '.join(place)}: " if len(at) > 1 else f"item {place[0]}: " if at else ""
    text = f"{where}got {show(got[at])}, expected {show(expected[at])}"
    return Difference(
        text, _values_hint(got, expected, wrong, tolerance, columns if named else ()), at[0] if at else None
    )


def _values_hint(got: Array, expected: Array, wrong: Array, tolerance: float, columns: tuple[str, ...]) -> str:
    if not np.isfinite(got).all():
        return "There is NaN or infinity in your answer: was something divided by 0, or never filled in?"
    if got.ndim == 2 and same(got.T, expected, tolerance):
        return "Your answer is the right one transposed: rows and columns have changed places."
    if got.ndim and len(got) > 1 and _sorted_rows_agree(got, expected, tolerance):
        return "These are the right answers in another order."
    if columns:
        right = [name for column, name in enumerate(columns) if not wrong[..., column].any()]
        off = [name for name in columns if name not in right]
        if right:
            return f"{_listed(right)} came out right. Look at {_listed(off)}."
    return "Work this case out by hand, step by step: at which step does your function say something else?"


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _sorted_rows_agree(got: Array, expected: Array, tolerance: float) -> bool:
    def in_order(array: Array) -> Array:
        flat = array.reshape(len(array), -1).astype(float).round(2)
        return flat[np.lexsort(flat.T[::-1])]

    return same(in_order(got), in_order(expected), max(tolerance, 0.011))
