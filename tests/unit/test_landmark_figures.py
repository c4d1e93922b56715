"""Chapter 05's figures: what they say of what they show, and where the points lie."""

import numpy as np

from mtcnn_lite.course.landmark_figures import errors_by_width, half_pixel, placed_in, two_looks
from mtcnn_lite.draw import rgb

TEN = np.array([0.25, 0.75, 0.5, 0.3, 0.7, 0.25, 0.25, 0.5, 0.75, 0.75])  # five x, five y


def test_a_point_of_pixel_3_has_two_numbers():
    assert "Counted in edges, 0 to 8, it is at 3.5; counted in middles, 0 to 7, at 3." in half_pixel().alt


def test_points_lie_in_the_box_that_each_panel_draws():
    gray = np.full((100, 200, 3), 128, np.uint8)
    shown = placed_in(gray, {"a window": (60, 30, 100, 70), "a box moved right": (80, 30, 120, 70)}, TEN, height=200)
    assert shown.alt == "The same face twice, with a box and five points: a window; a box moved right."
    # The close-up is 14 px (35 % of 40) wider at each side: two panels of x 46 to 134, y 16 to 84, times 200 / 68.
    scale, panel = 200 / 68, round(88 * 200 / 68)
    top = shown.pixels.shape[0] - 200
    for left, x1 in ((0, 60), (panel + 10, 80)):
        for x, y in zip(TEN[:5], TEN[5:], strict=True):
            column, row = (x1 + 40 * x - 46) * scale - 0.5, (30 + 40 * y - 16) * scale - 0.5
            assert tuple(shown.pixels[top + round(row), left + round(column)]) == rgb("landmark")


def test_errors_are_told_on_average():
    shown = errors_by_width([20, 40], {"right": np.array([0.02, 0.04]), "wrong": np.array([0.1, 0.06])})
    assert shown.alt == "The landmark error of 2 faces by their width. On average: right 3.0%, wrong 8.0%."


def test_two_looks_are_counted_at_the_threshold():
    first, second = np.array([0.9, 0.6, 0.5, 0.65]), np.array([0.9, 0.9, 0.6, 0.85])  # means .9, .75, .55, .75
    shown = two_looks(first, second, np.array([True, True, True, False]), threshold=0.7)
    assert shown.alt == (
        "Boxes by the scores of two looks. At 0.7, the first look alone lets 1 of 3 faces and 0 of 1 other boxes "
        "through; the mean of both lets 2 of 3 faces and 1 of 1 other boxes through."
    )
