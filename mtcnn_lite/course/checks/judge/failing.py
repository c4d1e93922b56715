"""The judge's smallest case in which a reader's function fails, as two views of one picture: ours, and the reader's."""

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge.compare import difference
from mtcnn_lite.course.checks.judge.judge import Judge
from mtcnn_lite.course.checks.judge.nets.answers import adapted
from mtcnn_lite.course.checks.judge.nets.plans import PLANS, Plan
from mtcnn_lite.course.checks.judge.nets.reading import made_from
from mtcnn_lite.course.checks.judge.side_by_side import View
from mtcnn_lite.course.checks.judge.text import Array, number
from mtcnn_lite.draw import PAPER, Pixels, rgb

SHEET, BORDER = 120, 20  # px: the paper that two boxes are drawn on, and its rim
Failing = tuple[Pixels | None, View, View]  # a picture to draw on, None for the photo; ours; the reader's


def failing_case(fn: Callable[..., Any], name: str) -> Failing | None:
    """The smallest case that fails, drawn; None where none does.

    Parameters
    ----------
    fn : callable
        The reader's function, or net, which can be made and filled.
    name : str
        Its exercise's.
    """
    judge: Judge = importlib.import_module(f"mtcnn_lite.course.checks.{name}").JUDGE
    if name in PLANS:
        fn = adapted(*made_from(fn, PLANS[name]))
    for case, expected in zip(judge.cases, judge.answers, strict=True):
        outcome = judge.run(fn, case)
        if not outcome.error and difference(outcome.answer, expected, judge.tolerance) is None:
            continue
        what = f"no difference here, but where it fails: {case.about}"
        got = None if outcome.error or not isinstance(outcome.answer, np.ndarray) else outcome.answer
        if name == "iou":
            return _overlaps(what, case.inputs[0], case.inputs[1], expected, got)
        if name in PLANS:
            return _windows(what, PLANS[name], case.inputs[0], expected, got)
        left = _of_answer(name, case.inputs, expected, what)
        return None, left, _another(what) if got is None else _of_answer(name, case.inputs, got, what)
    return None


def _another(what: str) -> View:
    return View(what, None, None, "another answer")


def _of_answer(name: str, inputs: tuple[Any, ...], answer: Array, what: str) -> View:
    try:
        if name == "nms":
            return View(what, np.asarray(inputs[0])[answer], None, colour="pnet", numbered=True)
        if name == "landmarks_to_image":
            return View(what, inputs[0], answer.reshape(-1, 5, 2), colour="onet", numbered=True)
        if name == "pyramid_scales":
            height, width = inputs[:2]
            return View(
                what, np.array([[0, 0, width * s, height * s] for s in answer]).reshape(-1, 4), None, numbered=True
            )
        return View(what, answer.reshape(-1, 4), None, colour="pnet", numbered=True)
    except (ValueError, IndexError, TypeError):
        return _another(what)


def _worst(expected: Array, got: Array | None) -> int | None:
    """The row that differs most; None where the answer has another shape, or no rows."""
    if got is None or got.shape != expected.shape or not got.size:
        return None
    far = np.abs(got.astype(float) - expected).reshape(len(got), -1)
    return int(np.nan_to_num(far, nan=np.inf).max(axis=1).argmax())


def _overlaps(what: str, box: Array, boxes: Array, expected: Array, got: Array | None) -> Failing:
    """On paper: the two boxes whose overlap differs most, and what each side says it is."""
    row = _worst(expected, got)
    drawn = np.vstack([box[None], boxes[:1] if row is None else boxes[[row]]]).astype(float)
    low = drawn.reshape(-1, 2).min(axis=0)
    span = max(1.0, float((drawn.reshape(-1, 2).max(axis=0) - low).max()))
    places = (drawn - np.tile(low, 2)) / span * (SHEET - 2 * BORDER) + BORDER
    paper: Pixels = np.full((SHEET, SHEET, 3), rgb(PAPER), np.uint8)
    ours = View(what, places, None, colour="pnet")
    if row is None or got is None:
        return paper, replace(ours, labels=("", *map(number, expected[:1]))), _another(what)
    left, right = _told_apart(expected[[row]], got[[row]])
    return paper, replace(ours, labels=("", *left)), replace(ours, labels=("", *right))


def _told_apart(ours: Array, yours: Array) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Numbers in words, with so many digits that a difference shows; with three where there is none."""
    for digits in (3, 5):
        said = tuple(tuple(f"{each:.{digits}f}" for each in side) for side in (ours, yours))
        if said[0] != said[1]:
            return said[0], said[1]
    return tuple(map(number, ours)), tuple(map(number, yours))


def _windows(what: str, plan: Plan, images: Array, expected: Array, got: Array | None) -> Failing:
    """The image whose answer differs most: the box of each window where its offsets move it, and its score."""
    row = _worst(expected, got)
    shown = images[row or 0].transpose(1, 2, 0)  # (H, W, 3)
    photo: Pixels = np.clip(128 * shown + 127.5, 0, 255).astype(np.uint8)
    if row is None or got is None:
        return photo, _answered(what, plan, expected[0]), _another(what)
    left, right = (_answered(what, plan, said[row]) for said in (expected, got))
    scores = _told_apart(*(said[row].reshape(-1, said.shape[-1])[:, 1] for said in (expected, got)))
    return photo, replace(left, labels=scores[0]), replace(right, labels=scores[1])


def _answered(what: str, plan: Plan, said: Array) -> View:
    """What a net says of one image: (6,) or (16,), P-Net's (rows, columns, 6)."""
    cells = said.reshape(-1, said.shape[-1]).astype(float)  # (windows, 6)
    rows, columns = np.indices(said.shape[:2]).reshape(2, -1) if said.ndim == 3 else np.zeros((2, 1))
    corners = 2 * np.stack([columns, rows], axis=1)  # (windows, 2)
    boxes = np.hstack([corners, corners + plan.size]) + plan.size * np.nan_to_num(cells[:, 2:6])
    points = cells[:, 6:].reshape(-1, 2, 5).transpose(0, 2, 1) * plan.size - 0.5 if cells.shape[1] > 6 else None
    return View(what, boxes, points, colour=plan.name, labels=tuple(number(face) for face in cells[:, 1]))
