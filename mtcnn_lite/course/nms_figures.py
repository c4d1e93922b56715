"""The figures of chapter 01: steps of NMS on a photo and on paper, and what a threshold or a sigma leaves."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mtcnn_lite.boxes import Floats, iou
from mtcnn_lite.cascade.record import Indices
from mtcnn_lite.course.explorers.suppression import NMSStep, Pool, draw_step, film, found, view, weights
from mtcnn_lite.draw import COLOURS, INK, Described, at_height, beside, new_axes, rendered, with_alt
from mtcnn_lite.nms import MEASURES, soft_nms

# Blue, orange and green are the nets', so that outcomes and methods have other colours.
LOST, RIGHT, EXTRA = COLOURS["landmark"], INK, COLOURS["muted"]  # a face too few, one box a face, more
METHODS = {"greedy": COLOURS["muted"], "linear": "#CC79A7", "gaussian": INK}
SIGMAS = np.arange(0.05, 2.0001, 0.05)
THRESHOLDS = np.arange(0, 1.0001, 0.05)
ON_PAPER = 240, 12  # px: width of a drawing without a photo, and the margin round its boxes


def overlaps_with_best(pool: Pool, threshold: float) -> Described:
    """The first step: the numbered boxes, and each one's IoU with row 0, the best, as a bar."""
    first = view(pool.boxes, pool.scores, "greedy", threshold, 0.5, 1)
    overlaps = iou(pool.boxes[:1], pool.boxes)[0]  # (N,)
    photo, zoom = at_height(pool.image, 330)
    rows = np.arange(len(overlaps))
    tints = [COLOURS[pool.stage]] + [LOST if o > threshold else EXTRA for o in overlaps[1:]]
    bars = new_axes(4.6, 3.3)
    bars.barh(rows, overlaps, color=tints)
    for k, overlap in enumerate(overlaps):
        bars.text(overlap + 0.01, k, f"{overlap:.2f}", va="center", fontsize=9)
    bars.axvline(threshold, color=INK, linestyle="--", linewidth=1)
    names = [f"box {k}, score {score:.3f}" for k, score in enumerate(pool.scores)]
    bars.set(yticks=rows, yticklabels=names, xlim=(0, 1.15), xlabel="IoU with box 0; dashed: the threshold")
    bars.invert_yaxis()
    panels = [draw_step(photo, pool.boxes * zoom, first, pool.stage), rendered(bars)]
    figure = beside(panels, ["box 0 is the best; crossed out: what goes"], height=330)
    said = ", ".join(f"box {k} {overlap:.2f}" for k, overlap in enumerate(overlaps[1:].tolist(), 1))
    gone = f"{len(first.removed)} of {len(rows) - 1} lie above the threshold of {threshold:g} and are crossed out"
    return with_alt(figure, f"Numbered boxes on a face, and their IoU with box 0: {said}; {gone}.")


def film_strip(pool: Pool, threshold: float, height: int = 240) -> Described:
    """Greedy NMS as panels: each step, and what is left.

    Parameters
    ----------
    pool : Pool
        Of up to a dozen boxes, which then are numbered.
    threshold : float
        0 to 1.
    height : int
        Of a panel, px.
    """
    last = len(film(pool.boxes, pool.scores, "greedy", threshold, 0.5).best)
    photo, zoom = at_height(pool.image, height)
    panels, captions = [], list[str]()
    for step in range(1, last + 1):
        now = view(pool.boxes, pool.scores, "greedy", threshold, 0.5, step)
        panels.append(draw_step(photo, pool.boxes * zoom, now, pool.stage))
        rows = ", ".join(map(str, sorted(now.removed.tolist()))) or "none"
        captions.append(f"step {step}: keeps box {now.best},\nremoves {rows}")
    panels.append(draw_step(photo, pool.boxes * zoom, _still(now.kept), pool.stage))
    captions.append(f"the end:\n{' and '.join(map(str, now.kept.tolist()))} are left")
    return with_alt(beside(panels, captions, height=height), "Greedy NMS step by step. " + said_in_line(captions))


