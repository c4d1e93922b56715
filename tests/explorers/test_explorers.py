"""The explorers without a browser: the numbers that they send, and what shows where no kernel runs."""

import base64
import datetime
import io
import itertools

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite import Detector
from mtcnn_lite.boxes import iou
from mtcnn_lite.course.explorers.pnet import FACES, FLOOR, LONGEST, OVERLAPS, PNetExplorer, view


@pytest.fixture(scope="module")
def explorer(detector, astronaut):
    return PNetExplorer(detector, astronaut)


@pytest.fixture(scope="module")
def trace(detector, astronaut):
    return detector.trace(astronaut)


@pytest.mark.parametrize("min_face", [FACES[0], 20, FACES[-1]])
@pytest.mark.parametrize("overlap", [OVERLAPS[0], 0.5, OVERLAPS[-1]])
@pytest.mark.parametrize("threshold", [FLOOR, 0.6, 0.99])
def test_view_cut_at_a_threshold_is_the_cascade_run_at_it(detector, astronaut, trace, min_face, overlap, threshold):
    layers = view(trace.rerun(min_face=min_face), overlap)
    nms = (overlap, 0.7, 0.7, 0.7)
    stage = Detector(detector.nets, min_face, thresholds=(threshold, 0.7, 0.7), nms=nms).trace(astronaut).pnet
    names = ["above threshold", "nms within levels", "nms across levels", "refined"]
    assert list(layers.counts(threshold).values()) == [len(stage[name]) for name in names]
    assert layers.windows == stage.windows
    for step, name in enumerate(names):
        chosen = (layers.scores >= np.float32(threshold)) & (layers.alive > step)
        expected = stage[name].boxes
        order = [np.lexsort(boxes.T.round(3)) for boxes in (layers.boxes[step, chosen], expected)]
        np.testing.assert_allclose(layers.boxes[step, chosen][order[0]], expected[order[1]], atol=1e-3)


def test_every_stop_of_the_overlap_slider_changes_something():
    """Windows of a level stand 2 px apart: between any two stops lies an overlap that such windows really have."""
    shifts = np.array([(x, y) for x in range(0, 12, 2) for y in range(0, 12, 2)])[1:]
    overlaps = iou([[0, 0, 12, 12]], np.hstack([shifts, shifts + 12]))[0]
    for lower, upper in itertools.pairwise(OVERLAPS):
        assert ((overlaps > lower - 1e-6) & (overlaps < upper + 1e-6)).any(), (lower, upper)


def test_canvas_gets_what_the_view_says(explorer):
    layers, canvas = view(explorer._trace, 0.5), explorer.canvas
    np.testing.assert_array_equal(np.frombuffer(canvas.boxes, np.float32).reshape(layers.boxes.shape), layers.boxes)
    np.testing.assert_array_equal(np.frombuffer(canvas.scores, np.float32), layers.scores)
    assert canvas.size == [512, 512]
    assert len(canvas.maps) == sum(rows * columns for rows, columns, _ in canvas.levels) == canvas.windows == 42721
    assert Image.open(io.BytesIO(canvas.photo)).size == (512, 512)


def test_sliders_that_need_the_kernel_send_one_new_picture_each(explorer):
    for slider, value in ((explorer.overlap, 0.1), (explorer.min_face, FACES[-1]), (explorer.min_face, 20.0)):
        before = explorer.canvas.revision
        slider.value = value
        assert explorer.canvas.revision == before + 1
    explorer.overlap.value = 0.5


def test_level_slider_follows_the_number_of_levels(explorer):
    explorer.level.value = explorer.level.max
    explorer.min_face.value = FACES[-1]
    assert explorer.level.max == len(explorer.canvas.levels) - 1
    assert explorer.canvas.level <= explorer.level.max
    explorer.min_face.value, explorer.level.value = 20.0, 0


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(explorer):
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"].startswith("P-Net at threshold 0.60: 42721 windows, 286 above the threshold, 121 left")
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))).width > 600
    assert "application/vnd.jupyter.widget-view+json" in bundle


def upload(explorer, name, content):
    now = datetime.datetime.now(datetime.UTC)
    file = {"name": name, "type": "", "size": len(content), "content": memoryview(content), "last_modified": now}
    explorer.upload.value = (file,)


def encoded(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_uploaded_photo_replaces_the_old_one_and_a_large_one_is_shrunk(detector, astronaut):
    mine = PNetExplorer(detector, astronaut)
    upload(mine, "small.png", encoded(astronaut[:200, :300]))
    assert mine.canvas.size == [300, 200]
    assert mine.message.value == "small.png: 300 x 200 px"
    upload(mine, "large.png", encoded(astronaut.repeat(4, axis=0).repeat(4, axis=1)[:1024]))
    assert mine.canvas.size == [LONGEST, LONGEST // 2]
    assert "shrunk from 2048 x 1024" in mine.message.value


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_bad_upload_says_so_and_keeps_the_photo(detector, astronaut, content):
    mine = PNetExplorer(detector, astronaut[:120, :120])
    before = mine.canvas.photo
    upload(mine, "bad.png", encoded(astronaut)[:5000] if content is None else content)
    assert mine.message.value.startswith("bad.png: ")
    assert mine.canvas.photo == before


def test_photo_smaller_than_any_face_shows_no_level_and_no_error(detector):
    mine = PNetExplorer(detector, np.zeros((9, 30, 3), np.uint8))
    assert (mine.canvas.levels, mine.canvas.windows, mine.level.max) == ([], 0, 0)
    assert mine.still().pixels.shape[0] > 0
    assert "0 windows" in mine.summary()
