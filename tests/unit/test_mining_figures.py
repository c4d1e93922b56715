"""The figures of chapter 08 say in their alt texts what they show, worked by hand."""

import numpy as np
import pytest

from mtcnn_lite.course import mining_figures as figures
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import rgb


def test_chosen_names_the_rows():
    alt = figures.chosen([0.1, 0.9, 0.5], np.array([False, True, True])).alt
    assert alt == "3 losses as bars. The 2 highest are kept: rows 1, 2."


def test_moments_count_faces_and_what_is_dropped():
    losses = {"then": np.array([4.0, 3.0, 2.0, 1.0]), "now": np.array([1.0, 1.0, 1.0, 5.0])}
    alt = figures.moments(losses, np.array([True, False, False, True]), keep=0.5).alt
    assert "then: losses of 1.00 to 4.00, 1 of 2 faces kept, the dropped hold 30.0%" in alt
    assert "now: losses of 1.00 to 5.00, 2 of 2 faces kept, the dropped hold 25.0%" in alt


def test_arrows_say_what_is_drawn_shorter():
    shown = figures.arrows({"late": {"keep 0.3": (-0.5, 12.0)}})
    assert "late: keep 0.3 cosine -0.50, 12.00 times as long." in shown.alt


def test_curves_give_means_of_seeds():
    found = {"all": np.array([[0.1, 0.3], [0.5, 0.7]]), "some": np.array([[0.2, 0.2], [0.4, 0.4]])}
    alt = figures.curves([10, 20], found, "faces found").alt
    assert "faces found after 10, 20 steps, with 2 seeds each. Means: all: 0.20, 0.60; some: 0.20, 0.40." in alt


def test_wrong_labels_among_the_kept_and_in_what_pulls():
    p = np.array([0.5, 0.2, 0.9, 0.9])  # of the label: pulls of .5, .8, .1, .1
    alt = figures.wrong_among(-np.log(p), np.array([False, True, False, False]), marked=(1.0, 0.5)).alt
    assert "of the kept samples 25%, 50%" in alt  # 1 of 4, 1 of the 2 hardest
    assert "of what pulls at the net 53%, 62%" in alt  # .8 / 1.5, .8 / 1.3


def test_share_of_the_easiest():
    alt = figures.share_of_the_easiest({"box": np.array([1.0, 2, 3, 4])}, dropped=0.5).alt
    assert "of the box loss 30.0%" in alt


def test_twins_count_both_of_a_pair():
    windows = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [5, 0, 15, 10], [50, 0, 60, 10]], np.float32)
    assert figures.twins(windows, np.arange(4)) == 2
    assert figures.twins(windows, np.array([0, 2, 3])) == 0


@pytest.mark.parametrize(("label", "colour"), [(True, "face"), (False, "muted")])
def test_windows_have_the_colour_of_their_label(label, colour):
    photo = LabelledPhoto(np.zeros((240, 240, 3), np.uint8), [[20, 20, 60, 60]], [np.full((5, 2), 40)])
    windows = np.array([[100, 100, 160, 160]], np.float32)
    shown = figures.on_the_photo(photo, windows, np.array([label]), {"these": np.array([0])})
    assert f"1 faces; these, {int(label)} labelled a face" in shown.alt
    seen = {tuple(pixel) for pixel in shown.pixels[-140:, 255:].reshape(-1, 3)}
    other = {"face": "muted", "muted": "face"}[colour]
    assert rgb(colour) in seen
    assert rgb(other) not in seen
