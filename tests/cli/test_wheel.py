"""What is built and installed is the course: the wheel and the sdist carry it, and chapters run away from the checkout.

About 35 s: two builds, and the cells of two chapters and a side trip, compared with their stored outputs.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

LARGEST = 20_000_000  # bytes of the wheel
CHAPTERS = ("00_iou.ipynb", "01_nms.ipynb", "deeper/00_plus_one.ipynb")


def run(*command, **how):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **how)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def environment():
    """Without a way to the checkout: nothing of this process's path, and no reader's functions."""
    dropped = ("PYTHONPATH", "MTCNN_LITE_MINE", "PYTEST_VERSION")
    return {key: value for key, value in os.environ.items() if key not in dropped}


@pytest.fixture(scope="module")
def sdist(root, tmp_path_factory, environment):
    """Built from a copy, as building leaves folders behind."""
    place = tmp_path_factory.mktemp("sdist")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("no checkout: " + listed.stderr.strip())
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).exists():
            (place / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
            (place / "copy" / name).write_bytes((root / name).read_bytes())
    build = "import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))"
    name = run(sys.executable, "-c", build, place, cwd=place / "copy", env=environment).splitlines()[-1]
    return place / name


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory, environment):
    """Built from the sdist, so that it has all that the wheel needs."""
    place = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(place, filter="data")
    [source] = place.iterdir()
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-index", "--no-deps", "--no-build-isolation", "-w", place, source, env=environment)
    [built] = place.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(root, wheel, tmp_path_factory, environment):
    """An environment that sees the packages of this one but mtcnn_lite; a notebook's first lines install the wheel."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place / "new", symlinks=os.name != "nt")
    found = place / "new" / ("Scripts" if os.name == "nt" else "bin") / Path(sys.executable).name
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own, others = (Path(run(each, "-c", ask, env=environment).strip()) for each in (found, sys.executable))
    (place / "others").mkdir()
    for path in others.iterdir():
        if "mtcnn_lite" not in path.name:
            (place / "others" / path.name).symlink_to(path)
    (own / "others.pth").write_text(f"{place / 'others'}\n")
    first = json.loads((root / "notebooks" / "00_iou.ipynb").read_text())
    cell = next("".join(cell["source"]) for cell in first["cells"] if cell["cell_type"] == "code")
    lines = re.sub(r" @ \{course\}", "", cell.partition("\n\nfrom ")[0])  # the wheel, in place of the repository
    code = "import sys; from IPython.core.interactiveshell import InteractiveShell as Shell; "
    code += "print(Shell.instance().run_cell(sys.argv[1]).success)"
    offline = environment | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent), "PIP_NO_COMPILE": "1"}
    said = run(found, "-c", code, lines, cwd=place, env=offline)
    where = run(found, "-c", "import mtcnn_lite; print(mtcnn_lite.__file__)", cwd=place, env=environment)
    assert Path(where.strip()).is_relative_to(own), said
    assert "pip" not in run(found, "-c", code, lines, cwd=place, env=offline), "a second run installs nothing"
    return found


@pytest.fixture(scope="module")
def course(python, tmp_path_factory, environment):
    place = tmp_path_factory.mktemp("elsewhere")
    command = python.with_name("mtcnn-lite" + python.suffix)
    said = run(command, "course", "faces", "--solutions", cwd=place, env=environment)
    assert f"next: jupyter lab {Path('faces', 'start_here.ipynb')}" in said
    said = run(command, "course", "faces", "--solutions", cwd=place, env=environment)
    assert said.startswith("faces: 0 files written")
    assert "0 of 37 exercises passed" in run(command, "progress", "faces", cwd=place, env=environment)
    return place / "faces"


def test_both_carry_the_notebooks_and_no_more_than_they_must(root, sdist, wheel):
    assert wheel.stat().st_size < LARGEST
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    packed = "mtcnn_lite/course/packed/"
    ours = set(run("git", "ls-files", "notebooks/*.ipynb", cwd=root).split())
    assert len(ours) >= 35
    ours |= {"notebooks/glossary.md", "data/MODEL_CARD.md"}
    assert {packed + name for name in ours} <= names
    assert not [name for name in names if ".mine" in name or name.startswith(("tests", "notebooks"))]
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert ours | {"notebooks/source/solutions.py", "setup.py"} <= inside


def test_what_the_wheel_writes_is_what_a_checkout_writes(course, tmp_path):
    from mtcnn_lite.course import folder

    folder.write(tmp_path, solutions=True)
    written = [
        {path.relative_to(place): path.read_bytes() for path in place.rglob("*") if path.is_file()}
        for place in (course, tmp_path)
    ]
    assert len(written[0]) > 50
    assert written[0] == written[1]


def test_chapters_run_and_say_what_is_stored(python, course, environment):
    options = ("-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "--nbval", "--nbval-current-env")
    said = run(python, "-m", "pytest", *options, *CHAPTERS, cwd=course, env={**environment, "OMP_NUM_THREADS": "1"})
    assert " passed" in said
    assert not list(course.glob(".mine*"))
