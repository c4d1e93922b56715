"""thresholds.json: what a folder of weights says of its own thresholds, and what is made of a damaged one."""

import copy
import json
import shutil
import tomllib

import numpy as np
import pytest
import torch

from mtcnn_lite import Detector, exporting, weights
from mtcnn_lite.nets import Nets, ONet, PNet, RNet
from mtcnn_lite.weights import WeightsError, load_weights, save_thresholds, save_weights, shipped, thresholds_of

MINE = (0.45, 0.8, 0.37)


@pytest.fixture
def folder(tmp_path, detector):
    save_weights(detector.nets, tmp_path / "w")
    return tmp_path / "w"


def others():
    torch.manual_seed(1)
    return Nets(PNet(), RNet(), ONet())


def written(folder):
    return json.loads((folder / "thresholds.json").read_text())


def test_a_folders_thresholds_are_its_detectors(folder, detector, tmp_path):
    assert Detector(folder).settings.thresholds == thresholds_of(folder) == (0.6, 0.7, 0.7)
    save_thresholds(folder, MINE, {"rule": "my own", "photos": 3})
    assert Detector(folder).settings.thresholds == thresholds_of(str(folder)) == MINE
    assert Detector(folder, thresholds=(0.1, 0.2, 0.3)).settings.thresholds == (0.1, 0.2, 0.3)
    assert written(folder) == {
        "thresholds": {"pnet": 0.45, "rnet": 0.8, "onet": 0.37},
        "weights": weights.weights_digest(detector.nets),
        "chosen": {"rule": "my own", "photos": 3},
    }
    shutil.copytree(folder, tmp_path / "copy")  # they travel
    assert Detector(tmp_path / "copy").settings.thresholds == MINE
    save_thresholds(folder, (0, 1, np.float32(0.5)))
    assert Detector(folder).settings.thresholds == (0, 1, 0.5)
    assert sorted(path.name for path in folder.iterdir()) == [
        "onet.safetensors", "pnet.safetensors", "rnet.safetensors", "thresholds.json"
    ]  # fmt: skip


def test_a_file_written_by_hand_needs_the_thresholds_alone(folder):
    (folder / "thresholds.json").write_text('{"thresholds": {"onet": 1, "rnet": 0.5, "pnet": 0}}')
    assert Detector(folder).settings.thresholds == (0, 0.5, 1)


ONE = '{"thresholds": {"pnet": 0.6, "rnet": %s, "onet": 0.7}}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "damaged, no JSON"),
        ('{"thresholds": {"pnet": 0.6', "damaged, no JSON"),
        (b"\xff\xfe\x00", "damaged, no JSON"),
        ("[" * 100_000, "damaged, no JSON"),
        ("[0.6, 0.7, 0.7]", "there are no thresholds in it"),
        ("{}", "there are no thresholds in it"),
        ('{"thresholds": [0.6, 0.7, 0.7]}', r"thresholds are \[0.6, 0.7, 0.7\]"),
        ('{"thresholds": {"pnet": 0.6, "onet": 0.7}}', "thresholds are {'onet': 0.7, 'pnet': 0.6}"),
        (ONE % "1.01", "the threshold of rnet is 1.01"),
        (ONE % "-0.1", "the threshold of rnet is -0.1"),
        (ONE % "NaN", "the threshold of rnet is nan"),
        (ONE % "true", "the threshold of rnet is True"),
        (ONE % "null", "the threshold of rnet is None"),
        (ONE % '"0.7"', "the threshold of rnet is '0.7'"),
        (ONE % ("9" * 400), "the threshold of rnet is 999"),
        ('{"thresholds": {"pnet": 0.6, "rnet": 0.7, "onet": 0.7}, "weights": 5}', "weights is 5; it must be the diges"),
    ],
)
def test_a_damaged_file_gets_one_clear_error(folder, text, said):
    path = folder / "thresholds.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    for ask in (Detector, thresholds_of):
        with pytest.raises(WeightsError, match=said) as raised:
            ask(folder)
        assert str(path) in str(raised.value)
        assert "mtcnn-lite evaluate --choose" in str(raised.value)
        assert "\n" not in str(raised.value)
    assert Detector(folder, thresholds=MINE).settings.thresholds == MINE  # who gives others does without the file
    load_weights(folder)


def test_what_is_no_file_or_too_large_is_named(folder):
    path = folder / "thresholds.json"
    path.mkdir()
    with pytest.raises(WeightsError, match=r"thresholds\.json: no such file"):
        Detector(folder)
    path.rmdir()
    with path.open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(WeightsError, match=r"thresholds\.json: larger than 16 MiB"):
        Detector(folder)


