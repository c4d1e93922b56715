"""A reader's losses in training: measured slopes against autograd's, asked weights against the table."""

import math

import numpy as np
import pytest
import torch

from mtcnn_lite.course.own_losses import batch_total, measured, weights_in
from mtcnn_lite.losses import PAPER, WEIGHTS, sample_losses, takes_part
from mtcnn_lite.nets import NetOutput


def by_loops(p, label):
    return [-math.log(a if y else 1 - a) for a, y in zip(p.tolist(), label.tolist(), strict=True)]


def by_arrays(p, label):
    return -np.log(np.where(label == 1, p, 1 - p))


def by_torch(p, label):
    return -torch.log(torch.where(torch.tensor(label == 1), torch.tensor(p, requires_grad=True), 1 - torch.tensor(p)))


def plain_sum(losses, kinds, weights):
    total = 0.0
    for (detection, box, landmark), kind in zip(losses, kinds, strict=True):
        total += weights[0] * detection * (kind in ("negative", "positive"))
        total += weights[1] * box * (kind in ("positive", "part")) + weights[2] * landmark * (kind == "landmark")
    return total


@pytest.mark.parametrize("loss", [by_loops, by_arrays, by_torch])
def test_measured_slope_is_that_of_cross_entropy(loss):
    values = torch.tensor([0.001, 0.02, 0.3, 0.5, 0.9, 0.999], dtype=torch.float64)
    for y in (0, 1):
        p = values.clone().requires_grad_()
        found = measured(p, torch.full((6,), y), loss)
        found.sum().backward()
        truth = values if y else 1 - values
        np.testing.assert_allclose(found.detach(), -truth.log(), rtol=1e-4)
        np.testing.assert_allclose(p.grad, (-1 if y else 1) / truth, rtol=1e-3)


def test_a_probability_of_0_or_1_has_a_finite_loss_and_slope():
    p = torch.tensor([0.0, 1.0], dtype=torch.float64, requires_grad=True)
    found = measured(p, torch.tensor([1, 0]), by_arrays)
    found.sum().backward()
    assert torch.isfinite(found).all()
    assert torch.isfinite(p.grad).all()


def test_weights_are_found_by_asking():
    kinds = torch.tensor([3, 0, 2, 1, 1], dtype=torch.uint8)
    for weights in WEIGHTS.values():
        expected = PAPER[kinds.long()] * torch.tensor(weights)
        np.testing.assert_allclose(weights_in(plain_sum, kinds, weights), expected)


def batch(count=40):
    torch.manual_seed(3)
    answers = [torch.randn(count, k, dtype=torch.float64, requires_grad=True) for k in (2, 4, 10)]
    kinds = torch.arange(count) % 4
    targets = [torch.rand(count, k, dtype=torch.float64) for k in (4, 10)]
    targets[1][kinds != 3] = math.nan
    return answers, (kinds, *targets)


@pytest.mark.parametrize("net", WEIGHTS)
def test_a_readers_losses_teach_the_same(net):
    """Value and gradient against equation 4 written out with the package's losses."""
    gradients = []
    for own in ({}, {"detection": by_loops}, {"total": plain_sum}, {"detection": by_arrays, "total": plain_sum}):
        answers, targets = batch()
        found = batch_total(NetOutput(*answers), targets, WEIGHTS[net], **own)
        found.backward()
        losses = sample_losses(NetOutput(*answers), *targets, takes_part(targets[0]))
        assert found.item() == pytest.approx(
            plain_sum(losses.tolist(), KIND_NAMES[targets[0]], WEIGHTS[net]) / 40, rel=1e-5
        )
        gradients.append(torch.cat([a.grad for a in answers], dim=1))
    for other in gradients[1:]:
        np.testing.assert_allclose(other, gradients[0], rtol=1e-2, atol=1e-6)
    assert gradients[0].abs().max() > 0


KIND_NAMES = np.array(["negative", "positive", "part", "landmark"])


def test_part_and_landmark_samples_pay_no_detection_loss_of_a_reader():
    answers, (kinds, *targets) = batch(4)
    batch_total(NetOutput(*answers), (kinds, *targets), (1, 0, 0), detection=by_arrays).backward()
    assert answers[0].grad[2:].abs().max() == 0
    assert answers[0].grad[:2].abs().min() > 0
