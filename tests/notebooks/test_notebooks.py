"""The committed notebooks: what their sources say, executed, without errors, small, and within the page."""

import copy
import importlib.util
import json
import re
import sys
import tomllib
from types import SimpleNamespace

import nbformat
import pytest
from links import sections
from solved import exercises

from mtcnn_lite.course.chapters import CHAPTERS
from mtcnn_lite.course.exercises import EXERCISES
from mtcnn_lite.draw import COLOURS, INK, PAPER


def test_every_source_has_its_notebook_and_the_other_way_round(build, notebooks):
    written = [path for path in notebooks.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts]
    assert sorted(map(build.target, build.sources())) == sorted(written)


def test_every_chapter_has_exercises_to_solve(build):
    """Without a stub, a chapter would get no test of its solved exercises, and nobody would notice."""
    for source in build.sources():
        if source.parent.name != "deeper":
            assert bool(exercises(build.unexecuted(source))) == (source.stem != "start_here"), source.stem


def test_notebook_says_what_its_source_says(pairs):
    for source, notebook in pairs:
        assert [(c.cell_type, c.id, c.source, c.metadata) for c in notebook.cells] == [
            (c.cell_type, c.id, c.source, c.metadata) for c in source.cells
        ]
        assert notebook.metadata == source.metadata


def test_every_code_cell_was_executed_in_order_and_none_failed(pairs):
    for _, notebook in pairs:
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
        kinds = {output.output_type for cell in code for output in cell.outputs}
        assert kinds <= {"stream", "execute_result", "display_data"}, "an error is stored"
        assert all(output.get("name") != "stderr" for cell in code for output in cell.outputs)


def test_notebooks_keep_to_the_format(pairs):
    for _, notebook in pairs:
        nbformat.validate(notebook)


@pytest.mark.parametrize(("plain", "kept"), [("42", "7 ms"), ("43", "9 ms")])
def test_a_clock_cell_keeps_its_output_only_where_all_others_stay(build, tmp_path, plain, kept):
    def notebook(plain, clock):
        made = nbformat.v4.new_notebook()
        for name, text, tags in (("plain", plain, []), ("clock", clock, ["clock"])):
            output = nbformat.v4.new_output("stream", text=text)
            made.cells.append(nbformat.v4.new_code_cell("1", id=name, metadata={"tags": tags}, outputs=[output]))
        made.cells.append(nbformat.v4.new_markdown_cell("and words", id="words"))
        return made

    old, new = notebook("42", "7 ms"), notebook(plain, "9 ms")
    nbformat.write(old, tmp_path / "old.ipynb")
    build.keep_times(new, tmp_path / "old.ipynb")
    assert [cell.outputs[0].text for cell in new.cells[:2]] == [plain, kept]
    nbformat.validate(new)


def test_notebook_is_small_and_names_no_machine(build):
    for path in map(build.target, build.sources()):
        text = path.read_text()
        assert len(text) < build.LARGEST
        notebook = json.loads(text)
        words = json.dumps([c["source"] for c in notebook["cells"]]) + json.dumps(
            [
                o.get("text", o.get("data", {}).get("text/plain", ""))
                for c in notebook["cells"]
                for o in c.get("outputs", [])
            ]
        )
        assert not re.search(r"/(home|root|usr|tmp|work)/|0x[0-9a-f]{6,}|\d{4}-\d\d-\d\dT", words)


def test_code_cells_are_short_and_fit_the_page(build, pairs):
    for source, _ in pairs:
        for cell in source.cells:
            if cell.cell_type == "code":
                own = cell.source.removeprefix(build.INSTALL)
                lines = [line for line in own.splitlines() if line.strip()]
                assert len(lines) <= 16, cell.source
                assert max(map(len, lines)) <= 100, cell.source


