"""The judges: each accepts right answers however they are written, and rejects wrong ones by their name."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from judging import JUDGES, check_html, check_rejected, solutions, written

from mtcnn_lite import boxes as boxes_
from mtcnn_lite import pyramid
from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.judge import Case, Judge
from mtcnn_lite.course.checks.judge.compare import difference
from mtcnn_lite.course.checks.judge.text import number, read, show

# --- right answers


def windows_by_loops(face_map, scale, threshold):
    windows = []
    for i in range(len(face_map)):
        for j in range(len(face_map[0])):
            if face_map[i][j] >= threshold:
                x1, y1 = 2 * j / scale, 2 * i / scale
                windows.append([x1, y1, x1 + 12 / scale, y1 + 12 / scale])
    return windows  # a list, [] where none passes


def windows_by_floats(face_map, scale, threshold):
    found = [(j, i) for i, row in enumerate(face_map.tolist()) for j, score in enumerate(row) if score >= threshold]
    corner = np.array(found, dtype=np.float64).reshape(-1, 2) * 2
    return np.hstack([corner, corner + 12]) / scale


def windows_by_numpy(face_map, scale, threshold):
    cells = np.argwhere(face_map >= threshold)
    corner = 2 * cells[:, ::-1]
    return (np.concatenate([corner, corner + 12], axis=1) / scale).astype(np.float32)


def windows_by_torch(face_map, scale, threshold):
    i, j = torch.where(torch.as_tensor(face_map) >= threshold)
    return torch.stack([2 * j, 2 * i, 2 * j + 12, 2 * i + 12], dim=1) / scale


def windows_by_a_chatty_generator(face_map, scale, threshold):
    print("looking at", face_map)
    flat = np.flatnonzero(face_map >= threshold)
    i, j = np.unravel_index(flat, face_map.shape)
    return [np.array([2 * x, 2 * y, 2 * x + 12, 2 * y + 12]) / scale for x, y in zip(j, i, strict=True)]


def offsets_by_loops(boxes, offsets):
    moved = []
    for (x1, y1, x2, y2), (a, b, c, d) in zip(boxes, offsets, strict=True):
        w, h = x2 - x1, y2 - y1
        moved.append((x1 + a * w, y1 + b * h, x2 + c * w, y2 + d * h))
    return moved


def offsets_by_numpy(boxes, offsets):
    side = boxes[:, 2:] - boxes[:, :2]
    return boxes + offsets * np.tile(side, 2)


def offsets_by_a_copy(boxes, offsets):
    moved = boxes.astype(np.float64)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    moved[:, 0::2] += offsets[:, 0::2] * width[:, None]
    moved[:, 1::2] += offsets[:, 1::2] * height[:, None]
    return moved


def offsets_by_torch(boxes, offsets):
    boxes, offsets = torch.tensor(boxes), torch.tensor(offsets, requires_grad=True)
    side = boxes[:, 2:] - boxes[:, :2]
    return boxes + offsets * torch.cat([side, side], dim=1)  # it still carries its gradient


def offsets_as_integers_where_whole(boxes, offsets):
    moved = offsets_by_numpy(boxes, offsets)
    return moved.round().astype(int) if np.allclose(moved, moved.round()) else moved


@pytest.mark.parametrize(
    "fn",
    [
        windows_by_loops,
        windows_by_floats,
        windows_by_numpy,
        windows_by_torch,
        windows_by_a_chatty_generator,
        pyramid.candidate_windows,
    ],
)
def test_right_windows_pass(fn, capsys):
    verdict = checks.candidate_windows(fn)
    assert verdict, verdict
    assert verdict.passed is True
    assert "agree on all" in verdict.hint
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "fn",
    [
        offsets_by_loops,
        offsets_by_numpy,
        offsets_by_a_copy,
        offsets_by_torch,
        offsets_as_integers_where_whole,
        boxes_.decode_offsets,
    ],
)
def test_right_offsets_pass(fn):
    verdict = checks.decode_offsets(fn)
    assert verdict, verdict


@pytest.mark.parametrize("name", JUDGES)
def test_our_solutions_pass(name):
    verdict = getattr(checks, name)(getattr(solutions(), written(name)))
    assert verdict, verdict


def test_every_judge_has_a_solution():
    exercises = set(checks.__all__) - {"Verdict", "progress", "seen"}
    assert exercises == set(JUDGES)
    solved = [getattr(solutions(), written(name)) for name in exercises]
    assert all(callable(each) and each.__doc__ for each in solved)


def test_judges_load_without_torch():
    """The chapters on boxes need no torch, and it takes seconds to load."""
    code = (
        "import sys\n"
        "import numpy as np\n"
        "import mtcnn_lite.course.checks.nms\n"
        "from mtcnn_lite.boxes import iou\n"
        "from mtcnn_lite.course import checks\n"
        "assert callable(checks.nms), 'the module hides the judge'\n"
        "assert checks.iou(lambda box, boxes: iou([box], boxes)[0])\n"
        "for name in ('iou', 'decode_offsets', 'square_boxes', 'nms', 'soft_nms', 'pyramid_scales'):\n"
        "    assert not getattr(checks, name)(lambda *arguments: None)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_is_in_the_module_of_its_name(name):
    assert JUDGES[name] is sys.modules[f"mtcnn_lite.course.checks.{name}"].JUDGE
    assert getattr(checks, name).__name__ == name


# --- wrong answers for candidate_windows, as readers write them


def looped(cell=lambda i, j, s: (2 * j / s, 2 * i / s, 2 * j / s + 12 / s, 2 * i / s + 12 / s), passes=None):
    """Correct loops round `cell(i, j, scale) -> window`."""
    passes = passes or (lambda score, threshold: score >= threshold)

    def fn(face_map, scale, threshold):
        windows = [
            cell(i, j, scale)
            for i in range(face_map.shape[0])
            for j in range(face_map.shape[1])
            if passes(face_map[i, j], threshold)
        ]
        return np.array(windows, dtype=float).reshape(-1, 4)

    return fn


def numpyed(face_map, scale, threshold, order=None):
    rows, columns = np.where(face_map >= threshold)
    if order is not None:
        rows, columns = rows[order(rows, columns, face_map)], columns[order(rows, columns, face_map)]
    corner = np.stack([columns, rows], 1) * 2
    return np.concatenate([corner, corner + 12], 1) / scale


def crashes_when_empty(face_map, scale, threshold):
    return np.stack([np.array([2 * j, 2 * i, 2 * j + 12, 2 * i + 12]) / scale
                     for i, j in np.argwhere(face_map >= threshold)])  # fmt: skip


def flat_when_empty(face_map, scale, threshold):
    return np.array(windows_by_loops(face_map, scale, threshold))  # (0,) where none passes


def none_when_empty(face_map, scale, threshold):
    windows = windows_by_loops(face_map, scale, threshold)
    return windows if windows else None


def clears_the_map(face_map, scale, threshold):
    face_map[face_map < threshold] = 0
    rows, columns = np.nonzero(face_map >= threshold)
    corner = 2 * np.stack([columns, rows], 1)
    return np.concatenate([corner, corner + 12], 1) / scale


def height_and_width_swapped(face_map, scale, threshold):
    width, height = face_map.shape
    windows = [
        [2 * j / scale, 2 * i / scale, (2 * j + 12) / scale, (2 * i + 12) / scale]
        for i in range(height)
        for j in range(width)
        if face_map[i, j] >= threshold
    ]
    return np.array(windows).reshape(-1, 4)


def flat_index_over_height(face_map, scale, threshold):
    flat = np.flatnonzero(face_map >= threshold)
    i, j = flat // face_map.shape[0], flat % face_map.shape[0]
    return np.stack([2 * j, 2 * i, 2 * j + 12, 2 * i + 12], 1) / scale


def square_maps_only(face_map, scale, threshold):
    n = face_map.shape[0]
    found = [(i, j) for i in range(n) for j in range(min(n, face_map.shape[1])) if face_map[i, j] >= threshold]
    return np.array([[2 * j, 2 * i, 2 * j + 12, 2 * i + 12] for i, j in found]).reshape(-1, 4) / scale


def rounds(how):
    return lambda m, s, t: how(numpyed(m, s, t))


def through_int(face_map, scale, threshold):
    return [[int(v) for v in window] for window in windows_by_loops(face_map, scale, threshold)]


def facenet_pytorch(face_map, scale, threshold):
    found = torch.nonzero(torch.as_tensor(face_map) >= threshold).flip(1)
    return torch.cat([torch.floor((2 * found + 1) / scale), torch.floor((2 * found + 12) / scale)], dim=1)


def with_nan(face_map, scale, threshold):
    return numpyed(face_map, scale, threshold) * np.where(face_map.size > 1, np.nan, 1)


WRONG_WINDOWS = {
    "x and y swapped": (looped(lambda i, j, s: (2 * i / s, 2 * j / s, (2 * i + 12) / s, (2 * j + 12) / s)), "swapped"),
    "stride forgotten": (looped(lambda i, j, s: (j / s, i / s, (j + 12) / s, (i + 12) / s)), "stride is missing"),
    "stride 12": (looped(lambda i, j, s: (12 * j / s, 12 * i / s, 12 * (j + 1) / s, 12 * (i + 1) / s)), "not 12"),
    "times the scale": (
        looped(lambda i, j, s: (2 * j * s, 2 * i * s, (2 * j + 12) * s, (2 * i + 12) * s)),
        "multiplied",
    ),
    "corner times the scale": (
        looped(lambda i, j, s: (2 * j * s, 2 * i * s, 2 * j * s + 12 / s, 2 * i * s + 12 / s)),
        "multiplied",
    ),
    "side times the scale": (
        looped(lambda i, j, s: (2 * j / s, 2 * i / s, 2 * j / s + 12 * s, 2 * i / s + 12 * s)),
        "multiplied",
    ),
    "no scale": (looped(lambda i, j, s: (2 * j, 2 * i, 2 * j + 12, 2 * i + 12)), "scale was not used"),
    "side not scaled": (looped(lambda i, j, s: (2 * j / s, 2 * i / s, 2 * j / s + 12, 2 * i / s + 12)), "side was not"),
    "corner not scaled": (looped(lambda i, j, s: (2 * j, 2 * i, 2 * j + 12 / s, 2 * i + 12 / s)), "corner was not"),
    "side 12 + 1": (
        looped(lambda i, j, s: (2 * j / s, 2 * i / s, (2 * j + 13) / s, (2 * i + 13) / s)),
        "+ 1 in the side",
    ),
    "+ 1 px": (
        looped(lambda i, j, s: (2 * j / s, 2 * i / s, (2 * j + 12) / s + 1, (2 * i + 12) / s + 1)),
        "+ 1 in the side",
    ),
    "2j + 1": (
        looped(lambda i, j, s: ((2 * j + 1) / s, (2 * i + 1) / s, (2 * j + 13) / s, (2 * i + 13) / s)),
        "+ 1 at the corner",
    ),
    "2j + 1, to 2j + 12": (
        looped(lambda i, j, s: ((2 * j + 1) / s, (2 * i + 1) / s, (2 * j + 12) / s, (2 * i + 12) / s)),
        "+ 1 at the corner",
    ),
    "facenet-pytorch's": (facenet_pytorch, "+ 1 at the corner"),
    "side 12 + 1, rounded": (
        looped(lambda i, j, s: (round(2 * j / s), round(2 * i / s), round((2 * j + 13) / s), round((2 * i + 13) / s))),
        "+ 1 in the side",
    ),
    "inclusive corner": (
        looped(lambda i, j, s: (2 * j / s, 2 * i / s, (2 * j + 11) / s, (2 * i + 11) / s)),
        "inclusive",
    ),
    "inclusive, in px": (
        looped(lambda i, j, s: (2 * j / s, 2 * i / s, (2 * j + 12) / s - 1, (2 * i + 12) / s - 1)),
        "inclusive",
    ),
    "side times the stride": (
        looped(lambda i, j, s: (2 * j / s, 2 * i / s, 2 * (j + 12) / s, 2 * (i + 12) / s)),
        "by the stride too",
    ),
    "> for >=": (looped(passes=lambda score, threshold: score > threshold), "with >, the rule is >="),
    "< for >=": (looped(passes=lambda score, threshold: score < threshold), "wrong way"),
    "best first": (lambda m, s, t: numpyed(m, s, t, lambda i, j, m: np.argsort(-m[i, j])), "sorted by score"),
    "worst first": (lambda m, s, t: numpyed(m, s, t, lambda i, j, m: np.argsort(m[i, j])), "sorted by score"),
    "column by column": (lambda m, s, t: numpyed(m, s, t, lambda i, j, m: np.lexsort([i, j])), "column by column"),
    "last row first": (lambda m, s, t: numpyed(m, s, t)[::-1], "last comes first"),
    "x, y, width, height": (looped(lambda i, j, s: (2 * j / s, 2 * i / s, 12 / s, 12 / s)), "width, height"),
    "x1, x2, y1, y2": (
        looped(lambda i, j, s: (2 * j / s, 2 * j / s + 12 / s, 2 * i / s, 2 * i / s + 12 / s)),
        "order x1, x2, y1, y2",
    ),
    "centre": (looped(lambda i, j, s: ((2 * j - 6) / s, (2 * i - 6) / s, (2 * j + 6) / s, (2 * i + 6) / s)), "centre"),
    "crash when empty": (crashes_when_empty, "(0, 4)"),
    "(0,) when empty": (flat_when_empty, "(0, 4)"),
    "None when empty": (none_when_empty, "(0, 4)"),
    "rounded": (rounds(np.round), "rounded"),
    "floored": (rounds(np.floor), "rounded"),
    "ceiled": (rounds(np.ceil), "rounded"),
    "int()": (through_int, "rounded"),
    "//": (looped(lambda i, j, s: (2 * j // s, 2 * i // s, 2 * j // s + 12 // s, 2 * i // s + 12 // s)), "rounded"),
    "corner rounded": (
        looped(
            lambda i, j, s: (round(2 * j / s), round(2 * i / s), round(2 * j / s) + 12 / s, round(2 * i / s) + 12 / s)
        ),
        "rounded",
    ),
    "changes the map": (clears_the_map, "changed its input `face_map`"),
    "transposed": (lambda m, s, t: numpyed(m.T, s, t), "transposed"),
    "reshaped": (lambda m, s, t: numpyed(m.reshape(m.shape[1], m.shape[0]), s, t), "transposed"),
    "H and W swapped in loops": (height_and_width_swapped, "(H, W), rows first"),
    "flat index over the height": (flat_index_over_height, "transposed"),
    "square maps only": (square_maps_only, "need not be square"),
    "shape (4, N)": (lambda m, s, t: numpyed(m, s, t).T, "transposed"),
    "flattened": (lambda m, s, t: numpyed(m, s, t).reshape(-1), "must be (1, 4)"),
    "cells": (lambda m, s, t: np.argwhere(m >= t), "cells"),
    "scores too": (lambda m, s, t: np.column_stack([numpyed(m, s, t), m[m >= t]]), "fifth column"),
    "scores": (lambda m, s, t: m[m >= t], "returned scores"),
    "mask": (lambda m, s, t: m >= t, "returned scores"),
    "first window only": (lambda m, s, t: numpyed(m, s, t)[:1], "Missing: [4"),
    "one too many": (lambda m, s, t: np.vstack([numpyed(m, s, t), [[1, 2, 3, 4]]]), "Too many: [1, 2, 3, 4]"),
    "nothing": (lambda m, s, t: np.zeros((0, 4)), "No window came out"),
    "None": (lambda m, s, t: None, "is a `return` missing?"),
    "generator": (lambda m, s, t: (row for row in numpyed(m, s, t)), "wrap it in list"),
    "text": (lambda m, s, t: "windows", "The answer here is"),
    "a dict": (lambda m, s, t: {"windows": numpyed(m, s, t)}, "returned a dict"),
    "NaN": (with_nan, "NaN"),
}


@pytest.mark.parametrize("name", WRONG_WINDOWS)
def test_wrong_windows_are_named(name):
    fn, fragment = WRONG_WINDOWS[name]
    check_rejected(checks.candidate_windows(fn), fragment)


# --- wrong answers for decode_offsets


def unpacked(formula):
    """Correct columns round `formula(x1, y1, x2, y2, a, b, c, d) -> four columns`."""
    return lambda boxes, offsets: np.stack(formula(*boxes.T.astype(float), *offsets.T.astype(float)), axis=1)


def in_place(boxes, offsets):
    side = boxes[:, 2:] - boxes[:, :2]
    boxes += offsets * np.concatenate([side, side], axis=1)
    return boxes


def offsets_in_place(boxes, offsets):
    side = boxes[:, 2:] - boxes[:, :2]
    offsets *= np.concatenate([side, side], axis=1)
    return boxes + offsets


def compounding_in_place(boxes, offsets):
    boxes[:, 0] += offsets[:, 0] * (boxes[:, 2] - boxes[:, 0])
    boxes[:, 1] += offsets[:, 1] * (boxes[:, 3] - boxes[:, 1])
    boxes[:, 2] += offsets[:, 2] * (boxes[:, 2] - boxes[:, 0])
    boxes[:, 3] += offsets[:, 3] * (boxes[:, 3] - boxes[:, 1])
    return boxes


def compounding(boxes, offsets):
    moved = []
    for (x1, y1, x2, y2), (a, b, c, d) in zip(boxes, offsets, strict=True):
        x1 = x1 + a * (x2 - x1)
        y1 = y1 + b * (y2 - y1)
        x2 = x2 + c * (x2 - x1)
        y2 = y2 + d * (y2 - y1)
        moved.append([x1, y1, x2, y2])
    return np.array(moved).reshape(-1, 4)


def compounding_from_the_far_corner(boxes, offsets):
    moved = boxes.copy()
    moved[:, 2:] += offsets[:, 2:] * (moved[:, 2:] - moved[:, :2])
    moved[:, :2] += offsets[:, :2] * (moved[:, 2:] - moved[:, :2])
    return moved


def one_box_only(boxes, offsets):
    x1, y1, x2, y2 = boxes[0]
    w, h = x2 - x1, y2 - y1
    return boxes + offsets * np.array([w, h, w, h]) if len(boxes) else boxes


def stops_at_two(boxes, offsets):
    if len(boxes) == 0:
        return boxes
    width, height = (boxes[:, 2] - boxes[:, 0]).item(), (boxes[:, 3] - boxes[:, 1]).item()
    return boxes + offsets * np.array([width, height, width, height])


def crashes_at_none(boxes, offsets):
    return np.stack([offsets_by_numpy(boxes[i : i + 1], offsets[i : i + 1])[0] for i in range(len(boxes))])


def unpacks_rows(boxes, offsets):
    x1, y1, x2, y2 = boxes
    return np.stack([x1, y1, x2, y2]) + offsets


def rows_of_sides(boxes, offsets):
    w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return boxes + offsets * np.array([w, h, w, h])


def sides_alone(boxes, offsets):
    w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return offsets * np.stack([w, h, w, h], axis=1)


WRONG_OFFSETS = {
    "1 + offsets": (lambda b, o: b * (1 + o), "multiplied by 1 + its offset"),
    "12 offsets": (lambda b, o: b + 12 * o, "each box brings its own side"),
    "sides in rows": (rows_of_sides, "np.stack([w, h, w, h], axis=1)"),
    "not added": (sides_alone, "without the corner"),
    "no side": (lambda b, o: b + o, "multiply x by the width, y by the height"),
    "sides swapped": (
        unpacked(lambda x1, y1, x2, y2, a, b, c, d: (
            x1 + a * (y2 - y1), y1 + b * (x2 - x1), x2 + c * (y2 - y1), y2 + d * (x2 - x1))),
        "Width and height are swapped",
    ),
    "top left for all": (
        unpacked(lambda x1, y1, x2, y2, a, b, c, d: (
            x1 + a * (x2 - x1), y1 + b * (y2 - y1), x1 + c * (x2 - x1), y1 + d * (y2 - y1))),
        "top left corner",
    ),
    "subtracted": (lambda b, o: 2 * b - offsets_by_numpy(b, o), "subtracted"),
    "in place": (in_place, "changed its input `boxes`"),
    "offsets in place": (offsets_in_place, "changed its input `offsets`"),
    "side + 1": (
        unpacked(lambda x1, y1, x2, y2, a, b, c, d: (
            x1 + a * (x2 - x1 + 1), y1 + b * (y2 - y1 + 1), x2 + c * (x2 - x1 + 1), y2 + d * (y2 - y1 + 1))),
        "+ 1 in the side",
    ),
    "side - 1": (
        unpacked(lambda x1, y1, x2, y2, a, b, c, d: (
            x1 + a * (x2 - x1 - 1), y1 + b * (y2 - y1 - 1), x2 + c * (x2 - x1 - 1), y2 + d * (y2 - y1 - 1))),
        "1 too small",
    ),
    "width for both": (
        unpacked(lambda x1, y1, x2, y2, a, b, c, d: (
            x1 + a * (x2 - x1), y1 + b * (x2 - x1), x2 + c * (x2 - x1), y2 + d * (x2 - x1))),
        "width was used for both",
    ),
    "height for both": (
        unpacked(lambda x1, y1, x2, y2, a, b, c, d: (
            x1 + a * (y2 - y1), y1 + b * (y2 - y1), x2 + c * (y2 - y1), y2 + d * (y2 - y1))),
        "height was used for both",
    ),
    "longer side for both": (
        lambda b, o: b + o * (b[:, 2:] - b[:, :2]).max(axis=1, keepdims=True, initial=0),
        "One side was used for both",
    ),
    "first box's side": (one_box_only, "Only the first box"),
    "first box only": (lambda b, o: offsets_by_numpy(b[:1], o[:1]), "Only the first box"),
    "stops at two": (stops_at_two, "works for one box and stops at two"),
    "crash at none": (crashes_at_none, "(0, 4)"),
    "None at none": (lambda b, o: offsets_by_numpy(b, o) if len(b) else None, "(0, 4)"),
    "(0,) at none": (lambda b, o: np.array(offsets_by_loops(b, o)), "(0, 4)"),
    "rounded": (lambda b, o: offsets_by_numpy(b, o).round(), "rounded"),
    "int()": (lambda b, o: offsets_by_numpy(b, o).astype(int), "rounded"),
    "floored": (lambda b, o: np.floor(offsets_by_numpy(b, o)), "rounded"),
    "shift rounded": (lambda b, o: b + (offsets_by_numpy(b, o) - b).round(), "rounded"),
    "clipped": (lambda b, o: offsets_by_numpy(b, o).clip(0), "clipped"),
    "compounding": (compounding, "after a corner had moved"),
    "compounding in place": (compounding_in_place, "after a corner had moved"),
    "compounding in place, input": (compounding_in_place, "changed its input `boxes`"),
    "compounding, far corner first": (compounding_from_the_far_corner, "after a corner had moved"),
    "divided": (lambda b, o: b + o / np.tile(b[:, 2:] - b[:, :2], 2), "You divided"),
    "shift only": (lambda b, o: offsets_by_numpy(b, o) - b, "without the corner"),
    "unmoved": (lambda b, o: b.copy(), "as they were"),
    "first corner only": (lambda b, o: np.hstack([offsets_by_numpy(b, o)[:, :2], b[:, 2:]]), "Only the top left"),
    "offsets as x1, x2, y1, y2": (lambda b, o: offsets_by_numpy(b, o[:, [0, 2, 1, 3]]), "order x1, x2, y1, y2"),
    "offsets y first": (lambda b, o: offsets_by_numpy(b, o[:, [1, 0, 3, 2]]), "x and y are swapped"),
    "R-CNN's": (
        unpacked(lambda x1, y1, x2, y2, a, b, c, d: (
            (x1 + x2) / 2 + a * (x2 - x1) - (x2 - x1) * np.exp(c) / 2,
            (y1 + y2) / 2 + b * (y2 - y1) - (y2 - y1) * np.exp(d) / 2,
            (x1 + x2) / 2 + a * (x2 - x1) + (x2 - x1) * np.exp(c) / 2,
            (y1 + y2) / 2 + b * (y2 - y1) + (y2 - y1) * np.exp(d) / 2)),
        "R-CNN",
    ),
    "x, y, width, height": (
        lambda b, o: np.hstack([(m := offsets_by_numpy(b, o))[:, :2], m[:, 2:] - m[:, :2]]),
        "width, height",
    ),
    "squared": (lambda b, o: boxes_.square_boxes(offsets_by_numpy(b, o)), "made square"),
    "shape (4, N)": (lambda b, o: offsets_by_numpy(b, o).T, "transposed"),
    "shape (4,)": (lambda b, o: offsets_by_numpy(b, o)[0] if len(b) == 1 else offsets_by_numpy(b, o), "(1, 4)"),
    "rows unpacked": (unpacks_rows, "boxes.T unpacks"),
    "None": (lambda b, o: None, "is a `return` missing?"),
    "NaN": (lambda b, o: offsets_by_numpy(b, o) * np.nan, "NaN"),
    "ragged": (lambda b, o: [[1, 2, 3], [4]], "different lengths"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_OFFSETS)
def test_wrong_offsets_are_named(name):
    fn, fragment = WRONG_OFFSETS[name]
    check_rejected(checks.decode_offsets(fn), fragment)


# --- what the machinery does for every judge


@pytest.mark.parametrize("name", JUDGES)
def test_each_named_mistake_is_one(name):
    """A "mistake" that passes would accuse someone who is right."""
    judge = JUDGES[name]
    for mistake in judge.mistakes:
        for function in mistake.functions:
            verdict = judge.verdict(function)
            assert not verdict, mistake.hint
            assert mistake.hint in verdict.hint or "changed" in verdict.hint, (mistake.hint, verdict)


@pytest.mark.parametrize("name", JUDGES)
def test_a_stub_is_not_done_yet(name):
    def stub(*arguments):
        raise NotImplementedError

    verdict = getattr(checks, name)(stub)
    assert not verdict
    assert verdict.done is False
    assert "not done yet" in repr(verdict)
    assert "NotImplementedError" in verdict.hint
    assert len(repr(verdict).splitlines()) == 1
    check_html(verdict)


def test_an_error_becomes_a_verdict_with_its_line():
    def mine(face_map, scale, threshold):
        height = len(face_map)
        return 1 / (height - 1)

    verdict = checks.candidate_windows(mine)
    got = dict(verdict.facts)["got"]
    assert got == "ZeroDivisionError: division by zero\nin line 3 of mine: return 1 / (height - 1)"
    assert "Traceback" not in repr(verdict)
    assert "verdict.inputs" in verdict.hint
    check_html(verdict)


def test_the_line_is_the_readers_even_where_numpy_raised():
    def mine(boxes, offsets):
        return np.concatenate([boxes, offsets[0]])

    got = dict(checks.decode_offsets(mine).facts)["got"]
    assert got.endswith("in line 2 of mine: return np.concatenate([boxes, offsets[0]])")


def test_the_line_counts_from_the_function_round_a_comprehension():
    def mine(boxes, offsets):
        return [
            box.nothing
            for box in boxes
        ]  # fmt: skip

    got = dict(checks.decode_offsets(mine).facts)["got"]
    assert got.endswith("in line 3 of mine: box.nothing")


def test_a_cell_of_a_notebook_without_source_still_gives_its_line():
    namespace = {}
    exec(compile("def mine(boxes, offsets):\n    return boxes.nothing", "<a cell>", "exec"), namespace)
    got = dict(checks.decode_offsets(namespace["mine"]).facts)["got"]
    assert got.endswith("in line 2 of mine")


def test_addresses_do_not_reach_the_verdict():
    def mine(boxes, offsets):
        raise ValueError(f"not with {object()}")

    assert "0x" not in repr(checks.decode_offsets(mine))


def test_wrong_number_of_arguments():
    verdict = checks.decode_offsets(lambda boxes: boxes)
    assert "2 arguments" in verdict.hint
    assert "decode_offsets(boxes, offsets)" in verdict.hint
    check_html(verdict)


def test_a_call_in_place_of_a_function():
    verdict = checks.decode_offsets(np.zeros((1, 4)))
    assert "without calling it: checks.decode_offsets(decode_offsets)" in verdict.hint


def test_prints_are_kept_for_the_verdict(capsys):
    def mine(boxes, offsets):
        for step in range(1000):
            print("step", step)
        return boxes

    verdict = checks.decode_offsets(mine)
    assert capsys.readouterr().out == ""
    assert dict(verdict.facts)["printed"] == "step 0\nstep 1\nstep 2\nstep 3\n... 1000 lines"


def test_warnings_stay_out_of_the_notebook(recwarn):
    assert not checks.decode_offsets(lambda boxes, offsets: boxes / 0.0 * np.zeros(4))
    assert not checks.decode_offsets(lambda boxes, offsets: boxes / np.zeros(4))
    assert len(recwarn) == 0


@pytest.mark.parametrize("mine", [WRONG_WINDOWS["x and y swapped"][0], WRONG_WINDOWS["crash when empty"][0]])
def test_the_same_text_twice(mine):
    first, second = checks.candidate_windows(mine), checks.candidate_windows(mine)
    assert repr(first) == repr(second)
    assert first._repr_html_() == second._repr_html_()


def test_the_smallest_case_is_reported_and_can_be_tried_alone():
    verdict = checks.candidate_windows(WRONG_WINDOWS["stride forgotten"][0])
    assert [np.shape(value) for value in verdict.inputs] == [(1, 2), (), ()]
    assert repr(verdict) == (
        "checks.candidate_windows: not yet\n"
        "  case      5 of 17: one row, the second column passes\n"
        "  call      candidate_windows(np.array([[0.1, 0.9]]), 1.0, 0.6)\n"
        "  expected  [[2, 0, 14, 12]]\n"
        "  got       [[1, 0, 13, 12]]\n"
        "  differs   row 0, x1: got 1, expected 2\n"
        "  hint      The stride is missing: you took j, i where 2j, 2i belong. "
        "Neighbouring cells look 2 px apart in the level."
    )


def test_the_drawing_shows_given_expected_and_yours():
    html = checks.decode_offsets(lambda boxes, offsets: boxes + offsets)._repr_html_()
    assert all(colour in html for colour in ("#0072B2", "#D55E00", "#999999"))
    assert "currentColor" in html
    assert html.count("<svg") == 2  # the picture, and in it the plane, which cuts off what lies far out


@pytest.mark.parametrize("far", [1e9, -1e9, 1e30])
def test_a_box_far_out_does_not_spoil_the_drawing(far):
    html = checks.decode_offsets(lambda boxes, offsets: np.full_like(boxes, far))._repr_html_()
    assert len(html) < 6000
    ET.fromstring(html)


def test_two_mistakes_at_once_get_one_of_them_named():
    both = looped(lambda i, j, s: (j / s, i / s, (j + 12) / s, (i + 12) / s), passes=lambda score, t: score > t)
    hint = checks.candidate_windows(both).hint
    assert hint.startswith("In this case it looks like this: You compared with >")


def test_a_mistake_on_a_tie_is_told_apart_by_the_other_cases():
    """`<` and "no side" may look alike in one case: the one that agrees everywhere is named."""
    judge = Judge(
        name="double",
        arguments=("n",),
        reference=lambda n: 2 * n,
        cases=(Case("two", (2,)), Case("one", (1,)), Case("three", (3,))),
        hints={"one less": lambda n: 2 * n - 1, "three always": lambda n: 3},
    )
    assert judge.verdict(lambda n: 3).hint == "three always"
    assert judge.verdict(lambda n: n + n - 1).hint == "one less"
    assert judge.verdict(lambda n: n * 2)
    assert judge.verdict(lambda n: None).hint.startswith("Your function returned None")


def test_answers_that_are_words_masks_or_none():
    def kind(n):
        return None if n == 0 else "part" if n == 1 else np.array([True, n > 3])

    cases = tuple(Case(f"{n}", (n,)) for n in range(5))
    judge = Judge("kind", ("n",), kind, cases, {})
    assert judge.verdict(kind)
    assert judge.verdict(lambda n: kind(n).astype(int) if n > 1 else kind(n))
    assert judge.verdict(lambda n: np.str_("part") if n == 1 else kind(n))
    assert "None" in judge.verdict(lambda n: "part").hint
    assert "'part'" in judge.verdict(lambda n: None if n == 0 else "negative").hint
    assert "returned 1 where 2 should come out" in judge.verdict(lambda n: [1] if n > 1 else kind(n)).hint


def test_without_a_named_mistake_the_right_columns_are():
    def mine(boxes, offsets):
        moved = offsets_by_numpy(boxes, offsets)
        return moved + [3.5, 0, 0, 0]

    assert checks.decode_offsets(mine).hint == "y1, x2 and y2 came out right. Look at x1."


def test_right_rows_in_another_order():
    judge = Judge("rows", ("n",), lambda n: np.eye(n), (Case("three rows", (3,)),), {})
    assert "another order" in judge.verdict(lambda n: np.roll(np.eye(n), 1, axis=0)).hint
    assert "another order" not in judge.verdict(lambda n: np.ones((n, n))).hint


def test_tensors_as_arguments_are_copied_and_watched():
    def doubled(x):
        return x * 2

    judge = Judge("doubled", ("x",), doubled, (Case("a tensor", (torch.tensor([1.0, 2.0]),)),), {})
    assert judge.verdict(doubled)
    assert "changed its input `x`" in judge.verdict(lambda x: x.mul_(2)).hint


def test_the_cases_stay_as_they_are():
    before = [[np.copy(value) for value in case.inputs] for case in JUDGES["decode_offsets"].cases]
    checks.decode_offsets(in_place)
    checks.decode_offsets(compounding_in_place)
    after = [case.inputs for case in JUDGES["decode_offsets"].cases]
    assert all(
        np.array_equal(a, b) for old, new in zip(before, after, strict=True) for a, b in zip(old, new, strict=True)
    )


def test_ties_hold_in_float32_and_in_float64():
    for case in JUDGES["candidate_windows"].cases:
        face_map, _, threshold = case.inputs
        as_float64 = face_map.astype(np.float64) >= threshold
        assert np.array_equal(as_float64, face_map >= threshold), case.about


def test_numbers_read_the_same_everywhere():
    assert [number(v) for v in (0.1 + 0.2, np.float32(0.1), -1e-9, 1e6, 12)] == ["0.3", "0.1", "0", "1000000", "12"]
    assert show(np.zeros((9, 2))).endswith("... 9 rows]")
    assert difference(read([1.0]), read(torch.tensor([1.0])), 1e-6) is None
