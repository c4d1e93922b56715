"""Chapter 12's figures of learning: points on their way to their places, triplets and their kinds, trainings."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.draw import COLOURS, INK, PAPER, Described, with_alt
from mtcnn_lite.embedding import MARGIN

PLACE, POINT = INK, COLOURS["landmark"]  # where a point belongs, where it is
KINDS = {"easy": "#E2E2E2", "semi-hard": COLOURS["muted"], "hard": INK}  # of triplets: the darker, the harder


def towards_places(steps: Mapping[str, ArrayLike], target: ArrayLike) -> Described:
    """Five points after each step, dots, with the five places, rings; how far off they are stands above.

    Parameters
    ----------
    steps : mapping of str to (5, 2)
        What was done, and where the points lie then; the first is shown at its own scale.
    target : (5, 2)
        The places, px.
    """
    import matplotlib.pyplot as plt

    goal = np.asarray(target, np.float64)
    figure, axes = plt.subplots(1, len(steps), figsize=(9.6, 2.9), layout="constrained")
    said = []
    for k, (axis, (name, points)) in enumerate(zip(axes, steps.items(), strict=True)):
        at = np.asarray(points, np.float64)
        off = np.linalg.norm(at - goal, axis=1).mean()
        axis.scatter(*goal.T, s=90, facecolors="none", edgecolors=PLACE, linewidths=2)
        axis.scatter(*at.T, s=24, color=POINT, edgecolors=INK, linewidths=0.6)
        low, high = (0, 1.08 * max(at.max(), goal.max())) if k == 0 else (goal.min() - 17, goal.max() + 17)
        axis.set(title=f"{name}\n{off:.1f} px off", aspect="equal", xlim=(low, high), ylim=(high, low))
        said.append(f"{name}, {off:.1f} px off")
    return with_alt(figure, f"Five points, dots, and their places, rings, on average: {'; '.join(said)}.")


def corner_errors(shares: Sequence[float], errors: Mapping[str, Sequence[float]]) -> Described:
    """How far the corners of a crop move over how far each point is off, a line for each way to cut.

    Parameters
    ----------
    shares : sequence of float
        How far off a point is, as a share of the distance between the eyes.
    errors : mapping of str to sequence of float
        Each way's mean error of the corners, px of the crop; the last one drawn solid.
    """
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(5.6, 2.8), layout="constrained")
    for (name, far), (colour, dash) in zip(errors.items(), ((COLOURS["muted"], "--"), (INK, "-")), strict=True):
        axis.plot([0, *(100 * share for share in shares)], [0, *far], dash, marker="o", color=colour, label=name)
        axis.annotate(f"{far[-1]:.1f} px", (100 * shares[-1], far[-1]), xytext=(8, -4), textcoords="offset points")
    axis.set(xlabel="each point off by, % of the eyes' distance", ylabel="corners off by, px of 112")
    axis.set(xlim=(0, 116 * shares[-1]), ylim=(0, None))
    axis.legend(loc="upper left")
    told = "; ".join(f"{name}: " + ", ".join(f"{each:.1f}" for each in far) for name, far in errors.items())
    where = ", ".join(f"{share:.0%}" for share in shares)
    return with_alt(figure, f"How far a crop's corners move where points are off by {where}, px. {told}.")


def triplet_prices(near: float, far: Sequence[float], margin: float = MARGIN) -> Described:
    """The loss over the negative's distance, for one distance of the positive; some negatives marked.

    Parameters
    ----------
    near : float
        The positive's squared distance.
    far : sequence of float
        Squared distances of negatives to mark.
    margin : float
        Of the loss.
    """
    import matplotlib.pyplot as plt

    end = max(max(far), near + 2 * margin) + 0.1
    bounds = {"hard": (0, near), "semi-hard": (near, near + margin), "easy": (near + margin, end)}
    at = np.linspace(0, end, 200)
    figure, axis = plt.subplots(figsize=(7.2, 2.7), layout="constrained")
    for kind, (low, high) in bounds.items():
        axis.axvspan(low, high, color=KINDS[kind], alpha=0.3, linewidth=0)
        axis.text((low + high) / 2, near + margin + 0.06, kind, ha="center")
    axis.plot(at, np.maximum(0, near - at + margin), color=INK, linewidth=2)
    axis.axvline(near, color=INK, linewidth=1.5, linestyle="--")
    axis.annotate("the positive", (near, 0.02), xytext=(-5, 0), textcoords="offset points", ha="right")
    said = []
    for each in far:
        loss = max(0.0, near - each + margin)
        axis.plot([each], [loss], "o", color=INK)
        axis.annotate(f"{loss:.1f}", (each, loss), xytext=(7, 5), textcoords="offset points")
        said.append(f"{loss:.1f} for a negative at {each:g}")
    axis.set(xlabel="squared distance of the negative to the anchor", ylabel="loss")
    axis.set(xlim=(0, end), ylim=(0, near + margin + 0.14))
    text = (
        f"Loss of a triplet with its positive at {near:g}: {', '.join(said)}. From {near + margin:g} on it is 0, easy; "
        "nearer than the positive, hard; between, semi-hard."
    )
    return with_alt(figure, text)


def triplet_kinds(embeddings: Floats, person: NDArray[np.int64], margin: float = MARGIN) -> dict[str, float]:
    """Of all triplets in N faces, the shares that are easy, semi-hard and hard.

    Parameters
    ----------
    embeddings : float32 (N, D)
        Of the faces.
    person : (N,)
        Whose face each is.
    margin : float
        Of the loss.
    """
    squares = np.square(embeddings).sum(axis=1)
    d = squares[:, None] + squares - 2 * embeddings @ embeddings.T  # (N, N)
    same = person[:, None] == person[None]
    a, p = np.nonzero(same & ~np.eye(len(d), dtype=bool))
    gap = (d[a] - d[a, p][:, None])[~same[a]]  # of every triplet: negative less positive
    easy, hard = float((gap >= margin).mean()), float((gap <= 0).mean())
    return {"easy": easy, "semi-hard": 1 - easy - hard, "hard": hard}


def shares_of_kinds(rows: Mapping[str, Mapping[str, float]]) -> Described:
    """A bar for each net: which share of its triplets is easy, semi-hard, hard (`triplet_kinds`)."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7.6, 0.8 + 0.45 * len(rows)), layout="constrained")
    names = [*rows][::-1]
    for row, name in enumerate(names):
        left = 0.0
        for kind, share in rows[name].items():
            axis.barh(row, share, left=left, color=KINDS[kind], edgecolor=PAPER, label=kind if row == 0 else None)
            if share > 0.06:
                letters = INK if kind == "easy" else PAPER
                axis.text(left + share / 2, row, f"{share:.0%}", ha="center", va="center", color=letters, weight="bold")
            left += share
    axis.set(yticks=range(len(names)), yticklabels=names, xlim=(0, 1), xticks=[])
    axis.spines[["top", "right", "bottom"]].set_visible(False)
    axis.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, 0), frameon=False)
    told = "; ".join(
        f"{name}: " + ", ".join(f"{s:.0%} {kind}" for kind, s in each.items()) for name, each in rows.items()
    )
    return with_alt(figure, f"Triplets by their kind. {told}.")


