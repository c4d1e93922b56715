"""Which files of a folder are its photos, and in which order."""

import os
from pathlib import Path

import pytest

from mtcnn_lite.images import ImageError, photos_in
from mtcnn_lite.photos.folders import folders_below


def grow(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def names(paths, root):
    return [path.relative_to(root).as_posix() for path in paths]


def test_photos_are_told_by_their_endings(tmp_path):
    good = ["A.JPG", "b.jpeg", "c.png", "d.webp", "e.tif", "f.tiff", "g.bmp", "h.gif", "i.pgm", "j.avif", "k.HEIC",
            "l.heif", "m.mpo", "n.ppm", "o.jfif", "p.pbm", "q.pnm"]  # fmt: skip
    bad = ["a.h5", "a.mpg", "a.grib", "a.ps", "a.eps", "a.psd", "a.ico", "a.txt", "a.pdf", "jpg", "a.jpg.part"]
    hidden = ["._A.JPG", ".a.jpg", ".jpg"]
    grow(tmp_path, *good, *bad, *hidden)
    (tmp_path / "folder.jpg").mkdir()
    assert names(photos_in(tmp_path), tmp_path) == good
    assert photos_in(str(tmp_path)) == photos_in(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="links need rights, and there are no named pipes")
def test_links_and_pipes(tmp_path):
    """A link to nothing is listed, so that reading it names it; a pipe and a link to a folder are no photos."""
    grow(tmp_path, "a.jpg", "b/c.jpg")
    (tmp_path / "gone.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "gone.txt").symlink_to("nowhere.jpg")
    (tmp_path / "link.jpg").symlink_to("a.jpg")
    (tmp_path / "folder.jpg").symlink_to("b")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert names(photos_in(tmp_path), tmp_path) == ["a.jpg", "gone.jpg", "link.jpg"]


def test_folders_below(tmp_path):
    """The photos of a folder before those of the folders in it, each by name."""
    grow(
        tmp_path,
        "z.jpg",
        "b/2.jpg",
        "b/1.jpg",
        "b/deep/0.jpg",
        "a/9.jpg",
        ".hidden/0.jpg",
        "a/.cache/0.jpg",
        "a/._9.jpg",
    )
    assert names(photos_in(tmp_path), tmp_path) == ["z.jpg"]
    everything = ["z.jpg", "a/9.jpg", "b/1.jpg", "b/2.jpg", "b/deep/0.jpg"]
    assert names(photos_in(tmp_path, recursive=True), tmp_path) == everything


@pytest.mark.skipif(os.name != "posix", reason="links need rights")
def test_links_in_a_loop_end(tmp_path):
    grow(tmp_path, "a/1.jpg", "b/2.jpg")
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "b" / "self").symlink_to(".")
    (tmp_path / "c").symlink_to("b")
    (tmp_path / "d").symlink_to("d")
    assert names(photos_in(tmp_path, recursive=True), tmp_path) == ["a/1.jpg", "b/2.jpg"]


@pytest.mark.skipif(os.name != "posix", reason="other words elsewhere")
@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "\ud800"])
def test_a_name_that_no_folder_can_have(name):
    with pytest.raises(ImageError):
        photos_in(name)


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    with pytest.raises(ImageError, match="gone: No such file or directory"):
        photos_in(tmp_path / "gone", recursive=True)
    grow(tmp_path, "a/1.jpg", "b/2.jpg")
    listed = Path.iterdir

    def iterdir(folder):
        if folder.name == "a":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert names(folders_below(tmp_path), tmp_path) == [".", "a", "b"]
    with pytest.raises(ImageError, match="a: Permission denied"):
        photos_in(tmp_path, recursive=True)
