"""What happens in a submission's own process: limits are set, its functions are loaded and judged, one after another.

The limits keep an honest mistake from harming the run; they are no sandbox. `docs/grading.md` says what they leave
open.
"""

import json
import os
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

STARTS_PROCESSES = ("os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec", "os.system", "subprocess.Popen")
SIGNALS = ("os.kill", "os.killpg")
OF_LIBC = ("fork", "vfork", "clone", "system", "popen", "execve", "posix_spawn", "kill")
FILE = 100_000_000  # bytes, of the largest file that a submission may write


class Refused(PermissionError):
    """What a submission may not do: start other programs or processes, or send signals."""


def judge(send: Connection, submission: str, names: list[str], run_all: bool, memory: int) -> None:
    """Judge functions of a submission; each verdict is sent as soon as it is known.

    Messages, as JSON, so that nothing of a submission runs where they are read: ["begun"]; ["loaded", exercises that
    it has, notes]; for each exercise ["judged", name, state, hint]; ["failed", why] where the submission can't be
    loaded; at the end ["done"].

    Parameters
    ----------
    send : Connection
        Where to.
    submission : str
        Its path.
    names : list of str
        The exercises to judge; those of them that the submission has.
    run_all : bool
        As `submission.load`.
    memory : int
        Bytes that it may take beyond what the process has at its start.
    """
    with suppress(AttributeError, OSError):
        os.setsid()  # of a group of its own, which ends with it
    _to_nowhere()
    from mtcnn_lite.course import checks
    from mtcnn_lite.course.grading.submission import SubmissionError, load

    def say(*message: object) -> None:
        send.send_bytes(json.dumps(message).encode())

    os.environ["MTCNN_LITE_MINE"] = "off"
    say("begun")
    _limit(memory)
    sys.addaudithook(_refuse)
    try:
        loaded = load(Path(submission), run_all)
    except SubmissionError as error:
        say("failed", str(error))
        return
    say("loaded", list(loaded.functions), loaded.notes)
    for name in names:
        if name in loaded.functions:
            verdict = getattr(checks, name)(loaded.functions[name])
            say("judged", name, verdict.state, verdict.hint)
    say("done")


def _to_nowhere() -> None:
    """What the submission prints, also from C, goes nowhere; it reads nothing."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _limit(memory: int) -> None:
    """Where the system has such limits: memory, size of files, no core dump."""
    try:
        import resource
    except ImportError:  # on Windows
        return
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for which, most in ((resource.RLIMIT_FSIZE, FILE), (resource.RLIMIT_CORE, 0)):
        with suppress(OSError, ValueError):
            resource.setrlimit(which, (most, most))


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in STARTS_PROCESSES or event in SIGNALS:
        raise Refused(f"a submission may not call {event}")
    if event == "ctypes.dlsym" and len(arguments) > 1 and arguments[1] in OF_LIBC:
        raise Refused(f"a submission may not call {arguments[1]} of the C library")
