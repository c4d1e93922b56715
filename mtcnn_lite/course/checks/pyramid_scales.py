"""The judge of `pyramid_scales`: how far to shrink a photo, and how often."""

from typing import Any

import numpy as np

from mtcnn_lite import pyramid
from mtcnn_lite.course.checks.judge import Array, Case, Function, Judge, Verdict, drawing
from mtcnn_lite.course.checks.pyramid_scales_mistakes import HINTS
from mtcnn_lite.course.checks.pyramid_scales_ways import MOST


def pyramid_scales(fn: Function) -> Verdict:
    """Judges `fn(height, width, min_face, factor) -> scales (L,)`.

    The first scale is 12 / min_face, each further one `factor` times the one before, while the photo's shorter side
    times the scale is at least 12. L may be 0: an empty list, or shape (0,).

    >>> pyramid_scales(lambda height, width, min_face, factor: [12 / min_face]).hint
    'Only the first scale came out. It is multiplied by factor again and again, as long as 12 px fit into the level.'
    """
    return JUDGE.verdict(fn)


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


JUDGE = Judge(
    name="pyramid_scales",
    arguments=("height", "width", "min_face", "factor"),
    reference=pyramid.pyramid_scales,
    cases=_CASES,
    hints=HINTS,
    draw=_draw,
    tolerance=1e-7,
)
