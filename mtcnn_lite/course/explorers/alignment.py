"""One face, three ways to cut it out: turn the photo, push one of its five points, and watch the crop."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from mtcnn_lite.alignment import SIZE, Matrices, corners, similarity_transform, template, transform_points
from mtcnn_lite.boxes import Floats, square_boxes
from mtcnn_lite.course.explorers.base import Drawing, Explorer, buttons, link, look, sliders, stacked
from mtcnn_lite.datasets import augment
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, INK, Picture, Pixels, beside, draw_landmarks, draw_polygon, enlarged

WAYS = ("plain crop", "two eyes", "five points")
POINTS = ("left eye", "right eye", "nose", "left corner", "right corner")  # left and right in the picture
SHOWN = 2.1  # how many of the box's sides the photo shows: at any turn, the whole outline of the crop
PLACE, FOUND = INK, COLOURS["landmark"]  # colours: where a point belongs, where it is


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
    """One way to cut the face out of the photo, turned about the box's middle; alignment.js computes the same.

    Parameters
    ----------
    points : (5, 2), the face's landmarks, px
    box : (4,), its box, px
    way : str, one of WAYS
    turn : float, of the photo, degrees, clockwise as one looks at it
    which : int, the point that is given wrongly, one of POINTS
    right, down : float, how far off it is given, px
    """
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


class AlignmentExplorer(Explorer):
    """Sliders for the turn and for one point's error; everything is computed in the browser.

    Parameters
    ----------
    image : uint8 (H, W, 3), a photo, RGB
    points : (5, 2), the landmarks of one face in it, as a detector gives them, px
    box : (4,), its box
    """

    def __init__(self, image: Pixels, points: ArrayLike, box: ArrayLike) -> None:
        self.photo = LabelledPhoto(image, [np.asarray(box)], [np.asarray(points)])
        reach = round(float(np.linalg.norm(np.subtract(*self.photo.landmarks[0, :2]))) / 2)
        self.canvas = Drawing(
            "alignment.js", turn=20.0, which=0, right=0.0, down=0.0, way=2,
            photo=Picture(self.photo.image()).encode("JPEG"), points=self.photo.landmarks[0].tolist(),
            square=square_boxes(self.photo.boxes)[0].tolist(),  # what the plain crop shows
            template=template().tolist(), names=list(POINTS), ways=list(WAYS), side=SIZE,
            reach=reach,  # how far a point can be pushed, px
            colours=[PLACE, FOUND],
        )  # fmt: skip
        pushed = {way: (f"pushed {way}, px", -reach, reach, 0.5) for way in ("right", "down")}
        self.sliders = sliders(self.canvas, look(130), turn=("turn of the photo, °", -60, 60, 1), **pushed)
        self.which, self.way = buttons(POINTS), buttons(WAYS, 2)
        link(self.canvas, which=self.which, way=self.way)
        turn, right, down = self.sliders.values()
        super().__init__(stacked(turn, ("cut by:", self.way), ("push the:", self.which), (right, down), self.canvas))

    def cut(self) -> Cut:
        """The view on show."""
        one = self.canvas
        points, box = self.photo.landmarks[0], self.photo.boxes[0]
        return view(points, box, WAYS[one.way], one.turn, one.which, one.right, one.down)

    def still(self) -> Picture:
        cut, x, side = self.cut(), self.canvas.square, self.canvas.square[2] - self.canvas.square[0]
        middle = (x[0] + x[2]) / 2, (x[1] + x[3]) / 2
        turned = augment.rotate(self.photo, self.canvas.turn, about=middle).image()
        crop = np.asarray(cv2.warpAffine(turned, cut.matrix, (SIZE, SIZE)), np.uint8)
        drawn = draw_polygon(turned, corners(cut.matrix), PLACE)
        drawn = draw_landmarks(drawn, cut.given, FOUND)
        left, top = (max(0, round(each - SHOWN / 2 * side)) for each in middle)
        region = drawn[top : top + round(SHOWN * side), left : left + round(SHOWN * side)]
        large = draw_landmarks(draw_landmarks(enlarged(crop, 3), template() * 3 + 1, PLACE), cut.landed * 3 + 1, FOUND)
        captions = [f"the photo, turned by {self.canvas.turn:.0f}°", f"{WAYS[self.canvas.way]}, 112 x 112 px"]
        return beside([region, large], captions, height=large.shape[0])

    def summary(self) -> str:
        one, cut = self.canvas, self.cut()
        pushed = f"{POINTS[one.which]} pushed by {one.right:+.1f}, {one.down:+.1f} px"
        return (
            f"{WAYS[one.way]}, photo turned by {one.turn:.0f} degrees, {pushed}: the points land {cut.off:.1f} px from "
            f"their places, the eyes are tilted by {cut.tilt + 0.0:.1f} degrees"
        )
