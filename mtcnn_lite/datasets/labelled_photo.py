"""A photo and its labelled faces: what data sets give, augmentation moves, and sampling cuts windows from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import Floats, as_boxes
from mtcnn_lite.images import Pixels, as_rgb, read_image


@dataclass(frozen=True, eq=False)
class LabelledPhoto:
    """One photo with the labels of its N faces; N may be 0, which makes all of it background.

    Parameters
    ----------
    source
        The file, read when `image()` is called, or the pixels themselves, uint8 (H, W, 3) RGB.
    boxes
        float32 (N, 4), x1, y1, x2, y2 on pixel edges.
    landmarks
        float32 (N, 5, 2), whole numbers at pixel centres; NaN for a face whose points nobody marked.
    ignore
        bool (N,): faces too small or unclear to learn from. No background sample may touch them either.
    complete
        Whether every face in the photo is labelled, so that what no box touches is background.
    about
        Whatever else the data set says: its name, the event, the licence.

    Examples
    --------
    >>> photo = LabelledPhoto(np.zeros((100, 80, 3), np.uint8), [[10, 20, 40, 60]])
    >>> photo.landmarks.shape, photo.ignore.tolist(), photo.image().shape
    ((1, 5, 2), [False], (100, 80, 3))
    >>> photo.dataset, LabelledPhoto(photo.source, photo.boxes, about={"dataset": "AFLW"}).dataset
    ('unnamed', 'AFLW')
    """

    source: Path | Pixels
    boxes: Floats
    landmarks: Floats
    ignore: NDArray[np.bool_]
    complete: bool = True
    about: Mapping[str, Any] = field(default_factory=dict)

    def __init__(
        self,
        source: Path | Pixels,
        boxes: ArrayLike,
        landmarks: ArrayLike | None = None,
        ignore: ArrayLike | None = None,
        complete: bool = True,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        """Without `landmarks` no face has points, without `ignore` all count. ValueError for a wrong shape."""
        box = as_boxes(boxes)
        count = len(box)
        points = np.full((count, 5, 2), np.nan) if landmarks is None else np.asarray(landmarks)
        skip = np.zeros(count, bool) if ignore is None else np.asarray(ignore)
        if points.shape != (count, 5, 2) and not (points.size == 0 and count == 0):
            raise ValueError(f"landmarks has shape {points.shape}; for {count} boxes it must be ({count}, 5, 2)")
        if skip.shape != (count,):
            raise ValueError(f"ignore has shape {skip.shape}; for {count} boxes it must be ({count},)")
        values = {
            "source": source if isinstance(source, Path) else as_rgb(source),
            "boxes": box,
            "landmarks": points.reshape(count, 5, 2).astype(np.float32),
            "ignore": skip.astype(bool),
            "complete": complete,
            "about": dict(about or {}),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)  # frozen: nothing changes a photo after it is made

    def image(self) -> Pixels:
        """The pixels, uint8 (H, W, 3) RGB; raises ImageError, naming the file, where it can't be read."""
        return read_image(self.source) if isinstance(self.source, Path) else self.source

    @property
    def dataset(self) -> str:
        """The name of the data set that it is from, as `about` has it; "unnamed" where that has none."""
        return str(self.about.get("dataset", "unnamed"))

    @property
    def has_landmarks(self) -> NDArray[np.bool_]:
        """bool (N,): which faces have all five points."""
        return np.asarray(np.isfinite(self.landmarks).all(axis=(1, 2)))
