"""The losses: by hand, against the paper's formulas, against finite differences, and where they must be 0."""

import math

import numpy as np
import pytest
import torch

from mtcnn_lite.losses import (
    PAPER,
    TASKS,
    WEIGHTS,
    Losses,
    detection_loss,
    focal_loss,
    multitask_loss,
    sample_losses,
    squared_error,
    takes_part,
)
from mtcnn_lite.nets import NetOutput, ONet, PNet
from mtcnn_lite.sampling.sampler import KINDS

NAN = float("nan")
CODES = torch.tensor([0, 1, 2, 3], dtype=torch.uint8)


def as_output(count=4, seed=0, landmarks=True):
    """Answers of an imaginary net, float64, with gradients."""
    generator = torch.Generator().manual_seed(seed)
    answers = [torch.randn(count, k, generator=generator, dtype=torch.float64) for k in (2, 4, 10)]
    face, offsets, points = (answer.requires_grad_() for answer in answers)
    return NetOutput(face, offsets, points if landmarks else None)


def targets(count=4, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(count, k, generator=generator, dtype=torch.float64) for k in (4, 10)]


# --- detection


def test_detection_loss_by_hand():
    logits = torch.tensor([[0.0, math.log(9)], [0.0, math.log(9)], [0.3, 0.3]])  # p = .9, .9, .5
    found = detection_loss(logits, torch.tensor([1, 0, 1]))
    np.testing.assert_allclose(found, [-math.log(0.9), -math.log(0.1), math.log(2)], rtol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float32])
def test_labels_may_be_of_any_type(dtype):
    label = torch.tensor([1, 0]).to(dtype)
    found = detection_loss(torch.tensor([[0.0, 2.0], [0.0, 2.0]]), label)
    np.testing.assert_allclose(found, [math.log1p(math.exp(-2)), math.log1p(math.exp(2))], rtol=1e-6)


def test_detection_loss_is_the_papers_formula_with_its_slip_put_right():
    face = as_output(200).face.detach()
    label = torch.arange(200) % 2
    p = torch.exp(face[:, 1]) / torch.exp(face).sum(dim=1)
    expected = -(label * torch.log(p) + (1 - label) * torch.log(1 - p))
    np.testing.assert_allclose(detection_loss(face, label), expected, rtol=1e-12)


def test_detection_loss_stays_finite_and_keeps_its_gradient_where_p_rounds_to_0_or_1():
    face = torch.tensor([[0.0, 300.0], [300.0, 0.0], [0.0, 300.0]], requires_grad=True)
    loss = detection_loss(face, torch.tensor([0, 1, 1]))
    assert loss.tolist() == [300, 300, 0]
    loss.sum().backward()
    assert face.grad.tolist() == [[-1, 1], [1, -1], [0, 0]]


def test_gradient_of_detection_is_p_minus_y():
    face, label = as_output(50).face, torch.arange(50) % 2
    detection_loss(face, label).sum().backward()
    p = face.detach().softmax(dim=1)[:, 1]
    np.testing.assert_allclose(face.grad[:, 1], p - label, atol=1e-12)
    np.testing.assert_allclose(face.grad[:, 0], label - p, atol=1e-12)


# --- focal loss


@pytest.mark.parametrize(("gamma", "alpha"), [(0.0, 0.5), (0.5, 0.25), (2.0, 0.25), (5.0, 0.9)])
def test_focal_loss_is_the_papers_formula(gamma, alpha):
    """Lin et al. 2017, eq. 5, on probabilities, one sample at a time."""
    face, labels = as_output(40).face.detach(), torch.arange(40) % 2
    found = focal_loss(face, labels, gamma, alpha)
    for logits, y, loss in zip(face, labels.tolist(), found.tolist(), strict=True):
        p = 1 / (1 + math.exp(float(logits[0] - logits[1])))
        p_t, alpha_t = (p, alpha) if y else (1 - p, 1 - alpha)
        assert loss == pytest.approx(-alpha_t * (1 - p_t) ** gamma * math.log(p_t), rel=1e-9)


def test_focal_loss_without_gamma_is_half_the_cross_entropy_at_alpha_a_half():
    face, labels = as_output(30).face, torch.arange(30) % 2
    found, expected = focal_loss(face, labels, 0.0, 0.5), detection_loss(face, labels) / 2
    np.testing.assert_allclose(found.detach(), expected.detach(), rtol=1e-12)


