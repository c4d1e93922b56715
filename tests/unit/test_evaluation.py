"""Evaluation against brute force in plain Python and cases worked by hand."""

import json

import numpy as np
import pytest

from mtcnn_lite import Detector
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS, scenes
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import (
    Judged,
    average_precision,
    evaluate_photo,
    judge,
    landmark_error,
    landmark_errors,
    match,
    reached,
    reached_in,
    report,
)
from mtcnn_lite.net_names import NET_NAMES

PIXELS = np.zeros((100, 100, 3), np.uint8)


def photo_of(boxes, **more):
    return LabelledPhoto(PIXELS, boxes, **more)


def faces_of(*rows, landmarks=None):
    """Faces from (x1, y1, x2, y2, score)."""
    table = np.array(rows, np.float32).reshape(-1, 5)
    points = np.zeros((len(table), 5, 2), np.float32) if landmarks is None else landmarks
    return Faces(table[:, :4], table[:, 4], points)


def brute_iou(first, second):
    shared = [max(0.0, min(first[k + 2], second[k + 2]) - max(first[k], second[k])) for k in (0, 1)]
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return shared[0] * shared[1] / (sum(areas) - shared[0] * shared[1])


# --- matching


def brute_match(boxes, scores, truth, ignore):
    """One at a time, best first."""
    face, counts, taken = [-1] * len(boxes), [True] * len(boxes), set()
    for k in sorted(range(len(boxes)), key=lambda k: (-scores[k], k)):
        overlaps = [brute_iou(boxes[k], other) for other in truth]
        if not overlaps or max(overlaps) < 0.5:
            continue
        best = overlaps.index(max(overlaps))
        if ignore[best]:
            counts[k] = False
        elif best not in taken:
            face[k] = best
            taken.add(best)
    return face, counts


@pytest.mark.parametrize("seed", range(6))
def test_match_is_one_at_a_time(seed):
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 60, (8, 2))
    truth = np.hstack([corner, corner + rng.integers(8, 30, (8, 2))]).astype(float)
    boxes = truth[rng.integers(0, 8, 40)] + rng.integers(-5, 6, (40, 4))
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
    scores, ignore = rng.integers(0, 10, 40) / 10, rng.random(8) < 0.3  # many ties
    face, counts = match(boxes, scores, photo_of(truth, ignore=ignore))
    assert (face.tolist(), counts.tolist()) == brute_match(boxes.tolist(), scores, truth.tolist(), ignore)


def test_half_is_enough_and_a_pixel_less_is_not():
    photo = photo_of([[0, 0, 10, 10]])
    assert match([[0, 0, 10, 5]], [0.9], photo)[0].tolist() == [0]  # 50 of 100
    assert match([[0, 0, 10, 4]], [0.9], photo)[0].tolist() == [-1]
    assert match([[0, 0, 5, 10], [0, 0, 4, 10]], [0.9, 0.8], photo)[0].tolist() == [0, -1]  # the other axis


def test_duplicate_is_wrong_even_where_another_face_is_near():
    photo = photo_of([[0, 0, 20, 20], [4, 0, 24, 20]])
    face, counts = match([[0, 0, 20, 20], [1, 0, 21, 20], [4, 0, 24, 20]], [0.9, 0.8, 0.7], photo)
    assert face.tolist() == [0, -1, 1]
    assert counts.all()


def test_nothing_and_nobody():
    assert match([], [], photo_of([[0, 0, 9, 9]]))[0].tolist() == []
    assert match([[0, 0, 9, 9]], [0.5], photo_of([]))[0].tolist() == [-1]


@pytest.mark.parametrize(
    ("scores", "message"), [([0.1, 0.2], "for 1 boxes it must be \\(1,\\)"), ([np.nan], "scores holds NaN")]
)
def test_bad_scores_are_named(scores, message):
    with pytest.raises(ValueError, match=message):
        match([[0, 0, 9, 9]], scores, photo_of([[0, 0, 9, 9]]))


# --- judge, Judged


@pytest.fixture
def judged():
    first = photo_of([[0, 0, 20, 20], [40, 0, 52, 30], [60, 60, 70, 70]], ignore=[False, False, True])
    second = photo_of([[0, 0, 80, 80]])
    found = [
        (faces_of((0, 0, 20, 19, 0.9), (41, 0, 52, 30, 0.6), (80, 80, 90, 90, 0.7), (60, 60, 70, 70, 0.99)), first),
        (faces_of((2, 2, 80, 80, 0.8), (0, 0, 80, 80, 0.5)), second),
    ]
    return judge(found)


