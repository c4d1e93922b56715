"""Marks on a copy of a photo: boxes, landmarks, outlines; and a map of scores as a picture."""

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import as_boxes, clip_boxes
from mtcnn_lite.draw.colours import INK, rgb
from mtcnn_lite.draw.sheets import enlarged
from mtcnn_lite.images import Pixels


def draw_boxes(image: Pixels, boxes: ArrayLike, colour: str = "onet", thickness: int = 2) -> Pixels:
    """A copy of the photo with each box outlined, with a white rim, to show on any photo.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        A photo, RGB; it stays as it is.
    boxes : (N, 4)
        x1, y1, x2, y2, px; rounded to whole pixels.
    colour : str
        A name from COLOURS, or "#RRGGBB".
    thickness : int
        Of the lines without the rim, px.
    """
    canvas = np.ascontiguousarray(image).copy()
    corners = as_boxes(boxes).round().astype(int).tolist()
    for line, tint in ((thickness + 2, (255, 255, 255)), (thickness, rgb(colour))):  # all rims, then all lines
        for x1, y1, x2, y2 in corners:  # x2 and y2 lie outside a half-open box: its last pixel is the one before
            cv2.rectangle(canvas, (x1, y1), (x2 - 1, y2 - 1), tint, line)
    return canvas


def draw_overlap(image: Pixels, first: ArrayLike, second: ArrayLike, colour: str = "pnet", line: int = 2) -> Pixels:
    """A copy of the photo with two boxes, tinted: the first in yellow, what they share in vermilion.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        A photo, RGB; it stays as it is.
    first, second : (4,)
        x1, y1, x2, y2, px.
    colour : str
        Of the second: a name from COLOURS, or "#RRGGBB".
    line : int
        Width of the outlines, px.
    """
    a, b = (as_boxes(np.reshape(box, (-1, 4))) for box in (first, second))
    both = np.concatenate([np.maximum(a, b)[:, :2], np.minimum(a, b)[:, 2:]], axis=1)
    tinted = image.astype(np.float32)
    for box, tint in ((a, "truth"), (b, colour), (both, "landmark")):
        x1, y1, x2, y2 = clip_boxes(box.round(), *image.shape[:2]).astype(int)[0]
        tinted[y1:y2, x1:x2] = 0.62 * image[y1:y2, x1:x2] + 0.38 * np.array(rgb(tint))
    return draw_boxes(draw_boxes(tinted.astype(np.uint8), a, "truth", line), b, colour, line)


def draw_landmarks(image: Pixels, landmarks: ArrayLike, colour: str = "landmark", radius: int = 3) -> Pixels:
    """A copy of the photo with a dot at each landmark, with a dark rim, to show on skin of any tone.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        A photo, RGB; it stays as it is.
    landmarks : (N, 5, 2)
        x, y, px; whole numbers at pixel centres.
    colour : str
        A name from COLOURS, or "#RRGGBB".
    radius : int
        Of a dot without its rim, px.
    """
    canvas = np.ascontiguousarray(image).copy()
    eighths = np.round(np.asarray(landmarks, np.float32).reshape(-1, 2) * 8).astype(int)  # OpenCV's `shift`: 1/8 px
    rim = 8 if radius > 1 else 4  # 1/8 px: round a small dot it must leave some colour
    for x, y in eighths.tolist():
        for size, tint in ((8 * radius + rim, rgb(INK)), (8 * radius, rgb(colour))):
            cv2.circle(canvas, (x, y), size, tint, -1, cv2.LINE_AA, shift=3)
    return canvas


def draw_polygon(image: Pixels, corners: ArrayLike, colour: str = INK) -> Pixels:
    """A copy of the image with a closed outline, with a white rim.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        RGB.
    corners : (N, 2)
        In order, whole numbers at pixel centres.
    colour : str
        A name from COLOURS, or "#RRGGBB".
    """
    canvas = np.ascontiguousarray(image).copy()
    eighths = np.round(np.asarray(corners) * 8).astype(np.int32)  # OpenCV's `shift`: 1/8 px
    for line, tint in ((4, (255, 255, 255)), (2, rgb(colour))):
        cv2.polylines(canvas, [eighths], True, tint, line, cv2.LINE_AA, shift=3)
    return canvas


def draw_map(face_map: NDArray[np.float32], threshold: float, colour: str = "pnet", zoom: int = 4) -> Pixels:
    """A level's map as a picture: darker is more like a face, in colour where it reaches the threshold.

    Parameters
    ----------
    face_map : float32 (H, W)
        Probabilities of a face.
    threshold : float
        From 0 to 1.
    colour : str
        A name from COLOURS, or "#RRGGBB".
    zoom : int
        Side of a cell, px.
    """
    pixels = np.repeat((250 - 178 * face_map).astype(np.uint8)[..., None], 3, axis=2)
    pixels[face_map >= threshold] = rgb(colour)
    return enlarged(pixels, zoom)
