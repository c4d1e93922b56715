"""The figures of chapter 06: overlaps and sizes of windows, labels drawn back onto their crops, changed photos."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats, decode_offsets, iou
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import (
    COLOURS,
    INK,
    PAPER,
    Described,
    Pixels,
    at_height,
    beside,
    draw_boxes,
    draw_landmarks,
    tiled,
    with_alt,
)
from mtcnn_lite.sampling.sampler import KINDS, Samples

BOUNDS = {"negative": (0.0, 0.3), "nothing": (0.3, 0.4), "part": (0.4, 0.65), "positive": (0.65, 1.01)}
COLOUR = {"negative": "muted", "nothing": "unused", "part": "part", "positive": "face"}  # of each kind, in COLOURS
HATCH = {"nothing": "//", "part": ".."}
OCTAVES = (12, 24, 48, 96, 192, 384, 768)  # px: sides of windows are counted from each to the next
SETS = COLOURS["pnet"], COLOURS["muted"], INK  # of three sets of windows: the first is what P-Net looks at
MARGIN = 170  # brightness of what lies outside a crop


def overlaps(windows: Mapping[str, Floats], faces: Floats) -> Described:
    """How much windows overlap their faces, a histogram for each set of them, in the colours of the four kinds.

    Parameters
    ----------
    windows : mapping of str to float32 (N, 4)
        What stands above each histogram, and its windows.
    faces : float32 (M, 4)
        The highest IoU with one of them counts.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(windows), figsize=(8.4, 2.6), sharey=True, squeeze=False, layout="constrained")
    said = []
    for axis, (title, some) in zip(axes[0], windows.items(), strict=True):
        best = iou(some, faces).max(axis=1)
        shares = {}
        for kind, (low, high) in BOUNDS.items():
            inside = best[(best >= low) & (best < high)]
            shares[kind] = len(inside) / len(best)
            name = "used for nothing" if kind == "nothing" else kind
            axis.hist(
                inside, np.arange(0, 1.01, 0.025), color=COLOURS[COLOUR[kind]], hatch=HATCH.get(kind), edgecolor=PAPER,
                linewidth=0, label=f"{name} {shares[kind]:.0%}",
            )  # fmt: skip
        axis.set(xlabel="IoU with the face", title=title)
        axis.legend(fontsize=8)
        said.append(f"{title}: " + ", ".join(f"{share:.0%} {kind}" for kind, share in shares.items()))
    axes[0][0].set_ylabel("windows")
    return with_alt(figure, f"Histograms of {len(some):,} overlaps each. " + "; ".join(said) + ".")


def sizes(sides: Mapping[str, NDArray[Any]]) -> Described:
    """Which part of the windows has which side, in steps of a factor of two, a bar for each set of windows.

    Parameters
    ----------
    sides : mapping of str to (N,)
        What the legend says, and the windows' sides, px; three sets, the first of P-Net's own windows.
    """
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7.2, 2.8), layout="constrained")
    names = [f"{low}–{high}" for low, high in pairwise(OCTAVES)]
    wide, said = 0.8 / len(sides), []
    for k, (says, values) in enumerate(sides.items()):
        count = np.histogram(values, OCTAVES)[0]
        axis.bar(np.arange(len(count)) + (k - (len(sides) - 1) / 2) * wide, count / len(values), wide, label=says,
                 color=SETS[k], hatch=("", "//", "..")[k], edgecolor=PAPER)  # fmt: skip
        said.append(f"{says}: " + ", ".join(f"{share:.0%}" for share in count / len(values)))
    axis.set_xticks(range(len(names)), names)
    axis.set(xlabel="side of the window, px", ylabel="share of the windows", ylim=(0, 0.75))
    axis.legend(fontsize=9)
    return with_alt(figure, f"Windows by their side, {', '.join(names)} px. " + "; ".join(said) + ".")


