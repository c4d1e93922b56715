"""The last page: the reader's parts, their photo, and what their detector finds on it."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite import Detector
from mtcnn_lite.course import mine
from mtcnn_lite.course import summary as page
from mtcnn_lite.images import ImageError

summary = page.summary


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_photo_it_is_the_astronaut(here, astronaut):
    made = summary()
    np.testing.assert_array_equal(made.faces.boxes, Detector().detect(astronaut).boxes)
    parts, found = repr(made).splitlines()
    assert parts == repr(mine.strip())
    said = r"On scikit-image's astronaut it finds 1 face, score (1\.00|0\.9\d)\. "
    assert re.fullmatch(said + r"Put a photo of yours beside the notebooks, as my_photo\.jpg\.", found)


def test_a_photo_beside_the_notebooks_is_taken_from_a_side_trip_too(here, astronaut, monkeypatch):
    Image.fromarray(astronaut).save(here / "my_photo.png")
    (here / "deeper").mkdir()
    for place in (here, here / "deeper"):
        monkeypatch.chdir(place)
        assert "On my_photo.png it finds 1 face" in repr(summary())


def test_files_arrays_and_large_photos(here, astronaut):
    Image.fromarray(np.zeros((80, 2000, 3), np.uint8)).save(here / "wide.png")
    made = summary(here / "wide.png")
    assert repr(made).endswith("On wide.png it finds 0 faces.")
    assert made.picture.pixels.shape == (40, 1000, 3)
    assert "On your photo it finds 1 face" in repr(summary(astronaut))
    with pytest.raises(ImageError, match=r"none\.jpg"):
        summary("none.jpg")


def test_the_page_shows_parts_and_photo(here, astronaut, monkeypatch):
    monkeypatch.setattr(mine, "functions", lambda: {"decode_offsets": lambda boxes, offsets: boxes + 9999})
    monkeypatch.setattr(mine, "strip", lambda: mine.Strip(("decode_offsets",), (), "1 of 37 exercises passed"))
    made = summary(astronaut)
    assert len(made.faces) == 0, "the reader's function runs"
    html = made._repr_html_()
    for words in ("✓ offsets", "1 of its 10 parts is yours", "1 of 37 exercises", "On your photo it finds 0 faces."):
        assert words in html
    [alt, data] = re.search(r'<img alt="(.+?)".*?base64,(.+?)"', html).groups()
    assert alt.startswith("A photo with 0 faces marked")
    with Image.open(io.BytesIO(base64.b64decode(data))) as shown:
        assert shown.size == (512, 512)
