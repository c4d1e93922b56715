"""YAML as data sets write it: mappings and lists of plain words. Nothing of YAML that can run, refer or multiply."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtcnn_lite.datasets.parsing import DatasetError, quoted, read_text
from mtcnn_lite.datasets.readers.folders import shown

MOST_BYTES = 100_000  # PyYAML reads about 100 kB a second; a data.yaml has some hundred bytes
DEEPEST = 10  # levels
NULL = ("", "~", "null", "Null", "NULL")

Node = str | list[Any] | dict[str, Any] | None


def read_plain_yaml(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds. Every value is a str, None, a list or a dict, every key a str.

    Built from PyYAML's events and not by its loader: a number, a date, `no` or a tag is then no value of another type,
    and what would multiply or nest without end is refused before it is built.

    Raises
    ------
    DatasetError
        With file and line: for what is no YAML, an alias, a tag, a key that comes twice, more than 10 levels, over
        100,000 bytes; and where PyYAML is not installed.
    """
    text = read_text(path, most=MOST_BYTES)
    try:
        import yaml
    except ImportError:
        raise DatasetError(
            f"{path}: PyYAML is needed to read it: pip install 'mtcnn_lite[datasets]'  (or: pip install pyyaml)"
        ) from None
    try:
        content = _document(yaml.parse(text, Loader=yaml.SafeLoader), path)
    except DatasetError:
        raise
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DatasetError(f"{path}, line {line}: no YAML ({error.problem or error.context})") from None
    except (yaml.YAMLError, ArithmeticError, LookupError, TypeError, ValueError) as error:  # "\UFFFFFFFF": chr fails
        raise DatasetError(f"{path}: no YAML ({quoted(error)})") from None
    if not isinstance(content, dict):
        raise DatasetError(f"{path}: holds {shown(content)}; it must be lines of `key: value`")
    return content


def _document(events: Iterator[Any], path: Path) -> Node:
    content: Node = None
    documents = 0
    for event in events:
        if _kind(event) in ("Scalar", "SequenceStart", "MappingStart", "Alias"):
            documents += 1
            if documents > 1:
                raise DatasetError(f"{_at(event, path)}: a second document begins; there must be one")
            content = _node(event, events, path, 1)
    return content


def _node(event: Any, events: Iterator[Any], path: Path, level: int) -> Node:
    kind = _kind(event)
    if kind == "Alias":
        raise DatasetError(
            f"{_at(event, path)}: *{quoted(event.anchor)} refers to another place; write out what is meant"
        )
    if event.tag not in (None, "!"):
        raise DatasetError(f"{_at(event, path)}: the tag {quoted(event.tag)!r}; there must be none")
    if kind == "Scalar":
        return None if event.style is None and event.value in NULL else str(event.value)
    if level > DEEPEST:
        raise DatasetError(f"{_at(event, path)}: more than {DEEPEST} levels")
    if kind == "SequenceStart":
        return [_node(inner, events, path, level + 1) for inner in _until(events, "SequenceEnd")]
    mapping: dict[str, Any] = {}
    for inner in _until(events, "MappingEnd"):
        key = _node(inner, events, path, level + 1)
        if not isinstance(key, str):
            raise DatasetError(f"{_at(inner, path)}: {shown(key)} can't be a key; it must be a word")
        if key in mapping:
            raise DatasetError(f"{_at(inner, path)}: {shown(key)} comes twice")
        mapping[key] = _node(next(events), events, path, level + 1)
    return mapping


def _until(events: Iterator[Any], end: str) -> Iterator[Any]:
    for event in events:
        if _kind(event) == end:
            return
        yield event


def _kind(event: Any) -> str:
    return type(event).__name__.removesuffix("Event")


def _at(event: Any, path: Path) -> str:
    return f"{path}, line {event.start_mark.line + 1}"
