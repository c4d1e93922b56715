"""Weights averaged with those before a round: by hand, against numpy's least squares, and in a run."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_training import TINY, photos

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.nets import normalise
from mtcnn_lite.sampling.store import Store
from mtcnn_lite.training import weight_average as module
from mtcnn_lite.training.batches import Batches
from mtcnn_lite.training.stages import train_cascade, untrained_nets
from mtcnn_lite.training.weight_average import average_weights, refit_landmark_head


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with the samples of P-Net and R-Net, and the nets."""
    out = tmp_path_factory.mktemp("run") / "out"
    return out, train_cascade(photos(), out, seed=2, stages=(TINY[0], TINY[2]))


def test_an_average_is_the_mean_of_each_number():
    before, net = untrained_nets(1).rnet, untrained_nets(2).rnet
    after = {name: value.clone() for name, value in net.state_dict().items()}
    average_weights(net, before.state_dict(), 0.25)
    for name, value in net.state_dict().items():
        by_hand = 0.25 * before.state_dict()[name].numpy() + 0.75 * after[name].numpy()
        np.testing.assert_allclose(value.numpy(), by_hand, atol=1e-6)
    assert not torch.equal(net.dense4.weight, after["dense4.weight"])


@pytest.mark.parametrize(("stage", "name"), [("pnet-1", "pnet"), ("rnet-1", "rnet")])
def test_the_head_is_numpys_least_squares(run, monkeypatch, stage, name):
    monkeypatch.setattr(module, "LANDMARK_SAMPLES", 320)  # five batches, more faces than features
    monkeypatch.setattr(module, "RIDGE", 1e-12)
    out, _ = run
    store, net = Store(out / "samples" / stage), getattr(untrained_nets(3), name).eval()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    refit_landmark_head(net, [store], 64, seed=4)
    changed = {key for key, value in net.state_dict().items() if not torch.equal(value, before[key])}
    assert changed == {"landmarks.weight", "landmarks.bias"}

    batches, rows, wanted, mine = Batches([store], 64, (0, 0, 0, 1), 4), [], [], []
    for step in range(5):
        batch = batches(step)
        with torch.no_grad():
            x = normalise(batch.crops)
            mine.append(net(x).landmarks.flatten(1).numpy())
            for layer in list(net.children())[:-3]:  # all but the heads
                x = layer(x.flatten(1) if isinstance(layer, torch.nn.Linear) else x)
        rows.append(np.hstack([x.flatten(1).numpy(), np.ones((len(x), 1))]))
        wanted.append(batch.landmarks.numpy())
    rows, wanted, mine = (np.concatenate(each).astype(np.float64) for each in (rows, wanted, mine))
    best = rows @ np.linalg.lstsq(rows, wanted, rcond=None)[0]
    assert len(rows) == 320
    least = ((best - wanted) ** 2).mean()
    assert ((mine - wanted) ** 2).mean() == pytest.approx(least, rel=0.02)
    assert least < 0.02 < ((0.5 - wanted) ** 2).mean()


def test_a_run_keeps_its_share_of_what_it_began_with(tmp_path, monkeypatch):
    """All of it, here: what training did is gone, but for the landmark head, which fits the faces."""
    monkeypatch.setattr(module, "LANDMARK_SAMPLES", 320)
    start, kept = untrained_nets(7), untrained_nets(7)
    nets = train_cascade(
        photos(), tmp_path / "out", stages=[replace(TINY[0], weight_average=1.0, refit_landmark_head=True)], start=start
    )
    for name, value in nets.pnet.state_dict().items():
        same = torch.allclose(value, kept.pnet.state_dict()[name], atol=1e-6)
        assert same != name.startswith("landmarks."), name
    halfway = train_cascade(
        photos(), tmp_path / "half", stages=[replace(TINY[0], weight_average=0.5)], start=untrained_nets(7)
    ).pnet
    trained = train_cascade(photos(), tmp_path / "none", stages=[TINY[0]], start=untrained_nets(7)).pnet
    for name in ("conv2.weight", "landmarks.weight"):
        before, after, averaged = (net.state_dict()[name] for net in (kept.pnet, trained, halfway))
        assert torch.allclose(averaged, (before + after) / 2, atol=1e-5), name
        assert not torch.allclose(averaged, after, atol=1e-4), name


def test_without_labelled_points_nothing_is_averaged(tmp_path):
    bare = [LabelledPhoto(photo.image(), photo.boxes, ignore=photo.ignore) for photo in photos()]
    stage = replace(TINY[0], weight_average=0.5)
    one = train_cascade(bare, tmp_path / "one", stages=[stage], start=untrained_nets(7)).pnet
    two = train_cascade(
        bare, tmp_path / "two", stages=[replace(stage, weight_average=0.0)], start=untrained_nets(7)
    ).pnet
    assert torch.equal(one.conv2.weight, two.conv2.weight)
