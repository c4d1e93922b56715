"""The judge of `decode_offsets`: from a net's four numbers to a box that has moved."""

from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.course.checks.judge import Array, Case, Change, Function, Hints, Judge, Verdict, slips
from mtcnn_lite.course.checks.judge.boxes import CORNERS, MORE, NO_BOX, SHAPE, draw_moved, random_boxes, sizes, table


def decode_offsets(fn: Function) -> Verdict:
    """Judges `fn(boxes (N, 4), offsets (N, 4)) -> (N, 4)`: the boxes, in pixels, moved by their offsets.

    An offset is (corner - box corner) / box side: the width for x1 and x2, the height for y1 and y2. N may be 0: shape
    (0, 4), or an empty list. The inputs must stay as they are.

    >>> decode_offsets(lambda boxes, offsets: boxes + offsets).hint
    'The offsets were added as they are. They count in box sides: multiply x by the width, y by the height first.'
    """
    return JUDGE.verdict(fn)


def _moved(boxes: Array, offsets: Array, change: Change = lambda sizes: sizes) -> Array:
    """The right boxes, and wrong ones where the sizes (N, 2) that the offsets are multiplied by are changed."""
    return boxes + offsets * np.tile(change(sizes(boxes)), 2)


@slips.several
def _with_sizes(change: Change) -> Function:
    return partial(_moved, change=change)


@slips.several
def _one_after_another(order: tuple[int, ...]) -> Function:
    """Corners moved in place, in this order, so that a side is measured between an old and a new corner."""

    def wrong(boxes: Array, offsets: Array) -> Array:
        moved = boxes.copy()
        for column in order:
            axis = column % 2
            moved[:, column] += offsets[:, column] * (moved[:, axis + 2] - moved[:, axis])
        return moved

    return wrong


def _centre_and_size(boxes: Array, offsets: Array, grow: Any = np.exp) -> Array:
    side = sizes(boxes)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 + offsets[:, :2] * side
    half = side * grow(offsets[:, 2:]) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


