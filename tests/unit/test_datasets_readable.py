"""Photos that can't be decoded: found before the work begins, named, and left out where that is asked for."""

import importlib
import threading
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from mtcnn_lite.datasets import DatasetError, DatasetWarning, readable, unreadable
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

MODULE = importlib.import_module("mtcnn_lite.datasets.readable")  # the package's attribute is the function


@pytest.fixture
def photos(tmp_path, astronaut):
    """Of seven files, a, c and g whole; b cut off, d no image, e gone, f empty. And one photo that is pixels."""
    for name in "abcg":
        Image.fromarray(astronaut[:100, :120]).save(tmp_path / f"{name}.jpg", quality=95)
    cut = tmp_path / "b.jpg"
    cut.write_bytes(cut.read_bytes()[:-2000])
    (tmp_path / "d.jpg").write_text("a text")
    (tmp_path / "f.jpg").touch()
    made = [LabelledPhoto(tmp_path / f"{name}.jpg", [[0, 0, 30, 40]]) for name in "abcdefg"]
    return [*made, LabelledPhoto(np.zeros((9, 9, 3), np.uint8), [])]


@pytest.mark.parametrize("threads", [1, 2])
def test_what_can_not_be_decoded_is_named_or_left_out(photos, tmp_path, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = unreadable(photos)
        with pytest.raises(DatasetError, match=r"^4 of 8 photos can't be read:\n") as caught:
            readable(photos)
        with pytest.warns(DatasetWarning, match=r"^4 of 8 photos left out, for they can't be read:\n") as warned:
            left = readable(photos, skip_bad=True)
    finally:
        torch.set_num_threads(before)
    assert list(found) == [tmp_path / f"{name}.jpg" for name in "bdef"]
    assert left == [photos[0], photos[2], photos[6], photos[7]]
    for said in (str(caught.value), str(warned[0].message)):
        rows = said.splitlines()
        for row, name, why in zip(rows[1:4], "bde", ("truncated", "not an image", "no such file"), strict=True):
            assert row.startswith(f"  {tmp_path / name}.jpg: ")
            assert why in row
        assert rows[4] == "  ..."
    assert rows[-1] == "  ..."
    assert str(caught.value).endswith("to leave them out: skip_bad=True, on the command line --skip-bad")
    assert warned[0].filename == __file__


def test_whole_photos_pass_in_their_order_and_without_a_word(photos):
    whole = [photos[k] for k in (6, 0, 7, 2)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert readable(whole) == readable(iter(whole)) == whole
    assert readable([]) == []


def test_a_photo_given_twice_is_decoded_once_and_counted_twice(photos, monkeypatch):
    asked, lock = [], threading.Lock()

    def decode(path):
        with lock:
            asked.append(path.name)
        return read_image(path)

    read_image = MODULE.read_image
    monkeypatch.setattr(MODULE, "read_image", decode)
    with pytest.warns(DatasetWarning, match="2 of 4 photos left out") as warned:
        assert readable([photos[0], photos[1]] * 2, skip_bad=True) == [photos[0]] * 2
    assert sorted(asked) == ["a.jpg", "b.jpg"]
    assert str(warned[0].message).count("b.jpg") == 1
    asked.clear()
    assert readable(photos[:1], broken={}) == photos[:1]
    assert asked == []


def test_whatever_a_decoder_raises_is_that_photos_fault(photos, monkeypatch):
    def decode(path):
        raise MemoryError("400 GB")

    monkeypatch.setattr(MODULE, "read_image", decode)
    with pytest.raises(DatasetError, match=r"a.jpg: MemoryError: 400 GB"):
        readable(photos[:1])
