"""A submission: the code of its notebooks and Python files, and the functions in it that are to be judged."""

import ast
import json
import linecache
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mtcnn_lite.course.exercises import EXERCISES

ENDINGS = (".ipynb", ".py")
LARGEST = 50_000_000  # bytes of a file: a notebook full of pictures has a few million
MODULES = ("numpy", "torch", "math", "functools", "itertools")  # a constant may be made by calling these
SIMPLE = (  # what else a constant may be made of
    ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp,
    ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Starred, ast.keyword, ast.Lambda, ast.arguments, ast.arg,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context,
)  # fmt: skip


class SubmissionError(ValueError):
    """A file that can't be read as a notebook or as Python; the message says why."""


@dataclass
class Loaded:
    """What a submission defines.

    functions: by the exercise's name, the function to judge. notes: a sentence for each cell or statement that could
    not be used.
    """

    functions: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def files(submission: Path) -> list[Path]:
    """The files of a submission: itself, or where it is a folder all notebooks and Python files in it, by name."""
    if submission.is_file():
        return [submission]
    found = [path for path in submission.rglob("*") if path.suffix in ENDINGS and path.is_file()]
    return sorted(path for path in found if not any(map(_is_hidden, path.relative_to(submission).parts)))


def _is_hidden(part: str) -> bool:
    return part.startswith(".")


def submissions(folder: Path) -> list[Path]:
    """What a folder holds for grading: each notebook, each Python file, and each folder with some in it."""
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    return [path for path in entries if path.suffix in ENDINGS or (path.is_dir() and files(path))]


def cells(path: Path) -> list[tuple[str, str]]:
    """(label, source) of each code cell of a notebook; of a Python file, all of it.

    Raises
    ------
    SubmissionError
        Where the file can't be read, or is no notebook.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise SubmissionError(f"{path.name} has over {LARGEST // 1_000_000} MB; submit it without its outputs")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SubmissionError(f"{path.name} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SubmissionError(f"{path.name} is not text in UTF-8") from None
    if path.suffix == ".py":
        return [(path.name, text)]
    try:
        notebook = json.loads(text)
        found = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        sources = ["".join(cell["source"]) for cell in found]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SubmissionError(
            f"{path.name} is no notebook: it must be JSON with cells, as JupyterLab saves it"
        ) from None
    return [(f"{path.name}, cell {number}", source) for number, source in enumerate(sources, 1)]


def load(submission: Path, run_all: bool = False) -> Loaded:
    """Run what a submission defines, and find the functions to judge.

    A function is the one that the submission gives to `checks.NAME(...)`; where it calls no such judge, the one that
    has the name the course gives it. Of several with one name the last counts.

    Parameters
    ----------
    submission : Path
        A notebook, a Python file, or a folder of them.
    run_all : bool
        Run all statements. Otherwise only imports, definitions, and constants: literals, and what numpy, torch, math,
        functools and itertools make of them.

    Raises
    ------
    SubmissionError
        Where none of its files can be read.
    """
    loaded, namespace, given = Loaded(), dict[str, Any](), dict[str, str]()
    readable = False
    for path in files(submission):
        try:
            parts = cells(path)
        except SubmissionError as error:
            loaded.notes.append(str(error))
            continue
        readable = True
        namespace = {"__name__": "__submission__"}
        given = {}
        for label, source in parts:
            _run(label, source, namespace, given, run_all, loaded.notes)
        for name, exercise in EXERCISES.items():
            fn = namespace.get(given.get(name, exercise.written))
            if callable(fn) and (given.get(name) or getattr(fn, "__module__", "") == "__submission__"):
                loaded.functions[name] = fn
    if not readable:
        raise SubmissionError(loaded.notes[0] if loaded.notes else f"{submission.name} holds no .ipynb or .py file")
    return loaded


def _run(
    label: str, source: str, namespace: dict[str, Any], given: dict[str, str], run_all: bool, notes: list[str]
) -> None:
    """Run a cell's statements that count in `namespace`; note in `given` which function each judge gets."""
    if source.startswith("%%"):
        return
    source = re.sub(r"^\s*[%!].*$|^.*\?\s*$", "", source, flags=re.M)  # IPython's commands
    try:
        tree = ast.parse(source, label)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        notes.append(f"{label}{where} is not valid Python ({getattr(error, 'msg', error)})")
        return
    linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)  # for inspect
    given.update(_judged(tree))
    for statement in tree.body:
        if run_all or _counts(statement, namespace):
            try:
                exec(compile(ast.Module([statement], []), label, "exec"), namespace)
            except (Exception, SystemExit) as error:
                notes.append(f"{label}, line {statement.lineno}: {type(error).__name__}: {error}"[:300])


def _judged(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(exercise, name) for each call `checks.EXERCISE(name)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) == 1 and isinstance(node.args[0], ast.Name):
            module, _, judge = ast.unparse(node.func).rpartition(".")
            if module == "checks" and judge in EXERCISES:
                yield judge, node.args[0].id


def _counts(statement: ast.stmt, namespace: dict[str, Any]) -> bool:
    """Whether a statement is an import, a definition or a constant."""
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.ClassDef():
            return True
        case ast.Try(body=body, handlers=handlers):
            return all(isinstance(each, ast.Import | ast.ImportFrom) for each in body) and all(
                isinstance(each, ast.Import | ast.ImportFrom | ast.Assign | ast.Pass)
                for handler in handlers
                for each in handler.body
            )
        case ast.Assign(targets=targets, value=value):
            return all(map(_is_target, targets)) and _is_constant(value, namespace)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return _is_target(target) and _is_constant(value, namespace)
    return False


def _is_target(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) or (isinstance(target, ast.Tuple) and all(map(_is_target, target.elts)))


def _is_constant(value: ast.expr, namespace: dict[str, Any]) -> bool:
    return all(
        _is_known_call(node, namespace) if isinstance(node, ast.Call) else isinstance(node, SIMPLE)
        for node in ast.walk(value)
    )


def _is_known_call(call: ast.Call, namespace: dict[str, Any]) -> bool:
    """Whether a call is of one of MODULES, by the names that the submission imported."""
    root: ast.expr = call.func
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name):
        return False
    known = namespace.get(root.id)
    home = getattr(known, "__name__" if hasattr(known, "__spec__") else "__module__", None) or ""
    return str(home).partition(".")[0] in MODULES
