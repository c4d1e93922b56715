"""The judge of `hard_windows`: which windows of a photo a net should learn from, by loss and NMS."""

from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.boxes import iou
from mtcnn_lite.course.checks.judge import Array, Case, Change, Function, Hints, Judge, Verdict, crowds, drawing, slips
from mtcnn_lite.course.checks.judge.boxes import table


def hard_windows(fn: Function) -> Verdict:
    """Judges `fn(windows (N, 4), losses (N,), count, overlap) -> rows (K,)`, hardest first.

    The highest losses, at most `count` of them, no two of which have an IoU over `overlap`: of two that cover one
    another, the one with the higher loss stays. No two losses are alike. N may be 0: an empty array or list. The inputs
    must stay as they are.

    >>> hard_windows(lambda windows, losses, count, overlap: np.argsort(-losses)[:count]).hint[:44]
    'No overlap was looked at: one hard place fil'
    """
    return JUDGE.verdict(fn)


def _hard(
    windows: Array,
    losses: Array,
    count: int,
    overlap: float,
    order: Change = crowds.best_first,
    first: bool = False,
    most: Any = min,
    too_much: Any = np.greater,
) -> Array:
    """The right rows; with other arguments the wrong ones."""
    rows = order(losses)
    kept = list[int]()
    for row in rows[:count] if first else rows:
        if not too_much(iou(windows[[row]], windows[kept])[0], overlap).any():
            kept.append(int(row))
    return np.array(kept[: most(count, len(kept))], int)


_but, _then = partial(slips.but, _hard), partial(slips.after, _hard)
_HINTS: Hints = {
    "The hardest were counted off first, and then thinned out, so that too few are left. NMS comes first, then the "
    "first `count` of what it keeps.": _but(first=True),
    "No overlap was looked at: one hard place fills the list with windows that show nearly the same.": (
        lambda windows, losses, count, overlap: crowds.best_first(losses)[:count],
    ),
    "The lowest losses were taken, the easy windows. Begin with the highest.": _but(order=crowds.worst_first),
    "The losses were not used: the windows were taken in the order in which they came.": _but(
        order=lambda losses: np.arange(len(losses))
    ),
    "You compared with >=, the rule is >: a window whose IoU equals the bound stays.": _but(too_much=np.greater_equal),
    "The comparison points the wrong way: a window goes where its IoU with a harder one is over the bound.": _but(
        too_much=np.less
    ),
    "`count` was not used: all that NMS keeps came out.": _but(most=lambda count, there: there),
    "One too many came out: at most `count`.": _but(most=lambda count, there: count + 1),
    "One too few came out: `count` of them, where there are so many.": _but(
        most=lambda count, there: max(count - 1, 0)
    ),
    "The right windows, but in the order in which they came. The answer goes hardest first.": _then(np.sort),
    "The right windows, but the easiest of them comes first. The answer goes hardest first.": _then(
        lambda rows: rows[::-1]
    ),
    "You returned windows. The answer is their rows, so that losses can be picked with them.": (
        lambda windows, losses, count, overlap: windows[_hard(windows, losses, count, overlap)],
    ),
    "You returned losses. The answer is the rows of those windows.": (
        lambda windows, losses, count, overlap: losses[_hard(windows, losses, count, overlap)],
    ),
    "You returned a mask. The answer is the rows, hardest first.": (
        lambda windows, losses, count, overlap: np.isin(np.arange(len(losses)), _hard(windows, losses, count, overlap)),
    ),
    "The bound was not used: another number is written in its place.": slips.fixed(_hard, overlap=[0.5, 0.7, 0.3]),
    "The last ones that NMS keeps were taken, the easiest of them. Take the first.": (
        lambda windows, losses, count, overlap: (
            _hard(windows, losses, len(losses), overlap)[-count:] if len(losses) else np.zeros(0, int)
        ),
    ),
}

_NONE = "Here N is 0: there is nothing to choose from. The answer is an empty array, np.zeros(0, int), or []."
_SHAPE = "windows has shape (N, 4), losses (N,). `nms(windows, losses, overlap)` takes a loss as well as a score."
_HALF = table([0, 0, 20, 10], [0, 0, 10, 10], [30, 0, 40, 10])  # IoU 1/2, exactly
_CASES = (
    Case("two windows that lie apart, one is wanted", (crowds.APART, crowds.scored(0.5, 2), 1, 0.5), _SHAPE),
    Case(
        "three windows, the first two nearly the same",
        (table([0, 0, 20, 20], [1, 0, 21, 20], [40, 0, 60, 20]), crowds.scored(1, 2, 0.5), 2, 0.7),
        _SHAPE,
    ),
    Case("an IoU of exactly the bound", (_HALF, crowds.scored(1, 0.75, 0.25), 3, 0.5), _SHAPE),
    Case(
        "four windows in one place, one elsewhere",
        (crowds.CROWD, crowds.scored(0.6, 0.7, 0.8, 0.9, 0.1), 2, 0.6),
        _SHAPE,
    ),
    Case("a chain: the ends hardly overlap", (crowds.CHAIN, crowds.scored(0.9, 0.8, 0.7), 3, 0.4), _SHAPE),
    Case("fewer than are wanted", (crowds.APART, crowds.scored(0.5, 2), 5, 0.5), _SHAPE),
    Case("no window at all", (*crowds.NO_BOXES, 3, 0.5), _NONE),
    Case("twenty random windows", (*crowds.random_crowd(20, 5), 4, 0.4), _SHAPE),
    Case("sixty random windows", (*crowds.random_crowd(60, 6), 12, 0.6), _SHAPE),
)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """All windows, those that should be chosen, and those that were, where the answer names windows."""
    windows = inputs[0]
    names = got is not None and got.dtype.kind in "iu" and np.isin(got, np.arange(len(windows))).all()
    return drawing.compared(windows, windows[expected], windows[got] if names else None, "windows, px of the photo")


JUDGE = Judge("hard_windows", ("windows", "losses", "count", "overlap"), _hard, _CASES, _HINTS, _draw)
