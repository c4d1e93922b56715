"""Chapter 12: photos of a person with the eyes where they belong, ranges by person, what the figures say."""

import numpy as np
import pytest

from mtcnn_lite.alignment import template, transform_points
from mtcnn_lite.course import recognition_figures as figures
from mtcnn_lite.course import verification_figures as measured
from mtcnn_lite.course.casual_photos import Taken, photos, placed, whose
from mtcnn_lite.course.scenes.cutouts import lfw_faces
from mtcnn_lite.embedding import verification

EXACT = Taken(turn=20, box=0, points=0)


@pytest.fixture(scope="module")
def face():
    return lfw_faces("held_out")[0]


def landed(face, way, taken, views=200):
    """Where the true points come to lie in the crops, (views, 5, 2)."""
    return transform_points(face.landmarks, placed(face, views, np.random.default_rng(0), way, taken))


def test_five_exact_points_land_in_one_place_whatever_the_turn(face):
    points = landed(face, "five points", EXACT)
    np.testing.assert_allclose(points, np.broadcast_to(points[0], points.shape), atol=1e-6)
    np.testing.assert_allclose(points[0].mean(axis=0), template(32).mean(axis=0), atol=1e-6)
    eyes = landed(face, "two eyes", EXACT)[:, :2]
    np.testing.assert_allclose(eyes, np.broadcast_to(template(32)[:2], eyes.shape), atol=1e-6)


def test_a_plain_crop_keeps_the_turn_and_the_boxs_middle(face):
    points = landed(face, "plain", EXACT)
    x, y = (points[:, 1] - points[:, 0]).T
    tilt = np.degrees(np.arctan2(y, x))
    assert tilt.std() == pytest.approx(20, abs=2.5)
    x1, y1, x2, y2 = face.box
    middle = np.array([[(x1 + x2 - 1) / 2, (y1 + y2 - 1) / 2]])  # a pixel centre
    centres = transform_points(middle, placed(face, 9, np.random.default_rng(0), "plain", EXACT))
    np.testing.assert_allclose(centres, np.full((9, 1, 2), 15.5), atol=1e-4)
    x1, y1 = transform_points(
        [[middle[0, 0] - (y2 - y1) / 2, middle[0, 1]]],
        placed(face, 1, np.random.default_rng(0), "plain", Taken(0, 0, 0)),
    )[0, 0]
    assert (x1, y1) == pytest.approx((-0.5, 15.5), abs=1e-3)  # the square's left edge


def test_points_are_off_by_what_was_asked_for(face):
    """The crop's middle moves by the mean of five errors; each point's mean length is a share of the eyes' distance."""
    exact, off = (landed(face, "two eyes", Taken(0, 0, share), 4000)[:, :2] for share in (0, 0.1))
    assert np.ptp(exact, axis=0).max() < 1e-9
    eyes = np.linalg.norm(template(32)[1] - template(32)[0])
    middle = (off - exact).mean(axis=1)  # of two independent errors: shorter by the root of two
    assert np.linalg.norm(middle, axis=1).mean() == pytest.approx(0.1 * eyes / np.sqrt(2), rel=0.05)


def test_the_same_seed_gives_the_same_photos_however_they_are_cut():
    plain, aligned, again, other = (
        photos("held_out", 2, seed, way) for seed, way in ((3, "plain"), (3, "five points"), (3, "plain"), (4, "plain"))
    )
    assert plain.shape == (29, 2, 32, 32, 3)
    assert (plain == again).all()
    assert (plain != other).any()
    gap = np.abs(plain.mean(axis=(2, 3, 4)) - aligned.mean(axis=(2, 3, 4)))  # one light, two cuts
    assert gap.mean() < 0.5 * np.abs(plain.mean(axis=(2, 3, 4)) - other.mean(axis=(2, 3, 4))).mean()
    assert whose(plain).tolist() == [k // 2 for k in range(58)]


def test_pixels_lie_where_the_matrix_says(face):
    """Without light and error, an aligned crop against pixels looked up one by one."""
    crop = photos("held_out", 1, 0, "five points", Taken(0, 0, 0), light=False)[0, 0, :, :, 0].astype(float)
    matrix = placed(face, 1, np.random.default_rng([0, 0]), "five points", Taken(0, 0, 0))[0]
    patch = face.copies[0][..., 0].astype(float)
    for x, y in ((12, 12), (16, 20), (20, 15)):
        u, v = np.linalg.solve(matrix[:, :2], [x - matrix[0, 2], y - matrix[1, 2]])
        i, j, a, b = int(v), int(u), v % 1, u % 1
        rows = patch[i : i + 2, j : j + 2]
        assert crop[y, x] == pytest.approx(np.array([1 - a, a]) @ rows @ np.array([1 - b, b]), abs=4)


def test_shares_of_kinds_by_hand():
    at = np.array([[0.0, 0], [0.5, 0], [0.6, 0], [2, 0]], np.float32)  # squared: .25 to the positive, .36 and 4, ...
    found = figures.triplet_kinds(at, np.array([0, 0, 1, 2]), margin=0.2)
    # from 0: gaps .11, 3.75; from .5: -.24, 2
    assert found == pytest.approx({"easy": 0.5, "semi-hard": 0.25, "hard": 0.25})
    assert "a: 50% easy, 25% semi-hard, 25% hard" in figures.shares_of_kinds({"a": found}).alt


def test_area_of_all_people_lies_in_its_range_and_clear_cases_have_none():
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(12), 3)
    at = (rng.normal(size=(12, 4))[person] + rng.normal(0, 0.7, (36, 4))).astype(np.float32)
    low, high = measured.area_interval(at, person, draws=100)
    area = verification(at, person).area
    assert low < area < high
    assert 0.02 < high - low < 0.4
    apart = np.eye(12, dtype=np.float32)[person] + rng.normal(0, 1e-3, (36, 12)).astype(np.float32)
    assert measured.area_interval(apart, person, draws=20) == (1, 1)
    alt = measured.roc({"net": verification(at, person)}, {"net": (low, high)}).alt
    assert f"net: area {area:.2f} ({low:.2f} to {high:.2f})" in alt
    assert (
        f"net: {area:.2f} ({low:.2f} to {high:.2f})"
        in measured.areas_with_ranges({"net": area}, {"net": (low, high)}).alt
    )


def test_other_figures_say_their_numbers():
    target = template()
    assert "moved, 5.0 px off" in figures.towards_places({"here": target, "moved": target + [3, 4]}, target).alt
    alt = figures.triplet_prices(0.3, (0.1, 0.4, 0.8)).alt
    assert "0.4 for a negative at 0.1, 0.1 for a negative at 0.4, 0.0 for a negative at 0.8" in alt
    assert "two: 1.0, 2.0; five: 0.5, 1.0" in figures.corner_errors((0.1, 0.2), {"two": [1, 2], "five": [0.5, 1]}).alt
    assert "0.20 to 0.10" in figures.learning([0.2] * 5 + [0.1] * 5, [1.0] * 10).alt
    assert (
        "hardest: 0.0 to 0.1 at the end" in figures.collapse({"hardest": [[1, 0], [1, 0.1]], "x": [[1, 1]] * 2}, 3).alt
    )
    assert "9.5% with 100 on file" in measured.strangers_named([1e-3]).alt
    crops = np.zeros((2, 3, 32, 32, 3), np.uint8)
    one_place = np.repeat(np.eye(2, dtype=np.float32), 3, axis=0)
    assert "net: 0% of the spread" in measured.embedding_maps({"net": one_place, "b": one_place}, crops, people=2).alt
