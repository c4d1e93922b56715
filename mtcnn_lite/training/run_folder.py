"""The folder of a training run, which says what it holds: no two runs can mix."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtcnn_lite.runtime.files import finished, remove_unfinished, write_whole

PLAN = "plan.json"


class RunError(ValueError):
    """A folder that holds another run, or photos or samples that a net can't be trained on; the message says which."""


def claim(out: Path, plan: Mapping[str, Any], resume: bool) -> None:
    """Make `out` the folder of the run that `plan` describes, or check that it is.

    Parameters
    ----------
    out
        The folder; it is made where it is missing.
    plan
        All that the result depends on, as JSON can hold it; written to `plan.json`.
    resume
        Whether the folder may hold this very run already. If it holds nothing, the run begins: it may have been killed
        before its first file.

    Raises
    ------
    RunError
        Where the folder holds something else, another run, or, without `resume`, this one. Nothing is changed then.
    """
    text = json.dumps(plan, indent=1)
    held = list(finished(out)) if out.is_dir() else []
    if out.exists() and not out.is_dir():
        raise RunError(f"{out} is a file; the run needs a folder")
    if held and not (out / PLAN).exists():
        raise RunError(f"{out} holds something else ({held[0].name}) and no {PLAN}; choose a new folder")
    if held:
        try:
            there = _flat(json.loads((out / PLAN).read_text()))
        except ValueError as error:
            raise RunError(f"{out / PLAN} can't be read ({error}); choose a new folder") from None
        now = _flat(json.loads(text))
        for key in now | there:
            if now.get(key) != there.get(key):
                raise RunError(f"{out} holds a run with another {key}: {there.get(key)!r} there, {now.get(key)!r} now; "
                               "go on as it began, or choose a new folder")  # fmt: skip
        if not resume:
            raise RunError(
                f"{out} holds this run already: --resume goes on with it; to begin anew, choose a new folder"
            )
    out.mkdir(parents=True, exist_ok=True)
    remove_unfinished(out)
    write_whole(out / PLAN, lambda path: path.write_text(text))


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} as {"a.b": 1}."""
    if not isinstance(value, dict):
        return {name: value}
    return {
        key: leaf for part, inner in value.items() for key, leaf in _flat(inner, f"{name}.{part}".strip(".")).items()
    }
