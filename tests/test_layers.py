"""The fast pooling and PReLU against torch's own, number for number."""

import pytest
import torch
from torch import nn

from mtcnn_lite.layers import MaxPool2d, PReLU

# Even and odd sides, a side of one window, a last window that holds one row or column only, many photos, no photo.
SHAPES = [(1, 10, 12, 12), (2, 10, 37, 51), (1, 16, 3, 3), (3, 28, 22, 22), (2, 5, 4, 9), (1, 1, 5, 4), (0, 10, 12, 12)]


def noise(shape, memory):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).contiguous(memory_format=memory)


@pytest.mark.parametrize("memory", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [2, 3])
def test_pooling_is_torchs_with_sides_rounded_up(shape, memory, size):
    x = noise(shape, memory)
    before = x.clone()
    with torch.inference_mode():
        pooled = MaxPool2d(size, 2)(x)
    expected = nn.MaxPool2d(size, 2, ceil_mode=True)(x) if len(x) else pooled
    assert torch.equal(pooled, expected)
    assert pooled.shape[2:] == tuple(-(-(side - size) // 2) + 1 for side in shape[2:])
    assert torch.equal(x, before)


def test_pooled_memory_stays_channels_last():
    with torch.inference_mode():
        pooled = MaxPool2d(3, 2)(noise((2, 28, 22, 22), torch.channels_last))
    assert pooled.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("memory", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("shape", SHAPES)
def test_prelu_is_torchs_with_the_slopes_of_its_channels(shape, memory):
    x, channels = noise(shape, memory), shape[1]
    ours, theirs = PReLU(channels), nn.PReLU(channels)
    slopes = torch.linspace(-1.5, 1.2, channels)
    for layer in (ours, theirs):
        layer.weight.data = slopes.clone()
    before = x.clone()
    with torch.inference_mode():
        assert torch.equal(ours(x), theirs(x))
    assert torch.equal(x, before)


def test_prelu_after_a_dense_layer():
    x = noise((4, 6), torch.contiguous_format)
    with torch.inference_mode():
        assert torch.equal(PReLU(6)(x), torch.where(x > 0, x, 0.25 * x))


def test_gradients_are_torchs():
    ours = nn.Sequential(PReLU(10), MaxPool2d(2, 2))
    theirs = nn.Sequential(nn.PReLU(10), nn.MaxPool2d(2, 2, ceil_mode=True))
    gradients = []
    for net in (ours, theirs):
        x = noise((2, 10, 7, 6), torch.channels_last).requires_grad_()
        net(x).square().sum().backward()
        gradients.append((x.grad, net[0].weight.grad))
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))
    assert gradients[0][0].abs().sum() > 0
