"""The judges of `nms` and `soft_nms`: right answers however they are written, wrong ones by their name."""

import itertools
import math

import cv2
import numpy as np
import pytest
import torch
from judging import check_rejected
from oracles import looped_nms, looped_soft_nms

from mtcnn_lite import nms as nms_
from mtcnn_lite.boxes import iou
from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.nms import JUDGE as _NMS
from mtcnn_lite.course.checks.soft_nms import JUDGE as _SOFT_NMS

JUDGES = {"nms": _NMS, "soft_nms": _SOFT_NMS}


def overlap(a, b):
    """IoU of two boxes in plain Python."""
    x1, y1, x2, y2 = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    shared = max(0.0, x2 - x1) * max(0.0, y2 - y1)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union


# --- right answers


def nms_by_loops(boxes, scores, threshold, iou_=overlap, beats=lambda o, t: o > t):
    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if not any(beats(iou_(boxes[i], boxes[k]), threshold) for k in kept):
            kept.append(i)
    return kept


def nms_by_popping(boxes, scores, threshold):
    left = list(enumerate(zip(boxes.tolist(), scores.tolist(), strict=True)))
    left.sort(key=lambda item: item[1][1], reverse=True)  # stable, also with reverse
    kept = []
    while left:
        best, (box, _) = left.pop(0)
        kept.append(best)
        left = [item for item in left if overlap(box, item[1][0]) <= threshold]
    return tuple(kept)


def nms_by_a_mask(boxes, scores, threshold):
    score = scores.astype(np.float64)  # a copy
    kept = []
    while (score > -1).any():
        best = int(score.argmax())
        kept.append(best)
        o = np.array([overlap(boxes[best], b) for b in boxes])
        score[o > threshold] = -1
        score[best] = -1
    return np.array(kept)


def nms_by_a_matrix(boxes, scores, threshold):
    order = np.argsort(-scores, kind="stable")
    over = np.triu(iou(boxes[order], boxes[order]) > threshold, 1)
    kept = np.ones(len(order), bool)
    for _ in order:  # long enough for the answer to settle
        kept = ~(over & kept[:, None]).any(axis=0)
    return order[kept]


def nms_by_torch(boxes, scores, threshold):
    b, order = torch.tensor(boxes), torch.argsort(-torch.tensor(scores), stable=True)
    area = (b[:, 2:] - b[:, :2]).prod(1)
    kept = []
    while len(order):
        i, order = order[0], order[1:]
        kept.append(i)
        sides = (torch.minimum(b[i, 2:], b[order, 2:]) - torch.maximum(b[i, :2], b[order, :2])).clamp(min=0)
        shared = sides.prod(1)
        order = order[shared / (area[i] + area[order] - shared) <= threshold]
    return torch.stack(kept) if kept else torch.zeros(0, dtype=torch.long)


def nms_by_opencv(boxes, scores, threshold):
    corners = [[*map(float, (x1, y1, x2 - x1, y2 - y1))] for x1, y1, x2, y2 in boxes]
    return np.asarray(cv2.dnn.NMSBoxes(corners, scores.tolist(), 0.0, threshold), dtype=int)


@pytest.mark.parametrize(
    "fn",
    [nms_by_loops, nms_by_popping, nms_by_a_mask, nms_by_a_matrix, nms_by_torch, nms_by_opencv, nms_.nms],
)
def test_right_nms_passes(fn):
    verdict = checks.nms(fn)
    assert verdict, verdict


def soft_by_loops(boxes, scores, sigma):
    score, left = [float(s) for s in scores], set(range(len(boxes)))
    while left:
        best = max(left, key=lambda i: score[i])
        left.remove(best)
        for i in left:
            score[i] *= math.exp(-(overlap(boxes[best], boxes[i]) ** 2) / sigma)
    return score


def soft_by_numpy(boxes, scores, sigma):
    score, waiting = scores.copy(), np.ones(len(boxes), bool)
    while waiting.any():
        best = np.where(waiting, score, -np.inf).argmax()
        waiting[best] = False
        factor = np.exp(-(iou(boxes[[best]], boxes)[0] ** 2) / sigma)
        score = np.where(waiting, score * factor, score)
    return score


def soft_by_torch(boxes, scores, sigma):
    b, score = torch.tensor(boxes, dtype=torch.float64), torch.tensor(scores, dtype=torch.float64)
    left = list(range(len(b)))
    while left:
        best = left.pop(int(score[left].argmax()))
        for i in left:
            score[i] *= math.exp(-(overlap(b[best].tolist(), b[i].tolist()) ** 2) / sigma)
    return score


