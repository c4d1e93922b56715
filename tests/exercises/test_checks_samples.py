"""The judges of chapter 06, `sample_kind` and `box_target`: right answers pass, wrong ones are named."""

import numpy as np
import pytest
import torch
from judging import check_rejected
from oracles import counted

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.box_target import JUDGE as _TARGET
from mtcnn_lite.course.checks.sample_kind import JUDGE as _KIND
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.sampling import sampler as sampling

# --- sample_kind: right answers


def name(best):
    if best >= 0.65:
        return "positive"
    if best >= 0.4:
        return "part"
    return "negative" if best < 0.3 else None


def iou_by_loops(window, face):
    x1, y1, x2, y2 = (float(v) for v in window)
    a1, b1, a2, b2 = (float(v) for v in face)
    width, height = min(x2, a2) - max(x1, a1), min(y2, b2) - max(y1, b1)
    shared = width * height if width > 0 and height > 0 else 0
    return shared / ((x2 - x1) * (y2 - y1) + (a2 - a1) * (b2 - b1) - shared)


def by_loops(window, faces):
    best = 0
    for face in faces:
        best = max(best, iou_by_loops(window, face))
    return name(best)


def by_the_package(window, faces):
    return name(boxes_.iou([window], faces).max(initial=0))


def by_item(window, faces):
    """float32 overlaps, compared as Python's floats: .65 would come out under .65."""
    return name(boxes_.iou([window], faces).max(initial=0).item())


def by_torch(window, faces):
    window, faces = torch.from_numpy(window), torch.from_numpy(faces)
    if not len(faces):
        return "negative"
    sides = torch.minimum(window[2:], faces[:, 2:]) - torch.maximum(window[:2], faces[:, :2])
    shared = sides.clamp(min=0).prod(1)
    overlap = shared / ((window[2:] - window[:2]).prod() + (faces[:, 2:] - faces[:, :2]).prod(1) - shared)
    return name(overlap.max())


def by_table(window, faces):
    overlaps = [0.0, *(iou_by_loops(window, face) for face in faces)]
    return np.select(
        [max(overlaps) >= 0.65, max(overlaps) >= 0.4, max(overlaps) >= 0.3], ["positive", "part", None], "negative"
    ).item()


def by_sampling(window, faces):
    kind, _ = sampling.kinds(window[None], LabelledPhoto(np.zeros((9, 9, 3), np.uint8), faces))
    return (*sampling.KINDS, *[None] * 252)[kind[0]]


@pytest.mark.parametrize("fn", [by_loops, by_the_package, by_item, by_torch, by_table, by_sampling])
def test_right_kinds_pass(fn):
    verdict = checks.sample_kind(fn)
    assert verdict, verdict
    assert "agree on all" in verdict.hint


def test_the_reference_is_what_counting_pixels_says():
    judge = _KIND
    for case, answer in zip(judge.cases, judge.answers, strict=True):
        window, faces = case.inputs
        assert name(max((counted(window, face) for face in faces), default=0)) == answer, case.about


def test_the_cases_have_every_answer_and_every_bound():
    answers = _KIND.answers
    assert {kind: answers.count(kind) >= 4 for kind in ("positive", "part", "negative", None)} == dict.fromkeys(
        ("positive", "part", "negative", None), True
    )
    on_bound = {round(counted(c.inputs[0], c.inputs[1][0]), 6) for c in _KIND.cases if "exactly" in c.about}
    assert on_bound == {0.4, 0.3}


# --- sample_kind: wrong answers


def of_best(measure=iou_by_loops, best=max, rule=name, empty="negative"):
    return lambda window, faces: rule(best([measure(window, f) for f in faces])) if len(faces) else empty


def bounds(positive=0.65, part=0.4, negative=0.3):
    def rule(overlap):
        if overlap >= positive:
            return "positive"
        return "part" if overlap >= part else "negative" if overlap < negative else None

    return of_best(rule=rule)


def areas(window, face):
    width, height = min(window[2], face[2]) - max(window[0], face[0]), min(window[3], face[3]) - max(window[1], face[1])
    one, two = ((b[2] - b[0]) * (b[3] - b[1]) for b in (window, face))
    return max(width, 0) * max(height, 0), one, two, width, height


def returning_early(window, faces):
    if not len(faces):
        return "negative"
    for face in faces:
        kind = name(iou_by_loops(window, face))
        if kind:
            return kind
    return None


