"""The functions of the cascade that a reader builds in the notebooks and may swap in, and what is asked of them.

Each has its exercise's signature, so that `Detector.swap` can put a reader's function in its place. What comes back
is checked here: a wrong shape is one clear error that names the function, not a crash further on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtcnn_lite import boxes as boxes_
from mtcnn_lite import nms as nms_
from mtcnn_lite import pyramid
from mtcnn_lite.boxes import Floats, as_boxes
from mtcnn_lite.cascade.record import Indices, Level


@dataclass(frozen=True)
class Hooks:
    """The functions in use, and each one's checked call.

    The fields are named and called as the exercises are; each may be replaced, see `Detector.swap`. The methods call
    them and raise ValueError, naming the function, for an answer of a wrong shape.
    """

    pyramid_scales: Callable[..., Any] = pyramid.pyramid_scales
    candidate_windows: Callable[..., Any] = pyramid.candidate_windows
    nms: Callable[..., Any] = nms_.nms
    decode_offsets: Callable[..., Any] = boxes_.decode_offsets
    square_boxes: Callable[..., Any] = boxes_.square_boxes
    landmarks_to_image: Callable[..., Any] = boxes_.landmarks_to_image

    def scales(self, height: int, width: int, min_face: float, factor: float) -> list[float]:
        """The pyramid's scales, each of which must leave room for P-Net's window.

        Parameters
        ----------
        height, width : int
            The image's size, in pixels.
        min_face, factor : float
            As in `pyramid.pyramid_scales`.
        """
        scales = self.pyramid_scales(height, width, min_face, factor)
        if np.ndim(scales) != 1 or not np.isfinite(np.asarray(scales, np.float64)).all():
            raise ValueError(f"pyramid_scales(...) is {scales}; it must be a list of finite numbers")
        for scale in scales:
            if min(pyramid._level_size(height, width, scale)) < pyramid.CELL:
                raise ValueError(f"pyramid_scales(...) holds {scale}: of {height}x{width} px that leaves a level with "
                                 f"a side under {pyramid.CELL} px, P-Net's window")  # fmt: skip
        return [float(scale) for scale in scales]

    def windows(self, level: Level, threshold: float, passing: int) -> Floats:
        """The level's windows with a score of at least `threshold`, (N, 4), row by row.

        Parameters
        ----------
        level : Level
            With its face_map.
        threshold : float
            The lowest score that passes.
        passing : int
            How many cells pass it, and so how many windows must come back.
        """
        windows = as_boxes(self.candidate_windows(level.face_map, level.scale, threshold), "candidate_windows(...)")
        if len(windows) != passing:
            raise ValueError(f"candidate_windows gave {len(windows)} windows where {passing} cells pass {threshold}")
        return windows

    def kept(self, boxes: Floats, scores: Floats, threshold: float) -> Indices:
        """The indices of the boxes that NMS keeps.

        Parameters
        ----------
        boxes : float32 (N, 4)
            In image pixels.
        scores : float32 (N,)
            Theirs.
        threshold : float
            The largest overlap that is allowed.
        """
        kept = np.asarray(self.nms(boxes, scores, threshold))
        kept = kept if kept.size else np.zeros(0, np.int64)  # an empty list would be of type float
        whole = kept.ndim == 1 and kept.dtype.kind in "iu"
        if not whole or (kept.size and not 0 <= kept.min() <= kept.max() < len(boxes)):
            raise ValueError(f"nms(...) is {kept.dtype} of shape {kept.shape}; it must hold indices of the boxes to "
                             f"keep, whole numbers from 0 to {len(boxes) - 1}")  # fmt: skip
        if kept.size and np.bincount(kept.astype(np.int64)).max() > 1:
            raise ValueError("nms(...) holds an index more than once; each box is kept once or not at all")
        return kept

    def moved(self, boxes: Floats, offsets: Floats) -> Floats:
        """The boxes moved by their offsets, (N, 4)."""
        return _as_many(self.decode_offsets(boxes, offsets), boxes, "decode_offsets(...)")

    def squared(self, boxes: Floats) -> Floats:
        """The boxes made square, (N, 4)."""
        return _as_many(self.square_boxes(boxes), boxes, "square_boxes(...)")

    def points(self, boxes: Floats, landmarks: Floats) -> Floats:
        """Landmarks (N, 10) of the boxes as points (N, 5, 2) in the image."""
        points = np.asarray(self.landmarks_to_image(boxes, landmarks), np.float32)
        if points.shape != (len(boxes), 5, 2):
            raise ValueError(f"landmarks_to_image(...) has shape {points.shape}; it must be ({len(boxes)}, 5, 2)")
        return points


def _as_many(result: Any, boxes: Floats, name: str) -> Floats:
    array = as_boxes(result, name)
    if len(array) != len(boxes):
        raise ValueError(f"{name} has shape {array.shape}; for {len(boxes)} boxes it must be ({len(boxes)}, 4)")
    return array
