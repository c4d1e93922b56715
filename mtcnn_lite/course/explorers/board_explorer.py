"""A detector at work on photos whose faces are labelled, with a scoreboard: what two explorers share."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mtcnn_lite.coordinates import scale_landmarks
from mtcnn_lite.course.explorers.base import DetectorExplorer, Drawing, buttons, stacked
from mtcnn_lite.course.explorers.sieve import Sieve, Slider, counted
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import INK, PAPER, Picture, at_height, beside, draw_boxes, draw_landmarks, font
from mtcnn_lite.explain import explain
from mtcnn_lite.images import Pixels

Photo = LabelledPhoto | Pixels


class BoardExplorer(DetectorExplorer):
    """Subclasses say how a photo becomes what the drawing shows, and what runs at the stops of the sliders.

    The buttons for other photos and the upload need Python.

    Parameters
    ----------
    detector : Detector
        Its nets, settings and hooks.
    photos : uint8 (H, W, 3), LabelledPhoto, or a mapping of such
        A photo, or several with their names, the first of which comes first; without labels, or where they are not
        complete, the board can't say who is missed.
    longest : int
        An uploaded photo's longer side is shrunk to so many px.
    board : Drawing
        It says a click's box, or a labelled face by its number.
    """

    invitation = "Click on a box, or on a missed face, to ask what became of it."

    def __init__(self, detector: Detector, photos: Photo | Mapping[str, Photo], longest: int, board: Drawing) -> None:
        self.canvas: Any = board
        self.photos = named(photos)
        self.choice = buttons(list(self.photos))
        super().__init__(detector, next(iter(self.photos.values())).image(), longest, board)
        self.choice.observe(lambda _: self._choose(), "value")
        several = {"choice": self.choice} if len(self.photos) > 1 else {}
        board.others = self.other_photos()
        (board.own if board.others else board.ask_python)(**several)
        board.ask_python(upload=self.upload)
        self.pictures = [*several.values(), self.upload]
        self.children = stacked((*self.pictures, self.message), board)

    def show_photo(self) -> None:
        super().show_photo()
        known = (name for name, photo in self.photos.items() if np.array_equal(photo.image(), self.image))
        name = next(known, None)
        self.photo = LabelledPhoto(self.image, [], complete=False) if name is None else self.photos[name]
        self.choice.value = name  # no button is pressed while a photo of the reader's is shown

    def other_photos(self) -> dict[str, dict[str, Any]]:
        """The board's traits of each photo but the first, for a page without a kernel; none where too large."""
        return {}

    def _choose(self) -> None:
        if self.choice.value is None or self.photo is self.photos[self.choice.value]:
            return
        self.message.value = ""
        self.image = self.photos[self.choice.value].image()
        self.show_photo()

    def heard(self, message: dict[str, Any]) -> None:
        """A word from the browser."""
        self.ask(message["clicked"], message.get("face", -1))

    def ask(self, box: Sequence[float], face: int = -1) -> None:
        """Say in the note what became of `box` (4,), image pixels, or of a labelled face by its number, from 0."""
        run = self.run_shown()
        at = ", ".join(f"{threshold:g}" for threshold in run.settings.thresholds)
        where, whose = (box, "That box") if face < 0 else (counted(self.photo)[face].tolist(), f"Face {face + 1}")
        self.canvas.note = ""  # so that the same answer counts as a new one
        self.canvas.note = f"{whose}, at {at}: {explain(run, where).sentence}."


def named(photos: Photo | Mapping[str, Photo]) -> dict[str, LabelledPhoto]:
    """Photos by name; those without labels become photos whose labels are not complete."""
    several = photos if isinstance(photos, Mapping) else {"the photo": photos}
    return {
        name: photo if isinstance(photo, LabelledPhoto) else LabelledPhoto(photo, [], complete=False)
        for name, photo in several.items()
    }


def labels(photo: LabelledPhoto) -> NDArray[np.float32] | None:
    """The faces (M, 4) that a board can count, None where nobody knows them all."""
    return counted(photo) if photo.complete else None


def stop_numbers(sliders: Sequence[Slider], values: Sequence[float]) -> list[int]:
    """For each slider the number of the stop nearest to a value."""
    return [
        min(range(len(slider.stops)), key=lambda k: abs(slider.stops[k] - value))
        for slider, value in zip(sliders, values, strict=True)
    ]


def drawn(sieve: Sieve, at: Sequence[int], image: Pixels, after: Sequence[str], height: int = 330) -> Picture:
    """The last step's boxes on the photo, the missed faces in yellow, and the board beside it.

    Parameters
    ----------
    sieve : Sieve
        Of the photo.
    at : sequence of int
        The stop of each slider.
    image : uint8 (H, W, 3)
        The photo.
    after : sequence of str
        What the board calls the steps.
    height : int
        Of the picture, px.
    """
    photo, scale = at_height(image, height)
    last = len(sieve.steps) - 1
    left, tallies = sieve.left(last, at), [sieve.tally(step, at) for step in range(last + 1)]
    found = sieve.on[sieve.on_of[last], left]
    if sieve.faces is not None:
        missed = np.setdiff1d(np.arange(len(sieve.faces)), found)
        photo = draw_boxes(photo, sieve.faces[missed] * scale, "truth", 1)
    photo = draw_boxes(photo, sieve.boxes[sieve.box_of[last], left] * scale, "onet")
    if sieve.landmarks is not None:
        photo = draw_landmarks(photo, scale_landmarks(sieve.landmarks[left], scale), radius=1)
    sheet = Image.new("RGB", (225, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    outcome = tallies[-1]
    facts = [f"{outcome.found} faces found (green)"] if sieve.faces is None else [
        f"{outcome.found} of {len(sieve.faces)} faces found (green)", f"{outcome.missed} missed (yellow)",
        f"{outcome.false} false alarm{'s' * (outcome.false != 1)}"]  # fmt: skip
    for line, text in enumerate(facts):
        pen.text((0, 24 * line), text, INK, font(15))
    for column, head in enumerate(["boxes", "faces", "false"][: 1 if sieve.faces is None else 3]):
        x, values = 125 + 50 * column, [(one.boxes, one.found, one.false)[column] for one in tallies]
        for line, text in enumerate([head, *(f"{value:,}" for value in values)]):
            pen.text((x, 96 + 22 * line), text, INK, font(13), anchor="ra")
    for line, name in enumerate(after):
        pen.text((0, 96 + 22 * (line + 1)), name, INK, font(13))
    return beside([photo, np.asarray(sheet)], height=height)


def told(sieve: Sieve, at: Sequence[int]) -> str:
    """What is left after each step, and what becomes of the faces, in words."""
    tallies = [sieve.tally(step, at) for step in range(len(sieve.steps))]
    steps = ", ".join(f"{one.boxes} {name}" for one, name in zip(tallies, sieve.steps, strict=True))
    last = tallies[-1]
    if sieve.faces is None:
        return f"{sieve.seen(at)} windows, {steps}"
    faces = f"faces found {last.found} of {len(sieve.faces)}, missed {last.missed}, boxes on no face {last.false}"
    return f"{sieve.seen(at)} windows, {steps}; {faces}"
