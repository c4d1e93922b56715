"""The judges of P-Net, R-Net and O-Net: right nets pass however they are built, wrong ones are named."""

import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from judging import JUDGES, check_html
from torch import nn
from torch.nn import functional

from mtcnn_lite.course import checks
from mtcnn_lite.nets import NET_TYPES
from mtcnn_lite.weights import shipped

NETS = ("pnet", "rnet", "onet")
CONVS = {"pnet": ((3, 10, 3), (10, 16, 3), (16, 32, 3)),
         "rnet": ((3, 28, 3), (28, 48, 3), (48, 64, 2)),
         "onet": ((3, 32, 3), (32, 64, 3), (64, 64, 3), (64, 128, 2))}  # fmt: skip
POOLS = {"pnet": (2, 0, 0), "rnet": (3, 3, 0), "onet": (3, 3, 2, 0)}
DENSE = {"rnet": (576, 128), "onet": (1152, 256)}
HEADS = {"pnet": (2, 4), "rnet": (2, 4), "onet": (2, 4, 10)}


class Reader(nn.Module):
    """A net as a reader writes it, layer by layer; keywords change one thing."""

    def __init__(self, name, pools=None, step=2, ceil=True, act=nn.PReLU, kernel=None, bias=True, padding=0, mean=False,
                 first=False, flatten=lambda x: x.flatten(1), dense=None, outputs=lambda f, *r: (f.softmax(1), *r),
                 enter=lambda x: x, width=None):  # fmt: skip
        super().__init__()
        self.flatten, self.outputs, self.enter, layers = flatten, outputs, enter, []
        pool_of = nn.AvgPool2d if mean else nn.MaxPool2d
        for number, ((inside, outside, side), pool) in enumerate(zip(CONVS[name], pools or POOLS[name], strict=True)):
            if width and number == 0:
                outside = width
            layers.append(nn.Conv2d(inside, outside, kernel or side, bias=bias, padding=padding))
            after = [act(outside)] if act else []
            pooling = [pool_of(pool, step or pool, ceil_mode=ceil)] if pool else []
            layers += pooling + after if first else after + pooling
        self.body = nn.Sequential(*layers)
        last = CONVS[name][-1][1]
        self.dense = None
        if name in DENSE:
            inside, last = dense or DENSE[name]
            self.dense = nn.Sequential(nn.Linear(inside, last, bias=bias), *([act(last)] if act else []))
        make = nn.Linear if self.dense else lambda a, b, bias: nn.Conv2d(a, b, 1, bias=bias)
        self.heads = nn.ModuleList([make(last, count, bias=bias) for count in HEADS[name]])

    def forward(self, x):
        x = self.body(self.enter(x))
        if self.dense:
            x = self.dense(self.flatten(x))
        return self.outputs(*[head(x) for head in self.heads])


def by_values(name):
    """The same as a function of x and the values."""

    def fn(x, values):
        for number, pool in enumerate(POOLS[name], 1):
            x = functional.conv2d(x, values[f"conv{number}.weight"], values[f"conv{number}.bias"])
            x = functional.prelu(x, values[f"prelu{number}.weight"])
            x = functional.max_pool2d(x, pool, 2, ceil_mode=True) if pool else x
        if name in DENSE:
            number += 1
            x = functional.linear(x.flatten(1), values[f"dense{number}.weight"], values[f"dense{number}.bias"])
            x = functional.prelu(x, values[f"prelu{number}.weight"])
        head = functional.linear if name in DENSE else functional.conv2d
        heads = ("face", "offsets", "landmarks")[: len(HEADS[name])]
        face, *rest = (head(x, values[f"{each}.weight"], values[f"{each}.bias"]) for each in heads)
        return face.softmax(1), *rest

    return fn


