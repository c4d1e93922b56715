"""Runs of the one-pass net's training, tiny ones: what is left, stopped and resumed, learned, lent."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from mtcnn_lite import Detector
from mtcnn_lite.course.scenes import scene, scenes
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import judge
from mtcnn_lite.nets import normalise
from mtcnn_lite.onepass.look import grid
from mtcnn_lite.training import loop
from mtcnn_lite.training.onepass.measure import best_threshold
from mtcnn_lite.training.onepass.plan import OnePassPlan
from mtcnn_lite.training.onepass.targets import anchor_targets
from mtcnn_lite.training.onepass.teacher import with_lent_points
from mtcnn_lite.training.onepass.train import step_losses, train_onepass, untrained_net
from mtcnn_lite.training.run_folder import RunError
from mtcnn_lite.weights import nets_of

PLAN = OnePassPlan(steps=6, batch=2, side=64, faces=(10, 40))


def photos(count=21):
    return scenes(count, seed=5, height=80, width=100, faces=(1, 2))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("onepass") / "out"
    return out, train_onepass(photos(), out, 3, PLAN)


def test_a_run_leaves_weights_log_curves_labels_figures_and_a_record(run):
    out, net = run
    detector = Detector(out / "weights")
    assert detector.model == "onepass"
    for one, two in zip(net.parameters(), detector.engine.net.parameters(), strict=True):
        assert torch.equal(one, two)
    folder = out / "onepass"
    with (folder / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert int(rows[-1]["step"]) == PLAN.steps
    parts = [float(rows[0][task]) for task in ("detection", "box", "landmark")]
    weighted = sum(part * weight for part, weight in zip(parts, PLAN.weights, strict=True))
    assert float(rows[0]["total"]) == pytest.approx(weighted, rel=1e-3)
    assert Image.open(folder / "labels.jpg").size == (4 * 64, 64)
    assert Image.open(folder / "curves.png").size == (900, 350)
    assert json.loads((folder / "measured.json").read_text())["photos"] == 1  # one in twenty
    record = json.loads((out / "record" / "record.json").read_text())
    assert record["photos"] == {"unnamed": 21}
    assert (out / "record" / "weights" / "onepass.json").exists()
    assert not list(out.rglob("*.part*"))


def test_resumed_after_each_checkpoint_it_ends_with_the_same_weights(run, tmp_path, monkeypatch):
    whole, _ = run
    monkeypatch.setattr(loop, "LOG_EVERY", 2)
    monkeypatch.setattr(loop, "SAVE_EVERY", -1)
    write_whole = loop.write_whole

    def stops(path, write):
        write_whole(path, write)
        if path.name == "checkpoint.pt":
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "write_whole", stops)
    for _ in range(PLAN.steps // 2 + 1):
        with pytest.raises(KeyboardInterrupt):
            train_onepass(photos(), tmp_path / "out", 3, PLAN, resume=True)
    monkeypatch.setattr(loop, "write_whole", write_whole)
    train_onepass(photos(), tmp_path / "out", 3, PLAN, resume=True)
    for name in ("onepass.safetensors", "onepass.json"):
        assert (tmp_path / "out" / "weights" / name).read_bytes() == (whole / "weights" / name).read_bytes()


def test_another_run_is_refused(run):
    out, net = run
    with pytest.raises(RunError, match="holds this run already"):
        train_onepass(photos(), out, 3, PLAN)
    with pytest.raises(RunError, match=r"another onepass\.rate: 0.005 there, 0.001 now"):
        train_onepass(photos(), out, 3, replace(PLAN, rate=1e-3), resume=True)
    again = train_onepass(photos(), out, 3, PLAN, resume=True)
    assert all(torch.equal(one, two) for one, two in zip(net.parameters(), again.parameters(), strict=True))


def test_labels_without_a_face_are_refused(tmp_path):
    empty = [LabelledPhoto(np.zeros((40, 40, 3), np.uint8), np.zeros((0, 4)))] * 2
    with pytest.raises(RunError, match="no photo has a face to learn from"):
        train_onepass(empty, tmp_path / "out", plan=PLAN)


@pytest.mark.parametrize("imbalance", ["hard negatives", pytest.param("focal", marks=pytest.mark.slow)])
def test_it_learns_one_scene_by_heart(imbalance):
    """Steps on one scene alone: all of its faces are found, with their points, and nothing else."""
    photo = scene(11, height=96, width=128, faces=(3, 3), sizes=(20, 40))
    plan, net = OnePassPlan(imbalance=imbalance), untrained_net(0).train()
    targets = anchor_targets(grid(96, 128, net.levels).boxes, photo, plan)
    targets = [torch.from_numpy(column)[None] for column in targets]
    x = normalise(photo.image()[None])
    optimiser = torch.optim.AdamW(net.parameters(), 5e-3)
    for _ in range(70):
        losses, _ = step_losses(net, x, *targets, plan)
        optimiser.zero_grad()
        losses.total.backward()
        optimiser.step()
    found = Detector(net.eval(), thresholds=0.5).detect(photo.image())
    judged = judge([(found, photo)], 12)
    assert (judged.recall(), judged.precision()) == (1, 1)


def test_points_are_lent_to_faces_without_any():
    """The astronaut's points come from the shipped cascade, near those that are labelled; labels stay."""
    labelled = scene(3, height=160, width=160, faces=(1, 1), sizes=(80, 80))
    bare = LabelledPhoto(labelled.image(), labelled.boxes)
    lent, kept = with_lent_points([bare, labelled], nets_of("mtcnn_lite"))
    assert np.linalg.norm(lent.landmarks - labelled.landmarks, axis=2).max() < 8
    assert kept is labelled or np.array_equal(kept.landmarks, labelled.landmarks)
    nothing = LabelledPhoto(labelled.image(), [[0, 0, 20, 20]])
    assert np.isnan(with_lent_points([nothing], nets_of("mtcnn_lite"))[0].landmarks).all()


def test_the_threshold_with_the_best_f1():
    class Judged:
        faces = np.zeros(120)
        scores = np.repeat(np.array([0.9, 0.6, 0.3], np.float32), 100)
        right = np.repeat([True, False, False], 100)

    assert 0.6 < best_threshold(Judged()) <= 0.9
    Judged.faces = np.zeros(5)
    assert best_threshold(Judged()) == 0.5
