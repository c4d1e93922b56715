"""The right `iou`, and the wrong functions that `overlap_mistakes` names."""

from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.course.checks.judge import Array, Function


def reference(box: Array, boxes: Array) -> Array:
    return boxes_.iou(box[None], boxes)[0]


def clip(lengths: Array) -> Array:
    return np.maximum(lengths, 0)


def _sides(box: Array, boxes: Array) -> tuple[Array, Array]:
    """Width and height of what is shared, (N,) each; below 0 where the boxes are apart."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])  # (N, 2)
    return sides[:, 0], sides[:, 1]


def _areas(box: Array, boxes: Array, more: int = 0) -> tuple[Array, Array]:
    """Area of `box` and of each of `boxes`, (1,) and (N,)."""
    return _area(box[None], more), _area(boxes, more)


def _area(boxes: Array, more: int = 0) -> Array:
    return (boxes[:, 2] - boxes[:, 0] + more) * (boxes[:, 3] - boxes[:, 1] + more)


def over(shared: Array, whole: Array) -> Array:
    """Divided, 0 where there is nothing to divide by."""
    whole = np.broadcast_to(whole, shared.shape)
    return np.divide(shared, whole, out=np.zeros(shared.shape), where=whole > 0)


def unless_zero(shared: Array, whole: Array) -> Array:
    whole = np.broadcast_to(whole, shared.shape)
    return np.divide(shared, whole, out=np.zeros(shared.shape), where=whole != 0)


def or_nan(shared: Array, whole: Array) -> Array:
    return np.divide(shared, whole)


def or_one(shared: Array, whole: Array) -> Array:
    return np.where(np.broadcast_to(whole, shared.shape) > 0, over(shared, whole), 1)


WAYS = (over, unless_zero, or_nan)  # to divide: whoever makes another mistake may also have forgotten the empty union


def but(
    together: Any = lambda width, height: clip(width) * clip(height),
    whole: Any = lambda one, each, shared: one + each - shared,
    more_shared: int = 0,
    more_area: int = 0,
    ways: tuple[Any, ...] = WAYS,
) -> tuple[Function, ...]:
    """The right function, but for how the sides make the shared area, what it is divided by, and the + 1; one for each
    of the `ways` to divide."""

    def wrong(box: Array, boxes: Array, divide: Any) -> Array:
        width, height = _sides(box, boxes)
        shared = together(width + more_shared, height + more_shared)
        return divide(shared, whole(*_areas(box, boxes, more_area), shared))

    return tuple(partial(wrong, divide=way) for way in ways)


def before(of_box: Any = lambda box: box, of_boxes: Any = lambda boxes: boxes) -> Function:
    """The right function of other boxes."""
    return lambda box, boxes: reference(of_box(box), of_boxes(boxes))


def after(change: Any) -> Function:
    """The right answer, and then something more."""
    return lambda box, boxes: change(reference(box, boxes))


def corners(boxes: Array) -> Array:
    """x, y, width, height, read as that, as two corners."""
    return np.concatenate([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], axis=-1)


def shared_area(box: Array, boxes: Array) -> Array:
    width, height = _sides(box, boxes)
    return clip(width) * clip(height)


def last_two_as_sides(box: Array, boxes: Array) -> Array:
    """The shared part is right, but the last two of the four are taken for width and height in the areas."""
    shared = shared_area(box, boxes)
    return over(shared, box[2] * box[3] + boxes[:, 2] * boxes[:, 3] - shared)


def hull_area(box: Array, boxes: Array) -> Array:
    """Area of the smallest box around both, (N,)."""
    sides = np.maximum(box[2:], boxes[:, 2:]) - np.minimum(box[:2], boxes[:, :2])
    return sides[:, 0] * sides[:, 1]


def hull_for_shared(box: Array, boxes: Array, divide: Any) -> Array:
    shared = hull_area(box, boxes)
    one, each = _areas(box, boxes)
    return divide(shared, one + each - shared)


def generalised(box: Array, boxes: Array) -> Array:
    one, each = _areas(box, boxes)
    union, hull = one + each - shared_area(box, boxes), hull_area(box, boxes)
    return reference(box, boxes) - over(hull - union, hull)


def first_only(box: Array, boxes: Array) -> Array:
    return np.where(np.arange(len(boxes)) == 0, reference(box, boxes), 0)
