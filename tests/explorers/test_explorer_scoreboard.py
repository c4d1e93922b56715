"""The scoreboard of the cascade's explorer in a browser: it must decide as Python does, and say what it does."""

import re

import numpy as np
import pytest

from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.cascade import SLIDERS, CascadeExplorer
from mtcnn_lite.course.scenes import portrait, wall
from mtcnn_lite.draw import COLOURS, rgb
from mtcnn_lite.explain import explain
from mtcnn_lite.explain.stages import rounded_down

VIEWPORT = (1130, 700)  # what JupyterLab leaves of 1280 x 900 for a cell, about
PHOTO = ".views figure canvas >> nth=0"
THRESHOLDS = [f"{net} threshold" for net in ("P-Net", "R-Net", "O-Net")]
NETS = ("P-Net", "R-Net", "O-Net")


@pytest.fixture(scope="module")
def explorer():
    return CascadeExplorer(Detector(), {"the wall": wall(), "the portrait": portrait()})


@pytest.fixture(autouse=True)
def as_it_was(explorer):
    """Each test begins at the same stops."""
    at = list(explorer.canvas.at)
    yield
    explorer.canvas.at = at


def begin(page):
    """Stops, step and table of the page."""
    return page.evaluate("() => [model.get('at'), model.get('step')]")


def board(page):
    """The tiles: {what a tile says: its value}."""
    return dict(
        page.evaluate(
            """() => [...document.querySelectorAll('.tiles div')]
                .map(({ children: [value, says] }) => [says.textContent, value.textContent])"""
        )
    )


def table(page):
    """The last rows of the table: boxes, faces, false for each step up to the one on show."""
    rows = page.evaluate(
        "() => [...document.querySelectorAll('.side tr')].map((tr) => [...tr.children].map((td) => td.textContent))"
    )
    return [[int(cell.replace(",", "")) for cell in row[1:]] for row in rows[2:]]


def test_the_page_decides_as_python_does(page, explorer, set_traits):
    rng, sieve = np.random.default_rng(1), explorer.sieve()
    ends = [[0, 0, 0], [len(slider.stops) - 1 for slider in SLIDERS]]
    for at in [*ends, *([int(rng.integers(len(s.stops))) for s in SLIDERS] for _ in range(30))]:
        set_traits(at=at)
        tallies = [sieve.tally(step, at) for step in range(4)]
        assert table(page) == [[one.boxes, one.found, one.false] for one in tallies], at
        shown, last = board(page), tallies[-1]
        assert shown["faces found"] == f"{last.found} of 37"
        assert shown["missed"] == str(last.missed)
        assert shown["false alarm" if last.false == 1 else "false alarms"] == str(last.false)


def test_each_step_hands_its_boxes_to_the_next_net(page, explorer, set_traits):
    for step, says in ((0, "windows for R‑Net"), (1, "windows for O‑Net"), (2, None), (3, None)):
        page.get_by_role("button", name=explorer.canvas.after[step], exact=True).click()
        assert page.evaluate("() => model.get('step')") == step
        shown, tally = board(page), explorer.sieve().tally(step, explorer.canvas.at)
        assert [says for says in shown if says.startswith("windows")] == ([says] if says else [])
        if says:
            assert shown[says] == str(tally.boxes)
        assert len(table(page)) == step + 1
        assert shown["missed"] == str(tally.missed)


def test_milliseconds_grow_with_the_windows(page, set_traits):
    set_traits(at=[0, 0, 3])
    many = float(board(page)["ms, about"])
    set_traits(at=[18, 18, 3])
    assert float(board(page)["ms, about"]) < many


def test_sliders_and_buttons_have_names_and_keys(page, explorer):
    for k, says in enumerate(THRESHOLDS):
        slider = page.get_by_role("slider", name=says, exact=True)
        assert slider.get_attribute("aria-valuetext") == f"{SLIDERS[k].stops[explorer.canvas.at[k]]:g}"
        slider.focus()
        last = len(SLIDERS[k].stops) - 1
        keys = {"Home": 0, "ArrowRight": 1, "ArrowUp": 2, "ArrowLeft": 1, "PageUp": 3, "ArrowDown": 2, "End": last}
        for key, stop in keys.items():
            page.keyboard.press(key)
            assert begin(page)[0][k] == stop
            assert slider.get_attribute("aria-valuetext") == f"{SLIDERS[k].stops[stop]:g}"
    assert page.evaluate("() => saved.at(-1).at") == [len(slider.stops) - 1 for slider in SLIDERS], "Python is told"
    for says in ("P-Net", "R-Net", "O-Net", "last NMS"):
        assert page.get_by_role("button", name=says, exact=True).count() == 1
    assert page.get_by_role("checkbox", name="and what was lost before").count() == 1
    assert page.get_by_role("group", name="show after").count() == 1
    assert "faces found" in page.get_by_role("application").first.get_attribute("aria-label")


