"""The pyramid's explorer: its numbers against the pyramid that the detector builds, and levels.js against both."""

import base64
import datetime
import io
import itertools
import json

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from mtcnn_lite import Detector, pyramid
from mtcnn_lite.course.explorers.level_costs import PNET, view
from mtcnn_lite.course.explorers.level_windows import area_means, look_at
from mtcnn_lite.course.explorers.levels import CROP, TALL, WIDE, LevelsExplorer, bars, fitted, row, row_height
from mtcnn_lite.course.explorers.slide import plan
from mtcnn_lite.course.scale_figure import ANSWER, answers_to_scale, draw_answers
from mtcnn_lite.nets import PNet, layer_costs

FACES, FACTORS = (12, 20, 240), (0.409, 0.709, 0.909)  # the sliders' minimum, default, maximum
# height, width: with both of their sliders at either end
SIZES = ((512, 512), (100, 120), (12, 12), (12, 1920), (1920, 12), (1920, 1920), (1080, 1920), (301, 77))


@pytest.fixture
def explorer(detector, astronaut):
    return LevelsExplorer(detector, astronaut)


def looks(detector, photo, min_face, factor, point):
    """What P-Net sees of all of a photo at this point, as the explorer has it."""
    height, width = photo.shape[:2]
    halved = pyramid.halvings(photo, 0.5 / min(height, width))
    return look_at(detector.nets.pnet, halved, (0, 0, width, height), view(height, width, min_face, factor), point)


# --- the numbers


@pytest.mark.parametrize("min_face", FACES)
@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("size", SIZES)
def test_view_has_the_pyramids_levels(size, min_face, factor):
    cost = view(*size, min_face, factor)
    scales = pyramid.pyramid_scales(*size, min_face, factor)
    assert [level.scale for level in cost.levels] == scales
    assert [(level.height, level.width) for level in cost.levels] == [pyramid.level_size(*size, s) for s in scales]
    assert [level.window for level in cost.levels] == pytest.approx([12 / s for s in scales])
    assert cost.windows == sum(level.rows * level.columns for level in cost.levels)
    assert (len(cost.levels) == 0) == (min(size) < min_face)


@pytest.mark.parametrize(("min_face", "factor"), [(20, 0.709), (12, 0.5), (240, 0.909), (240, 0.409)])
def test_windows_are_those_that_the_detector_scores(detector, astronaut, min_face, factor):
    photo = astronaut[:300, 100:350]
    trace = Detector(detector.nets, min_face, factor).trace(photo)
    cost = view(300, 250, min_face, factor)
    assert [(level.rows, level.columns) for level in cost.levels] == [one.face_map.shape for one in trace.levels]
    assert cost.windows == trace.pnet.windows


def test_half_of_the_cost_is_level_0():
    cost = view(1080, 1920, 20, 0.709)
    assert cost.multiply_adds / cost.levels[0].multiply_adds == pytest.approx(1 / (1 - 0.709**2), rel=0.05)
    halved = view(1080, 1920, 40, 0.709)
    assert cost.multiply_adds / halved.multiply_adds == pytest.approx(4, rel=0.05)


# --- what P-Net sees