def called_a_face(best: Floats, scores: Floats, threshold: float = 0.6) -> Described:
    """How often a net calls a window a face, by the window's overlap with one, with the bounds of the kinds.

    Parameters
    ----------
    best : float32 (N,)
        Each window's highest IoU with a face.
    scores : float32 (N,)
        What the net says of it.
    threshold : float
        From this score on it is a face.
    """
    import matplotlib.pyplot as plt

    edges = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8])
    inside = [(best >= low) & (best < high) for low, high in pairwise(edges)]
    shares = [float((scores[rows] >= threshold).mean()) for rows in inside]
    figure, axis = plt.subplots(figsize=(6.4, 2.6), layout="constrained")
    kinds = [next(kind for kind, (low, high) in BOUNDS.items() if low <= edge < high) for edge in edges[:-1]]
    axis.bar(edges[:-1], shares, np.diff(edges), align="edge", color=[COLOURS[COLOUR[kind]] for kind in kinds],
             hatch=[HATCH.get(kind) for kind in kinds], edgecolor=PAPER)  # fmt: skip
    for low, high, share in zip(edges[:-1], edges[1:], shares, strict=True):
        axis.text((low + high) / 2, share + 0.02, f"{share:.0%}", ha="center", fontsize=9)
    axis.set(xlabel="IoU of the window with the face", ylabel="called a face", ylim=(0, 1.15), yticks=(0, 0.5, 1))
    said = ", ".join(f"{share:.0%} from {low:g} on" for low, share in zip(edges[:-1], shares, strict=True))
    return with_alt(figure, f"Share of the windows that P-Net calls a face, by their overlap with one: {said}.")


def some_of_each(photo: LabelledPhoto, samples: Samples, most: int = 12) -> Described:
    """The photo three times, with some windows of each kind.

    Parameters
    ----------
    photo : LabelledPhoto
        Whose windows.
    samples : records of dtype SAMPLE
        As `sample` draws them.
    most : int
        Windows of a kind that are drawn, from the first to the last.
    """
    small, scale = at_height(photo.image(), 250)
    kinds = {"positive": "positive: a face", "part": "part: some of one", "negative": "negative: no face"}
    panels = []
    for kind in kinds:
        windows = samples["window"][samples["kind"] == KINDS.index(kind)]
        windows = windows[np.linspace(0, len(windows) - 1, min(most, len(windows))).astype(int)]  # of all faces
        panels.append(draw_boxes(small, windows * scale, COLOUR[kind]))
    return with_alt(beside(panels, [*kinds.values()], height=250), f"A photo with at most {most} windows of each kind: "
                    "positives and parts lie on faces, negatives beside them and anywhere.")  # fmt: skip


def labelled(crop: Pixels, offsets: Floats, landmarks: Floats, zoom: int = 3) -> Pixels:
    """A crop in a gray margin, enlarged, with what its targets say: the box in yellow, the points in vermilion.

    Parameters
    ----------
    crop : uint8 (s, s, 3)
        What the net sees.
    offsets, landmarks : float32 (4,), (5, 2)
        Its targets, in window sides; NaN where it has none.
    zoom : int
        Side of a pixel.
    """
    size, rim = len(crop), len(crop) // 3
    framed = np.pad(crop, ((rim, rim), (rim, rim), (0, 0)), constant_values=MARGIN)
    large = framed.repeat(zoom, axis=0).repeat(zoom, axis=1)
    whole = zoom * np.array([[rim, rim, rim + size, rim + size]])  # the window, as it lies there
    if np.isfinite(offsets).all():
        large = draw_boxes(large, decode_offsets(whole, offsets[None]), "truth")
    if np.isfinite(landmarks).all():
        large = draw_landmarks(large, zoom * (rim + landmarks * size) - 0.5)
    return large


def label_sheet(
    crops: Pixels, samples: Samples, faces: Floats, zoom: int = 3, height: int = 144, well: bool = True
) -> Described:
    """Crops in a row with their targets drawn on them, above each its overlap with its face.

    Parameters
    ----------
    crops : uint8 (N, s, s, 3)
        What the net sees.
    samples : N records of dtype SAMPLE
        Positives, parts or landmark samples.
    faces : float32 (M, 4)
        The photo's boxes.
    zoom, height : int
        Side of a crop's pixel, and of the row, px.
    well : bool
        Whether the labels fit, which the alt text says.
    """
    drawn = [
        labelled(crop, each["offsets"], each["landmarks"], zoom) for crop, each in zip(crops, samples, strict=True)
    ]
    overlap = [iou(each["window"][None], faces[[each["face"]]])[0, 0] for each in samples]
    names = [KINDS[each["kind"]] for each in samples]
    captions = [f"{name}\nIoU {value:.3f}" for name, value in zip(names, overlap, strict=True)]
    alt = f"{len(crops)} crops with their labels drawn on them: " + "; ".join(c.replace("\n", ", ") for c in captions)
    fits = "Box and points lie on the face in each" if well else "They miss the faces"
    return with_alt(beside(drawn, captions, height=height), f"{alt}. {fits}.")


