"""Weights out and in again, and what is said of those that don't fit."""

import numpy as np
import pytest
import torch
from oracles import released
from safetensors.torch import load_file, save_file

from mtcnn_lite import Detector
from mtcnn_lite.nets import Nets, ONet, PNet, RNet
from mtcnn_lite.weights import WeightsError, files, load_weights, save_weights, zhang2016
from mtcnn_lite.weights import released as released_values

NAMES = ["pnet", "rnet", "onet"]


@pytest.fixture
def folder(tmp_path, detector):
    save_weights(detector.nets, tmp_path / "new" / "weights")
    return tmp_path / "new" / "weights"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_saved_and_loaded_weights_detect_the_same(folder, detector, astronaut):
    assert sorted(contents(folder)) == sorted(f"{name}.safetensors" for name in NAMES)
    first, second = detector.detect(astronaut), Detector(folder).detect(astronaut)
    assert len(first) == 1
    for name in ("boxes", "scores", "landmarks"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_saving_again_replaces_the_old_files(folder):
    names, nets = set(contents(folder)), Nets(PNet(), RNet(), ONet())
    save_weights(nets, folder)
    assert set(contents(folder)) == names
    assert all(torch.equal(a.conv1.weight, b.conv1.weight) for a, b in zip(nets, load_weights(folder), strict=True))


@pytest.mark.parametrize("heads", [(False, False, True), (True, True, True), (False, True, True)])
def test_nets_with_and_without_landmark_heads_come_back(tmp_path, heads):
    torch.manual_seed(0)
    nets = Nets(*(kind(landmark_head=head) for kind, head in zip((PNet, RNet, ONet), heads, strict=True)))
    save_weights(nets, tmp_path)
    loaded = load_weights(str(tmp_path))
    for net, back, head in zip(nets, loaded, heads, strict=True):
        assert type(back) is type(net)
        assert (back.landmarks is not None) == head
        assert not back.training
        ours, theirs = net.state_dict(), back.state_dict()
        assert list(ours) == list(theirs)
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_released_values_are_all_used_unchanged():
    for name, net in zip(NAMES, zhang2016(), strict=True):
        ours = np.sort(np.concatenate([value.numpy().ravel() for value in net.state_dict().values()]))
        np.testing.assert_array_equal(ours, np.sort(np.concatenate([a.ravel() for a in released(name)])))


def drop(tensors):
    del tensors["conv2.bias"]


def drop_landmarks(tensors):
    tensors.pop("landmarks.weight")
    tensors.pop("landmarks.bias")


BROKEN = {
    "missing": ("rnet", drop, "tensor 'conv2.bias' of rnet is missing"),
    "extra": ("pnet", lambda t: t.update(conv9=torch.zeros(1)), "tensor 'conv9' belongs to no layer of pnet"),
    "shape": ("onet", lambda t: t.update({"face.weight": torch.zeros(256, 2)}), r"'face.weight' has shape \(256, 2\);"),
    "type": ("pnet", lambda t: t.update({"prelu1.weight": t["prelu1.weight"].half()}), "'prelu1.weight' is .*float16"),
    "nan": ("rnet", lambda t: t["dense4.bias"].fill_(torch.nan), "'dense4.bias' holds NaN"),
    "infinite": ("onet", lambda t: t["conv4.bias"][:1].fill_(torch.inf), "'conv4.bias' holds NaN or infinity"),
    "half a head": (
        "rnet",
        lambda t: t.update({"landmarks.bias": torch.zeros(10)}),
        "'landmarks.weight' of rnet is mi",
    ),
    "no landmarks": ("onet", drop_landmarks, "tensor 'landmarks.weight' of onet is missing"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_tensor_that_does_not_fit_is_named_with_its_file(folder, fault):
    name, spoil, message = BROKEN[fault]
    path = folder / f"{name}.safetensors"
    tensors = load_file(path)
    spoil(tensors)
    save_file(tensors, path)
    with pytest.raises(WeightsError, match=message) as raised:
        load_weights(folder)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), "no such file"),
        (lambda path: path.write_bytes(b""), "damaged"),
        (lambda path: path.write_bytes(b"not weights at all"), "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:40]), "damaged"),
        (
            lambda path: path.write_bytes((path.parent / "pnet.safetensors").read_bytes()),
            "of rnet is missing|has shape",
        ),
    ],
    ids=["missing", "empty", "text", "truncated", "cut in its header", "another net's"],
)
def test_a_file_that_is_no_weights_is_named(folder, spoil, message):
    path = folder / "rnet.safetensors"
    spoil(path)
    with pytest.raises(WeightsError, match=message) as raised:
        Detector(folder)
    assert str(path) in str(raised.value)


def test_an_onet_without_landmarks_is_refused():
    with pytest.raises(WeightsError, match="O-Net without a landmark head"):
        Detector(Nets(PNet(), RNet(), ONet(landmark_head=False)))


@pytest.mark.parametrize("interrupted_at", NAMES)
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_interrupted_saving_leaves_the_old_files_whole(folder, monkeypatch, error, interrupted_at):
    before = contents(folder)

    def save_half(tensors, path, metadata):
        save_file(tensors, path, metadata)
        if metadata["net"] == interrupted_at:
            path.write_bytes(path.read_bytes()[:500])
            raise error

    monkeypatch.setattr(files, "save_file", save_half)
    with pytest.raises(type(error)):
        save_weights(Nets(PNet(), RNet(), ONet()), folder)
    assert contents(folder) == before


def test_without_the_package_mtcnn_its_weights_say_what_to_install(monkeypatch):
    monkeypatch.setattr(released_values.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match=r"not installed: pip install mtcnn==1\.0\.0"):
        Detector("zhang2016")


def test_another_version_of_mtcnn_says_so(monkeypatch, tmp_path):
    spec = type("Spec", (), {"submodule_search_locations": [str(tmp_path)]})
    monkeypatch.setattr(released_values.importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(WeightsError, match=r"pnet\.lz4: no such file; the installed mtcnn is not version 1\.0\.0"):
        zhang2016()
