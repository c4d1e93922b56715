"""The R-Net explorer without a browser: what it sends, against runs of the cascade at each setting."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.gallery import COLUMNS, RIM, Crops, Gallery, Group
from mtcnn_lite.course.explorers.rnet import FLOOR, STEPS, STOPS, RNetExplorer, view
from mtcnn_lite.course.scenes import collage
from mtcnn_lite.draw import tiled
from mtcnn_lite.nets import normalise
from mtcnn_lite.nms import nms


@pytest.fixture(scope="module")
def explorer(detector, astronaut):
    return RNetExplorer(detector, astronaut)


@pytest.fixture(scope="module")
def crops(detector, astronaut):
    return view(detector.trace(astronaut))


@pytest.fixture(scope="module")
def many(detector):
    """Nine faces, each many times over: NMS has much to do."""
    picture = collage()[0]
    return picture, view(detector.trace(picture))


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
    assert not np.allclose(view(larger.trace(astronaut)).boxes[0], view(detector.trace(astronaut)).boxes[0])


def test_gallery_gets_what_the_view_says(explorer, crops):
    gallery, count = explorer.gallery, len(crops.values)
    np.testing.assert_array_equal(np.frombuffer(gallery.boxes, np.float32).reshape(4, count, 4), crops.boxes)
    np.testing.assert_array_equal(np.frombuffer(gallery.values, np.float32), crops.values)
    np.testing.assert_array_equal(np.frombuffer(gallery.gates, np.float32), crops.gates)
    np.testing.assert_array_equal(np.frombuffer(gallery.alive, np.uint8).reshape(len(STOPS), count), crops.alive)
    assert (gallery.stops, gallery.steps, gallery.size) == (STOPS, STEPS, [512, 512])
    assert Image.open(io.BytesIO(gallery.photo)).size == (512, 512)


def test_each_crop_lies_where_the_browser_looks_for_it(explorer, crops):
    sheet = np.asarray(Image.open(io.BytesIO(explorer.gallery.sheet))).astype(int)
    side, columns, rim = explorer.gallery.layout_of_sheet
    assert (side, columns, rim) == (24, COLUMNS, RIM)
    for i in (0, 1, COLUMNS, len(crops.values) - 1):
        x, y = (i % columns) * (side + 2 * rim) + rim, (i // columns) * (side + 2 * rim) + rim
        assert np.abs(sheet[y : y + side, x : x + side] - crops.pictures[i]).mean() < 8  # JPEG changes a little
    other = np.abs(sheet[rim : rim + side, rim : rim + side] - crops.pictures[5]).mean()
    assert other > 20, "another crop would be told apart"


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(explorer):
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
    before = mine.gallery.revision
    mine.image = np.ascontiguousarray(astronaut[:200, :300])
    mine.show_photo()
    assert mine.gallery.size == [300, 200]
    assert mine.gallery.revision == before + 1


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
