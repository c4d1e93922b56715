"""The R-Net explorer without a browser: what it sends, against runs of the cascade at each setting."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.gallery import COLUMNS, RIM, Crops, Gallery, Group
from mtcnn_lite.course.explorers.rnet import FLOOR, STEPS, STOPS, RNetExplorer, view
from mtcnn_lite.course.scenes import collage, portrait, wall
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import tiled
from mtcnn_lite.explain import explain
from mtcnn_lite.nets import normalise
from mtcnn_lite.nms import nms

VIEWPORT = 900, 900


def unlabelled(photo):
    return LabelledPhoto(photo, [], complete=False)


@pytest.fixture(scope="module")
def explorer(detector):
    return RNetExplorer(detector, {"the wall": wall(), "the portrait": portrait()})


@pytest.fixture(scope="module")
def crops(detector, astronaut):
    return view(detector.trace(astronaut), unlabelled(astronaut))


@pytest.fixture(scope="module")
def many(detector):
    """Nine faces, each many times over: NMS has much to do."""
    picture = collage()[0]
    return picture, view(detector.trace(picture), unlabelled(picture))


def in_order(boxes):
    return boxes[np.lexsort(boxes.round(2).T)]


def is_the_cascade(crops, detector, photo, stop, cut):
    """Counts and boxes of each step are those of a detector that was set up with these thresholds."""
    fresh = Detector(detector.nets, thresholds=(STOPS[stop], cut, 0.7)).trace(photo)
    expected = [fresh.pnet["squared"], *(fresh.rnet[name] for name in ("above threshold", "refined", "nms"))]
    assert list(crops.counts(stop, cut).values()) == [len(step) for step in expected]
    for step, candidates in enumerate(expected):
        boxes = crops.boxes[step, crops.shown(stop, cut, step)]
        np.testing.assert_allclose(in_order(boxes), in_order(candidates.boxes), atol=1e-3)


@pytest.mark.parametrize("cut", [FLOOR, 0.7, 0.99])
@pytest.mark.parametrize("stop", [0, STOPS.index(0.6), len(STOPS) - 1])
def test_view_at_two_thresholds_is_the_cascade_run_at_them(detector, astronaut, crops, stop, cut):
    is_the_cascade(crops, detector, astronaut, stop, cut)


@pytest.mark.parametrize("cut", [FLOOR, 0.7, 0.99])
@pytest.mark.parametrize("stop", [0, STOPS.index(0.6), len(STOPS) - 1])
def test_so_it_is_where_nms_has_much_to_do(detector, many, stop, cut):
    picture, crops = many
    is_the_cascade(crops, detector, picture, stop, cut)


def test_every_stop_of_the_first_threshold_is_the_cascade_run_at_it(detector, astronaut, crops):
    trace = detector.trace(astronaut)
    for stop, threshold in enumerate(STOPS):
        counts = trace.rerun(thresholds=(threshold, 0.7, 0.7)).rnet.counts()
        assert list(crops.counts(stop, 0.7).values()) == [
            counts[k] for k in ("scored", "above threshold", "refined", "nms")
        ]


def test_one_nms_at_the_lowest_threshold_would_not_do(crops):
    """Why NMS is run at each stop: a window that P-Net's threshold takes away no longer suppresses others."""
    lowest = crops.alive[0] == len(STEPS)
    at_each = crops.alive == len(STEPS)
    filtered = lowest & (crops.gates >= np.float32(STOPS)[:, None])
    assert (at_each & ~filtered).any(), "some window comes back when its suppressor goes"
    # The smallest case: the first box, R-Net's best, suppresses the second. Without it the second is kept.
    boxes, scores = np.array([[0, 0, 20, 20], [2, 0, 22, 20]]), np.array([0.9, 0.8])
    assert nms(boxes, scores, 0.7).tolist() == [0]
    assert nms(boxes[1:], scores[1:], 0.7).tolist() == [0]


def test_every_stop_changes_what_is_shown(crops):
    seen = [crops.shown(stop, 0.7, 0).tobytes() for stop in range(len(STOPS))]
    assert len(set(seen)) == len(STOPS)


def test_crops_are_what_rnet_scored(detector, crops):
    said = detector.nets.rnet(normalise(crops.pictures))
    np.testing.assert_allclose(said.score.detach(), crops.values, atol=1e-4)
    assert crops.pictures.shape == (len(crops.values), 24, 24, 3)


def test_view_uses_a_readers_function(detector, astronaut):
    """A swapped part takes part: here, squares that are twice as large."""
    larger = detector.swap(square_boxes=lambda boxes: boxes + np.float32([-20, -20, 20, 20]))
    theirs, ours = (view(one.trace(astronaut), unlabelled(astronaut)) for one in (larger, detector))
    assert not np.allclose(theirs.boxes[0], ours.boxes[0])


