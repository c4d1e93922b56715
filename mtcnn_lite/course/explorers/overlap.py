"""Two boxes on a photo, dragged or moved by sliders; their areas and both measures of overlap, live in the browser."""

from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import Floats, area, as_boxes, clip_boxes, intersection
from mtcnn_lite.course.explorers.base import Drawing, Explorer, in_row, look, sliders
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


class OverlapExplorer(Explorer):
    """Two boxes on a photo; corners are rounded to whole pixels.

    Parameters
    ----------
    image : uint8 (H, W, 3), the photo, RGB
    first, second : (4,), the boxes, px

    Raises
    ------
    ValueError
        For a first box without area: the region on show is laid around it.
    """

    def __init__(self, image: NDArray[np.uint8], first: ArrayLike, second: ArrayLike) -> None:
        a, b = (as_boxes(np.reshape(box, (-1, 4))).round() for box in (first, second))
        self.image = as_rgb(image)
        x1, y1, x2, y2 = region = self._around(a)
        photo = Picture(np.ascontiguousarray(self.image[y1:y2, x1:x2])).encode("JPEG")
        x, y, right, bottom = b[0].astype(int).tolist()
        self.canvas = Drawing(
            "overlap.js", photo=photo, region=region, first=a[0].astype(int).tolist(),
            x=x, y=y, width=max(0, right - x), height=max(0, bottom - y),  # of the second box: a trait a slider
            kinds=[list(kind) for kind in KINDS], allowed=list(ALLOWED),
            colours=[COLOURS["truth"], COLOURS["pnet"], COLOURS["landmark"]],  # first, second, shared
        )  # fmt: skip
        ends = {"x": (x1, x2 - 1), "y": (y1, y2 - 1), "width": (0, x2 - x1), "height": (0, y2 - y1)}
        self.sliders = sliders(self.canvas, look(60), **{name: (name, *end, 1) for name, end in ends.items()})
        pairs = [in_row(*map(self.sliders.get, pair), align=None) for pair in (("x", "width"), ("y", "height"))]
        super().__init__([widgets.Label("the blue box:"), *pairs, self.canvas])

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
            f"A yellow box of {now.first:,.0f} and a blue one of {now.second:,.0f} square px: they share "
            f"{now.shared:,.0f} of {now.union:,.0f}, IoU {now.iou:.2f}, over the smaller {now.iom:.2f}"
        )
