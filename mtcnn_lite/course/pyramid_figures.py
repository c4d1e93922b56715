"""The figures of chapter 02: what each level costs, which level catches which face, what a coarser factor loses."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mtcnn_lite.draw import COLOURS, INK, PAPER, Described, with_alt


def costs_of_levels(costs: Sequence[float], factor: float) -> Described:
    """A bar for each level, and the geometric series that begins at the first.

    Parameters
    ----------
    costs : sequence of float
        Multiply-adds of each level, one at least.
    factor : float
        Of the pyramid: the series goes on by its square.
    """
    import matplotlib.pyplot as plt

    levels, millions = range(len(costs)), np.array(costs) / 1e6
    series = millions[0] * factor ** (2 * np.arange(len(costs)))
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    bars = axes.bar(levels, millions, color=COLOURS["pnet"], label="counted")
    axes.bar_label(bars, [f"{share:.0%}" if share >= 0.01 else "" for share in millions / millions.sum()], padding=6)
    ends = np.arange(len(costs)) + np.array([[-0.42], [0.42]])  # (2, levels)
    axes.hlines(series, *ends, color=INK, label=f"level 0 × {factor**2:.3f}, again and again")
    axes.set(xlabel="level", ylabel="million multiply-adds", xticks=levels, ylim=(0, 1.15 * millions[0]))
    axes.legend()
    shares = ", ".join(f"{share:.0%}" for share in millions[:4] / millions.sum())
    return with_alt(
        figure,
        f"Bars of {len(costs)} levels, from {millions[0]:.1f} to {millions[-1]:.1f} million multiply-adds. The first "
        f"have {shares} of the sum. A mark at each is the series; it goes from {series[0]:.1f} to {series[-1]:.1f}.",
    )


def who_catches(sizes: ArrayLike, windows: ArrayLike, best: ArrayLike) -> Described:
    """Faces by size, a column each, and in it the levels by their window: a disc is the larger the higher the score.

    Parameters
    ----------
    sizes : (N,)
        Of the faces, px.
    windows : (L,)
        Side of each level's window, px of the photo.
    best : (N, L)
        The best score of a window of that level that fits the face; 0 where none fits.
    """
    import matplotlib.pyplot as plt

    size, window, score = (np.asarray(values, np.float64) for values in (sizes, windows, best))
    caught = score.argmax(axis=1)  # (N,)
    figure, axes = plt.subplots(figsize=(8.2, 4.2), layout="constrained")
    ends = np.array([min(size.min(), window.min()), size.max()]) * [0.9, 1.25]
    axes.plot(ends, ends, "--", color=COLOURS["muted"], label="window as large as the face")
    face, level = np.nonzero(score)
    axes.scatter(size[face], window[level], s=110 * score[face, level] ** 2, color=PAPER, edgecolor=COLOURS["pnet"])
    axes.scatter(size, window[caught], s=110 * score.max(axis=1) ** 2, color=COLOURS["pnet"], label="highest score")
    for n, k in zip(face, level, strict=True):
        weight, place = "bold" if k == caught[n] else "normal", (size[n], window[k])
        axes.annotate(f"{score[n, k]:.2f}", place, (6.5, 0), textcoords="offset points", va="center", fontsize=7.5,
                      fontweight=weight)  # fmt: skip
    axes.set(xscale="log", yscale="log", xticks=size, yticks=window, xlim=ends, xlabel="size of the face, px")
    axes.set(ylim=(0.85 * window.min(), 1.25 * window[caught].max()), ylabel="window of the level, px")
    axes.set_xticklabels([f"{one:.0f}" for one in size])
    axes.set_yticklabels([f"level {k}: {one:.0f}" for k, one in enumerate(window)])
    axes.minorticks_off()
    axes.legend(loc="lower right")
    near = (np.abs(np.log(window[None] / size[:, None])).argmin(axis=1) == caught).sum()
    pairs = ", ".join(f"{one:.0f} px at level {k}" for one, k in zip(size, caught, strict=True))
    return with_alt(
        figure,
        f"{len(size)} faces from {size.min():.0f} to {size.max():.0f} px. For {near} of them the level whose window is "
        f"nearest in size has the highest score: {pairs}.",
    )


def work_against_faces(factors: Sequence[float], work: Sequence[float], found: Sequence[int], of: int) -> Described:
    """Found faces against the work, a point for each factor.

    Parameters
    ----------
    factors : sequence of float
        Of the pyramids.
    work : sequence of float
        Multiply-adds of each.
    found : sequence of int
        Faces that are covered with each.
    of : int
        How many there are.
    """
    import matplotlib.pyplot as plt

    millions = np.array(work) / 1e6
    figure, axes = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    axes.plot(millions, found, "o-", color=COLOURS["pnet"])
    for x, y, factor in zip(millions, found, factors, strict=True):
        axes.annotate(f"{factor:g}", (x, y), xytext=(6, -13), textcoords="offset points")
    axes.set(xlabel="million multiply-adds", ylabel=f"faces covered, of {of}", ylim=(0, of + 1))
    axes.set(xlim=(0.85 * millions.min(), 1.08 * millions.max()), title="each point is a factor")
    told = ", ".join(f"{n} at {factor:g} for {x:,.0f}" for factor, x, n in zip(factors, millions, found, strict=True))
    return with_alt(figure, f"Faces covered, of {of}, at each factor, and the million multiply-adds: {told}.")
