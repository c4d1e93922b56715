"""The pyramid against loops, averages taken in numpy, and what P-Net really answers."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch

from mtcnn_lite import pyramid
from mtcnn_lite.nets import PNet, normalise

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("size", [(480, 640), (640, 480), (20, 20), (40, 900), (57, 33), (19, 500), (1, 1)])
@pytest.mark.parametrize("min_face", [12, 20, 33, 40])
@pytest.mark.parametrize("factor", ["0.709", "0.5", "0.9"])
def test_scales_go_down_while_the_shorter_side_keeps_twelve_pixels(size, min_face, factor):
    scales, scale = [], Fraction(12, min_face)  # exact: no rounding decides about the last level
    while min(size) * scale >= 12:
        scales.append(float(scale))
        scale *= Fraction(factor)
    got = pyramid.pyramid_scales(*size, min_face, float(factor))
    np.testing.assert_allclose(got, scales, rtol=1e-12)
    assert all(min(pyramid.level_size(*size, s)) >= 12 for s in got)


def test_scales_of_a_worked_case():
    assert np.round(pyramid.pyramid_scales(100, 120), 3).tolist() == [0.6, 0.425, 0.302, 0.214, 0.152]
    assert pyramid.level_size(101, 203, 0.5) == (51, 102)  # height, width; .5 rounds up


@pytest.mark.parametrize("size", [(12, 12), (12, 13), (13, 12), (14, 17), (25, 40), (31, 31)])
def test_map_has_the_size_that_pnet_gives_it(size):
    with torch.inference_mode():
        answer = PNet()(normalise(np.zeros((1, *size, 3), np.uint8)))
    assert answer.score.shape[1:] == pyramid.map_size(*size)


@pytest.mark.parametrize("threshold", [0.25, 0.5, -1, 2])
def test_windows_are_read_from_the_map_row_by_row(threshold):
    scale, face_map = 0.3, RNG.integers(0, 5, (7, 11)).astype(np.float32) / 4  # many equal the threshold
    face_map.setflags(write=False)
    windows = [
        [2 * j / scale, 2 * i / scale, (2 * j + 12) / scale, (2 * i + 12) / scale]
        for i in range(7)
        for j in range(11)
        if face_map[i, j] >= threshold
    ]
    got = pyramid.candidate_windows(face_map, scale, threshold)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, np.reshape(windows, (-1, 4)), rtol=1e-6)


def test_halvings_are_means_of_four_pixels():
    image = RNG.integers(0, 256, (48, 80, 3), dtype=np.uint8)
    image.setflags(write=False)
    copies = pyramid.halvings(image, smallest=0.1)
    assert [c.shape for c in copies] == [(48, 80, 3), (24, 40, 3), (12, 20, 3), (6, 10, 3)]
    assert copies[0] is image
    for larger, smaller in pairwise(copies):
        h, w = smaller.shape[:2]
        means = larger.reshape(h, 2, w, 2, 3).mean(axis=(1, 3))
        assert np.abs(smaller - means).max() <= 0.5
    assert [c.shape[:2] for c in pyramid.halvings(image[:1, :3], 1e-3)] == [(1, 3), (1, 2)]  # ends before 0 px


def test_nearest_larger_is_the_smallest_copy_that_is_large_enough():
    for scale in [*RNG.uniform(0.01, 2, 200), 1, 0.5, 0.25, 12 / 20 * 0.5, 0.5 - 1e-9]:
        for copies in (1, 3, 6):
            enough = [k for k in range(copies) if 0.5**k >= scale * (1 - 1e-6)]
            assert pyramid.nearest_larger(scale, copies) == max(enough, default=0)


@pytest.mark.parametrize("size", [(120, 128), (91, 123), (125, 70)])
def test_levels_are_averages_of_the_area_they_come_from(size):
    """Each pixel of a level against the exact mean over its area; one channel each for x, y and noise."""
    height, width = size
    noise = RNG.integers(0, 256, (height // 8 + 1, width // 8 + 1)).repeat(8, 0).repeat(8, 1)[:height, :width]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    image = np.stack([2 * x, 2 * y, noise], axis=2).astype(np.uint8)

    def weights(old, new):
        """(new, old): the share of each old pixel in each new one."""
        edges = np.arange(new + 1) * old / new
        low, high = np.maximum(edges[:-1, None], np.arange(old)), np.minimum(edges[1:, None], np.arange(old) + 1)
        return np.maximum(high - low, 0) * new / old

    scales = [0.9, 0.6, 0.5, 0.31, 0.17]
    levels = pyramid.resize_levels(pyramid.halvings(image, 0.17), scales)
    for scale, level in zip(scales, levels, strict=True):
        h, w = pyramid.level_size(height, width, scale)
        means = np.einsum("hy,yxc,wx->hwc", weights(height, h), image.astype(float), weights(width, w), optimize=True)
        assert level.shape == (h, w, 3)
        off = np.abs(level - means)
        assert off[..., :2].max() <= 1.5  # of 2 a pixel: shifted by one, or with x for y, it would be over
        assert scale < 0.5 or off[..., 2].mean() <= 0.3  # further down, a half lies between and edges soften


def test_levels_of_a_fine_checkerboard_are_flat_gray():
    board = (255 * (np.indices((200, 300)).sum(axis=0) % 2)).astype(np.uint8)[..., None].repeat(3, axis=2)
    for level in pyramid.resize_levels(pyramid.halvings(board, 0.05), [0.5, 0.3, 0.2, 0.09, 0.05]):
        assert np.abs(level.astype(int) - 127).max() <= 12


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_face": 11.9}, "min_face is 11.9; it must be at least 12"),
        ({"min_face": np.nan}, "min_face is nan"),
        ({"factor": 1}, "factor is 1; it must lie between 0 and 1"),
        ({"factor": 0}, "factor is 0"),
        ({"factor": np.nan}, "factor is nan"),
    ],
)
def test_settings_out_of_range_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        pyramid.pyramid_scales(100, 100, **settings)
