"""The film of NMS without a browser: each step against plain loops, and what shows where no kernel runs."""

import base64
import io
import math

import numpy as np
import pytest
from oracles import counted, integer_boxes, looped_soft_nms
from PIL import Image

from mtcnn_lite.boxes import iou
from mtcnn_lite.course.explorers.suppression import (
    METHODS,
    NMSStep,
    Pool,
    SuppressionExplorer,
    at,
    draw_step,
    film,
    found,
    tag_places,
    view,
    weights,
)
from mtcnn_lite.draw import COLOURS, rgb
from mtcnn_lite.nms import nms, soft_nms


@pytest.fixture(scope="module")
def pools(detector, astronaut):
    trace = detector.trace(astronaut)
    rnet, pnet = trace.rnet["above threshold"], trace.pnet["above threshold"]
    return {
        "nine": Pool(astronaut, rnet.boxes, rnet.scores, "rnet"),
        "many": Pool(astronaut, pnet.boxes, pnet.scores, "pnet"),
    }


@pytest.fixture
def explorer(pools):
    return SuppressionExplorer(pools)


def case(count, seed=3):
    """Boxes on whole pixels and scores, no two alike."""
    rng = np.random.default_rng(seed)
    return integer_boxes(rng, count), rng.uniform(0.1, 1, count).astype(np.float32)


def factor(method, threshold, sigma):
    return {
        "greedy": lambda o: 0.0 if o > threshold else 1.0,
        "linear": lambda o: 1 - o if o > threshold else 1.0,
        "gaussian": lambda o: math.exp(-o * o / sigma),
    }[method]


def looped_film(boxes, scores, method, threshold, sigma, measure):
    """Every step as (best, scores after it), by counted pixels."""
    score, left, steps = [float(s) for s in scores], set(range(len(boxes))), []
    weight = factor(method, threshold, sigma)
    while any(score[i] > 0 for i in left):
        best = max(left, key=lambda i: (score[i], -i))
        left.remove(best)
        for i in left:
            score[i] *= weight(counted(boxes[best], boxes[i], measure))
        steps.append((best, list(score)))
    return steps


