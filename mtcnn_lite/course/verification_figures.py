"""Chapter 12's figures of what a net can tell apart: maps of embeddings, ROC curves, areas and their ranges."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.draw import COLOURS, INK, Described, Pixels, with_alt
from mtcnn_lite.embedding import Verification
from mtcnn_lite.evaluation.bootstrap import bootstrap_interval

MISTAKEN = COLOURS["landmark"]  # a person taken for another
LOOKS = ((COLOURS["muted"], ":"), (COLOURS["muted"], "--"), (INK, "-"))  # of curves: the text is about the last
TONES, MARKS = (INK, "#8C5A2B", COLOURS["muted"]), "os^D"  # dark, brown, gray: a look for each of twelve people
DRAWS = 300  # of the people, for an interval
THUMB = 36  # px, a face on a map


def embedding_maps(maps: Mapping[str, Floats], crops: Pixels, people: int = 8) -> Described:
    """Embeddings of some people's photos, seen along the two directions in which they vary most.

    A thin line leads from each photo to the mean of its person, where a face stands.

    Parameters
    ----------
    maps : mapping of str to float32 (P * V, D)
        What stands above each map, and the embeddings of P people's V photos, person by person.
    crops : uint8 (P, V, s, s, 3)
        The photos.
    people : int
        How many of them are drawn; all say where the directions lie.
    """
    import matplotlib.pyplot as plt
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    figure, axes = plt.subplots(1, len(maps), figsize=(9.4, 4.4), layout="constrained")
    said = []
    for axis, (name, points) in zip(axes, maps.items(), strict=True):
        centred = points - points.mean(axis=0)
        flat = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T  # (P * V, 2)
        flat = flat.reshape(*crops.shape[:2], 2)
        within = float(np.square(flat - flat.mean(axis=1, keepdims=True)).sum() / np.square(flat).sum())
        for k in range(people):
            middle = flat[k].mean(axis=0)
            colour, mark = TONES[k % len(TONES)], MARKS[k % len(MARKS)]
            for at in flat[k]:
                axis.plot(*np.stack([middle, at]).T, color=colour, linewidth=1)
            axis.plot(*flat[k].T, mark, color=colour, markersize=5)
            face = cv2.resize(crops[k, 0], (THUMB, THUMB), interpolation=cv2.INTER_LINEAR)
            thumb = OffsetImage(face, zoom=0.75)
            axis.add_artist(AnnotationBbox(thumb, middle, pad=0.15, bboxprops={"edgecolor": colour}))
        axis.set(title=name, xticks=[], yticks=[])
        axis.margins(0.12)
        said.append(f"{name}: {within:.0%} of the spread is within people")
    return with_alt(figure, f"Maps of {people} people's photos, a star of lines for each person. {'; '.join(said)}.")


def area_interval(embeddings: Floats, person: NDArray[np.int64], draws: int = DRAWS) -> tuple[float, float]:
    """The 95% interval of the area under the ROC curve over draws of the people, with replacement.

    Pairs of photos are not independent: who is easy to tell apart is so in all of them. So people are drawn.

    Parameters
    ----------
    embeddings : float32 (N, D)
        Of the photos.
    person : int (N,)
        Whose each is, 0 to P - 1.
    draws : int
        How often P people are drawn.
    """
    one, other = np.triu_indices(len(person), 1)
    squared = np.square(embeddings).sum(axis=1)
    d = squared[one] + squared[other] - 2 * (embeddings @ embeddings.T)[one, other]
    order = np.argsort(d, kind="stable")
    a, b = person[one[order]], person[other[order]]
    same = a == b

    def area(times: NDArray[np.int64]) -> float:
        weights = np.where(same, times[a], times[a] * times[b]).astype(np.float64)
        nearer = np.cumsum(np.where(same, weights, 0))  # pairs of one person up to here
        others = np.where(same, 0, weights)
        return float((others * nearer).sum() / (others.sum() * nearer[-1]))

    return bootstrap_interval(area, int(person.max()) + 1, draws)


def roc(named: Mapping[str, Verification], ranges: Mapping[str, tuple[float, float]]) -> Described:
    """ROC curves, the area under each in the legend, with its 95% interval over draws of the people.

    Parameters
    ----------
    named : mapping of str to Verification
        Up to three; the last one drawn solid.
    ranges : mapping of str to (float, float)
        `area_interval` of each.
    """
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(5.4, 4), layout="constrained")
    said = []
    for (name, pairs), (colour, dash) in zip(named.items(), LOOKS[-len(named) :], strict=True):
        low, high = ranges[name]
        says = f"{pairs.area:.2f} ({low:.2f} to {high:.2f})"
        axis.plot(*pairs.curve(), dash, color=colour, label=f"{name}: {says}", linewidth=2)
        right = pairs.accepted(pairs.threshold(0.1))[0]
        said.append(f"{name}: area {says}, {right:.0%} right at 10% wrong")
    axis.set(xlabel="pairs of two people wrongly accepted", ylabel="pairs of one rightly accepted")
    axis.legend(loc="lower right", title="area, and its range by person")
    return with_alt(figure, f"ROC curves. {'; '.join(said)}.")


def areas_with_ranges(areas: Mapping[str, float], ranges: Mapping[str, tuple[float, float]]) -> Described:
    """Areas under the ROC curve as diamonds, from the top, with their `area_interval`, beside the line of chance."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7.2, 0.9 + 0.4 * len(areas)), layout="constrained")
    names = [*areas][::-1]
    for row, name in enumerate(names):
        area = areas[name]
        axis.plot(ranges[name], [row, row], color=INK, linewidth=3, solid_capstyle="butt")
        axis.plot([area], [row], "D", color=INK)
        axis.annotate(f"{area:.2f}", (1.01, row), xycoords=("axes fraction", "data"), va="center")
    axis.axvline(0.5, color=COLOURS["muted"], linewidth=1)
    axis.set(yticks=range(len(names)), yticklabels=names, xlim=(0.45, 1), ylim=(-0.6, len(names) - 0.4))
    axis.set(xlabel="area under the ROC curve, and its range by person")
    axis.spines[["top", "right"]].set_visible(False)
    told = [f"{name}: {area:.2f} ({ranges[name][0]:.2f} to {ranges[name][1]:.2f})" for name, area in areas.items()]
    return with_alt(figure, f"Areas under the ROC curve. {'; '.join(told)}.")