_then = partial(slips.after, _moved)
_of = partial(slips.before, _moved)
_HINTS: Hints = {
    "The offsets were added as they are. They count in box sides: "
    "multiply x by the width, y by the height first.": _with_sizes(np.ones_like),
    **slips.sides_mixed_up(
        _with_sizes,
        "x1 and x2 move by widths (x2 - x1)",
        "y1 and y2 move by heights (y2 - y1)",
        "x1 and x2 move by widths (x2 - x1), y1 and y2 by heights (y2 - y1)",
    ),
    "All four were added to the top left corner. Each offset moves its own corner: the last two start from x2, y2.": (
        lambda b, o: np.tile(b[:, :2], 2) + o * np.tile(sizes(b), 2),
    ),
    "You subtracted the offsets: add them. 0.1 in the first place means "
    "a tenth of the width to the right.": _with_sizes(np.negative),
    "The side was used after a corner had moved. Take width and height from the box as it came, "
    "before any moves.": _one_after_another((0, 1, 2, 3), (2, 3, 0, 1), (0, 3, 1, 2), (2, 1, 0, 3)),
    slips.ONE_MORE: _with_sizes(lambda size: size + 1) + _then(slips.one_more),
    slips.ONE_LESS: _with_sizes(lambda size: size - 1) + _then(slips.one_less),
    slips.FIRST_ONLY: (
        *_then(*slips.FIRST),
        *_with_sizes(lambda size: size[:1]),
        *_of(offsets=lambda o: o[:1]),
        lambda b, o: np.concatenate([_moved(b, o)[:1], b[1:]]),
    ),
    "You clipped the boxes. A box may leave the photo: coordinates below 0 stay as they are.": _then(*slips.CLIPPED),
    slips.rounded("Boxes"): (
        *_then(*slips.ROUNDINGS),
        *(lambda b, o, how=how: b + how(_moved(b, o) - b) for how in slips.ROUNDINGS[:4]),
    ),
    "You divided by the side. Dividing made the offset; multiplying by the side undoes it.": _with_sizes(np.reciprocal),
    "This is how far each corner moves, without the corner itself: add it to the box.": (
        lambda b, o: o * np.tile(sizes(b), 2),
    ),
    "Each corner was multiplied by 1 + its offset, so that it moves by a part of its distance from the photo's corner. "
    "It moves by a part of the box's side: add offset * side.": lambda b, o: b * (1 + o),
    "The offsets were multiplied by 12, or another fixed side. 12 px is P-Net's window in the level; here each box "
    "brings its own side.": _with_sizes(*(lambda size, side=side: 0 * size + side for side in (12, 24, 48))),
    "np.array([w, h, w, h]) has a row for each side, (4, N), and the offsets a row for each box, (N, 4). Put the sides "
    "into columns: np.stack([w, h, w, h], axis=1).": (
        lambda b, o: b + o * np.tile(sizes(b), 2).T,
        lambda b, o: o * np.tile(sizes(b), 2).T,
    ),
    "The boxes came back as they were: the offsets were not used, or the moved box was not returned.": lambda b, o: b,
    "Only the top left corner moved. The last two offsets move x2 and y2.": _of(
        offsets=[lambda o: o * [1, 1, 0, 0], lambda o: np.tile(o[:, :2], 2)]
    ),
    "The offsets were read in the order x1, x2, y1, y2. Their order is that of the box: x1, y1, x2, y2.": _of(
        offsets=slips.x_then_y
    ),
    "x and y are swapped in the offsets: the first moves x1, the second y1.": _of(offsets=slips.swap_xy),
    "You moved the centre and changed the size, as R-CNN does. MTCNN's offsets move two corners.": (
        _centre_and_size,
        partial(_centre_and_size, grow=lambda by: 1 + by),
    ),
    slips.AS_SIZE: _then(slips.as_size),
    "The boxes were made square as well. That is the next step; here they only move.": _then(boxes_.square_boxes),
}


def _random(count: int) -> tuple[Array, Array]:
    """Boxes with whole corners and sides from 8 to 60 px, no two alike; offsets with two decimals from -0.3 to 0.3."""
    rng = np.random.default_rng(count)
    return random_boxes(rng, count), (rng.integers(-30, 31, (count, 4)) / 100).astype(np.float32)


_SQUARE, _TWO = table([20, 10, 40, 30]), table([0, 0, 10, 10], [20, 10, 60, 30])
_CASES = (
    Case("a square box, only x1 moves", (_SQUARE, table([0.1, 0, 0, 0])), SHAPE),
    Case("a square box, only y2 moves", (_SQUARE, table([0, 0, 0, 0.2])), SHAPE),
    Case("a square box, x1 and x2 move", (_SQUARE, table([0.1, 0, 0.2, 0])), SHAPE),
    Case("a box twice as high as wide", (table([10, 10, 30, 50]), table([0.1, 0.2, 0, 0])), SHAPE),
    Case("a box twice as wide as high", (table([10, 10, 50, 30]), table([0, -0.1, 0.1, 0])), SHAPE),
    Case("fractions of a pixel", (table([3, 5, 13, 17]), table([0.03, 0.05, -0.07, 0.11])), SHAPE),
    Case("a box that leaves the photo", (table([2, 1, 22, 21]), table([-0.2, -0.1, 0, 0])), SHAPE),
    Case("two boxes of different size", (_TWO, table([0.1, 0, 0, 0], [0, 0, 0.2, 0.1])), MORE),
    Case("no box at all", (table(), table()), NO_BOX),
    Case("four random boxes", _random(4)),
    Case("seven random boxes", _random(7)),
    Case("a hundred random boxes", _random(100)),
)

JUDGE = Judge(
    "decode_offsets", ("boxes", "offsets"), boxes_.decode_offsets, _CASES, _HINTS, draw_moved, columns=CORNERS
)
