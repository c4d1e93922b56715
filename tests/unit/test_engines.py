"""The engines beside each other: the same faces, whatever computes the nets; and what is said of wrong choices."""

import copy
import json
import os
import pickle
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import torch
from beside import crops, off, same

from mtcnn_lite import Detector
from mtcnn_lite.cascade.answers import Answers
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.runtime import inference, onnx_engine
from mtcnn_lite.runtime.device_engine import DeviceEngine
from mtcnn_lite.runtime.torch_engine import TorchEngine
from mtcnn_lite.weights import WeightsError, shipped
from mtcnn_lite.weights.engines import _installed

onnxruntime = pytest.importorskip("onnxruntime", reason="the engine 'onnx' needs it: pip install 'mtcnn_lite[onnx]'")


@pytest.fixture(scope="module")
def ours():
    return Detector(engine="torch")


@pytest.fixture(scope="module")
def exported():
    return Detector(engine="onnx")


def test_onnx_finds_what_torch_finds_in_forty_scenes_and_photos(ours, exported, astronaut):
    photos = [*(photo.image() for photo in scenes(28, seed=5)), *crops(astronaut)]
    assert len(photos) == 40
    apart = np.concatenate([off(exported.detect(photo), ours.detect(photo)) for photo in photos])
    assert len(apart) >= 80
    # The last digit of a window can decide which column of pixels it reads (cv2.warpAffine counts in 1/32 px), and the
    # last digit of a score which of two good windows NMS keeps: rarely, as for torch itself in batches of other sizes.
    assert (apart <= (0.01, 0.01, 1e-5)).all(axis=1).mean() >= 0.9
    assert (apart <= (2, 2, 0.005)).all()
    assert (np.median(apart, axis=0) <= (1e-4, 1e-4, 1e-6)).all()


def test_onnx_finds_the_same_in_many_at_once_on_two_threads(exported, astronaut):
    photos = list(crops(astronaut))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for found, photo in zip(exported.detect_many(photos), photos, strict=True):
            same(found, exported.detect(photo))
    finally:
        torch.set_num_threads(before)


def test_the_models_are_right_at_odd_sizes(ours, exported):
    rng = np.random.default_rng(3)
    for height in range(12, 41):
        for width in {12, height, 53 - height}:
            level = rng.integers(0, 256, (height, width, 3), np.uint8)
            for mine, wanted in zip(exported.engine.pnet([level] * 2)[1], ours.engine.pnet([level])[0], strict=True):
                assert mine.shape == wanted.shape
                np.testing.assert_allclose(mine, wanted, atol=1e-5)


def test_pixels_become_the_models_numbers_as_torchs():
    from mtcnn_lite.nets import normalise
    from mtcnn_lite.runtime.onnx_engine import normalised

    images = np.arange(2 * 16 * 8 * 3, dtype=np.uint8).reshape(2, 16, 8, 3)
    np.testing.assert_array_equal(normalised(images), normalise(images).numpy())
    assert normalised(images).flags.c_contiguous  # what ONNX Runtime reads without copying


def test_a_pickled_detector_finds_the_same(exported, astronaut):
    copied = pickle.loads(pickle.dumps(exported))
    assert copied.detect(astronaut).boxes.tobytes() == exported.detect(astronaut).boxes.tobytes()


def test_a_trace_reruns_and_hooks_swap_with_onnx_too(ours, exported, astronaut):
    changed = {"thresholds": (0.6, 0.7, 0.8), "min_face": 40}
    same(exported.trace(astronaut).rerun(**changed).faces, Detector(**changed).detect(astronaut))
    assert exported.swap(nms=lambda boxes, scores, overlap: np.arange(0)).detect(astronaut).boxes.shape == (0, 4)


# Which engine, and what is said where it can't be had.


def test_auto_is_torch_where_it_is_installed(monkeypatch):
    assert Detector().engine.name == "torch"
    monkeypatch.setitem(sys.modules, "torch", None)
    assert Detector().engine.name == "onnx"


def test_a_detector_without_torchs_nets_says_so(exported):
    with pytest.raises(AttributeError, match='"onnx" has no nets of torch; one with engine="torch" has'):
        _ = exported.nets


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"engine": "tensorflow"}, ValueError, "engine is 'tensorflow'; it must be one of 'auto', 'torch', 'onnx'"),
        ({"engine": None}, TypeError, r"engine is None; it must be one of 'auto', 'torch', 'onnx'"),
        ({"device": "gpu"}, ValueError, "device is 'gpu'; it must be one of 'cpu', 'cuda', 'mps', 'auto'"),
        ({"device": 0}, TypeError, r"device is 0; it must be one of 'cpu', 'cuda', 'mps', 'auto'"),
        ({"engine": "onnx", "weights": "zhang2016"}, WeightsError, "weights is 'zhang2016', which the engine \"onnx\""),
        ({"engine": "onnx", "device": "mps"}, ValueError, 'device is "mps", which this installation of ONNX Runtime'),
    ],
)
def test_a_wrong_choice_gets_one_clear_error(settings, error, said):
    with pytest.raises(error, match=said):
        Detector(**settings)


