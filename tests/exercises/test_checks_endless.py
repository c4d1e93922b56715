"""A function that does not come to an end gets its verdict: on any thread, however the loop is written."""

import itertools
import threading

import numpy as np
import pytest
from judging import check_html

from mtcnn_lite.boxes import square_boxes
from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.judge import limits


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(limits, "LINES", 20_000)
    monkeypatch.setattr(limits, "SECONDS", 0.3)


def one_line(boxes):
    while True: pass  # noqa: E701  # fmt: skip


def two_lines(boxes):
    while True:
        pass


def over_a_counter(boxes):
    return [number for number in itertools.count() if number < 0]


def calls_itself_by_turns(boxes):
    return next(number for number in iter(int, 1) if number)


def swallows_exceptions(boxes):
    while True:
        try:
            boxes = boxes / 2
        except Exception:
            boxes = boxes * 0


def swallows_everything(boxes):
    while True:
        try:
            boxes = boxes / 2
        except:  # noqa: E722
            boxes = boxes * 0


class WithoutCode:
    def __call__(self, boxes):
        while True: pass  # noqa: E701  # fmt: skip


ENDLESS = [one_line, two_lines, over_a_counter, calls_itself_by_turns, swallows_exceptions, swallows_everything,
           WithoutCode()]  # fmt: skip


@pytest.mark.parametrize("fn", ENDLESS, ids=lambda fn: getattr(fn, "__name__", type(fn).__name__))
def test_it_is_stopped(fn):
    verdict = checks.square_boxes(fn)
    assert "does not come to an end" in verdict.hint
    assert dict(verdict.facts)["got"].startswith("Endless: stopped after ")
    check_html(verdict)


def test_time_is_named_where_time_stopped_it():
    got = dict(checks.square_boxes(one_line).facts)["got"]
    assert got.splitlines()[0] == "Endless: stopped after 0.3 seconds"
    assert "of one_line" in got


def test_it_is_stopped_on_another_thread_too():
    verdicts = []
    thread = threading.Thread(target=lambda: verdicts.append(checks.square_boxes(one_line)))
    thread.start()
    thread.join()
    assert "does not come to an end" in verdicts[0].hint


def test_two_threads_are_stopped_each_by_its_own_limit():
    verdicts = []
    threads = [
        threading.Thread(target=lambda fn=fn: verdicts.append(bool(checks.square_boxes(fn))))
        for fn in (one_line, square_boxes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(verdicts) == [False, True]


def test_it_is_stopped_once_where_a_later_case_is_endless():
    """A wrong answer first, and no end in all that follow: one wait, not one a case."""
    calls = []

    def fn(boxes):
        calls.append(len(boxes))
        if len(calls) > 2:
            one_line(boxes)
        return boxes if len(calls) == 2 else np.zeros_like(boxes)

    assert not checks.square_boxes(fn)
    assert len(calls) <= 4


def test_nothing_arrives_late():
    """What is stopped at the last moment leaves no exception behind for the code that follows."""

    def barely(boxes):
        started = __import__("time").perf_counter()
        while __import__("time").perf_counter() < started + limits.SECONDS - 0.001: pass  # noqa: E701  # fmt: skip
        return square_boxes(boxes)

    for _ in range(2):
        checks.square_boxes(barely)
        sum(number for number in range(200_000))
    assert threading.active_count() < 20
