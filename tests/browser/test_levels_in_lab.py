"""Chapter 02's explorer: a click moves the windows, and a photo of any shape fits the page."""

import numpy as np
import pytest
from PIL import Image

NOTEBOOK = "02_image_pyramid.ipynb"


def places(notebook):
    """(left, top, height) of each canvas on the page, the photo's corner at (0, 0)."""
    boxes = [canvas.bounding_box() for canvas in notebook.page.locator(".mtcnn-canvas canvas").all()]
    return [(each["x"] - boxes[0]["x"], each["y"] - boxes[0]["y"], each["height"]) for each in boxes]


def test_click_moves_the_windows(notebook):
    assert notebook.changes(lambda: notebook.canvas(0).click(position={"x": 60, "y": 250}))


@pytest.mark.parametrize(("width", "height"), [("Home", "End"), ("End", "Home"), ("End", "End")])
def test_photo_of_any_shape_leaves_each_view_its_room(notebook, width, height):
    """A caption above a photo of a few pixels' width once wrapped word by word and pushed the photo down."""
    for slider, key in (("photo width, px", width), ("photo height, px", height)):
        notebook.focus(slider)
        notebook.press(key, wait=1.0)
    photo, bars, levels = places(notebook)
    assert photo[2] <= 300
    assert bars[0] >= 300  # beside the photo, however narrow that is
    assert abs(bars[1]) < 60
    assert levels[0] == 0
    assert levels[1] < 400


def test_reader_s_photo_sets_the_sliders(notebook, tmp_path, astronaut):
    Image.fromarray(np.ascontiguousarray(astronaut[:300, 60:460])).save(tmp_path / "mine.png")
    with notebook.page.expect_file_chooser() as chooser:
        notebook.page.get_by_role("button", name="your photo").click()
    chooser.value.set_files(tmp_path / "mine.png")
    notebook.page.wait_for_function(
        "() => document.querySelector('.mtcnn-canvas figcaption').textContent.startsWith('photo, 400 × 300 px')"
    )
    notebook.page.get_by_text("mine.png: 400 x 300 px").wait_for()  # visible; a message of its own, after the picture
