"""The frame of a chapter as a reader meets it: how far down its explorer stands, and what a screen reader gets."""

import pytest
from converted import UNCONVERTED

SCREEN = 1000  # CSS pixels, as the page of `opened_notebook`

PLACE = """() => {
  const first = document.querySelector('.jp-Notebook .jp-Cell').getBoundingClientRect();
  const shown = document.querySelector('.mtcnn-canvas').getBoundingClientRect();
  return [shown.top - first.top, shown.bottom - first.top];
}"""


@pytest.fixture
def name(notebook):
    name = notebook.name.removesuffix(".ipynb")
    if name in UNCONVERTED:
        pytest.skip(f"{name} has no frame yet")
    return name


def test_the_explorer_stands_within_two_screens(notebook, name):
    top, bottom = notebook.page.evaluate(PLACE)
    assert top < 1.5 * SCREEN
    assert bottom < 2 * SCREEN


def test_views_have_names_for_a_screen_reader(notebook, name):
    for canvas in notebook.page.locator(".mtcnn-canvas canvas").all():
        assert canvas.get_attribute("role") in ("img", "application")  # the latter has keys of its own
        says = canvas.get_attribute("aria-label")
        if says is None:
            caption = notebook.page.locator(f"[id='{canvas.get_attribute('aria-labelledby')}']")
            says = caption.text_content() or ""
        assert len(says.split()) >= 3


def test_checks_are_collapsed(notebook, name):
    hidden = notebook.page.evaluate(
        "() => jupyterapp.shell.currentWidget.content.widgets.map(c =>"
        " [(c.model.getMetadata('tags') || []).includes('check'), c.inputHidden])"
    )
    assert any(check for check, _ in hidden)
    assert all(check == collapsed for check, collapsed in hidden)
