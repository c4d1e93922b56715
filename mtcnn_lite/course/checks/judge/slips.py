"""Slips that recur in many exercises, written once, as wrappers round the right function.

A likely mistake is the right function with something changed: an argument on the way in (`before`, `before_all`,
`fixed`), the answer on the way out (`after`), one of the function's own keywords (`but`), two arguments' places
(`swapped`), or the rows that it looks at (`only`). Each of these returns a tuple of wrong functions, one for each
change, which is what a judge's table of hints holds:

    _HINTS = {
        "x and y are swapped: the first of the four is x1.": slips.after(_right, slips.swap_xy),
        "The margin is fixed in your function.": slips.fixed(_right, margin=[0.2, 0.5, 1.0]),
        "Only the first box is looked at.": (*slips.after(_right, *slips.FIRST), lambda boxes: boxes[:1]),
    }

The changes that go with them (`swap_xy`, `as_size`, `ROUNDINGS`, ...) take and return an array; those of boxes take
four numbers along the last axis, so that they serve one box (4,) and many (N, 4). Hints that several judges give are
here too.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge.text import Array

Function = Callable[..., Any]
Functions = tuple[Function, ...]
Hints = Mapping[str, Function | Functions]  # a hint -> the wrong functions that it speaks to
Change = Callable[[Any], Any]

# --- wrappers: each returns wrong functions


def after(right: Function, *changes: Change) -> Functions:
    """The right answer, and then something more: `change(right(...))`, for each of the changes.

    >>> [wrong(3) for wrong in after(lambda n: 2 * n, lambda answer: answer + 1, lambda answer: -answer)]
    [7, -6]
    """
    return several(lambda change: lambda *given: change(right(*given)))(*changes)


def before(right: Function, **changes: Change | list[Change]) -> Functions:
    """The right function of other arguments: those that are named are changed first. A list gives one for each change.

    >>> [wrong(2, 8) for wrong in before(lambda a, b: a + b, b=[lambda b: -b, lambda b: 10 * b])]
    [-6, 82]
    """

    def changed(values: dict[str, Any], how: dict[str, Change]) -> dict[str, Any]:
        return {name: how[name](value) if name in how else value for name, value in values.items()}

    return _with_arguments(right, changed, changes)


def before_all(right: Function, *changes: Change) -> Functions:
    """The right function where every argument goes through `change` first, for each of the changes.

    >>> [wrong(1, 2) for wrong in before_all(lambda a, b: a + b, lambda value: 10 * value)]
    [30]
    """
    return several(lambda change: lambda *given: right(*map(change, given)))(*changes)


def fixed(right: Function, **values: Any) -> Functions:
    """The right function with a value of its own for an argument, whatever comes in. A list gives one for each value.

    >>> [wrong(1, 2) for wrong in fixed(lambda a, b: a + b, b=[5, 6])]
    [6, 7]
    """
    return _with_arguments(right, lambda given, own: given | own, values)


def swapped(right: Function, first: str, second: str) -> Functions:
    """The right function with two of its arguments in each other's place.

    Parameters
    ----------
    right : callable
        The right function.
    first, second : str
        The names of the two.

    Examples
    --------
    >>> [wrong(5, 3) for wrong in swapped(lambda a, b: a - b, "a", "b")]
    [-2]
    """
    return _with_arguments(right, lambda given, _: given | {first: given[second], second: given[first]}, {})


def only(right: Function, *rows: slice | list[int]) -> Functions:
    """The right function of some rows of each argument that is an array, for each choice of rows."""
    return several(lambda some: lambda *given: right(*(each[some] if np.ndim(each) else each for each in given)))(*rows)


def but(right: Function, **keywords: Any) -> Functions:
    """The right function with other values of its own keyword parameters. A list gives one for each value.

    >>> [wrong(3) for wrong in but(lambda n, times=2, plus=0: times * n + plus, times=[3, 4], plus=1)]
    [10, 13]
    """
    return tuple(partial(right, **chosen) for chosen in _choices(keywords))


def several(make: Callable[[Any], Function]) -> Callable[..., Functions]:
    """Lets `make(way) -> wrong function` take any number of ways, and return a tuple; may be used as a decorator."""
    return lambda *ways: tuple(make(way) for way in ways)


def _with_arguments(right: Function, change: Callable[..., dict[str, Any]], options: Mapping[str, Any]) -> Functions:
    names = list(inspect.signature(right).parameters)

    def make(chosen: dict[str, Any]) -> Function:
        return lambda *given: right(*change(dict(zip(names, given, strict=False)), chosen).values())

    return tuple(make(chosen) for chosen in _choices(options))


def _choices(options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every way to choose one of each option's values, where a list holds several."""
    values = [value if isinstance(value, list) else [value] for value in options.values()]
    return [dict(zip(options, chosen, strict=True)) for chosen in product(*values)]


