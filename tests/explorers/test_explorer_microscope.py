"""The microscope: what it sends against the nets, its JavaScript against torch, and what it does without a kernel."""

import base64
import datetime
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from mtcnn_lite import Detector, pyramid
from mtcnn_lite.course.activations import activations, occlusion
from mtcnn_lite.course.explorers.microscope import MicroscopeExplorer, view
from mtcnn_lite.course.explorers.slide import plan
from mtcnn_lite.images import crop_windows
from mtcnn_lite.nets import normalise

VIEWPORT = (900, 950)
SMALL_PHOTO = 200  # px: the part of the astronaut with her face, so that a level is soon filled
PHOTO, LEVEL, FILLED, PASS, CROP, MATTERED, CONV1 = range(7)  # P-Net's canvases


@pytest.fixture(scope="module")
def shipped():
    return Detector()


@pytest.fixture(scope="module")
def face(astronaut):
    return np.ascontiguousarray(astronaut[: SMALL_PHOTO + 1, 120 : 120 + SMALL_PHOTO])  # odd in height


@pytest.fixture
def explorer(shipped, face):
    return MicroscopeExplorer(shipped, face, "pnet")


def opened(value):
    return Image.open(io.BytesIO(base64.b64decode(value)))


# --- what Python sends


@pytest.mark.parametrize("net", ["rnet", "onet"])
@pytest.mark.parametrize("window", [None, (150, 40, 290, 180), (-30, -20, 50, 60), (300, 200, 312, 212)])
def test_canvas_gets_what_the_net_computes_for_the_window(shipped, astronaut, net, window):
    explorer = MicroscopeExplorer(shipped, astronaut, net, window)
    module, canvas = getattr(shipped.nets, net), explorer.canvas
    halved = pyramid.halvings(astronaut, 0.05)
    crop = crop_windows(halved, [explorer.window], module.size)
    if window:
        assert explorer.window == list(window)
    np.testing.assert_array_equal(np.frombuffer(canvas.crop, np.uint8).reshape(crop.shape), crop)
    seen = activations(module, crop)
    sent = np.frombuffer(canvas.values, np.float32)
    np.testing.assert_allclose(sent, np.concatenate([maps.ravel() for maps in seen.maps[2:]]), atol=1e-4)
    with torch.no_grad():
        output = module(normalise(crop)).flat
    for mine, theirs in zip(canvas.heads, output, strict=True):
        np.testing.assert_allclose(mine, theirs[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(np.frombuffer(canvas.hidden, np.float32), occlusion(module, crop[0]).ravel(), atol=1e-4)


@pytest.mark.parametrize("net", ["rnet", "onet"])
def test_moved_window_is_looked_at_once_and_what_matters_when_it_is_asked(shipped, astronaut, net):
    explorer = MicroscopeExplorer(shipped, astronaut, net)
    canvas, before = explorer.canvas, explorer.canvas.revision
    for at, side in (([100.0, 300.0], canvas.side), ([100.0, 300.0], 50)):
        canvas.at, canvas.side = at, side
        before += 1
        assert (canvas.revision, canvas.seen, canvas.hidden) == (before, [*at, side], b"")
    assert explorer.window == [75, 275, 125, 325]
    assert "window of 50 px at x 75, y 275" in explorer.summary()
    canvas.asked = [7.0, 7.0, 50, before]  # of a window that has moved on
    assert (canvas.revision, canvas.hidden) == (before, b"")
    canvas.asked = [*canvas.seen, before]
    assert canvas.revision == before + 1
    hidden = np.frombuffer(canvas.hidden, np.float32).reshape(10, 10)
    np.testing.assert_allclose(hidden, occlusion(explorer.net, explorer.crop()), atol=1e-5)


@pytest.mark.parametrize("net", ["pnet", "rnet", "onet"])
def test_first_window_holds_the_face(shipped, astronaut, net):
    explorer = MicroscopeExplorer(shipped, astronaut, net)
    x1, y1, x2, y2 = explorer.window
    assert x1 < 224 < x2
    assert y1 < 117 < y2
    assert view(explorer.net, explorer.crop()).seen.scores[0] > 0.9
    canvas = explorer.canvas
    assert canvas.at == ([0, 0] if net == "pnet" else [(x1 + x2) / 2, (y1 + y2) / 2])


def test_photo_without_a_face_begins_in_its_middle(shipped):
    explorer = MicroscopeExplorer(shipped, np.full((120, 160, 3), 90, np.uint8), "onet")
    assert explorer.window == [50, 30, 110, 90]


def test_pnets_levels_are_the_detectors_cut_to_even_sides(shipped, explorer, face):
    levels = {level.scale: level for level in shipped.trace(face).levels}
    pixels = np.frombuffer(explorer.canvas.pixels, np.uint8)
    at = 0
    for scale, rows, columns, number in explorer.canvas.levels:
        mine = pixels[at : (at := at + rows * columns * 3)].reshape(rows, columns, 3)
        np.testing.assert_array_equal(mine, levels[scale].image[:rows, :columns])
        assert list(levels)[number] == scale
        assert (rows % 2, columns % 2) == (0, 0)
    assert at == len(pixels)


def test_large_levels_stay_away(shipped, astronaut):
    explorer = MicroscopeExplorer(shipped, np.tile(astronaut, (2, 2, 1)))
    assert all(max(rows, columns) <= 280 for _, rows, columns, _ in explorer.canvas.levels)
    assert explorer.canvas.levels[0][3] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"net": "qnet"}, "net is 'qnet'; it must be one of pnet, rnet, onet"),
        ({"window": (5, 5, 5, 9)}, "it must have an area"),
        ({"image": np.zeros((15, 40, 3), np.uint8)}, "image is 40 x 15 px; its sides must be at least"),
    ],
)
def test_what_can_not_be_shown_is_refused(shipped, face, arguments, message):
    with pytest.raises(ValueError, match=message):
        MicroscopeExplorer(**{"detector": shipped, "image": face} | arguments)


