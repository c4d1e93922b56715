"""`mtcnn-lite check`, as a teacher uses it: submissions whose names say what must come out."""

import csv
import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from mtcnn_lite.course.exercises import EXERCISES
from mtcnn_lite.course.grading import report, runner
from mtcnn_lite.course.grading.runner import Graded, Result

SOLUTIONS = (Path(__file__).parents[2] / "notebooks" / "source" / "solutions.py").read_text()

LOOPS = """
def iou(box, boxes):
    def area(b):
        return (b[2] - b[0]) * (b[3] - b[1])
    answer = []
    for other in boxes:
        w = min(box[2], other[2]) - max(box[0], other[0])
        h = min(box[3], other[3]) - max(box[1], other[1])
        shared = max(w, 0) * max(h, 0)
        union = area(box) + area(other) - shared
        answer.append(shared / union if union > 0 else 0)
    return answer
"""
TORCH = """
import torch
def square_boxes(boxes):
    boxes = torch.as_tensor(boxes)
    side = (boxes[:, 2:] - boxes[:, :2]).amax(1, keepdim=True) / 2
    centre = (boxes[:, 2:] + boxes[:, :2]) / 2
    return torch.cat([centre - side, centre + side], 1)
"""
NO_CLIP = """
def iou(box, boxes):
    w = np.minimum(box[2], boxes[:, 2]) - np.maximum(box[0], boxes[:, 0])
    h = np.minimum(box[3], boxes[:, 3]) - np.maximum(box[1], boxes[:, 1])
    shared = w * h
    union = (box[2] - box[0]) * (box[3] - box[1]) + (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) - shared
    return np.divide(shared, union, out=np.zeros(len(boxes)), where=union > 0)
"""
STUB = "def nms(boxes, scores, threshold):\n    raise NotImplementedError\n"
PIECES = {  # what is written for an exercise, and what must come out
    ("iou", "passed"): LOOPS,
    ("square_boxes", "passed"): TORCH,
    ("iou", "not yet"): "import numpy as np\n" + NO_CLIP,
    ("nms", "not yet"): "def nms(boxes, scores, threshold):\n    return list(range(len(boxes)))\n",
    ("nms", "not done yet"): STUB,
    ("nms", "stopped"): "import os\ndef nms(boxes, scores, threshold):\n    os._exit(0)\n",
    ("iou", "stopped"): "import ctypes\ndef iou(box, boxes):\n    ctypes.string_at(0)\n",
    ("square_boxes", "not yet"): "def square_boxes(boxes):\n    while True: pass\n",
    ("iou_matrix", "not yet"): "import os\ndef iou_matrix(one, other):\n    while True: os.fork()\n",
    ("soft_nms", "stopped"): "import time\ndef soft_nms(*given):\n    time.sleep(1000)\n",
    ("pyramid_scales", "not yet"): "def pyramid_scales(*given):\n    return bytearray(10**11)\n",
}
NO_NOTEBOOK = ("", "no JSON", '{"cells": 3}')


def check(*arguments, **how):
    command = [sys.executable, "-m", "mtcnn_lite", "check", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **how)


