"""What scenes are made of: faces, things that are no faces, and backgrounds, none of them shared by the two splits.

All of it ships inside scikit-image. Pictures with people other than the astronaut (camera, coins) are left out.

| | "train" | "held_out" |
|---|---|---|
| small faces | `lfw_subset` 0 to 69, the astronaut | 70 to 99 |
| faces over `LARGEST_BLURRED` px | the astronaut | the astronaut: nobody else is large enough |
| no faces | `lfw_subset` 100 to 169, the astronaut photo's left | 170 to 199, its right |
| backgrounds | `BACKGROUNDS["train"]` | `BACKGROUNDS["held_out"]` |
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.course.scenes.tiles import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS
from mtcnn_lite.images import Pixels, as_rgb, read_image
from mtcnn_lite.pyramid import halvings

Split = Literal["train", "held_out"]
Box = tuple[float, float, float, float]
T = TypeVar("T")

# The face in the portrait of Grace Hopper, labelled by hand.
HOPPER_BOX: Box = (174.0, 120.0, 352.0, 331.0)
HOPPER_LANDMARKS = ((222.7, 190.0), (306.7, 186.7), (268.0, 240.0), (231.7, 279.3), (304.0, 277.3))
LARGEST_BLURRED = 60  # px: a 25 px patch shown larger than this is a blur
ASTRONAUT_SHARE = 0.1  # of the small training faces
FACES_OF = {"train": range(70), "held_out": range(70, 100)}  # in lfw_subset
# 125 and 130 hold half a face, though they are filed under "no face"
NO_FACES_OF = {split: [k for k in ks if k not in (125, 130)]
               for split, ks in (("train", range(100, 170)), ("held_out", range(170, 200)))}  # fmt: skip
# x1, y1, x2, y2 in the astronaut's photo, clear of the head: flag, sleeve and suit; shuttle and helmet
ASTRONAUT_PARTS: dict[str, list[Box]] = {
    "train": [(0, 0, 144, 512), (0, 256, 256, 512)],
    "held_out": [(304, 0, 512, 512)],
}
BACKGROUNDS = {
    "train": ("brick", "gravel", "chelsea", "coffee", "stereo_motorcycle", "hubble_deep_field", "text"),
    "held_out": ("grass", "rocket", "moon", "page", "immunohistochemistry"),
}
LIKE_A_FACE: Box = (1.7, -0.8, 20.7, 23.8)  # where the median face lies in a patch of lfw_subset
MULTIPLE = 8  # sides that halve three times without a rest: the halves are exact means of 2 x 2, on any CPU


@dataclass(frozen=True, eq=False)
class Cutout:
    """Something to paste: a face, or something else framed as if it were one.

    Parameters
    ----------
    copies : tuple of uint8 (H, W, 3)
        The picture, and its halves, quarters, ...
    box : (4,)
        x1, y1, x2, y2 of the face in the picture, on pixel edges; it may reach beyond the picture.
    landmarks : float64 (5, 2) or None
        Whole numbers at pixel centres; None for what is no face.
    name : str
        Where it comes from.
    gray : bool
        The picture has no colour of its own, so that it may be tinted.
    """

    copies: tuple[Pixels, ...]
    box: Box
    landmarks: NDArray[np.float64] | None
    name: str
    gray: bool


def face(rng: np.random.Generator, split: Split, size: float) -> Cutout:
    """A face that can be shown at a size without being mere blur.

    Parameters
    ----------
    rng : numpy.random.Generator
        Chooses it.
    split : "train" or "held_out"
        Whose faces.
    size : float
        Shorter side of the face's box in the scene, px.
    """
    astronaut_too = split == "train" and rng.random() < ASTRONAUT_SHARE
    if size > LARGEST_BLURRED or astronaut_too:
        return astronaut()
    return _pick(rng, lfw_faces(split))


def no_face(rng: np.random.Generator, split: Split) -> Cutout:
    """A patch without a face: a quarter from `lfw_subset`, a quarter from the astronaut's photo, half backgrounds."""
    kind = rng.integers(4)
    if kind == 0:
        return _pick(rng, _no_faces(split))
    if kind == 1:
        copies, name = astronaut().copies, "astronaut"
        x1, y1, x2, y2 = _pick(rng, ASTRONAUT_PARTS[split])
    else:
        name, copies = _pick(rng, pictures(split))
        x1, y1, x2, y2 = 0, 0, copies[0].shape[1], copies[0].shape[0]
    # The mask reaches at most half a box beyond each side: all that it shows lies inside x1 .. y2.
    width = min(rng.uniform(16, 64), (x2 - x1) / 2)
    height = min(width * rng.uniform(1.1, 1.4), (y2 - y1) / 2)
    left, top = rng.uniform(x1 + width / 2, x2 - width * 1.5), rng.uniform(y1 + height / 2, y2 - height * 1.5)
    return Cutout(copies, (left, top, left + width, top + height), None, name, False)


