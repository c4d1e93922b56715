"""What a training run writes to disk: each file whole or absent, and a folder that says what it holds."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PLAN = "plan.json"


class RunError(ValueError):
    """A folder that holds another run, or photos or samples that a net can't be trained on; the message says which."""


def whole(path: Path, write: Callable[[Path], object]) -> None:
    """`write` a file under a temporary name, then rename it: what has the name is whole."""
    partial = path.with_name(f".{os.getpid()}.part.{path.name}")  # the ending stays: writers go by it
    write(partial)
    os.replace(partial, path)


def claim(out: Path, plan: Mapping[str, Any], resume: bool) -> None:
    """Make `out` the folder of the run that `plan` describes, or find that it is.

    Raises RunError, and changes nothing, where the folder holds something else, another run, or, without `resume`, this
    one. With `resume`, a folder that holds nothing is the beginning of a run: it may have been killed before that.
    """
    text = json.dumps(plan, indent=1)
    held = [path for path in out.iterdir() if ".part." not in path.name] if out.is_dir() else []
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
    for left in out.rglob(".*.part.*"):  # of a run that was killed
        left.unlink()
    whole(out / PLAN, lambda path: path.write_text(text))


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} as {"a.b": 1}."""
    if not isinstance(value, dict):
        return {name: value}
    return {
        key: leaf for part, inner in value.items() for key, leaf in _flat(inner, f"{name}.{part}".strip(".")).items()
    }