def changed(photos: Mapping[str, LabelledPhoto], view: tuple[slice, slice], columns: int = 3) -> Described:
    """Versions of a photo with their labels; the eye and the mouth corner on the picture's left are white.

    Parameters
    ----------
    photos : mapping of str to LabelledPhoto
        What stands above each, and the version.
    view : (slice, slice)
        Which rows and columns are shown.
    columns : int
        How many stand side by side.
    """
    panels = []
    for photo in photos.values():
        picture = draw_landmarks(draw_boxes(photo.image(), photo.boxes, "truth", 3), photo.landmarks, radius=4)
        panels.append(draw_landmarks(picture, photo.landmarks[:, [0, 3]], "left", radius=4)[view])
    names = [*photos]
    rows = [beside(panels[k : k + columns], names[k : k + columns], height=180).pixels
            for k in range(0, len(names), columns)]  # fmt: skip
    widest = max(row.shape[1] for row in rows)
    filled = [np.pad(row, ((0, 8), (0, widest - row.shape[1]), (0, 0)), constant_values=255) for row in rows]
    alt = f"One labelled face in {len(names)} versions: {', '.join(names)}. Box and points follow the face in each."
    return with_alt(np.concatenate(filled), alt)


def degraded(rows: Mapping[str, Pixels], height: int = 62) -> Described:
    """Rows of crops, each with its name before it.

    Parameters
    ----------
    rows : mapping of str to uint8 (N, s, s, 3)
        What stands before each row, and its crops.
    height : int
        Of a row, px.
    """
    import matplotlib.pyplot as plt

    count = max(len(crops) for crops in rows.values())
    figure, axes = plt.subplots(len(rows), 1, figsize=((count * height + 90) / 100, len(rows) * height / 100 + 0.1))
    for axis, (name, crops) in zip(np.atleast_1d(axes), rows.items(), strict=True):
        axis.imshow(tiled(crops, columns=len(crops)), interpolation="nearest")
        axis.set_ylabel(name, rotation=0, ha="right", va="center")
        axis.set(xticks=[], yticks=[], frame_on=False)
    figure.subplots_adjust(0.14, 0.01, 0.99, 0.99, hspace=0.04)
    return with_alt(figure, f"The same {count} crops in {len(rows)} rows: {', '.join(rows)}.")


def proposals(photo: LabelledPhoto, windows: Floats, kind: NDArray[Any], hardest: Pixels) -> Described:
    """A net's proposals on the photo, positives and parts, and a sheet of the negatives that it is surest of.

    Parameters
    ----------
    photo : LabelledPhoto
        Whose proposals.
    windows, kind : float32 (N, 4), uint8 (N,)
        The proposals and what each is good for.
    hardest : uint8 (M, s, s, 3)
        Crops of negatives.
    """
    picture, by = at_height(photo.image(), 300)
    for name, line in (("part", 1), ("positive", 2)):
        picture = draw_boxes(picture, windows[kind == KINDS.index(name)] * by, COLOUR[name], line)
    count = {name: int((kind == KINDS.index(name)).sum()) for name in ("positive", "part", "negative")}
    captions = [f"{count['positive']} positives dark, {count['part']} parts pale",
                f"of {count['negative']} negatives, the {len(hardest)} it is surest of"]  # fmt: skip
    panels: Sequence[Pixels] = [picture, tiled(hardest, columns=4)]
    return with_alt(
        beside(panels, captions, height=300), "Windows that P-Net lets through: " + "; ".join(captions) + "."
    )
