"""The anchors' explorer: its view against loops, its JavaScript against its Python, what it draws and says."""

import base64
import io
import math

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite.course.explorers.anchors import LARGEST, STRIDES, AnchorsExplorer, sides_of, stride, view
from mtcnn_lite.course.scenes import scene
from mtcnn_lite.draw import rgb

VIEWPORT = (848, 700)
NAMES = ("smallest", "step", "count", "shape", "positive", "negative")
PHOTO = 430  # CSS pixels: its longer side on the page


@pytest.fixture(scope="module")
def photo():
    return scene([11, 51], 320, 352, (9, 9), (16, 150), distractors=(0, 0))


@pytest.fixture
def explorer(photo):
    return AnchorsExplorer(photo)


def overlap(a, b):
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(wide, 0) * max(high, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def by_loops(photo, smallest, step, count, shape, positive, negative, force):
    """(anchors for each face, ignored ones nearest to it, background), one anchor at a time."""
    height, width = photo.image().shape[:2]
    faces, boxes = photo.boxes.astype(float).tolist(), []
    for k in range(count):
        side = smallest * step**k
        if side > 2048:
            break
        apart = 8 if side <= 48 else 16 if side <= 128 else 32
        wide, high = side / math.sqrt(shape), side * math.sqrt(shape)
        for y in range(0, height, apart):
            for x in range(0, width, apart):
                mx, my = x + apart / 2, y + apart / 2
                boxes.append([mx - wide / 2, my - high / 2, mx + wide / 2, my + high / 2])
    table = np.array([[overlap(box, face) for face in faces] for box in boxes])
    owner = [int(row.argmax()) if row.max() >= positive - 1e-6 else -2 if row.max() >= min(negative, positive) - 1e-6
             else -1 for row in table]  # fmt: skip
    if force:
        for face in range(len(faces)):
            owner[int(table[:, face].argmax())] = face
    ignored = [int(row.argmax()) for row, its in zip(table, owner, strict=True) if its == -2]
    count = range(len(faces))
    return [owner.count(face) for face in count], [ignored.count(face) for face in count], owner.count(-1)


def numbers(now):
    return now.each.tolist(), now.unsure.tolist(), now.counts["background"]


def set_(explorer, **values):
    for name, value in values.items():
        setattr(explorer.canvas, name, value)  # in a notebook the browser does that


def state(explorer):
    return {name: getattr(explorer.canvas, name) for name in (*NAMES, "force")}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("end", ["min", "value", "max"])
def test_view_at_each_end_of_each_slider(explorer, photo, name, end):
    set_(explorer, **{name: getattr(explorer.sliders[name], end)})
    now = explorer.now()
    assert numbers(now) == by_loops(photo, **state(explorer))
    assert now.unsure.sum() == now.counts["ignored"]
    assert sum(now.counts[kind] for kind in ("positive", "ignored", "background")) == len(now.boxes)
    assert now.counts["faces without an anchor"] == now.each.tolist().count(0)
    assert f"{len(now.boxes):,} anchors" in explorer.summary()
    assert explorer.still().pixels.shape[0] > 400


@pytest.mark.parametrize("force", [False, True])
def test_each_face_has_its_best_anchor_where_that_is_asked_for(explorer, photo, force):
    set_(explorer, force=force, positive=0.8)
    assert numbers(explorer.now()) == by_loops(photo, **state(explorer))
    assert (explorer.now().each > 0).all() == force


def test_background_bound_above_the_faces_one_counts_as_it(photo):
    assert numbers(view(photo, positive=0.4, negative=0.6)) == numbers(view(photo, positive=0.4, negative=0.4))


def test_sizes_end_at_2048_px_and_stand_as_far_apart_as_their_size_asks():
    assert sides_of(64, 3, 8) == (64, 192, 576, 1728)
    assert sides_of(8, 1.5, 3) == (8, 12, 18)
    assert [stride(side) for side in (8, 48, 49, 128, 129, 512)] == [8, 8, 16, 16, 32, 32]


def test_anchors_keep_their_area_when_they_get_higher(photo):
    sizes = view(photo, smallest=32, count=1, shape=2).boxes
    wide, high = sizes[:, 2] - sizes[:, 0], sizes[:, 3] - sizes[:, 1]
    np.testing.assert_allclose(high, 2 * wide, rtol=1e-5)
    np.testing.assert_allclose(wide * high, 32**2, rtol=1e-5)


def test_a_photo_without_faces_has_background_alone():
    empty = scene([11, 51], 64, 64, (0, 0), distractors=(0, 0))
    now = view(empty)
    assert now.counts == {"positive": 0, "ignored": 0, "background": len(now.boxes), "faces without an anchor": 0}


def test_canvas_gets_the_photo_the_faces_and_the_rules(explorer, photo):
    canvas = explorer.canvas
    assert (canvas.size, canvas.largest) == ([352, 320], LARGEST)
    np.testing.assert_allclose(canvas.faces, photo.boxes)
    assert [apart for _, apart in canvas.strides] == [apart for _, apart in STRIDES]
    assert Image.open(io.BytesIO(canvas.photo)).size == (352, 320)


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(explorer):
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == explorer.summary()
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))).height > 400
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_still_crosses_the_faces_without_an_anchor_alone(explorer, photo):
    """At the middle of a cross there is vermilion, where the same still without it has none."""
    set_(explorer, positive=0.8)
    lost = explorer.now().each == 0
    assert 0 < lost.sum() < len(lost)
    still = explorer.still().pixels.astype(int)
    scale = 400 / photo.image().shape[0]
    top = still.shape[0] - 400  # the caption
    near = []
    for x1, y1, x2, y2 in photo.boxes * scale:
        x, y = round((x1 + x2) / 2), top + round((y1 + y2) / 2)
        near.append(abs(still[y - 1 : y + 2, x - 1 : x + 2] - rgb("landmark")).sum(axis=2).min())
    assert max(np.array(near)[lost]) < 60 < min(np.array(near)[~lost])


