"""The judge of `sample_kind`: what a window of a labelled photo is good for in training."""

from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite import boxes as boxes_
from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, drawing, slips
from mtcnn_lite.course.checks.judge.boxes import one, overlaps, table
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.sampling import sampler as sampling


def sample_kind(fn: Function) -> Verdict:
    """Judges `fn(window (4,), faces (N, 4)) -> "positive", "part", "negative" or None`.

    By the window's best IoU with any of the faces: "positive" from .65 on, "part" from .4 on, "negative" under .3;
    None from .3 up to .4, for such a window is used for nothing. Boxes are x1, y1, x2, y2. N may be 0: "negative". The
    inputs must stay as they are.

    >>> from mtcnn_lite.boxes import iou
    >>> sample_kind(lambda window, faces: "negative" if iou([window], faces[:1])[0, 0] < 0.3 else "positive").passed
    False
    """
    return JUDGE.verdict(fn)


def _right(window: Array, faces: Array) -> str | None:
    kind, _ = sampling.kinds(window[None], LabelledPhoto(np.zeros((1, 1, 3), np.uint8), faces))
    return None if kind[0] == sampling.NOTHING else sampling.KINDS[kind[0]]


def _ious(window: Array, faces: Array) -> Array:
    return boxes_.iou(window[None], faces)[0]


def _named(best: float, positive: float = 0.65, part: float = 0.4, negative: float = 0.3) -> str | None:
    if best >= positive:
        return "positive"
    return "part" if best >= part else "negative" if best < negative else None


def _kind(
    window: Array, faces: Array, overlap: Any = _ious, best: Any = np.max, empty: Any = "negative", **bounds: float
) -> Any:
    """The right answer, but for how overlaps are measured, which of them counts, or the bounds."""
    return _named(float(best(overlap(window, faces))), **bounds) if len(faces) else empty


@slips.several
def _called(names: tuple[Any, ...]) -> Function:
    """The right answer under other names, for "positive", "part", "negative" and None."""
    return lambda window, faces: dict(zip(("positive", "part", "negative", None), names, strict=True))[
        _right(window, faces)
    ]


def _centre_inside(window: Array, faces: Array) -> str:
    centre = (window[:2] + window[2:]) / 2
    inside = (faces[:, :2] <= centre) & (centre < faces[:, 2:])
    return "positive" if inside.all(axis=1).any() else "negative"


def _any_negative_first(window: Array, faces: Array) -> str | None:
    kinds = [_named(overlap) for overlap in _ious(window, faces)]
    return next((kind for kind in ("negative", "positive", "part") if kind in kinds or not kinds), None)


def _first_named(window: Array, faces: Array) -> str | None:
    """The loop that returns as soon as a face gives the window a name."""
    kinds = [_named(overlap) for overlap in _ious(window, faces)]
    return next((kind for kind in kinds if kind), None) if kinds else "negative"


