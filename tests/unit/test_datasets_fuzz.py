"""Random damage to label sets, at a fixed seed; `python tests/fuzz.py --kinds readers` runs it at any length."""

from fuzzing.readers import run


def test_damaged_labels_are_read_or_refused_clearly():
    assert run(cases=100, seed=0) == []
