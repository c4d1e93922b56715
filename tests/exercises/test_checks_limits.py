"""The judges of chapter 11: right answers pass however they are written, wrong ones are named."""

from itertools import product

import numpy as np
import pytest
import torch
from judging import check_rejected

from mtcnn_lite import anchors
from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.anchor_grid import JUDGE as _GRID
from mtcnn_lite.course.checks.focal_loss import JUDGE as _FOCAL
from mtcnn_lite.losses import focal_loss

# --- right


def grid_by_loops(height, width, stride, sizes):
    found, y = [], stride / 2
    while y - stride / 2 < height:
        x = stride / 2
        while x - stride / 2 < width:
            for size in sizes:
                found.append((x - size / 2, y - size / 2, x + size / 2, y + size / 2))
            x += stride
        y += stride
    return found


def grid_by_product(height, width, stride, sizes):
    """As Pytorch_Retinaface writes it, in pixels."""
    rows, columns = np.ceil(height / stride), np.ceil(width / stride)
    cells = product(range(int(rows)), range(int(columns)), sizes)
    middles = np.array([[(j + 0.5) * stride, (i + 0.5) * stride, s, s] for i, j, s in cells])
    return np.hstack([middles[:, :2] - middles[:, 2:] / 2, middles[:, :2] + middles[:, 2:] / 2])


def grid_by_torch(height, width, stride, sizes):
    y = (torch.arange(0, height, stride) + stride / 2).float()
    x = (torch.arange(0, width, stride) + stride / 2).float()
    y, x, half = torch.meshgrid(y, x, torch.as_tensor(sizes).float() / 2, indexing="ij")
    return torch.stack([x - half, y - half, x + half, y + half], dim=-1).flatten(0, 2)


@pytest.mark.parametrize("fn", [grid_by_loops, grid_by_product, grid_by_torch, anchors.anchor_grid])
def test_right_grids_pass(fn):
    verdict = checks.anchor_grid(fn)
    assert verdict, verdict


def focal_by_loops(face_probability, label, gamma, alpha):
    losses = []
    for p, y in zip(face_probability, label, strict=True):
        if y == 1:
            losses.append(-alpha * (1 - p) ** gamma * np.log(p))
        else:
            losses.append(-(1 - alpha) * p**gamma * np.log(1 - p))
    return losses


def focal_by_numpy(p, y, gamma, alpha):
    face = -alpha * (1 - p) ** gamma * np.log(p + 1e-9)
    none = -(1 - alpha) * p**gamma * np.log(1 - p + 1e-9)
    return y * face + (1 - y) * none


def focal_by_torch(p, y, gamma, alpha):
    p, y = torch.as_tensor(p), torch.as_tensor(y).double()
    cost = torch.nn.functional.binary_cross_entropy(p, y, reduction="none")
    return (alpha * y + (1 - alpha) * (1 - y)) * (1 - torch.exp(-cost)) ** gamma * cost


def focal_by_the_package(p, y, gamma, alpha):
    p = torch.as_tensor(p)
    return focal_loss(torch.stack([(1 - p).log(), p.log()], dim=1), torch.as_tensor(y), gamma, alpha)


@pytest.mark.parametrize("fn", [focal_by_loops, focal_by_numpy, focal_by_torch, focal_by_the_package])
def test_right_focal_losses_pass(fn):
    verdict = checks.focal_loss(fn)
    assert verdict, verdict


def test_cases_by_hand():
    assert _GRID.answers[0].tolist() == [[2, 2, 6, 6]]
    assert _GRID.answers[3].tolist() == [[1, 1, 7, 7], [9, 1, 15, 7]]
    assert _GRID.answers[6].tolist() == [[6, 6, 10, 10], [2, 2, 14, 14]]
    assert len(_GRID.answers[9]) == 3 * 4  # 20 x 30 px in cells of 8
    np.testing.assert_allclose(_FOCAL.answers[0], [0.25 * 0.6**2 * 0.916291], atol=1e-6)
    np.testing.assert_allclose(_FOCAL.answers[1], [0.75 * 0.4**2 * 0.510826], atol=1e-6)


# --- wrong, as readers write them


