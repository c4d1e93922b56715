"""The record of a run: whole, consistent step by step, and exact when run again with other thresholds."""

import gc
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier

import numpy as np
import pytest
import torch

from mtcnn_lite import Detector
from mtcnn_lite.boxes import clip_boxes, decode_offsets, square_boxes
from mtcnn_lite.cascade import answers
from mtcnn_lite.cascade.answers import Answers
from mtcnn_lite.cascade.record import Candidates, Level
from mtcnn_lite.course.scenes import collage
from mtcnn_lite.explain import explain
from mtcnn_lite.images import crop_windows
from mtcnn_lite.nets import normalise
from mtcnn_lite.nms import nms
from mtcnn_lite.pyramid import halvings, pyramid_scales
from mtcnn_lite.runtime import inference

LOW, MIDDLE, HIGH = (0.4, 0.4, 0.3), (0.6, 0.7, 0.7), (0.9, 0.95, 0.99)


@pytest.fixture(scope="module")
def picture():
    return collage(sides=(24, 60, 30, 40), columns=2, cell=160)[0]


@pytest.fixture(scope="module")
def trace(detector, picture):
    return detector.trace(picture)


def same(first, second):
    for name in ("boxes", "scores", "landmarks"):
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), rtol=1e-5, atol=1e-4)


def test_detect_is_the_end_of_the_trace(detector, picture, trace):
    faces = detector.detect(picture)
    assert len(faces) == 4
    for name in ("boxes", "scores", "landmarks"):
        np.testing.assert_array_equal(getattr(faces, name), getattr(trace.faces, name))
    np.testing.assert_array_equal(trace.faces.boxes, clip_boxes(trace.onet.last.boxes, *picture.shape[:2]))


def test_every_candidate_knows_the_cell_it_came_from(trace):
    first = trace.pnet["above threshold"]
    scale = np.array([level.scale for level in trace.levels])[first.level]
    i, j = first.cell.T
    windows = np.stack([2 * j / scale, 2 * i / scale, (2 * j + 12) / scale, (2 * i + 12) / scale], axis=1)
    np.testing.assert_allclose(first.boxes, windows, rtol=1e-6)
    for k, level in enumerate(trace.levels):
        rows = first.level == k
        row, column = first.cell[rows].T
        np.testing.assert_array_equal(first.scores[rows], level.face_map[row, column])
        np.testing.assert_array_equal(first.offsets[rows], level.offset_map[row, column])
        assert rows.sum() == (level.face_map >= 0.6).sum()
        np.testing.assert_array_equal(level.windows().reshape(*level.face_map.shape, 4)[row, column], first.boxes[rows])
    assert (first.parent == -1).all()


@pytest.mark.parametrize(
    ("thresholds", "overlaps"), [(MIDDLE, (0.5, 0.7, 0.7, 0.7)), ((0.3, 0.05, 0.01), (0.55, 0.75, 0.65, 0.3))]
)
def test_parents_and_steps_follow_one_another(trace, thresholds, overlaps):
    steps = list(trace.rerun(thresholds=thresholds, nms=overlaps).steps())
    allowed = dict(zip([(stage, step) for stage, step, _ in steps if step.startswith("nms")], overlaps, strict=True))
    assert [(stage, step) for stage, step, _ in steps] == [
        *(("pnet", s) for s in ("above threshold", "nms within levels", "nms across levels", "refined", "squared")),
        *(("rnet", s) for s in ("scored", "above threshold", "refined", "nms", "squared")),
        *(("onet", s) for s in ("scored", "above threshold", "refined", "nms", "mirrored")),
    ]
    for (_, _, before), (stage, step, now) in pairwise(steps):
        parent = before.select(now.parent)
        assert len(np.unique(now.parent)) == len(now)
        np.testing.assert_array_equal(now.level, parent.level)
        np.testing.assert_array_equal(now.cell, parent.cell)
        if step == "refined":
            np.testing.assert_array_equal(now.boxes, decode_offsets(parent.boxes, parent.offsets))
        elif step == "squared":
            np.testing.assert_array_equal(now.boxes, square_boxes(parent.boxes))
        else:
            np.testing.assert_array_equal(now.boxes, parent.boxes)
        threshold = dict(zip(("pnet", "rnet", "onet"), thresholds, strict=True))[stage]
        if step not in ("scored", "mirrored"):
            np.testing.assert_array_equal(now.scores, parent.scores)
        if step in ("scored", "refined", "squared"):
            assert len(now) == len(before)  # nobody is lost here
        if step == "mirrored":
            assert (now.scores >= threshold).all()
            assert (np.diff(now.scores) <= 0).all()
        if step == "above threshold":
            threshold = 2 * threshold - 1 if stage == "onet" else threshold  # a second look may yet say 1
            assert (now.scores >= threshold).all()
            assert len(now) == (before.scores >= threshold).sum()
        if step.startswith("nms"):
            measure = "iom" if stage == "onet" else "iou"
            groups = before.level if step == "nms within levels" else np.zeros(len(before))
            rows = [np.flatnonzero(groups == group) for group in np.unique(groups)]
            kept = [r[nms(before.boxes[r], before.scores[r], allowed[stage, step], measure)] for r in rows]
            assert now.parent.tolist() == np.concatenate(kept).tolist()


