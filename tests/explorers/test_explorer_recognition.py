"""The "who is this" explorer: its answers against loops, its JavaScript against its Python, and what it draws."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite.course.explorers.recognition import OUTCOMES, Known, WhoExplorer, view


def made_up(seed=0, known=6, asked=17):
    rng = np.random.default_rng(seed)
    crops = rng.integers(0, 256, (known + asked, 32, 32, 3), dtype=np.uint8)
    moments = {
        name: (rng.normal(0, 0.5, (known, 4)).astype(np.float32), rng.normal(0, 0.5, (asked, 4)).astype(np.float32))
        for name in ("before", "after")
    }
    names = ["Ada", "Bo", "Cy"]
    return Known(names, crops[:known], np.arange(known) % 3, crops[known:], rng.integers(-1, 3, asked), moments)


@pytest.fixture
def explorer():
    return WhoExplorer(made_up())


def by_loops(people, moment, threshold):
    known, asked = people.embeddings[moment]
    said = []
    for point, who in zip(asked, people.asked_person, strict=True):
        distances = [float(((point - each) ** 2).sum()) for each in known]
        best = distances.index(min(distances))
        name = people.known_person[best] if distances[best] <= threshold else None
        if who < 0:
            said.append("stranger, called nobody" if name is None else "stranger, given a name")
        elif name is None:
            said.append("known, called nobody")
        else:
            said.append("known, right name" if name == who else "known, wrong name")
    return said


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("threshold", [0, 0.3, 0.5, 1.0, 2.5])
def test_answers_by_loops(moment, threshold):
    people = made_up()
    found = view(people, moment, threshold)
    expected = by_loops(people, moment, threshold)
    assert [OUTCOMES[k][0] for k in found.outcome] == expected
    assert found.counts == [expected.count(name) for name, _ in OUTCOMES]


@pytest.mark.parametrize("end", ["min", "value", "max"])
@pytest.mark.parametrize("moment", [0, 1])
def test_view_at_each_end_of_the_slider(explorer, end, moment):
    explorer.canvas.threshold, explorer.canvas.moment = getattr(explorer.threshold, end), moment
    counts = explorer.answers().counts
    assert sum(counts) == 17
    if end == "min":
        assert counts[0] == counts[1] == counts[4] == 0
    assert explorer.still().pixels.shape[1] == 6 * 106


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(explorer):
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == "who is this: 17 faces asked about, 3 persons known, by the nearest distance"
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))).width == 6 * 106
    assert explorer.threshold.value == explorer.canvas.threshold


def test_embeddings_must_fit_the_faces():
    people = made_up()
    with pytest.raises(ValueError, match="there are 6 and 17"):
        Known(people.names, people.known, people.known_person, people.asked, people.asked_person,
              {"now": (np.zeros((5, 4)), np.zeros((17, 4)))})  # fmt: skip


# --- the JavaScript


def shown(page):
    return [int(row.locator("td").last.inner_text()) for row in page.locator("tr").all()]


def test_browser_counts_what_python_does(page, explorer):
    for moment in (1, 0):
        page.evaluate("(value) => model.set('moment', value)", moment)
        explorer.canvas.moment = moment
        for threshold in [0, *np.random.default_rng(0).uniform(0, 2.5, 12).round(2), 2.5]:
            page.evaluate("(value) => model.set('threshold', value)", float(threshold))
            explorer.canvas.threshold = float(threshold)
            assert shown(page) == explorer.answers().counts


def test_a_distance_at_the_threshold_is_accepted_on_both_sides(page):
    people = made_up()
    distance = view(people, "after", 0).distance
    value = float(distance[3])  # as float32 it equals itself
    assert view(people, "after", value).outcome[3] in (0, 1, 4)
    assert page.evaluate("(d) => answer(d, true, false, d)", value) == 0
    assert page.evaluate("(d) => [answer(d, false, false, d), answer(d, false, true, d)]", value) == [1, 4]
    assert page.evaluate("() => [answer(2, true, false, 1), answer(2, false, true, 1)]") == [2, 3]


def test_controls_redraw(page):
    for name, value in (("threshold", 1.5), ("moment", 0)):
        before = page.evaluate("seen()")
        page.evaluate("([name, value]) => model.set(name, value)", [name, value])
        assert page.evaluate("seen()") != before, name


def test_pointing_at_a_pair_says_who(page, explorer):
    now = explorer.answers()
    first = int(np.argsort(now.distance, kind="stable")[0])
    box = page.locator("canvas").last.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    tip = page.locator(".tip").inner_text()
    names = explorer.people.names
    who = explorer.people.asked_person[first]
    assert ("a stranger" if who < 0 else names[who]) in tip.splitlines()[0]
    assert names[explorer.people.known_person[now.nearest[first]]] in tip.splitlines()[1]
    assert f"{now.distance[first]:.3f}" in tip
