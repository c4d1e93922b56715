"""The files around the code: do they agree with one another, and does the code pass its own linters?"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from links import anchors

import mtcnn_lite

TEXT = ("*.md", "*.toml", "*.yml", "*.yaml", "*.cff", "*.txt", "Makefile", ".ci/run")
LONGEST = 120  # characters a line
BESIDES = 5  # lines that a file of tables may have besides rows, such as a title and a sentence


def tracked(root, *patterns):
    """The files of the repository that match; skips where this is no checkout."""
    done = subprocess.run(["git", "ls-files", "--", *patterns], cwd=root, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("no checkout: " + done.stderr.strip())
    return [root / name for name in done.stdout.splitlines() if (root / name).exists()]


def broken(links, folder):
    """Those of the links, relative to `folder`, that lead to no file, or to no heading of a page."""
    for link in links:
        path, _, anchor = link.partition("#")
        page = folder / path
        if not page.exists() or (anchor and page.suffix in (".md", ".ipynb") and anchor not in anchors(page)):
            yield link


@pytest.fixture(scope="session")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="session")
def requirements(project):
    return [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]


def test_environment_lists_what_pyproject_lists(root, project, requirements):
    lines = re.findall(r"^ +- (.+)", (root / "environment.yml").read_text(), re.M)
    python, pip = lines.index(f"python{project['requires-python']}"), lines.index("pip:")
    assert python < pip
    assert lines[pip + 1 :] == [*requirements, "--editable ."]


@pytest.fixture(scope="session")
def pins(root):
    """The entries of constraints.txt: a requirement, and the SHA-256 of each file that may be installed for it."""
    from packaging.requirements import Requirement

    text = (root / "constraints.txt").read_text()
    entries = re.sub(r"^#.*\n", "", text, flags=re.M).replace("\\\n", "").splitlines()
    return [(Requirement(entry.partition("--hash")[0]), re.findall(r"--hash=\S+", entry)) for entry in entries]


def test_constraints_pin_every_requirement_within_its_range(root, pins, requirements):
    from packaging.requirements import Requirement

    versions = {pin.name: str(pin.specifier).removeprefix("==") for pin, _ in pins}
    build = tomllib.loads((root / "pyproject.toml").read_text())["build-system"]["requires"]
    assert versions["torch"] == "2.13.0"
    for requirement in map(Requirement, [*requirements, *build]):
        assert requirement.specifier.contains(versions[requirement.name.lower()]), requirement


def test_constraints_are_exact_and_have_hashes(pins):
    """As `pip install --require-hashes` wants them; and nothing that only PyTorch's build for CUDA needs."""
    assert len(pins) > 100
    for pin, hashes in pins:
        assert re.fullmatch(r"==[\w.]+", str(pin.specifier)), pin
        assert hashes, pin
        assert all(re.fullmatch("--hash=sha256:[0-9a-f]{64}", each) for each in hashes), pin
        assert not pin.name.startswith(("nvidia", "cuda", "triton")), pin
    applied = [pin.name for pin, _ in pins if pin.marker is None or pin.marker.evaluate()]
    assert len(applied) == len(set(applied)), "one version of each"


def test_installing_is_the_same_everywhere(root):
    install = "pip install --require-hashes -r constraints.txt", "pip install --no-deps --no-build-isolation -e ."
    for page in ("README.md", "constraints.txt"):
        assert all(line in (root / page).read_text() for line in install), page
    makefile = (root / "Makefile").read_text()
    assert "$(PIP) install --quiet --require-hashes --requirement constraints.txt" in makefile
    assert "$(PIP) install --quiet --no-deps --no-build-isolation --editable ." in makefile


def test_security_gives_the_lower_bounds_their_reasons(root, requirements):
    from packaging.requirements import Requirement

    rows = re.findall(r"^\| ([\w-]+) ([\d.]+) \| (.*CVE-\d{4}-\d+.*) \|$", (root / "SECURITY.md").read_text(), re.M)
    build = tomllib.loads((root / "pyproject.toml").read_text())["build-system"]["requires"]
    ranges = {each.name: str(each.specifier) for each in map(Requirement, [*requirements, *build])}
    assert len(rows) >= 7
    for name, bound, _ in rows:
        assert ranges[name] == f">={bound}"
    for page in ("README.md", "CONTRIBUTING.md"):
        assert "](SECURITY.md" in (root / page).read_text()


def test_ci_runs_the_readmes_test_command(root):
    script = (root / ".ci" / "run").read_text()
    assert re.search(r'^(?:\w+="[^"]*" )?make test$', script, re.M)
    assert "make test" in (root / "README.md").read_text()


@pytest.mark.parametrize("page", ["README.md", "docs/faces.md"])
def test_examples_give_the_numbers_they_show(root, page):
    import doctest

    blocks = re.findall(r"```python\n(.*?)```", (root / page).read_text(), re.S)
    example = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page, page, 0)
    outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example)
    assert outcome.attempted >= 6
    assert outcome.failed == 0


def test_links_lead_somewhere(root):
    pages = tracked(root, "*.md")
    assert {root / name for name in ("README.md", "CONTRIBUTING.md", "data/README.md", "benchmarks/README.md")} <= {
        *pages
    }
    for page in pages:
        links = [link for link in re.findall(r"\]\(([^)]+)\)", page.read_text()) if "://" not in link]
        own = [link for link in links if link.startswith("#")]
        assert {link[1:] for link in own} <= anchors(page), page
        assert not [*broken((link for link in links if link not in own), page.parent)], page


