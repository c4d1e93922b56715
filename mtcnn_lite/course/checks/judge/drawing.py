"""Small SVG pictures for verdicts: boxes in a plane, a map's cells. Text and frames take the theme's own colour.

Coordinates are rounded to a tenth of a pixel and nothing has an id, so that the same case gives the same text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike

from mtcnn_lite.course.checks.judge.text import Array, number

EXPECTED, GOT, INPUT = "#0072B2", "#D55E00", "#999999"  # Okabe-Ito, and grey
DASHES = {EXPECTED: "", GOT: ' stroke-dasharray="5 4"', INPUT: ' stroke-dasharray="1.5 3"'}  # told apart without colour
NAMES = {EXPECTED: "expected", GOT: "yours", INPUT: "given"}
TOP, LEFT, GAP = 22, 34, 24  # px for captions, for the numbers at the axes, between two panels


@dataclass(frozen=True)
class Panel:
    """A part of a picture: its SVG, drawn from (0, 0), its size in px, its caption."""

    svg: str
    width: float
    height: float
    caption: str


@dataclass(frozen=True)
class Layer:
    """Boxes (N, 4) in one colour; the row `strong` is drawn thicker than the others."""

    colour: str
    boxes: Array
    strong: int | None = None


def layer(colour: str, boxes: ArrayLike | None, strong: int | None = None) -> Layer:
    """A layer of the boxes that can be drawn: (N, 4) and finite; of none otherwise.

    Parameters
    ----------
    colour : str
        EXPECTED, GOT or INPUT.
    boxes : array or None
        The boxes.
    strong : int, optional
        The row that is drawn thicker than the others.
    """
    array = np.zeros((0, 4)) if boxes is None else np.asarray(boxes, dtype=float)
    drawable = array.ndim == 2 and array.shape[1] == 4 and np.isfinite(array).all()
    return Layer(colour, array if drawable else np.zeros((0, 4)), strong)


def picture(panels: Sequence[Panel], layers: Sequence[Layer]) -> str:
    """The panels side by side, with a legend of the layers that hold a box."""
    colours = [each.colour for each in layers if len(each.boxes)]
    width, height = sum(p.width for p in panels) + GAP * (len(panels) - 1), max(p.height for p in panels)
    parts, x = [], 0.0
    for panel in panels:
        parts.append(_text(x, 13, panel.caption) + f'<g transform="translate({_n(x)},{TOP})">{panel.svg}</g>')
        x += panel.width + GAP
    for index, colour in enumerate(colours):
        y, x = TOP + height + 16, 90 * index
        parts.append(f'<path d="M{x} {_n(y - 4)}h24" stroke="{colour}" stroke-width="2.5"{DASHES[colour]}/>')
        parts.append(_text(x + 30, y, NAMES[colour]))
    width, height = max(width, 90 * len(colours)), TOP + height + 24
    said = escape("; ".join(p.caption for p in panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{said}" '
        f'viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}" '
        f'style="display:block;max-width:100%;height:auto;margin:8px 0" '
        f'font-family="sans-serif" font-size="11.5" fill="none">{"".join(parts)}</svg>'
    )


def compared(
    given: ArrayLike | None, expected: ArrayLike | None, got: ArrayLike | None, caption: str, strong: int | None = None
) -> str:
    """One plane with the boxes as given, as expected and as they came out, in image pixels.

    Parameters
    ----------
    given, expected, got : array (N, 4) or None
        The boxes, drawn dotted, blue, and dashed.
    caption : str
        What stands above the plane.
    strong : int, optional
        A row that is drawn thicker than the others, of what is expected and what came out.
    """
    layers = [layer(INPUT, given), layer(EXPECTED, expected, strong), layer(GOT, got, strong)]
    return picture([plane(layers, caption)], layers)


def dots(points: Array | None, size: float) -> Array | None:
    """Little boxes (N, 4), to be drawn, round points (N, 2); they reach `size` pixels to each side."""
    return None if points is None else np.concatenate([points - size, points + size], axis=1)


def plane(layers: Sequence[Layer], caption: str, side: float = 200) -> Panel:
    """Boxes where they lie, x to the right, y down; the last layer is cut off if it lies far out.

    Parameters
    ----------
    layers : sequence of Layer
        The boxes, in pixels of the image; later ones lie on top.
    caption : str
        What stands above the plane.
    side : float
        Its longer side in pixels of the picture.
    """
    trusted = np.concatenate([each.boxes for each in layers[:-1]]).reshape(-1, 2, 2)  # (n, corner, xy)
    last = layers[-1].boxes.reshape(-1, 2, 2)
    points = (trusted if len(trusted) else last).reshape(-1, 2)
    low, high = (points.min(axis=0), points.max(axis=0)) if len(points) else (np.zeros(2), np.full(2, 12.0))
    reach = max(*(high - low), 1.0)
    if len(last):
        low = np.minimum(low, np.maximum(last.min(axis=(0, 1)), low - reach))
        high = np.maximum(high, np.minimum(last.max(axis=(0, 1)), high + reach))
    unit = (side - 16) / max(*(high - low), 1.0)  # px of the picture for a px of the image
    width, height = (high - low) * unit + 16
    inside = "".join(_boxes(each, low, unit) for each in layers) or _text(width / 2, height / 2, "none", "middle")
    place = f'x="{LEFT}" y="0" width="{_n(width)}" height="{_n(height)}"'
    frame = f'<rect {place} stroke="currentColor" stroke-opacity="0.35"/>'
    ticks = "".join(
        _text(LEFT + 8 + (x - low[0]) * unit, height + 13, number(x), "middle") for x in _apart((low[0], high[0]))
    ) + "".join(_text(LEFT - 5, 12 + (y - low[1]) * unit, number(y), "end") for y in _apart((low[1], high[1])))
    clipped = f'<svg {place} overflow="hidden">{inside}</svg>{frame}{ticks}'
    return Panel(clipped, LEFT + width + 20, height + 18, caption)


def cells(values: Array, chosen: Array, caption: str, shades: Array | None = None) -> Panel:
    """A map as a table, darker where its number is higher.

    Parameters
    ----------
    values : array (H, W)
        Its numbers, from 0 to 1.
    chosen : bool array (H, W)
        Which cells are framed.
    caption : str
        What stands above the table.
    shades : array (H, W), optional
        From 0 to 1, where the numbers are not.
    """
    rows, columns = values.shape
    dark = values if shades is None else shades
    wide, tall = (38, 28) if columns <= 7 else (30, 22)
    parts = []
    for i, j in np.ndindex(rows, columns):
        shade = f'fill="currentColor" fill-opacity="{_n(0.04 + 0.3 * float(dark[i, j]), 2)}"'
        where = f'x="{LEFT + j * wide + 1}" y="{i * tall + 1}" width="{wide - 3}" height="{tall - 3}"'
        edge = f' stroke="{EXPECTED}" stroke-width="2"' if chosen[i, j] else ""
        parts.append(f"<rect {where} {shade}{edge}/>")
        parts.append(_text(LEFT + (j + 0.5) * wide - 1, (i + 0.5) * tall + 3.5, number(values[i, j]), "middle"))
    parts += [_text(LEFT + (j + 0.5) * wide, rows * tall + 12, f"j={j}", "middle") for j in range(columns)]
    parts += [_text(LEFT - 5, (i + 0.5) * tall + 3.5, f"i={i}", "end") for i in range(rows)]
    return Panel("".join(parts), max(LEFT + columns * wide, 6.2 * len(caption)), rows * tall + 16, caption)


def _boxes(layer: Layer, low: Array, unit: float) -> str:
    parts = []
    for row, box in enumerate(layer.boxes):
        x1, y1, x2, y2 = ((box - np.tile(low, 2)) * unit + 8).tolist()
        strong = layer.strong is None or row == layer.strong
        weight = 'stroke-width="2.5"' if strong else 'stroke-width="1" stroke-opacity="0.45"'
        path = f"M{_n(x1)} {_n(y1)}H{_n(x2)}V{_n(y2)}H{_n(x1)}Z"  # a path may also run backwards
        parts.append(f'<path d="{path}" stroke="{layer.colour}" {weight}{DASHES[layer.colour]}/>')
    return "".join(parts)


def _apart(ends: tuple[float, float]) -> tuple[float, ...]:
    return ends if ends[1] > ends[0] else ends[:1]


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    # The space at the end: a notebook that has not been run here shows the words of a drawing and not its lines.
    return f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" fill="currentColor">{escape(text)}</text> '


def _n(value: float, digits: int = 1) -> str:
    return f"{round(float(value), digits) + 0.0:g}"
