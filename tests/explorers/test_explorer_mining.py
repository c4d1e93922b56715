"""The mining explorer: its choice against a sort by hand, its JavaScript against its Python, and what it draws."""

import base64
import io
from math import exp

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite.course.explorers.mining import CELL, COLUMNS, TRUTH, MiningBatch, MiningExplorer, view
from mtcnn_lite.draw import rgb

COUNT, MOMENTS = 80, ("untrained", "early", "late")
NO_FACE, FACE, WRONG = (rgb(colour) for colour in TRUTH.values())


@pytest.fixture(scope="module")
def batch():
    """Each crop is of one colour, and no two are alike: a pixel says whose crop it is. Some losses are equal."""
    rng = np.random.default_rng(8)
    colours = np.stack([np.arange(COUNT) * 3, 255 - np.arange(COUNT) * 2, rng.integers(0, 256, COUNT)], axis=1)
    crops = np.broadcast_to(colours[:, None, None].astype(np.uint8), (COUNT, 12, 12, 3)).copy()
    losses = {}
    for name, sure in zip(MOMENTS, (0.1, 1.0, 6.0), strict=True):
        p = 1 / (1 + np.exp(-sure * rng.integers(-8, 9, COUNT) / 4))  # probability of a face
        losses[name] = np.stack([-np.log(1 - p), -np.log(p)]).astype(np.float32)
    wrong = np.isin(np.arange(COUNT), (3, 20, 41, 77))
    return MiningBatch(crops, (np.arange(COUNT) % 4 == 0).astype(np.int64), wrong, losses)


@pytest.fixture
def explorer(batch):
    return MiningExplorer(batch)


def by_hand(batch, moment, hundredths, mislabelled):
    """Rows, hardest first, of equals the earlier; how many are kept; each sample's loss and label. The share is a whole
    number of hundredths, so that nothing is rounded."""
    labels = [1 - y if mislabelled and w else y for y, w in zip(batch.label.tolist(), batch.wrong, strict=True)]
    losses = [float(batch.losses[moment][y][i]) for i, y in enumerate(labels)]
    rows = sorted(range(COUNT), key=lambda i: -losses[i])
    return rows, max(1, hundredths * COUNT // 100), losses, labels


@pytest.mark.parametrize("mislabelled", [False, True])
@pytest.mark.parametrize("moment", range(3))
@pytest.mark.parametrize("end", ["min", "value", "max"])
def test_view_at_each_end_of_the_slider_for_each_net(explorer, batch, end, moment, mislabelled):
    explorer.keep.value = getattr(explorer.keep, end)
    one = explorer.canvas
    one.keep, one.moment, one.mislabelled = (
        explorer.keep.value,
        moment,
        mislabelled,
    )  # in a notebook the browser does that
    now = explorer.choice()
    hundredths = {"min": 1, "value": 70, "max": 100}[end]
    rows, count, losses, labels = by_hand(batch, MOMENTS[moment], hundredths, mislabelled)
    assert (now.order.tolist(), now.count) == (rows, count)
    np.testing.assert_array_equal(now.losses, np.float32(losses))
    kept = rows[:count]
    assert now.share == pytest.approx(sum(losses[i] for i in kept) / sum(losses), abs=1e-6)
    assert now.faces == sum(labels[i] for i in kept)
    assert now.wrong == (sum(bool(batch.wrong[i]) for i in kept) if mislabelled else 0)
    text = (
        f"{MOMENTS[moment]}, keep {hundredths / 100:.2f}: {count} of {COUNT} samples with {now.share:.1%} of the loss"
    )
    assert explorer.summary().startswith(text)
    assert ("wrongly labelled" in explorer.summary()) == mislabelled
    assert explorer.still().pixels.shape[0] > 250


def test_three_samples_by_hand():
    losses = {"now": np.array([[0.2, 0.5, 0.1], [1.0, 3.0, 2.0]], np.float32)}  # if no face, if a face
    three = MiningBatch(np.zeros((3, 12, 12, 3), np.uint8), np.array([1, 0, 0]), np.array([False, False, True]), losses)
    now = view(three, "now", 0.7)  # costs 1.0, 0.5, 0.1: int(0.7 * 3) = 2 are kept
    assert (now.order.tolist(), now.count, now.faces, now.wrong) == ([0, 1, 2], 2, 1, 0)
    assert now.share == pytest.approx(1.5 / 1.6)
    now = view(three, "now", 0.4, mislabelled=True)  # costs 1.0, 0.5, 2.0: int(0.4 * 3) = 1
    assert (now.order.tolist(), now.count, now.faces, now.wrong) == ([2, 0, 1], 1, 1, 1)
    assert now.share == pytest.approx(2 / 3.5)


def test_shapes_that_do_not_fit_are_named():
    crops, label, wrong = np.zeros((3, 12, 12, 3), np.uint8), np.zeros(3, np.int64), np.zeros(3, bool)
    with pytest.raises(ValueError, match=r"label has shape \(2,\)"):
        MiningBatch(crops, label[:2], wrong, {})
    with pytest.raises(ValueError, match=r"wrong \(3, 1\)"):
        MiningBatch(crops, label, wrong[:, None], {})
    with pytest.raises(ValueError, match=r"losses\['late'\] has shape \(3, 2\); it must be \(2, 3\)"):
        MiningBatch(crops, label, wrong, {"late": np.zeros((3, 2), np.float32)})


def test_controls_start_where_the_canvas_does(explorer):
    one = explorer.canvas
    assert explorer.keep.value == one.keep == 0.7
    assert (explorer.moment.index, explorer.moment.value) == (one.moment, "late")
    assert explorer.mislabelled.value is one.mislabelled is False
    assert explorer.mislabelled.description == "turn 4 of 80 labels round"
    assert len({colour for _, colour in one.truth}) == 3


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(explorer):
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == explorer.summary()
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))).height > 250
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_still_has_the_kept_on_the_left_and_the_dropped_on_the_right(explorer, batch):
    picture, now = explorer.still().pixels, explorer.choice()
    half, top = picture.shape[1] // 2 + 12, picture.shape[0] - 8 * 39  # 8 rows of crops, 13 px enlarged 3 times
    for k in (0, 9, 10, 55):
        x, y = k % COLUMNS * 39 + 15, top + k // COLUMNS * 39 + 15
        assert tuple(picture[y, x]) == tuple(batch.crops[now.order[k], 0, 0])
    for k in (0, 23):
        x, y = half + k % COLUMNS * 39 + 15, top + k // COLUMNS * 39 + 15
        assert tuple(picture[y, x]) == tuple(batch.crops[now.order[56 + k], 0, 0])
    assert tuple(picture[top + 2 * 39 + 15, half + 4 * 39 + 15]) == (255, 255, 255)


