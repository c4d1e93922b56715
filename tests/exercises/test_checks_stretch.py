"""The judges of the exercises that chapters end with: right answers pass however they are written, wrong are named."""

import itertools

import cv2
import numpy as np
import pytest
import torch
from judging import JUDGES, check_rejected

from mtcnn_lite import nms as nms_
from mtcnn_lite.boxes import iou
from mtcnn_lite.coordinates import mirror_landmarks
from mtcnn_lite.course import checks
from mtcnn_lite.embedding import semi_hard_triplets as package_triplets
from mtcnn_lite.mining import ohem_nms

# --- right answers, each from another oracle


def giou_by_a_loop(box, boxes):
    found = []
    for other in boxes:
        a, b, c, d = box
        e, f, g, h = other
        shared = max(0, min(c, g) - max(a, e)) * max(0, min(d, h) - max(b, f))
        union = (c - a) * (d - b) + (g - e) * (h - f) - shared
        hull = (max(c, g) - min(a, e)) * (max(d, h) - min(b, f))
        found.append(shared / union - 1 + union / hull)
    return found


def target_by_a_mirrored_photo(window, points, mirrored):
    """The photo itself is mirrored, 1000 px wide, and then nothing is special."""
    if mirrored:
        points = mirror_landmarks(points.astype(float), 1000)
        window = np.array([1000 - window[2], window[1], 1000 - window[0], window[3]])
    return [[(x + 0.5 - window[0]) / (window[2] - window[0]), (y + 0.5 - window[1]) / (window[3] - window[1])]
            for x, y in points]  # fmt: skip


def windows_by_torch(windows, losses, count, overlap):
    return ohem_nms(windows, torch.from_numpy(losses), count, overlap)


def triplets_by_torch(distances, person, margin):
    return package_triplets(torch.from_numpy(distances), torch.from_numpy(person), margin)


def point_by_thresholds(scores, is_true, half, faces, photos, most_false):
    """Every threshold in turn, from the highest; what passes is counted anew each time."""
    best = float("inf")
    for threshold in sorted(set(scores[half == 0].tolist()), reverse=True):
        wrong = sum(s >= threshold and not t and h == 0 for s, t, h in zip(scores, is_true, half, strict=True))
        if wrong / photos[0] > most_false:
            break
        best = threshold
    found = [(s, t) for s, t, h in zip(scores, is_true, half, strict=True) if h == 1 and s >= best]
    right = sum(bool(t) for _, t in found)
    return [best, right / faces[1], (len(found) - right) / photos[1]]


def training_in_a_loop(train, propose, photos):
    nets = []
    for name in ("pnet", "rnet", "onet"):
        nets.append(train(name, propose(list(nets), photos)))
    return nets


def area_by_opencv(image, height, width):
    return cv2.resize(image.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)


def area_by_enlarging(image, height, width):
    """Every pixel becomes height x width equal ones, so that the areas hold whole pixels."""
    fine = image.astype(float).repeat(height, axis=0).repeat(width, axis=1)
    return fine.reshape(height, image.shape[0], width, image.shape[1]).mean(axis=(1, 3))


RIGHT = {
    "area_average": area_by_enlarging,
    "giou": giou_by_a_loop,
    "landmark_target": target_by_a_mirrored_photo,
    "hard_windows": windows_by_torch,
    "semi_hard_triplets": triplets_by_torch,
    "operating_point": point_by_thresholds,
    "staged_training": training_in_a_loop,
}


def test_opencv_averages_areas():
    assert checks.area_average(area_by_opencv)


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    verdict = getattr(checks, name)(RIGHT[name])
    assert verdict, verdict


def test_giou_worked_out_by_hand():
    """Two squares of 10 px with a gap of 10 between them: IoU 0, hull 300, 100 of it empty."""
    [[case]] = [[c for c in JUDGES["giou"].cases if c.about == "two boxes with a gap as wide as they are"]]
    assert JUDGES["giou"].reference(*case.inputs) == pytest.approx([-1 / 3])


# --- wrong answers, as readers write them


def by_whole_pixels(image, height, width):
    rows, columns = np.arange(height + 1) * len(image) // height, np.arange(width + 1) * image.shape[1] // width
    return [[image[a:b, c:d].mean() for c, d in itertools.pairwise(columns)] for a, b in itertools.pairwise(rows)]


def sorted_out_first(windows, losses, count, overlap):
    rows = np.argsort(-losses)[:count]
    return rows[nms_.nms(windows[rows], losses[rows], overlap)]


