"""What of a submission is run, and which of its functions are judged."""

import json

import numpy as np
import pytest

from mtcnn_lite.course.grading.submission import SubmissionError, cells, files, load, submissions


def notebook(path, *sources, kind="code"):
    cells = [{"cell_type": kind, "metadata": {}, "source": source.splitlines(True), "outputs": []}
             for source in sources]  # fmt: skip
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def python(path, text):
    path.write_text(text)
    return path


IOU = "def iou(box, boxes):\n    return {}\n"


def test_cells_are_those_of_code(tmp_path):
    path = notebook(tmp_path / "a.ipynb", "x = 1\ny = 2", "z = 3")
    assert cells(path) == [("a.ipynb, cell 1", "x = 1\ny = 2"), ("a.ipynb, cell 2", "z = 3")]
    assert cells(notebook(tmp_path / "b.ipynb", "# words", kind="markdown")) == []
    assert cells(python(tmp_path / "c.py", "x = 1")) == [("c.py", "x = 1")]


@pytest.mark.parametrize(
    "text", [b"", b"no JSON", b"[1]", b'{"cells": 1}', b'{"cells": [{}]}', b"\xff\xfe\x00", b"[" * 99999]
)
def test_what_is_no_notebook_says_so(tmp_path, text):
    path = tmp_path / "a.ipynb"
    path.write_bytes(text)
    with pytest.raises(SubmissionError, match=r"^a\.ipynb is no(t text in UTF-8| notebook: it must be JSON)"):
        cells(path)


@pytest.mark.parametrize(
    ("statement", "runs"),
    [
        ("import math", True),
        ("try:\n    import nothing_of_this_name as math\nexcept ImportError:\n    import math", True),
        ("K = 3", True),
        ("K: float = -1 / 3", True),
        ("A, B = (1, 2), [3]", True),
        ("T = np.array([[1, 2]]) * K0", True),
        ("F = lambda x: x + 1", True),
        ("class C:\n    pass", True),
        ("K = seen.append(1)", False),
        ("K = open('x')", False),
        ("seen.append(1)", False),
        ("for i in range(3):\n    seen.append(i)", False),
        ("if True:\n    seen.append(1)", False),
        ("with open('x') as f:\n    pass", False),
        ("seen[0] = 1", False),
        ("K = [seen.append(x) for x in range(3)]", False),
    ],
)
def test_only_imports_definitions_and_constants_are_run(tmp_path, statement, runs):
    before = "import numpy as np\nK0 = 2\nseen = []\n"
    after = "\ndef iou(box, boxes):\n    return globals()\n"
    plain = load(python(tmp_path / "plain.py", before + after)).functions["iou"](0, 0)
    loaded = load(python(tmp_path / "a.py", f"{before}{statement}{after}"))
    there = loaded.functions["iou"](0, 0)
    assert (set(there) > set(plain)) == runs
    assert there["seen"] == []
    assert loaded.notes == []


def test_run_all_runs_the_rest(tmp_path):
    path = python(tmp_path / "a.py", "def iou(box, boxes):\n    return seen\nseen = []\nseen.append(7)\n")
    assert load(path).functions["iou"](0, 0) == []
    assert load(path, run_all=True).functions["iou"](0, 0) == [7]


def test_the_last_definition_counts_and_helpers_work(tmp_path):
    path = notebook(
        tmp_path / "a.ipynb",
        "%matplotlib inline\nimport numpy as np\n!pip list",
        IOU.format(1),
        "%%time\nthis is not Python",
        "HALF = np.float32(0.5)\ndef helper():\n    return HALF",
        IOU.format("helper()"),
        "iou?",
    )
    loaded = load(path)
    assert loaded.functions["iou"](0, 0) == np.float32(0.5)
    assert loaded.notes == []


def test_what_is_handed_to_the_judge_counts(tmp_path):
    text = IOU.format(1) + "def my_iou(box, boxes):\n    return 2\nverdict = checks.iou(my_iou)\n"
    assert load(python(tmp_path / "a.py", text)).functions["iou"](0, 0) == 2


def test_what_was_only_imported_is_not_the_readers(tmp_path):
    assert load(python(tmp_path / "a.py", "from mtcnn_lite.boxes import iou\n")).functions == {}


def test_a_broken_cell_costs_itself_alone(tmp_path):
    loaded = load(notebook(tmp_path / "a.ipynb", "def broken(:", "import nothing_of_this_name", IOU.format(3)))
    assert loaded.functions["iou"](0, 0) == 3
    assert loaded.notes == [
        "a.ipynb, cell 1, line 1 is not valid Python (invalid syntax)",
        "a.ipynb, cell 2, line 1: ModuleNotFoundError: No module named 'nothing_of_this_name'",
    ]


def test_a_folder_is_one_submission_or_many(tmp_path):
    for place in ("ann/00.py", "ann/deeper/01.ipynb", "ann/.ipynb_checkpoints/00.ipynb", "bob.py", "c.txt", "d/e.txt"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("")
    assert [path.name for path in submissions(tmp_path)] == ["ann", "bob.py"]
    assert [path.name for path in files(tmp_path / "ann")] == ["00.py", "01.ipynb"]


def test_files_of_a_folder_do_not_share_names(tmp_path):
    python(tmp_path / "00.py", "SCALE = 2\n" + IOU.format("SCALE"))
    python(tmp_path / "01.py", "SCALE = 5\ndef nms(boxes, scores, threshold):\n    return SCALE\n")
    functions = load(tmp_path).functions
    assert (functions["iou"](0, 0), functions["nms"](0, 0, 0)) == (2, 5)


def test_a_folder_without_a_readable_file(tmp_path):
    (tmp_path / "a.ipynb").write_text("no JSON")
    with pytest.raises(SubmissionError, match=r"^a\.ipynb is no notebook"):
        load(tmp_path)
