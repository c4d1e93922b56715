"""The judges of chapter 12: right answers pass however they are written, wrong ones are named."""

import cmath
import math

import numpy as np
import pytest
import torch
from judging import JUDGES, check_named
from torch import nn
from torch.nn import functional

from mtcnn_lite import alignment, embedding
from mtcnn_lite.course import checks, small_embedding
from mtcnn_lite.course.checks.judge.nets import embedding as embedding_judge
from mtcnn_lite.course.checks.similarity_transform import JUDGE as _ALIGN
from mtcnn_lite.course.checks.triplet_loss import JUDGE as _TRIPLET

# --- similarity_transform, right


def by_complex_numbers(points, target):
    p, q = [complex(x, y) for x, y in points], [complex(x, y) for x, y in target]
    p0, q0 = sum(p) / 5, sum(q) / 5
    factor = sum((a - p0).conjugate() * (b - q0) for a, b in zip(p, q, strict=True)) / sum(abs(a - p0) ** 2 for a in p)
    shift = q0 - factor * p0
    return [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]]


def by_lstsq(points, target):
    x, y = points.T
    one, none = np.ones(5), np.zeros(5)
    left = np.concatenate([np.column_stack([x, -y, one, none]), np.column_stack([y, x, none, one])])
    a, b, s, t = np.linalg.lstsq(left, target.T.ravel(), rcond=None)[0]
    return np.array([[a, -b, s], [b, a, t]])


def by_umeyama(points, target):
    p, q = points - points.mean(axis=0), target - target.mean(axis=0)
    u, d, v = np.linalg.svd(q.T @ p)
    sign = np.array([1, np.sign(np.linalg.det(u @ v))])
    linear = (u * sign) @ v * (d * sign).sum() / (p**2).sum()
    return np.column_stack([linear, target.mean(axis=0) - linear @ points.mean(axis=0)])


def by_torch(points, target):
    p, q = torch.from_numpy(points), torch.from_numpy(target)
    pc, qc = p - p.mean(0), q - q.mean(0)
    a = (pc * qc).sum() / pc.square().sum()
    b = (pc[:, 0] * qc[:, 1] - pc[:, 1] * qc[:, 0]).sum() / pc.square().sum()
    linear = torch.stack([torch.stack([a, -b]), torch.stack([b, a])])
    return torch.cat([linear, (q.mean(0) - linear @ p.mean(0))[:, None]], dim=1)


@pytest.mark.parametrize("fn", [by_complex_numbers, by_lstsq, by_umeyama, by_torch, alignment.similarity_transform])
def test_right_transforms_pass(fn):
    verdict = checks.similarity_transform(fn)
    assert verdict, verdict


# --- similarity_transform, wrong


def centred(linear):
    """`linear(p, q)` of the centred points as complex numbers; the shift is right."""

    def fn(points, target):
        p, q = points @ [1, 1j], target @ [1, 1j]
        factor = linear(p - p.mean(), q - q.mean())
        shift = q.mean() - factor * p.mean()
        return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])

    return fn


def right(p, q):
    return (np.conj(p) * q).sum() / (np.abs(p) ** 2).sum()


def shifted(shift):
    def fn(points, target):
        matrix = by_lstsq(points, target)
        matrix[:, 2] = shift(matrix[:, :2], points, target)
        return matrix

    return fn


def then(after):
    return lambda points, target: after(by_lstsq(points, target))


def on(rows):
    def fn(points, target):
        p, q = points[rows] @ [1, 1j], target[rows] @ [1, 1j]
        factor = right(p - p.mean(), q - q.mean())
        shift = q.mean() - factor * p.mean()
        return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])

    return fn


def affine(points, target):
    return np.linalg.lstsq(np.column_stack([points, np.ones(5)]), target, rcond=None)[0].T


def mirroring(points, target):
    p, q = points - points.mean(axis=0), target - target.mean(axis=0)
    u, d, v = np.linalg.svd(q.T @ p)
    linear = u @ v * d.sum() / (p**2).sum()
    return np.column_stack([linear, target.mean(axis=0) - linear @ points.mean(axis=0)])


