"""The folder of a training run, which says what it holds: no two runs can mix."""

import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from mtcnn_lite.runtime.files import finished, remove_unfinished, write_whole

PLAN, COPY = "plan.json", "plan.copy.json"


class RunError(ValueError):
    """A folder that holds another run, or photos or samples that a net can't be trained on; the message says which."""


def claim(out: Path, plan: Mapping[str, Any], resume: bool) -> None:
    """Make `out` the folder of the run that `plan` describes, or check that it is.

    Parameters
    ----------
    out
        The folder; it is made where it is missing.
    plan
        All that the result depends on, as JSON can hold it; written to `plan.json`, and to a copy, for where a crash
        damages one of them.
    resume
        Whether the folder may hold this very run already. If it holds nothing, the run begins: it may have been killed
        before its first file.

    Raises
    ------
    RunError
        Where the folder holds something else, another run, or, without `resume`, this one. Nothing is changed then.
    """
    text = json.dumps(plan, indent=1)
    if out.exists() and not out.is_dir():
        raise RunError(f"{out} is a file; the run needs a folder")
    held = list(finished(out)) if out.is_dir() else []
    names = [name for name in (PLAN, COPY) if (out / name).is_file()]  # a named pipe would be waited for
    if held and not names:
        raise RunError(f"{out} holds something else ({held[0].name}) and no {PLAN}; choose a new folder")
    if held:
        _compare(out, {name: (out / name).read_bytes() for name in names}, text)
        if not resume:
            raise RunError(
                f"{out} holds this run already: --resume goes on with it; to begin anew, choose a new folder"
            )
    out.mkdir(parents=True, exist_ok=True)
    remove_unfinished(out)
    for name in (COPY, PLAN):
        write_whole(out / name, lambda path: path.write_text(text))


def _compare(out: Path, there: Mapping[str, bytes], text: str) -> None:
    """Raise RunError unless one of the plans that are there is `text`; standard error names one that is not."""
    now, flat = _flat(json.loads(text)), dict[str, dict[str, Any]]()
    for name, content in there.items():
        try:
            flat[name] = _flat(json.loads(content))
        except ValueError as error:
            problem = RunError(f"{out / name} can't be read ({error}); choose a new folder")
    if now not in flat.values():
        for plan in flat.values():
            key = next(key for key in now | plan if now.get(key) != plan.get(key))
            raise RunError(f"{out} holds a run with another {key}: {plan.get(key)!r} there, {now.get(key)!r} now; "
                           "go on as it began, or choose a new folder")  # fmt: skip
        raise problem
    for name in (PLAN, COPY):
        if flat.get(name) != now and (name in there or name == PLAN):
            notice(out / name, "made again")


def notice(path: Path, what_follows: str) -> None:
    """Say on standard error that a file is damaged or missing, and what becomes of that."""
    print(f"{path} is damaged or missing: {what_follows}", file=sys.stderr, flush=True)


def torch_bytes(state: Any) -> memoryview:
    """What `torch.save` would write to a file, but the same bytes in every run, also in one that was interrupted.

    Left to itself, it writes the file's name as well, and equal strings once or twice, as they happen to lie in memory.
    """
    file = io.BytesIO()
    torch.save(_interned(state), file)
    return file.getbuffer()


def _interned(value: Any) -> Any:
    """The same tree, in which equal strings are one object."""
    if isinstance(value, dict):
        return {_interned(key): _interned(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_interned, value))
    return sys.intern(value) if isinstance(value, str) else value


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} as {"a.b": 1}."""
    if not isinstance(value, dict):
        return {name: value}
    return {
        key: leaf for part, inner in value.items() for key, leaf in _flat(inner, f"{name}.{part}".strip(".")).items()
    }
