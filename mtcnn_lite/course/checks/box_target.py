"""The judge of `box_target`: what a net should say of a window, so that the box it makes is the face."""

from typing import Any

import numpy as np

from mtcnn_lite.boxes import decode_offsets, encode_offsets, square_boxes
from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, drawing


def box_target(fn: Function) -> Verdict:
    """Judges `fn(window (4,), face (4,)) -> (4,)`: (face corner - window corner) / window side, for x1, y1, x2, y2.

    The side is the window's width for x, its height for y. Boxes are two corners, half-open; nothing is rounded and
    nothing clipped. The inputs must stay as they are.

    >>> box_target(lambda window, face: face - window).hint
    "These are pixels. Divide by the window's side, so that a large face and a small one give the same numbers."
    """
    return JUDGE.verdict(fn)


def _reference(window: Array, face: Array) -> Array:
    return encode_offsets(window[None], face[None])[0]


def _sides(box: Array) -> Array:
    """Width, height, width, height."""
    return np.tile(box[2:] - box[:2], 2)


def _over(divisor: Any) -> Function:
    """Right, but for what the distances are divided by."""
    return lambda window, face: (face - window) / divisor(window, face)


def _from(start: Any) -> Function:
    """Right, but for where the distances are measured from."""
    return lambda window, face: (face - start(window)) / _sides(window)


def _then(change: Any) -> Function:
    return lambda window, face: change(_reference(window, face))


def _before(of_window: Any = lambda box: box, of_face: Any = lambda box: box) -> Function:
    return lambda window, face: _reference(of_window(window), of_face(face))


def _centre_and_size(window: Array, face: Array, size: Any = np.log) -> Array:
    """R-CNN's four numbers."""
    apart = (face[:2] + face[2:] - window[:2] - window[2:]) / 2
    sides = window[2:] - window[:2]
    return np.concatenate([apart / sides, size((face[2:] - face[:2]) / sides)])


_HINTS: Hints = {
    "The sign is turned over: face - window. A face further right than its window has an x1 above 0.": _then(
        np.negative
    ),
    "All four were measured from the window's top left corner. Each corner of the face "
    "is measured from its own: x2 from the window's x2, y2 from its y2.": _from(lambda window: np.tile(window[:2], 2)),
    "All four were measured from the window's centre. Each is measured from the window's own corner.": _from(
        lambda window: np.tile((window[:2] + window[2:]) / 2, 2)
    ),
    "You divided by the face's side. The net knows its window, not the face: divide by the window's side.": _over(
        lambda w, f: _sides(f)
    ),
    "These are pixels. Divide by the window's side, so that a large face and a small one give the same numbers.": _over(
        lambda w, f: 1
    ),
    "You divided by the net's input size. The distances are pixels of the photo: divide by the window's side.": tuple(
        _over(lambda w, f, size=size: size) for size in (12, 24, 48)
    ),
    "x2 and y2 were taken for width and height. The window's width is x2 - x1.": (
        _over(lambda w, f: np.tile(w[2:], 2)),
        _over(lambda w, f: w + (w == 0)),
    ),
    "Width and height are swapped: x goes by the window's width (x2 - x1), y by its height (y2 - y1).": _over(
        lambda w, f: _sides(w)[[1, 0, 3, 2]]
    ),
    "The width was used for both: y goes by the window's height (y2 - y1).": _over(lambda w, f: _sides(w)[0]),
    "The height was used for both: x goes by the window's width (x2 - x1).": _over(lambda w, f: _sides(w)[1]),
    "One side was used for both: x goes by the window's width (x2 - x1), y by its height (y2 - y1).": tuple(
        _over(lambda w, f, how=how: how(_sides(w))) for how in (np.max, np.min, np.mean)
    ),
    "You rounded. With two decimals a corner in a window of 200 px is off by up to a pixel, and no net is better "
    "than its targets.": (
        *(_then(lambda target, n=n: np.round(target, n)) for n in (1, 2, 3)),
        *(_then(lambda target, how=how: how(target * 100) / 100) for how in (np.floor, np.trunc)),
    ),
    "You clipped the target. A face may begin left of its window or end right of it: targets go below 0.": (
        _then(lambda t: np.clip(t, 0, 1)),
        _then(lambda t: np.clip(t, 0, None)),
        _then(np.abs),
    ),
    "The face was clipped to the window first. The net has to say where the whole face ends.": (
        lambda w, f: _reference(w, np.concatenate([np.maximum(w, f)[:2], np.minimum(w, f)[2:]])),
    ),
    "A coordinate below 0 was clipped first. Windows and faces may leave the photo.": (
        _before(lambda b: np.maximum(b, 0)),
        _before(of_face=lambda b: np.maximum(b, 0)),
        _before(lambda b: np.maximum(b, 0), lambda b: np.maximum(b, 0)),
    ),
    "That is the old + 1 in the side: for boxes that include their last pixel. Here width = x2 - x1.": (
        _over(lambda w, f: _sides(w) + 1),
        _before(lambda b: b + [0, 0, 1, 1], lambda b: b + [0, 0, 1, 1]),
    ),
    "Your side is 1 too small: boxes are half-open, so width = x2 - x1.": _over(lambda w, f: _sides(w) - 1),
    "You gave the distance between centres and the change of size, as R-CNN does. MTCNN's target is two corners.": (
        _centre_and_size,
        lambda w, f: _centre_and_size(w, f, size=lambda ratio: ratio - 1),
        lambda w, f: _centre_and_size(w, f, size=lambda ratio: ratio),
    ),
    "You gave x, y, width, height. The last two are where x2 and y2 lie, seen from the window's x2 and y2.": (
        lambda w, f: np.concatenate([(f[:2] - w[:2]), (f[2:] - f[:2])]) / _sides(w),
        lambda w, f: np.concatenate([(f[:2] - w[:2]), (f[2:] - f[:2]) - (w[2:] - w[:2])]) / _sides(w),
    ),
    "The four are in the order x1, x2, y1, y2. The order here is x1, y1, x2, y2.": _then(
        lambda target: target[[0, 2, 1, 3]]
    ),
    "x and y are swapped: the first of the four is x1.": _then(lambda target: target[[1, 0, 3, 2]]),
    "Window and face have changed places: the target is where the face lies as seen from the window.": (
        lambda w, f: _reference(f, w),
    ),
    "You multiplied by the side. That is the way back, from a target to a box; here you divide.": (
        lambda w, f: (f - w) * _sides(w),
        lambda w, f: w + f * _sides(w),
    ),
    "That is how far to move and where to, mixed up: it is face - window, not face + window.": (
        lambda w, f: (f + w) / _sides(w),
    ),
    "The face was divided, but the window's corner not subtracted first.": (lambda w, f: f / _sides(w),),
    "Mind the brackets: (face - window) / side. Without them only the window's corner is divided.": (
        lambda w, f: f - w / _sides(w),
    ),
    "The window was made square first. Take it as it comes.": _before(lambda box: square_boxes(box[None])[0]),
    "The face was made square first. Its box is narrower "
    "than the window, and that is what the net must learn.": _before(of_face=lambda box: square_boxes(box[None])[0]),
    "Half a pixel was added. Boxes are pixel edges, both of them: nothing to add.": (
        _before(of_face=lambda b: b + 0.5),
        _before(of_face=lambda b: b - 0.5),
    ),
    "The face came back as it was: what is asked for is where it lies, seen from the window.": (lambda w, f: f,),
    "That is a target of 0 for any face: it would teach the net that every window is right.": (
        lambda w, f: np.zeros(4),
    ),
}