_but = partial(slips.but, _kind)
_ALL_FACES = "A window may miss one face and hit another: take the highest IoU of all, then name it once."
_HINTS: Hints = {
    f"Only one of the faces was looked at. {_ALL_FACES}": (
        *_but(best=lambda o: o[0], empty=["negative", None]),
        *_but(best=lambda o: o[-1]),
    ),
    f"One face that the window misses made it negative, though it lies on another. {_ALL_FACES}": (
        _any_negative_first,
        *_but(best=np.min, empty=["negative", None]),
    ),
    f"The first face to give a name decided, before the others were asked. {_ALL_FACES}": _first_named,
    "The overlaps were averaged over the faces. Faces elsewhere don't make this window worse: take the highest.": _but(
        best=[np.mean, np.median]
    ),
    "The overlaps were added up. Two faces that it half covers don't make a face: take the highest.": _but(best=np.sum),
    'No face at all: such a photo holds nothing else, so every window in it is "negative".': _but(empty=[None, "none"]),
    "The gap is missing: from .3 up to .4 a window is neither, and the answer is None.": (
        *_but(negative=0.4),
        *_but(part=0.3),
        *_but(part=0.35, negative=0.35),
    ),
    "At exactly .3 a window is no negative any more: negative is < .3, so <= is one too many.": _but(negative=0.3001),
    "At exactly .4 a window is a part already: the rule is >= .4.": _but(part=0.4001),
    "The bound of positives is .65, and so that of parts ends there. Yours seems to be another.": _but(
        positive=[0.5, 0.6, 0.7, 0.75]
    ),
    "Parts begin at .4. Yours seem to begin later, and None reaches further up.": _but(part=[0.45, 0.5]),
    "Negatives end at .3. Yours seem to end earlier, and None begins further down.": _but(negative=[0.2, 0.1, 0.01]),
    "A window on a face came out as part: the test for .4 comes before that for .65, and lets it go no further.": _but(
        positive=np.inf
    ),
    "The shared area was divided by the smaller box: a small window inside a large face counts as the face. IoU "
    "divides by the union.": _but(overlap=partial(overlaps, over="smaller")),
    "The shared area was divided by the face's area: any window around a face counts as the face. IoU divides by the "
    "union.": _but(overlap=partial(overlaps, over="second")),
    "The shared area was divided by the window's area: any window inside a face counts as the face. IoU divides by "
    "the union.": _but(overlap=partial(overlaps, over="first")),
    "The union counts the shared area twice: area + area - shared.": _but(overlap=partial(overlaps, over="sum")),
    "The shared area was divided by the larger box. IoU divides by the union.": _but(
        overlap=partial(overlaps, over="larger")
    ),
    "A face far off to one corner came out as an overlap: two negative sides multiply to a positive area. "
    "A side below 0 is 0.": _but(overlap=partial(overlaps, together=np.multiply, divide=np.divide)),
    "That is the old + 1, for boxes that include their last pixel. Here width = x2 - x1; on small boxes it "
    "shows.": slips.before_all(_kind, slips.one_more),
    "You asked whether the window's centre lies on a face. What counts is the IoU.": _centre_inside,
    "The faces were made square before they were compared. Compare them as they are labelled.": slips.before(
        _kind, faces=boxes_.square_boxes
    ),
    slips.FROM_SIZE: slips.before_all(_kind, slips.from_size),
    "The window was clipped at 0 first. A window may leave the photo, and what leaves it counts.": slips.before(
        _kind, window=slips.at_least_0
    ),
    "Between .3 and .4 the answer is None, the value, not a name for it.": _called(
        *(
            ("positive", "part", "negative", name)
            for name in ("None", "none", "ignore", "ignored", "nothing", "not used", "", "landmark", False, 0, -1, -2)
        )
    ),
    'The kinds are right, the words are not: "positive", "part", "negative", None.': _called(
        ("pos", "part", "neg", None),
        ("Positive", "Part", "Negative", None),
        ("face", "part", "background", None),
        (1, -1, 0, None),
        (1, 2, 0, None),
    ),
    "You returned the IoU. The answer is the name that it gives the window.": (
        *slips.after(_ious, lambda o: float(o.max(initial=0))),
        _ious,
    ),
    "Every window got the same kind.": _called(*((kind,) * 4 for kind in ("positive", "part", "negative"))),
}


def _crowd(count: int, pick: int) -> tuple[Array, Array]:
    """`count` faces at random, and a window moved off one of them; no IoU within .005 of a bound."""
    rng = np.random.default_rng([count, pick])
    while True:
        corner, side = rng.integers(0, 150, (count, 2)), rng.integers(15, 60, (count, 2))
        faces = np.concatenate([corner, corner + side], axis=1).astype(np.float32)
        window = faces[pick] + np.tile(rng.integers(-12, 13, 2), 2).astype(np.float32)
        best = _ious(window, faces).max()
        if min(abs(best - bound) for bound in (0.3, 0.35, 0.4, 0.65)) > 0.005:
            return window, faces


_FACE = (0, 0, 100, 100)
_SHAPE = "window has shape (4,): x1, y1, x2, y2. faces has shape (1, 4): a row for each face, here one."
_MORE = "It works for one face and stops at two: loop over the rows of faces, or take the maximum of their IoUs."
_NONE = 'Here no face is labelled, N is 0, and nothing has a maximum. Such a window is "negative".'

