"""A reader who has solved the exercises: those cells run once more, on the solutions, in the kernel that nbval leaves.

Where nbval checks a notebook with exercises, one test named `solved` follows its last cell. Each function that the
reader is to write comes from `notebooks/source/solutions.py`; the cells from the first of them to the end of their
section run again, and later ones that name them. Every judge passes, and no cell says that it did without them.
"""

import re

import pytest

STUB = re.compile(r"^def (\w+)\(.*\):\n    raise NotImplementedError$", re.M)
VERDICTS = (
    "from mtcnn_lite.course.checks.judge.verdict import Verdict\n"
    "print('verdicts:', *(each.passed for name, each in list(globals().items())\n"
    "                     if isinstance(each, Verdict) and not name.startswith('_')))"  # _ and _12 are IPython's
)
EXCUSES = (
    *("nothing yet", "nothing of yours", "until yours has passed"),
    *("from the solutions", "by the package", "yours is still to come"),
)
LIMIT = 600  # seconds for one cell


def exercises(notebook):
    """The names of the functions that the reader is to write, in order."""
    return [name for cell in notebook.cells if cell.cell_type == "code" for name in STUB.findall(cell.source)]


def parts(notebook):
    """The sources of its code cells before the exercises, and of those that depend on the reader's functions."""
    named = re.compile(rf"\b({'|'.join(exercises(notebook))})\b")
    before, theirs, there = [], [], None  # there: before the exercises, among them (True), after them (False)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            there = there and not re.search(r"^## ", cell.source, re.M)
        elif there is None and not STUB.search(cell.source):
            before.append(cell.source)
        elif there is None or there or named.search(cell.source):
            there = True if there is None else there
            theirs.append(cell.source)
    return before, theirs


def solution(source):
    """A cell with the solutions in place of what the reader is to write."""
    return STUB.sub(r"from solutions import \1", source)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    notebook = getattr(collector, "nb", None)  # nbval's
    if report.passed and notebook is not None and exercises(notebook):
        report.result.append(Solved.from_parent(collector, name="solved"))
    return report


class Solved(pytest.Item):
    def runtest(self):
        before, theirs = parts(self.parent.nb)
        cells = [item for item in self.session.items if item.parent is self.parent and item is not self]
        if any(cell.test_outputs is None for cell in cells) or not cells:  # chosen alone, by its name
            theirs = [*before, *theirs]
        self.run("import sys; sys.path += ['source', '../source']")  # of a chapter, of a side trip
        said = "".join(self.run(solution(source)) for source in theirs)
        for excuse in EXCUSES:
            assert excuse not in said, f"a cell says {excuse!r}:\n{said}"
        kept = self.run(VERDICTS).split()[1:]  # in variables; others are only shown
        shown = set(re.findall(r"checks\.(\w+): passed", said))
        assert "False" not in kept
        assert max(len(kept), len(shown)) == len(exercises(self.parent.nb)), (kept, shown)

    def run(self, code):
        """What this cell prints and shows as text."""
        heard = []
        reply = self.parent.kernel.kc.execute_interactive(
            code, allow_stdin=False, output_hook=heard.append, timeout=LIMIT
        )["content"]
        if reply["status"] != "ok":
            raise RuntimeError("\n".join([code, "---", *reply.get("traceback", [reply["status"]])]))
        contents = [message["content"] for message in heard]
        return "".join(each.get("text", each.get("data", {}).get("text/plain", "")) for each in contents)

    def repr_failure(self, excinfo):
        return str(excinfo.value)

    def reportinfo(self):
        return self.path, None, f"{self.parent.name}: solved"
