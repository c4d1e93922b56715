"""docs/classroom.md: its commands, run as they stand on composed clips."""

import importlib
import sys

import pytest


@pytest.fixture
def classroom(root, monkeypatch):
    """benchmarks/classroom.py, which the page's figures come from."""
    monkeypatch.setattr(sys, "path", [str(root / "benchmarks"), *sys.path])
    return importlib.import_module("classroom")


def test_the_pages_commands_are_those_of_the_package(classroom):
    from mtcnn_lite.cli import _parser

    found = classroom.commands()
    assert [command[0] for command in found] == ["label", "label", "train", "evaluate", "evaluate", "label"]
    for command in found:
        _parser().parse_args(command)


@pytest.mark.slow
def test_tuned_weights_find_more_small_dark_faces_of_a_lesson_held_out(classroom, tmp_path):
    """As the page says, by more than chance; and other photos lose nothing that can be told from chance."""
    measured = classroom.walk(tmp_path, frames=16)
    lesson, general = (measured[name]["tuned/weights"]["less"]["mtcnn_lite"]["detection"]["12"]
                       for name in ("tuesday", "general"))  # fmt: skip
    before = measured["tuesday"]["mtcnn_lite"]["detection"]["12"]
    assert before["faces"] > 120
    assert before["recall_at_90"] < 0.8  # a hard lesson: there is something to gain
    for figure in ("recall_at_90", "average_precision"):
        assert lesson[figure]["difference"] > 0.05
        assert lesson[figure]["low"] > 0
    assert general["average_precision"]["difference"] > -0.03
