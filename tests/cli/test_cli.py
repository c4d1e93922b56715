"""The command line: what it prints, writes and returns, for good photos and bad ones."""

import inspect
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

import mtcnn_lite
from mtcnn_lite import Detector, read_image
from mtcnn_lite.boxes import iou
from mtcnn_lite.cli import main
from mtcnn_lite.course.scenes import ASTRONAUT_BOX
from mtcnn_lite.images import MAX_PIXELS

MODULE = [sys.executable, "-m", "mtcnn_lite"]
SCRIPT = [sys.executable, "-c", "import sys; from mtcnn_lite.cli import main; sys.exit(main())"]  # as pip writes it
both_ways = pytest.mark.parametrize("command", [MODULE, SCRIPT], ids=["module", "script"])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current directory; the photos lie in `photos/`."""
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    return tmp_path


@pytest.fixture
def astronaut(folder):
    Image.fromarray(data.astronaut()).save("photos/astronaut.png")
    return "photos/astronaut.png"


@pytest.fixture
def texture(folder):
    Image.fromarray(data.brick()[:200, :300]).save("photos/brick.jpg")
    return "photos/brick.jpg"


def files(folder="."):
    return sorted(path.name for path in Path(folder).iterdir() if path.is_file())


def detect(*arguments):
    return main(["detect", *map(str, arguments)])


def test_draws_the_faces_and_says_where(astronaut, texture, capsys):
    assert detect(astronaut, texture) == 0
    assert capsys.readouterr().out.splitlines() == [
        "photos/astronaut.png: 1 face, written to astronaut_faces.jpg",
        "photos/brick.jpg: no face found, written to brick_faces.jpg",
    ]
    drawn, photo = read_image("astronaut_faces.jpg").astype(int), read_image(astronaut).astype(int)
    assert drawn.shape == photo.shape
    changed = np.abs(drawn - photo).mean(axis=2)  # (512, 512); JPEG alone changes a few grey levels
    x1, y1, x2, y2 = Detector().detect(data.astronaut()).boxes[0].round().astype(int)
    outline = [changed[y2, x1:x2], changed[y1:y2, x1], changed[y1:y2, x2]]
    assert min(np.median(side) for side in outline) > 40
    assert np.median(changed[y2 + 20 :]) < 5, "drawn far from the face"


def test_json_is_one_object_a_line_and_nothing_else(astronaut, texture, capsys):
    assert detect(astronaut, texture, "--json") == 0
    out, err = capsys.readouterr()
    first, second = map(json.loads, out.splitlines())
    assert err == "2 of 2 photos read: 1 face\n"
    assert files() == [], "--json alone writes no picture"

    assert list(first) == ["image", "width", "height", "faces"]
    assert (first["image"], first["width"], first["height"]) == (astronaut, 512, 512)
    assert second == {"image": texture, "width": 300, "height": 200, "faces": []}
    [face] = first["faces"]
    assert iou([face["box"]], [ASTRONAUT_BOX])[0, 0] >= 0.75  # labelled by hand

    faces = Detector().detect(data.astronaut())
    assert face["score"] == pytest.approx(float(faces.scores[0]), abs=0.5001e-4)
    assert np.shape(face["landmarks"]) == (5, 2)
    for said, true in ((face["box"], faces.boxes[0]), (face["landmarks"], faces.landmarks[0])):
        assert np.abs(np.subtract(said, true)).max() < 0.00501
    longest = max(len(str(v).split(".")[1]) for v in [*face["box"], *np.ravel(face["landmarks"])])
    assert longest <= 2


def test_json_and_out_do_both(astronaut, capsys):
    assert detect(astronaut, "--json", "--out", "new/found") == 0
    assert len(json.loads(capsys.readouterr().out)["faces"]) == 1
    assert files("new/found") == ["astronaut_faces.jpg"]


def test_settings_reach_the_detector(astronaut, capsys):
    detect(astronaut, "--json", "--min-face", "300")
    detect(astronaut, "--json", "--thresholds", ".6", ".7", "1")
    detect(astronaut, "--json", "--min-face", "40", "--factor", ".5", "--weights", "zhang2016")
    counts = [len(json.loads(line)["faces"]) for line in capsys.readouterr().out.splitlines()]
    assert counts == [0, 0, 1]


def test_defaults_are_the_detectors_own(astronaut, monkeypatch):
    seen = []

    class Spy(Detector):
        def __init__(self, *given, **named):
            seen.append((given, named))
            super().__init__(*given, **named)

    monkeypatch.setattr("mtcnn_lite.detector.Detector", Spy)
    detect(astronaut, "--json")
    defaults = {name: p.default for name, p in inspect.signature(Detector).parameters.items()}
    positional = tuple(list(defaults.values())[:4])
    named = {name: defaults[name] for name in ("engine", "device")}
    assert seen == [(positional, named)], "weights, min_face, factor, thresholds"


def test_photos_of_one_name_get_two_pictures(astronaut, capsys):
    Path("other").mkdir()
    Image.fromarray(data.astronaut()[::2, ::2]).save("other/Astronaut.png")
    Image.fromarray(data.astronaut()[:, ::-1]).save("other/astronaut.jpg")
    assert detect(astronaut, "other/Astronaut.png", "other/astronaut.jpg") == 0
    assert files() == ["Astronaut_faces_2.jpg", "astronaut_faces.jpg", "astronaut_faces_3.jpg"]
    assert read_image("Astronaut_faces_2.jpg").shape == (256, 256, 3)


def test_never_overwrites_a_photo(astronaut, capsys):
    photos = ["photos/astronaut.png", "photos/astronaut_faces.jpg", "photos/astronaut_faces_2.jpg"]
    Image.fromarray(data.astronaut()).save(photos[1])
    Path(photos[2]).symlink_to(Path(photos[1]).resolve())
    before = [Path(photo).read_bytes() for photo in photos]
    assert detect(*photos, "--out", "photos/../photos") == 0
    assert [Path(photo).read_bytes() for photo in photos] == before
    assert "astronaut_faces_3.jpg" in files("photos")


def test_a_folder_means_the_images_in_it(astronaut, texture, capsys):
    Path("photos/notes.txt").write_text("no image, and not taken for one")
    Path("photos/below.jpg").mkdir()
    Image.fromarray(data.brick()[:100, :100]).save("photos/our_faces.JPG")  # there is no "our": a photo of its own
    for _ in range(2):  # the second time, the pictures of the first lie there as well
        assert detect("photos", "--out", "photos") == 0
        names = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
        assert names == ["photos/astronaut.png", "photos/brick.jpg", "photos/our_faces.JPG"]
    assert "our_faces_faces.jpg" in files("photos")
    assert not any("_faces_2" in name for name in files("photos"))


def looked_at(capsys):
    """The photos that have been answered, in order, and what was said beside, but for the line that counts them."""
    out, err = capsys.readouterr()
    said = [line for line in err.splitlines() if not line[:1].isdigit()]
    return [line.split(": ")[0] for line in out.splitlines()], said


@pytest.fixture
def people(folder):
    """A folder for each person, as in LFW; hidden ones are no people."""
    for name in ("lfw/Ann/1.png", "lfw/Bob/1.png", "lfw/Bob/2.png", "lfw/.cache/1.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(data.brick()[:60, :60]).save(name)
    return ["lfw/Ann/1.png", "lfw/Bob/1.png", "lfw/Bob/2.png"]


def test_a_folder_without_photos_of_its_own_means_those_below(people, capsys):
    note = "note: lfw: no image directly in this folder; taking the 3 in the folders below it"
    for _ in range(2):  # the second time, the folder holds the drawings of the first
        assert detect("lfw", "--out", "lfw") == 0
        assert looked_at(capsys) == (people, [note])
        assert files("lfw") == ["1_faces.jpg", "1_faces_2.jpg", "2_faces.jpg"], "none has replaced another"


def test_recursive_means_all_below_as_well(people, capsys):
    Image.fromarray(data.brick()[:60, :60]).save("lfw/own.png")
    assert detect("lfw") == 0
    assert looked_at(capsys) == (["lfw/own.png"], [])
    for flag in ("-r", "--recursive"):
        assert detect("lfw", flag, "--out", "lfw") == 0
        assert looked_at(capsys) == (["lfw/own.png", *people], [])


def test_a_photo_called_like_a_drawing_is_a_photo_of_its_own(people, capsys):
    Image.fromarray(data.brick()[:60, :60]).save("lfw/our_faces.jpg")
    assert detect("lfw") == 0
    assert looked_at(capsys) == (["lfw/our_faces.jpg"], [])


def test_a_folder_that_cannot_be_read_is_named_once_and_the_rest_is_done(people, capsys, monkeypatch):
    listed = Path.iterdir

    def iterdir(folder):
        if folder.name == "Ann":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert detect("lfw", "-r") == 1
    assert looked_at(capsys) == (people[1:], ["error: lfw/Ann: Permission denied"])
    assert detect("lfw/Ann") == 1
    assert looked_at(capsys) == ([], ["error: lfw/Ann: Permission denied"])


def test_patterns_that_no_shell_expanded(people, capsys):
    Path("lfw/Bob/notes.txt").write_text("no image")
    assert detect("lfw/Bob/*.png") == 0
    assert looked_at(capsys) == (people[1:], [])
    for pattern in ("lfw/**/*.png", "lfw/**", "lfw/*", "lfw/[AB]*/?.png"):
        assert detect(pattern) == 0
        assert looked_at(capsys) == (people, [])
    assert detect("lfw/*.gif", "lfw/Ann/1.png") == 1
    assert looked_at(capsys) == (people[:1], ["error: lfw/*.gif: no image has a name of this pattern"])
    assert detect("lfw/Bob/*.txt") == 1
    assert looked_at(capsys)[1][0].startswith("error: lfw/Bob/notes.txt: not an image file")


def test_a_name_with_brackets_is_a_name_first(people, capsys):
    for name in ("team [1].png", "team 1.png"):
        Image.fromarray(data.brick()[:60, :60]).save(name)
    assert detect("team [1].png") == 0
    assert looked_at(capsys) == (["team [1].png"], [])
    Path("team [1].png").unlink()
    assert detect("team [1].png") == 0
    assert looked_at(capsys) == (["team 1.png"], [])


def test_a_folder_of_other_things(texture, capsys):
    for name in ("a.h5", "a.mpg", "a.ps", "._brick.jpg", "notes.txt"):
        Path("photos", name).write_bytes(b"\0\5\26\7")
    Path("photos/IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    Path("photos/link.jpg").symlink_to("gone.jpg")
    assert detect("photos", "--json") == 1
    out, err = capsys.readouterr()
    assert [json.loads(line)["image"] for line in out.splitlines()] == [texture]
    assert err.splitlines()[:-1] == [
        "error: photos/IMG_1.HEIC: a HEIC photo, which needs one more package: pip install pillow-heif",
        "error: photos/link.jpg: a link to gone.jpg, which does not exist",
    ]


def test_a_photo_over_the_limit_is_refused_until_it_is_allowed(texture, capsys):
    assert detect(texture, "--json", "--max-pixels", "59_999") == 1
    assert "300 x 200 px are 60,000, over the limit of 59,999; " in capsys.readouterr().err
    assert detect(texture, "--json", "--max-pixels", "60000") == 0
    with pytest.raises(SystemExit):
        detect("--help")
    assert f"(default: {MAX_PIXELS:_})" in " ".join(capsys.readouterr().out.split())


def test_a_drawing_too_long_for_jpeg_is_a_png(folder, capsys):
    Image.fromarray(np.full((24, 65_501), 128, np.uint8)).save("photos/long.png")
    Image.fromarray(np.full((24, 65_500), 128, np.uint8)).save("photos/less.png")
    for _ in range(2):  # the second time, the drawings of the first are no photos
        assert detect("photos", "--out", "photos") == 0
        assert capsys.readouterr().out.splitlines() == [
            "photos/less.png: no face found, written to photos/less_faces.jpg",
            "photos/long.png: no face found, written to photos/long_faces.png",
        ]
    assert read_image("photos/long_faces.png").shape == (24, 65_501, 3)


def test_one_photo_too_large_for_the_memory_does_not_end_the_run(astronaut, texture, capsys, monkeypatch):
    found = Detector.detect

    def detect_small(self, image):
        if len(image) > 400:
            raise MemoryError
        return found(self, image)

    monkeypatch.setattr(Detector, "detect", detect_small)
    assert detect("photos") == 1
    assert looked_at(capsys) == ([texture], [f"error: {astronaut}: too little memory to look for faces in it"])


def test_a_bad_photo_is_named_and_the_rest_is_done(astronaut, texture, capsys):
    whole = Path(texture).read_bytes()
    Path("photos/cut.jpg").write_bytes(whole[: len(whole) // 2])
    Path("photos/text.jpg").write_text("not a photo")
    Path("empty").mkdir()
    bad = ["photos/nowhere.jpg", "photos/text.jpg", "photos/cut.jpg", "empty"]
    assert detect(*bad, astronaut, "--json") == 1
    out, err = capsys.readouterr()
    assert [json.loads(line)["image"] for line in out.splitlines()] == [astronaut]
    *lines, counted = err.splitlines()
    assert counted == "1 of 4 photos read: 1 face"
    assert len(lines) == len(bad), err
    for name in bad:
        assert any(line.startswith(f"error: {name}: ") for line in lines)


def test_a_picture_that_cannot_be_written_is_an_error(astronaut, texture, capsys):
    Path("astronaut_faces.jpg").mkdir()
    assert detect(astronaut, texture) == 1
    out, err = capsys.readouterr()
    assert err.startswith("error: photos/astronaut.png: astronaut_faces.jpg could not be written")
    assert out.splitlines() == [
        "photos/astronaut.png: 1 face",
        "photos/brick.jpg: no face found, written to brick_faces.jpg",
    ]
    assert files() == ["brick_faces.jpg"], "no half-written file is left"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["detekt"], "invalid choice: 'detekt'"),
        (["detect"], "PHOTO"),
        (["detect", "a.jpg", "--thresholds", ".6", ".7", "1.5"], "thresholds is (0.6, 0.7, 1.5); it must be 3 numbers"),
        (["detect", "a.jpg", "--thresholds", ".6", ".7"], "expected 3 arguments"),
        (["detect", "a.jpg", "--thresholds", ".6", "nan", ".7"], "thresholds is"),
        (["detect", "a.jpg", "--min-face", "8"], "min_face is 8.0; it must be at least 12"),
        (["detect", "a.jpg", "--factor", "1.5"], "factor is 1.5"),
        (["detect", "a.jpg", "--weights", "nowhere"], "nowhere/pnet.safetensors: no such file"),
        (["detect", "a.jpg", "--out", "a_file"], "--out a_file"),
        (["detect", "a.jpg", "--max-pixels", "0"], "'0' is no whole number of pixels, 1 or more"),
        (["explain", "a.jpg", "--box", "0,0,9,9", "--max-pixels", "2e8"], "'2e8' is no whole number"),
    ],
)
def test_bad_arguments_end_with_status_2(folder, capsys, arguments, message):
    Path("a_file").touch()
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    out, err = capsys.readouterr()
    assert stopped.value.code == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize("arguments", [["--help"], ["detect", "--help"], ["--version"], ["detect", "--version"]])
def test_help(capsys, arguments):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    out = capsys.readouterr().out
    assert stopped.value.code == 0
    if "--version" in arguments:
        version, licence = out.splitlines()
        assert version == f"mtcnn_lite {mtcnn_lite.__version__}"
        assert licence == "code MIT; weights for research and teaching: see the model card"
    else:
        assert out.startswith("usage: mtcnn-lite ")
    if arguments == ["detect", "--help"]:
        for said in ("--min-face", "exit status", "NAME_faces.jpg", "(default: what suits the weights"):
            assert said in out
    else:
        assert "detect" in out or "mtcnn_lite 0." in out


def test_ctrl_c_ends_quietly(astronaut, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Detector, "detect", interrupt)
    assert detect(astronaut) == 128 + signal.SIGINT
    assert capsys.readouterr() == ("", "")


@both_ways
def test_as_a_program(astronaut, command):
    done = subprocess.run([*command, "detect", astronaut, "nowhere.jpg"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == f"{astronaut}: 1 face, written to astronaut_faces.jpg\n"
    said = "error: nowhere.jpg: no such file\n1 of 2 photos read: 1 face\n"
    assert done.stderr == said, "no progress bar where nobody watches"


@both_ways
@pytest.mark.skipif(os.name != "posix", reason="file names hold no bytes here")
def test_a_file_name_may_hold_any_bytes(texture, command):
    """Printed with the byte escaped, also where the terminal's encoding has no place for it."""
    name = b"photos/fa\xe7ade.jpg"
    Path(os.fsdecode(name)).write_bytes(Path(texture).read_bytes())
    done = subprocess.run(
        [*command, "detect", name], capture_output=True, env=os.environ | {"PYTHONIOENCODING": "utf-8"}
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"photos/fa\\udce7ade.jpg: no face found")


@both_ways
@pytest.mark.skipif(not hasattr(signal, "SIGPIPE"), reason="pipes break otherwise here")
def test_a_broken_pipe_ends_quietly(texture, command):
    reading, writing = os.pipe()
    os.close(reading)  # as `| head` does when it has seen enough
    done = subprocess.run([*command, "detect", texture, "--json"], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")
