"""The bootstrap: figures of photos drawn again, against photos that are really there twice, and against theory."""

import numpy as np
import pytest

from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import PhotoResult, bootstrap_interval, differences, judge, landmark_errors

RNG = np.random.default_rng(0)
POINTS = np.array([[3, 3], [7, 3], [5, 5], [3, 8], [7, 8]], np.float32)


def pair(faces, found, dataset="a", complete=True):
    """A photo with `faces` faces in a row; `found` right detections, and fewer wrong ones, at lower scores."""
    corners = np.array([[20 * k, 0, 20 * k + 12 + 10 * (k % 2), 22] for k in range(faces)], np.float32).reshape(-1, 4)
    photo = LabelledPhoto(np.zeros((60, 400, 3), np.uint8), corners, corners[:, None, :2] + POINTS, complete=complete,
                  about={"dataset": dataset})  # fmt: skip
    boxes = np.concatenate([corners[:found], corners[: RNG.integers(0, found + 1)] + [0, 30, 0, 30]])
    scores = (RNG.random(len(boxes)) * np.where(np.arange(len(boxes)) < found, 1, 0.7)).astype(np.float32)
    best = np.argsort(-scores)
    points = boxes[:, None, :2] + POINTS + RNG.normal(0, 1, (len(boxes), 5, 2)).astype(np.float32)
    return Faces(boxes[best], scores[best], points[best].astype(np.float32)), photo


def pairs_of(count):
    return [pair(faces, RNG.integers(0, faces + 1)) for faces in RNG.integers(0, 9, count)]


def results_of(pairs):
    return [PhotoResult(photo, faces, faces, {}, {}) for faces, photo in pairs]


@pytest.mark.parametrize("smallest", [0, 20])
def test_a_photo_drawn_twice_counts_as_two(smallest):
    pairs = pairs_of(12)
    judged = judge(pairs, smallest)
    for _ in range(20):
        times = RNG.multinomial(12, np.full(12, 1 / 12))
        there = judge([one for one, n in zip(pairs, times, strict=True) for _ in range(n)], smallest)
        drawn = judged.drawn(times)
        np.testing.assert_array_equal(drawn.scores, there.scores)
        np.testing.assert_array_equal(drawn.right, there.right)
        assert drawn.average_precision == there.average_precision
        assert drawn.recall(0.4, (12, 15)) == pytest.approx(there.recall(0.4, (12, 15)), nan_ok=True)
        assert drawn.recall_at(0.6) == there.recall_at(0.6)
        assert drawn.drawn(np.ones(12, int)).average_precision == there.average_precision


def test_interval_of_a_mean_is_what_theory_says():
    values = RNG.normal(5, 2, 400)
    low, high = bootstrap_interval(lambda times: float(times @ values / 400), 400, draws=4000)
    error = values.std() / 20  # of a mean of 400
    assert (low, high) == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.15 * error)
    assert bootstrap_interval(lambda times: float(times @ values / 400), 400, draws=4000) == (low, high)


def test_interval_without_photos_or_figures_is_nan():
    assert np.isnan(bootstrap_interval(lambda times: 1.0, 0)).all()
    assert np.isnan(bootstrap_interval(lambda times: float("nan"), 3)).all()
    # Draws without a figure are left out.
    assert bootstrap_interval(lambda times: 2.0 if times[0] else float("nan"), 3) == (2, 2)


def test_differences_are_of_the_figures():
    first = pairs_of(30)
    second = [(pair(len(photo.boxes), RNG.integers(0, len(photo.boxes) + 1))[0], photo) for _, photo in first]
    less = differences(results_of(first), results_of(second), draws=200)
    for size in (12, 20):
        a, b = judge(first, size), judge(second, size)
        expected = {
            "average_precision": a.average_precision - b.average_precision,
            "recall_at_90": a.recall_at(0.9) - b.recall_at(0.9),
            "recall": a.recall() - b.recall(),
            "precision": a.precision() - b.precision(),
        }
        for name, found in less["detection"][str(size)].items():
            assert found["difference"] == pytest.approx(expected[name])
            assert found["low"] <= found["difference"] <= found["high"]
            assert found["low"] < found["high"] or name == "recall_at_90"  # 0 in both, where the best is wrong
    points = [landmark_errors(pairs)[0].mean() for pairs in (first, second)]
    assert less["landmarks"]["a"]["difference"] == pytest.approx(points[0] - points[1], abs=1e-6)
    assert less["points"] == less["landmarks"]["a"]  # one set is all of them
    back = differences(results_of(second), results_of(first), draws=200)["detection"]["12"]["recall"]
    forth = less["detection"]["12"]["recall"]
    assert [back["low"], back["high"]] == pytest.approx([-forth["high"], -forth["low"]])


def test_the_same_detector_twice_differs_by_nothing():
    pairs = [*pairs_of(5), pair(1, 1, "b", complete=False)]
    less = differences(results_of(pairs), results_of(pairs), draws=50)
    every = [*less["detection"]["12"].values(), *less["detection"]["20"].values(), *less["landmarks"].values()]
    every.append(less["points"])
    assert sorted(less["landmarks"]) == ["a", "b"]
    assert all(found == {"difference": 0, "low": 0, "high": 0} for found in every)


def test_without_a_marked_face_there_is_no_point_to_compare():
    photo = LabelledPhoto(np.zeros((60, 60, 3), np.uint8), [[0, 0, 20, 20]])
    nothing = Faces(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))
    less = differences(results_of([(nothing, photo)]), results_of([(nothing, photo)]), draws=5)
    assert (less["landmarks"], less["points"]) == ({}, None)


def test_other_photos_are_an_error():
    pairs = pairs_of(3)
    with pytest.raises(ValueError, match="of the same, in one order"):
        differences(results_of(pairs), results_of(pairs[::-1]))
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        differences(results_of(pairs), results_of(pairs[:2]))
