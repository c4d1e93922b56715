"""Two boxes on a photo, dragged or moved by sliders; their areas and both measures of overlap, live in the browser."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import Floats, area, as_boxes, clip_boxes, intersection
from mtcnn_lite.course.explorers.canvas import Explorer, script
from mtcnn_lite.draw import COLOURS, Picture, at_height, beside, draw_overlap
from mtcnn_lite.images import as_rgb

# What training makes of a window by its IoU with the face (the paper's section on training): from the highest down.
KINDS = ((0.65, "positive"), (0.4, "part"), (0.3, "not used"), (0.0, "negative"))
ALLOWED = (0.5, 0.7)  # by the cascade's NMS: IoU within a level of the pyramid; over the smaller box, in the last
AROUND = 2.6  # side of the region on show, in longer sides of the first box


@dataclass(frozen=True)
class Overlap:
    """Two boxes in numbers. first, second: their areas; shared, union: areas of what both and what any of them covers,
    all in square pixels. iou: shared / union; iom: shared / the smaller area; each 0 where there is nothing to
    divide by. kind: what the second box is as a training window, if the first is a face."""

    first: float
    second: float
    shared: float
    union: float
    iou: float
    iom: float
    kind: str


def view(first: ArrayLike, second: ArrayLike) -> Overlap:
    """What two boxes (4,) have in common. overlap.js computes the same in the browser.

    >>> view([0, 0, 10, 10], [5, 0, 15, 10])
    Overlap(first=100.0, second=100.0, shared=50.0, union=150.0, iou=0.3333333333333333, iom=0.5, kind='not used')
    """
    a, b = as_boxes(np.reshape(first, (-1, 4)), "first"), as_boxes(np.reshape(second, (-1, 4)), "second")
    one, two, shared = float(area(a)[0]), float(area(b)[0]), float(intersection(a, b)[0, 0])
    union, smaller = one + two - shared, min(one, two)
    iou, iom = shared / union if union else 0.0, shared / smaller if smaller else 0.0
    return Overlap(one, two, shared, union, iou, iom, next(kind for least, kind in KINDS if iou >= least))


class OverlapCanvas(anywidget.AnyWidget):
    """The photo's region with both boxes on it. Coordinates are whole pixels of the photo."""

    _esm = script("overlap.js")
    _css = Path(__file__).parent / "canvas.css"

    photo = traitlets.Bytes(b"").tag(sync=True)  # the region, a JPEG
    region = traitlets.List([0, 0, 1, 1]).tag(sync=True)  # x1, y1, x2, y2
    first = traitlets.List([0, 0, 1, 1]).tag(sync=True)  # x1, y1, x2, y2
    x = traitlets.Int(0).tag(sync=True)  # of the second box: a trait a slider
    y = traitlets.Int(0).tag(sync=True)
    width = traitlets.Int(1).tag(sync=True)
    height = traitlets.Int(1).tag(sync=True)
    kinds: traitlets.List[list[Any]] = traitlets.List([]).tag(sync=True)
    allowed: traitlets.List[float] = traitlets.List([]).tag(sync=True)
    colours: traitlets.List[str] = traitlets.List([]).tag(sync=True)  # first, second, shared


class OverlapExplorer(Explorer):
    """Two boxes, `first` and `second` (4,), on `image` (RGB uint8); corners are rounded to whole pixels.

    Raises ValueError for a first box without area: the region on show is laid around it.
    """

    def __init__(self, image: NDArray[np.uint8], first: ArrayLike, second: ArrayLike, **kwargs: Any) -> None:
        a, b = (as_boxes(np.reshape(box, (-1, 4))).round() for box in (first, second))
        self.image = as_rgb(image)
        x1, y1, x2, y2 = region = self._around(a)
        photo = Picture(np.ascontiguousarray(self.image[y1:y2, x1:x2])).encode("JPEG")
        now = {name: int(value) for name, value in zip(("x", "y"), b[0, :2], strict=True)}
        now |= {name: max(0, int(value)) for name, value in zip(("width", "height"), b[0, 2:] - b[0, :2], strict=True)}
        self.canvas = OverlapCanvas(photo=photo, region=region, first=a[0].astype(int).tolist(),
                                    kinds=[list(kind) for kind in KINDS], allowed=list(ALLOWED),
                                    colours=[COLOURS["truth"], COLOURS["pnet"], COLOURS["landmark"]])  # fmt: skip
        ends = {"x": (x1, x2 - 1), "y": (y1, y2 - 1), "width": (0, x2 - x1), "height": (0, y2 - y1)}
        style, wide = {"description_width": "60px"}, widgets.Layout(width="400px")
        self.sliders = {
            name: widgets.IntSlider(now[name], low, high, description=name, style=style, layout=wide)
            for name, (low, high) in ends.items()
        }
        for name, slider in self.sliders.items():
            setattr(self.canvas, name, slider.value)
            widgets.jslink((slider, "value"), (self.canvas, name))
        wrap = widgets.Layout(flex_flow="row wrap")
        label = widgets.Label("the second box:")
        rows = (("x", "width"), ("y", "height"))
        pairs = [widgets.HBox([self.sliders[name] for name in row], layout=wrap) for row in rows]
        super().__init__([label, *pairs, self.canvas], **kwargs)

    def _around(self, first: Floats) -> list[int]:
        """The square around the first box (1, 4), as far as the photo reaches."""
        if not area(first)[0]:
            raise ValueError(f"first is {first[0].tolist()}: it has no area to lay a region around")
        centre = (first[:, :2] + first[:, 2:]) / 2
        half = np.ceil((first[:, 2:] - first[:, :2]).max() * AROUND / 2)
        square = np.concatenate([centre - half, centre + half], axis=1).round()
        return clip_boxes(square, *self.image.shape[:2])[0].astype(int).tolist()

    @property
    def second(self) -> list[int]:
        """The second box, x1, y1, x2, y2."""
        one = self.canvas
        return [one.x, one.y, one.x + one.width, one.y + one.height]

    def still(self) -> Picture:
        x1, y1, x2, y2 = self.canvas.region
        photo, scale = at_height(np.ascontiguousarray(self.image[y1:y2, x1:x2]), 330)
        corner = np.array([x1, y1, x1, y1])
        boxes = [(np.array(box) - corner) * scale for box in (self.canvas.first, self.second)]
        return beside([draw_overlap(photo, *boxes)], [self.summary().replace(": ", ":\n", 1)], height=330)

    def summary(self) -> str:
        now = view(self.canvas.first, self.second)
        return (
            f"Two boxes of {now.first:,.0f} and {now.second:,.0f} square px: they share {now.shared:,.0f} of "
            f"{now.union:,.0f}, IoU {now.iou:.2f}, over the smaller {now.iom:.2f}"
        )
