"""The likely mistakes in `pyramid_scales`, each with its hint."""

import math

import numpy as np

from mtcnn_lite.course.checks.judge import Hints
from mtcnn_lite.course.checks.pyramid_scales_ways import (
    and_one_more,
    at_least_one,
    but,
    counted_for_the_photo,
    evenly,
    half_up,
    scales_for,
    sizes,
    without_the_first_scale,
)

HINTS: Hints = {
    "You tested with >, the rule is >=: a level whose shorter side is exactly 12 px still holds one window.": (
        but(fits=lambda length: length > 12),
        but(fits=lambda length: int(length) > 12),
        but(fits=lambda length: round(length) > 12),
    ),
    "The longer side was tested. The window has to fit in both directions, so the shorter side decides: min.": but(
        side=max
    ),
    "Only the height was tested. The window has to fit in both directions: min(height, width).": but(
        side=lambda h, w: h
    ),
    "Only the width was tested. The window has to fit in both directions: min(height, width).": but(
        side=lambda h, w: w
    ),
    "Height and width were mixed into one side. The window has to fit in both directions: min(height, width).": (
        but(side=lambda h, w: (h + w) / 2),
        but(side=lambda h, w: math.sqrt(h * w)),
        but(side=math.hypot),
    ),
    "The first scale is not 1: the whole photo would look for faces of 12 px. A face of min_face px must come to 12 "
    "px, so the first scale is 12 / min_face.": (
        but(first=lambda m: 1.0),
        but(lambda s, h, w, m, f: np.append(1.0, s)),
        but(lambda s, h, w, m, f: s * m / 12),
    ),
    "The first scale is upside down: min_face / 12 enlarges the photo. A face of min_face px must come to 12 px.": (
        but(first=lambda m: m / 12),
        but(lambda s, h, w, m, f: s * m * m / 144),
    ),
    "The first scale was left out: the list begins at 12 / min_face itself, before any factor.": (
        but(lambda s, h, w, m, f: s[1:]),
        but(first=lambda m: 12 / m, after=lambda s, h, w, m, f: s * f),
        lambda h, w, m, f: scales_for(h, w, m, f, first=lambda m: 12 / m * f),
    ),
    "One level too many: the last is too small to hold a window of 12 px. Test a scale before you keep it.": (
        but(and_one_more),
        but(lambda s, h, w, m, f: and_one_more(s, h, w, m, f) if len(s) else s),
    ),
    "A photo smaller than the smallest face has no level at all. Test the first scale too, before you keep it.": but(
        at_least_one
    ),
    "The last level is missing: it is the next one that no longer holds a window.": (
        but(lambda s, h, w, m, f: s[:-1]),
        but(fits=lambda length: length >= 24),
    ),
    "The level's side was rounded up before the test, so that 11.75 px passed for 12. Test side x scale as it is.": (
        but(fits=lambda length: round(length) >= 12),
        but(fits=lambda length: math.ceil(length) >= 12),
        but(fits=lambda length: int(length + 1) >= 12),
    ),
    "Here the scale goes down by the same amount each time. It is multiplied by factor: 12 / min_face * factor**k.": (
        but(smaller=lambda scale, f, k: scale - f),
        but(smaller=lambda scale, f, k: scale - (1 - f)),
        lambda h, w, m, f: scales_for(h, w, m, f, smaller=lambda scale, f, k: scale - 12 / m * (1 - f)),
        lambda h, w, m, f: scales_for(h, w, m, f, smaller=lambda scale, f, k: 12 / m * (1 - f * k)),
        but(evenly),
    ),
    "The factor grows too fast: `scale` already holds the earlier factors, so that each turn brings just one more.": (
        but(smaller=lambda scale, f, k: scale * f**k),
        but(smaller=lambda scale, f, k: scale * f ** (k + 1)),
        but(smaller=lambda scale, f, k: scale * scale),
    ),
    "Your levels grow: you divided by factor. Multiply by it, and each level is smaller than the last.": (
        lambda h, w, m, f: scales_for(h, w, m, f) / f ** (2 * np.arange(len(scales_for(h, w, m, f)))),
        but(smaller=lambda scale, f, k: scale / f),
    ),
    "Only the first scale came out. It is multiplied by factor again and again, as long as 12 px fit into the level.": (
        lambda h, w, m, f: np.array([12 / m]),
        but(lambda s, h, w, m, f: s[:1]),
    ),
    "The scales are right, but the smallest comes first. The answer begins with 12 / min_face and goes down.": but(
        lambda s, h, w, m, f: s[::-1]
    ),
    "You returned the levels' sizes. The answer is the scales: what height and width are multiplied by.": (
        *(sizes(how, first) for how in (float, int, round, math.ceil, half_up) for first in ("h", "w")),
        but(lambda s, h, w, m, f: s * min(h, w)),
    ),
    "You returned the windows' sides in the photo. The answer is the scales: 12 / side.": but(
        lambda s, h, w, m, f: 12 / s
    ),
    "min_face was not used: this is the answer for faces of 20 px.": (lambda h, w, m, f: scales_for(h, w, 20, f),),
    "factor was not used: the caller may want another than 0.709.": (
        lambda h, w, m, f: scales_for(h, w, m, 0.709),
        lambda h, w, m, f: scales_for(h, w, m, 0.5),
        lambda h, w, m, f: scales_for(h, w, m, math.sqrt(0.5)),
    ),
    "The test forgets the first "
    "scale: it is the level, min(height, width) * scale, that must hold 12 px, not the photo.": without_the_first_scale,
    "The number "
    "of levels does not depend on your min_face. With a larger one there is room for fewer.": counted_for_the_photo,
    "You tested the level against min_face. There a face is already shrunk: the level has to hold 12 px.": (
        lambda h, w, m, f: scales_for(h, w, m, f, fits=lambda length: length >= m),
    ),
    "You rounded the scales. Keep all their digits: only a level's size in pixels is rounded.": tuple(
        made
        for digits in (1, 2, 3)
        for made in (
            but(lambda s, h, w, m, f, d=digits: s.round(d)),
            but(smaller=lambda scale, f, k, d=digits: round(scale * f, d)),
        )
    ),
    "The last scale, 12 / shorter side, does not belong there: each is factor times the one before.": (
        but(lambda s, h, w, m, f: np.append(s, 12 / min(h, w))),
        but(lambda s, h, w, m, f: np.append(s[:-1], 12 / min(h, w))),
    ),
    "No scale came out, in any case: is the loop's condition ever true, and is the scale kept?": (
        lambda h, w, m, f: np.zeros(0),
    ),
    "You returned how many levels there are. The answer is their scales.": but(lambda s, h, w, m, f: len(s)),
}
