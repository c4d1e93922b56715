"""The alignment explorer: its crop against the package's, its JavaScript against its Python, and what it draws."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite.alignment import corners, similarity_transform, template, transform_points
from mtcnn_lite.course.explorers.alignment import SHOWN, WAYS, AlignmentExplorer, turning, view
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS

POINTS, BOX = np.array(ASTRONAUT_LANDMARKS, float), np.array(ASTRONAUT_BOX, float)


@pytest.fixture
def explorer(astronaut):
    return AlignmentExplorer(astronaut, POINTS, BOX)


@pytest.mark.parametrize("name", ["turn", "right", "down"])
@pytest.mark.parametrize("end", ["min", "value", "max"])
@pytest.mark.parametrize("way", range(3))
def test_view_at_each_end_of_each_slider(explorer, name, end, way):
    slider = explorer.sliders[name]
    slider.value = getattr(slider, end)
    setattr(explorer.canvas, name, slider.value)  # in a notebook the browser does that
    explorer.canvas.way = way
    cut, one = explorer.cut(), explorer.canvas
    np.testing.assert_allclose(cut.given - cut.turned, [[one.right, one.down]] + [[0, 0]] * 4, atol=1e-4)
    np.testing.assert_allclose(cut.landed, transform_points(cut.turned, cut.matrix), atol=1e-3)
    assert f"{cut.off:.1f} px" in explorer.summary()
    assert WAYS[way] in explorer.summary()
    assert explorer.still().pixels.shape[0] > 330


def test_sliders_show_as_many_digits_as_they_have_stops_for(explorer):
    shown = {name: format(slider.value, slider.readout_format) for name, slider in explorer.sliders.items()}
    assert shown == {"turn": "20", "right": "0.0", "down": "0.0"}


@pytest.mark.parametrize(("way", "point", "works"), [(0, 0, False), (1, 1, True), (1, 2, False), (2, 4, True)])
def test_what_the_way_does_not_ask_is_switched_off(page, set_traits, way, point, works):
    set_traits(way=way, which=point)
    off = page.evaluate("() => Object.fromEntries(Object.entries(controls).map(([name, one]) => [name, one.disabled]))")
    assert off == {"which": way == 0, "right": not works, "down": not works}
    before, after = (view(POINTS, BOX, WAYS[way], 20, point, push).landed for push in (0, 8))
    assert np.allclose(before, after) != works


def test_five_points_take_the_turn_out():
    offs = [view(POINTS, BOX, "five points", turn).off for turn in (-60, 0, 37, 60)]
    assert np.ptp(offs) < 1e-4
    tilts = [view(POINTS, BOX, "plain crop", turn).tilt for turn in (-30, 0, 30)]
    np.testing.assert_allclose(np.diff(tilts), [30, 30], atol=1e-4)


def test_matrix_is_the_packages():
    cut = view(POINTS, BOX, "five points", 20, which=2, right=7, down=-3)
    middle = (BOX[:2] + BOX[2:]) / 2 - 0.5
    pushed = transform_points(POINTS, turning(20, middle)) + [[0, 0], [0, 0], [7, -3], [0, 0], [0, 0]]
    np.testing.assert_allclose(cut.matrix, similarity_transform(pushed, template()), atol=1e-9)
    eyes = view(POINTS, BOX, "two eyes", 20, which=0, right=5)
    moved = transform_points(eyes.given[:2], eyes.matrix)  # two points fit a similarity exactly
    np.testing.assert_allclose(moved, template()[:2], atol=1e-3)


def test_plain_crop_is_the_boxs_square_whatever_the_points():
    cut = view(POINTS, BOX, "plain crop", 33, which=1, right=9, down=9)
    side, middle = max(BOX[2:] - BOX[:2]), (BOX[:2] + BOX[2:]) / 2
    corner = middle - side / 2 - 0.5  # of the square, as a pixel centre
    np.testing.assert_allclose(transform_points([corner, corner + side], cut.matrix), [[-0.5] * 2, [111.5] * 2])


def test_one_pushed_eye_harms_two_eyes_more():
    two, five = (view(POINTS, BOX, way, 0, which=0, right=10).off for way in ("two eyes", "five points"))
    assert two > five + 1


def test_turning_is_clockwise_as_one_looks():
    assert transform_points([[1, 0]], turning(90, [0, 0]))[0] == pytest.approx([0, 1])


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(explorer):
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"].startswith("five points, photo turned by 20 degrees, left eye pushed by +0.0, +0.0 px")
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))).height > 330
    assert "application/vnd.jupyter.widget-view+json" in bundle


# --- the JavaScript


def test_browser_computes_what_python_does(page, explorer):
    rng = np.random.default_rng(0)
    one = explorer.canvas
    for _ in range(40):
        way, which = int(rng.integers(3)), int(rng.integers(5))
        turn, right, down = rng.uniform(-60, 60), *rng.uniform(-20, 20, 2)
        call = [one.points, one.square, one.template, one.side, way, turn, which, right, down]
        theirs = page.evaluate("(call) => cut(...call)", call)
        mine = view(one.points, BOX, WAYS[way], turn, which, right, down)
        for name in ("turned", "given", "matrix", "landed", "off", "tilt"):
            np.testing.assert_allclose(theirs[name], getattr(mine, name), atol=2e-3, err_msg=name)


def test_every_control_redraws_and_the_text_follows(page, explorer):
    for name, value in {"turn": -35, "right": 12, "down": -8, "which": 3, "way": 1}.items():
        before = page.evaluate("seen()")
        page.evaluate("([name, value]) => model.set(name, value)", [name, value])
        setattr(explorer.canvas, name, value)
        assert page.evaluate("seen()") != before, name
        assert f"land {explorer.cut().off:.1f} px" in page.locator("p").inner_text()


def test_crop_in_the_browser_is_the_packages(page, explorer):
    """The middle of the drawn crop, without its dots, against OpenCV's: turned, pushed, and cut by five points."""
    for name, value in {"turn": 25, "right": 9, "which": 2}.items():
        page.evaluate("([name, value]) => model.set(name, value)", [name, value])
        setattr(explorer.canvas, name, value)
    url = page.evaluate("seen()")[1]
    drawn = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("L").resize((112, 112), Image.BOX)
    still = explorer.still().pixels[:, -336:]
    mine = Image.fromarray(still[-336:]).convert("L").resize((112, 112), Image.BOX)
    part = np.s_[4:40, 8:104]  # forehead: no dots
    gap = np.abs(np.asarray(drawn, float) - np.asarray(mine, float))[part]
    assert gap.mean() < 5
    assert np.abs(np.asarray(drawn, float)[4:40, 5:101] - np.asarray(mine, float)[part]).mean() > 1.3 * gap.mean()