def test_judged_by_hand(judged):
    assert judged.right.tolist() == [True, True, False, True, False]  # .9, .8, .7, .6, .5; the ignored one is gone
    assert judged.faces.tolist() == [20, 12, 80]
    np.testing.assert_array_equal(judged.sides, [20, 80, np.nan, 12, np.nan])
    assert judged.recall() == 1
    assert judged.recall(0.7) == pytest.approx(2 / 3)
    assert judged.recall(0.6) == 1  # equal is kept
    assert judged.precision(0.7) == pytest.approx(2 / 3)
    assert judged.precision() == pytest.approx(3 / 5)
    assert np.isnan(judged.precision(0.95))  # says nothing, right or wrong
    assert judged.recall(0.7, sides=(12, 20)) == 0
    assert judged.recall(0.7, sides=(20, 80)) == 1  # 80 is not in it
    assert np.isnan(judged.recall(sides=(100, 200)))
    assert judged.average_precision == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert judged.recall_at(1) == pytest.approx(2 / 3)
    assert judged.recall_at(0.6) == judged.recall_at(0.75) == 1  # 3 of 5, 3 of 4: enough
    assert judged.recall_at(0.76) == pytest.approx(2 / 3)
    precision, recall = judged.curve()
    np.testing.assert_allclose(precision, [1, 1, 2 / 3, 3 / 4, 3 / 5])
    np.testing.assert_allclose(recall, [1 / 3, 2 / 3, 2 / 3, 1, 1])


def test_small_faces_count_neither_way():
    photo = photo_of([[0, 0, 20, 20], [40, 40, 52, 80]])  # the second's shorter side is 12
    found = [(faces_of((0, 0, 20, 20, 0.5), (40, 40, 52, 80, 0.9)), photo)]
    assert judge(found, smallest=12).right.tolist() == [True, True]
    small = judge(found, smallest=12.5)
    assert (small.right.tolist(), len(small.faces)) == ([True], 1)
    assert not photo.ignore.any()


def test_where_only_the_main_face_is_labelled_nothing_is_wrong():
    found = faces_of((0, 0, 20, 20, 0.5), (50, 50, 70, 70, 0.9))
    assert judge([(found, photo_of([[0, 0, 20, 20]]))]).right.tolist() == [False, True]
    assert judge([(found, photo_of([[0, 0, 20, 20]], complete=False))]).right.tolist() == [True]


def test_judge_of_nothing():
    nothing = judge([])
    assert len(nothing.scores) == 0
    assert np.isnan(nothing.precision())
    assert np.isnan(nothing.recall())
    assert np.isnan(nothing.average_precision)
    alone = judge([(faces_of((0, 0, 9, 9, 0.5)), photo_of([]))])
    assert alone.right.tolist() == [False]
    assert np.isnan(alone.recall_at(0.5))
    assert judge([(faces_of((0, 0, 9, 9, 0.5)), photo_of([[30, 30, 50, 50]]))]).recall_at(0.5) == 0


# --- average precision


def brute_area(scores, is_true, faces):
    """Each face found adds the best precision of all cuts that find at least as many."""
    rows = sorted(range(len(scores)), key=lambda k: (-scores[k], k))
    points, right = [], 0
    for rank, row in enumerate(rows, start=1):
        right += is_true[row]
        points.append((right, right / rank))
    return sum(max(p for count, p in points if count >= k) for k in range(1, right + 1)) / faces


@pytest.mark.parametrize("seed", range(20))
def test_area_is_brute_force(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 60))
    scores, is_true = rng.integers(0, 30, count) / 30, rng.random(count) < 0.6
    faces = int(is_true.sum() + rng.integers(1, 9))
    expected = brute_area(scores.tolist(), is_true.tolist(), faces)
    assert average_precision(scores, is_true, faces) == pytest.approx(expected)


def test_area_by_hand():
    assert average_precision([0.9, 0.8, 0.7, 0.6], [False, True, True, False], 4) == pytest.approx(2 * (2 / 3) / 4)
    assert average_precision([], [], 3) == 0
    assert np.isnan(average_precision([0.4], [False], 0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.1], [True, False], 3), r"\(1,\) and is_true \(2,\)"),
        (([0.1, 0.2], [True, True], 1), "number_of_faces is 1, but 2"),
        (([np.nan], [True], 1), "NaN"),
        (([[0.1]], [[True]], 1), r"both must be \(N,\)"),
    ],
)
def test_bad_arguments_of_the_area_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        average_precision(*arguments)


# --- landmarks


