"""The overlap explorer: its numbers against counted pixels, its JavaScript against its Python, boxes dragged."""

import base64
import inspect
import io

import numpy as np
import pytest
from dragging import drag
from oracles import integer_boxes, pixels
from PIL import Image

from mtcnn_lite.course.explorers.overlap import ALLOWED, KINDS, OverlapExplorer, view
from mtcnn_lite.course.scenes import ASTRONAUT_BOX
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, draw_overlap, rgb

PHOTO = 470  # CSS pixels: its longer side on the page

VIEWPORT = (848, 700)
SECOND = (181, 61, 267, 174)


@pytest.fixture
def explorer(astronaut):
    return OverlapExplorer(astronaut, ASTRONAUT_BOX, SECOND)


def by_counting(first, second):
    """The same numbers from sets of pixels, in the order of `Overlap`."""
    a, b = pixels(first), pixels(second)
    both, any_, smaller = len(a & b), len(a | b), min(len(a), len(b))
    return [len(a), len(b), both, any_, both / any_ if any_ else 0, both / smaller if smaller else 0]


def numbers(overlap):
    return [overlap.first, overlap.second, overlap.shared, overlap.union, overlap.iou, overlap.iom]


def test_view_is_what_counting_pixels_says():
    boxes = integer_boxes(np.random.default_rng(2), 120)
    for first, second in zip(boxes, np.roll(boxes, 1, axis=0), strict=True):
        assert numbers(view(first, second)) == pytest.approx(by_counting(first, second), abs=1e-12)


@pytest.mark.parametrize("name", ["x", "y", "width", "height"])
@pytest.mark.parametrize("end", ["min", "value", "max"])
def test_view_at_each_end_of_each_slider(explorer, name, end):
    slider = explorer.sliders[name]
    slider.value = getattr(slider, end)
    setattr(explorer.canvas, name, slider.value)  # in a notebook the browser does that
    expected = by_counting(explorer.canvas.first, explorer.second)
    assert numbers(view(explorer.canvas.first, explorer.second)) == pytest.approx(expected, abs=1e-12)
    assert f"IoU {expected[4]:.2f}, over the smaller {expected[5]:.2f}" in explorer.summary()
    assert explorer.still().pixels.shape[0] > 330


@pytest.mark.parametrize(
    ("second", "kind"),
    [([0, 0, 65, 100], "positive"), ([0, 0, 64, 100], "part"), ([0, 0, 40, 100], "part"), ([0, 0, 39, 100], "not used"),
     ([0, 0, 30, 100], "not used"), ([0, 0, 29, 100], "negative"), ([200, 0, 300, 100], "negative")],
)  # fmt: skip
def test_kind_changes_exactly_at_the_thresholds(second, kind):
    assert view([0, 0, 100, 100], second).kind == kind


def test_degenerate_boxes_have_no_overlap_and_no_error():
    for second in ([5, 0, 5, 10], [0, 0, 0, 0], [8, 8, 2, 2], [10, 0, 20, 10]):
        found = view([0, 0, 10, 10], second)
        assert (found.shared, found.iou, found.iom, found.kind) == (0, 0, 0, "negative")
    assert numbers(view([5, 5, 5, 5], [5, 5, 5, 5])) == [0] * 6


def test_allowed_overlaps_are_the_detectors():
    within, _, _, last = inspect.signature(Detector).parameters["nms"].default
    assert (within, last) == ALLOWED


def test_canvas_gets_the_boxes_the_region_and_the_rules(explorer, astronaut):
    canvas = explorer.canvas
    x1, y1, x2, y2 = canvas.region
    assert canvas.first == [181, 74, 270, 179]
    assert explorer.second == list(SECOND)
    assert (x1, y1) <= (181, 61)
    assert (x2, y2) >= (270, 179)
    photo = np.asarray(Image.open(io.BytesIO(canvas.photo)))
    assert photo.shape == (y2 - y1, x2 - x1, 3)
    assert abs(photo.astype(int) - astronaut[y1:y2, x1:x2]).mean() < 4  # it is that part of the photo, but for JPEG
    assert [tuple(kind) for kind in canvas.kinds] == list(KINDS)


def test_fractions_are_rounded_and_inside_out_becomes_empty(astronaut):
    mine = OverlapExplorer(astronaut, ASTRONAUT_BOX, [180.9, 60.6, 267.2, 174.3])
    assert mine.second == list(SECOND)
    assert OverlapExplorer(astronaut, ASTRONAUT_BOX, [200, 100, 150, 120]).second == [200, 100, 200, 120]


def test_first_box_without_area_is_refused(astronaut):
    with pytest.raises(ValueError, match=r"first is .* no area"):
        OverlapExplorer(astronaut, [50, 50, 50, 90], SECOND)


