"""The judge of `landmarks_to_image`: right answers pass however they are written, wrong ones are named."""

import numpy as np
import pytest
import torch
from judging import check_named

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.landmarks_to_image import JUDGE


def by_loops(boxes, landmarks):
    faces = []
    for (x1, y1, x2, y2), ten in zip(boxes.tolist(), landmarks.tolist(), strict=True):
        faces.append([[x1 + ten[k] * (x2 - x1), y1 + ten[k + 5] * (y2 - y1)] for k in range(5)])
    return faces  # a list, [] where there is no window


def by_columns(boxes, landmarks):
    x = boxes[:, 0:1] + landmarks[:, :5] * (boxes[:, 2:3] - boxes[:, 0:1])
    y = boxes[:, 1:2] + landmarks[:, 5:] * (boxes[:, 3:4] - boxes[:, 1:2])
    return np.dstack([x, y])


def by_reshape(boxes, landmarks):
    parts = landmarks.reshape(-1, 2, 5)
    return (boxes[:, :2, None] + parts * (boxes[:, 2:] - boxes[:, :2])[:, :, None]).swapaxes(1, 2)


def by_weights(boxes, landmarks):
    """Between the two corners: (1 - part) of the first and part of the second."""
    part = np.stack([landmarks[:, :5], landmarks[:, 5:]], axis=-1).astype(np.float64)
    return boxes[:, None, :2] * (1 - part) + boxes[:, None, 2:] * part


def by_torch(boxes, landmarks):
    boxes, landmarks = torch.from_numpy(boxes), torch.tensor(landmarks, requires_grad=True)
    parts = torch.stack(landmarks.split(5, dim=1), dim=2)  # (N, 5, 2)
    return boxes[:, None, :2] + parts * (boxes[:, 2:] - boxes[:, :2])[:, None]


def by_filling(boxes, landmarks):
    points = np.zeros((len(boxes), 5, 2))
    for n, k in np.ndindex(len(boxes), 5):
        for axis in (0, 1):
            low, high = boxes[n][axis], boxes[n][axis + 2]
            points[n, k, axis] = low + landmarks[n][k + 5 * axis] * (high - low)
    return points


RIGHT = [by_loops, by_columns, by_reshape, by_weights, by_torch, by_filling, boxes_.landmarks_to_image]


@pytest.mark.parametrize("fn", RIGHT)
def test_right_answers_pass(fn):
    verdict = checks.landmarks_to_image(fn)
    assert verdict, verdict
    assert "agree on all" in verdict.hint


def looped(point, after=lambda points: points):
    """Loops round `point(x, y, box) -> (x, y)`, where x and y are parts of the window."""

    def fn(boxes, landmarks):
        rows = [
            [point(x, y, box) for x, y in zip(ten[:5], ten[5:], strict=True)]
            for box, ten in zip(boxes.astype(float), landmarks.astype(float), strict=True)
        ]
        return after(np.array(rows).reshape(-1, 5, 2))

    return fn


def right(x, y, b):
    return b[0] + x * (b[2] - b[0]), b[1] + y * (b[3] - b[1])


def interleaved(boxes, landmarks):
    points = np.zeros((len(boxes), 5, 2))
    for n, b in enumerate(boxes):
        for k in range(5):
            points[n, k] = right(landmarks[n, 2 * k], landmarks[n, 2 * k + 1], b)
    return points


def first_box(boxes, landmarks):
    return by_columns(np.repeat(boxes[:1], len(boxes), axis=0), landmarks)


def first_box_by_name(boxes, landmarks):
    x1, y1, x2, y2 = boxes[0] if len(boxes) else (0, 0, 1, 1)
    return np.stack([x1 + landmarks[:, :5] * (x2 - x1), y1 + landmarks[:, 5:] * (y2 - y1)], axis=2)


def only_four(boxes, landmarks):
    points = np.zeros((len(boxes), 5, 2))
    points[:, :4] = by_columns(boxes, landmarks)[:, :4]
    return points


def then(change):
    return lambda boxes, landmarks: change(by_columns(boxes, landmarks))


