"""Tests marked `alone` measure the machine: while one runs, the other processes of a parallel run start no test.

Each test holds the room, shared with others or alone. Who comes passes the gate first, and one that waits to be alone
keeps it shut: the others could not slip into the room before it again and again.
"""

import contextlib
import tempfile
from pathlib import Path

import pytest

try:
    import fcntl
except ImportError:  # not on Windows: there nobody waits
    fcntl = None


def pytest_configure(config):
    worker = getattr(config, "workerinput", None)  # of pytest-xdist; None where all tests run in one process
    if worker is not None and fcntl is not None:
        config.pluginmanager.register(Room(Path(tempfile.gettempdir()) / f"tests-{worker['testrunuid']}"))


class Room:
    def __init__(self, path):
        self.gate, self.room = (path.with_suffix(ending).open("w") for ending in (".gate", ".room"))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        alone = item.get_closest_marker("alone") is not None
        fcntl.flock(self.gate, fcntl.LOCK_EX)
        try:
            fcntl.flock(self.room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            if not alone:
                fcntl.flock(self.gate, fcntl.LOCK_UN)
            return (yield)
        finally:
            for held in (self.room, self.gate):
                fcntl.flock(held, fcntl.LOCK_UN)

    def pytest_unconfigure(self):
        for held in (self.gate, self.room):
            held.close()
            with contextlib.suppress(FileNotFoundError):  # another process was first
                Path(held.name).unlink()