@cache
def lfw_faces(split: Split) -> tuple[Cutout, ...]:
    """The split's labelled faces of `lfw_subset`, without the one whose chin its patch cuts off."""
    return tuple(lfw_face(k) for k in FACES_OF[split] if not _lfw_labels()[k]["ignore"])


@cache
def lfw_face(k: int) -> Cutout:
    """The face of number k, 0 to 99, of `lfw_subset`."""
    label = _lfw_labels()[k]
    points = np.array(label["landmarks"], np.float64)
    return Cutout((_lfw()[k],), tuple(label["box"]), points, f"lfw_subset[{k}]", True)


@cache
def _lfw_labels() -> list[dict[str, Any]]:
    labels = json.loads((files("mtcnn_lite.course.scenes") / "lfw_subset.json").read_text())
    return [label["faces"][0] for label in labels]


@cache
def pictures(split: Split) -> tuple[tuple[str, tuple[Pixels, ...]], ...]:
    """(name, picture and its halves) of each of the split's pictures without a person."""
    import skimage.data

    loaded = []
    for name in BACKGROUNDS[split]:
        found = getattr(skimage.data, name)()
        picture = as_rgb(found[0] if isinstance(found, tuple) else found)  # of the stereo pair, the left
        loaded.append((name, copies_of(picture)))
    return tuple(loaded)


@cache
def astronaut() -> Cutout:
    """Eileen Collins, in NASA's portrait that comes with scikit-image."""
    from skimage.data import astronaut as photo

    points = np.array(ASTRONAUT_LANDMARKS, np.float64)
    return Cutout(copies_of(photo()), ASTRONAUT_BOX, points, "astronaut", False)  # type: ignore[no-untyped-call]


@cache
def hopper() -> Cutout:
    """Grace Hopper, in the US Navy's portrait that comes with matplotlib; in the public domain as well."""
    from matplotlib.cbook import get_sample_data

    pixels = read_image(get_sample_data("grace_hopper.jpg", asfileobj=False))
    return Cutout(copies_of(pixels), HOPPER_BOX, np.array(HOPPER_LANDMARKS, np.float64), "grace_hopper", False)


@cache
def thing(name: str) -> Cutout:
    """A picture of `skimage.data` without a face that counts, by its name there; all of it is its box."""
    import skimage.data

    found = getattr(skimage.data, name)()
    picture = found[0] if isinstance(found, tuple) else found  # of the stereo pair, the left
    if picture.dtype.kind == "f":
        picture = np.rint(picture * 255).astype(np.uint8)
    copies = copies_of(as_rgb(picture))
    return Cutout(copies, (0, 0, copies[0].shape[1], copies[0].shape[0]), None, name, False)


@cache
def _no_faces(split: Split) -> tuple[Cutout, ...]:
    return tuple(Cutout((_lfw()[k],), LIKE_A_FACE, None, f"lfw_subset[{k}]", True) for k in NO_FACES_OF[split])


@cache
def _lfw() -> tuple[Pixels, ...]:
    from skimage.data import lfw_subset

    patches = np.rint(lfw_subset() * 255).astype(np.uint8)  # type: ignore[no-untyped-call]  # (200, 25, 25)
    return tuple(as_rgb(patch) for patch in patches)


def copies_of(picture: Pixels) -> tuple[Pixels, ...]:
    """The picture, its halves, quarters, eighths; up to 7 px at its right and lower edge are left out."""
    height, width = (length // MULTIPLE * MULTIPLE for length in picture.shape[:2])
    return tuple(halvings(np.ascontiguousarray(picture[:height, :width]), 1 / MULTIPLE))


def _pick(rng: np.random.Generator, choices: Sequence[T]) -> T:
    return choices[int(rng.integers(len(choices)))]
