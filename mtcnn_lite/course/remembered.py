"""What stays of a reader's function that has passed its judge: a file with its source, for the later chapters.

The file runs on its own: with the function go the imports, constants and helpers of the notebook that it uses.
"""

import ast
import dis
import importlib
import inspect
import linecache
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from mtcnn_lite.course.chapters import PARTS
from mtcnn_lite.runtime.files import write_whole

Function = Callable[..., Any]

VARIABLE = "MTCNN_LITE_MINE"  # the folder, or "off"
CELLS = ("__main__", "__mine__")  # __module__ of what a notebook defines, and of what a remembered file does
LONGEST = 10_000  # letters of a constant


class NotKept(Exception):
    """Why a function can't be remembered, or a remembered one can't be used: one sentence, without its subject."""


def folder() -> Path | None:
    """The folder `.mine` beside the notebooks; None where nothing is remembered.

    The environment variable MTCNN_LITE_MINE names another folder, or is "off". Without it, nothing is remembered by
    pytest (and nbval), on CI, outside a notebook and away from the course.
    """
    if named := os.environ.get(VARIABLE):
        return None if named == "off" else Path(named)
    ipython = sys.modules.get("IPython")
    if "PYTEST_VERSION" in os.environ or "CI" in os.environ or ipython is None or ipython.get_ipython() is None:
        return None
    here = Path.cwd()
    return next((each / ".mine" for each in (here, here.parent) if (each / "start_here.ipynb").exists()), None)


def remember(name: str, fn: Function, passes: Callable[[Function], bool]) -> str:
    """Writes the file of a function that has passed; what became of it in one sentence, "" where nothing is remembered.

    Parameters
    ----------
    name : str
        The exercise's.
    fn : callable
        The reader's function, class, or an object of a class, which stands for it.
    passes : callable
        The exercise's judge: what the file defines must pass it too, without the notebook around it.
    """
    place, fn = folder(), _made_of(fn)
    if place is None or not is_readers(fn):
        return ""
    try:
        text = standalone(name, fn)
        if not passes(run(text, name, f"<{name}>")):
            raise NotKept("without the rest of the notebook it no longer passes")
        place.mkdir(parents=True, exist_ok=True)
        write_whole(place / f"{name}.py", lambda path: path.write_text(text, encoding="utf-8"))
    except (NotKept, OSError) as error:
        return f"Later chapters can't use it: {error}."
    use = f'`mine.get("{name}")` gives it, in any chapter'
    if name in PARTS:
        use = "your detector runs on it, here and wherever a later chapter shows yours at work"
    return f'It is remembered: {use}; `mine.forget("{name}")` undoes that.'


def is_readers(fn: Function) -> bool:
    """Whether a cell of a notebook defines the function, or the class of the object."""
    return getattr(_made_of(fn), "__module__", None) in CELLS


def _made_of(fn: Function) -> Function:
    """A function or class itself; of an object, such as a net, its class."""
    return fn if inspect.isfunction(fn) or inspect.isclass(fn) else type(fn)


def load(path: Path) -> Function:
    """The function in a remembered file. NotKept where it is damaged."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotKept(f"its file can't be read ({type(error).__name__})") from None
    linecache.checkcache(str(path))
    return run(text, path.stem, str(path))


def run(text: str, name: str, file: str) -> Function:
    """What a remembered file defines. NotKept where it can't be run, or defines nothing to call.

    Parameters
    ----------
    text : str
        Its source.
    name : str
        The exercise's, and so the function's in it.
    file : str
        What a traceback calls it.
    """
    namespace: dict[str, Any] = {"__name__": "__mine__"}
    try:
        exec(compile(text, file, "exec"), namespace)
        found = namespace[name]
    except (Exception, SystemExit) as error:
        raise NotKept(f"its source does not run on its own ({type(error).__name__}: {error})") from None
    if not callable(found):
        raise NotKept("its file defines no function")
    return found


# --- the source, with all that it needs


def standalone(name: str, fn: Function) -> str:
    """A module that defines `fn` under this name, and before it what it uses. NotKept where that can't be written."""
    parts: dict[str, str] = {}
    own = _add(fn, parts, {})
    alias = "" if own == name else f"\n\n{name} = {own}\n"
    head = f"# Your `{name}`, as it passed checks.{name}, for later chapters. mine.forget({name!r}) removes it.\n"
    imports = [text for text in parts.values() if "\n" not in text and text.startswith(("import ", "from "))]
    rest = [text for text in parts.values() if text not in imports]
    return head + "\n".join(["", *imports, ""]) + "\n\n" + "\n\n\n".join(rest) + "\n" + alias


