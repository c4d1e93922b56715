"""Train/use skew of P-Net: windows as its levels show them, against windows cut as training samples are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import MATCHING_IOU, Floats, as_boxes, iou
from mtcnn_lite.cascade.record import Level
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, INK, Described, with_alt
from mtcnn_lite.images import Pixels
from mtcnn_lite.pyramid import (
    CELL,
    STRIDE,
    candidate_windows,
    halvings,
    level_size,
    map_size,
    nearest_larger,
    pyramid_scales,
    resize_levels,
)

AT_ONCE = 256  # crops that are in memory together: few enough to stay in the processor's cache
NOTICED = 0.2  # a score that could pass some threshold: nearly all windows have less, and would hide the difference


def area_crops(halved: Sequence[Pixels], boxes: ArrayLike, size: int = CELL) -> Pixels:
    """Square windows shrunk as a pyramid's levels are: each pixel is the mean over the area that it comes from.

    `images.crop_windows` samples bilinearly instead, from the same copies. Outside the photo, both are black.

    Parameters
    ----------
    halved : list of uint8 (H, W, 3)
        The photo and its smaller copies: `pyramid.halvings(photo, ...)`.
    boxes : array_like (N, 4)
        `[x1, y1, x2, y2]` in pixels of the photo, with x2 > x1 and y2 > y1.
    size : int
        Side of the crops, px.

    Returns
    -------
    numpy.ndarray
        uint8 (N, size, size, 3).

    Examples
    --------
    >>> photo = np.zeros((4, 4, 3), np.uint8)
    >>> photo[:, 1:] = 90
    >>> area_crops([photo], [[0, 0, 3, 3]], size=2)[0, :, :, 0]  # a new pixel covers 1.5 old ones
    array([[30, 90],
           [30, 90]], dtype=uint8)
    """
    windows = as_boxes(boxes).astype(np.float64)
    crops = np.zeros((len(windows), size, size, 3), np.uint8)
    height, width = halved[0].shape[:2]
    copy_of = nearest_larger(size / (windows[:, 2:] - windows[:, :2]).max(axis=1), len(halved))
    for number in np.unique(copy_of).tolist():
        copy, all_rows = halved[number], np.flatnonzero(copy_of == number)
        summed = cv2.integral(copy, sdepth=cv2.CV_64F)  # (h + 1, w + 1, 3): all that lies above and to the left
        scale = np.tile([copy.shape[1] / width, copy.shape[0] / height], 2)
        part = np.arange(size + 1) / size
        for rows in np.split(all_rows, range(AT_ONCE, len(all_rows), AT_ONCE)):
            x1, y1, x2, y2 = (windows[rows] * scale).T[..., None]  # (n, 1) each
            down = _between(summed, y1 + (y2 - y1) * part, x1 + (x2 - x1) * part)  # (n, size + 1, size + 1, 3)
            inside = np.diff(np.diff(down, axis=1), axis=2)
            area = ((x2 - x1) * (y2 - y1) / size**2)[..., None, None]
            crops[rows] = np.rint(inside / area)
    return crops


def _between(summed: NDArray[np.float64], y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sums at the crossings of lines y (n, k) and x (n, k): (n, k, k, 3). Between whole pixels they are linear."""
    (row, below), (column, right) = (_whole(v, end - 1) for v, end in zip((y, x), summed.shape[:2], strict=True))
    below, right = below[:, :, None, None], right[:, None, :, None]
    at = [[summed[(row + i)[:, :, None], (column + j)[:, None, :]] for j in (0, 1)] for i in (0, 1)]
    upper, lower = (left * (1 - right) + other * right for left, other in at)
    return upper * (1 - below) + lower * below