@pytest.mark.parametrize("threshold", [0.01, 0.3, 0.7, 0.98])
def test_faces_are_those_whose_two_looks_have_a_mean_above_the_threshold(detector, picture, trace, threshold):
    """The oracle gives every window that O-Net sees a second look, and thins them out first: nothing to foresee."""
    pnet, rnet, _ = MIDDLE
    every = Detector(detector.nets, thresholds=(pnet, rnet, 0), mirror=False).trace(picture).onet["nms"]
    crops = crop_windows(halvings(picture, 0.1), square_boxes(every.boxes), 48)
    with torch.no_grad():
        said = detector.nets.onet(normalise(np.ascontiguousarray(crops[:, :, ::-1])))
    means = (every.scores + said.score.numpy()) / 2
    expected = np.sort(means[means >= threshold])[::-1]
    assert len(expected) >= 1
    faces = trace.rerun(thresholds=(pnet, rnet, threshold)).faces
    np.testing.assert_allclose(faces.scores, expected, atol=2e-3)


def test_rows_of_a_stage_are_where_its_last_candidates_began(trace):
    for stage in trace.stages:
        first = next(iter(stage.steps.values()))
        np.testing.assert_array_equal(first.select(stage.rows).cell, stage.last.cell)
        np.testing.assert_array_equal(first.select(stage.rows).level, stage.last.level)


def test_counts_say_how_many_are_left(trace):
    for stage in trace.stages:
        counts = trace.counts()[stage.name]
        assert list(counts) == ["scored", *(step for step in stage.steps if step != "scored")]
        assert {step: len(candidates) for step, candidates in stage.steps.items()}.items() <= counts.items()
    assert trace.pnet.windows == sum(level.face_map.size for level in trace.levels)
    assert trace.rnet.windows == len(trace.pnet["squared"])
    assert trace.onet.windows == len(trace.rnet["squared"])
    assert list(trace.seconds) == ["pyramid", "pnet", "rnet", "onet"]
    assert all(seconds > 0 for seconds in trace.seconds.values())
    assert repr(trace).startswith("Trace(320x320 px, ")


class Questions:
    """Counts the windows that each net of a detector is asked about."""

    def __init__(self, detector, monkeypatch):
        self.asked = {}
        for name, net in detector.nets._asdict().items():
            monkeypatch.setattr(net, "forward", self.counting(name, net.forward))

    def counting(self, name, forward):
        def counted(x, **options):
            self.asked[name] = self.asked.get(name, 0) + len(x)
            return forward(x, **options)

        return counted

    def since(self):
        asked, self.asked = self.asked, {}
        return {name: count for name, count in asked.items() if count}


