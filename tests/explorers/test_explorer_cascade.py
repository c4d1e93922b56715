"""The cascade's explorer without a browser: what it sends, against detectors set up with each threshold."""

import base64
import io
import itertools
import json
import math
import re

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite import Detector
from mtcnn_lite.cascade import answers as memory
from mtcnn_lite.course.explorers.cascade import (
    LOWEST,
    O_STOPS,
    P_STOPS,
    R_STOPS,
    SLIDERS,
    STEPS,
    CascadeExplorer,
    ask_all,
    costs,
    sieve,
    view,
)
from mtcnn_lite.course.scenes import collage, portrait, wall
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation.matching import match

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


@pytest.fixture(scope="module")
def sieved(trace):
    labels = LabelledPhoto(trace.image, collage()[1])
    return sieve(trace, ask_all(trace), labels), labels


@pytest.mark.parametrize("thresholds", SETTINGS)
def test_sieve_is_the_cascade_run_at_these_thresholds_and_matched_with_the_labels(detector, dim, sieved, thresholds):
    """The oracles are a new detector, which runs every net anew, and the package's matching."""
    (mine, labels), at = sieved, stops(thresholds)
    run = Detector(detector.nets, thresholds=[s.stops[k] for s, k in zip(SLIDERS, at, strict=True)]).trace(dim)
    assert mine.windows == run.pnet.windows
    for step, expected in enumerate((run.pnet["refined"], run.rnet["nms"])):
        rows = mine.left(step, at)
        got = in_order(mine.boxes[step, rows], mine.scores[step, rows])
        np.testing.assert_allclose(got, in_order(expected.boxes, expected.scores), atol=2e-2)
    assert mine.tally(2, at).boxes == len(accepted(run))
    last = mine.left(3, at)
    got = in_order(mine.boxes[2, last], mine.scores[2, last], mine.landmarks[last])
    np.testing.assert_allclose(got, in_order(run.faces.boxes, run.faces.scores, run.faces.landmarks), atol=2e-2)
    face, counts = match(run.faces.boxes, run.faces.scores, labels)
    tally = mine.tally(3, at)
    assert (tally.found, tally.missed) == ((face >= 0).sum(), 9 - (face >= 0).sum())
    assert tally.false == (counts & (face < 0)).sum()


def stops(thresholds):
    """The numbers of the nearest stops."""
    return [int(np.argmin(np.abs(np.array(s.stops) - t))) for s, t in zip(SLIDERS, thresholds, strict=True)]


def test_so_it_is_at_other_stops(detector, dim, sieved):
    rng, trace = np.random.default_rng(0), detector.trace(dim)
    for _ in range(20):
        at = [int(rng.integers(len(slider.stops))) for slider in SLIDERS]
        run = trace.rerun(thresholds=[slider.stops[k] for slider, k in zip(SLIDERS, at, strict=True)])
        boxes = [sieved[0].tally(step, at).boxes for step in (0, 1, 3)]
        assert boxes == [len(run.pnet.last), len(run.rnet.last), len(run.faces)]


def test_without_labels_nobody_is_missed_or_false(trace):
    unlabelled = sieve(trace, ask_all(trace), LabelledPhoto(trace.image, [], complete=False))
    tally = unlabelled.tally(3, [0, 0, 0])
    assert unlabelled.faces is None
    assert (tally.found, tally.missed, tally.false) == (tally.boxes, 0, 0)


def test_ignored_faces_count_neither_way(trace, sieved):
    labels = sieved[1]
    ignored = LabelledPhoto(trace.image, labels.boxes, ignore=[True] + [False] * 8)
    all_, less = sieved[0].tally(3, [6, 6, 4]), sieve(trace, ask_all(trace), ignored).tally(3, [6, 6, 4])
    assert (less.found + less.missed, all_.found + all_.missed) == (8, 9)
    assert less.false <= all_.false


