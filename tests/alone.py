"""Tests that measure the machine: while one runs alone, the other processes of a parallel run start no test.

Marked `alone`, a test is so from its start. One with the fixture `alone` may begin beside others, and measure again
`with alone():` where they were in its way.

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
        config.pluginmanager.register(Room(Path(tempfile.gettempdir()) / f"tests-{worker['testrunuid']}"), "room")


@pytest.fixture
def alone(request):
    """A function that makes a context: in it, no other test runs."""
    room = request.config.pluginmanager.get_plugin("room")
    return room.alone if room else contextlib.nullcontext


class Room:
    def __init__(self, path):
        self.gate, self.room = (path.with_suffix(ending).open("w") for ending in (".gate", ".room"))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.enter(alone=item.get_closest_marker("alone") is not None)
        try:
            return (yield)
        finally:
            self.leave()

    def enter(self, alone):
        fcntl.flock(self.gate, fcntl.LOCK_EX)
        fcntl.flock(self.room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if not alone:
            fcntl.flock(self.gate, fcntl.LOCK_UN)

    def leave(self):
        for held in (self.room, self.gate):
            fcntl.flock(held, fcntl.LOCK_UN)

    @contextlib.contextmanager
    def alone(self):
        self.leave()  # or two that ask for it would wait for each other
        self.enter(alone=True)
        try:
            yield
        finally:
            self.leave()
            self.enter(alone=False)

    def pytest_unconfigure(self):
        for held in (self.gate, self.room):
            held.close()
            with contextlib.suppress(FileNotFoundError):  # another process was first
                Path(held.name).unlink()