def as_notebook(*sources):
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def compose(folder):
    """Thirty submissions; each one's name says what must come out: `nms=stopped,iou=passed.py`."""
    names = list(PIECES)
    sets = [[each] for each in names]  # one alone
    sets += [[names[k], names[(k + step) % len(names)]] for step in (2, 3) for k in range(len(names))]
    sets = [pieces for pieces in sets if len({name for name, _ in pieces}) == len(pieces)]
    for number, pieces in enumerate(sets[: 30 - 4 - len(NO_NOTEBOOK)]):
        stem = ",".join(f"{name}={state}" for name, state in pieces)
        if number % 2:
            (folder / f"{number:02} {stem}.ipynb").write_text(as_notebook(*(PIECES[piece] for piece in pieces)))
        else:
            (folder / f"{number:02} {stem}.py").write_text("\n".join(PIECES[piece] for piece in pieces))
    everything = ",".join(f"{name}=passed" for name in ("iou", "nms", "soft_nms"))
    (folder / f"x {everything}.py").write_text(SOLUTIONS)
    (folder / "y iou=passed").mkdir()
    (folder / "y iou=passed" / "00.ipynb").write_text(as_notebook("print('hello')", LOOPS))
    (folder / "z a loop at its start.py").write_text("class Never:\n    while True: pass\n")
    (folder / "z prints and forges.py").write_text("print('passed')\n" + STUB.replace("nms", "x"))
    for number, text in enumerate(NO_NOTEBOOK):
        (folder / f"z no notebook {number}.ipynb").write_text(text)
    assert len(list(folder.iterdir())) == 30
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
def test_thirty_submissions_give_the_table_that_their_names_promise(tmp_path, alone, capsys):
    names = compose(tmp_path)
    out = tmp_path.parent / "out"
    out.mkdir()
    with alone():
        begun = time.monotonic()
        done = check(
            tmp_path, "--seconds", 10, "--json", out / "a.json", "--csv", out / "a.csv", "--junit", out / "a.xml"
        )
        took = time.monotonic() - begun
    with capsys.disabled():
        print(f"\n{len(names)} submissions in {took:.0f} s")
    assert done.stderr == ""
    graded = {each["name"]: each for each in json.loads((out / "a.json").read_text())}
    assert list(graded) == names
    for name, each in graded.items():
        promised = dict(re.findall(r"(\w+)=([a-z ]+)", name))
        states = {exercise: result["state"] for exercise, result in each["results"].items()}
        assert {exercise: states[exercise] for exercise in promised} == promised, name
        if not name.startswith("x "):
            assert {state for exercise, state in states.items() if exercise not in promised} == {"missing"}, name
        assert bool(each["problem"]) == name.startswith(("z a loop", "z no")), each
    rows = list(csv.DictReader((out / "a.csv").open()))
    assert [row["submission"] for row in rows] == names
    assert all(row[exercise] == graded[row["submission"]]["results"][exercise]["state"]
               for row in rows for exercise in EXERCISES if exercise in row)  # fmt: skip
    suites = ET.parse(out / "a.xml").getroot()
    assert [suite.get("name") for suite in suites] == names
    assert sum(int(suite.get("failures")) for suite in suites) == sum(
        result["state"] in ("not yet", "stopped") for each in graded.values() for result in each["results"].values()
    )
    assert done.returncode == 1
    assert took < 45  # alone about 20: a loop takes up to twice its time where others have the cores


def test_one_file(tmp_path):
    (tmp_path / "a.py").write_text(LOOPS + STUB)
    done = check(tmp_path / "a.py", "--exercises", "iou", "--gradescope", tmp_path / "r.json", "--csv", "-")
    assert done.returncode == 0
    assert done.stderr.split() == ["submission", "passed", "iou", "a.py", "1/1", "yes"]  # out of the way of a pipe
    assert done.stdout == "submission,passed,of,iou,problem\na.py,1,1,passed,\n"
    said = json.loads((tmp_path / "r.json").read_text())
    assert said["score"] == 1
    assert [(test["name"], test["score"], test["max_score"], test["status"]) for test in said["tests"]] == [
        ("iou", 1, 1, "passed")
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["nowhere"], 1, "error: nowhere does not exist"),
        (["a.txt"], 2, "a.txt is no notebook (.ipynb) and no Python file (.py)"),
        (["."], 1, "error: . holds no .ipynb or .py file"),
        (["a.py", "--exercises", "iuo"], 2, "--exercises: 'iuo' is none of iou, iou_matrix, nms"),
        (["a.py", "--seconds", "0"], 2, "--seconds is 0; it must be above 0"),
        (["a.py", "--memory", "10"], 2, "--memory is 10; it must be above 63"),
        (["a.py", "--workers", "0"], 2, "--workers is 0; it must be above 0"),
    ],
)
def test_what_can_not_be_done_says_so(tmp_path, monkeypatch, capsys, arguments, status, says):
    from mtcnn_lite.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("")
    if "a.py" in arguments:
        (tmp_path / "a.py").write_text("")
    try:
        ended = main(["check", *arguments])
    except SystemExit as stopped:
        ended = stopped.code
    assert ended == status
    assert says in capsys.readouterr().err