def test_thumb_stands_between_the_bars_that_its_threshold_parts(page, explorer, pixel, set_traits):
    """In colour right of the cut, above the line; the cut is a line as high as the lane."""
    counts = np.histogram(explorer.sieve().scores[0], bins=[0, *SLIDERS[0].stops, 2])[0]
    assert counts[-1] > 0
    lane = page.locator(".lane canvas").first.bounding_box()
    wide, high = lane["width"], lane["height"]
    cell = (wide - 24) / (len(SLIDERS[0].stops) + 1)
    middle = lambda k: 24 + (k + 0.5) * cell  # noqa: E731
    last = len(SLIDERS[0].stops)
    set_traits(at=[last - 1, 6, 3])
    assert pixel(0, middle(last), high / 2 - 3)[:3] == rgb(COLOURS["pnet"])
    assert pixel(0, middle(last - 1), high / 2 - 3)[3] < 255, "pale"
    box = page.get_by_role("slider", name=THRESHOLDS[0]).bounding_box()
    thumb = box["x"] - lane["x"] + 7 + (last - 1) / (last - 1) * (box["width"] - 14)
    assert thumb == pytest.approx(24 + last * cell, abs=1)
    off = pixel(0, middle(1), high / 2 + 4)
    assert off[0] == off[1] == off[2], "gray below: on no face"


def test_what_a_control_cannot_change_is_off(page):
    def off():
        return [not page.get_by_role("slider", name=says).is_enabled() for says in THRESHOLDS] + [
            not page.get_by_role("checkbox").is_enabled()
        ]

    for says, expected in (
        ("P-Net", [False, True, True, True]),
        ("R-Net", [False, False, True, False]),
        ("O-Net", [False, False, False, False]),
        ("last NMS", [False, False, False, False]),
    ):
        page.get_by_role("button", name=says, exact=True).click()
        assert off() == expected, says


def test_every_enabled_slider_changes_the_picture(page):
    for k, says in enumerate(THRESHOLDS):
        page.get_by_role("slider", name=says).focus()
        page.keyboard.press("Home")
        before = page.evaluate("() => seen()")
        page.keyboard.press("End")
        assert page.evaluate("() => seen()") != before, k


def point(page, box):
    """Move the pointer to the middle of a box of the photo; the tooltip's lines."""
    zoom = page.locator(PHOTO).bounding_box()["width"] / 1000
    x1, y1, x2, y2 = box
    page.locator(PHOTO).hover(position={"x": (x1 + x2) / 2 * zoom, "y": (y1 + y2) / 2 * zoom})
    return page.locator(".tip").text_content().split("\n")


def click(page, box):
    """Click there; the first paragraph of the answer."""
    zoom = page.locator(PHOTO).bounding_box()["width"] / 1000
    x1, y1, x2, y2 = box
    page.locator(PHOTO).click(position={"x": (x1 + x2) / 2 * zoom, "y": (y1 + y2) / 2 * zoom})
    return page.locator(".side p").first.text_content()


def missed(explorer):
    """Numbers of the faces that are missed at the stops."""
    sieve = explorer.sieve()
    on = sieve.on[sieve.on_of[3], sieve.left(3, explorer.canvas.at)]
    return [k for k in range(37) if k not in on]


def test_answer_says_what_the_tooltip_says_and_python_the_same(page, explorer):
    """Of each missed face: the net that lost it, its best score there, the threshold."""
    trace, agreed = explorer.run_shown(), 0
    for face in missed(explorer):
        box = explorer.sieve().faces[face].tolist()
        tip, answer = point(page, box)[0], click(page, box)
        if not tip.startswith(f"face {face + 1} is missed: "):
            continue  # another box lies on it, smaller
        assert answer == f"{tip[0].upper()}{tip[1:]}."
        assert page.evaluate("() => sent.at(-1)") == {"clicked": pytest.approx(box), "face": face}
        told = re.search(
            r"its best (.-Net) score(.*?) is ([\d.]+); (.-Net)'s threshold is ([\d.]+): lost in (.-Net)", tip
        )
        if told is None:
            continue
        net, looks, score, *nets = told.groups()
        said = explain(trace, box)
        stage = said.stages[NETS.index(net)]
        assert nets == [net, f"{stage.threshold:g}", net]
        assert bool(looks) == (net == "O-Net")
        by_nms = "NMS keeps a better box" in said.sentence  # the page knows only the boxes that P-Net's NMS leaves
        best = stage.passes_at if looks or by_nms else stage.best
        assert said.lost_in == stage.stage
        assert float(score) == pytest.approx(rounded_down(best))
        assert by_nms or f"; {net}'s threshold is {stage.threshold:g}" in said.sentence
        agreed += 1
    assert agreed >= 6


