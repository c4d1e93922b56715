"""WIDER FACE's official figures: easy, medium and hard, from the ground-truth files that come with its `eval_tools`.

wider_face_val.mat has event_list, file_list and face_bbx_list (x, y, width, height); wider_easy_val.mat, ..._medium_...
and ..._hard_... have gt_list: which of a photo's faces count, from 1. All other faces are ignored.

The protocol, as the MATLAB tool and its Python port (wondervictor/WiderFace-Evaluation) have it: scores are stretched
so that the whole run's lowest is 0 and its highest 1; overlaps count pixels inclusively (width + 1); precision and
recall are taken at the 1000 thresholds .999, .998, ... 0; AP is the area under the envelope through these points.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.arguments import instance, shown
from mtcnn_lite.boxes import MATCHING_IOU, Floats, as_boxes
from mtcnn_lite.cascade.faces import Faces

SETTINGS = ("easy", "medium", "hard")
THRESHOLDS = 1000

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WiderPhoto:
    """One photo of the official lists: boxes (N, 4), x1 y1 x2 y2; for each of SETTINGS which faces count, bool (N,)."""

    boxes: Floats
    counted: Mapping[str, NDArray[np.bool_]]


def read_ground_truth(folder: Path | str) -> dict[str, WiderPhoto]:
    """The official photos by "event/name", without .jpg, from the four .mat files in `folder`.

    Needs scipy. Raises ValueError where a file is missing or holds something else, TypeError for what is no path.
    """
    instance("folder", folder, str | PathLike, "a path")
    from scipy.io import loadmat  # type: ignore[import-untyped]  # only for these files

    folder = Path(folder)

    def load(name: str) -> dict[str, Any]:
        if not _is_file(folder / name):
            raise ValueError(
                f"folder is {shown(str(folder))}; it has no {name}; WIDER FACE's eval_tools have it, in ground_truth"
            )
        try:
            return dict(loadmat(folder / name))
        except (ValueError, TypeError, NotImplementedError, OSError) as error:
            raise ValueError(f"{folder / name} is no MATLAB file that can be read: {error}") from None

    faces = load("wider_face_val.mat")
    lists = {setting: load(f"wider_{setting}_val.mat") for setting in SETTINGS}
    photos = {}
    try:
        for e, event in enumerate(faces["event_list"][:, 0]):
            for k, name in enumerate(faces["file_list"][e, 0][:, 0]):
                corner, size = np.hsplit(faces["face_bbx_list"][e, 0][k, 0].reshape(-1, 4).astype(np.float32), 2)
                counted = {}
                for setting, listed in lists.items():
                    counted[setting] = np.zeros(len(corner), bool)
                    counted[setting][listed["gt_list"][e, 0][k, 0].ravel().astype(int) - 1] = True  # it counts from 1
                boxes = np.concatenate([corner, corner + size], axis=1)
                photos[f"{event.item()}/{name.item()}"] = WiderPhoto(boxes, counted)
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError(f"the files in {folder} are not WIDER FACE's ground truth: {error!r}") from None
    return photos


def wider_average_precision(truth: Mapping[str, WiderPhoto], found: Mapping[str, Faces]) -> dict[str, float]:
    """AP of the detections `found`, by "event/name", for "easy", "medium" and "hard".

    Every photo of `truth` must be there, because a part of them gives another figure. The detector should run at low
    thresholds, or the curve ends early. NaN for a setting without a face. Raises ValueError for missing photos,
    TypeError for what are no WiderPhotos or no Faces.
    """
    for name, photo in instance("truth", truth, Mapping, "a mapping of names to WiderPhoto").items():
        instance(f"truth[{name!r}]", photo, WiderPhoto, "a WiderPhoto")
    instance("found", found, Mapping, "a mapping of names to Faces")
    missing = [name for name in truth if name not in found]
    if missing:
        raise ValueError(f"found is not of all photos: {len(missing)} of {len(truth)} photos have no detections, the "
                         f"first is {missing[0]}")  # fmt: skip
    for name in truth:
        instance(f"found[{name!r}]", found[name], Faces, "Faces")
    scores = np.concatenate([np.zeros(0), *(found[name].scores for name in truth)])  # float64
    low, high = (scores.min(), scores.max()) if len(scores) else (0.0, 1.0)
    points = {setting: np.zeros((THRESHOLDS, 2)) for setting in SETTINGS}  # detections that count, and right ones
    total = dict.fromkeys(SETTINGS, 0)
    for name, photo in truth.items():
        order = np.argsort(-found[name].scores, kind="stable")
        stretched = (found[name].scores[order].astype(np.float64) - low) / (high - low if high > low else 1)
        overlap = inclusive_iou(found[name].boxes[order], photo.boxes)
        for setting, counted in photo.counted.items():
            total[setting] += int(counted.sum())
            if len(photo.boxes):  # the tool passes over photos that have no label at all
                points[setting] += _at_thresholds(stretched, overlap, counted)
    return {setting: _area(points[setting], total[setting]) for setting in SETTINGS}


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name too long to be a file's
        return False


def inclusive_iou(first: Floats, second: Floats) -> Doubles:
    """IoU (N, M) of boxes whose last pixel counts as well, so that each side is one longer, as in the official tool."""
    a = as_boxes(first, "first").astype(np.float64)[:, None]
    b = as_boxes(second, "second").astype(np.float64)[None]
    shared = (np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]) + 1).clip(0).prod(axis=2)
    area_a, area_b = ((box[..., 2:] - box[..., :2] + 1).prod(axis=2) for box in (a, b))
    union = area_a + area_b - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def _at_thresholds(scores: Doubles, overlap: Doubles, counted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Of one photo's detections, best first: how many count and how many are right, at each threshold, (1000, 2)."""
    nearest = overlap.argmax(axis=1)
    near = overlap.max(axis=1) >= MATCHING_IOU
    counts = ~near | counted[nearest]  # (N,)
    hits = np.flatnonzero(near & counted[nearest])
    right = np.zeros(len(scores), bool)
    right[hits[np.unique(nearest[hits], return_index=True)[1]]] = True  # the first of each face
    upto = np.stack([np.cumsum(counts), np.cumsum(right)], axis=1)  # (N, 2)
    thresholds = 1 - np.arange(1, THRESHOLDS + 1) / THRESHOLDS
    passing = np.searchsorted(-scores, -thresholds, side="right")  # (1000,) how many detections
    return np.concatenate([np.zeros((1, 2), np.int64), upto])[passing]


def _area(points: Doubles, faces: int) -> float:
    if not faces:
        return float("nan")
    given, right = points.T
    precision = right / np.maximum(given, 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(right, prepend=0) / faces * envelope).sum())
