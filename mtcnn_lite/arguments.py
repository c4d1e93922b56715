"""Checks of arguments: one TypeError or ValueError that names the argument, what it was and what it must be.

A number may be Python's, NumPy's or torch's, an array or a tensor without axes, a Fraction or a Decimal. True and False
are no numbers: where a number is meant, they are a mistake. A wrong type is a TypeError, a wrong value a ValueError.
"""

from __future__ import annotations

import math
import os
import reprlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

import numpy as np

if TYPE_CHECKING:
    import torch

Kind = TypeVar("Kind")

LONGEST = 100  # letters of a value that a message prints
FEW = 10  # numbers of an array that it prints
LARGEST = 2**31 - 1  # of a whole number: sides of images and counts are below it

_short = reprlib.Repr()
_short.maxstring = _short.maxother = LONGEST
_short.maxlong = 40


def shown(value: object) -> str:
    """`value` as a message prints it: in one line of at most 100 letters, whatever it is.

    >>> shown([0.5] * 1000), shown(np.zeros((480, 640)))
    ('[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, ...]', 'a float64 array of shape (480, 640)')
    """
    try:
        text = _text(value)
    except Exception:  # a __repr__ that fails, or a number of more digits than Python prints
        text = f"a {type(value).__name__}"
    text = " ".join(text[: 10 * LONGEST].split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def is_tensor(value: object) -> TypeGuard[torch.Tensor]:
    """Whether `value` is torch's. Torch is not loaded to say so: where nobody has, nothing can be a tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _text(value: object) -> str:
    if is_tensor(value):
        kind = str(value.dtype).removeprefix("torch.")
        small = value.numel() <= FEW and value.device.type != "meta"
        return repr(value.detach().tolist()) if small else f"a {kind} tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray) and value.size > FEW:
        return f"a {value.dtype} array of shape {value.shape}"
    if isinstance(value, np.generic | np.ndarray):
        return _short.repr(value.tolist())
    if isinstance(value, bytes | bytearray):
        return repr(value[:LONGEST])
    return _short.repr(value)


def plain(value: Any) -> float | None:
    """A number as Python's own, an int or a float; None for what is no number.

    An int of over 63 bits, which NumPy and torch can't hold, becomes a float, and infinity over all floats.
    """
    if type(value) is float:
        return value
    if isinstance(value, np.ndarray | np.generic) or is_tensor(value):
        return _of_array(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        return None
    exact: Any = value
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf
    except Exception:  # Decimal("sNaN"), or a class of the reader's own
        return math.nan


def _of_array(value: Any) -> float | None:
    """An array's or a tensor's only number, where it has no axes."""
    if value.ndim or (isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value)):
        return None
    if is_tensor(value):
        if str(value.dtype) == "torch.bool" or value.is_complex() or value.device.type == "meta":
            return None
    elif value.dtype.kind not in "iuf":
        return None
    item = value.item()
    return plain(item) if isinstance(item, int) else float(item)


def number(name: str, value: object, fits: Callable[[float], bool] = math.isfinite, must: str = "be finite") -> float:
    """`value` as an int or a float for which `fits` holds.

    Parameters
    ----------
    name : str
        What the message calls it.
    value : object
        What was given.
    fits : function
        Whether a number is allowed.
    must : str
        What fits, as the end of "it must ...".

    Raises
    ------
    TypeError
        For what is no number.
    ValueError
        For a number that does not fit.

    Examples
    --------
    >>> number("keep", np.float64(0.5), lambda keep: 0 < keep <= 1, "be a share above 0 and up to 1")
    0.5
    """
    known = plain(value)
    if known is None:
        raise TypeError(f"{name} is {_with_type(value)}; it must be a number, and {must}")
    if not fits(known):
        raise ValueError(f"{name} is {shown(value)}; it must {must}")
    return known


def whole(name: str, value: object, low: int = 0, high: int = LARGEST, unit: str = "") -> int:
    """`value` as an int from `low` to `high`; 480.0 is one, 480.5 is not.

    Parameters
    ----------
    name : str
        What the message calls it.
    value : object
        What was given.
    low, high : int
        The least and the greatest that fit.
    unit : str
        What is counted, with a space before it.

    Raises
    ------
    TypeError
        For what is no number.
    ValueError
        For a number that is not whole, or out of range.

    Examples
    --------
    >>> whole("count", np.uint8(20), low=1)
    20
    """
    known = plain(value)
    upto = f"{low}{unit} or more" if high == LARGEST else f"from {low} to {high}{unit}"
    message = f"it must be a whole number, {upto}"
    if known is None:
        raise TypeError(f"{name} is {_with_type(value)}; {message}")
    if not low <= known <= LARGEST or int(known) != known or not known <= high:
        over = f", at most {LARGEST}" if known > LARGEST and high == LARGEST else ""
        raise ValueError(f"{name} is {shown(value)}; {message}{over}")
    return int(known)


def flag(name: str, value: object) -> bool:
    """`value` as True or False, also NumPy's. TypeError for anything else: 1 and "yes" may be mistakes.

    >>> flag("mirror", np.True_)
    True
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, np.ndarray) and value.shape == () and value.dtype == bool:
        return bool(value)
    if is_tensor(value) and value.shape == () and str(value.dtype) == "torch.bool":
        return bool(value)
    raise TypeError(f"{name} is {_with_type(value)}; it must be True or False")


