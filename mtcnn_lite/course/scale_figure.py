"""Four answers to faces of many sizes, drawn side by side for a side trip of chapter 02."""

from typing import Any

import matplotlib.pyplot as plt

from mtcnn_lite.draw import COLOURS, INK, Described, with_alt

WIDTHS = (2.4, 1.7, 1.2, 0.8)  # as drawn: the photo or its largest copy, then what shrinks
SLANT, TALL = 0.35, 0.42  # of a sheet, seen a little from above
NAMES = (
    "image pyramid\n(MTCNN)",
    "one feature map\n(the last)",
    "maps of several\ndepths (SSD)",
    "feature pyramid\n(FPN)",
)
PHOTO, MAP, ANSWER = "#E0E0E0", "#9CC9E8", COLOURS["landmark"]


ALT = (
    "Four nets side by side. An image pyramid runs the same net on four copies of the photo, and reads faces off each. "
    "One feature map: faces are read off the last of three maps. SSD reads them off all three. FPN adds the deep maps "
    "to the shallow ones on a way back down, and reads faces off there."
)


def answers_to_scale() -> Described:
    """The figure with its alt text."""
    return with_alt(draw_answers(), ALT)


def draw_answers() -> Any:
    """The figure: gray photos, blue feature maps; black arrows are layers, vermilion ones say where faces come out."""
    figure, panels = plt.subplots(1, 4, figsize=(8.6, 3.0), layout="constrained", sharey=True)
    for axes, name in zip(panels, NAMES, strict=True):
        axes.set_title(name, fontsize=10)
        axes.set(xlim=(-1.4, 5.1), ylim=(-0.35, 3.6))
        axes.axis("off")
    _image_pyramid(panels[0])
    _bottom_up(panels[1], answers=(3,))
    _bottom_up(panels[2], answers=(1, 2, 3))
    _bottom_up(panels[3], answers=())
    _top_down(panels[3], x=2.9)
    return figure


def _image_pyramid(axes: Any) -> None:
    """Each copy of the photo goes through the same net."""
    for k, width in enumerate(WIDTHS):
        _sheet(axes, 0, k, width, PHOTO, "photo" if k == 0 else "")
        _arrow(axes, _right(0, width), k, 2.5 - width / 4, k, "net" if k == 3 else "")
        _sheet(axes, 2.5, k, width / 2, MAP)
        _arrow(axes, _right(2.5, width / 2), k, _right(2.5, width / 2) + 0.9, k, colour=ANSWER)


def _bottom_up(axes: Any, answers: tuple[int, ...]) -> None:
    """One photo, its maps from layer to layer, and an arrow from each map that is asked for faces."""
    for k, width in enumerate(WIDTHS):
        _sheet(axes, 0, k, width, MAP if k else PHOTO, "" if k else "photo")
        if k:
            _arrow(axes, SLANT / 2, k - 1 + TALL / 2, SLANT / 2, k - TALL / 2)
        if k in answers:
            _arrow(axes, _right(0, width), k, _right(0, width) + 0.9, k, colour=ANSWER)


def _top_down(axes: Any, x: float) -> None:
    """What the deep maps know goes back down, and meets the shallow maps on the way."""
    for k in (3, 2, 1):
        width = WIDTHS[k]
        _sheet(axes, x, k, width, MAP)
        _arrow(axes, _right(0, width), k, x - width / 2, k)
        _arrow(axes, _right(x, width), k, _right(x, width) + 0.9, k, colour=ANSWER)
        if k > 1:
            _arrow(axes, x + SLANT / 2, k - TALL / 2, x + SLANT / 2, k - 1 + TALL / 2)


def _sheet(axes: Any, x: float, y: float, width: float, colour: str, text: str = "") -> None:
    low, high = y - TALL / 2, y + TALL / 2
    xs = (x - width / 2, x + width / 2, x + width / 2 + SLANT, x - width / 2 + SLANT)
    axes.fill(xs, (low, low, high, high), facecolor=colour, edgecolor=INK, linewidth=0.8)
    axes.text(x + SLANT / 2, y, text, ha="center", va="center", fontsize=9)


def _arrow(axes: Any, x: float, y: float, to_x: float, to_y: float, text: str = "", colour: str = INK) -> None:
    look = {"arrowstyle": "->", "color": colour, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (to_x, to_y), (x, y), arrowprops=look)
    axes.text((x + to_x) / 2, y + 0.1, text, ha="center", va="bottom", fontsize=9)


def _right(x: float, width: float) -> float:
    """Where a sheet ends, half way up."""
    return x + width / 2 + SLANT / 2