@pytest.mark.parametrize("net", ["pnet", "rnet", "onet"])
def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(shipped, astronaut, net):
    bundle = MicroscopeExplorer(shipped, astronaut, net)._repr_mimebundle_()
    text = bundle[0]["text/plain"]
    assert re.match(r"[PRO]-Net at a window of \d+ px at x \d+, y \d+: score (1.00|0.99) \(logits ", text)
    assert opened(bundle[0]["image/jpeg"]).width > 600
    assert "application/vnd.jupyter.widget-view+json" in bundle[0]


def test_uploaded_photo_is_looked_at_anew(explorer, astronaut):
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(astronaut[:150, 150:290])).save(file, "PNG")
    explorer.upload.value = ({"name": "mine.png", "type": "", "size": 1, "content": file.getvalue(),
                              "last_modified": datetime.datetime.now(datetime.UTC)},)  # fmt: skip
    assert explorer.canvas.size == [140, 150]
    assert explorer.where.options[explorer.canvas.level][1] == explorer.canvas.level
    assert explorer.window[0] < 224 - 150 < explorer.window[2]


# --- the browser computes the same


def in_browser(page, crops):
    """What forward.js says of crops: each layer's values and the heads', a list a crop."""
    return page.evaluate(
        """(crops) => {
          const decoded = (name) => new Float32Array(model.get(name).buffer);
          const net = readNet(model.get('plan'), decoded('weights'));
          return crops.map((pixels) => {
            const { layers, heads } = forward(net, readPixels(pixels, 12, [0, 0, 12, 12]));
            const hidden = [...hide(net, readPixels(pixels, 12, [0, 0, 12, 12]), ...model.get('units'))];
            return [layers.map((one) => [...one.values]), Object.fromEntries(Object.entries(heads).map(([name, one]) => [name, [...one.values]])), hidden];
          });
        }""",  # noqa: E501
        [crop.ravel().tolist() for crop in crops],
    )