def test_nets_are_no_export(ours):
    with pytest.raises(WeightsError, match='the engine "onnx" can\'t run; it must be "mtcnn_lite" or a folder that'):
        Detector(ours.nets, engine="onnx")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match='device is "cuda", which torch does not find on this machine; "cpu" always'):
        Detector(device="cuda")
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        with pytest.raises(ValueError, match='device is "cuda", which this installation of ONNX Runtime does not run'):
            Detector(engine="onnx", device="cuda")


def test_a_package_that_is_not_installed_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ValueError, match=r"onnxruntime, which .* is not installed: pip install 'mtcnn_lite\[onnx\]'"):
        Detector(engine="onnx")
    monkeypatch.setitem(sys.modules, "torch", None)
    for weights in ("zhang2016", tmp_path):
        with pytest.raises(ValueError, match=r"torch, which .* is not installed: pip install torch; without it"):
            Detector(weights)


def test_an_import_hook_that_forbids_a_package_hides_it(monkeypatch):
    class Forbids:
        def find_spec(self, name, path=None, target=None):
            if name == "tomlkit_or_other":
                raise ImportError("forbidden")

    monkeypatch.setattr(sys, "meta_path", [Forbids(), *sys.meta_path])
    assert not _installed("tomlkit_or_other")
    assert _installed("json")


# An export's folder.


@pytest.fixture
def folder(tmp_path):
    """A copy of the export that ships."""
    for file in shipped.ONNX.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def test_a_folder_is_a_detector_of_its_thresholds(folder, exported, astronaut):
    stated = json.loads((folder / "cascade.json").read_text())
    (folder / "cascade.json").write_text(json.dumps(stated | {"thresholds": {"pnet": 0.6, "rnet": 0.7, "onet": 0.8}}))
    detector = Detector(folder)
    assert detector.engine.name == "onnx"
    assert detector.settings.thresholds == (0.6, 0.7, 0.8)
    wanted = Detector(engine="onnx", thresholds=(0.6, 0.7, 0.8)).detect(astronaut)
    assert detector.detect(astronaut).boxes.tobytes() == wanted.boxes.tobytes()
    with pytest.raises(WeightsError, match='an export to ONNX, which the engine "torch" can\'t run; engine="onnx" can'):
        Detector(str(folder), engine="torch")


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("cascade.json", lambda data: data[:100], "cascade.json: damaged, or not written by mtcnn-lite export"),
        ("cascade.json", lambda data: b"[]", "cascade.json: damaged"),
        ("cascade.json", lambda data: data.replace(b'"rnet": 0.6', b'"r": 1'), "damaged.*'rnet' is missing"),
        ("cascade.json", lambda data: data.replace(b'"rnet": 0.6', b'"rnet": 6'), "each must be from 0 to 1"),
        ("cascade.json", lambda data: data.replace(b'"format": 1', b'"format": 9'), "its format is 9; .* reads 1"),
        ("onet.onnx", lambda data: data[:-1], r"onet.onnx: its SHA-256 is \w+; it must be"),
        ("pnet.onnx", lambda data: None, "pnet.onnx: no such file; an export holds cascade.json and pnet, rnet and"),
    ],
)
def test_a_damaged_folder_is_refused(folder, file, change, said):
    data = change((folder / file).read_bytes())
    (folder / file).unlink()
    if data is not None:
        (folder / file).write_bytes(data)
    with pytest.raises(WeightsError, match=said):
        Detector(folder)


def test_a_model_that_onnx_runtime_can_not_read_is_refused(folder):
    import hashlib

    (folder / "rnet.onnx").write_bytes(b"no model")
    stated = json.loads((folder / "cascade.json").read_text())
    stated["nets"]["rnet"]["sha256"] = hashlib.sha256(b"no model").hexdigest()
    (folder / "cascade.json").write_text(json.dumps(stated))
    with pytest.raises(WeightsError, match=r"rnet.onnx: ONNX Runtime can't load it"):
        Detector(folder)


def test_the_shipped_models_are_those_that_ship(monkeypatch, folder):
    (folder / "cascade.json").write_text((folder / "cascade.json").read_text() + " ")
    monkeypatch.setattr(shipped, "ONNX", folder)
    with pytest.raises(WeightsError, match=r"cascade.json: its SHA-256 .*: reinstall mtcnn_lite"):
        Detector(engine="onnx")


# Without torch.

WITHOUT = """
import sys
class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "safetensors", "tqdm", "matplotlib"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Forbidden())
from mtcnn_lite.cli import main
status = main(sys.argv[1:])
assert "torch" not in sys.modules
sys.exit(status)
"""


