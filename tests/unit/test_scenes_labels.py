"""The labels of scikit-image's hundred small faces: their form, and that they lie on faces."""

import json
import tomllib
from importlib.resources import files

import numpy as np
import pytest
from skimage.data import lfw_subset

from mtcnn_lite.course.scenes import cutouts

LABELS = json.loads((files("mtcnn_lite.course.scenes") / "lfw_subset.json").read_text())
FACES = [label["faces"][0] for label in LABELS]
POINTS = np.array([face["landmarks"] for face in FACES])  # (100, 5, 2)
BOXES = np.array([face["box"] for face in FACES])  # (100, 4)


def test_one_label_for_each_face_in_order():
    assert [label["image"] for label in LABELS] == [f"skimage.data.lfw_subset()[{k}]" for k in range(100)]
    assert all((label["width"], label["height"], len(label["faces"])) == (25, 25, 1) for label in LABELS)
    assert [k for k, face in enumerate(FACES) if face["ignore"]] == [83]


def test_readme_counts_what_was_corrected_by_hand(root):
    corrected = [face["corrected"] for face in FACES if face["corrected"]]
    assert f"{sum(map(len, corrected))} points of {len(corrected)} faces" in (root / "data/README.md").read_text()


def test_the_installed_package_carries_the_labels(root):
    shipped = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["mtcnn_lite"]
    assert "course/scenes/*.json" in shipped


def test_points_and_boxes_are_those_of_upright_faces():
    left, right, nose, mouth_left, mouth_right = POINTS.transpose(1, 0, 2)
    assert ((right - left)[:, 0] > 5).all()
    assert ((mouth_right - mouth_left)[:, 0] > 4).all()
    assert (nose[:, 1] > np.maximum(left, right)[:, 1]).all()
    assert (nose[:, 1] < np.minimum(mouth_left, mouth_right)[:, 1]).all()
    assert (BOXES[:, None, :2] < POINTS + 0.5).all()
    assert (BOXES[:, None, 2:] > POINTS + 0.5).all()
    shape = (BOXES[:, 2] - BOXES[:, 0]) / (BOXES[:, 3] - BOXES[:, 1])
    assert ((shape > 0.65) & (shape < 0.95)).all()


@pytest.mark.parametrize(("shift", "good"), [((0, 0), True), ((3, 0), False), ((0, 3), False), ("swapped", False)])
def test_eyes_are_darker_than_the_face_round_them(shift, good):
    """Not so 3 px beside the labels, nor with x and y exchanged: the labels could not be off by as much unseen."""
    patches, eyes = lfw_subset()[:100], POINTS[:, :2]
    eyes = eyes[..., ::-1] if shift == "swapped" else eyes + shift
    columns, rows = np.rint(eyes).astype(int).clip(0, 24).transpose(2, 0, 1)  # (100, 2) each
    number = np.arange(100)[:, None]
    at_eyes = patches[number, rows, columns].mean(axis=1)
    in_face = np.array([patch[4:20, 4:18].mean() for patch in patches])
    spread = np.array([patch[4:20, 4:18].std() for patch in patches])
    darker = ((in_face - at_eyes) / spread).mean()
    assert (darker > 1) == good, darker


def test_cutouts_are_the_labelled_patches():
    (first, *_), held = cutouts.lfw_faces("train"), cutouts.lfw_faces("held_out")
    assert len(cutouts.lfw_faces("train")) == 70
    assert len(held) == 29
    np.testing.assert_array_equal(first.copies[0][..., 1], np.rint(lfw_subset()[0] * 255))
    np.testing.assert_array_equal(first.landmarks, POINTS[0])
    assert held[14].name == "lfw_subset[85]"  # 83 is left out
    assert held[14].box == tuple(BOXES[85])
