"""Multiply-adds of a net: against those that are counted while it runs, and by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from mtcnn_lite import Detector
from mtcnn_lite.nets import PNet, multiply_adds, normalise


@pytest.mark.parametrize("size", [(12, 12), (13, 12), (14, 31), (45, 28), (60, 72)])
def test_multiply_adds_are_counted_at_the_nets_own_shapes(size):
    """Every convolution's output, counted while P-Net runs."""
    net, counted = PNet(landmark_head=False), []

    def count(layer, _, out):
        counted.append(out[0].numel() * layer.in_channels * layer.kernel_size[0] * layer.kernel_size[1])

    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(count)
    with torch.inference_mode():
        net(normalise(np.zeros((1, *size, 3), np.uint8)))
    assert multiply_adds(net, *size) == sum(counted)


def test_multiply_adds_by_hand():
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(4 * 4 * 3, 5)
    )
    assert multiply_adds(net, 10, 8) == 4 * 3 * 9 * (8 * 6) + 48 * 5
    rnet = Detector("zhang2016").nets.rnet
    conv = 28 * 27 * 22 * 22 + 48 * 28 * 9 * 9 * 9 + 64 * 48 * 4 * 3 * 3
    assert multiply_adds(rnet, 24, 24) == conv + 576 * 128 + 128 * (2 + 4)
