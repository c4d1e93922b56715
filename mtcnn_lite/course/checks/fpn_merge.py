"""The judge of `fpn_merge`: how a fine map of a feature pyramid gets what the coarse one knows."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, drawing, slips


def fpn_merge(fn: Function) -> Verdict:
    """Judges `fn(fine (C, h, w), weight (S, C), coarse (S, ceil(h / 2), ceil(w / 2))) -> (S, h, w)`: one FPN step.

    fine, a map of the backbone, goes through a 1 x 1 convolution without bias: at each place S sums over C channels,
    weighted by the rows of `weight`. To it is added the coarser level, each of whose cells becomes 2 x 2; where h or w
    is odd, what reaches beyond the last row or column is cut off. The inputs must stay as they are.

    >>> fpn_merge(lambda fine, weight, coarse: np.einsum("sc,chw->shw", weight, fine)).hint[:30]
    'The coarse level was not added'
    """
    return JUDGE.verdict(fn)


def _lateral(fine: Array, weight: Array) -> Array:
    return np.einsum("sc,chw->shw", weight, fine)


def _twice(coarse: Array, height: int, width: int) -> Array:
    return coarse.repeat(2, axis=1).repeat(2, axis=2)[:, :height, :width]


def _merge(
    fine: Array,
    weight: Array,
    coarse: Array,
    lateral: Callable[[Array, Array], Array] = _lateral,
    larger: Callable[[Array, int, int], Array] = _twice,
    together: Callable[[Array, Array], Array] = np.add,
) -> Array:
    """The right level; and with another convolution, enlargement or sum, wrong ones."""
    return together(lateral(fine, weight), larger(coarse, *fine.shape[1:]))


def _from_the_end(coarse: Array, height: int, width: int) -> Array:
    large = coarse.repeat(2, axis=1).repeat(2, axis=2)
    return large[:, large.shape[1] - height :, large.shape[2] - width :]


def _in_tiles(coarse: Array, height: int, width: int) -> Array:
    return np.tile(coarse, (1, 2, 2))[:, :height, :width]


def _with_zeros(coarse: Array, height: int, width: int) -> Array:
    large = np.zeros((len(coarse), 2 * coarse.shape[1], 2 * coarse.shape[2]))
    large[:, ::2, ::2] = coarse
    return large[:, :height, :width]


def _smooth(coarse: Array, height: int, width: int) -> Array:
    """Linear between the cells' middles, in both directions."""
    for axis, length in ((1, height), (2, width)):
        at = np.clip((np.arange(length) + 0.5) / 2 - 0.5, 0, coarse.shape[axis] - 1)
        low = np.floor(at).astype(int)
        part = (at - low).reshape((-1, 1) if axis == 1 else -1)
        high = np.minimum(low + 1, coarse.shape[axis] - 1)
        coarse = coarse.take(low, axis) * (1 - part) + coarse.take(high, axis) * part
    return coarse


_but, _before, _after = (partial(wrong, _merge) for wrong in (slips.but, slips.before, slips.after))

