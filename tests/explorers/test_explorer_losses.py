"""The loss explorer: its bill against the package's losses, its JavaScript against its Python, what is dragged."""

import base64
import io
import math

import numpy as np
import pytest
import torch
from dragging import drag
from PIL import Image

from mtcnn_lite.course.explorers.losses import LOW, LossExplorer, answer, view
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.losses import PAPER, WEIGHTS, detection_loss, sample_losses, takes_part
from mtcnn_lite.nets import NetOutput, normalise
from mtcnn_lite.sampling.sampler import KINDS, sample

PHOTO = 330  # CSS pixels: its longer side on the page

VIEWPORT = (848, 760)
WINDOW = (170, 70, 282, 182)
SIDE = 112


@pytest.fixture(scope="module")
def labelled(astronaut):
    return LabelledPhoto(astronaut, [ASTRONAUT_BOX], [ASTRONAUT_LANDMARKS])


@pytest.fixture(scope="module")
def pnet():
    return Detector().nets.pnet


@pytest.fixture
def explorer(labelled, pnet):
    return LossExplorer(labelled, WINDOW, pnet)


def by_the_package(p, box, points, weights):
    """What one sample of each kind costs, from the losses that training uses."""
    kinds, logits = torch.arange(4), torch.tensor([[math.log(1 - p), math.log(p)]] * 4, dtype=torch.float64)
    off = (torch.tensor([list(each)] * 4, dtype=torch.float64) for each in (box, points))
    part = takes_part(kinds)
    losses = sample_losses(NetOutput(logits, *off), kinds, torch.zeros(4, 4), torch.zeros(4, 10), part)
    return (losses * torch.tensor(weights)).numpy()


@pytest.mark.parametrize("net", WEIGHTS)
def test_bill_is_what_training_would_pay(net):
    rng = np.random.default_rng(0)
    for p in (0.5, 0.01, 0.99, 0.37):
        box, points = rng.normal(0, 0.2, 4), rng.normal(0, 0.2, 10)
        found = view(p, box, points, WEIGHTS[net])
        np.testing.assert_allclose(found.paid, by_the_package(p, box, points, WEIGHTS[net]), rtol=1e-6, atol=1e-12)
        assert found.totals == pytest.approx(found.paid.sum(axis=1))


@pytest.mark.parametrize("name", ["p", "detection", "box", "landmark"])
@pytest.mark.parametrize("end", ["min", "value", "max"])
def test_view_at_each_end_of_each_slider(explorer, name, end):
    slider = explorer.sliders[name]
    slider.value = getattr(slider, end)
    setattr(explorer.canvas, name, slider.value)  # in a notebook the browser does that
    one = explorer.canvas
    box = [(said - label) / SIDE for said, label in zip(one.said, ASTRONAUT_BOX, strict=True)]
    points = (np.array(one.points) - 0.5 - ASTRONAUT_LANDMARKS).ravel() / SIDE
    expected = by_the_package(one.p, box, points, (one.detection, one.box, one.landmark))
    np.testing.assert_allclose(explorer.bill().paid, expected, rtol=1e-5, atol=1e-9)
    assert f"landmark {expected[3].sum():.3f}" in explorer.summary()
    assert explorer.still().pixels.shape[0] > 300


def test_it_begins_with_what_the_net_says(explorer, labelled, pnet, astronaut):
    """The window as a training sample: the same crop, and targets that lie as far from the answer as the bill says."""
    p, box, points = answer(pnet, astronaut, np.array([WINDOW], np.float32))
    one = explorer.canvas
    assert (one.p, one.said) == (min(round(p, 2), 0.99), box.round().tolist())
    assert abs(points - np.array(ASTRONAUT_LANDMARKS)).max() < 12
    samples, crops = sample(labelled, 12, np.random.default_rng(1))
    k = int(np.flatnonzero(samples["kind"] == 1)[0])
    p, box, points = answer(pnet, astronaut, samples["window"][k : k + 1])
    with torch.no_grad():
        said = pnet(normalise(crops[k : k + 1])).flat
    side = float(samples["window"][k, 2] - samples["window"][k, 0])
    assert p == pytest.approx(float(said.score), abs=1e-5)
    off = said.offsets[0].numpy() - samples["offsets"][k]
    np.testing.assert_allclose((box - ASTRONAUT_BOX) / side, off, atol=1e-4)


