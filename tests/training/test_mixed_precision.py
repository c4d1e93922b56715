"""Convolutions in bfloat16: what is rounded, what is not, and where they are used."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from mtcnn_lite.nets import ONet
from mtcnn_lite.training import mixed_precision
from mtcnn_lite.training.mixed_precision import convolutions_for, multiplies_bfloat16


@pytest.fixture
def fast_at_it(monkeypatch):
    """Whatever this processor is, it counts as one that multiplies bfloat16."""
    monkeypatch.setattr(mixed_precision, "multiplies_bfloat16", lambda: True)


def in_bfloat16(*tensors):
    return (each.bfloat16().float() for each in tensors)


def test_a_convolution_is_rounded_to_eight_digits(fast_at_it):
    """Of numbers that bfloat16 holds, products and sums are exact in float32: only the result is rounded."""
    torch.manual_seed(0)
    layer, x = nn.Conv2d(3, 8, 3), torch.randn(2, 3, 9, 7)
    exact = functional.conv2d(*in_bfloat16(x, layer.weight, layer.bias))
    with convolutions_for("onet", "cpu"):
        found = layer(x)
    assert found.dtype == torch.float32
    assert torch.equal(found, found.bfloat16().float())
    assert not torch.equal(found, layer(x))
    torch.testing.assert_close(found, exact, rtol=2**-7, atol=1e-3)


def test_gradients_are_those_of_float32_but_for_the_rounding(fast_at_it):
    torch.manual_seed(0)
    net, x = ONet().to(memory_format=torch.channels_last), torch.randn(16, 3, 48, 48)
    gradients = []
    for context in (convolutions_for("onet", "cpu"), convolutions_for("pnet", "cpu")):
        with context:
            answer = net(x)
        (answer.face.square().sum() + answer.offsets.square().sum() + answer.landmarks.square().sum()).backward()
        gradients.append([value.grad.flatten() for value in net.parameters()])
        net.zero_grad()
    for found, exact in zip(*gradients, strict=True):
        assert found.dtype == torch.float32
        assert 0 < (found - exact).norm() < 0.2 * exact.norm()
        assert functional.cosine_similarity(found, exact, dim=0) > 0.98


def test_dense_layers_stay_in_float32(fast_at_it):
    torch.manual_seed(0)
    layer, x = nn.Linear(8, 4), torch.randn(3, 8)
    with convolutions_for("onet", "cpu"):
        assert torch.equal(layer(x), functional.linear(x, layer.weight, layer.bias))


@pytest.mark.parametrize(("net", "device"), [("pnet", "cpu"), ("onet", "cuda:0"), ("rnet", "mps")])
def test_others_compute_as_ever(fast_at_it, net, device):
    layer, x = nn.Conv2d(3, 8, 3), torch.randn(2, 3, 9, 7)
    with convolutions_for(net, device):
        found = layer(x)
    assert torch.equal(found, layer(x))


def test_a_processor_without_such_instructions_computes_as_ever(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    multiplies_bfloat16.cache_clear()
    layer, x = nn.Conv2d(3, 8, 3), torch.randn(2, 3, 9, 7)
    with convolutions_for("onet", "cpu"):
        found = layer(x)
    multiplies_bfloat16.cache_clear()
    assert torch.equal(found, layer(x))
