"""One photo made harder, step by step: what each net still lets through, and which of them loses which face."""

from dataclasses import dataclass, replace
from typing import Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.course.degrade import DEGRADATIONS
from mtcnn_lite.course.explorers import cascade
from mtcnn_lite.course.explorers.base import PhotoExplorer, buttons, link, look, stacked
from mtcnn_lite.course.explorers.canvas import Canvas, Layers, Scene
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, INK, PAPER, Picture, Pixels, beside, draw_boxes, font
from mtcnn_lite.evaluation import reached
from mtcnn_lite.explain import explain
from mtcnn_lite.net_names import NET_NAMES, NET_TITLES

FATES = (*(f"lost in {NET_TITLES[stage]}" for stage in NET_NAMES), "found")
FOUND = len(NET_NAMES)
TINTS = (*(COLOURS[net] for net in NET_NAMES), "#E6E6E6")  # of each fate: the colour of the net that lost the face
RIMMED: dict[str, Any] = {"stroke_width": 3, "stroke_fill": PAPER}
STRIPE = 6  # px from one stripe to the next
LEFT, TOP, CELL_X, CELL_Y, LEGEND = 62, 22, 54, 20, 24  # px of the strip
INVITATION = "Ask about a face: the buttons are under the strip."
NO_FACE = "The detector finds no face in this photo as it is, so there is none to lose."
LONGEST, MOST = 400, 8  # px: the longer side of an uploaded photo; rows in the strip


@dataclass(frozen=True, eq=False)
class LimitsView:
    """The photo at one strength and its run; layers for the canvas; the fate of each face (M,), an index of FATES."""

    photo: LabelledPhoto
    trace: Trace
    layers: Layers
    fates: NDArray[np.int64]


def view(detector: Detector, photo: LabelledPhoto, name: str, step: int) -> LimitsView:
    """The photo made harder in one way by one step, and the fate of each of its faces.

    Parameters
    ----------
    detector : Detector, looks for the faces
    photo : LabelledPhoto, the photo as it is
    name : str, a way, of DEGRADATIONS
    step : int, the number of its strength, from 0
    """
    way = DEGRADATIONS[name]
    harder = way.apply(photo, way.strengths[step])
    trace = detector.trace(harder.image())
    pnet, rnet, onet = trace.settings.thresholds
    lowest = trace.rerun(thresholds=(pnet, rnet, min(onet, cascade.LOWEST[2])))
    costs = cascade.costs(trace, lowest)  # before R-Net and O-Net have anything to remember
    return LimitsView(harder, trace, replace(cascade.view(trace, pnet, rnet), costs=costs), fates(trace, harder))


def fates(trace: Trace, photo: LabelledPhoto) -> NDArray[np.int64]:
    """What becomes of each face (M,), an index of FATES.

    It is lost in the first net that leaves no box with an IoU of 0.5 or more, unless O-Net finds it all the same.
    """
    covered = np.stack([one.best >= 0 for one in reached(trace, photo).values()])  # (3, M)
    return np.where(covered[-1], FOUND, covered.argmin(axis=0))


