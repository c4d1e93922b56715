"""Chapter 07's windows and figures: targets against boxes and points by hand, what the figures say."""

import numpy as np
import pytest
import torch

from mtcnn_lite.boxes import decode_offsets, landmarks_to_image
from mtcnn_lite.course.loss_figures import SIDE, points_off, price_and_slope
from mtcnn_lite.course.loss_windows import windows
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS
from mtcnn_lite.draw import COLOURS, rgb
from mtcnn_lite.nets import PNet


@pytest.fixture(scope="module")
def some():
    return windows(7)


def test_targets_lead_back_to_the_label(some):
    boxes = (some.kinds == 1) | (some.kinds == 2)
    found = decode_offsets(some.windows[boxes.numpy()], some.offsets[boxes].numpy())
    np.testing.assert_allclose(found, np.tile(ASTRONAUT_BOX, (len(found), 1)), atol=1e-3)
    assert some.offsets[some.kinds == 0].isnan().all()
    flat = some.kinds == 3
    points = landmarks_to_image(some.windows[flat.numpy()], some.points[flat].numpy())
    distances = np.linalg.norm(points[:, 0] - points[:, 1], axis=1)  # between the eyes: turns keep it
    eyes = np.linalg.norm(np.subtract(*ASTRONAUT_LANDMARKS[:2]))
    np.testing.assert_allclose(distances, eyes, rtol=1e-4)


def test_rows_keep_together(some):
    rows = torch.tensor([200, 3, 3])
    few = some[rows]
    assert len(few) == 3
    assert torch.equal(few.x[1], some.x[3])
    assert (few.crops[0] == some.crops[200]).all()
    torch.manual_seed(0)
    net = PNet().double()
    all_losses = some.losses(net(some.x))
    torch.testing.assert_close(few.losses(net(few.x)), all_losses[rows])
    total = few.loss(net(few.x), (1, 0.5, 0.25))
    assert total.total.item() == pytest.approx(float(total.detection + 0.5 * total.box + 0.25 * total.landmark))


def test_another_seed_gives_other_windows(some):
    assert not np.isin(windows(8).windows, some.windows).all(axis=1).any()


def test_price_figure_says_the_losses():
    alt = price_and_slope([(0.9, 1), (0.9, 0), (0.5, 1)]).alt
    assert "0.11 for p 0.9 and a face, 2.30 for p 0.9 and no face, 0.69 for p 0.5 and a face" in alt


def test_points_are_drawn_where_they_are():
    said = np.array([[0.25] * 5 + [0.75] * 5])
    shown = points_off(np.zeros((1, 12, 12, 3), np.uint8), said, np.full((1, 10), 0.5), ["off by a lot"])
    top = shown.pixels.shape[0] - SIDE
    for x, y, colour in ((0.25, 0.75, "landmark"), (0.5, 0.5, "truth")):
        np.testing.assert_allclose(shown.pixels[top + round(y * SIDE), round(x * SIDE)], rgb(COLOURS[colour]), atol=2)
    assert shown.alt.endswith("off by a lot.")
