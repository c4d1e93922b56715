"""The judge of `pyramid_scales`: how far to shrink a photo, and how often."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite import pyramid
from mtcnn_lite.course.checks.judge import Array, Case, Change, Function, Hints, Judge, Verdict, drawing, slips


def pyramid_scales(fn: Function) -> Verdict:
    """Judges `fn(height, width, min_face, factor) -> scales (L,)`.

    The first scale is 12 / min_face, each further one `factor` times the one before, while the photo's shorter side
    times the scale is at least 12. L may be 0: an empty list, or shape (0,).

    >>> pyramid_scales(lambda height, width, min_face, factor: [12 / min_face]).hint
    'Only the first scale came out. It is multiplied by factor again and again, as long as 12 px fit into the level.'
    """
    return JUDGE.verdict(fn)


_MOST = 60  # levels that a wrong rule may give here: some would go on for ever


def _scales(
    h: float,
    w: float,
    m: float,
    f: float,
    side: Callable[[float, float], float] = min,
    first: Change = lambda m: 12 / m,
    fits: Change = lambda length: length >= 12,
    smaller: Callable[..., float] = lambda scale, f, k, first: scale * f,
) -> Array:
    """The right scales, and with another `side`, `first` scale, test or step the wrong ones."""
    scales, scale = list[float](), first(m)
    while len(scales) < _MOST and fits(side(h, w) * scale):
        scales.append(scale)
        scale = smaller(scale, f, len(scales), scales[0])
    return np.array(scales)


@slips.several
def _then(change: Callable[..., Any]) -> Function:
    """The right scales, and then something more: `change(scales, height, width, min_face, factor)`."""
    return lambda h, w, m, f: np.asarray(change(_scales(h, w, m, f), h, w, m, f))


@slips.several
def _stepping(smaller: Callable[..., float]) -> Function:
    """Scales where the one after `scale` is `smaller(scale, factor, k, first)`, `k` the number of scales so far."""
    return partial(_scales, smaller=smaller)


def _and_one_more(s: Array, h: float, w: float, m: float, f: float) -> Array:
    return np.append(s, s[-1] * f if len(s) else 12 / m)


@slips.several
def _sizes(how: Callable[[float], float]) -> Function:
    """(height, width) of each level, as whole pixels or not; an empty list where there is none."""
    return lambda h, w, m, f: [[how(h * scale), how(w * scale)] for scale in _scales(h, w, m, f)]


_GROWS = "Your levels grow: you divided by factor. Multiply by it, and each level is smaller than the last."
_STAYS = "The loop does not come to an end here: the scale stays as it is. Multiply it by factor, inside the loop."
_SIZES = _sizes(float, int, round, math.ceil, slips.half_up)
_but = partial(slips.but, _scales)
_after = partial(slips.after, _scales)
_HINTS: Hints = {
    "You tested with >, the rule is >=: a level whose shorter side is exactly 12 px still holds one window.": _but(
        fits=[lambda length: length > 12, lambda length: int(length) > 12, lambda length: round(length) > 12]
    ),
    "The longer side was tested. The window has to fit in both directions, so the shorter side decides: min.": _but(
        side=max
    ),
    "Only the height was tested. The window has to fit in both directions: min(height, width).": _but(
        side=lambda h, w: h
    ),
    "Only the width was tested. The window has to fit in both directions: min(height, width).": _but(
        side=lambda h, w: w
    ),
    "Height and width were mixed into one side. The window has to fit in both directions: min(height, width).": _but(
        side=[lambda h, w: (h + w) / 2, lambda h, w: math.sqrt(h * w), math.hypot]
    ),
    "The first scale is not 1: the whole photo would look for faces of 12 px. A face of min_face px must come to "
    "12 px, so the first scale is 12 / min_face.": (
        *_but(first=lambda m: 1.0),
        *_then(lambda s, h, w, m, f: np.append(1.0, s), lambda s, h, w, m, f: s * m / 12),
    ),
    "The first scale is upside down: min_face / 12 enlarges the photo. A face of min_face px must come to 12 px.": _but(
        first=lambda m: m / 12
    )
    + _then(lambda s, h, w, m, f: s * m * m / 144),
    "The first scale was left out: the list begins at 12 / min_face itself, before any factor.": (
        *_after(lambda s: s[1:]),
        *_then(lambda s, h, w, m, f: s * f),
        lambda h, w, m, f: _scales(h, w, m, f, first=lambda m: 12 / m * f),
    ),
    "One level too many: the last is too small to hold a window of 12 px. Test a scale before you keep it.": _then(
        _and_one_more, lambda s, h, w, m, f: _and_one_more(s, h, w, m, f) if len(s) else s
    ),
    "A photo smaller than the smallest face has no level at all. Test the first scale too, before you keep it.": _then(
        lambda s, h, w, m, f: s if len(s) else [12 / m]
    ),
    "The last level is missing: it is the next one that no longer holds a window.": (
        *_after(lambda s: s[:-1]),
        *_but(fits=lambda length: length >= 24),
    ),
    "The level's side was rounded up before the test, so that 11.75 px passed for 12. Test side x scale as it is.": (
        *_but(fits=[lambda length: round(length) >= 12, lambda length: length > 11, lambda length: length >= 11]),
    ),
    "Here the scale goes down by the same amount each time. It is multiplied by factor: 12 / min_face * factor**k.": (
        *_stepping(
            lambda scale, f, k, first: scale - f,
            lambda scale, f, k, first: scale - (1 - f),
            lambda scale, f, k, first: scale - first * (1 - f),
            lambda scale, f, k, first: first * (1 - f * k),
        ),
        *_after(lambda s: np.linspace(s[0], s[-1], len(s)) if len(s) else s),
    ),
    "The factor grows too fast: `scale` already holds the earlier factors, so that each turn brings just "
    "one more.": _stepping(
        lambda scale, f, k, first: scale * f**k,
        lambda scale, f, k, first: scale * f ** (k + 1),
        lambda scale, f, k, first: scale * scale,
    ),
    _GROWS: (
        *_then(lambda s, h, w, m, f: s / f ** (2 * np.arange(len(s)))),
        *_stepping(lambda scale, f, k, first: scale / f),
    ),
    "Only the first scale came out. It is multiplied by factor again and again, as long as 12 px fit into the "
    "level.": _then(lambda s, h, w, m, f: [12 / m], lambda s, h, w, m, f: s[:1]),
    "The scales are right, but the smallest comes first. The answer begins with 12 / min_face and goes down.": _after(
        lambda s: s[::-1]
    ),
    "You returned the levels' sizes. The answer is the scales: what height and width are multiplied by.": (
        *_SIZES,
        *(made for each in _SIZES for made in slips.after(each, lambda sides: [side[::-1] for side in sides])),
        *_then(lambda s, h, w, m, f: s * min(h, w)),
    ),
    "You returned the windows' sides in the photo. The answer is the scales: 12 / side.": _after(lambda s: 12 / s),
    "min_face was not used: this is the answer for faces of 20 px.": slips.fixed(_scales, m=20),
    "factor was not used: the caller may want another than 0.709.": slips.fixed(
        _scales, f=[0.709, 0.5, math.sqrt(0.5)]
    ),
    "The test forgets the first scale: it is the level, min(height, width) * scale, that must hold 12 px, not the "
    "photo.": lambda h, w, m, f: 12 / m * _scales(h, w, 12, f),
    "The number of levels does not depend on your min_face. With a larger one there is room for fewer.": (
        lambda h, w, m, f: 12 / m * f ** np.arange(round(-(math.log(min(h, w) / 12, f) + 1))),  # as mtcnn 1.0.0 does
    ),
    "You tested the level against min_face. There a face is already shrunk: the level has to hold 12 px.": (
        lambda h, w, m, f: _scales(h, w, m, f, fits=lambda length: length >= m),
    ),
    "You rounded the scales. Keep all their digits: only a level's size in pixels is rounded.": (
        *_after(*slips.digits(1, 2, 3)),
        *_stepping(*(lambda scale, f, k, first, n=n: round(scale * f, n) for n in (1, 2, 3))),
    ),
    "The last scale, 12 / shorter side, does not belong there: each is factor times the one before.": _then(
        lambda s, h, w, m, f: np.append(s, 12 / min(h, w)), lambda s, h, w, m, f: np.append(s[:-1], 12 / min(h, w))
    ),
    "No scale came out, in any case: is the loop's condition ever true, and is the scale kept?": _after(
        lambda s: s[:0]
    ),
    "You returned how many levels there are. The answer is their scales.": _after(len),
}

_NONE = "No level holds a window here, so the answer is no scale at all: an empty list."

# Where a level's side is exactly 12 px, factor is 1/2 and min_face 12, 24 or 48: such scales are exact in floats.
_CASES = (
    Case("a photo with room for one level", (40, 40, 24, 0.5)),
    Case("three levels, each half as large as the last", (100, 100, 24, 0.5)),
    Case("a photo of exactly the smallest face", (24, 24, 24, 0.5)),
    Case("the last level has a side of exactly 12 px", (96, 96, 24, 0.5)),
    Case("a photo smaller than the smallest face", (20, 20, 24, 0.5), _NONE),
    Case("a level of 11.75 px is too small", (94, 94, 24, 0.5)),
    Case("a wide photo", (60, 200, 24, 0.5)),
    Case("a tall photo", (200, 60, 24, 0.5)),
    Case("a wide photo, too low for any face", (20, 300, 24, 0.5), _NONE),
    Case("min_face 12: the first level is the photo", (50, 60, 12, 0.5)),
    Case("the case worked out in the notebook", (100, 120, 20, 0.709)),
    Case("a wide photo, levels close together", (90, 160, 30, 0.9)),
    Case("a tall photo of the usual size", (640, 480, 40, 0.709)),
    Case("a large photo", (1080, 1920, 33, 0.8)),
)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The levels, one over the other, with the window that has to fit into each."""
    height, width = inputs[:2]

    def levels(scales: Any) -> Array:
        return np.array([[0, 0, width * scale, height * scale] for scale in scales[:_MOST]]).reshape(-1, 4)

    yours = None if got is None else levels(got)
    window = [[0, 0, pyramid.CELL, pyramid.CELL]]
    return drawing.compared(window, levels(expected), yours, "levels, px; given: the window of 12 px", row)


def _if_endless(variables: Mapping[str, Any]) -> str:
    """Scales that grow or stay: what a list or a number of the reader's says when it is stopped."""
    lists = [value for value in variables.values() if isinstance(value, list) and len(value) > 2]
    for found in lists:
        first, second = (each if isinstance(each, int | float) else 0.0 for each in found[:2])
        if second > first > 0:
            return _GROWS
        if second == first > 0:
            return _STAYS
    return ""


JUDGE = Judge(
    "pyramid_scales",
    ("height", "width", "min_face", "factor"),
    pyramid.pyramid_scales,
    _CASES,
    _HINTS,
    _draw,
    tolerance=1e-7,
    if_endless=_if_endless,
)
