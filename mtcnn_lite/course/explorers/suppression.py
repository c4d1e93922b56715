"""NMS as a film: in each step the best box that is left, and what becomes of those that it overlaps."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import ipywidgets as widgets
import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from mtcnn_lite.boxes import Floats, as_boxes, iou
from mtcnn_lite.cascade.record import Indices
from mtcnn_lite.course.explorers.base import Drawing, Explorer, buttons, link, look, stacked
from mtcnn_lite.draw import COLOURS, INK, PAPER, Picture, Pixels, at_height, beside, draw_boxes, font, rgb
from mtcnn_lite.nms import MEASURES

METHODS = ("greedy", "linear", "gaussian")
REMOVED, WAITING = COLOURS["landmark"], COLOURS["muted"]
FOUND = 0.5  # IoU with a face from which on a box finds it, as benchmarks ask
NUMBERED = 12  # boxes; of more, the numbers would hide the photo
TAG = 15, 13  # px, of a box's number
LIGHT = 380  # red, green and blue of a colour together: from there on dark letters stand out


@dataclass(frozen=True, eq=False)
class Pool:
    """Candidates to choose among: image (H, W, 3), boxes (N, 4), scores (N,) greater than 0, the stage whose colour
    they have, and where the image's faces are, (M, 4)."""

    image: Pixels
    boxes: Floats
    scores: Floats
    stage: str
    faces: Floats = field(default_factory=lambda: np.zeros((0, 4), np.float32))

    def face(self) -> Indices:
        """For each box (N,) the face that it finds, the one with the greatest IoU; -1 where that is under FOUND."""
        if not len(self.faces):
            return np.full(len(self.boxes), -1)
        overlaps = iou(self.boxes, self.faces)  # (N, M)
        return np.where(overlaps.max(axis=1) >= FOUND, overlaps.argmax(axis=1), -1)


@dataclass(frozen=True, eq=False)
class Film:
    """A whole run of S steps over N boxes.

    best (S,): which box each step takes. scores (S + 1, N): before the first step and after each; 0 is a box that has
    been removed. overlaps (S, N): each best box's with all.
    """

    best: Indices
    scores: Floats
    overlaps: Floats


@dataclass(frozen=True, eq=False)
class NMSStep:
    """Where a film stands after one step; all but `best`, `scores` and `compared` are indices, best box first.

    best: the box that this step took, -1 before the first. kept: the boxes taken so far, it included. removed: those
    that this step brought under the cut or to 0. lowered: those whose score it lowered, but not so far. waiting: those
    still to be taken, the lowered ones included. scores (N,): as they are now. compared: overlaps computed so far.
    """

    best: int
    kept: Indices
    removed: Indices
    lowered: Indices
    waiting: Indices
    scores: Floats
    compared: int


def weights(overlaps: Floats, method: str, threshold: float, sigma: float) -> Floats:
    """What a box's score is multiplied by for its overlap with the best; Bodla et al. 2017, section 3.

    Parameters
    ----------
    overlaps : float32, any shape, 0 to 1
    method : str
        greedy: 1 up to `threshold`, then 0. linear: 1 up to `threshold`, then 1 - overlap. gaussian: exp(-overlap^2 /
        sigma).
    threshold : float, of greedy and linear, 0 to 1
    sigma : float, of gaussian, above 0

    Examples
    --------
    >>> weights(np.float32([0.25, 0.75]), "linear", threshold=0.5, sigma=0.5)
    array([1.  , 0.25], dtype=float32)
    """
    if method == "gaussian":
        return np.exp(-(overlaps**2) / np.float32(sigma))
    left = 1 - overlaps if method == "linear" else np.zeros_like(overlaps)
    return np.where(overlaps > threshold, left, np.ones_like(overlaps))