WRONG = {
    "interleaved": (interleaved, "x1 to x5 first, then y1 to y5"),
    "interleaved, flat": (lambda b, k: interleaved(b, k).reshape(-1, 10), "x1 to x5 first"),
    "(N, 2, 5)": (then(lambda p: p.transpose(0, 2, 1)), "shape (N, 2, 5)"),
    "reshaped, not transposed": (then(lambda p: p.transpose(0, 2, 1).reshape(-1, 5, 2)), "reshape does not pair"),
    "(5, N, 2)": (then(lambda p: p.transpose(1, 0, 2)), "axis 0 is N"),
    "(N, 10)": (lambda b, k: by_reshape(b, k).swapaxes(1, 2).reshape(-1, 10), "still lie in one row"),
    "y, x": (then(lambda p: p[..., ::-1]), "x and y are swapped"),
    "y first in the ten": (lambda b, k: by_columns(b, np.hstack([k[:, 5:], k[:, :5]])), "x and y are swapped"),
    "width for y": (looped(lambda x, y, b: (b[0] + x * (b[2] - b[0]), b[1] + y * (b[2] - b[0]))), "width was used for"),
    "height for x": (
        looped(lambda x, y, b: (b[0] + x * (b[3] - b[1]), b[1] + y * (b[3] - b[1]))),
        "height was used for",
    ),
    "sizes swapped": (
        looped(lambda x, y, b: (b[0] + x * (b[3] - b[1]), b[1] + y * (b[2] - b[0]))),
        "Width and height are swapped",
    ),
    "longer side": (
        looped(lambda x, y, b: (b[0] + x * max(b[2:] - b[:2]), b[1] + y * max(b[2:] - b[:2]))),
        "One side was used for both",
    ),
    "no origin": (looped(lambda x, y, b: (x * (b[2] - b[0]), y * (b[3] - b[1]))), "corner is missing"),
    "origin swapped": (
        looped(lambda x, y, b: (b[1] + x * (b[2] - b[0]), b[0] + y * (b[3] - b[1]))),
        "corner is swapped",
    ),
    "x1 twice": (looped(lambda x, y, b: (b[0] + x * (b[2] - b[0]), b[0] + y * (b[3] - b[1]))), "x1 was added to both"),
    "x2, y2 as a size": (looped(lambda x, y, b: (b[0] + x * b[2], b[1] + y * b[3])), "x2 and y2 were taken"),
    "times the photo's size": (looped(lambda x, y, b: (x * b[2], y * b[3])), "x2 and y2 were taken"),
    "not scaled": (looped(lambda x, y, b: (b[0] + x, b[1] + y)), "added as they are"),
    "as they were": (looped(lambda x, y, b: (x, y)), "came back as they were"),
    "the ten as they were": (lambda b, k: k, "came back as they were"),
    "from the centre": (
        looped(lambda x, y, b: ((b[0] + b[2]) / 2 + x * (b[2] - b[0]), (b[1] + b[3]) / 2 + y * (b[3] - b[1]))),
        "from the window's centre",
    ),
    "from the far corner": (
        looped(lambda x, y, b: (b[2] - x * (b[2] - b[0]), b[3] - y * (b[3] - b[1]))),
        "from the bottom right",
    ),
    "y upwards": (looped(lambda x, y, b: (right(x, y, b)[0], b[3] - y * (b[3] - b[1]))), "y was counted upwards"),
    "subtracted": (looped(lambda x, y, b: (b[0] - x * (b[2] - b[0]), b[1] - y * (b[3] - b[1]))), "You subtracted"),
    "divided": (looped(lambda x, y, b: (b[0] + x / (b[2] - b[0]), b[1] + y / (b[3] - b[1]))), "You divided"),
    "the other way": (
        looped(lambda x, y, b: ((x - b[0]) / (b[2] - b[0]), (y - b[1]) / (b[3] - b[1]))),
        "from the photo to the window",
    ),
    "added, then scaled": (
        looped(lambda x, y, b: ((b[0] + x) * (b[2] - b[0]), (b[1] + y) * (b[3] - b[1]))),
        "First multiply",
    ),
    "- 1": (then(lambda p: p - 1), "- 1 of the authors' MATLAB"),
    "+ 1 and - 1": (
        looped(lambda x, y, b: (b[0] + x * (b[2] - b[0] + 1) - 1, b[1] + y * (b[3] - b[1] + 1) - 1)),
        "- 1 of the authors' MATLAB",
    ),
    "+ 1 in the side": (
        looped(lambda x, y, b: (b[0] + x * (b[2] - b[0] + 1), b[1] + y * (b[3] - b[1] + 1))),
        "old + 1",
    ),
    "- 1 in the side": (
        looped(lambda x, y, b: (b[0] + x * (b[2] - b[0] - 1), b[1] + y * (b[3] - b[1] - 1))),
        "side is 1 too small",
    ),
    "half a pixel off": (then(lambda p: p - 0.5), "Half a pixel"),
    "the first box for all": (first_box, "treated as the first"),
    "the first box by name": (first_box_by_name, "treated as the first"),
    "the first landmarks for all": (
        lambda b, k: by_columns(b, np.repeat(k[:1], len(k), axis=0)),
        "treated as the first",
    ),
    "one row out": (then(lambda p: p[:1]), "Only the first window"),
    "the first alone": (lambda b, k: by_columns(b, k)[0] if len(b) else np.zeros((0, 5, 2)), "it must be (1, 5, 2)"),
    "clipped at 0": (then(lambda p: np.maximum(p, 0)), "You clipped"),
    "clipped to the window": (lambda b, k: by_columns(b, np.clip(k, 0, 1)), "You clipped"),
    "rounded": (then(np.round), "You rounded"),
    "whole numbers": (then(lambda p: p.astype(int)), "You rounded"),
    "window cut at whole pixels": (
        looped(lambda x, y, b: (np.floor(b[0]) + x * (b[2] - b[0]), np.floor(b[1]) + y * (b[3] - b[1]))),
        "You rounded",
    ),
    "mirrored": (looped(lambda x, y, b: right(1 - x, y, b)), "Left and right"),
    "mirrored names": (then(lambda p: p[:, [1, 0, 2, 4, 3]]), "Left and right"),
    "backwards": (then(lambda p: p[:, ::-1]), "the last comes first"),
    "four of five": (only_four, "fifth point was left out"),
    "squared first": (lambda b, k: by_columns(boxes_.square_boxes(b), k), "made square first"),
    "nothing": (lambda b, k: None, "is a `return` missing"),
    "words": (lambda b, k: "points", "got 'points'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_answers_are_named(name):
    fn, hint = WRONG[name]
    check_named(checks.landmarks_to_image(fn), hint)


def test_a_crash_without_windows_is_explained():
    def fn(boxes, landmarks):
        return np.stack([right(ten[:5], ten[5:], box) for box, ten in zip(boxes, landmarks, strict=True)]).swapaxes(
            1, 2
        )

    verdict = checks.landmarks_to_image(fn)
    assert not verdict
    assert "Here N is 0" in verdict.hint
    assert "no window at all" in repr(verdict)


def test_columns_that_do_not_broadcast_get_the_shape_explained():
    def fn(boxes, landmarks):
        x1, y1, x2, y2 = boxes.T
        return np.stack([x1 + landmarks[:, :5] * (x2 - x1), y1 + landmarks[:, 5:] * (y2 - y1)], axis=2)

    verdict = checks.landmarks_to_image(fn)  # one window broadcasts, two do not
    assert not verdict
    assert "two windows" in repr(verdict)
    assert "make it a column (N, 1)" in verdict.hint


def test_changed_input_is_named():
    def fn(boxes, landmarks):
        points = landmarks.reshape(-1, 2, 5)  # a view
        points *= (boxes[:, 2:] - boxes[:, :2])[:, :, None]
        points += boxes[:, :2, None]
        return points.swapaxes(1, 2)

    verdict = checks.landmarks_to_image(fn)
    assert not verdict
    assert "changed its input `landmarks`" in verdict.hint


def test_stub_is_not_done_yet():
    def stub(boxes, landmarks):
        raise NotImplementedError

    verdict = checks.landmarks_to_image(stub)
    assert (bool(verdict), verdict.done) == (False, False)


def test_the_first_case_by_hand():
    boxes, landmarks = JUDGE.cases[3].inputs  # 50 x 100 px from (40, 20)
    assert boxes.tolist() == [[40, 20, 90, 120]]
    np.testing.assert_allclose(landmarks[0, [0, 5]], [0.3, 0.4])
    np.testing.assert_allclose(JUDGE.answers[3][0, 0], [55, 60])


def test_the_drawing_shows_the_window_and_both_sets_of_points():
    html = checks.landmarks_to_image(then(lambda p: p + 3))._repr_html_()
    assert all(colour in html for colour in ("#0072B2", "#D55E00", "#999999"))
    assert html.count("<path") >= 11  # the window, five expected points, five given ones
    far = checks.landmarks_to_image(then(lambda p: p * 1e9))._repr_html_()
    assert len(far) < 9000
