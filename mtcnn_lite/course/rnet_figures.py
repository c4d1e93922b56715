"""The figures of chapter 04: two nets' scores, boxes that move closer, what looking costs, faces cut by the edge."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import Floats, clip_boxes, landmarks_to_image, square_boxes
from mtcnn_lite.coordinates import PIXEL_CENTRE
from mtcnn_lite.course.activations import Layer, layers
from mtcnn_lite.draw import (
    COLOURS,
    INK,
    Described,
    Pixels,
    beside,
    draw_landmarks,
    enlarged,
    new_axes,
    rendered,
    with_alt,
)
from mtcnn_lite.images import crop_windows
from mtcnn_lite.nets import ONet, PNet, RNet, normalise
from mtcnn_lite.pyramid import halvings

SMALLEST = 0.05  # of a photo: its smallest copy that crops are cut from
ZOOM = 5  # of a crop on show
WAYS = "zero padding", "clamped, stretched", "the same, mapped back from the square"


def second_opinion(first: Floats, second: Floats, on_face: NDArray[np.bool_], threshold: float) -> Described:
    """Each window as a dot, P-Net's score to the right, R-Net's up; those on a labelled face have a yellow middle.

    Parameters
    ----------
    first, second : (N,)
        P-Net's scores and R-Net's, 0 to 1.
    on_face : bool (N,)
        Whether a window is on a face.
    threshold : float
        R-Net's.
    """
    kept = second >= threshold
    axes = new_axes(6.2, 3.6)
    for group, colour, marker, says in ((~kept, "muted", "o", "dropped"), (kept, "rnet", "s", "kept")):
        axes.scatter(first[group], second[group], s=24, color=COLOURS[colour], marker=marker, label=says)
    axes.scatter(first[on_face], second[on_face], s=16, color=COLOURS["truth"], edgecolor=INK, linewidth=0.7,
                 label="on a face")  # fmt: skip
    axes.axhline(threshold, color=INK, linewidth=0.8)
    axes.set(xlabel="P-Net's score", ylabel="R-Net's score", title=f"The same {len(first)} windows, two nets")
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside right center")
    text = (
        f"{len(first)} windows as dots. R-Net keeps {kept.sum()}, {(kept & on_face).sum()} of them on a face, and "
        f"drops {(~kept).sum()}, {(~kept & on_face).sum()} of them on a face. To {(second < 0.1).sum()} it gives less "
        f"than 0.1, also to {((second < 0.1) & (first >= 0.9)).sum()} of the {(first >= 0.9).sum()} with 0.9 or more "
        "from P-Net."
    )
    return with_alt(rendered(axes), text)


def moved_closer(before: Floats, after: Floats) -> Described:
    """Each box's IoU with its face before (N,) and after (N,) it moved: above the line it came closer."""
    axes = new_axes(4.6, 4.2)
    axes.scatter(before, after, s=18, color=COLOURS["rnet"])
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8)
    axes.axhline(0.5, color=INK, linewidth=0.8, linestyle=":")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="IoU as P-Net left it", ylabel="IoU as R-Net leaves it")
    axes.set_title("Above the line: moved closer to a face")
    closer, good = after > before, before >= 0.7
    text = (
        f"{len(before)} boxes as dots. {closer.sum()} come closer to their face, {(~closer).sum()} do not; of the "
        f"{good.sum()} with 0.7 or more before, {(good & closer).sum()} come closer. The mean IoU goes from "
        f"{before.mean():.2f} to {after.mean():.2f}; 0.5 or more have {(before >= 0.5).sum()} before and "
        f"{(after >= 0.5).sum()} after."
    )
    return with_alt(rendered(axes), text)


def multiplications(net: PNet | RNet | ONet, height: int, width: int) -> int:
    """What it takes to slide a net over a picture: each weight is used once for each cell of the map that it makes.

    A dense layer counts as a convolution over all that is left of a crop; heads are too small to count.

    Parameters
    ----------
    net : PNet, RNet or ONet
    height, width : int
        Of the picture, px; at least the net's own size.

    Examples
    --------
    >>> multiplications(RNet(), 24, 24)
    1530000
    """
    total, before, rows, columns = 0, (3, height, width), height, width
    shown = layers(net)
    for layer in shown:
        kernel = _before_dense(shown) if layer.kind == "dense" else layer.kernel
        rows, columns = (_cells(layer, kernel, length) for length in (rows, columns))
        if layer.kind != "pool":
            total += before[0] * kernel**2 * layer.shape[0] * rows * columns
        before = layer.shape
    return total


def _before_dense(shown: tuple[Layer, ...]) -> int:
    """The side of the maps that a net's dense layer reads."""
    return next((one.shape[1] for one, after in pairwise(shown) if after.kind == "dense"), 1)


def _cells(layer: Layer, kernel: int, length: int) -> int:
    steps = (length - kernel) / layer.stride
    return int(np.ceil(steps) if layer.kind == "pool" else steps) + 1


def cost_bars(millions: Mapping[str, float]) -> Described:
    """Bars for what it takes, in millions of multiplications."""
    axes = new_axes(6.8, 0.5 + 0.42 * len(millions))
    names, values = list(millions), list(millions.values())
    colours = [COLOURS["pnet" if name.startswith("P-Net") else "rnet"] for name in names]
    bars = axes.barh(names, values, color=colours)
    axes.bar_label(bars, [f" {value:,.0f}" for value in values])
    axes.set(xlim=(0, 1.15 * max(values)), xlabel="millions of multiplications")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    said = "; ".join(f"{name} {value:,.0f}" for name, value in millions.items())
    return with_alt(rendered(axes), f"Bars of millions of multiplications: {said}.")


