"""The machinery behind the judges: it runs a function on cases and names its likely mistake."""

from mtcnn_lite.course.checks.judge import drawing, slips
from mtcnn_lite.course.checks.judge.judge import Case, Judge
from mtcnn_lite.course.checks.judge.slips import Change, Function, Functions, Hints
from mtcnn_lite.course.checks.judge.text import Array
from mtcnn_lite.course.checks.judge.verdict import Verdict

__all__ = ["Array", "Case", "Change", "Function", "Functions", "Hints", "Judge", "Verdict", "drawing", "slips"]