@pytest.mark.parametrize("mislabelled", [False, True])
def test_still_has_each_label_s_colour_below_its_crop(explorer, batch, mislabelled):
    explorer.canvas.mislabelled = mislabelled
    picture, now = explorer.still().pixels, explorer.choice()
    top = picture.shape[0] - 8 * 39
    for k, row in enumerate(now.order[: now.count].tolist()):
        colour = WRONG if mislabelled and batch.wrong[row] else (NO_FACE, FACE)[batch.label[row]]
        assert tuple(picture[top + k // COLUMNS * 39 + 37, k % COLUMNS * 39 + 15]) == colour


def test_still_is_white_where_no_crop_is():
    few = MiningBatch(
        np.zeros((13, 12, 12, 3), np.uint8), np.zeros(13, int), np.zeros(13, bool), {"now": np.ones((2, 13))}
    )
    picture = MiningExplorer(few).still().pixels  # two rows of ten places on each side
    for x in (15, 15 + picture.shape[1] // 2 + 12):
        assert tuple(picture[-24, x + 5 * 39]) == (255, 255, 255)
    assert tuple(picture[-24 - 39, 15]) == (0, 0, 0)


# --- the JavaScript


def test_browser_chooses_as_python_does_at_each_stop_of_the_slider(page, batch):
    for moment in MOMENTS:
        for mislabelled in (False, True):
            call = [batch.losses[moment].ravel().tolist(), batch.label.tolist(), batch.wrong.tolist(), mislabelled]
            found = page.evaluate(
                """([losses, label, wrong, mislabelled]) => Array.from({ length: 100 }, (_, k) =>
                    choose(losses, label, wrong, (k + 1) / 100, mislabelled))""",
                call,
            )
            for k, theirs in enumerate(found):
                mine = view(batch, moment, (k + 1) / 100, mislabelled)
                assert theirs["order"] == mine.order.tolist()
                assert [theirs[name] for name in ("count", "faces", "wrong")] == [mine.count, mine.faces, mine.wrong]
                assert theirs["share"] == pytest.approx(mine.share, abs=1e-6)
                np.testing.assert_allclose(theirs["loss"], mine.losses, rtol=1e-6)


def test_every_control_redraws_and_the_captions_count(page, explorer, set_traits):
    for name, value in (("keep", 0.2), ("moment", 0), ("mislabelled", True), ("keep", 1.0), ("keep", 0.01)):
        before = page.evaluate("seen()")
        set_traits(**{name: value})
        assert page.evaluate("seen()") != before, name
        now, (_, kept, dropped) = explorer.choice(), page.locator("figcaption").all_inner_texts()
        noted = f", {now.wrong} wrong labels" if explorer.canvas.mislabelled else ""
        assert kept == f"kept: {now.count}, {100 * now.share:.1f}% of the loss; {now.faces} faces{noted}"
        assert dropped == f"dropped: {COUNT - now.count}, {100 * (1 - now.share):.1f}% of the loss"


@pytest.mark.parametrize("keep", [0.01, 0.7, 1.0])
def test_kept_crops_are_on_the_left_and_dropped_ones_on_the_right(page, explorer, batch, keep, set_traits, pixel):
    """A place shows its sample's colour, and below it the label's; the first place without a sample shows nothing."""
    set_traits(keep=keep, mislabelled=True)
    now, across, down = explorer.choice(), CELL + 3, CELL + 14 + 3
    for canvas, rows in ((1, now.order[: now.count]), (2, now.order[now.count :])):
        for k in {0, len(rows) // 2, len(rows) - 1} & set(range(len(rows))):
            x, y = k % COLUMNS * across, k // COLUMNS * down
            assert pixel(canvas, x + 19, y + 19)[:3] == tuple(batch.crops[rows[k], 0, 0])
            truth = WRONG if batch.wrong[rows[k]] else (NO_FACE, FACE)[batch.label[rows[k]]]
            assert pixel(canvas, x + 1, y + CELL + 2)[:3] == truth
        if len(rows) < COUNT:
            x, y = len(rows) % COLUMNS * across, len(rows) // COLUMNS * down
            assert pixel(canvas, x + 19, y + 19) == (0, 0, 0, 0)


def test_bars_are_as_high_as_the_losses_and_pale_where_dropped(page, explorer, batch, set_traits, pixel):
    """The plot is 840 x 130 px: 34 px at the left and 18 at the top are for numbers, a loss of 0 still has 2 px."""
    set_traits(moment=1)
    now, step = explorer.choice(), (840 - 34) / COUNT
    assert 2 < now.losses.max() < 5  # so the scale ends at 5
    for k in (0, 5, now.count - 5, now.count - 1, now.count, COUNT - 1):
        x, top = int(34 + (k + 0.4) * step), 127 - now.losses[now.order[k]] / 5 * 110
        assert pixel(0, x, int(top) - 1)[3] == 0
        if k < now.count:
            truth = (NO_FACE, FACE)[batch.label[now.order[k]]]
            assert pixel(0, x, int(top) + 1) == pixel(0, x, 127) == (*truth, 255)
        else:
            assert pixel(0, x, 127)[3] == pytest.approx(0.45 * 255, abs=2)


def test_pointing_at_a_crop_or_a_bar_tells_about_it(page, explorer, set_traits):
    set_traits(mislabelled=True, moment=1, keep=0.5)
    now, names = explorer.choice(), ("no face", "face")
    for canvas, position, place in ((1, (60, 20), 1), (2, (20, 75), 50), (0, (36, 100), 0), (0, (839, 128), 79)):
        page.locator("canvas").nth(canvas).hover(position={"x": position[0], "y": position[1]})
        i, text = now.order[place], page.locator(".tip").inner_text()
        wrong = bool(explorer.batch.wrong[i])
        label = names[explorer.batch.label[i] ^ wrong] + ", wrongly" * wrong
        assert text == (
            f"labelled {label}; the net gives that {exp(-now.losses[i]):.3f}\n"
            f"loss {now.losses[i]:.4f}, number {place + 1} of {COUNT}: {'kept' if place < 40 else 'dropped'}"
        )
    page.mouse.move(880, 695)
    assert not page.locator(".tip").is_visible()


def test_legend_names_wrong_labels_only_where_there_are_some(page, explorer, set_traits):
    told = "detection loss of each sample, the highest first; colours by the label: no face"
    legend = page.locator("figcaption").first
    assert legend.inner_text() == f"{told}face"
    set_traits(mislabelled=True)
    assert legend.inner_text() == f"{told}facewrong label"
    swatches = [
        swatch.evaluate("(one) => getComputedStyle(one).backgroundColor") for swatch in legend.locator("span").all()
    ]
    assert swatches == [f"rgb{colour}" for colour in (NO_FACE, FACE, WRONG)]


def test_galleries_stand_side_by_side_and_fit_a_notebook(page):
    plot, kept, dropped = (canvas.bounding_box() for canvas in page.locator("canvas").all())
    assert kept["y"] == dropped["y"] > plot["y"] + plot["height"]
    assert dropped["x"] > kept["x"] + kept["width"]
    assert max(box["x"] + box["width"] for box in (plot, dropped)) <= 848
