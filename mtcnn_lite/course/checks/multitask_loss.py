"""The judge of `multitask_loss`: what a batch costs."""

from collections.abc import Callable
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, drawing
from mtcnn_lite.losses import PAPER
from mtcnn_lite.sampling.sampler import KINDS, NEGATIVE, POSITIVE


def multitask_loss(fn: Function) -> Verdict:
    """Judges `fn(losses (N, 3), kinds (N,), weights (3,)) -> one number`: the weighted sum over samples and tasks.

    Columns of losses, and weights: detection, box, landmark. kinds: an array of "negative" (detection counts),
    "positive" (detection and box), "part" (box) and "landmark" (landmark). N may be 0: the sum is 0. The inputs must
    stay as they are.

    >>> multitask_loss(lambda losses, kinds, weights: (losses * weights).sum()).hint[:41]
    'Every sample counts in every task. A nega'
    """
    return JUDGE.verdict(fn)


_TABLE = PAPER.numpy().astype(float)  # (4 kinds, 3 tasks)


def _taking_part(kinds: Array, table: Array = _TABLE) -> Array:
    """1 where a sample takes part in a task, (N, 3)."""
    return table[[KINDS.index(kind) for kind in kinds]] if len(kinds) else np.zeros((0, 3))


def _total(losses: Array, kinds: Array, weights: Array, table: Array = _TABLE, reduce: Any = np.sum) -> Any:
    """The right sum, and with another `table`, or another `reduce` of the weighted losses (N, 3), the wrong ones."""
    return reduce(losses * _taking_part(kinds, table) * weights)


def _with(**kinds: tuple[int, int, int]) -> Function:
    """The sum by another table."""
    table = _TABLE.copy()
    for kind, row in kinds.items():
        table[KINDS.index(kind)] = row
    return partial(_total, table=table)


def _weighing(change: Callable[[Array], Any]) -> Function:
    """The sum with other weights."""
    return lambda losses, kinds, weights: _total(losses, kinds, change(weights))


def _task_means(losses: Array, kinds: Array, weights: Array) -> Any:
    part = _taking_part(kinds)
    return ((losses * part).sum(axis=0) / np.maximum(part.sum(axis=0), 1) * weights).sum()


def _only_row(row: int) -> Function:
    def fn(losses: Array, kinds: Array, weights: Array) -> Any:
        rows = slice(row, row + 1 or None)
        return _total(losses[rows], kinds[rows], weights)

    return fn


def _alphabetical(losses: Array, kinds: Array, weights: Array) -> Any:
    """Codes in the order of the alphabet look rows up that stand in another order."""
    codes = [sorted(KINDS).index(kind) for kind in kinds]
    return (losses * _TABLE[codes] * weights).sum() if codes else 0.0


def _mined(losses: Array, kinds: Array, weights: Array) -> Any:
    """Only the 70% highest detection losses."""
    weighted = losses * _taking_part(kinds) * weights
    rows = np.flatnonzero(np.isin(kinds, (KINDS[NEGATIVE], KINDS[POSITIVE])))
    easy = rows[np.argsort(-losses[rows, 0], kind="stable")][max(1, int(0.7 * len(rows))) :]
    weighted[easy, 0] = 0
    return weighted.sum()


