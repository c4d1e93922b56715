"""The judge of `hard_negatives`: which of a one-pass detector's thousands of background anchors teach."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, drawing, slips


def hard_negatives(fn: Function) -> Verdict:
    """Judges `fn(losses (N, A), kinds (N, A), ratio) -> mask (N, A)`: the hardest negatives of each of N photos.

    kinds: 1 for a face, 0 background, -1 neither. In each photo True for the background anchors with the highest
    losses, `ratio` (a whole number) for each anchor of kind 1, or all where there are fewer. No two losses are alike.
    The inputs must stay as they are.

    >>> hard_negatives(lambda losses, kinds, ratio: kinds == 0).hint[:27]
    'All negatives were chosen. '
    """
    return JUDGE.verdict(fn)


def _rank(values: Array) -> Array:
    """The place of each number in its row, from the highest down."""
    return np.argsort(np.argsort(-values, axis=1, kind="stable"), axis=1)


def _hard(
    losses: Array,
    kinds: Array,
    ratio: int,
    among: Callable[[Array], Array] = lambda kinds: kinds == 0,
    count: Callable[[Array, Any], Any] = lambda kinds, ratio: ratio * (kinds == 1).sum(axis=1, keepdims=True),
    rank: Callable[[Array], Array] = _rank,
    worth: Callable[[Array], Array] = lambda losses: losses,
) -> Array:
    """The right mask; and with another choice of what counts, how many, or in which order, wrong ones."""
    allowed = among(kinds)
    return allowed & (rank(np.where(allowed, worth(losses), -np.inf)) < count(kinds, ratio))


def _of_the_batch(losses: Array, kinds: Array, ratio: int) -> Array:
    return _hard(losses.reshape(1, -1), kinds.reshape(1, -1), ratio).reshape(kinds.shape)


def _hardest_of_all(losses: Array, kinds: Array, ratio: int) -> Array:
    """Ranked among all anchors, and then the negatives among those: too few."""
    return (kinds == 0) & (_rank(losses) < ratio * (kinds == 1).sum(axis=1, keepdims=True))


def _filled_up(ends: Callable[[Array], Array]) -> Function:
    """As many as asked for, even where the background does not suffice: what has a loss of -inf fills up the mask.

    ends: puts a row of columns, those of the highest losses first, into the order in which they are taken.
    """

    def wrong(losses: Array, kinds: Array, ratio: int) -> Array:
        mask = np.zeros(kinds.shape, bool)
        for photo, (loss, kind) in enumerate(zip(losses, kinds, strict=True)):
            order = ends(np.where(kind == 0, loss, -np.inf))
            mask[photo, order[: ratio * (kind == 1).sum()]] = True
        return mask

    return wrong


_but, _after = (partial(wrong, _hard) for wrong in (slips.but, slips.after))

_HINTS: Hints = {
    "All negatives were chosen. Only `ratio` negatives for each face of the photo are.": _but(
        count=lambda kinds, ratio: kinds.size
    ),
    "The faces are in your mask too. It is of the negatives alone: kinds == 0.": (
        lambda losses, kinds, ratio: _hard(losses, kinds, ratio) | (kinds == 1),
        lambda losses, kinds, ratio: _hard(losses, kinds, ratio, among=lambda kinds: kinds >= 0),
    ),
    "Where there are fewer negatives than asked for, yours goes on with what has a loss of -np.inf: faces, and what is "
    "neither. Take the mask `& (kinds == 0)`.": (
        _filled_up(lambda values: np.argsort(-values, kind="stable")),
        _filled_up(lambda values: np.argsort(values, kind="stable")[::-1]),
    ),
    "An anchor that is neither, kinds == -1, was chosen: it may be half a face. Only kinds == 0 is a negative.": _but(
        among=[lambda kinds: kinds != 1, lambda kinds: kinds <= 0, lambda kinds: kinds == -1]
    ),
    "The easiest were chosen. Hard ones have the highest losses.": _but(worth=np.negative),
    "The mask is upside down: True is for those that are chosen.": _after(np.logical_not),
    "The faces of the whole batch were counted, and its negatives put in one row. Each photo has its own.": (
        _of_the_batch
    ),
    "The faces of the whole batch were counted. Each photo has its own number: .sum(axis=1).": _but(
        count=lambda kinds, ratio: ratio * (kinds == 1).sum()
    ),
    "ratio is not used: your function always takes three for each face.": slips.fixed(_hard, ratio=3),
    "One negative for each face: multiply by ratio.": slips.fixed(_hard, ratio=1),
    "ratio is taken for the number of negatives. It is that many for each face.": _but(
        count=lambda kinds, ratio: ratio
    ),
    "ratio was counted for the wrong kind: it is so many for each anchor with kinds == 1.": _but(
        count=[
            lambda kinds, ratio: ratio * (kinds == -1).sum(axis=1, keepdims=True),
            lambda kinds, ratio: (kinds == 0).sum(axis=1, keepdims=True) // ratio,
            lambda kinds, ratio: ratio * (kinds != 0).sum(axis=1, keepdims=True),
        ]
    ),
    "One is missing or too many: is < meant where <= is written?": _but(
        count=[
            lambda kinds, ratio: ratio * (kinds == 1).sum(axis=1, keepdims=True) + 1,
            lambda kinds, ratio: ratio * (kinds == 1).sum(axis=1, keepdims=True) - 1,
        ]
    ),
    "A photo without faces has no negatives here: 3 times 0 is 0.": _but(
        count=lambda kinds, ratio: ratio * np.maximum((kinds == 1).sum(axis=1, keepdims=True), 1)
    ),
    "You took the hardest of all anchors, and then the negatives among those: too few. Leave the faces out first, for "
    "example with a loss of -np.inf.": _hardest_of_all,
    "argsort gives columns, not ranks: its first number says where the highest loss stands. Use it as an index, or "
    "sort twice.": _but(
        rank=[lambda values: np.argsort(-values, axis=1, kind="stable"), lambda values: np.argsort(-values, axis=1)]
    ),
    "The first of each row were marked. The mask must be in the order of the anchors.": _but(
        rank=lambda values: np.broadcast_to(np.arange(values.shape[1]), values.shape)
    ),
    "You compared the losses with a fixed bound. It is a number of anchors that is chosen, whatever the losses are.": (
        lambda losses, kinds, ratio: (kinds == 0) & (losses > 0.5),
        lambda losses, kinds, ratio: (kinds == 0) & (losses > 1),
    ),
    "The losses came back. The answer is a mask, True or False for each anchor.": (
        lambda losses, kinds, ratio: losses * _hard(losses, kinds, ratio),
    ),
}


def _photos(*rows: list[tuple[float, int]], ratio: int = 3) -> tuple[Any, ...]:
    both = np.array(rows)
    return both[..., 0].astype(np.float32), both[..., 1].astype(np.int64), ratio


def _random(photos: int, count: int, ratio: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(count)
    losses = (rng.permutation(photos * count).reshape(photos, count) / 50).astype(np.float32)
    return losses, rng.choice([-1, 0, 1], (photos, count), p=[0.15, 0.75, 0.1]), ratio


_SHAPE = "losses and kinds have shape (N, A), a row a photo; the mask has the same shape. ratio is a whole number."
_CASES = (
    Case("one face, two negatives", (_photos([(0.3, 1), (0.2, 0), (0.9, 0)], ratio=1)), _SHAPE),
    Case("the face has the highest loss", (_photos([(0.4, 0), (2.0, 1), (0.1, 0), (0.3, 0)], ratio=2)), _SHAPE),
    Case("what is neither has the highest loss", (_photos([(0.4, 0), (0.2, 1), (3.0, -1), (0.3, 0)], ratio=1)), _SHAPE),
    Case("fewer negatives than asked for", (_photos([(0.4, 0), (0.2, 1), (0.6, 0), (1.3, -1)])), _SHAPE),
    Case("small losses", (_photos([(0.04, 0), (0.02, 1), (0.06, 0), (0.03, 0), (0.01, 0)], ratio=2)), _SHAPE),
    Case(
        "two faces",
        (_photos([(0.4, 0), (0.2, 1), (0.6, 0), (1.2, 0), (0.7, 1), (0.1, 0), (0.9, 0)], ratio=2)),
        _SHAPE,
    ),
    Case("a photo without a face", (_photos([(0.4, 0), (0.2, 0), (1.4, -1)])), _SHAPE),
    Case(
        "two photos, one face each",
        (_photos([(0.4, 0), (0.2, 1), (0.6, 0)], [(2.1, 0), (1.2, 0), (1.7, 1)], ratio=1)),
        _SHAPE,
    ),
    Case(
        "two photos, one without a face",
        (_photos([(0.4, 0), (0.2, 1), (0.6, 0)], [(2.1, 0), (1.2, 0), (1.7, 0)], ratio=1)),
        _SHAPE,
    ),
    Case("three photos of 40 random anchors", _random(3, 40, 3), _SHAPE),
    Case("four of 100, 7 to 1", _random(4, 100, 7), _SHAPE),
)


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The losses as cells, where they are few; framed are those that should be chosen, and those that are."""
    losses = inputs[0]
    if losses.size > 14:
        return ""
    shades = losses / losses.max()
    named = ((expected, "expected"), (got, "yours"))
    panels = [drawing.cells(losses, np.asarray(mask, bool), f"{name}: losses, framed where chosen", shades)
              for mask, name in named if mask is not None and np.shape(mask) == losses.shape]  # fmt: skip
    return drawing.picture(panels, [])


JUDGE = Judge("hard_negatives", ("losses", "kinds", "ratio"), _hard, _CASES, _HINTS, _draw)
