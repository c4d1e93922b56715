"""Matching of detections and labelled faces in one photo."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.arguments import instance, items, number, shown
from mtcnn_lite.array_arguments import FAR, floats, mask
from mtcnn_lite.boxes import MATCHING_IOU, Floats, as_boxes, iou
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto


def match(
    boxes: ArrayLike, scores: ArrayLike, photo: LabelledPhoto, ignore: ArrayLike | None = None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Match the detections of one photo with its faces, as WIDER FACE's `eval_tools` do.

    In order of score, each detection takes the face that it overlaps most, if by an IoU of 0.5 or more. A second
    detection of a face finds none, even if it overlaps another face enough. One that overlaps an ignored face most does
    not count.

    Parameters
    ----------
    boxes : array (N, 4)
        The detections, x1 y1 x2 y2 in pixels.
    scores : array (N,)
        Of equal scores the first comes first.
    photo : LabelledPhoto
    ignore : array, bool (faces,), optional
        Faces to ignore, in place of the photo's own `ignore`.

    Returns
    -------
    (array, array)
        int (N,): the number of the face that each detection finds, -1 for none; bool (N,): whether it counts.

    Raises
    ------
    ValueError
        For scores of another length, or with NaN among them; for an `ignore` of another length.
    TypeError
        For what is no LabelledPhoto, or are no numbers.

    Examples
    --------
    >>> photo = LabelledPhoto(np.zeros((50, 50, 3), np.uint8), [[0, 0, 10, 10], [30, 30, 40, 40]], ignore=[False, True])
    >>> match([[0, 0, 10, 9], [0, 0, 10, 10], [30, 30, 41, 40], [20, 0, 30, 10]], [0.9, 0.8, 0.7, 0.6], photo)
    (array([ 0, -1, -1, -1]), array([ True,  True, False,  True]))
    """
    boxes, photo = as_boxes(boxes), _photo(photo)
    scores = floats("scores", scores, shape=f"({len(boxes)},), a number a box")
    if scores.shape != (len(boxes),):
        raise ValueError(f"scores has shape {scores.shape}; for {len(boxes)} boxes it must be ({len(boxes)},)")
    if np.isnan(scores).any():
        raise ValueError("scores holds NaN; every score must be a number")
    skipped = photo.ignore if ignore is None else mask("ignore", ignore, len(photo.boxes))
    face, counts = np.full(len(boxes), -1), np.ones(len(boxes), bool)
    if not len(photo.boxes):
        return face, counts
    overlap = iou(boxes, photo.boxes)  # (N, faces)
    nearest = overlap.argmax(axis=1)  # (N,)
    near = overlap.max(axis=1) >= MATCHING_IOU
    counts = ~(near & skipped[nearest])
    taken = set[int]()
    for row in np.argsort(-scores, kind="stable"):
        if near[row] and counts[row] and nearest[row] not in taken:
            face[row] = nearest[row]
            taken.add(int(nearest[row]))
    return face, counts


def sides(photo: LabelledPhoto) -> Floats:
    """The shorter side of each face's box in px, (faces,)."""
    photo = _photo(photo)
    return np.asarray((photo.boxes[:, 2:] - photo.boxes[:, :2]).min(axis=1, initial=np.inf), np.float32)


def too_small(photo: LabelledPhoto, smallest: float) -> NDArray[np.bool_]:
    """Faces (faces,) that are ignored, or whose shorter side is under `smallest` px."""
    smallest = smallest_side(smallest)
    return np.asarray(_photo(photo).ignore | (sides(photo) < smallest))


def smallest_side(smallest: float) -> float:
    """`smallest`, which must be a side in pixels."""
    return number("smallest", smallest, lambda side: 0 <= side <= FAR, "be a side of 0 to 1e9 px")


def _photo(photo: LabelledPhoto) -> LabelledPhoto:
    return instance("photo", photo, LabelledPhoto, "a LabelledPhoto")


def pairs(found: Iterable[tuple[Faces, LabelledPhoto]]) -> Iterator[tuple[Faces, LabelledPhoto]]:
    """`found`, one by one, each of which must be what was found in a photo, and the photo."""
    must = "pairs of Faces and LabelledPhoto"
    for k, pair in enumerate(items("found", found, must)):
        if not isinstance(pair, tuple | list) or not _is_pair(pair):
            raise TypeError(f"found[{k}] is {shown(pair)}; it must be {must}")
        yield pair[0], pair[1]


def _is_pair(pair: Sequence[object]) -> bool:
    return len(pair) == 2 and isinstance(pair[0], Faces) and isinstance(pair[1], LabelledPhoto)
