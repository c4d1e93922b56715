"""Suppression against plain loops over counted pixels."""

import math

import numpy as np
import pytest
from oracles import integer_boxes, looped_nms, looped_soft_nms

import mtcnn_lite.nms as nms_module
from mtcnn_lite.nms import nms, soft_nms, suppressors


def case(seed, count):
    """Boxes and scores with many ties, neither of which may be written to."""
    rng = np.random.default_rng(seed)
    boxes, scores = integer_boxes(rng, count), rng.integers(1, 8, count).astype(np.float32) / 8
    for array in (boxes, scores):
        array.setflags(write=False)
    return boxes, scores


@pytest.mark.parametrize("measure", ["iou", "iom"])
@pytest.mark.parametrize("threshold", [0, 0.25, 0.5, 0.7, 1])
@pytest.mark.parametrize(
    ("seed", "count", "block"), [(0, 60, 64), (1, 60, 7), (1, 60, 1), (2, 2, 2), (3, 1, 9), (4, 0, 9)]
)
def test_greedy_nms_is_the_plain_loop(monkeypatch, seed, count, block, threshold, measure):
    monkeypatch.setattr(nms_module, "BLOCK", block)
    boxes, scores = case(seed, count)
    kept, by = looped_nms(boxes, scores, threshold, measure)
    got = nms(boxes, scores, threshold, measure)
    assert got.tolist() == kept
    assert got.dtype.kind == "i"
    assert suppressors(boxes, scores, got, threshold, measure).tolist() == by


def test_equal_overlap_stays_and_of_equal_scores_the_earlier_wins():
    half = [[0, 0, 2, 1], [0, 0, 1, 1], [4, 0, 6, 1], [4, 0, 6, 1]]  # IoU 1/2, and twice the same box
    assert nms(half, [0.5] * 4, 0.5).tolist() == [0, 1, 2]
    assert nms(half, [0.5] * 4, 0.49).tolist() == [0, 2]
    assert nms(half, [0.5, 0.6, 0.5, 0.5], 0.49).tolist() == [1, 2]
    many = np.tile(np.float32([[0, 0, 5, 5]]), (200, 1)) + 10 * np.arange(200, dtype=np.float32)[:, None]
    assert nms(many, np.ones(200), 0.5).tolist() == list(range(200))  # long enough to see an unstable sort


def test_cutting_after_nms_is_cutting_before_it():
    boxes, scores = case(5, 80)
    kept = nms(boxes, scores, 0.3)
    above = np.flatnonzero(scores >= 0.5)
    assert kept[scores[kept] >= 0.5].tolist() == above[nms(boxes[above], scores[above], 0.3)].tolist()


@pytest.mark.parametrize(
    ("options", "weight"),
    [
        ({"sigma": 0.5}, lambda o: math.exp(-o * o / 0.5)),
        ({"sigma": 0.05, "method": "gaussian"}, lambda o: math.exp(-o * o / 0.05)),
        ({"method": "linear"}, lambda o: 1 - o if o > 0.3 else 1.0),
        ({"method": "linear", "threshold": 0.5}, lambda o: 1 - o if o > 0.5 else 1.0),
        ({"method": "linear", "threshold": 0}, lambda o: 1 - o),
    ],
)
@pytest.mark.parametrize("count", [50, 2, 1, 0])
def test_soft_nms_is_the_papers_loop(count, options, weight):
    boxes, _ = case(6, count)
    scores = np.random.default_rng(7).permutation(count).astype(np.float32) / 64 + 0.1  # no ties: they'd hide rounding
    scores.setflags(write=False)
    got = soft_nms(boxes, scores, **options)
    np.testing.assert_allclose(got, looped_soft_nms(boxes, scores, weight), rtol=1e-4, atol=1e-7)
    assert not np.shares_memory(got, scores)


def test_soft_nms_ties_go_to_the_earlier_and_the_best_is_chosen_anew():
    row = [[0, 0, 10, 10], [5, 0, 15, 10], [10, 0, 20, 10]]  # IoU of neighbours 1/3, of the ends 0
    third = math.exp(-(1 / 9) / 0.5)
    np.testing.assert_allclose(soft_nms(row[:2], [0.5, 0.5]), [0.5, 0.5 * third], rtol=1e-5)
    # 0 lowers 1; then 2 (untouched) is the best, so it lowers 1 again and is not lowered itself
    np.testing.assert_allclose(soft_nms(row, [0.5, 0.49, 0.48]), [0.5, 0.49 * third**2, 0.48], rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nms([[0, 0, 1, 1]], [0.5, 0.6], 0.5), r"scores has shape \(2,\); for 1 boxes"),
        (lambda: nms([[0, 0, 1, 1]], [[0.5]], 0.5), r"scores has shape \(1, 1\)"),
        (lambda: nms([[0, 0, 1, 1]], [np.nan], 0.5), "scores holds NaN"),
        (lambda: nms([[0, 0, 1]], [0.5], 0.5), r"boxes has shape \(1, 3\)"),
        (lambda: nms([], [], 0.5, "giou"), "measure is 'giou'; it must be one of 'iou', 'iom'"),
        (lambda: nms([], [], math.nan), "threshold is nan"),
        (lambda: nms([], [], 1.01), "threshold is 1.01"),
        (lambda: soft_nms([], [], sigma=0), "sigma is 0"),
        (lambda: soft_nms([], [], sigma=math.nan), "sigma is nan"),
        (lambda: soft_nms([], [], method="hard"), "method is 'hard'"),
        (lambda: soft_nms([], [], threshold=-1), "threshold is -1"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
