"""What became of each face, held against running the detector again."""

import re

import numpy as np
import pytest

from mtcnn_lite.boxes import MATCHING_IOU, iom, iou
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, collage, scenes
from mtcnn_lite.explain import Explanation, Summary, explain
from mtcnn_lite.explain.stages import SUPPRESSING
from mtcnn_lite.net_names import NET_NAMES, NET_TITLES


def found(trace, box):
    """By brute force: does the result hold a box on this face?"""
    return bool((iou([box], trace.faces.boxes) >= MATCHING_IOU).any())


def scene(kind):
    """Nine labelled faces, made hard to see: (image, boxes)."""
    picture, boxes, _ = collage()
    rng = np.random.default_rng(3)
    if kind == "dark and noisy":
        picture = np.clip(0.35 * picture + rng.normal(0, 25, picture.shape), 0, 255)
    if kind == "noisy":
        picture = np.clip(picture + rng.normal(0, 55, picture.shape), 0, 255)
    if kind == "pale":
        picture = 0.12 * picture + 110
    return np.asarray(picture, np.uint8), boxes


@pytest.fixture(scope="module", params=["dark and noisy", "noisy", "pale"])
def hard(request, detector):
    image, boxes = scene(request.param)
    trace = detector.trace(image)
    return trace, boxes, explain(trace, boxes)


@pytest.fixture(scope="module")
def lost(detector):
    """All faces of all scenes that some stage lost: (trace, explanation)."""
    both = []
    for kind in ("dark and noisy", "noisy", "pale"):
        image, boxes = scene(kind)
        first = detector.trace(image)
        for thresholds, nms in (
            ((0.6, 0.7, 0.7), None),
            ((0.97, 0.7, 0.7), None),
            ((0.6, 0.7, 0.995), None),
            ((0.6, 0.7, 0.7), (0, 0, 0, 0)),  # NMS that allows no overlap: a better box nearby takes the face away
        ):
            trace = first.rerun(thresholds=thresholds, nms=nms)
            both += [(trace, e) for e in explain(trace, boxes).explanations if e.lost_in]
    return both


def test_scenes_lose_faces_in_every_stage(lost):
    assert {e.lost_in for _, e in lost} == set(NET_NAMES)
    assert len(lost) > 20


def test_found_means_that_the_result_has_it(hard):
    trace, boxes, summary = hard
    for box, e in zip(boxes, summary.explanations, strict=True):
        assert (e.found is not None) == found(trace, box) == (e.lost_in is None)


def test_at_the_thresholds_it_names_the_face_is_back(lost):
    checked = 0
    for trace, e in lost:
        if e.thresholds:
            checked += 1
            assert found(trace.rerun(thresholds=e.thresholds), e.box), e
    assert checked > 10


def test_a_hundredth_above_the_one_it_names_the_face_is_still_lost(lost):
    checked = 0
    for trace, e in lost:
        at = NET_NAMES.index(e.lost_in)
        named = e.stages[at].passes_at
        if named is None or e.thresholds is None:
            continue
        thresholds = list(e.thresholds)
        thresholds[at] = named + 0.01
        if thresholds[at] < trace.settings.thresholds[at]:
            checked += 1
            assert not found(trace.rerun(thresholds=tuple(thresholds)), e.box), e
    assert checked > 10


@pytest.fixture(scope="module")
def composed(detector):
    """Composed scenes at little light, with noise; their labels are exact. Traces and explanations of what is lost."""
    rng, both = np.random.default_rng(11), []
    for photo in scenes(16, seed=4, sizes=(14, 70)):
        image = photo.image()
        dark = np.clip(0.3 * image + rng.normal(0, 18, image.shape), 0, 255).astype(np.uint8)
        trace = detector.trace(dark)
        both += [(trace, e) for e in explain(trace, photo.boxes).explanations if e.lost_in]
    return both


