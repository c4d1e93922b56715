"""P-Net's explorer in a browser: it must decide as Python does; heat on the photo, and what is off without a kernel."""

import itertools

import numpy as np
import pytest

from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.pnet import FACES, OVERLAPS, SLIDERS, THRESHOLDS, PNetExplorer, depth
from mtcnn_lite.course.scenes import portrait, wall

VIEWPORT = (1130, 720)
PHOTO = ".views figure canvas >> nth=0"
MIN_FACE = SLIDERS[2]


@pytest.fixture(scope="module")
def explorer(detector):
    return PNetExplorer(detector, {"the wall": wall(), "the portrait": portrait()})


@pytest.fixture(autouse=True)
def as_it_was(explorer):
    before = {name: getattr(explorer.canvas, name) for name in ("at", "step", "heat", "level")}
    yield
    for name, value in before.items():
        setattr(explorer.canvas, name, value)


def table(page):
    rows = page.evaluate(
        "() => [...document.querySelectorAll('.side tr')].map((tr) => [...tr.children].map((td) => td.textContent))"
    )
    return [[int(cell.replace(",", "")) for cell in row[1:]] for row in rows[2:]]


def test_the_page_decides_as_python_does(page, explorer, set_traits):
    rng, sieve, small = np.random.default_rng(2), explorer.sieve(), explorer.canvas.at[2]
    ends = [[0, 0, small], [len(THRESHOLDS) - 1, len(OVERLAPS) - 1, small]]
    drawn = [[int(rng.integers(len(THRESHOLDS))), int(rng.integers(len(OVERLAPS))), small] for _ in range(20)]
    for at in ends + drawn:
        set_traits(at=at)
        tallies = [sieve.tally(step, at) for step in range(4)]
        assert table(page) == [[one.boxes, one.found, one.false] for one in tallies], at


def test_threshold_and_overlap_change_faces_or_false_alarms_at_three_stops_or_more(explorer):
    sieve, begin = explorer.sieve(), explorer.canvas.at
    for k in (0, 1):
        outcomes = []
        for stop in range(len(SLIDERS[k].stops)):
            tally = sieve.tally(3, [stop if k == slider else at for slider, at in enumerate(begin)])
            outcomes.append((tally.found, tally.false))
        assert sum(a != b for a, b in itertools.pairwise(outcomes)) >= 3


def strong(page, box):
    """How many pixels of the photo's canvas are P-Net's blue, or nearly, round a box: those of a strong line."""
    script = """(canvas, [x1, y1, x2, y2, width]) => {
      const zoom = canvas.width / width, { data } = canvas.getContext('2d').getImageData(
        x1 * zoom - 4, y1 * zoom - 4, (x2 - x1) * zoom + 8, (y2 - y1) * zoom + 8);
      let count = 0;
      for (let k = 0; k < data.length; k += 4) {
        count += Math.abs(data[k]) + Math.abs(data[k + 1] - 0x72) + Math.abs(data[k + 2] - 0xB2) < 40;
      }
      return count;
    }"""
    return page.locator(PHOTO).evaluate(script, [*box, wall().image().shape[1]])


def test_the_surest_boxes_are_strong_at_every_threshold(page, explorer, set_traits):
    sieve, (_, *others) = explorer.sieve(), explorer.canvas.at
    surest = sieve.boxes[1][sieve.scores[0].argmax()].tolist()
    for stop in (40, len(THRESHOLDS) - 2, len(THRESHOLDS) - 1):
        set_traits(at=[stop, *others])
        assert strong(page, surest) > 20, stop


def test_every_third_smallest_face_needs_no_python(page, explorer, set_traits):
    """Its levels are among those of the smaller one: the counts are those of a run at that smallest face."""
    slider, revision = page.get_by_role("slider", name=MIN_FACE.says), explorer.canvas.revision
    assert slider.get_attribute("max") == str(len(FACES) - 1), "Python answers the others"
    counts = set()
    for stop in (4, 7, 10, 13, 16):
        set_traits(at=[40, 8, stop])
        assert explorer.canvas.revision == revision
        run = explorer._trace.rerun(thresholds=(THRESHOLDS[40], 0.7, 0.7), min_face=FACES[stop]).pnet
        names = ["above threshold", "nms within levels", "nms across levels", "refined"]
        assert [boxes for boxes, *_ in table(page)] == [len(run[name]) for name in names]
        windows = page.locator(".side tr").nth(1).locator("td").nth(1).text_content()
        assert int(windows.replace(",", "")) == run.windows
        counts.add(windows)
    assert len(counts) == 5
    assert page.evaluate("() => sent") == []