def test_board_gets_what_the_sieve_says(explorer):
    mine, board = explorer.sieve(), explorer.canvas
    for name, dtype in (("boxes", np.float32), ("scores", np.float32), ("landmarks", np.float32), ("on", np.int16)):
        sent, said = np.frombuffer(getattr(board, name), dtype), getattr(mine, name)
        np.testing.assert_array_equal(sent.reshape(said.shape), said)
    assert (board.size, board.windows, board.steps, board.labelled) == ([512, 512], 42721, STEPS, False)
    assert [len(costs_) for costs_ in board.costs] == [1, 2, 3, 4]
    assert len(board.colours) == len(board.after) == len(STEPS)
    assert board.at == stops((0.6, 0.7, 0.7))
    assert json.dumps(board.sliders)
    assert board.maps == b""


def test_no_slider_asks_the_kernel(explorer):
    before = explorer.canvas.revision
    for slider in (explorer.pnet, explorer.rnet, explorer.onet):
        start = slider.value
        for stop in (slider.stops[0], slider.stops[-1], start):
            slider.value = stop
            assert slider.value == stop
    assert explorer.canvas.revision == before
    with pytest.raises(ValueError, match=r"0\.123"):
        explorer.pnet.value = 0.123


def test_saved_explorer_is_small(detector):
    board = CascadeExplorer(detector, {"the wall": wall(), "the portrait": portrait()}).canvas
    values = (getattr(board, name) for name in board.trait_names(sync=True))
    assert sum(len(value) * 4 / 3 for value in values if isinstance(value, bytes)) < 400_000


def test_summary_and_still_follow_the_sliders_and_tell_no_time(explorer):
    before = explorer.summary()
    assert before == (
        "The cascade at thresholds 0.6, 0.7, 0.7: 42721 windows, 121 left by P-Net, 4 left by R-Net, "
        "2 accepted by O-Net, 1 left by the last NMS"
    )
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == before
    picture = Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"])))
    assert 500 < picture.width <= 848
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
    before = mine.canvas.photo
    mine.receive("broken", b"no picture")
    assert mine.message.value.startswith("broken: ")
    assert mine.canvas.photo == before


def test_portrait_is_one_click_away_and_brings_its_label(detector):
    mine = CascadeExplorer(detector, {"the wall": wall(), "the portrait": portrait()})
    assert "of 37" in mine.summary()
    mine.choice.value = "the portrait"
    assert mine.canvas.size == [512, 512]
    assert mine.summary().endswith("; faces found 1 of 1, missed 0, boxes on no face 0")
    mine.receive("mine.png", png(np.zeros((60, 60, 3), np.uint8)))
    assert "faces found" not in mine.summary()
    mine.choice.value = "the wall"
    assert "of 37" in mine.summary()


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_the_drawing_knows_what_needs_python(detector):
    mine = CascadeExplorer(detector, {"a": wall(), "b": portrait()})
    assert mine.canvas.needs_python == ["upload"]
    assert mine.canvas.controls == {"choice": mine.choice, "upload": mine.upload}
    assert CascadeExplorer(detector, portrait()).canvas.others == {}


def test_a_page_has_what_the_board_has_of_each_other_photo(detector):
    mine = CascadeExplorer(detector, {"a": wall(), "b": portrait()})
    other = CascadeExplorer(detector, portrait()).canvas
    assert list(mine.canvas.others) == ["b"]
    assert "costs" not in mine.canvas.others["b"], "times differ from run to run"
    for name, value in mine.canvas.others["b"].items():
        assert value == getattr(other, name), name


def test_photo_smaller_than_any_face(detector):
    mine = CascadeExplorer(detector, np.zeros((9, 30, 3), np.uint8))
    mine.pnet.value, mine.rnet.value = LOWEST[0], LOWEST[1]
    assert "0 windows, 0 left by P-Net" in mine.summary()
    assert mine.still().pixels.shape[0] > 0


def test_sliders_begin_at_the_detectors_thresholds(detector, astronaut):
    for thresholds, stops in (((0.6, 0.7, 0.7), (0.6, 0.7, 0.7)), ((0.44, 0.26, 0.78), (0.45, 0.3, 0.7))):
        explorer = CascadeExplorer(Detector(detector.nets, thresholds=thresholds), astronaut)
        assert (explorer.pnet.value, explorer.rnet.value, explorer.onet.value) == stops
