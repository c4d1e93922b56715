"""Weights out and in again, and what is said of those that don't fit."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from oracles import released
from safetensors.torch import load_file, save_file

from mtcnn_lite import Detector
from mtcnn_lite.nets import Nets, ONet, PNet, RNet
from mtcnn_lite.weights import WeightsError, files, load_weights, save_weights, weights_digest, zhang2016

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


def test_a_net_in_anothers_place_is_named():
    with pytest.raises(TypeError, match=r"^weights\.pnet is RNet; it must be PNet"):
        Detector(Nets(RNet(), PNet(), ONet()))
    with pytest.raises(TypeError, match=r"^weights\.onet is Identity; it must be ONet"):
        Detector(Nets(PNet(), RNet(), torch.nn.Identity()))


@pytest.mark.parametrize("name", NAMES)
def test_values_that_are_no_numbers_are_named(name):
    """R-Net's would let no face pass, without a word."""
    nets = Nets(PNet(), RNet(), ONet())
    with torch.no_grad():
        getattr(nets, name).conv1.bias[0] = float("nan")
    with pytest.raises(WeightsError, match=f"^weights has a net {name} whose 'conv1.bias' holds NaN or infinity"):
        Detector(nets)


@pytest.mark.parametrize("interrupted_at", NAMES)
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_interrupted_saving_leaves_the_old_files_whole(folder, monkeypatch, error, interrupted_at):
    before = contents(folder)

    def save_half(tensors, path, metadata):
        save_file(tensors, path, metadata)
        if interrupted_at in path.name:
            path.write_bytes(path.read_bytes()[:500])
            raise error

    monkeypatch.setattr(files, "save_file", save_half)
    with pytest.raises(type(error)):
        save_weights(Nets(PNet(), RNet(), ONet()), folder)
    assert contents(folder) == before


def with_header(path, change):
    """Rewrite a file of safetensors with its header changed; the tensors' bytes stay."""
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[end:])


def flip(path, place):
    """Turn the lowest bit of one byte of a file: in a float, the last digit of its value."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", NAMES)
def test_one_bit_of_a_value_is_noticed(folder, name):
    path = folder / f"{name}.safetensors"
    flip(path, -400)
    with pytest.raises(WeightsError, match=r"damaged; its values do not have the SHA-256") as raised:
        load_weights(folder)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("found", [None, {"net": "pnet"}], ids=["without", "version 0.1.0"])
def test_files_without_a_digest_still_load(folder, detector, found):
    for name in NAMES:
        with_header(folder / f"{name}.safetensors", lambda header: header.update(__metadata__=found))
    assert weights_digest(load_weights(folder)) == weights_digest(detector.nets)


def test_the_same_weights_give_the_same_files(folder, detector, tmp_path):
    code = "import sys; from mtcnn_lite import weights as w; w.save_weights(w.load_weights(sys.argv[1]), sys.argv[2])"
    subprocess.run([sys.executable, "-c", code, str(folder), str(tmp_path / "again")], check=True)
    assert contents(tmp_path / "again") == contents(folder)


def test_the_largest_file_that_is_read(folder):
    path = folder / "onet.safetensors"
    with path.open("r+b") as file:
        file.truncate(100 << 30)  # 100 GB by its length, which no disk has to hold
    with pytest.raises(WeightsError, match=r"onet.safetensors: larger than 16 MiB"):
        load_weights(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(folder):
    path = folder / "pnet.safetensors"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(WeightsError, match=r"pnet.safetensors: no such file"):
        load_weights(folder)


def test_a_type_that_torch_lacks_is_damage(folder):
    path = folder / "pnet.safetensors"
    with_header(path, lambda header: header["face.bias"].update(dtype="F4", shape=[16]))
    with pytest.raises(WeightsError, match=r"pnet.safetensors: damaged"):
        load_weights(folder)
