"""What all chapters have in common: first and last cell, size, order, questions, alt texts, collapsed checks, links."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest
from links import anchors

from mtcnn_lite.course import pages
from mtcnn_lite.course.chapters import CHAPTERS, DEEPER

CELLS, WORDS = 45, 1600  # of a chapter's core path
BEFORE = 4, 300  # cells and words before the explorer: in JupyterLab, less than a screen and a half
SECTIONS = ["Play", "Build", "Your turn", "What you can now say"]
LEAST = 3  # words of an alt text

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SOURCES = NOTEBOOKS / "source"
ALL = sorted(path.stem for path in [*SOURCES.glob("[0-9]*.py"), SOURCES / "start_here.py"])
SIDE_TRIPS = sorted(f"deeper/{path.stem}" for path in SOURCES.glob("deeper/*.py"))


@pytest.fixture(scope="session")
def named(build, pairs):
    """The committed notebooks by name."""
    return {build.name(source): notebook for source, (_, notebook) in zip(build.sources(), pairs, strict=True)}


def markdown(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def section(notebook, title):
    """The Markdown from this heading of level 2 to the next."""
    parts = re.split(r"^## (.+)$", "\n\n".join(markdown(notebook)), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[title]


def pictures(notebook):
    """(output, kind) of each picture."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    yield output, kind


# --- chapters


@pytest.mark.parametrize("name", ALL)
def test_a_chapter_is_short(named, name):
    assert len(named[name].cells) <= CELLS
    assert sum(map(pages.words, markdown(named[name]))) <= WORDS


@pytest.mark.parametrize("name", ALL)
def test_the_explorer_comes_first(named, name):
    cells = named[name].cells
    [at, *_] = [k for k, cell in enumerate(cells) if "Explorer(" in cell.source and cell.cell_type == "code"]
    assert at <= BEFORE[0]
    assert sum(pages.words(cell.source) for cell in cells[1:at] if cell.cell_type == "markdown") <= BEFORE[1]
    asked = sum(cell.source.count("<details>") for cell in cells[:at])
    assert 2 <= asked <= 3, "two or three questions to predict"


@pytest.mark.parametrize("name", ALL)
def test_a_chapter_has_its_sections_and_five_folded_answers(named, name):
    headings = re.findall(r"^## (.+)$", "\n\n".join(markdown(named[name])), re.M)
    assert headings == SECTIONS if name != "start_here" else headings[0] == SECTIONS[0]
    if name != "start_here":
        questions = re.findall(
            r"<details><summary>(.+?\?)</summary>\n\n(.+?)\n\n</details>", section(named[name], SECTIONS[-1]), re.S
        )
        assert len(questions) == 5
        exercises = re.findall(r"^### .*Exercise.*$", section(named[name], "Your turn"), re.M)
        assert all(re.search(rf"\(({'|'.join(pages.EXERCISE)})\)$", heading) for heading in exercises), exercises
        assert exercises[-1].endswith("(stretch)")


@pytest.mark.parametrize("name", ALL + SIDE_TRIPS)
def test_the_frame_is_generated_and_states_the_minutes_of_the_formula(build, named, name):
    import jupytext

    source = (SOURCES / f"{name}.py").read_text()
    assert source.count(pages.HEADER) == source.count(pages.FOOTER) == 1
    takes = pages.minutes(jupytext.reads(source, fmt="py:percent").cells)
    assert re.findall(r"about (\d+) minutes", named[name].cells[0].source) == [str(takes)]
    links = re.findall(r"\]\((.+?\.ipynb)\)", named[name].cells[0].source)
    if name in SIDE_TRIPS:
        assert links == [f"../{CHAPTERS[name[7:9]].file}.ipynb"]
    else:
        others = {f"{chapter.file}.ipynb" for chapter in CHAPTERS.values()} - {f"{name}.ipynb"}
        assert {*links} == others | ({"start_here.ipynb"} & {*links})


@pytest.mark.parametrize("name", ALL + SIDE_TRIPS)
def test_claims_are_held_by_collapsed_cells(build, named, name):
    for cell in named[name].cells:
        if cell.cell_type != "code":
            continue
        checks = "check" in cell.metadata.get("tags", ())
        asserts = any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(cell.source)))
        assert asserts == checks, cell.source
        if checks:
            assert cell.metadata["jupyter"] == {"source_hidden": True}
            assert cell.outputs == [], "what a collapsed cell prints has no visible code"


