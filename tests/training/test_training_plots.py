"""labels.jpg and curves.png: what can be seen on them of dark photos and of short runs."""

import numpy as np
import pytest
import torch
from PIL import Image

from mtcnn_lite.sampling.sampler import KINDS
from mtcnn_lite.training.batches import TrainingBatch
from mtcnn_lite.training.log import FIGURES
from mtcnn_lite.training.plots import BOX, COLUMNS, EDGE, POINT, SIDE, contact_sheet, draw_curves

STEP, LABEL = SIDE + 2 * EDGE, 24  # of a tile, and of a row's title


def batch(crops, targets=True):
    """Positives of these crops (24 px), the face in the middle, 6 px from each edge, its points on a square."""
    count = len(crops)
    offsets = torch.full((count, 4), torch.nan)
    landmarks = torch.full((count, 10), torch.nan)
    if targets:
        offsets[:] = torch.tensor([0.25, 0.25, -0.25, -0.25])
        landmarks[:] = torch.tensor([0.4, 0.6, 0.5, 0.4, 0.6, 0.4, 0.4, 0.5, 0.6, 0.6])
    kinds = torch.full((count,), KINDS.index("positive"))
    return TrainingBatch(np.stack(crops), kinds, offsets, landmarks)


def tile(sheet, column=0):
    """The pixels of one of the positives, without its margin."""
    top = KINDS.index("positive") * (STEP + LABEL) + LABEL + EDGE
    return np.array(sheet)[top : top + SIDE, column * STEP + EDGE : column * STEP + EDGE + SIDE]


def title(sheet):
    top = KINDS.index("positive") * (STEP + LABEL)
    return (np.array(sheet)[top : top + LABEL].min(axis=2) < 128).sum()  # how much is written


def crop(brightest):
    """A crop that goes from black to this brightness."""
    return np.tile(np.linspace(0, brightest, 24).astype(np.uint8)[None, :, None], (24, 1, 3))


def test_dark_crops_are_brightened_and_others_stay():
    crops = [crop(20), crop(80), crop(95), crop(250), crop(0)]
    sheet = contact_sheet(batch(crops, targets=False))
    for column, (before, dark) in enumerate(zip(crops, (True, True, False, False, False), strict=True)):
        shown = tile(sheet, column)
        if dark:
            assert 190 <= np.percentile(shown, 95) <= 210
            assert shown.min() == 0
        else:
            np.testing.assert_array_equal(shown, before.repeat(SIDE // 24, axis=0).repeat(SIDE // 24, axis=1))
    bright = contact_sheet(batch([crop(95), crop(250), crop(0), crop(250), crop(250)], targets=False))
    assert title(sheet) > 1.5 * title(bright)  # the title says so


def test_a_box_that_reaches_far_beyond_the_crop_is_whole():
    """A face half as high again as its window, which is still called a part: IoU 1 / 1.55."""
    one = batch([crop(250)])
    one.offsets[:] = torch.tensor([0, -0.55, 0, 0])
    top = KINDS.index("positive") * (STEP + LABEL) + LABEL
    whole = np.array(contact_sheet(one))[top : top + STEP, :STEP]
    rows = np.flatnonzero((whole[:, STEP // 2] == BOX).all(axis=1))
    first, last = round(EDGE - 0.55 * SIDE), EDGE + SIDE - 1
    assert (rows.min(), rows.max()) == (first - 1, last + 1)  # the line is 3 px wide


@pytest.mark.parametrize("grey", [0, 128, 255, "yellow and cyan"])
def test_boxes_and_points_are_seen_on_any_crop(grey):
    plain = np.full((24, 24, 3), 128 if isinstance(grey, str) else grey, np.uint8)
    if isinstance(grey, str):
        plain[:12], plain[12:] = BOX, POINT
    shown = tile(contact_sheet(batch([plain]))).astype(int)
    left = shown[SIDE // 2, SIDE // 4 - 6 : SIDE // 4 + 6]  # across the box's left side, a quarter of the crop in
    bright, dark = (left == BOX).all(axis=1), (left == 0).all(axis=1)
    assert bright.any()
    assert dark[: bright.argmax()].any()
    assert dark[bright.argmax() :].any()
    x, y = round(0.4 * SIDE), round(0.4 * SIDE)  # the first point
    across = shown[y, x - 6 : x + 7]
    assert (shown[y, x] == POINT).all()
    assert (across[:6] == 0).all(axis=1).any()
    assert (across[7:] == 0).all(axis=1).any()


def test_a_row_has_twelve_crops_at_most():
    assert contact_sheet(batch([crop(200)] * 40)).size == (COLUMNS * STEP, len(KINDS) * (STEP + LABEL))


def rows(count, landmark=0.03):
    values = {"detection": 0.5, "box": 0.05, "landmark": landmark, "faces right": 0.7, "others right": 0.9}
    return [{"step": 50 * (k + 1), "rate": 1e-3, "total": 1.0} | {f: values[f] for f in FIGURES if f != "total"}
            for k in range(count)]  # fmt: skip


def coloured(path):
    """How many pixels of each of the three colours of lines the plot of losses has, right of its middle."""
    picture = np.array(Image.open(path).convert("RGB")).astype(int)
    inner = picture[:, 280:460]
    colours = ((31, 119, 180), (255, 127, 14), (44, 160, 44))
    return [(np.abs(inner - colour).sum(axis=2) < 60).sum() for colour in colours]


@pytest.mark.parametrize("count", [1, 2, 30])
def test_the_shortest_log_shows_its_figures(tmp_path, count, monkeypatch):
    monkeypatch.setattr("matplotlib.axes.Axes.legend", lambda self: None)  # whose lines would be counted
    draw_curves(tmp_path / "a.png", "pnet-1", rows(count))
    assert min(coloured(tmp_path / "a.png")) > 10
    draw_curves(tmp_path / "b.png", "pnet-1", rows(count, landmark=0.0))
    found = coloured(tmp_path / "b.png")
    assert min(found[:2]) > 10
    assert found[2] == 0