def run_without_torch(folder, *arguments):
    return subprocess.run([sys.executable, "-c", WITHOUT, *map(str, arguments)], cwd=folder, capture_output=True,
                          text=True, timeout=120, env=os.environ | {"OMP_NUM_THREADS": "2"})  # fmt: skip


def test_detect_and_explain_run_without_torch(tmp_path, astronaut, ours):
    from PIL import Image

    Image.fromarray(astronaut).save(tmp_path / "a.png")
    Image.fromarray(astronaut[:300]).save(tmp_path / "b.png")
    done = run_without_torch(tmp_path, "detect", "a.png", "b.png", "--json", "--out", "found")  # on several threads
    assert done.returncode == 0, done.stderr
    [face] = json.loads(done.stdout.splitlines()[0])["faces"]
    np.testing.assert_allclose(face["box"], ours.detect(astronaut).boxes[0], atol=0.02)
    assert sorted(path.name for path in (tmp_path / "found").iterdir()) == ["a_faces.jpg", "b_faces.jpg"]

    done = run_without_torch(tmp_path, "explain", "a.png", "--box", "175,70,275,190")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("found, score 1.00")
    assert (tmp_path / "a_explained.jpg").stat().st_size > 10_000


@pytest.mark.slow
def test_clips_labels_and_processes_run_without_torch(tmp_path, astronaut):
    small = np.ascontiguousarray(astronaut[:256, 120:376, ::-1])
    written = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 5, (256, 256))
    for _ in range(10):
        written.write(small)
    written.release()
    done = run_without_torch(tmp_path, "detect", "clip.avi", "--every", "5", "--json")
    assert done.returncode == 0, done.stderr
    assert [(row["frame"], len(row["faces"])) for row in map(json.loads, done.stdout.splitlines())] == [(0, 1), (5, 1)]

    done = run_without_torch(tmp_path, "label", "clip.avi", "--every", "1s", "--format", "coco", "--out", "labels")
    assert done.returncode == 0, done.stderr
    [stated] = (tmp_path / "labels").rglob("*.json")
    assert len(json.loads(stated.read_text())["annotations"]) == 2

    for name in "ab":
        cv2.imwrite(str(tmp_path / f"{name}.png"), small)
    done = run_without_torch(tmp_path, "detect", "a.png", "b.png", "--workers", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert [len(json.loads(line)["faces"]) for line in done.stdout.splitlines()] == [1, 1]


def test_without_torch_what_needs_it_says_so(tmp_path):
    done = run_without_torch(tmp_path, "export", "--out", "x")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("mtcnn-lite export: error: torch, which")
    assert not (tmp_path / "x").exists()
    done = run_without_torch(tmp_path, "detect", "a.png", "--weights", "nowhere")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("weights is 'nowhere', and there is no such folder")


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_commands_that_need_a_missing_package_name_it(tmp_path, astronaut, command):
    cv2.imwrite(str(tmp_path / "a.png"), astronaut)
    row = {"image": "a.png", "width": 512, "height": 512, "faces": [{"box": [175, 70, 275, 190]}]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    done = run_without_torch(tmp_path, command, "--data", "a.jsonl", "--out", "run")
    assert done.returncode == 1
    assert re.fullmatch(
        r"error: this needs the package (torch|tqdm|safetensors), which is not installed; .*\n", done.stderr
    )


# What the interface promises.


def test_rnet_without_a_landmark_head_says_zero_points(detector):
    image = np.full((60, 60, 3), 90, np.uint8)
    windows = [(Answers(detector.engine, image).halved.halvings, np.array([[0, 0, 30, 30]], np.float32))]
    for mirror in (False, True):
        for engine in (TorchEngine(detector.nets), DeviceEngine(detector.nets, "cpu")):
            scores, offsets, points = inference.score_windows(engine, "rnet", windows, mirror)
            assert (scores.shape, offsets.shape, points.tolist()) == ((1,), (1, 4), [[0.0] * 10])


def test_threads_that_ask_at_once_have_sessions_of_their_own(monkeypatch):
    """And later calls take those that there are, also after an error."""
    made, both = [], threading.Barrier(2)

    class Session:
        def __init__(self, *_):
            made.append(self)

        def run(self, outputs, inputs):
            if inputs == "bad":
                raise ValueError("bad")
            both.wait(timeout=10)
            return [self]

    monkeypatch.setattr(onnx_engine, "_session", Session)
    sessions = onnx_engine._Sessions("pnet", b"", "cpu")
    assert len(made) == 1
    for _ in range(3):
        with ThreadPoolExecutor(2) as pool:
            said = list(pool.map(lambda _: sessions.run(None, {}), range(2)))
        assert said[0] != said[1]
        with pytest.raises(ValueError, match="bad"):
            sessions.run(None, "bad")
    assert len(made) == 2


def test_deep_copies_of_a_detector_are_independent(ours):
    copied = copy.deepcopy(ours)
    with torch.no_grad():
        copied.nets.onet.face.bias += 1
    assert not torch.equal(copied.nets.onet.face.bias, ours.nets.onet.face.bias)
