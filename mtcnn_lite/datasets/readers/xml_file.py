"""XML files of labels, in any encoding that Python has, without the traps that XML allows."""

import codecs
import re
from pathlib import Path
from xml.etree import ElementTree

from mtcnn_lite.datasets.parsing import DatasetError, quoted, read_bytes

MOST_BYTES = 2_000_000  # labels of one photo have some thousand bytes
LONGEST_DECLARATION = 1000  # characters
DECLARATION = re.compile(r"\s*<\?xml\s(.*?)\?>", re.DOTALL)
ENCODING = re.compile(r"""\bencoding\s*=\s*["']([^"']*)["']""")
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # begins as UTF-16's does
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
UNMARKED = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}  # how UTF-16 without a mark begins
LARGER = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932"}  # by codecs' names


def read_xml(path: Path) -> ElementTree.Element:
    """The root of an XML file.

    The encoding is that of the byte order mark, else the declared one, else UTF-8. The parser itself knows few, and
    none of more than one byte a letter but UTF-8 and UTF-16, so it gets text. A document type (DTD) is refused: labels
    need none, and its entities can stand for gigabytes or for other files.

    Raises
    ------
    DatasetError
        Where it can't be read, naming the file.
    """
    content = read_bytes(path, MOST_BYTES)
    text = _decoded(content, path)
    if "<!DOCTYPE" in text:
        raise DatasetError(f"{path}: has a document type (<!DOCTYPE ...>); labels must have none")
    declaration = DECLARATION.match(text[:LONGEST_DECLARATION])
    try:
        return ElementTree.fromstring(text[declaration.end() :] if declaration else text)
    except (ElementTree.ParseError, ValueError) as error:
        raise DatasetError(f"{path}: no XML ({error})") from None


def _decoded(content: bytes, path: Path) -> str:
    mark = next((mark for mark in MARKS if content.startswith(mark)), b"")
    encoding = MARKS.get(mark) or UNMARKED.get(content[:2])
    said = ""
    if encoding is None:
        declaration = DECLARATION.match(content[:LONGEST_DECLARATION].decode("latin-1"))
        named = ENCODING.search(declaration[1]) if declaration else None
        said = named[1] if named else ""
        encoding = said or "utf-8"
        if encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32")):  # then it would not have been legible
            encoding = "utf-8"
    try:
        return content[len(mark) :].decode(_larger(encoding))
    except (LookupError, ValueError) as error:  # ValueError: also a zero byte in the name
        of = f"declares the encoding {quoted(said)!r}" if said else "declares no encoding, so it must be UTF-8"
        raise DatasetError(f"{path}: {of}, but can't be read so ({quoted(error)})") from None


def _larger(encoding: str) -> str:
    """The encoding that files declared so are really in: it has the same letters and more, as browsers have it."""
    return LARGER.get(codecs.lookup(encoding).name, encoding)
