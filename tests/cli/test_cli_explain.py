"""`mtcnn-lite explain`."""

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite.cli import main
from mtcnn_lite.course.scenes import ASTRONAUT_BOX
from mtcnn_lite.draw import PANEL_WIDEST


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, astronaut):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(astronaut).save("a.png")
    return tmp_path


BOX = ",".join(map(str, ASTRONAUT_BOX))


def test_prints_the_sentence_and_draws(folder, capsys):
    assert main(["explain", "a.png", "--box", BOX]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("found, score 1.00")
    assert lines[-1] == "drawn on a_explained.jpg"
    assert sum(line.startswith("level") for line in lines) == 10
    assert Image.open(folder / "a_explained.jpg").width > 900


@pytest.mark.parametrize("given", [["--box", "-11,60,80,173"], ["--box=-11,60,80,173"], ["--box", "-11, 60, 80, 173"],
                                   ["--bo", "-11.0,6e1,80,173"]])  # fmt: skip
def test_a_box_may_leave_the_photo_on_the_left(folder, astronaut, given, capsys):
    Image.fromarray(astronaut[:, 190:]).save("cut.png")
    assert main(["explain", "cut.png", *given]) == 0
    assert capsys.readouterr().out.startswith("found, score ")


def test_threshold_of_the_command_line_is_the_one_explained(capsys):
    assert main(["explain", "a.png", "--box", BOX, "--thresholds", "0.6", "0.7", "1"]) == 0
    why = "lost in O-Net: its best score is 0.99, the mean of two looks 0.99; O-Net's threshold is 1; it would survive"
    assert capsys.readouterr().out.startswith(why)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.png"], "--box"),
        (["a.png", "--box", "1,2,3"], "'1,2,3' is not four numbers"),
        (["a.png", "--box", "-11", "60", "80", "173"], "'-11' is not four numbers with commas and no spaces between"),
        (["a.png", "--box", "9,2,3,8"], "x2 must be greater than x1"),
        (["a.png", "--box", BOX, "--min-face", "5"], "min_face is 5"),
        (["a.png", "--box", BOX, "--out", "a.png"], "that is the photo itself"),
        (["a.png", "--box", BOX, "--out", "."], "that is a folder; name a file in it"),
    ],
)
def test_bad_arguments_end_with_2_and_say_why(arguments, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["explain", *arguments])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("photo", "message"), [("none.png", "no such file"), ("text.png", "not an image")])
def test_unreadable_photo_ends_with_1(folder, photo, message, capsys):
    (folder / "text.png").write_text("text")
    assert main(["explain", photo, "--box", BOX]) == 1
    assert message in capsys.readouterr().err
    assert not (folder / f"{photo[:-4]}_explained.jpg").exists()


def test_a_strip_is_explained_and_drawn(astronaut, capsys):
    """5,120 x 20 px: three panels 300 px high would be over 230,000 px wide."""
    Image.fromarray(np.tile(astronaut[:20], (1, 10, 1))).save("strip.png")
    assert main(["explain", "strip.png", "--box", "0,0,20,20"]) == 0
    assert capsys.readouterr().out.endswith("drawn on strip_explained.jpg\n")
    with Image.open("strip_explained.jpg") as drawn:
        assert drawn.width == 3 * PANEL_WIDEST + 20


def test_a_photo_over_the_limit_is_refused(capsys):
    assert main(["explain", "a.png", "--box", BOX, "--max-pixels", "262143"]) == 1
    assert "512 x 512 px are 262,144, over the limit of 262,143" in capsys.readouterr().err