def soft_by_swapping(boxes, scores, sigma):
    """As in the paper's published code: rows change places, here on a copy, and are put back at the end."""
    rows = [[*map(float, box), float(s), i] for i, (box, s) in enumerate(zip(boxes, scores, strict=True))]
    for i in range(len(rows)):
        best = max(range(i, len(rows)), key=lambda k: rows[k][4])
        rows[i], rows[best] = rows[best], rows[i]
        for row in rows[i + 1 :]:
            row[4] *= math.exp(-(overlap(rows[i], row) ** 2) / sigma)
    return np.array([row[4] for row in sorted(rows, key=lambda row: row[5])])


@pytest.mark.parametrize("fn", [soft_by_loops, soft_by_numpy, soft_by_torch, soft_by_swapping, nms_.soft_nms])
def test_right_soft_nms_passes(fn):
    verdict = checks.soft_nms(fn)
    assert verdict, verdict


# --- wrong answers for nms, as readers write them


def still_suppressing(boxes, scores, threshold):
    """Every box that some better box overlaps goes, whether that one was kept or not."""
    better = [(i, k) for i in range(len(boxes)) for k in range(len(boxes)) if (-scores[k], k) < (-scores[i], i)]
    gone = {i for i, k in better if overlap(boxes[i], boxes[k]) > threshold}
    return [i for i in np.argsort(-scores, kind="stable") if i not in gone]


def after(change):
    return lambda boxes, scores, threshold: change(np.array(nms_by_loops(boxes, scores, threshold), int), boxes, scores)


def with_overlap(iou_):
    return lambda boxes, scores, threshold: nms_by_loops(boxes, scores, threshold, iou_)


def in_order(order):
    """Greedy NMS over boxes in another order than best first."""

    def fn(boxes, scores, threshold):
        kept = []
        for i in order(scores):
            if all(overlap(boxes[i], boxes[k]) <= threshold for k in kept):
                kept.append(i)
        return kept

    return fn


def old_plus_one(a, b):
    shared = max(0, min(a[2], b[2]) - max(a[0], b[0]) + 1) * max(0, min(a[3], b[3]) - max(a[1], b[1]) + 1)
    return shared / ((a[2] - a[0] + 1) * (a[3] - a[1] + 1) + (b[2] - b[0] + 1) * (b[3] - b[1] + 1) - shared)


def shared_over(divide, cut=lambda side: max(0.0, side)):
    def measure(a, b):
        shared = cut(min(a[2], b[2]) - max(a[0], b[0])) * cut(min(a[3], b[3]) - max(a[1], b[1]))
        first, second = (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])
        return shared / divide(first, second, shared)

    return measure


def union(first, second, shared):
    return first + second - shared


def as_x_y_width_height(a, b):
    return overlap([a[0], a[1], a[0] + a[2], a[1] + a[3]], [b[0], b[1], b[0] + b[2], b[1] + b[3]])


def last_kept_only(boxes, scores, threshold):
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if not kept or overlap(boxes[i], boxes[kept[-1]]) <= threshold:
            kept.append(i)
    return kept


def neighbour_only(boxes, scores, threshold):
    order = np.argsort(-scores, kind="stable")
    first = order[:1].tolist()
    return first + [i for before, i in itertools.pairwise(order) if overlap(boxes[before], boxes[i]) <= threshold]


def removes_while_looping(boxes, scores, threshold):
    order = np.argsort(-scores, kind="stable").tolist()
    kept = []
    while order:
        best = order.pop(0)
        kept.append(best)
        for i in order:
            if overlap(boxes[best], boxes[i]) > threshold:
                order.remove(i)
    return kept


def one_round(boxes, scores, threshold):
    order = np.argsort(-scores, kind="stable")
    return [i for i in order if i == order[0] or overlap(boxes[order[0]], boxes[i]) <= threshold]


def crashes_at_none(boxes, scores, threshold):
    best = scores.argmax()
    assert best >= 0
    return nms_by_loops(boxes, scores, threshold)


def marks_its_scores(boxes, scores, threshold):
    kept = []
    while (scores > 0).any():
        best = int(scores.argmax())
        kept.append(best)
        for i in range(len(scores)):
            if i == best or overlap(boxes[best], boxes[i]) > threshold:
                scores[i] = -1
    return kept


def sorts_its_boxes(boxes, scores, threshold):
    kept = nms_by_loops(boxes, scores, threshold)
    boxes[:] = boxes[np.argsort(-scores, kind="stable")]
    return kept


