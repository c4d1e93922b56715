"""The rules that hold for every reader: which faces count, what a box and its points must be, and where images lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import DatasetError, quoted
from mtcnn_lite.images import ImageError, read_size

MIN_SIDE = 12  # px: P-Net's window; a smaller face can't be found without enlarging the photo
FARTHEST = 1e6  # px: a coordinate beyond it belongs to no photo
POINTS_OFF = 0.5  # how far outside its box, in box sides, the middle of a face's points may lie


@dataclass(frozen=True)
class Rules:
    """How a reader was asked to read.

    Parameters
    ----------
    skip_bad : bool
        Leave out records that can't be read, and warn, in place of raising.
    min_side : float
        px; faces whose shorter side is smaller are ignored.
    allow_outside : bool
        Whether an image may lie outside the folder that its name is relative to.
    """

    skip_bad: bool = False
    min_side: float = MIN_SIDE
    allow_outside: bool = False

    def image_file(self, folder: Path, name: str, where: str) -> Path:
        """The path of an image that a list names; it must exist, but is not opened.

        So a wrong folder shows when the list is read, not in the middle of a training.

        Parameters
        ----------
        folder
            What the name is relative to.
        name
            As the list has it, with either slash.
        where
            File and line, for the DatasetError where there is no such image, or where the name leads out of `folder`
            and that is not allowed.
        """
        path = folder / name.replace("\\", "/")
        try:
            inside = self.allow_outside or path.resolve().is_relative_to(folder.resolve())
            there = path.is_file()
        except (OSError, ValueError, RuntimeError) as error:  # a zero byte, a name too long, a loop of links
            raise DatasetError(f"{where}: image {quoted(name)!r} can't be looked for ({quoted(error)})") from None
        if not inside:
            raise DatasetError(
                f"{where}: image {quoted(name)!r} lies outside {folder}; to read it all the same: allow_outside=True, "
                "on the command line --allow-outside"
            )
        if not there:
            raise DatasetError(f"{where}: there is no image {path}")
        return path

    def photo(
        self,
        image: Path,
        boxes: ArrayLike,
        where: str,
        landmarks: ArrayLike | None = None,
        ignore: ArrayLike | None = None,
        *,
        size: tuple[float, float] | None = None,
        empty_is_ignored: bool = False,
        complete: bool = True,
        about: Mapping[str, Any] | None = None,
    ) -> LabelledPhoto:
        """A photo whose labels keep the rules.

        A coordinate is a number within a million pixels. A box has x1 <= x2 and y1 <= y2; one without area is an error
        unless its face is ignored. The middle of a face's points lies in its box, or at most half a box outside. A face
        whose shorter side is under `min_side` is ignored.

        Parameters
        ----------
        image
            The file.
        boxes
            (N, 4), x1, y1, x2, y2 on pixel edges.
        where
            File and line of the record, for the errors.
        landmarks
            (N, 5, 2), NaN for a face without points; None where no face has any.
        ignore
            (N,), faces that the labels say to ignore; None where there are none.
        size
            Width and height of the image as the labels have it: it must be that of the upright photo.
        empty_is_ignored
            For lists that are known to have boxes without area: such a face is ignored.
        complete, about
            As in `LabelledPhoto`.

        Raises
        ------
        DatasetError
            Where a rule is broken.
        """
        box = np.asarray(boxes, np.float64).reshape(-1, 4)  # (N, 4)
        points = np.full((len(box), 5, 2), np.nan) if landmarks is None else np.asarray(landmarks, np.float64)
        ignored = np.zeros(len(box), bool) if ignore is None else np.asarray(ignore, bool).copy()
        sides = (box[:, 2:] - box[:, :2]).round(6)  # (N, 2) width, height; x + width - x is not always width
        if empty_is_ignored:
            ignored |= (sides == 0).any(axis=1)
        for k in range(len(box)):
            _check_face(box[k], points[k], bool(ignored[k]), f"{where}, face {k + 1}" if len(box) > 1 else where)
        if size is not None:
            check_size(image, size, where)
        ignored |= sides.min(axis=1, initial=np.inf) < self.min_side
        return LabelledPhoto(image, box, points, ignored, complete, about)


def check_size(image: Path, size: tuple[float, float], where: str) -> None:
    """DatasetError where the labels' width and height are not those of the upright photo."""
    try:
        height, width = read_size(image)
    except ImageError as error:
        raise DatasetError(f"{where}: {error}") from None
    if (width, height) != size:
        turned = " (the photo is turned by its EXIF orientation)" if (height, width) == size else ""
        raise DatasetError(
            f"{where}: the labels are for {size[0]:g} x {size[1]:g} px, but {image} is {width} x {height}{turned}; "
            "boxes must be in pixels of the upright photo"
        )


def _check_face(box: Any, points: Any, ignored: bool, where: str) -> None:
    if not (np.abs(box) <= FARTHEST).all() or (np.abs(points) > FARTHEST).any() or np.isinf(points).any():
        raise DatasetError(f"{where}: box {box.tolist()} or its points lie beyond {FARTHEST:,.0f} px")
    sides = box[2:] - box[:2]
    if (sides < 0).any() or (not ignored and (sides == 0).any()):
        raise DatasetError(f"{where}: box {box.tolist()} has no area; it must be x1 < x2, y1 < y2")
    if ignored or not np.isfinite(points).all():
        return
    middle = points.mean(axis=0)
    if (middle < box[:2] - POINTS_OFF * sides).any() or (middle > box[2:] + POINTS_OFF * sides).any():
        raise DatasetError(
            f"{where}: the five points, around {middle.round(1).tolist()}, lie far outside the box {box.tolist()}; "
            "they may belong to another copy of the photo, cut or of another size"
        )
