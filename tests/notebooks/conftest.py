"""The notebooks, as their sources describe them and as they are committed."""

import importlib.util

import nbformat
import pytest


@pytest.fixture(scope="session")
def build(notebooks):
    spec = importlib.util.spec_from_file_location("build", notebooks / "source" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def pairs(build):
    """(source as a notebook without outputs, the committed notebook) of each source."""
    return [(build.unexecuted(source), nbformat.read(build.target(source), 4)) for source in build.sources()]
