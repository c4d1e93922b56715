"""What an explorer needs to work on a page without a kernel: the states of its widgets, in a file beside the notebook.

A notebook keeps a still picture of each explorer. The states lie in docs/widgets/NAME.json, where `make site` finds them:

- views: the id of a cell to the models that it shows
- models: ipywidgets' states by id, m0, m1, ... in the order in which Python made them
- buffers: what is binary in them, base64, by its SHA-256: a photo that two explorers show is there once

The text of a script or a style of mtcnn_lite/course/explorers/ is its files' names here, so that a page always runs the
files as they are.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

EXPLORERS = Path(__file__).parents[2] / "mtcnn_lite" / "course" / "explorers"
TEXTS = {"_esm": "*.js", "_css": "*.css"}
MEASURED = {"costs"}  # traits that hold times: no two runs agree on them
REFERENCE = re.compile(r"IPY_MODEL_(\w+)")
LOOKS = re.compile(r"(Layout|Style)Model$")


def states(models: dict[str, dict[str, Any]], views: dict[str, list[str]]) -> dict[str, Any] | None:
    """The contents of a file of states; None where no cell shows a widget.

    Parameters
    ----------
    models : dict
        ipywidgets' states by their ids, as nbclient has them, in the order in which they were made.
    views : dict
        The id of a cell to the ids of the models that it shows.
    """
    shown = reached(models, [model for each in views.values() for model in each])
    names = {
        old: f"m{number}" for number, old in enumerate(each for each in models if each in shown)
    }
    buffers: dict[str, str] = {}
    made = {}
    for old, new in names.items():
        model = models[old]
        held = {}
        for buffer in model.get("buffers", []):
            key = hashlib.sha256(buffer["data"].encode()).hexdigest()[:16]
            buffers[key] = buffer["data"]
            # where in the state: "photo", "others/the wall/photo"
            held["/".join(map(str, buffer["path"]))] = key
        made[new] = {
            "name": model["model_name"],
            "module": model["model_module"],
            "version": model["model_module_version"],
            "state": renamed(slim(model["state"], model["model_name"]), names),
        } | ({"buffers": held} if held else {})
    if not made:
        return None
    return {
        "views": {cell: [names[each] for each in ids] for cell, ids in views.items()},
        "models": made,
        "buffers": dict(sorted(buffers.items())),
    }


def mentioned(value: Any) -> set[str]:
    """The ids of the models that a state speaks of."""
    return set(REFERENCE.findall(json.dumps(value)))


def reached(models: dict[str, dict[str, Any]], roots: list[str]) -> set[str]:
    """The ids of what `roots` are made of, and of the links between those."""
    found: set[str] = set()
    waiting = list(roots)
    while True:
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += mentioned(models[each]["state"])
        waiting = [
            key
            for key, model in models.items()
            if model["model_name"] in ("LinkModel", "DirectionalLinkModel")
            and key not in found
            and mentioned(model["state"]) <= found
        ]
        if not waiting:
            return found


def slim(state: dict[str, Any], kind: str) -> dict[str, Any]:
    """A state without what says nothing: a layout has forty values, nearly all of them null."""
    if LOOKS.search(kind):
        state = {key: value for key, value in state.items() if value is not None}
    return {
        key: files(value, TEXTS[key]) if key in TEXTS else value for key, value in state.items()
    }


def files(text: str, pattern: str) -> list[str] | str:
    """The names of the explorers' files whose texts, one after the other, are this text; or the text."""
    names, rest = [], text
    known = sorted(EXPLORERS.glob(pattern), key=lambda path: -path.stat().st_size)
    while rest:
        found = next((path for path in known if rest.startswith(path.read_text())), None)
        if found is None:
            return text
        names.append(found.name)
        rest = rest[len(found.read_text()) :]
    return names


def renamed(value: Any, names: dict[str, str]) -> Any:
    """The same state with other ids."""
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: f"IPY_MODEL_{names[found[1]]}", value)
    if isinstance(value, list):
        return [renamed(each, names) for each in value]
    if isinstance(value, dict):
        return {key: renamed(each, names) for key, each in value.items()}
    return value


def keep_measured(made: dict[str, Any], old: dict[str, Any]) -> None:
    """Take over the times of the states from last time, for each model that came out the same but for them."""
    for key, model in made["models"].items():
        before = old["models"].get(key)
        if before and unmeasured(before) == unmeasured(model):
            model["state"] = before["state"]


def unmeasured(model: dict[str, Any]) -> dict[str, Any]:
    return model | {
        "state": {key: value for key, value in model["state"].items() if key not in MEASURED}
    }


def text(made: dict[str, Any]) -> str:
    """The file's text: a line for each view, model and buffer, so that a change shows where it is."""
    parts = []
    for name, entries in made.items():
        lines = [
            f"{json.dumps(key)}: {json.dumps(value, sort_keys=True)}"
            for key, value in entries.items()
        ]
        parts.append(f'"{name}": {{\n' + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def write(path: Path, made: dict[str, Any] | None) -> bool:
    """Write a file of states, or take it away where there are none; whether anything changed."""
    if made is None:
        existed = path.exists()
        path.unlink(missing_ok=True)
        return existed
    if path.exists():
        keep_measured(made, json.loads(path.read_text()))
    if path.exists() and path.read_text() == text(made):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(text(made))
    partial.replace(path)
    return True
