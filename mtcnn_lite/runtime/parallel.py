"""Work shared among threads, or processes: each takes a whole piece, and they meet once, at the end."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from multiprocessing.process import BaseProcess
from threading import Barrier
from typing import TypeVar

import cv2
import torch

Piece = TypeVar("Piece")
Result = TypeVar("Result")


LARGEST = 31 << 20  # bytes: just under what glibc's allocator learns from


def get_ready() -> None:
    """What the first `parallel_map` of a process would wait for, done now: its threads, and a hint about memory."""
    keep_freed_memory()
    if torch.get_num_threads() > 1:
        for pinned in (False, True):
            pool(torch.get_num_threads(), pinned)


def keep_freed_memory() -> None:
    """Let the C library of Linux keep what is freed.

    A net's layers make and drop arrays of a few MB all the time. glibc would give each back to the system and get it
    again page by page, about a tenth of detection's time. Once it has seen a larger array dropped, it keeps freed
    memory up to twice that size. Other systems lose nothing by it.
    """
    torch.empty(LARGEST, dtype=torch.uint8)


def parallel_map(work: Callable[[Piece], Result], pieces: Sequence[Piece], pinned: bool = False) -> list[Result]:
    """`[work(piece) for piece in pieces]`, on as many threads as torch is set to use (`torch.set_num_threads`).

    torch itself would split every layer of a net among its threads, which then wait for one another, spinning, after
    each. Where the machine has other work too, that costs more than the work itself; so every thread here runs its
    piece alone, from the first layer to the last.

    pinned: on threads that never share a core. Only for work that starts no threads, which would inherit their cores.
    """
    threads = torch.get_num_threads()
    if threads == 1:
        return [work(piece) for piece in pieces]
    return list(pool(threads, pinned).map(work, pieces))


def imap(work: Callable[[Piece], Result], pieces: Iterable[Piece]) -> Iterator[Result]:
    """`map(work, pieces)`, shared like `parallel_map`; `pieces` is read no further ahead than two pieces a thread."""
    threads = torch.get_num_threads()
    if threads == 1:
        yield from map(work, pieces)
        return
    begun = deque[Future[Result]]()
    try:
        for piece in pieces:
            begun.append(pool(threads, False).submit(work, piece))
            if len(begun) == 2 * threads:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for future in begun:  # after an error, or where nobody wants the rest
            future.cancel()


def map_in_processes(
    count: int,
    work: Callable[[Piece], Result],
    pieces: Iterable[Piece],
    start: Callable[..., object],
    *given: object,
    at_once: int = 1,
) -> Iterator[Result]:
    """`map(work, pieces)` by so many processes, each of which begins with `start(*given)`; up to 1: by this one.

    For work that is mostly Python, which threads do one at a time. `at_once`: pieces that a process is sent together.
    """
    if count <= 1:
        start(*given)
        yield from map(work, pieces)
        return
    # Spawned, not forked: a fork of a process whose torch has threads can hang.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, spawn, _start_process, (start, given)) as pool:
        yield from pool.map(work, pieces, chunksize=at_once)


def _start_process(start: Callable[..., object], given: tuple[object, ...]) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    # A killed parent can't tell its workers; without this they would wait for it for ever.
    threading.Thread(target=_end_after, args=(parent,), daemon=True).start()
    torch.set_num_threads(1)  # the workers share the cores already
    cv2.setNumThreads(1)
    start(*given)


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


@cache
def pool(threads: int, pinned: bool, /) -> ThreadPoolExecutor:  # to `cache`, a name or a default is another call
    """So many threads, kept for the next call. In each of them torch uses that one thread only.

    pinned: each thread keeps to its own part of the process's cores. On a virtual machine, after a rest, Linux often
    runs two threads on one core while another is idle, and parts them ten milliseconds later: longer than they work.
    """
    started, parts = Barrier(threads + 1), iter(cores_apart(threads) if pinned else [])

    def start() -> None:
        torch.get_num_threads()  # the first question of a thread sets its number to all threads'; so ask before
        torch.set_num_threads(1)
        if mine := next(parts, None):
            os.sched_setaffinity(0, mine)  # 0: this thread
        started.wait()

    made = ThreadPoolExecutor(threads, "mtcnn_lite", start)
    for _ in range(threads):
        made.submit(int)  # an executor starts its threads as work comes
    started.wait()
    torch.set_num_threads(threads)  # what was set last, in whichever thread, also holds for threads yet to come
    return made


def cores_apart(threads: int) -> list[set[int]]:
    """The cores that this process may run on, dealt out to `threads`; none to deal where they are too few, or where the
    system does not tell."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return [set(cores[k::threads]) for k in range(threads)] if len(cores) >= threads else []


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.cache_clear)  # a forked process has none of its parent's threads
