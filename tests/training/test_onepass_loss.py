"""The one-pass net's loss and hard negatives, against plain loops; gradients by differences."""

import math

import numpy as np
import pytest
import torch

from mtcnn_lite.mining import hard_negatives
from mtcnn_lite.onepass.model import Answer
from mtcnn_lite.training.onepass.loss import onepass_loss, shares_right


def batch(seed, photos=3, anchors=40, faces=3):
    """A random answer in float64, and targets: some faces, one of them without points, and anchors that are neither."""
    torch.manual_seed(seed)
    answer = Answer(*(torch.randn(photos, anchors, n, dtype=torch.float64) for n in (2, 4, 10)))
    kinds = torch.zeros(photos, anchors, dtype=torch.int8)
    kinds[:, :5] = -1
    kinds[: photos - 1, 5 : 5 + faces] = 1  # the last photo has none
    offsets, points = torch.full((photos, anchors, 4), math.nan), torch.full((photos, anchors, 10), math.nan)
    offsets[kinds == 1] = torch.randn(int((kinds == 1).sum()), 4) * 2
    points[kinds == 1] = torch.randn(int((kinds == 1).sum()), 10) * 2
    points[0, 5, 3] = math.nan
    return answer, kinds, offsets.double(), points.double()


def smooth(difference):
    return 0.5 * difference**2 if abs(difference) < 1 else abs(difference) - 0.5


def by_loops(answer, kinds, offsets, points, weights, focal, importance):
    faces = known = 0.0
    detection = box = point = 0.0
    for photo in range(len(kinds)):
        negatives, positives = [], 0
        for anchor, kind in enumerate(kinds[photo].tolist()):
            no, yes = answer.face[photo, anchor].tolist()
            p = math.exp(yes) / (math.exp(no) + math.exp(yes))
            if focal and kind != -1:
                q, a = (p, 0.25) if kind == 1 else (1 - p, 0.75)
                counts = importance[photo, anchor].item() if kind == 1 else 1
                detection += -a * (1 - q) ** 2 * math.log(q) * counts
            elif kind == 0:
                negatives.append(-math.log(1 - p))
            elif kind == 1:
                detection += -math.log(p) * importance[photo, anchor].item()
            if kind == 1:
                counts = importance[photo, anchor].item()
                positives += 1
                faces += counts
                pairs = zip(answer.offsets[photo, anchor].tolist(), offsets[photo, anchor].tolist(), strict=True)
                box += sum(smooth(a - b) for a, b in pairs) * counts
                if all(math.isfinite(value) for value in points[photo, anchor].tolist()):
                    known += counts
                    pairs = zip(answer.points[photo, anchor].tolist(), points[photo, anchor].tolist(), strict=True)
                    point += sum(smooth(a - b) for a, b in pairs) * counts
        detection += sum(sorted(negatives, reverse=True)[: max(3 * positives, 32)])
    parts = detection / max(faces, 1), box / max(faces, 1), point / max(known, 1)
    return (sum(part * weight for part, weight in zip(parts, weights, strict=True)), *parts)


@pytest.mark.parametrize("imbalance", ["hard negatives", "focal"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_loss_is_that_of_a_plain_loop(imbalance, seed):
    given, weights = batch(seed, anchors=120, faces=13), (1.0, 2.0, 0.5)
    importance = torch.rand(3, 120, dtype=torch.float64)
    for counts in (importance, None):
        found = onepass_loss(*given, weights=weights, imbalance=imbalance, importance=counts)
        ones = torch.ones_like(importance)
        wanted = by_loops(*given, weights, imbalance == "focal", ones if counts is None else counts)
        assert [value.item() for value in found] == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("imbalance", ["hard negatives", "focal"])
def test_its_gradient_is_that_of_small_differences(imbalance):
    answer, kinds, offsets, points = batch(3, photos=2, anchors=12, faces=2)

    def total(*parts):
        return onepass_loss(Answer(*parts), kinds, offsets, points, imbalance=imbalance).total

    assert torch.autograd.gradcheck(total, [part.requires_grad_() for part in answer])


def test_what_is_neither_teaches_nothing():
    answer, kinds, offsets, points = batch(4)
    answer = Answer(*(part.requires_grad_() for part in answer))
    onepass_loss(answer, kinds, offsets, points).total.backward()
    assert not answer.face.grad[kinds == -1].any()
    assert not answer.offsets.grad[kinds != 1].any()
    assert not answer.points.grad[0, 5].any()  # its points are not known
    assert answer.points.grad[0, 6].all()


def test_photos_without_faces_have_a_loss():
    answer, _, offsets, points = batch(5)
    found = onepass_loss(answer, torch.zeros(3, 40, dtype=torch.int8), offsets, points)
    assert found.detection > 0
    assert (found.box, found.landmark) == (0, 0)
    assert onepass_loss(answer, -torch.ones(3, 40, dtype=torch.int8), offsets, points).total == 0


@pytest.mark.parametrize("seed", range(5))
def test_hard_negatives_by_sorting(seed):
    rng = np.random.default_rng(seed)
    losses, kinds = rng.integers(0, 6, (4, 30)) / 2, rng.choice([-1, 0, 0, 0, 1], (4, 30))
    kinds[3, kinds[3] == 1] = 0  # no face
    found = hard_negatives(torch.from_numpy(losses), torch.from_numpy(kinds), ratio=1.5, fewest=2)
    for row in range(4):
        allowed = max(1.5 * (kinds[row] == 1).sum(), 2)
        order = sorted(np.flatnonzero(kinds[row] == 0), key=lambda k: (-losses[row, k], k))
        assert np.flatnonzero(found[row].numpy()).tolist() == sorted(order[: math.ceil(allowed)])


def test_the_shares_for_the_log():
    face = torch.tensor([[[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 9.0]]])
    answer = Answer(face, torch.zeros(1, 5, 4), torch.zeros(1, 5, 10))
    found, passed = shares_right(answer, torch.tensor([[1, 1, 0, 0, -1]]))
    assert (found.item(), passed.item()) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kinds": torch.zeros(3, 39, dtype=torch.int8)}, r"answer.face has shape \(3, 40, 2\)"),
        ({"offsets": torch.full((3, 40, 4), math.nan)}, "offsets holds NaN or infinity where there is a face"),
        ({"imbalance": "none"}, "imbalance is 'none'"),
        ({"weights": (1, 2)}, "weights is .*3 numbers"),
        ({"importance": torch.ones(3, 39)}, r"importance has shape \(3, 39\); it must be \(3, 40\)"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    answer, kinds, offsets, points = batch(0)
    with pytest.raises(ValueError, match=message):
        onepass_loss(**{"answer": answer, "kinds": kinds, "offsets": offsets, "points": points} | change)


def test_hard_negatives_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="both must be"):
        hard_negatives(torch.zeros(2, 3), torch.zeros(2, 4, dtype=torch.int64))
    with pytest.raises(ValueError, match="ratio is -1"):
        hard_negatives(torch.zeros(2, 3), torch.zeros(2, 3, dtype=torch.int64), ratio=-1)
