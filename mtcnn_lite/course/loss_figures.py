"""The figures of chapter 07: the price of p and its slope, and points that are off with what they cost."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike

from mtcnn_lite.coordinates import PIXEL_CENTRE
from mtcnn_lite.draw import COLOURS, INK, Described, Pixels, beside, draw_landmarks, with_alt

SIDE = 116  # of a window, px on the page


def price_and_slope(samples: Sequence[tuple[float, int]]) -> Described:
    """Cross-entropy over p and its slope in the logit, with some answers (p, label) marked on both."""
    import matplotlib.pyplot as plt

    p = np.linspace(0.002, 0.998, 499)
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.2), layout="constrained")
    for y, colour, dash, says in ((1, "face", "-", "a face"), (0, "muted", "--", "no face")):
        formula = "-log(p)" if y else "-log(1 - p)"
        axes[0].plot(
            p, -np.log(p if y else 1 - p), dash, color=COLOURS[colour], linewidth=2, label=f"{says}: {formula}"
        )
        axes[1].plot(p, p - y, dash, color=COLOURS[colour], linewidth=2, label=f"{says}: {'p - 1' if y else 'p'}")
        marked = np.array([q for q, label in samples if label == y])
        losses = -np.log(marked if y else 1 - marked)
        axes[0].plot(marked, losses, "o", color=COLOURS[colour])
        axes[1].plot(marked, marked - y, "o", color=COLOURS[colour])
        for q, loss in zip(marked, losses, strict=True):
            side, ha = (-6, "right") if q > 0.6 else (0, "center")  # of the mark: where no curve runs
            axes[0].annotate(f"{loss:.2f}", (q, loss), xytext=(side, 7), textcoords="offset points", ha=ha)
    axes[1].axhline(0, color=INK, linewidth=0.6)
    axes[0].set(xlabel="p, probability of a face", title="the loss", xlim=(0, 1), ylim=(0, 5))
    axes[1].set(xlabel="p, probability of a face", title="its slope in the logit of p", xlim=(0, 1), ylim=(-1, 1))
    for axis in axes:
        axis.legend(loc="upper center" if axis is axes[0] else "upper left")
    losses_ = ", ".join(
        f"{-np.log(q if y else 1 - q):.2f} for p {q:g} and {'a' if y else 'no'} face" for q, y in samples
    )
    text = (
        "Left, the loss over p: for a face it falls from infinity to 0, for no face it rises likewise; "
        f"{losses_}. Right, its slope: two straight lines, p - 1 for a face and p for no face."
    )
    return with_alt(figure, text)


def points_off(crops: Pixels, said: ArrayLike, targets: ArrayLike, says: Sequence[str]) -> Described:
    """Windows side by side with five points as they should be (yellow) and as a net says (vermilion).

    Parameters
    ----------
    crops : uint8 (N, H, H, 3)
        The windows.
    said, targets : (N, 10)
        x1..x5 y1..y5, in window sides.
    says : sequence of str
        What stands above each.
    """
    panels = []
    for crop, *both in zip(crops, np.asarray(said), np.asarray(targets), strict=True):
        panel = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
        for points, colour in zip(both, ("landmark", "truth"), strict=True):
            panel = draw_landmarks(panel, points.reshape(2, 5).T * SIDE - PIXEL_CENTRE, colour, radius=3)
        panels.append(panel)
    alt = "; ".join(text.replace("\n", ", ") for text in says)
    text = f"Faces with five yellow points, where they belong, and five vermilion ones, where the net puts them. {alt}."
    return with_alt(beside(panels, says, height=SIDE), text)