def test_threshold_in_the_sentence_brings_the_face_through_and_one_above_it_does_not(lost, composed):
    """As a reader of the sentence would try it: one threshold moved, the detector run again, the boxes looked at."""
    checked = dict.fromkeys(NET_NAMES, 0)
    for trace, e in lost + composed:
        told = re.match(r"lost in (.-Net): .* survive a threshold of ([\d.]+)(, and be found)?", e.sentence)
        if not told:
            continue
        stage = next(stage for stage, name in NET_TITLES.items() if name == told[1])
        assert stage == e.lost_in
        place, named = NET_NAMES.index(stage), float(told[2])

        def comes_through(threshold, trace=trace, e=e, stage=stage, place=place):
            thresholds = list(trace.settings.thresholds)
            thresholds[place] = threshold
            run = trace.rerun(thresholds=tuple(thresholds))
            boxes = run.faces.boxes if stage == "onet" else getattr(run, stage).left.boxes
            return bool((iou([e.box], boxes) >= MATCHING_IOU).any()), found(run, e.box)

        through, back = comes_through(named)
        assert through, e
        assert back == bool(told[3]), e
        if named + 0.01 < trace.settings.thresholds[place]:
            checked[stage] += 1
            assert comes_through(named + 0.01) == (False, False), e
    assert min(checked.values()) > 3
    assert len(composed) > 15


@pytest.fixture(scope="module")
def crowded(detector, astronaut):
    """Two heads, one half behind the other, and one NMS after the other that allows no overlap: (trace, explanation) of
    both, and of two boxes that are on neither.
    """
    rows, columns = np.mgrid[:512, :512]
    y, x = np.nonzero(((columns - 286.5) / 42) ** 2 + ((rows - 126.5) / 56) ** 2 < 1)  # the face, mirrored
    image = astronaut.copy()
    image[y + 15, x - 109] = astronaut[:, ::-1][y, x]
    image = image[:300, :380]  # both heads and little else: every window here goes on to every net
    x1, y1, x2, y2 = ASTRONAUT_BOX
    both = []
    for strict in range(4):
        trace = detector.trace(image).rerun(nms=tuple(0.0 if k == strict else 1.0 for k in range(4)))
        boxes = [(x1 - dx, y1 + dy, x2 - dx, y2 + dy) for dx, dy in ((0, 0), (48, 15), (15, -40), (-35, 20))]
        both += [(trace, e) for e in explain(trace, boxes).explanations]
    return both


def test_rival_is_the_box_that_suppressed_the_last_one(lost, crowded):
    """Greedy NMS once more, in plain loops that note who removed whom."""
    before = {"pnet": {"nms within levels": "above threshold", "nms across levels": "nms within levels"},
              "rnet": {"nms": "refined"}, "onet": {"nms": "refined"}}  # fmt: skip
    seen = set()
    for trace, e in lost + crowded:
        for view in e.stages:
            if view.lost_at not in before[view.stage]:
                assert view.rival is None
                continue
            seen.add((view.stage, view.lost_at))
            came = getattr(trace, view.stage)[before[view.stage][view.lost_at]]
            boxes = moved(came.boxes, came.offsets) if view.stage == "pnet" else came.boxes
            if view.stage == "onet":  # a result is cut off at the image's edge
                boxes = boxes.clip(0, np.tile(trace.image.shape[1::-1], 2))
            rows = [i for i in range(len(came)) if iou([e.box], boxes[[i]])[0, 0] >= MATCHING_IOU]
            row = max(rows, key=lambda i: (came.scores[i], -i))
            by_level, measure = view.lost_at == "nms within levels", iom if view.stage == "onet" else iou
            killer = killers(came, 0.0, measure, by_level)[row]
            assert view.rival.box == tuple(came.boxes[killer].tolist())
            assert (view.rival.score, view.rival.score_removed) == (came.scores[killer], came.scores[row])
            assert view.rival.overlap == pytest.approx(measure(came.boxes[[killer]], came.boxes[[row]])[0, 0])
            assert view.rival.allowed == 0
            assert f"at {[round(side) for side in view.rival.box]}" in e.report()
    assert seen == set(SUPPRESSING)


def moved(boxes, offsets):
    sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    return boxes + offsets * sides