def test_a_point_can_be_dragged(page):
    box = page.locator("canvas").first.bounding_box()
    square = page.evaluate("() => model.get('square')")
    middle, width = (square[0] + square[2]) / 2, square[2] - square[0]
    cut = view(POINTS, BOX, "five points", 20)
    zoom = 420 / (2.1 * width)
    x, y = ((cut.turned[1] + 0.5 - [middle, (square[1] + square[3]) / 2]) * zoom + 210).tolist()
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    page.mouse.move(box["x"] + x + 6 * zoom, box["y"] + y - 4 * zoom, steps=3)
    page.mouse.up()
    state = page.evaluate("() => ['which', 'right', 'down'].map(model.get)")
    assert state[0] == 1
    assert state[1] == pytest.approx(6, abs=1)
    assert state[2] == pytest.approx(-4, abs=1)
    assert page.evaluate("saved.length") >= 1


def test_at_any_turn_the_photo_shows_the_whole_outline(explorer):
    square = np.array(explorer.canvas.square)
    middle, half = (square[:2] + square[2:]) / 2 - 0.5, SHOWN * (square[2] - square[0]) / 2
    for turn in range(-60, 61, 5):
        outline = corners(view(POINTS, BOX, "five points", turn).matrix)
        assert np.abs(outline - middle).max() < half, turn


def test_what_is_kept_of_a_turn_is_not_shown_at_another(page):
    def seen(**changes):
        for name, value in changes.items():
            page.evaluate("([name, value]) => model.set(name, value)", [name, value])
        return page.evaluate("seen()")

    first = seen(turn=-35, right=0)
    pushed = seen(right=12)
    elsewhere = seen(turn=10)
    assert len({first[0], pushed[0], elsewhere[0]}) == 3
    assert seen(turn=-35) == pushed
    assert seen(right=0) == first
