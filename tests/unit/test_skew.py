"""P-Net's train/use skew: crops averaged over areas, where a level's windows lie, and what is counted of the scores."""

import numpy as np
import pytest

from mtcnn_lite.course.skew import Held, Skew, against, area_crops, true_windows
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.pyramid import halvings, resize_levels


@pytest.fixture(scope="module")
def photo():
    return np.random.default_rng(0).integers(0, 256, (37, 50, 3), dtype=np.uint8)


def by_loops(picture, window, size):
    """Each pixel of a crop as the mean of the pixels that it covers, in whole or in part; black outside."""
    x1, y1, x2, y2 = window
    crop = np.zeros((size, size, 3))
    for i in range(size):
        top, bottom = (y1 + (y2 - y1) * (i + k) / size for k in (0, 1))
        for j in range(size):
            left, right = (x1 + (x2 - x1) * (j + k) / size for k in (0, 1))
            for y in range(picture.shape[0]):
                for x in range(picture.shape[1]):
                    covered = max(0, min(bottom, y + 1) - max(top, y)) * max(0, min(right, x + 1) - max(left, x))
                    crop[i, j] += covered * picture[y, x]
            crop[i, j] /= (right - left) * (bottom - top)
    return crop


@pytest.mark.parametrize(
    "window", [(0, 0, 6, 6), (1.25, 3.5, 10, 12.25), (-3, 5, 6.6, 14.6), (44, 30, 54, 40), (60, 60, 70, 70)]
)
def test_crops_are_means_of_areas(photo, window):
    [crop] = area_crops([photo], [window], size=4)
    np.testing.assert_allclose(crop, by_loops(photo, window, 4), atol=0.51)


def test_a_crop_at_its_true_place_is_the_level_there():
    """A window of each level of a photo whose sides don't divide: what P-Net sees in use."""
    photo = np.random.default_rng(1).integers(0, 256, (211, 317, 3), dtype=np.uint8)
    trace = Detector(min_face=20).trace(photo)
    copies = halvings(photo, 0.02)
    scales = [level.scale for level in trace.levels]
    for level, pixels in zip(trace.levels, resize_levels(copies, scales), strict=True):
        windows = true_windows(level, 211, 317)
        rows, columns = level.face_map.shape
        assert len(windows) == rows * columns
        for row, column in ((0, 0), (rows // 2, columns // 3), ((pixels.shape[0] - 12) // 2, columns // 2)):
            seen = pixels[2 * row : 2 * row + 12, 2 * column : 2 * column + 12].astype(int)
            [crop] = area_crops(copies, windows[[row * columns + column]])
            assert np.abs(crop - seen).max() <= 1, (level, row, column)


def test_windows_lie_where_they_seem_where_a_level_needs_no_rounding():
    photo = np.zeros((100, 120, 3), np.uint8)
    level = Detector(min_face=20).trace(photo).levels[0]  # scale 0.6: 60 x 72 px
    np.testing.assert_allclose(true_windows(level, 100, 120), level.windows(), rtol=1e-6)


def test_skew_by_hand():
    in_use = np.array([0.9, 0.7, 0.1, 0.5, 0.0], np.float32)
    cut = np.array([0.8, 0.5, 0.1, 0.6, 0.1], np.float32)
    found = Skew.of(in_use, cut, np.float32(0.6))
    assert (found.passed, found.both, found.flips) == (2, 1, 2)
    assert found.apart == pytest.approx((0.1 + 0.2 + 0.1) / 3)
    assert Skew.of(in_use[2:3], cut[2:3], 0.6).apart == 0


def test_the_figure_says_how_many_change_sides():
    in_use, cut = np.array([0.9, 0.7, 0.1]), {"so": np.array([0.9, 0.5, 0.1]), "or so": np.array([0.9, 0.7, 0.1])}
    assert "so: 1 of 3 windows change sides; or so: 0 of 3" in against(in_use, cut, 0.6).alt


def test_recall_counts_faces_under_passing_windows():
    """Two photos with a face each; one map peaks at its face, the other elsewhere."""
    photos = [LabelledPhoto(np.zeros((48, 48, 3), np.uint8), [[8, 8, 22, 22]]) for _ in range(2)]
    held = Held(photos, min_face=14)
    maps = [np.zeros(((level.shape[0] - 11) // 2 + 1, (level.shape[1] - 11) // 2 + 1)) for level in held.levels]
    first, second = 0, len(maps) // 2  # the largest level of each; its scale is 12 / 14, a window's side 14 px
    at = round(8 * 12 / 14 / 2)
    maps[first][at, at] = 1
    maps[second][0, 14] = 0.9
    assert held.recall(maps, windows=1) == 0.5
    maps[second][at, at] = 0.95
    assert held.recall(maps, windows=1) == 1
