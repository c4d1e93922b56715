"""`mtcnn-lite export`: models that anyone's ONNX Runtime runs, checked before they are kept."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from mtcnn_lite import Detector, exporting
from mtcnn_lite.cli import main
from mtcnn_lite.exporting import ExportError, export
from mtcnn_lite.nets import normalise
from mtcnn_lite.weights import save_weights, shipped

for needed in exporting.NEEDED:
    pytest.importorskip(needed, reason="exporting needs it: pip install 'mtcnn_lite[onnx]'")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The authors' values, exported."""
    out = tmp_path_factory.mktemp("export") / "new" / "onnx"
    assert main(["export", "--out", str(out), "--weights", "zhang2016", "--opset", "17"]) == 0
    return out


def test_the_folder_holds_three_models_and_what_they_need(folder):
    import onnx

    assert sorted(path.name for path in folder.iterdir()) == ["cascade.json", "onet.onnx", "pnet.onnx", "rnet.onnx"]
    stated = json.loads((folder / "cascade.json").read_text())
    assert stated["thresholds"] == {"pnet": 0.6, "rnet": 0.7, "onet": 0.7}
    assert [stated["nms"][step] for step in ("within_level", "across_levels", "rnet", "onet")] == [0.5, 0.7, 0.8, 0.7]
    assert stated["input"]["normalisation"] == {"subtract": 127.5, "multiply": 1 / 128}
    assert (len(stated["landmarks"]), stated["landmarks"][2]) == (5, "nose")
    for path in folder.glob("*.onnx"):
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        assert [entry.version for entry in model.opset_import if not entry.domain] == [17]
        assert str(exporting.__file__).encode() not in path.read_bytes()  # nothing of this machine


@pytest.mark.parametrize("name", ["pnet", "rnet", "onet"])
def test_the_models_say_what_torch_says(name, folder, detector):
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"])
    net, rng = getattr(detector.nets, name), np.random.default_rng(1)
    shapes = (
        [(1, 12, 12), (2, 13, 40), (3, 39, 17)] if name == "pnet" else [(count, net.size, net.size) for count in (1, 5)]
    )
    for count, height, width in shapes:
        x = normalise(rng.integers(0, 256, (count, height, width, 3), np.uint8)).contiguous()
        with torch.inference_mode():
            output = net(x)
        wanted = [output.score, output.offsets, *([output.landmarks] if name == "onet" else [])]
        said = session.run(None, {"images": x.numpy()})
        for mine, theirs in zip(said, wanted, strict=True):
            np.testing.assert_allclose(mine, theirs.numpy(), atol=1e-5)


def test_it_detects(folder, detector, astronaut):
    found, wanted = Detector(folder).detect(astronaut), detector.detect(astronaut)
    assert len(found) == len(wanted) == 1
    np.testing.assert_allclose(found.boxes, wanted.boxes, atol=0.05)  # tests/unit/test_engines.py says how seldom 0.01
    np.testing.assert_allclose(found.landmarks, wanted.landmarks, atol=0.05)


def test_the_shipped_models_are_the_shipped_weights(monkeypatch):
    models = shipped.load_onnx().models
    exporting._compare(models, Detector(engine="torch").engine)
    with pytest.raises(ExportError, match=r"pnet.onnx differs from torch by \d"):
        exporting._compare(models, Detector("zhang2016").engine)


def test_a_model_that_differs_is_not_written(tmp_path, monkeypatch, detector):
    monkeypatch.setattr(exporting, "_model", lambda name, net, opset: shipped.load_onnx().models[name])
    (tmp_path / "pnet.onnx").write_text("an earlier one")
    with pytest.raises(ExportError, match="differs from torch"):
        export(detector, tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("pnet.onnx", "an earlier one")]


def test_a_missing_package_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(exporting, "NEEDED", ("onnx", "onnx_of_tomorrow"))
    assert main(["export", "--out", str(tmp_path / "x")]) == 1
    assert capsys.readouterr().err == ("error: exporting needs onnx_of_tomorrow: pip install 'mtcnn_lite[onnx]'\n")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--opset", "7"], "--opset: opset is 7; it must be a whole number from 16 to 24"),
        (["--opset", "99"], "--opset: opset is 99; it must be a whole number from 16 to 24"),
        (["--opset", "new"], "argument --opset: invalid int value: 'new'"),
        (["--weights", "nowhere"], "nowhere/pnet.safetensors: no such file"),
        (["--weights", str(shipped.ONNX)], 'an export to ONNX, which the engine "torch" can\'t run'),
    ],
)
def test_bad_arguments_end_with_a_message(arguments, said, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["export", "--out", str(tmp_path), *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_weights_is_not_exported_into(tmp_path, detector):
    """It would be taken for an export from then on."""
    save_weights(detector.nets, tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ExportError, match=r"holds weights as \.safetensors; an export goes to a folder of its own"):
        export(detector, tmp_path)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="limits are others here")
def test_a_full_disk_is_one_sentence_and_nothing_is_half_written(tmp_path):
    """By the system itself: no file may have more than 100 kB, and R-Net's has more."""
    code = ("import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); "
            "from mtcnn_lite.cli import main; sys.exit(main())")  # fmt: skip
    (tmp_path / "pnet.onnx").write_text("an earlier one")
    done = subprocess.run(
        [sys.executable, "-c", code, "export", "--out", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert "File too large" in done.stderr
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("pnet.onnx", "an earlier one")]


@pytest.mark.slow
def test_a_folder_that_may_not_be_made(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["export", "--out", str(tmp_path / "file" / "onnx")]) == 1
    said = capsys.readouterr().err
    assert said == f"error: {tmp_path / 'file' / 'onnx'}: Not a directory\n"


@pytest.mark.slow
def test_other_programs_files_stay(tmp_path):
    """Only what an export of a process that is no more has left is cleared away."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / "deep").mkdir()
    others = [tmp_path / f"film.{dead.pid}.part", tmp_path / "deep" / f".{dead.pid}.part.pnet.onnx"]
    left = [tmp_path / f".{dead.pid}.part.{name}" for name in ("pnet.onnx", "cascade.json")]
    for path in (*others, *left):
        path.write_text("half")
    assert main(["export", "--out", str(tmp_path)]) == 0
    assert all(path.exists() for path in others)
    assert not any(path.exists() for path in left)


@pytest.mark.slow
@pytest.mark.parametrize("opset", [16, 20, 24])
def test_every_opset_that_is_offered_runs(opset, tmp_path, detector, astronaut):
    export(detector, tmp_path, opset)
    assert len(Detector(tmp_path).detect(astronaut)) == 1


def test_a_failing_exporter_is_one_sentence(tmp_path, monkeypatch, capsys):
    def fails(*_, **__):
        raise RuntimeError("no such operator\nand much more")

    monkeypatch.setattr(torch.onnx, "export", fails)
    assert main(["export", "--out", str(tmp_path / "x")]) == 1
    assert capsys.readouterr().err == "error: pnet.onnx: torch's exporter failed (no such operator)\n"
    assert not (tmp_path / "x").exists()


def test_a_file_is_no_folder(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit):
        main(["export", "--out", str(tmp_path / "file")])
    assert "that is a file, not a folder" in capsys.readouterr().err


@pytest.mark.parametrize(("opset", "error"), [(True, TypeError), ("18", TypeError), (15, ValueError), (25, ValueError)])
def test_another_opset_is_refused(opset, error, detector, tmp_path):
    with pytest.raises(error, match=r"opset is .*; it must be a whole number from 16 to 24"):
        export(detector, tmp_path, opset)
