"""Work in parallel, on threads or in processes. Each item is computed by one thread from beginning to end."""

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

from mtcnn_lite.runtime.memory import keep_freed_memory

Item = TypeVar("Item")
Result = TypeVar("Result")


def warm_up() -> None:
    """Start the threads of `parallel_map` and `imap` and have freed memory kept, so that no later call waits for it."""
    keep_freed_memory()
    if torch.get_num_threads() > 1:
        for pinned in (False, True):
            thread_pool(torch.get_num_threads(), pinned)


def parallel_map(work: Callable[[Item], Result], items: Sequence[Item], pinned: bool = False) -> list[Result]:
    """`[work(item) for item in items]`, on as many threads as torch is set to use (`torch.set_num_threads`).

    torch itself would split every layer of a net among its threads, which then wait for one another, spinning, after
    each. Where the machine has other work too, that costs more than the work itself.

    Parameters
    ----------
    work
        A function that releases Python's lock for most of its time, as the nets, numpy and OpenCV do.
    items
        What it is called with, one at a time.
    pinned
        Use threads that never share a core (`thread_pool`). Only for work that starts no threads: they would inherit
        its cores.

    Returns
    -------
    list
        The results, in the order of `items`. The first error of a call is raised.
    """
    threads = torch.get_num_threads()
    if threads == 1:
        return [work(item) for item in items]
    return list(thread_pool(threads, pinned).map(work, items))


def imap(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`map(work, items)` on the threads of `parallel_map`; `items` is read at most two items a thread ahead."""
    threads = torch.get_num_threads()
    if threads == 1:
        yield from map(work, items)
        return
    begun = deque[Future[Result]]()
    try:
        for item in items:
            begun.append(thread_pool(threads, False).submit(work, item))
            if len(begun) == 2 * threads:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for future in begun:  # after an error, or where the caller stops early
            future.cancel()


def map_in_processes(
    processes: int,
    work: Callable[[Item], Result],
    items: Iterable[Item],
    start: Callable[..., object],
    *arguments: object,
    chunksize: int = 1,
) -> Iterator[Result]:
    """`map(work, items)` in other processes: for work that is mostly Python, of which threads run one at a time.

    Parameters
    ----------
    processes
        How many to start. With 1 or 0, this process does the work itself.
    work
        A function that can be pickled.
    items
        What it is called with, one at a time.
    start
        Called once in each process, before its first item.
    *arguments
        What `start` is called with.
    chunksize
        Items that a process is sent together.

    Yields
    ------
    Result
        The results, in the order of `items`.
    """
    if processes <= 1:
        start(*arguments)
        yield from map(work, items)
        return
    # Spawned, not forked: a fork of a process whose torch has threads can hang.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, _start_process, (start, arguments)) as executor:
        yield from executor.map(work, items, chunksize=chunksize)


def _start_process(start: Callable[..., object], arguments: tuple[object, ...]) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    # A killed parent can't tell its workers; without this they would wait for it for ever.
    threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()
    torch.set_num_threads(1)  # the processes share the cores already
    cv2.setNumThreads(1)
    start(*arguments)


def _exit_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


@cache
def thread_pool(threads: int, pinned: bool, /) -> ThreadPoolExecutor:  # to `cache`, a name or a default is another call
    """An executor of so many threads, kept for the next call. Inside each, torch uses that one thread only.

    With `pinned`, each thread keeps to its own share of the process's cores. On a virtual machine, after a rest, Linux
    often runs two threads on one core while another is idle, and separates them 10 ms later: longer than they work.
    """
    started, shares = Barrier(threads + 1), iter(split_cores(threads) if pinned else [])

    def start() -> None:
        torch.get_num_threads()  # a thread's first call sets its number to that of all threads; so call it before
        torch.set_num_threads(1)
        if cores := next(shares, None):
            os.sched_setaffinity(0, cores)  # 0: this thread
        started.wait()

    made = ThreadPoolExecutor(threads, "mtcnn_lite", start)
    for _ in range(threads):
        made.submit(int)  # an executor starts its threads as work comes
    started.wait()
    torch.set_num_threads(threads)  # what was set last, in whichever thread, also holds for threads yet to come
    return made


def split_cores(threads: int) -> list[set[int]]:
    """The cores that this process may run on, dealt out to `threads`.

    Empty where there are fewer cores than threads, and where the system does not tell its cores.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return [set(cores[k::threads]) for k in range(threads)] if len(cores) >= threads else []


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=thread_pool.cache_clear)  # a forked process has none of its parent's threads