def by_measure(pool: Pool, rows: Sequence[int], threshold: float) -> Described:
    """What greedy NMS leaves of two boxes where it measures IoU, and where it measures over the smaller.

    Parameters
    ----------
    pool : Pool
        Of up to a dozen boxes, which then are numbered.
    rows : sequence of int
        Which two, the better one first.
    threshold : float
        0 to 1.
    """
    boxes, scores = pool.boxes[list(rows)], pool.scores[list(rows)]
    photo, zoom = at_height(pool.image, 250)
    panels, captions = [], list[str]()
    for name, measure in (("IoU", "iou"), ("over the smaller", "iom")):
        end = view(boxes, scores, "greedy", threshold, 0.5, len(boxes), measure)
        kept = np.array(rows)[end.kept]
        panels.append(draw_step(photo, pool.boxes * zoom, _still(kept), pool.stage))
        many = "both stay" if len(kept) == len(boxes) else f"only box {kept[0]} stays"
        captions.append(f"{name} {MEASURES[measure](boxes[:1], boxes[1:]).item():.2f}: {many}")
    alt = f"Boxes {' and '.join(map(str, rows))}, threshold {threshold:g}. {said_in_line(captions)}"
    return with_alt(beside(panels, captions, height=250), alt)


def _still(kept: Indices, removed: Indices | None = None) -> NMSStep:
    """A step to draw of which only these boxes show."""
    none = np.zeros(0, np.int64)
    return NMSStep(-1, kept, none if removed is None else removed, none, none, np.zeros(0, np.float32), 0)


def said_in_line(captions: Sequence[str]) -> str:
    """Captions as one sentence."""
    return "; ".join(caption.replace("\n", " ") for caption in captions) + "."


def on_paper(boxes: ArrayLike, scores: Sequence[ArrayLike], threshold: float, says: Sequence[str]) -> Described:
    """A few boxes without a photo, all steps of greedy NMS in one drawing: kept in colour, removed crossed out.

    Parameters
    ----------
    boxes : (N, 4)
        Units of any size, from 0 on.
    scores : sequence of (N,)
        A panel for each.
    threshold : float
        0 to 1.
    says : sequence of str
        What stands above each panel.
    """
    width, margin = ON_PAPER
    placed = np.asarray(boxes, np.float64)
    placed = placed * (width - 2 * margin) / placed[:, 2].max() + margin
    blank = np.full((round(placed[:, 3].max()) + margin, width, 3), 255, np.uint8)
    panels, fates = [], list[str]()
    for row in scores:
        end = view(placed, row, "greedy", threshold, 0.5, len(placed))
        gone = np.setdiff1d(np.arange(len(placed)), end.kept)
        panels.append(draw_step(blank, placed, _still(end.kept, gone), "pnet"))
        fates.append(f"kept {', '.join(map(str, sorted(end.kept.tolist())))}")
    captions = [f"{text}:\n{fate}" for text, fate in zip(says, fates, strict=True)]
    picture = beside(panels, captions, height=len(blank), gap=40)
    picture.flat = True
    return with_alt(picture, f"{len(placed)} boxes in a row, with two sets of scores. " + said_in_line(captions))


def factors(marked: float, threshold: float = 0.3, sigmas: Sequence[float] = (0.1, 0.5, 1.0)) -> Described:
    """What an overlap multiplies a score by, in greedy NMS and Soft-NMS.

    Parameters
    ----------
    marked : float
        An overlap at which a line stands, that of the two faces.
    threshold : float
        Of greedy and linear.
    sigmas : sequence of float
        Of gaussian, three of them.
    """
    import matplotlib.pyplot as plt

    overlap = np.linspace(0, 1, 501, dtype=np.float32)
    figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
    lines = [("greedy", 0.5, "-", 5), ("linear", 0.5, "--", 2.5)]
    lines += [("gaussian", sigma, style, 1.8) for sigma, style in zip(sigmas, (":", "-", "-."), strict=True)]
    for method, sigma, style, width in lines:
        name = f"gaussian, sigma {sigma}" if method == "gaussian" else f"{method}, threshold {threshold}"
        line = weights(overlap, method, threshold, sigma)
        axes.plot(overlap, line, style, color=METHODS[method], linewidth=width, label=name)
    axes.axvline(marked, color=LOST, linewidth=1)
    axes.annotate("the two faces", (marked, 1.03), xytext=(4, 0), textcoords="offset points")
    axes.set(xlabel="overlap with the best box", ylabel="score is multiplied by", xlim=(0, 1), ylim=(-0.03, 1.13))
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    at = np.array([marked], np.float32)
    leaves = {method: weights(at, method, threshold, 0.5).item() for method in ("greedy", "linear", "gaussian")}
    said = ", ".join(f"{method} {factor:.2f}" for method, factor in leaves.items())
    text = "Greedy drops from 1 to 0 at its threshold; linear steps down and falls to 0; gaussian falls gradually."
    return with_alt(figure, f"{text} At an overlap of {marked:.2f} they leave of the score: {said} (sigma 0.5).")


