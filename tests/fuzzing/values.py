"""Values that no argument should be, or that look unlike what they are; and what a call with one of them must do."""

import decimal
import math
import types
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from fuzzing.outcomes import SECONDS, TooLong, at_most


class Unprintable:
    """Whose repr fails, as a half-made object's may."""

    def __repr__(self):
        raise RuntimeError("no repr")


class Lengthy:
    def __repr__(self):
        return "x" * 100_000


NUMBERS = (
    0, 1, -1, 2, 3, 0.5, -0.5, 0.999999, 1.5, 11, 20, 1e-300, 5e-324, 1e36, 1e300, 2**31, 2**63, 2**70, -(2**70),
    10**400,
    math.nan, math.inf, -math.inf, True, False, 1j, Fraction(1, 3), decimal.Decimal("0.6"), decimal.Decimal("NaN"),
    decimal.Decimal("sNaN"), np.float32(0.6), np.float16(0.5), np.int64(20), np.uint8(20), np.bool_(True),
    np.complex64(1),
    np.datetime64("2020-01-01"), np.timedelta64(3, "s"), np.longdouble(0.5), np.ma.masked,
)  # fmt: skip
OTHERS: tuple[Callable[[], Any], ...] = (
    lambda: None, lambda: "", lambda: "no", lambda: "0.7", lambda: "x" * 100_000, lambda: b"x",
    lambda: bytearray(b"ab"),
    lambda: memoryview(b"abc"), lambda: [], lambda: (), lambda: {}, lambda: set(), lambda: {0.5, 0.6, 0.7},
    lambda: {"a": 1}, lambda: [0.5] * 3, lambda: [[0.5] * 3], lambda: [[0.5], [0.6], [0.7]], lambda: [None] * 4,
    lambda: ["0.5"] * 3, lambda: [[1, 2], [3]], lambda: [[[[]]]], lambda: range(3), lambda: range(4),
    lambda: (x for x in [0.5, 0.6, 0.7]), lambda: iter([]), lambda: [0.5] * 10_000, lambda: object(), lambda: object,
    lambda: print, lambda: lambda *_: None, lambda: types.SimpleNamespace(ndim=2, shape=(2, 4)),
    lambda: Unprintable(),
    lambda: Lengthy(), lambda: [Unprintable()], lambda: Ellipsis, lambda: NotImplemented, lambda: slice(3),
    lambda: Exception("x"), lambda: {0: [1, 2, 3, 4]}, lambda: [[2**70] * 4], lambda: [[10**400] * 4],
    lambda: np.zeros(0), lambda: np.zeros((0, 4)), lambda: np.zeros((4, 0)), lambda: np.zeros((2, 4)),
    lambda: np.ones((3, 3)), lambda: np.ones((2, 2, 2, 2, 2)), lambda: np.array(0.6), lambda: np.array(None),
    lambda: np.array([[None] * 4]), lambda: np.array([0.5, "a", None], object), lambda: np.array(["a", "b"]),
    lambda: np.array([[math.nan] * 4]), lambda: np.array([math.nan] * 3), lambda: np.full((2, 4), np.inf),
    lambda: np.full((1, 4), 1e36), lambda: np.full((1, 4), 1e300), lambda: np.ones((2, 4), bool),
    lambda: np.ones((2, 4), complex), lambda: np.zeros(3, "M8[s]"), lambda: np.zeros(2, [("a", "f4"), ("b", "i4")]),
    lambda: np.array([[0.0, 0, 5, 5]]).view(np.matrix), lambda: np.ma.array([[0.0, 0, 5, 5]], mask=[[0, 1, 0, 0]]),
    lambda: np.zeros((8, 8, 3), np.uint8), lambda: np.zeros((1, 32, 32, 3), np.uint8),
    lambda: np.zeros((3, 8, 8), np.int8),
    lambda: np.zeros((2, 2, 2, 3), np.float32), lambda: np.ones((2, 5, 2)), lambda: np.arange(20.0).reshape(2, 10),
    lambda: torch.tensor(0.5), lambda: torch.tensor([0.5, 0.6, 0.7]), lambda: torch.zeros(0),
    lambda: torch.zeros(2, 4),
    lambda: torch.zeros(2, 4, requires_grad=True), lambda: torch.zeros(4, 3, dtype=torch.bool),
    lambda: torch.ones(2, 4, dtype=torch.complex64), lambda: torch.zeros(2, 4, dtype=torch.bfloat16),
    lambda: torch.zeros(4, dtype=torch.long), lambda: torch.full((2, 2), math.nan),
    lambda: torch.full((4, 3), math.inf),
    lambda: torch.zeros(2, 4, device="meta"), lambda: torch.zeros((), device="meta"),
    lambda: torch.eye(3).to_sparse(), lambda: torch.nn.Linear(2, 2), lambda: np.random.default_rng(0),
    lambda: np.random.RandomState(0), lambda: np.dtype("f4"), lambda: np.uint8,
)  # fmt: skip