def test_landmark_error_by_hand():
    true = np.array([[[0, 0], [30, 40], [20, 20], [5, 60], [25, 60]]], float)  # eyes 50 px apart, tilted
    off = np.array([[3, 4], [0, 0], [0, 10], [-5, 0], [0, 0]], float)
    assert landmark_error(true + off, true).tolist() == pytest.approx([(5 + 0 + 10 + 5 + 0) / 5 / 50])
    both = np.concatenate([true, 3 * true])
    moved = both + np.concatenate([off[None], 3 * off[None]])
    assert landmark_error(moved, both).tolist() == pytest.approx([0.08, 0.08])  # size does not matter
    assert landmark_error(true[:, [1, 0, 2, 4, 3]], true).tolist() == pytest.approx([(50 + 50 + 20 + 20) / 5 / 50])


def test_landmark_error_of_nobody_and_of_the_unmarked():
    assert landmark_error(np.zeros((0, 5, 2)), np.zeros((0, 5, 2))).shape == (0,)
    assert np.isnan(landmark_error(np.zeros((1, 5, 2)), np.full((1, 5, 2), np.nan))).all()


def test_bad_landmarks_are_named():
    with pytest.raises(ValueError, match=r"predicted has shape \(1, 10\)"):
        landmark_error(np.zeros((1, 10)), np.ones((1, 5, 2)))
    eyes = np.arange(20.0).reshape(2, 5, 2)
    eyes[1, 1] = eyes[1, 0]
    with pytest.raises(ValueError, match="both eyes at one point in row 1"):
        landmark_error(eyes, eyes)


def test_landmark_errors_take_found_labelled_faces_only():
    points = np.array(ASTRONAUT_LANDMARKS, np.float32)
    marked = np.stack([points, points, np.full((5, 2), np.nan), points])
    boxes = [[0, 0, 20, 20], [30, 0, 50, 20], [60, 0, 80, 20], [0, 50, 20, 70]]
    photo = photo_of(boxes, landmarks=marked, ignore=[False, False, False, True])
    eyes = np.linalg.norm(points[0] - points[1])
    said = np.stack([points, points + [eyes, 0], points, points + 50])
    # wrong, right, of an unmarked face, of an ignored one
    found = faces_of(
        (0, 80, 9, 90, 0.9), (0, 0, 20, 20, 0.8), (60, 0, 80, 20, 0.7), (0, 50, 20, 70, 0.6), landmarks=said
    )
    errors, missed = landmark_errors([(found, photo)])
    assert errors.tolist() == pytest.approx([1.0])
    assert missed == 1


def test_face_whose_eyes_coincide_is_left_out():
    points = np.array([[[5, 5], [5, 5], [6, 9], [4, 12], [8, 12]]], np.float32)
    found = faces_of((0, 0, 20, 20, 0.8), landmarks=points)
    assert landmark_errors([(found, photo_of([[0, 0, 20, 20]], landmarks=points))])[1] == 0


# --- stages


@pytest.fixture(scope="module")
def photos():
    return scenes(5, 3, split="held_out", sizes=(14, 60), faces=(2, 5))


@pytest.fixture(scope="module")
def detector():
    return Detector("zhang2016")


LOW, CUT = (0.4, 0.2, 0.1), (0.7, 0.8, 0.9)


def brute_reached(trace, photo, smallest):
    """(recall, boxes) after each net, for the faces of one photo."""
    counted = [box for box, skip in zip(photo.boxes.tolist(), photo.ignore, strict=True)
               if not skip and min(box[2] - box[0], box[3] - box[1]) >= smallest]  # fmt: skip
    for boxes in (trace.pnet["refined"].boxes, trace.rnet["nms"].boxes, trace.faces.boxes):
        yield [any(brute_iou(face, box) >= 0.5 for box in boxes.tolist()) for face in counted], len(boxes)


def test_one_low_run_gives_each_stages_curve(detector, photos):
    """Each net's threshold is raised alone: what the curve says is what a run at that threshold does."""
    traces = [Detector("zhang2016", thresholds=LOW).trace(photo.image()) for photo in photos]
    low = reached_in(reached(trace, photo, 16) for trace, photo in zip(traces, photos, strict=True))
    for index, stage in enumerate(NET_NAMES):
        for threshold in (LOW[index], 0.6, 0.8, 0.95):
            asked = [*LOW[:index], threshold, *LOW[index + 1 :]]
            runs = [list(brute_reached(trace.rerun(thresholds=tuple(asked)), photo, 16))[index]
                    for trace, photo in zip(traces, photos, strict=True)]  # fmt: skip
            covered = [hit for hits, _ in runs for hit in hits]
            assert low[stage].recall(threshold) == pytest.approx(np.mean(covered))
            assert low[stage].boxes(threshold) == pytest.approx(np.mean([count for _, count in runs]))


