"""The film of NMS in a browser: its table counts what Python counts, and says which faces are found in the end."""

import base64

import numpy as np
import pytest
from oracles import integer_boxes

from mtcnn_lite.course.explorers.base import FOLDER
from mtcnn_lite.course.explorers.suppression import METHODS, SuppressionExplorer, at, film, found
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
    made.canvas.pool, made.canvas.method = index, METHODS.index(method)  # the browser's links do this
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


FILMS = """async ({ source, cases }) => {
  const { film } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const floats = (text) => new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  return cases.map(([boxes, scores, ...settings]) => {
    const made = film(floats(boxes), floats(scores), ...settings);
    return [made.best, made.scores.map((row) => [...row]), made.overlaps.map((row) => [...row])];
  });
}"""


def test_the_browsers_film_is_pythons_in_200_random_cases(chromium):
    """The same boxes in the same order; overlaps and scores to the last bit, but Gaussian ones: exp rounds."""
    rng = np.random.default_rng(26)
    cases = []
    for k in range(200):
        count = int(rng.integers(0, 25))
        corners = np.tile(rng.uniform(0, 60, (count, 2)), 2) + rng.uniform(0, 30, (count, 4)) * [0, 0, 1, 1]
        boxes = integer_boxes(rng, count) if k % 2 else corners.astype(np.float32)
        scores = (
            rng.choice(np.linspace(0, 1, 12), count) if k % 3 == 0 else rng.uniform(0, 1, count)
        )  # some equal, some 0
        cases.append((boxes, scores.astype(np.float32), METHODS[k % 3], round(float(rng.uniform()), 2),
                      round(float(rng.uniform(0.05, 2)), 2), "iou" if rng.random() < 0.5 else "iom"))  # fmt: skip
    text = [[*(base64.b64encode(each.tobytes()).decode() for each in case[:2]), *case[2:]] for case in cases]
    opened = chromium.new_page()
    found_ = opened.evaluate(FILMS, {"source": (FOLDER / "film.js").read_text(), "cases": text})
    opened.close()
    for case, (best, scores, overlaps) in zip(cases, found_, strict=True):
        expected = film(*case)
        assert best == expected.best.tolist(), case
        np.testing.assert_array_equal(np.float32(overlaps).reshape(expected.overlaps.shape), expected.overlaps)
        exact = {"rtol": 2e-6, "atol": 1e-37} if case[2] == "gaussian" else {"rtol": 0, "atol": 0}
        np.testing.assert_allclose(np.float32(scores), expected.scores, **exact)
