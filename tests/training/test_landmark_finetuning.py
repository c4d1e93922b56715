"""The last round for landmarks: windows are the detector's own, errors the evaluation's, and scores stay."""

import json
from copy import deepcopy
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from mtcnn_lite import Detector
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.datasets.augment import mirror
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation.landmarks import landmark_error
from mtcnn_lite.training import finetuning_windows as module
from mtcnn_lite.training.finetuning_windows import collect_windows
from mtcnn_lite.training.landmark_finetuning import finetune_landmarks, last_layers, mean_look_error
from mtcnn_lite.training.plan import STAGES
from mtcnn_lite.training.stages import train_cascade
from mtcnn_lite.weights import load_weights, nets_of

STAGE = replace(next(stage for stage in STAGES if stage.landmark_finetuning), steps=40, batch=64, rate=3e-4)


def photos(count=3, shift=0.0):
    """Composed photos; `shift` moves the labelled points, for a net to learn something new."""
    return [
        LabelledPhoto(p.source, p.boxes, p.landmarks + np.float32([shift, 0]), p.ignore, about={"dataset": name})
        for p, name in zip(scenes(count, seed=5, height=160, width=200, faces=(1, 2)), "aab" * count, strict=False)
    ]


@pytest.fixture(scope="module")
def nets():
    return nets_of("mtcnn_lite")


@pytest.fixture(scope="module")
def windows(nets):
    return collect_windows(nets, photos(), seed=0)


def test_the_mean_of_both_looks_is_what_the_detector_says(nets, windows):
    """Photo by photo, mirrored ones too, in the order of the settings; the nearest of the detector's faces."""
    answers = [last_layers(nets.onet, seen) for seen in (windows.first_features, windows.second_features)]
    off = mean_look_error(windows, torch.arange(len(windows.photo)), *answers).detach().numpy()
    expected, number = [], []
    for index, photo in enumerate(photos()):
        for turned in (photo, mirror(photo)):
            for min_face, thresholds in module.CASCADE_SETTINGS:
                faces = Detector(nets, min_face, thresholds=thresholds).detect(turned.image())
                for box, points in zip(turned.boxes, turned.landmarks, strict=True):
                    centres = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2
                    near = np.linalg.norm(centres - (box[:2] + box[2:]) / 2, axis=1) < 0.25 * (box[2] - box[0])
                    if near.any():
                        expected.append(landmark_error([faces.landmarks[near.argmax()]], [points])[0])
                        number.append(index)
    assert len(expected) >= 6 * 3
    assert windows.photo.tolist() == number
    np.testing.assert_allclose(off, expected, atol=2e-4)
    assert windows.dataset.tolist() == [int(n == 2) for n in number]


def test_other_windows_are_those_of_the_first_settings(nets, windows):
    """As many as O-Net is asked about, up to the most; their answers are those of the trace."""
    for index, photo in enumerate(photos()):
        min_face, thresholds = module.CASCADE_SETTINGS[0]
        stage = Detector(nets, min_face, thresholds=thresholds).trace(photo.image()).onet
        mine = windows.other_features[windows.other_photo == index]
        first, second = min(len(stage["scored"]), module.OTHERS_FIRST), min(len(stage["nms"]), module.OTHERS_SECOND)
        assert len(mine) == first + second
        scores = last_layers(nets.onet, mine).score.detach().numpy()
        there = stage["scored"].scores
        assert np.abs(scores[:first, None] - there).min(axis=1).max() < 1e-4


def test_landmarks_are_learned_and_scores_stay(nets):
    """Points that all lie 2 px to the right of where the net has them: learned, by the last layers alone."""
    some, net = collect_windows(nets, photos(shift=2.0), seed=0), deepcopy(nets.onet)
    every = torch.arange(len(some.photo))

    def off(of):
        one, two = last_layers(of, some.first_features), last_layers(of, some.second_features)
        return mean_look_error(some, every, one, two).mean().item()

    finetune_landmarks(net, some, STAGE, seed=1)
    assert off(net) < 0.6 * off(nets.onet)
    changed = {name for name, value in net.state_dict().items() if not torch.equal(value, nets.onet.state_dict()[name])}
    assert {name.split(".")[0] for name in changed} == {
        "conv4",
        "prelu4",
        "dense5",
        "prelu5",
        "face",
        "offsets",
        "landmarks",
    }
    with torch.no_grad():
        before, after = (last_layers(of, some.other_features) for of in (nets.onet, net))
    assert (before.score - after.score).abs().max() < 0.1
    assert (before.offsets - after.offsets).abs().max() < 0.05


@pytest.mark.slow
def test_held_out_photos_are_measured_and_not_learned_from(nets):
    """Photo 19 alone is held out: nothing of it in what is learned, all of it in the figures."""
    some = collect_windows(nets, photos(20), seed=0)
    faces, others = some.rows(held_out=True)
    assert set(some.photo[faces].tolist()) == set(some.other_photo[others].tolist()) == {19}
    learned, beside = some.rows(held_out=False)
    assert (len(learned) + len(faces), len(beside) + len(others)) == (len(some.photo), len(some.other_features))
    spoiled = deepcopy(some)
    spoiled.landmarks[faces] += 50
    one, two = deepcopy(nets.onet), deepcopy(nets.onet)
    figures = [finetune_landmarks(net, each, replace(STAGE, steps=3), 1) for net, each in ((one, some), (two, spoiled))]
    assert torch.equal(one.dense5.weight, two.dense5.weight)
    with torch.no_grad():
        answers = (last_layers(nets.onet, seen[faces]) for seen in (some.first_features, some.second_features))
        off = mean_look_error(some, faces, *answers)
    assert figures[0]["landmarks off before"] == pytest.approx(off.mean().item(), abs=1e-4)
    assert figures[1]["landmarks off before"] > 5 * figures[0]["landmarks off before"]
    assert figures[0]["scores moved before"] == 0 < figures[0]["scores moved after"]


def test_a_run_ends_with_it(tmp_path, nets):
    start = deepcopy(nets)
    done = train_cascade(photos(), tmp_path / "run", stages=[STAGE], start=start)
    assert set(json.loads((tmp_path / "run" / STAGE.name / "measured.json").read_text())) >= {"landmarks off after"}
    saved = load_weights(tmp_path / "run" / "weights")
    assert torch.equal(saved.onet.dense5.weight, done.onet.dense5.weight)
    assert not torch.equal(saved.onet.dense5.weight, nets.onet.dense5.weight)
    assert torch.equal(saved.rnet.dense4.weight, nets.rnet.dense4.weight)


@pytest.mark.parametrize("count", [3, 20])
def test_without_points_nothing_is_learned(tmp_path, nets, capsys, count):
    """No face has points, or those of the photo that is held out alone."""
    bare = [p if number == 19 else LabelledPhoto(p.source, p.boxes) for number, p in enumerate(photos(count))]
    done = train_cascade(bare, tmp_path / "run", stages=[STAGE], start=deepcopy(nets))
    assert "nothing is learned" in capsys.readouterr().out
    assert torch.equal(done.onet.dense5.weight, nets.onet.dense5.weight)


def test_processes_see_the_same(nets, windows):
    there = collect_windows(nets, photos(), seed=0, workers=2)
    columns = [field.name for field in fields(windows)]
    assert len(columns) == 9
    for column in columns:
        torch.testing.assert_close(getattr(there, column), getattr(windows, column), atol=1e-4, rtol=1e-4, msg=column)