# --- the JavaScript


SETTINGS = (
    {}, {"force": True}, {"positive": 0.35, "negative": 0.35}, {"shape": 1.3},
    {"smallest": 10, "step": 1.3, "count": 8},
    {"positive": 0.8, "force": True}, {"negative": 0.6, "positive": 0.2}, {"smallest": 64, "step": 3.0},
)  # fmt: skip


@pytest.mark.parametrize("values", SETTINGS, ids=str)
def test_browser_computes_what_python_does(page, explorer, values):
    set_(explorer, **values)
    canvas = explorer.canvas
    given = state(explorer) | {"size": canvas.size, "strides": canvas.strides, "largest": canvas.largest}
    found = page.evaluate(
        "([given, faces]) => { const { sides, boxes } = anchors(given);"
        " return { sides, boxes, ...matched(boxes, faces, given) }; }",
        [given, canvas.faces],
    )
    now = explorer.now()
    assert found["sides"] == pytest.approx(now.sides)
    np.testing.assert_allclose(found["boxes"], now.boxes, atol=1e-3)
    assert found["owner"] == now.owner.tolist()
    assert found["each"] == now.each.tolist()
    assert found["unsure"] == now.unsure.tolist()
    assert found["best"] == pytest.approx(now.best.tolist(), abs=1e-5)


@pytest.mark.parametrize("values", SETTINGS, ids=str)
def test_table_follows_the_controls(page, explorer, set_traits, values):
    set_traits(**values)
    cells = page.locator("td").all_inner_texts()
    table = dict(zip(cells[::2], cells[1::2], strict=True))
    now = explorer.now()
    counts = now.counts
    assert table["sizes, px"] == " ".join(str(math.floor(side + 0.5)) for side in now.sides)
    assert table["anchors"] == f"{len(now.boxes):,}"
    assert table["for a face"] == f"{counts['positive']:,}"
    assert table["ignored"] == f"{counts['ignored']:,}"
    assert table["background"] == f"{counts['background']:,}"
    assert table["faces without an anchor"] == f"{counts['faces without an anchor']} of 9"


@pytest.mark.parametrize("change", [{"smallest": 24}, {"step": 1.4}, {"count": 3}, {"shape": 1.5}, {"positive": 0.6},
                                    {"force": True, "positive": 0.8}, {"ignored": True}], ids=str)  # fmt: skip
def test_each_control_changes_the_picture(page, change):
    before = page.evaluate("seen()")
    page.evaluate("(change) => Object.entries(change).forEach((each) => model.set(...each))", change)
    assert page.evaluate("seen()")[0] != before[0]


@pytest.mark.parametrize(("name", "value"), [("count", 7), ("count", 8), ("negative", 0.35), ("shape", 1.1)])
def test_what_the_photo_does_not_show_the_plots_do(page, set_traits, name, value):
    before = page.evaluate("seen()")
    set_traits(**{name: value})
    after = page.evaluate("seen()")
    assert after[1:] != before[1:]


def test_sizes_that_are_left_out_are_counted(page, set_traits):
    set_traits(smallest=64, step=3.0, count=7)
    before = page.evaluate("seen()")[2]
    set_traits(count=8)
    assert page.evaluate("seen()")[2] != before
    assert "4 over 2,048 left out" in page.locator("figcaption").nth(2).inner_text()
    set_traits(smallest=16, step=2.0, count=6)
    assert "left out" not in page.locator("figcaption").nth(2).inner_text()


def test_ignored_anchors_depend_on_the_bound_of_background(page, set_traits):
    set_traits(ignored=True)
    before = page.evaluate("seen()")[0]
    set_traits(negative=0.45)
    assert page.evaluate("seen()")[0] != before


def test_a_face_without_an_anchor_is_dashed_and_crossed(page, explorer, set_traits, pixel):
    set_traits(positive=0.8)
    lost = int(np.flatnonzero(explorer.now().each == 0)[0])
    x1, y1, x2, y2 = explorer.photo.boxes[lost] * PHOTO / 352
    assert pixel(0, round((x1 + x2) / 2), round((y1 + y2) / 2))[:3] == pytest.approx(rgb("landmark"), abs=40)


def test_views_fit_and_pointer_and_keys_tell_of_a_face(page, explorer):
    photo, bars, scale = (canvas.bounding_box() for canvas in page.locator("canvas").all())
    assert bars["x"] > photo["x"] + photo["width"]
    assert bars["x"] + bars["width"] <= VIEWPORT[0]
    assert max(photo["y"] + photo["height"], scale["y"] + scale["height"]) < 620
    x1, y1, x2, y2 = (explorer.photo.boxes[0] * PHOTO / 352).tolist()
    page.mouse.move(photo["x"] + (x1 + x2) / 2, photo["y"] + (y1 + y2) / 2)
    now = explorer.now()
    told = page.locator(".tip").inner_text()
    assert f": {now.each[0]} anchors; the best has an IoU of {now.best[0]:.2f}" in told
    page.locator("canvas").nth(1).focus()
    page.keyboard.press("ArrowRight")
    first = int((explorer.photo.boxes[:, 2:] - explorer.photo.boxes[:, :2]).min(axis=1).argmin())
    assert (
        f": {now.each[first]} anchors; the best has an IoU of {now.best[first]:.2f}"
        in page.locator(".spoken").inner_text()
    )