def two_scales(points, target):
    p, q = points - points.mean(axis=0), target - target.mean(axis=0)
    linear = np.diag((p * q).sum(axis=0) / (p**2).sum(axis=0))
    return np.column_stack([linear, target.mean(axis=0) - linear @ points.mean(axis=0)])


WRONG_TRANSFORM = {
    "nothing done": (lambda p, t: np.array([[1.0, 0, 0], [0, 1, 0]]), "leaves all points"),
    "backwards": (lambda p, t: by_lstsq(t, p), "That is the way back"),
    "shift alone": (centred(lambda p, q: complex(1)), "Only the shift"),
    "no scale": (centred(lambda p, q: right(p, q) / abs(right(p, q))), "The scale is missing"),
    "no turn": (centred(lambda p, q: complex(abs(right(p, q)))), "The turn is missing"),
    "no shift": (shifted(lambda a, p, t: 0), "The shift is missing"),
    "difference of the means": (
        shifted(lambda a, p, t: t.mean(axis=0) - p.mean(axis=0)),
        "difference of the two means",
    ),
    "pinned at the first": (shifted(lambda a, p, t: t[0] - a @ p[0]), "first point exactly"),
    "the target's mean": (shifted(lambda a, p, t: t.mean(axis=0)), "third column is the target's mean"),
    "turned the other way": (centred(lambda p, q: right(p, q).conjugate()), "wrong way round"),
    "1 / scale": (centred(lambda p, q: right(p, q) / abs(right(p, q)) ** 2), "upside down"),
    "scale squared": (centred(lambda p, q: right(p, q) * abs(right(p, q))), "twice, or squared"),
    "ratio of spreads": (
        centred(
            lambda p, q: cmath.rect(math.sqrt((abs(q) ** 2).sum() / (abs(p) ** 2).sum()), cmath.phase(right(p, q)))
        ),
        "ratio of the two spreads",
    ),
    "eyes alone": (on([0, 1]), "Only the eyes"),
    "scale of the eyes": (
        centred(lambda p, q: cmath.rect(abs(q[1] - q[0]) / abs(p[1] - p[0]), cmath.phase(right(p, q)))),
        "scale is that of the eyes",
    ),
    "turn of the eyes": (
        centred(lambda p, q: cmath.rect(abs(right(p, q)), cmath.phase((q[1] - q[0]) / (p[1] - p[0])))),
        "turn is that of the eyes",
    ),
    "without the mouth": (on([0, 1, 2]), "Not all five"),
    "without the last": (on([0, 1, 2, 3]), "Not all five"),
    "affine": (affine, "affine transform"),
    "two scales": (two_scales, "scales of their own"),
    "may mirror": (mirroring, "It mirrors"),
    "arctan": (
        centred(lambda p, q: cmath.rect(abs(right(p, q)), math.atan(right(p, q).imag / (right(p, q).real or 1e-12)))),
        "more than 90 degrees",
    ),
    "y, x": (lambda p, t: by_lstsq(p[:, ::-1], t[:, ::-1]), "x and y have changed"),
    "rows swapped": (then(lambda m: m[::-1]), "x and y have changed"),
    "transposed": (then(lambda m: m.T), "transposed"),
    "three rows": (then(lambda m: np.vstack([m, [0, 0, 1]])), "Three rows"),
    "the points": (lambda p, t: p @ by_lstsq(p, t)[:, :2].T + by_lstsq(p, t)[:, 2], "moved points came back"),
    "half a pixel": (then(lambda m: m + [[0, 0, 0.5]]), "Half a pixel"),
    "pixel edges": (lambda p, t: by_lstsq(p + 0.5, t + 0.5), "Half a pixel"),
    "rounded": (then(np.round), "You rounded"),
    "nothing": (lambda p, t: None, "is a `return` missing"),
}


@pytest.mark.parametrize("name", WRONG_TRANSFORM)
def test_wrong_transforms_are_named(name):
    fn, hint = WRONG_TRANSFORM[name]
    check_named(checks.similarity_transform(fn), hint)