def killers(candidates, threshold, measure, by_level):
    """The box that removed each, by its row; a kept one's own."""
    order = sorted(range(len(candidates)), key=lambda i: (-candidates.scores[i], i))
    by = {}
    for place, i in enumerate(order):
        if i in by:
            continue
        by[i] = i
        for j in order[place + 1 :]:
            apart = by_level and candidates.level[i] != candidates.level[j]
            if j not in by and not apart and measure(candidates.boxes[[i]], candidates.boxes[[j]])[0, 0] > threshold:
                by[j] = i
    return by


def test_sentence_names_the_box_that_nms_kept_instead(lost):
    told = [e for _, e in lost if "NMS keeps a better box that is not on it, " in e.sentence]
    assert told
    for e in told:
        box = [int(n) for n in re.search(r"at \[(.+?)\]", e.sentence)[1].split(",")]
        assert iou([e.box], [box])[0, 0] < 0.8  # as a window; where its own offsets move it, it is another face's


def test_best_score_and_shift_are_those_of_one_window(detector, astronaut):
    trace = detector.trace(astronaut)
    e = explain(trace, ASTRONAUT_BOX)
    for stage in ("rnet", "onet"):
        scored, best = getattr(trace, stage)["scored"], None
        for i in range(len(scored)):
            x1, y1, x2, y2 = scored.boxes[i]
            ends = np.array([x1, y1, x2, y2]) + scored.offsets[i] * [x2 - x1, y2 - y1, x2 - x1, y2 - y1]
            fits = iou([ASTRONAUT_BOX], [ends])[0, 0] >= MATCHING_IOU
            if fits and (best is None or scored.scores[i] > scored.scores[best]):
                best = i
        view = e.stages[NET_NAMES.index(stage)]
        assert view.best == scored.scores[best]
        assert view.shift == tuple(scored.offsets[best].tolist())
        assert f"moved by {view.shift[0]:+.2f} {view.shift[1]:+.2f}" in e.report()


def test_stage_that_no_threshold_opens_stays_shut(lost):
    """Where it says that no threshold of a stage helps, none of that stage's own boxes is on the face at the lowest."""
    checked = 0
    for trace, e in lost:
        stage = e.stages[NET_NAMES.index(e.lost_in)]
        if stage.passes_at is None:
            checked += 1
            thresholds = list(trace.settings.thresholds)
            thresholds[NET_NAMES.index(e.lost_in)] = 0.001 if e.lost_in == "pnet" else 0.0
            opened = trace.rerun(thresholds=tuple(thresholds))
            boxes = {"pnet": opened.pnet, "rnet": opened.rnet, "onet": opened.onet}[e.lost_in].left.boxes
            assert e.lost_in == "onet" or not (iou([e.box], boxes) >= MATCHING_IOU).any(), e
            assert not found(opened, e.box), e
    assert checked


def test_way_back_ends_where_it_says(lost):
    """ "lost in X at any threshold": with the thresholds before X lowered as named, X at 0 still gives nothing."""
    dead_ends = [(trace, e) for trace, e in lost if "at any threshold" in e.sentence]
    assert dead_ends
    for trace, e in dead_ends:
        thresholds = list(trace.settings.thresholds)
        thresholds[NET_NAMES.index(e.lost_in)] = e.stages[NET_NAMES.index(e.lost_in)].passes_at
        end = {"R-Net": 1, "O-Net": 2}[e.sentence.rpartition("lost in ")[2].removesuffix(" at any threshold")]
        if end == NET_NAMES.index(e.lost_in) + 1:
            thresholds[end] = 0.0
            assert not found(trace.rerun(thresholds=tuple(thresholds)), e.box), e


def test_first_empty_step_is_where_it_was_lost(lost):
    for _, e in lost:
        stage = e.stages[NET_NAMES.index(e.lost_in)]
        counts = list(stage.counts.items())
        names = [name for name, _ in counts]
        assert stage.counts[stage.lost_at] == 0
        assert all(count > 0 for _, count in counts[: names.index(stage.lost_at)])
        assert [c for _, c in counts] == sorted((c for _, c in counts), reverse=True), "steps only take away"


