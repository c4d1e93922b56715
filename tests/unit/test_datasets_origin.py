"""Labels that `read_dataset` gives must lie where a detector sees the points, in every set, left and right alike."""

from pathlib import Path

import numpy as np
import pytest

from mtcnn_lite.boxes import iou
from mtcnn_lite.coordinates import MIRRORED
from mtcnn_lite.datasets import LANDMARK_ORIGIN, read_dataset

FOLDER = Path(__file__).parents[3] / "shared" / "faces" / "validation"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the labelled photos, ../shared/faces, are missing")


def found(detector, image, box):
    faces = detector.detect(image)
    overlap = iou(faces.boxes, [box])[:, 0]
    return faces.landmarks[overlap.argmax()] if overlap.max(initial=0) >= 0.4 else None


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["CNN_FacePoint_LFW", *LANDMARK_ORIGIN])
def test_landmarks_have_no_common_shift(detector, dataset):
    photos = [photo for photo in read_dataset(FOLDER) if photo.about["dataset"] == dataset][:40]
    shifts = []
    for photo in photos:
        image, (box,), (label,) = photo.image(), photo.boxes, photo.landmarks
        width = image.shape[1]
        one = found(detector, image, box)
        other = found(detector, np.ascontiguousarray(image[:, ::-1]), [width - box[2], box[1], width - box[0], box[3]])
        if one is not None and other is not None:
            other = other[MIRRORED] * [-1, 1] + [width - 1, 0]  # the net's own leaning to a side cancels
            shift = label - (one + other) / 2
            if np.linalg.norm(shift, axis=1).mean() < 0.2 * np.linalg.norm(label[1] - label[0]):
                shifts.append(shift.mean(axis=0))
    x, y = np.mean(shifts, axis=0)
    print(f"{dataset}: x {x:.2f}, y {y:.2f} px on {len(shifts)} of {len(photos)} faces")
    assert len(shifts) >= 35
    assert abs(x) < 0.5  # unmoved: AFLW 2.2, YouTube 1.2; the mean's own spread is 0.2
    assert abs(y) < 0.6


def test_boxes_move_with_the_landmarks_they_come_from():
    photos = {photo.source.name: photo for photo in read_dataset(FOLDER)}
    moved = photos["aflw_1350-image50298.webp"]  # box_from_landmarks [0, 0, 93.56, 122.16], cut at two borders
    np.testing.assert_allclose(moved.landmarks[0, 0], [41.8 - 2.2, 46.44 - 1.8], atol=1e-4)
    np.testing.assert_allclose(moved.boxes, [[0, 0, 93.56 - 2.2, 122.16 - 1.8]], atol=1e-4)
    still = photos["lfw_Abdullah_Ahmad_Badawi_0001.webp"]
    np.testing.assert_allclose(still.boxes, [[80.5, 73.59, 173.06, 182.91]], atol=1e-4)
    assert "landmarks_moved" not in still.about
