"""The judges of chapter 10: right answers pass however they are written, wrong ones are named."""

import math

import numpy as np
import pytest
import torch
from judging import check_named

from mtcnn_lite import evaluation
from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.average_precision import JUDGE as _AREA
from mtcnn_lite.course.checks.landmark_error import JUDGE as _POINTS

# --- average_precision, right


def area_by_loops(scores, is_true, number_of_faces):
    """Pascal VOC's way: a curve with ends, its envelope from behind, the sum where recall steps."""
    rows = sorted(range(len(scores)), key=lambda k: -scores[k])
    recall, precision, right = [0.0], [0.0], 0
    for rank, row in enumerate(rows, start=1):
        right += bool(is_true[row])
        recall.append(right / number_of_faces)
        precision.append(right / rank)
    recall, precision = [*recall, 1.0], [*precision, 0.0]
    for k in range(len(precision) - 2, -1, -1):
        precision[k] = max(precision[k], precision[k + 1])
    return sum((recall[k + 1] - recall[k]) * precision[k + 1] for k in range(len(recall) - 1))


def area_by_definition(scores, is_true, number_of_faces):
    """Each face that is found adds the best precision of any cut that finds at least as many."""
    cuts = [is_true[scores >= cut] for cut in scores]
    points = [(int(kept.sum()), float(kept.mean())) for kept in cuts]
    found = max((count for count, _ in points), default=0)
    return sum(max(p for count, p in points if count >= k) for k in range(1, found + 1)) / number_of_faces


def area_by_torch(scores, is_true, number_of_faces):
    order = torch.tensor(scores).argsort(descending=True)
    hits = torch.tensor(is_true)[order].double()
    precision = hits.cumsum(0) / torch.arange(1, len(hits) + 1)
    envelope = precision.flip(0).cummax(0).values.flip(0) if len(hits) else precision
    return (envelope * hits).sum() / number_of_faces


@pytest.mark.parametrize(
    "fn", [area_by_loops, area_by_definition, area_by_torch, evaluation.average_precision], ids=lambda fn: fn.__name__
)
def test_right_areas_pass(fn):
    verdict = checks.average_precision(fn)
    assert verdict, verdict


# --- average_precision, wrong


def sorted_hits(scores, is_true):
    return [bool(is_true[k]) for k in sorted(range(len(scores)), key=lambda k: -scores[k])]


def precisions(hits):
    return [sum(hits[: k + 1]) / (k + 1) for k in range(len(hits))]


def not_sorted(s, t, n):
    return area_by_loops(np.arange(len(s))[::-1], t, n)


def no_envelope(s, t, n):
    hits = sorted_hits(s, t)
    return sum(p for p, hit in zip(precisions(hits), hits, strict=True) if hit) / n


def envelope_forwards(s, t, n):
    hits = sorted_hits(s, t)
    return sum(max(precisions(hits)[: k + 1]) for k, hit in enumerate(hits) if hit) / n


def trapezoid(s, t, n):
    hits = sorted_hits(s, t)
    recall = np.cumsum(hits) / n
    return np.trapezoid(precisions(hits), recall) if hits else 0.0


def interpolated(points):
    def fn(s, t, n):
        hits = sorted_hits(s, t)
        recall, precision = np.cumsum(hits) / n, np.array(precisions(hits))
        levels = [k / (points - 1) for k in range(points)]
        return np.mean([max([p for p, r in zip(precision, recall, strict=True) if r >= x - 1e-12], default=0)
                        for x in levels])  # fmt: skip

    return fn


def rank_from_zero(s, t, n):
    hits = sorted_hits(s, t)
    precision = [sum(hits[: k + 1]) / max(k, 1) for k in range(len(hits))]
    return sum(max(precision[k:]) for k, hit in enumerate(hits) if hit) / n


def best_f1(s, t, n):
    hits = np.array(sorted_hits(s, t))
    right, count = np.cumsum(hits), np.arange(1, len(hits) + 1)
    return (2 * right / (count + n)).max(initial=0)


def roc(s, t, n):
    right, wrong = s[t], s[~t]
    return (right[:, None] > wrong[None]).mean() if len(right) and len(wrong) else 0.0


def to_the_end(s, t, n):
    if not len(s):
        return 0.0
    return area_by_loops(s, t, n) + (1 - t.sum() / n) * t.mean()


