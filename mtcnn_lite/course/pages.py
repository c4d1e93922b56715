"""The frame of a chapter's page: its first and last cell, and how long it takes.

A source in `notebooks/source/` has two markers on lines of their own, `<!-- header -->` and `<!-- footer -->`; building
the notebook puts text from `chapters.py` in their place.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mtcnn_lite.course.chapters import CHAPTERS, DEEPER, ROWS, START

PAGES = {START.file: START, **CHAPTERS}

HEADER, FOOTER = "<!-- header -->", "<!-- footer -->"

READING = 150  # words a minute: text with formulas and code between
CELL = 0.5  # minutes to run a cell of code, read it and look at what comes out
PLAY = 5  # minutes with an explorer
EXERCISE = {"easy": 8, "medium": 15, "stretch": 25}  # minutes, by the difficulty in the exercise's heading


def words(text: str) -> int:
    """How many words a reader of a Markdown cell reads: no tags, no addresses of links, no comments.

    >>> words("## Two words\\n\\nand [a link](https://example.org), <b>bold</b>: `x1`")
    7
    """
    text = re.sub(r"<!--.*?-->|<[^>]+>", " ", text, flags=re.S)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return sum(bool(re.search(r"\w", word)) for word in text.split())


def minutes(cells: Iterable[Mapping[str, Any]]) -> int:
    """How long a reader takes for a notebook, to the nearest five minutes.

    Words over the pace of reading, half a minute a cell of code (those tagged "check" are collapsed and don't count),
    five minutes an explorer, and for each heading `### Exercise: name (difficulty)` what that difficulty takes.

    Parameters
    ----------
    cells : iterable of mapping
        With `cell_type`, `source` and `metadata`, as nbformat has them; of the source, not the built notebook.
    """
    total = 0.0
    for cell in cells:
        if cell["cell_type"] == "markdown":
            total += words(cell["source"]) / READING
            asked = re.findall(r"^### .*Exercise.*\((\w+)\)$", cell["source"], re.M)
            total += sum(EXERCISE[difficulty] for difficulty in asked)
        elif "check" not in cell["metadata"].get("tags", ()):
            total += CELL + PLAY * ("course.explorers" in cell["source"])
    return max(5, 5 * round(total / 5))


def header(name: str, takes: int) -> str:
    """The first cell of a notebook, Markdown.

    Parameters
    ----------
    name : str
        As the source is called, without its ending: "03_pnet", "deeper/00_plus_one".
    takes : int
        Minutes.
    """
    if name.startswith("deeper/"):
        trip, home = DEEPER[name.removeprefix("deeper/")], _number(name)
        link = f"[{home} · {CHAPTERS[home].short}](../{CHAPTERS[home].file}.ipynb)"
        where = f"A side trip from {link}, of about {takes} minutes."
        return "\n\n".join([f"# {home}, deeper · {trip.title}", trip.promise, where])
    number = _number(name)
    chapter = PAGES[number]
    before, after = _beside(number)
    rows = [
        ("needs", chapter.needs),
        ("leaves you with", chapter.leaves),
        ("takes", f"about {takes} minutes"),
        *((title, _row(inside, number)) for title, inside in ROWS.items()),
    ]
    table = "\n".join(["| | |", "|---|---|", *(f"| **{title}** | {text} |" for title, text in rows)])
    links = [*([f"← {before}"] if before else []), *([f"{after} →"] if after else []), "[glossary](glossary.md)"]
    title = f"# {number} · {chapter.title}" if number in CHAPTERS else f"# {chapter.title}"
    return "\n\n".join([title, chapter.promise, table, " &nbsp;·&nbsp; ".join(links)])


def footer(name: str, terms: Sequence[tuple[str, str]] = ()) -> str:
    """The end of a notebook's last cell, Markdown.

    Parameters
    ----------
    name : str
        As for `header`.
    terms : sequence of (str, str)
        The words that the glossary explains from this chapter, and their anchors there.
    """
    number = _number(name)
    chapter = PAGES[number]
    if name.startswith("deeper/"):
        return f"Back to [{number} · {chapter.title}](../{chapter.file}.ipynb)."
    before, after = _beside(number, titles=True)
    new = ", ".join(f"[{term}](glossary.md#{anchor})" for term, anchor in terms)
    deeper = [
        f"**Deeper**: [{trip.title}](deeper/{file}.ipynb). {trip.promise}"
        for file, trip in DEEPER.items()
        if _number(file) == number
    ]
    onward = f"**Next**: {after} →" if after else "This was the last chapter: the package is yours."
    ways = " &nbsp;·&nbsp; ".join([onward, *([f"← {before}"] if before else [])])
    return "\n\n".join([*([f"**New words**: {new}."] if new else []), *deeper, ways])


def _number(name: str) -> str:
    return name if name == START.file else name.removeprefix("deeper/")[:2]


def _link(number: str, titles: bool) -> str:
    page = PAGES[number]
    says = page.title if titles else page.short
    return f"[{number} · {says}]({page.file}.ipynb)" if number in CHAPTERS else f"[{page.short}]({page.file}.ipynb)"


def _beside(number: str, titles: bool = False) -> tuple[str, str]:
    """Links to the pages before and after; "" where there is none."""
    order = list(PAGES)
    at = order.index(number)
    before = _link(order[at - 1], titles) if at else ""
    return before, _link(order[at + 1], titles) if at + 1 < len(order) else ""


def _row(numbers: Sequence[str], here: str) -> str:
    """A row of the map: links, and this chapter in bold."""
    texts = {number: f"{number}&nbsp;{CHAPTERS[number].short.replace(' ', '&nbsp;')}" for number in numbers}
    linked = [
        f"**{text}**" if number == here else f"[{text}]({CHAPTERS[number].file}.ipynb)"
        for number, text in texts.items()
    ]
    return " › ".join(linked)