def edge_windows(photo: Pixels, box: ArrayLike, share: float) -> tuple[Pixels, Floats, Floats, int]:
    """A photo that lacks a part of a face, from its left.

    Parameters
    ----------
    photo : uint8 (H, W, 3)
        RGB.
    box : (4,)
        The face, px.
    share : float
        Of the face, to cut off.

    Returns
    -------
    cut : uint8 (H, W, 3)
    square, clamped : (1, 4)
        The face's square in it, and what of that lies inside.
    edge : int
        How many columns are cut off.
    """
    x1, _, x2, _ = np.asarray(box, np.float64)
    edge = round(x1 + share * (x2 - x1))
    cut = np.ascontiguousarray(photo[:, edge:])
    square = square_boxes(np.reshape(box, (1, 4))) - np.array([edge, 0, edge, 0], np.float32)
    return cut, square, clip_boxes(square, *cut.shape[:2]), edge


def edge_errors(onet: ONet, photo: Pixels, box: ArrayLike, points: ArrayLike, share: float) -> tuple[float, ...]:
    """O-Net's landmark error, in distances between the eyes, for each of WAYS to crop a face at the edge.

    Parameters
    ----------
    onet : ONet
    photo : uint8 (H, W, 3)
        RGB.
    box : (4,)
        The face, px.
    points : (5, 2)
        Its landmarks, px.
    share : float
        Of the face, outside the photo.
    """
    cut, square, clamped, edge = edge_windows(photo, box, share)
    truth = np.asarray(points, np.float64)
    eyes = np.linalg.norm(truth[0] - truth[1])
    errors = []
    for seen, mapped in ((square, square), (clamped, clamped), (clamped, square)):
        with torch.no_grad():
            said = onet(normalise(crop_windows(halvings(cut, SMALLEST), seen, onet.size))).landmarks
        found = landmarks_to_image(mapped, said.numpy())[0] - PIXEL_CENTRE + [edge, 0]  # (5, 2)
        errors.append(float(np.linalg.norm(found - truth, axis=1).mean() / eyes))
    return tuple(errors)


def at_the_edge(onet: ONet, photo: Pixels, box: ArrayLike, points: ArrayLike, share: float) -> Described:
    """A face that the edge cuts, as O-Net sees it, zero-padded and clamped, with its landmarks and what O-Net finds.

    Parameters
    ----------
    onet : ONet
    photo : uint8 (H, W, 3)
        RGB.
    box : (4,)
        The face, px.
    points : (5, 2)
        Its landmarks, px.
    share : float
        Of the face, outside the photo.
    """
    cut, square, clamped, edge = edge_windows(photo, box, share)
    errors = edge_errors(onet, photo, box, points, share)
    panels = []
    for window in (square, clamped):
        crop = crop_windows(halvings(cut, SMALLEST), window, onet.size)  # (1, 48, 48, 3)
        with torch.no_grad():
            said = onet(normalise(crop)).landmarks[0].reshape(2, 5).T.numpy()  # (5, 2), of the window
        x1, y1, x2, y2 = window[0]
        truth = (np.asarray(points) + PIXEL_CENTRE - [edge + x1, y1]) / [x2 - x1, y2 - y1]  # (5, 2), of the window
        panel = enlarged(crop[0], ZOOM)
        for where, colour, radius in ((truth, INK, 5), (truth, "truth", 3), (said, "landmark", 4)):
            panel = draw_landmarks(panel, ZOOM * onet.size * where - PIXEL_CENTRE, colour, radius)
        panels.append(panel)
    captions = [f"{way}: off by {error:.2f}" for way, error in zip(WAYS[:2], errors[:2], strict=True)]
    text = (
        f"A face of which {share:.0%} lie outside the photo, in two crops, with its five points (yellow) and those "
        f"that O-Net finds (vermilion). With black outside they are off by {errors[0]:.2f} eye distances, with what is "
        f"left stretched by {errors[1]:.2f}."
    )
    return with_alt(beside(panels, captions, height=ZOOM * onet.size), text)


def paired_errors(shares: ArrayLike, errors: NDArray[np.float64]) -> Described:
    """The mean error of each of WAYS with its standard error, over the share of the face outside.

    Parameters
    ----------
    shares : (S,)
    errors : (S, N, 3)
        For N faces.
    """
    axes = new_axes(6.4, 3.4)
    mean, spread = errors.mean(axis=1), errors.std(axis=1, ddof=1) / errors.shape[1] ** 0.5  # (S, 3)
    looks = ((INK, "o-"), (COLOURS["muted"], "s--"), (COLOURS["muted"], "^:"))
    for way, (colour, style), middle, reach in zip(WAYS, looks, mean.T, spread.T, strict=True):
        axes.errorbar(np.asarray(shares) * 100, middle, reach, fmt=style, color=colour, capsize=3, label=way)
    axes.set(xlabel="share of the face outside the photo, %", ylabel="landmark error, eye distances", ylim=(0, None))
    axes.set_title(f"Mean over {errors.shape[1]} faces; bars: its standard error")
    axes.legend()
    rows = [
        f"{way}: " + ", ".join(f"{value:.2f}" for value in column) for way, column in zip(WAYS, mean.T, strict=True)
    ]
    return with_alt(
        rendered(axes), "Landmark error as more of the face lies outside the photo. " + "; ".join(rows) + "."
    )
