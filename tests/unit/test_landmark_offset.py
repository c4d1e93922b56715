"""Landmarks must not be off by a constant: an origin kept from a language that counts from 1 shows up here."""

import json
from pathlib import Path

import numpy as np
import pytest

from mtcnn_lite import read_image
from mtcnn_lite.boxes import iou

FOLDER = Path(__file__).parents[3] / "shared" / "faces" / "validation"


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER.is_dir(), reason="the labelled LFW photos, ../shared/faces/validation, are missing")
def test_landmarks_have_no_constant_shift_on_lfw(detector):
    rows = map(json.loads, (FOLDER / "annotations.jsonl").read_text().splitlines())
    rows = [row for row in rows if row["dataset"] == "CNN_FacePoint_LFW"]
    assert len(rows) >= 200
    shifts = []
    for row in rows:
        (label,) = row["faces"]
        faces = detector.detect(read_image(FOLDER / row["image"]))
        if len(faces):
            overlap = iou(faces.boxes, [label["box_from_landmarks"]])[:, 0]
            if overlap.max() >= 0.5:
                shifts.append((faces.landmarks[overlap.argmax()] - label["landmarks"]).mean(axis=0))
    x, y = np.mean(shifts, axis=0)
    print(f"mean offset x {x:.3f}, y {y:.3f} px on {len(shifts)} of {len(rows)} faces")
    assert len(shifts) >= 0.9 * len(rows)
    assert abs(x) < 0.3
    assert abs(y) < 0.3
