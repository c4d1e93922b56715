"""Files are whole or absent, together where they belong together."""

import hashlib

import pytest

from mtcnn_lite.runtime.files import digest, finished, remove_unfinished, unfinished, write_all_whole, write_whole


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


def test_only_what_was_left_unfinished_is_removed(tmp_path):
    kept = ["log.csv", "my.part.jpg", ".part.txt", "spare.part", "v1.2.part.csv"]
    left = [".12.part.log.csv", "00001.crops.npy.99.part"]  # now, and by earlier versions
    (tmp_path / "below").mkdir()
    for name in [*kept, *left, "below/.7.part.net.pt"]:
        (tmp_path / name).write_text(name)
    assert {path.name for path in finished(tmp_path)} == {*kept, "below"}
    remove_unfinished(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*kept, "below"}
    assert not list((tmp_path / "below").iterdir())


def test_a_digest_is_that_of_all_bytes():
    parts = [b"one", b"", b"two" * 1000]
    assert digest(iter(parts)) == hashlib.sha256(b"".join(parts)).hexdigest()[:16]
    assert digest([]) == hashlib.sha256().hexdigest()[:16]
