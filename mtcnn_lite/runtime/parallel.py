"""Work in parallel, on threads or in processes. Each item is computed by one thread from beginning to end."""

import atexit
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import islice
from multiprocessing.process import BaseProcess
from threading import Barrier, BrokenBarrierError
from typing import TypeVar

import cv2

from mtcnn_lite.runtime.memory import keep_freed_memory
from mtcnn_lite.runtime.threads import thread_count, torch_uses, usable_cores, use_one_thread

Item = TypeVar("Item")
Result = TypeVar("Result")


AHEAD = 8  # items, or chunks of them, that each process of `map_in_processes` may be ahead of who takes the results


class WorkerError(RuntimeError):
    """A process of `map_in_processes` that ended before its work."""


def warm_up() -> None:
    """Start the threads of `parallel_map` and `imap` and have freed memory kept, so that no later call waits for it."""
    in_own_thread(keep_freed_memory)
    if thread_count() > 1:
        for pinned in (False, True):
            _current_pool(pinned)


def in_own_thread(work: Callable[..., Result], *arguments: object) -> Result:
    """`work(*arguments)`, in a thread that ends with it, and with it the threads that torch starts for it.

    OpenMP's threads belong to the thread that first has work for them. Were that the main one, a process forked from
    this one would wait for ever for threads that it does not have.
    """
    with ThreadPoolExecutor(1, "mtcnn_lite") as own:
        return _begin(own, work, *arguments).result()


def parallel_map(work: Callable[[Item], Result], items: Sequence[Item], pinned: bool = False) -> list[Result]:
    """`[work(item) for item in items]`, on `threads.thread_count` threads: as many as torch is set to use.

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
    if thread_count() == 1:
        with until_python_ends():
            return [work(item) for item in items]
    pool = _current_pool(pinned)
    begun = [_begin(pool, work, item) for item in items]
    try:
        return [future.result() for future in begun]
    finally:
        _cancel(begun)  # after an error


def imap(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`map(work, items)` on the threads of `parallel_map`; `items` is read at most two items a thread ahead."""
    threads = thread_count()
    if threads == 1:
        yield from map(work, items)
        return
    begun = deque[Future[Result]]()
    try:
        for item in items:
            begun.append(_begin(_current_pool(pinned=False), work, item))
            if len(begun) == 2 * threads:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        _cancel(begun)  # after an error, or where the caller stops early


def map_in_processes(
    processes: int,
    work: Callable[[Item], Result],
    items: Iterable[Item],
    start: Callable[..., object],
    *arguments: object,
    chunksize: int = 1,
) -> Generator[Result, None, None]:
    """`map(work, items)` in other processes: for work that is mostly Python, of which threads run one at a time.

    Parameters
    ----------
    processes
        How many to start. With 1 or 0, this process does the work itself.
    work
        A function that can be pickled.
    items
        What it is called with, one at a time; read a few ahead (`AHEAD`).
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

    Raises
    ------
    WorkerError
        Where one of the processes was killed.
    """
    if processes <= 1:
        start(*arguments)
        yield from map(work, items)
        return
    # Spawned, not forked: a fork of a process whose torch has threads can hang.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, _start_process, (start, arguments)) as executor:
        begun = deque[Future[list[Result]]]()
        try:
            for part in _parts(items, chunksize):
                with _signals_held_back():  # they are for this process, which then stops the others
                    begun.append(executor.submit(_work_on, work, part))
                if len(begun) == AHEAD * processes:
                    yield from begun.popleft().result()
            while begun:
                yield from begun.popleft().result()
        except BrokenProcessPool:
            _kill(executor)  # the executor itself waits for ever for one that it was just starting
            raise WorkerError(
                f"one of {processes} worker processes was killed, most likely because memory ran out; fewer need less"
            ) from None
        except Exception:  # the work's own: what the others have begun is finished first
            _cancel(begun)
            raise
        except BaseException:  # interrupted, or wanted no more
            _kill(executor)
            raise


def _kill(executor: ProcessPoolExecutor) -> None:
    for process in list((executor._processes or {}).values()):
        process.kill()


