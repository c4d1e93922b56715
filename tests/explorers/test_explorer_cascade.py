"""The cascade's explorer without a browser: what it sends, against detectors set up with each threshold."""

import base64
import io
import itertools
import json
import math
import re

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from mtcnn_lite import Detector
from mtcnn_lite.cascade import answers as memory
from mtcnn_lite.course.explorers.canvas import Bars
from mtcnn_lite.course.explorers.cascade import (
    LOWEST,
    O_STOPS,
    P_STOPS,
    R_STOPS,
    STEPS,
    CascadeExplorer,
    ask_all,
    bars,
    costs,
    view,
)
from mtcnn_lite.course.scenes import collage

LOW, USUAL, HIGH = LOWEST, (0.6, 0.7, 0.7), (P_STOPS[-1], R_STOPS[-1], O_STOPS[-1])
SETTINGS = [LOW, USUAL, HIGH, (0.45, 0.3, 0.4)] + [
    (*USUAL[:k], end[k], *USUAL[k + 1 :]) for k in range(3) for end in (LOW, HIGH)
]


@pytest.fixture(scope="module")
def dim():
    """Nine faces at little light, with noise: no threshold is right for all of them."""
    clean = collage()[0]
    noise = np.random.default_rng(6).normal(0, 25, clean.shape)
    return np.clip(0.6 * clean + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def trace(detector, dim):
    return detector.trace(dim)


@pytest.fixture(scope="module")
def explorer(detector, astronaut):
    return CascadeExplorer(detector, astronaut)


def accepted(run):
    """What O-Net accepts before NMS: a run in which NMS lets everything through, so that all have two looks."""
    return run.rerun(nms=(*run.settings.nms[:3], 1)).onet["mirrored"]


def in_order(*columns):
    """Rows of the same candidates in one order, whatever the order they came in."""
    rows = np.concatenate([c.reshape(len(c), math.prod(c.shape[1:])) for c in columns], axis=1).astype(np.float64)
    return rows[np.lexsort(rows.round(2).T)]


@pytest.mark.parametrize("thresholds", SETTINGS)
def test_view_is_the_cascade_run_at_these_thresholds(detector, dim, trace, thresholds):
    """The oracle is a new detector, which runs every net anew."""
    pnet, rnet, onet = thresholds
    run = Detector(detector.nets, thresholds=thresholds).trace(dim)
    layers = view(trace, pnet, rnet)
    assert layers.windows == run.pnet.windows == 99811
    for step, expected in enumerate((run.pnet["refined"], run.rnet["nms"], accepted(run))):
        rows = layers.shown(step, onet)
        assert rows.sum() == len(expected), STEPS[step]
        got = in_order(layers.boxes[step, rows], layers.scores[step, rows])
        np.testing.assert_allclose(got, in_order(expected.boxes, expected.scores), atol=2e-2)
    last = layers.shown(3, onet)
    assert last.sum() == len(run.faces)
    got = in_order(layers.boxes[3, last], layers.scores[3, last], layers.landmarks[last])
    np.testing.assert_allclose(got, in_order(run.faces.boxes, run.faces.scores, run.faces.landmarks), atol=2e-2)


def test_every_candidate_has_the_score_that_ended_it(trace):
    layers = view(trace, 0.6, 0.7)
    ended_by_rnet = layers.alive == 1
    assert (layers.scores[1, ended_by_rnet] < 0.7).mean() > 0.8  # the others: by its NMS
    assert (layers.scores[1, ~ended_by_rnet] >= np.float32(0.7)).all()
    assert (layers.scores[2, layers.alive == 2] < O_STOPS[0]).all()
    assert (layers.scores[2, layers.alive > 2] >= np.float32(O_STOPS[0])).all()
    assert np.isnan(layers.landmarks[layers.alive < 4]).all()
    assert not np.isnan(layers.landmarks[layers.alive == 4]).any()


def test_after_asking_for_everything_no_stop_asks_a_net_again(detector, dim, monkeypatch):
    trace = detector.trace(dim)
    ask_all(trace)
    expected = view(detector.trace(dim), 0.5, 0.2).counts(0.4)
    monkeypatch.setattr(memory, "score_windows", lambda *_, **__: pytest.fail("a net was asked"))
    for pnet, rnet in itertools.product(P_STOPS[::3], R_STOPS[::3]):  # with both ends
        view(trace, pnet, rnet)
    assert view(trace, 0.5, 0.2).counts(0.4) == expected


def test_asking_for_everything_is_no_different_for_photos_without_a_box(detector):
    trace = detector.trace(np.full((60, 60, 3), 127, np.uint8))
    lowest = ask_all(trace)
    assert view(trace, 0.3, 0.1).counts(0.1) == dict.fromkeys(STEPS, 0)
    assert all(np.isfinite(ms) for ms, _ in costs(trace, lowest))


def test_costs_are_the_time_over_the_windows_that_were_looked_at(detector, astronaut):
    trace = detector.trace(astronaut)
    lowest = ask_all(trace)
    assert trace.pnet  # before the times are set: it runs when it is first asked for
    trace.spent.update(pyramid=1.0, pnet=2.0)
    lowest.spent.update(rnet=3.0, onet=4.0)
    looks = len(lowest.onet["scored"]) + len(lowest.onet["nms"])
    expected = [(3000 / 42721, -1), (3000 / len(lowest.rnet["scored"]), 0), (4000 / looks, 1), (4000 / looks, 3)]
    np.testing.assert_allclose(costs(trace, lowest), expected)
    plain = Detector(detector.nets, mirror=False).trace(astronaut)
    assert costs(plain, ask_all(plain))[3] == (0.0, 3)


def test_bars_count_scores_from_stop_to_stop():
    scores = np.array([0.1, 0.2, 0.25, 0.5, 0.05, 0.7, 0.69999], np.float32)
    assert Bars.count(scores, [0.1, 0.2, 0.7]) == [1, 1, 4, 1]
    assert Bars.count(scores[:0], [0.1, 0.2]) == [0, 0, 0]


@pytest.mark.parametrize(("pnet", "rnet"), [(P_STOPS[0], R_STOPS[0]), (0.6, 0.7), (P_STOPS[-1], R_STOPS[-1])])
def test_bars_right_of_a_threshold_are_what_passes_it(trace, pnet, rnet):
    lowest, layers = ask_all(trace), view(trace, pnet, rnet)
    first, second, third = bars(lowest, layers, pnet, rnet)
    assert sum(first.counts[first.stop + 1 :]) == layers.counts(0)[STEPS[0]]
    assert sum(second.counts) == len(layers.alive)
    passing = trace.rerun(thresholds=(pnet, rnet, 0.7)).rnet["above threshold"]
    assert sum(second.counts[second.stop + 1 :]) == len(passing)
    for stop, onet in enumerate(O_STOPS):
        assert sum(third.counts[stop + 1 :]) == layers.counts(onet)[STEPS[2]]
    assert third.stop == -1


def test_canvas_gets_what_the_view_says(explorer):
    layers, canvas = view(explorer._trace, 0.6, 0.7), explorer.canvas
    for name, dtype in (("boxes", np.float32), ("scores", np.float32), ("landmarks", np.float32), ("alive", np.uint8)):
        sent, said = np.frombuffer(getattr(canvas, name), dtype), getattr(layers, name)
        np.testing.assert_array_equal(sent.reshape(said.shape), said)
    assert (canvas.size, canvas.windows, canvas.cut_from, canvas.steps) == ([512, 512], 42721, 2, STEPS)
    assert [of for _, of in canvas.costs] == [-1, 0, 1, 3]
    assert len(canvas.colours) == len(STEPS)
    assert (canvas.stops[explorer.onet.index], explorer.step.index) == (0.7, canvas.step)
    assert [bar["name"] for bar in canvas.bars] == ["P-Net", "R-Net", "O-Net"]
    assert canvas.maps == b""


def test_pnet_and_rnet_ask_the_kernel_once_a_move_and_onet_never(explorer):
    for slider, stop, sends in ((explorer.pnet, 0.9, 1), (explorer.rnet, 0.2, 1), (explorer.onet, 0.1, 0)):
        before, start = explorer.canvas.revision, slider.value
        slider.value = stop
        assert explorer.canvas.revision == before + sends
        slider.value = start


def test_what_the_browser_does_alone_is_linked_there(detector, astronaut, monkeypatch):
    links = {}
    monkeypatch.setattr(ipywidgets, "jslink", lambda source, target: links.update({target[1]: (source, target[0])}))
    mine = CascadeExplorer(detector, astronaut[:120, :120])
    assert links == {
        "stop": ((mine.onet, "index"), mine.canvas),
        "step": ((mine.step, "index"), mine.canvas),
        "together": ((mine.together, "value"), mine.canvas),
    }


def test_summary_and_still_follow_the_sliders_and_tell_no_time(explorer):
    before = explorer.summary()
    assert before == (
        "The cascade at thresholds 0.6, 0.7, 0.7: 42721 windows, 121 left by P-Net, 4 left by R-Net, "
        "2 accepted by O-Net, 1 left by the last NMS"
    )
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == before
    picture = Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"])))
    assert 600 < picture.width <= 848
    explorer.onet.value, explorer.rnet.value = O_STOPS[-1], 0.1
    after = explorer.summary()
    run = explorer._trace.rerun(thresholds=(0.6, 0.1, O_STOPS[-1]))
    numbers = [int(n) for n in re.findall(r"(\d+) (?:left|accepted)", after)]
    assert numbers == [121, len(run.rnet.last), len(accepted(run)), len(run.faces)]
    assert not np.array_equal(explorer.still().pixels, np.asarray(picture))
    explorer.onet.value, explorer.rnet.value = 0.7, 0.7
    assert explorer.summary() == before


def test_another_photo_replaces_the_old_one(detector, astronaut):
    mine = CascadeExplorer(detector, astronaut)
    file = io.BytesIO()
    Image.fromarray(astronaut[:300, :400]).save(file, "PNG")
    mine.receive("camera", file.getvalue())
    assert mine.canvas.size == [400, 300]
    assert mine.message.value == "camera: 400 x 300 px"
    assert mine._trace.image.shape == (300, 400, 3)
    assert json.dumps(mine.canvas.bars)
    before = mine.canvas.photo
    mine.receive("broken", b"no picture")
    assert mine.message.value.startswith("broken: ")
    assert mine.canvas.photo == before


def test_photo_smaller_than_any_face(detector):
    mine = CascadeExplorer(detector, np.zeros((9, 30, 3), np.uint8))
    mine.pnet.value, mine.rnet.value = LOWEST[0], LOWEST[1]
    assert "0 windows, 0 left by P-Net" in mine.summary()
    assert mine.still().pixels.shape[0] > 0


def test_sliders_begin_at_the_detectors_thresholds(detector, astronaut):
    for thresholds, stops in (((0.6, 0.7, 0.7), (0.6, 0.7, 0.7)), ((0.44, 0.26, 0.78), (0.45, 0.3, 0.7))):
        explorer = CascadeExplorer(Detector(detector.nets, thresholds=thresholds), astronaut)
        assert (explorer.pnet.value, explorer.rnet.value, explorer.onet.value) == stops
