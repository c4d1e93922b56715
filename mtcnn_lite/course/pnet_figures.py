"""The figures of chapter 03: what a threshold costs and keeps, and one window as several programs decode it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mtcnn_lite.boxes import MATCHING_IOU, iou
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, INK, Described, with_alt

LOOKS = (("pnet", "o-"), ("muted", "s--"))  # a curve's colour and its line
Edges = tuple[float, float]  # where a window begins and ends along x


def trades(detector: Detector, photo: LabelledPhoto, thresholds: Sequence[float]) -> list[tuple[int, int]]:
    """For each threshold of P-Net: how many boxes it leaves, and how many of the labelled faces they cover.

    Parameters
    ----------
    detector : Detector
    photo : LabelledPhoto
        With at least one face.
    thresholds : sequence of float
        Of P-Net, from 0 to 1.
    """
    trace, pairs = detector.trace(photo.image()), []
    for threshold in thresholds:
        boxes = trace.rerun(thresholds=(threshold, *trace.settings.thresholds[1:])).pnet["refined"].boxes
        covered = iou(photo.boxes, boxes).max(axis=1, initial=0) >= MATCHING_IOU
        pairs.append((len(boxes), int(covered.sum())))
    return pairs


def trade_curves(detector: Detector, photos: Mapping[str, LabelledPhoto], thresholds: Sequence[float]) -> Described:
    """Boxes left for R-Net against faces covered, as P-Net's threshold rises: a curve a photo.

    Parameters
    ----------
    detector : Detector
    photos : mapping of str to LabelledPhoto
        By name, at most two, each with the same number of faces.
    thresholds : sequence of float
        From low to high; each is written beside its point of the first curve.
    """
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    said = []
    for k, ((name, photo), (colour, line)) in enumerate(zip(photos.items(), LOOKS, strict=False)):
        left, covered = zip(*trades(detector, photo, thresholds), strict=True)
        axis.plot(left, covered, line, color=COLOURS[colour], label=name)
        if k == 0:
            for x, y, threshold in zip(left, covered, thresholds, strict=True):
                axis.annotate(f"{threshold:g}", (x, y), (0, 7), textcoords="offset points", ha="center", color=INK)
        points = zip(thresholds, left, covered, strict=True)
        said.append(f"{name}: " + ", ".join(f"at {t:g} {boxes} boxes, {faces} faces" for t, boxes, faces in points))
    total = len(next(iter(photos.values())).boxes)
    axis.set(xscale="log", ylim=(0, total + 5), xlabel="boxes left for R-Net (log scale)")
    axis.set_ylabel(f"faces covered, of {total}")
    axis.legend(loc="lower right")
    alt = f"Curves of the boxes that P-Net leaves against the faces that they cover, of {total}. {'; '.join(said)}."
    return with_alt(figure, alt)


def decoded(windows: Mapping[str, Edges], pixel: float) -> Described:
    """Where one window lies along x, one bar a program, with its middle marked; the first is what the cell sees.

    Parameters
    ----------
    windows : mapping of str to (float, float)
        A program's name to the left and right edge, px of the photo.
    pixel : float
        How wide a pixel of the level is in the photo, px.
    """
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7.2, 0.5 + 0.42 * len(windows)), layout="constrained")
    (name, (first, last)), *_ = windows.items()
    for at in np.arange(first - pixel, last + 2.5 * pixel, pixel):
        axis.axvline(at, color=COLOURS["muted"], linewidth=0.6, alpha=0.6)
    middle, said = (first + last) / 2, [f"{name} from {first:.1f} to {last:.1f} px"]
    for row, (x1, x2) in enumerate(windows.values()):
        off = (x1 + x2) / 2 - middle
        axis.barh(row, x2 - x1, left=x1, height=0.55, color=COLOURS["muted" if row == 0 else "pnet"], edgecolor=INK)
        axis.plot([(x1 + x2) / 2] * 2, [row - 0.28, row + 0.28], color=INK, linewidth=2)
        if row:
            axis.text(last + 1.7 * pixel, row, f"{off:+.1f} px", va="center", color=INK)
    said += [f"{name} {(x1 + x2) / 2 - middle:+.1f} px off" for name, (x1, x2) in list(windows.items())[1:]]
    _names(axis, list(windows))
    axis.set_xlim(first - 1.5 * pixel, last + 3.6 * pixel)
    axis.set_xlabel("x in the photo, px; a line for each pixel of the level")
    return with_alt(figure, f"One bar for each way to place the same window: {'; '.join(said)}.")


def _names(axis: Any, names: Sequence[str]) -> None:
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
