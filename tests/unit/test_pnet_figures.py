"""The figures of chapter 03: their numbers against a count of its own, and what their alt texts say."""

import numpy as np
import pytest

from mtcnn_lite import Detector
from mtcnn_lite.course.pnet_figures import decoded, trade_curves, trades
from mtcnn_lite.course.scenes import portrait, wall


@pytest.fixture(scope="module")
def authors():
    return Detector(weights="zhang2016")


def test_trades_count_boxes_and_the_faces_under_them(authors):
    photo, pairs = wall(), trades(authors, wall(), [0.6, 0.99])
    for threshold, (left, covered) in zip([0.6, 0.99], pairs, strict=True):
        run = Detector(weights="zhang2016", thresholds=(threshold, 0.7, 0.7)).trace(photo.image())
        boxes, faces = run.pnet["refined"].boxes, 0
        for x1, y1, x2, y2 in photo.boxes.tolist():  # one face, one box at a time
            for a, b, c, d in boxes.tolist():
                shared = max(0, min(x2, c) - max(x1, a)) * max(0, min(y2, d) - max(y1, b))
                if shared >= 0.5 * ((x2 - x1) * (y2 - y1) + (c - a) * (d - b) - shared):
                    faces += 1
                    break
        assert (left, covered) == (len(boxes), faces)


def test_curves_say_each_point(authors):
    figure = trade_curves(authors, {"her": portrait(), "again": portrait()}, [0.6, 0.99])
    [(left, _), (few, _)] = trades(authors, portrait(), [0.6, 0.99])
    for name in ("her", "again"):
        assert f"{name}: at 0.6 {left} boxes, 1 faces, at 0.99 {few} boxes, 1 faces" in figure.alt
    assert np.ptp(figure.pixels) == 255


def test_decoded_says_how_far_each_middle_is_off():
    figure = decoded({"ours": (10.0, 22.0), "another": (12.0, 24.0), "a third": (9.0, 22.0)}, pixel=1.0)
    assert "ours from 10.0 to 22.0 px; another +2.0 px off; a third -0.5 px off" in figure.alt
