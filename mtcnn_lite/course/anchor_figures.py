"""Faces and their anchors: how well the best one fits, and how many are for each face."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import Floats, iou
from mtcnn_lite.draw import COLOURS, INK, Described, with_alt

SIDES = np.geomspace(12, 400, 300)  # px, of faces that look for an anchor


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
    axes.set(xlabel="shorter side of the face, px (vermilion cross: no anchor)", ylabel="anchors for it")
    axes.legend()
    return with_alt(figure, f"Anchors for each of {len(faces)} faces. " + "; ".join(said) + ".")