def _box(*corners: float) -> Array:
    return np.array(corners, np.float32)


def _random(seed: int) -> tuple[Array, Array]:
    """A window with a corner in quarters of a pixel and a side of 20 to 300 px; a face near it."""
    rng = np.random.default_rng(seed)
    corner, side = rng.integers(-80, 800, 2) / 4, rng.integers(20, 300)
    window = np.concatenate([corner, corner + side])
    return window.astype(np.float32), (window + rng.integers(-25, 26, 4) / 100 * side).round(1).astype(np.float32)


_SHAPE = "window and face have shape (4,) each: x1, y1, x2, y2. So x1, y1, x2, y2 = window works."
_CASES = (
    Case("a face that fills its window", (_box(0, 0, 100, 100), _box(0, 0, 100, 100)), _SHAPE),
    Case("a face whose x1 lies 10 px inside", (_box(0, 0, 100, 100), _box(10, 0, 100, 100)), _SHAPE),
    Case("a face whose x2 lies 20 px inside", (_box(0, 0, 100, 100), _box(0, 0, 80, 100)), _SHAPE),
    Case("the same further right and down", (_box(40, 20, 140, 120), _box(50, 20, 120, 120)), _SHAPE),
    Case("a window of half the size", (_box(40, 20, 90, 70), _box(45, 20, 80, 70)), _SHAPE),
    Case("four different corners", (_box(40, 20, 140, 120), _box(52, 27, 125, 117)), _SHAPE),
    Case("a face that sticks out", (_box(40, 20, 140, 120), _box(30, 24, 150, 116)), _SHAPE),
    Case("a target with many decimals", (_box(40, 20, 264, 244), _box(61, 27, 233, 239)), _SHAPE),
    Case("a window that leaves the photo", (_box(-20, -30, 60, 50), _box(-8, -6, 48, 46)), _SHAPE),
    Case("a face that leaves the photo", (_box(-20, -10, 60, 70), _box(-12, -6, 52, 66)), _SHAPE),
    Case("a window twice as high as wide", (_box(10, 10, 60, 110), _box(15, 18, 56, 108)), _SHAPE),
    Case("a window twice as wide as high", (_box(10, 10, 110, 60), _box(15, 18, 104, 58)), _SHAPE),
    Case("fractions of a pixel", (_box(3.25, 5.5, 27.25, 29.5), _box(5.5, 4.75, 25.25, 30.5)), _SHAPE),
    *(Case("a random window", _random(seed)) for seed in (1, 2, 3, 4)),
)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The window, the face, and the box that the answer would make of the window."""
    window, face = inputs
    drawable = got is not None and got.shape == (4,) and np.isfinite(got).all()
    made = decode_offsets(window[None], got[None]) if drawable else None
    layers = [
        drawing.layer(drawing.INPUT, window[None]),
        drawing.layer(drawing.EXPECTED, face[None]),
        drawing.layer(drawing.GOT, made),
    ]
    caption = "given: the window; expected: the face; yours: what the target makes of the window"
    return drawing.picture([drawing.plane(layers, caption)], layers)


JUDGE = Judge(
    name="box_target",
    arguments=("window", "face"),
    reference=_reference,
    cases=_CASES,
    hints=_HINTS,
    draw=_draw,
    tolerance=1e-4,
    columns=("x1", "y1", "x2", "y2"),
)
