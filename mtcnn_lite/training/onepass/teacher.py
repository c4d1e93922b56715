"""Points lent by a teacher: a cascade's O-Net looks at the labelled faces that have none."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mtcnn_lite.boxes import landmarks_to_image, square_boxes
from mtcnn_lite.coordinates import PIXEL_CENTRE
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.net_names import NET_SIZES
from mtcnn_lite.nets import Nets
from mtcnn_lite.pyramid import halvings
from mtcnn_lite.runtime.inference import score_windows
from mtcnn_lite.runtime.torch_engine import TorchEngine
from mtcnn_lite.training.teacher import LANDMARK_CONFIDENCE


def with_lent_points(photos: Sequence[LabelledPhoto], teacher: Nets, progress: bool = False) -> list[LabelledPhoto]:
    """The photos, with the teacher's points for faces without any, where it is sure of a face.

    O-Net looks at the square round each labelled box and at its mirror image; the points are the mean.

    Parameters
    ----------
    photos : sequence of LabelledPhoto
    teacher : Nets
        Trained nets.
    progress : bool
        Show a progress bar.
    """
    from tqdm import tqdm

    engine = TorchEngine(teacher.ready())
    return [_with_points(photo, engine) for photo in tqdm(photos, "points", unit="photo", disable=not progress)]


def _with_points(photo: LabelledPhoto, engine: TorchEngine) -> LabelledPhoto:
    rows = np.flatnonzero(~photo.ignore & ~photo.has_landmarks)
    if not len(rows):
        return photo
    image, windows = photo.image(), square_boxes(photo.boxes[rows])
    longest = float((windows[:, 2:] - windows[:, :2]).max(initial=1))
    asked = [(halvings(image, NET_SIZES["onet"] / longest), windows)]
    looks = [score_windows(engine, "onet", asked, mirror) for mirror in (False, True)]
    sure = np.mean([scores for scores, _, _ in looks], axis=0) >= LANDMARK_CONFIDENCE
    points = np.mean([landmarks_to_image(windows, said) for _, _, said in looks], axis=0) - PIXEL_CENTRE
    lent = photo.landmarks.copy()
    lent[rows[sure]] = points[sure]
    return replace(photo, landmarks=lent)
