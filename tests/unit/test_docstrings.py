"""Every public function says what it is for; one with three parameters or more explains each, in NumPy's style."""

import importlib
import inspect
import pkgutil

import docstring_parser
import pytest

import mtcnn_lite

MANY = 3  # parameters from which there is a list of them


def public(module):
    """(name, object whose docstring counts, object whose signature counts) of what the module itself defines."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value):
            yield name, value, value
        elif inspect.isclass(value):
            if "__init__" in vars(value) and not hasattr(value, "__dataclass_fields__"):
                yield name, value, value.__init__
            for method, function in vars(value).items():
                if inspect.isfunction(function) and not method.startswith("_"):
                    yield f"{name}.{method}", function, function


def parameters(function):
    names = list(inspect.signature(function).parameters)
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


MODULES = sorted(found.name for found in pkgutil.walk_packages(mtcnn_lite.__path__, "mtcnn_lite."))


@pytest.mark.parametrize("module", MODULES)
def test_public_functions_explain_their_parameters(module):
    for name, documented, called in public(importlib.import_module(module)):
        wanted = parameters(called)
        if len(wanted) < MANY:
            continue
        assert documented.__doc__, f"{module}.{name} has no docstring"
        parsed = docstring_parser.parse(documented.__doc__, docstring_parser.DocstringStyle.NUMPYDOC)
        given = [part.strip(" *") for each in parsed.params for part in each.arg_name.split(",")]
        assert given == wanted, f"{module}.{name}: Parameters lists {given}, the function takes {wanted}"
        assert all(each.type_name or each.description for each in parsed.params), f"{module}.{name}: an empty entry"
        before, heading, _ = documented.__doc__.partition("Examples\n")
        assert ">>>" not in (before if heading else documented.__doc__), f"{module}.{name}: examples need their heading"


@pytest.mark.parametrize("module", MODULES)
def test_docstrings_begin_with_a_sentence(module):
    imported = importlib.import_module(module)
    assert imported.__doc__, f"{module} has no docstring"
    for name, documented, _ in public(imported):
        if documented.__doc__:
            first = docstring_parser.parse(documented.__doc__).short_description or ""
            assert first.rstrip().endswith((".", ":", "`")), f"{module}.{name}: {first!r} is no sentence"
