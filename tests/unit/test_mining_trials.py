"""Chapter 08's trials: nets side by side against nets alone, windows against IoU."""

import numpy as np
import pytest
import torch

from mtcnn_lite.boxes import iou
from mtcnn_lite.course import mining_trials as trials
from mtcnn_lite.course.explorers.mining import MiningBatch
from mtcnn_lite.course.mining_trials import PER_PHOTO, ManyNets, Windows, hardest, recall, train, two_passes, untrained
from mtcnn_lite.course.scenes import scene
from mtcnn_lite.losses import detection_loss
from mtcnn_lite.mining import hard_examples
from mtcnn_lite.nets import normalise


@pytest.fixture(scope="module")
def some():
    """120 windows as if of two photos: noise, every fourth one brighter and labelled a face."""
    rng = np.random.default_rng(8)
    y = np.arange(2 * PER_PHOTO) % 4 == 0
    crops = (rng.integers(0, 150, (len(y), 12, 12, 3)) + 100 * y[:, None, None, None]).astype(np.uint8)
    corners = rng.uniform(0, 100, (len(y), 2))
    boxes = np.concatenate([corners, corners + 40], axis=1).astype(np.float32)
    return Windows(crops, normalise(crops).double(), torch.from_numpy(y.astype(np.int64)), boxes)


def test_each_of_many_nets_answers_as_it_does_alone(some):
    nets, rows = ManyNets(seeds=[3, 5]), np.array([[0, 1, 2], [7, 4, 4]])
    for k, seed in enumerate((3, 5)):
        for net in (untrained(seed), nets.net(k)):
            face = net(some.x[rows[k]])
            torch.testing.assert_close(nets(some.patches[rows])[k], face)
            torch.testing.assert_close(nets.losses(some, rows)[k], detection_loss(face, some.y[rows[k]]))


def test_many_nets_learn_what_each_learns_alone(some):
    [nets] = train(some, hardest(0.7), [5], seeds=[3, 5])
    for k, seed in enumerate((3, 5)):
        net, rng = untrained(seed), np.random.default_rng(seed)
        optimiser = torch.optim.Adam(net.parameters(), lr=trials.RATE)
        for _ in range(5):
            rows = trials.draw(some, rng)
            losses = detection_loss(net(some.x[rows]), some.y[rows])
            optimiser.zero_grad()
            losses[hard_examples(losses, 0.7)].mean().backward()
            optimiser.step()
        for mine, theirs in zip(nets.net(k).parameters(), net.parameters(), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("keep", [0.01, 0.3, 0.7, 1.0])
def test_the_rule_is_the_package_s_for_each_net(keep):
    losses = torch.from_numpy(np.random.default_rng(1).integers(0, 9, (4, 20)) / 4)  # many equal ones
    expected = torch.stack([hard_examples(row, keep) for row in losses])
    assert torch.equal(hardest(keep)(losses), expected)


def test_a_draw_has_the_share_of_faces_that_was_asked_for(some):
    rows = trials.draw(some, np.random.default_rng(0), size=40, faces=0.6)
    assert len(rows) == 40
    assert some.y[rows].sum() == 24


def test_two_passes_take_the_hardest_of_two_photos_and_no_twins(some):
    nets, rngs = ManyNets(seeds=[0, 1]), [np.random.default_rng(seed) for seed in (0, 1)]
    chosen = two_passes(size=100, overlap=0.3)(nets, some, rngs)
    assert chosen.shape == (2, 100)
    losses = nets.losses(some, np.tile(np.arange(len(some)), (2, 1))).detach().numpy()
    for rows, cost in zip(chosen, losses, strict=True):
        rows = rows[rows >= 0]
        kept = []
        for row in np.argsort(-cost, kind="stable"):  # greedy NMS by hand, photo by photo
            rivals = [other for other in kept if other // PER_PHOTO == row // PER_PHOTO]
            if not (iou(some.boxes[[row]], some.boxes[rivals]) > 0.3).any():
                kept.append(row)
        assert 10 < len(kept) < 100
        assert rows.tolist() == kept


def test_recall_lets_the_allowed_share_of_the_others_pass(some):
    nets = ManyNets(seeds=[2])
    with torch.no_grad():
        logits = nets.net(0)(some.x)
    score = (logits[:, 1] - logits[:, 0]).numpy()
    face = some.y.numpy() == 1
    bound = np.sort(score[~face])[::-1][9]  # nine of 90 are higher
    assert recall(nets, some, allowed=0.1).tolist() == [(score[face] > bound).mean()]


def test_windows_of_scenes(monkeypatch):
    monkeypatch.setattr(trials, "PHOTOS", {"train": (2, 8)})
    few = trials.windows.__wrapped__("train")
    assert len(few) == 2 * PER_PHOTO
    for k in range(2):
        photo = scene([8, k], sizes=(14, 60))
        best = iou(few.boxes[k * PER_PHOTO : (k + 1) * PER_PHOTO], photo.boxes).max(axis=1)
        face = few.y.numpy()[k * PER_PHOTO : (k + 1) * PER_PHOTO] == 1
        assert (best[face] >= 0.65).all()
        assert (best[~face] < 0.3).all()
        assert face.any()


def test_windows_all_over_a_photo_are_clear_faces_or_none():
    photo = scene(7, faces=(2, 2), sizes=(20, 40))
    places = trials.all_over(photo)
    best = iou(places.boxes, photo.boxes).max(axis=1)
    assert ((best >= 0.65) == (places.y.numpy() == 1)).all()
    assert not ((best >= 0.3) & (best < 0.65)).any()
    height, width = photo.image().shape[:2]
    assert (places.boxes >= 0).all()
    assert (places.boxes[:, 2:] <= [width, height]).all()


def test_a_batch_for_the_explorer_has_both_losses_of_each_sample(some):
    net = untrained(4)
    batch = MiningBatch.of(some, {"now": net}, count=20, wrong=3)
    assert batch.label.sum() == 5
    assert batch.wrong.sum() == 3
    probabilities = np.exp(-batch.losses["now"].astype(np.float64))  # of no face, of a face
    np.testing.assert_allclose(probabilities.sum(axis=0), 1)
    x = normalise(batch.crops).double()
    with torch.no_grad():
        np.testing.assert_allclose(probabilities[1], net(x).softmax(dim=1)[:, 1], atol=1e-12)


def test_three_moments_are_three_nets(some):
    nets = trials.three_moments(some)
    assert [*nets] == ["untrained", "after 20 steps", "after 300 steps"]
    costs = [detection_loss(net(some.x), some.y).mean().item() for net in nets.values()]
    assert costs[0] > costs[1] > costs[2]
