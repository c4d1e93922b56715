"""Thresholds for a detector's weights: what it finds at many of them, and the rule of `operating_point`.

P-Net's and R-Net's thresholds are tried on a grid, O-Net's in steps of a hundredth; the nets see each window once.
"""

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np

from mtcnn_lite.arguments import flag, instance, items
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.evaluation.curves import judge
from mtcnn_lite.evaluation.matching import too_small
from mtcnn_lite.evaluation.operating_point import (
    ONET,
    ONET_COST,
    SMALLEST,
    Choice,
    OperatingPoint,
    PairResult,
    apply_rule,
)
from mtcnn_lite.weights import WeightsError

PNET = tuple(round(0.05 * k, 2) for k in range(6, 17))  # .3 to .8: below it, time goes up more than recall does
RNET = tuple(round(0.1 * k, 1) for k in range(1, 10))
FEWEST_FACES = 30  # on fewer, one face is over three points of recall
REFERENCE = "zhang2016"  # the authors' values, where the package mtcnn is installed


def choose_thresholds(
    detector: Detector, photos: Iterable[LabelledPhoto], reference: Detector | None = None, progress: bool = False
) -> Choice:
    """The thresholds for a detector's weights, by `operating_point.RULE`, on photos that it was not trained on.

    Parameters
    ----------
    detector : Detector
        Its nets, and all settings but the thresholds.
    photos : iterable of LabelledPhoto
        Those in which not every face is labelled are left out, as precision means nothing there.
    reference : Detector, optional
        Other weights at their own thresholds (see `reference_detector`).
    progress : bool
        Show progress bars.

    Returns
    -------
    Choice
        With the detector's own thresholds, and no `point`, where fewer than FEWEST_FACES faces of 20 px and more are
        labelled, or none of them is found; `why` says so.

    Raises
    ------
    ImageError
        For a photo that can't be read.
    TypeError
        For what is no Detector, no LabelledPhoto, or not True or False.
    ValueError
        For a one-pass detector.
    """
    instance("detector", detector, Detector, "a Detector")
    if reference is not None:
        instance("reference", reference, Detector, "a Detector, or None")
    if detector.model != "cascade":
        raise ValueError("detector is a one-pass detector, whose threshold training chooses; it must be a cascade")
    flag("progress", progress)
    each = [instance(f"photos[{k}]", photo, LabelledPhoto, "a LabelledPhoto")
            for k, photo in enumerate(items("photos", photos, "LabelledPhotos"))]  # fmt: skip
    complete = [photo for photo in each if photo.complete]
    faces = sum(int((~too_small(photo, SMALLEST)).sum()) for photo in complete)
    if faces < FEWEST_FACES:
        why = (
            f"{faces} faces of {SMALLEST} px and more, in {len(complete)} photos with every face labelled, are too few "
            f"to choose on (at least {FEWEST_FACES})"
        )
        return Choice(detector.settings.thresholds, None, why, (), None, len(complete), faces)
    theirs = None if reference is None else at_its_own(reference, complete, progress)
    return apply_rule(on_the_grid(detector, complete, progress), theirs, detector.settings.thresholds, len(complete))


def reference_detector(min_face: float = 20) -> Detector | None:
    """A detector with the authors' values; None where the package that has them is not installed."""
    try:
        return Detector(REFERENCE, min_face)
    except WeightsError:
        return None


def at_its_own(detector: Detector, photos: Sequence[LabelledPhoto], progress: bool = False) -> OperatingPoint:
    """What a detector does at its own thresholds.

    Parameters
    ----------
    detector : Detector
    photos : sequence of LabelledPhoto
        With every face labelled.
    progress : bool
        Show a progress bar.
    """
    from tqdm import tqdm

    found = kept = faces = windows = 0
    for photo in tqdm(photos, "reference", unit="photo", disable=not progress):
        trace = detector.trace(photo.image())
        judged = judge([(trace.faces, photo)], SMALLEST)
        found += int(judged.right.sum())
        kept += len(judged.right)
        faces += len(judged.faces)
        windows += len(trace.pnet.last) + ONET_COST * len(trace.rnet.last)
    return OperatingPoint(detector.settings.thresholds, found, kept, faces, windows / max(len(photos), 1))


def on_the_grid(detector: Detector, photos: Sequence[LabelledPhoto], progress: bool = False) -> list[PairResult]:
    """What a detector finds at each pair of P-Net's and R-Net's thresholds. One image is in memory at a time.

    Parameters
    ----------
    detector : Detector
    photos : sequence of LabelledPhoto
        With every face labelled.
    progress : bool
        Show a progress bar.
    """
    from tqdm import tqdm

    grid = list(product(PNET, RNET))
    scores = [[np.zeros(0, np.float32)] for _ in grid]
    right = [[np.zeros(0, bool)] for _ in grid]
    windows, faces = [0] * len(grid), 0
    for photo in tqdm(photos, "thresholds", unit="photo", disable=not progress):
        trace = detector.trace(photo.image())
        for k, (pnet, rnet) in enumerate(grid):
            now = trace.rerun(thresholds=(pnet, rnet, ONET[0]))
            judged = judge([(now.faces, photo)], SMALLEST)
            scores[k].append(judged.scores)
            right[k].append(judged.right)
            windows[k] += len(now.pnet.last) + ONET_COST * len(now.rnet.last)
        faces += len(judged.faces)
    return [
        PairResult(*grid[k], np.concatenate(scores[k]), np.concatenate(right[k]), faces, windows[k] / len(photos))
        for k in range(len(grid))
    ]