def test_without_python_the_smallest_face_has_only_those_stops(page, explorer, set_traits):
    page.evaluate("() => { model.get('layout').comm_live = false; }")
    set_traits(at=[40, 8, 4])
    slider = page.get_by_role("slider", name=MIN_FACE.says)
    assert (slider.get_attribute("max"), slider.input_value()) == ("4", "0")
    said = []
    for key in ("End", "ArrowLeft", "Home"):
        slider.press(key)
        said.append(slider.get_attribute("aria-valuetext"))
    assert said == ["79", "56", "20"]


def test_where_levels_have_a_say_in_one_another_python_is_asked_for_each_smallest_face(detector):
    for factor, across in ((0.709, 0.5), (0.9, 0.7)):
        trace = Detector(detector.nets, factor=factor, nms=(0.5, across, 0.7, 0.7)).trace(portrait().image())
        assert [stop for stop, first in enumerate(depth(trace).first) if first >= 0] == [4]


def test_level_is_off_without_heat_and_overlap_before_nms(page, explorer):
    level, overlap = (page.get_by_role("slider", name=name) for name in ("pyramid level", "NMS overlap"))
    assert not level.is_enabled()
    page.get_by_role("checkbox", name="P-Net's map as heat").check()
    assert level.is_enabled()
    assert overlap.is_enabled()
    page.get_by_role("button", name="threshold", exact=True).click()
    assert not overlap.is_enabled()


def test_heat_lies_on_the_photo_where_the_windows_have_their_middle(page, explorer, pixel, set_traits):
    """Of the cell with the best score of a level: it is much bluer than the photo there; one without a score is not."""
    level = 3
    face_map, scale = explorer.sieve().maps[level], explorer.sieve().scales[level]
    number = page.evaluate(
        "() => [...document.querySelectorAll('canvas')].indexOf(document.querySelector('figure canvas'))"
    )
    set_traits(heat=True, level=level, at=[len(THRESHOLDS) - 1, 8, explorer.canvas.at[2]])
    zoom = page.locator(PHOTO).bounding_box()["width"] / 1000

    def blue(row, column):
        x, y = (2 * column + 6) / scale, (2 * row + 6) / scale
        red, _, blue_, _ = pixel(number, x * zoom, y * zoom)
        return blue_ - red

    best = np.unravel_index(face_map.argmax(), face_map.shape)
    flat = np.unravel_index(face_map.argmin(), face_map.shape)
    assert blue(*best) > 80
    assert blue(*flat) < 40


def test_pointing_at_a_cell_says_its_score_and_window(page, explorer, set_traits):
    level = 2
    face_map, scale = explorer.sieve().maps[level], explorer.sieve().scales[level]
    set_traits(heat=True, level=level, at=[len(THRESHOLDS) - 1, 8, explorer.canvas.at[2]])
    zoom = page.locator(PHOTO).bounding_box()["width"] / 1000
    row, column = face_map.shape[0] - 2, 1  # on the panelling: no box, no face
    page.locator(PHOTO).hover(position={"x": (2 * column + 6) / scale * zoom, "y": (2 * row + 6) / scale * zoom})
    first, place, span = page.locator(".tip").text_content().split("\n")
    assert first == f"this window's P-Net score is about {face_map[row, column]:.2f}; P-Net's threshold is 0.99"
    assert place == f"level {level}, row {row}, column {column}"
    assert span.startswith(f"x {2 * column / scale:.1f} to ")
    page.locator(PHOTO).click(position={"x": (2 * column + 6) / scale * zoom, "y": (2 * row + 6) / scale * zoom})
    x1, y1, x2, _ = page.evaluate("() => sent.at(-1).clicked")
    assert (x1, y1, x2 - x1) == pytest.approx((2 * column / scale, 2 * row / scale, 12 / scale))


def test_page_waits_for_an_overlap_that_python_has_not_sent(page, explorer, set_traits):
    before = page.evaluate("() => seen()")
    set_traits(missing=[0])
    page.evaluate("(at) => model.set('at', at)", [40, 0, explorer.canvas.at[2]])
    assert page.evaluate("() => seen()") == before
    set_traits(missing=[])
    page.evaluate("(at) => model.set('at', at)", [40, 0, explorer.canvas.at[2]])
    assert page.evaluate("() => seen()") != before


def test_it_fits_the_page(page):
    assert page.locator(".board").bounding_box()["height"] < 680
