"""One face, three ways to cut it out: turn the photo, push one of its five points, and watch the crop."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from mtcnn_lite.alignment import SIZE, Matrices, corners, similarity_transform, template, transform_points
from mtcnn_lite.boxes import Floats, square_boxes
from mtcnn_lite.course.explorers.canvas import Explorer, script
from mtcnn_lite.datasets import augment
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, Picture, Pixels, beside, draw_landmarks, rgb

WAYS = ("plain crop", "two eyes", "five points")
POINTS = ("left eye", "right eye", "nose", "left corner", "right corner")  # left and right in the picture
SHOWN = 2.1  # how many of the box's sides the photo shows: at any turn, the whole outline of the crop
PLACE, FOUND = COLOURS["pnet"], COLOURS["landmark"]  # colours: where a point belongs, where it is


@dataclass(frozen=True, eq=False)
class Cut:
    """One way to cut the face out. turned (5, 2): the points in the turned photo; given (5, 2): the same with one of
    them pushed, which is what the way is told. matrix (2, 3): turned photo to crop. landed (5, 2): where the true
    points come to lie in the crop. off: their mean distance from the template, px. tilt: of the eyes' line, degrees."""

    turned: Floats
    given: Floats
    matrix: Matrices
    landed: Floats
    off: float
    tilt: float


def view(
    points: ArrayLike, box: ArrayLike, way: str, turn: float = 0, which: int = 0, right: float = 0, down: float = 0
) -> Cut:
    """The photo turned by `turn` degrees about the box's middle, clockwise as one looks at it; the point `which` is
    said to lie `right` and `down` px from where it is. `points` (5, 2), `box` (4,). alignment.js computes the same."""
    square = square_boxes(np.asarray([box]))[0].astype(np.float64)
    middle, side = (square[:2] + square[2:]) / 2 - 0.5, square[2] - square[0]  # the middle as a pixel centre
    turned = transform_points(points, turning(turn, middle))
    given = turned.copy()
    given[which] += [right, down]
    if way == "plain crop":
        scale = SIZE / side
        matrix = np.column_stack([np.eye(2) * scale, (SIZE - 1) / 2 - scale * middle])
    else:
        rows = slice(0, 2 if way == "two eyes" else 5)
        matrix = similarity_transform(given[rows], template()[rows])
    landed = transform_points(turned, matrix)
    off = np.linalg.norm(landed - template(), axis=1).mean()
    x, y = landed[1] - landed[0]
    tilt = float(np.degrees(np.arctan2(y, x)))
    return Cut(turned.astype(np.float32), given.astype(np.float32), matrix, landed.astype(np.float32), float(off), tilt)


def turning(degrees: float, about: ArrayLike) -> Matrices:
    """The turn about a point, as a matrix (2, 3) of pixel centres."""
    angle, fixed = np.radians(degrees), np.asarray(about, np.float64)
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([linear, fixed - linear @ fixed])


class AlignmentCanvas(anywidget.AnyWidget):
    """The photo with its points, and the crop, drawn by alignment.js. A point can be dragged."""

    _esm = script("alignment.js")
    _css = Path(__file__).parent / "canvas.css"

    turn = traitlets.Float(20.0).tag(sync=True)
    which = traitlets.Int(0).tag(sync=True)
    right = traitlets.Float(0.0).tag(sync=True)
    down = traitlets.Float(0.0).tag(sync=True)
    way = traitlets.Int(2).tag(sync=True)
    photo = traitlets.Bytes(b"").tag(sync=True)  # a JPEG
    square = traitlets.List([0.0, 0.0, 1.0, 1.0]).tag(sync=True)  # the box's square: what the plain crop shows
    points: traitlets.List[list[float]] = traitlets.List([]).tag(sync=True)
    template = traitlets.List(template().tolist()).tag(sync=True)
    names = traitlets.List(list(POINTS)).tag(sync=True)
    ways = traitlets.List(list(WAYS)).tag(sync=True)
    side = traitlets.Int(SIZE).tag(sync=True)
    reach = traitlets.Float(20.0).tag(sync=True)  # how far a point can be pushed, px
    colours = traitlets.List([PLACE, FOUND]).tag(sync=True)


