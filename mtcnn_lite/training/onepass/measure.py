"""What a trained one-pass net does on photos held out of its training, and its threshold."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.evaluation import Judged, judge, landmark_errors
from mtcnn_lite.evaluation.choosing import FEWEST_FACES
from mtcnn_lite.evaluation.operating_point import SMALLEST
from mtcnn_lite.onepass.model import OnePassNet
from mtcnn_lite.onepass.weights import THRESHOLD

LOW = 0.02  # the lowest score that counts for average precision
RULE = f"the best F1 at faces of {SMALLEST} px and more"
GRID = [round(0.01 * k, 2) for k in range(5, 100)]


def measure(net: OnePassNet, photos: Sequence[LabelledPhoto], progress: bool = False) -> dict[str, float | None]:
    """Figures of a net on labelled photos, None where there is nothing to measure, and the threshold by `RULE`.

    Parameters
    ----------
    net : OnePassNet
    photos : sequence of LabelledPhoto
        Held out of its training.
    progress : bool
        Show a progress bar.

    Returns
    -------
    dict
        "photos", "faces": how many, of 20 px and more, in photos with every face labelled. "AP 12 px", "AP 20 px":
        average precision. "threshold", and "recall", "precision": what it does at faces of 20 px and more.
        "points off": mean landmark error of the faces found, in eye distances.
    """
    from tqdm import tqdm

    detector = Detector(net, thresholds=LOW)
    found = [(detector.detect(photo.image()), photo) for photo in tqdm(photos, "held out", disable=not progress)]
    complete = [pair for pair in found if pair[1].complete]
    judged = {side: judge(complete, side) for side in (12, SMALLEST)}
    threshold = best_threshold(judged[SMALLEST])
    at_it = judge([(_above(faces, threshold), photo) for faces, photo in complete], SMALLEST)
    errors, _ = landmark_errors(found)
    figures: dict[str, Any] = {
        "photos": len(complete),
        "faces": len(at_it.faces),
        **{f"AP {side} px": its.average_precision for side, its in judged.items()},
        "threshold": threshold,
        "recall": at_it.recall(),
        "precision": at_it.precision(),
        "points off": float(errors.mean()) if len(errors) else None,
    }
    return {name: None if value is None or value != value else round(value, 4) for name, value in figures.items()}


def _above(faces: Faces, threshold: float) -> Faces:
    rows = np.flatnonzero(faces.scores >= np.float32(threshold))
    return faces[rows.tolist()]


def best_threshold(judged: Judged) -> float:
    """The threshold of `RULE`; the usual one where there are too few faces to choose on (FEWEST_FACES)."""
    if len(judged.faces) < FEWEST_FACES:
        return THRESHOLD
    scores, right = judged.scores, judged.right
    f1 = [
        2 * (right & (scores >= at)).sum() / ((scores >= at).sum() + len(judged.faces))
        for at in np.array(GRID, np.float32)
    ]
    return GRID[int(np.argmax(f1))]
