"""A teacher's answers beside the labels: by hand, and in a run."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_training import TINY, photos

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.nets import NetOutput, RNet, normalise
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.store import Store, write_store
from mtcnn_lite.training.batch_loss import batch_loss
from mtcnn_lite.training.batches import as_batch
from mtcnn_lite.training.run_folder import RunError
from mtcnn_lite.training.stages import train_cascade, untrained_nets
from mtcnn_lite.training.teacher import TEMPERATURES, distillation_loss, distilled_targets
from mtcnn_lite.training.teacher_answers import (
    SAMPLES_AT_ONCE,
    as_output,
    keep_answers,
    kept_answers,
    teacher_answers,
)


def says(probabilities, points=None):
    """A teacher's answers: logits of these probabilities of a face, and these points."""
    p = torch.tensor(probabilities)
    return NetOutput(torch.stack([(1 - p).log(), p.log()], dim=1), torch.zeros(len(p), 4), points)


def test_the_target_is_between_label_and_teacher():
    """A negative, a positive, a part, each given 3/4 of a face by the teacher, 0.9 by the net."""
    face = torch.tensor([[math.log(0.1), math.log(0.9)]]).repeat(3, 1)
    losses = distillation_loss(face, says([0.75] * 3), torch.tensor([0, 1, 2]), 0.4, 2.0)
    soft, net = softened(0.75), softened(0.9)
    by_teacher = -4 * (soft * math.log(net) + (1 - soft) * math.log(1 - net))
    # a part face has no label to count
    by_hand = [0.4 * by_teacher - 0.6 * math.log(0.1), 0.4 * by_teacher - 0.6 * math.log(0.9), by_teacher]
    assert losses.tolist() == pytest.approx(by_hand, rel=1e-5)


def softened(p):
    """A probability whose logits are halved: odds of 99 : 1 become their square root."""
    return math.sqrt(p) / (math.sqrt(p) + math.sqrt(1 - p))


def test_the_temperature_makes_small_probabilities_count():
    """The gradient of the logit is T (p - q) at T = 2; at 1 it is .001 - .05."""
    face = torch.tensor([[0.0, math.log(0.001 / 0.999)]], requires_grad=True)
    said = says([0.05])
    loss = distillation_loss(face, said, torch.tensor([0]), 1.0, 2.0)
    (gradient,) = torch.autograd.grad(loss.sum(), face)
    q, p = softened(0.05), softened(0.001)
    assert gradient[0, 1].item() == pytest.approx(2 * (p - q), rel=1e-4)
    assert loss.item() == pytest.approx(-4 * (q * math.log(p) + (1 - q) * math.log(1 - p)), rel=1e-5)
    by_label = distillation_loss(face, said, torch.tensor([0]), 0.0, 2.0)
    assert by_label.item() == pytest.approx(-math.log(0.999), rel=1e-3)  # no label is softened
    plain = distillation_loss(face, said, torch.tensor([0]), 1.0, TEMPERATURES["pnet"])
    (gradient,) = torch.autograd.grad(plain.sum(), face)
    assert gradient[0, 1].item() == pytest.approx(0.001 - 0.05, rel=1e-4)


def test_places_lie_between_label_and_teacher_and_are_the_teachers_where_there_is_no_label():
    """Two labelled samples, one that the teacher sees and one that it doesn't, and two without a label."""
    own = torch.full((4, 4), float("nan"))
    own[0], own[1] = torch.tensor([0.2, 0.0, -0.1, 0.0]), torch.tensor([0.4, 0.4, 0.4, 0.4])
    labelled, seen = torch.tensor([True, True, False, False]), torch.tensor([True, False, True, False])
    target, learned = distilled_targets(own, torch.full((4, 4), 0.1), labelled, seen, 0.75)
    assert learned.tolist() == [True, True, True, False]
    assert target[0].tolist() == pytest.approx([0.125, 0.075, 0.05, 0.075])
    assert target[1].tolist() == pytest.approx([0.4] * 4)
    assert target[2].tolist() == pytest.approx([0.1] * 4)
    assert own[2:].isnan().all()


def test_a_batch_learns_points_from_labels_and_from_a_sure_teacher():
    """Positives and landmark samples with a label and without, to a teacher that is sure of all, and of none."""
    crops = np.random.default_rng(0).integers(0, 255, (4, 12, 12, 3), np.uint8)
    points = np.full((4, 5, 2), 0.25, np.float32)
    points[[1, 2]] = np.nan
    answers = np.random.default_rng(1).random((4, 16), np.float32)
    theirs = torch.from_numpy(answers[:, 6:].copy())
    net = untrained_nets(3).ready().pnet
    with torch.no_grad():
        output = net(normalise(crops)).landmarks.flatten(1)
    to_label, to_teacher = ((output - each).square().sum(dim=1) for each in (torch.tensor(0.25), theirs))
    to_middle = (output - (0.25 + theirs) / 2).square().sum(dim=1)
    stage = replace(TINY[0], distill_landmarks_weight=0.5)
    by_hand = {5: [to_middle[0], to_teacher[1], to_teacher[2], to_middle[3]], -5: [to_label[0], to_label[3]]}
    for bias, distances in by_hand.items():
        answers[:, :2] = 0, bias
        batch = as_batch(crops, np.array([1, 1, 2, 3], np.uint8), np.zeros((4, 4), np.float32), points, answers)
        costs, _ = batch_loss(net, batch, stage, torch.tensor(stage.indicator), 1.0)
        assert costs.landmark.item() == pytest.approx(torch.stack(distances).mean().item(), rel=1e-5)


