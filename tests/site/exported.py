"""Explorers on a page without a kernel: their saved state, and the scripts that show it, in files beside the page."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import anywidget
import ipywidgets
from ipywidgets.embed import embed_data

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Explorers</title><link rel="stylesheet" href="exported.css">
<script>window.names = {names}; window.explorers = {states};</script></head>
<body><script src="exported.js"></script></body></html>"""


def export(folder: Path, modules: Path, explorers: dict[str, ipywidgets.Widget]) -> Path:
    """Write a page with explorers, each in a section of its name, and return its path.

    Parameters
    ----------
    folder : Path
        Where to.
    modules : Path
        What npm has installed for the site.
    explorers : dict
    """
    data = embed_data(views=list(explorers.values()), drop_defaults=False)
    states = json.dumps(data).replace("</", "<\\/")
    (folder / "page.html").write_text(PAGE.format(names=json.dumps(list(explorers)), states=states))
    source = folder / "source"
    source.mkdir()
    shutil.copy(Path(__file__).parent / "exported.js", source)
    shutil.copy(Path(anywidget.__file__).parent / "nbextension" / "index.js", source / "anywidget.js")
    (source / "define.js").write_text("window.define = (needs, make) => { window.made = make; };\n")
    command = [modules / ".bin" / "esbuild", source / "exported.js", "--bundle", f"--outfile={folder / 'exported.js'}",
               "--loader:.svg=dataurl", "--log-level=warning"]  # fmt: skip
    subprocess.run(command, check=True, env=os.environ | {"NODE_PATH": str(modules)})
    return folder / "page.html"
