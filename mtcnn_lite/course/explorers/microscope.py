"""A net under the microscope: one window's crop, the maps of every layer, the heads, and which pixels mattered.

R-Net and O-Net are computed here, P-Net in the browser, which has its values and the levels of the pyramid: there its
window slides over a level, without a kernel too. `view` is what both compute.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite import pyramid
from mtcnn_lite.boxes import Floats, as_boxes, decode_offsets
from mtcnn_lite.coordinates import PIXEL_CENTRE
from mtcnn_lite.course.activations import (
    PATCH,
    PLACES,
    UNITS,
    Activations,
    Net,
    activations,
    layers,
    occlusion,
)
from mtcnn_lite.course.explorers.base import PhotoExplorer, link, look, stacked
from mtcnn_lite.course.explorers.slide import Slide, beginning, plan
from mtcnn_lite.course.net_figures import DIVERGING, coloured, map_scale, one_below_other, sheet_of_maps
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, Picture, at_height, beside, draw_boxes, draw_landmarks, draw_map, enlarged
from mtcnn_lite.images import crop_windows
from mtcnn_lite.net_names import NET_NAMES, NET_TITLES
from mtcnn_lite.nets import normalise

LONGEST = 1280  # an uploaded photo's longer side is shrunk to this
SMALLEST = 12  # px: side of the smallest window
LARGEST_LEVEL = 280  # px: larger levels of the pyramid have windows too small to be pointed at
BEGUN = 2  # layers whose maps the browser computes from the crop, of R-Net and O-Net: a convolution, a pooling
HIGH = 240  # px: of the panels of the still picture
CELLS = {  # CSS pixels a cell of each layer's maps is wide, and how high a layer's maps may stand together
    "pnet": ([5, 10, 10, 16], 284),
    "rnet": ([2, 3, 3, 6, 6, 10], 340),
    "onet": ([1, 1, 1, 2, 2, 4, 5, 8], 384),
}
ADVICE = (  # under the drawing, after what became of the window
    "Point at a cell of a map to see the pixels that it depends on. In “what mattered” a gray patch hides a part of "
    "the crop: purple where the net is less sure of a face without it."
)
MOVING = " To move the window, click, drag, or use the arrow keys, on "


@dataclass(frozen=True, eq=False)
class View:
    """A net at one window: `seen` holds its numbers for the crop (1 of them); hidden (10, 10), see `occlusion`."""

    seen: Activations
    hidden: Floats

    @property
    def margin(self) -> float:
        """By how much the logit of "face" is above that of "no face"."""
        return float(self.seen.logits[0, 1] - self.seen.logits[0, 0])

    @property
    def falls(self) -> Floats:
        """By how much a gray patch at each place lowers that margin (10, 10)."""
        return np.float32(self.margin) - self.hidden


def view(net: Net, crop: NDArray[np.uint8]) -> View:
    """What a net computes for one crop, uint8 (size, size, 3), and what it says with a part of it hidden."""
    return View(activations(net, crop[None]), occlusion(net, crop))


class MicroscopeExplorer(PhotoExplorer):
    """One of the detector's nets looking at one window of `image`, or of a photo that the reader uploads.

    Parameters
    ----------
    detector : Detector, whose net it is, and whose pyramid and threshold
    image : uint8 (H, W, 3), the first photo, RGB
    net : str, "pnet", "rnet" or "onet"
    window : (4,), optional, where it begins, x1, y1, x2, y2 in px; without it, at the window with the net's best score

    Raises
    ------
    ValueError
        For another net, a window without area, and for P-Net a photo smaller than the smallest face.
    """

    def __init__(
        self, detector: Detector, image: NDArray[np.uint8], net: str = "pnet", window: ArrayLike | None = None
    ) -> None:
        if net not in NET_NAMES:
            raise ValueError(f"net is {net!r}; it must be one of {', '.join(NET_NAMES)}")
        self._detector, self.name, self._window = detector, net, window
        self.net: Net = getattr(detector.nets, net)
        shown = [[one.name, one.title, *one.shape, one.field, one.step] for one in layers(self.net)]
        rows, values = (plan if net == "pnet" else beginning)(self.net)
        (cells, tall), where = CELLS[net], "photo, level or map." if net == "pnet" else "the photo."
        self.canvas = Slide(
            title=NET_TITLES[net], layers=shown, cells=cells, tall=tall, crop_side=self.net.size, units=[UNITS, PATCH],
            ramp=DIVERGING, colour=COLOURS[net], dots=COLOURS["landmark"], advice=ADVICE, moving=MOVING + where,
            threshold=getattr(detector.settings.thresholds, net), plan=rows, weights=values.tobytes(),
        )  # fmt: skip
        if net == "pnet":
            self.where = widgets.SelectionSlider(options=[("", 0)], description="window, px", **look(115))
            link(self.canvas, level=self.where)
        else:
            self.where = widgets.IntSlider(SMALLEST, SMALLEST, SMALLEST + 1, description="window, px", **look(115))
            link(self.canvas, side=self.where)
            self.canvas.observe(lambda _: self._moved(), ["at", "side"])
            self.canvas.observe(lambda _: self._hide(), "asked")
            self.canvas.ask_python(where=self.where)
        super().__init__(image, LONGEST)
        self.canvas.ask_python(upload=self.upload)
        self.children = stacked((self.where, self.upload, self.message), self.canvas)

    def show_photo(self) -> None:
        height, width = self.image.shape[:2]
        x1, y1, x2, y2 = self._start()
        self._window = None  # of another photo it is another one
        centre, side = [(x1 + x2) / 2, (y1 + y2) / 2], max(SMALLEST, round(max(x2 - x1, y2 - y1)))
        self._halved = pyramid.halvings(self.image, self.net.size / max(height, width, side))
        canvas = self.canvas
        with canvas.hold_sync():
            canvas.photo, canvas.size = Picture(self.image).encode("JPEG"), [width, height]
            if self.name == "pnet":
                self._show_levels(centre, side)
            else:
                self.where.max = max(height, width, side, SMALLEST + 1)
                self.where.value = side
                with canvas.hold_trait_notifications():  # `_moved` finds that nothing has
                    canvas.at, canvas.side, canvas.seen = centre, side, [*centre, side]
            canvas.scales = self._scales(side)
            self._update()
            if self.name != "pnet":
                canvas.asked = [*canvas.seen, canvas.revision]  # at once: where no kernel runs, nobody asks

    def _start(self) -> list[float]:
        """The window that is asked for, or that with the net's best score, or the middle of the photo."""
        height, width = self.image.shape[:2]
        if self._window is not None:
            [box] = as_boxes(np.reshape(self._window, (-1, 4)), "window").tolist()
            if not (box[2] > box[0] and box[3] > box[1]):
                raise ValueError(f"window is {box}; it must have an area: x1 < x2, y1 < y2")
            return box
        trace = self._detector.trace(self.image)
        windows, scores = {
            "pnet": lambda: (trace.faces.boxes, trace.faces.scores),
            "rnet": lambda: (trace.pnet.last.boxes, trace.rnet["scored"].scores),
            "onet": lambda: (trace.rnet.last.boxes, trace.onet["scored"].scores),
        }[self.name]()
        if len(windows):
            return windows[int(np.argmax(scores))].tolist()
        half = min(height, width) / 4
        return [width / 2 - half, height / 2 - half, width / 2 + half, height / 2 + half]

    def _show_levels(self, centre: list[float], side: float) -> None:
        """Send the levels that are small enough, and choose the level and the cell nearest to a window."""
        height, width = self.image.shape[:2]
        settings, longer = self._detector.settings, max(height, width)
        scales = pyramid.pyramid_scales(height, width, settings.min_face, settings.factor)
        if not scales:
            least = f"its sides must be at least the detector's min_face, {settings.min_face:g} px"
            raise ValueError(f"image is {width} x {height} px; {least}")
        numbers = [k for k, scale in enumerate(scales) if longer * scale <= LARGEST_LEVEL] or [len(scales) - 1]
        chosen = [scales[k] for k in numbers]
        levels = pyramid.resize_levels(pyramid.halvings(self.image, min(chosen)), chosen)
        # Even sides: in a level of odd height or width, windows of the last row or column hang over its edge.
        levels = [level[: level.shape[0] // 2 * 2, : level.shape[1] // 2 * 2] for level in levels]
        self.levels = list(zip(chosen, levels, strict=True))
        windows = [pyramid.CELL / scale for scale in chosen]
        nearest = int(np.abs(np.log(np.array(windows) / side)).argmin())
        rows = [[scale, *level.shape[:2], k] for (scale, level), k in zip(self.levels, numbers, strict=True)]
        self.canvas.levels, self.canvas.level = rows, nearest
        self.canvas.pixels = b"".join(np.ascontiguousarray(level).tobytes() for level in levels)
        self.canvas.cell = self._nearest_cell(
            [round((at * chosen[nearest] - pyramid.CELL / 2) / pyramid.STRIDE) for at in reversed(centre)]
        )
        self.where.options = [(f"{window:.0f}", k) for k, window in enumerate(windows)]
        self.where.index = nearest

    def _nearest_cell(self, cell: Sequence[int]) -> list[int]:
        """Row and column of the cell of the level on show that is nearest to this one, as the browser has it."""
        level = self.levels[self.canvas.level][1]
        ends = [(length - pyramid.CELL) // pyramid.STRIDE for length in level.shape[:2]]
        return [min(max(at, 0), end) for at, end in zip(cell, ends, strict=True)]

    def _scales(self, side: float) -> list[float]:
        """The ends of the layers' colours: what few values exceed in windows all over the photo, and in the first."""
        height, width = self.image.shape[:2]
        x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(0, width, 6), np.linspace(0, height, 6)))
        spread = np.stack([x - side / 2, y - side / 2, x + side / 2, y + side / 2], axis=1)
        crops = np.concatenate([self.crop()[None], crop_windows(self._halved, spread, self.net.size)])
        return [map_scale(maps) for maps in activations(self.net, crops).maps]

    @property
    def window(self) -> list[float]:
        """The window on show, x1, y1, x2, y2, px."""
        if self.name == "pnet":
            scale, (row, column) = self.levels[self.canvas.level][0], self._nearest_cell(self.canvas.cell)
            x, y = pyramid.STRIDE * column, pyramid.STRIDE * row
            return [at / scale for at in (x, y, x + pyramid.CELL, y + pyramid.CELL)]
        (x, y), half = self.canvas.at, self.canvas.side / 2
        return [x - half, y - half, x + half, y + half]

    def crop(self) -> NDArray[np.uint8]:
        """What the net sees of that window: uint8 (size, size, 3)."""
        if self.name == "pnet":
            row, column = (pyramid.STRIDE * at for at in self._nearest_cell(self.canvas.cell))
            return self.levels[self.canvas.level][1][row : row + pyramid.CELL, column : column + pyramid.CELL]
        return crop_windows(self._halved, [self.window], self.net.size)[0]

    def _moved(self) -> None:
        if [*self.canvas.at, self.canvas.side] != self.canvas.seen:
            self._update()

    def _update(self) -> None:
        """Send what the net computes for the window. What matters in it takes longer: the browser asks for it."""
        canvas = self.canvas
        with canvas.hold_sync():
            if self.name != "pnet":
                crop = self.crop()
                seen = activations(self.net, crop[None])
                points = None if seen.landmarks is None else seen.landmarks[0].T.ravel().tolist()
                canvas.seen = [*canvas.at, canvas.side]
                canvas.crop, canvas.hidden = crop.tobytes(), b""
                canvas.values = b"".join(maps.tobytes() for maps in seen.maps[BEGUN:])
                canvas.heads = [seen.logits[0].tolist(), seen.offsets[0].tolist(), points]
            canvas.revision += 1

    def _hide(self) -> None:
        """Send what the net says with parts of the window hidden, unless the window has moved on."""
        canvas = self.canvas
        if canvas.asked[:3] == canvas.seen:
            with canvas.hold_sync():
                canvas.hidden = occlusion(self.net, self.crop()).tobytes()
                canvas.revision += 1

    def still(self) -> Picture:
        crop, window = self.crop(), np.array([self.window])
        now = view(self.net, crop)
        photo, scale = at_height(self.image, HIGH)
        photo = draw_boxes(photo, window * scale, self.name)
        if now.seen.scores[0] >= getattr(self._detector.settings.thresholds, self.name):
            photo = draw_boxes(photo, decode_offsets(window, now.seen.offsets) * scale, self.name, 1)
            if now.seen.landmarks is not None:
                corner, wide = window[0, :2], window[0, 2] - window[0, 0]
                photo = draw_landmarks(photo, (corner + wide * now.seen.landmarks) * scale - PIXEL_CENTRE, radius=2)
        panels = [photo, enlarged(crop, HIGH // self.net.size), enlarged(coloured(now.falls, map_scale(now.falls)), 24)]
        captions = ["a window of the photo", f"the net's input, {self.net.size} × {self.net.size} px", "what mattered"]
        if self.name == "pnet":
            level = self.levels[self.canvas.level][1]
            with torch.no_grad():
                face_map = self.net(normalise(level[None])).score[0].numpy()
            panels.append(draw_map(face_map, self._detector.settings.thresholds.pnet, zoom=HIGH // len(face_map) + 1))
            captions.append("one pass over the level")
        rows = [beside(panels, captions, HIGH)]
        rows.append(
            beside(
                [sheet_of_maps(maps[0], end) for maps, end in zip(now.seen.maps, self.canvas.scales, strict=True)],
                [f"{layer.name}\n{'×'.join(map(str, layer.shape))}" for layer in now.seen.layers],
                HIGH,
            )
        )
        return Picture(one_below_other(rows))

    def summary(self) -> str:
        now, (x1, y1, x2, _) = view(self.net, self.crop()), self.window
        row, column = (int(at) for at in np.unravel_index(now.falls.argmax(), (PLACES, PLACES)))
        unit, score = (x2 - x1) / UNITS, float(now.seen.scores[0])
        no_face, face = now.seen.logits[0].tolist()
        hidden = 1 / (1 + np.exp(-now.hidden[row, column]))
        where = f"a window of {x2 - x1:.0f} px at x {x1:.0f}, y {y1:.0f}"
        there = f"{PATCH * unit:.0f} px at x {x1 + column * unit:.0f}, y {y1 + row * unit:.0f}"
        said = f"score {score:.2f} (logits {face:.2f} for a face, {no_face:.2f} for none)"
        return (
            f"{NET_TITLES[self.name]} at {where}: {said}. The pixels that matter most are the {there}: with a gray "
            f"patch there the score is {hidden:.2f}."
        )
