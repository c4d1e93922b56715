"""The list of exercises against the notebooks that set them, and the judges."""

import re
import time
from pathlib import Path

import pytest
from judging import JUDGES, solutions, written

from mtcnn_lite.course import checks
from mtcnn_lite.course.exercises import EXERCISES

SOURCE = Path(__file__).parents[2] / "notebooks" / "source"
SET = re.compile(
    r"^# ### Exercise: [^\n]*\((\w+)\)$(.*?)^def (\w+)\([^\n]*\):\n    raise NotImplementedError$", re.M | re.S
)


def in_notebooks():
    """(function, notebook, difficulty) of each exercise, in the order of the chapters."""
    for path in sorted([*SOURCE.glob("[01]*.py"), *SOURCE.glob("deeper/*.py")], key=lambda path: path.name[:2]):
        name = path.relative_to(SOURCE).with_suffix("").as_posix()
        for difficulty, _, function in SET.findall(path.read_text()):
            yield function, name, difficulty


def test_the_list_is_that_of_the_notebooks():
    listed = [(each.written, each.notebook, each.difficulty) for each in EXERCISES.values()]
    assert sorted(listed) == sorted(in_notebooks())
    assert [each[:2] for each in sorted(listed, key=lambda each: each[1].split("/")[-1][:2])] == [
        each[:2] for each in listed
    ]


@pytest.mark.parametrize("name", EXERCISES)
def test_each_has_a_judge(name):
    assert name in JUDGES
    assert EXERCISES[name].written == written(name)


def test_each_judge_has_an_exercise():
    assert set(EXERCISES) == set(JUDGES)


def test_all_judges_together_compute_for_under_ten_seconds(monkeypatch):
    """About 2 s of processor time, over half of it train_rnet's; waiting for other processes does not count."""
    monkeypatch.setenv("MTCNN_LITE_MINE", "off")
    right = solutions()
    begun = time.process_time()
    verdicts = {name: getattr(checks, name)(getattr(right, written(name))) for name in EXERCISES}
    took = time.process_time() - begun
    assert all(verdicts.values()), {name: verdict for name, verdict in verdicts.items() if not verdict}
    assert took < 10
