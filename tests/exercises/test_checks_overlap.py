"""The judge of `iou`: right answers pass however they are written, and each wrong one is called by its name."""

import numpy as np
import pytest
import torch
from judging import check_rejected, solutions
from oracles import counted, integer_boxes

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.iou import JUDGE

# --- right answers


def by_loops(box, boxes):
    overlaps = []
    x1, y1, x2, y2 = box
    for a1, b1, a2, b2 in boxes:
        width, height = min(x2, a2) - max(x1, a1), min(y2, b2) - max(y1, b1)
        shared = width * height if width > 0 and height > 0 else 0
        union = (x2 - x1) * (y2 - y1) + (a2 - a1) * (b2 - b1) - shared
        overlaps.append(shared / union if union else 0)
    return overlaps  # a list, [] where there is no box


def by_numpy(box, boxes):
    box, boxes = box.astype(np.float64), boxes.astype(np.float64)
    sides = np.clip(np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2]), 0, None)
    shared = sides[:, 0] * sides[:, 1]
    union = np.prod(box[2:] - box[:2]) + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) - shared
    return np.where(union > 0, shared / np.maximum(union, 1e-9), 0)


def by_torch(box, boxes):
    box, boxes = torch.as_tensor(box)[None], torch.tensor(boxes, requires_grad=True)
    shared = (torch.minimum(box[:, 2:], boxes[:, 2:]) - torch.maximum(box[:, :2], boxes[:, :2])).clamp(min=0).prod(1)
    union = (box[:, 2:] - box[:, :2]).prod(1) + (boxes[:, 2:] - boxes[:, :2]).prod(1) - shared
    return torch.where(union > 0, shared / union, torch.zeros(()))  # it still carries its gradient


def with_nan_filled(box, boxes):
    x1, y1, x2, y2 = boxes.T
    w = np.maximum(0, np.minimum(box[2], x2) - np.maximum(box[0], x1))
    h = np.maximum(0, np.minimum(box[3], y2) - np.maximum(box[1], y1))
    union = (box[2] - box[0]) * (box[3] - box[1]) + (x2 - x1) * (y2 - y1) - w * h
    return np.nan_to_num(w * h / union)


def by_the_package(box, boxes):
    return boxes_.iou([box], boxes)[0]


@pytest.mark.parametrize("fn", [by_loops, by_numpy, by_torch, with_nan_filled, by_the_package])
def test_right_overlaps_pass(fn):
    verdict = checks.iou(fn)
    assert verdict, verdict
    assert "agree on all" in verdict.hint


def test_our_solution_passes_and_counts_as_pixels_do():
    mine = solutions().iou
    assert checks.iou(mine), checks.iou(mine)
    boxes = integer_boxes(np.random.default_rng(5), 60)
    boxes[:, 2:] = np.maximum(boxes[:, :2], boxes[:, 2:])
    for box in boxes[:20]:
        np.testing.assert_allclose(mine(box, boxes), [counted(box, other) for other in boxes], atol=1e-6)


def test_stub_is_not_done_yet():
    def stub(box, boxes):
        raise NotImplementedError

    assert checks.iou(stub).state == "not done yet"


# --- wrong answers


def columns(formula):
    """`formula(a, b, shared width, shared height)` of corners a and b, (4, 1) and (4, N); 0 / 0 is left as it is."""

    def fn(box, boxes):
        a, b = box.astype(float)[:, None], boxes.T.astype(float)
        width, height = np.minimum(a[2], b[2]) - np.maximum(a[0], b[0]), np.minimum(a[3], b[3]) - np.maximum(a[1], b[1])
        return formula(a, b, width, height)

    return fn


def area(corners, more=0):
    return (corners[2] - corners[0] + more) * (corners[3] - corners[1] + more)


def safe(shared, whole):
    return np.where(whole > 0, shared / np.where(whole > 0, whole, 1), 0)


def over(whole, together=lambda w, h: np.maximum(w, 0) * np.maximum(h, 0)):
    """The shared area over `whole(area of box, areas of boxes, shared)`."""

    def formula(a, b, w, h):
        shared = together(w, h)
        return safe(shared, whole(area(a), area(b), shared) + 0 * shared)

    return columns(formula)


def union(one, each, shared):
    return one + each - shared


def plus_one(a, b, w, h):
    shared = np.maximum(w + 1, 0) * np.maximum(h + 1, 0)
    return shared / (area(a, 1) + area(b, 1) - shared)


def in_place(box, boxes):
    boxes[:, :2] = np.maximum(box[:2], boxes[:, :2])
    boxes[:, 2:] = np.minimum(box[2:], boxes[:, 2:])
    return np.ones(len(boxes))


