"""start_here: the camera, and a click that asks what became of a box."""

import pytest


@pytest.fixture(scope="module")
def notebook(open_notebook):
    opened = open_notebook("start_here.ipynb")
    yield opened
    assert opened.errors() == []
    opened.close()


def test_picture_of_the_camera_replaces_the_photo(notebook):
    before = notebook.text(".mtcnn-canvas figcaption")
    notebook.page.get_by_role("button", name="use the camera").click()
    notebook.page.get_by_role("button", name="take the picture").click()
    notebook.page.wait_for_function("() => document.body.textContent.includes('camera: 640 x 480 px')")
    notebook.page.wait_for_function(
        "() => document.querySelector('.mtcnn-canvas').textContent.includes('640 × 480 px')"
    )
    assert notebook.text(".mtcnn-canvas figcaption") != before
    assert notebook.page.get_by_role("button", name="use the camera").is_visible(), "the camera is off again"
