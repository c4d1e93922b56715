"""Forked processes, processes that end, and processes that may use fewer cores than before."""

import os
import subprocess
import sys

import numpy as np
import pytest

if not hasattr(os, "fork"):
    pytest.skip("this system cannot fork", allow_module_level=True)

FORKS = """
import os, sys, time, warnings
import torch
from skimage.data import astronaut
from mtcnn_lite import Detector

warnings.simplefilter("ignore", DeprecationWarning)  # of forks where there are threads
torch.set_num_threads(2)
photo, detector = astronaut(), Detector()
if "detected" in sys.argv:
    detector.detect(photo)
children = []
for _ in range(8):
    child = os.fork()
    if child == 0:
        used = Detector() if "own" in sys.argv else detector
        faces = [used.detect(photo), *used.detect_many([photo[:300]] * 3)]
        os._exit(0 if [len(each) for each in faces] == [1] * 4 else 1)
    children.append(child)
deadline, ended = time.monotonic() + 60, []
while children and time.monotonic() < deadline:
    for child in list(children):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            children.remove(child)
            ended.append(status)
    time.sleep(0.05)
for child in children:
    os.kill(child, 9)
print(ended, len(detector.detect(photo)))
"""


def run(code, *arguments, **changed):
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"} | changed
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, env=environment)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["own"], ["own", "detected"], [], ["detected"]], ids=" ".join)
def test_eight_of_eight_forked_children_detect(arguments):
    """With a detector of their own, and with their parent's."""
    done = run(FORKS, *arguments)
    assert (done.stdout.strip(), done.stderr) == ("[0, 0, 0, 0, 0, 0, 0, 0] 1", "")


POOL = """
import multiprocessing
import numpy as np
from skimage.data import astronaut
from mtcnn_lite import Detector

def work(photo):
    return Detector().detect(photo).boxes

if __name__ == "__main__":
    expected = Detector().detect(astronaut()).boxes
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map_async(work, [astronaut()] * 4).get(60)
    print([np.array_equal(boxes, expected) for boxes in found])
"""


def test_a_pool_by_fork_detects():
    done = run(POOL)
    assert (done.returncode, done.stdout.strip()) == (0, "[True, True, True, True]"), done.stderr


ENDING = """
import atexit, itertools, sys, threading, time
import torch
torch.set_num_threads(int(sys.argv[2]))
from skimage.data import astronaut
from mtcnn_lite import Detector
photo, detector, begun = astronaut(), Detector(), threading.Event()

def detect():
    while True:
        detector.detect(photo)
        begun.set()

def detect_many():
    for _ in detector.detect_many(itertools.repeat(photo[:300])):
        begun.set()

if sys.argv[1] == "atexit":
    @atexit.register
    def last():
        torch.set_num_threads(3)  # threads that are not there yet
        print(len(detector.detect(photo)), len(Detector().detect(photo)), *map(len, detector.detect_many([photo] * 2)))
else:
    threading.Thread(target=globals()[sys.argv[1]], daemon=True).start()
    begun.wait()
"""


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize(("what", "said"), [("atexit", "1 1 1 1"), ("detect", ""), ("detect_many", "")])
def test_detection_while_python_ends(what, said, threads):
    """In an atexit handler it works; a daemon thread at work neither complains nor takes the process down."""
    done = run(ENDING, what, threads)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, said, "")


CORES = """
import os, threading, torch
torch.set_num_threads(2)
from mtcnn_lite.runtime.parallel import imap, parallel_map, warm_up
warm_up()
cores = sorted(os.sched_getaffinity(0))

def where(both):
    both.wait(timeout=20)
    return sorted(os.sched_getaffinity(0))

def all_of_them():
    pinned = sorted(parallel_map(where, [threading.Barrier(2)] * 2, pinned=True))
    return pinned, parallel_map(where, [threading.Barrier(2)] * 2), list(imap(where, [threading.Barrier(2)] * 2))

before, free, also = all_of_them()
assert sorted(sum(before, [])) == cores and free == also == [cores] * 2, (before, free, also)
os.sched_setaffinity(0, cores[1:2])
assert all_of_them() == ([cores[1:2]] * 2,) * 3, all_of_them()
os.sched_setaffinity(0, cores)
assert all_of_them() == (before, free, also)
torch.set_num_threads(3)
three = threading.Barrier(3)
assert len(parallel_map(where, [three] * 3)) == 3
"""


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) != 2, reason="needs exactly two cores"
)
def test_threads_follow_the_cores_that_are_left():
    done = run(CORES)
    assert done.returncode == 0, done.stderr


def test_frames_written_into_the_same_array_are_each_their_own(detector, astronaut):
    frame = np.zeros((300, 460, 3), np.uint8)

    def frames():
        for k in range(40):
            frame[:] = 90
            frame[20:270, 5 * k : 5 * k + 250] = astronaut[20:270, 100:350]
            yield frame

    expected = [detector.detect(one.copy()) for one in frames()]
    for found, one in zip(detector.detect_many(frames()), expected, strict=True):
        np.testing.assert_allclose(found.boxes, one.boxes, atol=0.02)
    assert len({round(float(one.boxes[0, 0])) for one in expected}) > 30


def test_a_photo_drawn_on_after_its_turn_came_is_detected_as_it_was(detector, astronaut):
    """Views of one photo: what is drawn for one must not be seen in those that were read already."""
    photo = astronaut[:200].copy()
    found = detector.detect_many(iter([photo[:, k:] for k in (0, 8, 16)]))
    assert len(next(found)) == 1
    photo[:] = 0
    assert [len(faces) for faces in found] == [1, 1]
