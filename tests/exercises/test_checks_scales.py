"""The judge of `pyramid_scales`: right answers pass however they are written, wrong ones are named."""

import itertools
import math
import sys
from fractions import Fraction

import numpy as np
import pytest
import torch
from judging import check_rejected

from mtcnn_lite import pyramid
from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.judge import limits
from mtcnn_lite.course.checks.pyramid_scales import JUDGE


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """An endless loop is given up early, so that these tests are quick."""
    monkeypatch.setattr(limits, "LINES", 20_000)


# --- right answers


def by_a_loop(height, width, min_face, factor):
    scales, side, scale = [], min(height, width) * 12 / min_face, 12 / min_face
    while side >= 12:
        scales.append(scale)
        side, scale = side * factor, scale * factor
    return scales


def by_a_logarithm(height, width, min_face, factor):
    shorter = min(height, width)
    if shorter < min_face:
        return np.array([])
    return 12 / min_face * factor ** np.arange(math.floor(math.log(min_face / shorter, factor) + 1e-9) + 1)


def by_torch(height, width, min_face, factor):
    scales = 12 / min_face * torch.pow(torch.tensor(factor, dtype=torch.float64), torch.arange(200))
    return scales[scales * min(height, width) >= 12]


def by_float32(height, width, min_face, factor):
    return np.array(by_a_loop(height, width, min_face, factor), np.float32)


def by_takewhile(height, width, min_face, factor):
    powers = (12 / min_face * factor**k for k in itertools.count())
    return tuple(itertools.takewhile(lambda scale: min(height, width) * scale >= 12, powers))


def by_recursion(height, width, min_face, factor):
    if min(height, width) < min_face:
        return []
    return [12 / min_face, *by_recursion(height, width, min_face / factor, factor)]


def by_the_levels_whole_pixels(height, width, min_face, factor):
    print("whole pixels, rounded down: 12.5 px is 12, and still fits")
    scales = [12 / min_face * factor**k for k in range(100)]
    return [scale for scale in scales if int(min(height, width) * scale) >= 12]


RIGHT = [by_a_loop, by_a_logarithm, by_torch, by_float32, by_takewhile, by_recursion, by_the_levels_whole_pixels,
         pyramid.pyramid_scales]  # fmt: skip


@pytest.mark.parametrize("fn", RIGHT)
def test_right_scales_pass(fn, capsys):
    verdict = checks.pyramid_scales(fn)
    assert verdict, verdict
    assert verdict.passed is True
    assert capsys.readouterr().out == ""


def test_no_case_hangs_on_a_rounding_error():
    """Where the last level is exactly 12 px, all its numbers are exact in floats; elsewhere it is clear of 12 px."""
    for case in JUDGE.cases:
        height, width, min_face, factor = case.inputs
        exact, scale = Fraction(12) / Fraction(min_face), 12 / min_face
        for _ in range(60):
            side = min(height, width) * exact
            if side == 12:
                assert Fraction(scale) == exact, case.about
            assert side == 12 or abs(side - 12) > 1e-3, case.about
            exact, scale = exact * Fraction(str(factor)), scale * factor


# --- wrong answers


def loop(start=lambda m: 12 / m, side=min, goes_on=lambda length: length >= 12, step=lambda s, f, k: s * f, keep=None):
    """A reader's loop with something changed."""

    def fn(height, width, min_face, factor):
        scales, scale, k = [], start(min_face), 0
        while goes_on(side(height, width) * scale):
            scales.append(scale if keep is None else keep(scale, height, width))
            k += 1
            scale = step(scale, factor, k)
        return scales

    return fn


def keeps_before_it_tests(height, width, min_face, factor):
    scales = [12 / min_face]
    while min(height, width) * scales[-1] >= 12:
        scales.append(scales[-1] * factor)
    return scales


def looks_at_the_next(height, width, min_face, factor):
    scales, scale = [], 12 / min_face
    while min(height, width) * scale * factor >= 12:
        scales.append(scale)
        scale *= factor
    return scales


def at_least_the_first(height, width, min_face, factor):
    scales = [12 / min_face]
    while min(height, width) * scales[-1] * factor >= 12:
        scales.append(scales[-1] * factor)
    return scales


