"""A page from a file with the detector's scripts, as the site has them."""

import functools
import runpy
import shutil
import tempfile
from pathlib import Path

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>A page of its own</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="own_photo.css">
<script src="cascade.js"></script><script src="own_photo.js" defer></script>
</head>
<body><main><h1>A page of its own</h1><div data-own-photo></div></main></body>
</html>
"""


@functools.cache  # two seconds
def engine(source):
    """The bytes of engine.js."""
    with tempfile.TemporaryDirectory() as folder:
        return runpy.run_path(str(source / "build_engine.py"))["write_engine"](Path(folder)).read_bytes()


def write_page(root, folder):
    """index.html and its scripts in `folder`. Returns its address."""
    source = root / "docs" / "site"
    for name in ("cascade.js", "own_photo.js", "own_photo.css"):
        shutil.copy(source / name, folder)
    (folder / "engine.js").write_bytes(engine(source))
    (folder / "index.html").write_text(PAGE)
    return (folder / "index.html").as_uri()
