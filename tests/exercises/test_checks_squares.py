"""The judge of `square_boxes`: right answers in several styles pass, wrong ones are named."""

import math

import numpy as np
import pytest
import torch

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.square_boxes import JUDGE


def by_loops(boxes):
    squares = []
    for x1, y1, x2, y2 in boxes:
        half, x, y = max(x2 - x1, y2 - y1) / 2, (x1 + x2) / 2, (y1 + y2) / 2
        squares.append((x - half, y - half, x + half, y + half))
    return squares  # a list, [] where N is 0


def by_padding(boxes):
    """Another way to the same: push both ends out by half of what the shorter side lacks."""
    size = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64)
    lacking = (size.max(axis=1, keepdims=True) - size) / 2
    return np.hstack([boxes[:, :2] - lacking, boxes[:, 2:] + lacking])


def by_columns(boxes):
    x1, y1, x2, y2 = boxes.T
    side = np.maximum(x2 - x1, y2 - y1)
    left, top = x1 + (x2 - x1) / 2 - side / 2, y1 + (y2 - y1) / 2 - side / 2
    return np.stack([left, top, left + side, top + side], axis=1)


def by_torch(boxes):
    corner, opposite = torch.tensor(boxes).split(2, dim=1)
    half = (opposite - corner).amax(dim=1, keepdim=True) / 2 if len(boxes) else torch.zeros(0, 1)
    centre = (corner + opposite) / 2
    return torch.cat([centre - half, centre + half], dim=1)


def by_a_copy(boxes):
    squares = boxes.copy()
    for k, (w, h) in enumerate(boxes[:, 2:] - boxes[:, :2]):
        grow = abs(w - h) / 2
        squares[k, 0 if h > w else 1] -= grow
        squares[k, 2 if h > w else 3] += grow
    return squares


@pytest.mark.parametrize("fn", [by_loops, by_padding, by_columns, by_torch, by_a_copy, boxes_.square_boxes])
def test_right_squares_pass(fn):
    verdict = checks.square_boxes(fn)
    assert verdict, verdict
    assert "agree on all" in verdict.hint


def looped(square):
    """Loops round `square(x1, y1, x2, y2, width, height) -> four numbers`."""
    return lambda boxes: np.array(
        [square(x1, y1, x2, y2, x2 - x1, y2 - y1) for x1, y1, x2, y2 in boxes.tolist()], dtype=float
    ).reshape(-1, 4)


def round_centre(x1, y1, x2, y2, w, h, side=max):
    x, y, half = (x1 + x2) / 2, (y1 + y2) / 2, side(w, h) / 2
    return x - half, y - half, x + half, y + half


def rerec(boxes):
    """facenet-pytorch's: right, but it writes into what it was given."""
    h, w = boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]
    side = np.maximum(w, h)
    boxes[:, 0] = boxes[:, 0] + w * 0.5 - side * 0.5
    boxes[:, 1] = boxes[:, 1] + h * 0.5 - side * 0.5
    boxes[:, 2:4] = boxes[:, :2] + np.repeat([side], 2, axis=0).T
    return boxes


def growing_in_place(boxes):
    boxes[:, :2] = by_padding(boxes)[:, :2]
    return by_padding(boxes)


def one_maximum(boxes):
    """Crashes where there is no box: a maximum over all of nothing."""
    (boxes[:, 2:] - boxes[:, :2]).max()
    return by_padding(boxes)


def first_row(boxes):
    x1, y1, x2, y2 = boxes[0]
    return [list(round_centre(x1, y1, x2, y2, x2 - x1, y2 - y1))]


def single_box(boxes):
    x1, y1, x2, y2 = boxes
    return [round_centre(x1, y1, x2, y2, x2 - x1, y2 - y1)]


def second_centre_from_moved_corner(boxes):
    squares, side = boxes.astype(float), (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)
    for axis in (0, 1):
        squares[:, axis] = (squares[:, axis] + squares[:, axis + 2]) / 2 - side / 2
        squares[:, axis + 2] = (squares[:, axis] + squares[:, axis + 2]) / 2 + side / 2
    return squares