def sides_in_place(box, boxes):
    answer = by_numpy(box, boxes)
    box[2:] -= box[:2]
    return answer


def crashes_at_none(box, boxes):
    return np.concatenate([[by_loops(box, [other])[0]] for other in boxes])


def one_pair_only(box, boxes):
    return [by_loops(box, boxes[:1])[0]] if len(boxes) == 1 else by_loops(box, [boxes.reshape(4)])


def loops_divide(box, boxes):
    answer = []
    for other in boxes.tolist():
        w = max(0, min(box[2].item(), other[2]) - max(box[0].item(), other[0]))
        h = max(0, min(box[3].item(), other[3]) - max(box[1].item(), other[1]))
        answer.append(w * h / (area(box.tolist()) + area(other) - w * h))
    return answer


def as_sides(boxes):
    boxes = np.array(boxes)
    boxes[..., 2:] += boxes[..., :2]
    return boxes


def generalised(a, b, w, h):
    shared = np.maximum(w, 0) * np.maximum(h, 0)
    around = (np.maximum(a[2], b[2]) - np.minimum(a[0], b[0])) * (np.maximum(a[3], b[3]) - np.minimum(a[1], b[1]))
    whole = union(area(a), area(b), shared)
    return safe(shared, whole) - safe(around - whole, around)