def mirrored_in_pixels(window, points, mirrored):
    parts = (points + 0.5 - window[:2]) / (window[2:] - window[:2])
    if mirrored:
        parts[:, 0] = -parts[:, 0]
        parts = parts[[1, 0, 2, 4, 3]]
    return parts


def mirrored_without_names(window, points, mirrored):
    parts = (points + 0.5 - window[:2]) / (window[2:] - window[:2])
    return np.column_stack([1 - parts[:, 0] if mirrored else parts[:, 0], parts[:, 1]])


def chosen_where_it_is_measured(scores, is_true, half, faces, photos, most_false):
    return point_by_thresholds(scores, is_true, 1 - half, faces[::-1], photos[::-1], most_false)


def measured_where_it_was_chosen(scores, is_true, half, faces, photos, most_false):
    best = point_by_thresholds(scores, is_true, half, faces, photos, most_false)[0]
    kept = (scores >= best) & (half == 0)
    return best, (kept & is_true).sum() / faces[0], (kept & ~is_true).sum() / photos[0]


def chosen_on_all(scores, is_true, half, faces, photos, most_false):
    """All detections once more, as half 0, beside those of half 1."""
    twice = [np.append(values, values) for values in (scores, is_true)]
    halves = np.append(0 * half, np.where(half == 1, 1, 2))
    return point_by_thresholds(*twice, halves, np.array([0, faces[1]]), np.array([photos.sum(), photos[1]]), most_false)


def hardest(distances, person, margin):
    rows = []
    for a in range(len(person)):
        for p in range(len(person)):
            others = np.flatnonzero(person != person[a])
            if a != p and person[a] == person[p] and len(others):
                n = others[distances[a, others].argmin()]
                if distances[a, n] < distances[a, p] + margin:
                    rows.append((a, p, n))
    return np.array(rows).reshape(-1, 3)


def without_margin(distances, person, margin):
    return package_triplets(torch.from_numpy(distances), torch.from_numpy(person), 1e6)


def side_by_side(train, propose, photos):
    windows = propose([], photos)
    return train("pnet", windows), train("rnet", windows), train("onet", windows)


def without_rnet(train, propose, photos):
    pnet = train("pnet", propose([], photos))
    return pnet, train("rnet", propose([pnet], photos)), train("onet", propose([pnet], photos))


def onet_by_rnet(train, propose, photos):
    pnet = train("pnet", propose([], photos))
    rnet = train("rnet", propose([pnet], photos))
    return pnet, rnet, train("onet", propose([rnet], photos))


def a_net_for_a_list(train, propose, photos):
    pnet = train("pnet", propose([], photos))
    return pnet, train("rnet", propose(pnet, photos)), None


def photos_for_windows(train, propose, photos):
    return train("pnet", photos), None, None


