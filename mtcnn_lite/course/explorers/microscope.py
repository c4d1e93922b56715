"""A net under the microscope: one window's crop, the maps of every layer, the heads, and which pixels mattered.

R-Net and O-Net are computed here, P-Net in the browser, which has its values and the levels of the pyramid: there its
window slides over a level, without a kernel too. `view` is what both compute.
"""

from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import nn

from mtcnn_lite import pyramid
from mtcnn_lite.boxes import Floats, as_boxes, decode_offsets
from mtcnn_lite.course.activations import (
    PATCH,
    PLACES,
    UNITS,
    Activations,
    Net,
    activations,
    heads,
    layers,
    occlusion,
)
from mtcnn_lite.course.explorers.base import Drawing, PhotoExplorer, link, look, stacked, synced
from mtcnn_lite.course.net_figures import DIVERGING, coloured, map_scale, sheet_of_maps
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, Picture, at_height, beside, draw_boxes, draw_landmarks, enlarged
from mtcnn_lite.images import crop_windows
from mtcnn_lite.net_names import NET_NAMES, NET_TITLES

LONGEST = 1280  # an uploaded photo's longer side is shrunk to this
LARGEST_LEVEL = 280  # px: larger levels of the pyramid have windows too small to be pointed at
CELLS = {  # CSS pixels a cell of each layer's maps is wide, and how high a layer's maps may stand together
    "pnet": ([5, 10, 10, 16], 284),
    "rnet": ([2, 3, 3, 6, 6, 10], 340),
    "onet": ([1, 1, 1, 2, 2, 4, 5, 8], 384),
}
ADVICE = {
    "pnet": "Point at a map's cell to see the part of the crop that it depends on; click on a photo or a map, or use the "
    "arrow keys there, to move the window.",
    "rnet": "Point at a map's cell to see the part of the crop that it depends on; drag the window over the photo, or use "
    "the arrow keys there.",
}


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


def plan(net: Net) -> tuple[list[list[str | int]], Floats]:
    """What the browser needs to compute P-Net: each layer's name, kind, kernel, stride, channels in and out; all values.

    A convolution's values come weights first, then biases; the heads are convolutions too.
    """
    rows, values = list[list[str | int]](), list[Floats]()
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d):
            kernel, stride = module.kernel_size[0], module.stride[0]
            rows.append([name, "conv", kernel, stride, module.in_channels, module.out_channels])
        elif isinstance(module, nn.PReLU):
            rows.append([name, "prelu", 1, 1, module.num_parameters, module.num_parameters])
        elif isinstance(module, nn.MaxPool2d):
            rows.append([name, "pool", int(module.kernel_size), int(module.stride), 0, 0])  # type: ignore[arg-type]
        values += [part.detach().cpu().contiguous().numpy().ravel() for part in module.parameters(recurse=False)]
    return rows, np.concatenate(values).astype(np.float32)