def test_the_first_code_installs_the_package_where_it_is_missing(build, pairs, monkeypatch):
    for source, _ in pairs:
        code = [cell.source for cell in source.cells if cell.cell_type == "code"]
        assert [text.startswith(build.INSTALL) for text in code] == [True, *[False] * (len(code) - 1)]
    asked = []
    shell = SimpleNamespace(run_line_magic=lambda *given: asked.append(given))
    exec(build.INSTALL, {"get_ipython": lambda: shell})
    assert asked == []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    exec(build.INSTALL, {"get_ipython": lambda: shell})
    urls = tomllib.loads((build.NOTEBOOKS.parent / "pyproject.toml").read_text())["project"]["urls"]
    assert asked == [("pip", f"install -q 'mtcnn_lite[lab,reference] @ git+{urls['Source']}'")]


def test_text_can_be_taken_over_by_a_notebook_from_before_the_first_lines(build, pairs, tmp_path, monkeypatch):
    [(source, built)] = [pair for pair in zip(build.sources(), pairs, strict=True) if pair[0].stem == "08_what_to_mine"]
    old = copy.deepcopy(built[1])
    first = next(cell for cell in old.cells if cell.cell_type == "code")
    first.source = first.source.removeprefix(build.INSTALL)
    nbformat.write(old, tmp_path / "old.ipynb")
    monkeypatch.setattr(build, "target", lambda _: tmp_path / "old.ipynb")
    assert build.retell(source)
    assert nbformat.read(tmp_path / "old.ipynb", 4) == nbformat.read(
        build.NOTEBOOKS / "deeper" / "08_what_to_mine.ipynb", 4
    )
    assert not build.retell(source)


def test_chapter_numbers_are_on_the_map(build):
    for source in build.sources():
        assert source.stem[:2] in CHAPTERS or source.stem == "start_here"


def test_minutes_agree_in_the_notebook_in_start_here_and_in_the_readme(build, pairs, root):
    """A row of start_here: `[03](03_pnet.ipynb) | what you build | 40 |`; of the README: `[03](notebooks/03_...`."""
    tables = {"start_here": (build.SOURCE / "start_here.py").read_text(), "README": (root / "README.md").read_text()}
    for source, (_, notebook) in zip(build.sources(), pairs, strict=True):
        if source.parent.name == "deeper":
            continue
        takes = re.findall(r"\*\*takes\*\* \| about (\d+) minutes", notebook.cells[0].source)
        assert len(takes) == 1, f"{source.stem} does not say how long it takes"
        for name, table in tables.items():
            if name != source.stem:
                rows = re.findall(rf"\((?:notebooks/)?{source.stem}\.ipynb\) \| .+? \| (\d+) \|", table)
                assert rows == takes, f"{name} has {rows} minutes for {source.stem}, the notebook {takes}"


def test_plots_take_their_colours_from_the_palette(build):
    known = {*COLOURS.values(), INK, PAPER}
    for source in build.sources():
        assert set(re.findall(r"#[0-9A-Fa-f]{6}\b", source.read_text())) <= known, source.stem


def test_building_leaves_no_trace_of_two_runs(build):
    """A cell's output is the same whether its prints arrive in one piece or in two, and no widget id stays."""
    whole = nbformat.v4.new_output("stream", name="stdout", text="one\ntwo\n")
    pieces = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("one\n", "two\n")]
    picture = nbformat.v4.new_output("display_data", data={"text/plain": "picture"})
    assert build.joined([*pieces, picture]) == [whole, picture]


def test_a_failing_cell_stops_the_build_and_keeps_the_notebook(build, monkeypatch, tmp_path):
    monkeypatch.setattr(build, "NOTEBOOKS", tmp_path)
    source = tmp_path / "03_broken.py"
    for code, message in (("1 / 0", "ZeroDivisionError"), ("import sys; print('oh', file=sys.stderr)", "stderr")):
        build.target(source).write_text("the old notebook")
        source.write_text(f"# %%\n{code}\n")
        with pytest.raises(Exception, match=message):
            build.build(source)
        assert build.target(source).read_text() == "the old notebook"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["03_broken.ipynb", "03_broken.py"]


