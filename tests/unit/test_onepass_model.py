"""The one-pass net: its size, its shapes, its merging of levels, and that answers lie where anchors do."""

import numpy as np
import pytest
import torch

from mtcnn_lite.anchors import ONE_PASS, anchor_levels
from mtcnn_lite.nets import normalise
from mtcnn_lite.onepass.model import OnePassNet, merged
from mtcnn_lite.onepass.torch_engine import TorchOnePass


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    net = OnePassNet()
    for layer in net.modules():  # as if trained: no layer leaves a map as it is
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.uniform_(-0.1, 0.1)
            layer.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(layer.bias, -0.1, 0.1)
    return net.eval()


def test_it_is_small(net):
    values = sum(value.numel() for value in net.parameters())
    assert values <= 450_000
    assert 4 * sum(value.numel() for value in net.state_dict().values()) <= 2 << 20


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 96), (96, 64), (160, 32)])
def test_an_answer_for_each_anchor(net, height, width):
    count = sum(len(boxes) for boxes in anchor_levels(height, width, ONE_PASS))
    with torch.no_grad():
        answer = net(torch.zeros(2, 3, height, width))
    assert [tuple(part.shape) for part in answer] == [(2, count, 2), (2, count, 4), (2, count, 10)]
    assert answer.score == pytest.approx(torch.softmax(answer.face, dim=2)[..., 1].numpy(), abs=1e-6)


def test_an_untrained_net_says_no_face():
    with torch.no_grad():
        score = OnePassNet().eval()(torch.zeros(1, 3, 32, 32)).score
    assert score.mean().item() == pytest.approx(0.01, abs=2e-3)


def test_answers_lie_where_their_anchors_do(net):
    """What changes in one corner of a large picture changes no answer of an anchor that is far away, but some near."""
    picture = torch.zeros(1, 3, 640, 640)
    other = picture.clone()
    other[:, :, :8, -8:] = 1
    with torch.no_grad():
        moved = (net(picture).face - net(other).face).abs().amax(dim=(0, 2)).numpy()
    boxes = np.concatenate(anchor_levels(640, 640, ONE_PASS))
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    largest = middle[np.argsort(-moved)[:20]]
    assert (largest[:, 0] > 320).all()
    assert (largest[:, 1] < 320).all()


def test_merging_repeats_each_coarse_pixel():
    fine, coarse = torch.randn(2, 3, 6, 4), torch.randn(2, 3, 3, 2)
    wanted = fine + torch.from_numpy(np.repeat(np.repeat(coarse.numpy(), 2, axis=2), 2, axis=3))
    assert torch.equal(merged(fine, coarse), wanted)


def test_normalisation_worked_into_the_convolutions_changes_nothing(net):
    pixels = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 3), np.uint8)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    [(scores, offsets, points)] = TorchOnePass(net)(pixels)
    with torch.no_grad():
        answer = net(normalise(pixels))
    for found, wanted in ((scores, answer.score), (offsets, answer.offsets), (points, answer.points)):
        assert found == pytest.approx(wanted[0].numpy(), abs=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
