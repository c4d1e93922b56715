"""The command line: `python -m mtcnn_lite detect photo.jpg`.

Torch takes over a second to load, so the commands import it, and whatever needs it, only once the arguments are known
to make sense.
"""

import argparse
import os
import sys
from collections.abc import Sequence

import mtcnn_lite
from mtcnn_lite.cli import detect, evaluate, explain, samples, train

INTERRUPTED, BROKEN_PIPE = 130, 141  # what a shell reports of a program that SIGINT or SIGPIPE ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line `arguments` (default: the process's own) and return the exit status.

    Raises SystemExit where argparse does: for --help, --version and bad arguments.
    """
    parser = argparse.ArgumentParser(
        prog="python -m mtcnn_lite",
        description="MTCNN face detection. Each command explains itself: python -m mtcnn_lite COMMAND --help",
    )
    parser.add_argument("--version", action="version", version=f"mtcnn_lite {mtcnn_lite.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    detect.add(commands)
    explain.add(commands)
    samples.add(commands)
    evaluate.add(commands)
    train.add(commands)
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


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # file names may hold any bytes
    sys.exit(main())
