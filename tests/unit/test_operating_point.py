"""The thresholds that are chosen: against brute force on made-up results, and against detectors at those thresholds."""

from fractions import Fraction

import numpy as np
import pytest

from mtcnn_lite import Detector
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import choosing, judge
from mtcnn_lite.evaluation.choosing import at_its_own, choose_thresholds, on_the_grid
from mtcnn_lite.evaluation.operating_point import ONET, OperatingPoint, PairResult, apply_rule

OWN = (0.6, 0.7, 0.7)


def reference(found, kept, faces):
    return OperatingPoint(OWN, found, kept, faces, 100.0)


def made_up(rng, faces):
    """A coarse grid of pairs, whose scores stand on few values, so that many thresholds are equal."""
    pairs = []
    for pnet in (0.3, 0.5, 0.7):
        for rnet in (0.4, 0.6):
            count = int(rng.integers(0, 2 * faces))
            right = np.zeros(count, bool)
            right[rng.permutation(count)[: min(count, int(rng.integers(0, faces + 1)))]] = True
            scores = rng.choice(np.array([0.2, 0.5, 0.53, 0.8, 0.97], np.float32), count)
            pairs.append(PairResult(pnet, rnet, scores, right, faces, float(rng.integers(1, 4)) * 50))
    return pairs


