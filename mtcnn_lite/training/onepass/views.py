"""Training views: square parts of labelled photos, cut round a face at a random size, with what each anchor is for.

A view depends on the seed and its number alone, so an interrupted run resumes with the views it would have seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtcnn_lite.boxes import Floats, _area, clip_boxes
from mtcnn_lite.coordinates import mirror_boxes, mirror_landmarks, move_boxes, move_landmarks, rotation
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.images import Pixels, crop_windows
from mtcnn_lite.onepass.look import grid
from mtcnn_lite.pyramid import halvings
from mtcnn_lite.training.batches import EndlessOrder
from mtcnn_lite.training.onepass.plan import OnePassPlan
from mtcnn_lite.training.onepass.targets import anchor_targets

OF_A_PHOTO = 2  # views in a batch: it is decoded once for both
MOST_OFTEN = 4  # times that a photo of many faces comes in a round
LARGEST = 2.0  # px of a view for one of its photo: beyond that a view shows little but blur
VISIBLE = 0.5  # share of a face's box that must be in a view, with its middle; of others no anchor learns
Levels = Mapping[int, Sequence[float]]


class ViewBatch(NamedTuple):
    """N views and their A anchors' targets.

    pixels uint8 (N, side, side, 3); kinds int8 (N, A), offsets (N, A, 4), points (N, A, 10), importance (N, A): see
    `targets.Targets`.
    """

    pixels: Pixels
    kinds: Tensor
    offsets: Tensor
    points: Tensor
    importance: Tensor


class Views:
    """The training batch of each step: `views(step)`.

    Photos in which every face is labelled give views of a part of them, those of many faces more often; those with one
    labelled face are shown by fours, because nothing beside that face may be called background.

    Parameters
    ----------
    photos : sequence of LabelledPhoto
    plan : OnePassPlan
    levels : mapping
        The anchors' sides by stride.
    seed : int
        Of all that is random.
    shard : (int, int)
        (k, n): the k-th of n parts of each batch, for n processes that train together.

    Raises
    ------
    ValueError
        Where no face can be learned from.
    """

    def __init__(
        self,
        photos: Sequence[LabelledPhoto],
        plan: OnePassPlan,
        levels: Levels,
        seed: int,
        shard: tuple[int, int] = (0, 1),
    ) -> None:
        self.photos, self.plan, self.seed, self.shard = photos, plan, seed, shard
        complete = np.array([photo.complete for photo in photos], bool)
        useful = np.array([(~photo.ignore).any() for photo in photos], bool)
        if not useful.any():
            raise ValueError("no photo has a face to learn from: all are ignored, or there is none")
        wholes, singles = np.flatnonzero(complete), np.flatnonzero(~complete & useful)
        wholes = np.repeat(wholes, [_times(photo) for photo in photos if photo.complete])
        self.orders = EndlessOrder(wholes, seed, 0), EndlessOrder(singles, seed, 1)
        share = plan.tiled if len(wholes) and len(singles) else float(len(singles) > 0)
        self.tiled = round(share * plan.batch)
        self.anchors = grid(plan.side, plan.side, levels).boxes  # (A, 4)

    def __call__(self, step: int) -> ViewBatch:
        rng = np.random.default_rng([self.seed, step, self.shard[0]])
        views = self.labelled(step, rng)
        pixels = self.plan.augmentation(np.stack([view.image() for view in views]), rng)
        targets = [anchor_targets(self.anchors, view, self.plan) for view in views]
        return ViewBatch(pixels, *(torch.from_numpy(np.stack(column)) for column in zip(*targets, strict=True)))

    def labelled(self, step: int, rng: np.random.Generator) -> list[LabelledPhoto]:
        """The views of a step, before they are recoloured."""
        wholes, singles = self.orders
        part = slice(self.shard[0], None, self.shard[1])
        side, whole = self.plan.side, self.plan.batch - self.tiled
        views = []
        of_photos = -(-whole // OF_A_PHOTO)
        for number in wholes(step * of_photos, of_photos if whole else 0)[part]:
            photo = replace(self.photos[number], source=self.photos[number].image())
            views += [view(photo, side, self.plan, rng) for _ in range(OF_A_PHOTO)]
        views = views[:whole]
        four = singles(step * self.tiled * 4, self.tiled * 4).reshape(-1, 4)
        views += [tiled([view(self.photos[k], side // 2, self.plan, rng) for k in numbers]) for numbers in four[part]]
        return views


def view(photo: LabelledPhoto, side: int, plan: OnePassPlan, rng: np.random.Generator) -> LabelledPhoto:
    """A square part of a photo, of `side` px, with its labels; round one of its faces, where it has any.

    Parameters
    ----------
    photo : LabelledPhoto
    side : int
        Of the view, px.
    plan : OnePassPlan
        The sizes of faces, and the turn.
    rng : numpy.random.Generator
        Draws the face, its size and place, the turn, and whether the view is mirrored.
    """
    image = photo.image()
    box = _place(photo, image.shape[0], image.shape[1], rng)
    scale = _scale(photo, box, side / max(image.shape[:2]), plan, rng)
    window = _window(box, image.shape[0], image.shape[1], side / scale, rng)
    degrees, mirrored = rng.normal(0, plan.turn), rng.random() < 0.5
    middle = (window[:2] + window[2:]) / 2
    pixels = crop_windows(halvings(image, scale), window[None], side, [degrees], middle[None])[0]
    linear = rotation(degrees) * scale  # (2, 2)
    boxes = move_boxes(photo.boxes, linear, scale, middle, (side / 2, side / 2)).astype(np.float32)
    points = move_landmarks(photo.landmarks, linear, middle, (side / 2, side / 2)).astype(np.float32)
    if mirrored:
        pixels, boxes, points = pixels[:, ::-1], mirror_boxes(boxes, side), mirror_landmarks(points, side)
    return _within(LabelledPhoto(pixels, boxes, points, photo.ignore, photo.complete), side, plan)


def tiled(four: Sequence[LabelledPhoto]) -> LabelledPhoto:
    """Four views of one size as one: two above, two below; not every face in it is labelled."""
    side = four[0].image().shape[0]
    rows = [np.concatenate([view.image() for view in four[k : k + 2]], axis=1) for k in (0, 2)]
    at = [np.array([column * side, row * side], np.float32) for row in range(2) for column in range(2)]  # x, y of each
    boxes = np.concatenate([view.boxes + np.tile(corner, 2) for view, corner in zip(four, at, strict=True)])
    points = np.concatenate([view.landmarks + corner for view, corner in zip(four, at, strict=True)])
    ignore = np.concatenate([view.ignore for view in four])
    return LabelledPhoto(np.concatenate(rows), boxes, points, ignore, complete=False)


def _times(photo: LabelledPhoto) -> int:
    """How often a photo comes in a round: a tenth of the photos may hold half of the faces."""
    faces = int((~photo.ignore).sum())
    return min(max(round(faces**0.5), 1), MOST_OFTEN)


def _place(photo: LabelledPhoto, height: int, width: int, rng: np.random.Generator) -> Floats:
    """The box (4,) that a view is cut round: a face's, or a point anywhere in a photo without one."""
    usable = np.flatnonzero(~photo.ignore)
    return photo.boxes[rng.choice(usable)] if len(usable) else np.tile(rng.uniform(0, [width, height]), 2)