def with_convolutions_for_dense_layers():
    """R-Net as Caffe has it: the dense layers are convolutions over all of the map."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = Reader("rnet").body
            self.dense = nn.Conv2d(64, 128, 3)
            self.prelu = nn.PReLU(128)
            self.offsets = nn.Conv2d(128, 4, 1)
            self.face = nn.Conv2d(128, 2, 1)

        def forward(self, x):
            x = self.prelu(self.dense(self.body(x)))
            return self.face(x).flatten(1).softmax(1), self.offsets(x).flatten(1)

    return Net()


def lazily():
    net = Reader("rnet")
    net.dense[0] = nn.LazyLinear(128)
    return net


def with_layers_made_in_another_order():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.offsets, self.face = nn.Conv2d(32, 4, 1), nn.Conv2d(32, 2, 1)
            self.slopes = nn.ModuleList([nn.PReLU(n) for n in (10, 16, 32)])
            self.convs = nn.ModuleList([nn.Conv2d(*sizes) for sizes in CONVS["pnet"]])

        def forward(self, x):
            for number, (conv, slope) in enumerate(zip(self.convs, self.slopes, strict=True)):
                x = slope(conv(x))
                x = functional.max_pool2d(x, 2, ceil_mode=True) if number == 0 else x
            return torch.softmax(self.face(x), 1), self.offsets(x)

    return Net


@pytest.mark.parametrize("name", NETS)
def test_right_nets_pass(name):
    judge = getattr(checks, name)
    for net in (Reader(name), lambda: Reader(name), by_values(name)):
        verdict = judge(net)
        assert verdict, verdict
        assert "agree on all" in verdict.hint


def test_right_nets_pass_however_they_are_built():
    assert checks.rnet(with_convolutions_for_dense_layers())
    assert checks.rnet(lazily)
    assert checks.pnet(with_layers_made_in_another_order())
    assert checks.pnet(with_layers_made_in_another_order()())


@pytest.mark.parametrize("name", NETS)
def test_a_function_of_x_may_hold_the_packages_nets(name):
    for nets in (shipped.load(), checks_released()):
        net = getattr(nets, name)

        def fn(x, net=net):
            face, offsets, landmarks = net(x)
            return (face.softmax(1), offsets, landmarks)[: len(HEADS[name])]

        assert getattr(checks, name)(lambda x, fn=fn: fn(x))
        refused = getattr(checks, name)(lambda x, fn=fn: (fn(x)[0].flip(1), *fn(x)[1:]))
        assert "The face is at index 0" in refused.hint


def checks_released():
    from mtcnn_lite.weights import zhang2016

    return zhang2016()


@pytest.mark.parametrize("name", NETS)
def test_a_net_that_passed_holds_the_shipped_values(name):
    net, real = Reader(name), getattr(shipped.load(), name)
    assert getattr(checks, name)(net)
    x = torch.rand(2, 3, real.size, real.size) * 2 - 1
    with torch.no_grad():
        face, offsets = net(x)[:2]
        assert torch.allclose(face[:, 1], real(x).score, atol=1e-5)
        assert torch.allclose(offsets, real(x).offsets, atol=1e-5)


@pytest.mark.parametrize("name", NETS)
def test_the_reference_is_the_packages_net(name):
    """The oracle of the judge itself: the package's module, not the function that makes the slips."""
    judge, net = JUDGES[name], getattr(shipped.load(), name)
    for case, expected in zip(judge.cases, judge.answers, strict=True):
        if case.inputs[1] == "other":
            continue
        with torch.no_grad():
            said = net(torch.from_numpy(case.inputs[0]))
        parts = [said.face.softmax(1), said.offsets, said.landmarks][: len(HEADS[name])]
        np.testing.assert_allclose(torch.cat(parts, 1).movedim(1, -1), expected, atol=1e-5)


# --- wrong nets