def _parts(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    left = iter(items)
    return iter(lambda: list(islice(left, size)), [])


def _work_on(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [work(item) for item in items]


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Hold back SIGINT and SIGTERM to the end, and block them in the processes started here until these unblock them.

    A worker whose start is interrupted prints a traceback. Blocking is not enough against that: the system hands the
    signal to another thread, and Python has the main one answer all the same.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    with _held_back(signal.SIGINT), _held_back(signal.SIGTERM):
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _held_back(number: signal.Signals) -> Iterator[None]:
    handler = signal.getsignal(number)
    if threading.current_thread() is not threading.main_thread() or handler in (None, signal.SIG_IGN):
        yield  # only the main thread answers signals
        return
    came = []
    signal.signal(number, lambda *_: came.append(number))
    try:
        yield
    finally:
        signal.signal(number, handler)
        if came:
            signal.raise_signal(number)


def _start_process(start: Callable[..., object], arguments: tuple[object, ...]) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    # A killed parent can't tell its workers; without this they would wait for it for ever.
    threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.environ["OMP_NUM_THREADS"] = "1"  # the processes share the cores already; for torch that is yet to be loaded
    torch_uses(1)
    cv2.setNumThreads(1)
    start(*arguments)


def _exit_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _begin(pool: ThreadPoolExecutor | None, work: Callable[..., Result], *arguments: object) -> Future[Result]:
    """`work(*arguments)`, begun on one of the pool's threads, or done here and now where none can be had."""
    try:
        if pool is not None:
            return pool.submit(work, *arguments)
    except RuntimeError:  # Python is shutting down
        pass
    done = Future[Result]()
    try:
        with until_python_ends():
            done.set_result(work(*arguments))
    except BaseException as error:  # raised again where the result is asked for
        done.set_exception(error)
    return done


def _cancel(begun: Iterable[Future[Result]]) -> None:
    for future in begun:
        future.cancel()


_daemons_at_work = set[int]()
WAIT_FOR_DAEMONS = 10.0  # seconds, at most


@contextmanager
def until_python_ends() -> Iterator[None]:
    """For work in the caller's thread. Where that is a daemon thread and Python is shutting down, it waits for the end.

    Python stops daemon threads wherever they are, and inside torch that aborts the process.
    """
    if not threading.current_thread().daemon:
        yield
        return
    thread = threading.get_ident()
    _daemons_at_work.add(thread)
    try:
        if threading.main_thread().is_alive():
            yield
            return
    finally:
        _daemons_at_work.discard(thread)
    threading.Event().wait()


@atexit.register
def _wait_for_daemons() -> None:
    deadline = time.monotonic() + WAIT_FOR_DAEMONS
    while _daemons_at_work and time.monotonic() < deadline:
        time.sleep(0.001)


def _current_pool(pinned: bool) -> ThreadPoolExecutor | None:
    """`thread_pool` for what torch and the system allow now; None where no thread can be started any more."""
    try:
        return thread_pool(thread_count(), pinned, usable_cores(), "torch" in sys.modules)
    except RuntimeError:  # Python is shutting down, or the system has no thread left
        return None


@lru_cache(maxsize=32)
def thread_pool(threads: int, pinned: bool, cores: frozenset[int], torch_loaded: bool, /) -> ThreadPoolExecutor:
    """An executor of so many threads, kept for the next call. Inside each, torch uses that one thread only.

    With `pinned`, each thread keeps to its own share of the cores. On a virtual machine, after a rest, Linux often runs
    two threads on one core while another is idle, and separates them 10 ms later: longer than they work. The others run
    on those of the thread that makes the executor, which must be `cores`. `torch_loaded` keeps apart the threads that
    were started before torch was loaded, inside which it would use several.
    """
    started, shares = Barrier(threads + 1), iter(split_cores(threads, cores) if pinned else [])

    def start() -> None:
        use_one_thread()
        with suppress(OSError):  # a core that has just been taken from this process
            if share := next(shares, None):
                os.sched_setaffinity(0, share)  # 0: this thread
        with suppress(BrokenBarrierError):
            started.wait()

    made = ThreadPoolExecutor(threads, "mtcnn_lite", start)
    try:
        for _ in range(threads):
            made.submit(int)  # an executor starts its threads as work comes
    except RuntimeError:
        started.abort()  # lets those that have started go
        raise
    started.wait()
    torch_uses(threads)  # what was set last, in whichever thread, also holds for threads yet to come
    return made


def split_cores(threads: int, cores: Iterable[int]) -> list[set[int]]:
    """The cores, dealt out to the threads; empty where there are fewer cores than threads.

    >>> split_cores(2, {0, 1, 2, 3})
    [{0, 2}, {1, 3}]
    """
    every = sorted(cores)
    return [set(every[k::threads]) for k in range(threads)] if len(every) >= threads else []


if hasattr(os, "register_at_fork"):
    for forget in (thread_pool.cache_clear, _daemons_at_work.clear):  # a forked process has no thread of its parent's
        os.register_at_fork(after_in_child=forget)