@pytest.mark.parametrize("measure", ["iou", "iom"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("threshold", "sigma"), [(0.0, 0.05), (0.7, 0.5), (1.0, 2.0)])
def test_every_step_of_the_film_is_the_plain_loops(method, measure, threshold, sigma):
    """At the sliders' minimum, default and maximum."""
    boxes, scores = case(24)
    whole = film(boxes, scores, method, threshold, sigma, measure)
    steps = looped_film(boxes, scores, method, threshold, sigma, measure)
    assert whole.best.tolist() == [best for best, _ in steps]
    np.testing.assert_allclose(whole.scores[1:], [score for _, score in steps], rtol=1e-4, atol=1e-7)
    assert whole.scores[0].tolist() == scores.tolist()
    for k, best in enumerate(whole.best):
        expected = [counted(boxes[best], box, measure) for box in boxes]
        np.testing.assert_allclose(whole.overlaps[k], expected, atol=1e-6)


@pytest.mark.parametrize("name", ["nine", "many"])
def test_the_end_of_the_film_is_what_the_package_gives(pools, name):
    boxes, scores = pools[name].boxes, pools[name].scores
    for measure in ("iou", "iom"):
        end = view(boxes, scores, "greedy", 0.5, 0.5, len(boxes), measure)
        assert end.kept.tolist() == nms(boxes, scores, 0.5, measure).tolist()
        assert len(end.waiting) == len(end.removed) == 0
    for method in ("linear", "gaussian"):
        end = view(boxes, scores, method, 0.3, 0.4, len(boxes))
        np.testing.assert_allclose(end.scores, soft_nms(boxes, scores, 0.4, method, 0.3), rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cut", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("step", [0, 1, 3, 99])
def test_each_box_is_in_one_state_and_the_states_are_those_of_the_loops(method, cut, step):
    boxes, scores = case(16, seed=5)
    now = view(boxes, scores, method, 0.2, 0.2, step, cut=cut)
    steps = looped_film(boxes, scores, method, 0.2, 0.2, "iou")
    taken, before, after = [], scores.tolist(), scores.tolist()
    for best, score in steps[:step]:
        if (before if not taken else after)[best] < cut:
            break
        before, after = after, score
        taken.append(best)
    there = [i for i in range(16) if before[i] > 0 and before[i] >= cut and i not in taken]
    stays = [i for i in there if after[i] > 0 and after[i] >= cut]
    assert now.kept.tolist() == taken
    assert now.best == (taken[-1] if taken else -1)
    assert sorted(now.waiting) == stays
    assert sorted(now.removed) == [i for i in there if i not in stays]
    assert sorted(now.lowered) == [i for i in stays if after[i] < before[i]]
    assert now.waiting.tolist() == sorted(now.waiting, key=lambda i: -scores[i])


@pytest.mark.parametrize("cut", [0.0, 0.4])
@pytest.mark.parametrize("method", METHODS)
def test_cutting_in_the_browser_is_cutting_before(method, cut):
    boxes, scores = case(30, seed=7)
    above = np.flatnonzero(scores >= cut)
    for step in range(31):
        late = view(boxes, scores, method, 0.3, 0.3, step, cut=cut)
        early = view(boxes[above], scores[above], method, 0.3, 0.3, step, cut=cut)
        assert late.kept.tolist() == above[early.kept].tolist()
        assert late.waiting.tolist() == above[early.waiting].tolist()
        assert late.compared == early.compared


def test_overlaps_are_counted_pair_by_pair():
    row = np.array([[20 * k, 0, 20 * k + 10, 10] for k in range(6)], np.float32)  # all apart
    heap = np.zeros((6, 1), np.float32) + np.array([[0, 0, 10, 10]], np.float32)  # all in one place
    scores = np.linspace(0.9, 0.4, 6)
    counts = {
        (name, method): view(boxes, scores, method, 0.5, 0.5, 99).compared
        for name, boxes in (("row", row), ("heap", heap))
        for method in ("greedy", "gaussian")
    }
    every = 6 * 5 // 2
    assert counts == {("row", "greedy"): every, ("row", "gaussian"): every, ("heap", "greedy"): 5,
                      ("heap", "gaussian"): every}  # fmt: skip


def test_weights_at_the_threshold_and_beyond():
    overlaps = np.float32([0, 0.5, 0.75, 1])
    assert weights(overlaps, "greedy", 0.5, 1).tolist() == [1, 1, 0, 0]
    assert weights(overlaps, "linear", 0.5, 1).tolist() == [1, 1, 0.25, 0]
    np.testing.assert_allclose(weights(overlaps, "gaussian", 0.5, 2), np.exp([0, -1 / 8, -9 / 32, -1 / 2]), rtol=1e-6)


def test_no_box_one_box_and_equal_scores():
    none = view(np.zeros((0, 4)), np.zeros(0), "greedy", 0.5, 0.5, 1)
    assert (none.best, len(none.kept), len(none.waiting), none.compared) == (-1, 0, 0, 0)
    assert view([[0, 0, 1, 1]], [0.5], "gaussian", 0.5, 0.5, 1).kept.tolist() == [0]
    same = film([[0, 0, 9, 9], [40, 0, 49, 9], [20, 0, 29, 9]], [0.5, 0.5, 0.5], "greedy", 0.5, 0.5)
    assert same.best.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="method is 'hard'; it must be one of 'greedy', 'linear', 'gaussian'"):
        film([[0, 0, 1, 1]], [0.5], "hard", 0.5, 0.5)


def test_soft_film_is_the_papers_loop():
    boxes, scores = case(20, seed=9)
    end = view(boxes, scores, "gaussian", 0.5, 0.3, 20)
    np.testing.assert_allclose(
        end.scores, looped_soft_nms(boxes, scores, factor("gaussian", 0, 0.3)), rtol=1e-4, atol=1e-7
    )


def test_a_drawn_step_shows_each_state_in_its_colour():
    blank = np.full((60, 200, 3), 127, np.uint8)
    boxes = np.array([[10 + 45 * k, 10, 40 + 45 * k, 50] for k in range(4)], np.float32)
    indices = [np.array(rows, np.int64) for rows in ([0], [1], [2], [2, 3])]
    drawn = draw_step(blank, boxes, NMSStep(0, *indices, np.zeros(4, np.float32), 0), "rnet", 1)
    colours = [tuple(drawn[30, 10 + 45 * k].tolist()) for k in range(4)]  # on the left edges
    gone = rgb("landmark")
    assert colours == [rgb("rnet"), gone, gone, rgb("muted")]
    crossed = [(drawn[20:40, 20 + 45 * k : 30 + 45 * k] != 127).any() for k in range(4)]
    assert crossed == [False, True, False, False]
    assert (blank == 127).all()


def test_canvas_gets_the_boxes_of_every_pool_and_each_photo_once(explorer, pools):
    canvas, (nine, many) = explorer.canvas, pools.values()
    boxes, scores = (np.frombuffer(each, np.float32) for each in (canvas.boxes, canvas.scores))
    assert np.array_equal(boxes.reshape(-1, 4), np.concatenate([nine.boxes, many.boxes]))
    assert np.array_equal(scores, np.concatenate([nine.scores, many.scores]))
    assert [one["boxes"] for one in canvas.pools] == [9, len(many.boxes)]
    assert [(one["size"], one["photo"]) for one in canvas.pools] == [([512, 512], 0)] * 2
    assert [one["colour"] for one in canvas.pools] == [COLOURS["rnet"], COLOURS["pnet"]]
    assert Image.open(io.BytesIO(canvas.photos)).size == (512, 512)
    assert canvas.lengths == [len(canvas.photos)]
    assert explorer.step.max == len(film(nine.boxes, nine.scores, "greedy", 0.5, 0.5).best) == 5


@pytest.mark.parametrize("name", ["threshold", "sigma", "cut", "step"])
def test_a_slider_at_its_ends_shows_what_the_view_says(explorer, pools, name):
    """The picture is the browser's; Python's still and summary follow, and the step's end."""
    slider = getattr(explorer, name)
    for method in METHODS:
        explorer.method.value = method
        for value in (slider.min, slider.max):
            slider.value = value
            args = (method, explorer.threshold.value, explorer.sigma.value)
            expected = view(pools["nine"].boxes, pools["nine"].scores, *args, 99, cut=explorer.cut.value)
            assert f"nine: {len(expected.kept)} of " in explorer.summary()
            assert explorer.step.max == len(film(pools["nine"].boxes, pools["nine"].scores, *args).best)
            assert explorer.still().pixels.shape[1] > 600


def test_another_pool_begins_its_film_anew_and_has_its_length(explorer, pools):
    explorer.step.value = 6
    explorer.pool.value = "many"
    kept = nms(pools["many"].boxes, pools["many"].scores, 0.5)
    assert (explorer.step.value, explorer.step.max) == (1, len(kept))
    explorer.measure.value = "iom"
    assert explorer.step.max == len(nms(pools["many"].boxes, pools["many"].scores, 0.5, "iom")) < len(kept)


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(explorer, pools):
    bundle, _ = explorer._repr_mimebundle_()
    text = "nine: 5 of 9 boxes left by greedy NMS, at 0.50, measure iou, score at least 0.50"
    assert bundle["text/plain"] == text
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))).width > 800
    assert "application/vnd.jupyter.widget-view+json" in bundle
    explorer.method.value, explorer.cut.value = "gaussian", 0.99
    lowered = soft_nms(pools["nine"].boxes, pools["nine"].scores)
    start = (pools["nine"].scores >= 0.99).sum()
    assert f"{(lowered >= 0.99).sum()} of {start} boxes left by gaussian NMS, sigma 0.50" in explorer.summary()
    explorer.step.value = 0
    assert explorer.still().pixels.shape[0] > 280


