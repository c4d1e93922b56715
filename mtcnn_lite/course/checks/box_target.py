"""The judge of `box_target`: what a net should say of a window, so that the box it makes is the face."""

from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.boxes import FARTHEST, decode_offsets, encode_offsets, square_boxes
from mtcnn_lite.course.checks.judge import Array, Case, Change, Function, Hints, Judge, Verdict, drawing, slips
from mtcnn_lite.course.checks.judge.boxes import CORNERS, one, sizes


def box_target(fn: Function) -> Verdict:
    """Judges `fn(window (4,), face (4,)) -> (4,)`: (face corner - window corner) / window side, for x1, y1, x2, y2.

    The side is the window's width for x, its height for y. Boxes are two corners, half-open; nothing is rounded and
    nothing clipped. The inputs must stay as they are.

    >>> box_target(lambda window, face: face - window).hint
    "These are pixels. Divide by the window's side, so that a large face and a small one give the same numbers."
    """
    return JUDGE.verdict(fn)


def _right(window: Array, face: Array) -> Array:
    return encode_offsets(window[None], face[None])[0]


@slips.several
def _over(divisor: Any) -> Function:
    """Right, but for what the distances are divided by."""
    return lambda window, face: (face - window) / divisor(window, face)


@slips.several
def _with_sizes(change: Change) -> Function:
    """Right, but for the window's width and height."""
    return lambda window, face: (face - window) / np.tile(change(sizes(window)), 2)


@slips.several
def _from(start: Change) -> Function:
    """Right, but for where in the window the distances are measured from."""
    return lambda window, face: (face - start(window)) / _sides(window)


def _sides(box: Array) -> Array:
    """Width, height, width, height."""
    return np.tile(sizes(box), 2)


def _square(box: Array) -> Array:
    return square_boxes(box[None])[0]


def _centre_and_size(window: Array, face: Array, size: Any = np.log) -> Array:
    """R-CNN's four numbers."""
    apart = (face[:2] + face[2:] - window[:2] - window[2:]) / 2
    return np.concatenate([apart / sizes(window), size(sizes(face) / sizes(window))])


_then = partial(slips.after, _right)
_of = partial(slips.before, _right)
_of_both = partial(slips.before_all, _right)
_HINTS: Hints = {
    "The sign is turned over: face - window. A face further right than its window has an x1 above 0.": _then(
        np.negative
    ),
    "All four were measured from the window's top left corner. Each corner of the face is measured from its own: "
    "x2 from the window's x2, y2 from its y2.": _from(lambda w: np.tile(w[:2], 2)),
    "All four were measured from the window's centre. Each is measured from the window's own corner.": _from(
        lambda w: np.tile((w[:2] + w[2:]) / 2, 2)
    ),
    "You divided by the face's side. The net knows its window, not the face: divide by the window's side.": _over(
        lambda w, f: _sides(f)
    ),
    "These are pixels. Divide by the window's side, so that a large face and a small one give "
    "the same numbers.": _with_sizes(np.ones_like),
    "You divided by the net's input size. The distances are pixels of the photo: divide by the window's side.": _over(
        *(lambda w, f, size=size: size for size in (12, 24, 48))
    ),
    "x2 and y2 were taken for width and height. The window's width is x2 - x1.": _over(
        lambda w, f: np.tile(w[2:], 2), lambda w, f: w + (w == 0)
    ),
    **slips.sides_mixed_up(
        _with_sizes,
        "x goes by the window's width (x2 - x1)",
        "y goes by the window's height (y2 - y1)",
        "x goes by the window's width (x2 - x1), y by its height (y2 - y1)",
    ),
    "You rounded. With two decimals a corner in a window of 200 px is off by up to a pixel, and no net is better "
    "than its targets.": (
        *_then(*slips.digits(1, 2, 3)),
        *_then(*(lambda target, how=how: how(target * 100) / 100 for how in (np.floor, np.trunc))),
    ),
    "You clipped the target. A face may begin left of its window or end right of it: targets go below 0.": _then(
        *slips.CLIPPED, lambda target: np.clip(target, 0, 1)
    ),
    "The face was clipped to the window first. The net has to say where the whole face ends.": (
        lambda w, f: _right(w, np.concatenate([np.maximum(w, f)[:2], np.minimum(w, f)[2:]])),
    ),
    "A coordinate below 0 was clipped first. Windows and faces may leave the photo.": (
        *_of(window=slips.at_least_0),
        *_of(face=slips.at_least_0),
        *_of_both(slips.at_least_0),
    ),
    "That is the old + 1 in the side: for boxes that include their last pixel. Here width = x2 - x1.": (
        *_with_sizes(lambda size: size + 1),
        *_of_both(slips.one_more),
    ),
    slips.ONE_LESS: _with_sizes(lambda size: size - 1),
    "You gave the distance between centres and the change of size, as R-CNN does. MTCNN's target is two "
    "corners.": slips.but(_centre_and_size, size=[np.log, lambda ratio: ratio - 1, lambda ratio: ratio]),
    "You gave x, y, width, height. The last two are where x2 and y2 lie, seen from the window's x2 and y2.": (
        lambda w, f: np.concatenate([f[:2] - w[:2], sizes(f)]) / _sides(w),
        lambda w, f: np.concatenate([f[:2] - w[:2], sizes(f) - sizes(w)]) / _sides(w),
    ),
    slips.X_THEN_Y: _then(slips.x_then_y),
    "x and y are swapped: the first of the four is x1.": _then(slips.swap_xy),
    "Window and face have changed places: the target is where the face lies as seen from the window.": slips.swapped(
        _right, "window", "face"
    ),
    "You multiplied by the side. That is the way back, from a target to a box; here you divide.": (
        lambda w, f: (f - w) * _sides(w),
        lambda w, f: w + f * _sides(w),
    ),
    "That is how far to move and where to, mixed up: it is face - window, not face + window.": _from(np.negative),
    "The face was divided, but the window's corner not subtracted first.": _from(np.zeros_like),
    "Mind the brackets: (face - window) / side. Without them only the window's corner is divided.": (
        lambda w, f: f - w / _sides(w),
    ),
    "The window was made square first. Take it as it comes.": _of(window=_square),
    "The face was made square first. Its box is narrower than the window, and that is what the net must learn.": _of(
        face=_square
    ),
    "Half a pixel was added. Boxes are pixel edges, both of them: nothing to add.": _of(
        face=[lambda face: face + 0.5, lambda face: face - 0.5]
    ),
    "The face came back as it was: what is asked for is where it lies, seen from the window.": lambda w, f: f,
    "That is a target of 0 for any face: it would teach the net that every window is right.": _then(np.zeros_like),
}


