"""The figures of chapter 08: which windows are hard and where they lie, gradients as arrows, curves of several arms.

Gray is "no face", purple "a face", vermilion "a wrong label"; what is compared differs in dashes and marks, not in hue.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import Floats, iou
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, INK, PAPER, Described, Pixels, at_height, beside, draw_boxes, with_alt

LABELS = {"no face": "muted", "face": "face"}  # what a window is labelled, and the colour's name
STYLES = ((":", "o"), ("-", "s"), ("--", "^"), ("-.", "D"))  # of the arms of a comparison, in their order
DROPPED = "#C8C8C8"  # a bar of what is left out
LONGEST = 2.2  # an arrow is not drawn longer than so many times that of the whole batch


def _by_label(picture: Pixels, windows: ArrayLike, is_face: NDArray[np.bool_]) -> Pixels:
    """The picture with these windows, gray or purple by their label."""
    windows = np.asarray(windows)
    for label, (colour, some) in enumerate(zip(LABELS.values(), (~is_face, is_face), strict=True)):
        picture = draw_boxes(picture, windows[some], colour, 2 + label)
    return picture


def on_the_photo(
    photo: LabelledPhoto, windows: Floats, is_face: NDArray[np.bool_], shown: Mapping[str, NDArray[np.int64]]
) -> Described:
    """The photo with its faces, and once for each set of windows, coloured by their labels.

    Parameters
    ----------
    photo : LabelledPhoto
        Whose windows.
    windows, is_face : float32 (N, 4), bool (N,)
        In px of the photo; whether each is labelled a face.
    shown : mapping of str to int (M,)
        What stands above each panel, and the rows of its windows.
    """
    picture, scale = at_height(photo.image(), 240)
    panels = [draw_boxes(picture, photo.boxes * scale, "truth")]
    captions = [f"{len(photo.boxes)} faces"]
    for caption, rows in shown.items():
        panels.append(_by_label(picture, windows[rows] * scale, is_face[rows]))
        captions.append(f"{caption}\n{is_face[rows].sum()} labelled a face")
    told = "; ".join(text.replace("\n", ", ") for text in captions)
    return with_alt(beside(panels, captions, height=240), f"A scene with windows, purple where they are labelled "
                    f"a face and gray where not: {told}.")  # fmt: skip


def twins(windows: Floats, rows: NDArray[np.int64], overlap: float = 0.7) -> int:
    """How many windows overlap another one by more than that.

    Parameters
    ----------
    windows : float32 (N, 4)
        All.
    rows : int (M,)
        Those that are looked at.
    overlap : float
        An IoU.

    Examples
    --------
    >>> twins(np.array([[0, 0, 10, 10], [1, 0, 11, 10], [50, 0, 60, 10]], np.float32), np.arange(3))
    2
    """
    overlaps = iou(windows[rows], windows[rows])
    np.fill_diagonal(overlaps, 0)
    return int((overlaps.max(axis=1) > overlap).sum())


def chosen(losses: ArrayLike, kept: NDArray[np.bool_]) -> Described:
    """The losses of a batch as bars, in its order and sorted, those that are kept dark."""
    import matplotlib.pyplot as plt

    loss = np.asarray(losses)
    order = np.argsort(-loss, kind="stable")
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.2), sharey=True, layout="constrained")
    for axis, rows, title in ((axes[0], np.arange(len(loss)), "as the batch comes"), (axes[1], order, "sorted")):
        colours = [INK if kept[row] else DROPPED for row in rows]
        axis.bar(range(len(rows)), loss[rows], color=colours)
        axis.set_xticks(range(len(rows)), [str(row) for row in rows])
        axis.set(xlabel="row", title=title)
        axis.spines[["top", "right"]].set_visible(False)
    axes[1].axvline(kept.sum() - 0.5, color=INK, linewidth=1)
    axes[0].set_ylabel("loss")
    names = ", ".join(map(str, np.flatnonzero(kept)))
    return with_alt(figure, f"{len(loss)} losses as bars. The {kept.sum()} highest are kept: rows {names}.")


def moments(losses: Mapping[str, NDArray[Any]], is_face: NDArray[np.bool_], keep: float = 0.7) -> Described:
    """The losses of one batch at several moments of a training, sorted, coloured by label, with the cut.

    Parameters
    ----------
    losses : mapping of str to (N,)
        What stands above each panel, and what each sample costs then.
    is_face : bool (N,)
        What the samples are labelled.
    keep : float
        Where the cut stands.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patheffects import withStroke

    figure, axes = plt.subplots(1, len(losses), figsize=(8.6, 2.9), sharey=True, layout="constrained")
    highest = max(float(loss.max()) for loss in losses.values())
    count, said = int(keep * len(is_face)), []
    for axis, (title, loss) in zip(axes, losses.items(), strict=True):
        order = np.argsort(-loss, kind="stable")
        place = np.arange(len(order))
        for label, colour in enumerate(LABELS.values()):
            some = is_face[order] == bool(label)
            axis.bar(place[some], loss[order][some], 1.0, color=COLOURS[colour], label=list(LABELS)[label])
        cut = axis.axvline(count, ymax=0.72, color=INK, linewidth=1.5)
        cut.set_path_effects([withStroke(linewidth=4, foreground=PAPER)])  # seen on bars of any colour
        faces, share = is_face[order[:count]].sum(), loss[order[count:]].sum() / loss.sum()
        told = f"{faces} of {is_face.sum()} faces kept\nthe dropped hold {share:.1%}"
        axis.text(0.97, 0.97, told, transform=axis.transAxes, ha="right", va="top", fontsize=9,
                  bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8})  # fmt: skip
        axis.set(title=title, xlabel="samples, the highest loss first", ylim=(0, 1.3 * highest))
        axis.spines[["top", "right"]].set_visible(False)
        said.append(f"{title}: losses of {loss.min():.2f} to {loss.max():.2f}, " + told.replace("\n", ", "))
    axes[0].set_ylabel("detection loss")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    text = f"{len(is_face)} losses as bars, with a cut after {keep:.0%} of them. " + "; ".join(said)
    return with_alt(figure, text + " of the loss.")