def test_best_score_is_that_of_the_best_window_by_brute_force(detector, astronaut):
    trace = detector.trace(astronaut)
    e = explain(trace, ASTRONAUT_BOX)
    best = {}
    for index, level in enumerate(trace.levels):
        for row in range(level.face_map.shape[0]):
            for column in range(level.face_map.shape[1]):
                side = 12 / level.scale
                x, y = 2 * column / level.scale, 2 * row / level.scale
                moved = np.array([x, y, x + side, y + side]) + level.offset_map[row, column] * side
                if index >= 3 and iou([ASTRONAUT_BOX], [moved])[0, 0] >= MATCHING_IOU:  # lower levels: 40,000 windows
                    best[index] = max(best.get(index, 0), level.face_map[row, column])
    views = {view.level: view.score for view in e.levels if view.level >= 3 and view.score is not None}
    assert views == pytest.approx(best)
    assert e.stages[0].best == pytest.approx(max(best.values()))


def test_summary_counts_recall_by_stage(hard):
    trace, boxes, summary = hard
    assert summary.left["onet"] == sum(found(trace, box) for box in boxes)
    assert 9 >= summary.left["pnet"] >= summary.left["rnet"] >= summary.left["onet"]
    assert summary.recall == pytest.approx({stage: summary.left[stage] / 9 for stage in NET_NAMES})
    assert [e.report() for e in summary.explanations] == [explain(trace, box.tolist()).report() for box in boxes]


def test_summary_reads_as_recall_by_stage():
    assert repr(Summary((), {"pnet": 0, "rnet": 0, "onet": 0})) == "Summary(of 0 faces)"
    three = Summary((None,) * 3, {"pnet": 3, "rnet": 2, "onet": 1})
    assert repr(three) == "Summary(of 3 faces, 3 after P-Net (100%), 2 after R-Net (67%), 1 after O-Net (33%))"


def test_shape_decides_between_a_face_and_all_faces(detector, astronaut):
    trace = detector.trace(astronaut)
    for one in (ASTRONAUT_BOX, list(ASTRONAUT_BOX), np.array(ASTRONAUT_BOX)):
        assert isinstance(explain(trace, one), Explanation)
    for all_ in ([ASTRONAUT_BOX], np.array([ASTRONAUT_BOX]), [np.array(ASTRONAUT_BOX)]):
        summary = explain(trace, all_)
        assert [e.box for e in summary.explanations] == [ASTRONAUT_BOX]
        assert summary.left == {"pnet": 1, "rnet": 1, "onet": 1}
    for none in ([], np.zeros((0, 4))):
        assert (explain(trace, none).explanations, explain(trace, none).recall) == ((), {})


def test_sentence_names_stage_score_and_threshold(detector):
    image, boxes = scene("dark and noisy")
    e = explain(detector.trace(image), boxes[2])
    best = int(e.stages[1].best * 100) / 100
    assert 0.5 < best < 0.7
    survives = f"it would survive a threshold of {e.stages[1].passes_at}"
    assert e.sentence.startswith(f"lost in R-Net: its best score is {best}; R-Net's threshold is 0.7; {survives}")
    assert e.report().splitlines()[0] == e.sentence


def test_face_too_small_for_the_pyramid(detector, astronaut):
    e = explain(detector.trace(astronaut), (100, 100, 105, 106))
    assert e.lost_in == "pnet"
    assert "no box that it makes comes near enough" in e.sentence
    assert e.thresholds is None


def test_image_without_a_level(detector):
    e = explain(detector.trace(np.zeros((10, 10, 3), np.uint8)), (0, 0, 9, 9))
    assert (e.lost_in, e.levels, e.thresholds) == ("pnet", (), None)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [((5, 5, 5, 9), "x2 must be greater than x1"), ((9, 5, 2, 9), "x2 must be greater than x1"),
     ([(0, 0, 5, 5), (5, 9, 7, 9)], r"box is \[5.0, 9.0, 7.0, 9.0\]"), ((1, 2, 3), r"boxes has shape \(3,\)"),
     (np.zeros((2, 5)), r"boxes has shape \(2, 5\)"), ((0, 0, np.nan, 5), "NaN"), ("box", "could not convert")],
)  # fmt: skip
def test_bad_box(detector, astronaut, boxes, message):
    with pytest.raises(ValueError, match=message):
        explain(detector.trace(astronaut), boxes)
