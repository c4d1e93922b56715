"""The judges of chapter 13: right answers pass however they are written, wrong ones are named."""

import numpy as np
import pytest
import torch
from judging import check_rejected

from mtcnn_lite import mining
from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.encode import JUDGE as _ENCODE
from mtcnn_lite.course.checks.fpn_merge import JUDGE as _MERGE
from mtcnn_lite.course.checks.hard_negatives import JUDGE as _HARD
from mtcnn_lite.onepass.encoding import VARIANCES, encode_boxes
from mtcnn_lite.onepass.model import merged

# --- right


def encode_by_loops(anchors, boxes, variances):
    rows = []
    for (ax1, ay1, ax2, ay2), (x1, y1, x2, y2) in zip(anchors.tolist(), boxes.tolist(), strict=True):
        w, h = ax2 - ax1, ay2 - ay1
        x, y = (x1 + x2 - ax1 - ax2) / 2 / w, (y1 + y2 - ay1 - ay2) / 2 / h
        grown = np.log((x2 - x1) / w), np.log((y2 - y1) / h)
        rows.append([x / variances[0], y / variances[0], grown[0] / variances[1], grown[1] / variances[1]])
    return rows


def encode_by_torch(anchors, boxes, variances):
    """As Pytorch_Retinaface writes it."""
    anchors, boxes = torch.as_tensor(anchors).double(), torch.as_tensor(boxes).double()
    size = anchors[:, 2:] - anchors[:, :2]
    middle = ((boxes[:, :2] + boxes[:, 2:]) / 2 - (anchors[:, :2] + anchors[:, 2:]) / 2) / (variances[0] * size)
    return torch.cat([middle, torch.log((boxes[:, 2:] - boxes[:, :2]) / size) / variances[1]], 1)


def encode_by_the_package(anchors, boxes, variances):
    return encode_boxes(anchors, boxes) * np.repeat(np.divide(VARIANCES, variances), 2)


@pytest.mark.parametrize("fn", [encode_by_loops, encode_by_torch, encode_by_the_package])
def test_right_encodings_pass(fn):
    verdict = checks.encode(fn)
    assert verdict, verdict


def hard_by_loops(losses, kinds, ratio):
    mask = [[False] * losses.shape[1] for _ in losses]
    for photo, (loss, kind) in enumerate(zip(losses, kinds, strict=True)):
        background = sorted((k for k in range(len(kind)) if kind[k] == 0), key=lambda k: -loss[k])
        for k in background[: ratio * list(kind).count(1)]:
            mask[photo][k] = True
    return mask


def hard_by_numpy(losses, kinds, ratio):
    """As SSD's code writes it: a rank by sorting twice."""
    losses = losses.copy()
    losses[kinds != 0] = -1
    rank = (-losses).argsort(axis=1).argsort(axis=1)
    return (rank < ratio * (kinds == 1).sum(axis=1, keepdims=True)) & (kinds == 0)


def hard_by_the_package(losses, kinds, ratio):
    return mining.hard_negatives(torch.as_tensor(losses), torch.as_tensor(kinds), ratio)


@pytest.mark.parametrize("fn", [hard_by_loops, hard_by_numpy, hard_by_the_package])
def test_right_choices_of_negatives_pass(fn):
    verdict = checks.hard_negatives(fn)
    assert verdict, verdict