def arrows(found: Mapping[str, Mapping[str, tuple[float, float]]]) -> Described:
    """Gradients of some of a batch as arrows beside that of the whole, which points to the right and is 1 long.

    Parameters
    ----------
    found : mapping of str to mapping of str to (float, float)
        For each panel the names of the arrows, each with its cosine and its length.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(found), figsize=(9, 3.4), squeeze=False)
    figure.subplots_adjust(0.01, 0.35, 0.99, 0.9, wspace=0.04)
    said = []
    for axis, (title, parts) in zip(axes[0], found.items(), strict=True):
        for (name, (cosine, length)), (dash, _) in zip({"all": (1.0, 1.0), **parts}.items(), STYLES, strict=False):
            colour, drawn = COLOURS["muted"] if name == "all" else INK, min(length, LONGEST)
            end = np.array([cosine, np.sqrt(max(0.0, 1 - cosine**2))]) * drawn
            look = {"linestyle": dash, "linewidth": 5 if name == "all" else 2, "color": colour}
            axis.plot([0, end[0]], [0, end[1]], **look)
            head = {"arrowstyle": "-|>", "color": colour, "mutation_scale": 16}
            axis.annotate("", 1.03 * end, 0.999 * end, arrowprops=head)
            cut = ", drawn shorter" if length > drawn else ""
            axis.plot([], [], **look, label=f"{name}: cosine {cosine:.2f},\n{length:.2f} long{cut}")
        axis.set(xlim=(-0.7 * LONGEST, 1.1 * LONGEST), ylim=(-0.15, LONGEST), aspect="equal", title=title)
        axis.axis("off")
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), frameon=False, fontsize=9)
        said.append(f"{title}: " + ", ".join(f"{name} cosine {cosine:.2f}, {length:.2f} times as long"
                                             for name, (cosine, length) in parts.items()))  # fmt: skip
    text = "Gradients as arrows from one point; that of all samples points right and is 1 long. "
    return with_alt(figure, text + "; ".join(said) + ".")


def curves(steps: Sequence[int], found: Mapping[str, NDArray[Any]], what: str) -> Described:
    """What several ways of training have reached after so many steps: the mean, and a pale mark for each seed.

    Parameters
    ----------
    steps : sequence of int
        When it was measured.
    found : mapping of str to (len(steps), S)
        Each way's name, and its measurements.
    what : str
        For the axis.
    """
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7.2, 3.2), layout="constrained")
    near = np.geomspace(0.95, 1.05, len(found))  # so that no mark hides another's
    for by, (name, values), (dash, mark) in zip(near, found.items(), STYLES, strict=False):
        axis.plot(np.array(steps) * by, values, mark, color=COLOURS["muted"], markersize=4, alpha=0.5)
        axis.plot(np.array(steps) * by, values.mean(axis=1), dash + mark, color=INK, markersize=6, label=name)
    axis.set(xscale="log", xlabel="steps of training", ylabel=what)
    axis.set_xticks(steps, [str(step) for step in steps])
    axis.minorticks_off()
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    means = "; ".join(f"{name}: " + ", ".join(f"{value:.2f}" for value in values.mean(axis=1))
                      for name, values in found.items())  # fmt: skip
    seeds = next(iter(found.values())).shape[1]
    text = f"{what} after {', '.join(map(str, steps))} steps, with {seeds} seeds each. Means: {means}."
    return with_alt(figure, text)


def wrong_among(losses: NDArray[Any], wrong: NDArray[np.bool_], marked: Sequence[float]) -> Described:
    """Which part of the kept samples is wrongly labelled, for every share that may be kept, and how hard those pull.

    Parameters
    ----------
    losses, wrong : (N,), bool (N,)
        What each sample costs by its label, and whether that label is wrong.
    marked : sequence of float
        The shares at which a number stands.
    """
    import matplotlib.pyplot as plt

    order = np.argsort(-losses, kind="stable")
    slope = 1 - np.exp(-losses[order])  # how hard each pulls: 1 - (probability of the label)
    kept = np.arange(1, len(losses) + 1)
    share = np.cumsum(wrong[order]) / kept
    pull = np.cumsum(slope * wrong[order]) / np.cumsum(slope)
    figure, axis = plt.subplots(figsize=(7.2, 2.9), layout="constrained")
    said = []
    ways = (share, "-", (3, -14), "of the kept samples"), (pull, "--", (-3, 7), "of what pulls at the net")
    for values, dash, beside_it, name in ways:  # numbers: where neither curve runs
        axis.plot(kept / len(kept), values, dash, color=COLOURS["landmark"], linewidth=2, label=name)
        at = [max(0, int(part * len(kept)) - 1) for part in marked]
        axis.plot(kept[at] / len(kept), values[at], "o", color=COLOURS["landmark"])
        for k in at:
            axis.annotate(f"{values[k]:.0%}", (kept[k] / len(kept), values[k]), xytext=beside_it,
                          textcoords="offset points", ha="left" if dash == "-" else "right", fontsize=9)  # fmt: skip
        said.append(f"{name} " + ", ".join(f"{values[k]:.0%}" for k in at))
    axis.set(
        xlim=(1.08, -0.01), ylim=(-0.12, 1.12), yticks=(0, 0.5, 1), xlabel="share that is kept", ylabel="wrong labels"
    )
    axis.set_xticks([*marked], [f"{part:.0%}" for part in marked])
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.04, 0.95))
    where = ", ".join(f"{part:.0%}" for part in marked)
    return with_alt(figure, f"The part that wrong labels make up, where {where} is kept: {'; '.join(said)}.")


def share_of_the_easiest(slopes: Mapping[str, ArrayLike], dropped: float = 0.3) -> Described:
    """Which part of all slopes the easiest samples hold, for every share of them: a curve for each task.

    Parameters
    ----------
    slopes : mapping of str to (N,)
        Each task's name, and how hard each sample pulls.
    dropped : float
        The share at which a number stands.
    """
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6, 2.8), layout="constrained")
    said = []
    for (name, values), (dash, mark) in zip(slopes.items(), STYLES[1:], strict=False):
        ordered = np.sort(np.asarray(values))
        part = np.arange(1, len(ordered) + 1) / len(ordered)
        held = np.cumsum(ordered) / ordered.sum()
        at = int(dropped * len(ordered)) - 1
        axis.plot(part, held, dash, color=INK, label=name)
        axis.plot(part[at], held[at], mark, color=INK)
        axis.annotate(f"{held[at]:.1%}", (part[at], held[at]), xytext=(-4, 6), textcoords="offset points", ha="right")
        said.append(f"of the {name} loss {held[at]:.1%}")
    axis.axvline(dropped, color=COLOURS["muted"], linewidth=1)
    axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="share of the samples, the easiest first", ylabel="share of the slope")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    return with_alt(figure, f"The easiest {dropped:.0%} hold so much of the slope: {', '.join(said)}.")
