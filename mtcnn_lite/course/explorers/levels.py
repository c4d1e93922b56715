"""The image pyramid live: move the smallest face, the factor and the photo's size; levels, windows and cost follow.

All of it is computed in the browser (levels.js), by the same rules as `view`; a test holds the two together.
"""

from dataclasses import dataclass
from pathlib import Path

import anywidget
import ipywidgets as widgets
import numpy as np
import traitlets
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import nn

from mtcnn_lite import pyramid
from mtcnn_lite.course.explorers.canvas import PhotoExplorer, script
from mtcnn_lite.draw import COLOURS, INK, PAPER, Picture, at_height, beside, draw_boxes, font
from mtcnn_lite.nets import PNet

LONGEST = 1920  # px: the largest photo of the sliders; an uploaded one is shrunk to it
FOCUS = (0.44, 0.25)  # where in the photo the windows stand, in parts of its width and height: the astronaut's face
FRAME = 2  # px round a level in a picture


def layers_of(net: PNet) -> list[tuple[int, int, int]]:
    """(kernel, stride, multiply-adds for each place of its output) of the net's convolutions and poolings, in order."""
    found = []
    for layer in net.children():
        if isinstance(layer, nn.Conv2d):
            found.append((layer.kernel_size[0], layer.stride[0], layer.weight.numel()))
        elif isinstance(layer, nn.MaxPool2d):
            kernel, stride = layer.kernel_size, layer.stride
            assert isinstance(kernel, int), "P-Net's poolings are square"
            assert isinstance(stride, int)
            found.append((kernel, stride, 0))
    return found


LAYERS = layers_of(PNet(landmark_head=False))  # the released P-Net has no landmark head