def brute_force(pairs, theirs):
    """The rule in exact fractions, one threshold at a time: the thresholds, and whether `theirs` are no better."""
    every = []
    for pair in pairs:
        for onet in ONET:
            kept = [bool(r) for s, r in zip(pair.scores, pair.right, strict=True) if s >= np.float32(onet)]
            f1 = Fraction(2 * sum(kept), len(kept) + pair.faces)
            every.append(((pair.pnet, pair.rnet, onet), sum(kept), len(kept), f1, pair.windows))
    good = []
    if theirs is not None and theirs.found > 0:
        least = Fraction(theirs.found, theirs.kept) - Fraction(1, 100)
        good = [e for e in every if e[1] >= theirs.found and e[2] and Fraction(e[1], e[2]) >= least]
    left = good or every
    left = [e for e in left if e[3] == max(e[3] for e in left)]
    left = [e for e in left if e[4] == min(e[4] for e in left)]
    names = sorted(e[0] for e in left)
    return names[(len(names) - 1) // 2], bool(good)


@pytest.mark.parametrize("seed", range(20))
def test_the_rule_is_brute_forces(seed):
    rng = np.random.default_rng(seed)
    faces = int(rng.integers(3, 12))
    pairs = made_up(rng, faces)
    found = int(rng.integers(0, faces))
    theirs = [None, reference(found, found + int(rng.integers(0, 4)), faces)][seed % 3 > 0]
    if not any(pair.right.any() for pair in pairs):
        pytest.skip("nothing is found")
    chosen = apply_rule(pairs, theirs, OWN, 5)
    thresholds, good = brute_force(pairs, theirs)
    assert chosen.thresholds == thresholds
    assert (chosen.why == "the best F1 of those as good as the reference") == good
    assert chosen.point.thresholds == thresholds


def test_both_outcomes_are_among_the_cases_above():
    outcomes = set()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        faces = int(rng.integers(3, 12))
        pairs, found = made_up(rng, faces), int(rng.integers(0, faces))
        outcomes.add(brute_force(pairs, reference(found, found + int(rng.integers(0, 4)), faces))[1])
    assert outcomes == {True, False}


def one(pnet, windows, scores, right, faces=4):
    return PairResult(pnet, 0.5, np.array(scores, np.float32), np.array(right, bool), faces, windows)


def test_worked_cases():
    # At .3: all 4 faces, and a false alarm of .4. At .6: 3 of 4, no false alarm, half the windows.
    many = one(0.3, 80.0, [0.9, 0.8, 0.7, 0.6, 0.4], [1, 1, 1, 1, 0])
    few = one(0.6, 40.0, [0.9, 0.8, 0.7], [1, 1, 1])
    strict = apply_rule([many, few], reference(4, 4, 4), OWN, 1)
    assert strict.thresholds == (0.3, 0.5, 0.5)  # of .41 to .60, all alike, the middle one
    assert (strict.point.found, strict.point.kept, strict.point.windows) == (4, 4, 80.0)
    loose = apply_rule([many, few], reference(3, 4, 4), OWN, 1)
    assert loose.thresholds == (0.3, 0.5, 0.5)
    nobody = apply_rule([many, few], None, OWN, 1)
    assert nobody.thresholds == (0.3, 0.5, 0.5)
    assert nobody.why == "the best F1, as there is no reference"
    assert [row.thresholds for row in nobody.rows] == [(0.3, 0.5, 0.5), (0.6, 0.5, 0.37)]


def test_precision_may_be_a_point_lower_and_no_more():
    pair = one(0.5, 10.0, [0.9] * 200, [1] * 180 + [0] * 20, faces=200)  # precision .90
    for found, kept, good in ((91, 100, True), (92, 101, False), (180, 198, True), (181, 200, False), (9, 9, False)):
        chosen = apply_rule([pair], reference(found, kept, 200), OWN, 1)
        assert chosen.why == (
            "the best F1 of those as good as the reference" if good
            else "the best F1, as none is as good as the reference"
        )  # fmt: skip


def test_where_nothing_is_found_the_own_thresholds_stay():
    none = one(0.5, 10.0, [0.9, 0.8], [0, 0])
    for theirs in (None, reference(3, 3, 4), reference(0, 0, 4)):
        chosen = apply_rule([none, one(0.6, 5.0, [], [])], theirs, OWN, 1)
        assert (chosen.thresholds, chosen.point, chosen.rows) == (OWN, None, ())
        assert chosen.why == "none of the 4 faces is found"
    # A reference that finds nothing is none: else the rule would take the thresholds that find nothing too.
    found = apply_rule([one(0.5, 10.0, [0.9, 0.2], [1, 0])], reference(0, 0, 4), OWN, 1)
    assert (found.point.found, found.why) == (1, "the best F1, as the reference finds no face")
    assert found.stated("zhang2016")["reference"]["precision"] is None  # JSON has no NaN


@pytest.fixture
def small_grid(monkeypatch):
    monkeypatch.setattr(choosing, "PNET", (0.3, 0.6))
    monkeypatch.setattr(choosing, "RNET", (0.2, 0.7))


def test_the_grid_is_what_detectors_at_those_thresholds_find(detector, small_grid):
    """Cutting the scores of one run gives what a detector of each threshold finds."""
    photos = scenes(3, seed=7, height=160, width=200, faces=(3, 4))
    pairs = on_the_grid(detector, photos)
    assert [(pair.pnet, pair.rnet) for pair in pairs] == [(0.3, 0.2), (0.3, 0.7), (0.6, 0.2), (0.6, 0.7)]
    for pair in pairs:
        points = {point.thresholds[2]: point for point in pair.points()}
        for onet in (0.05, 0.4, 0.95):
            at = Detector(detector.nets, thresholds=(pair.pnet, pair.rnet, onet))
            traces = [at.trace(photo.image()) for photo in photos]
            judged = judge([(trace.faces, photo) for trace, photo in zip(traces, photos, strict=True)], 20)
            point = points[onet]
            assert (point.found, point.kept) == (judged.right.sum(), len(judged.right))
            assert point.faces == len(judged.faces) >= 4
            looks = [trace.rnet.windows + 5 * trace.onet.windows for trace in traces]
            assert point.windows == pytest.approx(sum(looks) / 3)
    assert at_its_own(at, photos) == points[0.95]


def test_the_choice_fulfils_the_rule_on_photos(detector, small_grid):
    photos = scenes(10, seed=11, height=200, width=260, faces=(4, 4), sizes=(24, 60))
    incomplete = LabelledPhoto(photos[0].image(), photos[0].boxes[:1], complete=False)
    chosen = choose_thresholds(Detector(detector.nets), iter([*photos, incomplete]), detector)
    assert (chosen.photos, chosen.faces) == (10, 40)
    again = Detector(detector.nets, thresholds=chosen.thresholds)
    judged, theirs = (judge([(d.detect(p.image()), p) for p in photos], 20) for d in (again, detector))
    assert chosen.point.found == judged.right.sum() >= theirs.right.sum() == chosen.reference.found
    assert chosen.point.precision == pytest.approx(judged.precision())
    assert judged.precision() >= theirs.precision() - 0.01
    assert chosen.reference.thresholds == OWN


def test_too_few_faces_leave_the_thresholds_as_they_are(detector):
    photos = scenes(2, seed=11, height=200, width=260, faces=(4, 4), sizes=(24, 60))
    for some, said in ((photos, "8 faces of 20 px and more, in 2 photos"), ([], "0 faces of 20 px and more, in 0 ph")):
        chosen = choose_thresholds(detector, some)
        assert (chosen.thresholds, chosen.point) == (OWN, None)
        assert chosen.why.startswith(said)
        assert "too few" in chosen.why
    with pytest.raises(TypeError, match=r"detector is .mtcnn_lite. \(str\); it must be a Detector"):
        choose_thresholds("mtcnn_lite", photos)
    with pytest.raises(TypeError, match=r"photos\[0\] is 7 \(int\); it must be a LabelledPhoto"):
        choose_thresholds(detector, [7])