def film(
    boxes: ArrayLike, scores: ArrayLike, method: str, threshold: float, sigma: float, measure: str = "iou"
) -> Film:
    """All steps of greedy NMS or Soft-NMS, until no box is left to take. Equal scores: the earlier box first.

    Parameters
    ----------
    boxes : (N, 4), px
    scores : (N,), above 0
    method : str, one of METHODS
    threshold, sigma : float, see `weights`
    measure : str, of the overlap: "iou", or "iom" over the smaller box
    """
    box, score = as_boxes(boxes), np.array(scores, np.float32)
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; it must be one of {', '.join(map(repr, METHODS))}")
    waiting = score > 0
    best, after, overlaps = list[int](), [score], list[Floats]()
    while waiting.any():
        best.append(int(np.where(waiting, score, -1).argmax()))
        waiting[best[-1]] = False
        overlaps.append(MEASURES[measure](box[best[-1:]], box)[0])
        score = np.where(waiting, score * weights(overlaps[-1], method, threshold, sigma), score)
        waiting &= score > 0
        after.append(score)
    rows = np.array(overlaps, np.float32).reshape(len(best), len(box))
    return Film(np.array(best, np.int64), np.stack(after), rows)


def at(whole: Film, step: int, cut: float = 0.0) -> NMSStep:
    """The film after so many steps, without the boxes under a score.

    A step's best scores no higher than the one before, so where one is under `cut` the film is over. What a box under
    `cut` did to others needs no undoing: it came after all that are left.

    Parameters
    ----------
    whole : Film, all of it
    step : int, 0: before the first; the end, where there are fewer
    cut : float, the lowest score that counts
    """
    lowest = np.float32(cut)
    taken = whole.best[whole.scores[np.arange(len(whole.best)), whole.best] >= lowest]
    step = min(step, len(taken))
    alive = (whole.scores > 0) & (whole.scores >= lowest)  # (S + 1, N)
    before, now = whole.scores[max(step - 1, 0)], whole.scores[step]
    there = alive[max(step - 1, 0)].copy()
    there[taken[:step]] = False
    stays = there & alive[step]
    compared = sum(int(alive[k].sum()) - (k + 1) for k in range(step))  # less those taken, of which all are alive

    def indices(mask: NDArray[np.bool_]) -> Indices:
        rows = np.flatnonzero(mask)
        return rows[np.argsort(-whole.scores[0][rows], kind="stable")]

    best = int(taken[step - 1]) if step else -1
    lowered = indices(stays & (now < before))
    return NMSStep(best, taken[:step], indices(there & ~stays), lowered, indices(stays), now, compared)


def view(
    boxes: ArrayLike,
    scores: ArrayLike,
    method: str,
    threshold: float,
    sigma: float,
    step: int,
    measure: str = "iou",
    cut: float = 0.0,
) -> NMSStep:
    """What the explorer shows: `film` up to a step, without what is under a score.

    Parameters
    ----------
    boxes : (N, 4), px
    scores : (N,), above 0
    method, threshold, sigma, step, measure, cut : see `film` and `at`

    Examples
    --------
    >>> now = view([[0, 0, 10, 10], [1, 0, 11, 10]], [.8, .9], "greedy", 0.5, 0.5, step=1)
    >>> now.best, now.removed.tolist(), now.waiting.tolist()
    (1, [0], [])
    """
    return at(film(boxes, scores, method, threshold, sigma, measure), step, cut)


def found(face: Indices, kept: Indices) -> tuple[int, int]:
    """How many faces the kept boxes find, and how many of these boxes are too many: copies, and on no face.

    >>> found(np.array([0, 0, 1, -1]), np.array([0, 1, 3]))
    (1, 2)
    """
    faces = len(np.unique(face[kept][face[kept] >= 0]))
    return faces, len(kept) - faces