GRADED = [
    Graded(
        "ann", {"iou": Result("iou", "passed", "Both agree.", 0.25), "nms": Result("nms", "not yet", "a & b <c>\x00")}
    ),
    Graded("=1+1", {}, "no notebook", []),
]


def test_the_table_names_few_exercises_and_signs_many():
    few = report.table(GRADED, ["iou", "nms"], hints=True).splitlines()
    assert few[0].split() == ["submission", "passed", "iou", "nms"]
    assert few[1].split() == ["ann", "1/2", "yes", "no"]
    assert few[2].split() == ["=1+1", "0/2", "-", "-"]
    assert few[3:] == ["ann: nms: a & b <c>\x00", "=1+1: no notebook"]
    many = report.table(GRADED, list(EXERCISES)).splitlines()
    assert many[0].split()[:5] == ["submission", "passed", "00", "01", "02"]
    assert many[1].split()[:5] == ["ann", f"1/{len(EXERCISES)}", "+.", "x.", ".."]


def test_files_hold_what_their_readers_expect():
    junit = ET.fromstring(report.as_junit(GRADED, ["iou", "nms"]).partition("\n")[2])
    assert dict(junit[0].attrib) == {
        "name": "ann", "tests": "2", "failures": "1", "errors": "0", "skipped": "0"
    }  # fmt: skip
    assert junit.find(".//failure").text == "a & b <c>?"
    rows = list(csv.reader(report.as_csv(GRADED, ["iou", "nms"]).splitlines()))
    assert rows[2] == ["'=1+1", "0", "2", "missing", "missing", "no notebook"]  # no formula for a spreadsheet
    said = json.loads(report.as_gradescope(GRADED[0], ["iou", "nms", "soft_nms"]))
    assert (said["score"], [test["score"] for test in said["tests"]]) == (1, [1, 0, 0])


class Clock:
    """A submission that says something after `says` seconds, and has a core for `share` of each second."""

    def __init__(self, monkeypatch, says, share):
        self.now, self.says, self.share = 0.0, says, share
        monkeypatch.setattr(runner.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(runner, "_computed", lambda process: self.now * self.share)

    def poll(self, limit):
        self.now = min(self.now + limit, max(self.says, self.now))
        return self.now >= self.says


@pytest.mark.parametrize(
    ("says", "share", "comes", "after"),
    [
        (9, 1, True, 9),
        (11, 1, False, 10),  # a loop
        (11, 0, False, 10),  # sleeps
        (19, 0.3, True, 19),  # others have the cores
        (99, 0.6, False, 16.8),  # has computed for 10 seconds by then
        (99, 0.2, False, 20),
    ],
)
def test_waiting_for_a_core_does_not_count(monkeypatch, says, share, comes, after):
    clock = Clock(monkeypatch, says, share)
    assert runner._comes(clock, None, 10) == comes
    assert clock.now == pytest.approx(after, abs=0.21)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not say")
def test_what_a_process_has_computed():
    class Own:
        pid = os.getpid()

    assert runner._computed(Own) == pytest.approx(time.process_time(), abs=0.1)


def test_no_process_is_left(tmp_path):
    (tmp_path / "a.py").write_text("import time\ndef nms(*given):\n    time.sleep(999)\n")
    done = check(tmp_path / "a.py", "--seconds", 2, env=os.environ | {"MARK_OF_THIS_TEST": str(tmp_path)})
    assert "stopped" in done.stdout
    left = [path for path in Path("/proc").glob("[0-9]*/environ") if _holds(path, str(tmp_path))]
    assert left == []


def _holds(path, mark):
    try:
        return mark.encode() in path.read_bytes()
    except OSError:
        return False