def numbers(name: str, values: object, count: int, fits: Callable[[float], bool], must: str) -> tuple[float, ...]:
    """`values`, a tuple, a list, an array or a tensor of `count` numbers that fit, as a tuple.

    Parameters
    ----------
    name : str
        What the message calls them.
    values : object
        What was given.
    count : int
        How many there must be.
    fits : function
        Whether a number is allowed.
    must : str
        What fits, as the end of "it must be 3 numbers ...".

    Raises
    ------
    TypeError
        For what is no row of numbers.
    ValueError
        For another count, or a number that does not fit.

    Examples
    --------
    >>> numbers("weights", np.array([1.0, 0.5, 0.5]), 3, math.isfinite, "that are finite")
    (1.0, 0.5, 0.5)
    """
    message = f"{name} is {shown(values)}; it must be {count} numbers {must}"
    if plain(values) is not None:  # a number is one number, not three
        raise ValueError(message)
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(f"{name} has masked values; it must be {count} numbers {must}")
    if isinstance(values, np.ndarray) or is_tensor(values):
        if values.ndim != 1 or len(values) != count:
            raise ValueError(message)
        row: Sequence[object] = [values[k] for k in range(count)]
    elif isinstance(values, Sequence) and not isinstance(values, str | bytes | bytearray):
        row = values
    elif hasattr(type(values), "__array__") and hasattr(values, "__len__"):  # such as a column of pandas
        row = list(values) if len(values) == count else ()  # type: ignore[call-overload]
    else:
        raise TypeError(message)
    if len(row) != count:
        raise ValueError(message)
    known = [plain(value) for value in row]
    if any(value is None for value in known):
        raise TypeError(message)
    if not all(fits(value) for value in known if value is not None):
        raise ValueError(message)
    return tuple(value for value in known if value is not None)


def one_of(name: str, value: object, choices: Iterable[str]) -> str:
    """`value`, which must be one of these words.

    Parameters
    ----------
    name : str
        What the message calls it.
    value : object
        What was given.
    choices : words
        Those that are allowed.

    Raises
    ------
    TypeError
        For what is no word.
    ValueError
        For another word.
    """
    words = [*choices]
    if isinstance(value, str) and value in words:
        return str(value)
    wrong = ValueError if isinstance(value, str) else TypeError
    raise wrong(f"{name} is {shown(value)}; it must be one of {', '.join(map(repr, words))}")


def instance(name: str, value: Kind, kind: Any, what: str) -> Kind:
    """`value`, which must be of this kind.

    Parameters
    ----------
    name : str
        What the message calls it.
    value : object
        What was given.
    kind : type
        Its type, as for `isinstance`.
    what : str
        The end of "it must be ...".

    Raises
    ------
    TypeError
        For another kind.

    Examples
    --------
    >>> instance("rng", 5, np.random.Generator, "a NumPy generator, such as np.random.default_rng(0)")
    Traceback (most recent call last):
    TypeError: rng is 5 (int); it must be a NumPy generator, such as np.random.default_rng(0)
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name} is {_with_type(value)}; it must be {what}")
    return value


def generator(name: str, value: np.random.Generator) -> np.random.Generator:
    """`value`, which must be one of NumPy's random generators."""
    return instance(name, value, np.random.Generator, "a NumPy generator, such as np.random.default_rng(0)")


def items(name: str, values: object, must: str) -> Iterator[Any]:
    """What is in `values`, one by one.

    Parameters
    ----------
    name : str
        What the message calls it.
    values : object
        What was given.
    must : str
        The end of "it must be ...".

    Raises
    ------
    TypeError
        For what can't be gone through.
    """
    try:
        return iter(values)  # type: ignore[call-overload]
    except TypeError:
        raise TypeError(f"{name} is {_with_type(values)}; it must be {must}") from None


def file_name(name: str, value: object) -> Path:
    """`value`, a str or an object that stands for one, as a Path.

    >>> file_name("path", "a.jpg").suffix
    '.jpg'
    """
    if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str):
        raise TypeError(f"{name} is {_with_type(value)}; it must be the name of a file or folder, a str or a Path")
    return Path(value)


def function(name: str, value: object) -> None:
    """TypeError where `value` can't be called."""
    if not callable(value):
        raise TypeError(f"{name} is {_with_type(value)}; it must be a function")


def _with_type(value: object) -> str:
    return "None" if value is None else f"{shown(value)} ({type(value).__name__})"
