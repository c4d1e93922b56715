"""Random input of a fixed seed, 200 cases of each kind: every outcome is right, or one clear error."""

from importlib import import_module

import pytest
from fuzz import KINDS


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_outcome_is_unclear(kind):
    assert import_module(f"fuzzing.{kind}").run(200, seed=0) == []


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: 1, None),
        (lambda: 2, "a wrong result"),
        (lambda: [][1], "builtins.IndexError"),
        (lambda: int("x"), "does not name photo"),
        (lambda: int("photo"), None),
    ],
)
def test_what_counts_as_unclear(call, expected):
    from fuzzing.outcomes import unclear

    found = unclear(call, ValueError, "photo", lambda result: result == 1)
    assert found is None if expected is None else expected in found


def test_what_hangs_is_stopped(monkeypatch):
    from fuzzing import outcomes

    monkeypatch.setattr(outcomes, "SECONDS", 1)
    assert outcomes.unclear(lambda: [None for _ in iter(int, 1)], ValueError, "", bool) == "takes over 1 s"
