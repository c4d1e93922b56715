"""The commands of data/train_your_own.md, in their order, on composed photos in a tool's format."""

import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

import mtcnn_lite
from mtcnn_lite import Detector
from mtcnn_lite.cli import main
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.datasets import write_yolo
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

GUIDE = Path(mtcnn_lite.__file__).parent.parent / "data" / "train_your_own.md"
COMMAND = re.compile(r"^\.venv/bin/mtcnn-lite (.+)$", re.MULTILINE)


def commands():
    """What follows `mtcnn-lite` in each line of the guide's blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return [shlex.split(line) for block in blocks for line in COMMAND.findall(block.replace("\\\n", " "))]


@pytest.mark.slow
def test_the_guide_leads_from_labels_to_a_detector(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for part, number in (("train", 21), ("held_out", 12), ("test", 4)):
        photos, images = [], Path("my_faces") / part / "images"
        images.mkdir(parents=True)
        for k, photo in enumerate(scenes(number, seed=number, height=160, width=200, faces=(3, 4))):
            Image.fromarray(photo.image()).save(images / f"{k}.png")
            photos.append(LabelledPhoto(images / f"{k}.png", photo.boxes))
        write_yolo(images.parent, photos)
    said = commands()
    assert [command[0] for command in said] == ["evaluate", "train", "train", "evaluate", "evaluate"]
    for command in said:
        short = [
            "0.001" if before == "--steps" else word for before, word in zip(["", *command], command, strict=False)
        ]
        assert main([*short, *(["--workers", "1"] if command[0] == "train" else [])]) == 0, command
        if command[0] == "train":
            assert Path("tuned/pnet-2/labels.jpg").exists()
    printed = capsys.readouterr().out
    assert "written: tuned/weights/thresholds.json" in printed
    assert "tuned/weights less mtcnn_lite" in printed
    assert len(Detector("tuned/weights", min_face=12).detect(scenes(1, seed=1)[0].image())) > 0
