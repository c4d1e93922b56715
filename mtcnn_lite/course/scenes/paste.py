"""One cutout pasted into a scene: turned, resized, recoloured and blended, its labels moved by the same numbers.

Whole numbers decide every pixel, so that a seed gives the same bytes on any CPU: positions count in 1/65536 px,
bilinear weights and opacity in 1/256. (How cv2.warpAffine rounds depends on the processor and on OpenCV's version.)
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.coordinates import MIRRORED, move_landmarks
from mtcnn_lite.course.scenes.cutouts import Cutout
from mtcnn_lite.images import Pixels
from mtcnn_lite.pyramid import nearest_larger

ONE = 1 << 16  # a pixel
WEIGHT = 1 << 8  # full weight of a pixel in a mean of several
REACH = 0.64  # of the box's sides: the ellipse beyond which nothing is pasted; the box's own is 0.5
RIM = 0.35  # share of the ellipse's area that fades out, so that no edge is to be seen


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a cutout goes, and how: the middle of its box at x, y (edge coordinates), `scale` px for one of its own.

    The turn is anticlockwise as one looks at it, after the mirroring. `reach` says how far the mask's ellipse reaches
    from the middle, in sides of the box, and `colours` (3, 256) what becomes of each red, green and blue.
    """

    cutout: Cutout
    x: float
    y: float
    scale: float
    degrees: float
    mirrored: bool
    reach: float
    colours: Pixels

    def box(self) -> NDArray[np.float64]:
        """x1, y1, x2, y2 in the scene. It keeps its shape: a turn moves its middle only, as in `augment.warp`."""
        half = self._sides() / 2 * self.scale
        return np.concatenate([self._middle() - half, self._middle() + half])

    def landmarks(self) -> NDArray[np.float64]:
        """The points (5, 2) in the scene, whole numbers at pixel centres; five NaN for what is no face."""
        if self.cutout.landmarks is None:
            return np.full((5, 2), np.nan)
        points = move_landmarks(self.cutout.landmarks, self._to_scene(), self._origin() / ONE, self._middle())
        return points[MIRRORED] if self.mirrored else points

    def frame(self) -> NDArray[np.float64]:
        """x1, y1, x2, y2 of the upright rectangle round the whole mask; it may leave the scene."""
        half = np.hypot(*(self._to_scene() * self._sides() * self.reach).T)  # of a turned ellipse
        return np.concatenate([self._middle() - half, self._middle() + half])

    def paste(self, scene: Pixels) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.bool_]]:
        """Blends the cutout into `scene` (H, W, 3), contiguous, in place.

        Returns, for each pixel that the mask touches, (its number, counted row by row; its opacity, 0 to 256; whether
        it lies in the ellipse that touches the box's four sides: the face itself).
        """
        height, width = scene.shape[:2]
        x1, y1 = np.maximum(np.floor(self.frame()[:2]), 0).astype(int)
        x2, y2 = np.minimum(np.ceil(self.frame()[2:]), [width, height]).astype(int)
        # From the middle of the box to each pixel's centre, in 1/16 px, then in 1/65536 px of the cutout.
        right = 16 * np.arange(x1, max(x1, x2)) + 8 - round(16 * self.x)  # (w,)
        down = 16 * np.arange(y1, max(y1, y2))[:, None] + 8 - round(16 * self.y)  # (h, 1)
        (xx, xy), (yx, yy) = self._to_cutout()
        u, v = (xx * right + xy * down) >> 4, (yx * right + yy * down) >> 4  # (h, w)
        radius_x, radius_y = self._sides() * self.reach * ONE
        distance = (u / radius_x) ** 2 + (v / radius_y) ** 2  # 1 at the mask's edge
        touched = np.flatnonzero(distance < 1)  # (M,) of the frame's pixels
        u, v, distance = (values.reshape(-1)[touched] for values in (u, v, distance))
        number = nearest_larger(self.scale, len(self.cutout.copies))
        to_copy = [(axis + start >> number) - ONE // 2 for axis, start in zip((u, v), self._origin(), strict=True)]
        fresh = self.colours.reshape(-1)[bilinear(self.cutout.copies[number], *to_copy) + np.arange(0, 768, 256)]
        opacity = np.minimum((1 - distance) * (WEIGHT / RIM), WEIGHT).astype(np.int32)
        at = (touched // max(x2 - x1, 1) + y1) * width + touched % max(x2 - x1, 1) + x1
        pixels, share = scene.reshape(-1, 3), opacity[:, None]
        pixels[at] = (pixels.take(at, axis=0) * (WEIGHT - share) + fresh * share + WEIGHT // 2) >> 8
        return at, opacity, distance * (2 * self.reach) ** 2 <= 1

    def _sides(self) -> NDArray[np.float64]:
        x1, y1, x2, y2 = self.cutout.box
        return np.array([x2 - x1, y2 - y1])

    def _origin(self) -> NDArray[np.int64]:
        """The middle of the box in the cutout's picture, in 1/65536 px."""
        x1, y1, x2, y2 = self.cutout.box
        return np.rint(np.array([x1 + x2, y1 + y2]) / 2 * ONE).astype(np.int64)

    def _middle(self) -> NDArray[np.float64]:
        return np.array([round(16 * self.x) / 16, round(16 * self.y) / 16])

    def _to_cutout(self) -> NDArray[np.int64]:
        """The matrix (2, 2) from px of the scene to 1/65536 px of the cutout."""
        (cos, sin), side = whole_turn(self.degrees, self.scale), -1 if self.mirrored else 1
        return np.array([[side * cos, -side * sin], [sin, cos]])  # y grows downwards

    def _to_scene(self) -> NDArray[np.float64]:
        """The way back, from what the pixels use, rounding and all: a turn's inverse is its transpose."""
        back = self._to_cutout().T
        return back * (ONE / (back[0] @ back[0]))


def whole_turn(degrees: float, scale: float) -> tuple[int, int]:
    """Cosine and sine of a turn, times a step of one px at `scale`, in 1/65536 px.

    Whole numbers, not `coordinates.rotation`: what is computed from them is the same on any CPU.
    """
    turn, step = math.radians(degrees), ONE / scale
    return round(math.cos(turn) * step), round(math.sin(turn) * step)


def bilinear(picture: Pixels, x: NDArray[np.int64], y: NDArray[np.int64]) -> Pixels:
    """The picture's colours (M, 3), uint8, at M points.

    Outside, it goes on as the pixel at its border. Weights are rounded to 1/256, halves of a brightness upwards.

    Parameters
    ----------
    picture : uint8 (H, W, 3)
        RGB.
    x, y : int64 (M,)
        In 1/65536 px from the first pixel's centre.

    Examples
    --------
    >>> ramp = np.array([[[0] * 3, [100] * 3]], np.uint8)  # one row of two pixels
    >>> bilinear(ramp, np.array([-ONE, ONE // 4, ONE]), np.zeros(3, int))[:, 0]
    array([  0,  25, 100], dtype=uint8)
    """
    height, width = picture.shape[:2]
    pixels = picture.reshape(-1, 3)
    to_x, to_y = ((axis + 128 >> 8).astype(np.int32) for axis in (x, y))  # 1/256 px
    left, top = to_x >> 8, to_y >> 8
    columns = [np.clip(left + k, 0, width - 1) for k in (0, 1)]
    rows = [np.clip(top + k, 0, height - 1) * width for k in (0, 1)]
    fx, fy = (to_x & 255)[:, None], (to_y & 255)[:, None]  # (M, 1)
    upper, lower = (
        pixels.take(row + columns[0], axis=0) * (WEIGHT - fx) + pixels.take(row + columns[1], axis=0) * fx
        for row in rows
    )
    total = upper * (WEIGHT - fy) + lower * fy  # at most 255 * 65536
    return ((total + ONE // 2) >> 16).astype(np.uint8)
