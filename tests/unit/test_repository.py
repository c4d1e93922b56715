"""The files around the code: do they agree with one another, and does the code pass its own linters?"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest


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


def test_constraints_pin_every_requirement_within_its_range(root, requirements):
    from packaging.requirements import Requirement

    lines = [line for line in (root / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pins = {name.lower().replace("_", "-"): version for name, _, version in (line.partition("==") for line in lines)}
    assert pins["torch"] == "2.13.0"
    for requirement in map(Requirement, requirements):
        assert requirement.specifier.contains(pins[requirement.name.lower()]), requirement


def test_ci_runs_the_readmes_test_command(root):
    script = (root / ".ci" / "run").read_text()
    assert re.search(r'^(?:\w+="[^"]*" )?make test$', script, re.M)
    assert "make test" in (root / "README.md").read_text()


def test_readme_example_gives_the_numbers_it_shows(root):
    import doctest

    blocks = re.findall(r"```python\n(.*?)```", (root / "README.md").read_text(), re.S)
    example = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "README.md", "README.md", 0)
    outcome = doctest.DocTestRunner().run(example)
    assert outcome.attempted >= 6
    assert outcome.failed == 0


def test_readme_links_lead_somewhere(root):
    for page in ("README.md", "CONTRIBUTING.md", "data/README.md", "benchmarks/README.md"):
        text = (root / page).read_text()
        for link in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
            if "://" not in link:
                assert ((root / page).parent / link).exists(), f"{page}: {link}"


@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "mypy", "lint-imports"])
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


def test_importing_the_package_needs_no_notebook_tools():
    tools = ("matplotlib", "ipywidgets", "skimage", "joblib")
    code = f"import mtcnn_lite, sys; print([m for m in {tools} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