def multiply_adds(height: int, width: int) -> int:
    """What P-Net's convolutions, the two heads included, multiply and add on a level of `height` x `width` px.

    >>> multiply_adds(12, 12)
    44760
    """
    total = 0
    for kernel, stride, each in LAYERS:
        height, width = -(-(height - kernel) // stride) + 1, -(-(width - kernel) // stride) + 1  # poolings round up
        total += each * height * width
    return total


@dataclass(frozen=True)
class LevelCost:
    """One level: its scale, its size in px, its map's size in cells, what P-Net computes on it."""

    scale: float
    height: int
    width: int
    rows: int
    columns: int
    multiply_adds: int

    @property
    def window(self) -> float:
        """Side of P-Net's window, px of the photo."""
        return pyramid.CELL / self.scale

    @property
    def windows(self) -> int:
        return self.rows * self.columns


@dataclass(frozen=True)
class PyramidCost:
    """The levels of a photo of `height` x `width` px, largest first; there may be none."""

    height: int
    width: int
    levels: tuple[LevelCost, ...]

    @property
    def windows(self) -> int:
        return sum(level.windows for level in self.levels)

    @property
    def multiply_adds(self) -> int:
        return sum(level.multiply_adds for level in self.levels)


def view(height: int, width: int, min_face: float, factor: float) -> PyramidCost:
    """The levels of such a photo, their windows and their cost.

    >>> cost = view(512, 512, min_face=20, factor=0.709)
    >>> len(cost.levels), cost.windows
    (10, 42721)
    """
    levels = []
    for scale in pyramid.pyramid_scales(height, width, min_face, factor):
        size = pyramid.level_size(height, width, scale)
        levels.append(LevelCost(scale, *size, *pyramid.map_size(*size), multiply_adds(*size)))
    return PyramidCost(height, width, tuple(levels))


class LevelsCanvas(anywidget.AnyWidget):
    """The photo, its levels and their cost, drawn by levels.js."""

    _esm = script("levels.js")
    _css = Path(__file__).parent / "canvas.css"

    width = traitlets.Int(1).tag(sync=True)
    height = traitlets.Int(1).tag(sync=True)
    min_face = traitlets.Int(20).tag(sync=True)
    factor = traitlets.Float(0.709).tag(sync=True)
    photo = traitlets.Bytes(b"").tag(sync=True)  # a JPEG
    focus = traitlets.List(list(FOCUS)).tag(sync=True)
    layers = traitlets.List([list(layer) for layer in LAYERS]).tag(sync=True)
    colour = traitlets.Unicode(COLOURS["pnet"]).tag(sync=True)
    lit_colour = traitlets.Unicode(COLOURS["landmark"]).tag(sync=True)


class LevelsExplorer(PhotoExplorer):
    """The pyramid of `image` (RGB uint8), or of a photo that the reader uploads, at any size."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        look = {"style": {"description_width": "115px"}, "layout": widgets.Layout(width="400px")}
        self.canvas = LevelsCanvas()
        self.min_face = widgets.IntSlider(value=20, min=12, max=240, description="smallest face, px", **look)
        self.factor = widgets.FloatSlider(
            value=0.709, min=0.409, max=0.909, step=0.01, readout_format=".3f", description="factor", **look
        )
        self.width_ = widgets.IntSlider(value=512, min=12, max=LONGEST, description="photo width, px", **look)
        self.height_ = widgets.IntSlider(value=512, min=12, max=LONGEST, description="photo height, px", **look)
        for slider, name in self._linked():
            widgets.jslink((slider, "value"), (self.canvas, name))
        super().__init__(image, LONGEST)
        wrap = widgets.Layout(flex_flow="row wrap", align_items="center")
        rows = [
            widgets.HBox([self.min_face, self.factor], layout=wrap),
            widgets.HBox([self.width_, self.height_], layout=wrap),
            widgets.HBox([self.upload, self.message], layout=wrap),
        ]
        self.children = [*rows, self.canvas]

    def _linked(self) -> list[tuple[widgets.Widget, str]]:
        return [
            (self.min_face, "min_face"),
            (self.factor, "factor"),
            (self.width_, "width"),
            (self.height_, "height"),
        ]

    def show_photo(self) -> None:
        self.height_.value, self.width_.value = self.image.shape[:2]
        with self.canvas.hold_sync():
            self.canvas.photo = Picture(self.image).encode("JPEG")
            for slider, name in self._linked():
                setattr(self.canvas, name, slider.value)

    def _view(self) -> PyramidCost:
        return view(self.height_.value, self.width_.value, self.min_face.value, self.factor.value)

    def _photo(self) -> NDArray[np.uint8]:
        """The photo at the size of the sliders, cut to their shape round FOCUS."""
        height, width = self.height_.value, self.width_.value
        h, w = self.image.shape[:2]
        scale = max(height / h, width / w)
        cut_h, cut_w = height / scale, width / scale
        x = min(max(FOCUS[0] * w - cut_w / 2, 0), w - cut_w)
        y = min(max(FOCUS[1] * h - cut_h / 2, 0), h - cut_h)
        return np.asarray(Image.fromarray(self.image).resize((width, height), box=(x, y, x + cut_w, y + cut_h)))

    def still(self) -> Picture:
        cost, photo = self._view(), self._photo()
        small, zoom = at_height(photo, 280)
        centre = np.array([cost.width, cost.height]) * FOCUS
        windows = [[*(centre - level.window / 2), *(centre + level.window / 2)] for level in cost.levels]
        panels = [draw_boxes(small, np.reshape(windows, (-1, 4)) * zoom, "pnet", 1), nested(photo, cost, zoom)]
        captions = ["the window of each level", f"{len(cost.levels)} levels, at the photo's scale"]
        if cost.levels:
            panels.append(bars(cost))
            captions.append(f"{cost.multiply_adds / 1e6:,.1f} million multiply-adds,\nlevel by level")
        return beside(panels, captions, height=280)

    def summary(self) -> str:
        cost = self._view()
        return (
            f"pyramid of {cost.width} x {cost.height} px, smallest face {self.min_face.value} px, factor "
            f"{self.factor.value:.3f}: {len(cost.levels)} levels, {cost.windows:,} windows, "
            f"{cost.multiply_adds / 1e6:,.1f} million multiply-adds"
        )


def nested(photo: NDArray[np.uint8], cost: PyramidCost, zoom: float = 1) -> NDArray[np.uint8]:
    """The levels one on the other at the bottom left of a sheet of the photo's size, all times `zoom`."""
    size = max(1, round(cost.width * zoom)), max(1, round(cost.height * zoom))
    sheet, picture = Image.new("RGB", size, "#E4E4E4"), Image.fromarray(photo)
    pen = ImageDraw.Draw(sheet)
    for level in cost.levels:
        w, h = max(1, round(level.width * zoom)), max(1, round(level.height * zoom))
        pen.rectangle((0, size[1] - h - FRAME, w + FRAME, size[1]), PAPER)
        sheet.paste(picture.resize((w, h)), (0, size[1] - h))
    return np.asarray(sheet)


def bars(cost: PyramidCost, height: int = 280, width: int = 300) -> NDArray[np.uint8]:
    """A bar for each level, as high as its share of the multiply-adds of all of them."""
    sheet = Image.new("RGB", (width, height), PAPER)
    pen, letters = ImageDraw.Draw(sheet), font(12)
    shares = [level.multiply_adds / cost.multiply_adds for level in cost.levels]
    step = min(40.0, width / len(shares))
    for k, share in enumerate(shares):
        left, top = k * step, 20 + (height - 40) * (1 - share / shares[0])
        pen.rectangle((left, top, left + step * 0.8, height - 20), COLOURS["pnet"])
        if step > 24:
            pen.text((left + step * 0.4, top - 3), f"{share:.0%}", INK, letters, anchor="ms")
            pen.text((left + step * 0.4, height - 4), str(k), INK, letters, anchor="ms")
    return np.asarray(sheet)
