"""What the tests of the judges share: the judges, the published solutions, and what a verdict must hold."""

import importlib
import importlib.util
import pkgutil
import xml.etree.ElementTree as ET
from pathlib import Path

from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.judge import Judge

SOLUTIONS = Path(__file__).parents[2] / "notebooks" / "source" / "solutions.py"
MODULES = [
    importlib.import_module(f"mtcnn_lite.course.checks.{found.name}") for found in pkgutil.iter_modules(checks.__path__)
]
JUDGES = {module.JUDGE.name: module.JUDGE for module in MODULES if isinstance(getattr(module, "JUDGE", None), Judge)}


BUILT = ("pnet", "rnet", "onet", "embedding_net")  # what is written for them is a function that builds a net


def written(name):
    """The name of what a reader writes for the judge of this name."""
    return f"build_{name}" if name in BUILT else name


def solutions():
    spec = importlib.util.spec_from_file_location("solutions", SOLUTIONS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check_named(verdict, fragment):
    """Not passed, and for the reason that `fragment` is of."""
    assert verdict.passed is False
    assert verdict.done
    assert fragment in repr(verdict), verdict
    assert "In this case it looks like" not in verdict.hint  # a single mistake is named without hedging
    ET.fromstring(verdict._repr_html_())


def check_rejected(verdict, fragment):
    """As `check_named`, in the hint, and all of it in few words and as good HTML."""
    check_named(verdict, fragment)
    assert not verdict
    assert fragment in verdict.hint, verdict
    assert len(verdict.hint) < 240
    assert len(repr(verdict).splitlines()) < 25
    facts = dict(verdict.facts)
    assert {"case", "call", "expected", "got"} <= set(facts)
    check_html(verdict)


def check_html(verdict):
    """Well-formed, with every fact in it; no address, no id, no ground that a dark theme would clash with."""
    html = verdict._repr_html_()
    tree = ET.fromstring(html)
    text = "".join(tree.itertext())
    assert verdict.hint.replace("`", "") in text.replace("`", "")  # in HTML, code is a tag
    assert all(fact in text for _, fact in verdict.facts)
    assert " id=" not in html
    assert "0x" not in html
    assert "background" not in html
    assert "nan" not in "".join(value for element in tree.iter() for value in element.attrib.values())
