"""The sample store: what is written is what was drawn; interruptions, workers and strangers' folders change nothing."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.images import ImageError
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.sampler import KINDS, SAMPLE, sample
from mtcnn_lite.sampling.store import PHOTOS_A_SHARD, Store, StoreError, write_store

COUNT = 3 * PHOTOS_A_SHARD + 5  # four shards, the last one short
CONFIG = SamplingConfig(turn=8.0)


def many(count=COUNT, seed=0):
    """Noise with a face or two on it, each photo another; the third has none."""
    rng = np.random.default_rng(seed)
    photos = []
    for k in range(count):
        corner = rng.uniform(0, 60, (0 if k % 7 == 2 else 1 + k % 2, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(15, 40, (len(corner), 2))], axis=1)
        points = boxes[:, None, :2] + rng.uniform(5, 12, (len(boxes), 5, 2))
        photos.append(LabelledPhoto(rng.integers(0, 255, (100, 110, 3), np.uint8), boxes, points))
    return photos


def dead_process():
    """The number of a process that is no more."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "store"
    write_store(folder, many(), 12, seed=3, config=CONFIG)
    return folder


def test_a_store_holds_what_sampling_draws(whole):
    """Each photo's samples once more, by hand, each photo with a generator of its own."""
    store, photos = Store(whole), many()
    start = 0
    for number, photo in enumerate(photos):
        samples, crops = sample(photo, 12, np.random.default_rng([3, number]), CONFIG)
        samples["photo"] = number
        rows = np.arange(start, start + len(samples))
        assert store.samples[rows].tobytes() == samples.tobytes()
        assert store.crops(rows).tobytes() == crops.tobytes()
        start += len(samples)
    assert start == len(store) == sum(store.counts.values())
    assert {len(np.load(path)) > 0 for path in whole.glob("*.crops.npy")} == {True}
    assert len(list(whole.glob("*.crops.npy"))) == 4


def test_crops_come_in_the_order_asked_for_and_from_the_disk(whole):
    store = Store(whole)
    every = np.concatenate([np.load(path) for path in sorted(whole.glob("*.crops.npy"))])
    rows = np.random.default_rng(0).permutation(len(store))[:500]
    assert (store.crops(rows) == every[rows]).all()
    assert store.crops(np.zeros(0, np.int64)).shape == (0, 12, 12, 3)
    assert all(isinstance(crops, np.memmap) for crops in store._crops)
    assert store.samples.dtype == SAMPLE


def test_rows_and_counts_by_kind(whole):
    store = Store(whole)
    for code, kind in enumerate(KINDS):
        assert store.counts[kind] == len(store.rows(kind)) == sum(k == code for k in store.samples["kind"].tolist())
        assert store.counts[kind] > 0
    assert f"{store.counts['part']:,} part" in repr(store)


@pytest.mark.parametrize("gone", [["00001.samples.npy"], ["00000.crops.npy", "00000.samples.npy"], ["store.json"]])
def test_what_is_missing_is_drawn_again_byte_for_byte(whole, tmp_path, gone):
    for name, data in contents(whole).items():
        if name not in gone:
            (tmp_path / name).write_bytes(data)
    (tmp_path / f"00001.crops.npy.{dead_process()}.part").write_bytes(b"half")
    with pytest.raises(StoreError, match=r"1 of 4 shards are missing|no readable store\.json"):
        Store(tmp_path)
    untouched = (tmp_path / "00002.crops.npy").stat().st_mtime_ns
    write_store(tmp_path, many(), 12, seed=3, config=CONFIG)
    assert contents(tmp_path) == contents(whole)
    assert (tmp_path / "00002.crops.npy").stat().st_mtime_ns == untouched


DAMAGES = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
    "one bit": lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["00001.samples.npy", "00002.crops.npy", "store.json"])
