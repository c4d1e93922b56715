"""The weights that ship: what a user gets who installs the package and says no more than `Detector()`."""

import copy
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import mtcnn_lite
from mtcnn_lite import Detector, weights
from mtcnn_lite.boxes import iou
from mtcnn_lite.course import scenes
from mtcnn_lite.evaluation import judge, landmark_errors
from mtcnn_lite.nets import Nets
from mtcnn_lite.weights import SHIPPED, WeightsError, load_weights, nets_of, save_weights, thresholds_of

FOLDER = Path(mtcnn_lite.__file__).parent / "weights"


@pytest.fixture(scope="module")
def shipped():
    return Detector()


def test_they_are_the_default_and_lie_in_the_package(shipped):
    files = sorted(FOLDER.glob("*.safetensors"))
    assert [file.stem for file in files] == ["onet", "pnet", "rnet"]
    assert sum(file.stat().st_size for file in files) < 3_000_000
    for named in (Detector(SHIPPED), Detector(FOLDER)):
        for net, other in zip(shipped.nets, named.nets, strict=True):
            assert all(
                (a == b).all() for a, b in zip(net.state_dict().values(), other.state_dict().values(), strict=True)
            )
    assert all(net.landmarks is not None for net in nets_of(SHIPPED))


def test_they_bring_thresholds_of_their_own_and_other_weights_do_not(shipped):
    assert shipped.settings.thresholds == thresholds_of(SHIPPED)
    assert shipped.settings.thresholds == (0.5, 0.6, 0.53)
    for other in ("zhang2016", Detector("zhang2016").nets):
        assert Detector(other).settings.thresholds == thresholds_of(other) == (0.6, 0.7, 0.7)
    assert Detector(thresholds=(0.6, 0.7, 0.9)).settings.thresholds == (0.6, 0.7, 0.9)


def test_a_copy_of_them_has_their_thresholds(shipped, tmp_path):
    save_weights(shipped.nets, tmp_path)
    copies = [shipped.nets, Nets(*shipped.nets), copy.deepcopy(shipped.nets), pickle.loads(pickle.dumps(shipped.nets)),
              load_weights(tmp_path), tmp_path, FOLDER]  # fmt: skip
    for each in copies:
        assert Detector(each).settings.thresholds == thresholds_of(each) == (0.5, 0.6, 0.53)


@pytest.mark.parametrize("net", ["pnet", "rnet", "onet"])
def test_a_trained_copy_has_not(shipped, net):
    nets = copy.deepcopy(shipped.nets)
    with torch.no_grad():
        getattr(nets, net).landmarks.bias[0] += 1e-6
    assert Detector(nets).settings.thresholds == (0.6, 0.7, 0.7)


def test_a_damaged_copy_is_noticed_too(tmp_path):
    """The files have a digest of their own, as all that `save_weights` writes."""
    shutil.copytree(FOLDER, tmp_path / "copy")
    path = tmp_path / "copy" / "rnet.safetensors"
    data = bytearray(path.read_bytes())
    data[-400] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=r"rnet\.safetensors: damaged; its values"):
        Detector(tmp_path / "copy")


@pytest.mark.parametrize("net", ["pnet", "rnet", "onet"])
def test_a_damaged_file_is_named(monkeypatch, tmp_path, net):
    """Whatever the damage leaves whole: here, it is another valid file of weights."""
    nets = copy.deepcopy(nets_of(SHIPPED))
    with torch.no_grad():
        getattr(nets, net).face.bias += 1
    save_weights(nets, tmp_path)
    monkeypatch.setattr(weights.shipped, "FOLDER", tmp_path)
    with pytest.raises(WeightsError, match=rf"{net}\.safetensors: its SHA-256 is .*reinstall mtcnn_lite"):
        Detector()


def test_the_astronaut(shipped, astronaut):
    faces = shipped.detect(astronaut)
    label, points = np.array(scenes.ASTRONAUT_BOX), np.array(scenes.ASTRONAUT_LANDMARKS)
    assert len(faces) == 1
    assert iou(faces.boxes, [label])[0, 0] >= 0.75
    assert faces.scores[0] > 0.95
    off = np.linalg.norm(faces.landmarks[0] - points, axis=1) / np.linalg.norm(points[0] - points[1])
    assert (off <= 0.1).all()


def test_every_face_of_the_collage_and_no_other(shipped):
    picture, boxes, _ = scenes.collage()
    faces = shipped.detect(picture)
    overlaps = iou(boxes, faces.boxes)  # (9, N)
    assert len(faces) == len(boxes)
    assert (overlaps.max(axis=1) >= 0.5).all()
    assert sorted(overlaps.argmax(axis=1)) == list(range(len(boxes)))


def test_as_good_as_the_authors_on_composed_scenes(shipped, detector):
    photos = scenes.scenes(12, seed=5)
    ours, theirs = (
        judge([(each.detect(photo.image()), photo) for photo in photos], 20) for each in (shipped, detector)
    )
    assert ours.recall() >= theirs.recall() - 0.05
    assert ours.precision() >= theirs.precision() - 0.05
    errors, _ = landmark_errors([(shipped.detect(photo.image()), photo) for photo in photos])
    assert errors.mean() < 0.12


def test_bgr_is_worse(shipped, detector):
    """They were trained on RGB: with the channels exchanged, faces score lower."""
    picture, _, _ = scenes.collage()
    right, swapped = (shipped.detect(np.ascontiguousarray(p)).scores for p in (picture, picture[..., ::-1]))
    assert swapped.sum() < right.sum()
