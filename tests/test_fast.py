"""The nets asked fast are the nets, and work shared among threads is the work."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from mtcnn_lite.fast import FastNet, fast_nets
from mtcnn_lite.nets import ONet, PNet, RNet, normalise
from mtcnn_lite.scenes import collage
from mtcnn_lite.workers import pool, share

RNG = np.random.default_rng(0)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("blocked", [True, False])
@pytest.mark.parametrize(("kind", "shape"), [(PNet, (1, 37, 52)), (PNet, (3, 12, 12)), (RNet, (5, 24, 24)),
                                             (ONet, (5, 48, 48)), (ONet, (1, 48, 48))])  # fmt: skip
def test_fast_nets_answer_as_their_originals(monkeypatch, kind, shape, blocked):
    if blocked and not torch.backends.mkldnn.is_available():
        pytest.skip("this torch has no oneDNN")
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: blocked)
    torch.manual_seed(0)
    net, images = kind(), RNG.integers(0, 256, (*shape, 3), dtype=np.uint8)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.PReLU):
                module.weight.uniform_(-1.3, 1.3)  # no slope like another; negative ones too, as in the authors' P-Net
        want = net(normalise(images))
    fast = FastNet(net)
    for photos in (images, images[:, :, ::-1][:, :, ::-1], np.asfortranarray(images)):
        got = fast(photos)
        for name in ("face", "offsets", "score"):
            np.testing.assert_allclose(getattr(got, name), getattr(want, name).detach(), atol=1e-5)
        if kind is ONet:
            np.testing.assert_allclose(got.landmarks, want.landmarks.detach(), atol=1e-5)
        else:
            assert got.landmarks is None
    assert net.landmarks is not None
    assert net.training
    assert all(p.requires_grad and p.layout == torch.strided for p in net.parameters())


def test_training_on_does_not_change_a_detector(detector):
    nets = fast_nets(detector.nets)
    image = RNG.integers(0, 256, (1, 24, 24, 3), dtype=np.uint8)
    net = RNet()
    fast = FastNet(net)
    before = fast(image).score
    with torch.no_grad():
        net.face.weight.add_(1)
    torch.testing.assert_close(fast(image).score, before, rtol=0, atol=0)
    assert [n.size for n in nets] == [12, 24, 48]


@pytest.mark.usefixtures("two_threads")
def test_shared_work_is_the_work_in_order():
    def work(n):
        assert torch.get_num_threads() == 1
        return n * n

    assert share(work, range(50)) == [n * n for n in range(50)]
    assert share(work, []) == []
    assert torch.get_num_threads() == 2
    with pytest.raises(ZeroDivisionError):
        share(lambda n: 1 // n, [2, 1, 0, 3])


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
from mtcnn_lite.workers import share
torch.set_num_threads(2)
share(abs, [1, 2, 3])
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
    share(abs, [1, 2])
    assert pool.cache_info().currsize == 1
    child = os.fork()
    if child == 0:
        os._exit(0 if pool.cache_info().currsize == 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