WRONG = {
    "+ 1": (columns(plus_one), "old + 1"),
    "+ 1 in the areas": (columns(lambda a, b, w, h: safe(np.maximum(w, 0) * np.maximum(h, 0), union(
        area(a, 1), area(b, 1), np.maximum(w, 0) * np.maximum(h, 0)))), "old + 1"),
    "+ 1 in the shared part": (over(union, lambda w, h: np.maximum(w + 1, 0) * np.maximum(h + 1, 0)), "old + 1"),
    "no clipping": (over(union, lambda w, h: w * h), "not clipped"),
    "the product clipped": (over(union, lambda w, h: np.maximum(w * h, 0)), "not clipped"),
    "only x clipped": (over(union, lambda w, h: np.maximum(w, 0) * h), "not clipped"),
    "absolute sides": (over(union, lambda w, h: abs(w) * abs(h)), "absolute value"),
    "x and y swapped in box": (lambda box, boxes: by_numpy(box[[1, 0, 3, 2]], boxes), "x and y are swapped"),
    "x and y swapped in boxes": (lambda box, boxes: by_numpy(box, boxes[:, [1, 0, 3, 2]]), "x and y are swapped"),
    "x1, x2, y1, y2": (lambda box, boxes: by_numpy(box[[0, 2, 1, 3]], boxes[:, [0, 2, 1, 3]]), "order x1, x2, y1, y2"),
    "sum of the areas": (over(lambda one, each, shared: one + each), "counts the shared part twice"),
    "subtracted twice": (over(lambda one, each, shared: one + each - 2 * shared), "not twice"),
    "over box": (over(lambda one, each, shared: one), "area of `box` alone"),
    "over boxes": (over(lambda one, each, shared: each), "each of `boxes` alone"),
    "over the smaller": (over(lambda one, each, shared: np.minimum(one, each)), "over the smaller"),
    "over the larger": (over(lambda one, each, shared: np.maximum(one, each)), "divided by the larger"),
    "over the box around": (columns(lambda a, b, w, h: safe(np.maximum(w, 0) * np.maximum(h, 0), (
        np.maximum(a[2], b[2]) - np.minimum(a[0], b[0])) * (np.maximum(a[3], b[3]) - np.minimum(a[1], b[1])))),
        "box around both"),
    "Dice": (columns(lambda a, b, w, h: safe(2 * np.maximum(w, 0) * np.maximum(h, 0), area(a) + area(b))), "Dice"),
    "max and min swapped": (columns(lambda a, b, w, h: safe(*(lambda s: (s, area(a) + area(b) - s))((
        np.maximum(a[2], b[2]) - np.minimum(a[0], b[0])) * (np.maximum(a[3], b[3]) - np.minimum(a[1], b[1]))))),
        "max and min have changed places"),
    "0 / 0 in numpy": (columns(lambda a, b, w, h: np.maximum(w, 0) * np.maximum(h, 0) / union(
        area(a), area(b), np.maximum(w, 0) * np.maximum(h, 0))), "0 was divided by 0"),
    "0 / 0 in loops": (loops_divide, "the answer is 0 by definition"),
    "1 for nothing": (lambda box, boxes: np.where(
        (boxes[:, 2] - boxes[:, 0] + box[2] - box[0]) > 0, by_numpy(box, boxes), 1), "not 1"),
    "union + 1": (over(lambda one, each, shared: union(one, each, shared) + 1), "1 was added to the union"),
    "shape (N, 1)": (lambda box, boxes: by_numpy(box, boxes)[:, None], "shape (1, 1): it must be (1,)"),
    "a number": (lambda box, boxes: by_numpy(box, boxes[:1])[0] if len(boxes) else 0.0, "it must be (1,)"),
    "the first only": (lambda box, boxes: by_numpy(box, boxes)[:1], "Only the first of `boxes`"),
    "stops at two": (one_pair_only, "stops at more"),
    "crash at none": (crashes_at_none, "shape (0,), np.zeros(0)"),
    "(0, 4) at none": (lambda box, boxes: by_numpy(box, boxes) if len(boxes) else boxes, "shape (0,), np.zeros(0)"),
    "the best only": (lambda box, boxes: max(by_loops(box, boxes), default=0), "best of the N"),
    "the best, in a list": (lambda box, boxes: [max(by_loops(box, boxes), default=0)], "returned 1 where 3"),
    "all pairs": (lambda box, boxes: boxes_.iou(boxes, boxes), "(N, N)"),
    "x, y, width, height": (lambda box, boxes: by_numpy(as_sides(box), as_sides(boxes)), "x, y, width, height"),
    "boxes as x, y, w, h": (lambda box, boxes: by_numpy(box, as_sides(boxes)), "x, y, width, height"),
    "areas as x, y, w, h": (columns(lambda a, b, w, h: safe(np.maximum(w, 0) * np.maximum(h, 0), union(
        a[2] * a[3], b[2] * b[3], np.maximum(w, 0) * np.maximum(h, 0)))), "x, y, width, height"),
    "shared area": (columns(lambda a, b, w, h: np.maximum(w, 0) * np.maximum(h, 0)), "shared area, in square pixels"),
    "distance": (lambda box, boxes: 1 - by_numpy(box, boxes), "1 - IoU"),
    "upside down": (lambda box, boxes: 1 / by_numpy(box, boxes), "union by the intersection"),
    "x only": (over(union, lambda w, h: np.maximum(w, 0)), "Only one axis"),
    "sides added": (over(union, lambda w, h: np.maximum(w, 0) + np.maximum(h, 0)), "shared part were added"),
    "int()": (lambda box, boxes: by_loops(box.astype(int), boxes.astype(int)), "rounded to whole pixels"),
    "rounded boxes": (lambda box, boxes: by_numpy(box.round(), boxes.round()), "rounded to whole pixels"),
    "//": (lambda box, boxes: np.floor(by_numpy(box, boxes)), "// rounds down"),
    "rounded answer": (lambda box, boxes: by_numpy(box, boxes).round(2), "rounded the answer"),
    "generalised": (columns(generalised), "generalised"),
    "sorted": (lambda box, boxes: np.sort(by_numpy(box, boxes))[::-1], "sorted the answer"),
    "in place": (sides_in_place, "changed its input `box`"),
    "None": (lambda box, boxes: print(by_numpy(box, boxes)), "is a `return` missing?"),
    "generator": (lambda box, boxes: (v for v in by_loops(box, boxes)), "wrap it in list"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
def test_wrong_overlaps_are_named(name):
    fn, fragment = WRONG[name]
    check_rejected(checks.iou(fn), fragment)


def test_a_wrong_answer_that_also_changes_its_input_says_both():
    assert not checks.iou(in_place)


def test_each_mistake_is_caught():
    """No function listed as a mistake passes: each differs from the right one in at least one case."""
    for mistake in JUDGE.mistakes:
        for fn in mistake.functions:
            assert not checks.iou(fn), mistake.hint


def test_cases_are_what_pixels_say():
    """The reference itself, where corners are whole: against counted pixels."""
    whole = [case for case in JUDGE.cases if all(np.array_equal(a, np.round(a)) for a in case.inputs)]
    assert len(whole) >= 12
    for case in whole:
        box, boxes = case.inputs
        expected = [counted(box, other) for other in boxes]
        np.testing.assert_allclose(JUDGE.reference(box, boxes), expected, atol=1e-6, err_msg=case.about)


def test_drawing_shows_both_boxes_and_what_they_share():
    verdict = checks.iou(over(lambda one, each, shared: one + each))
    assert "blue: what they share" in verdict.drawing
    assert verdict.drawing.count("<path") == 3  # box, boxes[0], the shared part
    apart = checks.iou(over(union, lambda w, h: w * h))
    assert "share" not in apart.drawing
    assert apart.drawing.count("<path") == 2
