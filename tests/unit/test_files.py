"""Files are whole or absent, together where they belong together."""

import errno
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from mtcnn_lite.runtime.files import (
    digest,
    finished,
    remove_unfinished,
    unfinished,
    write_all_whole,
    write_whole,
)


def failing(path):
    path.write_text("half")
    raise OSError("disk full")


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    target = tmp_path / "log.csv"
    write_whole(target, lambda path: path.write_text("old"))
    with pytest.raises(OSError, match="disk full"):
        write_whole(target, failing)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_writer_gets_a_name_with_the_same_ending_in_the_same_folder(tmp_path):
    seen = []
    write_whole(tmp_path / "curves.png", lambda path: (seen.append(path), path.write_bytes(b"")))
    [path] = seen
    assert path.parent == tmp_path
    assert path.suffix == ".png"
    assert unfinished(path)


def test_of_several_files_none_is_replaced_before_all_are_written(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    write_all_whole({path: lambda path: path.write_text("old") for path in (first, second)})
    with pytest.raises(OSError, match="disk full"):
        write_all_whole({first: lambda path: path.write_text("new"), second: failing})
    assert [path.read_text() for path in (first, second)] == ["old", "old"]
    write_all_whole({path: lambda path: path.write_text("new") for path in (first, second)})
    assert [path.read_text() for path in (first, second)] == ["new", "new"]
    assert set(tmp_path.iterdir()) == {first, second}


def test_a_file_is_on_the_disk_before_it_has_its_name_and_its_folder_after(tmp_path, monkeypatch):
    """What a power cut can't take away: the content first, then the name."""
    events, sync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (events.append(os.readlink(f"/proc/self/fd/{file}")), sync(file)))
    monkeypatch.setattr(os, "replace", lambda old, new: (events.append("renamed"), replace(old, new)))
    if not os.path.exists("/proc/self/fd"):
        pytest.skip("this system does not tell what a file descriptor is")
    write_whole(tmp_path / "log.csv", lambda path: path.write_text("text"))
    assert events == [str(tmp_path / f".{os.getpid()}.part.log.csv"), "renamed", str(tmp_path)]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no disk that is always full")
def test_an_error_names_the_file_that_was_to_be(tmp_path):
    def full(_):
        with open("/dev/full", "wb", buffering=0) as file:
            file.write(b"text")

    def full_as_numpy_says(_):
        np.ones(100_000).tofile("/dev/full")

    for write in (full, full_as_numpy_says):
        with pytest.raises(OSError, match=r"log\.csv") as raised:
            write_whole(tmp_path / "log.csv", write)
        assert ".part." not in str(raised.value)
    with pytest.raises(FileNotFoundError) as raised:
        write_whole(tmp_path / "nowhere" / "log.csv", lambda path: path.write_text("text"))
    assert (raised.value.errno, raised.value.filename) == (errno.ENOENT, str(tmp_path / "nowhere" / "log.csv"))
    with pytest.raises(FileNotFoundError) as raised:
        write_whole(tmp_path / "log.csv", lambda path: (tmp_path / "other").read_text())
    assert raised.value.filename == str(tmp_path / "other"), "the file that it is about"
    assert not list(tmp_path.iterdir())


def test_only_what_was_left_unfinished_is_removed(tmp_path):
    kept = ["log.csv", "my.part.jpg", ".part.txt", "spare.part", "v1.2.part.csv"]
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    dead, mine, alive = done.pid, os.getpid(), os.getppid()
    left = [f".{dead}.part.log.csv", f"00001.crops.npy.{dead}.part", f".{mine}.part.a"]  # the second: earlier versions
    kept += [f".{alive}.part.log.csv"]
    (tmp_path / "below").mkdir()
    for name in [*kept, *left, f"below/.{dead}.part.net.pt"]:
        (tmp_path / name).write_text(name)
    assert {path.name for path in finished(tmp_path)} == {*kept[:-1], "below"}
    remove_unfinished(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*kept, "below"}
    assert not list((tmp_path / "below").iterdir())


def test_a_digest_is_that_of_all_bytes():
    parts = [b"one", b"", b"two" * 1000]
    assert digest(iter(parts)) == hashlib.sha256(b"".join(parts)).hexdigest()[:16]
    assert digest([]) == hashlib.sha256().hexdigest()[:16]