HWC = {"flatten": lambda x: x.permute(0, 2, 3, 1).flatten(1)}
ALL = {
    "one slope": ({"act": lambda channels: nn.PReLU()}, "One slope serves all channels"),
    "ReLU": ({"act": lambda channels: nn.ReLU()}, "ReLU in place of PReLU"),
    "LeakyReLU": ({"act": lambda channels: nn.LeakyReLU(0.01)}, "LeakyReLU in place"),
    "no activation": ({"act": None}, "no PReLU at all"),
    "pool first": ({"first": True}, "Pooling comes before PReLU"),
    "mean": ({"mean": True}, "The mean was pooled"),
    "no bias": ({"bias": False}, "The biases were left out"),
    "softmax over images": ({"outputs": lambda f, *r: (f.softmax(0), *r)}, "wrong axis"),
    "no softmax": ({"outputs": lambda f, *r: (f, *r)}, "Softmax is missing"),
    "softmax twice": ({"outputs": lambda f, *r: (f.softmax(1).softmax(1), *r)}, "twice"),
    "log_softmax": ({"outputs": lambda f, *r: (f.log_softmax(1), *r)}, "logarithms"),
    "sigmoid": ({"outputs": lambda f, *r: (f.sigmoid(), *r)}, "sigmoid by itself"),
    "index 0": ({"outputs": lambda f, *r: (f.softmax(1).flip(1), *r)}, "face is at index 0"),
    "exchanged": ({"outputs": lambda f, o, *r: (o, f.softmax(1), *r)}, "changed places"),
    "tanh": ({"outputs": lambda f, *r: (f.softmax(1), *[each.tanh() for each in r])}, "a function that they do not"),
    "normalised again": ({"enter": lambda x: (x - 127.5) / 128}, "normalised once more"),
    "not normalised": ({"enter": lambda x: x * 128 + 127.5}, "from 0 to 255 again"),
    "blue first": ({"enter": lambda x: x.flip(1)}, "red, green, blue"),
    "turned": ({"enter": lambda x: x.transpose(2, 3)}, "Rows and columns of the images"),
    "five by five": ({"kernel": 5}, "the kernel has another side"),
    "other width": ({"width": 20}, "Compare your layers"),
    "one output": ({"outputs": lambda f, *r: torch.cat([f.softmax(1), *r], 1)}, "Yours came out as one"),
    "one probability": ({"outputs": lambda f, *r: (f.softmax(1)[:, 1:], *r)}, "two probabilities"),
    "None": ({"outputs": lambda *r: None}, "Return"),
}  # fmt: skip
OWN = {
    "pnet": {
        "pool of 3": ({"pools": (3, 0, 0)}, "takes 3 x 3 px"),
        "rounds down": ({"ceil": False}, "rounds sizes down"),
        "stride 1": ({"step": 1}, "its stride is 2"),
        "no pooling": ({"pools": (0, 0, 0)}, "The pooling is missing"),
        "padding": ({"padding": 1}, "The convolutions pad"),
        "two poolings": ({"pools": (2, 2, 0)}, "shrank too much"),
        "pooling at the end": ({"pools": (2, 0, 2)}, "There is a second pooling"),
        "softmax over rows": ({"outputs": lambda f, o: (f.softmax(2), o)}, "wrong axis"),
        "softmax over columns": ({"outputs": lambda f, o: (f.softmax(-1), o)}, "wrong axis"),
        "flat": ({"outputs": lambda f, o: (f.softmax(1).flatten(1), o.flatten(1))}, "Rows and columns are gone"),
        "mean of all": ({"outputs": lambda f, o: (f.softmax(1).mean((2, 3), True), o.mean((2, 3), True))}, "averaged"),
    },
    "rnet": {
        "H, W, C": (HWC, "flattened channel last"),
        "by columns": ({"flatten": lambda x: x.transpose(2, 3).flatten(1)}, "flattened by columns"),
        "rounds down": ({"ceil": False}, "256 numbers arrive where 576 are wanted. The poolings round sizes down"),
        "rounds down, made to fit": ({"ceil": False, "dense": (256, 128)}, "The poolings round sizes down"),
        "pool of 2": ({"pools": (2, 2, 0)}, "have become poolings of 2 px"),
        "stride 3": ({"step": None}, "go on by 3 px"),
        "padding": ({"padding": 1}, "The convolutions pad"),
    },
    "onet": {
        "H, W, C": (HWC, "flattened channel last"),
        "third pool of 3": ({"pools": (3, 3, 3, 0)}, "The third takes 2 x 2"),
        "rounds down": ({"ceil": False}, "The poolings round sizes down"),
        "landmarks before offsets": ({"outputs": lambda f, o, p: (f.softmax(1), p, o)}, "changed places"),
        "in pairs": (
            {"outputs": lambda f, o, p: (f.softmax(1), o, p.view(-1, 2, 5).transpose(1, 2).flatten(1))},
            "put in pairs",
        ),
        "no landmarks": ({"outputs": lambda f, o, p: (f.softmax(1), o)}, "Return 3 tensors"),
    },
}  # fmt: skip


