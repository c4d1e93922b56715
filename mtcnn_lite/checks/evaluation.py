"""The judges of `average_precision` and `landmark_error`: how good detections are, and how good points."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mtcnn_lite.checks.engine import Case, Function, Judge, Mistake
from mtcnn_lite.checks.verdict import Verdict
from mtcnn_lite.checks.words import Array
from mtcnn_lite.evaluation import average_precision as _area
from mtcnn_lite.evaluation import landmark_error as _error


def average_precision(fn: Function) -> Verdict:
    """Judges `fn(scores (N,), is_true (N,), number_of_faces) -> one number`: the area under the precision envelope.

    is_true: bool, whether each detection is the first of a face. number_of_faces: 1 or more, found or not. No two
    scores are alike, and they come in any order. N may be 0: the area is 0. The inputs must stay as they are.

    >>> average_precision(lambda scores, is_true, number_of_faces: is_true.mean() if len(scores) else 0).hint[:34]
    'That is the precision of all detec'
    """
    return _AREA.verdict(fn)


def landmark_error(fn: Function) -> Verdict:
    """Judges `fn(predicted (N, 5, 2), true (N, 5, 2)) -> errors (N,)`.

    The mean distance of a face's five points from the true ones, over the distance of its true eyes, points 0 and 1. N
    may be 0: shape (0,), or an empty list. The inputs must stay as they are.

    >>> landmark_error(lambda p, t: np.linalg.norm(p - t, axis=2).mean(axis=1)).hint[:33]
    'That is in pixels: divide by the '
    """
    return _POINTS.verdict(fn)


# --- average_precision

Curve = Callable[[Array, Array, Array, Array], Any]  # of hits, precision, envelope, recall, best detection first


def _of(answer: Curve, order: Callable[[Array], Array] = lambda scores: np.argsort(-scores)) -> Function:
    """A function of the curve: 0 where there is no detection."""

    def fn(scores: Array, is_true: Array, number_of_faces: int) -> Any:
        if not len(scores):
            return 0.0
        hits = is_true[order(scores)].astype(float)
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        return answer(hits, precision, _envelope(precision), np.cumsum(hits) / number_of_faces)

    return fn


def _envelope(precision: Array) -> Array:
    return np.maximum.accumulate(precision[::-1])[::-1]


def _steps(recall: Array) -> Array:
    return np.diff(recall, prepend=0)


def _at(points: int) -> Curve:
    """The mean of the envelope at so many evenly spaced recalls."""

    def answer(hits: Array, precision: Array, envelope: Array, recall: Array) -> float:
        levels = np.linspace(0, 1, points)
        return float(np.mean([precision[recall >= level - 1e-9].max(initial=0) for level in levels]))

    return answer


def _trapezoid(x: Array, y: Array) -> float:
    return float(((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2).sum())


def _after(before: tuple[float, float], x: Array, y: Array) -> float:
    """The trapezoid with a point in front."""
    return _trapezoid(np.append(before[0], x), np.append(before[1], y))


def _roc(hits: Array, precision: Array, envelope: Array, recall: Array) -> float:
    pairs = hits.sum() * (1 - hits).sum()
    return float(1 - (np.cumsum(1 - hits) * hits).sum() / pairs) if pairs else 0.0


def _share_of_last(hits: Array, precision: Array, envelope: Array, recall: Array) -> float:
    return float((_steps(recall / recall[-1]) * envelope).sum()) if recall[-1] else 0.0


_AREA_MISTAKES = (
    Mistake(
        "The detections were taken as they came. Sort by score, best first, and take is_true along: is_true[order].",
        (_of(lambda h, p, e, r: (_steps(r) * e).sum(), lambda scores: np.arange(len(scores))),),
    ),
    Mistake(
        "They were sorted from the worst score up: np.argsort(-scores) begins with the best.",
        (
            _of(lambda h, p, e, r: (_steps(r) * e).sum(), np.argsort),
            _of(lambda h, p, e, r: (_steps(r) * p).sum(), np.argsort),
        ),
    ),
    Mistake(
        "The envelope is missing: at each recall the best precision counts that is reached there or further on.",
        (_of(lambda h, p, e, r: (_steps(r) * p).sum()),),
    ),
    Mistake(
        "The envelope runs the wrong way: the best precision so far. It is the best from here on that counts.",
        (_of(lambda h, p, e, r: (_steps(r) * np.maximum.accumulate(p)).sum()),),
    ),
    Mistake(
        "It was divided by the faces that were found. Missed faces must cost: divide by number_of_faces.",
        (_of(_share_of_last), _of(lambda h, p, e, r: p[h > 0].mean() if h.any() else 0.0)),
    ),
    Mistake(
        "It was divided by the number of detections. It is number_of_faces that the recall is a share of.",
        (
            _of(lambda h, p, e, r: e[h > 0].sum() / len(h)),
            _of(lambda h, p, e, r: p[h > 0].sum() / len(h)),
        ),
    ),
    Mistake(
        "That is the precision of all detections together: one point of the curve, not the area under it.",
        (_of(lambda h, p, e, r: p[-1]),),
    ),
    Mistake(
        "That is the recall of all detections together. How many wrong ones came in between must count too.",
        (_of(lambda h, p, e, r: r[-1]),),
    ),
    Mistake(
        "That is the mean precision over all detections, wrong ones too. The area grows only where recall does: at the "
        "right ones.",
        (
            _of(lambda h, p, e, r: p.mean()),
            _of(lambda h, p, e, r: e.mean()),
        ),
    ),
    Mistake(
        "The precision of all detections was added up, wrong ones too. The area grows only where recall does.",
        (_of(lambda h, p, e, r: (e / (h.sum() / r[-1]) if r[-1] else 0 * e).sum()),),
    ),
    Mistake(
        "That is the trapezoid rule. The envelope is a staircase: each step of recall times the envelope at its end.",
        (
            _of(lambda h, p, e, r: _trapezoid(r, p)),
            _of(lambda h, p, e, r: _after((0, 0), r, p)),
            _of(lambda h, p, e, r: _after((0, 1), r, p)),
            _of(lambda h, p, e, r: _after((0, p[0]), r, p)),
        ),
    ),
    Mistake(
        "That is the mean at 11 fixed recalls, 0, 0.1, ... 1, as in Pascal VOC 2007. Here the whole area counts.",
        (_of(_at(11)),),
    ),
    Mistake(
        "That is the mean at 101 fixed recalls, as COCO has it. Here the whole area counts.",
        (_of(_at(101)),),
    ),
    Mistake(
        "The first step of recall is missing: it goes from 0 to the first recall. np.diff(recall, prepend=0).",
        (
            _of(lambda h, p, e, r: (np.diff(r) * e[1:]).sum()),  # by trapezoids the same: e is flat between hits
            _of(lambda h, p, e, r: (np.diff(r) * e[:-1]).sum()),
            _of(lambda h, p, e, r: (np.diff(r) * p[1:]).sum()),
        ),
    ),
    Mistake(
        "That is the highest precision. The area needs all of the curve.",
        (_of(lambda h, p, e, r: p.max()),),
    ),
    Mistake(
        "That is one rectangle, precision times recall at the end. The area is the sum of one for each step of recall.",
        (_of(lambda h, p, e, r: p[-1] * r[-1]), _of(lambda h, p, e, r: p.max() * r[-1])),
    ),
    Mistake(
        "That is the best F1 score, a mean of one precision and one recall. The area needs all of the curve.",
        (
            _of(lambda h, p, e, r: (2 * p * r / np.maximum(p + r, 1e-9)).max()),
            _of(lambda h, p, e, r: 2 * p[-1] * r[-1] / max(p[-1] + r[-1], 1e-9)),
        ),
    ),
    Mistake(
        "The rank is off by one: the best detection is number 1, so that np.arange(1, N + 1) divides the sum so far.",
        (
            _of(lambda h, p, e, r: (_steps(r) * _envelope(np.cumsum(h) / np.arange(2, len(h) + 2))).sum()),
            _of(lambda h, p, e, r: (_steps(r) * _envelope(np.cumsum(h) / np.maximum(np.arange(len(h)), 1))).sum()),
        ),
    ),
    Mistake(
        "What was not found counts as well: the curve ends at the last recall, and beyond it the area is 0.",
        (
            _of(lambda h, p, e, r: (_steps(r) * e).sum() + (1 - r[-1]) * p[-1]),
            _of(lambda h, p, e, r: (_steps(r) * e).sum() + (1 - r[-1]) * e[-1]),
        ),
    ),
    Mistake(
        "That is the area under another curve, right ones against wrong ones (ROC). It doesn't know of missed faces.",
        (_of(_roc),),
    ),
    Mistake("That is 1 minus the area.", (_of(lambda h, p, e, r: 1 - (_steps(r) * e).sum()),)),
    Mistake("That is in percent. The area is 1 at most.", (_of(lambda h, p, e, r: 100 * (_steps(r) * e).sum()),)),
    Mistake(
        "The whole curve came back. The area under it is one number.",
        (
            _of(lambda h, p, e, r: e),
            _of(lambda h, p, e, r: p),
            _of(lambda h, p, e, r: np.cumsum(_steps(r) * e)),
        ),
    ),
)

_AREA_SHAPE = (
    "scores and is_true have shape (N,), number_of_faces is a whole number. Sort first, then cumsum over is_true "
    "counts the right ones so far."
)
_NOTHING = "Here N is 0: nothing was detected, no face was found. The area is 0."


def _detections(letters: str, faces: int, seed: int | None = None) -> tuple[Array, Array, int]:
    """Detections by letters, "t" for a true one, best first; with a seed, in another order."""
    scores = np.round(0.98 - 0.9 * np.arange(len(letters)) / max(len(letters), 1), 3)
    true = np.array([letter == "t" for letter in letters], bool)
    order = np.arange(len(letters)) if seed is None else np.random.default_rng(seed).permutation(len(letters))
    return scores[order], true[order], faces


def _random_letters(count: int, seed: int) -> str:
    chance = np.random.default_rng(seed).random(count) < np.linspace(0.95, 0.1, count)
    return "".join("t" if true else "f" for true in chance)


_AREA = Judge(
    name="average_precision",
    arguments=("scores", "is_true", "number_of_faces"),
    reference=_area,
    cases=(
        Case("one detection, right; one face", _detections("t", 1), _AREA_SHAPE),
        Case("one detection, right; two faces", _detections("t", 2), _AREA_SHAPE),
        Case("one wrong before the right one", _detections("ft", 1), _AREA_SHAPE),
        Case("right, wrong, right", _detections("tft", 2), _AREA_SHAPE),
        Case("wrong, right, right: the envelope", _detections("ftt", 2), _AREA_SHAPE),
        Case("not in order of score", _detections("ttf", 3, 1), _AREA_SHAPE),
        Case("ends with wrong ones", _detections("tftff", 4), _AREA_SHAPE),
        Case("all wrong", _detections("ff", 3), _AREA_SHAPE),
        Case("no detection at all", _detections("", 3), _NOTHING),
        Case("ten detections, eight faces", _detections("ttfttfftft", 8, 2), _AREA_SHAPE),
        Case("a hundred detections", _detections(_random_letters(100, 3), 83, 4), _AREA_SHAPE),
    ),
    mistakes=_AREA_MISTAKES,
    tolerance=1e-4,
)

# --- landmark_error


def _apart(p: Array, t: Array) -> Array:
    return np.linalg.norm(p - t, axis=2)  # (N, 5)


def _eyes(t: Array) -> Array:
    return np.linalg.norm(t[:, 1] - t[:, 0], axis=1)  # (N,)


def _over(size: Callable[[Array], Array]) -> Function:
    """The mean distance over another size, of the true points."""
    return lambda p, t: _apart(p, t).mean(axis=1) / size(t)


def _distance(way: Callable[[Array], Array]) -> Function:
    """Something else made of the differences (N, 5, 2), over the right size."""
    return lambda p, t: way(p - t) / _eyes(t)


def _then(change: Callable[[Array], Any]) -> Function:
    return lambda p, t: change(_apart(p, t).mean(axis=1) / _eyes(t))


def _extent(t: Array) -> Array:
    """Width and height (N, 2) of the points' frame."""
    return t.max(axis=1) - t.min(axis=1)


