"""Stops a reader's function that does not come to an end: after so many lines, or after so many seconds."""

import ctypes
import inspect
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb
from types import FrameType
from typing import Any

from mtcnn_lite.course.checks.judge.slips import Function

LINES = 1_000_000  # a function that has run so many of its lines in one case is taken to be in an endless loop
SECONDS = 5.0  # and so is one that has run for so long
AGAIN = 0.05  # seconds until it is stopped once more, where it caught the first Endless


class Endless(BaseException):
    """Raised in a reader's function to stop it. No Exception, so that `except Exception` in a loop lets it through."""

    def __init__(self, after: str = "") -> None:
        super().__init__(f"stopped after {after or f'{SECONDS:g} seconds'}")


def variables(error: BaseException) -> dict[str, Any]:
    """Those of the functions that an error went through, at that moment; inner ones count."""
    return {name: value for frame, _ in walk_tb(error.__traceback__) for name, value in frame.f_locals.items()}


@contextmanager
def bounded(fn: Function) -> Iterator[None]:
    """Raises Endless in `fn` once it has run LINES lines of its own file, or SECONDS seconds.

    Lines are counted so that every machine says the same of the same loop. A loop on one line, `while True: pass`, is
    one line for ever, and torch's modules have no code of their own to count: time stops those. Where a debugger traces
    already, a reader may be looking at the function step by step, and nothing is stopped.
    """
    if sys.gettrace() is not None:
        yield
        return
    with _seconds(SECONDS):
        code = getattr(inspect.unwrap(fn), "__code__", None)
        if code is not None:
            sys.settrace(_counting(code.co_filename))
        try:
            yield
        finally:
            sys.settrace(None)


def _counting(file: str) -> Any:
    """A trace function that counts the lines which run in `file`."""
    left = LINES

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        left -= event == "line"
        if left < 0:
            raise Endless(f"{LINES:,} lines")
        return line

    return lambda frame, *_: line if frame.f_code.co_filename == file else None


@contextmanager
def _seconds(limit: float) -> Iterator[None]:
    """Raises Endless in this thread after `limit` seconds, again and again until it has left the block.

    Signals would reach the main thread alone, and not on Windows. Python looks for an exception from another thread at
    each turn of a loop and at each call; a call into C, such as time.sleep, has to return first.
    """
    this, over = threading.get_ident(), False
    left = threading.Event()

    def watch() -> None:
        wait = limit
        while not left.wait(wait) and not over:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(this), ctypes.py_object(Endless))
            wait = AGAIN

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        over = True  # from here on, only an exception that is under way can still arrive
        while not _arrived(left, watching):
            pass


def _arrived(left: threading.Event, watching: threading.Thread) -> bool:
    """Ends the watching thread; False where its last exception arrived meanwhile, and there may be another.

    Once that thread is gone, what is under way arrives at the next call of a function: here, and not in code that
    follows. Taking it back (SetAsyncExc with NULL) hangs Python 3.11 under a trace function.
    """
    try:
        left.set()
        watching.join()
        _nothing()
    except Endless:
        return False
    return True


def _nothing() -> None: ...
