"""The judge of `landmark_target`: from a face's five points to what a net is taught, also for the mirrored window."""

from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.coordinates import MIRRORED
from mtcnn_lite.course.checks.judge import Array, Case, Change, Function, Hints, Judge, Verdict, drawing, slips
from mtcnn_lite.course.checks.judge.boxes import one, sizes


def landmark_target(fn: Function) -> Verdict:
    """Judges `fn(window (4,), points (5, 2), mirrored) -> (5, 2)`: the points as parts of the window.

    (0, 0) is the window's top left corner, (1, 1) its bottom right one. `points` are landmarks of the photo and count
    pixel centres: half a pixel is added first. Where `mirrored` is True, the net sees the window's mirror image: x
    becomes 1 - x, and left and right change names: the rows are again the eye on the picture's left, the eye on its
    right, nose, mouth corner on its left, on its right. Nothing is clipped. The inputs must stay as they are.

    >>> landmark_target(lambda window, points, mirrored: points).hint
    'The points came back as they were, in pixels of the photo. Take the corner off, and divide by the sides.'
    """
    return JUDGE.verdict(fn)


def _exchanged(parts: Array) -> Array:
    return parts[MIRRORED]


def _turned(parts: Array) -> Array:
    return parts * [-1, 1] + [1, 0]


def _target(
    window: Array,
    points: Array,
    mirrored: bool,
    half: float = 0.5,
    corner: Change = lambda window: window[:2],
    side: Change = sizes,
    turn: Change = _turned,
    names: Change = _exchanged,
) -> Array:
    """The right targets; with other arguments the wrong ones."""
    parts = (points + half - corner(window)) / side(window)
    return names(turn(parts)) if mirrored else parts


def _same(parts: Array) -> Array:
    return parts


@slips.several
def _with_sizes(change: Change) -> Function:
    return partial(_target, side=lambda window: change(sizes(window)))


_but, _then, _of = (partial(wrong, _target) for wrong in (slips.but, slips.after, slips.before))
_HINTS: Hints = {
    "x was mirrored, but left and right kept their names: in the mirror, what was the left eye is on the right. "
    "Exchange rows 0 and 1, and rows 3 and 4.": _but(names=_same),
    "Left and right changed names, but x was not mirrored: x becomes 1 - x.": _but(turn=_same),
    "`mirrored` was not used: the answer for the mirrored window is that for the window itself.": slips.fixed(
        _target, mirrored=False
    ),
    "Every window was mirrored, also where `mirrored` is False.": slips.fixed(_target, mirrored=True),
    "`mirrored` was understood the wrong way round.": _of(mirrored=lambda mirrored: not mirrored),
    "Only the eyes changed names. The mouth corners do too: rows 3 and 4.": _but(names=lambda p: p[[1, 0, 2, 3, 4]]),
    "Only the mouth corners changed names. The eyes do too: rows 0 and 1.": _but(names=lambda p: p[[0, 1, 2, 4, 3]]),
    "The rows were turned round from the last to the first. Only left and right change names: the order is "
    "[1, 0, 2, 4, 3].": _but(names=lambda p: p[::-1]),
    "x was mirrored as -x. The window reaches from 0 to 1, so x becomes 1 - x.": _but(turn=lambda p: p * [-1, 1]),
    "y was mirrored as well, or in place of x. A mirror exchanges left and right only.": _but(
        turn=[lambda p: 1 - p, lambda p: p * [1, -1] + [0, 1]]
    ),
    "Half a pixel is missing: landmarks count pixel centres, windows count edges. Add 0.5 to the points.": _but(half=0),
    "Half a pixel was taken off. A centre lies half a pixel behind its pixel's edge: add 0.5.": _but(half=-0.5),
    "x and y of the points were exchanged: the first of the two is x.": _then(lambda p: p[:, ::-1]),
    "The corner was not taken off: the target counts from the window's own corner.": _but(
        corner=lambda window: 0 * window[:2]
    ),
    "You counted from the window's centre. (0, 0) is its top left corner.": _but(
        corner=lambda window: (window[:2] + window[2:]) / 2
    ),
    "You counted from the bottom right corner. (0, 0) is the window's top left corner.": _but(
        corner=lambda window: window[2:]
    ),
    **slips.sides_mixed_up(
        _with_sizes,
        "x goes by the width (x2 - x1)",
        "y goes by the height (y2 - y1)",
        "x goes by the width (x2 - x1), y by the height (y2 - y1)",
        " A window need not be square.",
    ),
    "These are pixels from the window's corner. The target is a part of its sides: divide.": _with_sizes(np.ones_like),
    "You multiplied by the sides. The target is a part of them: divide.": _with_sizes(np.reciprocal),
    slips.ONE_MORE: _with_sizes(lambda size: size + 1),
    "You clipped the target. A point may lie outside its window: it stays where it is.": _then(
        lambda p: np.clip(p, 0, 1), lambda p: np.maximum(p, 0)
    ),
    "You rounded the target. It is the answer that the net learns: keep all digits.": _then(*slips.digits(0, 1, 2)),
    "The points came back as they were, in pixels of the photo. Take the corner off, and divide by the sides.": (
        lambda window, points, mirrored: points
    ),
    "The ten numbers lie in one row. The answer has a row x, y for each point: (5, 2).": _then(
        lambda p: p.reshape(-1), lambda p: p.T.reshape(-1)
    ),
}


def _points(*rows: tuple[float, float]) -> Array:
    return np.array(rows, np.float32)


_FACE = _points((30, 40), (70, 45), (52, 60), (36, 80), (66, 77))
_LOW = _points((12.25, 30.5), (31, 28.75), (20, 44), (15.5, 61.25), (29, 58))
_SHAPE = "window has shape (4,), x1 y1 x2 y2, and points (5, 2). Each row of points is x, y."
_CASES = (
    Case("a window of 100 x 100 px at the photo's corner", (one(0, 0, 100, 100), _FACE, False), _SHAPE),
    Case("the same, mirrored", (one(0, 0, 100, 100), _FACE, True), _SHAPE),
    Case("a window further right and down", (one(20, 10, 100, 90), _FACE, False), _SHAPE),
    Case("the same, mirrored", (one(20, 10, 100, 90), _FACE, True), _SHAPE),
    Case("a window that is not square", (one(10, 20, 90, 120), _FACE, False), _SHAPE),
    Case("the same, mirrored", (one(10, 20, 90, 120), _FACE, True), _SHAPE),
    Case("a window that is wider than high", (one(10, 20, 130, 90), _FACE, False), _SHAPE),
    Case("a window that begins behind an eye", (one(40, 30, 100, 90), _FACE, False), _SHAPE),
    Case("a window that cuts the mouth off", (one(5, 10, 45, 50), _LOW, False), _SHAPE),
    Case("the same, mirrored", (one(5, 10, 45, 50), _LOW, True), _SHAPE),
    Case("a window that leaves the photo, mirrored", (one(-8.5, -4, 41.5, 46), _LOW, True), _SHAPE),
)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The window's unit square, with the points where they should be and where they are."""
    return drawing.compared(
        np.array([[0, 0, 1, 1]]), drawing.dots(expected, 0.02), drawing.dots(got, 0.02), "parts of the window"
    )


JUDGE = Judge(
    "landmark_target", ("window", "points", "mirrored"), _target, _CASES, _HINTS, _draw, 1e-4, columns=("x", "y")
)
