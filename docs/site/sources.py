"""What Sphinx reads: the notebooks, guides and README of the checkout, copied and made ready for the site.

Nothing is executed. Files keep their places relative to one another, so that links between them stay as they are; a
link to a file that is no page of the site leads to the repository.
"""

import base64
import gzip
import io
import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import reference
from addresses import BADGES, BRANCH, places
from docutils.nodes import make_id
from PIL import Image

ROOT = Path(__file__).parents[2]
WIDGETS = ROOT / "docs" / "widgets"
EXPLORERS = ROOT / "mtcnn_lite" / "course" / "explorers"
STAGE = ROOT / "build" / "site"  # where Sphinx reads
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REPOSITORY = PROJECT["urls"]["Source"]  # the one setting: https://github.com/OWNER/NAME

GUIDES = ("notebooks/*.md", "data/*.md", "docs/*.md", "benchmarks/*.md")
FOR_TEACHERS = ("answers.md",)  # left out
PICTURES = ("notebooks/*.jpg", "notebooks/*.png")
OWN_PHOTO = {"notebooks/start_here": "", "notebooks/03_pnet": "pnet"}  # below the first explorer, and what it shows
LINK = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")


def notebooks() -> list[Path]:
    return sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("notebooks/deeper/*.ipynb")])


def pages() -> set[str]:
    """The files of the checkout that are pages or pictures of the site, relative to it."""
    guides = [path for pattern in GUIDES for path in ROOT.glob(pattern)
              if path.read_text().startswith("# ") and path.name not in FOR_TEACHERS]  # fmt: skip
    found = [*notebooks(), *guides, *(path for pattern in PICTURES for path in ROOT.glob(pattern))]
    return {path.relative_to(ROOT).as_posix() for path in found}


def relinked(text: str, here: str, known: set[str]) -> str:
    """Markdown with links that hold on the site. `here`: the file it comes from, relative to the checkout."""

    def one(link: re.Match[str]) -> str:
        target, _, anchor = link[1].partition("#")
        if not target or ":" in target:
            return link[0]
        path = os.path.normpath(Path(here).parent / target)
        if path in known:
            # JupyterLab's anchor of a heading has its words as they are, Sphinx's is docutils'
            return f"{target}#{make_id(unquote(anchor))}" if anchor and path.endswith(".ipynb") else link[0]
        if path == "README.md":
            return os.path.relpath("index.md", Path(here).parent) + (f"#{anchor}" if anchor else "")
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"{REPOSITORY}/{kind}/{BRANCH}/{path}" + (f"#{anchor}" if anchor else "")

    return LINK.sub(one, text)


def run_this(name: str) -> str:
    """How a reader runs the notebook `name` (its path in the checkout) with Python."""
    there = places(REPOSITORY, name)
    return f"""\
:::{{container}} run-this
**Run this yourself**: `git clone {REPOSITORY}`, then `make lab`, and open `{name}`. \
Or in a browser: [Binder]({there["Binder"]}), [Codespaces]({there["Codespaces"]}), \
or [Colab]({there["Colab"]}), where the first cell installs the package.
:::
"""


def notebook(path: Path, known: set[str]) -> dict[str, Any]:
    """A notebook for the site: without its checks, alt texts where Sphinx looks for them, and its explorers."""
    here = path.relative_to(ROOT).as_posix()
    page = path.relative_to(ROOT).with_suffix("").as_posix()
    made = json.loads(path.read_text())
    made["cells"] = [cell for cell in made["cells"] if "check" not in cell["metadata"].get("tags", ())]
    alive = WIDGETS / path.relative_to(ROOT / "notebooks").with_suffix(".json")
    views = json.loads(alive.read_text())["views"] if alive.exists() else {}
    for number, cell in enumerate(made["cells"]):
        text = relinked("".join(cell["source"]), here, known) if cell["cell_type"] == "markdown" else cell["source"]
        if number == 0:
            text = f"{text}\n\n{run_this(here)}"
        cell["source"] = text
        for output in cell.get("outputs", []):
            metadata, data = output.get("metadata", {}), output.get("data", {})
            if "text/html" in data:  # the strip of the detector's parts has links to chapters
                data["text/html"] = re.sub(r'(href="[\w/.]+)\.ipynb"', r'\1.html"', "".join(data["text/html"]))
            for kind in [kind for kind in data if kind.startswith("image/")]:
                alt = metadata.get("alt") or metadata.get(kind, {}).get("alt")
                still = {"classes": "still"} if cell["id"] in views else {}
                cell["metadata"]["mystnb"] = {"image": {"alt": alt, **still}}
        cell.get("outputs", []).extend(explorer(page, view) for view in views.get(cell["id"], []))
    if page in OWN_PHOTO:
        first = next(cell for cell in made["cells"] if "course.explorers" in "".join(cell["source"]))
        first["outputs"].append(own_photo(OWN_PHOTO[page]))
    return made


