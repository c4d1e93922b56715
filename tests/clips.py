"""Clips for the tests, made with OpenCV: faces whose ways are known."""

from pathlib import Path

import cv2
import numpy as np
import skimage.data

from mtcnn_lite.course.scenes import ASTRONAUT_BOX, mirrored, scaled

FACE = (slice(20, 230), slice(130, 330))  # of the astronaut's photo: the head
GROUND = 120


def write_clip(path, pictures, fps=25.0, codec="mp4v"):
    """Write RGB pictures of one size, and give the path."""
    writer = None
    for picture in pictures:
        if writer is None:
            size = (picture.shape[1], picture.shape[0])
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, size)
            assert writer.isOpened()
        writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    writer.release()
    return Path(path)


def numbered(count, height=48, width=64):
    """Up to 60 pictures of one gray each, brighter from one to the next: a frame says which it is."""
    return (np.full((height, width, 3), 10 + 4 * k, np.uint8) for k in range(count))


def number_of(image):
    """Which of `numbered` a decoded frame is."""
    return round((float(image.mean()) - 8) / 4)  # codecs darken it by 1 to 4


def head(scale, flip=False):
    """The astronaut's head at a scale, and its box in it: pixels (h, w, 3), x1, y1, x2, y2."""
    rows, columns = FACE
    picture = np.ascontiguousarray(skimage.data.astronaut()[FACE])
    box = np.array([ASTRONAUT_BOX]) - np.tile([columns.start, rows.start], 2)
    height, width = (round(side * scale) for side in picture.shape[:2])
    picture, box, points = scaled(picture, box, np.zeros((1, 5, 2)), height, width)
    if flip:
        picture, box, _ = mirrored(picture, box, points)
    return picture, box[0]


def moving(count, ways, height=240, width=320):
    """Pictures with heads that move, and the boxes of each: `count` pairs (picture, {name: box}).

    `ways` has a name, a head and a function of the frame's number that gives its top left corner, x and y, or None
    where it is away.
    """
    for k in range(count):
        picture, boxes = np.full((height, width, 3), GROUND, np.uint8), {}
        for name, (pixels, box), way in ways:
            if (place := way(k)) is None:
                continue
            x, y = (round(value) for value in place)
            picture[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
            boxes[name] = box + np.array([x, y, x, y])
        yield picture, boxes