def merge_by_loops(fine, weight, coarse):
    out = np.zeros((len(weight), *fine.shape[1:]))
    for s in range(out.shape[0]):
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                out[s, i, j] = (weight[s] * fine[:, i, j]).sum() + coarse[s, i // 2, j // 2]
    return out


def merge_by_torch(fine, weight, coarse):
    fine, weight, coarse = map(torch.as_tensor, (fine, weight, coarse))
    lateral = torch.nn.functional.conv2d(fine[None], weight[:, :, None, None])
    return (lateral + torch.nn.functional.interpolate(coarse[None], size=fine.shape[1:], mode="nearest"))[0]


def merge_by_the_package(fine, weight, coarse):
    lateral = torch.as_tensor(np.tensordot(weight, fine, 1))
    even = torch.nn.functional.pad(lateral, (0, lateral.shape[2] % 2, 0, lateral.shape[1] % 2))
    both = merged(even[None], torch.as_tensor(coarse)[None])[0]
    return both[:, : fine.shape[1], : fine.shape[2]]


@pytest.mark.parametrize("fn", [merge_by_loops, merge_by_torch, merge_by_the_package])
def test_right_merges_pass(fn):
    verdict = checks.fpn_merge(fn)
    assert verdict, verdict


def test_cases_by_hand():
    np.testing.assert_allclose(_ENCODE.answers[1], [[5, 0, 0, 0]], atol=1e-5)  # 5 px of 10, over 0.1
    np.testing.assert_allclose(_ENCODE.answers[3], [[0, 0, 0, 0.693147 / 0.2]], atol=1e-5)
    assert _HARD.answers[0].tolist() == [[False, False, True]]
    assert _HARD.answers[7].tolist() == [[False, False, True], [True, False, False]]
    assert _MERGE.answers[0].tolist() == [[[12, 14], [16, 18]]]
    assert _MERGE.answers[7].tolist() == [[[11, 12, 23], [14, 15, 26]]]


# --- wrong, as readers write them


def encode(place=lambda b: (b[:, :2] + b[:, 2:]) / 2, log=np.log, by=np.divide, over=lambda a, b: a, flip=1):
    def fn(anchors, boxes, variances):
        a, b = anchors[:, 2:] - anchors[:, :2], boxes[:, 2:] - boxes[:, :2]
        moved = by((place(boxes) - place(anchors)) / over(a, b), variances[0])
        return np.hstack([flip * moved, by(log(b / a), variances[1])])

    return fn


def with_variances(change):
    return lambda anchors, boxes, variances: encode()(anchors, boxes, change(variances))


def then(right, change):
    return lambda *inputs: change(np.array(right(*inputs)))


WRONG_ENCODINGS = {
    "no variances": (with_variances(lambda v: (1, 1)), "variances are not used"),
    "multiplied": (encode(by=np.multiply), "decoding multiplies"),
    "one for all": (with_variances(lambda v: (v[0], v[0])), "the first is for the centre"),
    "the other way round": (with_variances(lambda v: (v[1], v[0])), "changed places"),
    "fixed": (with_variances(lambda v: (0.1, 0.2)), "fixed at 0.1 and 0.2"),
    "standard deviations": (with_variances(np.sqrt), "just a divisor"),
    "no logarithm": (encode(log=lambda r: r), "logarithm is missing"),
    "ratio less 1": (encode(log=lambda r: r - 1), "logarithm is missing"),
    "log2": (encode(log=np.log2), "another logarithm"),
    "upside down": (encode(log=lambda r: -np.log(r)), "upside down"),
    "sign": (encode(flip=-1), "sign of the first two"),
    "swapped": (lambda a, b, v: encode()(b, a, v), "anchors and boxes have changed places"),
    "corners": (encode(place=lambda b: b[:, :2]), "It is the centres"),
    "sum of corners": (encode(place=lambda b: b[:, :2] + b[:, 2:]), "was the half left out"),
    "pixels": (encode(over=lambda a, b: 1), "in pixels"),
    "over the box": (encode(over=lambda a, b: b), "divide by the anchor's"),
    "over the width": (encode(over=lambda a, b: a[:, :1]), "One side was used"),
    "height for width": (encode(over=lambda a, b: a[:, ::-1]), "Width and height have changed places"),
    "y first": (then(encode(), lambda e: e[:, [1, 0, 3, 2]]), "x and y have changed places"),
    "sides first": (then(encode(), lambda e: e[:, [2, 3, 0, 1]]), "sides came first"),
    "nothing": (lambda anchors, boxes, variances: None, "is a `return` missing"),
}


@pytest.mark.parametrize("name", WRONG_ENCODINGS)
def test_wrong_encodings_are_named(name):
    fn, hint = WRONG_ENCODINGS[name]
    check_rejected(checks.encode(fn), hint)


def hard(among=lambda k: k == 0, faces=lambda k: (k == 1).sum(axis=1, keepdims=True), best=1, times=None):
    def fn(losses, kinds, ratio):
        allowed = among(kinds)
        rank = (-best * np.where(allowed, losses, -best * np.inf)).argsort(axis=1).argsort(axis=1)
        return allowed & (rank < (times or ratio) * faces(kinds))

    return fn


def rows_of_argsort(losses, kinds, ratio):
    order = (-np.where(kinds == 0, losses, -np.inf)).argsort(axis=1)
    return (kinds == 0) & (order < ratio * (kinds == 1).sum(axis=1, keepdims=True))


def among_all(losses, kinds, ratio):
    rank = (-losses).argsort(axis=1).argsort(axis=1)
    return (kinds == 0) & (rank < ratio * (kinds == 1).sum(axis=1, keepdims=True))


def flat(losses, kinds, ratio):
    return hard()(losses.reshape(1, -1), kinds.reshape(1, -1), ratio).reshape(losses.shape)


def literally(last_first):
    """The hint of the chapter taken by the letter: -inf for what is no background, sort, take the first of each row."""

    def fn(losses, kinds, ratio):
        worth = np.where(kinds == 0, losses, -np.inf)
        mask = np.zeros(losses.shape, bool)
        for k, count in enumerate((kinds == 1).sum(axis=1) * ratio):
            columns = sorted(range(losses.shape[1]), key=lambda column: worth[k, column], reverse=not last_first)
            mask[k, (columns[::-1] if last_first else columns)[:count]] = True
        return mask

    return fn


WRONG_CHOICES = {
    "filled up": (literally(False), "fewer negatives than asked for"),
    "filled up from the end": (literally(True), "fewer negatives than asked for"),
    "all": (lambda losses, kinds, ratio: kinds == 0, "All negatives were chosen"),
    "and the faces": (lambda lo, k, r: hard()(lo, k, r) | (k == 1), "faces are in your mask"),
    "neither": (hard(among=lambda k: k != 1), "neither, kinds == -1"),
    "easiest": (hard(best=-1), "easiest were chosen"),
    "upside down": (lambda *given: ~hard()(*given), "upside down"),
    "the batch's": (flat, "faces of the whole batch were counted, and its negatives"),
    "the batch's faces": (hard(faces=lambda k: (k == 1).sum()), "own number"),
    "always three": (hard(times=3), "ratio is not used"),
    "one each": (hard(times=1), "multiply by ratio"),
    "ratio in all": (hard(faces=lambda k: 1), "taken for the number"),
    "one too many": (hard(faces=lambda k: (k == 1).sum(axis=1, keepdims=True) + 0.1), "One is missing or too many"),
    "at least one": (hard(faces=lambda k: (k == 1).sum(axis=1, keepdims=True).clip(1)), "without faces"),
    "among all": (among_all, "hardest of all anchors"),
    "argsort": (rows_of_argsort, "not ranks"),
    "a bound": (lambda losses, kinds, ratio: (kinds == 0) & (losses > 0.5), "fixed bound"),
    "nothing": (lambda losses, kinds, ratio: None, "is a `return` missing"),
}


@pytest.mark.parametrize("name", WRONG_CHOICES)
def test_wrong_choices_are_named(name):
    fn, hint = WRONG_CHOICES[name]
    check_rejected(checks.hard_negatives(fn), hint)


def lateral(fine, weight):
    return np.tensordot(weight, fine, 1)


def larger(coarse, fine):
    return np.kron(coarse, np.ones((1, 2, 2)))[:, : fine.shape[1], : fine.shape[2]]


def merge(together=np.add, grow=larger, after=lambda out: out):
    return lambda fine, weight, coarse: after(together(lateral(fine, weight), grow(coarse, fine)))


def zeros_between(coarse, fine):
    return np.kron(coarse, [[[1, 0], [0, 0]]])[:, : fine.shape[1], : fine.shape[2]]


def tiles(coarse, fine):
    return np.tile(coarse, (1, 2, 2))[:, : fine.shape[1], : fine.shape[2]]


def last_kept(coarse, fine):
    return np.kron(coarse, np.ones((1, 2, 2)))[:, -fine.shape[1] :, -fine.shape[2] :]


def smooth(coarse, fine):
    size = [2 * side for side in coarse.shape[1:]]
    grown = torch.nn.functional.interpolate(torch.as_tensor(coarse)[None], size=size, mode="bilinear")[0].numpy()
    return grown[:, : fine.shape[1], : fine.shape[2]]


WRONG_MERGES = {
    "no coarse": (lambda fine, weight, coarse: lateral(fine, weight), "was not added"),
    "only coarse": (lambda fine, weight, coarse: larger(coarse, fine), "Only the coarse level"),
    "mean": (merge(lambda a, b: (a + b) / 2), "mean of the two"),
    "product": (merge(np.multiply), "multiplied"),
    "maximum": (merge(np.maximum), "larger of the two"),
    "minus": (merge(np.subtract), "subtracted"),
    "tiles": (merge(grow=tiles), "not np.tile"),
    "zeros": (merge(grow=zeros_between), "there are zeros"),
    "smooth": (merge(grow=smooth), "smoothed"),
    "wrong end": (merge(grow=last_kept), "wrong end"),
    "ReLU": (merge(after=lambda out: out.clip(0)), "no ReLU"),
    "mean of channels": (lambda f, w, c: lateral(f, w) / len(f) + larger(c, f), "A convolution adds them up"),
    "transposed": (
        lambda f, w, c: lateral(f, w.T if w.shape[0] == w.shape[1] else w) + larger(c, f),
        "weights are transposed",
    ),
    "nothing": (lambda fine, weight, coarse: None, "is a `return` missing"),
}


@pytest.mark.parametrize("name", WRONG_MERGES)
def test_wrong_merges_are_named(name):
    fn, hint = WRONG_MERGES[name]
    check_rejected(checks.fpn_merge(fn), hint)


@pytest.mark.parametrize("judge", [_ENCODE, _HARD, _MERGE], ids=lambda judge: judge.name)
def test_each_mistake_is_told_by_its_own_hint(judge):
    for mistake in judge.mistakes:
        for function in mistake.functions:
            assert judge.verdict(function).hint == mistake.hint


def test_a_failing_case_is_drawn():
    drawn = checks.encode(encode(flip=-1))._repr_html_()
    assert "the anchor of row 0" in drawn
    assert "losses, framed where chosen" in checks.hard_negatives(hard(best=-1))._repr_html_()
    assert "coarse, channel 0" in checks.fpn_merge(merge(np.subtract))._repr_html_()