# --- changes of arrays, for `after` and `before`


def swap_xy(boxes: Array) -> Array:
    """y1, x1, y2, x2 for x1, y1, x2, y2, and the other way round."""
    return boxes[..., [1, 0, 3, 2]]


def x_then_y(boxes: Array) -> Array:
    """x1, x2, y1, y2 for x1, y1, x2, y2, and the other way round."""
    return boxes[..., [0, 2, 1, 3]]


def as_size(boxes: Array) -> Array:
    """x, y, width, height of two corners."""
    return np.concatenate([boxes[..., :2], boxes[..., 2:] - boxes[..., :2]], axis=-1)


def as_centre(boxes: Array) -> Array:
    """The middle's x and y, width, height of two corners."""
    return np.concatenate([(boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]], axis=-1)


def from_size(boxes: Array) -> Array:
    """Two corners, where the four are read as x, y, width, height."""
    return np.concatenate([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], axis=-1)


def half_up(values: Any) -> Any:
    """Rounded to whole numbers, halves upwards."""
    return np.floor(values + 0.5)


def digits(*counts: int) -> tuple[Change, ...]:
    """Rounding to so many decimals, for each count."""
    return tuple(partial(np.round, decimals=count) for count in counts)


one_more: Change = partial(np.add, [0, 0, 1, 1])  # the old + 1: x2 and y2 of boxes that include their last pixel
one_less: Change = partial(np.add, [0, 0, -1, -1])  # x2 and y2 of the last pixel that belongs to the box
at_least_0: Change = partial(np.maximum, 0)
ROUNDINGS: tuple[Change, ...] = (np.round, np.floor, np.ceil, np.trunc, half_up)
FIRST: tuple[Change, ...] = (lambda rows: rows[:1], lambda rows: rows[0])  # with its axis, and without
CLIPPED: tuple[Change, ...] = (at_least_0, np.abs)
SORTED: tuple[Change, ...] = (np.sort, lambda values: np.sort(values)[::-1])

# --- hints that several judges give

AS_SIZE = "You returned x, y, width, height. The answer is two corners: x1, y1, x2, y2."
FROM_SIZE = "The boxes were read as x, y, width, height. They are two corners: x1, y1, x2, y2."
X_THEN_Y = "The four are in the order x1, x2, y1, y2. The order here is x1, y1, x2, y2."
ONE_MORE = "That is the old + 1 in the side: it is for boxes that include their last pixel. Here width = x2 - x1."
ONE_LESS = "Your side is 1 too small: boxes are half-open, so width = x2 - x1."
FIRST_ONLY = "Only the first box is looked at. There are N: work on whole columns, boxes[:, 0], or loop over the rows."


def rounded(what: str) -> str:
    """The hint for coordinates that were rounded on their way to the next net."""
    return (
        f"You rounded to whole pixels. {what} keep their fractions: whatever is rounded here is lost to the next net."
    )


def sides_mixed_up(wrong: Callable[..., Functions], x: str, y: str, both: str, note: str = "") -> Hints:
    """Width and height exchanged, or one of them used for both directions.

    Parameters
    ----------
    wrong : callable
        `wrong(*changes) -> functions`: the right function with `change(sizes)` for the boxes' width and height,
        (..., 2).
    x, y, both : str
        What goes by the width, what by the height, and the two in one sentence: "x goes by the width (x2 - x1)".
    note : str
        What else there is to say to those who used the width, or the height, for both.
    """
    return {
        f"Width and height are swapped: {both}.": wrong(lambda sizes: sizes[..., ::-1]),
        f"The width was used for both: {y}.{note}": wrong(lambda sizes: sizes[..., [0, 0]]),
        f"The height was used for both: {x}.{note}": wrong(lambda sizes: sizes[..., [1, 1]]),
        f"One side was used for both: {both}.": wrong(
            *(
                lambda sizes, how=how: how(sizes, axis=-1, keepdims=True) + 0 * sizes
                for how in (np.max, np.min, np.mean)
            )
        ),
    }