def test_region_stays_inside_a_small_photo():
    mine = OverlapExplorer(np.zeros((40, 30, 3), np.uint8), [2, 3, 28, 38], [0, 0, 10, 10])
    assert mine.canvas.region == [0, 0, 30, 40]
    assert mine.still().pixels.size > 0


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(explorer):
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == (
        "A yellow box of 9,345 and a blue one of 9,718 square px: they share 8,600 of 10,463, IoU 0.82, "
        "over the smaller 0.92"
    )
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))).height > 330
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_drawing_tints_each_part_and_leaves_the_rest():
    grey = np.full((60, 60, 3), 128, np.uint8)
    drawn = draw_overlap(grey, [5, 5, 35, 35], [20, 20, 55, 55], "pnet")
    for (x, y), colour in (((12, 12), "truth"), ((45, 45), "pnet"), ((28, 28), "landmark")):
        expected = 0.62 * 128 + 0.38 * np.array(rgb(colour))
        np.testing.assert_allclose(drawn[y, x], expected, atol=1)
    assert (drawn[50, 10] == 128).all()
    assert (grey == 128).all()


def test_drawing_of_boxes_that_are_apart_or_leave_the_picture_has_no_shared_part():
    grey = np.full((60, 60, 3), 128, np.uint8)
    shared = 0.62 * 128 + 0.38 * np.array(rgb(COLOURS["landmark"]))
    drawn = draw_overlap(grey, [5, 5, 20, 20], [30, 30, 90, 90])
    assert not (abs(drawn - shared) < 2).all(axis=2).any()
    np.testing.assert_allclose(drawn[50, 50], 0.62 * 128 + 0.38 * np.array(rgb("pnet")), atol=1)


# --- the JavaScript


def boxes_in(page):
    """Both boxes as the page holds them."""
    first, *second = page.evaluate("() => ['first', 'x', 'y', 'width', 'height'].map((name) => model.get(name))")
    x, y, width, height = second
    return first, [x, y, x + width, y + height]


def test_browser_computes_what_python_does(page):
    boxes = integer_boxes(np.random.default_rng(4), 80)
    pairs = [[a.tolist(), b.tolist()] for a, b in zip(boxes, np.roll(boxes, 1, axis=0), strict=True)]
    found = page.evaluate("(pairs) => pairs.map(([a, b]) => measures(a, b))", pairs)
    for (first, second), theirs in zip(pairs, found, strict=True):
        mine = view(first, second)
        names = ("first", "second", "shared", "union", "iou", "iom")
        assert [theirs[name] for name in names] == pytest.approx(numbers(mine), abs=1e-12)


def test_table_follows_the_traits_and_names_kind_and_nms(page, explorer):
    for second in (SECOND, (181, 74, 270, 179), (190, 90, 220, 120), (300, 74, 340, 179), (200, 100, 200, 150)):
        x1, y1, x2, y2 = second
        sides = {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1}
        page.evaluate("(sides) => Object.entries(sides).forEach((each) => model.set(...each))", sides)
        cells = page.locator("td").all_inner_texts()
        table = dict(zip(cells[::2], cells[1::2], strict=True))
        expected = view(explorer.canvas.first, second)
        assert table["yellow box"] == f"{expected.first:,.0f} px²"
        assert table["shared"] == f"{expected.shared:,.0f} px²"
        assert table["union"] == f"{expected.union:,.0f} px²"
        assert (table["IoU"], table["over the smaller"]) == (f"{expected.iou:.3f}", f"{expected.iom:.3f}")
        assert table["training calls the blue one"] == expected.kind
        assert (table["NMS in a level: IoU > 0.5"] == "one goes") == (expected.iou > 0.5)
        assert (table["last NMS: over smaller > 0.7"] == "one goes") == (expected.iom > 0.7)


@pytest.mark.parametrize(
    ("start", "by", "expected"),
    [
        ((224, 117), (20, -15), (201, 46, 287, 159)),  # inside: it moves
        ((267, 117), (20, 9), (181, 61, 287, 174)),  # its right edge: only x2
        ((224, 61), (20, -9), (181, 52, 267, 174)),  # its top
        ((267, 174), (10, 12), (181, 61, 277, 186)),  # bottom right corner
        ((181, 61), (-10, 12), (171, 73, 267, 174)),  # top left corner
        ((267, 117), (-150, 0), (181, 61, 181, 174)),  # never inside out
        ((224, 117), (-300, 0), (88, 61, 174, 174)),  # never out of reach
    ],
)
def test_second_box_is_dragged_moved_and_resized(page, explorer, start, by, expected):
    drag(page, explorer, PHOTO, start, by)
    first, second = boxes_in(page)
    assert second == list(expected)
    assert first == [181, 74, 270, 179]
    assert page.evaluate("saved.length") == 1  # Python is told once, at the end


def test_first_box_is_dragged_where_the_second_does_not_lie(page, explorer):
    drag(page, explorer, PHOTO, (225, 179), (0, 10))
    assert boxes_in(page) == ([181, 74, 270, 189], list(SECOND))
    drag(page, explorer, PHOTO, (120, 30), (40, 40))  # nothing there
    assert boxes_in(page) == ([181, 74, 270, 189], list(SECOND))


def test_views_stand_side_by_side_and_are_drawn(page):
    photo, whole, smaller = (canvas.bounding_box() for canvas in page.locator("canvas").all())
    assert whole["x"] > photo["x"] + photo["width"]
    assert whole["x"] + whole["width"] <= 848
    assert smaller["y"] > whole["y"]
    assert photo["width"] <= 470
    before = page.evaluate("seen()")
    page.evaluate("() => model.set('y', model.get('y') + 1)")
    assert all(a != b for a, b in zip(before, page.evaluate("seen()"), strict=True))