def _between(first: int, second: int) -> Function:
    return _over(lambda t: np.linalg.norm(t[:, first] - t[:, second], axis=1))


def _guarded(values: Array, instead: float = 0.0) -> Any:
    """A mean over faces, of which there may be none."""
    return values.mean() if len(values) else instead


_POINTS_MISTAKES = (
    Mistake(
        "That is in pixels: divide by the distance between the true eyes, or a large face pays more than a small one.",
        (lambda p, t: _apart(p, t).mean(axis=1),),
    ),
    Mistake(
        "It was divided by the distance between the predicted eyes. Eyes that are wrongly far apart would make the "
        "error small: take the true ones.",
        (lambda p, t: _apart(p, t).mean(axis=1) / _eyes(p),),
    ),
    Mistake(
        "It was divided by the size of the points' frame, its width, height, diagonal or area. That is another error, "
        "and a smaller number: here it is the distance between the eyes.",
        (
            _over(lambda t: _extent(t)[:, 0]),
            _over(lambda t: _extent(t)[:, 1]),
            _over(lambda t: np.sqrt(_extent(t).prod(axis=1))),
            _over(lambda t: np.linalg.norm(_extent(t), axis=1)),
            _over(lambda t: _extent(t).max(axis=1)),
            _over(lambda t: _extent(t).prod(axis=1)),
        ),
    ),
    Mistake(
        "It was divided by the distance between other points. The eyes are points 0 and 1.",
        tuple(_between(a, b) for a in range(5) for b in range(a) if (b, a) != (0, 1)),
    ),
    Mistake(
        "Only the eyes' distance along x was taken. When a head is tilted, they are apart in y as well.",
        (
            _over(lambda t: np.abs(t[:, 1, 0] - t[:, 0, 0])),
            _over(lambda t: t[:, 1, 0] - t[:, 0, 0]),
        ),
    ),
    Mistake(
        "It was divided by the square of the distance between the eyes: its root is missing.",
        (_over(lambda t: _eyes(t) ** 2),),
    ),
    Mistake(
        "It was divided by the sum of the eyes' differences in x and y. A distance is the root of the sum of "
        "squares.",
        (_over(lambda t: np.abs(t[:, 1] - t[:, 0]).sum(axis=1)),),
    ),
    Mistake(
        "The mean over all faces came back. The answer is one error for each face: its distribution says more.",
        (
            _then(_guarded),
            _then(lambda errors: np.full(errors.shape, _guarded(errors))),
        ),
    ),
    Mistake(
        "The five distances were added up. Take their mean.",
        (_distance(lambda d: np.linalg.norm(d, axis=2).sum(axis=1)), _then(np.sum)),
    ),
    Mistake(
        "The distances were squared: the root is missing.",
        (_distance(lambda d: (d**2).sum(axis=2).mean(axis=1)),),
    ),
    Mistake(
        "That is the root of the mean square: it lets one bad point count for more. Take the mean of the five "
        "distances.",
        (
            _distance(lambda d: np.sqrt((d**2).sum(axis=2).mean(axis=1))),
            _distance(lambda d: np.sqrt((d**2).mean(axis=(1, 2)))),
        ),
    ),
    Mistake(
        "All ten differences went under one root. A distance is the root of a point's own two; then comes the mean.",
        (_distance(lambda d: np.linalg.norm(d.reshape(len(d), 10), axis=1)),),
    ),
    Mistake(
        "That is the mean of the ten differences in x and y, not of five distances: the root of dx² + dy² is missing.",
        (
            _distance(lambda d: np.abs(d).mean(axis=(1, 2))),
            _distance(lambda d: (d**2).mean(axis=(1, 2))),
        ),
    ),
    Mistake(
        "Differences in x and y were added. A point's distance is the root of dx² + dy².",
        (_distance(lambda d: np.abs(d).sum(axis=2).mean(axis=1)),),
    ),
    Mistake(
        "It was divided by ten. There are five points, and five distances.",
        (_distance(lambda d: np.linalg.norm(d, axis=2).sum(axis=1) / 10),),
    ),
    Mistake(
        "The differences were averaged before their length was taken: points off to the left make up for points off to "
        "the right. First the distances, then the mean.",
        (
            _distance(lambda d: np.linalg.norm(d.mean(axis=1), axis=1)),
            _distance(lambda d: d.mean(axis=(1, 2))),
        ),
    ),
    Mistake(
        "The norm went over the points, axis 1. A point's distance goes over x and y, axis 2.",
        (_distance(lambda d: np.linalg.norm(d, axis=1).mean(axis=1)),),
    ),
    Mistake(
        "That is the worst of the five points. Take their mean.",
        (_distance(lambda d: np.linalg.norm(d, axis=2).max(axis=1)),),
    ),
    Mistake(
        "That is the median of the five distances. Take their mean.",
        (_distance(lambda d: np.median(np.linalg.norm(d, axis=2), axis=1)),),
    ),
    Mistake(
        "Only some of the points are in it. All five count.",
        tuple(
            _distance(lambda d, rows=rows: np.linalg.norm(d[:, rows], axis=2).mean(axis=1))  # type: ignore[misc]
            for rows in ([0], [0, 1], [2], [0, 1, 2], [2, 3, 4], [3, 4], [0, 1, 2, 3], [1, 2, 3, 4])
        ),
    ),
    Mistake(
        "Every face was divided by the same distance. Each has its own eyes.",
        (
            _over(lambda t: _eyes(t)[:1]),
            _over(lambda t: np.full(len(t), _guarded(_eyes(t), 1.0))),
        ),
    ),
    Mistake(
        "One error for each point came back, (N, 5). Take each face's mean.",
        (lambda p, t: _apart(p, t) / _eyes(t)[:, None],),
    ),
    Mistake(
        "The points were read as x1..x5 y1..y5. Here each point is a row: its x, its y.",
        (
            lambda p, t: _apart(
                p.reshape(-1, 2, 5).transpose(0, 2, 1), t.reshape(-1, 2, 5).transpose(0, 2, 1)
            ).mean(axis=1) / _eyes(t.reshape(-1, 2, 5).transpose(0, 2, 1)),
        ),
    ),
    Mistake(
        "Each point was compared with whatever true point is nearest. Left and right mixed up must cost: point k "
        "belongs to point k.",
        (
            lambda p, t: np.linalg.norm(p[:, :, None] - t[:, None], axis=3).min(axis=2).mean(axis=1) / _eyes(t),
            lambda p, t: np.linalg.norm(p[:, :, None] - t[:, None], axis=3).min(axis=1).mean(axis=1) / _eyes(t),
        ),
    ),
    Mistake("That is in percent. An error of 0.1 is a tenth of the distance between the eyes.",
            (_then(lambda errors: 100 * errors),)),
    Mistake(
        "Failed or not came back. The answer is the error itself; the share over 0.1 is taken of it later.",
        (_then(lambda errors: errors > 0.1), _then(lambda errors: _guarded(errors > 0.1))),
    ),
)  # fmt: skip

