"""`mtcnn-lite course`: a folder with the notebooks, whose links lead somewhere, and in which no work is ever lost."""

import errno
import json
import re
import subprocess
import sys
import tomllib

import pytest
from links import anchors

from mtcnn_lite.cli import main
from mtcnn_lite.course import carried, folder

MARKDOWN_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    place = tmp_path_factory.mktemp("course") / "a" / "faces"
    folder.write(place, solutions=True)
    return place


@pytest.fixture
def course(tmp_path, capsys):
    assert main(["course", str(tmp_path / "faces")]) == 0
    capsys.readouterr()
    return tmp_path / "faces"


def names(place):
    return {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}


def edit(path, text="# my work"):
    notebook = json.loads(path.read_text())
    next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")["source"] = [text]
    path.write_text(json.dumps(notebook))
    return path.read_bytes()


def test_it_has_all_notebooks_and_pages(written, notebooks):
    there = names(written)
    own = {path.name for path in notebooks.glob("*") if path.suffix in (".ipynb", ".md", ".jpg", ".png")}
    trips = {f"deeper/{path.name}" for path in (notebooks / "deeper").glob("*.ipynb")}
    assert len(own) >= 19
    assert len(trips) >= 21
    assert own | trips | {"source/solutions.py", ".course.json", "pages/data/MODEL_CARD.md"} <= there


def test_all_links_and_pictures_lead_somewhere(written):
    followed = 0
    for path in sorted(written.rglob("*")):
        if path.suffix == ".md":
            texts = [re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(), flags=re.S)]
        elif path.suffix == ".ipynb":
            cells = json.loads(path.read_text())["cells"]
            texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        else:
            continue
        for link in (one or other for text in texts for one, other in MARKDOWN_LINK.findall(text)):
            if "://" in link or link.startswith("mailto:"):
                assert "/blob/main/../" not in link
                continue
            place, _, anchor = link.partition("#")
            target = path.parent / place if place else path
            assert target.exists(), (path, link)
            assert target.resolve().is_relative_to(written.resolve()), (path, link)
            if anchor and target.suffix in (".md", ".ipynb"):
                assert anchor in anchors(target), (path, link)
            followed += 1
    assert followed > 400


def test_links_to_code_lead_to_files_of_the_repository(written, root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["urls"]["Source"] == folder.REPOSITORY
    texts = [path.read_text() for path in written.rglob("*") if path.suffix in (".md", ".ipynb")]
    links = re.findall(rf"{re.escape(folder.REPOSITORY)}/blob/main/([^)#\"\s]+)", "".join(texts))
    assert len(set(links)) >= 5
    assert not [link for link in links if not (root / link).exists()]


def test_only_links_are_rewritten(written, notebooks):
    """Cells of code, outputs and ids are those of the repository, to the byte."""
    for path in notebooks.rglob("[0-9s]*.ipynb"):
        if path.name.startswith("."):
            continue
        ours, theirs = (json.loads(each.read_text()) for each in (path, written / path.relative_to(notebooks)))
        for one, other in zip(ours["cells"], theirs["cells"], strict=True):
            if one["cell_type"] == "code":
                assert one == other
    assert (written / "source" / "solutions.py").read_bytes() == (notebooks / "source" / "solutions.py").read_bytes()


@pytest.mark.parametrize(
    ("text", "name", "known", "expected"),
    [
        ("[a](../data/a.md#b)", "notebooks/n.ipynb", ["data/a.md"], "[a](pages/data/a.md#b)"),
        ("[a](../../data/a.md)", "notebooks/deeper/n.ipynb", ["data/a.md"], "[a](../pages/data/a.md)"),
        ("[a](../00.ipynb)", "notebooks/deeper/n.ipynb", ["notebooks/00.ipynb"], "[a](../00.ipynb)"),
        ("[a](../notebooks/g.png)", "docs/p.md", ["notebooks/g.png"], "[a](../../g.png)"),
        ("[a](b.md) [c](#d)", "docs/p.md", ["docs/b.md"], "[a](b.md) [c](#d)"),
        ("`x[0](y)` [a](https://b.c/d)", "docs/p.md", [], "`x[0](y)` [a](https://b.c/d)"),
        ("```\nx[0](y)\n```", "docs/p.md", [], "```\nx[0](y)\n```"),
        ("known[0](y)", "notebooks/n.ipynb", [], "known[0](y)"),
        ("[a](../LICENSE)", "data/p.md", [], f"[a]({folder.REPOSITORY}/blob/main/LICENSE)"),
    ],
)
def test_where_links_lead(text, name, known, expected):
    assert folder.relinked(text, name, known) == expected


def test_solutions_come_only_when_asked_for(course, capsys):
    assert not (course / "source").exists()
    assert main(["course", str(course), "--solutions"]) == 0
    assert (course / "source" / "solutions.py").exists()
    assert capsys.readouterr().out.startswith(f"{course}: 1 files written, ")


def test_a_second_call_writes_what_is_missing_and_lists_what_has_changed(course, capsys):
    mine = edit(course / "03_pnet.ipynb")
    whole = (course / "01_nms.ipynb").read_bytes()
    (course / "01_nms.ipynb").unlink()
    (course / "notes.ipynb").write_text("{}")
    assert main(["course", str(course)]) == 0
    said = capsys.readouterr().out
    assert "1 files written" in said
    assert "1 left as they are, for you have changed them:\n  03_pnet.ipynb\n--update" in said
    assert (course / "03_pnet.ipynb").read_bytes() == mine
    assert (course / "01_nms.ipynb").read_bytes() == whole
    assert (course / "notes.ipynb").read_text() == "{}"


@pytest.fixture
def newer(monkeypatch):
    """A later version of the course, in which chapters 02 to 04 and the glossary are others."""
    old = folder.files

    def files(solutions=False):
        new = old(solutions)
        for name in ("02_image_pyramid.ipynb", "03_pnet.ipynb", "04_rnet.ipynb", "glossary.md"):
            new[name] = new[name].replace(b"Play", b"Play now")
        return new

    monkeypatch.setattr(folder, "files", files)
    return files()


def test_a_newer_version_replaces_what_is_untouched_and_goes_beside_work(course, newer, capsys):
    mine = edit(course / "03_pnet.ipynb")
    notebook = json.loads((course / "04_rnet.ipynb").read_text())
    for cell in notebook["cells"]:
        cell.update(outputs=[], execution_count=7) if cell["cell_type"] == "code" else None
    ran = json.dumps(notebook)
    (course / "04_rnet.ipynb").write_text(ran)
    (course / "05_onet.ipynb").write_text(ran)

    assert main(["course", str(course)]) == 0
    assert (course / "02_image_pyramid.ipynb").read_bytes() == newer["02_image_pyramid.ipynb"]
    assert (course / "glossary.md").read_bytes() == newer["glossary.md"]
    assert (course / "03_pnet.ipynb").read_bytes() == mine
    assert not list(course.rglob("*.new*"))

    assert main(["course", str(course), "--update"]) == 0
    assert "03_pnet.ipynb; the course's version is 03_pnet.new.ipynb" in capsys.readouterr().out
    assert (course / "03_pnet.new.ipynb").read_bytes() == newer["03_pnet.ipynb"]
    assert (course / "03_pnet.ipynb").read_bytes() == mine
    assert (course / "04_rnet.ipynb").read_text() == ran
    assert {path.name for path in course.rglob("*.new*")} == {
        "03_pnet.new.ipynb", "04_rnet.new.ipynb", "05_onet.new.ipynb"
    }  # fmt: skip

    theirs = edit(course / "03_pnet.new.ipynb", "# and here")
    for _ in range(2):
        assert main(["course", str(course), "--update"]) == 0
        assert (course / "03_pnet.new.ipynb").read_bytes() == theirs
        assert (course / "03_pnet.new2.ipynb").read_bytes() == newer["03_pnet.ipynb"]
        assert not (course / "03_pnet.new3.ipynb").exists()


def test_a_notebook_that_was_only_run_is_kept_and_has_nothing_beside(course):
    path = course / "00_iou.ipynb"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=2))
    kept = path.read_bytes()
    done = folder.write(course, update=True)
    assert (done.yours, done.beside) == (["00_iou.ipynb"], {})
    assert path.read_bytes() == kept


