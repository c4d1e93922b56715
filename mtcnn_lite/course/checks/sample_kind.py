"""The judge of `sample_kind`: what a window of a labelled photo is good for in training."""

from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Judge, Verdict, drawing
from mtcnn_lite.course.checks.sample_kind_mistakes import HINTS
from mtcnn_lite.course.checks.sample_kind_ways import ious, reference


def sample_kind(fn: Function) -> Verdict:
    """Judges `fn(window (4,), faces (N, 4)) -> "positive", "part", "negative" or None`.

    By the window's best IoU with any of the faces: "positive" from .65 on, "part" from .4 on, "negative" under .3;
    None from .3 up to .4, for such a window is used for nothing. Boxes are x1, y1, x2, y2. N may be 0: "negative". The
    inputs must stay as they are.

    >>> from mtcnn_lite.boxes import iou
    >>> sample_kind(lambda window, faces: "negative" if iou([window], faces[:1])[0, 0] < 0.3 else "positive").passed
    False
    """
    return JUDGE.verdict(fn)


def _box(*corners: float) -> Array:
    return np.array(corners, np.float32)


def _faces(*rows: tuple[float, ...]) -> Array:
    return np.array(rows, np.float32).reshape(-1, 4)


def _crowd(count: int, pick: int) -> tuple[Array, Array]:
    """`count` faces at random, and a window moved off one of them; no IoU within .005 of a bound."""
    rng = np.random.default_rng([count, pick])
    while True:
        corner, side = rng.integers(0, 150, (count, 2)), rng.integers(15, 60, (count, 2))
        faces = np.concatenate([corner, corner + side], axis=1).astype(np.float32)
        window = faces[pick] + np.tile(rng.integers(-12, 13, 2), 2).astype(np.float32)
        best = ious(window, faces).max()
        if min(abs(best - bound) for bound in (0.3, 0.35, 0.4, 0.65)) > 0.005:
            return window, faces


_FACE = (0, 0, 100, 100)
_SHAPE = "window has shape (4,): x1, y1, x2, y2. faces has shape (1, 4): a row for each face, here one."
_MORE = "It works for one face and stops at two: loop over the rows of faces, or take the maximum of their IoUs."
_NONE = 'Here no face is labelled, N is 0, and nothing has a maximum. Such a window is "negative".'

# IoUs that equal a bound are .4 and .3, whose float32 lie on the same side as their float64; that of .65 does not.
_CASES = (
    Case("the face itself, IoU 1", (_box(*_FACE), _faces(_FACE)), _SHAPE),
    Case("far from the face, IoU 0", (_box(300, 20, 400, 120), _faces(_FACE)), _SHAPE),
    Case("half of the face, IoU .5", (_box(0, 0, 50, 100), _faces(_FACE)), _SHAPE),
    Case("IoU .35", (_box(0, 0, 35, 100), _faces(_FACE)), _SHAPE),
    Case("IoU .66", (_box(0, 0, 66, 100), _faces(_FACE)), _SHAPE),
    Case("IoU .64", (_box(0, 0, 100, 64), _faces(_FACE)), _SHAPE),
    Case("IoU .41", (_box(0, 0, 41, 100), _faces(_FACE)), _SHAPE),
    Case("IoU .39", (_box(0, 0, 100, 39), _faces(_FACE)), _SHAPE),
    Case("IoU .31", (_box(0, 0, 31, 100), _faces(_FACE)), _SHAPE),
    Case("IoU .29", (_box(0, 0, 29, 100), _faces(_FACE)), _SHAPE),
    Case("IoU exactly .4", (_box(0, 0, 40, 100), _faces(_FACE)), _SHAPE),
    Case("IoU exactly .3", (_box(0, 0, 30, 100), _faces(_FACE)), _SHAPE),
    Case("a small window inside the face, IoU .04", (_box(40, 40, 60, 60), _faces(_FACE)), _SHAPE),
    Case("a large window around the face, IoU .11", (_box(-100, -100, 200, 200), _faces(_FACE)), _SHAPE),
    Case("shifted by half a width, IoU 1/3", (_box(50, 0, 150, 100), _faces(_FACE)), _SHAPE),
    Case("beyond the face's corner, IoU 0", (_box(180, 180, 280, 280), _faces(_FACE)), _SHAPE),
    Case("a face higher than wide, IoU .72", (_box(20, 10, 90, 110), _faces((20, 10, 120, 82))), _SHAPE),
    Case("a slim face in a square window", (_box(0, 0, 90, 90), _faces((15, 0, 75, 90))), _SHAPE),
    Case("a face of 4 x 4 px, 2 px off", (_box(10, 10, 14, 14), _faces((12, 10, 16, 14))), _SHAPE),
    Case("a window that leaves the photo", (_box(-30, 0, 20, 50), _faces((0, 0, 20, 50))), _SHAPE),
    Case("no face at all", (_box(*_FACE), np.zeros((0, 4), np.float32)), _NONE),
    Case("on the second of two faces", (_box(200, 0, 300, 100), _faces(_FACE, (200, 0, 300, 100))), _MORE),
    Case("on the first of two faces", (_box(*_FACE), _faces(_FACE, (200, 0, 300, 100))), _MORE),
    Case("between two faces, IoU .25 with each", (_box(60, 0, 160, 100), _faces((0, 0, 100, 100), (120, 0, 220, 100))),
         _MORE),
    Case("part of one face, most of another", (_box(40, 0, 140, 100), _faces((0, 0, 100, 100), (35, 0, 135, 100))),
         _MORE),
    Case("near one of three faces", (_box(0, 0, 35, 100), _faces(_FACE, (300, 0, 400, 100), (0, 300, 90, 400))), _MORE),
    *(Case(f"one of {count} faces at random", _crowd(count, pick), _MORE) for count, pick in
      ((3, 1), (4, 3), (5, 2), (6, 4), (7, 0), (8, 5), (9, 7), (12, 10))),
)  # fmt: skip


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The window, in blue, among the faces."""
    window, faces = inputs
    layers = [drawing.layer(drawing.INPUT, faces), drawing.layer(drawing.EXPECTED, window[None])]
    best = ious(window, faces).max(initial=0)
    caption = f"faces, given, and the window: best IoU {best:.3f}"
    return drawing.picture([drawing.plane(layers, caption)], [layers[0]])


JUDGE = Judge(
    name="sample_kind",
    arguments=("window", "faces"),
    reference=reference,
    cases=_CASES,
    hints=HINTS,
    draw=_draw,
)