def multiplies_first(height, width, min_face, factor):
    scales, scale = [], 12 / min_face
    while min(height, width) * scale >= 12:
        scale *= factor
        scales.append(scale)
    return scales


def looks_at_the_photo(height, width, min_face, factor):
    scales, side, k = [], min(height, width), 0
    while side >= 12:
        scales.append(12 / min_face * factor**k)
        side, k = side * factor, k + 1
    return scales


def ipazc(height, width, min_face, factor):
    count = round(-(np.log(min(height, width) / 12) / np.log(factor) + 1))
    return 12 / min_face * factor ** np.arange(count)


def aittsmd(height, width, min_face, factor):
    scales, scale = [], 12 / min_face
    while min(int(height * scale), int(width * scale)) > 12:
        scales.append(scale)
        scale *= factor
    return scales


def never_shrinks(height, width, min_face, factor):
    scales, scale = [], 12 / min_face
    while min(height, width) * scale >= 12:
        scales.append(scale)
    return scales


def none_when_empty(height, width, min_face, factor):
    return by_a_loop(height, width, min_face, factor) or None


def stops_when_empty(height, width, min_face, factor):
    return np.stack(by_a_loop(height, width, min_face, factor))


def after(change):
    return lambda h, w, m, f: change(np.array(by_a_loop(h, w, m, f)), h, w, m, f)


def divides_in_place(height, width, min_face, factor):
    scale = 12 / min_face
    scales = []
    while min(height, width) * scale >= 12:
        scales.append(scale)
        scale /= factor
    return scales


