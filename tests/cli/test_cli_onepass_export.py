"""`mtcnn-lite export` of a one-pass detector, and detection with what it wrote."""

import pickle

import numpy as np
import pytest
import torch

from mtcnn_lite import Detector
from mtcnn_lite.cli import main
from mtcnn_lite.course.scenes import scene
from mtcnn_lite.onepass.model import OnePassNet
from mtcnn_lite.onepass.weights import save_onepass
from mtcnn_lite.weights import WeightsError

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")


@pytest.mark.slow  # torch takes 10 s to export
def test_an_export_says_what_torch_says(tmp_path, capsys):
    torch.manual_seed(1)
    save_onepass(OnePassNet(), tmp_path / "weights", 0.007)
    assert main(["export", "--weights", str(tmp_path / "weights"), "--out", str(tmp_path / "onnx")]) == 0
    assert "onepass.onnx and onepass.json written" in capsys.readouterr().out
    ours, theirs = Detector(tmp_path / "weights"), Detector(tmp_path / "onnx")
    assert (theirs.model, theirs.engine.name) == ("onepass", "onnx")
    assert theirs.settings == ours.settings
    for height, width in ((33, 65), (96, 64)):
        photo = scene(height, height=height, width=width, faces=(1, 2)).image()
        one, two = ours.trace(photo).scored, theirs.trace(photo).scored
        assert np.array_equal(one.boxes, two.boxes)
        for name in ("scores", "offsets", "landmarks"):
            assert getattr(one, name) == pytest.approx(getattr(two, name), abs=1e-5)
    again = pickle.loads(pickle.dumps(theirs))
    assert np.array_equal(again.trace(photo).scored.scores, two.scores)
    with pytest.raises(WeightsError, match='no export, which the engine "onnx"'):
        Detector(tmp_path / "weights", engine="onnx")
    with pytest.raises(WeightsError, match='an export to ONNX, which the engine "torch"'):
        Detector(tmp_path / "onnx", engine="torch")
    (tmp_path / "onnx" / "onepass.onnx").write_bytes(b"another")
    with pytest.raises(WeightsError, match="its SHA-256 is"):
        Detector(tmp_path / "onnx")