_HINTS: Hints = {
    "Every sample counts in every task. A negative has no box to compare with, "
    "and only landmark samples have points: first choose which losses count.": partial(_total, table=np.ones((4, 3))),
    "Landmark samples count in the box loss. They bring points and no box: in the box loss "
    "are positive and part, not 'everything but negative'.": (_with(landmark=(0, 1, 1)), _with(landmark=(1, 1, 1))),
    "Part samples count in detection. Half a face is neither a face nor none: they count in the box loss alone.": _with(
        part=(1, 1, 0)
    ),
    "Landmark samples count in detection. "
    "Some training recipes do so; in the paper they count in the landmark loss alone.": _with(landmark=(1, 0, 1)),
    "Part and landmark samples count in detection. There, only negative and positive do.": _with(
        part=(1, 1, 0), landmark=(1, 0, 1)
    ),
    "Positive samples lack their box loss: they count twice, in detection and in the box loss.": _with(
        positive=(1, 0, 0)
    ),
    "Positive samples lack their detection loss: "
    "they count twice, in detection and in the box loss. Does an elif skip the second?": _with(positive=(0, 1, 0)),
    "Positive samples count in the landmark loss. Only landmark "
    "samples do: nobody need have marked the others' points.": (_with(positive=(1, 1, 1)), _with(positive=(1, 0, 1))),
    "Negative samples count in the box loss. There is no face, so there is no box to come closer to.": _with(
        negative=(1, 1, 0)
    ),
    "Part samples count nowhere: the box loss needs them.": _with(part=(0, 0, 0)),
    "Part samples are treated as positive or as negative. They count in the box loss alone.": _with(part=(1, 0, 0)),
    "Part and landmark have changed places: part counts in the box loss, landmark in the landmark loss.": _with(
        part=(0, 0, 1), landmark=(0, 1, 0)
    ),
    "Negative and positive have changed places: a positive counts "
    "in detection and in the box loss, a negative in detection alone.": _with(positive=(1, 0, 0), negative=(1, 1, 0)),
    "Negative samples count nowhere. What is no face must be learned as well: they count in detection.": _with(
        negative=(0, 0, 0)
    ),
    "Landmark samples count nowhere: compare with the string 'landmark'.": _with(landmark=(0, 0, 0)),
    "The kinds were numbered in the order of the alphabet, "
    "as np.unique does, and met another kind's row. Number them yourself, or compare with the strings.": _alphabetical,
    "The weights are not in it: multiply each task's losses by its weight.": _weighing(np.ones_like),
    "The weights are fixed in your function. They come in as an argument: O-Net's differ from P-Net's.": (
        _weighing(lambda _: np.array([1, 0.5, 0.5])),
        _weighing(lambda _: np.array([1, 0.5, 1])),
    ),
    "The weights met the wrong tasks. Their order is that of the columns: detection, box, landmark.": tuple(
        _weighing(itemgetter(order)) for order in ([2, 1, 0], [1, 0, 2], [0, 2, 1], [1, 2, 0], [2, 0, 1])
    ),
    "The weights were scaled to a sum of 1. They are used as they are.": _weighing(lambda w: w / w.sum()),
    "The weights were multiplied in twice.": _weighing(lambda w: w * w),
    "The weights were added. A weight multiplies.": (
        lambda losses, kinds, w: (_taking_part(kinds) * (losses + w)).sum(),
    ),
    "All losses were summed first, and then weighed: each task has a weight of its own.": (
        lambda losses, kinds, w: _total(losses, kinds, np.ones(3)) * w.sum(),
    ),
    "That is the mean over the samples. The paper's equation 4, and this exercise, ask for the plain sum.": partial(
        _total, reduce=lambda table: table.sum() / max(1, len(table))
    ),
    "That is the mean over samples and tasks. The paper's equation 4, "
    "and this exercise, ask for the plain sum.": partial(_total, reduce=lambda table: table.sum() / max(1, table.size)),
    "The sum was divided by the number of tasks. Nothing is divided here.": partial(
        _total, reduce=lambda table: table.sum() / 3
    ),
    "That is each task's "
    "mean over its samples, as mtcnn_lite trains with. This exercise asks for the paper's plain sum.": _task_means,
    "One number for each sample came back. Sum over the samples too.": partial(
        _total, reduce=lambda table: table.sum(axis=1)
    ),
    "One number for each task came back. Sum over the tasks too.": partial(
        _total, reduce=lambda table: table.sum(axis=0)
    ),
    "The weighted losses came back one by one, (N, 3). Their sum is the answer.": partial(
        _total, reduce=lambda table: table
    ),
    "Only one sample counts, the first "
    "or the last. Is the sum set anew in each turn of the loop, or returned inside?": (_only_row(0), _only_row(-1)),
    "Only the hardest 70% of the detection losses are in it. That is the next chapter's: here all count.": _mined,
    "The losses were squared. The box and landmark losses are squares already.": (
        lambda losses, kinds, w: _total(losses**2, kinds, w),
    ),
}

_PR, _O = np.array([1.0, 0.5, 0.5]), np.array([1.0, 0.5, 1.0])


def _batch(kinds: str, weights: Array, seed: int) -> tuple[Array, Array, Array]:
    """A batch of these kinds, their first letters ("l" for landmark, "a" for part); no two losses alike."""
    names = {"n": "negative", "p": "positive", "a": "part", "l": "landmark"}
    losses = np.random.default_rng(seed).permutation(np.arange(5, 5 + 3 * len(kinds))).reshape(-1, 3) / 20
    return losses, np.array([names[letter] for letter in kinds], dtype="<U8"), weights


_SHAPE = (
    "losses has shape (N, 3), a row for each sample: its detection, box and landmark loss. kinds is an array of N "
    "strings."
)
_MANY = (
    "It works for one sample and stops at more: an `if` cannot look at N kinds at once. Loop over them, or use masks."
)
_NONE = "Here N is 0: nothing is lost, and the sum is 0."


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The losses, with those that count framed."""
    losses, kinds, _ = inputs
    if not 0 < len(kinds) <= 8:
        return ""
    caption = "losses; framed: what counts. j: detection, box, landmark"
    return drawing.picture([drawing.cells(losses, _taking_part(kinds) > 0, caption)], [])


JUDGE = Judge(
    name="multitask_loss",
    arguments=("losses", "kinds", "weights"),
    reference=_total,
    cases=(
        Case("one negative", _batch("n", _PR, 1), _SHAPE),
        Case("one positive", _batch("p", _PR, 2), _SHAPE),
        Case("one part", _batch("a", _PR, 3), _SHAPE),
        Case("one landmark sample", _batch("l", _PR, 4), _SHAPE),
        Case("one landmark sample, O-Net's weights", _batch("l", _O, 5), _SHAPE),
        Case("a positive and a negative", _batch("pn", _PR, 6), _MANY),
        Case("one of each kind, O-Net's weights", _batch("npal", _O, 7), _MANY),
        Case("weights that are all different", _batch("lapn", np.array([0.7, 0.2, 0.4]), 8), _MANY),
        Case("seven samples, 3 : 1 : 1 : 2", _batch("nplnnla", _PR, 9), _MANY),
        Case("no sample at all", _batch("", _PR, 10), _NONE),
        Case("a batch of twelve", _batch("nnlpanplanla", _O, 11), _MANY),
    ),
    hints=_HINTS,
    draw=_draw,
)
