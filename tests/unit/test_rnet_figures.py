"""The figures of chapter 04: the numbers in their alt texts, what looking costs, faces at the edge."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from mtcnn_lite import Detector
from mtcnn_lite.course.rnet_figures import (
    at_the_edge,
    cost_bars,
    edge_errors,
    edge_windows,
    moved_closer,
    multiplications,
    paired_errors,
    second_opinion,
)
from mtcnn_lite.course.scenes import portrait
from mtcnn_lite.draw import COLOURS, rgb
from mtcnn_lite.nets import ONet, PNet, RNet


@pytest.fixture(scope="module")
def onet():
    return Detector(weights="zhang2016").nets.onet


def counted(layers, height, width):
    """Weights times places of each convolution, of maps whose shape torch works out."""
    x, total = torch.zeros(1, 3, height, width, device="meta"), 0
    for layer in deepcopy(layers).to("meta"):
        x = layer(x)
        total += layer.weight.numel() * x[0, 0].numel() if isinstance(layer, nn.Conv2d) else 0
    return total


@pytest.mark.parametrize("size", [(24, 24), (25, 24), (48, 31), (100, 57)])
def test_multiplications_are_those_of_the_net_as_it_slides(size):
    rnet, pnet = list(RNet().children()), list(PNet().children())
    assert multiplications(RNet(), *size) == counted(nn.Sequential(*rnet[:8], nn.Conv2d(64, 128, 3)), *size)
    assert multiplications(PNet(), *size) == counted(nn.Sequential(*pnet[:7]), *size)


def test_multiplications_of_onet():
    body = nn.Sequential(*list(ONet().children())[:11], nn.Conv2d(128, 256, 3))
    assert multiplications(ONet(), 48, 48) == counted(body, 48, 48)


def test_second_opinion_says_its_numbers():
    first, second = np.float32([0.95, 0.92, 0.7, 0.6]), np.float32([0.9, 0.05, 0.7, 0.69])
    alt = second_opinion(first, second, np.array([True, True, False, False]), 0.7).alt
    assert "4 windows as dots. R-Net keeps 2, 1 of them on a face, and drops 2, 1 of them on a face." in alt
    assert "To 1 it gives less than 0.1, also to 1 of the 2 with 0.9 or more" in alt


def test_moved_closer_says_its_numbers():
    alt = moved_closer(np.float32([0.4, 0.6, 0.8]), np.float32([0.6, 0.7, 0.7])).alt
    assert "2 come closer to their face, 1 do not; of the 1 with 0.7 or more before, 0 come closer" in alt
    assert "from 0.60 to 0.67; 0.5 or more have 2 before and 3 after" in alt


def test_cost_bars_have_the_nets_colours():
    picture = cost_bars({"P-Net everywhere": 300.0, "R-Net everywhere": 6000.4})
    assert picture.alt == "Bars of millions of multiplications: P-Net everywhere 300; R-Net everywhere 6,000."
    for name in ("pnet", "rnet"):
        assert (picture.pixels == rgb(COLOURS[name])).all(axis=2).any()


def test_edge_windows():
    """A face of 40 x 60 at x 100, less a quarter: its square is 60 wide, and begins 10 + 10 px left of the new edge."""
    photo = np.arange(200, dtype=np.uint8)[None, :, None].repeat(200, 0).repeat(3, 2)
    cut, square, clamped, edge = edge_windows(photo, (100, 50, 140, 110), 0.25)
    assert edge == 110
    assert cut[0, 0, 0] == 110
    assert square.tolist() == [[-20, 50, 40, 110]]
    assert clamped.tolist() == [[0, 50, 40, 110]]


def test_edge_errors_on_a_whole_face_are_small_and_a_wrong_way_back_is_not(onet):
    face = portrait()
    right, clamped, wrong = edge_errors(onet, face.image(), face.boxes[0], face.landmarks[0], 0.3)
    assert right < 0.15
    assert right < clamped < wrong
    assert wrong > 0.3
    whole = edge_errors(onet, face.image(), face.boxes[0], face.landmarks[0], -0.5)  # the square lies inside
    assert max(whole) == pytest.approx(min(whole))
    assert whole[0] < 0.1


def test_at_the_edge_draws_labels_and_points(onet):
    face = portrait()
    picture = at_the_edge(onet, face.image(), face.boxes[0], face.landmarks[0], 0.3)
    right, clamped, _ = edge_errors(onet, face.image(), face.boxes[0], face.landmarks[0], 0.3)
    assert f"{right:.2f} eye distances" in picture.alt
    assert f"stretched by {clamped:.2f}" in picture.alt
    for name in ("truth", "landmark"):
        assert (picture.pixels == rgb(name)).all(axis=2).any()


def test_paired_errors_says_the_means():
    errors = np.array([[[0.1, 0.2, 0.4], [0.3, 0.2, 0.6]]])  # one share, two faces, three ways
    alt = paired_errors([0.3], errors).alt
    assert "zero padding: 0.20; clamped, stretched: 0.20; the same, mapped back from the square: 0.50." in alt
