"""The likely mistakes in `sample_kind`, each with its hint."""

import numpy as np

from mtcnn_lite.boxes import iom, square_boxes
from mtcnn_lite.course.checks.judge import Hints
from mtcnn_lite.course.checks.sample_kind_ways import (
    any_negative_first,
    but,
    centre_inside,
    first_named,
    first_of,
    inclusive,
    ious,
    over,
    then,
    unclipped,
)

_ALL_FACES = "A window may miss one face and hit another: take the highest IoU of all, then name it once."
HINTS: Hints = {
    f"Only one of the faces was looked at. {_ALL_FACES}": (
        but(best=lambda o: o[0]),
        but(best=lambda o: o[-1]),
        but(best=lambda o: o[0], empty=None),
    ),
    f"One face that the window misses made it negative, though it lies on another. {_ALL_FACES}": (
        any_negative_first,
        but(best=np.min),
        but(best=np.min, empty=None),
    ),
    f"The first face to give a name decided, before the others were asked. {_ALL_FACES}": first_named,
    "The overlaps were averaged over the faces. Faces elsewhere don't make this window worse: take the highest.": (
        but(best=np.mean),
        but(best=np.median),
    ),
    "The overlaps were added up. Two faces that it half covers don't make a face: take the highest.": but(best=np.sum),
    'No face at all: such a photo holds nothing else, so every window in it is "negative".': (
        but(empty=None),
        but(empty="none"),
    ),
    "The gap is missing: from .3 up to .4 a window is neither, and the answer is None.": (
        but(negative=0.4),
        but(part=0.3),
        but(part=0.35, negative=0.35),
    ),
    "At exactly .3 a window is no negative any more: negative is < .3, so <= is one too many.": but(negative=0.3001),
    "At exactly .4 a window is a part already: the rule is >= .4.": but(part=0.4001),
    "The bound of positives is .65, and so that of parts ends there. Yours seems to be another.": (
        but(positive=0.5),
        but(positive=0.6),
        but(positive=0.7),
        but(positive=0.75),
    ),
    "Parts begin at .4. Yours seem to begin later, and None reaches further up.": (but(part=0.45), but(part=0.5)),
    "Negatives end at .3. Yours seem to end earlier, and None begins further down.": (
        but(negative=0.2),
        but(negative=0.1),
        but(negative=0.01),
    ),
    "A window on a face came "
    "out as part: the test for .4 comes before that for .65, and lets it go no further.": first_of("part", "positive"),
    "The shared area was divided by the smaller box: a small "
    "window inside a large face counts as the face. IoU divides by the union.": but(lambda w, f: iom(w[None], f)[0]),
    "The shared area was divided by the face's area: any window "
    "around a face counts as the face. IoU divides by the union.": but(over(lambda shared, window, faces: faces)),
    "The shared area was divided by the window's area: any window "
    "inside a face counts as the face. IoU divides by the union.": but(over(lambda shared, window, faces: window)),
    "The union counts the shared area twice: area + area - shared.": but(
        over(lambda shared, window, faces: window + faces)
    ),
    "The shared area was divided by the larger box. IoU divides by the union.": but(
        over(lambda shared, window, faces: np.maximum(window, faces))
    ),
    "A face far off to one corner "
    "came out as an overlap: two negative sides multiply to a positive area. A side below 0 is 0.": but(unclipped),
    "That is the old + 1, for boxes that include their last pixel. Here width = x2 - x1; on small boxes it shows.": but(
        inclusive
    ),
    "You asked whether the window's centre lies on a face. What counts is the IoU.": centre_inside,
    "The faces were made square before they were compared. Compare them as they are labelled.": but(
        lambda w, f: ious(w, square_boxes(f))
    ),
    "The boxes were read as x, y, width, height. They are two corners: x1, y1, x2, y2.": but(
        lambda w, f: ious(np.r_[w[:2], w[:2] + w[2:]], np.c_[f[:, :2], f[:, :2] + f[:, 2:]])
    ),
    "The window was clipped at 0 first. A window may leave the photo, and what leaves it counts.": but(
        lambda w, f: ious(np.maximum(w, 0), f)
    ),
    "Between .3 and .4 the answer is None, the value, not a name for it.": tuple(
        then({"positive": "positive", "part": "part", "negative": "negative", None: name})
        for name in ("None", "none", "ignore", "ignored", "nothing", "not used", "", "landmark", False, 0, -1, -2)
    ),
    'The kinds are right, the words are not: "positive", "part", "negative", None.': (
        then({"positive": "pos", "part": "part", "negative": "neg", None: None}),
        then({"positive": "Positive", "part": "Part", "negative": "Negative", None: None}),
        then({"positive": "face", "part": "part", "negative": "background", None: None}),
        then({"positive": 1, "part": -1, "negative": 0, None: None}),
        then({"positive": 1, "part": 2, "negative": 0, None: None}),
    ),
    "You returned the IoU. The answer is the name that it gives the window.": (
        lambda w, f: float(ious(w, f).max(initial=0)),
        lambda w, f: ious(w, f),
    ),
    "Every window got the same kind.": tuple(lambda w, f, kind=kind: kind for kind in ("positive", "part", "negative")),
}
