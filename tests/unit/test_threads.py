"""How many threads work may use, in a process that has not loaded torch."""

import os
import subprocess
import sys

import pytest
import torch

from mtcnn_lite.runtime.threads import thread_count, usable_cores, use_one_thread

COUNT = "import sys; from mtcnn_lite.runtime.threads import thread_count; print(thread_count(), 'torch' in sys.modules)"


@pytest.mark.parametrize(("said", "threads"), [("3", 3), ("5,2", 5), ("", None), ("0", None), ("many", None)])
def test_without_torch_the_environment_says(said, threads):
    done = subprocess.run([sys.executable, "-c", COUNT], env=os.environ | {"OMP_NUM_THREADS": said},
                          capture_output=True, text=True)  # fmt: skip
    assert done.stdout.split() == [str(threads or len(usable_cores()) or os.cpu_count()), "False"], done.stderr


def test_with_torch_torch_says():
    assert thread_count() == torch.get_num_threads()


NESTED = """
import sys
from mtcnn_lite.runtime.parallel import imap, parallel_map, warm_up
warm_up()
def work(n):
    return sum(parallel_map(lambda k: k * n, range(3)))
print(list(imap(work, range(8))), "torch" in sys.modules)
"""


def test_work_within_work_does_not_wait_for_its_own_threads():
    done = subprocess.run([sys.executable, "-c", NESTED], env=os.environ | {"OMP_NUM_THREADS": "2"}, timeout=60,
                          capture_output=True, text=True)  # fmt: skip
    assert done.stdout.strip() == f"{[3 * n for n in range(8)]} False", done.stderr


def test_a_thread_that_works_alone_says_one():
    import threading

    seen = []
    before = torch.get_num_threads()

    def work():
        use_one_thread()
        seen.append(thread_count())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    torch.set_num_threads(before)
    assert seen == [1]
