"""The figures of chapter 11: what faces cost, which net loses which faces, what a crowd hides, how anchors fit."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import Floats, iou
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.course.evidence import student
from mtcnn_lite.course.explorers.limits import FATES, FOUND, TINTS
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, INK, PAPER, Described, Pixels, beside, draw_boxes, with_alt
from mtcnn_lite.evaluation import match
from mtcnn_lite.net_names import NET_NAMES, NET_TITLES
from mtcnn_lite.pyramid import level_size, map_size, pyramid_scales

HATCHES = ("", "//", "..", "")  # in the order of TINTS
SIDES = np.geomspace(12, 400, 300)  # px, of faces that look for an anchor
BARS: dict[str, dict[str, Any]] = {  # detectors with a look of their own
    "MTCNN": {"color": INK},
    "MTCNN, repaired": {"color": PAPER, "edgecolor": INK, "hatch": "//"},
}
GAMMAS = {0: (COLOURS["muted"], "-"), 1: (COLOURS["muted"], "--"), 2: (INK, "-"), 5: (COLOURS["muted"], ":")}


def bill(numbers: Sequence[int], crops: ArrayLike, work: ArrayLike) -> Described:
    """What more faces cost: the crops of R-Net and O-Net, and what all three nets compute.

    Parameters
    ----------
    numbers : sequence of K int
        Faces on each photo.
    crops : (K, 2)
        What R-Net and O-Net look at.
    work : (K, 3)
        Million multiply-adds of the three nets.
    """
    import matplotlib.pyplot as plt

    looks, million = np.asarray(crops), np.asarray(work)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3), layout="constrained")
    for column, net, style in zip(looks.T, NET_NAMES[1:], ("o-", "s--"), strict=True):
        left.plot(numbers, column, style, color=COLOURS[net], label=NET_TITLES[net])
    left.set(xlabel="faces on the photo", ylabel="crops", ylim=(0, None))
    names = [NET_TITLES[net] for net in NET_NAMES]
    right.stackplot(numbers, million.T, labels=names, colors=[COLOURS[net] for net in NET_NAMES])
    right.set(xlabel="faces on the photo", ylabel="million multiply-adds", xlim=(numbers[0], numbers[-1]))
    for axes in (left, right):
        axes.legend(loc="upper left")
    ends = [" and ".join(f"{NET_TITLES[n]} {c:,}" for n, c in zip(NET_NAMES[1:], row, strict=True)) for row in looks]
    sums = [", ".join(f"{net} {cost:,.0f}" for net, cost in zip(names, row, strict=True)) for row in million]
    return with_alt(
        figure,
        f"Crops and work against faces, straight lines. With {numbers[0]} faces {ends[0]} crops, with {numbers[-1]} "
        f"{ends[-1]}. Million multiply-adds with {numbers[0]}: {sums[0]}; with {numbers[-1]}: {sums[-1]}.",
    )


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


def best_anchor(anchors: Floats, places: Mapping[str, ArrayLike], limits: Sequence[float]) -> Described:
    """The IoU of square faces of every size with their best anchor.

    Parameters
    ----------
    anchors : (A, 4)
    places : mapping of str to (2,)
        Where the faces' middles are, px; two places.
    limits : sequence of float
        From which an anchor is for a face: lines.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.8, 3.1), layout="constrained")
    said = []
    for (name, middle), style in zip(places.items(), ("-", "--"), strict=True):
        half = SIDES[:, None] / 2
        faces = np.concatenate([np.asarray(middle) - half, np.asarray(middle) + half], axis=1)  # (S, 4)
        best = iou(faces, anchors).max(axis=1)
        axes.plot(SIDES, best, style, color=INK, label=name)
        said.append(f"{name} from {best.min():.2f} to {best.max():.2f}")
    for limit in limits:
        axes.axhline(limit, color=COLOURS["muted"], linewidth=0.9)
    axes.set(xscale="log", xlabel="side of the face, px", ylabel="IoU with the best anchor", ylim=(0, 1.02))
    axes.set_xticks(ticks := [12, 16, 24, 32, 48, 64, 96, 128, 192, 256], [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.legend(loc="lower right")
    return with_alt(
        figure, "IoU of faces with their best anchor, in waves between the preset sizes: " + "; ".join(said) + "."
    )


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


def anchors_per_face(rules: Mapping[str, NDArray[np.int64]], faces: Floats) -> Described:
    """How many anchors are for each face, a bar for each rule; faces go by size.

    Parameters
    ----------
    rules : mapping of str to int (A,)
        For each anchor its face, or a negative number.
    faces : (M, 4)
    """
    import matplotlib.pyplot as plt

    sides = (faces[:, 2:] - faces[:, :2]).min(axis=1)  # (M,)
    order = sides.argsort()
    figure, axes = plt.subplots(figsize=(8.2, 3), layout="constrained")
    said, wide = [], 0.84 / len(rules)
    for k, (name, owner) in enumerate(rules.items()):
        count = np.bincount(owner[owner >= 0], minlength=len(faces))[order]  # (M,)
        at = np.arange(len(faces)) + (k - (len(rules) - 1) / 2) * wide
        axes.bar(at, count, 0.9 * wide, color=(INK, COLOURS["muted"], COLOURS["unused"])[k], label=name)
        axes.plot(at[count == 0], np.full((count == 0).sum(), -0.6), "x", color=COLOURS["landmark"], markersize=5)
        said.append(f"{name}: {count.sum()} in all, {(count == 0).sum()} faces with none, at most {count.max()}")
    axes.set_xticks(range(len(faces)), [f"{side:.0f}" for side in sides[order]])
    axes.set(xlabel="shorter side of the face, px (red cross: no anchor)", ylabel="anchors for it")
    axes.legend()
    return with_alt(figure, f"Anchors for each of {len(faces)} faces. " + "; ".join(said) + ".")


def bill_by_the_clock(numbers: Sequence[int], times: NDArray[np.float64]) -> Described:
    """The time of each net, piled up, against the number of faces.

    Parameters
    ----------
    numbers : sequence of K int
        Faces on each photo.
    times : (K, 3)
        Of P-Net with its pyramid, R-Net and O-Net.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
    names = [NET_TITLES[net] for net in NET_NAMES]
    axes.stackplot(numbers, times.T, labels=names, colors=[COLOURS[net] for net in NET_NAMES])
    axes.set(xlabel="faces on the photo", ylabel="processor time\n(1: the photo without)", xlim=(0, numbers[-1]))
    axes.legend(loc="upper left")
    said = ", ".join(
        f"{name} {was:.1f} to {now:.1f}" for name, was, now in zip(names, times[0], times[-1], strict=True)
    )
    return with_alt(figure, f"Processor time of each net, from no face to {numbers[-1]}: {said}.")


def pyramid_costs(sizes: Sequence[tuple[int, int]], least: Sequence[int]) -> Described:
    """P-Net's windows by the photo's size and by the smallest face, and the pixels of all levels.

    Parameters
    ----------
    sizes : sequence of (int, int)
        Width and height of photos, px, for a smallest face of 20 px.
    least : sequence of int
        Smallest faces, px, for the third of the photos.
    """
    import matplotlib.pyplot as plt

    def costs(width: int, height: int, smallest: int) -> tuple[float, float]:
        levels = [level_size(height, width, scale) for scale in pyramid_scales(height, width, smallest)]
        return sum(float(np.prod(map_size(*size))) for size in levels), sum(h * w for h, w in levels) / (height * width)

    by_size = [costs(*size, 20)[0] / 1e3 for size in sizes]
    by_face = [costs(*sizes[2], smallest) for smallest in least]
    figure, panels = plt.subplots(1, 3, figsize=(9.6, 3), width_ratios=(1.5, 1, 1), layout="constrained")
    bars = (
        ([f"{w}×{h}" for w, h in sizes], by_size, "photo (smallest face 20 px)", "P-Net's windows, thousand"),
        ([f"{s} px" for s in least], [each[0] / 1e3 for each in by_face], "smallest face (1280×960)", ""),
        ([f"{s} px" for s in least], [each[1] for each in by_face], "smallest face (1280×960)", "pixels, in photos"),
    )
    said = []
    for axes, (names, values, below, beside_it) in zip(panels, bars, strict=True):
        drawn = axes.bar(names, values, color=COLOURS["pnet"])
        texts = [f"{value:,.0f}" if value >= 10 else f"{value:.2f}" for value in values]
        axes.bar_label(drawn, texts, fontsize=8)
        axes.set(xlabel=below, ylabel=beside_it)
        axes.tick_params("x", labelsize=8)
        said.append(", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True)))
    text = f"Thousand windows of P-Net by photo: {said[0]}; by smallest face: {said[1]}."
    return with_alt(figure, f"{text} Pixels of all levels, in photos: {said[2]}.")
