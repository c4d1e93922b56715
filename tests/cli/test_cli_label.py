"""`mtcnn-lite label`: clips and photos to labels that `read_dataset` reads, and what it says where that can't be."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from mtcnn_lite import Detector, read_image
from mtcnn_lite.cli import main
from mtcnn_lite.cli.label import every
from mtcnn_lite.cli.label_pictures import plain
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.datasets import read_dataset

SCENES = scenes(10, seed=3, faces=(1, 3), sizes=(24, 90))
NAMES = [f"our_lesson_frame{number:06d}" for number in (0, 4, 8)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A clip, "our lesson.avi", of ten frames at two a second; photos in "photos"."""
    home = tmp_path_factory.mktemp("home")
    clip = cv2.VideoWriter(str(home / "our lesson.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 2, (320, 240))
    for photo in SCENES:
        clip.write(np.ascontiguousarray(photo.image()[..., ::-1]))
    clip.release()
    (home / "photos" / "more").mkdir(parents=True)
    sideways = Image.fromarray(np.rot90(data.astronaut()))
    exif = sideways.getexif()
    exif[0x0112] = 6  # to be turned clockwise
    sideways.save(home / "photos" / "a.jpg", exif=exif)
    Image.fromarray(data.brick()[:200, :300]).save(home / "photos" / "a.png")
    return home


@pytest.fixture(autouse=True)
def folder(home, tmp_path, monkeypatch):
    """An empty current directory with the clip and the photos in it."""
    monkeypatch.chdir(tmp_path)
    for path in home.iterdir():
        (tmp_path / path.name).symlink_to(path)
    return tmp_path


def label(*arguments):
    """The exit status, also where the arguments are wrong."""
    try:
        return main(["label", *map(str, arguments)])
    except SystemExit as ended:
        return ended.code


def names(out, ending="*"):
    return sorted(path.stem for path in Path(out, "images").glob(f"*.{ending}"))


@pytest.mark.parametrize("kind", ["coco", "yolo", "voc", "jsonl"])
def test_a_clips_faces_are_read_back_within_rounding(kind, capsys):
    assert label("our lesson.avi", "--every", "2s", "--format", kind, "--out", "out") == 0
    assert names("out", "jpg") == NAMES
    photos = read_dataset("out")
    assert [photo.source.stem for photo in photos] == NAMES
    capture = cv2.VideoCapture("our lesson.avi")
    shown = [capture.read()[1][..., ::-1] for _ in range(10)][::4]
    detector = Detector()
    near = {"coco": 0.006, "yolo": 2e-4, "voc": 0.501, "jsonl": 1e-6}[kind]
    total = 0
    for photo, frame in zip(photos, shown, strict=True):
        faces = detector.detect(frame)
        total += len(faces)
        np.testing.assert_allclose(photo.boxes, faces.boxes, atol=near)
        if kind == "voc":
            assert not photo.has_landmarks.any()
        else:
            np.testing.assert_allclose(photo.landmarks, faces.landmarks, atol=near)
        assert np.abs(photo.image().astype(int) - frame).mean() < 3  # JPEG
    assert total >= 4
    assert capsys.readouterr().out == f"our lesson.avi: 3 frames, {total} faces, written to out\n"


def test_a_number_of_frames_and_png(folder):
    assert label("our lesson.avi", "--every", "5", "--png", "--out", "out") == 0
    assert names("out", "png") == ["our_lesson_frame000000", "our_lesson_frame000005"]
    capture = cv2.VideoCapture("our lesson.avi")
    frame = capture.read()[1][..., ::-1]
    assert (read_image(folder / "out" / "images" / "our_lesson_frame000000.png") == frame).all()


def test_photos_are_turned_upright_and_numbered():
    """Two of one name stay two, and one without a face is background."""
    assert label("photos", "--every", "2s", "--format", "yolo", "--out", "out") == 0
    assert names("out") == ["000001_a", "000002_a"]
    first, second = read_dataset("out")
    assert np.abs(first.image().astype(int) - data.astronaut()).mean() < 6
    assert (len(first.boxes), len(second.boxes)) == (1, 0)


def test_detector_options_are_obeyed(capsys):
    assert label("photos/a.jpg", "--thresholds", "1", "1", "1", "--out", "out") == 0
    assert capsys.readouterr().out == "photos/a.jpg: 1 photo, no face found, written to out\n"
    assert len(read_dataset("out")[0].boxes) == 0


def test_points_beyond_the_edge_are_not_marked(folder, monkeypatch):
    """And the face is read all the same, without landmarks."""
    found = Detector().detect(data.astronaut())
    x1 = 215  # cuts through the face: the eye and the mouth corner on the left are gone
    cut = type(found)(found.boxes - [x1, 0, x1, 0], found.scores, found.landmarks - [x1, 0])
    np.clip(cut.boxes, 0, None, out=cut.boxes)
    monkeypatch.setattr(Detector, "detect", lambda *_: cut)
    Image.fromarray(np.ascontiguousarray(data.astronaut()[:, x1:])).save("cut.png")
    for kind in ("coco", "yolo", "jsonl"):
        assert label("cut.png", "--format", kind, "--out", kind) == 0
        (photo,) = read_dataset(kind)
        np.testing.assert_allclose(photo.boxes, cut.boxes, atol=0.01)
        assert not photo.has_landmarks.any()
    assert len(Path("yolo/labels/000001_cut.txt").read_text().split()) == 20


def test_labels_are_never_overwritten(capsys):
    assert label("photos", "--out", "out") == 0
    before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")}
    assert label("photos", "--out", "out") == 2
    assert "--out out: not empty, and labels in it may have been corrected; give another" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")} == before


def test_an_empty_folder_is_filled(folder):
    (folder / "out").mkdir()
    (folder / "out" / ".hidden").write_text("")
    assert label("photos", "--out", "out") == 0
    assert sorted(path.name for path in Path("out").iterdir()) == [".hidden", "annotations.json", "images"]


@pytest.mark.parametrize(
    "text", ["0", "0s", "-1", "-1s", "2x", "s", "", "1.5", "nan", "nans", "inf", "1e3s", "2 s", "٣"]
)
def test_a_nonsensical_every_is_named(text, capsys):
    assert label("our lesson.avi", f"--every={text}", "--out", "out") == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert f"{text!r} is neither a time above 0 with an s, such as 2s or 0.5s, nor a number of frames" in said
    assert not Path("out").exists()


def test_every():
    assert every(".5s").seconds == every("0.5s").seconds == 0.5
    assert (every("7").frames, every("7").seconds) == (7, None)


def test_names_stay_short_and_plain():
    assert plain("a/b\x07c" + "é" * 90) == "a_b_c" + "é" * 43


def clip_of(codec, ending):
    path = Path(f"made{ending}")
    clip = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 5, (64, 48))
    for _ in range(8):
        clip.write(np.zeros((48, 64, 3), np.uint8))
    clip.release()
    return path


def unknown_codec():
    path = clip_of("MJPG", ".avi")
    path.write_bytes(path.read_bytes().replace(b"MJPG", b"ZZZZ"))
    return path


def text_file():
    path = Path("notes.mp4")
    path.write_text("no video")
    return path


def empty_folder():
    Path("nothing").mkdir()
    return Path("nothing")


def broken_photo():
    Path("broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    return Path("broken.jpg")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (unknown_codec, "made.avi: "),
        (text_file, "notes.mp4: no video"),
        (empty_folder, "nothing: no image in this folder or below it"),
        (broken_photo, "broken.jpg: "),
        (lambda: Path("gone.mp4"), "gone.mp4: no such file"),
    ],
)
def test_what_cannot_be_labelled_is_named_and_nothing_written(source, words, capfd):
    assert label(source(), "--out", "out") == 1
    said = capfd.readouterr()
    assert said.out == ""
    assert [line.startswith(f"error: {words}") for line in said.err.splitlines()] == [True]
    assert not Path("out").exists()


