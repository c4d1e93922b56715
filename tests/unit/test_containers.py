"""The container, Binder, Codespaces and uv: do their files agree with one another, and with pyproject.toml?"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest


@pytest.fixture(scope="module")
def addresses(root):
    sys.path.insert(0, str(root / "docs" / "site"))
    import addresses

    yield addresses
    sys.path.remove(str(root / "docs" / "site"))


@pytest.fixture(scope="module")
def pyproject(root):
    return tomllib.loads((root / "pyproject.toml").read_text())


def instructions(text):
    """(name, rest) of each instruction of a Dockerfile, with lines that go on joined."""
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.M).replace("\\\n", "")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def entries(text):
    """The pins of a file for pip, each with its hashes, by name; several where a name has more than one version."""
    lines = re.sub(r"^(?:#|--).*\n", "", text, flags=re.M).replace("\\\n", "").splitlines()
    return {(line.partition("==")[0], line.strip()) for line in lines}


def test_the_container_is_pinned_and_runs_make_lab_as_no_root(root):
    steps = instructions((root / "Dockerfile").read_text())
    names = [name for name, _ in steps]
    assert set(names) <= {"FROM", "ARG", "RUN", "USER", "WORKDIR", "ENV", "COPY", "EXPOSE", "CMD"}
    [base] = [rest for name, rest in steps if name == "FROM"]
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", base), "an official image, by its tag"
    users = [rest for name, rest in steps if name == "USER"]
    assert users == ["reader"]
    made = [rest for name, rest in steps[: names.index("USER")] if name == "RUN" and "useradd" in rest]
    assert made, "the user is made before it is used"
    assert all("--chown=reader" in rest for name, rest in steps if name == "COPY")
    assert json.loads(dict(steps)["CMD"]) == ["make", "lab"]
    assert "://" not in (root / "Dockerfile").read_text(), "no address of a server"
    pip = [rest for name, rest in steps if name == "RUN" and "pip install" in rest]
    assert "--require-hashes --requirement binder/requirements.txt" in pip[0]
    assert "--no-deps --no-build-isolation --editable ." in pip[1]
    assert "touch .venv/.ready" in pip[1], "or make lab would install again"


def test_the_container_gets_what_it_needs_and_nothing_that_a_reader_wrote(root):
    left_out = (root / ".dockerignore").read_text().split()
    assert {".git", ".venv", "**/.mine", "**/.mine.progress", "**/node_modules", "site", "run"} <= set(left_out)
    copied = ("mtcnn_lite", "notebooks", "data", "docs", "binder", "pyproject.toml", "setup.py", "Makefile")
    assert all((root / name).exists() and name not in left_out for name in copied)


def test_its_steps_that_shell_runs_are_valid(root):
    for name, rest in instructions((root / "Dockerfile").read_text()):
        if name == "RUN":
            subprocess.run(["sh", "-n", "-c", rest], check=True)
    for script in ("binder/postBuild", ".devcontainer/create.sh"):
        subprocess.run(["bash", "-n", root / script], check=True)
        assert os.access(root / script, os.X_OK), script


def test_the_guides_say_what_the_dockerfile_says(root):
    steps = instructions((root / "Dockerfile").read_text())
    [port] = [rest for name, rest in steps if name == "EXPOSE"]
    [folder] = [rest for name, rest in steps if name == "WORKDIR"]
    guide, grading = ((root / "docs" / name).read_text() for name in ("container.md", "grading.md"))
    published = re.findall(r"-p (\S+)", guide)
    assert len(published) == 3
    assert set(published) == {f"127.0.0.1:{port}:{port}"}
    assert f":{folder}/notebooks mtcnn-lite" in guide
    built = re.findall(r"^docker build -t (\S+) \.$", guide + grading, re.M)
    run = re.findall(r"^docker run (.*?)(?<!\\)$", guide + grading, re.M | re.S)
    assert built == ["mtcnn-lite", "mtcnn-lite"]
    assert len(run) == 4
    assert all(built[0] in command.split() for command in run)
    assert {"--network none", "--read-only", ":/in:ro"} <= set(
        re.findall(r"--network none|--read-only|:/in:ro", run[3])
    )
    assert "mtcnn-lite check /in" in run[3]
    assert f"{folder}/.venv/bin" in next(rest for name, rest in steps if name == "ENV"), "so that mtcnn-lite is found"


def test_the_development_container_is_the_same_image(root):
    told = json.loads((root / ".devcontainer" / "devcontainer.json").read_text())
    folder = root / ".devcontainer"
    assert (folder / told["build"]["dockerfile"]).resolve() == (root / "Dockerfile").resolve()
    assert (folder / told["build"]["context"]).resolve() == root.resolve()
    steps = instructions((root / "Dockerfile").read_text())
    assert told["remoteUser"] == dict(steps)["USER"]
    assert told["forwardPorts"] == [int(dict(steps)["EXPOSE"])]
    assert set(told["build"]["args"]) <= {rest.partition("=")[0] for name, rest in steps if name == "ARG"}
    assert (root / told["postCreateCommand"].removeprefix("bash ")).exists()
    assert f"{dict(steps)['WORKDIR']}/.venv" in (folder / "create.sh").read_text()


def test_binder_has_the_versions_of_constraints(root, pyproject):
    """Its lines are lines of constraints.txt, and there is one for all that the notebooks ask for."""
    from packaging.requirements import Requirement

    text = (root / "binder" / "requirements.txt").read_text()
    ours, all_pins = entries(text), entries((root / "constraints.txt").read_text())
    assert ours < all_pins
    assert all("--hash=sha256:" in line for _, line in ours)
    project = pyproject["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["lab"], *extras["reference"], *pyproject["build-system"]["requires"]]
    names = {name for name, _ in ours}
    assert {Requirement(each).name.lower() for each in asked} <= names
    assert not names & {"ray", "playwright", "onnx", "pytest", "sphinx"}, "what the notebooks do without"
    waiting, seen = {Requirement(each).name.lower() for each in asked}, set()
    while waiting:  # and all that those ask for in turn, as it is installed here
        seen |= waiting
        waiting = {name for each in waiting for name in needed(each)} - seen
    assert seen <= names, seen - names
    [index] = re.findall(r"^--extra-index-url (\S+)$", text, re.M)
    assert pyproject["tool"]["uv"]["index"] == [{"name": "pytorch-cpu", "url": index, "explicit": True}]
    python = (root / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert f"python:{python}-" in (root / "Dockerfile").read_text()


def needed(name):
    """The names that a package asks for on this machine, its extras left out."""
    from importlib.metadata import PackageNotFoundError, requires

    from packaging.requirements import Requirement

    try:
        found = [Requirement(each) for each in requires(name) or []]
    except PackageNotFoundError:
        return set()
    found = [each for each in found if each.marker is None or each.marker.evaluate({"extra": ""})]
    names = {re.sub(r"[-_.]+", "-", each.name).lower() for each in found}
    return {each for each in names if not each.startswith(("nvidia-", "cuda-", "triton"))}


def test_uv_brings_what_the_notebooks_need(root, pyproject):
    assert pyproject["dependency-groups"]["dev"] == ["mtcnn_lite[lab,reference]"]
    assert pyproject["tool"]["uv"]["sources"]["torch"] == [
        {"index": "pytorch-cpu", "marker": "sys_platform == 'linux'"}
    ]
    readme = (root / "README.md").read_text()
    assert "uv sync" in readme
    assert "uv run jupyter lab" in readme


def test_badges_and_all_addresses_are_those_of_the_setting(root, pyproject, addresses):
    source = pyproject["project"]["urls"]["Source"]
    readme = (root / "README.md").read_text()
    assert f"<!-- badges -->\n{addresses.badges(source)}<!-- /badges -->" in readme
    owner, name = source.split("/")[-2:]
    links = [*re.findall(r"\)\]\((https://(?:mybinder|colab|codespaces)[^)]+)\)", readme)]
    assert links == [
        f"https://mybinder.org/v2/gh/{owner}/{name}/main?labpath=notebooks%2Fstart_here.ipynb",
        f"https://colab.research.google.com/github/{owner}/{name}/blob/main/notebooks/start_here.ipynb",
        f"https://codespaces.new/{owner}/{name}?quickstart=1",
    ]
    assert (root / "notebooks" / "start_here.ipynb").exists()


def test_one_command_changes_every_address(root, tmp_path, pyproject, addresses):
    owner, project = pyproject["project"]["urls"]["Source"].split("/")[-2:]
    listed = ("README.md", "pyproject.toml", "CITATION.cff", "CONTRIBUTING.md", "CHANGELOG.md", "docs/teaching.md",
              "mtcnn_lite/course/folder.py", "notebooks/source/build.py", "notebooks/00_iou.ipynb")  # fmt: skip
    found = subprocess.run(["git", "grep", "-lI", f"{owner}/{project}"], cwd=root, capture_output=True, text=True)
    if found.returncode > 1:
        pytest.skip("no checkout: " + found.stderr.strip())
    for name in found.stdout.split():
        assert name.endswith(addresses.TEXT), name
    for name in listed:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, tmp_path / name)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    setting = (tmp_path / "pyproject.toml").read_text()
    setting = re.sub(r'^Source = ".*"', 'Source = "https://github.com/ann/faces"', setting, flags=re.M)
    (tmp_path / "pyproject.toml").write_text(setting)
    addresses.main(tmp_path)
    for name in listed:
        text = (tmp_path / name).read_text()
        assert f"{owner}/{project}" not in text, name
        assert f"{owner}.github.io" not in text, name
        assert "ann/faces" in text or "ann.github.io/faces" in text, name
    written = {name: (tmp_path / name).read_text() for name in listed}
    assert addresses.badges("https://github.com/ann/faces") in written["README.md"]
    addresses.main(tmp_path)
    assert written == {name: (tmp_path / name).read_text() for name in listed}
