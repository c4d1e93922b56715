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
from mtcnn_lite.course.explorers.board_explorer import stop_numbers
from mtcnn_lite.course.explorers.pnet import FACES, FLOOR, LONGEST, OVERLAPS, SLIDERS, PNetExplorer, sieve
from mtcnn_lite.course.scenes import portrait, wall


@pytest.fixture(scope="module")
def explorer(detector, astronaut):
    return PNetExplorer(detector, astronaut)


@pytest.fixture(scope="module")
def trace(detector, astronaut):
    return detector.trace(astronaut)


@pytest.mark.parametrize("min_face", [FACES[0], 20, FACES[-1]])
@pytest.mark.parametrize("overlap", [OVERLAPS[0], 0.5, OVERLAPS[-1]])
@pytest.mark.parametrize("threshold", [FLOOR, 0.6, 0.99])
def test_sieve_at_a_threshold_is_the_cascade_run_at_it(detector, astronaut, trace, min_face, overlap, threshold):
    run = trace.rerun(min_face=min_face)
    _ = run.rnet
    mine = sieve(run, portrait(), [OVERLAPS.index(overlap)])
    at = stop_numbers(SLIDERS, (threshold, overlap, min_face))
    nms = (overlap, 0.7, 0.7, 0.7)
    stage = Detector(detector.nets, min_face, thresholds=(threshold, 0.7, 0.7), nms=nms).trace(astronaut).pnet
    names = ["above threshold", "nms within levels", "nms across levels", "refined"]
    assert [mine.tally(step, at).boxes for step in range(4)] == [len(stage[name]) for name in names]
    assert mine.windows == stage.windows
    for step, name in enumerate(names):
        boxes, expected = mine.boxes[mine.box_of[step], mine.left(step, at)], stage[name].boxes
        order = [np.lexsort(each.T.round(3)) for each in (boxes, expected)]
        np.testing.assert_allclose(boxes[order[0]], expected[order[1]], atol=1e-3)
    on_face = iou(portrait().boxes, stage["refined"].boxes)[0] >= 0.5
    tally = mine.tally(3, at)
    assert (tally.found, tally.false) == (int(on_face.any()), (~on_face).sum())


def test_every_stop_of_the_overlap_slider_changes_something():
    """Windows of a level stand 2 px apart: between any two stops lies an overlap that such windows really have."""
    shifts = np.array([(x, y) for x in range(0, 12, 2) for y in range(0, 12, 2)])[1:]
    overlaps = iou([[0, 0, 12, 12]], np.hstack([shifts, shifts + 12]))[0]
    for lower, upper in itertools.pairwise(OVERLAPS):
        assert ((overlaps > lower - 1e-6) & (overlaps < upper + 1e-6)).any(), (lower, upper)


def test_board_gets_what_the_sieve_says(explorer):
    mine, board = explorer.sieve(), explorer.canvas
    np.testing.assert_array_equal(np.frombuffer(board.boxes, np.float32).reshape(mine.boxes.shape), mine.boxes)
    np.testing.assert_array_equal(np.frombuffer(board.scores, np.float32), mine.scores[0])
    assert board.size == [512, 512]
    assert len(board.maps) == sum(rows * columns for rows, columns, _ in board.levels) == board.windows == 42721
    assert Image.open(io.BytesIO(board.photo)).size == (512, 512)


def test_smallest_face_sends_one_new_picture_a_move_and_overlaps_come_as_they_are_asked_for(explorer):
    """All overlaps are there at first; after a move of the other slider, only the one at which it stands."""
    board = explorer.canvas
    before = board.revision
    explorer.overlap.value = 0.1
    assert (board.revision, board.missing) == (before, [])
    explorer.min_face.value = FACES[-1]
    assert (board.revision, len(board.missing)) == (before + 1, len(OVERLAPS) - 1)
    assert explorer.summary() == fresh(explorer)
    explorer.overlap.value = 0.5
    assert board.revision == before + 2
    assert explorer.summary() == fresh(explorer)
    explorer.min_face.value = 20
    assert explorer.summary() == fresh(explorer)
    explorer.show_photo()
    assert board.missing == []


def fresh(explorer):
    """What the summary should say, from a detector set up with the sliders' values."""
    counts = Detector(
        explorer._detector.nets,
        explorer.min_face.value,
        thresholds=(explorer.threshold.value, 0.7, 0.7),
        nms=(explorer.overlap.value, 0.7, 0.8, 0.7),
    ).trace(explorer.image)
    names = {
        "above threshold": "above the threshold",
        "nms within levels": "left by NMS within each level",
        "nms across levels": "left by NMS across levels",
        "refined": "moved by their offsets",
    }
    steps = ", ".join(f"{len(counts.pnet[step])} {name}" for step, name in names.items())
    return f"P-Net at threshold {explorer.threshold.value:.2f}: {counts.pnet.windows} windows, {steps}"


def test_level_stays_among_those_of_the_photo(explorer):
    explorer.canvas.level = len(explorer.canvas.levels) - 1
    explorer.min_face.value = FACES[-1]
    assert explorer.canvas.level == len(explorer.canvas.levels) - 1
    explorer.min_face.value, explorer.canvas.level = 20, 0


def test_saved_explorer_is_small(detector):
    board = PNetExplorer(detector, {"the wall": wall(), "the portrait": portrait()}).canvas
    values = (getattr(board, name) for name in board.trait_names(sync=True))
    assert sum(len(value) * 4 / 3 for value in values if isinstance(value, bytes)) < 650_000


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


def test_after_an_upload_the_photo_before_it_is_a_click_away(detector, astronaut):
    mine = PNetExplorer(detector, {"whole": astronaut, "part": astronaut[:300]})
    mine.choice.value = "part"
    upload(mine, "small.png", encoded(astronaut[:200, :300]))
    assert (mine.choice.value, mine.canvas.size) == (None, [300, 200])
    mine.choice.value = "part"
    assert mine.canvas.size == [512, 300]


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_bad_upload_says_so_and_keeps_the_photo(detector, astronaut, content):
    mine = PNetExplorer(detector, astronaut[:120, :120])
    before = mine.canvas.photo
    upload(mine, "bad.png", encoded(astronaut)[:5000] if content is None else content)
    assert mine.message.value.startswith("bad.png: ")
    assert mine.canvas.photo == before


def test_photo_smaller_than_any_face_shows_no_level_and_no_error(detector):
    mine = PNetExplorer(detector, np.zeros((9, 30, 3), np.uint8))
    assert (mine.canvas.levels, mine.canvas.windows, mine.canvas.level) == ([], 0, 0)
    assert mine.still().pixels.shape[0] > 0
    assert "0 windows" in mine.summary()