def test_a_broken_photo_does_not_stop_the_others(capsys):
    Path("some").mkdir()
    Path("some/a.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    Image.fromarray(data.astronaut()).save("some/b.png")
    assert label("some", "--out", "out") == 1
    said = capsys.readouterr()
    assert said.err.startswith("error: some/a.jpg: ")
    assert said.out == "some: 1 photo, 1 face, written to out\n"
    assert names("out") == ["000002_b"]
    assert [len(photo.boxes) for photo in read_dataset("out")] == [1]


def test_a_clip_that_was_cut_off_gives_what_it_has(capsys):
    Path("cut.avi").write_bytes(Path("our lesson.avi").read_bytes()[: -Path("our lesson.avi").stat().st_size // 2])
    assert label("cut.avi", "--every", "1", "--out", "out") == 1
    said = capsys.readouterr()
    assert said.err.startswith("error: cut.avi: it ends after ")
    assert 3 <= len(read_dataset("out")) <= 7
    assert said.err.count("\n") == 1


def test_a_folder_that_may_not_be_written(capsys):
    if os.name != "posix" or os.geteuid() == 0:
        Path("out").write_text("a file")  # root may write everywhere
    else:
        Path("out").mkdir(mode=0o500)
    assert label("photos", "--out", "out/labels") in (1, 2)
    assert "out" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.skipif(os.name != "posix", reason="limits are others here")
def test_a_full_disk_is_one_sentence_and_leaves_nothing():
    """By the system itself: no file may have more than 2 kB."""
    code = ("import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); "
            "from mtcnn_lite.cli import main; sys.exit(main())")  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code, "label", "photos", "--out", "out"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "File too large" in done.stderr
    assert not Path("out").exists()


def test_bad_settings_are_named(capsys):
    assert label("photos", "--min-face", "3", "--out", "out") == 2
    assert "min_face is 3" in capsys.readouterr().err
    assert not Path("out").exists()


def test_help_has_examples(capsys):
    assert label("--help") == 0
    said = capsys.readouterr().out
    assert "mtcnn-lite label lesson.mp4 --every 2s --out lesson" in said
    assert "exit status: 0" in said
    assert all(len(line) <= 120 for line in said.splitlines())