# IoUs that equal a bound are .4 and .3, whose float32 lie on the same side as their float64; that of .65 does not.
_CASES = (
    Case("the face itself, IoU 1", (one(*_FACE), table(_FACE)), _SHAPE),
    Case("far from the face, IoU 0", (one(300, 20, 400, 120), table(_FACE)), _SHAPE),
    Case("half of the face, IoU .5", (one(0, 0, 50, 100), table(_FACE)), _SHAPE),
    Case("IoU .35", (one(0, 0, 35, 100), table(_FACE)), _SHAPE),
    Case("IoU .66", (one(0, 0, 66, 100), table(_FACE)), _SHAPE),
    Case("IoU .64", (one(0, 0, 100, 64), table(_FACE)), _SHAPE),
    Case("IoU .41", (one(0, 0, 41, 100), table(_FACE)), _SHAPE),
    Case("IoU .39", (one(0, 0, 100, 39), table(_FACE)), _SHAPE),
    Case("IoU .31", (one(0, 0, 31, 100), table(_FACE)), _SHAPE),
    Case("IoU .29", (one(0, 0, 29, 100), table(_FACE)), _SHAPE),
    Case("IoU exactly .4", (one(0, 0, 40, 100), table(_FACE)), _SHAPE),
    Case("IoU exactly .3", (one(0, 0, 30, 100), table(_FACE)), _SHAPE),
    Case("a small window inside the face, IoU .04", (one(40, 40, 60, 60), table(_FACE)), _SHAPE),
    Case("a large window around the face, IoU .11", (one(-100, -100, 200, 200), table(_FACE)), _SHAPE),
    Case("shifted by half a width, IoU 1/3", (one(50, 0, 150, 100), table(_FACE)), _SHAPE),
    Case("beyond the face's corner, IoU 0", (one(180, 180, 280, 280), table(_FACE)), _SHAPE),
    Case("a face higher than wide, IoU .72", (one(20, 10, 90, 110), table((20, 10, 120, 82))), _SHAPE),
    Case("a slim face in a square window", (one(0, 0, 90, 90), table((15, 0, 75, 90))), _SHAPE),
    Case("a face of 4 x 4 px, 2 px off", (one(10, 10, 14, 14), table((12, 10, 16, 14))), _SHAPE),
    Case("a window that leaves the photo", (one(-30, 0, 20, 50), table((0, 0, 20, 50))), _SHAPE),
    Case("no face at all", (one(*_FACE), table()), _NONE),
    Case("on the second of two faces", (one(200, 0, 300, 100), table(_FACE, (200, 0, 300, 100))), _MORE),
    Case("on the first of two faces", (one(*_FACE), table(_FACE, (200, 0, 300, 100))), _MORE),
    Case("between two faces, IoU .25 with each", (one(60, 0, 160, 100), table((0, 0, 100, 100), (120, 0, 220, 100))),
         _MORE),
    Case("part of one face, most of another", (one(40, 0, 140, 100), table((0, 0, 100, 100), (35, 0, 135, 100))),
         _MORE),
    Case("near one of three faces", (one(0, 0, 35, 100), table(_FACE, (300, 0, 400, 100), (0, 300, 90, 400))), _MORE),
    *(Case(f"one of {count} faces at random", _crowd(count, pick), _MORE) for count, pick in
      ((3, 1), (4, 3), (5, 2), (6, 4), (7, 0), (8, 5), (9, 7), (12, 10))),
)  # fmt: skip


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The window, in blue, among the faces."""
    window, faces = inputs
    layers = [drawing.layer(drawing.INPUT, faces), drawing.layer(drawing.EXPECTED, window[None])]
    best = _ious(window, faces).max(initial=0)
    caption = f"faces, given, and the window: best IoU {best:.3f}"
    return drawing.picture([drawing.plane(layers, caption)], [layers[0]])


JUDGE = Judge("sample_kind", ("window", "faces"), _right, _CASES, _HINTS, _draw)