def _random(seed: int) -> tuple[Array, Array]:
    """A window with a corner in quarters of a pixel and a side of 20 to 300 px; a face near it."""
    rng = np.random.default_rng(seed)
    corner, side = rng.integers(-80, 800, 2) / 4, rng.integers(20, 300)
    window = np.concatenate([corner, corner + side])
    return window.astype(np.float32), (window + rng.integers(-25, 26, 4) / 100 * side).round(1).astype(np.float32)


_SHAPE = "window and face have shape (4,) each: x1, y1, x2, y2. So x1, y1, x2, y2 = window works."
_CASES = (
    Case("a face that fills its window", (one(0, 0, 100, 100), one(0, 0, 100, 100)), _SHAPE),
    Case("a face whose x1 lies 10 px inside", (one(0, 0, 100, 100), one(10, 0, 100, 100)), _SHAPE),
    Case("a face whose x2 lies 20 px inside", (one(0, 0, 100, 100), one(0, 0, 80, 100)), _SHAPE),
    Case("the same further right and down", (one(40, 20, 140, 120), one(50, 20, 120, 120)), _SHAPE),
    Case("a window of half the size", (one(40, 20, 90, 70), one(45, 20, 80, 70)), _SHAPE),
    Case("four different corners", (one(40, 20, 140, 120), one(52, 27, 125, 117)), _SHAPE),
    Case("a face that sticks out", (one(40, 20, 140, 120), one(30, 24, 150, 116)), _SHAPE),
    Case("a target with many decimals", (one(40, 20, 264, 244), one(61, 27, 233, 239)), _SHAPE),
    Case("a window that leaves the photo", (one(-20, -30, 60, 50), one(-8, -6, 48, 46)), _SHAPE),
    Case("a face that leaves the photo", (one(-20, -10, 60, 70), one(-12, -6, 52, 66)), _SHAPE),
    Case("a window twice as high as wide", (one(10, 10, 60, 110), one(15, 18, 56, 108)), _SHAPE),
    Case("a window twice as wide as high", (one(10, 10, 110, 60), one(15, 18, 104, 58)), _SHAPE),
    Case("fractions of a pixel", (one(3.25, 5.5, 27.25, 29.5), one(5.5, 4.75, 25.25, 30.5)), _SHAPE),
    *(Case("a random window", _random(seed)) for seed in (1, 2, 3, 4)),
)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The window, the face, and the box that the answer would make of the window."""
    window, face = inputs
    drawable = got is not None and got.shape == (4,) and (np.abs(got) <= FARTHEST).all()
    made = decode_offsets(window[None], got[None]) if drawable else None
    caption = "given: the window; expected: the face; yours: what the target makes of the window"
    return drawing.compared(window[None], face[None], made, caption)


JUDGE = Judge("box_target", ("window", "face"), _right, _CASES, _HINTS, _draw, tolerance=1e-4, columns=CORNERS)
