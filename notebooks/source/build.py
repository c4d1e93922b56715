"""Build the notebooks: each percent source becomes an executed .ipynb in the folder above; and the README's picture.

    python notebooks/source/build.py [--text] [NAME ...]

Building twice gives the same bytes: cell ids come from the text, and whatever differs between two runs (widget ids,
versions) is left out. A cell tagged "clock" prints times: while its code stays the same, and no other cell's output
changes, it keeps what it printed first. A cell tagged "check" holds what the text claims, and is collapsed. A cell that
fails, or writes to stderr, stops the build; the old notebook stays. `<!-- header -->` and `<!-- footer -->` become the
frame of mtcnn_lite/course/pages.py; the first cell of code begins with INSTALL.
"""

import argparse
import copy
import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

import states
from mtcnn_lite.course import pages

SOURCE = Path(__file__).parent
NOTEBOOKS = SOURCE.parent
WIDGETS = NOTEBOOKS.parent / "docs" / "widgets"  # the states of the explorers: see states.py
LARGEST = 1_500_000  # bytes: a notebook that a browser opens at once
# How many threads share a sum decides its last digits, and so a plot's pixels.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MTCNN_LITE_MINE"] = "off"  # nothing of whoever builds
INSTALL = """\
import importlib.util

if not importlib.util.find_spec("mtcnn_lite"):  # on Colab, Kaggle and the like
    course = "git+https://github.com/mtcnn-lite/mtcnn_lite"
    get_ipython().run_line_magic("pip", f"install -q 'mtcnn_lite[lab,reference] @ {course}'")

"""
WIDGET = "application/vnd.jupyter.widget-view+json"
STATES = "application/vnd.jupyter.widget-state+json"


def sources() -> list[Path]:
    """The percent sources of notebooks: 00_name.py to 13_name.py, start_here.py, and those in deeper/."""
    patterns = "[0-9][0-9]_*.py", "start_here.py", "deeper/*.py"
    return sorted(path for pattern in patterns for path in SOURCE.glob(pattern))


def name(source: Path) -> str:
    """What a notebook is called here and in `pages`: 03_pnet, deeper/00_plus_one."""
    return f"deeper/{source.stem}" if source.parent.name == "deeper" else source.stem


def target(source: Path) -> Path:
    return NOTEBOOKS / f"{name(source)}.ipynb"


def terms(number: str) -> list[tuple[str, str]]:
    """The words that the glossary explains from this chapter, and their anchors."""
    glossary = (NOTEBOOKS / "glossary.md").read_text()
    row = r'^\| <a id="([\w-]+)"></a>(.+?) \|.*\| (.*?) \|$'
    explained = re.findall(row, glossary, re.M)  # anchor, words, chapters
    return [(said.replace("**", ""), at) for at, said, where in explained if f"[{number}]" in where]


def framed(cells: list[Any], source: Path) -> None:
    """Put the frame in place of its markers, and INSTALL before the first cell's code."""
    first = next((cell for cell in cells if cell.cell_type == "code"), None)
    if first:
        first.source = INSTALL + first.source
    for cell in cells:
        if pages.HEADER in cell.source:
            cell.source = cell.source.replace(
                pages.HEADER, pages.header(name(source), pages.minutes(cells))
            )
        if pages.FOOTER in cell.source:
            known = terms("start" if source.stem == "start_here" else source.stem[:2])
            known = known if source.parent.name != "deeper" else []
            cell.source = cell.source.replace(pages.FOOTER, pages.footer(name(source), known))


