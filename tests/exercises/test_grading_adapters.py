"""The judges in other graders: their files by themselves, then otter-grader and nbgrader where they are installed.

Tried with otter-grader 7.0.0 and nbgrader 0.9.6, which are no dependencies: `pip install otter-grader nbgrader`.
"""

import json
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import nbformat
import pytest

from mtcnn_lite.cli import main
from mtcnn_lite.course.exercises import EXERCISES
from mtcnn_lite.course.grading.adapters import judged, nbgrader_notebooks, otter_tests

RIGHT = """
def iou(box, boxes):
    shared = np.clip(np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2]), 0, None).prod(1)
    union = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(1) - shared
    return np.divide(shared, union, out=np.zeros(len(boxes)), where=union > 0)
"""
WRONG = "def iou_matrix(a, b):\n    return np.zeros((len(a), len(b)))\n"


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    monkeypatch.setenv("MTCNN_LITE_MINE", "off")


def space(*sources):
    names = {}
    exec("\n".join(["import numpy as np", *sources]), names)
    return names


def outcome(run):
    """ "" where it passed, else what it says."""
    try:
        return run() or ""
    except AssertionError as error:
        return str(error)


def test_the_judge_of_others_says_what_ours_says():
    names = space(RIGHT, WRONG)
    assert judged("iou", names["iou"]) is None
    assert outcome(lambda: judged("iou_matrix", names["iou_matrix"])).startswith("checks.iou_matrix: not yet")
    assert outcome(lambda: judged("pnet", None)) == "build_pnet is not defined"


def test_otter_files_define_a_case_for_each_exercise(monkeypatch):
    """With a stand-in for otter, which reads them by running them."""
    kept = types.ModuleType("otter.test_files")
    kept.test_case = lambda: lambda case: case
    monkeypatch.setitem(sys.modules, "otter", types.ModuleType("otter"))
    monkeypatch.setitem(sys.modules, "otter.test_files", kept)
    files = otter_tests(list(EXERCISES))
    assert list(files) == [f"{name}.py" for name in EXERCISES]
    said = {}
    for file, text in files.items():
        defined = {}
        exec(text, defined)
        name = file.removesuffix(".py")
        assert (defined["OK_FORMAT"], defined["name"], defined["points"]) == (False, name, 1)
        said[name] = outcome(lambda case=defined[f"test_{name}"]: case(space(RIGHT, WRONG)))
    assert said["iou"] == ""
    assert said["iou_matrix"].startswith("checks.iou_matrix: not yet")
    assert said["pnet"] == "build_pnet is not defined"
    assert said["nms"] == "nms is not defined"


def test_nbgraders_notebooks_have_a_solution_and_a_judge_for_each_exercise():
    made = nbgrader_notebooks(list(EXERCISES))
    assert set(made) == {each.notebook.rpartition("/")[2] + ".ipynb" for each in EXERCISES.values()}
    graded = []
    for text in made.values():
        notebook = nbformat.reads(text, 4)
        nbformat.validate(notebook)
        roles = [cell.metadata.get("nbgrader") for cell in notebook.cells]
        ids = [role.grade_id for role in roles if role]
        assert len(ids) == len(set(ids))
        for before, cell, role in zip([None, *notebook.cells], notebook.cells, roles, strict=False):
            if role and role.grade:
                name = role.grade_id.removeprefix("judge_")
                assert (role.points, role.locked, role.solution) == (1, True, False)
                assert before.metadata.nbgrader.solution
                region = r"    ### BEGIN SOLUTION\n    raise NotImplementedError\n    ### END SOLUTION"
                assert re.search(rf"def {EXERCISES[name].written}\([^\n]*\):\n{region}$", before.source, re.M)
                assert outcome(lambda code=cell.source: exec(code, space(RIGHT))) == "" if name == "iou" else True
                graded.append(name)
    assert sorted(graded) == sorted(EXERCISES)


def test_the_command_writes_them_and_overwrites_nothing(tmp_path, capsys):
    command = ["check", "--otter", str(tmp_path / "a"), "--nbgrader", str(tmp_path / "b"), "--exercises", "iou,nms"]
    assert main(command) == 0
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["00_iou.ipynb", "01_nms.ipynb", "iou.py", "nms.py"]
    (tmp_path / "a" / "iou.py").write_text("mine")
    capsys.readouterr()
    assert main(command) == 1
    assert f"{tmp_path / 'a' / 'iou.py'} exists, and was left as it is" in capsys.readouterr().err
    assert (tmp_path / "a" / "iou.py").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [([], "a notebook, a Python file or a folder is missing"), (["a.py", "--otter", "x"], "leave out a.py")],
)
def test_what_the_command_refuses(arguments, says, capsys):
    with pytest.raises(SystemExit):
        main(["check", *arguments])
    assert says in capsys.readouterr().err


def run(*command, **how):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **how)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def code(source):
    return nbformat.v4.new_code_cell(source)


@pytest.mark.slow
def test_otter_grades_with_our_judges(tmp_path):
    pytest.importorskip("otter", reason="needs otter-grader")
    assert main(["check", "--otter", str(tmp_path / "tests"), "--exercises", "iou,iou_matrix,nms"]) == 0
    work = nbformat.v4.new_notebook(cells=[code("import numpy as np"), code(RIGHT), code(WRONG)])
    nbformat.write(work, tmp_path / "work.ipynb")
    said = run(sys.executable, "-m", "otter", "check", "work.ipynb", cwd=tmp_path)
    assert "iou results: All test cases passed" in said
    assert "checks.iou_matrix: not yet" in said
    assert "nms is not defined" in said


@pytest.mark.slow
def test_nbgrader_grades_with_our_judges(tmp_path):
    pytest.importorskip("nbgrader", reason="needs nbgrader")
    from nbgrader.api import Gradebook

    assert main(["check", "--nbgrader", str(tmp_path / "source" / "faces"), "--exercises", "iou,iou_matrix"]) == 0
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'faces'\n")
    nbgrader = (sys.executable, "-m", "nbgrader")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # where it looks for alembic
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PATH": path}
    run(*nbgrader, "generate_assignment", "faces", cwd=tmp_path, env=environment)
    released = json.loads((tmp_path / "release" / "faces" / "00_iou.ipynb").read_text())
    submitted = tmp_path / "submitted" / "ann" / "faces" / "00_iou.ipynb"
    submitted.parent.mkdir(parents=True)
    for cell in released["cells"]:
        source = "".join(cell["source"])
        if "def iou(" in source:
            assert "YOUR CODE HERE" in source
            cell["source"] = "import numpy as np\n" + source.partition("def iou(")[0] + RIGHT
    submitted.write_text(json.dumps(released))
    run(*nbgrader, "autograde", "faces", cwd=tmp_path, env=environment)
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        notebook = book.find_submission_notebook("00_iou", "faces", "ann")
        scores = {grade.name: (grade.auto_score, grade.max_score) for grade in notebook.grades}
    assert scores == {"judge_iou": (1, 1), "judge_iou_matrix": (0, 1)}