def test_thresholds_of_other_weights_are_refused(folder, tmp_path):
    save_thresholds(folder, MINE)
    save_weights(others(), tmp_path / "other")
    shutil.copy(folder / "thresholds.json", tmp_path / "other")
    with pytest.raises(WeightsError, match=r"thresholds\.json: was chosen for weights of the digest \w{16}, but those"):
        Detector(tmp_path / "other")


def test_saving_other_weights_removes_them_and_saving_the_same_does_not(folder, detector):
    save_thresholds(folder, MINE)
    save_weights(detector.nets, folder)
    assert Detector(folder).settings.thresholds == MINE
    changed = copy.deepcopy(detector.nets)
    with torch.no_grad():
        changed.onet.face.bias[0] += 1e-6
    save_weights(changed, folder)
    assert not (folder / "thresholds.json").exists()
    (folder / "thresholds.json").write_text("{")
    save_weights(changed, folder)
    assert not (folder / "thresholds.json").exists()
    by_hand = '{"thresholds": {"onet": 1, "rnet": 0.5, "pnet": 0}}'  # says nothing of the weights, so it stays
    (folder / "thresholds.json").write_text(by_hand)
    save_weights(detector.nets, folder)
    assert (folder / "thresholds.json").read_text() == by_hand


def test_an_interrupted_write_leaves_the_old_file(folder, monkeypatch):
    save_thresholds(folder, MINE)
    before = (folder / "thresholds.json").read_bytes()

    def full(path, data):
        path.open("wb").write(data[:10])
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match=r"No space left.*w/thresholds\.json"):
        save_thresholds(folder, (0.1, 0.2, 0.3))
    assert (folder / "thresholds.json").read_bytes() == before
    assert not [path for path in folder.iterdir() if ".part." in path.name]


@pytest.mark.parametrize(("thresholds", "said"), [((0.1, 0.2), "three|3"), ((0.1, 0.2, 1.1), "from 0 to 1"),
                                                  ((0.1, "x", 1), "thresholds")])  # fmt: skip
def test_wrong_thresholds_are_not_written(folder, thresholds, said):
    with pytest.raises((ValueError, TypeError), match=said):
        save_thresholds(folder, thresholds)
    assert not (folder / "thresholds.json").exists()


def test_a_folder_without_weights_gets_none(tmp_path):
    with pytest.raises(WeightsError, match=r"pnet\.safetensors: no such file"):
        save_thresholds(tmp_path, MINE)
    assert not list(tmp_path.iterdir())


def test_the_shipped_ones_are_in_such_a_file_and_the_same_in_the_export(root):
    stated = written(shipped.FOLDER)
    assert stated["thresholds"] == {"pnet": 0.5, "rnet": 0.6, "onet": 0.53}
    assert stated["weights"] == weights.weights_digest(shipped.load())
    assert stated["thresholds"] == json.loads((shipped.ONNX / "cascade.json").read_text())["thresholds"]
    packed = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["mtcnn_lite"]
    assert "weights/thresholds.json" in packed


@pytest.mark.parametrize("change", [lambda data: data.replace(b"0.53", b"0.54"), lambda data: None])
def test_the_shipped_file_is_the_one_that_ships(monkeypatch, tmp_path, change):
    for file in shipped.FOLDER.glob("*.*"):
        if file.suffix in (".safetensors", ".json"):
            data = change(file.read_bytes()) if file.suffix == ".json" else file.read_bytes()
            if data is not None:
                (tmp_path / file.name).write_bytes(data)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    with pytest.raises(WeightsError, match=r"thresholds\.json: (its SHA-256 is|no such file).*reinstall mtcnn_lite"):
        Detector()


def test_an_export_takes_them_along(tmp_path, monkeypatch):
    pytest.importorskip("onnxscript")
    save_weights(shipped.load(), tmp_path / "w")
    save_thresholds(tmp_path / "w", MINE)
    models = shipped.load_onnx().models
    monkeypatch.setattr(exporting, "_model", lambda name, net, opset: models[name])
    exporting.export(Detector(tmp_path / "w"), tmp_path / "onnx")
    assert Detector(tmp_path / "onnx").settings.thresholds == MINE
    assert json.loads((tmp_path / "onnx" / "cascade.json").read_text())["thresholds"]["onet"] == 0.37
