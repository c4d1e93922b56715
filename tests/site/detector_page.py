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


@functools.cache  # five seconds
def engine(source):
    """The bytes of engine.js and engine_zhang2016.js, by name."""
    script = runpy.run_path(str(source / "build_engine.py"))
    with tempfile.TemporaryDirectory() as folder:
        paths = [script[write](Path(folder)) for write in ("write_engine", "write_authors")]
        return {path.name: path.read_bytes() for path in paths}


def write_page(root, folder):
    """index.html and its scripts in `folder`. Returns its address."""
    source = root / "docs" / "site"
    for name in ("cascade.js", "own_photo.js", "own_photo.css"):
        shutil.copy(source / name, folder)
    for name, content in engine(source).items():
        (folder / name).write_bytes(content)
    (folder / "index.html").write_text(PAGE)
    return (folder / "index.html").as_uri()