def _whole(value: NDArray[np.float64], end: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The whole pixel, from 0 to end - 1, and what is left, from 0 to 1."""
    value = np.clip(value, 0, end)
    whole = np.minimum(value.astype(np.int64), end - 1)
    return whole, value - whole


def true_windows(level: Level, height: int, width: int) -> Floats:
    """Where the windows of a level really lie in the photo, (rows * columns, 4), row by row.

    `Level.windows` divides by the level's scale. But a level has whole pixels, so that it is up to half a pixel larger
    or smaller than that, and its last windows lie up to half of its pixels from there.

    Parameters
    ----------
    level : Level
        Of a trace.
    height, width : int
        Of the photo, px.
    """
    high, wide = level_size(height, width, level.scale)
    row, column = np.divmod(np.arange(level.face_map.size), level.face_map.shape[1])
    corner = STRIDE * np.stack([column, row], axis=1)  # (N, 2) x, y in the level
    by = np.tile([width / wide, height / high], 2)
    return (np.concatenate([corner, corner + CELL], axis=1) * by).astype(np.float32)


def against(in_use: Floats, cut: Mapping[str, Floats], threshold: float) -> Described:
    """A net's scores of windows in use against those of the same windows cut out, in a panel for each way of cutting.

    Parameters
    ----------
    in_use : float32 (N,)
        What the net says of the windows in its levels.
    cut : mapping of str to float32 (N,)
        What stands above each panel, and the scores of those windows cut that way.
    threshold : float
        Windows with this score or more pass.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(cut), figsize=(2.9 * len(cut), 3.2), sharey=True, squeeze=False,
                                layout="constrained")  # fmt: skip
    said = []
    for axis, (name, scores) in zip(axes[0], cut.items(), strict=True):
        found = Skew.of(in_use, scores, threshold)
        turned = (in_use >= threshold) != (scores >= threshold)
        for rows, colour, size in ((~turned, "muted", 3), (turned, "landmark", 7)):
            axis.scatter(in_use[rows], scores[rows], size, COLOURS[colour], linewidths=0)
        for line in (axis.axhline, axis.axvline):
            line(threshold, color=INK, linewidth=0.8)
        axis.set(
            xlabel="score in use", title=f"{name}\n{found.flips} change sides", aspect="equal", xlim=(0, 1), ylim=(0, 1)
        )
        said.append(f"{name}: {found.flips} of {len(scores):,} windows change sides")
    axes[0][0].set_ylabel("score when cut out")
    return with_alt(figure, "Scores of windows in use and when cut out, on both axes. " + "; ".join(said) + ".")


@dataclass(frozen=True)
class Skew:
    """How far a net's scores differ between use and training, on the same windows.

    apart: the mean difference where either score is NOTICED or more. passed, both: windows that pass in use, and those
    of them that pass when cut out as well. flips: windows that pass in one way and not in the other.
    """

    apart: float
    passed: int
    both: int
    flips: int

    @classmethod
    def of(cls, in_use: Floats, cut: Floats, threshold: float) -> "Skew":
        """Of the scores (N,) in use and cut out."""
        one, other = in_use >= threshold, cut >= threshold
        noticed = np.maximum(in_use, cut) >= NOTICED
        apart = float(np.abs(in_use - cut)[noticed].mean()) if noticed.any() else 0.0
        return cls(apart, int(one.sum()), int((one & other).sum()), int((one != other).sum()))


class Held:
    """P-Net's work on unseen photos, whose windows and their faces are found once for all nets.

    Parameters
    ----------
    photos : sequence of LabelledPhoto
        With a face at least between them.
    min_face : float
        As in `Detector`, px.
    """

    def __init__(self, photos: Sequence[LabelledPhoto], min_face: float = 14) -> None:
        self.levels: list[Pixels] = []
        self._photo: list[int] = []
        self._covers = []  # of each level, bool (windows, faces of its photo)
        self._faces = [len(photo.boxes) for photo in photos]
        for k, photo in enumerate(photos):
            image = photo.image()
            height, width = image.shape[:2]
            scales = pyramid_scales(height, width, min_face)
            for level, scale in zip(resize_levels(halvings(image, scales[-1]), scales), scales, strict=True):
                windows = candidate_windows(np.zeros(map_size(*level.shape[:2]), np.float32), scale, -1)
                self.levels.append(level)
                self._photo.append(k)
                self._covers.append(iou(windows, photo.boxes) >= MATCHING_IOU)

    def recall(self, maps: Sequence[Floats], windows: int) -> float:
        """Share of the faces that a passing window covers, where `windows` a photo pass.

        Parameters
        ----------
        maps : sequence of float32 (rows, columns)
            P-Net's scores of `levels`, in their order.
        windows : int
            How many a photo may pass, on average; the threshold follows from it.
        """
        scores = np.concatenate([each.ravel() for each in maps])
        allowed = windows * len(self._faces)
        threshold = np.partition(scores, -allowed - 1)[-allowed - 1]
        found = [np.zeros(count, bool) for count in self._faces]
        for k, covers, scored in zip(self._photo, self._covers, maps, strict=True):
            found[k] |= covers[scored.ravel() > threshold].any(axis=0)
        return float(np.concatenate(found).mean())
