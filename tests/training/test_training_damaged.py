"""A run whose files a crash has damaged, each in turn and each in many ways: it goes on and ends with the same weights.

Of an unfinished run every file that is there, and of a finished one.
"""

import os
import shutil
from dataclasses import replace

import pytest
import torch
from tiny_training import TINY, photos

from mtcnn_lite.training import loop, record
from mtcnn_lite.training.repair import remove_damaged
from mtcnn_lite.training.run_folder import RunError
from mtcnn_lite.training.stages import train_cascade

STAGES = [replace(stage, steps=8) for stage in TINY[:3]]  # pnet-1, pnet-2, rnet-1
MIDDLE = "pnet-2"  # interrupted in the middle of this one
DAMAGES = {
    "missing": None,
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
    "flipped": lambda data: (
        data[: len(data) // 3]
        + bytes(255 - byte for byte in data[len(data) // 3 : 2 * len(data) // 3])
        + data[2 * len(data) // 3 :]
    ),
}


@pytest.fixture(scope="module")
def pictures():
    return photos()


@pytest.fixture(scope="module")
def whole(tmp_path_factory, pictures):
    out = tmp_path_factory.mktemp("whole") / "out"
    train_cascade(pictures, out, 2, STAGES)
    return out


@pytest.fixture(scope="module")
def half(tmp_path_factory, pictures):
    """A run that was interrupted after a checkpoint of the second stage."""
    out = tmp_path_factory.mktemp("half") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "LOG_EVERY", 4)
        patch.setattr(loop, "SAVE_EVERY", -1)
        write = loop.write_whole

        def stops(path, content):
            write(path, content)
            if path.parent.name == MIDDLE and path.name == "log.csv":
                raise KeyboardInterrupt

        patch.setattr(loop, "write_whole", stops)
        with pytest.raises(KeyboardInterrupt):
            train_cascade(pictures, out, 2, STAGES)
    assert (out / MIDDLE / "checkpoint.pt").exists()
    return out


def files(out):
    """The bytes of each file, less the record, which holds times."""
    left_out = {"record", *record.FILES}
    names = {str(path.relative_to(out)): path for path in sorted(out.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in names.items() if name.split("/")[0] not in left_out}


def go_on(out, pictures, monkeypatch, log_every=50):
    monkeypatch.setattr(loop, "LOG_EVERY", log_every)
    train_cascade(pictures, out, 2, STAGES, resume=True)


def damaged(source, target, name, damage):
    shutil.copytree(source, target)
    path = target / name
    if DAMAGES[damage] is None:
        path.unlink()
    else:
        path.write_bytes(DAMAGES[damage](path.read_bytes()))


NAMES = [
    "plan.json", "plan.copy.json",
    "samples/pnet-1/store.json", "samples/pnet-1/00000.crops.npy", "samples/pnet-1/00000.samples.npy",
    *(f"pnet-1/{name}" for name in
      ("labels.jpg", "checkpoint.pt", "log.csv", "curves.png", "measured.json", "net.pt")),
]  # fmt: skip
HALF = [*NAMES, "samples/pnet-2/store.json", "samples/pnet-2/00000.crops.npy", "samples/pnet-2/00000.samples.npy",
        *(f"pnet-2/{name}" for name in ("labels.jpg", "checkpoint.pt", "log.csv"))]  # fmt: skip
WHOLE = [*NAMES, "weights/pnet.safetensors", "weights/onet.safetensors"]


def test_every_kind_of_file_is_damaged_here(half, whole):
    assert set(files(half)) == set(HALF)
    others = {"pnet-2", "rnet-1"}
    assert {name for name in files(whole) if not others & set(name.split("/"))} == {*WHOLE, "weights/rnet.safetensors"}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", HALF)
def test_an_interrupted_run_goes_on(half, whole, pictures, tmp_path, monkeypatch, capsys, name, damage):
    out = tmp_path / "out"
    damaged(half, out, name, damage)
    go_on(out, pictures, monkeypatch)
    after, expected = files(out), files(whole)
    # The means in the log are of other steps where a checkpoint was saved more often.
    figures = ("log.csv", "curves.png", "checkpoint.pt")
    left_out = {"pnet-1/labels.jpg", "pnet-1/curves.png", "pnet-1/log.csv", "pnet-1/measured.json"}
    wanted = {each for each in expected if not each.endswith(figures)} - ({name} & left_out)
    assert {each for each in wanted if after.get(each) != expected[each]} == set()
    said = capsys.readouterr().err.splitlines()
    if damage in ("empty", "zeros", "cut"):
        assert len(said) == 1
        assert os.path.basename(name).replace("crops", "samples") in said[0]


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", WHOLE)
def test_a_finished_run_is_mended(whole, pictures, tmp_path, monkeypatch, capsys, name, damage):
    out = tmp_path / "out"
    damaged(whole, out, name, damage)
    go_on(out, pictures, monkeypatch)
    after, expected = files(out), files(whole)
    not_needed = name.startswith("samples") or (
        damage == "missing" and name.startswith("pnet-1") and "net.pt" not in name
    )
    gone = name if not_needed or name == "pnet-1/checkpoint.pt" else None
    undetected = name if name == "pnet-1/labels.jpg" and damage == "flipped" else None
    assert {each for each in expected if after.get(each) != expected[each]} - {gone, undetected} == set()
    said = capsys.readouterr().err
    quiet = ("plan.copy.json", "pnet-1/net.pt")  # as a copy that an earlier version did not write; as no crash at all
    if not not_needed and not undetected and not (damage == "missing" and name in quiet):
        assert (name.split("/")[0] if name.startswith("weights") else os.path.basename(name)) in said
        assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "damage"),
    [("plan.json", "zeros"), ("pnet-1/net.pt", "flipped"), ("pnet-1/log.csv", "cut"), ("pnet-2/checkpoint.pt", "cut"),
     ("samples/pnet-1/00000.crops.npy", "empty")],
)  # fmt: skip
def test_a_few_of_these(half, whole, pictures, tmp_path, monkeypatch, capsys, name, damage):
    test_an_interrupted_run_goes_on(half, whole, pictures, tmp_path, monkeypatch, capsys, name, damage)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_named_pipe_is_not_waited_for(tmp_path, capsys):
    (tmp_path / "pnet-1").mkdir()
    names = ["net.pt", "checkpoint.pt", "log.csv"]
    for name in names:
        os.mkfifo(tmp_path / "pnet-1" / name)
    remove_damaged(tmp_path, STAGES[:1])
    assert not any((tmp_path / "pnet-1").iterdir())
    said = capsys.readouterr().err
    assert all(name in said for name in names)


def test_without_a_readable_plan_nothing_is_touched(half, pictures, tmp_path, monkeypatch):
    out = tmp_path / "out"
    damaged(half, out, "plan.json", "zeros")
    (out / "plan.copy.json").unlink()
    before = files(out)
    with pytest.raises(RunError, match=r"plan\.json can't be read"):
        go_on(out, pictures, monkeypatch)
    assert files(out) == before


def test_the_copy_of_the_plan_tells_another_run(half, pictures, tmp_path):
    out = tmp_path / "out"
    damaged(half, out, "plan.json", "cut")
    with pytest.raises(RunError, match="another seed: 2 there, 3 now"):
        train_cascade(pictures, out, 3, STAGES, resume=True)


def test_two_runs_write_the_same_bytes(whole, pictures, tmp_path, monkeypatch):
    """Nets and checkpoints too, in which torch would write the name of the file, and so the process's number."""
    monkeypatch.setattr(os, "getpid", lambda: 987_654)
    train_cascade(pictures, tmp_path / "out", 2, STAGES[:1])
    again, expected = files(tmp_path / "out"), files(whole)
    same = [name for name in again if name.startswith(("pnet-1", "samples"))]
    assert len(same) == 9
    assert [name for name in same if again[name] != expected[name]] == []
    saved = torch.load(tmp_path / "out" / "pnet-1" / "checkpoint.pt", weights_only=True)
    assert saved["step"] == 8