def test_printed_formula_and_its_slope_by_hand():
    found = view(0.01, [0] * 4, [0] * 10, (1, 1, 1))
    assert found.printed == pytest.approx(-(1 - math.log(0.01)))
    assert LOW < found.printed < -5.6
    assert found.background == pytest.approx(-math.log(0.99))


@pytest.mark.parametrize("p", [0.01, 0.3, 0.5, 0.99])
def test_slopes_are_measured_ones(p):
    logit = torch.tensor(math.log(p / (1 - p)), dtype=torch.float64, requires_grad=True)
    both = torch.stack([torch.zeros_like(logit), logit])[None]
    right = [detection_loss(both, torch.tensor([y]))[0] for y in (1, 0)]
    losses = [*right, torch.log(torch.sigmoid(logit)) - 1]
    measured = [torch.autograd.grad(loss, logit, retain_graph=True)[0].item() for loss in losses]
    assert view(p, [0] * 4, [0] * 10, (1, 1, 1)).slopes == pytest.approx(measured)


def test_mean_divides_by_how_many_numbers_there_are():
    total, mean = (view(0.5, [0.2] * 4, [0.2] * 10, (1, 1, 1), mean) for mean in (False, True))
    assert (total.box / mean.box, total.landmark / mean.landmark) == pytest.approx((4, 10))
    assert total.face == mean.face


def test_canvas_starts_with_pnets_weights_and_the_papers_table(explorer):
    one = explorer.canvas
    assert (one.detection, one.box, one.landmark) == WEIGHTS["pnet"]
    assert one.indicator == PAPER.int().tolist()
    assert tuple(one.kinds) == KINDS
    assert all(slider.value == getattr(one, name) for name, slider in explorer.sliders.items())


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(explorer):
    bundle, metadata = explorer._repr_mimebundle_()
    assert bundle["text/plain"].startswith(f"p = {explorer.canvas.p:.2f}, sides off by 0.0")
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))).height > 300
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] in metadata["alt"]


# --- the JavaScript


def test_browser_computes_what_python_does(page, explorer):
    rng = np.random.default_rng(7)
    for _ in range(40):
        p, box, points = rng.uniform(0.01, 0.99), rng.normal(0, 0.2, 4).tolist(), rng.normal(0, 0.2, 10).tolist()
        weights, mean = rng.uniform(0, 2, 3).tolist(), bool(rng.integers(2))
        call = [p, box, points, weights, mean, explorer.canvas.indicator]
        theirs, mine = page.evaluate("(call) => bill(...call)", call), view(p, box, points, weights, mean)
        for name in ("face", "background", "printed", "slopes", "box", "landmark", "totals"):
            assert theirs[name] == pytest.approx(getattr(mine, name), abs=1e-12), name
        np.testing.assert_allclose(theirs["paid"], mine.paid, atol=1e-12)


def table_is_pythons(page, explorer):
    for name in ("said", "points"):
        setattr(explorer.canvas, name, page.evaluate("(name) => model.get(name)", name))
    rows = [row.locator("td").all_inner_texts() for row in page.locator("tr").all()[1:]]
    bill = explorer.bill()
    for row, kind, paid, takes, total in zip(rows, KINDS, bill.paid, PAPER, bill.totals, strict=True):
        cells = [f"{each:.3f}" if part else "–" for each, part in zip(paid, takes, strict=True)]
        assert row == [kind, *cells, f"{total:.3f}"]