WRONG = {
    "area_average": {
        "nearest": (lambda i, h, w: cv2.resize(i, (w, h), interpolation=cv2.INTER_NEAREST), "One old pixel was picked"),
        "bilinear": (
            lambda i, h, w: cv2.resize(i.astype(np.float32), (w, h), interpolation=cv2.INTER_LINEAR),
            "That is bilinear",
        ),
        "rounded": (lambda i, h, w: area_by_enlarging(i, h, w).round(), "You rounded"),
        "transposed": (lambda i, h, w: area_by_opencv(i, h, w).T, "transposed"),
        "exchanged": (lambda i, h, w: area_by_enlarging(i, w, h), "Height and width have changed places"),
        "summed": (lambda i, h, w: area_by_opencv(i, h, w) * i.size / h / w, "was summed up"),
        "cut out": (lambda i, h, w: i[:h, :w], "was cut out"),
        "whole pixels": (by_whole_pixels, "ends were rounded to whole pixels"),
    },
    "giou": {
        "IoU": (lambda box, boxes: iou([box], boxes)[0], "That is the IoU itself"),
        "loss": (lambda box, boxes: 1 - np.array(giou_by_a_loop(box, boxes)), "This is a loss"),
        "cut off": (lambda box, boxes: np.maximum(giou_by_a_loop(box, boxes), 0), "cut off at 0"),
        "added": (lambda box, boxes: 2 * iou([box], boxes)[0] - giou_by_a_loop(box, boxes), "was added"),
        "empty part": (lambda box, boxes: giou_by_a_loop(box, boxes) - iou([box], boxes)[0], "came out, without"),
        "None when empty": (lambda box, boxes: giou_by_a_loop(box, boxes) or None, "(0,)"),
    },
    "landmark_target": {
        "-x": (mirrored_in_pixels, "x becomes 1 - x"),
        "no exchange": (mirrored_without_names, "left and right kept their names"),
        "never": (lambda w, p, m: target_by_a_mirrored_photo(w, p, False), "`mirrored` was not used"),
        "always": (lambda w, p, m: target_by_a_mirrored_photo(w, p, True), "Every window was mirrored"),
        "no half": (lambda w, p, m: target_by_a_mirrored_photo(w, p - 0.5, m), "Half a pixel is missing"),
        "backwards": (lambda w, p, m: np.array(target_by_a_mirrored_photo(w, p, m))[:, ::-1], "x and y of the points"),
        "clipped": (lambda w, p, m: np.clip(target_by_a_mirrored_photo(w, p, m), 0, 1), "clipped"),
    },
    "hard_windows": {
        "count first": (sorted_out_first, "NMS comes first"),
        "no NMS": (lambda w, loss, c, o: np.argsort(-loss)[:c], "No overlap was looked at"),
        "easy": (lambda w, loss, c, o: nms_.nms(w, -loss, o)[:c], "lowest losses"),
        "all": (lambda w, loss, c, o: nms_.nms(w, loss, o), "`count` was not used"),
        "sorted": (lambda w, loss, c, o: np.sort(nms_.nms(w, loss, o)[:c]), "in the order in which they came"),
        "0.5": (lambda w, loss, c, o: nms_.nms(w, loss, 0.5)[:c], "bound was not used"),
    },
    "operating_point": {
        "other way": (chosen_where_it_is_measured, "have changed places: half 0 chooses"),
        "same half": (measured_where_it_was_chosen, "Half 0 was measured"),
        "on all": (chosen_on_all, "was chosen on all photos"),
        "count": (lambda s, t, h, f, p, m: point_by_thresholds(s, t, h, f, 0 * p + 1, m), "not divided by"),
        "threshold": (lambda *given: point_by_thresholds(*given)[0], "Only the threshold came back"),
        "swapped": (lambda *given: np.array(point_by_thresholds(*given))[[0, 2, 1]], "have changed places"),
    },
    "semi_hard_triplets": {
        "hardest": (hardest, "These are the hardest negatives"),
        "no margin": (without_margin, "beyond the margin"),
        "roots": (lambda d, p, m: triplets_by_torch(np.sqrt(d), p, m), "roots of the distances"),
        "0.2": (lambda d, p, m: triplets_by_torch(d, p, 0.2), "margin was not used"),
        "exchanged": (lambda d, p, m: triplets_by_torch(d, p, m)[:, [0, 2, 1]], "have changed places"),
        "half of them": (lambda d, p, m: (r := triplets_by_torch(d, p, m))[r[:, 0] < r[:, 1]], "Each pair came once"),
        "flat when empty": (lambda d, p, m: [tuple(r) for r in triplets_by_torch(d, p, m)] or np.zeros(0), "(0, 3)"),
    },
    "staged_training": {
        "side by side": (side_by_side, "All three learn from random windows"),
        "without R-Net": (without_rnet, "O-Net learns from P-Net's windows"),
        "by R-Net": (onet_by_rnet, "R-Net alone"),
        "reversed": (lambda *given: training_in_a_loop(*given)[::-1], "in another order"),
        "first photo": (lambda t, p, photos: (n := t("pnet", p([], photos)), r := t("rnet", p([n], photos[:1])),
                                              t("onet", p([n, r], photos[:1]))), "the first photo alone"),
        "one net": (lambda *given: training_in_a_loop(*given)[2:], "Three nets are wanted"),
        "None": (lambda t, p, photos: None, "is a `return` missing?"),
        "no list": (a_net_for_a_list, "propose takes a list of nets"),
        "photos": (photos_for_windows, "what propose returned"),
    },
}  # fmt: skip


@pytest.mark.parametrize(("name", "slip"), [(name, slip) for name, slips in WRONG.items() for slip in slips])
def test_wrong_answers_are_named(name, slip):
    fn, fragment = WRONG[name][slip]
    check_rejected(getattr(checks, name)(fn), fragment)


@pytest.mark.parametrize("name", RIGHT)
def test_every_hint_is_short(name):
    for mistake in JUDGES[name].mistakes:
        assert len(mistake.hint) < 240