def any_negative(window, faces):
    kinds = [name(iou_by_loops(window, f)) for f in faces]
    if not kinds or "negative" in kinds:
        return "negative"
    return "positive" if "positive" in kinds else "part" if "part" in kinds else None


def part_first(window, faces):
    best = max([iou_by_loops(window, f) for f in faces], default=0)
    if best < 0.3:
        return "negative"
    if best >= 0.4:
        return "part"
    if best >= 0.65:
        return "positive"
    return None


def unclipped(window, face):
    _, one, two, width, height = areas(window, face)
    return width * height / (one + two - width * height)


def old_plus_one(window, face):
    return iou_by_loops(window + [0, 0, 1, 1], face + [0, 0, 1, 1])


def centre_on_a_face(window, faces):
    x, y = (window[0] + window[2]) / 2, (window[1] + window[3]) / 2
    return "positive" if any(a <= x < c and b <= y < d for a, b, c, d in faces) else "negative"


def renamed(**words):
    return lambda window, faces: words[str(by_loops(window, faces))]


WRONG_KINDS = {
    "the first face alone": (of_best(best=lambda overlaps: overlaps[0]), "Only one of the faces"),
    "the last face alone": (of_best(best=lambda overlaps: overlaps[-1]), "Only one of the faces"),
    "returned inside the loop": (returning_early, "The first face to give a name decided"),
    "any face it misses": (any_negative, "made it negative, though it lies on another"),
    "the lowest": (of_best(best=min), "made it negative, though it lies on another"),
    "the mean": (of_best(best=np.mean), "averaged over the faces"),
    "the sum": (of_best(best=sum), "added up"),
    "None without faces": (of_best(empty=None), "No face at all: such a photo"),
    "no gap, negatives to .4": (bounds(negative=0.4), "The gap is missing"),
    "no gap, parts from .3": (bounds(part=0.3), "The gap is missing"),
    "<= .3": (of_best(rule=lambda o: "negative" if o <= 0.3 else name(o)), "At exactly .3"),
    "> .4": (of_best(rule=lambda o: None if o == 0.4 else name(o)), "At exactly .4"),
    "positive from .5": (bounds(positive=0.5), "The bound of positives is .65"),
    "positive from .7": (bounds(positive=0.7), "The bound of positives is .65"),
    "part from .5": (bounds(part=0.5), "Parts begin at .4"),
    "negative to .1": (bounds(negative=0.1), "Negatives end at .3"),
    "part tested first": (part_first, "the test for .4 comes before"),
    "over the smaller": (of_best(lambda w, f: (a := areas(w, f))[0] / min(a[1:3])), "divided by the smaller box"),
    "over the face": (of_best(lambda w, f: (a := areas(w, f))[0] / a[2]), "divided by the face's area"),
    "over the window": (of_best(lambda w, f: (a := areas(w, f))[0] / a[1]), "divided by the window's area"),
    "over the larger": (of_best(lambda w, f: (a := areas(w, f))[0] / max(a[1:3])), "divided by the larger box"),
    "over both": (of_best(lambda w, f: (a := areas(w, f))[0] / (a[1] + a[2])), "counts the shared area twice"),
    "sides below 0": (of_best(unclipped), "two negative sides"),
    "+ 1": (of_best(old_plus_one), "old + 1"),
    "centre on a face": (centre_on_a_face, "the window's centre lies on a face"),
    "squared faces": (lambda w, f: by_loops(w, boxes_.square_boxes(f)), "made square before"),
    "x, y, width, height": (
        of_best(lambda w, f: iou_by_loops([*w[:2], *(w[:2] + w[2:])], [*f[:2], *(f[:2] + f[2:])])),
        "read as x, y, width, height",
    ),
    "clipped at 0": (lambda w, f: by_loops(np.maximum(w, 0), f), "clipped at 0"),
    "a name for None": (lambda w, f: by_loops(w, f) or "ignore", "not a name for it"),
    "pos and neg": (renamed(positive="pos", part="part", negative="neg", **{"None": None}), "the words are not"),
    "1, -1, 0": (renamed(positive=1, part=-1, negative=0, **{"None": None}), "the words are not"),
    "the IoU": (lambda w, f: max([iou_by_loops(w, x) for x in f], default=0.0), "You returned the IoU"),
    "always negative": (lambda w, f: "negative", "Every window got the same kind"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_KINDS)
def test_wrong_kinds_are_named(wrong):
    fn, fragment = WRONG_KINDS[wrong]
    check_rejected(checks.sample_kind(fn), fragment)


def test_a_maximum_of_nothing_is_explained():
    verdict = checks.sample_kind(lambda window, faces: name(max(iou_by_loops(window, f) for f in faces)))
    assert "no face at all" in repr(verdict)
    assert "nothing has a maximum" in verdict.hint


def test_one_overlap_at_a_time_is_explained():
    def fn(window, faces):
        return "positive" if boxes_.iou([window], faces) >= 0.65 else by_loops(window, faces)

    verdict = checks.sample_kind(fn)  # the truth of an array of two is an error
    assert not verdict
    assert "stops at two" in verdict.hint or "nothing has a maximum" in verdict.hint


# --- box_target: right answers


def target_by_loops(window, face):
    target = []
    for k in range(4):
        side = window[2 + k % 2] - window[k % 2]
        target.append((face[k] - window[k]) / side)
    return target


def target_by_names(window, face):
    x1, y1, x2, y2 = window
    a1, b1, a2, b2 = face
    width, height = x2 - x1, y2 - y1
    return (a1 - x1) / width, (b1 - y1) / height, (a2 - x2) / width, (b2 - y2) / height


def target_by_numpy(window, face):
    return (face.astype(np.float64) - window) / np.tile(window[2:] - window[:2], 2)


def target_by_torch(window, face):
    window, face = torch.tensor(window, requires_grad=True), torch.from_numpy(face)
    return (face - window) / (window[2:] - window[:2]).repeat(2)


def target_by_corners(window, face):
    corners, of_face = window.reshape(2, 2), face.reshape(2, 2)
    return ((of_face - corners) / (corners[1] - corners[0])).ravel()


def target_by_the_package(window, face):
    return boxes_.encode_offsets([window], [face])[0]


RIGHT_TARGETS = [
    target_by_loops,
    target_by_names,
    target_by_numpy,
    target_by_torch,
    target_by_corners,
    target_by_the_package,
]


@pytest.mark.parametrize("fn", RIGHT_TARGETS)
def test_right_targets_pass(fn):
    verdict = checks.box_target(fn)
    assert verdict, verdict


def test_targets_by_hand():
    judge = _TARGET
    by_about = {c.about: answer for c, answer in zip(judge.cases, judge.answers, strict=True)}
    np.testing.assert_allclose(by_about["a face whose x1 lies 10 px inside"], [0.1, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(by_about["a window of half the size"], [0.1, 0, -0.2, 0], atol=1e-6)
    np.testing.assert_allclose(by_about["a window twice as high as wide"], [0.1, 0.08, -0.08, -0.02], atol=1e-6)


# --- box_target: wrong answers


def elementwise(rule):
    """`rule(window corner, face corner, window side, the index)` for each of the four."""

    def fn(window, face):
        w, f = window.astype(float), face.astype(float)
        return [rule(w[k], f[k], w[2 + k % 2] - w[k % 2], k) for k in range(4)]

    return fn


def then(change):
    return lambda window, face: change(target_by_numpy(window, face))


WRONG_TARGETS = {
    "window - face": (elementwise(lambda w, f, side, k: (w - f) / side), "sign is turned over"),
    "from the top left": (lambda w, f: (f - np.tile(w[:2], 2)) / np.tile(w[2:] - w[:2], 2), "top left corner"),
    "from the centre": (
        lambda w, f: (f - np.tile((w[:2] + w[2:]) / 2, 2)) / np.tile(w[2:] - w[:2], 2),
        "from the window's centre",
    ),
    "over the face's side": (lambda w, f: (f - w) / np.tile(f[2:] - f[:2], 2), "divided by the face's side"),
    "pixels": (lambda w, f: f - w, "These are pixels"),
    "over 12": (lambda w, f: (f - w) / 12, "the net's input size"),
    "x2 as the width": (lambda w, f: (f - w) / np.tile(w[2:], 2), "taken for width and height"),
    "width and height swapped": (lambda w, f: (f - w) / np.tile((w[2:] - w[:2])[::-1], 2), "swapped: x goes by"),
    "width for both": (lambda w, f: (f - w) / (w[2] - w[0]), "The width was used for both"),
    "height for both": (lambda w, f: (f - w) / (w[3] - w[1]), "The height was used for both"),
    "longer side": (lambda w, f: (f - w) / max(w[2] - w[0], w[3] - w[1]), "One side was used for both"),
    "two decimals": (elementwise(lambda w, f, side, k: float(f"{(f - w) / side:.2f}")), "You rounded"),
    "three decimals": (then(lambda t: t.round(3)), "You rounded"),
    "clipped": (then(lambda t: t.clip(0, 1)), "You clipped the target"),
    "without sign": (then(abs), "You clipped the target"),
    "the face inside the window": (
        lambda w, f: target_by_numpy(w, np.r_[np.maximum(w[:2], f[:2]), np.minimum(w[2:], f[2:])]),
        "clipped to the window",
    ),
    "nx1 = max(x1, 0)": (lambda w, f: target_by_numpy(np.maximum(w, 0), f), "below 0 was clipped"),
    "+ 1": (elementwise(lambda w, f, side, k: (f - w) / (side + 1)), "old + 1"),
    "- 1": (elementwise(lambda w, f, side, k: (f - w) / (side - 1)), "1 too small"),
    "centre and log size": (
        lambda w, f: [
            ((f[0] + f[2]) - (w[0] + w[2])) / 2 / (w[2] - w[0]),
            ((f[1] + f[3]) - (w[1] + w[3])) / 2 / (w[3] - w[1]),
            np.log((f[2] - f[0]) / (w[2] - w[0])),
            np.log((f[3] - f[1]) / (w[3] - w[1])),
        ],
        "as R-CNN does",
    ),
    "left, top, width, height": (
        lambda w, f: np.r_[f[:2] - w[:2], f[2:] - f[:2]] / np.tile(w[2:] - w[:2], 2),
        "x, y, width, height",
    ),
    "x1 x2 y1 y2": (then(lambda t: t[[0, 2, 1, 3]]), "order x1, x2, y1, y2"),
    "y first": (then(lambda t: t[[1, 0, 3, 2]]), "x and y are swapped"),
    "window seen from the face": (lambda w, f: target_by_numpy(f, w), "changed places"),
    "multiplied": (elementwise(lambda w, f, side, k: (f - w) * side), "You multiplied"),
    "decoded": (elementwise(lambda w, f, side, k: w + f * side), "You multiplied"),
    "added": (elementwise(lambda w, f, side, k: (f + w) / side), "not face + window"),
    "no corner": (elementwise(lambda w, f, side, k: f / side), "corner not subtracted"),
    "brackets": (elementwise(lambda w, f, side, k: f - w / side), "Mind the brackets"),
    "squared window": (lambda w, f: target_by_numpy(boxes_.square_boxes([w])[0], f), "window was made square"),
    "squared face": (lambda w, f: target_by_numpy(w, boxes_.square_boxes([f])[0]), "face was made square"),
    "half a pixel": (lambda w, f: target_by_numpy(w, f + 0.5), "Half a pixel"),
    "the face": (lambda w, f: f, "came back as it was"),
    "zero": (lambda w, f: np.zeros(4), "target of 0"),
}


@pytest.mark.parametrize("wrong", WRONG_TARGETS)
def test_wrong_targets_are_named(wrong):
    fn, fragment = WRONG_TARGETS[wrong]
    check_rejected(checks.box_target(fn), fragment)


@pytest.mark.parametrize("check", [checks.sample_kind, checks.box_target])
def test_stubs_nothing_and_changed_inputs(check):
    def stub(window, faces):
        raise NotImplementedError

    assert (bool(check(stub)), check(stub).done) == (False, False)
    assert not check(lambda window, faces: 3.5)
    assert not check(lambda window, faces: "positive")

    def changing(window, faces):
        answer = by_loops(window, faces) if check is checks.sample_kind else target_by_names(window.copy(), faces)
        window += 1
        return answer

    assert "changed its input `window`" in check(changing).hint


def test_the_drawing_shows_what_the_target_makes_of_the_window():
    html = checks.box_target(lambda w, f: np.zeros(4) + 0.2)._repr_html_()
    assert all(colour in html for colour in ("#0072B2", "#D55E00", "#999999"))
    assert len(checks.box_target(lambda w, f: f * 1e9)._repr_html_()) < 9000
    assert "best IoU" in checks.sample_kind(lambda w, f: "part")._repr_html_()