@pytest.mark.parametrize(
    "changed", [{"thresholds": LOW}, {"thresholds": HIGH}, {"nms": (0.3, 0.5, 0.4, 0.4)}, {"min_face": 33}]
)
def test_rerun_is_what_a_fresh_detector_finds(detector, picture, trace, changed):
    again, fresh = trace.rerun(**changed), Detector(detector.nets, **changed).trace(picture)
    assert again.counts() == fresh.counts()
    assert again.settings == fresh.settings
    for (_, _, ours), (_, _, theirs) in zip(again.steps(), fresh.steps(), strict=True):
        np.testing.assert_array_equal(ours.level, theirs.level)
        np.testing.assert_array_equal(ours.cell, theirs.cell)
        np.testing.assert_array_equal(ours.parent, theirs.parent)
        np.testing.assert_allclose(ours.boxes, theirs.boxes, atol=1e-3)
    same(again.faces, fresh.faces)
    assert trace.settings.thresholds == MIDDLE  # the first trace stays


def windows(trace, stage, step):
    at = getattr(trace, stage)[step]
    return {(level, *cell) for level, cell in zip(at.level.tolist(), at.cell.tolist(), strict=True)}


def test_rerun_asks_the_nets_about_new_windows_only(detector, picture, monkeypatch):
    looks = ("rnet", "scored"), ("onet", "scored"), ("onet", "nms")  # what a net looks at; the last mirrored
    seen, questions = {look: set() for look in looks}, Questions(detector, monkeypatch)

    def check(trace):
        """Exactly the windows that no run before has looked at were asked about; returns their number by look."""
        assert len(trace.faces) >= 1
        new = {look: windows(trace, *look) - seen[look] for look in looks}
        for look in looks:
            seen[look] |= new[look]
        rnet, onet, mirrored = (len(new[look]) for look in looks)
        asked = questions.since()
        assert (asked.pop("rnet", 0), asked.pop("onet", 0)) == (rnet, onet + mirrored)
        return asked, (rnet, onet, mirrored)

    middle = detector.trace(picture)
    assert check(middle) == ({"pnet": len(middle.levels)}, tuple(len(windows(middle, *look)) for look in looks))
    p, r, o = MIDDLE
    assert check(middle.rerun()) == ({}, (0, 0, 0))
    assert check(middle.rerun(thresholds=(p, r, 0.99))) == ({}, (0, 0, 0))
    # A window that passed R-Net's NMS only for want of a better one is new to O-Net, but never to R-Net.
    assert check(middle.rerun(thresholds=(p, 0.95, o)))[1][:2] == (0, 0)
    assert check(middle.rerun(thresholds=HIGH))[1][0] == 0
    low = middle.rerun(thresholds=LOW)
    assert min(check(low)[1]) > 0
    assert check(low.rerun(thresholds=MIDDLE)) == ({}, (0, 0, 0))
    same(low.rerun(thresholds=MIDDLE).faces, middle.faces)


def test_stages_run_when_asked_for_on_the_photo_as_it_was(detector, picture, monkeypatch, trace):
    questions, photo = Questions(detector, monkeypatch), picture.copy()
    later = detector.trace(photo)
    assert len(later.pnet.last)
    assert set(questions.since()) == {"pnet"}
    photo[:] = 0
    same(later.faces, trace.faces)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"thresholds": ()}, r"thresholds is \(\); it must be 3 numbers"),
        ({"thresholds": (0.5, 0.5)}, "thresholds is .* it must be 3 numbers from 0 to 1: P-Net, R-Net, O-Net"),
        ({"nms": (0.5, 0.7, 0.7, 1.2)}, "nms is .* it must be 4 numbers from 0 to 1: within a level"),
    ],
)
def test_rerun_with_bad_settings_is_refused(trace, changed, message):
    with pytest.raises(ValueError, match=message):
        trace.rerun(**changed)


