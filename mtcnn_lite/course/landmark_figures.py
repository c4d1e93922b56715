"""The figures of chapter 05: edges and middles of pixels, points placed in two boxes, errors by size, two looks."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import Floats, landmarks_to_image
from mtcnn_lite.coordinates import PIXEL_CENTRE
from mtcnn_lite.draw import COLOURS, INK, Described, Pixels, at_height, beside, draw_boxes, draw_landmarks, with_alt

AROUND = 0.35  # of the box's longer side: what a close-up shows on each side of it
LOOKS = ("o-", "s--")  # how the lines of errors differ besides their colours


def half_pixel() -> Described:
    """A row of eight pixels with a point in the middle of one, counted in edges below and in middles above."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 1.6), layout="constrained")
    pixels = [[0.1, 0.1, 0.1, 0.5, 0.1, 0.1, 0.1, 0.1]]
    axes.imshow(pixels, cmap="gray_r", vmin=0, vmax=1, extent=(0, 8, 0, 1))
    axes.vlines(range(9), 0, 1, color=INK, linewidth=1)
    axes.plot(3.5, 0.5, "o", color=COLOURS["landmark"], markeredgecolor=INK, markersize=9)
    axes.set(xticks=range(9), yticks=[], xlabel="edges: boxes count these (the point is at 3.5)")
    middles = axes.secondary_xaxis("top")
    middles.set_xticks(np.arange(8) + 0.5, [str(at) for at in range(8)])
    middles.set_xlabel("middles: labels count these (the point is at 3)")
    return with_alt(
        figure,
        "Eight pixels in a row and a point in the middle of the fourth. Counted in edges, 0 to 8, it is at 3.5; "
        "counted in middles, 0 to 7, at 3.",
    )


def placed_in(picture: Pixels, frames: Mapping[str, ArrayLike], landmarks: ArrayLike, height: int = 330) -> Described:
    """One face with O-Net's points placed in each of several boxes, which is drawn too.

    Parameters
    ----------
    picture : uint8 (H, W, 3)
        RGB.
    frames : mapping of str to (4,)
        By their captions, x1, y1, x2, y2; the close-up is round all of them.
    landmarks : (10,)
        Five x, then five y, in parts of a box.
    height : int
        Of each panel, px.
    """
    boxes = np.array([np.asarray(box, np.float64) for box in frames.values()])
    margin = AROUND * (boxes[:, 2:] - boxes[:, :2]).max()
    low = np.maximum(boxes[:, :2].min(axis=0) - margin, 0).astype(int)
    high = (boxes[:, 2:].max(axis=0) + margin).astype(int)
    part, scale = at_height(picture[low[1] : high[1], low[0] : high[0]], height)
    panels = []
    for box in boxes:
        points = (landmarks_to_image(box[None], np.reshape(landmarks, (1, 10)))[0] - low) * scale - PIXEL_CENTRE
        panels.append(draw_landmarks(draw_boxes(part, (box - np.tile(low, 2))[None] * scale), points, radius=4))
    shown = beside(panels, list(frames), height)
    times = "twice" if len(panels) == 2 else f"{len(panels)} times"
    return with_alt(shown, f"The same face {times}, with a box and five points: {'; '.join(frames)}.")


def errors_by_width(widths: ArrayLike, errors: Mapping[str, Floats]) -> Described:
    """The landmark error of each face over its width, a line for each way to place the points.

    Parameters
    ----------
    widths : (N,)
        Of the faces, px.
    errors : mapping of str to (N,)
        By what the legend calls them, in distances between the eyes.
    """
    import matplotlib.pyplot as plt

    order = np.argsort(np.asarray(widths))
    figure, axes = plt.subplots(figsize=(6.2, 2.9), layout="constrained")
    for (name, each), look, colour in zip(errors.items(), LOOKS, ("onet", "muted"), strict=False):
        axes.plot(np.asarray(widths)[order], 100 * each[order], look, color=COLOURS[colour], label=name)
    axes.set(xlabel="width of the face, px", ylabel="landmark error, %", ylim=(0, None))
    axes.legend(frameon=False)
    means = ", ".join(f"{name} {100 * each.mean():.1f}%" for name, each in errors.items())
    return with_alt(figure, f"The landmark error of {len(order)} faces by their width. On average: {means}.")


def two_looks(first: Floats, second: Floats, on_face: NDArray[np.bool_], threshold: float) -> Described:
    """Each box by the scores of both looks at it, and the lines where one look, or the mean of two, is the threshold.

    Parameters
    ----------
    first, second : (N,)
        Scores, 0 to 1.
    on_face : bool (N,)
        Whether the box is on a face.
    threshold : float
        O-Net's.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
    axes.plot(first[on_face], second[on_face], "o", color=COLOURS["onet"], alpha=0.7, label="on a face")
    axes.plot(first[~on_face], second[~on_face], "x", color=INK, label="not on a face")
    axes.plot([2 * threshold - 1, 1], [1, 2 * threshold - 1], color=INK, label=f"mean {threshold:g}")
    axes.axvline(threshold, color=INK, linestyle=":", label=f"first look {threshold:g}")
    axes.set(xlabel="score of the first look", ylabel="score of the second", aspect="equal")
    figure.legend(loc="outside lower center", ncols=2)
    mean = (first + second) / 2
    told = [
        f"{name} lets {int((scores >= threshold)[on_face].sum())} of {int(on_face.sum())} faces and "
        f"{int((scores >= threshold)[~on_face].sum())} of {int((~on_face).sum())} other boxes through"
        for name, scores in (("the first look alone", first), ("the mean of both", mean))
    ]
    return with_alt(figure, f"Boxes by the scores of two looks. At {threshold:g}, {told[0]}; {told[1]}.")
