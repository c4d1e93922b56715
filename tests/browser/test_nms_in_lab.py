"""Chapter 01's explorer: the film's buttons, the method, the measure, the boxes."""

import re

NOTEBOOK = "01_nms.ipynb"


def step(notebook):
    """(step, of how many) that the photo's caption tells, and that the slider stands at the same one."""
    caption = notebook.text(".mtcnn-canvas figcaption")
    at, last = map(int, re.match(r"(?:step|before step) (\d+) of (\d+)", caption).groups())
    return (0 if caption.startswith("before") else at), last


def slider(notebook):
    row = notebook.page.locator(".widget-inline-hbox").filter(has=notebook.page.get_by_text("step", exact=True))
    return int(row.locator(".widget-readout").inner_text())


def boxes(notebook):
    return notebook.page.locator(".widget-dropdown select")


def test_the_first_film_ends_with_one_box(notebook):
    assert step(notebook) == (1, 1)
    assert notebook.text(".mtcnn-canvas figcaption").endswith("box 0, the best that is left, removes 6")
    board = [row.text_content() for row in notebook.page.locator(".mtcnn-canvas tr.now").all()]
    assert board == ["faces found in the end1 of 1", "boxes too many in the end0"]


def test_a_slider_without_a_part_in_the_method_cannot_be_moved(notebook):
    assert notebook.sliders() == ["score at least", "overlap threshold", "step"]
    assert notebook.push("gaussian")
    assert notebook.sliders() == ["score at least", "sigma", "step"]
    notebook.focus("sigma")
    assert notebook.press("End") is not None
    notebook.push("greedy")


def test_buttons_play_the_film(notebook):
    notebook.changes(lambda: boxes(notebook).select_option(index=1))
    start, last = step(notebook)
    assert start == 1
    assert last == 3
    for button, expected in (
        ("next step ▶", 2), ("next step ▶", 3), ("◀ back", 2), ("to the end", last), ("◀ back", last - 1),
        ("next step ▶", last),
    ):  # fmt: skip
        assert notebook.push(button), button
        assert step(notebook) == (expected, last)
        assert slider(notebook) == expected
    assert not notebook.push("next step ▶")  # the film is over
    assert step(notebook) == (last, last)


def test_film_plays_from_its_start_and_stops_when_told(notebook):
    notebook.push("to the end")
    assert notebook.push("▶▶ play")
    assert notebook.page.get_by_role("button", name="■ stop").is_visible()
    notebook.page.wait_for_function(
        "() => document.querySelector('.mtcnn-canvas figcaption').textContent.startsWith('step 2 ')"
    )
    notebook.push("■ stop")
    stopped, last = step(notebook)
    assert 2 <= stopped <= 4
    notebook.page.wait_for_timeout(1500)
    assert step(notebook) == (stopped, last)
    notebook.push("▶▶ play")  # on from there, to the end, where it stops by itself
    notebook.page.get_by_role("button", name="▶▶ play").wait_for(timeout=1000 * last + 5000)
    assert step(notebook) == (last, last)


def test_back_at_the_first_step_stays_before_it(notebook):
    notebook.focus("step")
    notebook.press("Home")
    assert step(notebook)[0] == 0
    assert not notebook.push("◀ back")
    assert step(notebook)[0] == 0
    notebook.push("next step ▶")


def test_every_method_measure_and_set_of_boxes_is_another_picture(notebook):
    chosen = boxes(notebook)
    names = [option.inner_text() for option in chosen.locator("option").all()]
    for name in [*names[2:], names[0], names[1], names[0]]:
        assert notebook.changes(lambda name=name: chosen.select_option(name)), name
        assert step(notebook)[0] == 1
    for method in ("linear", "gaussian", "greedy"):
        assert notebook.push(method), method
    for measure in ("over the smaller", "over the union (IoU)"):
        assert notebook.push(measure), measure
