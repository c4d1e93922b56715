"""The figures of the nets: what their alt texts say, and their colours."""

import numpy as np
import pytest

from mtcnn_lite.course.net_figures import (
    DIVERGING,
    architecture,
    coloured,
    feature_maps,
    map_scale,
    receptive_field,
    sheet_of_maps,
)
from mtcnn_lite.draw import COLOURS, rgb
from mtcnn_lite.nets import NET_TYPES, PNet, RNet

NETS = ("pnet", "rnet", "onet")


def has(picture, colour):
    return bool((picture.pixels == rgb(colour)).all(axis=2).any())


@pytest.mark.parametrize("name", NETS)
def test_architecture_says_every_layer_with_its_shape(name):
    picture = architecture(NET_TYPES[name]())
    words = {
        "pnet": ["3 × 12 × 12", "conv1, conv 3 × 3, PReLU: 10 × 10 × 10", "pool1, pool 2 × 2: 10 × 5 × 5",
                 "16 × 3 × 3", "32 × 1 × 1"],
        "rnet": ["3 × 24 × 24", "28 × 22 × 22", "28 × 11 × 11", "48 × 9 × 9", "pool2, pool 3 × 3: 48 × 4 × 4",
                 "conv3, conv 2 × 2, PReLU: 64 × 3 × 3", "dense4, dense, PReLU: 128"],
        "onet": ["3 × 48 × 48", "32 × 46 × 46", "64 × 10 × 10", "pool3, pool 2 × 2: 64 × 4 × 4", "128 × 3 × 3",
                 "dense5, dense, PReLU: 256"],
    }[name]  # fmt: skip
    for part in [*words, "face with 2 numbers, offsets with 4 numbers, landmarks with 10 numbers"]:
        assert part in picture.alt
    assert picture.flat
    assert picture.pixels.shape[1] < 1000


def test_architecture_is_drawn_from_the_net():
    without = architecture(PNet(landmark_head=False))
    assert "landmarks" not in without.alt
    assert without.pixels.shape == architecture(PNet()).pixels.shape
    assert (without.pixels != architecture(PNet()).pixels).any()


@pytest.mark.parametrize("name", NETS)
def test_receptive_field_says_each_layers(name):
    picture = receptive_field(NET_TYPES[name]())
    sides = {"pnet": "conv1 3, pool1 4, conv2 8, conv3 12",
             "rnet": "conv1 3, pool1 5, conv2 9, pool2 13, conv3 17, dense4 24",
             "onet": "conv1 3, pool1 5, conv2 9, pool2 13, conv3 21, pool3 25, conv4 33, dense5 48"}[name]  # fmt: skip
    assert sides in picture.alt
    assert has(picture, name)  # the innermost square


def test_feature_maps_are_a_row_a_crop_on_one_scale():
    net = PNet()
    crops = np.random.default_rng(1).integers(0, 256, (2, 12, 12, 3), np.uint8)
    crops[1] = crops[0]
    picture = feature_maps(net, crops, ["a face", "a leaf"])
    assert "a face (score 0." in picture.alt
    assert "a leaf (score 0." in picture.alt
    assert "conv1 with 10 × 10 × 10" in picture.alt
    half = picture.pixels.shape[0] // 2
    first, second = picture.pixels[:half], picture.pixels[half:]
    assert (first[40:] == second[40:]).all()  # below the headings: equal crops, equal maps
    with pytest.raises(ValueError, match="names has 1 entries; there are 2 crops"):
        feature_maps(net, crops, ["a face"])


def test_figure_colours_are_the_nets():
    assert has(receptive_field(RNet()), COLOURS["rnet"])
    assert not has(receptive_field(RNet()), COLOURS["pnet"])


def test_colours_run_from_brown_through_white_to_purple():
    colours = coloured(np.array([[-9.0, -2.0, 0.0, 2.0, 9.0]]), 2).tolist()[0]
    assert [tuple(each) for each in colours] == [rgb(DIVERGING[k]) for k in (0, 0, 5, 10, 10)]


@pytest.mark.parametrize(
    ("values", "end"), [([0.3, -0.45], 0.5), ([0.0, 0.0], 1e-6), ([12, -3], 20), ([0.1], 0.1), ([-0.0021], 0.005)]
)
def test_scale_ends_at_one_two_or_five(values, end):
    assert map_scale(np.array(values, np.float32)) == end


def test_sheet_has_each_channel_once():
    maps = np.linspace(-1, 1, 10, dtype=np.float32)[:, None, None] * np.ones((1, 5, 5), np.float32)
    sheet = sheet_of_maps(maps, 1)
    for value in maps[:, 0, 0]:
        tint = coloured(np.array([[value]]), 1)[0, 0]
        assert (sheet == tint).all(axis=2).sum() >= 25