def test_tooltip_stays_on_the_photo_and_covers_no_answer(page, explorer):
    photo, side = (page.locator(where).bounding_box() for where in (PHOTO, ".side"))
    assert side["x"] >= photo["x"] + photo["width"]
    for face in missed(explorer):
        if not point(page, explorer.sieve().faces[face].tolist())[0]:
            continue
        tip = page.locator(".tip").bounding_box()
        assert tip["x"] + tip["width"] <= photo["x"] + photo["width"] + 1
        assert photo["y"] - 1 <= tip["y"]
        assert tip["y"] + tip["height"] <= photo["y"] + photo["height"] + 20


def test_found_face_and_false_alarm_say_so(page, explorer):
    sieve, at = explorer.sieve(), explorer.canvas.at
    rows = np.flatnonzero(sieve.left(3, at))
    on = sieve.on[sieve.on_of[3], rows]
    found, wrong = rows[on == 0][0], rows[on == -1][0]
    assert point(page, sieve.boxes[2, found].tolist())[0] == "on face 1: it gets through all three nets"
    assert point(page, sieve.boxes[2, wrong].tolist())[0] == "on no face: it gets through all three nets"
    scores = point(page, sieve.boxes[2, wrong].tolist())[1]
    assert scores.startswith("P-Net 0.")
    assert f"O-Net {np.floor(sieve.scores[2, wrong] * 100) / 100:g}" in scores


def test_answer_holds_for_the_stops_at_which_it_was_given(page, explorer, set_traits):
    invitation = explorer.canvas.note
    assert page.locator(".side p").nth(1).text_content() == invitation
    assert click(page, explorer.sieve().faces[missed(explorer)[-1]].tolist())
    set_traits(note="Face 1, at ...: found.")
    assert page.locator(".side p").nth(1).text_content() == "Face 1, at ...: found."
    set_traits(at=[4, 6, 5])
    assert page.locator(".side p").first.text_content() == ""
    assert page.locator(".side p").nth(1).text_content() == invitation


def test_missed_faces_are_dashed_and_lost_boxes_linger_for_a_moment(page, explorer, set_traits):
    ghosts = """() => {
        const { width, height } = document.querySelector('.ghosts');
        return document.querySelector('.ghosts').getContext('2d').getImageData(0, 0, width, height).data.some((v) => v);
    }"""
    set_traits(at=[4, 6, 0])
    page.wait_for_timeout(1200)
    assert not page.evaluate(ghosts)
    set_traits(at=[4, 6, 12])
    assert page.evaluate(ghosts)
    page.wait_for_timeout(1200)
    assert not page.evaluate(ghosts)


def test_python_answers_a_click_about_the_labelled_face(explorer):
    face = missed(explorer)[0]
    explorer.canvas._handle_custom_msg({"clicked": [0, 0, 9, 9], "face": face}, [])
    said = explain(explorer.run_shown(), explorer.sieve().faces[face].tolist()).sentence
    at = ", ".join(f"{value:g}" for value in explorer.run_shown().settings.thresholds)
    assert explorer.canvas.note == f"Face {face + 1}, at {at}: {said}."


def test_it_fits_the_page(page):
    root = page.locator(".board").bounding_box()
    assert root["height"] < 660
    assert page.evaluate("() => document.documentElement.scrollWidth") <= VIEWPORT[0]
    page.set_viewport_size({"width": 860, "height": 700})
    page.wait_for_timeout(300)
    photo = page.locator(PHOTO).bounding_box()
    assert photo["x"] + photo["width"] <= 860
    assert page.locator(".board").bounding_box()["height"] < 660


def test_a_move_is_drawn_within_a_frame_or_two(page):
    took = page.evaluate(
        """async () => {
          const took = [];
          for (let stop = 0; stop < 19; stop++) {
            const start = performance.now();
            model.set("at", [stop, 6, 3]);
            took.push(performance.now() - start);
            await new Promise((next) => setTimeout(next, 20));
          }
          return took.sort((a, b) => a - b);
        }"""
    )
    assert took[len(took) // 2] < 40  # 3 ms on a machine that does nothing else
