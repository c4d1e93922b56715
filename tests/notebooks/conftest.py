"""The notebooks, as their sources describe them and as they are committed."""

import importlib.util
import sys

import nbformat
import pytest


def imported(path):
    """A module from its file, which may import those beside it."""
    sys.path.insert(0, str(path.parent))
    try:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(path.parent))


@pytest.fixture(scope="session")
def build(notebooks):
    return imported(notebooks / "source" / "build.py")


@pytest.fixture(scope="session")
def pairs(build):
    """(source as a notebook without outputs, the committed notebook) of each source."""
    return [(build.unexecuted(source), nbformat.read(build.target(source), 4)) for source in build.sources()]
