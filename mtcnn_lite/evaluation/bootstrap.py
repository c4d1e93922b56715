"""Bootstrap confidence intervals: how far a figure would vary if other photos of the same kind had been taken.

Efron 1979, "Bootstrap methods: another look at the jackknife": draw photos from the same ones with replacement, and
compute the figure each time. Photos are drawn rather than faces, because faces of one photo share its light and crowd
and are not independent. The interval does not cover photos of another kind, or training with another seed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.arguments import function, number, whole
from mtcnn_lite.evaluation.curves import Judged, judge
from mtcnn_lite.evaluation.landmarks import landmark_errors
from mtcnn_lite.evaluation.report import PRECISION, SMALLEST, PhotoResult, by_dataset, checked_results

DRAWS = 1000
MOST = 1_000_000_000  # draws times photos, which are in memory together
CONFIDENCE = 0.95  # share of the draws that an interval holds

Figure = Callable[[NDArray[np.int64]], float]  # how often each photo was drawn, (N,) -> the figure for that draw


def bootstrap_interval(figure: Figure, photos: int, draws: int = DRAWS, seed: int = 0) -> tuple[float, float]:
    """The 95% percentile interval of a figure over bootstrap draws of the photos.

    Parameters
    ----------
    figure : function
        From how often each photo was drawn, int (N,), to a number. Draws in which it is NaN are left out.
    photos : int
        N, the number of photos.
    draws : int
        How many times N photos are drawn.
    seed : int
        Of the draws.

    Returns
    -------
    (float, float)
        The lower and the upper bound; NaN where there is no photo, or where the figure is NaN in every draw.

    Raises
    ------
    ValueError
        For a count out of range, no draws, and draws times photos over a thousand millions.
    TypeError
        For what is no function or no number, and for a figure that gives none.

    Examples
    --------
    >>> heights = np.array([1.0, 2.0, 3.0, 4.0])
    >>> low, high = bootstrap_interval(lambda times: float(np.average(heights, weights=times)), photos=4)
    >>> low < 2.5 < high
    True
    """
    function("figure", figure)
    photos, draws, seed = whole("photos", photos), whole("draws", draws, low=1), whole("seed", seed)
    if photos * draws > MOST:
        raise ValueError(f"draws is {draws} of {photos} photos; both together must be at most {MOST:,}")
    if photos == 0:
        return float("nan"), float("nan")
    times = np.random.default_rng(seed).multinomial(photos, np.full(photos, 1 / photos), draws)  # (draws, photos)
    values = np.array([number("figure(...)", figure(drawn), lambda _: True) for drawn in times], np.float64)
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def differences(first: Sequence[PhotoResult], second: Sequence[PhotoResult], draws: int = DRAWS) -> dict[str, Any]:
    """The figures of one detector minus those of another on the same photos, each with its bootstrap interval.

    Parameters
    ----------
    first, second : sequence of PhotoResult
        Of the same photos in the same order; each draw takes the same photos for both.
    draws : int
        As for `bootstrap_interval`.

    Returns
    -------
    dict
        "detection": by smallest face, as in `report`; "landmarks": mean landmark error by data set; "points": of all
        faces together, None where none has landmarks. Each figure is a dict of "difference", "low" and "high".

    Raises
    ------
    ValueError
        Where the photos differ.
    TypeError
        For what are no results of `evaluate_photo`.
    """
    first, second = checked_results("first", first), checked_results("second", second)
    draws = whole("draws", draws, low=1)
    if len(first) != len(second):
        raise ValueError(f"first has {len(first)} results and second {len(second)}: argument 2 is "
                         f"{'shorter' if len(second) < len(first) else 'longer'} than argument 1")  # fmt: skip
    pairs = list(zip(first, second, strict=True))
    if any(a.photo is not b.photo for a, b in pairs):
        raise ValueError("first and second are results of different photos; they must be of the same, in one order")
    complete = [(a, b) for a, b in pairs if a.photo.complete]
    marked = [(a, b) for a, b in pairs if a.photo.has_landmarks.any()]
    sets = by_dataset(marked, lambda pair: pair[0].photo)
    return {
        "detection": {f"{size}": _of_detection(complete, size, draws) for size in SMALLEST},
        "landmarks": {name: _of_landmarks(some, draws) for name, some in sets.items()},
        "points": _of_landmarks(marked, draws) if marked else None,
    }


def _of_detection(pairs: list[tuple[PhotoResult, PhotoResult]], size: int, draws: int) -> dict[str, Any]:
    low, fixed = ([judge([(getattr(pair[side], which), pair[side].photo) for pair in pairs], size) for side in (0, 1)]
                  for which in ("low", "fixed"))  # fmt: skip

    def compared(judged: list[Judged], of: Callable[[Judged], float]) -> dict[str, float]:
        first, second = judged
        return _difference(
            lambda times: of(first.drawn(times)), lambda times: of(second.drawn(times)), len(pairs), draws
        )

    return {
        "average_precision": compared(low, lambda found: found.average_precision),
        "recall_at_90": compared(low, lambda found: found.recall_at(PRECISION)),
        "recall": compared(fixed, lambda found: found.recall()),
        "precision": compared(fixed, lambda found: found.precision()),
    }


def _of_landmarks(pairs: list[tuple[PhotoResult, PhotoResult]], draws: int) -> dict[str, float]:
    first, second = (_mean_error(results) for results in zip(*pairs, strict=True))
    return _difference(first, second, len(pairs), draws)


def _mean_error(results: Sequence[PhotoResult]) -> Figure:
    errors = [landmark_errors([(each.low, each.photo)])[0] for each in results]
    sums, counts = (np.array([of(some) for some in errors], np.float64) for of in (np.sum, len))
    return lambda times: float(times @ sums / (times @ counts)) if times @ counts else float("nan")


def _difference(a: Figure, b: Figure, photos: int, draws: int) -> dict[str, float]:
    def figure(times: NDArray[np.int64]) -> float:
        return a(times) - b(times)

    low, high = bootstrap_interval(figure, photos, draws)
    return {"difference": figure(np.ones(photos, np.int64)), "low": low, "high": high}
