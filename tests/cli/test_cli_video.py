"""`mtcnn-lite detect` on clips and cameras: what it prints and writes, and how it ends."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import numpy as np
import psutil
import pytest
from clips import head, moving, numbered, write_clip
from PIL import Image

from mtcnn_lite.cli import main
from mtcnn_lite.video import about, frames, writing

PROGRAM = [sys.executable, "-m", "mtcnn_lite"]
FAST = ["--min-face", "40"]
WAYS = [("one", head(0.5), lambda k: (5 + 2 * k % 200, 20)), ("two", head(0.5, flip=True), lambda k: (150, 120))]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    write_clip(folder / "clip.mp4", (picture for picture, _ in moving(25, WAYS)))
    write_clip(folder / "long.avi", (picture for picture, _ in moving(3000, WAYS)), codec="MJPG")
    return folder


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, made):
    """A folder of its own, with a clip of 25 frames and two faces."""
    shutil.copy(made / "clip.mp4", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder="."):
    return sorted(path.name for path in Path(folder).iterdir())


def test_a_clip_is_drawn_as_a_video_that_plays_as_fast(capsys):
    assert main(["detect", "clip.mp4", "--out", "out", *FAST]) == 0
    out, err = capsys.readouterr()
    assert out == "clip.mp4: 25 frames looked at, 25 with faces, written to out/clip_faces.mp4\n"
    assert err == ""
    assert about("out/clip_faces.mp4") == (25, 25)
    assert names("out") == ["clip_faces.mp4"]
    drawn, plain = next(frames("out/clip_faces.mp4")).image, next(frames("clip.mp4")).image
    assert 0.01 < (abs(drawn.astype(int) - plain).max(2) > 60).mean() < 0.2, "boxes and dots, and the rest as it was"


def test_json_lines_have_frame_seconds_size_and_faces(capsys):
    assert main(["detect", "clip.mp4", "--json", "--every", "10", *FAST]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["video"], line["frame"], line["seconds"]) for line in lines] == [
        ("clip.mp4", 0, 0.0),
        ("clip.mp4", 10, 0.4),
        ("clip.mp4", 20, 0.8),
    ]
    assert {(line["width"], line["height"], len(line["faces"])) for line in lines} == {(320, 240, 2)}
    assert {tuple(face) for line in lines for face in line["faces"]} == {("box", "score", "landmarks")}
    assert names() == ["clip.mp4"], "no video unless --out is given"


def test_every_nth_frame_is_looked_at_and_all_are_drawn(capsys):
    assert main(["detect", "clip.mp4", "--every", "10", *FAST]) == 0
    assert capsys.readouterr().out.startswith("clip.mp4: 3 frames looked at, 3 with faces")
    assert about("clip_faces.mp4").frames == 25


def test_ids_are_printed_and_drawn(capsys):
    pytest.importorskip("trackers")
    assert main(["detect", "clip.mp4", "--track", "--json", "--out", "out", *FAST]) == 0
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == 25
    assert [face["id"] for face in lines[0]["faces"]] == [None, None]
    assert {frozenset(face["id"] for face in line["faces"]) for line in lines[1:]} == {frozenset({0, 1})}
    assert err == "clip.mp4: 25 frames looked at, 25 with faces, 2 ids, written to out/clip_faces.mp4\n"


def test_photos_clips_and_what_is_neither_together(folder, capsys):
    Image.new("RGB", (60, 60)).save("photo.jpg")
    write_clip("hurt.avi", numbered(40), codec="MJPG")
    os.truncate("hurt.avi", os.path.getsize("hurt.avi") // 2)
    Path("text.mp4").write_text("It was a dark night.")
    Path("empty.MOV").touch()
    given = ["text.mp4", "clip.mp4", "photo.jpg", "empty.MOV", "hurt.avi", "gone.mkv"]
    assert main(["detect", *given, "--out", "out", *FAST]) == 1
    out, err = capsys.readouterr()
    assert [line.split(":")[0] for line in out.splitlines()] == ["photo.jpg", "clip.mp4", "hurt.avi"]
    errors = err.splitlines()
    assert errors[0] == "error: text.mp4: no video; it begins with b'It was a dark night.'"
    assert errors[1] == "error: empty.MOV: an empty file, of 0 bytes"
    assert errors[2].startswith("warning: hurt.avi: it ends after ")
    assert errors[3] == "error: gone.mkv: no such file"
    assert len(errors) == 4
    assert names("out") == ["clip_faces.mp4", "hurt_faces.mp4", "photo_faces.jpg"]


def test_a_folders_clips_are_passed_over_and_a_pattern_finds_them(capsys):
    Image.new("RGB", (60, 60)).save("photo.jpg")
    assert main(["detect", ".", "--json", *FAST]) == 0
    assert [json.loads(line)["image"] for line in capsys.readouterr().out.splitlines()] == ["photo.jpg"]
    assert main(["detect", "*.mp4", "--json", "--every", "25", *FAST]) == 0
    assert json.loads(capsys.readouterr().out)["video"] == "clip.mp4"


def test_a_result_never_replaces_what_was_given(capsys):
    shutil.copy("clip.mp4", "clip_faces.mp4")
    before = Path("clip_faces.mp4").read_bytes()
    assert main(["detect", "clip.mp4", "clip_faces.mp4", "--every", "25", *FAST]) == 0
    assert Path("clip_faces.mp4").read_bytes() == before
    assert names() == ["clip.mp4", "clip_faces.mp4", "clip_faces_2.mp4", "clip_faces_faces.mp4"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: PHOTO, or --camera N"),
        (["clip.mp4", "--every", "0"], "'0' is no whole number, 1 or more"),
        (["clip.mp4", "--every", "2s"], "'2s' is no whole number, 1 or more"),
        (["--camera", "-1"], "'-1' is no whole number, 0 or more"),
        (["photo.jpg", "--every", "2"], "--every is for clips and cameras, and there is none"),
        (["clip.mp4", "--out", "clip.mp4"], "--out clip.mp4: "),
        (["clip.mp4", "--out", "clip.mp4/below"], "--out clip.mp4/below: Not a directory"),
    ],
)
def test_bad_arguments_end_with_status_2(capsys, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        main(["detect", *arguments])
    out, err = capsys.readouterr()
    assert (stopped.value.code, out) == (2, "")
    assert message in err


def test_ids_without_the_package_end_with_the_line_that_installs_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "trackers", None)
    with pytest.raises(SystemExit) as stopped:
        main(["detect", "clip.mp4", "--track"])
    assert stopped.value.code == 2
    assert "pip install 'mtcnn_lite[video]'" in capsys.readouterr().err


def test_a_camera_that_is_not_there(capsys):
    assert main(["detect", "--camera", "97"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: camera 97: there is none of this number, or another program uses it\n"
    assert names() == ["clip.mp4"]


def test_a_drawing_that_cannot_be_written_stops_no_other(capsys):
    shutil.copy("clip.mp4", "second.mp4")
    Path("out/clip_faces.mp4").mkdir(parents=True)
    assert main(["detect", "clip.mp4", "second.mp4", "--every", "25", "--out", "out", *FAST]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("second.mp4: 1 frame")
    assert err == "error: clip.mp4: the drawing could not be written (out/clip_faces.mp4: Is a directory)\n"


def test_a_folder_that_may_not_be_written(capsys, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "touch", refuse)
    assert main(["detect", "clip.mp4", "--out", "out", *FAST]) == 1
    assert capsys.readouterr().err == "error: clip.mp4: the drawing could not be written (out: Permission denied)\n"


def test_a_missing_folder_is_not_said_to_be_opencvs_fault(tmp_path):
    with pytest.raises(FileNotFoundError):
        writing.ending_to_write(tmp_path / "missing")


def test_what_stopped_a_video_is_said_also_where_it_cannot_be_finished(tmp_path, monkeypatch):
    def pictures():
        yield 0.0, np.zeros((64, 64, 3), np.uint8)
        raise KeyboardInterrupt

    def broken(self):
        raise OSError(5, "could not be written to its end")

    monkeypatch.setattr(writing._File, "close", broken)
    (tmp_path / "new").mkdir()
    with pytest.raises(KeyboardInterrupt):
        writing.write_video(tmp_path / "new" / "clip.mp4", pictures(), 10)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_full_disk_is_one_sentence_and_leaves_what_fitted(capsys, monkeypatch):
    usage, left = namedtuple("usage", "total used free"), iter([10**9, 10**5])
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**9, 0, next(left)))
    monkeypatch.setattr(writing, "LOOK_AFTER", 10)
    assert main(["detect", "clip.mp4", "--out", "out", *FAST]) == 1
    out, err = capsys.readouterr()
    assert out == "clip.mp4: stopped after 11 frames looked at, 11 with faces, written to out/clip_faces.mp4\n"
    assert err == "error: out/clip_faces.mp4: No space left on device\n"
    assert about("out/clip_faces.mp4").frames == 10


def test_where_mpeg_4_is_missing_the_video_is_motion_jpeg(capsys, monkeypatch):
    monkeypatch.setitem(writing.CODECS, ".mp4", "zzzz")
    assert main(["detect", "clip.mp4", "--every", "25", "--out", "out", *FAST]) == 0
    out, err = capsys.readouterr()
    assert out.endswith("written to out/clip_faces.avi\n")
    assert err == "note: this OpenCV can't write MPEG-4; the videos are Motion JPEG, in .avi\n"
    assert about("out/clip_faces.avi").frames == 25


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are others here")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_half_way_leaves_a_playable_file(made, number, status):
    program, out, err = stopped_half_way(made / "long.avi", number)
    assert program.returncode == status
    assert "stopped after" in out
    assert err == ""
    assert names("out") == ["long_faces.mp4"]
    read = len(list(frames("out/long_faces.mp4")))
    assert 10 < read == about("out/long_faces.mp4").frames < 3000


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are others here")
def test_a_killed_run_leaves_nothing_under_the_final_name_and_the_next_clears_up(made, capsys):
    program, *_ = stopped_half_way(made / "long.avi", signal.SIGKILL)
    assert names("out") == [f".{program.pid}.part.long_faces.mp4"]
    assert main(["detect", "clip.mp4", "--every", "25", "--out", "out", *FAST]) == 0
    assert names("out") == ["clip_faces.mp4"]


def stopped_half_way(clip, number):
    """A run on a long clip that got a signal once it had written 30 KB: its process, output and errors."""
    program = subprocess.Popen(
        [*PROGRAM, "detect", str(clip), "--out", "out", *FAST],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while sum(path.stat().st_size for path in Path("out").glob(".*.part.long_faces.mp4")) < 30_000:
        assert program.poll() is None, program.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    program.send_signal(number)
    return program, *program.communicate(timeout=60)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_clip():
    """5,000 frames: after the first 1,000, under 10 MB more."""
    pytest.importorskip("trackers")
    write_clip("small.avi", (picture for _ in range(100) for picture in moving_small()), codec="MJPG")
    program = subprocess.Popen(
        [*PROGRAM, "detect", "small.avi", "--track", "--json", "--out", "out", "--min-face", "24"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    process, held = psutil.Process(program.pid), {}
    for number, _ in enumerate(program.stdout):
        if number % 500 == 499 and number < 4900:
            held[number + 1] = process.memory_info().rss / 1e6
    assert program.wait() == 0
    assert about("out/small_faces.mp4").frames == 5000
    print({frame: round(megabytes) for frame, megabytes in held.items()})
    assert max(held[frame] for frame in held if frame > 1000) - held[1000] < 10, held


def moving_small():
    """50 pictures of 160 x 120 px with a face that goes to and fro."""
    small = head(0.35)
    return (picture for picture, _ in moving(50, [("it", small, lambda k: (2 * min(k, 50 - k), 20))], 120, 160))
