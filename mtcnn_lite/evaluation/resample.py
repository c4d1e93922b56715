"""How far a figure would move on other photos: draw the same ones again, some more than once, some not at all.

Efron 1979, "Bootstrap methods: another look at the jackknife". Photos are drawn, not faces: those of one photo share
its light and its crowd, so a second one of them says less than one of another photo. What the draws cannot know is
photos of another kind, and training with another seed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.evaluation.curves import Judged, judge
from mtcnn_lite.evaluation.landmarks import landmark_errors
from mtcnn_lite.evaluation.report import PRECISION, SMALLEST, Outcome, by_set

DRAWS = 1000
SHARE = 0.95  # of the draws that an interval holds

Figure = Callable[[NDArray[np.int64]], float]  # how often each photo was drawn, (N,) -> a figure of that


def interval(figure: Figure, photos: int, draws: int = DRAWS, seed: int = 0) -> tuple[float, float]:
    """The bounds between which `figure` lies in 95 of 100 draws of `photos` out of as many; the same ones each time.

    NaN where there is no photo, or where the figure is NaN in each draw; a draw where it is NaN is left out.

    >>> heights = np.array([1.0, 2.0, 3.0, 4.0])
    >>> low, high = interval(lambda times: float(np.average(heights, weights=times)), photos=4)
    >>> low < 2.5 < high
    True
    """
    if photos == 0:
        return float("nan"), float("nan")
    times = np.random.default_rng(seed).multinomial(photos, np.full(photos, 1 / photos), draws)  # (draws, photos)
    values = np.array([figure(drawn) for drawn in times])
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return float(low), float(high)


def differences(first: Sequence[Outcome], second: Sequence[Outcome], draws: int = DRAWS) -> dict[str, Any]:
    """The figures of one detector less those of another, on the same photos in the same order.

    Each as {"difference", "low", "high"}: what they differ by, and the `interval` of that, both drawn alike. detection:
    by smallest face as in `report`; landmarks: the mean errors by data set; points: of all faces that have
    any, None where none has. ValueError where the photos differ.
    """
    pairs = list(zip(first, second, strict=True))
    if any(a.photo is not b.photo for a, b in pairs):
        raise ValueError("first and second are outcomes of different photos; they must be of the same, in one order")
    complete = [(a, b) for a, b in pairs if a.photo.complete]
    marked = [(a, b) for a, b in pairs if a.photo.has_landmarks.any()]
    sets = by_set(marked, lambda pair: pair[0].photo)
    return {
        "detection": {f"{size}": _of_detection(complete, size, draws) for size in SMALLEST},
        "landmarks": {name: _of_landmarks(some, draws) for name, some in sets.items()},
        "points": _of_landmarks(marked, draws) if marked else None,
    }


def _of_detection(pairs: list[tuple[Outcome, Outcome]], size: int, draws: int) -> dict[str, Any]:
    low, fixed = ([judge([(getattr(pair[side], which), pair[side].photo) for pair in pairs], size) for side in (0, 1)]
                  for which in ("low", "fixed"))  # fmt: skip

    def compared(judged: list[Judged], of: Callable[[Judged], float]) -> dict[str, float]:
        first, second = judged
        return _less(lambda times: of(first.drawn(times)), lambda times: of(second.drawn(times)), len(pairs), draws)

    return {
        "average_precision": compared(low, lambda found: found.average_precision),
        "recall_at_90": compared(low, lambda found: found.recall_at(PRECISION)),
        "recall": compared(fixed, lambda found: found.recall()),
        "precision": compared(fixed, lambda found: found.precision()),
    }


def _of_landmarks(pairs: list[tuple[Outcome, Outcome]], draws: int) -> dict[str, float]:
    first, second = (_mean_error(outcomes) for outcomes in zip(*pairs, strict=True))
    return _less(first, second, len(pairs), draws)


def _mean_error(outcomes: Sequence[Outcome]) -> Figure:
    errors = [landmark_errors([(each.low, each.photo)])[0] for each in outcomes]
    sums, counts = (np.array([of(some) for some in errors], np.float64) for of in (np.sum, len))
    return lambda times: float(times @ sums / (times @ counts)) if times @ counts else float("nan")


def _less(a: Figure, b: Figure, photos: int, draws: int) -> dict[str, float]:
    def figure(times: NDArray[np.int64]) -> float:
        return a(times) - b(times)

    low, high = interval(figure, photos, draws)
    return {"difference": figure(np.ones(photos, np.int64)), "low": low, "high": high}