def odd(rng: np.random.Generator, good: Any) -> Any:
    """A value for an argument for which `good` would do: any, or one that is nearly right."""
    how = rng.random()
    if callable(good):  # another function is the caller's own business, also where it fails
        while callable(value := odd(rng, 0)):
            pass
        return value
    if how < 0.35:
        return NUMBERS[rng.integers(len(NUMBERS))]
    if how < 0.7 or not isinstance(good, np.ndarray | torch.Tensor | list | tuple):
        return OTHERS[rng.integers(len(OTHERS))]()
    return spoilt(rng, good)


def spoilt(rng: np.random.Generator, good: Any) -> Any:
    """An array, tensor or row that is wrong in one place or one way."""
    if isinstance(good, torch.Tensor):
        ways: list[Callable[[], Any]] = [
            lambda: good[:-1], lambda: good[:0], lambda: good[None], lambda: good.float() * math.nan,
            lambda: good.numpy(),
            lambda: good.double(), lambda: good.long(), lambda: good.bool(), lambda: good.float() * math.inf,
            lambda: good.to("meta"), lambda: good.tolist(), lambda: -good.float(),
            lambda: good.T if good.ndim == 2 else good,
            lambda: good.flatten(), lambda: good.long() * 1000, lambda: good.to(torch.complex64), lambda: good.half(),
        ]  # fmt: skip
        return ways[rng.integers(len(ways))]()
    if not isinstance(good, np.ndarray):
        row = list(good)
        place = int(rng.integers(len(row) + 1))
        wrong = NUMBERS[rng.integers(len(NUMBERS))] if rng.random() < 0.6 else OTHERS[rng.integers(len(OTHERS))]()
        return [row[:-1], [*row, *row[:1]], [row], [*row[:place], wrong, *row[place + 1 :]], set(map(str, row))][
            rng.integers(5)
        ]
    if good.dtype.names:
        return [good[:0], good[None], good["window"], good.tolist(), good[["kind", "face"]], good[0]][rng.integers(6)]
    ways = [
        lambda: good[:-1], lambda: good[:0], lambda: good[None], lambda: good.T, lambda: good.astype(object),
        lambda: good.astype(str), lambda: good.astype(complex), lambda: good.astype(bool),
        lambda: good.astype(np.float64),
        lambda: good * -1.0, lambda: good * math.nan, lambda: good + math.inf, lambda: good * 1e30,
        lambda: good * 1e9,
        lambda: good.ravel(), lambda: good.tolist(), lambda: np.ma.masked_greater(good, 0), lambda: np.ma.array(good),
        lambda: torch.tensor(good), lambda: good[..., :-1], lambda: np.repeat(good, 2, axis=0),
        lambda: good.astype(">f4"),
        lambda: one_wrong(rng, good), lambda: one_wrong(rng, good), lambda: one_wrong(rng, good), lambda: good * 0,
    ]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ways[rng.integers(len(ways))]()


def one_wrong(rng: np.random.Generator, good: np.ndarray) -> np.ndarray:
    """The array with one number that is not finite, or far off."""
    wrong = good.astype(np.float64)
    if wrong.size:
        wrong.flat[rng.integers(wrong.size)] = (math.nan, math.inf, -math.inf, 1e36, -1e12, 9e17, -1)[rng.integers(7)]
    return wrong


def unclear(call: Callable[[], Any], names: list[str], nan: bool = False) -> str | None:
    """What is wrong with how the call ends; None where it gives a result, or one clear error.

    Parameters
    ----------
    call : function
        What is tried.
    names : list of str
        One of them must be in the message of an error.
    nan : bool
        Whether a result may be NaN.
    """
    try:
        with at_most(SECONDS), warnings.catch_warnings():
            warnings.simplefilter("error")
            result = call()
        return None if nan or not holds_nan(result) else "a result of NaN"
    except (TypeError, ValueError) as error:
        text = str(error)
        if not any(name in text for name in names):
            return f"names no argument: {type(error).__name__}: {text[:200]}"
        return None if len(text) < 600 else f"a message of {len(text)} letters: {text[:100]}"
    except TooLong:
        return f"takes over {SECONDS} seconds"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"


def holds_nan(result: Any) -> bool:
    if isinstance(result, dict):
        return any(map(holds_nan, result.values()))
    if isinstance(result, list | tuple):
        return any(map(holds_nan, result))
    if isinstance(result, torch.Tensor):
        return bool(torch.isnan(result).any())
    if isinstance(result, np.ndarray) and result.dtype.names:
        return False  # samples: NaN is a target that there is none of
    if isinstance(result, np.ndarray | float):
        return np.asarray(result).dtype.kind == "f" and bool(np.isnan(result).any())
    return False


def described(value: Any) -> str:
    """The value, short, for a report."""
    try:
        text = " ".join(repr(value).split())
    except Exception:
        text = f"a {type(value).__name__}"
    return text if len(text) < 120 else text[:117] + "..."
