"""The nets on a device of torch's: the code runs on the CPU here, and on a GPU where there is one."""

import numpy as np
import pytest
import torch
from beside import crops, same

from mtcnn_lite import Detector
from mtcnn_lite.runtime import device_engine
from mtcnn_lite.runtime.device_engine import DeviceEngine


@pytest.fixture(scope="module")
def ours():
    return Detector(engine="torch")


@pytest.fixture(params=["cpu", "cuda", "mps"])
def on_device(request, ours):
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there[request.param]:
        pytest.skip(f"torch finds no device {request.param!r} on this machine")
    other = ours.swap()
    other.engine = DeviceEngine(ours.nets, request.param)
    return other


def test_a_device_finds_what_the_cpu_finds(on_device, ours, astronaut):
    for photo in crops(astronaut):
        same(on_device.detect(photo), ours.detect(photo), 0.001, 1e-5)
    photos = list(crops(astronaut))
    for found, photo in zip(on_device.detect_many(photos), photos, strict=True):
        same(found, ours.detect(photo))  # larger batches round otherwise
    tiny = np.zeros((15, 15, 3), np.uint8)
    assert len(on_device.detect(tiny)) == 0


def test_a_device_is_sent_one_array_a_stage_and_sends_one_back(on_device, astronaut, monkeypatch):
    sent = []
    monkeypatch.setattr(DeviceEngine, "_send", lambda self, pixels: sent.append(pixels.shape) or torch.from_numpy(
        pixels).to(self.device))  # fmt: skip
    trace = on_device.trace(astronaut)
    _ = trace.faces
    levels = sum(level.image.size for level in trace.levels)
    windows = [len(trace.rnet["scored"]), len(trace.onet["scored"]), len(trace.onet["nms"])]
    assert sent == [(levels,), (windows[0], 24, 24, 3), (windows[1], 48, 48, 3), (windows[2], 48, 48, 3)]


def test_a_device_computes_large_stages_in_batches(on_device, ours, astronaut, monkeypatch):
    monkeypatch.setattr(device_engine, "BATCH_PIXELS", 5000)
    same(on_device.detect(astronaut), ours.detect(astronaut), 0.001, 1e-5)


def test_the_nets_stay_on_the_cpu_and_auto_takes_what_is_there(ours):
    detector = Detector(device="auto")
    best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert detector.engine.device == best
    assert {value.device.type for value in detector.nets.onet.state_dict().values()} == {"cpu"}
    assert ours.engine.device == "cpu"
