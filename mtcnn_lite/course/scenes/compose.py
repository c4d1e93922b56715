"""Scenes: a background, faces and things that are no faces pasted on it in the same way, and exact labels."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.boxes import iom
from mtcnn_lite.course.scenes.backgrounds import background, colours, gray
from mtcnn_lite.course.scenes.cutouts import FACES_OF, Cutout, Split, face, no_face
from mtcnn_lite.course.scenes.paste import REACH, WEIGHT, Placement
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.images import Pixels

SMALLEST = 12  # px: P-Net's window
TRIES = 12  # places tried before a face is made smaller
SHRINK = 0.8
VISIBLE = 0.5  # share of a face that must be left of it for it to count
TURN = 15  # degrees, at most
GRAY_SCENES = 0.15  # share of the scenes without colour


def scenes(count: int, seed: int = 0, **settings: Any) -> list[LabelledPhoto]:
    """Scenes, of which number k is `scene([seed, k], **settings)`, however many are asked for.

    Parameters
    ----------
    count : int
        How many.
    seed : int
        Of the random numbers.
    **settings
        See `scene`.

    Examples
    --------
    >>> [len(photo.boxes) for photo in scenes(3, seed=1, faces=(0, 2))] == [
    ...     len(scene([1, k], faces=(0, 2)).boxes) for k in range(3)]
    True
    """
    return [scene([seed, k], **settings) for k in range(count)]


def scene(
    rng: Generator | ArrayLike,
    height: int = 240,
    width: int = 320,
    faces: tuple[int, int] = (1, 6),
    sizes: tuple[float, float] = (14, 120),
    split: Split = "train",
    distractors: tuple[int, int] = (2, 6),
    overlap: float = 0.0,
) -> LabelledPhoto:
    """A photo composed of what scikit-image ships, with the exact labels of its faces.

    Every face's box lies in the picture. Faces are mirrored, turned by up to 15 degrees and recoloured, and so are the
    distractors, under the same soft elliptical mask: a pasted edge says nothing about a face. `about` has the
    "split", the "sources" of the faces in the order of the boxes, and those of the "distractors".

    The same seed and settings give the same bytes on any CPU, as long as numpy's generator draws the same numbers.
    Needs scikit-image.

    Parameters
    ----------
    rng : numpy.random.Generator, int or list of int
        The generator, or a seed for one.
    height, width : int
        Of the photo, px.
    faces : (int, int)
        The least and the most, drawn evenly; (0, 0) gives background. What finds no free place is made smaller, then
        left out, so that a small or crowded scene may hold fewer than asked.
    sizes : (float, float)
        Shorter side of a face's box, px, 12 or more, drawn evenly on a logarithmic scale. A face over 60 px is the
        astronaut in both splits: ask for (14, 60) where training and testing must not meet the same person.
    split : "train" or "held_out"
        They share no small face, no distractor and no background but plain ramps (`scenes.cutouts` lists them).
    distractors : (int, int)
        The least and the most of the things pasted that are no faces.
    overlap : float
        How much of the smaller of two pastes (their masks' frames) the other may cover, 0 to 1; what is pasted later
        lies on top, and a face of which less than half can be seen is marked `ignore`.

    Raises
    ------
    ValueError
        For a setting out of its range.

    Examples
    --------
    >>> photo = scene(7, faces=(2, 2), sizes=(20, 60))
    >>> photo.image().shape, photo.boxes.shape, photo.landmarks.shape, photo.ignore.tolist()
    ((240, 320, 3), (2, 4), (2, 5, 2), [False, False])
    """
    _check(height, width, faces, sizes, split, distractors, overlap)
    rng = np.random.default_rng(rng)  # type: ignore[arg-type]
    picture = background(rng, height, width, split)
    is_face = [True] * rng.integers(*faces, endpoint=True) + [False] * rng.integers(*distractors, endpoint=True)
    placed: list[Placement] = []
    for wanted in is_face:
        found = _place(rng, height, width, sizes, split, wanted, overlap, placed)
        if found is not None:
            placed.append(found)
    visible = _paste_all(picture, placed, rng.permutation(len(placed)).tolist())
    if rng.random() < GRAY_SCENES:
        picture = gray(picture)
    shown = [k for k, one in enumerate(placed) if one.cutout.landmarks is not None]
    return LabelledPhoto(
        picture,
        [placed[k].box() for k in shown],
        [placed[k].landmarks() for k in shown],
        [visible[k] < VISIBLE for k in shown],
        about={
            "split": split,
            "sources": tuple(placed[k].cutout.name for k in shown),
            "distractors": tuple(one.cutout.name for one in placed if one.cutout.landmarks is None),
        },
    )


def _place(
    rng: Generator,
    height: int,
    width: int,
    sizes: tuple[float, float],
    split: Split,
    wanted_face: bool,
    overlap: float,
    placed: list[Placement],
) -> Placement | None:
    """Something pasted where nothing else is in its way; None where no place was found."""
    taken = [one.frame() for one in placed]
    size = sizes[0] * (sizes[1] / sizes[0]) ** rng.random()
    while size >= sizes[0]:
        size = round(16 * size) / 16  # powers may differ by a last digit between CPUs
        cutout = face(rng, split, size) if wanted_face else no_face(rng, split)
        x1, y1, x2, y2 = cutout.box
        scale = size / min(x2 - x1, y2 - y1)
        half = np.array([x2 - x1, y2 - y1]) * scale / 2
        low = np.ceil(16 * half).astype(int)  # the middle, in 1/16 px
        high = np.floor(16 * (np.array([width, height]) - half)).astype(int)
        try_one = Placement(cutout, 0, 0, scale, *_look(rng, cutout))
        if (low <= high).all():
            middles = rng.integers(low, high, (TRIES, 2), endpoint=True) / 16
            frames = np.tile(middles, 2) + try_one.frame()  # (TRIES, 4)
            free = np.flatnonzero(iom(frames, taken).max(axis=1, initial=0) <= overlap)
            if len(free):
                x, y = middles[free[0]].tolist()
                return replace(try_one, x=x, y=y)
        size *= SHRINK
    return None


def _look(rng: Generator, cutout: Cutout) -> tuple[float, bool, float, Pixels]:
    """(degrees, mirrored, reach, colours) at random."""
    if cutout.gray:  # three quarters get some of the red and brown of skin, faces or not
        tint = max(rng.uniform(-1 / 3, 1), 0)
        gains = 1 + tint * np.array([0.15, -0.1, -0.3])
    else:
        gains = rng.uniform(0.85, 1.15, 3)
    recolour = colours(rng, (0.7, 1.15), 25, gains)
    return rng.uniform(-TURN, TURN), rng.random() < 0.5, REACH * rng.uniform(1, 1.2), recolour


def _paste_all(picture: Pixels, placed: list[Placement], order: list[int]) -> NDArray[np.float64]:
    """Pastes all into the picture, in that order; the share (N,) of each one's ellipse that nothing later covers."""
    owner = np.full(picture.shape[0] * picture.shape[1], -1)
    inside, area = np.zeros(owner.shape, bool), np.ones(len(placed))
    for k in order:
        at, opacity, in_face = placed[k].paste(picture)
        over = (opacity >= WEIGHT // 2) | in_face
        owner[at[over]], inside[at[over]] = k, in_face[over]
        area[k] = max(int(np.count_nonzero(in_face)), 1)
    return np.bincount(owner[inside], minlength=len(placed)) / area


def _check(
    height: int,
    width: int,
    faces: tuple[int, int],
    sizes: tuple[float, float],
    split: Split,
    distractors: tuple[int, int],
    overlap: float,
) -> None:
    for name, (least, most), floor in (
        ("faces", faces, 0),
        ("distractors", distractors, 0),
        ("sizes", sizes, SMALLEST),
    ):
        if not floor <= least <= most:
            raise ValueError(f"{name} is {(least, most)}; it must be (least, most), {floor} <= least <= most")
    if min(height, width) < 2 * sizes[0]:
        raise ValueError(
            f"height, width is {(height, width)}; both must be at least twice sizes[0], {2 * sizes[0]:g} px"
        )
    if split not in FACES_OF:
        raise ValueError(f"split is {split!r}; it must be one of {', '.join(map(repr, FACES_OF))}")
    if not 0 <= overlap <= 1:
        raise ValueError(f"overlap is {overlap}; it must be 0 (apart) to 1 (anything goes)")
