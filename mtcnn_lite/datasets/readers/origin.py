"""Where sets of landmarks have their zero: labels of some lie a pixel or two right of and below what they mark.

Measured against this package's detector, averaged with its mirror image, and against the eyes' dark pupils, which need
no detector (benchmarks/label_origin.py; figures and sources in data/landmark_origin.md).
"""

import numpy as np
from numpy.typing import NDArray

# How far right of and below the pixel centres a set's labels lie: x, y in pixels.
LANDMARK_ORIGIN = {
    "MTFL_AFLW": (2.2, 1.8),  # 1 px of it is counting from 1
    "YouTubeFaces_68pt": (1.1, 1.25),
}


def to_pixel_centres(
    landmarks: NDArray[np.float64], dataset: str | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One face's points (5, 2), as the set `dataset` labels them, at pixel centres, and how far they were moved (2,).

    A set that LANDMARK_ORIGIN does not name is not moved.

    >>> to_pixel_centres(np.array([[100.0, 50.0]] * 5), "YouTubeFaces_68pt")[0][0].tolist()
    [98.9, 48.75]
    """
    by = -np.array(LANDMARK_ORIGIN.get(dataset or "", (0.0, 0.0)))
    return landmarks + by, by
