"""The figures of chapter 13: results seed by seed, right and wrong boxes, a net level by level, time against crowds."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.course.net_figures import one_below_other
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, INK, PAPER, Described, Picture, Pixels, beside, draw_boxes, rgb, with_alt
from mtcnn_lite.evaluation import match
from mtcnn_lite.onepass.trace import OnePassTrace

DEEPEST_TINT = 0.75  # of the vermilion over the photo, where a score is 1


def seed_by_seed(rows: Mapping[str, Sequence[float]], what: str) -> Described:
    """A row a way, with a dot a seed and a line at their mean.

    Parameters
    ----------
    rows : mapping of str to sequence of float
        What each way came to with each seed, from the top.
    what : str
        What the numbers are, for the axis.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8.2, 0.9 + 0.48 * len(rows)), layout="constrained")
    for row, values in enumerate(rows.values()):
        height = len(rows) - 1 - row
        axes.plot([np.mean(values)] * 2, [height - 0.28, height + 0.28], color=INK, linewidth=2)
        apart = np.linspace(0.13, -0.13, len(values))  # so that equal dots are seen
        axes.plot(values, height + apart, "o", color=COLOURS["muted"], markeredgecolor=PAPER, markersize=8)
    axes.set(yticks=range(len(rows)), yticklabels=[*rows][::-1], ylim=(-0.6, len(rows) - 0.4), xlabel=what)
    axes.spines[["top", "right"]].set_visible(False)
    said = "; ".join(f"{name} {', '.join(f'{value:.2f}' for value in values)}" for name, values in rows.items())
    return with_alt(figure, f"{what}, a dot a seed: {said}.")


def right_and_wrong(photo: LabelledPhoto, found: Mapping[str, Faces], notes: Sequence[str], height: int) -> Picture:
    """The photo once for each detector, two in a row: right boxes vermilion, wrong ones black, missed faces yellow.

    Parameters
    ----------
    photo : LabelledPhoto
    found : mapping of str to Faces
        By each detector.
    notes : sequence of str
        A line on each, for its caption.
    height : int
        Of each picture as it is shown, px.
    """
    panels, captions = [], []
    for (name, faces), note in zip(found.items(), notes, strict=True):
        its, _ = match(faces.boxes, faces.scores, photo)  # (N,) the face of each box, or -1
        missed = np.setdiff1d(np.arange(len(photo.boxes)), its)
        drawn = draw_boxes(photo.image(), photo.boxes[missed], "truth")
        for boxes, colour in ((faces.boxes[its >= 0], "landmark"), (faces.boxes[its < 0], INK)):
            drawn = draw_boxes(drawn, boxes, colour)
        panels.append(drawn)
        captions.append(f"{name}: {(its >= 0).sum()} right, {(its < 0).sum()} wrong, {len(missed)} missed\n{note}")
    rows = [beside(panels[k : k + 2], captions[k : k + 2], height) for k in range(0, len(panels), 2)]
    return Picture(one_below_other(rows), alt="; ".join(caption.replace("\n", ", ") for caption in captions))


def levels_seen(trace: OnePassTrace, levels: Mapping[int, Sequence[float]], height: int = 200) -> Described:
    """The photo once for each level: where its anchors' best score is high, and the boxes that come from there.

    Parameters
    ----------
    trace : OnePassTrace
    levels : mapping of int to sequence of float
        Sides of the anchors by stride, px; none where the net has no anchors.
    height : int
        Of each picture as it is shown, px.
    """
    image, scored, last = trace.image, trace.scored, trace.onepass.last
    panels, captions = [], []
    for level, (stride, sides) in enumerate(levels.items()):
        of_level = scored.level == level
        row, column = scored.cell[of_level].T
        best = np.zeros((row.max() + 1, column.max() + 1), np.float32)
        np.maximum.at(best, (row, column), scored.scores[of_level])
        kept = last.boxes[last.level == level]
        panels.append(draw_boxes(_tinted(image, best, stride), kept, INK))
        asked = f"sides {', '.join(map(str, sides))} px" if sides else "no anchors"
        captions.append(f"stride {stride}, {asked}:\n{len(kept)} boxes")
    said = "; ".join(caption.replace("\n", " ") for caption in captions)
    return with_alt(beside(panels, captions, height=height), f"The photo at each level of the net. {said}.")


def _tinted(image: Pixels, scores: NDArray[np.float32], stride: int) -> Pixels:
    """The photo, paler, with each cell as vermilion as its score."""
    height, width = image.shape[:2]
    cells = np.kron(scores, np.ones((stride, stride), np.float32))[:height, :width, None]  # (H, W, 1)
    pale = 0.5 * image + 0.5 * 255
    return np.asarray((pale + DEEPEST_TINT * cells * (np.array(rgb("landmark")) - pale)).round(), np.uint8)


def crowd_lines(numbers: Sequence[int], times: Mapping[str, ArrayLike], work: Mapping[str, ArrayLike]) -> Described:
    """Seconds and multiply-adds of several detectors against the number of faces.

    Parameters
    ----------
    numbers : sequence of K int
        Faces on each photo.
    times : mapping of str to (K,)
        Seconds of each detector.
    work : mapping of str to (K,)
        Its multiply-adds, in millions.
    """
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(8.6, 3.3), layout="constrained")
    said = []
    for axes, unit, lines in zip(panels, ("seconds", "million multiply-adds"), (times, work), strict=True):
        for (name, values), style, colour in zip(
            lines.items(), ("o-", "s--", "^:"), (INK, COLOURS["landmark"], COLOURS["muted"]), strict=False
        ):
            axes.plot(numbers, values, style, color=colour, label=name)
            ends = np.asarray(values)[[0, -1]]
            said.append(f"{name} {ends[0]:.3g} to {ends[1]:.3g} {unit}")
        axes.set(xlabel="faces on the photo", ylabel=unit, ylim=(0, None))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(times))
    return with_alt(figure, f"From {numbers[0]} to {numbers[-1]} faces: {'; '.join(said)}.")
