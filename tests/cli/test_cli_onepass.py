"""`mtcnn-lite train --model onepass`, and the commands that take its weights, on composed photos."""

import json
import re

import pytest
from PIL import Image

from mtcnn_lite.cli import main
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.datasets import write_jsonl
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

BRIEF = ["train", "--model", "onepass", "--data", "photos", "--steps", "0.0001", "--out", "run"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with 5 labelled photos and a run of two steps."""
    home = tmp_path_factory.mktemp("home")
    (home / "photos").mkdir()
    photos = []
    for number, photo in enumerate(scenes(5, seed=5, height=100, width=140, faces=(1, 3))):
        path = home / "photos" / f"{number}.png"
        Image.fromarray(photo.image()).save(path)
        photos.append(LabelledPhoto(path, photo.boxes, photo.landmarks, photo.ignore))
    write_jsonl(home / "photos" / "labels.jsonl", photos)
    return home


@pytest.fixture(autouse=True)
def there(home, monkeypatch):
    monkeypatch.chdir(home)


def test_train_detect_and_evaluate(home, capsys):
    assert main(BRIEF) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "onepass, held out:" in printed.out
    assert "weights in run/weights" in printed.out
    assert json.loads((home / "run" / "plan.json").read_text())["onepass"]["steps"] == 2
    assert main(BRIEF) == 1
    assert "holds this run already: --resume goes on" in capsys.readouterr().err
    assert main([*BRIEF, "--resume"]) == 0
    capsys.readouterr()

    assert main(["detect", "photos/0.png", "--json", "--weights", "run/weights", "--threshold", "0"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["width"], found["height"]) == (140, 100)
    assert found["faces"]
    assert len(found["faces"][0]["landmarks"]) == 5

    assert main(["evaluate", "--data", "photos", "--weights", "run/weights", "--against", "mtcnn_lite",
                 "--threshold", "0.3", "--out", "measured"]) == 0  # fmt: skip
    table = capsys.readouterr().out
    rows = {line.split("  ")[0].strip(): line.split() for line in table.splitlines()}
    assert rows["thresholds"][1] == "0.3"
    assert rows["thresholds of the curve"][4:] == ["0.02", "0.2", "0.1", "0.05"]
    assert "onepass, at the thresholds" in table
    assert "onet, at the thresholds" in table
    report = json.loads((home / "measured" / "evaluation.json").read_text())["run/weights"]
    assert report["thresholds"] == [0.3]
    assert set(report["stages"]) == {"onepass"}
    assert (home / "measured" / "stages.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*BRIEF, "--paper"], "--paper is for --model cascade"),
        ([*BRIEF, "--stages", "pnet-1"], "--stages is for --model cascade"),
        ([*BRIEF[:-2], "--out", "x", "--steps", "0"], "--steps is 0.0; it must be a share above 0"),
        ([*BRIEF[:-2], "--out", "x", "--from", "photos"], "none|no such file"),
        (["train", "--data", "photos", "--out", "x", "--focal"], "--focal is for --model onepass"),
        (["detect", "photos/0.png", "--weights", "onepass"], "none ship yet"),
        (["detect", "photos/0.png", "--threshold", "0.5"], "thresholds is 0.5; it must be 3 numbers"),
        (["detect", "photos/0.png", "--weights", "run/weights", "--thresholds", ".6", ".7", ".7"],
         "a one-pass detector has one"),
        (["evaluate", "--data", "photos", "--weights", "run/weights", "--choose"], "--choose is for cascades"),
        (["explain", "photos/0.png", "--box", "0,0,20,20", "--weights", "run/weights"],
         "only a cascade's steps can be explained"),
    ],
)  # fmt: skip
def test_what_does_not_fit_ends_with_a_message(arguments, message, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert re.search(message, capsys.readouterr().err)
