"""Figures of P-Net, R-Net and O-Net, drawn from the nets themselves, each with an alt text that says what it shows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.course.activations import Layer, Net, activations, heads, layers
from mtcnn_lite.draw import COLOURS, INK, PAPER, Picture, beside, enlarged, new_axes, rendered, rgb, tiled
from mtcnn_lite.net_names import NET_TITLES

# ColorBrewer's PuOr, which people with any of the common colour-blindnesses can read: brown, white for 0, purple.
DIVERGING = ["#7F3B08", "#B35806", "#E08214", "#FDB863", "#FEE0B6", "#F7F7F7",
             "#D8DAEB", "#B2ABD2", "#8073AC", "#542788", "#2D004B"]  # fmt: skip
CROP = "#E4E4E4"  # the input's box
LEAST = 1e-6  # end of a scale, where all values are 0
MEANINGS = {"face": "face or not", "offsets": "box", "landmarks": "5 points"}
SLOT, LARGEST = 0.84, 0.95  # inches: room for a layer's label; the input's side
TOP, LABELS, BOTTOM = 0.62, -0.6, -1.2  # inches, up from the middle of all boxes
DENSE = 0.42, 0.1  # inches: half the height of a dense layer, and its depth
SHEET = 200  # px: the height of a layer's maps in a figure of them
JPEG_FROM = 48  # px: the maps of a net with such crops make half a megabyte of PNG


def architecture(net: Net) -> Picture:
    """The net's layers as boxes, from the crop to its heads, each with what it does and the shape of what comes out.

    A box is as high as its maps, and the deeper the more channels it has. The picture's `alt` says the same in words.
    """
    shown, colour = layers(net), COLOURS[_name(net)]
    sides = [LARGEST, *(LARGEST * layer.shape[1] / net.size for layer in shown)]
    depths = [_depth(3), *(DENSE[1] if layer.kind == "dense" else _depth(layer.shape[0]) for layer in shown)]
    labels = [f"crop\nRGB\n3×{net.size}×{net.size}", *map(_label, shown)]
    widths = [max(SLOT, side + depth + 0.2) for side, depth in zip(sides, depths, strict=True)]
    total = sum(widths) + 1.35
    axes = new_axes(total, TOP - BOTTOM)
    axes.set(xlim=(0, total), ylim=(BOTTOM, TOP))
    axes.set_aspect("equal")
    axes.axis("off")
    x, end = 0.0, 0.0
    for k, (side, depth, width, label) in enumerate(zip(sides, depths, widths, labels, strict=True)):
        middle = x + width / 2
        left = middle - (side + depth) / 2
        if k:
            _arrow(axes, (end, 0), (left - 0.03, 0))
        dense = k > 0 and shown[k - 1].kind == "dense"
        _cuboid(axes, left, DENSE[0] if dense else side / 2, side, depth, CROP if k == 0 else colour)
        axes.text(middle, LABELS, label, ha="center", va="top", fontsize=8, color=INK, linespacing=1.35)
        x, end = x + width, left + side + depth + 0.03
    ends = heads(net)
    for (name, count), y in zip(ends.items(), np.linspace(0.45, -0.45, len(ends)), strict=True):
        _arrow(axes, (end, 0), (x + 0.18, y))
        axes.text(x + 0.24, y, f"{name}: {count}\n{MEANINGS[name]}", ha="left", va="center", fontsize=8, color=INK)
    return Picture(rendered(axes), flat=True, alt=_architecture_in_words(net, shown, ends))


def receptive_field(net: Net) -> Picture:
    """The part of the crop that one cell of each layer depends on: nested squares on the pixels of the crop.

    They belong to one cell in the middle of each layer's maps. The picture's `alt` says the same in words.
    """
    shown, size = layers(net), net.size
    axes = new_axes(5.6, 3.3)
    axes.set(xlim=(-0.5, size * 1.62), ylim=(size + 0.5, -0.5))
    axes.set_aspect("equal")
    axes.axis("off")
    for at in range(size + 1):  # the pixels' edges
        for along in ([(at, at), (0, size)], [(0, size), (at, at)]):
            axes.plot(*along, color=PAPER, linewidth=0.5, alpha=0.6, zorder=2)
    largest = [layer for k, layer in enumerate(shown) if layer.field not in [one.field for one in shown[k + 1 :]]]
    for k, layer in enumerate(reversed(largest)):
        part = 1 - k / max(len(largest) - 1, 1)  # the largest square is the palest
        tint = tuple(1 - (1 - c / 255) * (0.25 + 0.75 * (1 - part)) for c in rgb(COLOURS[_name(net)]))
        start = _middle_cell(layer) * layer.step
        side = min(start + layer.field, size) - start
        axes.add_patch(_rectangle(start, start, side, side, tint))
        y = size * (0.06 + 0.88 * k / max(len(largest) - 1, 1))
        text = f"{layer.name}: {layer.field} × {layer.field} px"
        axes.annotate(text, (start + side, start + side * (0.5 if k == len(largest) - 1 else 0.1)), (size * 1.1, y),
                      fontsize=9, va="center", color=INK,
                      arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.8})  # fmt: skip
    said = ", ".join(f"{layer.name} {layer.field}" for layer in shown)
    alt = (
        f"Nested squares on the {size} by {size} pixels of {NET_TITLES[_name(net)]}'s crop: the pixels that one cell "
        f"of each layer depends on. Their sides in pixels: {said}."
    )
    return Picture(rendered(axes), flat=True, alt=alt)


def feature_maps(net: Net, crops: NDArray[np.uint8], names: Sequence[str]) -> Picture:
    """What each layer makes of some crops: a row a crop, with all channels of all layers, on one scale a layer.

    Purple is positive, brown negative, white 0. The picture's `alt` says the same in words.

    Parameters
    ----------
    net : PNet, RNet or ONet
        With its weights.
    crops : uint8 (N, size, size, 3)
        RGB, of the net's own size.
    names : sequence of str
        What each crop shows: "a face", "a leaf".
    """
    seen = activations(net, crops)
    if len(names) != len(crops):
        raise ValueError(f"names has {len(names)} entries; there are {len(crops)} crops")
    scales = [map_scale(maps) for maps in seen.maps]
    rows = list[Picture]()
    for k, crop in enumerate(crops):
        panels = [enlarged(crop, 192 // net.size)]
        panels += [sheet_of_maps(maps[k], scale) for maps, scale in zip(seen.maps, scales, strict=True)]
        heading = [f"{names[k]}: {seen.scores[k]:.2f}"]
        heading += [f"{layer.name}, ±{scale:g}" for layer, scale in zip(seen.layers, scales, strict=True)]
        rows.append(beside(panels, heading, height=SHEET))
    said = ", ".join(f"{layer.name} with {' × '.join(map(str, layer.shape))}" for layer in seen.layers)
    scores = " and ".join(f"{name} (score {score:.2f})" for name, score in zip(names, seen.scores, strict=True))
    alt = f"Feature maps of {NET_TITLES[_name(net)]} for {scores}, one row each: the crop, then {said}."
    return Picture(one_below_other(rows), flat=net.size < JPEG_FROM, alt=alt)


def one_below_other(rows: Sequence[Picture]) -> NDArray[np.uint8]:
    """Rows of panels as one picture, with a white margin round each.

    >>> one_below_other([Picture(np.zeros((10, 30, 3), np.uint8)), Picture(np.zeros((10, 50, 3), np.uint8))]).shape
    (44, 66, 3)
    """
    width = max(row.pixels.shape[1] for row in rows)
    sides = [((4, 8), (8, 8 + width - row.pixels.shape[1]), (0, 0)) for row in rows]
    return np.concatenate(
        [np.pad(row.pixels, side, constant_values=255) for row, side in zip(rows, sides, strict=True)]
    )


def map_scale(maps: Floats) -> float:
    """The end of a scale of colours for maps: 1, 2 or 5 times a power of ten, which few values exceed.

    >>> map_scale(np.array([-0.3, 0.1, 0.45], np.float32))
    0.5
    """
    least = max(float(np.quantile(np.abs(maps), 0.98)), LEAST)
    ten = 10.0 ** int(np.floor(np.log10(least)))
    return round(next(k * ten for k in (1, 2, 5, 10) if k * ten >= least * (1 - 1e-6)), 9)


def coloured(values: Floats, scale: float) -> NDArray[np.uint8]:
    """Numbers (H, W) as colours (H, W, 3): brown at -scale and below, white at 0, purple at scale and above.

    >>> coloured(np.array([[-1.0, 0.0, 1.0]]), scale=1).tolist()
    [[[127, 59, 8], [247, 247, 247], [45, 0, 75]]]
    """
    codes = np.array([rgb(code) for code in DIVERGING])
    at = (np.clip(values / scale, -1, 1) + 1) / 2 * (len(codes) - 1)
    return np.stack([np.interp(at, np.arange(len(codes)), code) for code in codes.T], axis=-1).round().astype(np.uint8)


def sheet_of_maps(maps: Floats, scale: float) -> NDArray[np.uint8]:
    """A layer's channels (C, H, W) in rows, white between them: a sheet about twice as high as wide."""
    channels, height, _ = maps.shape
    columns = int(np.ceil((channels / 2) ** 0.5))  # twice as high as wide
    down = -(-channels // columns)
    times = max(1, round(2 * SHEET / down / height))
    pictures = np.stack([enlarged(coloured(one, scale), times) for one in maps])
    framed = np.pad(pictures, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=255)
    return tiled(framed, columns, channels)


def _name(net: Net) -> str:
    return {12: "pnet", 24: "rnet", 48: "onet"}[net.size]


def _label(layer: Layer) -> str:
    what = {"conv": f"{layer.kernel}×{layer.kernel}", "pool": f"max {layer.kernel}×{layer.kernel}", "dense": "dense"}
    shape = str(layer.shape[0]) if layer.kind == "dense" else "×".join(map(str, layer.shape))
    return f"{layer.name}\n{what[layer.kind]}{', PReLU' if layer.prelu else ''}\n{shape}"


def _architecture_in_words(net: Net, shown: Sequence[Layer], ends: dict[str, int]) -> str:
    steps = "; ".join(f"{layer.name}, {layer.title}: {' × '.join(map(str, layer.shape))}" for layer in shown)
    outputs = ", ".join(f"{name} with {count} numbers" for name, count in ends.items())
    return (
        f"{NET_TITLES[_name(net)]} from left to right: a crop of 3 × {net.size} × {net.size}; {steps}; then the heads "
        f"{outputs}."
    )


def _depth(channels: int) -> float:
    return float(0.02 * channels**0.5)


def _middle_cell(layer: Layer) -> int:
    return (layer.shape[1] - 1) // 2


def _cuboid(axes: Any, x: float, half: float, width: float, depth: float, colour: str) -> None:
    """A stack of maps: its front, `width` x 2 `half`, with a top and a right side `depth` deep."""
    slant = depth * 0.6
    faces = [
        ([x, x + width, x + width, x], [-half, -half, half, half], 0.55),
        ([x, x + width, x + width + depth, x + depth], [half, half, half + slant, half + slant], 0.3),
        ([x + width, x + width + depth, x + width + depth, x + width], [-half, -half + slant, half + slant, half], 0.8),
    ]
    for xs, ys, part in faces:
        tint = tuple(1 - part * (1 - c / 255) for c in rgb(colour))
        axes.fill(xs, ys, facecolor=tint, edgecolor=INK, linewidth=0.7)


def _rectangle(x: float, y: float, width: float, height: float, tint: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, facecolor=tint, edgecolor=PAPER, linewidth=1.2)


def _arrow(axes: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    look = {"arrowstyle": "->", "color": INK, "linewidth": 1, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=look)