@pytest.mark.parametrize(("old", "new"), [(7, 3), (10, 5), (12, 12), (31, 22)])
def test_area_means_are_those_of_opencv(old, new):
    image = np.random.default_rng(old).integers(0, 256, (old, 2 * old, 3), np.uint8)
    across, down = np.linspace(0, 2 * old, 2 * new + 1), np.linspace(0, old, new + 1)
    expected = cv2.resize(image.astype(np.float64), (2 * new, new), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(area_means(image, across, down), expected, atol=1e-4)
    part = area_means(image, across[1:], down[:-1])
    np.testing.assert_allclose(part, expected[:-1, 1:], atol=1e-4)


@pytest.mark.parametrize(("size", "point"), [((512, 512), (225, 126)), ((301, 450), (440, 290)), ((97, 200), (0, 0))])
def test_looks_are_windows_and_scores_of_the_detector(detector, astronaut, size, point):
    photo = np.ascontiguousarray(astronaut[: size[0], : size[1]])
    trace = Detector(detector.nets, 20, 0.709).trace(photo)
    found = looks(detector, photo, 20, 0.709, point)
    assert len(found) == len(trace.levels)
    for one, level in zip(found, trace.levels, strict=True):
        x, y = (one.box[:2] * [level.image.shape[1] / size[1], level.image.shape[0] / size[0]]).round().astype(int)
        assert (x % 2, y % 2) == (0, 0)
        crop = level.image[y : y + 12, x : x + 12]
        assert crop.shape == (12, 12, 3)
        assert np.abs(crop.astype(int) - one.crop).max() <= 1
        assert one.score == pytest.approx(level.face_map[y // 2, x // 2], abs=0.03)
        centre = (one.box[:2] + one.box[2:]) / 2
        room = np.array([level.image.shape[1], level.image.shape[0]]) - 12  # else the point is nearer to the edge
        inside = (np.array(point) * level.scale - 6 > 0) & (np.array(point) * level.scale - 6 < room // 2 * 2)
        assert (np.abs(centre - point)[inside] <= 1.6 / level.scale).all()


def test_the_face_is_caught_where_the_window_is_as_large_as_it(explorer):
    for min_face, level in ((40, 3), (20, 5)):
        explorer.min_face.value = min_face
        cost, found = explorer.view()
        assert explorer.caught(found) == level
        assert 90 < cost.levels[level].window < 115  # the face has 89 x 105 px
    explorer.canvas.focus = [0.82, 0.3]  # the space shuttle
    _, found = explorer.view()
    assert explorer.caught(found) is None
    assert "no level catches what is there" in explorer.summary()


def test_windows_begin_on_a_face_or_in_the_middle(detector, explorer, astronaut):
    assert explorer.canvas.focus == pytest.approx([0.44, 0.247], abs=0.02)
    plain = LevelsExplorer(detector, np.full((100, 80, 3), 127, np.uint8))
    assert plain.canvas.focus == [0.5, 0.5]
    both = LevelsExplorer(detector, {"her": astronaut, "plain": plain.image})
    both.choice.value = "plain"
    assert (both.width_.value, both.height_.value, both.canvas.focus) == (80, 100, [0.5, 0.5])
    both.choice.value = "her"
    assert (both.width_.value, both.canvas.centre) == (512, explorer.canvas.focus)


def test_the_drawing_knows_what_needs_python(detector, astronaut):
    explorer = LevelsExplorer(detector, {"one": astronaut, "other": astronaut[:99]})
    assert explorer.canvas.needs_python == ["upload"]
    assert explorer.canvas.controls["upload"] is explorer.upload
    other = LevelsExplorer(detector, astronaut[:99]).canvas
    assert explorer.canvas.others == {"other": {name: getattr(other, name) for name in explorer.canvas.others["other"]}}
    assert list(explorer.canvas.others["other"])[-1] == "photo"
    assert LevelsExplorer(detector, astronaut).canvas.needs_python == ["upload"]


# --- the browser computes the same


WINDOWS = """([pixels, height, width, cut, size, level, points, plan, weights]) => {
  const copies = halvings(pixels, width, height), net = readNet(plan, Float32Array.from(weights));
  return points.map((point) => {
    const { box, pixels: seen } = windowAt(copies, cut, size, level, point);
    return { box, pixels: [...seen], score: scoreOf(net, seen) };
  });
}"""


@pytest.mark.parametrize("cut", [(0, 0, 90, 61), (10.5, 3.25, 60, 40.5)])
def test_the_browser_sees_the_same(page, detector, astronaut, cut):
    photo = np.ascontiguousarray(cv2.resize(astronaut[40:223, 120:390], (90, 61), interpolation=cv2.INTER_AREA))
    rows, values = plan(detector.nets.pnet)
    points = [[0, 0], [37, 25], [51.5, 30.25], [95, 66]]
    cost = view(67, 96, 17, 0.8)
    halved = pyramid.halvings(photo, 0.5 / 61)
    for k, level in enumerate(cost.levels):
        there = {"height": level.height, "width": level.width}
        given = [photo.ravel().tolist(), 61, 90, cut, [96, 67], there, points, rows, values.tolist()]
        for point, seen in zip(points, page.evaluate(WINDOWS, given), strict=True):
            expected = look_at(detector.nets.pnet, halved, cut, cost, point)[k]
            np.testing.assert_allclose(seen["box"], expected.box, rtol=1e-5)
            assert np.abs(np.reshape(seen["pixels"], (12, 12, 3)) - expected.crop.astype(int)).max() <= 1
            if seen["pixels"] == expected.crop.ravel().tolist():
                assert seen["score"] == pytest.approx(expected.score, abs=1e-4)


def test_the_page_says_which_level_catches_the_face(page, explorer, set_traits):
    said = "() => document.querySelector('.mtcnn-canvas p').textContent"
    assert page.evaluate(said).startswith("Level 3 catches this: its window of 112 px has the highest score, 1.00")
    set_traits(min_face=20)
    assert page.evaluate(said).startswith("Level 5 catches this")
    set_traits(focus=[0.82, 0.3])
    assert page.evaluate(said) == "No level catches anything here: no score reaches P-Net’s threshold, 0.6."
    assert page.evaluate("() => sent") == []


def test_a_click_moves_the_windows_there(page):
    canvas = page.locator("canvas").first
    before = page.evaluate("() => seen()")
    canvas.click(position={"x": 240, "y": 90})
    assert page.evaluate("() => saved.at(-1).focus") == pytest.approx([0.8, 0.3], abs=0.005)
    assert all(old != new for old, new in zip(before[::2], page.evaluate("() => seen()")[::2], strict=True))


def test_the_browser_fits_the_levels_into_the_same_row(page):
    cases = [(*size, face, factor) for size, face, factor in itertools.product(SIZES, FACES, FACTORS)]
    script = "(cases) => cases.map((one) => { const levels = pyramid(...one, model.get('layers')); "
    answers = page.evaluate(script + "return levels.length ? fitted(levels) : null; })", cases)
    for case, answer in zip(cases, answers, strict=True):
        cost = view(*case)
        if cost.levels:
            assert answer == pytest.approx(fitted(cost), rel=1e-6)
            zoom, crop, gap = answer
            assert zoom > 0
            wide = sum(max(level.width * zoom, crop) + gap for level in cost.levels)
            assert wide - gap <= WIDE + 1e-6
            assert cost.levels[0].height * zoom <= TALL + 1e-6
            assert crop <= CROP
        else:
            assert answer is None


def test_the_browser_computes_the_same(page):
    cases = [(*size, face, factor) for size, face, factor in itertools.product(SIZES, FACES, FACTORS)]
    cases += [(h, w, face, 0.709) for h, w, face in ((20, 20, 20), (33, 40, 33), (47, 90, 47), (240, 240, 240))]
    script = "(cases) => JSON.stringify(cases.map((one) => pyramid(...one, model.get('layers'))))"
    answers = page.evaluate(script, cases)
    for case, answer in zip(cases, json.loads(answers), strict=True):
        expected = view(*case).levels
        assert [[v["height"], v["width"], v["rows"], v["columns"], v["cost"]] for v in answer] == [
            [v.height, v.width, v.rows, v.columns, v.multiply_adds] for v in expected
        ], case
        np.testing.assert_allclose([v["scale"] for v in answer], [v.scale for v in expected], rtol=1e-12)


# --- the widget


def test_sliders_and_canvas_start_alike(explorer):
    canvas = explorer.canvas
    assert (canvas.width, canvas.height, canvas.min_face, canvas.factor) == (512, 512, 40, 0.709)
    assert explorer.min_face.min <= 20 < explorer.min_face.value  # so that it can be halved
    assert Image.open(io.BytesIO(canvas.photo)).size == (512, 512)
    layers = layer_costs(PNET)
    assert [tuple(layer) for layer in canvas.layers] == layers
    assert sum(each for *_, each in layers) == sum(p.numel() for n, p in PNet(False).named_parameters() if p.ndim == 4)


def test_default_factor_is_a_stop_of_its_slider(explorer):
    stops = explorer.factor.min + explorer.factor.step * np.arange(51)
    assert np.abs(stops - 0.709).min() < 1e-9
    assert stops[-1] == pytest.approx(explorer.factor.max)


@pytest.mark.parametrize("min_face", FACES)
@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("size", [(512, 512), (12, 1920), (1080, 100)])
def test_summary_and_still_at_the_sliders_ends(explorer, min_face, factor, size):
    explorer.min_face.value, explorer.factor.value = min_face, factor
    explorer.height_.value, explorer.width_.value = size
    cost = view(*size, min_face, factor)
    words = f"{len(cost.levels)} levels, {cost.windows:,} windows, {cost.multiply_adds / 1e6:,.1f} million"
    assert words in explorer.summary()
    assert explorer.still().pixels.shape[0] >= 280


def test_without_a_kernel_it_is_a_picture_and_a_line_of_text(explorer):
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"].startswith(
        "pyramid of 512 x 512 px, smallest face 40 px, factor 0.709: 8 levels, 9,704 windows, 74.1 million "
        "multiply-adds; level 3 catches what is there"
    )
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))).width > 600