def test_curve_of_a_stage_has_a_point_for_each_face_that_comes_in(photos):
    trace = Detector("zhang2016", thresholds=LOW).trace(photos[0].image())
    found = reached(trace, photos[0])["pnet"]
    boxes, recall = found.curve()
    at = sorted({float(s) for s in found.best if s >= 0}, reverse=True)
    np.testing.assert_allclose(boxes, [found.boxes(t) for t in at])
    np.testing.assert_allclose(recall, [found.recall(t) for t in at])
    assert (np.diff(recall) > 0).all()


def test_reached_without_faces_and_without_photos():
    trace = Detector("zhang2016", thresholds=CUT).trace(np.full((60, 60, 3), 90, np.uint8))
    none = reached(trace, photo_of([]))["onet"]
    assert np.isnan(none.recall())
    assert none.curve()[0].shape == (0,)
    assert reached_in([])["pnet"].boxes() == 0


# --- report


@pytest.fixture(scope="module")
def results(detector, photos):
    main = [
        LabelledPhoto(p.source, p.boxes, p.landmarks, p.ignore, complete=False, about={"dataset": "main"})
        for p in photos
    ]
    every = [*photos, *main[:2]]
    return [evaluate_photo(Detector("zhang2016", thresholds=CUT), photo, LOW) for photo in every]


def test_a_result_is_what_two_detectors_say(results, photos):
    for found, photo in zip(results, photos, strict=False):
        for thresholds, faces in ((LOW, found.low), (CUT, found.fixed)):
            alone = Detector("zhang2016", thresholds=thresholds).detect(photo.image())
            np.testing.assert_allclose(faces.boxes, alone.boxes, atol=1e-3)
            np.testing.assert_allclose(faces.scores, alone.scores, atol=1e-4)


def test_report_holds_the_figures_of_its_parts(results, photos):
    found = report(results)
    pairs = [(each.fixed, each.photo) for each in results[:5]]
    wide = [(each.low, each.photo) for each in results[:5]]
    assert (found["photos"], found["complete_photos"]) == (7, 5)
    for size in (12, 20):
        row = found["detection"][str(size)]
        assert row["recall"] == judge(pairs, size).recall()
        assert row["precision"] == judge(pairs, size).precision()
        assert row["average_precision"] == judge(wide, size).average_precision
    assert sum(band["faces"] for band in found["sizes"].values()) == found["detection"]["12"]["faces"]
    assert found["sets"]["main"]["photos"] == 2
    assert np.isnan(found["sets"]["main"]["average_precision"])
    assert found["sets"]["main"]["recall"] == judge([(o.fixed, o.photo) for o in results[5:]], 12).recall()
    errors, missed = landmark_errors([(o.low, o.photo) for o in results[5:]])
    row = found["landmarks"]["main"]
    assert (row["faces"], row["missed"]) == (len(errors), missed)
    assert row["failed"] == pytest.approx(np.mean(errors > 0.1))
    assert row["mean"] == pytest.approx(errors.mean())
    assert found["points"]["mean"] == pytest.approx(landmark_errors([(o.low, o.photo) for o in results])[0].mean())
    stages = found["stages"]
    assert stages["pnet"]["boxes"] > stages["rnet"]["boxes"] > stages["onet"]["boxes"]
    assert stages["onet"]["recall_low"] >= stages["onet"]["recall"]
    json.dumps(found)


def test_report_on_photos_without_a_complete_one_and_on_none(results):
    main = report(results[5:])
    assert np.isnan(main["detection"]["12"]["average_precision"])
    assert main["sets"]["main"]["recall"] > 0
    assert report([])["photos"] == 0


def test_judged_is_the_same_whatever_order_photos_come_in(results):
    pairs = [(each.low, each.photo) for each in results[:5]]
    forth, back = judge(pairs), judge(pairs[::-1])
    assert isinstance(forth, Judged)
    assert forth.average_precision == pytest.approx(back.average_precision)


def test_the_astronaut_is_found_and_its_points_are_near(detector, astronaut):
    photo = LabelledPhoto(astronaut, [ASTRONAUT_BOX], [ASTRONAUT_LANDMARKS])
    found = detector.detect(astronaut)
    assert judge([(found, photo)]).right.tolist() == [True]
    errors, missed = landmark_errors([(found, photo)])
    assert missed == 0
    assert errors[0] < 0.06
