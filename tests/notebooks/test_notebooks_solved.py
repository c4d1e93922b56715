"""A reader who has solved the exercises: a chapter runs to its end on that reader's functions, and says so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = sorted((Path(__file__).parents[2] / "notebooks" / "source").glob("[0-9]*.py"))
LONG = ("09_training", "11_limits", "12_recognition")  # these train and measure for minutes
SOLVED = """
import re
import sys

import jupytext

from mtcnn_lite.course.checks.judge.verdict import Verdict

sys.path.append("source")
import solutions

page = {"__name__": "__main__"}
for number, cell in enumerate(jupytext.read(sys.argv[1], fmt="py:percent").cells):
    if cell.cell_type == "code":
        stub = re.compile(r"^def (\\w+)\\(.*\\):\\n    raise NotImplementedError$", re.M)
        code = stub.sub(r"from solutions import \\1", cell.source)
        if code.startswith("mine = {}  # paste your functions"):
            code = (
                "import solutions\\nmine = {k: v for k, v in vars(solutions).items() if callable(v)}\\n"
                "globals().update({k: v for k, v in mine.items() if k != 'iou'})"  # pasted, as the text says
            )
        exec(compile(code, f"cell {number}", "exec"), page)
print("verdicts:", *(value.passed for value in page.values() if isinstance(value, Verdict)))
"""


@pytest.mark.parametrize("source", [s for s in SOURCES if s.stem not in LONG], ids=lambda source: source.stem)
def test_chapter_runs_on_the_solutions(source, notebooks):
    stubs = re.findall(r"^def (\w+)\(.*\):\n    raise NotImplementedError$", source.read_text(), re.M)
    assert stubs
    done = subprocess.run(
        [sys.executable, "-c", SOLVED, str(source)],
        cwd=notebooks,
        env=os.environ | {"MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = done.stdout
    assert said.rstrip().endswith("verdicts: " + " ".join(["True"] * len(stubs)))
    for excuse in ("nothing yet", "nothing of yours", "until yours has passed", "from the solutions", "by the package"):
        assert excuse not in said
