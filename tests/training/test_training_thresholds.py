"""The thresholds of trained weights, chosen on the photos that training held out."""

import json

import pytest
from tiny_training import photos

from mtcnn_lite import Detector
from mtcnn_lite.evaluation import choosing, judge
from mtcnn_lite.training.thresholds import choose_on_held_out
from mtcnn_lite.weights import save_weights


@pytest.fixture
def folder(tmp_path, detector):
    save_weights(detector.nets, tmp_path)
    return tmp_path


def test_too_few_faces_are_said_in_one_sentence(folder, detector, capsys):
    choose_on_held_out(detector.nets, photos(), folder)
    said = capsys.readouterr().out
    assert said.startswith("thresholds stay at 0.6 0.7 0.7: held out, ")
    assert said.endswith("too few to choose on (at least 30)\n")
    assert said.count("\n") == 1
    assert not (folder / "thresholds.json").exists()


def test_the_held_out_photos_alone_are_looked_at_and_once(folder, detector, capsys, monkeypatch):
    monkeypatch.setattr(choosing, "FEWEST_FACES", 1)
    monkeypatch.setattr(choosing, "PNET", (0.3, 0.6))
    monkeypatch.setattr(choosing, "RNET", (0.2, 0.7))
    run = photos(40)
    choose_on_held_out(detector.nets, run, folder)
    stated = json.loads((folder / "thresholds.json").read_text())
    held_out = [run[19], run[39]]
    judged = judge([(Detector(folder).detect(photo.image()), photo) for photo in held_out], 20)
    assert (stated["chosen"]["photos"], stated["chosen"]["faces"]) == (2, len(judged.faces))
    assert stated["chosen"]["recall"] == pytest.approx(judged.recall(), abs=1e-4)
    assert stated["chosen"]["reference"]["weights"] == "zhang2016"
    said = capsys.readouterr().out
    assert said.startswith("thresholds " + " ".join(f"{value:g}" for value in stated["thresholds"].values()) + ", ")
    before = (folder / "thresholds.json").read_bytes()
    choose_on_held_out(detector.nets, [], folder)  # a run that is resumed when it is finished
    assert (folder / "thresholds.json").read_bytes() == before
    assert capsys.readouterr().out == ""
