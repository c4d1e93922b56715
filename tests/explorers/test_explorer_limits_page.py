"""Chapter 11's explorer in a browser: each strength's boxes, fates and stories are Python's, without asking it."""

import numpy as np
import pytest

from mtcnn_lite.course.explorers.limits import FATES, FOUND, TINTS, LimitsExplorer
from mtcnn_lite.course.scenes import scene
from mtcnn_lite.draw import rgb
from mtcnn_lite.explain import explain

STRIP, PHOTO = 0, 1  # canvases
ROWS = "() => [...document.querySelectorAll('.side tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"


@pytest.fixture(scope="module")
def explorer(detector):
    return LimitsExplorer(detector, scene([11, 15], 220, 280, (5, 5), (40, 48), split="held_out", distractors=(0, 0)))


def caption(page, number):
    return page.locator("figcaption").nth(number).text_content()


def test_each_strength_has_its_boxes_and_fates(page, explorer, set_traits, pixel):
    for at, one in enumerate(explorer.views()):
        set_traits(at=at)
        found = int((one.fates == FOUND).sum())
        assert caption(page, STRIP) == f"{explorer.canvas.scenes[at]['says']}: {found} of {len(one.fates)} faces found"
        counts = [int(row[1].replace(",", "")) for row in page.evaluate(ROWS)[1:6]]
        assert counts == [one.layers.windows, *one.layers.counts(explorer.canvas.thresholds[2]).values()]
        for row, fate in enumerate(one.fates):  # the strip's colours, beside the letter
            assert pixel(STRIP, 62 + at * 54 + 8, 22 + row * 20 + 10)[:3] == rgb(TINTS[fate])
    assert page.evaluate("() => sent") == []


def test_a_button_and_a_cell_tell_a_faces_story_until_the_strength_moves(page, explorer, set_traits):
    set_traits(at=3)
    note = page.locator(".side p")
    page.get_by_role("button", name="face 3").click()
    assert page.evaluate("() => sent") == [{"face": 2, "at": 3}]
    set_traits(note="Face 3: as Python says.")
    assert note.text_content() == "Face 3: as Python says."
    set_traits(at=4)
    assert note.text_content() == explorer.canvas.invitation
    page.locator("canvas").nth(STRIP).click(position={"x": 62 + 54 * 6 + 20, "y": 22 + 20 + 10})
    assert page.evaluate("() => saved.at(-1).at") == 6
    assert page.evaluate("() => sent.at(-1)") == {"face": 1, "at": 6}


def test_without_python_the_page_tells_the_same_fate_and_score(page, explorer, set_traits):
    page.evaluate("() => { model.get('layout').comm_live = false; }")
    scored = 0
    for at, one in enumerate(explorer.views()):
        set_traits(at=at)
        for face, fate in enumerate(one.fates):
            page.get_by_role("button", name=f"face {face + 1}").click()
            said = page.locator(".side p").text_content()
            assert said.startswith(f"Face {face + 1}: {FATES[fate]}")
            if "score" in said:
                scored += 1
                python = explain(one.trace, one.photo.boxes[face]).sentence
                assert said == f"Face {face + 1}: {python.partition(';')[0].rstrip('.')}."
    assert scored > 10
    assert page.evaluate("() => sent") == []


def test_keys_move_over_the_strip_and_from_box_to_box(page, explorer, set_traits):
    set_traits(at=3)
    strip, photo = (page.locator("canvas").nth(k) for k in (STRIP, PHOTO))
    strip.press("ArrowDown")
    strip.press("ArrowRight")
    assert page.evaluate("() => sent.at(-1)") == {"face": 0, "at": 4}
    set_traits(at=0, step=3)
    layers = explorer.views()[0].layers
    shown = layers.shown(3, explorer.canvas.thresholds[2])
    boxes = layers.boxes[3, shown][np.lexsort(layers.boxes[3, shown].T[[1, 0]])]
    told = []
    for _ in range(len(boxes) + 1):
        photo.press("ArrowRight")
        told.append(page.locator(".tip").inner_text().splitlines()[1])
    assert told[0] == told[-1], "round and round"
    assert told[:-1] == [f"x {x1:.1f} to {x2:.1f}, y {y1:.1f} to {y2:.1f} px" for x1, y1, x2, y2 in boxes.tolist()]
