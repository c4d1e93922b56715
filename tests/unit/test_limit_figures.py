"""The figures of chapter 11: what they say of what they show, against counts of their own."""

import numpy as np
import pytest

from mtcnn_lite.anchors import anchor_levels
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.course import anchor_figures, cost_figures, limit_figures
from mtcnn_lite.course.explorers.limits import FATES
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import Described, rgb


def test_bill_says_the_crops_and_the_sums_at_both_ends():
    shown = cost_figures.bill((0, 9), [(3, 1), (1200, 70)], [(5, 1, 0), (5, 40, 2000)])
    assert "With 0 faces R-Net 3 and O-Net 1 crops, with 9 R-Net 1,200 and O-Net 70." in shown.alt
    assert shown.alt.endswith("with 0: P-Net 5, R-Net 1, O-Net 0; with 9: P-Net 5, R-Net 40, O-Net 2,000.")


def test_losses_are_in_the_colours_of_the_nets():
    only = {fate: np.tile(np.eye(4)[k], (1, 2, 1)) for k, fate in enumerate(FATES)}  # all faces of both photos
    for k, (fate, shares) in enumerate(only.items()):
        shown = limit_figures.losses_by_strength({"way": ((0.5,), "of it", shares)})
        assert (
            f"way 0.5 of it: {', '.join(f'{f} {int(f == fate):.0%}' for f in [*FATES[2::-1], FATES[3]])}." in shown.alt
        )
        tint, pixels = rgb(limit_figures.TINTS[k]), shown.pixels.reshape(-1, 3)
        counts = [(pixels == rgb(other)).all(axis=1).sum() for other in limit_figures.TINTS]
        assert np.argmax(counts) == k, tint


def test_crowds_count_those_found_and_those_missed():
    photo = LabelledPhoto(np.zeros((60, 90, 3), np.uint8), [[5, 5, 25, 25], [40, 5, 60, 25], [5, 30, 25, 50]])
    faces = Faces(
        np.float32([[5, 5, 25, 26], [60, 30, 80, 50]]), np.float32([0.9, 0.8]), np.zeros((2, 5, 2), np.float32)
    )
    assert limit_figures.crowds([photo], [faces]).alt == "Photos of crowded faces: 1 found, 2 missed."


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"), [(0, 10, 0, 0.278), (5, 10, 0.237, 0.763), (10, 10, 0.722, 1)]
)
def test_wilson_by_the_tables(hits, tries, low, high):
    assert limit_figures.wilson(hits, tries) == pytest.approx((low, high), abs=1e-3)


def test_easy_share_is_the_part_of_the_sum():
    q = np.r_[np.full(95, 0.999), np.full(5, 0.2)]
    figure, shares = limit_figures.easy_share(np.random.default_rng(0).permutation(q), easiest=0.9)
    for gamma, share in shares.items():
        loss = -((1 - q) ** gamma) * np.log(q)
        assert share == pytest.approx(loss[:91].sum() / loss.sum())
    assert "100 background windows. The easiest 90% make: gamma 0 1.1%, gamma 1 under 0.01%" in figure.alt


def test_best_anchor_knows_the_worst_and_the_best():
    anchors = np.concatenate(anchor_levels(64, 64, {64: (64,)}))
    shown = anchor_figures.best_anchor(anchors, {"here": (32, 32), "far": (500, 500)}, (0.5,))
    assert "here from 0.03 to 0.99" in shown.alt
    assert "far from 0.00 to 0.00" in shown.alt


def test_anchors_per_face_counts_each_rules():
    rules = {"one": np.array([0, 0, -1, -2]), "two": np.array([0, 1, 1, 1])}
    shown = anchor_figures.anchors_per_face(rules, np.float32([[0, 0, 10, 10], [0, 0, 5, 5]]))
    assert "one: 2 in all, 1 faces with none, at most 2; two: 4 in all, 0 faces with none, at most 3." in shown.alt


def test_found_by_says_each_count_and_leaves_out_who_was_not_asked():
    shown = limit_figures.found_by({"day": {"a": 3, "b": 9}, "night": {"a": 1}}, 10)
    assert shown.alt == "Faces found of 10. day: a 3, b 9; night: a 1."


def test_bill_by_the_clock_says_each_nets_way():
    shown = cost_figures.bill_by_the_clock((0, 40), np.array([[0.9, 0.1, 0], [1, 0.8, 1.5]]))
    assert shown.alt.endswith("to 40: P-Net 0.9 to 1.0, R-Net 0.1 to 0.8, O-Net 0.0 to 1.5.")


def test_pyramid_costs_are_those_of_levels_worked_out_by_hand():
    """At a smallest face of 24 px, 48 x 48 px have levels of 24, 17 and 12 px."""
    shown = cost_figures.pyramid_costs([(48, 48)] * 3, (24,))
    assert isinstance(shown, Described)
    assert "by smallest face: 24 px 0.07." in shown.alt
    assert shown.alt.endswith(f"24 px {(24**2 + 17**2 + 12**2) / 48**2:.2f}.")
