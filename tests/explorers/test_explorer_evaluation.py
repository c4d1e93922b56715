"""The evaluation explorer: its view against detectors that run anew, its JavaScript against its Python."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite import Detector
from mtcnn_lite.boxes import iou
from mtcnn_lite.course.explorers.evaluation import LEAST, OUTCOMES, STOPS, EvaluationExplorer, outcomes, sheet_of, view
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, rgb
from mtcnn_lite.evaluation import judge, match


@pytest.fixture(scope="module")
def photos():
    """Three scenes in dim light, so that some faces are missed."""
    dim = []
    for k, photo in enumerate(scenes(3, 10, split="held_out", sizes=(16, 60), faces=(3, 5), height=160, width=200)):
        noise = np.random.default_rng(k).normal(0, 15, photo.image().shape)
        pixels = np.clip(0.45 * photo.image() + noise, 0, 255).astype(np.uint8)
        dim.append(LabelledPhoto(pixels, photo.boxes, photo.landmarks, photo.ignore))
    return dim


@pytest.fixture(scope="module")
def whole(photos):
    return EvaluationExplorer(Detector("zhang2016", mirror=False), photos)


@pytest.fixture
def explorer(whole):
    """The explorer as it was in the beginning."""
    yield whole
    for trait, value in zip("por", (0.6, 0.7, 0.7), strict=True):
        setattr(whole.canvas, trait, value)
        whole.sliders[trait].value = value


def run_anew(photos, p, r, o):
    """(found, kept, faces covered after P-Net and R-Net, their boxes a photo) of a detector at these thresholds."""
    traces = [Detector("zhang2016", thresholds=(p, r, o), mirror=False).trace(photo.image()) for photo in photos]
    judged = judge((trace.faces, photo) for trace, photo in zip(traces, photos, strict=True))
    covered, boxes = [], []
    for stage, last in (("pnet", "refined"), ("rnet", "nms")):
        left = [getattr(trace, stage)[last].boxes for trace in traces]
        covered.append(sum(int((iou(photo.boxes, each).max(axis=1, initial=0) >= 0.5).sum())
                           for photo, each in zip(photos, left, strict=True)))  # fmt: skip
        boxes.append(sum(len(each) for each in left) / len(photos))
    return int(judged.right.sum()), len(judged.right), covered, boxes


@pytest.mark.parametrize("thresholds", [(0.6, 0.7, 0.7), (0.1, 0.1, LEAST), (0.9, 0.9, 0.99), (0.3, 0.5, 0.9)])
def test_view_is_what_a_detector_at_these_thresholds_does(whole, photos, thresholds):
    now = view(whole.measured, *thresholds)
    found, kept, covered, boxes = run_anew(photos, *thresholds)
    assert (now.found, now.kept, list(now.covered[:2])) == (found, kept, covered)
    assert now.boxes[:2] == pytest.approx(boxes)
    assert now.boxes[2] == pytest.approx(kept / len(photos))
    assert now.faces == sum(len(photo.boxes) for photo in photos)
    assert now.recall == pytest.approx(found / now.faces)
    assert now.precision == pytest.approx(found / kept if kept else 1)


@pytest.mark.parametrize("name", ["p", "r", "o"])
@pytest.mark.parametrize("end", ["min", "value", "max"])
def test_view_at_each_end_of_each_slider(explorer, name, end):
    slider = explorer.sliders[name]
    slider.value = getattr(slider, end)
    setattr(explorer.canvas, name, slider.value)  # in a notebook the browser does that
    now = explorer.view()
    assert 0 <= now.found <= now.kept
    assert f"recall {now.recall:.2f}" in explorer.summary()
    assert explorer.still().pixels.shape[0] > 300


@pytest.mark.parametrize("thresholds", [(0.6, 0.7, 0.7), (0.1, 0.1, LEAST), (0.3, 0.5, 0.9)])
def test_marks_are_what_a_detector_finds_misses_and_gets_wrong(whole, photos, thresholds):
    now = outcomes(whole.measured, *thresholds)
    starts = sheet_of(photos)[1]
    found, wrong, missed = [], [], []
    for photo, x in zip(photos, starts, strict=True):
        faces = Detector("zhang2016", thresholds=thresholds, mirror=False).detect(photo.image())
        face, counts = match(faces.boxes, faces.scores, photo)
        shift = np.array([x, 0, x, 0])
        found.extend(faces.boxes[face >= 0] + shift)
        wrong.extend(faces.boxes[(face < 0) & counts] + shift)
        missed.extend(photo.boxes[np.setdiff1d(np.arange(len(photo.boxes)), face)] + shift)
    for name, boxes in (("found", found), ("wrong", wrong), ("missed", missed)):
        assert len(now[name]) == len(boxes), name
        assert np.sort(np.reshape(now[name], (-1, 4)), axis=0) == pytest.approx(
            np.sort(np.reshape(boxes, (-1, 4)), axis=0), abs=0.06
        )


def test_every_stop_of_the_sliders_has_a_run(explorer):
    for trait in ("p", "r"):
        slider = explorer.sliders[trait]
        count = round((slider.max - slider.min) / slider.step) + 1
        assert tuple(round(slider.min + k * slider.step, 1) for k in range(count)) == STOPS


def test_more_is_let_through_the_lower_a_threshold(whole):
    for low, high in ((0.1, 0.9),):
        assert view(whole.measured, low, 0.7, 0.7).boxes[0] > view(whole.measured, high, 0.7, 0.7).boxes[0]
        assert view(whole.measured, 0.6, low, 0.7).work[2] > view(whole.measured, 0.6, high, 0.7).work[2]
        assert view(whole.measured, 0.6, 0.7, low).kept >= view(whole.measured, 0.6, 0.7, high).kept


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(explorer):
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"].startswith("thresholds 0.6 0.7 0.70: recall 0.")
    assert " ms" not in bundle["text/plain"]  # the same on every machine
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))).height > 300
    assert "application/vnd.jupyter.widget-view+json" in bundle


# --- the JavaScript


def test_browser_finds_what_python_finds(page, whole):
    for thresholds in ((0.6, 0.7, 0.7), (0.1, 0.1, 0.05), (0.9, 0.3, 0.99), (0.30000000000000004, 0.7, 0.29)):
        script = "(t) => look(JSON.parse(model.get('measured')), model.get('stops'), ...t)"
        theirs = page.evaluate(script, list(thresholds))
        ours = view(whole.measured, *thresholds)
        for name in ("found", "kept", "faces", "recall", "precision"):
            assert theirs[name] == pytest.approx(getattr(ours, name)), name
        for name in ("covered", "boxes", "work"):
            assert theirs[name] == pytest.approx(list(getattr(ours, name))), name


def test_each_slider_redraws(page):
    before = page.evaluate("seen()")
    assert len(before) == 3  # photos, curve, bars
    for name, value, canvases in (("o", 0.95, (1, 2)), ("o", 0.96, (1,)), ("r", 0.1, (0, 1, 2)), ("p", 0.1, (2,))):
        page.evaluate("([name, value]) => model.set(name, value)", [name, value])
        after = page.evaluate("seen()")
        for k in canvases:
            assert after[k] != before[k], (name, k)
        before = after


def test_browser_marks_what_python_marks(page, whole):
    for thresholds in ((0.6, 0.7, 0.7), (0.1, 0.1, 0.05), (0.9, 0.3, 0.99)):
        script = "(t) => outcomes(JSON.parse(model.get('measured')), model.get('stops'), ...t)"
        assert page.evaluate(script, list(thresholds)) == outcomes(whole.measured, *thresholds)


def test_a_mark_has_the_colour_of_its_outcome(page, pixel, whole):
    dense = 834 / whole.sheet.shape[1]
    box = outcomes(whole.measured, 0.6, 0.7, 0.7)["found"][0]
    there = pixel(0, round((box[0] + box[2]) / 2 * dense), round(box[1] * dense))
    assert np.abs(np.array(there[:3]) - rgb(COLOURS[OUTCOMES["found"]])).max() < 60


def test_table_says_the_numbers(page, whole):
    now = view(whole.measured, 0.6, 0.7, 0.7)
    cells = page.locator("table td").all_inner_texts()
    assert cells[1:] == [f"{now.recall:.3f}", f"{now.precision:.3f}", str(now.found), str(now.faces - now.found),
                         str(now.kept - now.found)]  # fmt: skip


def test_what_travels_is_plain_json(whole):
    assert len(whole.canvas.measured) < 400_000
    assert len(json.loads(whole.canvas.measured)["runs"]) == len(STOPS)
