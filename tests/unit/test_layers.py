"""The fast pooling and PReLU against torch's own, number for number."""

import pytest
import torch
from torch import nn

from mtcnn_lite.nets.layers import MaxPool2d, PReLU

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


@pytest.mark.parametrize("memory", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("channels", [10, 32])
def test_gradients_are_torchs(channels, memory):
    """Of the input bit for bit; of the slopes, each a sum over the whole map, up to the order of adding."""
    ours = nn.Sequential(PReLU(channels), MaxPool2d(2, 2))
    theirs = nn.Sequential(nn.PReLU(channels), nn.MaxPool2d(2, 2, ceil_mode=True))
    gradients = []
    for net in (ours, theirs):
        net[0].weight.data = torch.linspace(-1.5, 1.2, channels)
        x = noise((2, channels, 7, 6), memory)
        x[0, :, 0, 0] = 0  # where torch takes the slope
        x.requires_grad_()
        net(x).square().sum().backward()
        gradients.append((x.grad, net[0].weight.grad))
    (of_input, of_slopes), expected = gradients
    assert torch.equal(of_input, expected[0])
    assert of_input.abs().sum() > 0
    assert torch.allclose(of_slopes, expected[1], rtol=1e-5, atol=1e-5)


def test_gradients_of_windows_that_overlap_are_torchs():
    """R-Net's and O-Net's pooling: a pixel that is the largest of several windows has a gradient from each."""
    ours = nn.Sequential(nn.Conv2d(3, 32, 3), PReLU(32), MaxPool2d(3, 2)).to(memory_format=torch.channels_last)
    theirs = nn.Sequential(ours[0], nn.PReLU(32), nn.MaxPool2d(3, 2, ceil_mode=True))
    x, outer, gradients = noise((2, 3, 12, 9), torch.channels_last), None, []
    for net in (ours, theirs):
        net[1].weight.data = torch.linspace(-1.5, 1.2, 32)
        y = net(x)
        outer = torch.randn_like(y) if outer is None else outer
        gradients.append(torch.autograd.grad(y, (net[0].weight, net[1].weight), outer))
    assert type(ours(x).grad_fn).__name__ == "_AfterPReLUBackward"  # the path that is measured
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_what_lies_between_prelu_and_pooling_keeps_its_part_of_the_gradient():
    x = noise((2, 16, 6, 6), torch.channels_last).requires_grad_()
    y = x.detach().clone(memory_format=torch.channels_last).requires_grad_()
    between, same = PReLU(16)(x), nn.PReLU(16)(y)
    (MaxPool2d(2, 2)(between).sum() + between.square().sum()).backward()
    (nn.MaxPool2d(2, 2)(same).sum() + same.square().sum()).backward()
    torch.testing.assert_close(x.grad, y.grad)


def test_a_gradient_in_other_memory_is_the_same():
    x, outer = (noise((2, 10, 7, 6), torch.contiguous_format) for _ in range(2))
    found = []
    for memory in (torch.channels_last, torch.contiguous_format):
        layer, y = PReLU(10), x.clone(memory_format=memory).requires_grad_()
        layer(y).backward(outer)
        found.append((y.grad, layer.weight.grad))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.allclose(found[0][1], found[1][1], rtol=1e-5)
