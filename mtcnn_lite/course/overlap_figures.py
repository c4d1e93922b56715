"""The figures of chapter 00: two boxes on a grid, counted pixels, and one face with boxes of a chosen overlap."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import iou
from mtcnn_lite.draw import COLOURS, INK, PAPER, Described, Pixels, at_height, beside, draw_overlap, with_alt

AROUND = 0.6  # of the label's longer side: what a close-up shows on each side of it
# The windows of the curves, their colours, and the widths of their lines: where they lie on one another, each shows.
CURVES = ((12, "pnet", 8), (24, "rnet", 5.5), (48, "onet", 3.5), (96, "muted", 1.5))


def _grid(axis: Any, height: int, width: int, title: str) -> None:
    axis.set(xticks=range(width + 1), yticks=range(height + 1), title=title, xlim=(0, width), ylim=(height, 0))
    axis.tick_params(labelsize=8, length=0, labeltop=True, labelbottom=False)


def on_grid(picture: Pixels, yellow: Sequence[int], blue: Sequence[int]) -> Described:
    """A tiny picture with its pixels as squares, numbered lines between them, and two boxes.

    Parameters
    ----------
    picture : uint8 (H, W, 3)
        RGB, a dozen pixels a side.
    yellow, blue : four numbers
        x1, y1, x2, y2.
    """
    import matplotlib.pyplot as plt

    height, width = picture.shape[:2]
    figure, axis = plt.subplots(figsize=(3.6, 3.8), layout="constrained")
    axis.imshow(picture, extent=(0, width, height, 0))
    _grid(axis, height, width, f"two boxes on {width * height} pixels")
    axis.grid(color=PAPER, linewidth=0.5)
    for (x1, y1, x2, y2), colour in ((yellow, "truth"), (blue, "pnet")):
        for ink, line in ((INK, 4.5), (COLOURS[colour], 3)):
            axis.plot([x1, x2, x2, x1, x1], [y1, y1, y2, y2, y1], color=ink, linewidth=line)
    corners = [f"a {says} box from x {x1}, y {y1} to x {x2}, y {y2}" for says, (x1, y1, x2, y2) in
               (("yellow", yellow), ("blue", blue))]  # fmt: skip
    return with_alt(figure, f"A face on {width} x {height} pixels, with " + " and ".join(corners) + ".")


def counted(yellow: NDArray[np.bool_], blue: NDArray[np.bool_]) -> Described:
    """Two masks (H, W), and both in one: what is yellow, blue, and shared."""
    import matplotlib.pyplot as plt

    height, width = yellow.shape
    figure, axes = plt.subplots(1, 3, figsize=(8.4, 3.1), layout="constrained")
    sizes = int(yellow.sum()), int(blue.sum()), int((yellow & blue).sum()), int((yellow | blue).sum())
    titles = f"yellow: {sizes[0]}", f"blue: {sizes[1]}", f"in both: {sizes[2]}, in any: {sizes[3]}"
    for axis, title, masks in zip(axes, titles, ((yellow,), (blue,), (yellow, blue)), strict=True):
        _grid(axis, height, width, title)
        axis.grid(color=COLOURS["muted"], linewidth=0.4)
        axis.set_aspect("equal")
        for y, x in np.argwhere(yellow | blue):
            here = [mask is yellow for mask in masks if mask[y, x]]
            if here:
                fill = COLOURS["landmark" if len(here) == 2 else "truth" if here[0] else "pnet"]
                cell = [x, x + 1, x + 1, x], [y, y, y + 1, y + 1]
                axis.fill(*cell, color=fill, edgecolor=COLOURS["muted"], linewidth=0.4)
                ink = INK if here == [True] else PAPER
                axis.text(x + 0.5, y + 0.5, str(len(here)), color=ink, ha="center", va="center", fontsize=9)
    text = (
        f"{sizes[0]} yellow pixels, {sizes[1]} blue ones; {sizes[2]} lie in both boxes and {sizes[3]} in at least one"
    )
    return with_alt(figure, f"Three grids with counted pixels: {text}.")


def close_ups(photo: Pixels, label: ArrayLike, others: ArrayLike, says: Sequence[str]) -> Described:
    """The label (yellow) on the photo, in a row with one other box (blue) at a time; what they share is vermilion.

    Parameters
    ----------
    photo : uint8 (H, W, 3)
        RGB.
    label : (4,)
        x1, y1, x2, y2, px.
    others : (N, 4)
        A box for each close-up.
    says : sequence of str
        What stands above each, after its IoU.
    """
    x1, y1, x2, y2 = np.asarray(label, np.float64)
    boxes = np.asarray(others, np.float64)  # (N, 4)
    margin = AROUND * max(x2 - x1, y2 - y1)
    left, top = (max(0, round(v - margin)) for v in (x1, y1))
    right, bottom = round(x2 + margin), round(y2 + margin)
    crop, scale = at_height(np.ascontiguousarray(photo[top:bottom, left:right]), 190)
    corner = np.array([left, top, left, top])
    panels = [
        draw_overlap(crop, *((np.asarray(box, np.float64) - corner) * scale for box in (label, other)))
        for other in boxes
    ]
    overlaps = iou(np.reshape(label, (1, 4)), boxes)[0]  # (N,)
    captions = [f"IoU {overlap:.2f}:\n{text}" for overlap, text in zip(overlaps, says, strict=True)]
    alt = "; ".join(caption.replace("\n", " ") for caption in captions)
    return with_alt(beside(panels, captions, height=190), f"A face with its label and another box. {alt}.")


def shift_curves() -> Described:
    """IoU of a square window with its own copy, shifted to the right: in pixels, and in parts of its side."""
    import matplotlib.pyplot as plt

    parts = np.linspace(0, 1, 41)
    figure, axes = plt.subplots(1, 2, figsize=(8.2, 3), layout="constrained", sharey=True)
    for side, colour, width in CURVES:
        shifted = [[part * side, 0, part * side + side, side] for part in parts]
        overlaps = iou([[0, 0, side, side]], shifted)[0]  # (41,)
        axes[0].plot(parts * side, overlaps, color=COLOURS[colour], linewidth=2, label=f"{side} px")
        axes[1].plot(parts, overlaps, color=COLOURS[colour], linewidth=width)
    axes[0].set(xlabel="shift to the right, px", ylabel="IoU", xlim=(0, 48), title="in pixels: four curves")
    axes[1].set(xlabel="shift to the right, in parts of the side", xlim=(0, 1), ylim=(0, 1))
    axes[1].set_title("in parts of the side: all on one")
    axes[1].legend(*axes[0].get_legend_handles_labels(), title="side of the window")
    text = (
        "IoU of a window with its shifted copy falls from 1 to 0. In pixels the windows of 12, 24, 48 and 96 px have "
        "four curves; in parts of the side they share one, near 0.5 at a third."
    )
    return with_alt(figure, text)