@pytest.mark.parametrize("name", ALL + SIDE_TRIPS)
def test_pictures_have_an_alt_text(named, name):
    for output, kind in pictures(named[name]):
        alt = output.metadata.get("alt", "")
        assert len(alt.split()) >= LEAST, (kind, output.data.get("text/plain"))
        assert output.metadata[kind] == {"alt": alt}
    for text in markdown(named[name]):
        for alt in re.findall(r"!\[(.*?)\]\(", text):
            assert len(alt.split()) >= LEAST


@pytest.mark.parametrize("name", ALL)
def test_new_words_are_in_the_text(build, named, name):
    text = " ".join(" ".join(markdown(named[name])[:-1]).split())
    terms = build.terms("start" if name == "start_here" else name[:2])
    assert terms
    for said, _ in terms:
        for term in said.split(", "):
            assert re.search(rf"\*\*{re.escape(term)}", text, re.I), (
                f"{name}: {term} is not in bold where it is explained"
            )


def test_side_trips_are_on_the_list():
    assert [f"deeper/{file}" for file in DEEPER] == SIDE_TRIPS


# --- all notebooks


@pytest.mark.parametrize("name", ALL + SIDE_TRIPS)
def test_headings_skip_no_level(named, name):
    text = re.sub(r"```.*?```", "", "\n\n".join(markdown(named[name])), flags=re.S)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.M)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("name", ALL + SIDE_TRIPS)
def test_relative_links_lead_somewhere(named, name):
    folder = (NOTEBOOKS / name).parent
    for text in markdown(named[name]):
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" in link:
                continue
            path, _, anchor = link.partition("#")
            page = folder / path if path else NOTEBOOKS / f"{name}.ipynb"
            assert page.exists(), link
            assert not anchor or anchor in anchors(page), link


@pytest.mark.parametrize("name", [name for name in ALL if name != "start_here"])
def test_headers_lead_to_their_neighbours(name):
    at = ALL.index(name)
    last = pages.header(name, 30).splitlines()[-1]
    before = f"({ALL[at - 1] if at else 'start_here'}.ipynb)"
    after = f"({ALL[at + 1]}.ipynb)" if at + 1 < len(ALL) - 1 else ""
    assert last.startswith("← [")
    assert re.findall(r"\(\S+?\.ipynb\)", last) == [before, *([after] if after else [])]
    assert re.findall(r"\(\S+?\.ipynb\)", pages.footer(name).splitlines()[-1]) == [*([after] if after else []), before]


def test_the_first_page_has_no_page_before_it():
    head = pages.header("start_here", 10)
    assert head.startswith("# Start here: ")
    assert head.splitlines()[-1].startswith("[00 · overlap](00_iou.ipynb) →")
    assert "←" not in head + pages.footer("start_here")


# --- the formula


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One two  three.", 3),
        ("# A heading — with a dash", 5),
        ("[a link](https://example.org/a-b) and <b>bold</b> <!-- not this -->", 4),
        ("| | |\n|---|---|\n| **needs** | `x1, y1` |", 3),
        ("<details><summary>Why?</summary>\n\nSo.\n\n</details>", 2),
        ("", 0),
    ],
)
def test_words(text, count):
    assert pages.words(text) == count


def test_minutes():
    def cell(kind, source, *tags):
        return {"cell_type": kind, "source": source, "metadata": {"tags": [*tags]}}

    prose = cell("markdown", "word " * 1500)
    assert pages.minutes([prose]) == 10
    assert pages.minutes([prose, *[cell("code", "1")] * 20]) == 20
    assert pages.minutes([prose, *[cell("code", "assert 1", "check")] * 20]) == 10
    assert pages.minutes([prose, cell("code", "from mtcnn_lite.course.explorers.overlap import X")]) == 15
    for difficulty, takes in (("easy", 8), ("medium", 15), ("stretch", 25)):
        heading = cell("markdown", f"## Your turn\n\n### Exercise 2: `nms` ({difficulty})\n\nWrite it.")
        assert pages.minutes([prose, heading]) == 5 * round((10 + takes) / 5)
    assert pages.minutes([]) == 5
