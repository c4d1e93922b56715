"""Chapter 02's figures: what their alt texts say, of numbers that one can follow by hand."""

import numpy as np

from mtcnn_lite.course.pyramid_figures import costs_of_levels, who_catches, work_against_faces
from mtcnn_lite.draw import COLOURS, rgb


def blue(picture):
    return int((picture.pixels == rgb(COLOURS["pnet"])).all(axis=2).sum())


def test_costs_of_levels_says_their_shares():
    picture = costs_of_levels([8e6, 4e6, 2e6, 1e6, 1e6], factor=0.709)
    assert "Bars of 5 levels, from 8.0 to 1.0 million" in picture.alt
    assert "50%, 25%, 12%, 6%" in picture.alt
    assert "from 8.0 to 0.5" in picture.alt  # 8 x 0.709^8
    fewer = costs_of_levels([8e6, 1e6, 1e6, 1e6, 1e6], factor=0.709)
    assert 1.25 < blue(picture) / blue(fewer) < 1.4  # 16 to 12


def test_who_catches_says_the_level_of_each_face():
    best = np.array([[0.9, 0.5, 0.0], [0.8, 0.7, 0.6], [0.0, 0.3, 0.95]])
    picture = who_catches([20, 40, 85], [20, 40, 80], best)
    assert "3 faces from 20 to 85 px. For 2 of them the level whose window is nearest" in picture.alt
    assert "20 px at level 0, 40 px at level 0, 85 px at level 2" in picture.alt
    assert picture.flat


def test_work_against_faces_says_each_point():
    picture = work_against_faces([0.7, 0.5], [10e6, 6e6], [3, 2], of=3)
    assert picture.alt.endswith("3 at 0.7 for 10, 2 at 0.5 for 6.")
    assert "of 3" in picture.alt
