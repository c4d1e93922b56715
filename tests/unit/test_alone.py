"""Tests that must run alone do so, in a run with several processes."""

import subprocess
import sys
from pathlib import Path

import pytest

ORDINARY = """
import time
import pytest

def note(text):
    with open({log!r}, "a") as log:
        log.write(text + "\\n")

@pytest.mark.parametrize("number", range(12))
def test_ordinary(number):
    note("ordinary in")
    time.sleep(0.05)
    note("ordinary out")
"""
MEASURED = """
import time
import pytest
from test_ordinary import note

@pytest.mark.alone
@pytest.mark.parametrize("number", range(3))
def test_measured(number):
    note("alone in")
    time.sleep(0.2)
    note("alone out")
"""
AGAIN = """
import time
from test_ordinary import note

def test_measured_again(alone):
    note("ordinary in")
    time.sleep(0.05)
    note("ordinary out")  # as far as the others are concerned
    for _ in range(2):
        with alone():
            note("alone in")
            time.sleep(0.2)
            note("alone out")
        time.sleep(0.05)
"""


def lines_of_a_run(tmp_path, **files):
    """What the tests of these files and ORDINARY note, in the order of time, in two processes; a file to each."""
    pytest.importorskip("fcntl", reason="where files can't be locked, nobody waits")
    log = tmp_path / "log"
    (tmp_path / "test_ordinary.py").write_text(ORDINARY.format(log=str(log)))
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["alone"]\n')
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {Path(__file__).parents[1]} .\nmarkers = alone\n")
    command = [*(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"), "--numprocesses", "2"]
    command += ["--dist", "loadfile"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return log.read_text().splitlines()


@pytest.mark.slow
def test_nothing_runs_beside_a_test_that_is_alone(tmp_path):
    lines = lines_of_a_run(tmp_path, test_measured=MEASURED)
    assert (lines.count("alone in"), lines.count("ordinary in")) == (3, 12)
    for place in [at for at, line in enumerate(lines) if line == "alone in"]:
        assert lines[place + 1] == "alone out"
    began = lines.index("alone in")
    before = lines[:began]
    assert before.count("ordinary in") == before.count("ordinary out")  # those that ran had ended
    assert len(before) < 24, "it waited for all others, not for one"


@pytest.mark.slow
def test_a_test_that_began_beside_others_can_be_alone_for_a_while(tmp_path):
    """Two such tests, so that both ask for it at the same time."""
    lines = lines_of_a_run(tmp_path, test_one=AGAIN, test_two=AGAIN)
    assert (lines.count("alone in"), lines.count("ordinary in")) == (4, 14)
    for place in [at for at, line in enumerate(lines) if line == "alone in"]:
        assert lines[place + 1] == "alone out"
        assert lines[:place].count("ordinary in") == lines[:place].count("ordinary out")