def test_links_of_notebooks_to_pages_lead_somewhere(root, notebooks):
    for source in tracked(root, "notebooks/source/*.py"):
        links = re.findall(r"\]\(([\w./-]+\.md(?:#[^)]+)?)\)", source.read_text())
        folder = notebooks / "deeper" if source.parent.name == "deeper" else notebooks
        assert not [*broken(links, folder)], source


def test_readme_names_the_exercises_of_each_chapter(root, notebooks):
    table = (root / "README.md").read_text()
    for source in sorted((notebooks / "source").glob("[0-9][0-9]_*.py")):
        asked = re.findall(r"\bchecks\.(\w+)\(", source.read_text())
        goes_on = r"(?:\n(?:\| ){4}\|.+)*"  # in rows without a name
        [row] = re.findall(rf"^\| \[{source.stem[:2]}\].+{goes_on}$", table, re.M)
        assert sorted(re.findall(r"`(\w+)`", row)) == sorted(set(asked)), source.stem


def too_long(path):
    """The lines over 120 characters, but for rows in a file of tables and what has no space to break at."""
    lines = path.read_text().splitlines()
    rows = [line for line in lines if line.startswith("|")]
    of_tables = rows and len([line for line in lines if line.strip()]) - len(rows) <= BESIDES
    for line in lines:
        text = re.sub(r"^\s*(?:[-*#>]+ )?", "", line)
        unbreakable = " " not in text.strip()  # one long address
        if len(line) > LONGEST and not unbreakable and not (of_tables and line in rows):
            yield line


def test_text_files_keep_to_120_characters_a_line(root):
    files = tracked(root, *TEXT)
    assert {root / name for name in ("README.md", "pyproject.toml", "Makefile", ".ci/run", "CITATION.cff")} <= {*files}
    found = {str(path.relative_to(root)): lines for path in files if (lines := [*too_long(path)])}
    assert not found, "wider than 120; a table that needs more is a file of its own"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a" * 119 + " b", 1),
        ("a" * 118 + " b", 0),
        ("- https://example.org/" + "a" * 120, 0),
        ("[a page](https://example.org/" + "a" * 120 + ")", 1),
        ("# Words\n\n| a |\n|---|\n| " + "b " * 70 + "|", 0),
        ("one\ntwo\nthree\nfour\nfive\nsix\n| a |\n|---|\n| " + "b " * 70 + "|", 1),
    ],
)
def test_what_may_be_longer(tmp_path, text, wrong):
    (tmp_path / "page.md").write_text(text)
    assert len([*too_long(tmp_path / "page.md")]) == wrong


def test_the_version_is_the_same_everywhere(root, project):
    version = project["version"]
    assert mtcnn_lite.__version__ == version
    assert f"## [{version}]" in (root / "CHANGELOG.md").read_text()
    assert yaml.safe_load((root / "CITATION.cff").read_text())["version"] == version


def test_the_licence_is_said_in_full(root, project):
    assert project["license"] == "MIT AND LicenseRef-mtcnn-lite-weights"
    assert project["license-files"] == ["LICENSE", "data/MODEL_CARD.md"]
    for page in ("README.md", "data/MODEL_CARD.md", "data/README.md", "CITATION.cff"):
        text = " ".join((root / page).read_text().split())
        assert "MIT" in text, page
        assert "for research and teaching" in text, page


def test_the_model_card_is_short_and_has_the_usual_headings(root):
    card = (root / "data" / "MODEL_CARD.md").read_text()
    assert len(card.splitlines()) <= 120
    heads = [
        "Model details",
        "Licence",
        "Intended use",
        "Limitations",
        "Training data",
        "Training procedure",
        "Evaluation",
    ]
    assert re.findall(r"^## (.+)", card, re.M) == heads


def test_workflows_and_forms_are_in_order(root, project):
    for path in tracked(root, "*.yml", "*.yaml"):
        assert isinstance(yaml.safe_load(path.read_text()), dict), path
    for path in tracked(root, ".github/workflows/*.yml"):
        used = re.findall(r"uses: (\S+)", path.read_text())
        assert used, path
        assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", action) for action in used), "pinned by major version"
    matrix = yaml.safe_load((root / ".github/workflows/test.yml").read_text())["jobs"]["test"]["strategy"]["matrix"]
    classified = re.findall(r"Programming Language :: Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert matrix["python"] == classified
    for path in tracked(root, ".github/ISSUE_TEMPLATE/*.yml"):
        form = yaml.safe_load(path.read_text())
        if path.name != "config.yml":
            assert {"name", "description", "body"} <= form.keys(), path


MYPY = pytest.param("mypy", marks=pytest.mark.slow)  # 35 s


@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "lint-imports", MYPY])
def test_code_is_clean(root, command):
    program, *arguments = command.split()
    found = Path(sys.executable).with_name(program)
    done = subprocess.run([found, *arguments], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_contributing_quotes_the_floors(root):
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    block = re.search(r"```text\n(.*?)```", (root / "CONTRIBUTING.md").read_text(), re.S)
    assert block is not None
    assert block[1].splitlines() == contracts[0]["layers"]


def test_a_detector_needs_no_notebook_tools_and_nothing_of_the_course():
    tools = ("matplotlib", "ipywidgets", "skimage", "joblib", "mtcnn_lite.course")
    code = f"import mtcnn_lite, sys; mtcnn_lite.Detector(); print([m for m in {tools} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
