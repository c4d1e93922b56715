"""The rules that hold for every reader: which faces count, what a box and its points must be, and where images lie."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.parsing import DatasetError, quoted
from mtcnn_lite.images import ImageError, read_size

MIN_SIDE = 12  # px: P-Net's window; a smaller face can't be found without enlarging the photo
FARTHEST = 1e6  # px: a coordinate beyond it belongs to no photo
OUTSIDE = "to read it all the same: allow_outside=True, on the command line --allow-outside"
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
    _folders: dict[Path, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """ValueError for a `min_side` that is no size."""
        if not 0 <= self.min_side < np.inf:
            raise ValueError(f"min_side is {self.min_side}; it must be 0 px or more")

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
            inside = self.allow_outside or self._is_inside(path, folder)
            there = path.is_file()
        except (OSError, ValueError, RuntimeError) as error:  # a zero byte, a name too long, a loop of links
            raise DatasetError(f"{where}: image {quoted(name)!r} can't be looked for ({quoted(error)})") from None
        if not inside:
            raise DatasetError(f"{where}: image {quoted(name)!r} lies outside {folder}; {OUTSIDE}")
        if not there:
            raise DatasetError(f"{where}: there is no image {quoted(str(path))}")
        return path

    def label_file(self, folder: Path, path: Path) -> Path:
        """The path of a label file in `folder`; DatasetError where it is a link out of it and that is not allowed."""
        try:
            inside = self.allow_outside or self._is_inside(path, folder)
        except (OSError, ValueError, RuntimeError) as error:
            raise DatasetError(f"{path}: can't be looked for ({quoted(error)})") from None
        if not inside:
            raise DatasetError(f"{path} lies outside {folder}; {OUTSIDE}")
        return path

    def _is_inside(self, path: Path, folder: Path) -> bool:
        """Whether a path leads to something in `folder` once its links are followed."""
        if path.name == ".." or path.is_symlink():
            real = os.path.realpath(path)
        else:
            real = os.path.join(self._real(path.parent), path.name)
        return real.startswith(os.path.join(self._real(folder), ""))

    def _real(self, folder: Path) -> str:
        """The folder without links, looked up once: a list names thousands of images of a few folders."""
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return self._folders[folder]

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

        A coordinate is a number within a million pixels; fractions of the first pixel in all of a photo's boxes are
        shares of its width and height, and refused. A box has x1 <= x2 and y1 <= y2; one without area is an error
        unless its face is ignored. A face whose shorter side is under `min_side` is ignored. Where a face is not, the
        middle of its points lies in its box, or at most half a box outside.

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
        small = ignored | (sides.min(axis=1, initial=np.inf) < self.min_side)
        _check_faces(box, sides, points, ignored, small, where)
        if size is not None:
            check_size(image, size, where)
        return LabelledPhoto(image, box, points, small, complete, about)


def check_size(image: Path, size: tuple[float, float], where: str) -> None:
    """DatasetError where the labels' width and height are not those of the upright photo.

    For an image that can't be read there is nothing to compare: `readable` finds those.

    Parameters
    ----------
    image
        The file; its header is read.
    size
        Width and height in the labels.
    where
        File and line of the labels, for the error.
    """
    try:
        height, width = read_size(image)
    except ImageError:
        return
    if (width, height) != size:
        turned = " (the photo is turned by its EXIF orientation)" if (height, width) == size else ""
        raise DatasetError(
            f"{where}: the labels are for {size[0]:g} x {size[1]:g} px, but {image} is {width} x {height}{turned}; "
            "boxes must be in pixels of the upright photo"
        )


def _check_faces(
    box: NDArray[np.float64],
    sides: NDArray[np.float64],
    points: NDArray[np.float64],
    ignored: NDArray[np.bool_],
    small: NDArray[np.bool_],
    where: str,
) -> None:
    """DatasetError for the first face that breaks a rule; points count where a face is neither ignored nor small."""
    far = np.array(~(np.abs(box) <= FARTHEST).all(axis=1) | (np.abs(points) > FARTHEST).any(axis=(1, 2)))
    empty = (sides < 0).any(axis=1) | ((sides == 0).any(axis=1) & ~ignored)
    slack = POINTS_OFF * sides
    middle = points.mean(axis=1)  # NaN for a face without points, so it is never off
    off = ((middle < box[:, :2] - slack) | (middle > box[:, 2:] + slack)).any(axis=1) & ~small
    shares = (np.abs(box) <= 1).all(axis=1) & (box % 1 != 0).any(axis=1)
    wrong = far | empty | off | (shares & shares.all())
    if not wrong.any():
        return
    k = np.flatnonzero(wrong)[0]
    face, its = f"{where}, face {k + 1}" if len(box) > 1 else where, f"box {box[k].tolist()}"
    if far[k]:
        raise DatasetError(f"{face}: {its} or its points lie beyond {FARTHEST:,.0f} px")
    if empty[k]:
        raise DatasetError(f"{face}: {its} has no area; it must be x1 < x2, y1 < y2")
    if not off[k]:
        raise DatasetError(
            f"{face}: {its} lies in the first pixel; boxes must be in pixels, not in shares of the photo"
        )
    raise DatasetError(
        f"{face}: the five points, around {middle[k].round(1).tolist()}, lie far outside the {its}; they may belong to "
        "another copy of the photo, cut or of another size"
    )
