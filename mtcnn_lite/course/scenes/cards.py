"""A picture on a wall: one photo or several on a card with a border, turned, with its shadow.

Whole numbers decide every pixel, as in `paste`: the same bytes on any CPU.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.coordinates import PIXEL_CENTRE, move_landmarks
from mtcnn_lite.course.scenes.cutouts import Box, Cutout
from mtcnn_lite.course.scenes.paste import ONE, WEIGHT, bilinear, whole_turn
from mtcnn_lite.images import Pixels
from mtcnn_lite.pyramid import nearest_larger

Colour = tuple[int, int, int]
Labels = tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]  # boxes (4,) and landmarks (5, 2)
SHADOW, SHADOW_SHARE, SHADOW_BLUR = (3, 5), 120, 4  # right and down, px; the light that it takes, in 1/256; px
NOTE = (238, 222, 140)  # the colour of the paper that hides part of a face


@dataclass(frozen=True, eq=False)
class Shot:
    """One photo on a card.

    Parameters
    ----------
    cutout : Cutout
        What is shown, a face or none.
    crop : (4,), optional
        x1, y1, x2, y2 in its picture; without it all of it.
    light : int
        Share of its brightness that is left, in 1/256.
    blur : int
        Radius in px of the wall.
    cover : (4,), optional
        What of the face's box lies behind a note: left, top, right, bottom, from 0 to 1.
    """

    cutout: Cutout
    crop: Box | None = None
    light: int = WEIGHT
    blur: int = 0
    cover: Box | None = None

    def corner(self) -> NDArray[np.float64]:
        """x, y in the cutout's picture where the crop begins."""
        return np.zeros(2) if self.crop is None else np.array(self.crop[:2], np.float64)

    def scale(self, width: int) -> float:
        """px of the card for one of the cutout's picture, where the shot is so wide."""
        right = self.cutout.copies[0].shape[1] if self.crop is None else self.crop[2]
        return float(width / (right - self.corner()[0]))

    def pixels(self, width: int, height: int) -> Pixels:
        """The shot at this size, (height, width, 3)."""
        scale, corner = self.scale(width), self.corner()
        number, step = int(nearest_larger(scale, len(self.cutout.copies))), round(ONE / scale)
        right = (2 * np.arange(width) + 1) * step // 2 + round(corner[0] * ONE)
        down = (2 * np.arange(height)[:, None] + 1) * step // 2 + round(corner[1] * ONE)
        u, v = (((axis + np.zeros((height, width), int)).reshape(-1) >> number) - ONE // 2 for axis in (right, down))
        picture = _softened(bilinear(self.cutout.copies[number], u, v).reshape(height, width, 3), self.blur)
        if self.cover is not None:
            face = np.reshape(self.cutout.box, (2, 2))
            part = face[0] + np.reshape(self.cover, (2, 2)) * (face[1] - face[0])
            x1, y1, x2, y2 = np.maximum(np.rint((part - corner) * scale), 0).astype(int).reshape(-1).tolist()
            picture[y1:y2, x1:x2] = NOTE
        return (picture.astype(np.int32) * self.light // WEIGHT).astype(np.uint8)


@dataclass(frozen=True)
class Border:
    """What surrounds the photos of a card.

    layers: from the outside in, each (px, its colour). foot: px that the innermost is wider below, as on an instant
    photo. gap: px between the photos of one card.
    """

    layers: tuple[tuple[int, Colour], ...]
    foot: int = 0
    gap: int = 4


BORDERS: Mapping[str, Border] = {
    "black": Border(((1, (70, 68, 66)), (5, (34, 33, 32)), (1, (16, 16, 16)), (9, (243, 240, 233)),
                     (1, (205, 201, 193)))),
    "oak": Border(((1, (196, 158, 112)), (6, (158, 116, 72)), (1, (104, 74, 44)), (7, (247, 244, 238)),
                   (1, (208, 203, 194)))),
    "white": Border(((1, (255, 255, 255)), (5, (246, 245, 242)), (1, (198, 196, 190)))),
    "gold": Border(((1, (236, 206, 138)), (4, (188, 150, 74)), (2, (140, 106, 44)), (1, (232, 200, 130)))),
    "instant": Border(((6, (248, 247, 243)),), foot=16),
    "strip": Border(((5, (26, 26, 27)),)),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Card:
    """Shots in rows, each of a size (width, height) px, round the middle x, y, turned anticlockwise.

    The whole card's sides must be even, or its pixels lie between those of the wall.
    """

    shots: Sequence[Shot]
    x: int
    y: int
    size: tuple[int, int]
    border: str
    degrees: float = 0
    columns: int = 1

    def hang(self, wall: Pixels) -> Labels:
        """Draw the card on the wall (H, W, 3), in place; the labels of its faces there."""
        sheet, corners = self._sheet()
        height, width = sheet.shape[:2]
        reach = int(np.hypot(width, height)) // 2 + 12
        left, top = max(self.x - reach, 0), max(self.y - reach, 0)
        part = wall[top : self.y + reach, left : self.x + reach]
        turn, x, y = whole_turn(self.degrees, 1), self.x - left, self.y - top
        solid = np.full_like(sheet, 255)
        shade = _softened(_turned(solid, part.shape, x + SHADOW[0], y + SHADOW[1], turn), SHADOW_BLUR)
        part[:] = part * (255 * WEIGHT - shade.astype(np.int32) * SHADOW_SHARE) // (255 * WEIGHT)
        opacity, fresh = (_turned(layer, part.shape, x, y, turn).astype(np.int32) for layer in (solid, sheet))
        part[:] = np.minimum((part * (255 - opacity) + 127) // 255 + fresh, 255)  # `fresh` fades to black at its edge
        return self._labels(corners, (width, height))

    def _sheet(self) -> tuple[Pixels, list[tuple[int, int]]]:
        """The card before it is turned, and where the upper left corner of each shot lies on it."""
        border, (width, height) = BORDERS[self.border], self.size
        rows, rim = -(-len(self.shots) // self.columns), sum(thick for thick, _ in border.layers)
        inside = (
            rows * (height + border.gap) - border.gap + border.foot,
            self.columns * (width + border.gap) - border.gap,
        )
        sheet = np.full((*inside, 3), border.layers[-1][1], np.uint8)
        corners = []
        for k, shot in enumerate(self.shots):
            left, top = k % self.columns * (width + border.gap), k // self.columns * (height + border.gap)
            sheet[top : top + height, left : left + width] = shot.pixels(width, height)
            corners.append((left + rim, top + rim))
        for thick, colour in reversed(border.layers):
            framed = np.full((sheet.shape[0] + 2 * thick, sheet.shape[1] + 2 * thick, 3), colour, np.uint8)
            framed[thick:-thick, thick:-thick] = sheet
            sheet = framed
        return sheet, corners

    def _labels(self, corners: Sequence[tuple[int, int]], size: tuple[int, int]) -> Labels:
        """A box keeps its shape: a turn moves its middle only, as in `augment.warp`."""
        cos, sin = (part / ONE for part in whole_turn(self.degrees, 1))
        forth = np.array([[cos, sin], [-sin, cos]])  # y grows downwards
        middle, here = np.array(size) / 2, np.array([self.x, self.y], np.float64)
        boxes, points = [], []
        for shot, corner in zip(self.shots, corners, strict=True):
            if shot.cutout.landmarks is None:
                continue
            start, scale = shot.corner(), shot.scale(self.size[0])
            box = (np.reshape(shot.cutout.box, (2, 2)) - start) * scale + corner
            centre, half = forth @ (box.mean(axis=0) - middle) + here, (box[1] - box[0]) / 2
            boxes.append(np.concatenate([centre - half, centre + half]))
            on_card = (shot.cutout.landmarks + PIXEL_CENTRE - start) * scale + corner - PIXEL_CENTRE
            points.append(move_landmarks(on_card, forth, middle, here))
        return boxes, points


def _turned(sheet: Pixels, shape: tuple[int, ...], x: int, y: int, turn: tuple[int, int]) -> Pixels:
    """The sheet in a frame of this shape, its middle at x, y; black where it ends, with a soft edge."""
    height, width = sheet.shape[:2]
    cos, sin = turn
    right, down = 2 * np.arange(shape[1]) + 1 - 2 * x, (2 * np.arange(shape[0]) + 1 - 2 * y)[:, None]  # half px
    u = ((cos * right - sin * down) >> 1) + (width * ONE >> 1)
    v = ((sin * right + cos * down) >> 1) + (height * ONE >> 1)
    inside = (u > -ONE) & (v > -ONE) & (u < (width + 1) * ONE) & (v < (height + 1) * ONE)
    frame = np.zeros((*shape[:2], 3), np.uint8)
    frame[inside] = bilinear(np.pad(sheet, [(1, 1), (1, 1), (0, 0)]), u[inside] + ONE // 2, v[inside] + ONE // 2)
    return frame


def _softened(picture: Pixels, radius: int) -> Pixels:
    """Means over squares of 2 * radius + 1 px a side, taken twice: nearly a Gaussian."""
    if not radius:
        return picture
    size, now = 2 * radius + 1, picture.astype(np.int64)
    for axis in (0, 1, 0, 1):
        edges = [(radius + 1, radius) if k == axis else (0, 0) for k in range(3)]
        total = np.cumsum(np.pad(now, edges, mode="edge"), axis=axis)
        last = total.shape[axis]
        now = (total.take(range(size, last), axis) - total.take(range(last - size), axis) + size // 2) // size
    return now.astype(np.uint8)
