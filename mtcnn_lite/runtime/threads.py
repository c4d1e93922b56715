"""How many threads work may use, with torch and without it."""

import os
import sys
import threading

_this_thread = threading.local()


def thread_count() -> int:
    """As many as torch is set to use (`torch.set_num_threads`); where nobody has loaded it, what OMP_NUM_THREADS says.

    Without either, one for each core that this thread may run on. After `use_one_thread`, one.
    """
    if getattr(_this_thread, "alone", False):
        return 1
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_num_threads"):  # it lacks it while another thread imports it
        return int(torch.get_num_threads())
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if first.isdecimal() and int(first) > 0:
        return int(first)
    return len(usable_cores()) or os.cpu_count() or 1


def use_one_thread() -> None:
    """Have this thread do its work, and torch's, alone."""
    _this_thread.alone = True
    torch_uses(1)


def torch_uses(threads: int) -> None:
    """Have torch, where it is loaded, use so many threads for work that begins in this thread."""
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "set_num_threads"):
        torch.get_num_threads()  # a thread's first call sets its number to that of all threads; so call it before
        torch.set_num_threads(threads)


def usable_cores() -> frozenset[int]:
    """The cores that this thread may run on now; empty where the system does not tell."""
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()