class Slide(Drawing):
    """What lies under the microscope, in the browser; `MicroscopeExplorer` fills it."""

    photo, size = synced(b""), synced([1, 1])  # a JPEG; its width and height
    scales = synced([])  # of each layer's colours
    levels, pixels = synced([]), synced(b"")  # P-Net: [scale, rows, columns, number] of each, and their RGB
    level, cell = synced(0), synced([0, 0])  # P-Net: which of `levels`; row and column
    at, side = synced([0.0, 0.0]), synced(12)  # R-Net and O-Net: the window's centre, x and y, and its side
    seen = synced([0.0, 0.0, 0])  # centre and side of the window that the following are about
    crop, values, heads, hidden = synced(b""), synced(b""), synced([[], [], None]), synced(b"")
    revision = synced(0)  # the browser redraws when it changes: once a message

    def __init__(self, **values: object) -> None:
        super().__init__("forward.js", "strips.js", "sliding.js", "microscope.js", **values)


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
        For another net, a window without area, and a photo that is smaller than P-Net's window at every level.
    """

    def __init__(
        self, detector: Detector, image: NDArray[np.uint8], net: str = "pnet", window: ArrayLike | None = None
    ) -> None:
        if net not in NET_NAMES:
            raise ValueError(f"net is {net!r}; it must be one of {', '.join(NET_NAMES)}")
        self._detector, self.name, self._window = detector, net, window
        self.net: Net = getattr(detector.nets, net)
        cells, tall = CELLS[net]
        shown = [[one.name, one.title, *one.shape, one.field, one.step] for one in layers(self.net)]
        browser = dict(zip(("plan", "weights"), plan(self.net), strict=True)) if net == "pnet" else {}
        if browser:
            browser["weights"] = browser["weights"].tobytes()
        self.canvas = Slide(
            title=NET_TITLES[net], layers=shown, cells=cells, tall=tall, crop_side=self.net.size, units=[UNITS, PATCH],
            ramp=DIVERGING, colour=COLOURS[net], dots=COLOURS["landmark"],
            threshold=getattr(detector.settings.thresholds, net), advice=ADVICE.get(net, ADVICE["rnet"]), **browser,
        )  # fmt: skip
        if net == "pnet":
            self.where: widgets.Widget = widgets.SelectionSlider(
                options=[("0", 0)], description="window, px", **look(115)
            )
            link(self.canvas, level=self.where)
        else:
            self.where = widgets.IntSlider(12, min=12, max=12, description="window, px", **look(115))
            link(self.canvas, side=self.where)
            self.canvas.observe(lambda _: self._update(), ["at", "side"])
        super().__init__(image, LONGEST)
        self.children = stacked((self.where, self.upload, self.message), self.canvas)

    def show_photo(self) -> None:
        height, width = self.image.shape[:2]
        x1, y1, x2, y2 = self._start()
        self._window = None  # of another photo it is another one
        shortest = self.net.size if self.name == "pnet" else min(height, width)
        self._halved = pyramid.halvings(self.image, self.net.size / max(shortest, 1))
        centre, side = [(x1 + x2) / 2, (y1 + y2) / 2], max(x2 - x1, y2 - y1)
        with self.canvas.hold_sync():
            self.canvas.photo, self.canvas.size = Picture(self.image).encode("JPEG"), [width, height]
            if self.name == "pnet":
                self._show_levels(centre, side)
            else:
                with self.hold_trait_notifications():
                    self.where.max = max(min(height, width), round(side), 13)
                    self.where.value = max(12, round(side))
                self.canvas.set_trait("side", self.where.value)
                self.canvas.set_trait("at", centre)
            self.canvas.scales = self._scales(side)
            self._update()

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
        """Send the levels that are small enough, each cut to an even size, and choose cell and level for a window."""
        height, width = self.image.shape[:2]
        settings = self._detector.settings
        scales = pyramid.pyramid_scales(height, width, settings.min_face, settings.factor)
        if not scales:
            raise ValueError(
                f"image is {width} x {height} px; its sides must be at least the detector's min_face, "
                f"{settings.min_face:g} px"
            )
        numbers = [k for k, scale in enumerate(scales) if max(height, width) * scale <= LARGEST_LEVEL] or [
            len(scales) - 1
        ]
        halved = pyramid.halvings(self.image, min(scales))
        resized = pyramid.resize_levels(halved, [scales[k] for k in numbers])
        self.levels = [level[: level.shape[0] // 2 * 2, : level.shape[1] // 2 * 2] for level in resized]
        self._of_level = [scales[k] for k in numbers]
        windows = [pyramid.CELL / scale for scale in self._of_level]
        nearest = int(np.argmin(np.abs(np.log(np.array(windows) / side))))
        scale = self._of_level[nearest]
        last = [(length - pyramid.CELL) // pyramid.STRIDE for length in self.levels[nearest].shape[:2]]
        wanted = [(at * scale - pyramid.CELL / 2) / pyramid.STRIDE for at in reversed(centre)]
        self.canvas.levels = [
            [scale, *level.shape[:2], number]
            for scale, level, number in zip(self._of_level, self.levels, numbers, strict=True)
        ]
        self.canvas.pixels = b"".join(np.ascontiguousarray(level).tobytes() for level in self.levels)
        self.where.options = [(f"{window:.0f}", k) for k, window in enumerate(windows)]
        self.where.index = self.canvas.level = nearest
        self.canvas.cell = [int(min(max(round(at), 0), end)) for at, end in zip(wanted, last, strict=True)]

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
            scale, (row, column) = self._of_level[self.canvas.level], self._cell()
            corner = np.array([column, row, column, row]) * pyramid.STRIDE + [0, 0, pyramid.CELL, pyramid.CELL]
            return (corner / scale).tolist()
        (x, y), half = self.canvas.at, self.canvas.side / 2
        return [x - half, y - half, x + half, y + half]

    def _cell(self) -> list[int]:
        shape = self.levels[self.canvas.level].shape
        return [
            min(at, (length - pyramid.CELL) // pyramid.STRIDE)
            for at, length in zip(self.canvas.cell, shape[:2], strict=True)
        ]

    def crop(self) -> NDArray[np.uint8]:
        """What the net sees of that window: uint8 (size, size, 3)."""
        if self.name == "pnet":
            row, column = (pyramid.STRIDE * at for at in self._cell())
            return self.levels[self.canvas.level][row : row + pyramid.CELL, column : column + pyramid.CELL]
        return crop_windows(self._halved, [self.window], self.net.size)[0]

    def _update(self) -> None:
        """Send what the net computes; what it says with parts hidden takes longer and follows in a second message."""
        canvas = self.canvas
        if self.name == "pnet":
            canvas.revision += 1
            return
        crop = self.crop()
        seen = activations(self.net, crop[None])
        points = None if seen.landmarks is None else seen.landmarks[0].T.ravel().tolist()
        with canvas.hold_sync():
            canvas.seen = [*canvas.at, canvas.side]
            canvas.crop, canvas.hidden = crop.tobytes(), b""
            canvas.values = b"".join(maps.tobytes() for maps in seen.maps)
            canvas.heads = [seen.logits[0].tolist(), seen.offsets[0].tolist(), points]
            canvas.revision += 1
        with canvas.hold_sync():
            canvas.hidden = occlusion(self.net, crop).tobytes()
            canvas.revision += 1

    def still(self) -> Picture:
        crop, window = self.crop(), np.array([self.window])
        now = view(self.net, crop)
        photo, scale = at_height(self.image, 260)
        photo = draw_boxes(photo, window * scale, self.name)
        if now.seen.scores[0] >= getattr(self._detector.settings.thresholds, self.name):
            photo = draw_boxes(photo, decode_offsets(window, now.seen.offsets) * scale, self.name, 1)
            if now.seen.landmarks is not None:
                corner, side = window[0, :2], window[0, 2] - window[0, 0]
                photo = draw_landmarks(photo, (corner + side * now.seen.landmarks) * scale - 0.5, radius=2)
        times = max(1, 240 // self.net.size)
        falls = coloured(now.falls, map_scale(now.falls))
        panels = [photo, enlarged(crop, times), enlarged(falls, 24)]
        captions = ["a window of the photo", f"the net's input\n{self.net.size} × {self.net.size} px", "which pixels\nmattered"]
        for layer, maps, end in zip(now.seen.layers, now.seen.maps, self.canvas.scales, strict=True):
            panels.append(sheet_of_maps(maps[0], end))
            captions.append(f"{layer.name}\n{' × '.join(map(str, layer.shape))}")
        return beside(panels, captions, height=260)

    def summary(self) -> str:
        now, (x1, y1, x2, _) = view(self.net, self.crop()), self.window
        row, column = (int(at) for at in np.unravel_index(now.falls.argmax(), (PLACES, PLACES)))
        unit = (x2 - x1) / UNITS
        there = f"x {x1 + column * unit:.0f}, y {y1 + row * unit:.0f}"
        size = " x ".join(map(str, now.seen.layers[-1].shape))
        no_face, face = now.seen.logits[0].tolist()
        return (
            f"{NET_TITLES[self.name]} at the window of {x2 - x1:.0f} px at x {x1:.0f}, y {y1:.0f}: score "
            f"{now.seen.scores[0]:.3f} (logits {no_face:.2f} and {face:.2f}), from {len(now.seen.layers)} layers, the "
            f"last {size}; heads {', '.join(heads(self.net))}. It depends most on the patch of {PATCH * unit:.0f} px at {there}."
        )
