"""`detect --workers`: other processes give what this one does, byte for byte."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from mtcnn_lite.cli import main
from mtcnn_lite.course.scenes import scenes


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A current directory with seven photos, of which two are of one name and one is long, and two that are none."""
    monkeypatch.chdir(tmp_path)
    for folder in ("photos", "photos/more"):
        Path(folder).mkdir()
    for number, photo in enumerate(scenes(4, seed=3, height=120, width=160, faces=(1, 3))):
        Image.fromarray(photo.image()).save(f"photos/{number}.png")
    Image.fromarray(data.astronaut()[:220, 100:320]).save("photos/astronaut.jpg")
    Image.fromarray(data.astronaut()[:200, 120:320]).save("photos/more/astronaut.png")
    Image.fromarray(np.full((24, 65_501), 128, np.uint8)).save("photos/long.png")
    Path("photos/2b.jpg").write_bytes(b"not a photo")
    Path("photos/more/2c.jpg").write_bytes(Path("photos/astronaut.jpg").read_bytes()[:2000])


def run(capsys, out, *arguments):
    """Exit status, both streams, and each file of `out` with its bytes; paths without `out`'s name."""
    status = main(["detect", "photos", "--recursive", "--out", out, *arguments])
    written = {path.name: path.read_bytes() for path in Path(out).iterdir()}
    return status, *(text.replace(out, "OUT") for text in capsys.readouterr()), written


@pytest.mark.usefixtures("photos")
@pytest.mark.parametrize("json", [[], pytest.param(["--json"], marks=pytest.mark.slow)])
def test_two_processes_give_the_same_bytes_in_the_same_order(capsys, json):
    one = run(capsys, "one", *json)
    two = run(capsys, "two", *json, "--workers", "2")
    assert two == one
    status, said, complaints, written = two
    assert status == 1
    assert len(said.splitlines()) == 7
    assert [line.split(": ")[1] for line in complaints.splitlines()[:-1]] == ["photos/2b.jpg", "photos/more/2c.jpg"]
    assert complaints.splitlines()[-1].startswith("7 of 9 photos read: ")
    assert sorted(written) == ["0_faces.jpg", "1_faces.jpg", "2_faces.jpg", "3_faces.jpg", "astronaut_faces.jpg",
                               "astronaut_faces_2.jpg", "long_faces.png"]  # fmt: skip


@pytest.mark.usefixtures("photos")
def test_settings_reach_the_processes(capsys):
    photos = ["photos/astronaut.jpg", "photos/more/astronaut.png", "photos/0.png"]
    strict = ["--thresholds", ".6", ".7", "1", "--max-pixels", "45000", "--workers", "2"]
    assert main(["detect", *photos, "--json", *strict]) == 1
    out, err = capsys.readouterr()
    assert out.count('"faces": []') == 2, "no face is that sure"
    assert err.startswith("error: photos/astronaut.jpg: ")
    assert "48,400" in err


def test_a_drawing_that_cannot_be_written_does_not_end_the_run(photos, capsys):
    Path("out/0_faces.jpg").mkdir(parents=True)
    assert main(["detect", "photos/0.png", "photos/1.png", "--out", "out", "--workers", "2"]) == 1
    said, complaint = capsys.readouterr()
    assert complaint.startswith("error: photos/0.png: out/0_faces.jpg could not be written")
    assert said.splitlines()[1].endswith("written to out/1_faces.jpg")
    assert sorted(path.name for path in Path("out").iterdir()) == ["0_faces.jpg", "1_faces.jpg"]


@pytest.mark.parametrize("workers", ["0", "-2"])
def test_a_number_of_processes_is_1_or_more(capsys, workers):
    with pytest.raises(SystemExit) as stopped:
        main(["detect", "a.jpg", "--workers", workers])
    assert stopped.value.code == 2
    assert f"--workers is {workers}; it must be 1 or more" in capsys.readouterr().err