def explorer(page: str, view: str) -> dict[str, Any]:
    """The output of a cell in which widgets.js shows the model `view`; the still picture before it is then hidden."""
    data = {"text/html": f'<div class="explorer" data-view="{view}" data-states="{states_file(page, view)}"></div>'}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def own_photo(net: str) -> dict[str, Any]:
    """The output of a cell in which own_photo.js finds the faces on a reader's photo, and shows what `net` leaves."""
    data = {"text/html": f'<div data-own-photo="{net}"></div>'}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def states_file(page: str, view: str) -> str:
    """What the script with the states of an explorer is called, without its ending. page: "notebooks/03_pnet"."""
    return f"{page.removeprefix('notebooks/').replace('/', '-')}-{view}"


def states(path: Path) -> dict[str, str]:
    """The scripts with the states of a notebook's explorers, by their names; see notebooks/source/states.py.

    Each has, compressed: a line of JSON, and what is binary in the states, one after the other.
    """
    found = WIDGETS / path.relative_to(ROOT / "notebooks").with_suffix(".json")
    if not found.exists():
        return {}
    known, scripts = json.loads(found.read_text()), {}
    page = path.relative_to(ROOT).with_suffix("").as_posix()
    for view in [view for views in known["views"].values() for view in views]:
        models = models_of(known["models"], view)
        texts = {name for model in models.values() for key in ("_esm", "_css")
                 if isinstance(names := model["state"].get(key), list) for name in names}  # fmt: skip
        held = {
            key: (lighter if place.endswith("sheet") else bytes)(base64.b64decode(known["buffers"][key]))
            for model in models.values()
            for place, key in model.get("buffers", {}).items()
        }
        sizes = {key: len(content) for key, content in held.items()}
        files = {name: (EXPLORERS / name).read_text() for name in sorted(texts)}
        told = json.dumps({"models": models, "sizes": sizes, "texts": files}, separators=(",", ":"))
        packed = gzip.compress(b"\n".join([told.encode(), b"".join(held.values())]), mtime=0)
        name = states_file(page, view)
        scripts[name] = f'explorerStates("{name}", "{base64.b64encode(packed).decode()}");\n'
    return scripts


def lighter(jpeg: bytes) -> bytes:
    """A sheet of crops, which are only looked at, in half the bytes; a photo, on which explorers compute, stays."""
    made = io.BytesIO()
    Image.open(io.BytesIO(jpeg)).save(made, "JPEG", quality=70, optimize=True)
    return min(made.getvalue(), jpeg, key=len)


def models_of(models: dict[str, Any], view: str) -> dict[str, Any]:
    """The models that a view is made of, and the links between them, in the order in which they were made."""
    said = {key: set(re.findall(r"IPY_MODEL_(\w+)", json.dumps(model["state"]))) for key, model in models.items()}
    found: set[str] = set()
    waiting = {view}
    while waiting:
        found |= waiting
        waiting = {each for key in waiting for each in said[key]} - found
        waiting |= {key for key, model in models.items() if "Link" in model["name"] and said[key] <= found} - found
    return {key: model for key, model in models.items() if key in found}


def index(known: set[str]) -> str:
    """The first page: the README, and lists of all the pages, which furo shows at the side."""
    readme = relinked((ROOT / "README.md").read_text(), "README.md", known)
    begin = "**Begin with [the whole cascade on one screen](notebooks/start_here.ipynb)**: its sliders "
    begin += "are alive, and nothing is sent anywhere."
    readme = BADGES.sub("", readme)  # pictures from elsewhere
    # which the reader does, and a recording of what is alive here
    readme = re.sub(r"\*\*\[Read it in the browser\].*?\n\n!\[.*?(?=\n\n)", begin, readme, flags=re.S)
    names = [path.relative_to(ROOT).with_suffix("").as_posix() for path in notebooks()]
    deeper = [name for name in names if "/deeper/" in name]
    chapters = ["notebooks/start_here", *(name for name in names if name not in deeper and "start" not in name)]
    guides = sorted(page.removesuffix(".md") for page in known if page.endswith(".md"))
    words = [page for page in guides if page.startswith("notebooks/")]
    lists = {
        "Chapters": chapters, "Words": words, "Side trips": deeper,
        "Guides": [page for page in guides if page not in words], "Reference": ["api/index"],
    }  # fmt: skip
    trees = [f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(names) + "\n```"
             for caption, names in lists.items()]  # fmt: skip
    return readme + "\n\n" + "\n\n".join(trees) + "\n"


def lay_out(folder: Path) -> None:
    """Write all sources into `folder`. What stays the same keeps its time, so that Sphinx reads only the rest."""
    known = pages()
    texts: dict[str, str | bytes] = {"index.md": index(known)}
    for path in notebooks():
        here = path.relative_to(ROOT)
        texts[here.as_posix()] = json.dumps(notebook(path, known))
        texts |= {f"_static/states/{name}.js": script for name, script in states(path).items()}
    for name in known:
        if name.endswith(".md"):
            texts[name] = relinked((ROOT / name).read_text(), name, known)
        elif not name.endswith(".ipynb"):
            texts[name] = (ROOT / name).read_bytes()
    texts |= {f"api/{name}": text for name, text in reference.pages().items()}
    for name, text in texts.items():
        content = text.encode() if isinstance(text, str) else text
        path = folder / name
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in texts and path.parent.name != "_static":
            path.unlink()
