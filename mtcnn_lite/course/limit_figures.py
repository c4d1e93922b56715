"""The figures of chapter 11: which net loses which faces, what a crowd hides, what easy windows cost, what is found."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.course.evidence import student
from mtcnn_lite.course.explorers.limits import FATES, FOUND, TINTS
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, INK, PAPER, Described, Pixels, beside, draw_boxes, with_alt
from mtcnn_lite.evaluation import match

HATCHES = ("", "//", "..", "")  # in the order of TINTS
BARS: dict[str, dict[str, Any]] = {  # detectors with a look of their own
    "MTCNN": {"color": INK},
    "MTCNN, repaired": {"color": PAPER, "edgecolor": INK, "hatch": "//"},
}
GAMMAS = {0: (COLOURS["muted"], "-"), 1: (COLOURS["muted"], "--"), 2: (INK, "-"), 5: (COLOURS["muted"], ":")}


def losses_by_strength(ways: Mapping[str, tuple[Sequence[float], str, NDArray[np.float64]]]) -> Described:
    """A panel a way to make photos harder: which share of the faces each net loses, and which is found.

    Parameters
    ----------
    ways : mapping of str to (strengths, unit, shares)
        S strengths, and the share of each of FATES, float (S, photos, 4).
    """
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(ways), figsize=(9.6, 2.9), sharey=True, squeeze=False, layout="constrained")
    said = []
    for axes, (name, (strengths, unit, shares)) in zip(panels[0], ways.items(), strict=True):
        at, order = np.arange(len(strengths)), (FOUND, *range(FOUND))[::-1]
        mean, base = shares.mean(axis=1), np.zeros(len(strengths))  # (S, 4), (S,)
        for fate in (FOUND, *range(FOUND)[::-1]):
            axes.bar(at, mean[:, fate], 0.9, base, color=TINTS[fate], hatch=HATCHES[fate], edgecolor=PAPER,
                     linewidth=0, label=FATES[fate])  # fmt: skip
            base += mean[:, fate]
        found = shares[:, :, FOUND]  # (S, photos)
        reach = student(found.shape[1] - 1) * found.std(axis=1, ddof=1) / found.shape[1] ** 0.5
        _spread(axes, at, mean[:, FOUND], reach)
        axes.set_xticks(at, [f"{strength:g}" for strength in strengths])
        axes.set(title=name, xlabel=unit, ylim=(0, 1))
        said.append(f"{name} {strengths[-1]:g} {unit}: " + ", ".join(f"{FATES[k]} {mean[-1, k]:.0%}" for k in order))
    panels[0][0].set_ylabel("share of the faces")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return with_alt(figure, "Bars of what becomes of the faces, from harmless to hopeless. At the last strength: "
                    + "; ".join(said) + ".")  # fmt: skip


def _spread(axes: Any, at: ArrayLike, values: ArrayLike, reach: ArrayLike) -> None:
    """How far numbers reach to either side, dark on a white rim: seen on bars of any colour."""
    for colour, wide, cap in ((PAPER, 4, 4), (INK, 1.4, 3)):
        axes.errorbar(at, values, reach, fmt="none", color=colour, linewidth=wide, capsize=cap, capthick=wide)


def crowds(photos: Sequence[LabelledPhoto], found: Sequence[Faces], height: int = 200) -> Described:
    """Photos of crowds: faces that were found in green, the labels of those that were not in yellow.

    Parameters
    ----------
    photos : sequence of LabelledPhoto
    found : sequence of Faces
        What a detector finds on each.
    height : int
        Of each photo as it is shown, px.
    """
    panels, captions = [], []
    for photo, faces in zip(photos, found, strict=True):
        face, _ = match(faces.boxes, faces.scores, photo)
        lost = np.setdiff1d(np.flatnonzero(~photo.ignore), face)
        panels.append(_found_and_lost(photo.image(), faces.boxes[face >= 0], photo.boxes[lost]))
        captions.append(f"{(face >= 0).sum()} found, {len(lost)} missed")
    return with_alt(beside(panels, captions, height=height), "Photos of crowded faces: " + "; ".join(captions) + ".")


def _found_and_lost(image: Pixels, found: Floats, lost: Floats) -> Pixels:
    return draw_boxes(draw_boxes(image, lost, "truth"), found, "onet")


def wilson(hits: int, tries: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share: hits of tries.

    >>> [round(end, 3) for end in wilson(8, 10)]
    [0.49, 0.943]
    """
    z, share = 1.96, hits / tries
    middle, reach = share + z**2 / (2 * tries), z * np.sqrt(share * (1 - share) / tries + z**2 / (4 * tries**2))
    return float((middle - reach) / (1 + z**2 / tries)), float((middle + reach) / (1 + z**2 / tries))