def test_photo_smaller_than_the_smallest_face(explorer):
    explorer.height_.value, explorer.min_face.value = 100, 101
    assert "0 levels, 0 windows, 0.0 million" in explorer.summary()
    assert explorer.still().pixels.shape[1] > 500


def test_row_lights_the_level_that_catches(detector, astronaut):
    cost, found = view(512, 512, 40, 0.709), looks(detector, astronaut, 40, 0.709, (225, 126))
    picture = row(astronaut, cost, found, 3, 0.6)
    assert picture.shape == (row_height(cost), WIDE, 3)
    zoom, crop, gap = fitted(cost)
    starts = np.cumsum([0, *(max(level.width * zoom, crop) + gap for level in cost.levels)])
    lit = (picture[2] == [204, 227, 240]).all(axis=1)  # its tint, above the levels
    assert np.flatnonzero(lit)[[0, -1]] == pytest.approx([starts[3] - gap / 2, starts[4] - gap / 2], abs=2)
    assert (row(astronaut, cost, found, None, 0.6)[2] == 255).all()


def test_bars_are_as_high_as_the_cost():
    cost = view(512, 512, 20, 0.5)
    sheet = bars(cost)
    blue = (sheet == [0, 114, 178]).all(axis=2)
    heights = [blue[:, int(k * 50) + 4].sum() for k in range(len(cost.levels))]
    room = heights[0]
    for level, tall in zip(cost.levels, heights, strict=True):
        assert tall == pytest.approx(room * level.multiply_adds / cost.levels[0].multiply_adds, abs=2)


