"""The film of NMS in a browser: its table counts what Python counts, and says which faces are found in the end."""

import numpy as np
import pytest

from mtcnn_lite.course.explorers.suppression import SuppressionExplorer, at, film, found
from mtcnn_lite.course.nms_pools import pools as pools_of

BOARD = "() => [...document.querySelectorAll('table tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"


@pytest.fixture(scope="module")
def pools(detector, astronaut):
    return pools_of(detector, astronaut)


@pytest.fixture(params=[(0, "greedy"), (2, "greedy"), (2, "gaussian"), (3, "linear")], ids=str)
def explorer(request, pools):
    index, method = request.param
    made = SuppressionExplorer(pools)
    made.pool.value, made.method.value = list(pools)[index], method
    return made


def test_the_table_is_pythons(page, set_traits, explorer):
    pool = explorer.pools[explorer.pool.value]
    whole = film(pool.boxes, pool.scores, explorer.method.value, 0.5, 0.5)
    seen = set()
    for cut in (0.0, 0.25, 0.5, 0.9, 0.995, 1.0):
        for step in (0, 1, 2, len(whole.best)):
            set_traits(cut=cut, step=step)
            now, end = at(whole, step, cut), at(whole, len(whole.best), cut)
            faces, too_many = found(pool.face(), end.kept)
            rows = {name: text.replace(",", "") for name, text in page.evaluate(BOARD)}
            expected = [len(now.kept), len(now.removed), len(now.lowered), len(now.waiting), now.compared]
            assert list(rows.values()) == [*map(str, expected), f"{faces} of {len(pool.faces)}", str(too_many)]
            seen.add((faces, too_many))
    assert len(seen) >= 2, "the cut changes what is found"


def test_thresholds_and_sigmas_change_what_is_found_on_two_faces(pools):
    pool = pools["two faces, O-Net"]
    explorer = SuppressionExplorer({"two": pool})
    for method, slider in (
        ("greedy", explorer.threshold),
        ("linear", explorer.threshold),
        ("gaussian", explorer.sigma),
    ):
        explorer.method.value = method
        outcomes = []
        for value in np.linspace(slider.min, slider.max, 21):
            slider.value = value
            outcomes.append(explorer.summary().partition("; ")[2])
        assert len(set(outcomes)) >= 3, method
        assert any(each == "faces found: 2 of 2, boxes too many: 0" for each in outcomes)
