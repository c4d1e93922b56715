"""Grades many submissions: a process for each, within limits of time and memory, whatever becomes of it."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from mtcnn_lite.course.exercises import EXERCISES
from mtcnn_lite.course.grading import worker

MB = 2**20
LONGEST = 10 * MB  # bytes of one message
HANGING = 4  # submissions graded at a time beyond one a core: those that hang wait, and take no core
PATIENCE = 2  # times a limit: how long to wait for what still computes, as others have the cores
IDLE = 0.05  # of its time: what computes less is waiting for something else
START = 120.0  # seconds for a process to begin: on a busy machine torch takes long to import


@dataclass(frozen=True)
class Result:
    """One exercise of one submission.

    state: "passed", "not yet", "not done yet" (a stub), "stopped" (too long, or its process ended) or "missing".
    hint: the judge's, or why it was stopped. seconds: how long the judge took.
    """

    exercise: str
    state: str
    hint: str = ""
    seconds: float = 0.0


@dataclass
class Graded:
    """One submission. problem: why nothing of it could be judged, or "". notes: what of it could not be used."""

    name: str
    results: dict[str, Result] = field(default_factory=dict)
    problem: str = ""
    notes: list[str] = field(default_factory=list)

    def of(self, exercise: str) -> Result:
        """The result of an exercise, "missing" where there is none."""
        return self.results.get(exercise, Result(exercise, "missing", self.problem))


def grade(
    submissions: Sequence[Path],
    exercises: Sequence[str] = tuple(EXERCISES),
    run_all: bool = False,
    seconds: float = 10.0,
    memory: int = 2048,
    workers: int | None = None,
) -> Iterator[Graded]:
    """Grade submissions, each in a process of its own; yields them in their order.

    Parameters
    ----------
    submissions : sequence of Path
        Notebooks, Python files, or folders of them.
    exercises : sequence of str
        What to judge, of what a submission has.
    run_all : bool
        Run every statement, not only imports, definitions and constants.
    seconds : float
        The longest for one exercise, and for loading the submission; what takes longer is "stopped". Waiting for a core
        that others have does not count (on Linux).
    memory : int
        MiB that one submission may take.
    workers : int, optional
        How many to grade at a time. None: one a core, and HANGING more.
    """
    context = _context()
    workers = workers or (os.cpu_count() or 1) + HANGING
    with ThreadPoolExecutor(workers) as pool:
        asked = list(exercises)
        futures = [pool.submit(_grade, context, path, asked, run_all, seconds, memory * MB) for path in submissions]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


def _context() -> Any:
    """A context whose processes begin with the judges imported, where the system can fork; else they import anew."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mtcnn_lite.course.grading.preloaded"])
    return context


def _grade(context: Any, path: Path, names: list[str], run_all: bool, seconds: float, memory: int) -> Graded:
    """Judge a submission. Where it ends its process at one exercise, another process judges those that are left."""
    graded, left = Graded(path.name), list(names)
    while left:
        heard, send = context.Pipe(duplex=False)
        process = context.Process(target=worker.judge, args=(send, str(path), left, run_all, memory), daemon=True)
        process.start()
        send.close()
        try:
            stopped = _listen(heard, process, graded, left, seconds)
        finally:
            _end(process)
            heard.close()
        if stopped is None:
            break
        why, waiting = stopped
        if not waiting:
            graded.problem = f"its code {why} before a function could be judged"
            break
        graded.results[waiting[0]] = Result(waiting[0], "stopped", f"It {why} while this was judged.")
        left = waiting[1:]
    return graded


def _listen(
    heard: Connection, process: BaseProcess, graded: Graded, names: list[str], seconds: float
) -> tuple[str, list[str]] | None:
    """Take down what a process says. None at its end; else why it stopped, and what was to be judged from there on."""
    waiting, limit = list[str](), START
    while True:
        asked = time.monotonic()
        if not _comes(heard, process, limit):
            return "took too long", waiting
        try:
            message = json.loads(heard.recv_bytes(LONGEST))
        except (EOFError, OSError, ValueError):
            return "ended its process", waiting
        limit = seconds
        match message:
            case ["loaded", [*found], [*notes]]:
                waiting = [name for name in names if name in found]
                graded.notes = [str(note) for note in notes]
            case ["judged", str(name), str(state), str(hint)]:
                graded.results[name] = Result(name, state, hint, round(time.monotonic() - asked, 2))
                waiting = waiting[1:]
            case ["failed", str(why)]:
                graded.problem = why
                return None
            case ["done"]:
                return None


def _comes(heard: Connection, process: BaseProcess, limit: float) -> bool:
    """Whether a message comes within `limit` seconds. Where others have the cores, those that it computes count."""
    begun, last = _computed(process), time.monotonic() + PATIENCE * limit
    if heard.poll(limit):
        return True
    while limit * IDLE < _computed(process) - begun < limit and time.monotonic() < last:
        if heard.poll(0.2):
            return True
    return False


def _computed(process: BaseProcess) -> float:
    """The seconds that a process has computed so far; 0 where the system does not say so (it is not Linux)."""
    try:
        told = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return float(int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _end(process: BaseProcess) -> None:
    """End a process, and what it may have started."""
    if process.pid is not None and hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == process.pid:  # it has a group of its own by now
                os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()