@pytest.mark.parametrize("record", ["", "{", "[]", '{"files": 3}', '{"files": {"00_iou.ipynb": 7}}', None])
def test_without_its_record_what_differs_counts_as_work(course, record):
    mine = edit(course / "00_iou.ipynb")
    (course / ".course.json").write_text(record) if record is not None else (course / ".course.json").unlink()
    done = folder.write(course)
    assert done.yours == ["00_iou.ipynb"]
    assert done.written == []
    assert (course / "00_iou.ipynb").read_bytes() == mine


# --- what goes wrong


def test_a_file_and_the_checkouts_own_folder_are_refused(tmp_path, notebooks, capsys):
    (tmp_path / "file").write_text("x")
    assert main(["course", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'file'} is a file; the course needs a folder\n"
    assert main(["course", str(tmp_path / "file" / "deep")]) == 1
    assert main(["course", str(notebooks)]) == 1
    assert capsys.readouterr().err.endswith(f"error: {notebooks} is the checkout's own; name another folder\n")
    assert not (notebooks / ".course.json").exists()
    (tmp_path / "taken" / "00_iou.ipynb").mkdir(parents=True)
    assert main(["course", str(tmp_path / "taken")]) == 1
    assert re.fullmatch(r"error: .*00_iou.ipynb: Is a directory; nothing was written\n", capsys.readouterr().err)
    assert names(tmp_path) == {"file"}


def test_a_folder_that_cannot_be_made_is_one_sentence(capsys):
    assert main(["course", "/proc/course"]) == 1
    assert re.fullmatch(r"error: /proc.*: .+; nothing was written\n", capsys.readouterr().err)


def test_a_full_disk_leaves_nothing_behind(tmp_path):
    code = ("import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, 900_000)); "
            "from mtcnn_lite.cli import main; sys.exit(main(sys.argv[1:]))")  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code, "course", str(tmp_path / "new" / "faces")], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert re.fullmatch(r"error: .*\.ipynb: File too large; nothing was written\n", done.stderr), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_on_an_error_work_and_earlier_files_stay(course, newer, monkeypatch):
    mine = edit(course / "03_pnet.ipynb")
    before = {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}

    def full(content, path):
        path.write_bytes(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder, "_put", full)
    with pytest.raises(OSError, match="No space left"):
        folder.write(course, update=True)
    assert {path: path.read_bytes() for path in course.rglob("*") if path.is_file()} == before
    assert before[course / "03_pnet.ipynb"] == mine


def test_what_a_killed_call_left_is_cleared_away(course):
    left = [course / ".999999999.part.00_iou.ipynb", course / "deeper" / ".999999999.part.06_skew.ipynb"]
    for path in left:
        path.write_text("half")
    (course / "my.part.of.it").write_text("a reader's")
    folder.write(course)
    assert not any(path.exists() for path in left)
    assert (course / "my.part.of.it").exists()


def test_an_installation_without_notebooks_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(folder, "carried", lambda: carried.carried(tmp_path))
    assert main(["course", str(tmp_path / "faces")]) == 1
    assert "carries no notebooks" in capsys.readouterr().err
