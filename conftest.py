"""For all tests, the notebooks too."""

import os

# One thread each, here and in the kernels and processes that tests start: small nets on two threads take longer, and
# on a machine that others use as well, the threads wait for one another, and small images take twenty times as long.
os.environ["OMP_NUM_THREADS"] = "1"


def pytest_itemcollected(item):
    """nbval gives up where a cell's output takes five seconds to arrive, which a busy machine may need."""
    if hasattr(item, "output_timeout"):
        item.output_timeout = 60