_FACE = np.array([[30, 40], [70, 40], [50, 62], [34, 80], [66, 80]], np.float32)


def _moved(face: Array, *moves: Sequence[float]) -> tuple[Array, Array]:
    """One face, and its points moved by (dx, dy) each."""
    return (face + np.array(moves, np.float32))[None], face[None].copy()


def _faces(count: int, seed: int) -> tuple[Array, Array]:
    """Tilted faces of many sizes; their points off by chance, a few of them swapped left and right."""
    rng = np.random.default_rng(seed)
    angle, size = rng.uniform(-0.9, 0.9, count), rng.uniform(0.3, 3, count)
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], axis=1).reshape(-1, 2, 2)
    true = ((_FACE - 50) @ turn.transpose(0, 2, 1)) * size[:, None, None] + rng.uniform(100, 300, (count, 1, 2))
    true += rng.normal(0, 2, true.shape)
    predicted = true + rng.normal(0, 3, true.shape)
    predicted[::7] = predicted[::7][:, [1, 0, 2, 4, 3]]
    return predicted.round(1).astype(np.float32), true.round(1).astype(np.float32)


_TILTED = np.array([[30, 40], [60, 80], [31, 81], [10, 75], [34, 108]], np.float32)
_POINTS_SHAPE = (
    "predicted and true have shape (N, 5, 2): N faces, five points each, x and y. The eyes are true[:, 0] and "
    "true[:, 1]."
)
_NOBODY = "Here N is 0: there is no face. The answer is empty, shape (0,)."