def test_a_transform_by_hand():
    points, target = _ALIGN.cases[3].inputs  # a quarter turn: x' = 120 - y, y' = x
    np.testing.assert_allclose(target[0], [120 - points[0, 1], points[0, 0]])
    np.testing.assert_allclose(_ALIGN.answers[3], [[0, -1, 120], [1, 0, 0]], atol=1e-9)


def test_drawing_shows_target_and_both_sets_of_points():
    html = checks.similarity_transform(centred(lambda p, q: 1.2 * right(p, q)))._repr_html_()
    assert all(colour in html for colour in ("#0072B2", "#D55E00", "#999999"))
    assert html.count("<path") >= 15
    far = checks.similarity_transform(then(lambda m: m * 1e9))._repr_html_()
    assert len(far) < 9000


# --- triplet_loss, right


def loss_by_loops(anchor, positive, negative, margin):
    total = 0.0
    for a, p, n in zip(anchor, positive, negative, strict=True):
        near = sum((x - y) ** 2 for x, y in zip(a, p, strict=True))
        far = sum((x - y) ** 2 for x, y in zip(a, n, strict=True))
        total += max(0.0, near - far + margin)
    return total / len(anchor)


def loss_by_norms(anchor, positive, negative, margin):
    near, far = (np.linalg.norm(anchor - other, axis=1) ** 2 for other in (positive, negative))
    return np.clip(near - far + margin, 0, None).mean()


def loss_by_torch(anchor, positive, negative, margin):
    a, p, n = (torch.tensor(each, requires_grad=True) for each in (anchor, positive, negative))
    return torch.relu((a - p).pow(2).sum(1) - (a - n).pow(2).sum(1) + margin).mean()


def loss_by_the_package(anchor, positive, negative, margin):
    return embedding.triplet_loss(*map(torch.from_numpy, (anchor, positive, negative)), margin)


@pytest.mark.parametrize("fn", [loss_by_loops, loss_by_norms, loss_by_torch, loss_by_the_package])
def test_right_losses_pass(fn):
    verdict = checks.triplet_loss(fn)
    assert verdict, verdict


# --- triplet_loss, wrong


def two(anchor, positive, negative):
    return ((anchor - positive) ** 2).sum(1), ((anchor - negative) ** 2).sum(1)


def priced(price):
    """The mean of `price(near, far, margin)`."""
    return lambda a, p, n, m: price(*two(a, p, n), m).mean()


def summed_over_everything(a, p, n, m):
    return max(0.0, ((a - p) ** 2).sum() - ((a - n) ** 2).sum() + m)