def test_gallery_gets_what_the_view_says(explorer):
    gallery, crops, count = explorer.canvas, explorer.crops, len(explorer.crops.values)
    np.testing.assert_array_equal(np.frombuffer(gallery.boxes, np.float32).reshape(4, count, 4), crops.boxes)
    np.testing.assert_array_equal(np.frombuffer(gallery.values, np.float32), crops.values)
    np.testing.assert_array_equal(np.frombuffer(gallery.gates, np.float32), crops.gates)
    np.testing.assert_array_equal(np.frombuffer(gallery.alive, np.uint8).reshape(len(STOPS), count), crops.alive)
    np.testing.assert_array_equal(np.frombuffer(gallery.faces, np.float32).reshape(-1, 4), wall().boxes)
    np.testing.assert_array_equal(np.frombuffer(gallery.on, np.int32).reshape(4, count), crops.on)
    assert (gallery.stops, gallery.steps, gallery.size, gallery.labelled) == (STOPS, STEPS, [1000, 620], True)
    assert Image.open(io.BytesIO(gallery.photo)).size == (1000, 620)


def test_each_crop_lies_where_the_browser_looks_for_it(explorer):
    crops = explorer.crops
    sheet = np.asarray(Image.open(io.BytesIO(explorer.canvas.sheet))).astype(int)
    side, columns, rim = explorer.canvas.layout_of_sheet
    assert (side, columns, rim) == (24, COLUMNS, RIM)
    for i in (0, 1, COLUMNS, len(crops.values) - 1):
        x, y = (i % columns) * (side + 2 * rim) + rim, (i // columns) * (side + 2 * rim) + rim
        assert np.abs(sheet[y : y + side, x : x + side] - crops.pictures[i]).mean() < 8  # JPEG changes a little
    other = np.abs(sheet[rim : rim + side, rim : rim + side] - crops.pictures[5]).mean()
    assert other > 20, "another crop would be told apart"


def overlap(a, b):
    """IoU of two boxes, the slow way."""
    shared = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared / sum(((x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (a, b)), -shared)


@pytest.mark.parametrize(("stop", "cut"), [(0.6, 0.7), (0.6, 0.97), (0.9, 0.3)])
def test_faces_found_and_false_alarms_are_those_of_the_cascade(explorer, detector, stop, cut):
    run, at = detector.trace(wall().image()).rerun(thresholds=(stop, cut, 0.7)), STOPS.index(stop)
    for step, boxes in ((0, run.pnet.last.boxes), (3, run.rnet["nms"].boxes)):
        pairs = np.array([[overlap(box, face) for face in wall().boxes.tolist()] for box in boxes.tolist()])  # (N, 37)
        nearest = pairs.argmax(axis=1)[pairs.max(axis=1) >= 0.5]
        found, false = explorer.crops.outcome(at, cut, step)
        assert found.tolist() == sorted(set(nearest.tolist()))
        assert false == len(boxes) - len(nearest)


def test_each_threshold_changes_what_is_found_or_false_at_three_stops_or_more(explorer):
    def outcome(stop, cut):
        found, false = explorer.crops.outcome(stop, cut, 3)
        return len(found), false

    assert len({outcome(stop, 0.7) for stop in range(len(STOPS))}) > 3
    assert len({outcome(STOPS.index(0.6), cut) for cut in np.arange(FLOOR, 1, 0.01)}) > 3


def test_photos_without_labels_have_no_tally(crops):
    with pytest.raises(ValueError, match="on is None"):
        crops.outcome(0, 0.7, 0)


def table(page):
    """The numbers of the table, row by row."""
    texts = page.eval_on_selector_all("tr", "rows => rows.slice(1).map((row) => row.innerText.split('\\t'))")
    return [[int(text) for text in row[1:]] for row in texts]


@pytest.mark.parametrize(("stop", "cut", "step"), [(0.6, 0.7, 3), (0.2, 0.05, 0), (0.98, 0.99, 1), (0.5, 0.9, 2)])
def test_browser_counts_as_python_does(page, set_traits, explorer, stop, cut, step):
    at, crops = STOPS.index(stop), explorer.crops
    set_traits(stop=at, cut=cut, step=step)
    counts = crops.counts(at, cut).values()
    found, false = zip(*(crops.outcome(at, cut, k) for k in range(4)), strict=True)
    assert table(page) == [[n, len(one), bad] for n, one, bad in zip(counts, found, false, strict=True)]
    missed = 37 - len(found[step])
    assert page.locator("figcaption").first.inner_text().endswith(f"; yellow: {missed} of 37 faces missed")
    set_traits(stop=STOPS.index(0.6), cut=0.7, step=3)


def test_a_click_on_a_missed_face_asks_for_it(page, explorer):
    """Its tooltip says that no box is on it; the answer is that of `explain` for its label."""
    missed = np.setdiff1d(np.arange(37), explorer.crops.outcome(STOPS.index(0.6), 0.7, 3)[0])
    face = next(k for k in missed if wall().about["sources"][k] == "lfw_subset[50]")  # turned by 42°
    x1, y1, x2, y2 = wall().boxes[face] * 0.4  # 400 px show 1000
    page.locator("canvas").first.hover(position={"x": float(x1 + x2) / 2, "y": float(y1 + y2) / 2})
    assert page.locator(".tip").inner_text() == f"face {face + 1}: no box is on it\nclick to ask why"
    page.locator("canvas").first.click(position={"x": float(x1 + x2) / 2, "y": float(y1 + y2) / 2})
    message = page.evaluate("sent.at(-1)")
    assert message["face"] == face
    explorer.heard(message)
    said = explain(explorer.run_shown(), wall().boxes[face].tolist()).sentence
    assert explorer.canvas.note == f"Face {face + 1}, at 0.6, 0.7, 0.7: {said}."


def test_the_portrait_is_a_button_away(detector):
    mine = RNetExplorer(detector, {"the wall": wall(), "the portrait": portrait()})
    assert mine.canvas.needs_python == ["choice", "upload"]
    mine.choice.value = "the portrait"
    assert mine.canvas.size == [512, 512]
    assert mine.summary().startswith("R-Net at thresholds 0.60 and 0.70: 121 windows from P-Net, 9 kept by R-Net")
    assert mine.summary().endswith("4 left by NMS; faces found 1 of 1, boxes on no face 2")


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(detector, astronaut):
    explorer = RNetExplorer(detector, astronaut)
    bundle, _ = explorer._repr_mimebundle_()
    text = (
        "R-Net at thresholds 0.60 and 0.70: 121 windows from P-Net, 9 kept by R-Net, 9 moved by their offsets, 4 left"
    )
    assert bundle["text/plain"].startswith(text)
    picture = Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"])))
    assert picture.width > 600
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_still_and_summary_follow_the_sliders(detector, astronaut):
    mine = RNetExplorer(detector, astronaut)
    before = mine.still().pixels
    mine.pnet.value, mine.rnet.value = STOPS[-1], 0.99
    assert mine.summary().startswith("R-Net at thresholds 0.98 and 0.99: 10 windows")
    assert not np.array_equal(mine.still().pixels, before)


@pytest.mark.parametrize("photo", [np.zeros((9, 30, 3), np.uint8), np.full((64, 64, 3), 127, np.uint8)])
def test_photo_without_a_window_is_no_error(detector, photo):
    mine = RNetExplorer(detector, photo)
    assert mine.crops.counts(0, FLOOR) == dict.fromkeys(STEPS, 0)
    assert mine.still().pixels.shape[0] > 0
    assert "0 windows from P-Net" in mine.summary()


def test_another_photo_replaces_the_first(detector, astronaut):
    mine = RNetExplorer(detector, astronaut)
    before = mine.canvas.revision
    mine.image = np.ascontiguousarray(astronaut[:200, :300])
    mine.show_photo()
    assert mine.canvas.size == [300, 200]
    assert mine.canvas.revision == before + 1


def test_tiles_go_row_by_row():
    pictures = np.arange(1, 6, dtype=np.uint8).repeat(2 * 2 * 3).reshape(5, 2, 2, 3)
    sheet = tiled(pictures, columns=3)
    assert sheet[..., 0].tolist() == [[1, 1, 2, 2, 3, 3]] * 2 + [[4, 4, 5, 5, 0, 0]] * 2
    assert tiled(pictures[:0], columns=3).shape == (2, 6, 3)


def test_shown_counts_equal_scores_in():
    """A score that equals its threshold passes, as floats of 32 bits: 0.7 in Python is none of those."""
    score = np.float32([0.7, 0.6])
    boxes = np.zeros((2, 2, 4), np.float32)
    alive = np.array([[2, 2], [2, 1]], np.uint8)
    crops = Crops(np.zeros((2, 24, 24, 3), np.uint8), score, score, [0.6, 0.7], ["all", "kept"], alive, boxes)
    assert crops.shown(0, 0.7, 0).tolist() == [True, True]
    assert crops.shown(0, 0.7, 1).tolist() == [True, False]
    assert crops.shown(1, 0.7, 0).tolist() == [True, False]
    assert crops.counts(0, 0.6) == {"all": 2, "kept": 2}


def test_groups_travel_as_lists():
    gallery = Gallery([Group("good", "#000000", None, 2), Group("rest", "#FFFFFF", 0.0, 1)], gate="g", value="v")
    assert gallery.groups == [["good", "#000000", None, 2], ["rest", "#FFFFFF", 0.0, 1]]
    assert gallery.axes == ["g", "v"]
