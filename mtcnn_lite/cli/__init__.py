"""The command line, one module a command: `mtcnn-lite detect photo.jpg`, the same as `python -m mtcnn_lite detect`.

Each command's module has `add(commands)`, which adds its parser and names the function that runs it. Torch takes over a
second to load, so the commands import it, and whatever needs it, only once the arguments are known to make sense.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from mtcnn_lite.cli import detect, evaluate, explain, samples, train
from mtcnn_lite.cli.settings import add_version

INTERRUPTED, BROKEN_PIPE = 130, 141  # what a shell reports of a program that SIGINT or SIGPIPE ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line `arguments` (default: the process's own) and return the exit status.

    Raises SystemExit where argparse does: for --help, --version and bad arguments.
    """
    if arguments is None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # file names may hold any bytes
    parser = argparse.ArgumentParser(
        prog="mtcnn-lite",
        description="MTCNN face detection. Each command explains itself: mtcnn-lite COMMAND --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_version(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (detect, explain, samples, evaluate, train):
        command.add(commands)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()  # a closed pipe must show here, not when Python shuts down
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader (`| head`) has had enough; what is still buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return status