WRONG_LOSS = {
    "no max": (priced(lambda near, far, m: near - far + m), "pays back"),
    "max of the mean": (
        lambda a, p, n, m: np.maximum((np.subtract(*two(a, p, n)) + m).mean(), 0),
        "cut off at 0 after",
    ),
    "not squared": (
        lambda a, p, n, m: torch.nn.functional.triplet_margin_loss(*map(torch.from_numpy, (a, p, n)), margin=m, eps=0),
        "not squared",
    ),
    "mean of squares": (
        lambda a, p, n, m: np.maximum(((a - p) ** 2).mean(1) - ((a - n) ** 2).mean(1) + m, 0).mean(),
        "averaged over the D",
    ),
    "absolute differences": (
        lambda a, p, n, m: np.maximum(abs(a - p).sum(1) - abs(a - n).sum(1) + m, 0).mean(),
        "Square each",
    ),
    "swapped": (lambda a, p, n, m: loss_by_loops(a, n, p, m), "changed places"),
    "no margin": (priced(lambda near, far, m: np.maximum(near - far, 0)), "margin is missing"),
    "margin taken off": (priced(lambda near, far, m: np.maximum(near - far - m, 0)), "taken off"),
    "margin outside": (priced(lambda near, far, m: np.maximum(near - far, 0) + m), "after the cut"),
    "max(margin, ...)": (priced(lambda near, far, m: np.maximum(near - far, m)), "after the cut"),
    "fixed margin": (lambda a, p, n, m: loss_by_loops(a, p, n, 0.2), "fixed in your function"),
    "margin squared": (lambda a, p, n, m: loss_by_loops(a, p, n, m * m), "squared, or taken twice"),
    "sum": (lambda a, p, n, m: loss_by_loops(a, p, n, m) * len(a), "The sum over the triplets"),
    "one each": (lambda a, p, n, m: np.maximum(np.subtract(*two(a, p, n)) + m, 0), "One number for each"),
    "mean of the active": (
        lambda a, p, n, m: (lambda v: v[v > 0].mean() if (v > 0).any() else 0.0)(np.subtract(*two(a, p, n)) + m),
        "Divide by all N",
    ),
    "from the positive": (
        lambda a, p, n, m: np.maximum(((a - p) ** 2).sum(1) - ((p - n) ** 2).sum(1) + m, 0).mean(),
        "from the positive to the negative",
    ),
    "swap": (
        lambda a, p, n, m: np.maximum(
            ((a - p) ** 2).sum(1) - np.minimum(((a - n) ** 2).sum(1), ((p - n) ** 2).sum(1)) + m, 0
        ).mean(),
        "Balntas",
    ),
    "pull alone": (priced(lambda near, far, m: near), "Only the positive"),
    "push alone": (priced(lambda near, far, m: np.maximum(m - far, 0)), "Only the negative"),
    "contrastive": (priced(lambda near, far, m: near + np.maximum(m - far, 0)), "contrastive"),
    "cosine": (priced(lambda near, far, m: np.maximum((near - far) / 2 + m, 0)), "1 - cosine"),
    "softplus": (priced(lambda near, far, m: np.logaddexp(0, near - far + m)), "smooth version"),
    "squared at the end": (priced(lambda near, far, m: np.maximum(near - far + m, 0) ** 2), "squared, or its root"),
    "the first": (lambda a, p, n, m: loss_by_loops(a[:1], p[:1], n[:1], m), "Only one triplet"),
    "the last": (lambda a, p, n, m: loss_by_loops(a[-1:], p[-1:], n[-1:], m), "Only one triplet"),
    "the whole batch": (summed_over_everything, "over the whole batch"),
    "each number": (
        lambda a, p, n, m: np.maximum((a - p) ** 2 - (a - n) ** 2 + m, 0).sum(1).mean(),
        "priced by itself",
    ),
    "every with every": (
        lambda a, p, n, m: np.maximum(
            ((a - p) ** 2).sum(1)[:, None] - ((a[:, None] - n[None]) ** 2).sum(2) + m, 0
        ).mean(),
        "(N, N)",
    ),
    "nothing": (lambda a, p, n, m: None, "is a `return` missing"),
}


@pytest.mark.parametrize("name", WRONG_LOSS)
def test_wrong_losses_are_named(name):
    fn, hint = WRONG_LOSS[name]
    check_named(checks.triplet_loss(fn), hint)


def test_normalised_first_is_named():
    def fn(a, p, n, m):
        unit = [each / np.maximum(np.linalg.norm(each, axis=1, keepdims=True), 1e-12) for each in (a, p, n)]
        return loss_by_loops(*unit, m)

    check_named(checks.triplet_loss(fn), "length 1 first")


def test_a_loss_by_hand():
    assert _TRIPLET.answers[0] == pytest.approx(0.25 - 0.36 + 0.2)
    assert _TRIPLET.answers[2] == 0


def test_changed_input_is_named():
    def fn(anchor, positive, negative, margin):
        positive -= anchor
        negative -= anchor
        return np.maximum((positive**2).sum(1) - (negative**2).sum(1) + margin, 0).mean()

    verdict = checks.triplet_loss(fn)
    assert not verdict
    assert "changed its input `positive`" in verdict.hint


@pytest.mark.parametrize(("judge", "count"), [(checks.similarity_transform, 2), (checks.triplet_loss, 4)])
def test_stub_is_not_done_yet(judge, count):
    def stub(points, target):
        raise NotImplementedError

    def stub4(anchor, positive, negative, margin):
        raise NotImplementedError

    verdict = judge(stub if count == 2 else stub4)
    assert (bool(verdict), verdict.done) == (False, False)


# --- the net


