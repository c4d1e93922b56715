"""Photos to measure on, made from scikit-image's at run time: the same pixels on every machine."""

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

BACKGROUNDS = ("coffee", "rocket", "chelsea", "gravel", "brick", "grass", "retina", "coins")
FACES = (0.045, 0.06, 0.08, 0.11, 0.15, 0.2, 0.3)  # faces' sides over the photo's height
ASTRONAUT_FACE = 90  # side of the face in the astronaut, px
CUT_OUT = (slice(0, 220), slice(110, 330))  # her head and shoulders: rows, columns


def compose(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """A photo of `width` x `height` px: textures and objects, and before them the astronaut in seven sizes.

    Every second one is mirrored. `seed` says which background lies where and which face goes to which place.
    """
    random = np.random.default_rng(seed)
    photo = np.zeros((height, width, 3), np.uint8)
    columns, rows = 4, 2
    for k, name in enumerate(random.permutation(BACKGROUNDS)):
        ground = getattr(data, name)()
        ground = ground if ground.ndim == 3 else np.repeat(ground[..., None], 3, axis=2)
        (x1, x2), (y1, y2) = _cell(k % columns, columns, width), _cell(k // columns, rows, height)
        photo[y1:y2, x1:x2] = _cover(ground[..., :3], y2 - y1, x2 - x1)
    for k, place in enumerate(random.permutation(columns * rows)[: len(FACES)]):
        head = data.astronaut()[CUT_OUT][:, :: -1 if k % 2 else 1]
        (x1, x2), (y1, y2) = _cell(place % columns, columns, width), _cell(place // columns, rows, height)
        side = round(min(len(head) * FACES[k] * height / ASTRONAUT_FACE, x2 - x1, y2 - y1))
        head = _resize(head, side, side)
        x, y = random.integers(x1, x2 - side + 1), random.integers(y1, y2 - side + 1)
        photo[y : y + side, x : x + side] = head
    return photo


def _cell(k: int, of: int, length: int) -> tuple[int, int]:
    return k * length // of, (k + 1) * length // of


def _cover(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """The middle of the image, resized until it covers `height` x `width`."""
    scale = max(height / image.shape[0], width / image.shape[1])
    image = _resize(image, max(height, round(image.shape[0] * scale)), max(width, round(image.shape[1] * scale)))
    y, x = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[y : y + height, x : x + width]


def _resize(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    shrinks = height < image.shape[0]
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=kind), np.uint8)