@pytest.mark.parametrize("weights", ["mtcnn_lite", "zhang2016"])  # with a head for landmarks, and without
def test_browser_computes_torchs_values(page, shipped, detector, weights):
    net = {"mtcnn_lite": shipped, "zhang2016": detector}[weights].nets.pnet
    rows, values = plan(net)
    set_net = """([plan, bytes]) => {
      model.get('plan').splice(0, Infinity, ...plan);
      model.set('weights', new DataView(new Uint8Array(bytes).buffer));
    }"""
    page.evaluate(set_net, [rows, list(values.tobytes())])
    crops = np.random.default_rng(7).integers(0, 256, (6, 12, 12, 3), np.uint8)
    crops[4], crops[5] = 0, 255
    seen = activations(net, crops)
    for k, (layers, heads, hidden) in enumerate(in_browser(page, crops)):
        for mine, maps in zip(layers, seen.maps, strict=True):
            np.testing.assert_allclose(mine, maps[k].ravel(), atol=1e-4)
        np.testing.assert_allclose(heads["face"], seen.logits[k], atol=1e-4)
        np.testing.assert_allclose(heads["offsets"], seen.offsets[k], atol=1e-4)
        assert ("landmarks" in heads) == (seen.landmarks is not None)
        if seen.landmarks is not None:
            np.testing.assert_allclose(np.reshape(heads["landmarks"], (2, 5)).T, seen.landmarks[k], atol=1e-4)
        np.testing.assert_allclose(hidden, occlusion(net, crops[k]).ravel(), atol=1e-4)


def test_one_pass_in_the_browser_is_every_window_and_the_detectors_map(page, shipped, face):
    """For each level: the map of one pass, the windows one by one, and what torch says of the level."""
    script = """() => model.get('levels').map((_, level) => {
      model.set('level', level);
      const survey = surveyor(model);
      survey.unpack();
      const { size } = survey.now();
      for (let k = 0; k < size[0] * size[1]; k++) survey.look([Math.floor(k / size[1]), k % size[1]], false);
      return [size, [...survey.passed().scores], [...survey.now().scores], survey.now().farthest];
    })"""
    page.evaluate("() => model.set('level', 0)")
    levels = {level.scale: level for level in shipped.trace(face).levels}
    shown = page.evaluate("model.get('levels')")
    for (scale, *_), (size, passed, alone, farthest) in zip(shown, page.evaluate(script), strict=True):
        rows, columns = size
        expected = levels[scale].face_map[:rows, :columns].ravel()
        np.testing.assert_allclose(passed, expected, atol=1e-4)
        np.testing.assert_allclose(alone, expected, atol=1e-4)
        assert farthest < 1e-9
        full = levels[scale].face_map.shape
        assert (full[0] - rows, full[1] - columns) == tuple(side % 2 for side in levels[scale].image.shape[:2])


# --- without a kernel


def score(page):
    return float(page.locator("td + td").first.inner_text())


def test_window_moves_by_click_and_keys_and_shows_pythons_score(page, explorer, set_traits):
    for act in (
        lambda: page.locator("canvas").nth(LEVEL).click(position={"x": 40, "y": 140}),
        lambda: page.keyboard.press("ArrowRight"),
        lambda: page.keyboard.press("Shift+ArrowUp"),
        lambda: page.locator("canvas").nth(PASS).click(position={"x": 120, "y": 90}),
        lambda: page.locator("canvas").nth(PHOTO).click(position={"x": 104, "y": 110}),
        lambda: page.evaluate("() => model.set('level', 0)"),
    ):
        before = page.evaluate("[model.get('level'), ...model.get('cell')]")
        act()
        level, *cell = page.evaluate("[model.get('level'), ...model.get('cell')]")
        assert [level, *cell] != before
        set_traits(level=level, cell=cell)
        assert score(page) == pytest.approx(float(view(explorer.net, explorer.crop()).seen.scores[0]), abs=6e-4)
        x1, y1, x2, _ = explorer.window
        said = page.locator("figcaption").first.inner_text()
        assert said == f"window: {x2 - x1:.0f} px at {x1:.0f}, {y1:.0f}"


def test_window_returns_to_its_place_from_a_level_that_has_no_room_for_it(page):
    page.evaluate("() => model.set('level', 0)")
    page.locator("canvas").nth(FILLED).click(position={"x": 195, "y": 198})
    before, last = page.evaluate("[model.get('cell'), model.get('levels').length - 1]")
    page.evaluate("(level) => model.set('level', level)", last)
    assert max(page.evaluate("model.get('cell')")) < max(before) / 4
    page.evaluate("() => model.set('level', 0)")
    assert page.evaluate("model.get('cell')") == before