class Reader(nn.Module):
    """The net as a reader writes it; keywords change one thing."""

    def __init__(self, pool=lambda x: functional.avg_pool2d(x, 2), act=nn.ReLU, pads=(2, 1), steps=(2, 2), bias=True,
                 flat=lambda x: x.flatten(1), end=lambda x: functional.normalize(x, dim=1), dense=512):  # fmt: skip
        super().__init__()
        self.pool, self.flat, self.end = pool, flat, end
        first = nn.Conv2d(1, 16, 5, stride=steps[0], padding=pads[0], bias=bias)
        second = nn.Conv2d(16, 32, 3, stride=steps[1], padding=pads[1], bias=bias)
        self.body = nn.Sequential(first, act(), second, act())
        self.dense = nn.Linear(dense, 64, bias=bias)

    def forward(self, x):
        return self.end(self.dense(self.flat(self.body(self.pool(x)))))


def test_right_nets_pass():
    for net in (Reader, Reader(), small_embedding.Net, lambda: small_embedding.Net()):
        verdict = checks.embedding_net(net)
        assert verdict, verdict
    lazy = Reader()
    lazy.dense = nn.LazyLinear(64)
    assert checks.embedding_net(lazy)


def test_a_net_keeps_its_own_values():
    net = Reader()
    before = [each.clone() for each in net.parameters()]
    assert checks.embedding_net(net)
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


def test_the_reference_is_the_chapters_net():
    """The oracle of the judge itself: the module that the chapter trains, with the judge's values in it."""
    judge, net = JUDGES["embedding_net"], small_embedding.Net()
    for case, expected in zip(judge.cases, judge.answers, strict=True):
        for layer, name in zip((1, 3, 6), ("conv1", "conv2", "dense3"), strict=True):
            for part in ("weight", "bias"):
                getattr(net.body[layer], part).data = embedding_judge.values(case.inputs[1])[f"{name}.{part}"]
        with torch.no_grad():
            np.testing.assert_allclose(net(torch.from_numpy(case.inputs[0])), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("how", "fragment"),
    [
        ({"end": lambda x: x}, "other lengths than 1"),
        ({"end": lambda x: functional.normalize(x, dim=0)}, "along the batch"),
        ({"end": lambda x: x / x.norm()}, "over the whole batch"),
        ({"end": lambda x: functional.normalize(x, p=1)}, "sum of absolute numbers"),
        ({"end": lambda x: functional.normalize(torch.relu(x))}, "follows the dense layer"),
        ({"end": lambda x: x.softmax(1)}, "softmax, sigmoid or tanh"),
        ({"pool": lambda x: functional.max_pool2d(x, 2)}, "The maximum was pooled"),
        ({"pool": lambda x: x[..., ::2, ::2]}, "Every other pixel"),
        ({"pool": lambda x: x}, "2048 numbers arrive where 512 are wanted. Something halves too little"),
        ({"pool": lambda x: x, "dense": 2048}, "Something halves too little"),
        ({"steps": (1, 1)}, "Two halvings are missing"),
        ({"pads": (0, 0)}, "no padding at all"),
        ({"pads": (0, 1)}, "does not pad"),
        ({"act": nn.Identity}, "no ReLU at all"),
        ({"act": nn.LeakyReLU}, "in place of ReLU"),
        ({"bias": False}, "biases were left out"),
        ({"flat": lambda x: x.permute(0, 2, 3, 1).flatten(1)}, "channel last"),
        ({"flat": lambda x: x.transpose(2, 3).flatten(1)}, "by columns"),
    ],
)
def test_wrong_nets_are_named(how, fragment):
    verdict = checks.embedding_net(Reader(**how))
    check_named(verdict, fragment)
    assert len(verdict.hint) < 240


def test_what_is_no_net_and_what_is_not_written():
    def build_embedding_net():
        raise NotImplementedError

    assert not checks.embedding_net(build_embedding_net).done
    assert "This was a int" in checks.embedding_net(3).hint
    assert "without any: it is to learn" in checks.embedding_net(lambda x: x).hint
    assert "no layer for conv1" in checks.embedding_net(nn.Flatten()).hint
    assert len(JUDGES["embedding_net"].mistakes) >= 12
