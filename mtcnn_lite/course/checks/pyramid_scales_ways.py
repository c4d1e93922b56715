"""The right `pyramid_scales` in parts, and the wrong functions that `scales_mistakes` names."""

import math
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Function

MOST = 60  # levels that a wrong rule may give here: some would go on for ever


def scales_for(
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


def but(after: Any = None, **changed: Any) -> Function:
    """The scales with something changed: an argument of `scales_for`, or what came out."""

    def wrong(h: float, w: float, m: float, f: float) -> Array:
        scales = scales_for(h, w, m, f, **changed)
        return scales if after is None else np.asarray(after(scales, h, w, m, f))

    return wrong


def without_the_first_scale(h: float, w: float, m: float, f: float) -> Array:
    """The photo's own side is tested, not the level's."""
    return 12 / m * scales_for(h, w, 12, f)


def and_one_more(s: Array, h: float, w: float, m: float, f: float) -> Array:
    return np.append(s, s[-1] * f if len(s) else 12 / m)


def at_least_one(s: Array, h: float, w: float, m: float, f: float) -> Array:
    return s if len(s) else np.array([12 / m])


def evenly(s: Array, h: float, w: float, m: float, f: float) -> Array:
    return np.linspace(s[0], s[-1], len(s)) if len(s) else s


def half_up(length: float) -> int:
    return int(length + 0.5)


def sizes(how: Any, first: str) -> Function:
    """(height, width) or (width, height) of each level, as whole pixels or not; an empty list where there is none."""

    def wrong(s: Array, h: float, w: float, m: float, f: float) -> Any:
        sides = (h, w) if first == "h" else (w, h)
        return [[how(side * scale) for side in sides] for scale in s]

    return but(wrong)


def counted_for_the_photo(h: float, w: float, m: float, f: float) -> Array:
    """As many levels as the package mtcnn 1.0.0 makes, whatever min_face is."""
    return 12 / m * f ** np.arange(round(-(math.log(min(h, w) / 12, f) + 1)))