def places_in_the_order(boxes, scores, threshold):
    order = np.argsort(-scores, kind="stable")
    b = boxes[order]
    kept = []
    for place in range(len(b)):
        if all(overlap(b[place], b[k]) <= threshold for k in kept):
            kept.append(place)
    return kept


def remaining(next_order):
    """The usual loop, with another line at its end."""

    def fn(boxes, scores, threshold):
        order, kept = np.argsort(-scores, kind="stable"), []
        while len(order):
            kept.append(order[0])
            overlap = iou([boxes[order[0]]], boxes[order[1:]])[0]
            order = next_order(order, np.where(overlap <= threshold)[0])
        return kept

    return fn


WRONG_NMS = {
    "np.where for rows": (remaining(lambda order, places: places), "np.where gives places"),
    "np.where for rows, + 1": (remaining(lambda order, places: places + 1), "np.where gives places"),
    "np.where of order": (remaining(lambda order, places: order[places]), "np.where gives places"),
    "gone boxes still suppress": (still_suppressing, "still suppress others"),
    "in order of the input": (after(lambda kept, b, s: np.sort(kept)), "in the order of the input"),
    "by a mask": (after(lambda kept, b, s: np.flatnonzero(np.isin(range(len(b)), kept))), "in the order of the input"),
    "worst first": (after(lambda kept, b, s: kept[::-1]), "worst comes first"),
    ">=": (lambda b, s, t: nms_by_loops(b, s, t, beats=lambda o, t: o >= t), "the rule is >"),
    "lowest score first": (in_order(lambda s: np.argsort(s, kind="stable")), "lowest score was taken first"),
    "scores not used": (in_order(lambda s: range(len(s))), "scores were not used"),
    "places": (places_in_the_order, "places in the sorted order"),
    "mask": (after(lambda kept, b, s: np.isin(np.arange(len(b)), kept)), "returned a mask"),
    "mask of 0 and 1": (after(lambda kept, b, s: np.isin(np.arange(len(b)), kept).astype(int)), "returned a mask"),
    "boxes": (after(lambda kept, b, s: b[kept]), "You returned boxes"),
    "scores": (after(lambda kept, b, s: s[kept]), "returned scores"),
    "last kept only": (last_kept_only, "one other only"),
    "neighbour only": (neighbour_only, "one other only"),
    "removes while looping": (removes_while_looping, "while a loop ran over it"),
    "one round": (one_round, "Only the best box removed others"),
    "best only": (after(lambda kept, b, s: kept[:1]), "Only the best box came out"),
    "nothing removed": (lambda b, s, t: np.argsort(-s, kind="stable"), "Nothing was removed"),
    "removed ones": (
        lambda b, s, t: [i for i in np.argsort(-s, kind="stable") if i not in nms_by_loops(b, s, t)],
        "boxes that go",
    ),
    "wrong way": (lambda b, s, t: nms_by_loops(b, s, t, beats=lambda o, t: o < t), "points the wrong way"),
    "threshold 0.5": (lambda b, s, t: nms_by_loops(b, s, 0.5), "threshold was not used"),
    "+ 1": (with_overlap(old_plus_one), "+ 1 in the areas"),
    "over the smaller": (with_overlap(shared_over(lambda a, b, s: min(a, b))), "over the smaller"),
    "over one": (with_overlap(shared_over(lambda a, b, s: a)), "area of one box"),
    "over the other": (with_overlap(shared_over(lambda a, b, s: b)), "area of one box"),
    "over the sum": (with_overlap(shared_over(lambda a, b, s: a + b)), "counted twice"),
    "area": (with_overlap(shared_over(lambda a, b, s: 1)), "shared area itself"),
    "negative sides": (with_overlap(shared_over(union, cut=lambda side: side)), "Cut the sides"),
    "width, height": (with_overlap(as_x_y_width_height), "x, y, width, height"),
    "ties the wrong way": (in_order(lambda s: np.argsort(s, kind="stable")[::-1]), "Of equal scores the later"),
    "crash at none": (crashes_at_none, "Here N is 0"),
    "None at none": (lambda b, s, t: nms_by_loops(b, s, t) if len(b) else None, "Here N is 0"),
    "(0, 4) at none": (lambda b, s, t: nms_by_loops(b, s, t) if len(b) else b, "Here N is 0"),
    "scores changed": (marks_its_scores, "changed its input `scores`"),
    "boxes changed": (sorts_its_boxes, "changed its input `boxes`"),
    "None": (lambda b, s, t: None, "is a `return` missing?"),
    "generator": (lambda b, s, t: (i for i in nms_by_loops(b, s, t)), "wrap it in list(...)"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_NMS)
def test_wrong_nms_is_named(name):
    fn, fragment = WRONG_NMS[name]
    check_rejected(checks.nms(fn), fragment)


# --- wrong answers for soft_nms


def soft(factor=lambda o, sigma: math.exp(-o * o / sigma), choose=None, iou_=overlap, rounds=10**6):
    """Correct loops round `factor(overlap, sigma)`; `choose(left, score, scores)` says which is next."""
    choose = choose or (lambda left, score, scores: max(left, key=lambda i: score[i]))

    def fn(boxes, scores, sigma):
        score, left, done = [float(s) for s in scores], list(range(len(boxes))), 0
        while left and done < rounds:
            best = choose(left, score, scores)
            left.remove(best)
            for i in left:
                score[i] *= factor(iou_(boxes[best], boxes[i]), sigma)
            done += 1
        return np.array(score)

    return fn


def finally_(change):
    return lambda boxes, scores, sigma: change(np.array(soft_by_loops(boxes, scores, sigma)), boxes, scores)


def lowers_the_best_too(boxes, scores, sigma):
    score, left = scores.astype(float), list(range(len(boxes)))
    while left:
        best = max(left, key=lambda i: score[i])
        for i in left:
            score[i] *= math.exp(-(overlap(boxes[best], boxes[i]) ** 2) / sigma)
        left.remove(best)
    return score


def lowers_the_taken_too(boxes, scores, sigma):
    score, left = scores.astype(float), list(range(len(boxes)))
    while left:
        best = max(left, key=lambda i: score[i])
        left.remove(best)
        for i in range(len(boxes)):
            if i != best:
                score[i] *= math.exp(-(overlap(boxes[best], boxes[i]) ** 2) / sigma)
    return score


def from_the_first_scores(boxes, scores, sigma):
    score, left = scores.astype(float), list(range(len(boxes)))
    while left:
        best = max(left, key=lambda i: score[i])
        left.remove(best)
        for i in left:
            score[i] = scores[i] * math.exp(-(overlap(boxes[best], boxes[i]) ** 2) / sigma)
    return score


def only_the_next(boxes, scores, sigma):
    score, order = scores.astype(float), np.argsort(-scores)
    for best, i in itertools.pairwise(order):
        score[i] *= math.exp(-(overlap(boxes[best], boxes[i]) ** 2) / sigma)
    return score


def in_place(boxes, scores, sigma):
    scores[:] = soft_by_loops(boxes, scores, sigma)
    return scores


def soft_crashes_at_none(boxes, scores, sigma):
    return np.stack([np.float64(s) for s in soft_by_loops(boxes, scores, sigma)])


WRONG_SOFT = {
    "order fixed": (soft(choose=lambda left, score, scores: max(left, key=lambda i: scores[i])), "fixed at the start"),
    "sorted": (finally_(lambda score, b, s: np.sort(score)[::-1]), "but sorted"),
    "by the first scores": (finally_(lambda score, b, s: score[np.argsort(-s)]), "but sorted"),
    "as taken": (finally_(lambda score, b, s: score[np.argsort(-score, kind="stable")]), "but sorted"),
    "no square": (soft(lambda o, sigma: math.exp(-o / sigma)), "square is missing"),
    "sigma squared": (soft(lambda o, sigma: math.exp(-o * o / sigma**2)), "sigma was squared"),
    "bell curve": (soft(lambda o, sigma: math.exp(-o * o / (2 * sigma**2))), "sigma was squared"),
    "a 2": (soft(lambda o, sigma: math.exp(-o * o / (2 * sigma))), "2 too many"),
    "times sigma": (soft(lambda o, sigma: math.exp(-o * o * sigma)), "multiplied by sigma"),
    "sigma 0.5": (soft(lambda o, sigma: math.exp(-o * o / 0.5)), "sigma was not used"),
    "no minus": (soft(lambda o, sigma: math.exp(o * o / sigma)), "minus is missing"),
    "best lowered": (lowers_the_best_too, "IoU of 1 with itself"),
    "taken lowered": (lowers_the_taken_too, "lowered again"),
    "linear": (soft(lambda o, sigma: 1 - o), "linear rule"),
    "linear over 0.3": (soft(lambda o, sigma: 1 - o if o > 0.3 else 1), "linear rule"),
    "cut to 0": (soft(lambda o, sigma: 0 if o > 0.5 else 1), "cut to 0"),
    "small ones to 0": (finally_(lambda score, b, s: np.where(score < 0.001, 0, score)), "cut to 0"),
    "small ones dropped": (finally_(lambda score, b, s: score[score >= 0.001]), "Your function returned 1 where 2"),
    "one round": (soft(rounds=1), "Only the best box lowered"),
    "only the next": (only_the_next, "only one other"),
    "worst first": (soft(choose=lambda left, score, scores: min(left, key=lambda i: score[i])), "lowest score"),
    "input order": (soft(choose=lambda left, score, scores: left[0]), "order of the input"),
    "not multiplied on": (from_the_first_scores, "undid the others"),
    "unchanged": (lambda b, s, sigma: s.copy(), "as they were"),
    "factors": (finally_(lambda score, b, s: score / s), "factors alone"),
    "indices": (lambda b, s, sigma: np.argsort(-s, kind="stable"), "returned indices"),
    "+ 1": (soft(iou_=old_plus_one), "+ 1 in the areas"),
    "over the smaller": (soft(iou_=shared_over(lambda a, b, s: min(a, b))), "over the smaller"),
    "over the sum": (soft(iou_=shared_over(lambda a, b, s: a + b)), "counted twice"),
    "negative sides": (soft(iou_=shared_over(union, cut=lambda side: side)), "Cut the sides"),
    "width, height": (soft(iou_=as_x_y_width_height), "x, y, width, height"),
    "in place": (in_place, "changed its input `scores`"),
    "crash at none": (soft_crashes_at_none, "Here N is 0"),
    "None": (lambda b, s, sigma: None, "is a `return` missing?"),
    "NaN": (lambda b, s, sigma: s * np.nan, "NaN"),
    "(N, 1)": (lambda b, s, sigma: np.array(soft_by_loops(b, s, sigma)).reshape(-1, 1), "(1,)"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_SOFT)
def test_wrong_soft_nms_is_named(name):
    fn, fragment = WRONG_SOFT[name]
    check_rejected(checks.soft_nms(fn), fragment)


# --- the cases and the mistakes themselves


def test_the_answers_are_the_plain_loops():
    for case, answer in zip(JUDGES["nms"].cases, JUDGES["nms"].answers, strict=True):
        assert answer.tolist() == looped_nms(*case.inputs)[0], case.about
    for case, answer in zip(JUDGES["soft_nms"].cases, JUDGES["soft_nms"].answers, strict=True):
        boxes, scores, sigma = case.inputs
        expected = looped_soft_nms(boxes, scores, lambda o, sigma=sigma: math.exp(-o * o / sigma))
        np.testing.assert_allclose(answer, expected, atol=1e-5, err_msg=case.about)


def test_no_answer_hangs_on_the_last_digit():
    """An overlap is the threshold exactly, in float32 and float64 alike, or well away from it; so are scores."""
    for case in JUDGES["nms"].cases:
        boxes, scores, threshold = case.inputs
        pairs = [overlap(a, b) for i, a in enumerate(boxes.tolist()) for b in boxes[:i].tolist()]
        assert all(o == threshold or abs(o - threshold) > 2e-3 for o in pairs), case.about
        gaps = np.diff(np.sort(scores.astype(float)))
        assert ((gaps == 0) | (gaps > 1e-4)).all(), case.about
    for case in JUDGES["soft_nms"].cases:
        wide = soft_by_loops(*(np.asarray(value, np.float64) for value in case.inputs))
        np.testing.assert_allclose(soft_by_numpy(*case.inputs), wide, atol=1e-5, err_msg=case.about)


def test_the_drawing_shows_what_was_kept():
    html = checks.nms(still_suppressing)._repr_html_()
    assert all(colour in html for colour in ("#0072B2", "#D55E00", "#999999"))
    for kept in ([99], [-1], [0.5], [True, False, True]):  # no such box: only the expected ones are drawn
        html = checks.nms(lambda b, s, t, kept=kept: kept if len(b) == 3 else nms_by_loops(b, s, t))._repr_html_()
        assert "#D55E00" not in html.split("<svg", 1)[1]


def test_the_drawing_shows_scores_where_they_are_few():
    html = checks.soft_nms(lowers_the_taken_too)._repr_html_()
    assert "rows: given, expected, yours" in html
    assert "yours" not in checks.soft_nms(lambda b, s, sigma: s * np.nan).drawing
