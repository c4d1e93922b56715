"""Paired comparisons: against a case worked by hand, scipy's paired t-test, and how often intervals cover the truth."""

import numpy as np
import pytest
from scipy import stats

from mtcnn_lite.course.evidence import intervals, paired, stacked, student


def test_worked_case():
    """Differences 1, 3, 2, -2: mean 1; squares from it 0, 4, 1, 9, sum 14; error sqrt(14 / 3 / 4)."""
    found = paired([2, 5, 4, 1], [1, 2, 2, 3])
    assert found.differences.tolist() == [1, 3, 2, -2]
    assert found.mean == 1
    assert found.error == pytest.approx((14 / 12) ** 0.5)
    assert found.ahead == 3
    assert found.interval == pytest.approx((1 - 3.18245 * 1.080123, 1 + 3.18245 * 1.080123), abs=1e-4)
    assert repr(found) == "+1.000 ± 1.080, ahead in 3 of 4"
    assert found.says(1) == "+1.0 ± 1.1, ahead in 3 of 4"


def test_lower_is_better_counts_the_other_way_and_ties_for_neither():
    one, other = [0.1, 0.2, 0.3, 0.4], [0.2, 0.2, 0.5, 0.3]
    assert (paired(one, other).ahead, paired(one, other, lower_is_better=True).ahead) == (1, 2)
    assert paired(one, other, lower_is_better=True).mean == pytest.approx(-0.05)


def test_pairing_ignores_what_both_share():
    """Seeds that differ a lot, a difference that does not: unpaired, it would drown."""
    seeds = np.array([0.0, 10.0, 20.0, 30.0])
    found = paired(seeds + 0.5, seeds)
    assert (found.mean, found.error, found.interval) == (0.5, 0, (0.5, 0.5))


@pytest.mark.parametrize("count", [2, 3, 8, 40, 1000])
def test_interval_is_scipys(count):
    rng = np.random.default_rng(count)
    one, other = rng.normal(size=(2, count))
    theirs = stats.ttest_rel(one, other).confidence_interval(0.95)
    assert paired(one, other).interval == pytest.approx((theirs.low, theirs.high), rel=1e-4, abs=1e-6)
    assert student(count - 1) == pytest.approx(stats.t.ppf(0.975, count - 1), rel=1e-4)


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    rows = rng.normal([[0.3], [0]], 1, (600, 2, 8))  # the true difference is 0.3
    covered = [low <= 0.3 <= high for low, high in (paired(*row).interval for row in rows)]
    assert 0.92 < np.mean(covered) < 0.98


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [([1, 2], [1, 2, 3], r"\(2,\) and \(3,\)"), ([1], [2], "two seeds or more"),
     ([[1, 2]], [[3, 4]], r"must be \(S,\)"), ([1, np.nan], [1, 2], "one is .* finite"),
     ([1, np.inf], [1, np.inf], "finite")],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(one, other, says):
    with pytest.raises(ValueError, match=says):
        paired(one, other)


def test_no_dot_lies_on_another():
    places = np.random.default_rng(0).normal(size=40).round(1)
    lines = stacked(places, 0.25)
    for line in set(lines.tolist()):
        assert (np.diff(np.sort(places[lines == line])) >= 0.25 - 1e-9).all()
    assert stacked([0.0, 1.0, 2.0], 0.25).tolist() == [0, 0, 0]  # where there is room, all lie in a row


def test_figure_says_its_numbers_and_leaves_no_figure_open():
    import matplotlib.pyplot as plt

    rows = {"after 40 steps": paired([2, 5, 4, 1], [1, 2, 2, 3]), "after 200": paired([1, 1], [1, 1.00001])}
    before = plt.get_fignums()
    shown = intervals(rows, "loss, one minus other")
    assert shown.alt == (
        "Paired differences with 95% intervals, loss, one minus other. after 40 steps: +1.000 ± 1.080, ahead in 3 of "
        "4; after 200: +0.000 ± 0.000, ahead in 0 of 2."
    )
    assert plt.get_fignums() == before
    assert min(shown.pixels.shape[:2]) > 200
    taller = intervals(rows | {"after 400": rows["after 200"]}, "loss")
    assert taller.pixels.shape[0] > shown.pixels.shape[0]