def learning(loss: Sequence[float], share: Sequence[float], margin: float = MARGIN) -> Described:
    """The course of a training: the loss of its triplets, and the share of the pairs that still have one.

    Parameters
    ----------
    loss, share : sequence of float
        After each step.
    margin : float
        Of the loss, which does not exceed it.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8.4, 2.6), layout="constrained")
    axes[0].plot(loss, color=INK)
    axes[0].set(title="loss of the semi-hard triplets", xlabel="step", ylim=(0, margin))
    axes[1].plot(100 * np.asarray(share), color=INK)
    axes[1].set(title="pairs with a semi-hard negative, %", xlabel="step", ylim=(0, 105))
    ends = [f"{np.mean(rows[:5]):.2f} to {np.mean(rows[-5:]):.2f}" for rows in (loss, share)]
    return with_alt(figure, f"Over {len(loss)} steps the loss goes from {ends[0]}, the share of pairs with a semi-hard "
                    f"negative from {ends[1]}.")  # fmt: skip


def collapse(courses: Mapping[str, Sequence[Sequence[float]]], step: int) -> Described:
    """The median distance of two people in training, a line a seed, for two ways to choose triplets.

    `courses` has (S, K) distances for each way, the first of which is drawn dashed; `step` steps lie between two.
    """
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
    looks = (INK, "--"), (COLOURS["muted"], "-")
    said = []
    for (name, rows), (colour, dash) in zip(courses.items(), looks, strict=True):
        for k, row in enumerate(rows):
            axis.plot(step * np.arange(1, len(row) + 1), row, dash, color=colour, label=None if k else name)
        ends = [row[-1] for row in rows]
        said.append(f"{name}: {min(ends):.1f} to {max(ends):.1f} at the end")
    axis.set(xlabel="step", ylabel="median distance of two", ylim=(0, None))
    axis.legend()
    return with_alt(figure, f"Median squared distance of two people, {len(rows)} seeds each. {'; '.join(said)}.")
