"""The judge of `sample_kind`: what a window of a labelled photo is good for in training."""

from typing import Any

import numpy as np

from mtcnn_lite import sampling
from mtcnn_lite.boxes import intersection, iom, iou, square_boxes
from mtcnn_lite.checks import drawing
from mtcnn_lite.checks.engine import Case, Function, Judge, Mistake
from mtcnn_lite.checks.verdict import Verdict
from mtcnn_lite.checks.words import Array
from mtcnn_lite.photo import Photo


def sample_kind(fn: Function) -> Verdict:
    """Judges `fn(window (4,), faces (N, 4)) -> "positive", "part", "negative" or None`.

    By the window's best IoU with any of the faces: "positive" from .65 on, "part" from .4 on, "negative" under .3;
    None from .3 up to .4, for such a window is used for nothing. Boxes are x1, y1, x2, y2. N may be 0: "negative". The
    inputs must stay as they are.

    >>> sample_kind(lambda window, faces: "negative" if iou([window], faces[:1])[0, 0] < 0.3 else "positive").passed
    False
    """
    return _JUDGE.verdict(fn)


def _reference(window: Array, faces: Array) -> str | None:
    kind, _ = sampling.kinds(window[None], Photo(np.zeros((1, 1, 3), np.uint8), faces))
    return None if kind[0] == sampling.NOTHING else sampling.KINDS[kind[0]]


def _overlaps(window: Array, faces: Array) -> Array:
    return iou(window[None], faces)[0]


def _named(best: float, positive: float = 0.65, part: float = 0.4, negative: float = 0.3) -> str | None:
    if best >= positive:
        return "positive"
    return "part" if best >= part else "negative" if best < negative else None


def _but(overlaps: Any = _overlaps, best: Any = np.max, empty: Any = "negative", **bounds: float) -> Function:
    """The right answer, but for how overlaps are measured, which of them counts, or the bounds."""

    def wrong(window: Array, faces: Array) -> Any:
        return _named(float(best(overlaps(window, faces))), **bounds) if len(faces) else empty

    return wrong


def _then(names: dict[Any, Any]) -> Function:
    """The right answer under other names."""
    return lambda window, faces: names[_reference(window, faces)]


def _over(divisor: Any) -> Any:
    """The shared area over something else than the union; `divisor(shared, window's area, faces' areas)`."""

    def overlaps(window: Array, faces: Array) -> Array:
        of_window, of_faces = np.prod(window[2:] - window[:2]), np.prod(faces[:, 2:] - faces[:, :2], axis=1)
        shared = intersection(window[None], faces)[0]
        return shared / divisor(shared, of_window, of_faces)

    return overlaps


def _inclusive(window: Array, faces: Array) -> Array:
    """With the old + 1 in every side."""
    return iou(window[None] + [0, 0, 1, 1], faces + [0, 0, 1, 1])[0]


def _unclipped(window: Array, faces: Array) -> Array:
    """Two sides below 0 make an area above 0."""
    sides = np.minimum(window[2:], faces[:, 2:]) - np.maximum(window[:2], faces[:, :2])
    shared = sides.prod(axis=1)
    return shared / (np.prod(window[2:] - window[:2]) + np.prod(faces[:, 2:] - faces[:, :2], axis=1) - shared)


def _centre_inside(window: Array, faces: Array) -> str:
    centre = (window[:2] + window[2:]) / 2
    inside = (faces[:, :2] <= centre) & (centre < faces[:, 2:])
    return "positive" if inside.all(axis=1).any() else "negative"


def _any_negative_first(window: Array, faces: Array) -> str | None:
    kinds = [_named(overlap) for overlap in _overlaps(window, faces)]
    return next((kind for kind in ("negative", "positive", "part") if kind in kinds or not kinds), None)


def _first_named(window: Array, faces: Array) -> str | None:
    """The loop that returns as soon as a face gives the window a name."""
    kinds = [_named(overlap) for overlap in _overlaps(window, faces)]
    return next((kind for kind in kinds if kind), None) if kinds else "negative"