def clip(square):
    return np.maximum(by_padding(square), 0)


def without_keepdims(boxes):
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    side = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    return np.concatenate([centre - side / 2, centre + side / 2], axis=1)


WRONG = {
    "no keepdims": (without_keepdims, "max(axis=1, keepdims=True)"),
    "as it came": (lambda boxes: boxes.copy(), "came back as they were"),
    "shorter side": (looped(lambda *box: round_centre(*box, side=min)), "shorter side"),
    "mean side": (looped(lambda *box: round_centre(*box, side=lambda w, h: (w + h) / 2)), "mean of width"),
    "root of the area": (looped(lambda *box: round_centre(*box, side=lambda w, h: math.sqrt(w * h))), "mean of width"),
    "diagonal": (looped(lambda *box: round_centre(*box, side=math.hypot)), "diagonal"),
    "sum": (looped(lambda *box: round_centre(*box, side=lambda w, h: w + h)), "added width and height"),
    "always the width": (looped(lambda *box: round_centre(*box, side=lambda w, h: w)), "always the width"),
    "always the height": (looped(lambda *box: round_centre(*box, side=lambda w, h: h)), "always the height"),
    "longest of the batch": (
        lambda boxes: looped(
            lambda *box: round_centre(*box, side=lambda w, h: float((boxes[:, 2:] - boxes[:, :2]).max()))
        )(boxes),
        "longest of the whole batch",
    ),
    "corner kept": (looped(lambda x1, y1, x2, y2, w, h: (x1, y1, x1 + max(w, h), y1 + max(w, h))), "kept a corner"),
    "far corner kept": (looped(lambda x1, y1, x2, y2, w, h: (x2 - max(w, h), y2 - max(w, h), x2, y2)), "kept a corner"),
    "centred in x only": (
        looped(
            lambda x1, y1, x2, y2, w, h: (x1 + w / 2 - max(w, h) / 2, y1, x1 + w / 2 + max(w, h) / 2, y1 + max(w, h))
        ),
        "kept a corner",
    ),
    "all that is missing, twice": (
        looped(
            lambda x1, y1, x2, y2, w, h: (
                x1 - max(h - w, 0),
                y1 - max(w - h, 0),
                x2 + max(h - w, 0),
                y2 + max(w - h, 0),
            )
        ),
        "moved out by all that is missing",
    ),
    "side for half": (looped(lambda *box: round_centre(*box, side=lambda w, h: 2 * max(w, h))), "by all that is"),
    "half for side": (looped(lambda *box: round_centre(*box, side=lambda w, h: max(w, h) / 2)), "too small"),
    "only x grows": (
        looped(lambda x1, y1, x2, y2, w, h: (x1 - max(h - w, 0) / 2, y1, x2 + max(h - w, 0) / 2, y2)),
        "higher than wide come out right",
    ),
    "only y grows": (
        looped(lambda x1, y1, x2, y2, w, h: (x1, y1 - max(w - h, 0) / 2, x2, y2 + max(w - h, 0) / 2)),
        "wider than high come out right",
    ),
    "moved corner": (second_centre_from_moved_corner, "before any moves"),
    "clipped": (clip, "clipped the square at 0"),
    "abs": (lambda boxes: np.abs(by_padding(boxes)), "clipped the square at 0"),
    "pushed back": (
        lambda boxes: by_padding(boxes) - np.tile(np.minimum(by_padding(boxes)[:, :2], 0), 2),
        "pushed back into the photo",
    ),
    "rounded": (lambda boxes: by_padding(boxes).round(), "rounded"),
    "int": (lambda boxes: by_padding(boxes).astype(int), "rounded"),
    "floored": (lambda boxes: np.floor(by_padding(boxes)), "rounded"),
    "half by //": (looped(lambda *box: round_centre(*box, side=lambda w, h: 2 * (max(w, h) // 2))), "rounded"),
    "centre by //": (
        looped(
            lambda x1, y1, x2, y2, w, h: (
                (x1 + x2) // 2 - max(w, h) / 2,
                (y1 + y2) // 2 - max(w, h) / 2,
                (x1 + x2) // 2 + max(w, h) / 2,
                (y1 + y2) // 2 + max(w, h) / 2,
            )
        ),
        "rounded",
    ),
    "x and y swapped": (lambda boxes: by_padding(boxes)[:, [1, 0, 3, 2]], "x and y are swapped"),
    "read as x1, x2, y1, y2": (lambda boxes: by_padding(boxes[:, [0, 2, 1, 3]]), "read as x1, x2, y1, y2"),
    "returned as x1, x2, y1, y2": (lambda boxes: by_padding(boxes)[:, [0, 2, 1, 3]], "in the order x1, x2, y1, y2"),
    "+ 1": (looped(lambda *box: round_centre(*box, side=lambda w, h: max(w, h) + 1)), "old + 1"),
    "+ 1 at the end": (lambda boxes: by_padding(boxes) + [0, 0, 1, 1], "old + 1"),
    "inclusive": (lambda boxes: by_padding(boxes) - [0, 0, 1, 1], "1 too small"),
    "x, y, width, height": (
        lambda boxes: np.hstack([by_padding(boxes)[:, :2], np.diff(by_padding(boxes).reshape(-1, 2, 2), axis=1)[:, 0]]),
        "x, y, width, height",
    ),
    "centre and size": (
        looped(lambda x1, y1, x2, y2, w, h: ((x1 + x2) / 2, (y1 + y2) / 2, max(w, h), max(w, h))),
        "centre and size",
    ),
    "in place": (rerec, "changed its input `boxes`"),
    "half in place": (growing_in_place, "changed its input `boxes`"),
    "crash when empty": (one_maximum, "Here N is 0"),
    "None when empty": (lambda boxes: by_padding(boxes) if len(boxes) else None, "(0, 4)"),
    "first box only": (lambda boxes: by_padding(boxes)[:1], "Only the first box"),
    "first row": (first_row, "Only the first box"),
    "a single box": (single_box, "boxes has shape (1, 4)"),
    "transposed": (lambda boxes: by_padding(boxes).T, "transposed"),
    "sides": (lambda boxes: (boxes[:, 2:] - boxes[:, :2]).max(axis=1), "must be (1, 4)"),
    "nothing": (lambda boxes: None, "is a `return` missing?"),
    "two arguments": (lambda boxes, size: boxes, "must take 1 arguments"),
    "called": (by_loops(np.zeros((0, 4))), "Hand over the function itself"),
}


@pytest.mark.parametrize(("fn", "hint"), WRONG.values(), ids=WRONG.keys())
def test_wrong_squares_are_named(fn, hint):
    verdict = checks.square_boxes(fn)
    assert not verdict
    assert hint in verdict.hint, verdict


def test_every_mistake_of_the_judge_is_one():
    """None of the wrong functions that it knows is right, and each is named by its own hint."""
    for mistake in JUDGE.mistakes:
        for fn in mistake.functions:
            verdict = JUDGE.verdict(fn)
            assert not verdict, mistake.hint
            plain = verdict.hint.startswith(("Your function returned", "The answer"))  # another shape: no guess
            assert plain or verdict.hint in {m.hint for m in JUDGE.mistakes}, (mistake.hint, verdict.hint)


def test_cases_have_no_tie_that_floats_could_break():
    """The longer side is longer by at least half a pixel, or equal: no case hangs on a rounding error."""
    for case in JUDGE.cases:
        width, height = (case.inputs[0][:, 2:] - case.inputs[0][:, :2]).T
        assert ((np.abs(width - height) >= 0.5) | (width == height)).all(), case.about


def test_drawing_shows_given_expected_and_yours():
    html = checks.square_boxes(clip)._repr_html_()
    assert all(colour in html for colour in ("#0072B2", "#D55E00", "#999999"))