@pytest.mark.parametrize(("name", "slip"), [(name, slip) for name in NETS for slip in {**ALL, **OWN[name]}])
def test_wrong_nets_are_named(name, slip):
    how, fragment = {**ALL, **OWN[name]}[slip]
    verdict = getattr(checks, name)(Reader(name, **how))
    assert verdict.passed is False
    assert verdict.done
    assert fragment in verdict.hint, verdict
    assert "In this case it looks like" not in verdict.hint
    assert len(verdict.hint) < 240
    assert len(repr(verdict).splitlines()) < 30
    assert verdict.facts
    check_html(verdict)


@pytest.mark.parametrize("number", range(4))
def test_a_missing_activation_is_named_by_its_layer(number):
    net = Reader("rnet")
    body = [
        layer
        for layer in net.body
        if not isinstance(layer, nn.PReLU) or layer.num_parameters != (28, 48, 64, 0)[number]
    ]
    net.body = nn.Sequential(*body)
    if number == 3:
        net.dense = net.dense[:1]
    assert f"no PReLU after {('conv1', 'conv2', 'conv3', 'dense4')[number]}" in checks.rnet(net).hint


def test_a_layer_too_many_and_one_missing():
    class Normed(Reader):
        def __init__(self):
            super().__init__("pnet")
            self.body.insert(1, nn.BatchNorm2d(10))

    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = [nn.Conv2d(3, 10, 3)]  # a list: torch does not see into it

        def forward(self, x):
            return self.weights[0](x)

    assert "BatchNorm2d, is one layer too many" in checks.pnet(Normed).hint
    assert "There is no layer for conv1, Conv2d(3, 10, 3)" in checks.pnet(Bare).hint
    assert "MaxPool2d(2, 2, ceil_mode=True)" in dict(checks.pnet(Normed).facts)["layers"]


def test_what_stops_is_shown_with_the_readers_line():
    class Stops(Reader):
        def forward(self, x):
            return self.body(x).nothing

    verdict = checks.pnet(Stops("pnet"))
    assert "in line 2 of forward: return self.body(x).nothing" in dict(verdict.facts)["got"]
    check_html(verdict)

    def build():
        return nn.Conv2d(3)

    verdict = checks.pnet(build)
    assert "can't be made" in verdict.hint
    assert "in line 2 of build" in dict(verdict.facts)["got"]


def test_what_is_no_net():
    assert "This was a int" in checks.pnet(3).hint
    assert "is a `return` missing?" in checks.rnet(lambda: None).hint
    assert "other arguments" in checks.onet(lambda a, b, c: a).hint


class NotYet(nn.Module):
    def forward(self, x):
        raise NotImplementedError


class NotAtAll(nn.Module):
    def __init__(self):
        raise NotImplementedError


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("stub", [NotYet, NotYet(), NotAtAll, nn.Module(), nn.Module])
def test_a_stub_of_a_module_is_not_done_yet(name, stub):
    verdict = getattr(checks, name)(stub)
    assert not verdict.done, verdict


def test_an_endless_net_is_stopped(monkeypatch):
    from mtcnn_lite.course.checks.judge import limits

    monkeypatch.setattr(limits, "SECONDS", 0.3)

    class Endless(Reader):
        def forward(self, x):
            while True:
                x = x / 2

    assert "does not come to an end" in checks.pnet(Endless("pnet")).hint


@pytest.mark.parametrize("name", NETS)
def test_twelve_mistakes_and_more_are_known(name):
    assert len(JUDGES[name].mistakes) >= 12
    assert len({re.sub(r"\W", "", mistake.hint) for mistake in JUDGES[name].mistakes}) == len(JUDGES[name].mistakes)


def test_the_packages_modules_are_told_what_is_missing():
    assert "Return 2 tensors" in checks.pnet(NET_TYPES["pnet"](landmark_head=False)).hint  # None for the landmarks
    assert "Softmax is missing" in checks.onet(NET_TYPES["onet"]).hint


def test_a_call_without_a_net_needs_no_torch():
    code = "import sys; from mtcnn_lite.course import checks; checks.pnet; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
