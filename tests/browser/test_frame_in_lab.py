"""The frame of a chapter as a reader meets it: how far down its explorer stands, and what a screen reader gets."""

SCREEN = 1000  # CSS pixels, as the page of `opened_notebook`

PLACE = """() => {
  const first = document.querySelector('.jp-Notebook .jp-Cell').getBoundingClientRect();
  const shown = document.querySelector('.mtcnn-canvas').getBoundingClientRect();
  return [shown.top - first.top, shown.bottom - first.top];
}"""


def test_the_explorer_stands_within_two_screens(notebook):
    top, bottom = notebook.page.evaluate(PLACE)
    assert top < 1.5 * SCREEN
    assert bottom < 2 * SCREEN


def test_views_have_names_for_a_screen_reader(notebook):
    named = 0
    for canvas in notebook.page.locator(".mtcnn-canvas canvas").all():
        if canvas.get_attribute("aria-hidden") == "true":  # what another element says already
            continue
        assert canvas.get_attribute("role") in ("img", "application")
        label = canvas.get_attribute("aria-label")
        if label is None:
            caption = notebook.page.locator(f"[id='{canvas.get_attribute('aria-labelledby')}']")
            label = caption.text_content() or ""
        assert len(label.split()) >= 3
        named += 1
    assert named


def test_checks_are_collapsed(notebook):
    hidden = notebook.page.evaluate(
        "() => jupyterapp.shell.currentWidget.content.widgets.map(c =>"
        " [(c.model.getMetadata('tags') || []).includes('check'), c.inputHidden])"
    )
    assert any(check for check, _ in hidden)
    assert all(check == collapsed for check, collapsed in hidden)
