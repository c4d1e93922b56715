"""A wall of pictures: faces of many sizes, in many lights, among things that look like faces; the labels are exact.

The faces are the astronaut's, Grace Hopper's (a portrait that comes with matplotlib) and those of `lfw_subset`.
"""

from functools import cache

import numpy as np

from mtcnn_lite.course.scenes.cards import Card, Shot
from mtcnn_lite.course.scenes.cutouts import Box, astronaut, hopper, lfw_face, thing
from mtcnn_lite.course.scenes.tiles import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.images import Pixels

HEIGHT, WIDTH = 620, 1000
ABOVE, BELOW = np.array((226, 222, 212)), np.array((176, 172, 163))  # the plaster's colours
PANEL, PANEL_COLOUR = 566, (118, 122, 120)  # where the panelling begins, px from above
RAIL = ((7, (236, 234, 228)), (3, (92, 95, 93)))  # its upper edge: light wood and a shadow; px, colour
LAMPS, LAMP_REACH = (170, 500, 830), 200  # px from the left; px
# Parts of the astronaut's and of Grace Hopper's photo: x1, y1, x2, y2
STANDING, HEAD, NEARER = (60, 0, 380, 483), (100, 0, 380, 280), (110, 20, 350, 260)
OFFICER, CAP, FACE = (60, 20, 480, 575), (60, 20, 470, 430), (100, 60, 430, 390)
EYES, MOUTH = (-0.1, 0.13, 1.1, 0.48), (-0.1, 0.42, 1.1, 1.06)  # what a note hides, in parts of the face's box


@cache
def wall() -> LabelledPhoto:
    """The photo, 1000 x 620 px, and its 37 labelled faces of 12 to 94 px, the shorter side; the same bytes on any CPU.

    What can't be found easily is so on purpose: faces in the dark, out of focus, turned, behind a note, very small. The
    cat, the coins and the other pictures hold no face that counts. `about["sources"]` says whose each box is. Needs
    scikit-image and matplotlib.

    Examples
    --------
    >>> photo = wall()
    >>> photo.image().shape, photo.boxes.shape, photo.about["sources"][0]
    ((620, 1000, 3), (37, 4), 'astronaut')
    """
    picture = _plaster()
    boxes, points, sources = [], [], []
    for card in _cards():
        hung_boxes, hung_points = card.hang(picture)
        boxes += hung_boxes
        points += hung_points
        sources += [shot.cutout.name for shot in card.shots if shot.cutout.landmarks is not None]
    picture.setflags(write=False)  # all callers share it
    return LabelledPhoto(picture, boxes, points, about={"sources": tuple(sources)})


def portrait() -> LabelledPhoto:
    """The astronaut's photo with its one labelled face."""
    from skimage.data import astronaut as photo

    pixels: Pixels = photo()  # type: ignore[no-untyped-call]
    return LabelledPhoto(pixels, [ASTRONAUT_BOX], [ASTRONAUT_LANDMARKS], about={"sources": ("astronaut",)})


def _cards() -> list[Card]:
    """What hangs on the wall, column by column."""
    return [
        Card([Shot(astronaut(), STANDING)], 133, 180, (184, 278), "black"),
        _thing("coffee", (120, 20, 516, 380), 84, 409, (88, 82), "oak"),
        _thing("shepp_logan_phantom", (57, 0, 343, 400), 200, 409, (70, 100), "white"),
        _faces({26: 110, 68: 60, 29: 36, 52: 20}, 133, 512, (49, 48), "strip", columns=4),  # darker and darker
        _thing("chelsea", (20, 0, 432, 300), 358, 99, (184, 134), "gold"),
        _faces({1: 256, 3: 256, 30: 110, 10: 256, 18: 256, 19: 256, 83: 60, 33: 256, 4: 130, 46: 256},
               358, 233, (34, 34), "white", columns=5),
        _thing("coins", (0, 0, 384, 270), 358, 367, (168, 118), "oak"),
        _thing("rocket", (200, 0, 440, 352), 291, 503, (52, 76), "white"),
        _thing("gravel", (0, 0, 200, 134), 399, 503, (84, 56), "black"),
        Card([Shot(hopper(), OFFICER)], 577, 155, (174, 230), "oak"),
        Card([Shot(hopper(), CAP, cover=EYES)], 515, 356, (54, 54), "instant", 9),
        Card([Shot(astronaut(), (120, 20, 340, 240), light=26)], 624, 358, (78, 78), "black"),
        _thing("stereo_motorcycle", (80, 100, 680, 393), 577, 489, (172, 84), "black"),
        _thing("moon", (0, 0, 512, 512), 746, 74, (86, 86), "white"),
        Card([Shot(astronaut(), HEAD, blur=5)], 894, 106, (130, 130), "black"),
        Card([Shot(lfw_face(50))], 750, 188, (62, 62), "instant", -42),
        _thing("retina", (0, 0, 1408, 1408), 751, 305, (94, 94), "gold"),
        Card([Shot(hopper(), CAP, cover=MOUTH)], 860, 262, (74, 74), "instant", -7),
        Card([Shot(astronaut(), NEARER)], 934, 318, (60, 60), "instant", 75),
        _thing("text", (0, 0, 280, 168), 751, 412, (96, 58), "white"),
        Card([Shot(hopper(), FACE, blur=px) for px in (1, 3, 5)], 899, 419, (44, 44), "white", columns=3),
        _thing("brick", (0, 0, 200, 200), 741, 506, (58, 52), "oak"),
        _faces(dict.fromkeys((44, 61, 25, 12, 91), 256), 889, 484, (30, 30), "strip", columns=5),
        _faces(dict.fromkeys((94, 79, 52, 85, 75, 63, 36), 256), 874, 530, (16, 16), "strip", columns=7),
    ]  # fmt: skip


def _thing(name: str, crop: Box, x: int, y: int, size: tuple[int, int], border: str) -> Card:
    return Card([Shot(thing(name), crop)], x, y, size, border)


def _faces(lights: dict[int, int], x: int, y: int, size: tuple[int, int], border: str, columns: int) -> Card:
    """Faces of `lfw_subset`, each with its share of the light, in 1/256."""
    return Card([Shot(lfw_face(k), light=light) for k, light in lights.items()], x, y, size, border, columns=columns)


def _plaster() -> Pixels:
    """The wall without pictures: plaster under three lamps, and a panelling below."""
    down, right = np.arange(HEIGHT)[:, None, None], np.arange(WIDTH)[None, :, None]
    plaster = (ABOVE * (HEIGHT - down) + BELOW * down) // HEIGHT
    for x in LAMPS:
        plaster = plaster + np.maximum(0, LAMP_REACH**2 - ((right - x) ** 2 + (down + 60) ** 2 // 2)) // 2600
    grain = np.random.default_rng(3).integers(-2, 3, (HEIGHT, WIDTH, 1))
    plaster = plaster + grain
    plaster[PANEL:] = PANEL_COLOUR + grain[PANEL:]
    top = PANEL
    for thick, colour in RAIL:
        plaster[top : top + thick] = colour
        top += thick
    return np.clip(plaster, 0, 255).astype(np.uint8)
