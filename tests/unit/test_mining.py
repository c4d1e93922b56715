"""Hard examples: against sorting by hand, and the variant with NMS against its steps one by one."""

import numpy as np
import pytest
import torch
from oracles import integer_boxes

from mtcnn_lite.boxes import iou
from mtcnn_lite.losses import WEIGHTS, multitask_loss, takes_part
from mtcnn_lite.mining import hard_examples, ohem_nms


def by_sorting(losses, keep, among):
    """Python's stable sort of (loss, row) pairs."""
    rows = [i for i in range(len(losses)) if among[i]]
    best = sorted(rows, key=lambda i: -losses[i])[: max(1, int(keep * len(rows)))]
    return [i in best for i in range(len(losses))]


@pytest.mark.parametrize("keep", [0.01, 0.3, 0.5, 0.7, 1.0])
@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_hard_examples_are_what_sorting_says(keep, count):
    rng = np.random.default_rng(count)
    losses = rng.integers(0, 20, count) / 4  # with ties
    among = rng.random(count) < 0.6
    found = hard_examples(torch.tensor(losses), keep, torch.tensor(among))
    assert found.tolist() == by_sorting(losses, keep, among)
    assert hard_examples(torch.tensor(losses), keep).tolist() == by_sorting(losses, keep, [True] * count)


def test_seventy_percent_of_ten_by_hand():
    losses = torch.tensor([0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6, 0.4, 0.5, 1.0])
    assert hard_examples(losses).nonzero()[:, 0].tolist() == [0, 2, 4, 6, 7, 8, 9]


def test_the_share_is_of_those_with_a_detection_loss():
    """A batch of 10 with 4 detection losses keeps int(0.7 * 4) = 2, however large the others' numbers are."""
    losses, among = torch.tensor([9.0] * 6 + [0.1, 0.4, 0.2, 0.3]), torch.arange(10) >= 6
    assert hard_examples(losses, among=among).nonzero()[:, 0].tolist() == [7, 9]


def test_of_equal_losses_the_earlier_are_taken():
    assert hard_examples(torch.full((100,), 0.5), keep=0.25).nonzero()[:, 0].tolist() == list(range(25))


def test_at_least_one_but_never_one_without_a_loss():
    assert hard_examples(torch.tensor([0.2, 0.3]), keep=0.1).tolist() == [False, True]
    nobody = torch.zeros(3, dtype=torch.bool)
    assert hard_examples(torch.ones(3), among=nobody).tolist() == [False] * 3
    assert hard_examples(torch.zeros(0)).tolist() == []


def test_choice_carries_no_gradient_and_changes_nothing():
    losses = torch.rand(10, requires_grad=True)
    before, among = losses.detach().clone(), torch.arange(10) < 6
    chosen = hard_examples(losses, among=among)
    assert chosen.dtype == torch.bool
    assert not chosen.requires_grad
    assert torch.equal(losses.detach(), before)
    assert among.sum() == 6


def test_easy_samples_have_no_gradient_in_detection_and_keep_it_in_the_box():
    kinds = torch.tensor([0, 0, 1, 1])
    losses = torch.tensor([[0.1, 0, 0], [3.0, 0, 0], [0.2, 1.0, 0], [2.0, 1.0, 0]], requires_grad=True)
    part = takes_part(kinds)
    part[:, 0] &= hard_examples(losses[:, 0], 0.5, part[:, 0])
    multitask_loss(losses, part, WEIGHTS["pnet"]).total.backward()
    assert losses.grad.tolist() == [[0, 0, 0], [0.5, 0, 0], [0, 0.25, 0], [0.5, 0.25, 0]]


@pytest.mark.parametrize("keep", [0, -0.1, 1.1, 70, float("nan")])
def test_shares_out_of_range_are_refused(keep):
    with pytest.raises(ValueError, match="keep is"):
        hard_examples(torch.ones(3), keep)


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"losses has shape \(3, 2\)"):
        hard_examples(torch.ones(3, 2))
    for among in (torch.ones(2, dtype=torch.bool), torch.ones(3)):
        with pytest.raises(ValueError, match="among is"):
            hard_examples(torch.ones(3), among=among)


# --- with NMS


def test_ohem_nms_step_by_step():
    """Take the highest loss, drop what overlaps it by more than 0.7, and go on until enough are taken."""
    boxes = integer_boxes(np.random.default_rng(3), 200).astype(np.float32)
    losses = torch.tensor(np.random.default_rng(4).permutation(200) / 50)
    left, taken = losses.argsort(descending=True).tolist(), []
    while left and len(taken) < 30:
        taken.append(left.pop(0))
        left = [k for k in left if iou(boxes[taken[-1:]], boxes[[k]])[0, 0] <= 0.7]
    found = ohem_nms(boxes, losses, count=30)
    assert found.tolist() == taken


def test_one_hard_place_does_not_fill_the_batch():
    place = np.array([[0, 0, 20, 20], [1, 0, 21, 20], [0, 1, 20, 21], [60, 60, 80, 80]], np.float32)
    losses = torch.tensor([3.0, 2.9, 2.8, 1.0], requires_grad=True)
    assert hard_examples(losses, keep=0.5).nonzero()[:, 0].tolist() == [0, 1]
    assert ohem_nms(place, losses, count=2).tolist() == [0, 3]


def test_ohem_nms_gives_fewer_where_fewer_are_left_and_none_of_none():
    assert ohem_nms([[0, 0, 9, 9]] * 5, torch.arange(5.0), count=3).tolist() == [4]
    assert ohem_nms(np.zeros((0, 4)), torch.zeros(0), count=3).tolist() == []
    with pytest.raises(ValueError, match="count is 0"):
        ohem_nms([[0, 0, 9, 9]], torch.ones(1), count=0)