def test_photo_is_cut_to_the_shape_of_the_sliders(explorer, astronaut):
    explorer.height_.value, explorer.width_.value = 256, 512
    explorer.canvas.centre = [0.5, 0.5]
    photo = explorer._photo()
    assert photo.shape == (256, 512, 3)
    # a wide strip of the same width: rows round the middle, unscaled
    assert np.abs(photo.astype(int) - astronaut[128:384]).max() <= 1


def test_uploaded_photo_sets_the_sliders(explorer, astronaut):
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(astronaut[:200, :300])).save(file, "PNG")
    explorer.upload.value = ({"name": "mine.png", "type": "image/png", "size": 1, "content": file.getvalue(),
                              "last_modified": datetime.datetime.now(datetime.UTC)},)  # fmt: skip
    assert (explorer.width_.value, explorer.height_.value) == (300, 200)
    assert (explorer.canvas.width, explorer.canvas.height) == (300, 200)
    assert Image.open(io.BytesIO(explorer.canvas.photo)).size == (300, 200)
    assert explorer.message.value == "mine.png: 300 x 200 px"


# --- the figure of the other answers to scale


def test_figure_reads_faces_off_where_each_answer_does():
    figure = draw_answers()
    answers = [
        sum(1 for text in axes.texts if getattr(text, "arrow_patch", None) and text.arrowprops["color"] == ANSWER)
        for axes in figure.axes
    ]
    assert answers == [4, 1, 3, 3]  # four copies; the last map; three depths; three of the way back down
    photos = [sum(text.get_text() == "photo" for text in axes.texts) for axes in figure.axes]
    assert photos == [1, 1, 1, 1]
    plt.close(figure)
    assert "FPN" in answers_to_scale().alt