class AlignmentExplorer(Explorer):
    """Sliders for the turn and for one point's error; everything is computed in the browser."""

    def __init__(self, image: Pixels, points: ArrayLike, box: ArrayLike, **kwargs: Any) -> None:
        """`points` (5, 2) and `box` (4,): of one face in `image`, as a detector gives them."""
        self.photo = LabelledPhoto(image, [np.asarray(box)], [np.asarray(points)])
        reach = round(float(np.linalg.norm(np.subtract(*self.photo.landmarks[0, :2]))) / 2)
        self.canvas = AlignmentCanvas(
            photo=Picture(self.photo.image()).encode("JPEG"),
            square=square_boxes(self.photo.boxes)[0].tolist(),
            points=self.photo.landmarks[0].tolist(),
            reach=reach,
        )
        look = {"style": {"description_width": "130px"}, "layout": widgets.Layout(width="400px")}
        self.sliders = {
            "turn": widgets.FloatSlider(20, min=-60, max=60, step=1, description="turn of the photo, °", **look),
            "right": widgets.FloatSlider(0, min=-reach, max=reach, step=0.5, description="pushed right, px", **look),
            "down": widgets.FloatSlider(0, min=-reach, max=reach, step=0.5, description="pushed down, px", **look),
        }
        self.which = widgets.ToggleButtons(options=POINTS, style={"button_width": "auto"})
        self.way = widgets.ToggleButtons(options=WAYS, index=2, style={"button_width": "auto"})
        for trait, slider in self.sliders.items():
            widgets.jslink((slider, "value"), (self.canvas, trait))
        for trait, buttons in (("which", self.which), ("way", self.way)):
            widgets.jslink((buttons, "index"), (self.canvas, trait))
        wrap = widgets.Layout(flex_flow="row wrap", align_items="center")
        rows = [
            widgets.HBox([widgets.Label("cut by:"), self.way], layout=wrap),
            widgets.HBox([widgets.Label("push the:"), self.which], layout=wrap),
            widgets.HBox([self.sliders["right"], self.sliders["down"]], layout=wrap),
        ]
        super().__init__([self.sliders["turn"], *rows, self.canvas], **kwargs)

    def cut(self) -> Cut:
        """The view on show."""
        one = self.canvas
        points, box = self.photo.landmarks[0], self.photo.boxes[0]
        return view(points, box, WAYS[one.way], one.turn, one.which, one.right, one.down)

    def still(self) -> Picture:
        cut, x, side = self.cut(), self.canvas.square, self.canvas.square[2] - self.canvas.square[0]
        middle = (x[0] + x[2]) / 2, (x[1] + x[3]) / 2
        turned = augment.rotate(self.photo, self.canvas.turn, about=middle).image()
        crop = cv2_warp(turned, cut.matrix)
        drawn = draw_polygon(turned, corners(cut.matrix))
        drawn = draw_landmarks(drawn, cut.given, FOUND)
        left, top = (max(0, round(each - SHOWN / 2 * side)) for each in middle)
        region = drawn[top : top + round(SHOWN * side), left : left + round(SHOWN * side)]
        large = crop.repeat(3, axis=0).repeat(3, axis=1)
        large = draw_landmarks(draw_landmarks(large, template() * 3 + 1, PLACE), cut.landed * 3 + 1, FOUND)
        captions = [f"the photo, turned by {self.canvas.turn:.0f}°", f"{WAYS[self.canvas.way]}, 112 x 112 px"]
        return beside([region, large], captions, height=large.shape[0])

    def summary(self) -> str:
        one, cut = self.canvas, self.cut()
        pushed = f"{POINTS[one.which]} pushed by {one.right:+.1f}, {one.down:+.1f} px"
        return (
            f"{WAYS[one.way]}, photo turned by {one.turn:.0f} degrees, {pushed}: the points land {cut.off:.1f} px from "
            f"their places, the eyes are tilted by {cut.tilt + 0.0:.1f} degrees"
        )


def cv2_warp(image: Pixels, matrix: Matrices) -> Pixels:
    """The crop that a matrix cuts, uint8 (112, 112, 3)."""
    import cv2

    return np.asarray(cv2.warpAffine(image, matrix, (SIZE, SIZE)), np.uint8)


def draw_polygon(image: Pixels, square: Floats) -> Pixels:
    """The image with a four-sided outline, corners (4, 2) at pixel centres."""
    import cv2

    canvas = np.ascontiguousarray(image).copy()
    eighths = np.round(square * 8).astype(np.int32)  # OpenCV's `shift`: 1/8 px
    cv2.polylines(canvas, [eighths], True, (255, 255, 255), 4, cv2.LINE_AA, shift=3)
    cv2.polylines(canvas, [eighths], True, rgb(PLACE), 2, cv2.LINE_AA, shift=3)
    return canvas