def test_what_is_damaged_is_named_and_drawn_again_byte_for_byte(whole, tmp_path, name, damage, capsys):
    for other, data in contents(whole).items():
        (tmp_path / other).write_bytes(DAMAGES[damage](data) if other == name else data)
    if damage != "one bit":  # of a crop, say: nobody would see it
        with pytest.raises(StoreError):
            Store(tmp_path)
    write_store(tmp_path, many(), 12, seed=3, config=CONFIG)
    assert contents(tmp_path) == contents(whole)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert name.replace("crops", "samples") in said[0]
    write_store(tmp_path, many(), 12, seed=3, config=CONFIG)
    assert capsys.readouterr().err == ""


def test_a_store_of_an_earlier_version_has_no_seals_and_is_kept(whole, tmp_path, capsys):
    for name, data in contents(whole).items():
        (tmp_path / name).write_bytes(data[:-16] if "samples" in name else data)
    before = contents(tmp_path)
    write_store(tmp_path, many(), 12, seed=3, config=CONFIG)
    assert contents(tmp_path) == before
    (tmp_path / "00001.crops.npy").write_bytes(before["00001.crops.npy"][:-1])
    write_store(tmp_path, many(), 12, seed=3, config=CONFIG)
    assert contents(tmp_path) == before | {name: contents(whole)[name] for name in before if "00001" in name}
    assert "00001.samples.npy and its crops are damaged" in capsys.readouterr().err
    (tmp_path / "store.json").unlink()
    (tmp_path / "00001.samples.npy").unlink()
    with pytest.raises(StoreError, match=r"no readable store\.json"):  # nothing says whose the other shards are
        write_store(tmp_path, many(), 12, seed=3, config=CONFIG)


def test_without_its_description_another_store_is_kept(whole, tmp_path):
    for name, data in contents(whole).items():
        if name != "store.json":
            (tmp_path / name).write_bytes(data)
    before = contents(tmp_path)
    with pytest.raises(StoreError, match=r"no readable store\.json"):
        write_store(tmp_path, many(), 12, seed=4, config=CONFIG)
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match=r"no readable store\.json"):
        write_store(tmp_path, many(), 12, seed=3, config=CONFIG)
    assert contents(tmp_path) == before | {"thesis.txt": b"years of work"}


def test_two_workers_write_the_same_bytes(whole, tmp_path):
    write_store(tmp_path / "two", many(), 12, seed=3, config=CONFIG, workers=2)
    assert contents(tmp_path / "two") == contents(whole)


@pytest.mark.parametrize(
    ("other", "named"),
    [({"seed": 4}, "seed"), ({"size": 24}, "size"), ({"config": SamplingConfig(beside=6)}, "recipe"),
     ({"photos": many(seed=1)}, "photos"), ({"photos": many()[::-1]}, "photos")],
)  # fmt: skip
def test_another_store_is_refused_and_kept(whole, other, named):
    before = contents(whole)
    with pytest.raises(StoreError, match=f"another {named}"):
        write_store(whole, **({"photos": many(), "size": 12, "seed": 3, "config": CONFIG} | other))
    assert contents(whole) == before


def test_a_folder_of_something_else_is_refused_and_kept(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match="no sample store"):
        write_store(tmp_path, many(3), 12)
    assert contents(tmp_path) == {"thesis.txt": b"years of work"}
    with pytest.raises(StoreError, match="photos is empty"):
        write_store(tmp_path / "new", [], 12)
    with pytest.raises(StoreError, match="no sample store"):
        Store(tmp_path / "nowhere")


def test_a_photo_that_cannot_be_read_is_named_and_can_be_mended(tmp_path):
    photos = many(2 * PHOTOS_A_SHARD)
    lost = tmp_path / "lost.png"
    photos[-1] = LabelledPhoto(lost, photos[-1].boxes)
    with pytest.raises(ImageError, match=r"lost\.png: no such file"):
        write_store(tmp_path / "store", photos, 12)
    first = (tmp_path / "store" / "00000.samples.npy").read_bytes()
    import cv2

    cv2.imwrite(str(lost), np.full((100, 110, 3), 7, np.uint8))
    assert write_store(tmp_path / "store", photos, 12).counts["negative"] > 0
    assert (tmp_path / "store" / "00000.samples.npy").read_bytes() == first


WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from test_store import CONFIG, many
from mtcnn_lite.sampling.store import write_store
if __name__ == "__main__":
    print("ready", flush=True)
    write_store(sys.argv[1], many(), 12, seed=3, config=CONFIG, workers=int(sys.argv[3]))
    print("done", flush=True)
"""


@pytest.mark.slow
def test_killed_ten_times_it_ends_with_the_same_bytes(whole, tmp_path):
    """kill -9 at ten random moments, each time on; every second time with two workers, which must end as well."""
    script, folder = tmp_path / "writer.py", tmp_path / "store"
    script.write_text(WRITER)
    chance, killed = random.Random(5), 0
    while killed < 10:
        workers = 1 + killed % 2
        command = [sys.executable, str(script), str(folder), os.path.dirname(__file__), str(workers)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert writer.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0, 0.2 * workers**3))  # two workers have to start first
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        deadline = time.monotonic() + 20
        while _alive(writer.pid):
            assert time.monotonic() < deadline, "workers outlive the process that was killed"
            time.sleep(0.05)
        if len(list(folder.glob("*.samples.npy"))) < 4:
            killed += 1
        else:  # it was done before, or had only one shard left: start afresh
            shutil.rmtree(folder)
    write_store(folder, many(), 12, seed=3, config=CONFIG)
    assert contents(folder) == contents(whole)


def _alive(session):
    """Whether a process of this session still runs."""
    import psutil

    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                return True
        except (OSError, psutil.Error):
            continue
    return False


def test_proposals_come_from_the_cascade_and_name_its_weights(detector, astronaut, tmp_path):
    from mtcnn_lite.sampling.proposals import Proposals  # with torch, which the writers above can do without

    photo = LabelledPhoto(astronaut, [[181, 74, 270, 179]])
    config = SamplingConfig(random=0, beside=0, jittered=0, hardest=5, others=5)
    trace = detector.trace(astronaut).rerun(thresholds=(0.5, 0.5, 1))
    meets = {
        ("pnet", True): trace.pnet["nms within levels"],
        ("rnet", False): trace.pnet["squared"],
        ("rnet", True): trace.rnet["scored"],
        ("onet", False): trace.rnet["squared"],
        ("onet", True): trace.onet["scored"],
    }
    names = set()
    for (net, mined), windows in meets.items():
        proposals = Proposals(detector.nets, net, mined, (0.5, 0.5))
        boxes, scores = proposals()(astronaut)
        assert boxes.tolist() == windows.boxes.tolist()
        assert scores.tolist() == windows.scores.tolist()
        folder, size = tmp_path / f"{net}{mined}", {"pnet": 12, "rnet": 24, "onet": 48}[net]
        store = write_store(folder, [photo], size, config=config, proposals=proposals)
        names.add(store.plan["proposals"])
        assert {tuple(w) for w in store.samples["window"].tolist()} <= set(map(tuple, boxes.tolist()))
        assert store.counts["positive"] + store.counts["part"] > 0
    assert len(names) == len(meets)
    other = Proposals(detector.nets, "rnet", thresholds=(0.6, 0.5))
    with pytest.raises(StoreError, match="another proposals"):
        write_store(tmp_path / "rnetFalse", [photo], 24, config=config, proposals=other)
    with pytest.raises(ValueError, match="net is 'qnet'"):
        Proposals(detector.nets, "qnet")


def test_a_name_changes_with_each_net_that_runs_and_with_no_other(detector):
    """R-Net's windows come from P-Net alone; when mined, R-Net scores them."""
    import copy

    from mtcnn_lite.sampling.proposals import Proposals

    for net, mined, matters in (("pnet", True, "100"), ("rnet", False, "100"), ("rnet", True, "110"),
                                ("onet", False, "110"), ("onet", True, "111")):  # fmt: skip
        changed = ""
        for k in range(3):
            nets = copy.deepcopy(detector.nets)
            nets[k].face.bias.data += 1
            changed += "01"[Proposals(nets, net, mined).name != Proposals(detector.nets, net, mined).name]
        assert changed == matters