def _first_of(*order: str) -> Function:
    """A chain of ifs whose lower bounds come first."""
    least = {"positive": 0.65, "part": 0.4, "negative": 0.3}

    def wrong(window: Array, faces: Array) -> str | None:
        best = _overlaps(window, faces).max(initial=0)
        if best < least["negative"]:
            return "negative"
        return next((kind for kind in order if best >= least[kind]), None)

    return wrong


_ALL_FACES = "A window may miss one face and hit another: take the highest IoU of all, then name it once."
_MISTAKES = (
    Mistake(
        f"Only one of the faces was looked at. {_ALL_FACES}",
        (_but(best=lambda o: o[0]), _but(best=lambda o: o[-1]), _but(best=lambda o: o[0], empty=None)),
    ),
    Mistake(
        f"One face that the window misses made it negative, though it lies on another. {_ALL_FACES}",
        (_any_negative_first, _but(best=np.min), _but(best=np.min, empty=None)),
    ),
    Mistake(
        f"The first face to give a name decided, before the others were asked. {_ALL_FACES}",
        (_first_named,),
    ),
    Mistake(
        "The overlaps were averaged over the faces. Faces elsewhere don't make this window worse: take the highest.",
        (_but(best=np.mean), _but(best=np.median)),
    ),
    Mistake(
        "The overlaps were added up. Two faces that it half covers don't make a face: take the highest.",
        (_but(best=np.sum),),
    ),
    Mistake(
        'No face at all: such a photo holds nothing else, so every window in it is "negative".',
        (_but(empty=None), _but(empty="none")),
    ),
    Mistake(
        "The gap is missing: from .3 up to .4 a window is neither, and the answer is None.",
        (_but(negative=0.4), _but(part=0.3), _but(part=0.35, negative=0.35)),
    ),
    Mistake(
        "At exactly .3 a window is no negative any more: negative is < .3, so <= is one too many.",
        (_but(negative=0.3001),),
    ),
    Mistake(
        "At exactly .4 a window is a part already: the rule is >= .4.",
        (_but(part=0.4001),),
    ),
    Mistake(
        "The bound of positives is .65, and so that of parts ends there. Yours seems to be another.",
        (_but(positive=0.5), _but(positive=0.6), _but(positive=0.7), _but(positive=0.75)),
    ),
    Mistake(
        "Parts begin at .4. Yours seem to begin later, and None reaches further up.",
        (_but(part=0.45), _but(part=0.5)),
    ),
    Mistake(
        "Negatives end at .3. Yours seem to end earlier, and None begins further down.",
        (_but(negative=0.2), _but(negative=0.1), _but(negative=0.01)),
    ),
    Mistake(
        "A window on a face came out as part: the test for .4 comes before that for .65, and lets it go no further.",
        (_first_of("part", "positive"),),
    ),
    Mistake(
        "The shared area was divided by the smaller box: a small window inside a large face counts as the face. IoU "
        "divides by the union.",
        (_but(lambda w, f: iom(w[None], f)[0]),),
    ),
    Mistake(
        "The shared area was divided by the face's area: any window around a face counts as the face. IoU divides by "
        "the union.",
        (_but(_over(lambda shared, window, faces: faces)),),
    ),
    Mistake(
        "The shared area was divided by the window's area: any window inside a face counts as the face. IoU divides by "
        "the union.",
        (_but(_over(lambda shared, window, faces: window)),),
    ),
    Mistake(
        "The union counts the shared area twice: area + area - shared.",
        (_but(_over(lambda shared, window, faces: window + faces)),),
    ),
    Mistake(
        "The shared area was divided by the larger box. IoU divides by the union.",
        (_but(_over(lambda shared, window, faces: np.maximum(window, faces))),),
    ),
    Mistake(
        "A face far off to one corner came out as an overlap: two negative sides multiply to a positive area. A side "
        "below 0 is 0.",
        (_but(_unclipped),),
    ),
    Mistake(
        "That is the old + 1, for boxes that include their last pixel. Here width = x2 - x1; on small boxes it shows.",
        (_but(_inclusive),),
    ),
    Mistake(
        "You asked whether the window's centre lies on a face. What counts is the IoU.",
        (_centre_inside,),
    ),
    Mistake(
        "The faces were made square before they were compared. Compare them as they are labelled.",
        (_but(lambda w, f: _overlaps(w, square_boxes(f))),),
    ),
    Mistake(
        "The boxes were read as x, y, width, height. They are two corners: x1, y1, x2, y2.",
        (_but(lambda w, f: _overlaps(np.r_[w[:2], w[:2] + w[2:]], np.c_[f[:, :2], f[:, :2] + f[:, 2:]])),),
    ),
    Mistake(
        "The window was clipped at 0 first. A window may leave the photo, and what leaves it counts.",
        (_but(lambda w, f: _overlaps(np.maximum(w, 0), f)),),
    ),
    Mistake(
        "Between .3 and .4 the answer is None, the value, not a name for it.",
        tuple(
            _then({"positive": "positive", "part": "part", "negative": "negative", None: name})
            for name in ("None", "none", "ignore", "ignored", "nothing", "not used", "", "landmark", False, 0, -1, -2)
        ),
    ),
    Mistake(
        'The kinds are right, the words are not: "positive", "part", "negative", None.',
        (
            _then({"positive": "pos", "part": "part", "negative": "neg", None: None}),
            _then({"positive": "Positive", "part": "Part", "negative": "Negative", None: None}),
            _then({"positive": "face", "part": "part", "negative": "background", None: None}),
            _then({"positive": 1, "part": -1, "negative": 0, None: None}),
            _then({"positive": 1, "part": 2, "negative": 0, None: None}),
        ),
    ),
    Mistake(
        "You returned the IoU. The answer is the name that it gives the window.",
        (
            lambda w, f: float(_overlaps(w, f).max(initial=0)),
            lambda w, f: _overlaps(w, f),
        ),
    ),
    Mistake(
        "Every window got the same kind.",
        tuple(lambda w, f, kind=kind: kind for kind in ("positive", "part", "negative")),
    ),
)


