"""Pictures whose labels are exact, made at run time from what scikit-image ships: nothing to download, no file written.

`scene` and `scenes` compose photos of many faces to train, sample and evaluate on; `pairs` has faces that half hide one
another; `collage` shows one face at many sizes; `wall` is a wall of pictures to play with, `portrait` one picture.
Their faces are the astronaut's (labelled in `tiles`) and those of `lfw_subset` (in `lfw_subset.json`), on the wall also
Grace Hopper's (in `cutouts`).
"""

from mtcnn_lite.course.scenes.compose import scene, scenes
from mtcnn_lite.course.scenes.hanging import portrait, wall
from mtcnn_lite.course.scenes.pairs import pairs
from mtcnn_lite.course.scenes.tiles import (
    ASTRONAUT_BOX,
    ASTRONAUT_LANDMARKS,
    GROUND,
    SIDES,
    collage,
    mirrored,
    scaled,
)

__all__ = [
    "ASTRONAUT_BOX",
    "ASTRONAUT_LANDMARKS",
    "GROUND",
    "SIDES",
    "collage",
    "mirrored",
    "pairs",
    "portrait",
    "scaled",
    "scene",
    "scenes",
    "wall",
]
