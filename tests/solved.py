"""A reader who has solved the exercises: a chapter's end runs once more, on the solutions, in the kernel nbval leaves.

Where nbval checks a whole notebook with exercises, one test named `solved` follows its last cell. Each function that the
reader is to write comes from `notebooks/source/solutions.py`, and the cells from the first of them on run again: every
judge passes, and no cell says that it had to do without the reader's function.
"""

import re

import pytest

STUB = re.compile(r"^def (\w+)\(.*\):\n    raise NotImplementedError$", re.M)
PASTE = "mine = {}  # paste your functions"  # the cell that gathers the functions of earlier chapters
PASTED = (
    "import solutions\n"
    "mine = {name: each for name, each in vars(solutions).items() if callable(each)}\n"
    "globals().update({name: each for name, each in mine.items() if name != 'iou'})"  # as the text says
)
VERDICTS = (
    "from mtcnn_lite.course.checks.judge.verdict import Verdict\n"
    "print('verdicts:', *(each.passed for name, each in list(globals().items())\n"
    "                     if isinstance(each, Verdict) and not name.startswith('_')))"  # _ and _12 are IPython's
)
EXCUSES = ("nothing yet", "nothing of yours", "until yours has passed", "from the solutions", "by the package")
LIMIT = 600  # seconds for one cell


def code_of(notebook):
    """The sources of its code cells."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def exercises(sources):
    """The names of the functions that the reader is to write, in order."""
    return [name for source in sources for name in STUB.findall(source)]


def solution(source):
    """A cell with the solutions in place of what the reader is to write."""
    return PASTED if source.startswith(PASTE) else STUB.sub(r"from solutions import \1", source)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    notebook = getattr(collector, "nb", None)  # nbval's
    if report.passed and notebook is not None and exercises(code_of(notebook)):
        report.result.append(Solved.from_parent(collector, name="solved"))
    return report


class Solved(pytest.Item):
    def runtest(self):
        sources = code_of(self.parent.nb)
        first = next(place for place, source in enumerate(sources) if STUB.search(source))
        ran = self.run("import sys; sys.path.append('source')")[0]
        start = 0 if ran < first else first  # chosen alone, by its name, it runs the whole chapter
        said = "".join(self.run(solution(source))[1] for source in sources[start:])
        for excuse in EXCUSES:
            assert excuse not in said, f"a cell says {excuse!r}:\n{said}"
        verdicts = self.run(VERDICTS)[1]
        assert verdicts.split() == ["verdicts:", *["True"] * len(exercises(sources))]

    def run(self, code):
        """How many cells the kernel has run by now, and what this one prints and shows as text."""
        heard = []
        reply = self.parent.kernel.kc.execute_interactive(
            code, allow_stdin=False, output_hook=heard.append, timeout=LIMIT
        )["content"]
        if reply["status"] != "ok":
            raise RuntimeError("\n".join([code, "---", *reply.get("traceback", [reply["status"]])]))
        contents = [message["content"] for message in heard]
        said = [each.get("text", each.get("data", {}).get("text/plain", "")) for each in contents]
        return reply["execution_count"], "".join(said)

    def repr_failure(self, excinfo):
        return str(excinfo.value)

    def reportinfo(self):
        return self.path, None, f"{self.parent.name}: solved"