def test_every_control_redraws_and_the_table_follows(page, explorer):
    changes = {"p": 0.3, "detection": 2, "box": 1.5, "landmark": 0.1, "mean": True, "said": [160, 60, 260, 190],
               "points": [[200, 100], [240, 100], [230, 130], [200, 150], [250, 145]]}  # fmt: skip
    for name, value in changes.items():
        before = page.evaluate("seen()")
        page.evaluate("([name, value]) => model.set(name, value)", [name, value])
        setattr(explorer.canvas, name, value)
        assert page.evaluate("seen()") != before, name
        table_is_pythons(page, explorer)


@pytest.mark.parametrize(
    ("corner", "by", "moves"),
    [((0.25, 0.06), (9, 6), (9, 6, 9, 6)), ((1, 0.5), (12, 5), (0, 0, 12, 0)), ((0, 0), (-7, 8), (-7, 8, 0, 0)),
     ((0.5, 1), (3, 10), (0, 0, 0, 10))],
)  # fmt: skip
def test_the_box_is_dragged_and_its_loss_follows(page, explorer, corner, by, moves):
    page.evaluate("() => model.set('said', [180, 70, 270, 180])")
    explorer.canvas.said = [180, 70, 270, 180]
    before, points = explorer.bill(), explorer.canvas.points
    drag(page, explorer, PHOTO, (180 + corner[0] * 90, 70 + corner[1] * 110), by)
    table_is_pythons(page, explorer)
    assert explorer.canvas.said == [a + b for a, b in zip([180, 70, 270, 180], moves, strict=True)]
    assert explorer.canvas.points == points
    assert explorer.bill().landmark == before.landmark
    assert explorer.bill().box > before.box
    assert page.evaluate("saved.length") == 1  # Python is told once, at the end


@pytest.mark.parametrize("which", range(5))
def test_a_point_is_dragged_and_stays_on_the_photo(page, explorer, which):
    x, y = explorer.canvas.points[which]
    drag(page, explorer, PHOTO, (x, y), (4, 3))
    table_is_pythons(page, explorer)
    assert explorer.canvas.points[which] == [x + 4, y + 3]
    drag(page, explorer, PHOTO, (x + 4, y + 3), (500, 0))
    table_is_pythons(page, explorer)
    assert explorer.canvas.points[which] == [explorer.canvas.region[2], y + 3]


def test_keys_move_the_box_and_then_each_point(page, explorer):
    one = explorer.canvas
    box, points = one.said, one.points
    canvas = page.locator("canvas").first
    canvas.focus()
    canvas.press("ArrowRight")
    assert page.evaluate("model.get('said')") == [box[0] + 1, box[1], box[2] + 1, box[3]]
    for k in range(5):
        canvas.press(" ")
        canvas.press("ArrowUp")
        assert page.evaluate("model.get('points')")[k] == [points[k][0], points[k][1] - 1]
    canvas.press(" ")
    canvas.press("ArrowDown")
    assert page.evaluate("model.get('said')") == [box[0] + 1, box[1] + 1, box[2] + 1, box[3] + 1]


def test_caption_names_the_slopes(page):
    page.evaluate("() => model.set('p', 0.9)")
    caption = page.locator("figcaption").nth(1).inner_text()
    assert caption.endswith("face −0.10, no face +0.90, as printed +0.10")


@pytest.mark.parametrize("value", [0, 2])
def test_weights_at_their_ends_draw_without_an_error(page, value):
    for name in ("detection", "box", "landmark"):
        page.evaluate("([name, value]) => model.set(name, value)", [name, value])
    totals = [row.locator("td").last.inner_text() for row in page.locator("tr").all()[1:]]
    assert (totals == ["0.000"] * 4) == (value == 0)
    photo, plot, bars = (canvas.bounding_box() for canvas in page.locator("canvas").all())
    assert plot["x"] > photo["x"] + photo["width"]
    assert bars["y"] > plot["y"] + plot["height"]
    assert bars["x"] + bars["width"] <= VIEWPORT[0]