def _scale(photo: LabelledPhoto, box: Floats, whole: float, plan: OnePassPlan, rng: np.random.Generator) -> float:
    """How many px of a view one px of the photo takes. At the scale `whole`, the view shows all of the photo."""
    size = float(np.sqrt(_area(box[None])[0]))
    if not photo.complete:
        # there is only the room round one face: without black beside it, faces would always be large
        return float(np.clip(_drawn(plan.tile_faces, rng) / size, whole / 2, LARGEST))
    if not size:
        drawn = _drawn((min(whole, 1), 1), rng)
    elif rng.random() < 0.5:
        drawn = _drawn(plan.scales, rng)
    else:
        drawn = _drawn(plan.faces, rng) / size
    return float(np.clip(drawn, whole, LARGEST))


def _drawn(bounds: tuple[float, float], rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(bounds))))


def _window(box: Floats, height: int, width: int, side: float, rng: np.random.Generator) -> Floats:
    """A square of the photo, x1 y1 x2 y2, of `side` px: round the whole box, and in the photo, if it can be."""
    room = np.array([[0, 0], [width, height]]) - np.array([[0, 0], [side, side]])  # a corner's, in the photo
    low, high = np.maximum(box[2:] - side, room.min(axis=0)), np.minimum(box[:2], room.max(axis=0))
    corner = rng.uniform(np.minimum(low, high), np.maximum(low, high))  # they cross where the box is too large
    return np.concatenate([corner, corner + side])


def _within(seen: LabelledPhoto, side: int, plan: OnePassPlan) -> LabelledPhoto:
    """The view's labels: faces that can be seen, clipped; those half hidden or too small are ignored."""
    inside = clip_boxes(seen.boxes, side, side)
    middle = (seen.boxes[:, :2] + seen.boxes[:, 2:]) / 2
    there = _area(inside) > 0
    enough = (_area(inside) >= VISIBLE * _area(seen.boxes)) & ((middle >= 0) & (middle < side)).all(axis=1)
    shorter = (inside[:, 2:] - inside[:, :2]).min(axis=1, initial=np.inf)
    ignore: NDArray[np.bool_] = seen.ignore | ~enough | (shorter < plan.faces[0])
    return LabelledPhoto(seen.source, inside[there], seen.landmarks[there], ignore[there], seen.complete)
