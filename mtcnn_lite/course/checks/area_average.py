"""The judge of `area_average`: a level of the pyramid, pixel by pixel."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, drawing, slips


def area_average(fn: Function) -> Verdict:
    """Judges `fn(image (H, W), height, width) -> (height, width)`: the image, gray and uint8, shrunk.

    Each new pixel is the mean of the area that it comes from: row i of `height` covers the old rows from i * H / height
    to (i + 1) * H / height, and columns likewise. Old pixels that lie in it in part count in part. Nothing is rounded.
    The input must stay as it is.

    >>> area_average(lambda image, height, width: image[:height, :width]).hint
    'The top left corner was cut out. The whole image becomes smaller.'
    """
    return JUDGE.verdict(fn)


def _shares(new: int, old: int) -> Array:
    """How much of each old pixel belongs to each new one, (new, old); rows sum up to 1."""
    edges = np.arange(new + 1) * old / new
    low, high = edges[:-1, None], edges[1:, None]
    here = np.arange(old)
    return np.clip(np.minimum(high, here + 1) - np.maximum(low, here), 0, None) * new / old


def _mean(image: Array, height: int, width: int, shares: Callable[[int, int], Array] = _shares) -> Array:
    """The right answer; with other `shares` wrong ones."""
    return shares(height, len(image)) @ image.astype(float) @ shares(width, image.shape[1]).T


def _picked(new: int, old: int, at: float = 0) -> Array:
    """One old pixel for each new one."""
    rows = np.minimum(((np.arange(new) + at) * old / new).astype(int), old - 1)
    return np.eye(old)[rows]


def _between(new: int, old: int, ends: bool = False) -> Array:
    """Two neighbours, weighted by their distance: bilinear, by pixel centres or with the ends on the ends."""
    at = np.linspace(0, old - 1, new) if ends else (np.arange(new) + 0.5) * old / new - 0.5
    return np.maximum(1 - np.abs(np.clip(at, 0, old - 1)[:, None] - np.arange(old)), 0)


def _whole(
    new: int, old: int, start: Callable[[float], int] = math.floor, end: Callable[[float], int] = math.floor
) -> Array:
    """Whole old pixels from a rounded start to a rounded end, at least one, all of the same weight."""
    shares = np.zeros((new, old))
    for row in range(new):
        first = min(start(row * old / new), old - 1)
        shares[row, first : max(end((row + 1) * old / new), first + 1)] = 1
    return shares / shares.sum(axis=1, keepdims=True)


def _steps(new: int, old: int) -> Array:
    """Blocks of old // new pixels: what is left over at the end is lost."""
    side = old // new
    return np.kron(np.eye(new), np.ones(side) / side) @ np.eye(new * side, old)


def _blocks(image: Array, height: int, width: int, of: Any) -> Array:
    """Something else than the mean, of all old pixels that lie in the area at least in part."""
    rows = [(_whole(height, len(image), end=math.ceil)[i] > 0) for i in range(height)]
    columns = [(_whole(width, image.shape[1], end=math.ceil)[j] > 0) for j in range(width)]
    return np.array([[of(image[np.ix_(row, column)]) for column in columns] for row in rows], float)


_but, _then = partial(slips.but, _mean), partial(slips.after, _mean)
_HINTS: Hints = {
    "One old pixel was picked for each new one; the others are lost, and fine texture turns into false edges. Take the "
    "mean of the area.": _but(shares=[_picked, partial(_picked, at=0.5), partial(_picked, at=0.999)]),
    "That is bilinear: two neighbours each way, whatever the factor. What lies between is lost. Take the mean of the "
    "area.": _but(shares=[_between, partial(_between, ends=True)]),
    "Blocks of H // height pixels leave out what is over at the end. The areas cover all of the image: from "
    "i * H / height on.": _but(shares=_steps),
    "The areas' ends were rounded to whole pixels. An old pixel that lies in an area in part counts in part.": _but(
        shares=[
            _whole,
            partial(_whole, end=math.ceil),
            partial(_whole, start=math.ceil, end=math.ceil),
            partial(_whole, start=round, end=round),
        ]
    ),
    "Each area was summed up. Divide by its size: the mean.": (
        lambda image, height, width: _mean(image, height, width) * image.size / (height * width),
    ),
    "The sum ran over: uint8 ends at 255. Turn the image into floats first.": (
        lambda image, height, width: np.floor(_blocks(image, height, width, lambda block: block.sum(dtype=np.uint8))),
        lambda image, height, width: _blocks(
            image, height, width, lambda block: block.sum(dtype=np.uint8) / block.size
        ),
    ),
    "That is the largest, the smallest or the middle one of each area, not the mean.": tuple(
        partial(_blocks, of=of) for of in (np.max, np.min, np.median)
    ),
    "You rounded. Keep the fractions here; the package rounds once, at the end.": _then(*slips.ROUNDINGS),
    "Height and width have changed places: the answer has `height` rows.": (
        lambda image, height, width: _mean(image, width, height),
    ),
    "The answer is transposed: `height` rows of `width` numbers.": _then(np.transpose),
    "The top left corner was cut out. The whole image becomes smaller.": (
        lambda image, height, width: image[:height, :width],
    ),
    "The image came back as it was.": lambda image, height, width: image,
}


def _image(*rows: list[int]) -> Array:
    return np.array(rows, np.uint8)


def _random(height: int, width: int) -> Array:
    return np.random.default_rng(height * width).integers(0, 256, (height, width), dtype=np.uint8)


_SHAPE = "image has shape (H, W) and type uint8. The answer has shape (height, width), floats."
_CASES = (
    Case("two rows of two pixels become one pixel", (_image([10, 20], [30, 40]), 1, 1), _SHAPE),
    Case("light pixels: their sum is over 255", (_image([200, 220], [240, 180]), 1, 1), _SHAPE),
    Case("two rows of four become one of two", (_image([0, 80, 10, 30], [40, 200, 50, 90]), 1, 2), _SHAPE),
    Case("four rows of two become two of one", (_image([0, 80], [40, 200], [10, 30], [50, 90]), 2, 1), _SHAPE),
    Case("three pixels become two: the middle one is shared", (_image([0, 90, 240]), 1, 2), _SHAPE),
    Case("three rows become two", (_image([30], [60], [150]), 2, 1), _SHAPE),
    Case("five pixels become two", (_image([0, 100, 200, 50, 10]), 1, 2), _SHAPE),
    Case("five by four become three by three", (_random(5, 4), 3, 3), _SHAPE),
    Case("the same size", (_random(3, 4), 3, 4), _SHAPE),
    Case("a random image, by 0.709", (_random(31, 24), 22, 17), _SHAPE),
    Case("a random image, by a third and a fifth", (_random(30, 45), 10, 9), _SHAPE),
)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The old pixels and the new ones, where they are few."""
    if inputs[0].size > 30:
        return ""
    named = ((inputs[0], "image"), (expected, "expected"), (got, "yours"))
    panels = [drawing.cells(np.clip(values / 255, 0, 1), np.zeros(values.shape, bool), f"{name}, parts of 255")
              for values, name in named if values is not None and np.isfinite(values).all()]  # fmt: skip
    return drawing.picture(panels, [])


JUDGE = Judge("area_average", ("image", "height", "width"), _mean, _CASES, _HINTS, _draw)
