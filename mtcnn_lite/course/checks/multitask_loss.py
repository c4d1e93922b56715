"""The judge of `multitask_loss`: what a batch costs."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from operator import itemgetter
from types import MappingProxyType
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Functions, Hints, Judge, Verdict, drawing, slips
from mtcnn_lite.course.checks.judge.losses import mean
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


_P_AND_R, _O = np.array([1.0, 0.5, 0.5]), np.array([1.0, 0.5, 1.0])  # the paper's


@cache
def _paper() -> dict[str, Array]:
    """In which of the three tasks each kind takes part, 1 or 0."""
    from mtcnn_lite.losses import PAPER  # imports torch, which no judge of boxes should wait for

    return dict(zip(KINDS, PAPER.numpy().astype(float), strict=True))


def _taking_part(kinds: Array, rows: Mapping[str, Any] = MappingProxyType({})) -> Array:
    """1 where a sample takes part in a task, (N, 3); with other `rows` for some of the kinds."""
    table = {**_paper(), **rows}
    return np.array([table[kind] for kind in kinds]).reshape(-1, 3)


def _total(
    losses: Array,
    kinds: Array,
    weights: Array,
    rows: Mapping[str, Any] = MappingProxyType({}),
    reduce: Callable[[Array], Any] = np.sum,
) -> Any:
    """The right sum; and with other `rows` of the table of kinds and tasks, or another sum, the wrong ones."""
    return reduce(losses * _taking_part(kinds, rows) * weights)


def _counting(**rows: tuple[int, int, int]) -> Functions:
    """The sum where some kinds count in other tasks: detection, box, landmark."""
    return slips.but(_total, rows=rows)


def _task_means(losses: Array, kinds: Array, weights: Array) -> Any:
    part = _taking_part(kinds)
    return ((losses * part).sum(axis=0) / np.maximum(part.sum(axis=0), 1) * weights).sum()


def _mined(losses: Array, kinds: Array, weights: Array) -> Any:
    """Only the 70% highest detection losses."""
    weighted = losses * _taking_part(kinds) * weights
    rows = np.flatnonzero(np.isin(kinds, (KINDS[NEGATIVE], KINDS[POSITIVE])))
    easy = rows[np.argsort(-losses[rows, 0], kind="stable")][max(1, int(0.7 * len(rows))) :]
    weighted[easy, 0] = 0
    return weighted.sum()


def _alphabetical(kinds: Array) -> Array:
    """Kinds whose rows are met by codes in the order of the alphabet."""
    return np.array([KINDS[sorted(KINDS).index(kind)] for kind in kinds])


_ENDS = itemgetter(slice(1)), itemgetter(slice(-1, None))  # the first sample, the last one
_but, _before = partial(slips.but, _total), partial(slips.before, _total)

_HINTS: Hints = {
    "Every sample counts in every task. A negative has no box to compare with, and only landmark samples have "
    "points: first choose which losses count.": _but(rows=dict.fromkeys(KINDS, (1, 1, 1))),
    "Landmark samples count in the box loss. They bring points and no box: in the box loss are positive and part, "
    "not 'everything but negative'.": (*_counting(landmark=(0, 1, 1)), *_counting(landmark=(1, 1, 1))),
    "Part samples count in detection. Half a face is neither a face nor none: they count in the box loss alone.": (
        _counting(part=(1, 1, 0))
    ),
    "Landmark samples count in detection. Some training recipes do so; in the paper they count in the landmark "
    "loss alone.": _counting(landmark=(1, 0, 1)),
    "Part and landmark samples count in detection. There, only negative and positive do.": _counting(
        part=(1, 1, 0), landmark=(1, 0, 1)
    ),
    "Positive samples lack their box loss: they count twice, in detection and in the box loss.": _counting(
        positive=(1, 0, 0)
    ),
    "Positive samples lack their detection loss: they count twice, in detection and in the box loss. Does an elif "
    "skip the second?": _counting(positive=(0, 1, 0)),
    "Positive samples count in the landmark loss. Only landmark samples do: nobody need have marked the others' "
    "points.": (*_counting(positive=(1, 1, 1)), *_counting(positive=(1, 0, 1))),
    "Negative samples count in the box loss. There is no face, so there is no box to come closer to.": _counting(
        negative=(1, 1, 0)
    ),
    "Part samples count nowhere: the box loss needs them.": _counting(part=(0, 0, 0)),
    "Part samples are treated as positive or as negative. They count in the box loss alone.": _counting(part=(1, 0, 0)),
    "Part and landmark have changed places: part counts in the box loss, landmark in the landmark loss.": _counting(
        part=(0, 0, 1), landmark=(0, 1, 0)
    ),
    "Negative and positive have changed places: a positive counts in detection and in the box loss, a negative in "
    "detection alone.": _counting(positive=(1, 0, 0), negative=(1, 1, 0)),
    "Negative samples count nowhere. What is no face must be learned as well: they count in detection.": _counting(
        negative=(0, 0, 0)
    ),
    "Landmark samples count nowhere: compare with the string 'landmark'.": _counting(landmark=(0, 0, 0)),
    "The kinds were numbered in the order of the alphabet, as np.unique does, and met another kind's row. Number "
    "them yourself, or compare with the strings.": _before(kinds=_alphabetical),
    "The weights are not in it: multiply each task's losses by its weight.": _before(weights=np.ones_like),
    "The weights are fixed in your function. They come in as an argument: O-Net's differ from P-Net's.": slips.fixed(
        _total, weights=[_P_AND_R, _O]
    ),
    "The weights met the wrong tasks. Their order is that of the columns: detection, box, landmark.": _before(
        weights=[itemgetter(order) for order in ([2, 1, 0], [1, 0, 2], [0, 2, 1], [1, 2, 0], [2, 0, 1])]
    ),
    "The weights were scaled to a sum of 1. They are used as they are.": _before(weights=lambda w: w / w.sum()),
    "The weights were multiplied in twice.": _before(weights=np.square),
    "The weights were added. A weight multiplies.": (
        lambda losses, kinds, weights: (_taking_part(kinds) * (losses + weights)).sum()
    ),
    "All losses were summed first, and then weighed: each task has a weight of its own.": (
        lambda losses, kinds, weights: _total(losses, kinds, np.ones(3)) * weights.sum()
    ),
    "That is the mean over the samples. The paper's equation 4, and this exercise, ask for the plain sum.": _but(
        reduce=lambda table: table.sum() / max(1, len(table))
    ),
    "That is the mean over samples and tasks. The paper's equation 4, and this exercise, ask for the plain sum.": _but(
        reduce=mean
    ),
    "The sum was divided by the number of tasks. Nothing is divided here.": _but(reduce=lambda table: table.sum() / 3),
    "That is each task's mean over its samples, as mtcnn_lite trains with. This exercise asks for the paper's "
    "plain sum.": _task_means,
    "One number for each sample came back. Sum over the samples too.": _but(reduce=lambda table: table.sum(axis=1)),
    "One number for each task came back. Sum over the tasks too.": _but(reduce=lambda table: table.sum(axis=0)),
    "The weighted losses came back one by one, (N, 3). Their sum is the answer.": _but(reduce=lambda table: table),
    "Only one sample counts, the first or the last. Is the sum set anew in each turn of the loop, or returned "
    "inside?": tuple(wrong for each in _ENDS for wrong in _before(losses=each, kinds=each)),
    "Only the hardest 70% of the detection losses are in it. That is the next chapter's: here all count.": _mined,
    "The losses were squared. The box and landmark losses are squares already.": _before(losses=np.square),
}


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


_CASES = (
    Case("one negative", _batch("n", _P_AND_R, 1), _SHAPE),
    Case("one positive", _batch("p", _P_AND_R, 2), _SHAPE),
    Case("one part", _batch("a", _P_AND_R, 3), _SHAPE),
    Case("one landmark sample", _batch("l", _P_AND_R, 4), _SHAPE),
    Case("one landmark sample, O-Net's weights", _batch("l", _O, 5), _SHAPE),
    Case("a positive and a negative", _batch("pn", _P_AND_R, 6), _MANY),
    Case("one of each kind, O-Net's weights", _batch("npal", _O, 7), _MANY),
    Case("weights that are all different", _batch("lapn", np.array([0.7, 0.2, 0.4]), 8), _MANY),
    Case("seven samples, 3 : 1 : 1 : 2", _batch("nplnnla", _P_AND_R, 9), _MANY),
    Case("no sample at all", _batch("", _P_AND_R, 10), _NONE),
    Case("a batch of twelve", _batch("nnlpanplanla", _O, 11), _MANY),
)

JUDGE = Judge("multitask_loss", ("losses", "kinds", "weights"), _total, _CASES, _HINTS, _draw)