def easy_share(probability: Floats, easiest: float = 0.95) -> tuple[Described, dict[int, float]]:
    """How much of the focal loss of background its easiest windows make, for several gammas.

    Parameters
    ----------
    probability : (N,)
        Given to "not a face", which is right.
    easiest : float
        The share that the numbers are for.

    Returns
    -------
    Described, dict of int to float
        The figure, and that share by gamma.
    """
    import matplotlib.pyplot as plt

    q = np.sort(probability.astype(np.float64))[::-1].clip(1e-7, 1 - 1e-7)  # the easiest first
    part, shares = np.arange(1, len(q) + 1) / len(q), {}
    figure, axes = plt.subplots(figsize=(6.2, 3.1), layout="constrained")
    for gamma, (colour, style) in GAMMAS.items():
        sums = np.cumsum(-((1 - q) ** gamma) * np.log(q))
        shares[gamma] = float(sums[int(easiest * len(q))] / sums[-1])
        axes.plot(part, sums / sums[-1], style, color=colour, label=f"gamma {gamma}: {_percent(shares[gamma])}")
    axes.axvline(easiest, color=INK, linewidth=0.8)
    axes.set(xlabel="share of the background, easiest first", ylabel="share of its loss", xlim=(0.6, 1), ylim=(0, 1))
    axes.legend(title=f"the easiest {easiest:.0%} make", loc="upper left")
    said = ", ".join(f"gamma {gamma} {_percent(share)}" for gamma, share in shares.items())
    return with_alt(
        figure, f"Curves of the loss of {len(q):,} background windows. The easiest {easiest:.0%} make: {said}."
    ), shares


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else f"{share:.2%}" if share >= 0.0001 else "under 0.01%"


def found_by(counts: Mapping[str, Mapping[str, int]], of: int) -> Described:
    """Faces found, a group of bars for each condition, a bar for each detector.

    Parameters
    ----------
    counts : mapping of str to mapping of str to int
        By condition, by detector.
    of : int
        Faces there are.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7.6, 3), layout="constrained")
    detectors = [*dict.fromkeys(name for each in counts.values() for name in each)]
    wide = 0.8 / len(detectors)
    for k, name in enumerate(detectors):
        there = [n for n, each in enumerate(counts.values()) if name in each]
        at = np.array(there) + (k - (len(detectors) - 1) / 2) * wide
        found = np.array([int(each[name]) for each in counts.values() if name in each])
        spread = np.abs(np.array([wilson(int(hits), of) for hits in found]).T * of - found)  # (2, conditions)
        axes.bar(at, found, 0.92 * wide, label=name, **BARS.get(name, {"color": COLOURS["muted"]}))
        _spread(axes, at, found, spread)
    axes.set_xticks(range(len(counts)), [*counts])
    axes.set(ylabel=f"found, of {of} faces", ylim=(0, of * 1.05))
    figure.legend(loc="outside right upper", frameon=False)
    told = "; ".join(f"{way}: " + ", ".join(f"{n} {c}" for n, c in each.items()) for way, each in counts.items())
    return with_alt(figure, f"Faces found of {of}. {told}.")
