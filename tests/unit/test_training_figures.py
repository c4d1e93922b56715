"""Chapter 09's tables say what the plan says, its figures what was measured; its miniature is the plan, small."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from mtcnn_lite import Detector
from mtcnn_lite.course import miniature, training_figures
from mtcnn_lite.course.first_weights import begin
from mtcnn_lite.course.miniature import Score, judged
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.course.skew import Held
from mtcnn_lite.nets import ONet, PNet
from mtcnn_lite.training.augmentation import Augmentation
from mtcnn_lite.training.loop import train as package_train
from mtcnn_lite.training.plan import STAGES, paper

# --- tables


def cells(table):
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table._repr_markdown_().splitlines()]


def test_each_stage_has_a_row_with_its_size_and_a_reason():
    head, _, *rows = cells(training_figures.stages_table(STAGES, paper()))
    assert head == ["stage", "steps × batch", "learns from", "in the paper", "reason"]
    assert [row[0] for row in rows] == [training_figures.UNBROKEN.format(stage.name) for stage in STAGES]
    for row, stage in zip(rows, STAGES, strict=True):
        assert row[1] == f"{stage.steps:,} × {stage.batch:,}"
        assert all(row)
    assert sum(row[3] == "the same" for row in rows) == len(paper())


def test_every_departure_from_the_paper_has_a_row():
    papers = {stage.net: stage for stage in paper()}
    differ = set()
    for stage in STAGES:
        if not stage.landmark_finetuning:
            theirs = papers[stage.net]
            differ |= {f.name for f in fields(stage) if getattr(stage, f.name) != getattr(theirs, f.name)}
            differ |= {"turn"} if stage.sampling.turn != theirs.sampling.turn else set()
    of_the_other_table = {"name", "steps", "hard_negatives", "sampling", "landmark_finetuning", "batch"}
    assert differ - of_the_other_table == set(training_figures.CHOICES)
    _, _, *rows = cells(training_figures.choices_table(STAGES, paper()))
    assert all(row[1] != row[2] for row in rows)


def test_values_by_net_are_the_plans():
    rows = {row[0]: row[1:3] for row in cells(training_figures.choices_table(STAGES, paper()))}
    assert rows["hardest share that counts"][1] == "0.7"
    assert rows["the teacher's part of score and box"][1] == "0"
    assert "O: 1 : 0.5 : 1" in rows["loss weights: detection, box, points"][1]
    onet = next(stage for stage in STAGES if stage.net == "onet")
    assert (
        "O: " + " : ".join(f"{weight:g}" for weight in onet.weights) in rows["loss weights: detection, box, points"][0]
    )
    assert f"darken {onet.augmentation.darken:.0%}" in rows["crops spoiled"][0]


# --- the miniature


def test_the_miniature_is_the_plan_with_fewer_steps():
    small = miniature.miniature()
    plan = [stage for stage in STAGES if not stage.landmark_finetuning]
    assert [stage.name for stage in small] == [stage.name for stage in plan]
    for one, other in zip(small, plan, strict=True):
        assert one.steps * one.batch < other.steps * other.batch / 100
        for name in ("net", "shares", "hard_negatives", "indicator"):
            assert getattr(one, name) == getattr(other, name)
        assert one.keep == 0.7
        assert one.augmentation == (Augmentation() if one.net == "pnet" else other.augmentation)
        assert one.sampling.turn == other.sampling.turn


@pytest.fixture(scope="module")
def begun():
    """Ten steps on a few scenes; the twentieth gives no sample."""
    return miniature.first_stage(replace(miniature.miniature()[0], steps=10), photos=20)


def test_the_film_shows_the_net_as_it_was_and_as_it_is(begun):
    assert begun.log.shape == (10, 6)
    assert begun.film.moments[0].step == 0
    assert begun.film.moments[-1].step == 10
    level = begun.film.moments[-1].maps[0]
    trace = Detector(begun.nets.ready()).trace(begun.film.photo.image())
    np.testing.assert_allclose(level, trace.levels[0].face_map, atol=1e-5)


def test_its_loop_ends_with_the_weights_of_the_packages(begun, tmp_path):
    stage = replace(miniature.miniature()[0], steps=6)
    batches = miniature.Batches([begun.store], stage.batch, stage.shares, 3)
    torch.manual_seed(3)
    one, other = PNet(), PNet()
    other.load_state_dict(one.state_dict())
    log = miniature.train(one, batches, stage)
    _, rows = package_train(other, batches, stage, tmp_path)
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)
    assert rows[0]["detection"] == pytest.approx(log[:, 1].mean(), rel=1e-3)


def test_first_weights_keep_the_spread():
    torch.manual_seed(0)
    net, spread = begin(ONet()), []
    for name, layer in net.named_children():
        if name.startswith("prelu"):
            layer.register_forward_hook(lambda *call: spread.append(call[2].std().item()))
    net(torch.randn(32, 3, 48, 48))
    assert 0.4 < spread[-1] / spread[0] < 5


def test_judged_counts_what_a_detector_finds():
    photos = scenes(3, seed=10, sizes=(30, 60), split="held_out")
    score = judged(Detector(), photos)
    assert score.faces == sum(len(photo.boxes) for photo in photos)
    assert score.found == score.left[2] == score.faces
    nothing = judged(Detector(thresholds=(0.6, 1, 1)), photos)
    assert (nothing.found, nothing.alarms, nothing.left[1:]) == (0, 0, (0, 0))


def test_a_trained_pnet_finds_more_than_a_random_one():
    held = Held(scenes(4, seed=10, sizes=(30, 60), split="held_out"))
    torch.manual_seed(0)
    assert miniature.found_by(Detector().nets.pnet, held) > 0.8 > miniature.found_by(PNet().eval(), held)


# --- figures


def test_bars_tell_the_faces_left_after_each_net():
    alt = training_figures.left_after({"by day": Score(7, 10, 2, (9, 8, 7))}).alt
    assert "by day: on 9, 8, 7 faces" in alt
    assert "7 of 10 faces found, 2 false alarms" in alt


def test_curves_join_a_nets_stages_and_tell_the_ends():
    rows = np.tile(np.arange(6, dtype=np.float32) / 10, (40, 1))
    alt = training_figures.curves({"pnet-1": 2 * rows, "pnet-2": rows, "rnet-1": rows, "onet-1": rows}).alt
    assert "P-Net ends at detection 0.10, box 0.20, landmark 0.30, 40% of faces and 50% of others right" in alt


def test_points_of_the_three_nets_are_measured_on_the_same_windows():
    """Nets of one answer, the middle: the same distance for all three."""
    nets = Detector().nets
    off = training_figures.points_off(nets, scenes(2, seed=10, sizes=(30, 60), split="held_out"))
    assert off["onet"] < off["rnet"] < off["pnet"] < 0.1
    text = training_figures.off_bars({"shipped": off}).alt
    assert f"P-Net {off['pnet']:.3f}" in text


def test_labels_and_rates_say_what_they_show(begun):
    batch = miniature.Batches([begun.store], 8, (1, 1, 1, 1), 3)(0)
    assert "2 negative, 2 positive, 2 part, 2 landmark" in training_figures.labels(batch).alt
    stages = miniature.miniature()
    peak = max(range(stages[0].steps), key=stages[0].learning_rate)
    assert f"pnet-1 to {stages[0].rate:g} at step {peak}" in training_figures.rates(stages).alt