def draw_step(image: Pixels, boxes: ArrayLike, now: NMSStep, colour: str, thickness: int = 2) -> Pixels:
    """A copy of the image with a step drawn on it.

    Waiting boxes are gray, kept ones have a colour, the best of them a thicker line; those that the step lowers are
    vermilion, those that it removes crossed out as well. Up to a dozen boxes bear their row's number.

    Parameters
    ----------
    image : uint8 (H, W, 3), the photo
    boxes : (N, 4), all candidates, px
    now : NMSStep, what has become of each
    colour : str, of the kept: a name from COLOURS, or "#RRGGBB"
    thickness : int, of their lines, px
    """
    box = as_boxes(boxes)
    canvas = draw_boxes(image, box[np.setdiff1d(now.waiting, now.lowered)], WAITING, 1)
    canvas = draw_boxes(canvas, box[now.kept], colour, thickness)
    canvas = draw_boxes(canvas, box[np.concatenate([now.lowered, now.removed])], REMOVED, 1)
    for x1, y1, x2, y2 in box[now.removed].round().astype(int).tolist():
        for start, end in (((x1, y1), (x2 - 1, y2 - 1)), ((x1, y2 - 1), (x2 - 1, y1))):
            cv2.line(canvas, start, end, rgb(REMOVED), 1, cv2.LINE_AA)
    if now.best >= 0:
        canvas = draw_boxes(canvas, box[[now.best]], colour, thickness + 2)
    return numbered(canvas, box, now, colour) if len(box) <= NUMBERED else canvas


def numbered(image: Pixels, boxes: ArrayLike, now: NMSStep, colour: str) -> Pixels:
    """A copy of the image with each box's number on its upper edge, less those of boxes that went in earlier steps.

    Parameters
    ----------
    image : uint8 (H, W, 3)
    boxes : (N, 4), px
    now : NMSStep, which of them are there
    colour : str, of the kept ones: a name from COLOURS, or "#RRGGBB"
    """
    sheet = Image.fromarray(image)
    pen, (wide, high) = ImageDraw.Draw(sheet), TAG
    box = as_boxes(boxes)
    tints = {k: tint for rows, tint in ((now.waiting, WAITING), (now.lowered, REMOVED), (now.removed, REMOVED),
                                        (now.kept, COLOURS.get(colour, colour))) for k in rows.tolist()}  # fmt: skip
    places = tag_places(box)
    for k, tint in tints.items():
        x, y = places[k]
        pen.rectangle((x - wide / 2, y - high / 2, x + wide / 2, y + high / 2), rgb(tint))
        ink = PAPER if sum(rgb(tint)) < LIGHT else INK
        pen.text((x, y), str(k), ink, font(11), anchor="mm")
    return np.asarray(sheet)


def tag_places(boxes: Floats) -> list[tuple[float, float]]:
    """Where on each box's upper edge its number stands, px: of some places the farthest from the numbers before it."""
    places = list[tuple[float, float]]()
    for x1, y1, x2, _ in boxes.tolist():
        free = [(x1 + k / 16 * (x2 - x1), max(y1, TAG[1] / 2)) for k in range(1, 16)]
        places.append(max(free, key=lambda at: min((math.dist(at, other) for other in places), default=0.0)))
    return places