def _box(*corners: float) -> Array:
    return np.array(corners, np.float32)


def _faces(*rows: tuple[float, ...]) -> Array:
    return np.array(rows, np.float32).reshape(-1, 4)


def _crowd(count: int, pick: int) -> tuple[Array, Array]:
    """`count` faces at random, and a window moved off one of them; no IoU within .005 of a bound."""
    rng = np.random.default_rng([count, pick])
    while True:
        corner, side = rng.integers(0, 150, (count, 2)), rng.integers(15, 60, (count, 2))
        faces = np.concatenate([corner, corner + side], axis=1).astype(np.float32)
        window = faces[pick] + np.tile(rng.integers(-12, 13, 2), 2).astype(np.float32)
        best = _overlaps(window, faces).max()
        if min(abs(best - bound) for bound in (0.3, 0.35, 0.4, 0.65)) > 0.005:
            return window, faces


_FACE = (0, 0, 100, 100)
_SHAPE = "window has shape (4,): x1, y1, x2, y2. faces has shape (1, 4): a row for each face, here one."
_MORE = "It works for one face and stops at two: loop over the rows of faces, or take the maximum of their IoUs."
_NONE = 'Here no face is labelled, N is 0, and nothing has a maximum. Such a window is "negative".'

# IoUs that equal a bound are .4 and .3, whose float32 lie on the same side as their float64; that of .65 does not.
_CASES = (
    Case("the face itself, IoU 1", (_box(*_FACE), _faces(_FACE)), _SHAPE),
    Case("far from the face, IoU 0", (_box(300, 20, 400, 120), _faces(_FACE)), _SHAPE),
    Case("half of the face, IoU .5", (_box(0, 0, 50, 100), _faces(_FACE)), _SHAPE),
    Case("IoU .35", (_box(0, 0, 35, 100), _faces(_FACE)), _SHAPE),
    Case("IoU .66", (_box(0, 0, 66, 100), _faces(_FACE)), _SHAPE),
    Case("IoU .64", (_box(0, 0, 100, 64), _faces(_FACE)), _SHAPE),
    Case("IoU .41", (_box(0, 0, 41, 100), _faces(_FACE)), _SHAPE),
    Case("IoU .39", (_box(0, 0, 100, 39), _faces(_FACE)), _SHAPE),
    Case("IoU .31", (_box(0, 0, 31, 100), _faces(_FACE)), _SHAPE),
    Case("IoU .29", (_box(0, 0, 29, 100), _faces(_FACE)), _SHAPE),
    Case("IoU exactly .4", (_box(0, 0, 40, 100), _faces(_FACE)), _SHAPE),
    Case("IoU exactly .3", (_box(0, 0, 30, 100), _faces(_FACE)), _SHAPE),
    Case("a small window inside the face, IoU .04", (_box(40, 40, 60, 60), _faces(_FACE)), _SHAPE),
    Case("a large window around the face, IoU .11", (_box(-100, -100, 200, 200), _faces(_FACE)), _SHAPE),
    Case("shifted by half a width, IoU 1/3", (_box(50, 0, 150, 100), _faces(_FACE)), _SHAPE),
    Case("beyond the face's corner, IoU 0", (_box(180, 180, 280, 280), _faces(_FACE)), _SHAPE),
    Case("a face higher than wide, IoU .72", (_box(20, 10, 90, 110), _faces((20, 10, 120, 82))), _SHAPE),
    Case("a slim face in a square window", (_box(0, 0, 90, 90), _faces((15, 0, 75, 90))), _SHAPE),
    Case("a face of 4 x 4 px, 2 px off", (_box(10, 10, 14, 14), _faces((12, 10, 16, 14))), _SHAPE),
    Case("a window that leaves the photo", (_box(-30, 0, 20, 50), _faces((0, 0, 20, 50))), _SHAPE),
    Case("no face at all", (_box(*_FACE), np.zeros((0, 4), np.float32)), _NONE),
    Case("on the second of two faces", (_box(200, 0, 300, 100), _faces(_FACE, (200, 0, 300, 100))), _MORE),
    Case("on the first of two faces", (_box(*_FACE), _faces(_FACE, (200, 0, 300, 100))), _MORE),
    Case("between two faces, IoU .25 with each", (_box(60, 0, 160, 100), _faces((0, 0, 100, 100), (120, 0, 220, 100))),
         _MORE),
    Case("part of one face, most of another", (_box(40, 0, 140, 100), _faces((0, 0, 100, 100), (35, 0, 135, 100))),
         _MORE),
    Case("near one of three faces", (_box(0, 0, 35, 100), _faces(_FACE, (300, 0, 400, 100), (0, 300, 90, 400))), _MORE),
    *(Case(f"one of {count} faces at random", _crowd(count, pick), _MORE) for count, pick in
      ((3, 1), (4, 3), (5, 2), (6, 4), (7, 0), (8, 5), (9, 7), (12, 10))),
)  # fmt: skip


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """The window, in blue, among the faces."""
    window, faces = inputs
    layers = [drawing.layer(drawing.INPUT, faces), drawing.layer(drawing.EXPECTED, window[None])]
    best = _overlaps(window, faces).max(initial=0)
    caption = f"faces, given, and the window: best IoU {best:.3f}"
    return drawing.picture([drawing.plane(layers, caption)], [layers[0]])


_JUDGE = Judge(
    name="sample_kind",
    arguments=("window", "faces"),
    reference=_reference,
    cases=_CASES,
    mistakes=_MISTAKES,
    draw=_draw,
)