WRONG = {
    "longer side": (loop(side=max), "The longer side was tested"),
    "height only": (loop(side=lambda h, w: h), "Only the height was tested"),
    "width only": (loop(side=lambda h, w: w), "Only the width was tested"),
    "mean side": (loop(side=lambda h, w: (h + w) / 2), "mixed into one side"),
    "> for >=": (loop(goes_on=lambda length: length > 12), "with >, the rule is >="),
    "whole pixels > 12": (aittsmd, "with >, the rule is >="),
    "starts at 1": (loop(start=lambda m: 1.0), "The first scale is not 1"),
    "1 before the others": (after(lambda s, *_: [1.0, *s]), "The first scale is not 1"),
    "starts at min_face / 12": (loop(start=lambda m: m / 12), "upside down"),
    "first left out": (after(lambda s, *_: s[1:]), "first scale was left out"),
    "multiplies before it keeps": (multiplies_first, "first scale was left out"),
    "starts one further": (lambda h, w, m, f: by_a_loop(h, w, m / f, f), "first scale was left out"),
    "keeps, then tests": (keeps_before_it_tests, "One level too many"),
    "one too many, unless none": (after(lambda s, h, w, m, f: [*s, s[-1] * f] if len(s) else s), "One level too many"),
    "at least one": (at_least_the_first, "no level at all"),
    "tests the next": (looks_at_the_next, "The last level is missing"),
    "rounds, then tests": (loop(goes_on=lambda length: round(length) >= 12), "rounded up before the test"),
    "ceil, then tests": (loop(goes_on=lambda length: math.ceil(length) >= 12), "rounded up before the test"),
    "minus factor": (loop(step=lambda s, f, k: s - f), "the same amount each time"),
    "minus a part of the first": (
        lambda h, w, m, f: loop(step=lambda s, _, k: s - 12 / m * (1 - f))(h, w, m, f),
        "the same amount each time",
    ),
    "evenly spaced": (after(lambda s, *_: np.linspace(s[0], s[-1], len(s)) if len(s) else s), "the same amount"),
    "factor**k on top": (loop(step=lambda s, f, k: s * f**k), "factor grows too fast"),
    "grows": (after(lambda s, h, w, m, f: 12 / m / f ** np.arange(len(s))), "Your levels grow"),
    "first only": (lambda h, w, m, f: [12 / m], "Only the first scale"),
    "ascending": (after(lambda s, *_: np.sort(s)), "the smallest comes first"),
    "sizes": (loop(keep=lambda s, h, w: (h * s, w * s)), "returned the levels' sizes"),
    "whole sizes, width first": (
        loop(keep=lambda s, h, w: (int(w * s + 0.5), int(h * s + 0.5))),
        "returned the levels' sizes",
    ),
    "shorter sides": (loop(keep=lambda s, h, w: min(h, w) * s), "returned the levels' sizes"),
    "windows": (loop(keep=lambda s, h, w: 12 / s), "the windows' sides in the photo"),
    "min_face fixed": (lambda h, w, m, f: by_a_loop(h, w, 20, f), "min_face was not used"),
    "factor fixed": (lambda h, w, m, f: by_a_loop(h, w, m, 0.709), "factor was not used"),
    "photo tested": (looks_at_the_photo, "forgets the first scale"),
    "tests against min_face": (
        lambda h, w, m, f: loop(goes_on=lambda length: length >= m)(h, w, m, f),
        "against min_face",
    ),
    "rounded to 2": (loop(keep=lambda s, h, w: round(s, 2)), "You rounded the scales"),
    "rounded to 3": (loop(keep=lambda s, h, w: round(s, 3)), "You rounded the scales"),
    "rounded as it goes": (loop(step=lambda s, f, k: round(s * f, 3)), "You rounded the scales"),
    "12 / shorter at the end": (after(lambda s, h, w, m, f: [*s, 12 / min(h, w)]), "does not belong there"),
    "ipazc's count": (ipazc, "does not depend on your min_face"),
    "nothing": (lambda h, w, m, f: [], "No scale came out"),
    "how many": (after(lambda s, *_: len(s)), "how many levels"),
    "endless": (never_shrinks, "does not come to an end"),
    "endless, growing": (loop(step=lambda s, f, k: s / f), "Your levels grow: you divided"),
    "endless, /=": (divides_in_place, "Your levels grow: you divided"),
    "until 0": (loop(goes_on=lambda length: length > 1e-9), "Too many: 0.25"),
    "None when empty": (none_when_empty, "an empty list"),
    "stops when empty": (stops_when_empty, "an empty list"),
    "None": (lambda h, w, m, f: None, "is a `return` missing?"),
    "generator": (lambda h, w, m, f: (s for s in by_a_loop(h, w, m, f)), "wrap it in list"),
    "NaN": (after(lambda s, *_: s * np.nan), "NaN"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_scales_are_named(name):
    fn, fragment = WRONG[name]
    verdict = checks.pyramid_scales(fn)
    check_rejected(verdict, fragment)
    assert max(map(len, repr(verdict).splitlines())) < 300


def test_each_named_mistake_is_one():
    """A "mistake" that passes would accuse someone who is right."""
    for mistake in JUDGE.mistakes:
        for function in mistake.functions:
            verdict = JUDGE.verdict(function)
            assert not verdict, mistake.hint
            assert mistake.hint in verdict.hint, (mistake.hint, verdict)


# --- what ends an endless loop


def test_an_endless_loop_is_stopped_at_its_line():
    verdict = checks.pyramid_scales(never_shrinks)
    assert dict(verdict.facts)["got"].splitlines()[0] == "Endless: stopped after 20,000 lines"
    assert "of never_shrinks: " in dict(verdict.facts)["got"]
    assert repr(verdict) == repr(checks.pyramid_scales(never_shrinks))  # lines are counted: no clock says when


def test_a_long_loop_that_ends_is_not_stopped():
    def slow(height, width, min_face, factor):
        for _ in range(limits.LINES // 3):
            pass
        return by_a_loop(height, width, min_face, factor)

    assert checks.pyramid_scales(slow)


def test_an_endless_loop_on_one_line_is_stopped():
    def fn(height, width, min_face, factor):
        scales = []
        while min(height, width) * 12 / min_face >= 12: scales.append(factor)  # noqa: E701  # fmt: skip

    assert "does not come to an end" in checks.pyramid_scales(fn).hint


def test_a_debugger_that_traces_goes_on_tracing():
    seen = []

    def debugger(frame, event, argument):
        seen.append(frame.f_code.co_name)

    sys.settrace(debugger)
    try:
        verdict = checks.pyramid_scales(by_a_loop)
        still = sys.gettrace()
    finally:
        sys.settrace(None)
    assert verdict
    assert still is debugger
    assert "by_a_loop" in seen


def test_nothing_traces_afterwards():
    checks.pyramid_scales(never_shrinks)
    checks.pyramid_scales(by_a_loop)
    assert sys.gettrace() is None