class SuppressionExplorer(Explorer):
    """NMS on the boxes of one of `pools`, by name: step by step, greedy or soft, with any threshold, sigma, measure.

    The film is computed in the browser (film.js), as `film` does it; all pools travel there at once.
    """

    def __init__(self, pools: Mapping[str, Pool]) -> None:
        self.pools = dict(pools)
        every = list(self.pools.values())
        photos = [Picture(one.image).encode("JPEG") for one in every]
        number = [photos.index(photo) for photo in photos]  # of those that are alike the first: it travels once
        kept = sorted(set(number))
        self.canvas = Drawing(
            "film.js", "suppression.js", pool=0, method=0, measure=0, step=1, cut=0.5, sigma=0.5,
            overlap=0.5,  # the threshold of greedy and linear
            methods=list(METHODS), measures=list(MEASURES), numbered=NUMBERED, light=LIGHT,
            photos=b"".join(photos[k] for k in kept), lengths=[len(photos[k]) for k in kept],
            boxes=b"".join(as_boxes(one.boxes).tobytes() for one in every),
            scores=b"".join(np.asarray(one.scores, np.float32).tobytes() for one in every),
            face=b"".join(one.face().astype(np.int32).tobytes() for one in every),  # which face each box finds
            pools=[
                {"boxes": len(one.boxes), "faces": len(one.faces), "colour": COLOURS[one.stage],
                 "size": [one.image.shape[1], one.image.shape[0]], "photo": kept.index(k)}
                for one, k in zip(every, number, strict=True)
            ],
        )  # fmt: skip
        wide = look(115)
        self.pool = widgets.Dropdown(options=list(self.pools), description="boxes", **wide)
        self.method = buttons(METHODS)
        self.measure = buttons([("over the union (IoU)", "iou"), ("over the smaller", "iom")])
        self.threshold = widgets.FloatSlider(0.5, min=0, max=1, step=0.05, description="overlap threshold", **wide)
        self.sigma = widgets.FloatSlider(0.5, min=0.05, max=2, step=0.05, description="sigma", **wide)
        self.cut = widgets.FloatSlider(0.5, min=0, max=1, step=0.01, description="score at least", **wide)
        self.step = widgets.IntSlider(1, min=0, max=1, description="step", **wide)
        link(self.canvas, pool=self.pool, method=self.method, measure=self.measure, overlap=self.threshold)
        link(self.canvas, sigma=self.sigma, cut=self.cut, step=self.step)
        for control in (self.method, self.measure, self.threshold, self.sigma):
            control.observe(lambda _: self._update(), "value")
        self.pool.observe(lambda _: self._update(first=1), "value")
        self._update()
        how = "method", self.method, "overlap", self.measure
        bounds = (self.pool, self.cut), (self.threshold, self.sigma)
        super().__init__(stacked(how, *bounds, (self.step,), self.canvas))

    def _film(self) -> Film:
        now, settings = self.pools[self.pool.value], (self.method, self.threshold, self.sigma, self.measure)
        return film(now.boxes, now.scores, *(setting.value for setting in settings))

    def _update(self, first: int | None = None) -> None:
        """The controls as the browser sets them too: how long the film is, and what has no part in the method."""
        gaussian = self.method.value == "gaussian"
        self.threshold.disabled, self.sigma.disabled = gaussian, not gaussian
        self.step.max = max(len(self._film().best), 1)
        self.step.value = self.step.value if first is None else first

    def still(self) -> Picture:
        chosen, whole, cut = self.pools[self.pool.value], self._film(), self.cut.value
        photo, scale = at_height(chosen.image, 280)
        shown = [at(whole, 0, cut), at(whole, self.step.value, cut), at(whole, len(whole.best), cut)]
        panels = [draw_step(photo, chosen.boxes * scale, now, chosen.stage) for now in shown[:2]]
        panels.append(draw_boxes(photo, chosen.boxes[shown[2].kept] * scale, chosen.stage))
        captions = [f"{len(shown[0].waiting)} boxes", _said(shown[1]), f"{len(shown[2].kept)} left in the end"]
        return beside(panels, captions, height=280)

    def summary(self) -> str:
        whole, cut = self._film(), self.cut.value
        start, end = at(whole, 0, cut), at(whole, len(whole.best), cut)
        how = f"sigma {self.sigma.value:.2f}" if self.method.value == "gaussian" else f"at {self.threshold.value:.2f}"
        left = f"{len(end.kept)} of {len(start.waiting)} boxes left by {self.method.value} NMS"
        says = f"{self.pool.value}: {left}, {how}, measure {self.measure.value}, score at least {cut:.2f}"
        pool = self.pools[self.pool.value]
        faces, too_many = found(pool.face(), end.kept)
        return (
            f"{says}; faces found: {faces} of {len(pool.faces)}, boxes too many: {too_many}"
            if len(pool.faces)
            else says
        )


def _said(now: NMSStep) -> str:
    if now.best < 0:
        return "before the first step"
    did = [f"{verb} {len(rows)}" for verb, rows in (("removes", now.removed), ("lowers", now.lowered)) if len(rows)]
    return f"step {len(now.kept)}: {now.scores[now.best]:.3f} {' and '.join(did) or 'removes none'}"