_POINTS = Judge(
    name="landmark_error",
    arguments=("predicted", "true"),
    reference=_error,
    cases=(
        Case("all five points 4 px to the right; eyes 40 px apart", _moved(_FACE, *[[4, 0]] * 5), _POINTS_SHAPE),
        Case("each point off by 3 and 4: 5 px", _moved(_FACE, *[[3, 4]] * 5), _POINTS_SHAPE),
        Case("one point off", _moved(_FACE, [0, 0], [0, 0], [0, 20], [0, 0], [0, 0]), _POINTS_SHAPE),
        Case("points off to either side", _moved(_FACE, [-6, 0], [6, 0], [0, 3], [0, -8], [8, 6]), _POINTS_SHAPE),
        Case("a tilted head, eyes 50 px apart", _moved(_TILTED, [1, 0], [0, 2], [3, 4], [-5, 0], [0, -6]),
             _POINTS_SHAPE),
        Case("left and right mixed up", (_FACE[None][:, [1, 0, 2, 4, 3]], _FACE[None].copy()), _POINTS_SHAPE),
        Case("two faces, one twice as large", (np.stack([_FACE + 4, 2 * _FACE + 4]), np.stack([_FACE, 2 * _FACE])),
             _POINTS_SHAPE),
        Case("no face at all", (np.zeros((0, 5, 2), np.float32), np.zeros((0, 5, 2), np.float32)), _NOBODY),
        Case("five faces", _faces(5, 1), _POINTS_SHAPE),
        Case("sixty faces", _faces(60, 2), _POINTS_SHAPE),
    ),
    mistakes=_POINTS_MISTAKES,
    tolerance=1e-4,
)  # fmt: skip