def test_focal_loss_stays_finite_and_keeps_its_gradient_where_p_rounds_to_0_or_1():
    face = torch.tensor([[0.0, 300.0], [300.0, 0.0], [0.0, 300.0]], requires_grad=True)
    loss = focal_loss(face, torch.tensor([0, 1, 1]))
    assert loss.tolist() == [225, 75, 0]  # 0.75 and 0.25 of 300
    loss.sum().backward()
    np.testing.assert_allclose(face.grad, [[-0.75, 0.75], [0.25, -0.25], [0, 0]], atol=1e-6)


# --- distances


def test_squared_error_is_the_sum_over_a_samples_numbers():
    predicted = torch.tensor([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.5]])
    target = torch.tensor([[1.0, 0.0, 3.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    assert squared_error(predicted, target).tolist() == [13, 0.25]  # 4 + 9, and not 13 / 4


def test_gradient_of_a_distance_is_twice_the_difference():
    output, (offsets, _) = as_output(20), targets(20)
    squared_error(output.offsets, offsets).sum().backward()
    np.testing.assert_allclose(output.offsets.grad, 2 * (output.offsets.detach() - offsets), rtol=1e-12)


@pytest.mark.parametrize(("one", "other"), [((3, 4), (4,)), ((3, 4), (1, 4)), ((3, 4), (3, 1)), ((3,), (3,))])
def test_shapes_that_would_broadcast_are_refused(one, other):
    with pytest.raises(ValueError, match=r"both must be the same \(N, K\)"):
        squared_error(torch.zeros(one), torch.zeros(other))


# --- who takes part


def test_indicator_is_the_papers():
    """Zhang et al. 2016, "multi-source training": a sample of background has only the detection loss."""
    expected = {"negative": (1, 0, 0), "positive": (1, 1, 0), "part": (0, 1, 0), "landmark": (0, 0, 1)}
    for code, kind in enumerate(KINDS):
        assert tuple(takes_part(torch.tensor([code]))[0].int().tolist()) == expected[kind]
    assert WEIGHTS == {"pnet": (1, 0.5, 0.5), "rnet": (1, 0.5, 0.5), "onet": (1, 0.5, 1)}
    assert Losses._fields[1:] == TASKS


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_codes_of_any_whole_type_pick_rows(dtype):
    """uint8 is what samples are stored in, and what torch would read as a mask."""
    kinds = torch.tensor([3, 0, 0, 1], dtype=dtype)
    np.testing.assert_array_equal(takes_part(kinds), PAPER.numpy()[[3, 0, 0, 1]])


def test_changing_what_takes_part_leaves_the_table_alone():
    before = PAPER.clone()
    takes_part(CODES)[:] = True
    assert torch.equal(PAPER, before)


def test_landmark_samples_may_count_as_faces_too():
    table = PAPER.clone()
    table[3, 0] = True
    output, (offsets, landmarks) = as_output(), targets()
    part = takes_part(CODES, table)
    found = sample_losses(output, CODES, offsets, landmarks, part)
    p = output.face.detach().softmax(dim=1)[3, 1]
    np.testing.assert_allclose(found[3, 0].item(), -math.log(p))
    assert takes_part(CODES)[3, 0].item() is False


@pytest.mark.parametrize(("kinds", "message"), [([0, 4], "kinds holds 0 to 4"), ([[0], [1]], r"must be \(N,\)"),
                                                ([-1], "kinds holds -1")])  # fmt: skip
def test_codes_out_of_range_are_refused(kinds, message):
    with pytest.raises(ValueError, match=message):
        takes_part(torch.tensor(kinds))


def test_indicator_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"indicator has shape \(3, 4\)"):
        takes_part(CODES, PAPER.T)


# --- each sample's losses


def by_loops(output, kinds, offsets, landmarks):
    """Equations 1 to 3 with the indicator, a sample at a time."""
    rows = []
    for i, code in enumerate(kinds.tolist()):
        kind, p = KINDS[code], output.face[i].detach().softmax(dim=0)[1].item()
        det = {"negative": -math.log(1 - p), "positive": -math.log(p)}.get(kind, 0)
        box = sum((float(output.offsets.detach()[i, k]) - float(offsets[i, k])) ** 2 for k in range(4))
        points = sum((float(output.landmarks.detach()[i, k]) - float(landmarks[i, k])) ** 2 for k in range(10))
        rows.append([det, box if kind in ("positive", "part") else 0, points if kind == "landmark" else 0])
    return rows


def test_sample_losses_are_the_loops():
    kinds = torch.arange(60, dtype=torch.uint8) % 4
    output, (offsets, landmarks) = as_output(60), targets(60)
    found = sample_losses(output, kinds, offsets, landmarks, takes_part(kinds))
    np.testing.assert_allclose(found.detach(), by_loops(output, kinds, offsets, landmarks), rtol=1e-10)


def test_pnets_maps_of_one_cell_are_read_as_rows():
    net, crops = PNet().eval(), torch.rand(4, 3, 12, 12)
    output, (offsets, landmarks) = net(crops), (t.float() for t in targets())
    assert output.face.shape == (4, 2, 1, 1)
    flat = NetOutput(*(answer.flatten(1) for answer in output))
    part = takes_part(CODES)
    args = (CODES, offsets, landmarks, part)
    assert torch.equal(sample_losses(output, *args), sample_losses(flat, *args))
    with pytest.raises(ValueError, match=r"output.face has shape \(4, 2, 2, 2\)"):
        sample_losses(net(torch.rand(4, 3, 14, 14)), *args)


def test_targets_that_nobody_marked_poison_neither_loss_nor_gradient():
    """0 * NaN is NaN: a mask after the subtraction would give the right loss and a gradient of NaN."""
    output, (offsets, landmarks) = as_output(), targets()
    clean = sample_losses(output, CODES, offsets, landmarks, takes_part(CODES)).detach()
    offsets[[0, 3]], landmarks[:3] = NAN, NAN
    part = takes_part(CODES)
    losses = sample_losses(output, CODES, offsets, landmarks, part)
    assert torch.equal(losses, clean)
    multitask_loss(losses, part, WEIGHTS["onet"]).total.backward()
    for answer, task in zip(output, range(3), strict=True):
        assert torch.isfinite(answer.grad).all()
        assert (answer.grad[~PAPER[:, task]] == 0).all()  # no part, no gradient
        assert (answer.grad[PAPER[:, task]] != 0).all()


def test_the_mask_after_the_subtraction_would_indeed_be_poisoned():
    """The trap that `sample_losses` avoids: it must exist, or the test above could not fail."""
    predicted = torch.zeros(2, 4, requires_grad=True)
    target = torch.tensor([[0.1] * 4, [NAN] * 4])
    loss = torch.where(torch.tensor([True, False]), (predicted - target).square().sum(dim=1), 0)
    assert torch.isfinite(loss).all()
    loss.sum().backward()
    assert torch.isnan(predicted.grad[1]).all()


@pytest.mark.parametrize("name", ["offsets", "landmarks"])
def test_missing_targets_of_samples_that_take_part_are_named(name):
    offsets, landmarks = targets()
    {"offsets": offsets, "landmarks": landmarks}[name][[2, 3]] = NAN
    with pytest.raises(ValueError, match=f"{name} holds NaN"):
        sample_losses(as_output(), CODES, offsets, landmarks, takes_part(CODES))


def test_a_net_without_a_landmark_head_takes_no_landmark_samples():
    output, (offsets, landmarks) = as_output(landmarks=False), targets()
    with pytest.raises(ValueError, match="1 samples take part in the landmark task"):
        sample_losses(output, CODES, offsets, landmarks, takes_part(CODES))
    kinds = torch.tensor([0, 1, 2, 0])
    found = sample_losses(output, kinds, offsets, landmarks, takes_part(kinds))
    assert (found[:, 2] == 0).all()


# --- the sum


def test_multitask_loss_by_hand():
    losses = torch.tensor([[2.0, 0, 0], [1.0, 0.4, 0], [0, 0.2, 0], [0, 0, 0.5], [3.0, 0, 0]])
    found = multitask_loss(losses, takes_part(torch.tensor([0, 1, 2, 3, 0])), WEIGHTS["onet"])
    np.testing.assert_allclose([v.item() for v in found], [2 + 0.15 + 0.5, 2, 0.3, 0.5], rtol=1e-6)


def test_the_batchs_size_and_mixture_do_not_change_what_a_task_counts():
    losses, kinds = torch.rand(4, 3) * PAPER, CODES
    once = multitask_loss(losses, takes_part(kinds), (1, 0.5, 0.5)).total
    thrice = multitask_loss(losses.repeat(3, 1), takes_part(kinds.repeat(3)), (1, 0.5, 0.5)).total
    more_points = torch.cat([losses, losses[3:].repeat(5, 1)]), takes_part(torch.cat([kinds, kinds[3:].repeat(5)]))
    np.testing.assert_allclose([thrice, multitask_loss(*more_points, (1, 0.5, 0.5)).total], [once, once], rtol=1e-6)


@pytest.mark.parametrize("kind", range(4))
def test_tasks_without_samples_cost_nothing_and_give_no_nan(kind):
    kinds = torch.full((5,), kind, dtype=torch.uint8)
    output, (offsets, landmarks) = as_output(5), targets(5)
    part = takes_part(kinds)
    found = multitask_loss(sample_losses(output, kinds, offsets, landmarks, part), part, WEIGHTS["pnet"])
    for task, value in enumerate(found[1:]):
        assert (value > 0) == PAPER[kind, task]
    found.total.backward()
    assert all(torch.isfinite(answer.grad).all() for answer in output)


def test_a_batch_of_no_samples_costs_0():
    output, kinds = as_output(0), torch.zeros(0, dtype=torch.uint8)
    part = takes_part(kinds)
    found = multitask_loss(sample_losses(output, kinds, *targets(0), part), part, WEIGHTS["pnet"])
    assert [value.item() for value in found] == [0, 0, 0, 0]
    found.total.backward()


def test_only_the_total_carries_a_gradient():
    output, part = as_output(), takes_part(CODES)
    found = multitask_loss(sample_losses(output, CODES, *targets(), part), part, WEIGHTS["pnet"])
    assert found.total.requires_grad
    assert not any(value.requires_grad for value in found[1:])


def test_samples_taken_out_of_a_task_have_no_say_in_it():
    output, part, (offsets, landmarks) = as_output(), takes_part(CODES), targets()
    part[0, 0] = False  # as mining does
    found = multitask_loss(sample_losses(output, CODES, offsets, landmarks, takes_part(CODES)), part, (1, 0, 0))
    p = output.face.detach().softmax(dim=1)[1, 1]
    np.testing.assert_allclose(found.total.item(), -math.log(p))
    found.total.backward()
    assert (output.face.grad[0] == 0).all()


@pytest.mark.parametrize(("losses", "part"), [((4, 2), (4, 2)), ((4, 3), (3, 3)), ((3,), (3,))])
def test_wrong_shapes_of_the_sum_are_named(losses, part):
    with pytest.raises(ValueError, match=r"both must be \(N, 3\)"):
        multitask_loss(torch.zeros(losses), torch.ones(part, dtype=torch.bool), WEIGHTS["pnet"])


# --- gradients


def test_gradients_agree_with_finite_differences():
    kinds = torch.tensor([0, 1, 2, 3, 1, 3])
    part, (offsets, landmarks) = takes_part(kinds), targets(6)

    def total(face, boxes, points):
        losses = sample_losses(NetOutput(face, boxes, points), kinds, offsets, landmarks, part)
        return multitask_loss(losses, part, WEIGHTS["onet"]).total

    assert torch.autograd.gradcheck(total, tuple(as_output(6)))


def test_gradient_is_the_formula_by_hand():
    """Weight times indicator over the task's samples, times p - y, or twice the difference."""
    kinds = torch.tensor([0, 1, 2, 3, 1, 3])
    output, part, (offsets, landmarks) = as_output(6), takes_part(kinds), targets(6)
    multitask_loss(sample_losses(output, kinds, offsets, landmarks, part), part, WEIGHTS["pnet"]).total.backward()
    share = part.double() * torch.tensor([1, 0.5, 0.5]) / part.sum(dim=0)  # (6, 3)
    p, y = output.face.detach().softmax(dim=1)[:, 1], (kinds == 1).double()
    np.testing.assert_allclose(output.face.grad[:, 1], share[:, 0] * (p - y), atol=1e-12)
    distance = share[:, 1:2] * 2 * (output.offsets.detach() - offsets)
    np.testing.assert_allclose(output.offsets.grad, distance, atol=1e-12)
    distance = share[:, 2:] * 2 * (output.landmarks.detach() - landmarks)
    np.testing.assert_allclose(output.landmarks.grad, distance, atol=1e-12)


def test_a_net_learns_from_it():
    torch.manual_seed(0)
    net, crops, kinds = ONet(), torch.rand(4, 3, 48, 48), CODES
    offsets, landmarks = (t.float() for t in targets())
    optimiser, part, totals = torch.optim.SGD(net.parameters(), 0.02), takes_part(kinds), []
    for _ in range(15):
        optimiser.zero_grad()
        found = multitask_loss(sample_losses(net(crops), kinds, offsets, landmarks, part), part, WEIGHTS["onet"])
        found.total.backward()
        optimiser.step()
        totals.append(found.total.item())
    assert totals[-1] < 0.7 * totals[0]


@pytest.mark.parametrize(
    ("face", "label", "message"),
    [
        ((3,), (3,), "face has shape"),
        ((3, 1), (3,), "face has shape"),
        ((3, 2), (2,), "label has shape"),
        ((3, 2), (3, 1), "label has shape"),
    ],
)
def test_wrong_shapes_of_detection_are_named(face, label, message):
    with pytest.raises(ValueError, match=message):
        detection_loss(torch.zeros(face), torch.zeros(label))
