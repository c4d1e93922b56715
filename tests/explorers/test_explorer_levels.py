"""The pyramid's explorer: its numbers against the pyramid that the detector builds, and levels.js against both."""

import base64
import datetime
import io
import itertools
import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from mtcnn_lite import Detector, pyramid
from mtcnn_lite.course.explorers import levels as levels_
from mtcnn_lite.course.explorers.levels import PNET, LevelsExplorer, bars, nested, view
from mtcnn_lite.course.scale_figure import ANSWER, answers_to_scale
from mtcnn_lite.nets import PNet, layer_costs

FACES, FACTORS = (12, 20, 240), (0.409, 0.709, 0.909)  # the sliders' minimum, default, maximum
# height, width: with both of their sliders at either end
SIZES = ((512, 512), (100, 120), (12, 12), (12, 1920), (1920, 12), (1920, 1920), (1080, 1920), (301, 77))


@pytest.fixture
def explorer(astronaut):
    return LevelsExplorer(astronaut)


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


# --- the browser computes the same


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
    assert (canvas.width, canvas.height, canvas.min_face, canvas.factor) == (512, 512, 20, 0.709)
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
        "pyramid of 512 x 512 px, smallest face 20 px, factor 0.709: 10 levels, 42,721"
    )
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))).width > 600


def test_photo_smaller_than_the_smallest_face(explorer):
    explorer.height_.value, explorer.min_face.value = 100, 101
    assert "0 levels, 0 windows, 0.0 million" in explorer.summary()
    assert explorer.still().pixels.shape[1] > 500


def test_nested_levels_lie_at_the_bottom_left(astronaut):
    cost = view(512, 512, 20, 0.5)
    red = np.full((512, 512, 3), [200, 0, 0], np.uint8)
    sheet = nested(red, cost)
    is_red = (sheet == [200, 0, 0]).all(axis=2)
    first = cost.levels[0]
    assert is_red[-1, 0]
    assert not is_red[: 512 - first.height, :].any()
    assert not is_red[:, first.width :].any()
    for level in cost.levels[1:]:  # each lies on the larger ones, with a white frame at its top and right
        assert (sheet[512 - level.height - 1, : level.width] == 255).all()
        assert (sheet[512 - level.height :, level.width] == 255).all()


def test_bars_are_as_high_as_the_cost():
    cost = view(512, 512, 20, 0.5)
    sheet = bars(cost)
    blue = (sheet == [0, 114, 178]).all(axis=2)
    heights = [blue[:, int(k * 40) + 4].sum() for k in range(len(cost.levels))]
    room = heights[0]
    for level, tall in zip(cost.levels, heights, strict=True):
        assert tall == pytest.approx(room * level.multiply_adds / cost.levels[0].multiply_adds, abs=2)


def test_photo_is_cut_to_the_shape_of_the_sliders(explorer, astronaut):
    explorer.height_.value, explorer.width_.value = 256, 512
    photo = explorer._photo()
    assert photo.shape == (256, 512, 3)
    # a wide strip of the same width: rows round a quarter of the height, unscaled
    top = int(512 * levels_.FOCUS[1] - 128)
    assert np.abs(photo.astype(int) - astronaut[top : top + 256]).max() <= 1


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
    figure = answers_to_scale()
    answers = [
        sum(1 for text in axes.texts if getattr(text, "arrow_patch", None) and text.arrowprops["color"] == ANSWER)
        for axes in figure.axes
    ]
    assert answers == [4, 1, 3, 3]  # four copies; the last map; three depths; three of the way back down
    photos = [sum(text.get_text() == "photo" for text in axes.texts) for axes in figure.axes]
    assert photos == [1, 1, 1, 1]
    plt.close(figure)
