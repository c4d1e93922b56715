"""The judge of `pyramid_scales`: how far to shrink a photo, and how often."""

import math
from typing import Any

import numpy as np

from mtcnn_lite import pyramid
from mtcnn_lite.checks import drawing
from mtcnn_lite.checks.engine import Case, Function, Judge, Mistake
from mtcnn_lite.checks.verdict import Verdict
from mtcnn_lite.checks.words import Array

MOST = 60  # levels that a wrong rule may give here: some would go on for ever


def pyramid_scales(fn: Function) -> Verdict:
    """Judges `fn(height, width, min_face, factor) -> scales (L,)`.

    The first scale is 12 / min_face, each further one `factor` times the one before, while the photo's shorter side
    times the scale is at least 12. L may be 0: an empty list, or shape (0,).

    >>> pyramid_scales(lambda height, width, min_face, factor: [12 / min_face]).hint
    'Only the first scale came out. It is multiplied by factor again and again, as long as 12 px fit into the level.'
    """
    return _JUDGE.verdict(fn)


def _scales(
    h: float,
    w: float,
    m: float,
    f: float,
    side: Any = min,
    first: Any = lambda m: 12 / m,
    fits: Any = lambda length: length >= 12,
    smaller: Any = lambda scale, f, k: scale * f,
) -> Array:
    """The right scales, and with another `side`, `first` scale, test or step the wrong ones."""
    scales, scale = list[float](), first(m)
    while len(scales) < MOST and fits(side(h, w) * scale):
        scales.append(scale)
        scale = smaller(scale, f, len(scales))
    return np.array(scales)


def _but(after: Any = None, **changed: Any) -> Function:
    """The scales with something changed: an argument of `_scales`, or what came out."""

    def wrong(h: float, w: float, m: float, f: float) -> Array:
        scales = _scales(h, w, m, f, **changed)
        return scales if after is None else np.asarray(after(scales, h, w, m, f))

    return wrong


def _without_the_first_scale(h: float, w: float, m: float, f: float) -> Array:
    """The photo's own side is tested, not the level's."""
    return 12 / m * _scales(h, w, 12, f)


def _and_one_more(s: Array, h: float, w: float, m: float, f: float) -> Array:
    return np.append(s, s[-1] * f if len(s) else 12 / m)


def _at_least_one(s: Array, h: float, w: float, m: float, f: float) -> Array:
    return s if len(s) else np.array([12 / m])


def _evenly(s: Array, h: float, w: float, m: float, f: float) -> Array:
    return np.linspace(s[0], s[-1], len(s)) if len(s) else s


def _half_up(length: float) -> int:
    return int(length + 0.5)


def _sizes(how: Any, first: str) -> Function:
    """(height, width) or (width, height) of each level, as whole pixels or not; an empty list where there is none."""

    def wrong(s: Array, h: float, w: float, m: float, f: float) -> Any:
        sides = (h, w) if first == "h" else (w, h)
        return [[how(side * scale) for side in sides] for scale in s]

    return _but(wrong)


def _counted_for_the_photo(h: float, w: float, m: float, f: float) -> Array:
    """As many levels as the package mtcnn 1.0.0 makes, whatever min_face is."""
    return 12 / m * f ** np.arange(round(-(math.log(min(h, w) / 12, f) + 1)))


