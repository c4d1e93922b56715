"""Is one way better than another? Both are tried with the same seeds, and their differences, seed by seed, are judged.

>>> found = paired([0.90, 0.93, 0.91, 0.94], [0.88, 0.93, 0.88, 0.91])
>>> found
+0.020 ± 0.007, ahead in 3 of 4
>>> [round(end, 3) for end in found.interval]
[-0.003, 0.043]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.draw import COLOURS, INK, PAPER, Described, with_alt

COVERED = 0.95  # of how many such intervals hold the true mean, where the differences are normally distributed
DOT = 0.016  # the width of a seed's dot, as a part of the axis
GRID = 200_001  # angles at which the t distribution is summed up


@dataclass(frozen=True, eq=False)
class Paired:
    """What S seeds say of one way against another.

    differences (S,): one minus other, seed by seed. mean, error: their mean and its standard error. ahead: in how many
    of them `one` is better; a tie counts for neither.
    """

    differences: NDArray[np.float64]
    mean: float
    error: float
    ahead: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of the mean: as many standard errors to either side as Student's t asks for S seeds."""
        reach = student(len(self.differences) - 1) * self.error
        return self.mean - reach, self.mean + reach

    def says(self, digits: int = 3) -> str:
        """The mean, its standard error and the count of seeds in words, with so many digits after the point."""
        mean = round(self.mean, digits) + 0.0  # no "-0.000"
        return f"{mean:+.{digits}f} ± {self.error:.{digits}f}, ahead in {self.ahead} of {len(self.differences)}"

    def __repr__(self) -> str:
        return self.says()


def paired(one: ArrayLike, other: ArrayLike, lower_is_better: bool = False) -> Paired:
    """Compares two ways that were tried with the same seeds.

    Parameters
    ----------
    one, other : (S,)
        What each way came to with each seed, in the same order; at least two seeds.
    lower_is_better : bool
        For losses and errors: `one` is ahead where its number is the lower one. The differences stay one - other.

    Raises
    ------
    ValueError
        For rows of different lengths, fewer than two seeds, or numbers that are not finite.
    """
    rows = [np.asarray(row, np.float64) for row in (one, other)]
    if rows[0].ndim != 1 or rows[0].shape != rows[1].shape or len(rows[0]) < 2:
        shapes = " and ".join(str(row.shape) for row in rows)
        raise ValueError(f"one and other have shapes {shapes}; both must be (S,), the same two seeds or more")
    for name, row in zip(("one", "other"), rows, strict=True):
        if not np.isfinite(row).all():
            raise ValueError(f"{name} is {row.tolist()}; each must be a finite number")
    differences = rows[0] - rows[1]
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    ahead = int((differences < 0 if lower_is_better else differences > 0).sum())
    return Paired(differences, float(differences.mean()), float(error), ahead)


@cache
def student(freedom: int) -> float:
    """How many standard errors a 95% interval reaches to either side: the quantile 0.975 of Student's t.

    `freedom` is the degrees of freedom, S - 1. With t = sqrt(freedom) tan(a) the density is cos(a)^(freedom - 1): on a
    finite range of angles it can be summed up.

    >>> [round(student(freedom), 2) for freedom in (3, 7, 100)]
    [3.18, 2.36, 1.98]
    """
    angle = np.linspace(0, np.pi / 2, GRID)
    density = np.cos(angle) ** (freedom - 1)
    below = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])  # (GRID,) the area from 0 on
    return float(np.sqrt(freedom) * np.tan(np.interp(COVERED * below[-1], below, angle)))


def stacked(values: ArrayLike, wide: float) -> NDArray[np.int64]:
    """For each number the line on which a dot of this width lies on no other: 0 where there is room, else 1, 2, ...

    >>> stacked([0.5, 0.1, 0.5, 0.52], wide=0.1).tolist()
    [0, 0, 1, 2]
    """
    places = np.asarray(values, np.float64)
    lines = np.zeros(len(places), np.int64)
    ends: list[float] = []  # of the last dot on each line
    for k in np.argsort(places, kind="stable").tolist():
        free = [line for line, end in enumerate(ends) if places[k] - end >= wide]
        lines[k] = free[0] if free else len(ends)
        ends[lines[k] : lines[k] + 1] = [float(places[k])]
    return lines


def intervals(rows: Mapping[str, Paired], what: str, digits: int = 3) -> Described:
    """Draws each comparison as a row: a dot a seed, the mean, and its 95% interval beside the line of no difference.

    Dots that would lie on one another stand one below the other.

    Parameters
    ----------
    rows : mapping of str to Paired
        What each row is called, from the top.
    what : str
        What the differences are of, for the axis: "detection loss, one minus other".
    digits : int
        After the point, in the words beside each row.
    """
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(8.2, 1.1 + 0.62 * len(rows)), layout="constrained")
    ends = [(*found.differences, *found.interval, 0.0) for found in rows.values()]
    wide = DOT * (max(map(max, ends)) - min(map(min, ends)))  # of a dot, in the axis' unit
    for row, found in enumerate(rows.values()):
        middle = len(rows) - 1 - row
        line = stacked(found.differences, wide)
        seeds = middle - 0.1 - min(0.13, 0.5 / max(1, line.max())) * line
        axis.plot(found.differences, seeds, "o", color=COLOURS["muted"], markeredgecolor=PAPER, markersize=6)
        axis.plot(found.interval, [middle + 0.14] * 2, color=INK, linewidth=3, solid_capstyle="butt")
        axis.plot(found.interval, [middle + 0.14] * 2, "|", color=INK, markersize=12, markeredgewidth=1.5)
        axis.plot([found.mean], [middle + 0.14], "D", color=INK, markersize=6)
        axis.annotate(found.says(digits), (1.01, middle), xycoords=("axes fraction", "data"), va="center", fontsize=9)
    axis.axvline(0, color=COLOURS["muted"], linewidth=1, zorder=0)
    names = [*rows][::-1]
    axis.set(yticks=range(len(rows)), yticklabels=names, ylim=(-0.75, len(rows) - 0.5), xlabel=what)
    axis.spines[["top", "right"]].set_visible(False)
    told = "; ".join(f"{name}: {found.says(digits)}" for name, found in rows.items())
    return with_alt(figure, f"Paired differences with 95% intervals, {what}. {told}.")