class LimitsExplorer(PhotoExplorer):
    """Buttons for the way in which a photo gets harder, a slider for how much; and a strip with the fate of each face.

    `photo` brings the labels of its faces. In a photo that the reader uploads, the faces are those that the detector
    finds before anything is done to it, the best MOST of them. All strengths of a way are run when it is first chosen
    and sent at once: the slider moves in the browser.
    """

    def __init__(self, detector: Detector, photo: LabelledPhoto) -> None:
        self._detector, self._labelled, own = detector, photo, detector.settings.thresholds
        fates = list(zip(FATES, TINTS, strict=True))
        self.canvas = Canvas(fates, colours=cascade.STEP_COLOURS, step=3, at=3, thresholds=list(own))
        self.way = buttons(list(DEGRADATIONS), list(DEGRADATIONS).index("turned"))
        stops = len(DEGRADATIONS["turned"].strengths)
        self.step = widgets.IntSlider(3, min=0, max=stops - 1, description="how much", readout=False, **look(70, 340))
        self.after = buttons(cascade.AFTER, 3)
        link(self.canvas, step=self.after, at=self.step)
        super().__init__(photo.image(), LONGEST)
        self.way.observe(lambda _: self._show(), "value")
        self.canvas.ask_python(way=self.way, upload=self.upload)
        self.canvas.on_msg(lambda _, message, buffers: self.ask(message["face"], message["at"]))
        first, second = (self.way, self.step), ("boxes after", self.after, self.upload)
        self.children = stacked(first, second, self.message, self.canvas)

    def show_photo(self) -> None:
        """Forget the runs of another photo, and begin anew with this one."""
        self._views: dict[str, list[LimitsView]] = {}
        if np.array_equal(self.image, self._labelled.image()):
            self.photo = self._labelled
        else:
            found = self._detector.detect(self.image)
            self.photo = LabelledPhoto(self.image, found.boxes[:MOST], found.landmarks[:MOST])
        self._show()

    def views(self) -> list[LimitsView]:
        """The chosen way at each of its strengths."""
        name = self.way.value
        if name not in self._views:
            steps = range(len(DEGRADATIONS[name].strengths))
            self._views[name] = [view(self._detector, self.photo, name, step) for step in steps]
        return self._views[name]

    def now(self) -> LimitsView:
        """What is on show."""
        return self.views()[self.step.value]

    def ask(self, face: int, at: int) -> None:
        """Say in the note what became of face number `face`, counted from 0, at the strength number `at`."""
        one = self.views()[at]
        self.canvas.note = ""  # so that the same answer counts as a new one
        self.canvas.note = f"Face {face + 1}: {explain(one.trace, one.photo.boxes[face]).sentence}."

    def _show(self) -> None:
        name, invitation = self.way.value, INVITATION if len(self.photo.boxes) else NO_FACE
        way = DEGRADATIONS[name]
        self.canvas.show(
            [
                Scene(f"{name}, {strength:g} {way.unit}", f"{strength:g}", labelled(one.photo), one.layers,
                      one.fates.tolist(), one.photo.boxes)
                for one, strength in zip(self.views(), way.strengths, strict=True)
            ],
            invitation,
        )  # fmt: skip

    def _strength(self) -> str:
        way = DEGRADATIONS[self.way.value]
        return f"{way.strengths[self.step.value]:g} {way.unit}"

    def fates(self) -> Pixels:
        """A row for each face, a column for each strength, the one on show framed.

        Gray where the face is found, else stripes in the colour of the net that loses it.
        """
        views, way = self.views(), DEGRADATIONS[self.way.value]
        faces = len(self.photo.boxes)
        width, height = LEFT + CELL_X * len(views) + 4, TOP + CELL_Y * faces + LEGEND + 8
        sheet = Image.new("RGB", (width, height), PAPER)
        pen = ImageDraw.Draw(sheet)
        for column, (one, strength) in enumerate(zip(views, way.strengths, strict=True)):
            x = LEFT + column * CELL_X
            pen.text((x + CELL_X / 2, TOP / 2), f"{strength:g}", INK, font(13), anchor="mm")
            for row, fate in enumerate(one.fates.tolist()):
                y = TOP + row * CELL_Y
                patch(sheet, (x + 2, y + 2, x + CELL_X - 3, y + CELL_Y - 3), fate)
                if fate != FOUND:  # a letter too: not everyone can tell these colours apart
                    pen.text((x + CELL_X / 2, y + CELL_Y / 2), "PRO"[fate], INK, font(13), "mm", **RIMMED)
        for row in range(faces):
            pen.text((4, TOP + (row + 0.5) * CELL_Y), f"face {row + 1}", INK, font(13), anchor="lm")
        x = LEFT + self.step.value * CELL_X
        pen.rectangle((x, TOP - 1, x + CELL_X - 1, TOP + CELL_Y * faces), outline=INK, width=2)
        x, y = LEFT, TOP + CELL_Y * faces + LEGEND // 2 + 4
        for fate, says in enumerate(FATES):
            patch(sheet, (x, y - 6, x + 12, y + 6), fate)
            pen.text((x + 18, y), says, INK, font(13), anchor="lm")
            x += 122
        return np.asarray(sheet)

    def still(self) -> Picture:
        one = self.now()
        found = draw_boxes(labelled(one.photo), one.trace.faces.boxes, "onet")
        return beside([found, self.fates()], [f"{self.way.value}, {self._strength()}", ""], height=190)

    def summary(self) -> str:
        fates = self.now().fates
        each = ", ".join(f"{int((fates == k).sum())} {fate}" for k, fate in enumerate(FATES))
        return f"{self.way.value}, {self._strength()}: of {len(fates)} faces {each}"


def patch(sheet: Image.Image, box: tuple[int, int, int, int], fate: int) -> None:
    """Fill a rectangle of the strip: plain where a face is found, striped where a net loses it.

    Plain green would be a box of O-Net's: a face that it finds.

    Parameters
    ----------
    sheet : Image
        The strip.
    box : four int
        x1, y1, x2, y2, px, the last ones included.
    fate : int
        An index of FATES.
    """
    x1, y1, x2, y2 = box
    drawn = Image.new("RGB", (x2 - x1 + 1, y2 - y1 + 1), TINTS[fate] if fate == FOUND else PAPER)
    if fate != FOUND:
        pen = ImageDraw.Draw(drawn)
        for x in range(-drawn.height, drawn.width, STRIPE):
            pen.line((x, drawn.height, x + drawn.height, 0), TINTS[fate], 3)
        pen.rectangle((0, 0, drawn.width - 1, drawn.height - 1), outline=TINTS[fate], width=2)
    sheet.paste(drawn, (x1, y1))


def labelled(photo: LabelledPhoto) -> Pixels:
    """The photo with the labels of its faces in yellow, and their numbers, from 1, in yellow on dark."""
    sheet = Image.fromarray(photo.image())
    pen = ImageDraw.Draw(sheet)
    for number, (x1, y1, x2, y2) in enumerate(photo.boxes.round().astype(int).tolist(), 1):
        pen.rectangle((x1, y1, x2 - 1, y2 - 1), outline=COLOURS["truth"])
        top = min(y2, sheet.height - 17)  # below the box, where there is room
        pen.rectangle((x1, top, x1 + 13, top + 16), INK)
        pen.text((x1 + 7, top + 8), str(number), COLOURS["truth"], font(14), "mm")
    return np.asarray(sheet)
