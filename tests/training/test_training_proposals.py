"""Proposals of a P-Net that lets everything through: bounded, in time too, and the same every time."""

import time

import numpy as np
import torch

from mtcnn_lite.detector import Detector
from mtcnn_lite.sampling.proposals import Proposals
from mtcnn_lite.training.stages import untrained_nets


def generous():
    nets = untrained_nets(0).ready()
    with torch.no_grad():
        nets.pnet.face.bias += torch.tensor([0.0, 3.0])  # "face" nearly everywhere
    return nets


def test_at_most_so_many_of_the_best_windows_reach_nms(astronaut):
    nets = generous()
    maps = [level.face_map for level in Detector(nets).trace(astronaut).levels]
    scores = np.sort(np.concatenate([face_map.ravel() for face_map in maps]))[::-1]
    assert (scores >= 0.4).sum() > 40_000
    for most in (100, 3000):
        propose = Proposals(nets, "pnet", most=most)
        started = time.perf_counter()
        boxes, said = propose()(astronaut)
        assert time.perf_counter() - started < 5  # NMS of all takes minutes
        again, _ = propose()(astronaut)
        assert boxes.tobytes() == again.tobytes()
        # By hand: NMS keeps some of the `most` best, and nothing else; ties at the end stay out together.
        lowest = (
            scores[most - 1] if scores[most - 1] > scores[most] else min(s for s in scores[:most] if s > scores[most])
        )
        assert 0 < len(said) <= most
        assert said.min() >= lowest
        assert said.max() == scores[0]
        everything = Detector(nets, thresholds=(float(lowest), 0.1, 1.0)).trace(astronaut)
        assert boxes.tobytes() == everything.pnet["nms within levels"].boxes.tobytes()


def test_a_photo_below_the_bound_is_left_alone(detector, astronaut):
    trace = detector.trace(astronaut).rerun(thresholds=(0.3, 0.1, 1.0))
    boxes, _ = Proposals(detector.nets, "rnet")()(astronaut)
    assert boxes.tobytes() == trace.pnet.last.boxes.tobytes()
    above = trace.pnet.counts()["above threshold"]
    assert Proposals(detector.nets, "rnet", most=above)()(astronaut)[0].tobytes() == boxes.tobytes()
    assert len(Proposals(detector.nets, "rnet", most=above - 1)()(astronaut)[0]) <= len(boxes)


def test_where_all_windows_score_the_same_none_is_better_and_none_goes_on():
    """A photo of one colour, and a net whose sigmoid is at 1: no threshold parts them."""
    gray = np.full((300, 300, 3), 90, np.uint8)
    nets = generous()
    for bias in (0.0, 60.0):
        with torch.no_grad():
            nets.pnet.face.bias[1] += bias
        boxes, scores = Proposals(nets, "rnet", most=500)()(gray)
        assert boxes.shape[1] == 4
        assert len(boxes) == len(scores) <= 500


def test_an_image_too_small_for_one_level_has_no_proposals():
    boxes, scores = Proposals(generous(), "rnet")()(np.zeros((10, 10, 3), np.uint8))
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


def test_the_bound_is_in_the_name():
    nets = untrained_nets(0)
    assert Proposals(nets, "rnet", most=10).name != Proposals(nets, "rnet", most=11).name
