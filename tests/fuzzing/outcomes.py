"""What one call with odd input came to, and how bytes are made odd."""

import contextlib
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

SECONDS = 10  # a call that takes longer counts as one that hangs
LONGEST = 2000  # characters of a message that somebody reads


class TooLong(BaseException):
    """Not an Exception: what a function makes of its own exceptions must not catch it."""


@contextlib.contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raises TooLong where the body takes longer. Only in the main thread of systems that have alarms."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return

    def stop(*_: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def unclear(
    call: Callable[[], Any],
    clear: type[Exception] | tuple[type[Exception], ...],
    names: str,
    good: Callable[[Any], Any],
) -> str | None:
    """What is wrong with the outcome of a call, or None.

    Parameters
    ----------
    call
        The call.
    clear
        The errors that it may end with; their message must hold `names` and be short.
    names
        What the message must name.
    good
        Whether what the call returned is right; it may raise AssertionError.
    """
    try:
        with at_most(SECONDS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = call()
    except clear as error:
        text = str(error)
        return (
            None
            if names in text and len(text) < 2000
            else f"{type(error).__name__} does not name {names}: {text[:200]}"
        )
    except TooLong:
        return f"takes over {SECONDS} s"
    except BaseException as error:
        return f"{type(error).__module__}.{type(error).__name__}: {str(error)[:200]}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return None if good(result) else "a wrong result"
    except AssertionError as error:
        return f"a wrong result: {str(error)[:200]}"


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """The bytes with one to four changes: a bit, a byte, a run, a cut, something put in, two parts exchanged."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        if not data:
            break
        at = int(rng.integers(min(len(data), 64) if rng.random() < 0.4 else len(data)))  # headers more often
        length = int(rng.integers(1, 9))
        how = rng.integers(7)
        if how == 0:
            data[at] ^= 1 << int(rng.integers(8))
        elif how == 1:
            data[at] = int(rng.choice([0, 1, 127, 128, 255]))
        elif how == 2:
            data[at : at + length] = rng.bytes(length)
        elif how == 3:
            del data[at:]
        elif how == 4:
            data[at:at] = rng.bytes(length)
        elif how == 5:
            del data[at : at + length]
        else:
            other = int(rng.integers(len(data)))
            data[at : at + length], data[other : other + length] = data[other : other + length], data[at : at + length]
    return bytes(data)