def _add(fn: Function, parts: dict[str, str], whose: dict[str, Function]) -> str:
    """Adds a function or class of the notebook and what it uses to the parts; its name."""
    node, text, namespace = _definition(fn)
    own = node.targets[0].id if isinstance(node, ast.Assign) else node.name  # type: ignore[attr-defined]
    if whose.setdefault(own, fn) is not fn:
        raise NotKept(f"it uses two functions that are both called `{own}`")
    if own in parts:
        return str(own)
    parts[own] = ""  # it may call itself, or what calls it
    for name in _names(compile(ast.Module([node], []), "<cell>", "exec")):
        if name in namespace and name not in parts and not name.startswith("__"):
            _add_name(name, namespace[name], parts, whose)
    del parts[own]
    parts[own] = text
    return str(own)


def _add_name(name: str, value: Any, parts: dict[str, str], whose: dict[str, Function]) -> None:
    """Adds what the notebook calls `name`."""
    if isinstance(value, ModuleType):
        parts[name] = f"import {value.__name__}" + ("" if value.__name__ == name else f" as {name}")
    elif getattr(value, "__module__", None) in CELLS and (inspect.isfunction(value) or inspect.isclass(value)):
        own = _add(value, parts, whose)
        if own != name:
            parts[name] = f"{name} = {own}"
    elif home := _home(value):
        module, known = home
        parts[name] = f"from {module} import {known}" + ("" if known == name else f" as {name}")
    elif _is_literal(value):
        parts[name] = f"{name} = {value!r}"
    else:
        raise NotKept(f"it uses `{name}`, a {type(value).__name__} from another cell; make it inside the function")


def _home(value: Any) -> tuple[str, str] | None:
    """The module that an imported object comes from, and its name there."""
    known = getattr(value, "__name__", None)
    for module in (getattr(value, "__module__", None), "numpy", "torch", "math"):
        if module and known and module not in CELLS:
            try:
                if getattr(importlib.import_module(module), known, None) is value:
                    return module, known
            except ImportError:
                continue
    return None


def _is_literal(value: Any) -> bool:
    text = repr(value)
    try:
        return len(text) <= LONGEST and bool(ast.literal_eval(text) == value)
    except (ValueError, SyntaxError):
        return False


def _definition(fn: Function) -> tuple[ast.stmt, str, dict[str, Any]]:
    """The statement of a cell that defines a function or class, its text, and the names around it."""
    inner = inspect.unwrap(fn) if inspect.isfunction(fn) else fn
    methods = (
        [inner] if inspect.isfunction(inner) else [each for each in vars(inner).values() if hasattr(each, "__code__")]
    )
    if not methods or not hasattr(inner, "__name__"):
        raise NotKept("only a function or a class of a cell can be kept")
    code = methods[0].__code__
    lines = linecache.getlines(code.co_filename)
    try:
        body = ast.parse("".join(lines)).body
    except SyntaxError:
        body = []
    for node in reversed(body):
        named = isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == inner.__name__
        if named or (_is_lambda(node) and inner.__name__ == "<lambda>"):
            first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
            if first <= code.co_firstlineno <= (node.end_lineno or first):
                return node, "".join(lines[first - 1 : node.end_lineno]).strip("\n"), methods[0].__globals__
    raise NotKept(f"`{inner.__name__}` is not defined at the left edge of a cell")


def _is_lambda(node: ast.stmt) -> bool:
    """name = lambda ..."""
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Lambda)


def _names(code: CodeType) -> Iterator[str]:
    """The global names that a code object reads, those of the functions in it too."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