_HINTS: Hints = {
    "The coarse level was not added.": _but(together=lambda fine, coarse: fine),
    "Only the coarse level came back: add the fine map, after its 1 x 1 convolution.": _but(
        together=lambda fine, coarse: coarse
    ),
    "The weights are not used: the fine map goes through a 1 x 1 convolution first.": (
        lambda fine, weight, coarse: (
            (fine if len(fine) == len(weight) else np.broadcast_to(fine.sum(axis=0), (len(weight), *fine.shape[1:])))
            + _twice(coarse, *fine.shape[1:])
        ),
    ),
    "The weights are transposed: row s of `weight` makes channel s of the answer.": _but(
        lateral=lambda fine, weight: _lateral(fine, weight.T) if len(weight) == len(fine) else _lateral(fine, weight)
    ),
    "The sum over the channels became a mean. A convolution adds them up.": _but(
        lateral=lambda fine, weight: _lateral(fine, weight) / len(fine)
    ),
    "The two were multiplied. A feature pyramid adds them.": _but(together=np.multiply),
    "The mean of the two came back. It is their sum.": _but(together=lambda fine, coarse: (fine + coarse) / 2),
    "The larger of the two came back. It is their sum.": _but(together=np.maximum),
    "The coarse level was subtracted. Add it.": _but(together=np.subtract),
    "The coarse map was laid out again and again, as tiles. Each of its cells becomes 2 x 2: np.repeat, not np.tile.": (
        _but(larger=_in_tiles)
    ),
    "Between the cells of the coarse map there are zeros. Each of its cells becomes 2 x 2 equal ones.": _but(
        larger=_with_zeros
    ),
    "The coarse map was smoothed while it grew. Here each cell becomes 2 x 2 equal ones.": _but(larger=_smooth),
    "With an odd side the wrong end was cut off: the first row and column stay, the last go.": _but(
        larger=_from_the_end
    ),
    "The coarse map's rows and columns have changed places.": _but(
        larger=lambda coarse, height, width: (
            _twice(coarse.transpose(0, 2, 1), height, width)
            if coarse.shape[1] == coarse.shape[2]
            else _twice(coarse, height, width)
        )
    ),
    "Negative sums became 0. There is no ReLU in this step.": (
        *_after(slips.at_least_0),
        *_but(lateral=lambda fine, weight: np.maximum(_lateral(fine, weight), 0)),
    ),
    "The channels were put behind one another. They are added.": (
        lambda fine, weight, coarse: np.concatenate([_lateral(fine, weight), _twice(coarse, *fine.shape[1:])]),
    ),
    "The fine map was made small instead: the answer has its size, (S, h, w).": (
        lambda fine, weight, coarse: _lateral(fine, weight)[:, ::2, ::2] + coarse,
    ),
}


def _maps(channels: int, out: int, height: int, width: int) -> tuple[Any, ...]:
    """Random maps with small whole numbers."""
    rng = np.random.default_rng(channels * 1000 + height * 10 + width)
    shapes = ((channels, height, width), (out, channels), (out, -(-height // 2), -(-width // 2)))
    return tuple(rng.integers(-4, 5, shape).astype(np.float32) for shape in shapes)


def _of(fine: list[Any], weight: list[Any], coarse: list[Any]) -> tuple[Any, ...]:
    return tuple(np.array(each, np.float32) for each in (fine, weight, coarse))


_SHAPE = "fine is (C, h, w), weight (S, C), coarse (S, ceil(h / 2), ceil(w / 2)); the answer is (S, h, w)."
_CASES = (
    Case("one channel, 2 x 2 cells and one coarse cell", _of([[[1, 2], [3, 4]]], [[2]], [[[10]]]), _SHAPE),
    Case("one channel, 2 x 4 cells", _of([[[1, 2, 3, 4], [5, 6, 7, 8]]], [[1]], [[[10, 20]]]), _SHAPE),
    Case("sums below 0", _of([[[1, -2], [-3, 4]]], [[2]], [[[-3]]]), _SHAPE),
    Case("two channels become one", _of([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [[1, -1]], [[[10]]]), _SHAPE),
    Case("one channel becomes two", _of([[[1, 2], [3, 4]]], [[1], [2]], [[[10]], [[20]]]), _SHAPE),
    Case("4 x 4 cells", _maps(1, 1, 4, 4), _SHAPE),
    Case("two channels become two", _maps(2, 2, 2, 4), _SHAPE),
    Case("an odd width: 2 x 3 cells", _of([[[1, 2, 3], [4, 5, 6]]], [[1]], [[[10, 20]]]), _SHAPE),
    Case("3 x 5 cells, two channels become three", _maps(2, 3, 3, 5), _SHAPE),
    Case("8 x 6 cells, five channels become four", _maps(5, 4, 8, 6), _SHAPE),
    Case("15 x 20 cells, as of a photo of 120 x 160 px", _maps(8, 6, 15, 20), _SHAPE),
)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The first channel, where it is small: what comes in, what should come out, what did."""
    fine, _, coarse = inputs
    if fine[0].size > 16:
        return ""
    k = row or 0
    named = ((coarse[k], f"coarse, channel {k}"), (expected[k], "expected"), (None if got is None else got[k], "yours"))
    shown = [(np.asarray(each, float), name) for each, name in named if each is not None]
    low, high = min(each.min() for each, _ in shown), max(each.max() for each, _ in shown)
    panels = [drawing.cells(each, np.zeros(each.shape, bool), name, (each - low) / max(high - low, 1))
              for each, name in shown if np.isfinite(each).all()]  # fmt: skip
    return drawing.picture(panels, [])


JUDGE = Judge("fpn_merge", ("fine", "weight", "coarse"), _merge, _CASES, _HINTS, _draw)
