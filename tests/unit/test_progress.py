"""Progress: what judges record of a reader's functions, what is left, and that nothing is lost or half-written."""

import json
import os
import re
import subprocess
import sys
import textwrap

import pytest

from mtcnn_lite.cli import main
from mtcnn_lite.course import checks, mine, progress, remembered
from mtcnn_lite.course.exercises import EXERCISES

MINUTES = {"easy": 8, "medium": 15, "stretch": 25}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(remembered.VARIABLE, str(tmp_path / ".mine"))
    mine._read.clear()
    return tmp_path / ".mine"


def readers(name, body="return 0"):
    """A function as a cell of a notebook has it."""
    names = {"__name__": "__main__"}
    exec(f"def {name}(*given):\n    {body}", names)
    return names[name]


def right(boxes, offsets):
    return boxes + offsets * (boxes[:, [2, 3, 2, 3]] - boxes[:, [0, 1, 0, 1]])


@pytest.fixture
def solved():
    right.__module__ = "__main__"
    return right


def states():
    return {name: state for name, state in checks.progress().states.items() if state != "untouched"}


def test_every_exercise_is_untouched_at_first(folder):
    come = checks.progress()
    assert list(come.states) == list(EXERCISES)
    assert come.minutes_left == sum(MINUTES[each.difficulty] for each in EXERCISES.values())
    assert not come.begun
    assert mine.strip().exercises == ""
    assert not list(folder.parent.iterdir()), "asking writes nothing"


def test_a_verdict_is_recorded(folder, solved):
    before = checks.progress().minutes_left
    assert not checks.nms(readers("nms"))
    assert not checks.iou(readers("iou", "raise NotImplementedError")).done
    assert checks.decode_offsets(solved)
    assert states() == {"nms": "not yet", "decode_offsets": "passed"}
    assert checks.progress().minutes_left == before - 8
    says = "1 of 37 exercises passed, 1 not yet, 35 untouched; about 592 minutes left."
    assert repr(checks.progress()).endswith("\n" + says)
    assert mine.strip().exercises == f"{says} checks.progress() lists them."
    assert says in repr(mine.strip())
    assert says in mine.strip()._repr_html_()


def test_a_later_failure_takes_no_pass_away(folder, solved):
    assert checks.decode_offsets(solved)
    assert not checks.decode_offsets(readers("decode_offsets"))
    assert states() == {"decode_offsets": "passed"}


def test_of_the_packages_own_functions_nothing_is_recorded(folder):
    from mtcnn_lite.boxes import decode_offsets

    assert checks.decode_offsets(decode_offsets)
    assert states() == {}


def test_what_an_earlier_version_remembered_has_passed(folder):
    folder.mkdir()
    (folder / "iou.py").write_text("def iou(box, boxes): return 0")
    assert states() == {"iou": "passed"}


@pytest.mark.parametrize("text", ["", "{", "\x00"])
def test_a_damaged_file_still_says_what_its_name_says(folder, text):
    path = folder.with_name(".mine.progress") / "iou.passed.json"
    path.parent.mkdir()
    path.write_text(text)
    (path.parent / "no_exercise.passed.json").write_text("{}")
    assert states() == {"iou": "passed"}


def test_off_and_outside_a_notebook_nothing_is_recorded(tmp_path, monkeypatch, solved):
    monkeypatch.chdir(tmp_path)
    for value in ("off", ""):
        monkeypatch.setenv(remembered.VARIABLE, value)
        assert checks.decode_offsets(solved)
        assert not list(tmp_path.iterdir())
    assert "Nothing is recorded here" in repr(checks.progress())
    assert states() == {}


def test_a_place_that_cannot_be_written_spoils_no_verdict(folder):
    folder.with_name(".mine.progress").write_text("a file where the folder should be")
    assert not checks.nms(readers("nms"))
    assert states() == {}


def test_forget_forgets_progress_too(folder, solved):
    checks.nms(readers("nms"))
    checks.decode_offsets(solved)
    mine.forget("nms")
    assert states() == {"decode_offsets": "passed"}
    with pytest.raises(ValueError, match="'nms' is not remembered; what is: decode_offsets"):
        mine.forget("nms")
    mine.forget()
    assert states() == {}


def test_notebooks_that_judge_at_the_same_time_lose_nothing(folder):
    """Processes record passes and failures of the same exercises: each pass stays, each file is whole."""
    code = textwrap.dedent("""
        import sys
        from mtcnn_lite.course import progress
        from mtcnn_lite.course.exercises import EXERCISES
        def fn(): pass
        for _ in range(20):
            for name in EXERCISES:
                progress.record(name, fn, sys.argv[1])
    """)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = ("not yet", "passed", "not yet", "passed")
    running = [subprocess.Popen([sys.executable, "-c", code, word], env=environment) for word in words]
    assert [each.wait() for each in running] == [0] * 4
    assert set(checks.progress().states.values()) == {"passed"}
    files = sorted(folder.with_name(".mine.progress").iterdir())
    assert len(files) == 2 * len(EXERCISES)
    for path in files:
        kept = json.loads(path.read_text())
        assert path.name == f"{kept['exercise']}.{kept['state'].replace(' ', '_')}.json"


def test_the_table_links_to_each_notebook(folder, notebooks):
    checks.nms(readers("nms"))
    html = checks.progress()._repr_html_()
    for link in re.findall(r'href="([^"]+)"', html):
        assert (notebooks / link).exists()
    words = " ".join(re.sub("<[^>]+>", " ", html).replace("&ensp;", "").split())
    assert "01 NMS ✗ nms ○ soft_nms 40 min" in words
    assert "09 training, deeper ○ train_rnet 25 min" in words
    done = progress.Progress(dict.fromkeys(EXERCISES, "passed"))
    assert done.summary() == "37 of 37 exercises passed, 0 not yet, 0 untouched: all done."
    assert done._repr_html_().count(">done<") == 15


# --- the command


def test_the_command_lists_what_notebooks_recorded(folder, solved, monkeypatch, capsys):
    checks.decode_offsets(solved)
    monkeypatch.delenv(remembered.VARIABLE)
    (folder.parent / "start_here.ipynb").write_text("{}")
    (folder.parent / "deeper").mkdir()
    for place in (folder.parent, folder.parent / "deeper"):
        assert main(["progress", str(place)]) == 0
        table = capsys.readouterr().out
        assert re.search(r"^✓ decode_offsets +passed +03_pnet$", table, re.M)
        assert re.search(r"^○ nms +untouched +15 min +01_nms$", table, re.M)
        assert table.endswith("1 of 37 exercises passed, 0 not yet, 36 untouched; about 592 minutes left.\n")
    monkeypatch.chdir(folder.parent)
    assert main(["progress"]) == 0
    assert "1 of 37" in capsys.readouterr().out
    monkeypatch.setenv(remembered.VARIABLE, str(folder))
    monkeypatch.chdir("/")
    assert main(["progress"]) == 0
    assert "1 of 37" in capsys.readouterr().out


def test_the_command_says_where_there_is_no_course(tmp_path, capsys):
    assert main(["progress", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"error: {tmp_path} holds no notebooks of the course; `mtcnn-lite course DIR` writes them\n"
    )
