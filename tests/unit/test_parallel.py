"""Work shared among threads is the work."""

import os
import signal
import subprocess
import sys
import time
from threading import Barrier, Event, Thread

import numpy as np
import pytest
import torch

from mtcnn_lite.course.scenes import collage
from mtcnn_lite.runtime.parallel import (
    AHEAD,
    imap,
    map_in_processes,
    parallel_map,
    split_cores,
    thread_pool,
    usable_cores,
    warm_up,
)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_shared_work_is_the_work_in_order():
    def work(n):
        assert torch.get_num_threads() == 1
        return n * n

    assert parallel_map(work, range(50)) == [n * n for n in range(50)]
    assert parallel_map(work, []) == []
    assert torch.get_num_threads() == 2
    with pytest.raises(ZeroDivisionError):
        parallel_map(lambda n: 1 // n, [2, 1, 0, 3])


@pytest.mark.usefixtures("two_threads")
def test_threads_made_ready_are_those_that_work():
    warm_up()
    ready = thread_pool.cache_info().currsize
    parallel_map(abs, [1, 2])
    parallel_map(abs, [1, 2], pinned=True)
    assert list(imap(abs, [1, 2])) == [1, 2]
    assert thread_pool.cache_info().currsize == ready


def test_processes_work_in_order_and_read_only_some_items_ahead():
    taken = []

    def numbers():
        for number in range(1000):
            taken.append(number)
            yield -number

    results = map_in_processes(2, abs, numbers(), int)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert len(taken) <= 2 * AHEAD + 5
    results.close()
    assert list(map_in_processes(2, abs, range(-40, 0), int, chunksize=7)) == list(range(40, 0, -1))


@pytest.mark.skipif(len(split_cores(2, usable_cores())) < 2, reason="nothing to keep apart")
@pytest.mark.usefixtures("two_threads")
def test_threads_apart_never_meet_on_a_core_and_all_others_stay_free():
    everywhere = os.sched_getaffinity(0)
    both = Barrier(2)

    def where(_):
        both.wait(timeout=10)  # so that each of the two threads has one
        return frozenset(os.sched_getaffinity(0))

    first, second = parallel_map(where, range(2), pinned=True)
    assert min(len(first), len(second)) > 0
    assert not first & second
    assert first | second == everywhere
    assert parallel_map(where, range(2)) == [everywhere] * 2
    assert os.sched_getaffinity(0) == everywhere


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not tell")
def test_cores_are_dealt_out_only_where_there_are_enough():
    cores = os.sched_getaffinity(0)
    for threads in range(1, len(cores) + 1):
        parts = split_cores(threads, cores)
        assert len(parts) == threads
        assert set.union(*parts) == cores
        assert sum(map(len, parts)) == len(cores)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert split_cores(len(cores) + 1, cores) == []


@pytest.mark.usefixtures("two_threads")
def test_two_threads_find_what_one_does(detector):
    picture = collage()[0]
    two = detector.trace(picture)
    assert len(two.faces) == 9
    torch.set_num_threads(1)
    one = detector.trace(picture)
    assert one.counts() == two.counts()
    for name in ("boxes", "scores", "landmarks"):
        np.testing.assert_allclose(getattr(one.faces, name), getattr(two.faces, name), rtol=1e-4, atol=0.02)


def test_threads_that_torch_has_yet_to_start_are_as_many_as_it_was_told():
    code = """
import threading, torch
from mtcnn_lite.runtime.parallel import parallel_map
torch.set_num_threads(2)
parallel_map(abs, [1, 2, 3])
seen = []
other = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
other.start(); other.join()
print(seen, torch.get_num_threads())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[2] 2"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.usefixtures("two_threads")
def test_a_forked_process_gets_threads_of_its_own():
    parallel_map(abs, [1, 2])
    assert thread_pool.cache_info().currsize >= 1
    child = os.fork()
    if child == 0:
        os._exit(0 if thread_pool.cache_info().currsize == 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system has no signal masks")
def test_an_interrupt_does_not_cut_off_the_start_of_a_worker():
    """Also where another thread gets the signal, which can't be kept from threads that run already."""
    finished, sent = Event(), []
    other = Thread(target=finished.wait)
    other.start()

    class Interrupts:
        def __reduce__(self):  # called once for each worker, while it starts
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)
            sent.append(1)
            return int, ()

    handler = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(map_in_processes(2, abs, range(9), abs, Interrupts()))
    finally:
        finished.set()
        other.join()
    assert sent
    assert signal.getsignal(signal.SIGINT) is handler
