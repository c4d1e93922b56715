"""The judge of `operating_point`: a threshold chosen on one half of the photos, and measured on the other."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, slips


def operating_point(fn: Function) -> Verdict:
    """Judges `fn(scores (N,), is_true (N,), half (N,), faces (2,), photos (2,), most_false) -> three numbers`.

    Each detection has a score, is right or not, and is in photos of half 0 or of half 1; the halves have so many faces
    and photos. Return the threshold, and, of half 1, the recall and the false alarms a photo. The threshold is the
    lowest score of half 0 at which half 0 has at most `most_false` false alarms a photo; infinity where no score will
    do. Scores >= threshold pass. Recall is right detections over faces. The inputs must stay as they are.

    >>> operating_point(lambda *given: (0.5, 1.0, 0.0)).hint
    'false alarms came out right. Look at threshold and recall.'
    """
    return JUDGE.verdict(fn)


def _point(
    scores: Array,
    is_true: Array,
    half: Array,
    faces: Array,
    photos: Array,
    most_false: float,
    chosen: tuple[int, ...] = (0,),
    measured: tuple[int, ...] = (1,),
    choose: Callable[[Array], Any] = np.min,
    passes: Any = np.greater_equal,
    false: Callable[[Array, Any], Any] = lambda wrong, photos: wrong / photos,
    recall: Callable[..., Any] = lambda right, kept, faces: right / faces,
    enough: Any = np.less_equal,
    next_one: bool = False,
    split: bool = False,
) -> Any:
    """The right point; with other arguments the wrong ones."""
    of = np.isin(half, chosen)
    own, wrong = scores[of], ~is_true[of]
    counts = np.array([np.sum(passes(own, score) & wrong) for score in own])
    if split:  # each detection by its rank, as if no two scores were alike
        order = np.argsort(-own, kind="stable")
        counts = np.empty(len(own), int)
        counts[order] = np.cumsum(wrong[order])
    good = enough(false(counts, photos[list(chosen)].sum()), most_false)
    threshold = choose(own[good]) if good.any() else np.inf
    if next_one and (own < threshold).any():
        threshold = own[own < threshold].max()
    there = np.isin(half, measured)
    kept = passes(scores[there], threshold)
    right = np.sum(kept & is_true[there])
    return np.array([threshold, recall(right, kept.sum(), faces[list(measured)].sum()),
                     false(np.sum(kept & ~is_true[there]), photos[list(measured)].sum())])  # fmt: skip


_but, _then = partial(slips.but, _point), partial(slips.after, _point)
_HINTS: Hints = {
    "The threshold was chosen on all photos, so the half that should measure it has helped to choose it.": _but(
        chosen=(0, 1)
    ),
    "Half 0 was measured, on which the threshold was chosen: that flatters it. Measure on half 1.": _but(measured=(0,)),
    "All photos were measured, also those on which the threshold was chosen. Measure on half 1.": _but(measured=(0, 1)),
    "The halves have changed places: half 0 chooses, half 1 measures.": _but(chosen=(1,), measured=(0,)),
    "The threshold was chosen on half 1. Half 0 chooses, half 1 only measures.": _but(chosen=(1,)),
    "All photos chose, and all were measured: nothing is left to verify with. Half 0 chooses, half 1 measures.": _but(
        chosen=(0, 1), measured=(0, 1)
    ),
    "That is the highest score that will do: it finds least. Take the lowest one.": _but(choose=np.max),
    "You compared with >, the rule is >=: a detection whose score is the threshold passes.": _but(passes=np.greater),
    "The number of false alarms is not divided by the number of photos.": _but(false=lambda wrong, photos: wrong),
    "That is precision, right detections over all that pass. Recall is right detections over faces.": _but(
        recall=lambda right, kept, faces: right / max(kept, 1)
    ),
    "Just as many false alarms as are allowed are allowed: at most, <=.": _but(enough=np.less),
    "One score too far: at this threshold there are more false alarms than are allowed.": _but(next_one=True),
    "Detections with equal scores pass together: no threshold comes between them. Count all with scores >= "
    "threshold.": _but(split=True),
    "The recall was not divided by the number of faces.": _but(recall=lambda right, kept, faces: right),
    "The recall is out of the faces of both halves. Half 1 has faces[1] of them.": (
        lambda s, t, h, f, p, m: _point(s, t, h, np.array([0, f.sum()]), p, m),
    ),
    "The recall is out of half 0's faces. Half 1 has faces[1] of them.": (
        lambda s, t, h, f, p, m: _point(s, t, h, f[::-1], p, m),
    ),
    "Only the threshold came back. Return three numbers: threshold, recall, false alarms a photo.": _then(
        lambda point: point[0], lambda point: point[:1]
    ),
    "Recall and false alarms have changed places.": _then(lambda point: point[[0, 2, 1]]),
}


def _case(about: str, first: list[tuple[float, int]], second: list[tuple[float, int]], *rest: Any) -> Case:
    """Detections (score, right) of both halves, mixed; then faces, photos, most_false."""
    rows = [(*row, 0) for row in first] + [(*row, 1) for row in second]
    rows = rows[::2] + rows[1::2]
    table = np.array(rows, float).reshape(-1, 3)
    faces, photos, most_false = rest
    columns = table[:, 0], table[:, 1] == 1, table[:, 2].astype(int)
    return Case(about, (*columns, np.array(faces), np.array(photos), most_false), _SHAPE)


def _random(count: int) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(count)
    scores = rng.permutation(np.arange(1, count + 1)) / (count + 1)
    return scores.round(3), rng.random(count) < 0.25 + 0.6 * scores, rng.integers(0, 2, count)


_SHAPE = "scores, is_true and half have shape (N,); faces and photos have two numbers, one for each half."
_CASES = (
    _case("none may be false", [(0.9, 1), (0.7, 1), (0.5, 0)], [(0.8, 1), (0.6, 0)], (2, 2), (1, 1), 0.0),
    _case(
        "one a photo may be false",
        [(0.9, 1), (0.7, 0), (0.6, 1), (0.5, 0)],
        [(0.95, 1), (0.65, 1), (0.6, 0), (0.4, 1)],
        (3, 4),
        (1, 2),
        1.0,
    ),
    _case(
        "half a false alarm a photo",
        [(0.9, 0), (0.8, 1), (0.7, 0), (0.6, 1)],
        [(0.85, 1), (0.75, 0), (0.7, 1), (0.3, 1)],
        (2, 3),
        (4, 2),
        0.5,
    ),
    _case(
        "equal scores, one of them false",
        [(0.9, 1), (0.6, 0), (0.6, 1), (0.4, 1)],
        [(0.7, 1), (0.6, 1), (0.5, 0)],
        (3, 2),
        (2, 2),
        0.25,
    ),
    _case("the best one is false, and none may be", [(0.9, 0), (0.8, 1)], [(0.95, 1), (0.7, 1)], (1, 2), (1, 1), 0.0),
    _case("all of them will do", [(0.9, 1), (0.2, 1)], [(0.8, 1), (0.1, 0)], (2, 2), (1, 1), 0.0),
    Case("forty random detections", (*_random(40), np.array([14, 17]), np.array([10, 12]), 0.3), _SHAPE),
    Case("two hundred random detections", (*_random(200), np.array([70, 66]), np.array([50, 40]), 0.5), _SHAPE),
)

JUDGE = Judge(
    "operating_point",
    ("scores", "is_true", "half", "faces", "photos", "most_false"),
    _point,
    _CASES,
    _HINTS,
    None,
    1e-4,
    columns=("threshold", "recall", "false alarms"),
)