def test_a_trace_without_candidates_is_whole(detector):
    for image in (np.zeros((5, 5, 3), np.uint8), np.full((60, 60, 3), 127, np.uint8)):
        trace = detector.trace(image)
        assert len(trace.faces) == 0
        assert trace.faces.boxes.shape == (0, 4)
        assert trace.faces.landmarks.shape == (0, 5, 2)
        assert all(len(candidates) == 0 for _, _, candidates in trace.steps())
        assert len(trace.rerun(thresholds=(0.9, 0.9, 0.9)).faces) == 0


@pytest.mark.parametrize("use", ["detect", "detect_many", "trace", "rerun", "explain"])
def test_a_photo_is_let_go_as_soon_as_its_results_are(detector, picture, use):
    """Objects that hold each other would keep it, with its pyramid, until Python next looks for such pairs."""
    uses = {
        "detect": lambda: detector.detect(picture),
        "detect_many": lambda: list(detector.detect_many([picture, picture[::-1].copy()])),
        "trace": lambda: detector.trace(picture).counts(),
        "rerun": lambda: detector.trace(picture).rerun(min_face=30).counts(),
        "explain": lambda: str(explain(detector.trace(picture), (10, 10, 60, 70))),
    }
    uses[use]()
    gc.collect()
    gc.disable()
    try:
        uses[use]()
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        kept = [found for found in gc.garbage if isinstance(found, np.ndarray | Level | Candidates | Answers)]
        assert kept == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def test_an_error_of_a_net_leaves_no_window_without_its_answer(detector, picture, monkeypatch):
    """As Ctrl-C in a notebook would: asked again, the trace finds what it should."""
    trace, wanted = detector.trace(picture), detector.detect(picture)
    real, failed = inference.score_windows, []

    def fails_once(*arguments):
        if not failed:
            failed.append(1)
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(answers, "score_windows", fails_once)
    with pytest.raises(KeyboardInterrupt):
        _ = trace.rnet
    np.testing.assert_array_equal(
        trace.rerun(min_face=24).faces.boxes, detector.trace(picture).rerun(min_face=24).faces.boxes
    )
    np.testing.assert_array_equal(trace.faces.boxes, wanted.boxes)


def test_threads_with_photos_of_their_own_do_not_wait_for_one_another(detector, picture):
    """Each of two threads gets through P-Net's proposals only while the other is there too."""
    both = Barrier(2)

    def scales(*arguments):
        both.wait(timeout=10)
        return pyramid_scales(*arguments)

    traces = [detector.swap(pyramid_scales=scales).trace(photo) for photo in (picture, picture[::-1].copy())]
    with ThreadPoolExecutor(2) as pool:
        assert [len(stage.last) for stage in pool.map(lambda trace: trace.pnet, traces)] == [
            len(detector.trace(photo).pnet.last) for photo in (picture, picture[::-1].copy())
        ]


def test_threads_that_share_a_trace_run_each_stage_once(detector, picture):
    """Also where they ask different reruns of it, which add to the same answers of the nets."""
    began = []

    def scales(*arguments):
        began.append(1)
        time.sleep(0.05)
        return pyramid_scales(*arguments)

    trace = detector.swap(pyramid_scales=scales).trace(picture)
    with ThreadPoolExecutor(4) as pool:
        stages = list(pool.map(lambda _: trace.onet, range(4)))
    assert began == [1]
    assert all(stage is stages[0] for stage in stages)
    sizes = [20, 24, 28, 33, 40, 48]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda size: trace.rerun(min_face=size).faces, sizes))
    for size, faces in zip(sizes, found, strict=True):
        wanted = Detector(detector.nets, min_face=size, thresholds=detector.settings.thresholds).detect(picture)
        np.testing.assert_allclose(faces.boxes, wanted.boxes, atol=0.01)


def test_neither_tensorflow_nor_mtcnn_nor_skimage_is_imported():
    code = (
        "import sys, numpy; from mtcnn_lite import Detector; from mtcnn_lite.course import scenes; "
        "Detector().detect(numpy.zeros((40, 40, 3), numpy.uint8)); "
        "print([m for m in ('tensorflow', 'keras', 'mtcnn', 'skimage', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
