"""The loss explorer: its bill against the package's losses, its JavaScript against its Python, and what it draws."""

import base64
import io
import math

import numpy as np
import pytest
import torch
from PIL import Image

from mtcnn_lite.course.explorers.losses import LOW, LossExplorer, view
from mtcnn_lite.losses import PAPER, WEIGHTS, detection_loss, sample_losses, takes_part
from mtcnn_lite.nets import NetOutput
from mtcnn_lite.sampling.sampler import KINDS


@pytest.fixture
def explorer():
    return LossExplorer()


def by_the_package(p, offset, point, weights):
    """What one sample of each kind costs, from the losses that training uses."""
    kinds, logits = torch.arange(4), torch.tensor([[math.log(1 - p), math.log(p)]] * 4, dtype=torch.float64)
    output = NetOutput(logits, torch.full((4, 4), offset), torch.full((4, 10), point))
    part = takes_part(kinds)
    losses = sample_losses(output, kinds, torch.zeros(4, 4), torch.zeros(4, 10), part)
    return (losses * torch.tensor(weights)).numpy()


@pytest.mark.parametrize("net", WEIGHTS)
def test_bill_is_what_training_would_pay(net):
    for p, offset, point in ((0.5, 0.1, 0.2), (0.01, 0.0, 0.5), (0.99, 0.5, 0.0), (0.37, 0.25, 0.01)):
        found = view(p, offset, point, WEIGHTS[net])
        np.testing.assert_allclose(found.paid, by_the_package(p, offset, point, WEIGHTS[net]), rtol=1e-6, atol=1e-12)
        assert found.totals == pytest.approx(found.paid.sum(axis=1))


@pytest.mark.parametrize("name", ["p", "offset", "point", "detection", "box", "landmark"])
@pytest.mark.parametrize("end", ["min", "value", "max"])
def test_view_at_each_end_of_each_slider(explorer, name, end):
    slider = explorer.sliders[name]
    slider.value = getattr(slider, end)
    setattr(explorer.canvas, name, slider.value)  # in a notebook the browser does that
    one = explorer.canvas
    weights = (one.detection, one.box, one.landmark)
    expected = by_the_package(one.p, one.offset, one.point, weights)
    np.testing.assert_allclose(explorer.bill().paid, expected, rtol=1e-6, atol=1e-12)
    assert f"landmark {expected[3].sum():.3f}" in explorer.summary()
    assert explorer.still().pixels.shape[0] > 300


def test_printed_formula_and_its_slope_by_hand():
    found = view(0.01, 0, 0, (1, 1, 1))
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
    assert view(p, 0, 0, (1, 1, 1)).slopes == pytest.approx(measured)


def test_mean_divides_by_how_many_numbers_there_are():
    total, mean = (view(0.5, 0.2, 0.2, (1, 1, 1), mean) for mean in (False, True))
    assert (total.box / mean.box, total.landmark / mean.landmark) == pytest.approx((4, 10))
    assert total.face == mean.face


def test_canvas_starts_with_pnets_weights_and_the_papers_table(explorer):
    one = explorer.canvas
    assert (one.detection, one.box, one.landmark) == WEIGHTS["pnet"]
    assert one.indicator == PAPER.int().tolist()
    assert tuple(one.kinds) == KINDS
    assert all(slider.value == getattr(one, name) for name, slider in explorer.sliders.items())


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(explorer):
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == (
        "p = 0.70, offsets off by 0.30, points by 0.20: a sample costs negative 1.204, positive 0.537, part 0.180, "
        "landmark 0.200"
    )
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).height > 300
    assert "application/vnd.jupyter.widget-view+json" in bundle


# --- the JavaScript


def test_browser_computes_what_python_does(page, explorer):
    rng = np.random.default_rng(7)
    for _ in range(40):
        p, offset, point = rng.uniform(0.01, 0.99), *rng.uniform(0, 0.5, 2)
        weights, mean = rng.uniform(0, 2, 3).tolist(), bool(rng.integers(2))
        call = [p, offset, point, weights, mean, explorer.canvas.indicator, explorer.canvas.numbers]
        theirs, mine = page.evaluate("(call) => bill(...call)", call), view(p, offset, point, weights, mean)
        for name in ("face", "background", "printed", "slopes", "box", "landmark", "totals"):
            assert theirs[name] == pytest.approx(getattr(mine, name), abs=1e-12), name
        np.testing.assert_allclose(theirs["paid"], mine.paid, atol=1e-12)


def test_every_control_redraws_and_the_table_follows(page, explorer):
    changes = {"p": 0.3, "offset": 0.2, "point": 0.3, "detection": 2, "box": 1.5, "landmark": 0.1, "mean": True}
    for name, value in changes.items():
        before = page.evaluate("seen()")
        page.evaluate("([name, value]) => model.set(name, value)", [name, value])
        setattr(explorer.canvas, name, value)
        assert page.evaluate("seen()") != before, name
        rows = [row.locator("td").all_inner_texts() for row in page.locator("tr").all()[1:]]
        bill = explorer.bill()
        for row, kind, paid, takes, total in zip(rows, KINDS, bill.paid, PAPER, bill.totals, strict=True):
            cells = [f"{each:.3f}" if part else "–" for each, part in zip(paid, takes, strict=True)]
            assert row == [kind, *cells, f"{total:.3f}"]


def test_caption_names_the_slopes(page):
    page.evaluate("() => model.set('p', 0.9)")
    caption = page.locator("figcaption").first.inner_text()
    assert caption.endswith("face −0.10, no face +0.90, as printed +0.10")


@pytest.mark.parametrize("value", [0, 2])
def test_weights_at_their_ends_draw_without_an_error(page, value):
    for name in ("detection", "box", "landmark"):
        page.evaluate("([name, value]) => model.set(name, value)", [name, value])
    totals = [row.locator("td").last.inner_text() for row in page.locator("tr").all()[1:]]
    assert (totals == ["0.000"] * 4) == (value == 0)
    plot, bars = (canvas.bounding_box() for canvas in page.locator("canvas").all())
    assert bars["x"] > plot["x"] + plot["width"]
    assert bars["x"] + bars["width"] <= 848
