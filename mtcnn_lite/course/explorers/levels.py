"""The image pyramid live: move the smallest face, the factor and the photo's size; levels, windows and cost follow.

All of it is computed in the browser (levels.js), by the same rules as `view`; a test holds the two together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mtcnn_lite import pyramid
from mtcnn_lite.course.explorers.base import Drawing, PhotoExplorer, look, sliders, stacked
from mtcnn_lite.draw import COLOURS, INK, PAPER, Picture, at_height, beside, draw_boxes, font
from mtcnn_lite.nets import PNet, layer_costs, multiply_adds

PNET = PNet(landmark_head=False)  # the released P-Net has no landmark head
LONGEST = 1920  # px: the largest photo of the sliders; an uploaded one is shrunk to it
FOCUS = (0.44, 0.25)  # where in the photo the windows stand, in parts of its width and height: the astronaut's face
FRAME = 2  # px round a level in a picture


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

    Parameters
    ----------
    height, width : int, of the photo, px
    min_face : float, side of the smallest face that is looked for, px; at least 12
    factor : float, scale from each level to the next, between 0 and 1

    Examples
    --------
    >>> cost = view(512, 512, min_face=20, factor=0.709)
    >>> len(cost.levels), cost.windows
    (10, 42721)
    """
    levels = []
    for scale in pyramid.pyramid_scales(height, width, min_face, factor):
        size = pyramid.level_size(height, width, scale)
        levels.append(LevelCost(scale, *size, *pyramid.map_size(*size), multiply_adds(PNET, *size)))
    return PyramidCost(height, width, tuple(levels))


class LevelsExplorer(PhotoExplorer):
    """The pyramid of `image` (RGB uint8), or of a photo that the reader uploads, at any size."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self.canvas = Drawing(
            "levels.js", width=512, height=512, min_face=20, factor=0.709, photo=b"", focus=list(FOCUS),
            layers=[list(layer) for layer in layer_costs(PNET)],
            colour=COLOURS["pnet"], lit_colour=COLOURS["landmark"],
        )  # fmt: skip
        self._sliders = sliders(
            self.canvas, look(115),
            min_face=("smallest face, px", 12, 240, 1), factor=("factor", 0.409, 0.909, 0.01),
            width=("photo width, px", 12, LONGEST, 1), height=("photo height, px", 12, LONGEST, 1),
        )  # fmt: skip
        self.min_face, self.factor, self.width_, self.height_ = self._sliders.values()
        self.factor.readout_format = ".3f"
        super().__init__(image, LONGEST)
        own = self.upload, self.message
        self.children = stacked((self.min_face, self.factor), (self.width_, self.height_), own, self.canvas)

    def show_photo(self) -> None:
        self.height_.value, self.width_.value = self.image.shape[:2]
        with self.canvas.hold_sync():
            self.canvas.photo = Picture(self.image).encode("JPEG")
            for name, slider in self._sliders.items():
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
    """The levels one on the other at the bottom left of a sheet of the photo's size.

    Parameters
    ----------
    photo : uint8 (H, W, 3), the photo
    cost : PyramidCost, its levels
    zoom : float, by which the whole picture is enlarged
    """
    size = max(1, round(cost.width * zoom)), max(1, round(cost.height * zoom))
    sheet, picture = Image.new("RGB", size, "#E4E4E4"), Image.fromarray(photo)
    pen = ImageDraw.Draw(sheet)
    for level in cost.levels:
        w, h = max(1, round(level.width * zoom)), max(1, round(level.height * zoom))
        pen.rectangle((0, size[1] - h - FRAME, w + FRAME, size[1]), PAPER)
        sheet.paste(picture.resize((w, h)), (0, size[1] - h))
    return np.asarray(sheet)


def bars(cost: PyramidCost) -> NDArray[np.uint8]:
    """A bar for each level, as high as its share of the multiply-adds of all of them."""
    height, width = 280, 300
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
