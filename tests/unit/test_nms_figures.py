"""Chapter 01's boxes and figures: rows best first, IoU as on the photo, and alt texts that say what came out."""

import numpy as np
import pytest
from oracles import counted

from mtcnn_lite.boxes import iou
from mtcnn_lite.course import nms_figures
from mtcnn_lite.course.explorers.suppression import Pool
from mtcnn_lite.course.nms_pools import pools as pools_of
from mtcnn_lite.draw import rgb
from mtcnn_lite.nms import nms, soft_nms


@pytest.fixture(scope="module")
def pools(detector, astronaut):
    return pools_of(detector, astronaut)


@pytest.fixture
def two():
    """Two faces side by side that overlap by a third, three boxes on the first and two on the other; whole pixels."""
    boxes = np.float32([[0, 0, 20, 20], [10, 0, 30, 20], [1, 0, 21, 20], [11, 0, 31, 20], [2, 0, 22, 20]])
    scores = np.float32([0.95, 0.9, 0.85, 0.8, 0.75])
    return Pool(np.full((40, 40, 3), 90, np.uint8), boxes, scores, "onet", boxes[:2])


def test_rows_go_best_first(pools):
    assert len(pools) == 4
    for name, pool in pools.items():
        assert (np.diff(pool.scores) <= 0).all(), name
        assert pool.image.dtype == np.uint8
        height, width = pool.image.shape[:2]
        assert len(pool.faces), name
        assert (pool.faces >= 0).all(), name
        assert (pool.faces <= [width, height, width, height]).all(), name


def test_a_close_up_keeps_each_iou(pools, detector, astronaut):
    trace = detector.trace(astronaut)
    for name, step in (("one face, R-Net", "refined"), ("the same, before R-Net moves them", "above threshold")):
        whole = trace.rnet[step]
        rows = [int(np.flatnonzero(whole.scores == score)[0]) for score in pools[name].scores]
        np.testing.assert_allclose(
            iou(whole.boxes[rows], whole.boxes[rows]), iou(pools[name].boxes, pools[name].boxes), atol=1e-5
        )


def test_both_faces_are_labelled_where_they_are_found(pools):
    pool = pools["two faces, O-Net"]
    assert {*pool.face().tolist()} == {0, 1}
    assert pool.face()[nms(pool.boxes, pool.scores, 0.5)].tolist() == [0, 1]


def test_sweep_says_where_each_face_has_one_box(two):
    boxes = two.boxes.astype(int)
    assert round(counted(boxes[0], boxes[1], "iou"), 3) == 0.333
    # Box 3, on the other face, overlaps box 0 by 9/31 = 0.29, box 4 by 18/22 = 0.82; stops are 0.05 apart.
    text = nms_figures.sweep(two, "greedy").alt
    assert "threshold from 0.30 to 0.80." in text
    soft = [s for s in np.arange(0.05, 2.01, 0.05) if (soft_nms(two.boxes, two.scores, s) >= 0.5).sum() == 2]
    assert f"from {min(soft):.2f} to {max(soft):.2f}" in nms_figures.sweep(two, "gaussian").alt


def test_first_step_names_each_overlap(two):
    text = nms_figures.overlaps_with_best(two, 0.5).alt
    assert "box 1 0.33, box 2 0.90, box 3 0.29, box 4 0.82; 2 of 4 lie above the threshold of 0.5" in text


def test_film_strip_ends_with_what_nms_keeps(two):
    text = nms_figures.film_strip(two, 0.5).alt
    assert "step 1: keeps box 0, removes 2, 4; step 2: keeps box 1, removes 3; the end: 0 and 1 are left." in text


def test_measures_differ_on_a_box_in_a_box(two):
    boxes = np.float32([[0, 0, 30, 30], [10, 10, 20, 20]])
    pool = Pool(two.image, boxes, np.float32([0.9, 0.8]), "rnet")
    text = nms_figures.by_measure(pool, (0, 1), 0.7).alt
    assert "IoU 0.11: both stay; over the smaller 1.00: only box 0 stays." in text


def test_boxes_on_paper_are_kept_or_crossed_out():
    row = [[0, 0, 10, 10], [3, 1, 13, 11], [6, 0, 16, 10]]
    drawn = nms_figures.on_paper(row, [[0.9, 0.8, 0.7], [0.8, 0.9, 0.7]], 0.4, ["first", "second"])
    assert drawn.alt.endswith("first: kept 0, 2; second: kept 1.")
    for colour in ("pnet", "landmark"):
        assert (drawn.pixels == rgb(colour)).all(axis=2).any()


def test_factors_are_the_formulas():
    text = nms_figures.factors(0.5, threshold=0.3).alt
    assert f"greedy 0.00, linear 0.50, gaussian {np.exp(-0.5):.2f}" in text


def test_lowered_scores_say_what_reaches_the_cut(two):
    lowered = {"linear": np.float32([0.95, 0.6, 0.1, 0.5, 0]), "gaussian": np.float32([0.95, 0.4, 0, 0, 0])}
    text = nms_figures.lowered_scores(two, lowered, cut=0.5).alt
    assert "linear leaves boxes 0, 1, 3 at 0.5 or more; gaussian leaves boxes 0 at 0.5 or more." in text


@pytest.mark.parametrize(("before", "where"), [([5, 3, 1], "the same everywhere"), ([5, 2, 1], "not everywhere")])
def test_cut_curves_say_whether_they_agree(before, where):
    assert where in nms_figures.cut_curves([0.1, 0.2, 0.3], [5, 3, 1], before).alt