_MISTAKES = (
    Mistake(
        "You tested with >, the rule is >=: a level whose shorter side is exactly 12 px still holds one window.",
        (
            _but(fits=lambda length: length > 12),
            _but(fits=lambda length: int(length) > 12),
            _but(fits=lambda length: round(length) > 12),
        ),
    ),
    Mistake(
        "The longer side was tested. The window has to fit in both directions, so the shorter side decides: min.",
        (_but(side=max),),
    ),
    Mistake(
        "Only the height was tested. The window has to fit in both directions: min(height, width).",
        (_but(side=lambda h, w: h),),
    ),
    Mistake(
        "Only the width was tested. The window has to fit in both directions: min(height, width).",
        (_but(side=lambda h, w: w),),
    ),
    Mistake(
        "Height and width were mixed into one side. The window has to fit in both directions: min(height, width).",
        (_but(side=lambda h, w: (h + w) / 2), _but(side=lambda h, w: math.sqrt(h * w)), _but(side=math.hypot)),
    ),
    Mistake(
        "The first scale is not 1: the whole photo would look for faces of 12 px. A face of min_face px must come to "
        "12 px, so the first scale is 12 / min_face.",
        (
            _but(first=lambda m: 1.0),
            _but(lambda s, h, w, m, f: np.append(1.0, s)),
            _but(lambda s, h, w, m, f: s * m / 12),
        ),
    ),
    Mistake(
        "The first scale is upside down: min_face / 12 enlarges the photo. A face of min_face px must come to 12 px.",
        (_but(first=lambda m: m / 12), _but(lambda s, h, w, m, f: s * m * m / 144)),
    ),
    Mistake(
        "The first scale was left out: the list begins at 12 / min_face itself, before any factor.",
        (
            _but(lambda s, h, w, m, f: s[1:]),
            _but(first=lambda m: 12 / m, after=lambda s, h, w, m, f: s * f),
            lambda h, w, m, f: _scales(h, w, m, f, first=lambda m: 12 / m * f),
        ),
    ),
    Mistake(
        "One level too many: the last is too small to hold a window of 12 px. Test a scale before you keep it.",
        (_but(_and_one_more), _but(lambda s, h, w, m, f: _and_one_more(s, h, w, m, f) if len(s) else s)),
    ),
    Mistake(
        "A photo smaller than the smallest face has no level at all. Test the first scale too, before you keep it.",
        (_but(_at_least_one),),
    ),
    Mistake(
        "The last level is missing: it is the next one that no longer holds a window.",
        (_but(lambda s, h, w, m, f: s[:-1]), _but(fits=lambda length: length >= 24)),
    ),
    Mistake(
        "The level's side was rounded up before the test, so that 11.75 px passed for 12. Test side x scale as it is.",
        (
            _but(fits=lambda length: round(length) >= 12),
            _but(fits=lambda length: math.ceil(length) >= 12),
            _but(fits=lambda length: int(length + 1) >= 12),
        ),
    ),
    Mistake(
        "Here the scale goes down by the same amount each time. It is multiplied by factor: 12 / min_face * factor**k.",
        (
            _but(smaller=lambda scale, f, k: scale - f),
            _but(smaller=lambda scale, f, k: scale - (1 - f)),
            lambda h, w, m, f: _scales(h, w, m, f, smaller=lambda scale, f, k: scale - 12 / m * (1 - f)),
            lambda h, w, m, f: _scales(h, w, m, f, smaller=lambda scale, f, k: 12 / m * (1 - f * k)),
            _but(_evenly),
        ),
    ),
    Mistake(
        "The factor grows too fast: `scale` already holds the earlier factors, so that each turn brings just one more.",
        (
            _but(smaller=lambda scale, f, k: scale * f**k),
            _but(smaller=lambda scale, f, k: scale * f ** (k + 1)),
            _but(smaller=lambda scale, f, k: scale * scale),
        ),
    ),
    Mistake(
        "Your levels grow: you divided by factor. Multiply by it, and each level is smaller than the last.",
        (
            lambda h, w, m, f: _scales(h, w, m, f) / f ** (2 * np.arange(len(_scales(h, w, m, f)))),
            _but(smaller=lambda scale, f, k: scale / f),
        ),
    ),
    Mistake(
        "Only the first scale came out. It is multiplied by factor again and again, as long as 12 px fit into the "
        "level.",
        (lambda h, w, m, f: np.array([12 / m]), _but(lambda s, h, w, m, f: s[:1])),
    ),
    Mistake(
        "The scales are right, but the smallest comes first. The answer begins with 12 / min_face and goes down.",
        (_but(lambda s, h, w, m, f: s[::-1]),),
    ),
    Mistake(
        "You returned the levels' sizes. The answer is the scales: what height and width are multiplied by.",
        (
            *(_sizes(how, first) for how in (float, int, round, math.ceil, _half_up) for first in ("h", "w")),
            _but(lambda s, h, w, m, f: s * min(h, w)),
        ),
    ),
    Mistake(
        "You returned the windows' sides in the photo. The answer is the scales: 12 / side.",
        (_but(lambda s, h, w, m, f: 12 / s),),
    ),
    Mistake(
        "min_face was not used: this is the answer for faces of 20 px.",
        (lambda h, w, m, f: _scales(h, w, 20, f),),
    ),
    Mistake(
        "factor was not used: the caller may want another than 0.709.",
        (
            lambda h, w, m, f: _scales(h, w, m, 0.709),
            lambda h, w, m, f: _scales(h, w, m, 0.5),
            lambda h, w, m, f: _scales(h, w, m, math.sqrt(0.5)),
        ),
    ),
    Mistake(
        "The test forgets the first scale: it is the level, min(height, width) * scale, that must hold 12 px, not the "
        "photo.",
        (_without_the_first_scale,),
    ),
    Mistake(
        "The number of levels does not depend on your min_face. With a larger one there is room for fewer.",
        (_counted_for_the_photo,),
    ),
    Mistake(
        "You tested the level against min_face. There a face is already shrunk: the level has to hold 12 px.",
        (lambda h, w, m, f: _scales(h, w, m, f, fits=lambda length: length >= m),),
    ),
    Mistake(
        "You rounded the scales. Keep all their digits: only a level's size in pixels is rounded.",
        tuple(
            made
            for digits in (1, 2, 3)
            for made in (
                _but(lambda s, h, w, m, f, d=digits: s.round(d)),
                _but(smaller=lambda scale, f, k, d=digits: round(scale * f, d)),
            )
        ),
    ),
    Mistake(
        "The last scale, 12 / shorter side, does not belong there: each is factor times the one before.",
        (
            _but(lambda s, h, w, m, f: np.append(s, 12 / min(h, w))),
            _but(lambda s, h, w, m, f: np.append(s[:-1], 12 / min(h, w))),
        ),
    ),
    Mistake(
        "No scale came out, in any case: is the loop's condition ever true, and is the scale kept?",
        (lambda h, w, m, f: np.zeros(0),),
    ),
    Mistake(
        "You returned how many levels there are. The answer is their scales.",
        (_but(lambda s, h, w, m, f: len(s)),),
    ),
)

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
        return np.array([[0, 0, width * scale, height * scale] for scale in scales[:MOST]]).reshape(-1, 4)

    layers = [
        drawing.layer(drawing.INPUT, [[0, 0, pyramid.CELL, pyramid.CELL]]),
        drawing.layer(drawing.EXPECTED, levels(expected), row),
        drawing.layer(drawing.GOT, None if got is None else levels(got), row),
    ]
    return drawing.picture([drawing.plane(layers, "levels, px; given: the window of 12 px")], layers)


_JUDGE = Judge(
    name="pyramid_scales",
    arguments=("height", "width", "min_face", "factor"),
    reference=pyramid.pyramid_scales,
    cases=_CASES,
    mistakes=_MISTAKES,
    draw=_draw,
    tolerance=1e-7,
)