def lowered_scores(pool: Pool, lowered: dict[str, Floats], cut: float) -> Described:
    """Each box's score as it came, and what each method has left of it, the boxes of each face together.

    Parameters
    ----------
    pool : Pool
        Of two faces.
    lowered : dict of str to (N,)
        The scores after each of two METHODS, by its name.
    cut : float
        A dashed line: what a score must reach.
    """
    import matplotlib.pyplot as plt

    face = pool.face()
    order = np.concatenate([np.flatnonzero(face == k) for k in range(len(pool.faces))])
    places = np.arange(len(order)) + 0.8 * face[order]  # a gap between the faces
    figure, axes = plt.subplots(figsize=(8, 2.9), layout="constrained")
    axes.bar(places, pool.scores[order], 0.86, color=COLOURS["unused"], label="as they came")
    for shift, (name, scores) in zip((-0.2, 0.2), lowered.items(), strict=True):
        axes.bar(places + shift, scores[order], 0.36, color=METHODS[name], label=name)
    axes.axhline(cut, color=INK, linestyle="--", linewidth=1)
    axes.set(xticks=places, xticklabels=[f"box {k}" for k in order], ylabel="score", ylim=(0, 1.05))
    for k, name in enumerate(("on the face in front", "on the face behind")):
        axes.text(places[face[order] == k].mean(), 1.08, name, ha="center")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    over = {name: ", ".join(map(str, np.flatnonzero(scores >= cut))) for name, scores in lowered.items()}
    said = "; ".join(f"{name} leaves boxes {rows} at {cut:g} or more" for name, rows in over.items())
    return with_alt(figure, f"The scores of {len(order)} boxes before and after Soft-NMS: {said}.")


def sweep(pool: Pool, *methods: str, cut: float = 0.5) -> Described:
    """How many boxes are left at each threshold of greedy NMS, or at each sigma of gaussian Soft-NMS.

    Parameters
    ----------
    pool : Pool
        With its faces.
    *methods : "greedy", "gaussian"
        A panel for each.
    cut : float
        The score that a box must have after Soft-NMS.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        1, len(methods), figsize=(0.4 + 4 * len(methods), 3), layout="constrained", sharey=True, squeeze=False
    )
    said, axes = list[str](), axes[0]
    for axis, method in zip(axes, methods, strict=True):
        if method == "greedy":
            name, stops = "greedy NMS: threshold", THRESHOLDS
            kept = [view(pool.boxes, pool.scores, "greedy", t, 0.5, len(pool.boxes)).kept for t in stops]
        else:
            name, stops = f"Soft-NMS: sigma (score at least {cut:g})", SIGMAS
            kept = [np.flatnonzero(soft_nms(pool.boxes, pool.scores, sigma=s) >= cut) for s in stops]
        outcomes = [found(pool.face(), each) for each in kept]  # faces found, boxes too many
        tints = [LOST if faces < len(pool.faces) else EXTRA if extra else RIGHT for faces, extra in outcomes]
        axis.bar(stops, [len(each) for each in kept], 0.7 * (stops[1] - stops[0]), color=tints)
        axis.set(xlabel=name, yticks=range(0, len(pool.boxes) + 1, 2), xlim=(0, stops[-1] + 0.04))
        axis.set_xticks(np.linspace(0, stops[-1], 5))
        right = [stop for stop, tint in zip(stops, tints, strict=True) if tint == RIGHT]
        said.append(f"{name} from {min(right):.2f} to {max(right):.2f}")
    axes[0].set_ylabel("boxes left")
    for colour, name in ((LOST, "a face is lost"), (RIGHT, "one box a face"), (EXTRA, "copies are left")):
        axes[0].bar([0.5], [0], color=colour, label=name)
    axes[0].legend(frameon=False, loc="upper left")
    text = f"One box for each face: {', '.join(said)}. Below that a face is lost, above it copies are left"
    return with_alt(figure, f"How many boxes are left. {text}.")


def cut_curves(cuts: ArrayLike, after: Sequence[int], before: Sequence[int]) -> Described:
    """How many boxes are left of those cut at a score after NMS, and of those cut before it.

    Parameters
    ----------
    cuts : (N,)
        The scores, ascending.
    after, before : sequence of int
        Boxes left at each, N numbers.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5.4, 2.8), layout="constrained")
    axes.plot(cuts, after, color=EXTRA, linewidth=6, label="NMS, then cut")
    axes.plot(cuts, before, color=INK, linewidth=1.8, label="cut, then NMS")
    axes.set(xlabel="score at least", ylabel="boxes left", ylim=(0, None))
    axes.legend(frameon=False)
    where = "everywhere" if list(after) == list(before) else "not everywhere"
    text = (
        f"Boxes left at each cut, from {after[0]} down to {after[-1]}: cut after NMS and before it, they are the same"
    )
    return with_alt(figure, f"{text} {where}.")
