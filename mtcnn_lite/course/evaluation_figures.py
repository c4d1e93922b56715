"""The figures of chapter 10: curves with their area, what each net lets through, ranges and how often they hold."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import square_boxes
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.coordinates import PIXEL_CENTRE
from mtcnn_lite.course.loss_figures import SIDE, points_off
from mtcnn_lite.course.redrawn import matched_points
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, INK, PAPER, Described, new_axes, rendered, with_alt
from mtcnn_lite.evaluation import FAILURE, Reached, landmark_error
from mtcnn_lite.images import crop_windows
from mtcnn_lite.net_names import NET_TITLES
from mtcnn_lite.pyramid import halvings

STYLES = {"pnet": "-", "rnet": "--", "onet": "-."}
Z = 1.96  # standard errors to either side, for 95%


def curve_and_area(scores: ArrayLike, precision: ArrayLike, recall: ArrayLike) -> Described:
    """Precision and recall after each of N detections, best first, and the area under the precision envelope.

    Parameters
    ----------
    scores, precision, recall : (N,)
        Of each detection; precision and recall count all up to it.
    """
    said, p, r = (np.asarray(each, np.float64) for each in (scores, precision, recall))
    envelope = np.maximum.accumulate(p[::-1])[::-1]  # (N,)
    area = float((np.diff(r, prepend=0) * envelope).sum())
    axes = new_axes(6.4, 3.6)
    axes.fill_between(np.append(0, r), np.append(p.max(), envelope), step="pre", color=COLOURS["onet"], alpha=0.18)
    axes.step(np.append(0, r), np.append(p.max(), envelope), color=COLOURS["onet"], linewidth=2, label="envelope")
    axes.plot(r, p, "o--", color=INK, linewidth=1, markersize=4, label="after each detection")
    for score, x, y, top in zip(said, r, p, envelope, strict=True):
        place = (4, 4) if y == top else (4, -11)  # under the envelope
        axes.annotate(f"{score:.2f}", (x, y), xytext=place, textcoords="offset points", fontsize=8)
    axes.set(xlim=(0, 1), ylim=(0, 1.1), xlabel="recall", ylabel="precision", title=f"the area, AP: {area:.3f}")
    axes.legend(loc="lower left")
    told = ", ".join(f"{a:.2f} and {b:.2f} at {score:.2f}" for score, a, b in zip(said, p, r, strict=True))
    text = f"Precision and recall after each detection: {told}. The area under the envelope is {area:.3f}."
    return with_alt(rendered(axes), text)


def let_through(nets: Mapping[str, Reached], thresholds: Sequence[float], usual: Mapping[str, Reached]) -> Described:
    """Recall over boxes a photo after each net, on a logarithmic axis; dots: at the usual thresholds of all three.

    Parameters
    ----------
    nets : mapping of str to Reached
        By name, of a run at low thresholds.
    thresholds : sequence of float
        The usual ones, of P-Net, R-Net and O-Net.
    usual : mapping of str to Reached
        The same of a run at these.
    """
    axes, told = new_axes(6.8, 3.6), []
    for (name, left), threshold in zip(nets.items(), thresholds, strict=True):
        boxes, recall = left.curve()
        says = f"after {NET_TITLES[name]}"
        axes.plot(boxes, recall, STYLES[name], color=COLOURS[name], linewidth=2, label=says)
        at = usual[name].boxes(), usual[name].recall()
        axes.plot(*at, "o", color=COLOURS[name], markeredgecolor=INK, markersize=8)
        told.append(f"{says}, at {threshold:g}, {at[1]:.2f} in {at[0]:.1f} boxes a photo")
    axes.set(xscale="log", ylim=(0, 1.05), xlabel="boxes a photo", ylabel="recall")
    axes.set_title("further left is better; dots: the usual thresholds")
    axes.legend(loc="lower right")
    return with_alt(rendered(axes), f"Recall over boxes a photo. {'; '.join(told)}.")


def histogram_of_draws(values: NDArray[np.float64], bounds: tuple[float, float], what: str) -> Described:
    """What the draws gave, the middle 95% of them, and the line of no difference.

    Parameters
    ----------
    values : (D,)
        One a draw.
    bounds : (float, float)
        The ends of the 95%.
    what : str
        What was drawn, for the axis.
    """
    axes = new_axes(6.4, 3.0)
    axes.hist(values, bins=30, color=COLOURS["muted"], edgecolor=PAPER)
    axes.axvline(0, color=INK, linewidth=1)
    top = axes.get_ylim()[1]
    axes.plot(bounds, [0.93 * top] * 2, "|-", color=INK, linewidth=3, markersize=14)
    axes.annotate("95%", (float(np.mean(bounds)), 0.96 * top), ha="center", color=INK)
    axes.set(xlabel=what, ylabel="draws", title=f"{len(values):,} draws of the same photos", ylim=(0, 1.1 * top))
    low, high = bounds
    text = f"{what}, in {len(values):,} draws: 95% of them from {low:+.3f} to {high:+.3f}."
    return with_alt(rendered(axes), f"{text} In {(values <= 0).sum()} it is not over 0.")


def coverage(
    ranges: NDArray[np.float64], truth: float, shares: Mapping[str, Mapping[int, Sequence[bool]]], what: str
) -> Described:
    """Ranges beside the truth, those that miss it in vermilion; and how often ranges of how many photos hold it.

    Parameters
    ----------
    ranges : (K, 2)
        Lower and upper ends, for the left panel.
    truth : float
        What they should hold.
    shares : mapping
        By figure, then by number of photos: whether each range held its truth.
    what : str
        The left panel's figure.
    """
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.7), layout="constrained")
    hold = (ranges[:, 0] <= truth) & (truth <= ranges[:, 1])
    for row, (ends, good) in enumerate(zip(ranges, hold, strict=True)):
        left.plot(ends, [row] * 2, color=COLOURS["muted" if good else "landmark"], linewidth=2 if good else 3)
    left.axvline(truth, color=INK, linewidth=1.5)
    left.set(yticks=[], xlabel=what, title=f"{hold.sum()} of {len(ranges)} ranges hold the truth")
    told = []
    for (name, by_count), mark, shift in zip(shares.items(), "os", (-0.06, 0.06), strict=False):
        counts = np.array([*by_count])
        share = np.array([np.mean(held) for held in by_count.values()])
        error = np.array([np.std(held) / np.sqrt(len(held)) for held in by_count.values()])
        right.errorbar(np.arange(len(counts)) + shift, share, Z * error, fmt=mark, color=INK, capsize=4,
                       markerfacecolor=INK if mark == "o" else PAPER, label=name)  # fmt: skip
        told.append(f"{name}: " + ", ".join(f"{s:.0%} of {n} photos" for n, s in zip(counts, share, strict=True)))
    right.axhline(0.95, color=INK, linewidth=1, linestyle="--")
    right.set(xticks=range(len(counts)), xticklabels=counts, xlabel="photos a range was made of", ylim=(0.4, 1.01))
    right.set(
        ylabel="hold the truth", title=f"dashed: 95%, the promise; bars: {len(next(iter(by_count.values())))} trials"
    )
    right.legend(loc="lower right")
    text = f"Left, {hold.sum()} of {len(ranges)} ranges hold the truth, {truth:.3f}. Right, how often ranges do, "
    return with_alt(figure, f"{text}by photos. {'; '.join(told)}.")


def recall_by_size(rows: Mapping[str, Sequence[tuple[float, float, float]]], bands: Sequence[str]) -> Described:
    """Recall with its range in each band of sizes: for each row of photos (recall, low, high) in each band.

    Parameters
    ----------
    rows : mapping of str to (recall, low, high) of each band
        What is compared: few photos, then many.
    bands : sequence of str
        The names of the bands.
    """
    axes, told = new_axes(6.4, 3.2), []
    for k, (name, values) in enumerate(rows.items()):
        middle, low, high = np.array(values).T
        at = np.arange(len(bands)) + 0.24 * (k - (len(rows) - 1) / 2)
        inside = PAPER if k == 0 else COLOURS["onet"]
        axes.errorbar(at, middle, [middle - low, high - middle], fmt="os"[k], color=COLOURS["onet"], capsize=5,
                      linewidth=2, markersize=7, markerfacecolor=inside, label=name)  # fmt: skip
        told.append(f"{name}: " + ", ".join(f"{m:.2f} ({a:.2f} to {b:.2f})" for m, a, b in values))
    axes.set(xticks=range(len(bands)), xticklabels=bands, ylim=(0, 1.03), ylabel="recall")
    axes.set_title("recall by the face's shorter side, with 95% ranges")
    axes.legend(loc="lower right")
    return with_alt(rendered(axes), f"Recall by size ({', '.join(bands)}). {'; '.join(told)}.")


def band(x: ArrayLike, middle: ArrayLike, low: ArrayLike, high: ArrayLike, says: tuple[str, str]) -> Described:
    """A curve (N,) with its range, and what its axes are called; the values stand in the alt text.

    Parameters
    ----------
    x, middle, low, high : (N,)
        The curve, and the ends of its range.
    says : (str, str)
        The axes' names: along, and up.
    """
    axes = new_axes(6.4, 3.0)
    axes.fill_between(np.asarray(x), np.asarray(low), np.asarray(high), color=COLOURS["onet"], alpha=0.22)
    axes.plot(x, middle, "o-", color=COLOURS["onet"], linewidth=2)
    axes.set(xlabel=says[0], ylabel=says[1], ylim=(0, 1.03))
    told = ", ".join(f"{value:.2f} at {at:g}" for at, value in zip(np.asarray(x), np.asarray(middle), strict=True))
    return with_alt(rendered(axes), f"{says[1]} over {says[0]}, with its 95% range: {told}.")


def cumulative_errors(groups: Mapping[str, Sequence[NDArray[np.float32]]], draws: int = 200) -> Described:
    """The share of all faces whose landmark error is at most e, over e, with its range over draws of the photos.

    Parameters
    ----------
    groups : mapping of str to (errors of the faces of each photo)
        Infinity for a face that is not found; at most two groups.
    draws : int
        Of the photos.
    """
    axes, at, told = new_axes(6.8, 3.6), np.linspace(0, 0.2, 81), []
    for (name, photos), (colour, line) in zip(groups.items(), ((INK, "-"), (COLOURS["muted"], "--")), strict=False):
        good = np.array([[(each <= e).sum() for e in at] for each in photos])  # (photos, 81)
        faces = np.array([len(each) for each in photos])
        times = np.random.default_rng(0).multinomial(len(photos), np.full(len(photos), 1 / len(photos)), draws)
        drawn = times @ good / np.maximum(times @ faces, 1)[:, None]  # (draws, 81)
        share = good.sum(axis=0) / faces.sum()
        axes.fill_between(at, *np.quantile(drawn, [0.025, 0.975], axis=0), color=colour, alpha=0.2)
        axes.plot(at, share, line, color=colour, linewidth=2, label=name)
        inside = np.concatenate([np.clip(1 - each / FAILURE, 0, 1) for each in photos]).mean()
        low, high = np.quantile([_area(photos, each) for each in times], [0.025, 0.975])
        told.append(f"{name}, {np.interp(FAILURE, at, share):.0%} of {faces.sum()} faces within {FAILURE}, area "
                    f"{inside:.2f} ({low:.2f} to {high:.2f})")  # fmt: skip
    axes.axvline(FAILURE, color=INK, linewidth=1, linestyle=":")
    axes.set(xlim=(0, 0.2), ylim=(0, 1), xlabel="landmark error, eye distances", ylabel="share of all faces")
    axes.set_title("faces with an error of at most so much; dotted: failed beyond")
    axes.legend(loc="upper left")
    return with_alt(rendered(axes), f"Cumulative landmark errors. {'; '.join(told)}.")


def _area(photos: Sequence[NDArray[np.float32]], times: NDArray[np.int64]) -> float:
    """The area under the cumulative errors up to FAILURE, as a share of the whole, in one draw."""
    sums = np.array([np.clip(1 - each / FAILURE, 0, 1).sum() for each in photos])
    return float(times @ sums / max(times @ np.array([len(each) for each in photos]), 1))


def halves(chose: NDArray[np.float64], verified: NDArray[np.float64], most: float, photos: int) -> Described:
    """False alarms a photo at a chosen threshold, on the half that chose and on the half that verified.

    Parameters
    ----------
    chose, verified : (H,)
        Of each split.
    most : float
        How many are allowed.
    photos : int
        Of a half: its false alarms are whole numbers over it.
    """
    axes = new_axes(6.8, 3.0)
    bins = ((np.arange(round(max(chose.max(), verified.max()) * photos) + 2) - 0.5) / photos).tolist()
    axes.hist(chose, bins=bins, color=COLOURS["muted"], label="on the half that chose")
    axes.hist(verified, bins=bins, histtype="step", color=INK, linewidth=2, label="on the other half")
    axes.axvline(most + 0.5 / photos, color=COLOURS["landmark"], linewidth=2, label="at most so many allowed")
    axes.set(xlabel="false alarms a photo", ylabel="splits", title=f"{len(chose)} ways to split the photos in halves")
    axes.legend(loc="upper right")
    text = (
        f"{len(chose)} splits. False alarms a photo: {chose.mean():.2f} on average on the half that chose, never over "
        f"{most:g}; {verified.mean():.2f} on the other half, over {most:g} in {(verified > most + 1e-9).sum()} splits."
    )
    return with_alt(rendered(axes), text)


def by_error(pairs: Sequence[tuple[Faces, LabelledPhoto]], count: int) -> Described:
    """Some found faces from the least landmark error to the largest, with their labels (yellow) and points (vermilion).

    Parameters
    ----------
    pairs : sequence of (Faces, LabelledPhoto)
        What was found in each photo.
    count : int
        How many faces, evenly spread over the order of their errors.
    """
    found, labels, places = matched_points(pairs)
    errors = landmark_error(found, labels)  # (K,)
    some = np.argsort(errors)[np.linspace(0, len(errors) - 1, count).astype(int)]
    crops = []
    said, targets = list[NDArray[np.float32]](), list[NDArray[np.float32]]()
    for k in some:
        photo, box = places[k]
        window = square_boxes(box[None] + np.array([-4, -4, 4, 4], np.float32))[0]  # (4,)
        crops.append(crop_windows(halvings(photo.image(), smallest=1), window[None], SIDE)[0])
        for to, points in ((said, found[k]), (targets, labels[k])):
            to.append(((points + PIXEL_CENTRE - window[:2]) / (window[2] - window[0])).T.reshape(-1))
    return points_off(np.array(crops), said, targets, [f"error {errors[k]:.2f}" for k in some])


def differences(rows: Mapping[str, tuple[float, float, float]], what: str) -> Described:
    """Each way's difference with the ends of its 95% range, (difference, low, high), beside the line of none."""
    axes, told = new_axes(7.4, 0.9 + 0.4 * len(rows)), []
    for k, (name, (middle, low, high)) in enumerate(rows.items()):
        at = len(rows) - 1 - k
        axes.plot([low, high], [at] * 2, "|-", color=INK, linewidth=2.5, markersize=10)
        axes.plot([middle], [at], "D", color=INK, markersize=5)
        middle = round(middle, 3) + 0.0  # no "-0.000"
        told.append(f"{name}: {middle:+.3f} ({low:+.3f} to {high:+.3f})")
    axes.axvline(0, color=COLOURS["muted"], linewidth=1)
    axes.set(yticks=range(len(rows)), yticklabels=[*rows][::-1], xlabel=what, ylim=(-0.6, len(rows) - 0.4))
    axes.spines[["top", "right"]].set_visible(False)
    return with_alt(rendered(axes), f"{what}, with 95% ranges. {'; '.join(told)}.")


def bars(values: Mapping[str, float], title: str, highest: float = 1.0) -> Described:
    """Numbers by name as bars, each with its number beside it.

    Parameters
    ----------
    values : mapping of str to float
        From the top.
    title : str
        What stands above.
    highest : float
        The end of the axis.
    """
    axes = new_axes(6.8, 0.7 + 0.34 * len(values))
    places = np.arange(len(values))[::-1]
    axes.barh(places, list(values.values()), color=COLOURS["muted"], height=0.6)
    for at, value in zip(places, values.values(), strict=True):
        axes.annotate(f" {value:.3f}", (value, at), va="center", color=INK)
    axes.set(yticks=places, yticklabels=[*values], xlim=(0, highest), title=title)
    axes.spines[["top", "right"]].set_visible(False)
    told = ", ".join(f"{name} {value:.3f}" for name, value in values.items())
    return with_alt(rendered(axes), f"Bars, {title}: {told}.")