def test_a_control_without_a_part_in_the_method_is_disabled(explorer):
    for method, off in (("linear", (False, True)), ("gaussian", (True, False)), ("greedy", (False, True))):
        explorer.method.value = method
        assert (explorer.threshold.disabled, explorer.sigma.disabled) == off


def test_up_to_a_dozen_boxes_are_numbered_and_no_two_numbers_touch():
    row = np.array([[10, 40, 330, 150]] * 12, np.float32)  # all in one place
    places = tag_places(row)
    for k, (x, y) in enumerate(places):
        assert row[k, 0] < x < row[k, 2]
        assert y == row[k, 1], "on the upper edge"
    assert all(abs(a - c) > 15 or abs(b - d) > 13 for k, (a, b) in enumerate(places) for c, d in places[:k])
    blank = np.full((200, 360, 3), 127, np.uint8)
    for count in (12, 13):
        boxes = np.concatenate([row, row[-1:] + 1])[:count]
        indices = [np.arange(count), *[np.zeros(0, np.int64)] * 2]
        step = NMSStep(-1, indices[1], indices[1], indices[1], indices[0], np.zeros(count, np.float32), 0)
        x, y = np.round(tag_places(boxes)[0]).astype(int)
        inside = draw_step(blank, boxes, step, "rnet")[y - 5 : y - 1, x - 7 : x - 5]  # beside the digit, above the line
        assert (inside == rgb("muted")).all() == (count == 12)


def test_a_pool_knows_which_face_each_box_finds():
    faces = np.float32([[0, 0, 10, 10], [8, 0, 18, 10]])
    boxes = np.float32(
        [[0, 0, 10, 10], [1, 0, 11, 10], [7, 0, 17, 10], [0, 0, 10, 20], [0, 0, 10, 21], [40, 0, 50, 10]]
    )
    pool = Pool(np.zeros((50, 60, 3), np.uint8), boxes, np.linspace(0.9, 0.4, 6), "onet", faces)
    assert pool.face().tolist() == [0, 0, 1, 0, -1, -1]  # half of the fourth is on a face: an IoU of 0.5 is enough
    assert found(pool.face(), np.array([0, 1, 5])) == (1, 2)
    assert found(pool.face(), np.array([2, 0])) == (2, 0)
    assert found(pool.face(), np.zeros(0, int)) == (0, 0)
    explorer = SuppressionExplorer({"six": pool})
    assert np.frombuffer(explorer.canvas.face, np.int32).tolist() == pool.face().tolist()
    explorer.threshold.value, explorer.cut.value = 0.9, 0.0
    assert explorer.summary().endswith("; faces found: 2 of 2, boxes too many: 3")  # row 4 goes
    assert (Pool(pool.image, boxes, pool.scores, "onet").face() == -1).all()


def test_a_cut_film_ends_where_the_best_falls_below():
    row = np.array([[20 * k, 0, 20 * k + 10, 10] for k in range(4)], np.float32)
    whole = film(row, [0.9, 0.8, 0.3, 0.2], "greedy", 0.5, 0.5)
    assert at(whole, 99, cut=0.5).kept.tolist() == [0, 1]
    assert at(whole, 99, cut=0.8).kept.tolist() == [0, 1]  # equal stays, in float32 as in the browser
    assert at(whole, 99, cut=0.95).best == -1
    assert iou(row[:1], row[1:]).max() == 0