def store_of_blots(folder, size):
    """A store of noise with a face, so that no crop is its own mirror image."""
    pixels = np.random.default_rng(0).integers(0, 255, (90, 90, 3), np.uint8)
    points = np.array([[[40, 40], [60, 40], [50, 50], [42, 60], [58, 60]]], np.float32)
    photo = LabelledPhoto(pixels, [[30, 25, 70, 75]], points)
    return write_store(folder, [photo], size, 0, SamplingConfig(random=9, beside=5, jittered=400, landmarks=200))


@pytest.mark.parametrize("net", ["pnet", "rnet", "onet"])
def test_a_teacher_is_asked_about_each_crop_and_its_mirror_image(tmp_path, net):
    """More samples than one process asks about at a time; the same numbers from two processes."""
    teacher = getattr(untrained_nets(5).ready(), net)
    store = store_of_blots(tmp_path / "store", teacher.size)
    assert len(store) > SAMPLES_AT_ONCE
    answers = teacher_answers(store, teacher)
    assert answers.shape == (len(store), 2, 16)
    for row in (0, SAMPLES_AT_ONCE, len(store) - 1):
        crop = store.crops(np.array([row]))
        for side, seen in enumerate((crop, crop[:, :, ::-1].copy())):
            with torch.inference_mode():
                output = teacher(normalise(seen))
            named = as_output(torch.from_numpy(answers[[row], side]))
            for said, asked in zip(named, output, strict=True):
                assert said.flatten().tolist() == pytest.approx(asked.flatten().tolist(), abs=1e-4)
    assert not np.allclose(answers[:, 0], answers[:, 1], atol=1e-3)
    if net == "pnet":
        assert (teacher_answers(store, teacher, workers=2) == answers).all()


def test_a_teacher_without_points_lends_none(tmp_path):
    teacher = RNet(landmark_head=False)
    answers = teacher_answers(store_of_blots(tmp_path / "store", 24), teacher)
    assert answers.shape[2] == 6
    assert as_output(torch.from_numpy(answers[:, 0])).landmarks is None


def test_kept_answers_are_asked_for_once_and_again_where_they_are_damaged(tmp_path, capsys):
    store, nets, path = store_of_blots(tmp_path / "store", 12), untrained_nets(5), tmp_path / "teacher.npy"
    keep_answers(path, store, nets.pnet)
    first = path.read_bytes()
    assert (kept_answers(path) == teacher_answers(store, nets.pnet)).all()
    keep_answers(path, store, untrained_nets(6).pnet)  # another teacher is not asked: a run has one
    assert path.read_bytes() == first
    for damaged in (first[:-9], first[:200] + bytes([first[200] ^ 1]) + first[201:], b""):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="is missing or damaged"):
            kept_answers(path)
        keep_answers(path, store, nets.pnet)
        assert path.read_bytes() == first
        assert f"{path} is damaged or missing: the teacher is asked again" in capsys.readouterr().err


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """P-Net trained from one beginning, by labels and by a teacher alone who gives 0.9 of a face to everything."""
    teacher = untrained_nets(1).ready()
    with torch.no_grad():
        teacher.pnet.face.weight.zero_()
        teacher.pnet.face.bias.copy_(torch.tensor([0.1, 0.9]).log())
    before = [value.clone() for value in teacher.pnet.parameters()]
    stages = [replace(TINY[0], steps=150, distill_weight=1.0)]
    out = tmp_path_factory.mktemp("taught")
    nets = [
        train_cascade(photos(), out / name, 2, stages, teacher=given).pnet
        for name, given in (("by a teacher", teacher), ("by labels", None))
    ]
    assert all(torch.equal(one, two) for one, two in zip(teacher.pnet.parameters(), before, strict=True))
    return out, nets, teacher, stages


def test_a_net_learns_what_its_teacher_says(taught):
    out, nets, _, _ = taught
    store = Store(out / "by labels" / "samples" / "pnet-1")
    crops = normalise(store.crops(store.rows("negative")))
    with torch.inference_mode():
        by_teacher, by_labels = (net(crops).score.mean().item() for net in nets)
    assert by_teacher == pytest.approx(0.9, abs=0.05)
    assert by_labels < 0.5


def test_a_run_goes_on_with_its_own_teacher_only(taught):
    out, _, teacher, stages = taught
    assert json.loads((out / "by a teacher" / "plan.json").read_text())["teacher"]
    train_cascade(photos(), out / "by a teacher", 2, stages, teacher=teacher, resume=True)
    for other in (None, untrained_nets(2).ready()):
        with pytest.raises(RunError, match="holds a run with another teacher"):
            train_cascade(photos(), out / "by a teacher", 2, stages, teacher=other, resume=True)


def test_without_landmarks_the_teachers_are_learned(tmp_path, capsys):
    """A net that begins as its teacher would forget the points as the rest of it changes; with its own answers as a
    teacher it moves its landmark head too."""
    bare = [LabelledPhoto(photo.image(), photo.boxes, ignore=photo.ignore) for photo in photos()]
    teacher = untrained_nets(7).ready()
    with torch.no_grad():
        teacher.pnet.face.bias[1] += 5  # sure of everything
        teacher.pnet.landmarks.bias.fill_(0.5)
    stages = [replace(TINY[0], steps=100, rate=0.01)]
    net = train_cascade(bare, tmp_path / "out", 0, stages, teacher=teacher).pnet
    assert "no face has landmarks: the teacher's are learned" in capsys.readouterr().out
    store = Store(tmp_path / "out" / "samples" / "pnet-1")
    crops = normalise(store.crops(store.rows("positive")))
    with torch.inference_mode():
        learned, taught, before = (
            one(crops).landmarks.flatten(1) for one in (net, teacher.pnet, untrained_nets(0).pnet)
        )
    off = (learned - taught).abs().mean()
    assert off < 0.3 * (before - taught).abs().mean()
