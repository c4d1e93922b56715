"""The pages of the API reference: one for each module of the package, or folder of modules, with the public names."""

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import Any

import mtcnn_lite

# no library to be called: the command, the notebooks' own, what runs the work
INSIDE = ("__main__", "arguments", "array_arguments", "cli", "course", "runtime")


def parts(name: str) -> list[str]:
    """A module of the package, and those in its folder, whose names are public; in full."""
    module = importlib.import_module(name)
    inside = pkgutil.walk_packages(module.__path__, f"{name}.") if hasattr(module, "__path__") else ()
    return [name, *sorted(found.name for found in inside if "._" not in found.name)]


def public(module: ModuleType) -> list[str]:
    """The functions and classes that a module defines and does not hide, in its order."""

    def own(value: Any) -> bool:
        defined = getattr(value, "__module__", None) == module.__name__
        return defined and (inspect.isfunction(value) or inspect.isclass(value))

    return [name for name, value in vars(module).items() if not name.startswith("_") and own(value)]


def titled(text: str, line: str) -> list[str]:
    return [text, line * len(text), ""]


def page(name: str) -> str:
    """The page of a module, reStructuredText."""
    lines = []
    for part in parts(name):
        module = importlib.import_module(part)
        names = public(module)
        if not names and part != name:
            continue
        lines += [*titled(part, "=" if part == name else "-"), f".. automodule:: {part}", ""]
        for each in names:
            kind = "autoclass" if inspect.isclass(getattr(module, each)) else "autofunction"
            lines += [f".. {kind}:: {part}.{each}", *(["   :members:"] if kind == "autoclass" else []), ""]
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """Name of a file to its text."""
    top = [found.name for found in pkgutil.iter_modules(mtcnn_lite.__path__) if found.name not in INSIDE]
    texts = {f"{name}.rst": page(f"mtcnn_lite.{name}") for name in sorted(top) if not name.startswith("_")}
    texts["index.rst"] = "\n".join([
        *titled("API reference", "="),
        "What the package offers to programs. Start with :class:`~mtcnn_lite.detector.Detector`: it, ``Faces``,",
        "``Trace`` and ``read_image`` are imported from ``mtcnn_lite`` itself.",
        "",
        ".. toctree::",
        "   :maxdepth: 1",
        "",
        *(f"   {file.removesuffix('.rst')}" for file in texts),
        "",
    ])  # fmt: skip
    return texts