def strangers_named(rates: Sequence[float], marked: Sequence[int] = (1, 100, 10_000)) -> Described:
    """How often a stranger gets somebody's name, over how many people are on file, for some false accept rates.

    Parameters
    ----------
    rates : sequence of float
        False accepts a comparison; the first is the one of which numbers are written.
    marked : sequence of int
        Lists at which they are written.
    """
    import matplotlib.pyplot as plt

    sizes = np.geomspace(1, 1e6, 200)
    figure, axis = plt.subplots(figsize=(6.4, 2.9), layout="constrained")
    for rate, dash in zip(rates, ("-", "--", ":"), strict=False):
        axis.plot(sizes, 1 - (1 - rate) ** sizes, dash, color=MISTAKEN, label=f"1 in {1 / rate:,.0f}")
    said = []
    for size in marked:
        named = 1 - (1 - rates[0]) ** size
        axis.plot([size], [named], "o", color=MISTAKEN)
        ha = "left" if size == 1 else "right"
        axis.annotate(f"{named:.1%}", (size, named), xytext=(0, 7), textcoords="offset points", ha=ha)
        said.append(f"{named:.1%} with {size:,} on file")
    axis.set(xscale="log", xlabel="people on file", ylabel="strangers given a name", ylim=(-0.02, 1.1))
    axis.legend(title="wrong comparisons", loc="upper left")
    return with_alt(
        figure, f"Strangers given a name, at 1 wrong in {1 / rates[0]:,.0f} comparisons: {', '.join(said)}."
    )
