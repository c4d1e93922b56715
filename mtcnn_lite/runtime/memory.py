"""A hint to the C library of Linux to keep memory that is freed. Other systems lose nothing by it."""

import ctypes
from contextlib import suppress

import numpy as np

LARGEST = 31 << 20  # bytes: just under the size from which glibc no longer raises its limits
MMAP_MAX, TRIM_THRESHOLD, TOP_PAD = -4, -1, -2  # glibc's numbers for what `mallopt` sets


def keep_freed_memory(without_limit: bool = False) -> None:
    """Let glibc keep freed memory for the next array, rather than return it to the system and fetch it again.

    A net's layers allocate and free arrays of a few MB all the time. Fetched anew, page by page, they cost about a
    tenth of detection's time and half of O-Net's training.

    `without_limit` is for a process that does nothing but train: it keeps up to 2 GB, for good. Otherwise up to 62 MB
    are kept, twice the largest array that glibc has seen freed, which is harmless in any program.
    """
    if not without_limit:
        np.empty(LARGEST, np.uint8)  # freed at once
        return
    with suppress(OSError, AttributeError):  # another C library
        libc = ctypes.CDLL("libc.so.6")
        for option, value in ((MMAP_MAX, 0), (TRIM_THRESHOLD, 2_000_000_000), (TOP_PAD, 500_000_000)):
            libc.mallopt(option, value)