def test_building_twice_gives_the_same_bytes(build, monkeypatch, tmp_path):
    monkeypatch.setattr(build, "NOTEBOOKS", tmp_path)
    source = tmp_path / "03_small.py"
    source.write_text(
        "# %% [markdown]\n# # A title\n\n# %%\nimport ipywidgets\n\nprint('a')\nipywidgets.IntSlider(3)\n\n"
        '# %% tags=["nbval-ignore-output", "clock"]\nimport time\n\nprint(time.perf_counter())\n'
    )
    assert build.build(source)
    first = build.target(source).read_bytes()
    assert not build.build(source)
    assert build.target(source).read_bytes() == first
    notebook = nbformat.reads(first.decode(), 4)
    assert [cell.metadata.get("tags") for cell in notebook.cells] == [None, None, ["nbval-ignore-output", "clock"]]
    assert float(notebook.cells[2].outputs[0].text) > 0
    source.write_text(source.read_text().replace("perf_counter", "process_time"))
    assert build.build(source)  # other code: new times
    changed = nbformat.read(build.target(source), 4).cells[2].outputs[0].text
    assert float(changed) != float(notebook.cells[2].outputs[0].text)
    assert all(build.WIDGET not in output.get("data", {}) for cell in notebook.cells[1:] for output in cell.outputs)


def test_new_words_get_into_the_notebook_without_running_it(build, monkeypatch, tmp_path):
    monkeypatch.setattr(build, "NOTEBOOKS", tmp_path)
    source = tmp_path / "03_small.py"
    source.write_text('# %% [markdown]\n# Old words\n\n# %%\nprint(1)\n\n# %% tags=["check"]\nassert 1\n')
    build.build(source)
    source.write_text(source.read_text().replace("Old", "New"))
    assert build.retell(source)
    told = nbformat.read(build.target(source), 4)
    assert told.cells[0].source == "New words"
    assert (told.cells[1].outputs[0].text, told.cells[1].execution_count) == ("1\n", 1)
    assert told.cells[2].metadata == {"tags": ["check"], "jupyter": {"source_hidden": True}}
    source.write_text(source.read_text().replace("print(1)", "print(2)"))
    with pytest.raises(RuntimeError, match="its code has changed"):
        build.retell(source)


def test_a_pictures_alt_text_is_all_that_stays_of_its_metadata(build):
    kinds = {"image/png": {"alt": "A line that rises.", "width": 3}}
    assert build.described({"alt": "A line that rises.", "needs_background": "light", **kinds}) == {
        "alt": "A line that rises.", **kinds}  # fmt: skip
    assert build.described({"needs_background": "light", "image/png": {"width": 3}}) == {}


def test_glossary_links_to_the_sections_that_explain_its_words(notebooks):
    glossary = (notebooks / "glossary.md").read_text()
    rows = re.findall(r'^\| <a id="[\w-]+"></a>(.+?) \|.*\| (.*?) \|$', glossary, re.M)
    assert len(rows) == glossary.count("<a id=")
    for words, where in rows:
        links = re.findall(r"\]\((.+?)#(.+?)\)", where)
        assert len(links) == where.count("]("), where
        for file, anchor in links:
            explained = " ".join(sections(notebooks / file)[anchor].lower().split())
            assert any(f"**{term.lower()}" in explained for term in re.findall(r"\*\*(.+?)\*\*", words)), (words, file)


def test_the_page_of_answers_is_that_of_the_chapters(build):
    sys.path.insert(0, str(build.SOURCE))
    try:
        answers = importlib.import_module("answers")
    finally:
        sys.path.pop(0)
    assert answers.ANSWERS.read_text() == answers.page()
    asked = [answers.questions(chapter.file) for chapter in CHAPTERS.values()]
    assert [len(each) for each in asked] == [5] * len(CHAPTERS)
    assert asked[1][1][1] == "Yes, if no other box removes it. What is gone removes nothing."


def test_the_teachers_guide_names_exercises_and_all_chapters(root):
    text = (root / "docs" / "teaching.md").read_text()
    named = set(re.findall(r"`([a-z]\w+)`", text)) - {"deeper"}
    assert named <= set(EXERCISES)
    assert {chapter.file for chapter in CHAPTERS.values()} <= set(re.findall(r"notebooks/(\d\w+)\.ipynb", text))