def unexecuted(source: Path) -> nbformat.NotebookNode:
    """The notebook that a source describes: text, tags and ids, no outputs."""
    read = jupytext.read(source, fmt="py:percent")
    notebook = nbformat.v4.new_notebook()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    framed(read.cells, source)
    seen: dict[str, int] = {}
    for cell in read.cells:
        own = cell.source.removeprefix(INSTALL)
        digest = hashlib.sha256(f"{cell.cell_type}\n{own}".encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        new = (
            nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        )
        made = new(cell.source, id=digest if seen[digest] == 1 else f"{digest}-{seen[digest]}")
        if cell.metadata.get("tags"):
            made.metadata["tags"] = cell.metadata["tags"]
            if "check" in cell.metadata["tags"]:
                made.metadata["jupyter"] = {"source_hidden": True}
        notebook.cells.append(made)
    return notebook


def executed(
    notebook: nbformat.NotebookNode, folder: Path
) -> tuple[nbformat.NotebookNode, dict[str, Any] | None]:
    """A copy with outputs, as a run from the folder it lies in gives them, less what no two runs share.

    And the states of the widgets that it shows, see `states`.
    """
    run = copy.deepcopy(notebook)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(run, timeout=600, kernel_name="python3", resources=resources).execute()
    models = run.metadata.get("widgets", {}).get(STATES, {}).get("state", {})
    views: dict[str, list[str]] = {}
    run.metadata = notebook.metadata
    for cell, before in zip(run.cells, notebook.cells, strict=True):
        cell.metadata = before.metadata
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise RuntimeError(
                    f"cell {cell.id} wrote to stderr:\n{output.text}\n--- by\n{cell.source}"
                )
            # its model lives in the kernel that has just ended
            if view := output.get("data", {}).pop(WIDGET, None):
                views.setdefault(cell.id, []).append(view["model_id"])
            if "metadata" in output:
                output.metadata = described(output.metadata)
    return run, states.states(models, views)


def described(metadata: dict[str, Any]) -> dict[str, Any]:
    """Of an output's metadata, what says its alt text: `alt`, and the same by kind of picture."""
    kinds = {
        key: value for key, value in metadata.items() if isinstance(value, dict) and "alt" in value
    }
    return kinds | ({"alt": metadata["alt"]} if "alt" in metadata else {})


def joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """The same outputs, with neighbouring pieces of one stream in one: where a kernel cuts them is chance."""
    whole: list[nbformat.NotebookNode] = []
    for output in outputs:
        if whole and output.output_type == "stream" and whole[-1].get("name") == output.name:
            whole[-1].text += output.text
        else:
            whole.append(output)
    return whole


def keep_times(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Give each cell tagged "clock" the output that it has in the notebook at `path`, if all else came out the same.

    What a clock cell draws may hold results of other cells, so it must not be older than they are.
    """
    if not path.exists():
        return
    old, new = (split_by_clock(each) for each in (nbformat.read(path, 4), notebook))
    if old[False] == new[False]:
        for cell in notebook.cells:
            if cell.id in old[True]:
                cell.outputs = old[True][cell.id]


def split_by_clock(notebook: nbformat.NotebookNode) -> dict[bool, dict[str, Any]]:
    """The outputs of code cells by id: True has those of cells tagged "clock", False the others."""
    split = dict[bool, dict[str, Any]]({True: {}, False: {}})
    for cell in notebook.cells:
        if cell.cell_type == "code":
            split["clock" in cell.metadata.get("tags", ())][cell.id] = cell.outputs
    return split


def build(source: Path) -> bool:
    """Execute one source and write its notebook, and the states of its explorers; whether a file changed."""
    made, alive = executed(unexecuted(source), target(source).parent)
    keep_times(made, target(source))
    changed = states.write(WIDGETS / f"{name(source)}.json", alive)
    return written(made, target(source)) or changed


def written(notebook: nbformat.NotebookNode, path: Path) -> bool:
    """Write a notebook, whole or not at all; whether the file changed."""
    text = nbformat.writes(notebook) + "\n"
    json.loads(text)
    if len(text) > LARGEST:
        raise RuntimeError(f"{path.name} would be {len(text):,} bytes; at most {LARGEST:,}")
    if path.exists() and path.read_text() == text:
        return False
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(text)
    os.replace(partial, path)
    return True


def retell(source: Path) -> bool:
    """Write the notebook with its source's text and the outputs it has; whether it changed. Nothing is executed.

    RuntimeError where its code has changed, but for INSTALL, which prints nothing.
    """
    made, old = unexecuted(source), nbformat.read(target(source), 4)
    code, ran = ([c for c in each.cells if c.cell_type == "code"] for each in (made, old))
    if [cell.source.removeprefix(INSTALL) for cell in code] != [
        cell.source.removeprefix(INSTALL) for cell in ran
    ]:
        raise RuntimeError(f"{name(source)}: its code has changed; build it without --text")
    for cell, before in zip(code, ran, strict=True):
        cell.outputs, cell.execution_count = before.outputs, before.execution_count
    return written(made, target(source))


def picture() -> None:
    """Draw the cascade at work on scikit-image's astronaut: the README's first screen."""
    from skimage.data import astronaut

    from mtcnn_lite import Detector
    from mtcnn_lite.draw import draw_stages

    draw_stages(Detector().trace(astronaut()), height=290).save(NOTEBOOKS / "cascade.jpg")


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the notebooks from notebooks/source/.")
    parser.add_argument(
        "names",
        nargs="*",
        help="for example 03_pnet, deeper/00_plus_one; all of them where none is named",
    )
    parser.add_argument("--text", action="store_true", help="only words and tags: keep the outputs")
    chosen = parser.parse_args()
    known = {name(source): source for source in sources()}
    for each in chosen.names:
        if each not in known:
            parser.error(f"{each} is no source; there are {', '.join(known)}")
    for each in chosen.names or known:
        changed = (retell if chosen.text else build)(known[each])
        print(f"{each}: {'built' if changed else 'unchanged'}", flush=True)
    if chosen.text:
        return 0
    picture()
    return 0


if __name__ == "__main__":
    sys.exit(main())