WRONG_AREAS = {
    "not sorted": (not_sorted, "taken as they came"),
    "worst first": (lambda s, t, n: area_by_loops(-s, t, n), "sorted from the worst score up"),
    "no envelope": (no_envelope, "The envelope is missing"),
    "envelope forwards": (envelope_forwards, "runs the wrong way"),
    "over the found": (lambda s, t, n: area_by_loops(s, t, max(1, t.sum())), "divided by the faces that were found"),
    "over the detections": (lambda s, t, n: area_by_loops(s, t, max(1, len(t))), "divided by the number of detections"),
    "precision": (lambda s, t, n: t.mean() if len(t) else 0.0, "precision of all detections together"),
    "recall": (lambda s, t, n: t.sum() / n, "recall of all detections together"),
    "mean precision": (
        lambda s, t, n: np.mean(precisions(sorted_hits(s, t))) if len(s) else 0.0,
        "mean precision over all detections",
    ),
    "trapezoid": (trapezoid, "the trapezoid rule"),
    "11 points": (interpolated(11), "11 fixed recalls"),
    "101 points": (interpolated(101), "101 fixed recalls"),
    "highest precision": (lambda s, t, n: max(precisions(sorted_hits(s, t)), default=0), "the highest precision"),
    "a rectangle": (lambda s, t, n: t.mean() * t.sum() / n if len(t) else 0.0, "one rectangle"),
    "F1": (best_f1, "best F1 score"),
    "rank from 0": (rank_from_zero, "rank is off by one"),
    "to the end": (to_the_end, "What was not found counts as well"),
    "ROC": (roc, "right ones against wrong ones"),
    "one minus": (lambda s, t, n: 1 - area_by_loops(s, t, n) if len(s) else 0.0, "1 minus the area"),
    "percent": (lambda s, t, n: 100 * area_by_loops(s, t, n), "in percent"),
    "a curve": (lambda s, t, n: precisions(sorted_hits(s, t)) or 0.0, "The whole curve came back"),
    "nothing": (lambda s, t, n: None, "is a `return` missing"),
}


@pytest.mark.parametrize("name", WRONG_AREAS)
def test_wrong_areas_are_named(name):
    fn, hint = WRONG_AREAS[name]
    check_named(checks.average_precision(fn), hint)


def test_area_cases_by_hand():
    np.testing.assert_allclose([float(answer) for answer in _AREA.answers[:9]],
                               [1, 1 / 2, 1 / 2, 5 / 6, 2 / 3, 2 / 3, 5 / 12, 0, 0])  # fmt: skip


def test_an_empty_mean_is_told_what_to_return():
    def fn(scores, is_true, number_of_faces):
        precision = np.array(precisions(sorted_hits(scores, is_true)))
        precision[-1]  # no last one where there is none
        return area_by_loops(scores, is_true, number_of_faces)

    assert "The area is 0" in checks.average_precision(fn).hint


# --- landmark_error, right


def error_by_loops(predicted, true):
    errors = []
    for p, t in zip(predicted.tolist(), true.tolist(), strict=True):
        between = math.dist(t[0], t[1])
        errors.append(sum(math.dist(a, b) for a, b in zip(p, t, strict=True)) / 5 / between)
    return errors


def error_by_torch(predicted, true):
    p, t = torch.tensor(predicted, requires_grad=True), torch.tensor(true)
    return (p - t).norm(dim=2).mean(dim=1) / (t[:, 0] - t[:, 1]).norm(dim=1)


def error_by_complex_numbers(predicted, true):
    p, t = (points[..., 0] + 1j * points[..., 1] for points in (predicted, true))
    return abs(p - t).sum(axis=1) / 5 / abs(t[:, 1] - t[:, 0])


@pytest.mark.parametrize(
    "fn",
    [error_by_loops, error_by_torch, error_by_complex_numbers, evaluation.landmark_error],
    ids=lambda f: f.__name__,
)
def test_right_errors_pass(fn):
    verdict = checks.landmark_error(fn)
    assert verdict, verdict


# --- landmark_error, wrong


def per_face(way):
    """A function of one face's points, predicted and true, as lists."""
    return lambda p, t: np.array([way(a, b) for a, b in zip(p.tolist(), t.tolist(), strict=True)])


def distances(p, t):
    return [math.dist(a, b) for a, b in zip(p, t, strict=True)]


def frame(t):
    x, y = zip(*t, strict=True)
    return max(x) - min(x), max(y) - min(y)


