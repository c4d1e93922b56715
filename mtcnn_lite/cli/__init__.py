"""The command line, one module a command: `mtcnn-lite detect photo.jpg`, the same as `python -m mtcnn_lite detect`.

Each command's module has `add(commands)`, which adds its parser and names the function that runs it. Torch takes over a
second to load, so the commands import it, and whatever needs it, only once the arguments are known to make sense.
"""

import argparse
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NoReturn

from mtcnn_lite.cli import check, course, course_progress, detect, evaluate, explain, export, label, samples, train
from mtcnn_lite.cli.settings import FAILED, add_version, reason

INTERRUPTED, BROKEN_PIPE, TERMINATED = 130, 141, 143  # what a shell reports of a program that such a signal ended


class Terminated(BaseException):
    """SIGTERM has come: what is half done is cleared away, and the program ends."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line `arguments` (default: the process's own) and return the exit status.

    Raises SystemExit where argparse does: for --help, --version and bad arguments.
    """
    _open_closed_streams()
    if arguments is None:
        arguments = sys.argv[1:]
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # file names may hold any bytes
    try:
        with _sigterm_raises():
            try:
                options = _parser().parse_args([explain.not_an_option(argument) for argument in arguments])
                status: int = options.run(options)
            finally:
                sys.stdout.flush()  # a closed pipe or a full disk must show here, not when Python shuts down
    except KeyboardInterrupt:
        return INTERRUPTED
    except Terminated:
        return TERMINATED
    except BrokenPipeError:  # the reader (`| head`) has had enough
        _forget_output()
        return BROKEN_PIPE
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "mtcnn_lite"):
            raise
        print(f"error: this needs the package {package}, which is not installed; `pip install mtcnn_lite` brings all "
              "that commands need but their extras", file=sys.stderr)  # fmt: skip
        return FAILED
    except (OSError, MemoryError) as error:
        _forget_output()
        print(f"error: {reason(error) if isinstance(error, OSError) else 'memory ran out'}", file=sys.stderr)
        return FAILED
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mtcnn-lite",
        description="MTCNN face detection. Each command explains itself: mtcnn-lite COMMAND --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_version(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (detect, explain, label, samples, evaluate, train, export, course, course_progress, check):
        command.add(commands)
    return parser


def _open_closed_streams() -> None:
    """Have what is printed go nowhere where the program was started without standard output or standard error."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - open until the program ends


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Have SIGTERM raise Terminated, as SIGINT raises KeyboardInterrupt, unless the program has plans of its own."""

    def terminate(*_: object) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not disturb the clearing away
        raise Terminated

    # Only the main thread may set it.
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _forget_output() -> None:
    """Let what can't be written to standard output go nowhere, or Python would complain of it once more at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
