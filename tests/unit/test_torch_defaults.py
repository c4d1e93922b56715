"""A program may have set torch's default type or device for its own work: no detector minds, or touches them."""

import threading

import numpy as np
import pytest
import torch

from mtcnn_lite import Detector
from mtcnn_lite.nets import Nets, ONet, PNet, RNet, make_net
from mtcnn_lite.weights import WeightsError, load_weights, nets_of, save_weights

MAKERS = {
    "shipped": lambda folder: nets_of("mtcnn_lite"),
    "zhang2016": lambda folder: nets_of("zhang2016"),
    "folder": load_weights,
}


@pytest.fixture
def folder(tmp_path, detector):
    save_weights(detector.nets, tmp_path)
    return tmp_path


@pytest.fixture(params=["float64", "float16", "bfloat16", "default device", "device in a with block"])
def session(request):
    """A session with one of its defaults set; meta stands for "cuda", which not every machine has."""
    if request.param == "device in a with block":
        with torch.device("meta"):
            yield
        return
    if request.param == "default device":
        torch.set_default_device("meta")
    else:
        torch.set_default_dtype(getattr(torch, request.param))
    yield
    torch.set_default_device(None)
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("maker", MAKERS)
def test_weights_are_float32_on_the_cpu(session, folder, maker):
    before = torch.get_default_dtype(), torch.get_default_device()
    nets = MAKERS[maker](folder)
    assert (torch.get_default_dtype(), torch.get_default_device()) == before
    for net in nets:
        for value in net.state_dict().values():
            assert (value.dtype, value.device.type) == (torch.float32, "cpu")
        assert all(value.requires_grad for value in net.parameters())


def test_a_detector_finds_the_same(session, detector, astronaut):
    found, expected = Detector("zhang2016").detect(astronaut), detector.detect(astronaut)
    for name in ("boxes", "scores", "landmarks"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert len(Detector().detect(astronaut)) == 1


@pytest.mark.parametrize("kind", [torch.float64, torch.float16])
def test_nets_of_ones_own_are_float32(kind, astronaut):
    torch.set_default_dtype(kind)
    try:
        nets = Nets(PNet(), RNet(), ONet())
    finally:
        torch.set_default_dtype(torch.float32)
    assert {value.dtype for net in nets for value in net.parameters()} == {torch.float32}
    Detector(nets, min_face=100).detect(astronaut)


@pytest.mark.parametrize("name", ["pnet", "rnet", "onet"])
@pytest.mark.parametrize(("change", "found"), [(torch.nn.Module.double, "float64 on cpu"),
                                               (lambda net: net.to("meta"), "float32 on meta")])  # fmt: skip
def test_nets_of_another_kind_are_refused(name, change, found):
    nets = Nets(PNet(), RNet(), ONet())
    change(getattr(nets, name))
    with pytest.raises(WeightsError, match=rf"a net {name} whose 'conv1.weight' is torch\.{found}; .*{name}\.float"):
        Detector(nets)


def test_nets_are_made_so_in_this_thread_only():
    """While one thread makes nets, another's new layers follow torch's default type."""
    stop, odd = threading.Event(), []

    def other():
        while not stop.is_set():
            layer = torch.nn.Linear(2, 2)
            if layer.weight.dtype != torch.float64:
                odd.append(layer.weight)

    torch.set_default_dtype(torch.float64)
    thread = threading.Thread(target=other)
    thread.start()
    for _ in range(50):
        make_net("pnet", landmark_head=True)
    stop.set()
    thread.join()
    torch.set_default_dtype(torch.float32)
    assert not odd