WRONG_ERRORS = {
    "pixels": (per_face(lambda p, t: np.mean(distances(p, t))), "That is in pixels"),
    "predicted eyes": (
        per_face(lambda p, t: np.mean(distances(p, t)) / math.dist(p[0], p[1])),
        "between the predicted eyes",
    ),
    "box width": (per_face(lambda p, t: np.mean(distances(p, t)) / frame(t)[0]), "size of the points' frame"),
    "root of the area": (
        per_face(lambda p, t: np.mean(distances(p, t)) / math.sqrt(math.prod(frame(t)))),
        "size of the points' frame",
    ),
    "diagonal": (per_face(lambda p, t: np.mean(distances(p, t)) / math.hypot(*frame(t))), "size of the points' frame"),
    "mouth corners": (per_face(lambda p, t: np.mean(distances(p, t)) / math.dist(t[3], t[4])), "between other points"),
    "eye and nose": (per_face(lambda p, t: np.mean(distances(p, t)) / math.dist(t[0], t[2])), "between other points"),
    "eyes along x": (
        per_face(lambda p, t: np.mean(distances(p, t)) / abs(t[0][0] - t[1][0])),
        "Only the eyes' distance along x",
    ),
    "no root below": (
        per_face(lambda p, t: np.mean(distances(p, t)) / math.dist(t[0], t[1]) ** 2),
        "square of the distance between the eyes",
    ),
    "one number": (lambda p, t: np.mean(error_by_loops(p, t)) if len(p) else 0.0, "mean over all faces"),
    "sum of five": (
        per_face(lambda p, t: sum(distances(p, t)) / math.dist(t[0], t[1])),
        "five distances were added up",
    ),
    "squares": (
        per_face(lambda p, t: np.mean(np.square(distances(p, t))) / math.dist(t[0], t[1])),
        "The distances were squared",
    ),
    "root of the mean square": (
        per_face(lambda p, t: np.sqrt(np.mean(np.square(distances(p, t)))) / math.dist(t[0], t[1])),
        "root of the mean square",
    ),
    "one root": (
        per_face(lambda p, t: np.linalg.norm(np.subtract(p, t)) / math.dist(t[0], t[1])),
        "All ten differences went under one root",
    ),
    "mean of ten": (
        per_face(lambda p, t: np.abs(np.subtract(p, t)).mean() / math.dist(t[0], t[1])),
        "mean of the ten differences",
    ),
    "city blocks": (
        per_face(lambda p, t: np.abs(np.subtract(p, t)).sum() / 5 / math.dist(t[0], t[1])),
        "Differences in x and y were added",
    ),
    "over ten": (per_face(lambda p, t: sum(distances(p, t)) / 10 / math.dist(t[0], t[1])), "divided by ten"),
    "signed mean": (
        per_face(lambda p, t: math.dist(np.mean(p, axis=0), np.mean(t, axis=0)) / math.dist(t[0], t[1])),
        "averaged before their length",
    ),
    "axis 1": (
        lambda p, t: np.linalg.norm(p - t, axis=1).mean(axis=1) / np.linalg.norm(t[:, 0] - t[:, 1], axis=1),
        "went over the points, axis 1",
    ),
    "worst": (per_face(lambda p, t: max(distances(p, t)) / math.dist(t[0], t[1])), "worst of the five"),
    "median": (per_face(lambda p, t: np.median(distances(p, t)) / math.dist(t[0], t[1])), "median of the five"),
    "eyes alone": (
        per_face(lambda p, t: np.mean(distances(p, t)[:2]) / math.dist(t[0], t[1])),
        "Only some of the points",
    ),
    "first face's eyes": (
        lambda p, t: np.linalg.norm(p - t, axis=2).mean(axis=1) / (math.dist(t[0, 0], t[0, 1]) if len(t) else 1),
        "divided by the same distance",
    ),
    "each point": (
        lambda p, t: np.linalg.norm(p - t, axis=2) / np.linalg.norm(t[:, :1] - t[:, 1:2], axis=2),
        "(N, 5)",
    ),
    "nearest point": (
        per_face(lambda p, t: np.mean([min(math.dist(a, b) for b in t) for a in p]) / math.dist(t[0], t[1])),
        "whatever true point is nearest",
    ),
    "percent": (lambda p, t: 100 * np.array(error_by_loops(p, t)), "in percent"),
    "failed": (lambda p, t: np.array(error_by_loops(p, t)) > 0.1, "Failed or not"),
    "nothing": (lambda p, t: None, "is a `return` missing"),
}


@pytest.mark.parametrize("name", WRONG_ERRORS)
def test_wrong_errors_are_named(name):
    fn, hint = WRONG_ERRORS[name]
    check_named(checks.landmark_error(fn), hint)


def test_error_cases_by_hand():
    firsts = [float(answer[0]) for answer in _POINTS.answers[:4]]
    np.testing.assert_allclose(firsts, [4 / 40, 5 / 40, 20 / 5 / 40, (6 + 6 + 3 + 8 + 10) / 5 / 40], rtol=1e-6)
    np.testing.assert_allclose(_POINTS.answers[4], [(1 + 2 + 5 + 5 + 6) / 5 / 50], rtol=1e-6)
    np.testing.assert_allclose(_POINTS.answers[5], [(40 + 40 + 0 + 32 + 32) / 5 / 40], rtol=1e-6)


def test_changed_input_is_seen():
    def fn(predicted, true):
        predicted -= true
        return np.linalg.norm(predicted, axis=2).mean(axis=1) / np.linalg.norm(true[:, 1] - true[:, 0], axis=1)

    assert "changed its input `predicted`" in checks.landmark_error(fn).hint


@pytest.mark.parametrize("check", [checks.average_precision, checks.landmark_error])
def test_a_stub_is_not_done_yet(check):
    def fn(*arguments):
        raise NotImplementedError

    def stub(a, b, c=None):
        raise NotImplementedError

    assert check(fn).state == check(stub).state == "not done yet"
