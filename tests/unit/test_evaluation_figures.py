"""Chapter 10: figures of many draws at once against one draw at a time, and what its pictures say of what they show."""

import numpy as np
import pytest

from mtcnn_lite import Detector, Faces
from mtcnn_lite.course import evaluation_figures as figures
from mtcnn_lite.course import ten_detections as ten
from mtcnn_lite.course.lights import LIGHTS, in_light, lit_scenes
from mtcnn_lite.course.redrawn import areas, judge_at, matched_points, one_look, threshold_of_half
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import judge, match


@pytest.fixture(scope="module")
def pairs():
    """Six photos with detections near their faces, beside them, twice on them; with scores that are often equal."""
    rng, made = np.random.default_rng(3), []
    for k in range(6):
        faces = np.array([[20 * i, 10, 20 * i + 16, 26] for i in range(1 + k % 4)], np.float32)
        boxes = np.concatenate([faces, faces, faces])[rng.permutation(3 * len(faces))] + rng.normal(
            0, 3, (3 * len(faces), 4)
        )
        scores = rng.integers(1, 8, len(boxes)) / 8
        found = Faces(boxes.astype(np.float32), scores.astype(np.float32), np.zeros((len(boxes), 5, 2), np.float32))
        ignore = np.arange(len(faces)) == 2
        made.append((found, LabelledPhoto(np.zeros((40, 100, 3), np.uint8), faces, ignore=ignore)))
    return made


def test_areas_are_those_of_one_draw_at_a_time(pairs):
    judged = judge(pairs)
    times = np.random.default_rng(0).multinomial(6, [1 / 6] * 6, size=40)
    expected = [judged.drawn(each).average_precision for each in times]
    assert areas(judged, times) == pytest.approx(expected, abs=1e-6)
    assert np.isnan(areas(judged, np.zeros((1, 6), int))[0])


def test_judged_at_one_half_as_by_the_package(pairs):
    ours, theirs = judge_at(pairs, 0.5), judge(pairs)
    for name in ("scores", "right", "faces", "photos", "face_photos"):
        assert getattr(ours, name).tolist() == getattr(theirs, name).tolist(), name
    assert np.array_equal(ours.sides, theirs.sides, equal_nan=True)
    assert judge_at(pairs, 0.95).right.sum() < theirs.right.sum() <= judge_at(pairs, 0.05).right.sum()
    with pytest.raises(ValueError, match="least is 0"):
        judge_at(pairs, 0)


def test_judging_photos_without_faces_or_detections():
    image = np.zeros((40, 40, 3), np.uint8)
    nothing = Faces(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))
    one = Faces(np.ones((1, 4), np.float32), np.ones(1, np.float32), np.zeros((1, 5, 2), np.float32))
    judged = judge_at(
        [(nothing, LabelledPhoto(image, [[0, 0, 9, 9]])), (one, LabelledPhoto(image, np.zeros((0, 4))))], 0.5
    )
    assert (judged.right.tolist(), len(judged.faces)) == ([False], 1)


def test_one_look_is_a_detector_without_the_mirror():
    photo = lit_scenes(1)[0]
    both = Detector("zhang2016").trace(photo.image())
    alone = Detector("zhang2016", mirror=False).detect(photo.image())
    assert np.array_equal(one_look(both).faces.boxes, alone.boxes)
    assert not np.array_equal(both.faces.scores, alone.scores)


def test_light_is_taken_away_and_labels_stay():
    bright, dim = lit_scenes(2)
    assert np.array_equal(in_light(bright, 1, 0).image(), bright.image())
    dark = in_light(bright, 0.25, 0)
    assert dark.image().mean() < 0.5 * bright.image().mean()
    assert np.array_equal(dark.boxes, bright.boxes)
    assert LIGHTS[0] == 1 > max(LIGHTS[1:])
    assert dim.image().shape == (180, 240, 3)
    with pytest.raises(ValueError, match=r"light is 1\.5"):
        in_light(bright, 1.5, 0)


def test_threshold_of_half_by_trying_each_score():
    rng = np.random.default_rng(5)
    for most in (0, 0.2, 1):
        scores, true, half = rng.integers(1, 20, 60) / 20, rng.random(60) < 0.5, rng.integers(0, 2, 60)
        faces, photos = np.array([30, 31]), np.array([10, 12])
        tried = [s for s in scores[half == 0] if ((scores >= s) & ~true & (half == 0)).sum() / 10 <= most]
        expected = min(tried, default=np.inf)
        kept = (half == 1) & (scores >= expected)
        assert threshold_of_half(scores, true, half, faces, photos, most) == pytest.approx(
            (expected, (kept & true).sum() / 31, (kept & ~true).sum() / 12)
        )


def test_matched_points_belong_to_their_faces(pairs):
    said, labels, places = matched_points(pairs)
    assert len(said) == len(labels) == len(places) == sum((match(f.boxes, f.scores, p)[0] >= 0).sum() for f, p in pairs)
    assert all((box == photo.boxes).all(axis=1).any() for photo, box in places)


def test_the_page_of_ten_by_the_package():
    found = Faces(ten.BOXES.astype(np.float32), ten.SCORES.astype(np.float32), np.zeros((10, 5, 2), np.float32))
    photo = LabelledPhoto(np.zeros((190, 310, 3), np.uint8), ten.FACES, ignore=ten.IGNORED)
    face, counts = match(found.boxes, found.scores, photo)
    verdicts = np.where(~counts, "ignored", np.where(face >= 0, "right", "wrong")).tolist()
    assert "0.98 right; 0.95 right; 0.91 wrong; 0.88 wrong; 0.80 right; 0.74 ignored" in ten.page(verdicts).alt
    assert "six faces" in ten.page().alt


def test_coverage_counts_the_ranges_that_hold_the_truth():
    ranges = np.array([[0, 2], [2, 3], [-1, 0.5], [0.9, 1.1]])
    alt = figures.coverage(ranges, 1.0, {"the gain": {6: [True, False], 12: [True] * 4}}, "a gain").alt
    assert "2 of 4 ranges hold the truth, 1.000" in alt
    assert "the gain: 50% of 6 photos, 100% of 12 photos" in alt


def test_cumulative_errors_count_faces_that_are_not_found():
    photos = [np.array([0.05, np.inf]), np.array([0.0, 0.5])]
    alt = figures.cumulative_errors({"some": photos}).alt
    assert "some, 50% of 4 faces within 0.1, area 0.38" in alt  # (1 + 0.5) / 4


def test_halves_say_in_how_many_splits_the_limit_breaks():
    alt = figures.halves(np.array([0.25, 0.25]), np.array([0.25, 0.75]), 0.25, 4).alt
    assert "0.50 on the other half, over 0.25 in 1 splits" in alt
