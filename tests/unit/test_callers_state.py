"""Whatever a program has set for its own work, a detector finds the same faces; copies of it do so too."""

import contextlib
import copy
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from mtcnn_lite.course.scenes import collage


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def picture():
    return collage(sides=(24, 60, 30, 40), columns=2, cell=160)[0]


def same(found, expected):
    assert len(found) == len(expected)
    for name in ("boxes", "scores", "landmarks"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


@contextlib.contextmanager
def with_setting(set_it, get_it, value):
    before = get_it()
    set_it(value)
    try:
        yield
    finally:
        set_it(before)


def in_training(nets):
    return with_setting(lambda mode: [net.train(mode) for net in nets], lambda: False, True)


STATES = {
    "autocast": lambda nets: torch.autocast("cpu", dtype=torch.bfloat16),
    "autocast to float16": lambda nets: torch.autocast("cpu", dtype=torch.float16),
    "no_grad": lambda nets: torch.no_grad(),
    "enable_grad": lambda nets: torch.enable_grad(),
    "inference_mode": lambda nets: torch.inference_mode(),
    "gradients off": lambda nets: with_setting(torch.set_grad_enabled, torch.is_grad_enabled, False),
    "float64": lambda nets: with_setting(torch.set_default_dtype, torch.get_default_dtype, torch.float64),
    "float16": lambda nets: with_setting(torch.set_default_dtype, torch.get_default_dtype, torch.float16),
    "another device": lambda nets: torch.device("meta"),
    "deterministic": lambda nets: with_setting(
        torch.use_deterministic_algorithms, torch.are_deterministic_algorithms_enabled, True
    ),
    "training": in_training,
}


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("state", STATES)
def test_a_state_of_torch_changes_nothing(detector, picture, state):
    expected = detector.detect(picture)
    assert len(expected) == 4
    [together] = detector.detect_many([picture])
    with STATES[state](detector.nets):
        same(detector.detect(picture), expected)
        same(next(detector.detect_many([picture])), together)
        same(detector.trace(picture).faces, expected)


@pytest.mark.usefixtures("threads")
def test_a_lower_precision_that_was_asked_for_moves_points_a_little(detector, picture):
    expected = detector.detect(picture)
    with with_setting(torch.set_float32_matmul_precision, torch.get_float32_matmul_precision, "medium"):
        found = detector.detect(picture)
    np.testing.assert_allclose(found.boxes, expected.boxes, atol=0.5)
    np.testing.assert_allclose(found.landmarks, expected.landmarks, atol=0.5)


def test_after_autocast_the_caller_still_has_it(detector, picture):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        detector.detect(picture)
        assert torch.is_autocast_enabled("cpu")
        assert torch.mm(torch.ones(2, 2), torch.ones(2, 2)).dtype == torch.bfloat16


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_copies_find_the_same(detector, picture, again):
    expected = detector.detect(picture)
    same(again(detector).detect(picture), expected)
    assert again(detector.settings) == detector.settings
    begun = detector.trace(picture)
    same(again(begun).faces, expected)  # before any stage has run
    assert len(begun.pnet.last)
    same(again(begun).faces, expected)  # in the middle
    assert begun.seconds.keys() == again(begun).seconds.keys()
    ended = again(begun)
    same(ended.faces, expected)
    same(ended.rerun(thresholds=(0.6, 0.7, 0.7)).faces, expected)
    assert ended.counts() == begun.counts()
    candidates = again(begun.onet.last)
    assert np.array_equal(candidates.points, begun.onet.last.points)


def test_candidates_without_points_say_so(detector, picture):
    with pytest.raises(ValueError, match="no landmarks: they come with O-Net"):
        _ = detector.trace(picture).pnet.last.points


STRICT = """
import logging
from skimage.data import astronaut
from mtcnn_lite import Detector

photo = astronaut()

class Raises(logging.Handler):
    def emit(self, record):
        raise AssertionError(record.getMessage())

logging.basicConfig(level=0, handlers=[Raises()])
detector = Detector()
trace = detector.trace(photo)
print(len(detector.detect(photo)), [len(faces) for faces in detector.detect_many([photo] * 2)], list(trace.seconds))
"""


@pytest.mark.parametrize("flags", [["-W", "error"], ["-OO", "-W", "error", "-bb"]])
def test_a_strict_or_an_optimised_python_finds_the_same(flags):
    done = subprocess.run([sys.executable, *flags, "-c", STRICT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1 [1, 1] ['pyramid', 'pnet', 'rnet', 'onet']"
    assert done.stderr == ""


@pytest.mark.usefixtures("threads")
def test_eight_threads_find_what_one_does(detector, picture):
    photos = [picture, picture[:160], picture[:, 160:]] * 3
    expected, alone = list(detector.detect_many(photos)), [detector.detect(photo) for photo in photos]
    for many, one in zip(expected, alone, strict=True):
        np.testing.assert_allclose(many.boxes, one.boxes, atol=0.01)
        np.testing.assert_allclose(many.landmarks, one.landmarks, atol=0.01)
    found, start = {}, threading.Barrier(8)

    def work(number):
        start.wait()
        found[number] = list(detector.detect_many(photos)), detector.detect(photos[number])

    running = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert sorted(found) == list(range(8))
    for number, (many, one) in found.items():
        same(one, alone[number])
        for faces, other in zip(many, expected, strict=True):
            same(faces, other)
