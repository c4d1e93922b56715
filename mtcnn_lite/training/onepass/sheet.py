"""A picture of a training batch, to look at before hours of training: are boxes and points on the faces?"""

import cv2
import numpy as np
from PIL import Image

from mtcnn_lite.images import Pixels
from mtcnn_lite.onepass.encoding import decode_boxes, decode_points
from mtcnn_lite.training.onepass.targets import FACE
from mtcnn_lite.training.onepass.views import Views
from mtcnn_lite.training.plots import BOX, POINT, RIM

COLUMNS, MOST = 4, 16  # views in a row, and in all


def view_sheet(views: Views, step: int) -> Image.Image:
    """The views of a step, with the boxes and points that the anchors for faces should answer, decoded again.

    >>> import numpy as np
    >>> from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
    >>> from mtcnn_lite.training.onepass.plan import OnePassPlan
    >>> photo = LabelledPhoto(np.zeros((64, 64, 3), np.uint8), [[10, 10, 40, 40]])
    >>> view_sheet(Views([photo], OnePassPlan(batch=2, side=64), {8: [16], 16: [32], 32: [64]}, 0), 0).size
    (256, 64)
    """
    batch, side = views(step), views.plan.side
    shown = min(MOST, len(batch.pixels))
    rows = -(-shown // COLUMNS)
    sheet = np.full((rows * side, COLUMNS * side, 3), 255, np.uint8)
    for k in range(shown):
        y, x = side * (k // COLUMNS), side * (k % COLUMNS)
        its = np.flatnonzero(batch.kinds[k].numpy() == FACE)
        anchors = views.anchors[its]
        boxes = decode_boxes(anchors, batch.offsets[k].numpy()[its])
        points = decode_points(anchors, batch.points[k].numpy()[its].reshape(-1, 5, 2))
        sheet[y : y + side, x : x + side] = _drawn(batch.pixels[k], boxes, points)
    return Image.fromarray(sheet)


def _drawn(pixels: Pixels, boxes: np.ndarray, points: np.ndarray) -> Pixels:
    drawn = np.ascontiguousarray(pixels)
    for x1, y1, x2, y2 in {tuple(box) for box in boxes.round().astype(int).tolist()}:
        for colour, wide in ((RIM, 3), (BOX, 1)):
            cv2.rectangle(drawn, (x1, y1), (x2 - 1, y2 - 1), colour, wide)
    known = points[np.isfinite(points).all(axis=(1, 2))].reshape(-1, 2)
    for x, y in {tuple(point) for point in known.round().astype(int).tolist()}:
        for colour, radius in ((RIM, 2), (POINT, 1)):
            cv2.circle(drawn, (x, y), radius, colour, cv2.FILLED)
    return drawn
