"""Chapter 10's photos: composed scenes, one in four in bright light, the others in dim light, darker and noisier."""

from functools import cache

import numpy as np

from mtcnn_lite.course.scenes import scene
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

LIGHTS = 1.0, 0.6, 0.45, 0.7  # of photo k: LIGHTS[k % 4]; 1 is the scene as it is composed
NOISE = 30.0  # standard deviation of the noise where no light is left


def in_light(photo: LabelledPhoto, light: float, seed: int) -> LabelledPhoto:
    """The photo with this share of its light, and noise in place of the rest.

    Parameters
    ----------
    photo : LabelledPhoto
        As it is.
    light : float
        0 to 1; 1 changes nothing.
    seed : int
        Of the noise.
    """
    if not 0 <= light <= 1:
        raise ValueError(f"light is {light}; it must be from 0 to 1")
    noise = np.random.default_rng(seed).normal(0, NOISE * (1 - light), photo.image().shape)
    pixels = np.clip(light * photo.image() + noise, 0, 255).astype(np.uint8)
    return LabelledPhoto(pixels, photo.boxes, photo.landmarks, photo.ignore)


def lit_scenes(count: int, seed: int = 10) -> list[LabelledPhoto]:
    """So many scenes of 240 x 180 px with faces of 14 to 60 px, which no net was trained on, in the LIGHTS in turn.

    >>> len(lit_scenes(2))
    2
    """
    return [_lit_scene(seed, k) for k in range(count)]


@cache
def _lit_scene(seed: int, k: int) -> LabelledPhoto:
    made = scene([seed, k], 180, 240, faces=(3, 5), sizes=(14, 60), split="held_out", distractors=(9, 13))
    return in_light(made, LIGHTS[k % len(LIGHTS)], k)