def grid(start=0.5, up=True, whole=False, sort=False, extra=0, by=1):
    def fn(height, width, stride, sizes):
        count = (lambda n: -(-n // stride)) if up else (lambda n: n // stride)
        found = []
        for i in range(count(height) + extra):
            for j in range(count(width) + extra):
                for size in sorted(sizes) if sort else sizes:
                    half = size // 2 if whole else size / 2 * by
                    x, y = (j + start) * stride, (i + start) * stride
                    found.append([x - half, y - half, x + half, y + half])
        return np.array(found).reshape(-1, 4)

    return fn


def then(change):
    return lambda *inputs: change(np.array(grid_by_loops(*inputs)), *inputs)


def columns_first(height, width, stride, sizes):
    return [[x - s / 2, y - s / 2, x + s / 2, y + s / 2]
            for x in np.arange(stride / 2, width + stride / 2, stride)
            for y in np.arange(stride / 2, height + stride / 2, stride) for s in sizes]  # fmt: skip


def size_by_size(height, width, stride, sizes):
    return np.concatenate([grid()(height, width, stride, [size]) for size in sizes])


WRONG_GRIDS = {
    "corners": (grid(start=0), "top left corners"),
    "one cell on": (grid(start=1.5), "one cell too far"),
    "half a pixel": (then(lambda boxes, *_: boxes - 0.5), "half a pixel off"),
    "rounded down": (grid(up=False), "round the number of cells up"),
    "one row more": (grid(extra=1), "a row and a column too many"),
    "twice as large": (grid(by=2), "twice as large"),
    "in strides": (
        lambda h, w, stride, sizes: grid_by_loops(h, w, stride, sizes * stride),
        "multiplied by the stride",
    ),
    "x and y": (then(lambda boxes, *_: boxes[:, [1, 0, 3, 2]]), "x and y have changed places"),
    "height and width": (lambda h, w, *rest: grid_by_loops(w, h, *rest), "x and y have changed places"),
    "columns first": (columns_first, "columns come before rows"),
    "size by size": (size_by_size, "all cells of the first size"),
    "sorted": (grid(sort=True), "keep that of `sizes`"),
    "clipped": (then(lambda boxes, h, w, *_: boxes.clip(0, [w, h, w, h])), "clipped"),
    "outside dropped": (
        then(lambda b, h, w, *_: b[(b >= 0).all(axis=1) & (b <= [w, h, w, h]).all(axis=1)]),
        "that leave the photo are missing",
    ),
    "middle and size": (
        then(lambda b, *_: np.hstack([(b[:, :2] + b[:, 2:]) / 2, b[:, 2:] - b[:, :2]])),
        "You gave middle and size",
    ),
    "corner and size": (then(lambda b, *_: np.hstack([b[:, :2], b[:, 2:] - b[:, :2]])), "x, y, width, height"),
    "shares": (then(lambda b, h, w, *_: b / [w, h, w, h]), "in pixels"),
    "whole halves": (grid(whole=True), "keep the halves"),
    "inclusive": (then(lambda b, *_: b - [0, 0, 1, 1]), "half-open"),
    "first size": (lambda h, w, stride, sizes: grid_by_loops(h, w, stride, sizes[:1]), "Only the first size"),
    "x x y y": (then(lambda b, *_: b[:, [0, 2, 1, 3]]), "x1, y1, x2, y2"),
    "nothing": (lambda height, width, stride, sizes: None, "is a `return` missing"),
}


@pytest.mark.parametrize("name", WRONG_GRIDS)
def test_wrong_grids_are_named(name):
    fn, hint = WRONG_GRIDS[name]
    check_rejected(checks.anchor_grid(fn), hint)


def focal(weight=None, easy=None, log=np.log, after=lambda losses: losses):
    def fn(p, y, gamma, alpha):
        q = y * p + (1 - y) * (1 - p)
        a = weight(y, alpha) if weight else y * alpha + (1 - y) * (1 - alpha)
        return after(-a * (easy(q, p, gamma) if easy else (1 - q) ** gamma) * log(q))

    return fn


def on_p(p, y, gamma, alpha):
    return -(y * alpha + (1 - y) * (1 - alpha)) * (1 - p) ** gamma * np.log(p)


WRONG_LOSSES = {
    "cross-entropy": (focal(lambda y, a: 1, lambda q, p, g: 1), "plain cross-entropy"),
    "no power": (focal(easy=lambda q, p, g: 1), "** gamma is missing"),
    "no alpha": (focal(lambda y, a: 1), "alpha is not in it"),
    "alpha for all": (focal(lambda y, a: a), "alpha weighs every sample"),
    "alpha turned round": (focal(lambda y, a: np.where(y, 1 - a, a)), "changed places"),
    "background weighs 1": (focal(lambda y, a: np.where(y, a, 1)), "no face weighs 1"),
    "hard ones small": (focal(easy=lambda q, p, g: q**g), "not the easy ones"),
    "1 - p for all": (focal(easy=lambda q, p, g: (1 - p) ** g), "The power takes p"),
    "always log p": (on_p, "log takes p"),
    "label turned round": (lambda p, y, g, a: focal()(p, 1 - y, g, a), "label is turned round"),
    "gamma times": (focal(easy=lambda q, p, g: g * (1 - q)), "gamma multiplies"),
    "gamma is 2": (focal(easy=lambda q, p, g: (1 - q) ** 2), "gamma is fixed"),
    "alpha is 0.25": (focal(lambda y, a: np.where(y, 0.25, 0.75)), "alpha is fixed"),
    "no minus": (focal(after=np.negative), "minus is missing"),
    "log2": (focal(log=np.log2), "another logarithm"),
    "log10": (focal(log=np.log10), "another logarithm"),
    "mean": (focal(after=np.mean), "mean of the losses"),
    "sum": (focal(after=np.sum), "sum of the losses"),
    "over N": (focal(after=lambda losses: losses / max(1, len(losses))), "own loss"),
    "sigmoid": (lambda p, y, g, a: focal()(1 / (1 + np.exp(-p)), y, g, a), "sigmoid"),
    "clipped": (lambda p, y, g, a: focal()(np.clip(p, 0.05, 0.95), y, g, a), "cut off too early"),
    "nothing": (lambda face_probability, label, gamma, alpha: None, "is a `return` missing"),
}


@pytest.mark.parametrize("name", WRONG_LOSSES)
def test_wrong_losses_are_named(name):
    fn, hint = WRONG_LOSSES[name]
    check_rejected(checks.focal_loss(fn), hint)


@pytest.mark.parametrize("judge", [_GRID, _FOCAL], ids=lambda judge: judge.name)
def test_each_mistake_is_told_by_its_own_hint(judge):
    for mistake in judge.mistakes:
        for function in mistake.functions:
            assert judge.verdict(function).hint == mistake.hint


def test_an_if_on_many_labels_is_told_what_to_use():
    def one_only(p, y, gamma, alpha):
        q, a = (p, alpha) if y == 1 else (1 - p, 1 - alpha)
        return -a * (1 - q) ** gamma * np.log(q)

    assert "np.where" in checks.focal_loss(one_only).hint