def test_keys_stop_at_the_edge_of_the_level(page):
    page.locator("canvas").nth(FILLED).click(position={"x": 2, "y": 2})
    for key in ("ArrowUp", "ArrowLeft", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    assert page.evaluate("model.get('cell')") == [0, 0]


def test_window_slides_until_the_map_is_full(page):
    page.evaluate("() => model.set('level', 1)")
    page.get_by_role("button", name="slide the window over the level").click()
    page.wait_for_function("() => /: [2-9]\\d+ of/.test(document.querySelectorAll('figcaption')[2].textContent)")
    assert page.get_by_role("button", name="stop").is_visible()
    page.wait_for_function("() => !/stop/.test(document.querySelector('button').textContent)", timeout=60_000)
    count, of_all = re.findall(r"[\d,]+", page.locator("figcaption").nth(FILLED).inner_text())
    assert count == of_all
    page.get_by_role("button", name="slide the window over the level").wait_for()
    assert "Scores differ by 0 at most" in page.locator(".bar").inner_text()
    seen = page.evaluate("seen()")
    assert seen[FILLED] == seen[PASS]  # pixel for pixel
    page.get_by_role("button", name="clear").click()
    assert "1 window one by one" in page.locator(".bar").inner_text()


def test_readers_who_want_no_motion_see_the_full_map_at_once(page):
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("button", name="slide the window over the level").click()
    page.wait_for_timeout(700)
    seen = page.evaluate("seen()")
    assert seen[FILLED] == seen[PASS]


def test_maps_of_the_whole_level_show_the_windows_place(page):
    before = page.evaluate("seen()")
    page.get_by_role("button", name="maps of the whole level").click()
    assert page.evaluate("seen()")[CONV1] != before[CONV1]
    level = page.evaluate("model.get('levels')[model.get('level')]")
    assert f"10×{level[1] - 2}×{level[2] - 2}" in page.locator("figcaption").nth(CONV1).inner_text()
    page.locator("canvas").nth(CONV1).hover(position={"x": 10, "y": 10})
    assert page.locator(".tip").inner_text().endswith("sees 3 × 3 px of the level")
    page.get_by_role("button", name="maps of the whole level").click()
    page.mouse.move(2, 2)
    assert page.evaluate("seen()")[CONV1] == before[CONV1]


def test_cell_under_the_pointer_lights_what_it_sees(page, explorer):
    """conv2, channel 0: 3 x 3 cells of 10 CSS pixels; its cell in the middle sees the 8 x 8 px from 2, 2 on."""
    before = page.evaluate("seen()")
    page.locator("canvas").nth(CONV1 + 2).hover(position={"x": 15, "y": 15})
    tip = page.locator(".tip").inner_text()
    value = activations(explorer.net, explorer.crop()[None]).maps[2][0, 0, 1, 1]
    assert tip == f"conv2, channel 0, row 1, column 1: {value:.4f}\nsees 8 × 8 px of the crop".replace("-", "−")
    after = page.evaluate("seen()")
    assert after[CROP] != before[CROP]
    vermilion = page.evaluate(
        """(k) => {
          const canvas = document.querySelectorAll('canvas')[k], found = [];
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          for (let i = 0; i < data.length; i += 4) {
            if (data[i] === 213 && data[i + 1] === 94 && data[i + 2] === 0) found.push([(i / 4) % canvas.width, Math.floor(i / 4 / canvas.width)]);
          }
          return found;
        }""",  # noqa: E501
        CROP,
    )
    xs, ys = zip(*vermilion, strict=True)
    one = 144 / 12  # CSS pixels of the crop's
    assert (min(xs), max(xs), min(ys), max(ys)) == pytest.approx((2 * one, 10 * one, 2 * one, 10 * one), abs=1.5)


def test_patch_under_the_pointer_says_both_scores(page, explorer):
    hidden = occlusion(explorer.net, explorer.crop())
    page.locator("canvas").nth(MATTERED).hover(position={"x": 12 * 5 + 6, "y": 12 * 3 + 6})  # place row 2, column 4
    said = page.locator(".tip").inner_text()
    assert said.startswith(
        f"with this patch gray: score {1 / (1 + np.exp(-hidden[2, 4])):.3f}\nwithout it: {score(page):.3f}"
    )


def test_every_canvas_and_button_has_a_name_and_the_window_can_be_reached_by_key(page):
    for k, canvas in enumerate(page.locator("canvas").all()):
        assert canvas.get_attribute("role") == ("application" if k < 4 else "img")
        assert len(canvas.get_attribute("aria-label")) > 5
    assert [page.locator("canvas").nth(k).get_attribute("tabindex") for k in range(4)] == ["0"] * 4
    assert all(button.inner_text() for button in page.locator("button").all())
    assert page.locator("[role=group]").get_attribute("aria-label") == "P-Net under the microscope"


def test_a_move_takes_the_browser_little_time(page):
    """Everything anew for another window, what mattered too; and for the first time on another level."""
    took = page.evaluate(
        """() => {
          const times = [];
          for (let k = 0; k < 12; k++) {
            const start = performance.now();
            model.set('cell', [k % 5, 3 + k % 7]);
            times.push(performance.now() - start);
          }
          return times.sort((a, b) => a - b)[6];
        }"""
    )
    print(f"{took:.1f} ms")
    assert took < 120


class TestWindowThatPythonLooksThrough:
    """R-Net's microscope in a page without a kernel."""

    @pytest.fixture
    def explorer(self, shipped, astronaut):
        return MicroscopeExplorer(shipped, astronaut, "rnet")

    def test_saved_window_is_shown_whole(self, page, explorer):
        now = view(explorer.net, explorer.crop())
        assert score(page) == pytest.approx(float(now.seen.scores[0]), abs=6e-4)
        for layer in range(4):  # the first two computed in the page, the others sent
            page.locator("canvas").nth(4 + layer).hover(position={"x": 1, "y": 1})
            value = now.seen.maps[layer][0, 0, 0, 0]
            assert f"{value:.4f}".replace("-", "−") in page.locator(".tip").inner_text()

    def test_moved_window_says_that_no_kernel_answers(self, page):
        page.locator("canvas").first.click(position={"x": 40, "y": 200})
        assert page.evaluate("saved.length") >= 1  # Python is told
        page.wait_for_function("() => document.querySelector('p.wide').textContent.startsWith('No kernel answers.')")
        assert page.locator(".mtcnn-canvas.stale").count() == 1

    def test_answer_clears_the_note(self, page, explorer, set_traits):
        page.locator("canvas").first.click(position={"x": 40, "y": 200})
        at = page.evaluate("model.get('at')")
        explorer.canvas.at = at  # as the kernel would
        answer = {name: getattr(explorer.canvas, name) for name in ("seen", "heads", "revision")}
        for name in ("values", "crop", "hidden"):
            page.evaluate("([name, bytes]) => model.set(name, new DataView(new Uint8Array(bytes).buffer))",
                          [name, list(getattr(explorer.canvas, name))])  # fmt: skip
        page.evaluate("(answer) => Object.entries(answer).forEach((each) => model.set(...each))", answer)
        page.wait_for_timeout(500)
        assert page.evaluate("model.get('asked')") == [
            *at,
            explorer.canvas.side,
            explorer.canvas.revision,
        ]  # and now what matters
        assert page.locator(".mtcnn-canvas.stale").count() == 0
        assert score(page) == pytest.approx(float(view(explorer.net, explorer.crop()).seen.scores[0]), abs=6e-4)


class TestNetWithoutALandmarkHead:
    """R-Net as its authors released it."""

    @pytest.fixture
    def explorer(self, detector, astronaut):
        return MicroscopeExplorer(detector, astronaut, "rnet")

    def test_it_says_so(self, page, explorer):
        assert explorer.canvas.heads[2] is None
        assert page.locator("table").nth(2).inner_text().strip() == "no landmark head"
