"""Who is this? Faces to name, the nearest known face of each, and the distance from which on it is nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import numpy as np
import traitlets
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mtcnn_lite.boxes import Floats
from mtcnn_lite.course.explorers.canvas import Explorer, script
from mtcnn_lite.course.explorers.gallery import tiled
from mtcnn_lite.draw import COLOURS, INK, PAPER, Picture, Pixels, font
from mtcnn_lite.embedding import nearest

OUTCOMES = (  # what an answer is, its colour
    ("known, right name", COLOURS["onet"]),
    ("known, wrong name", COLOURS["landmark"]),
    ("known, called nobody", COLOURS["rnet"]),
    ("stranger, called nobody", COLOURS["pnet"]),
    ("stranger, given a name", COLOURS["landmark"]),
)
RIGHT, WRONG, MISSED, REFUSED, TAKEN = range(5)
COLUMNS, CELL = 6, 46  # pairs in a row; a face on screen, px
START = 0.5  # where the slider begins
MOST = 2.5  # the slider's end: unit vectors are 4 apart at most, and hardly any two faces over 2.5


@dataclass(frozen=True, eq=False)
class Known:
    """Whom the explorer knows and whom it asks about.

    names: one a person. known (G, s, s, 3): crops, with whose they are, known_person (G,), a row of names. asked
    (P, s, s, 3), asked_person (P,): a row of names, or -1 for a stranger. embeddings: the name of each moment ->
    ((G, D), (P, D)).
    """

    names: Sequence[str]
    known: Pixels
    known_person: NDArray[np.int64]
    asked: Pixels
    asked_person: NDArray[np.int64]
    embeddings: Mapping[str, tuple[Floats, Floats]]

    def __post_init__(self) -> None:
        for name, (known, asked) in self.embeddings.items():
            if (len(known), len(asked)) != (len(self.known), len(self.asked)):
                wrong = f"{len(known)} and {len(asked)} rows"
                raise ValueError(f"embeddings[{name!r}] has {wrong}; there are {len(self.known)} and {len(self.asked)}")


@dataclass(frozen=True, eq=False)
class Answers:
    """nearest (P,): the known crop that each asked one is nearest to; distance (P,), squared. outcome (P,): 0 to 4, as
    in OUTCOMES. counts: how many there are of each."""

    nearest: NDArray[np.int64]
    distance: Floats
    outcome: NDArray[np.int64]
    counts: list[int]


def view(people: Known, moment: str, threshold: float) -> Answers:
    """Each asked face gets the name of its nearest known one, if that is within `threshold`; else it is nobody."""
    row, distance = nearest(*people.embeddings[moment])
    named = distance <= np.float32(threshold)
    stranger, right = people.asked_person < 0, people.known_person[row] == people.asked_person
    known = np.where(~named, MISSED, np.where(right, RIGHT, WRONG))
    outcome = np.where(stranger, np.where(named, TAKEN, REFUSED), known)
    return Answers(row, distance, outcome, np.bincount(outcome, minlength=len(OUTCOMES)).tolist())


class WhoCanvas(anywidget.AnyWidget):
    """A dot for each asked face by its distance, and the faces beside their nearest, drawn by recognition.js."""

    _esm = script("recognition.js")
    _css = Path(__file__).parent / "canvas.css"

    threshold = traitlets.Float(START).tag(sync=True)
    moment = traitlets.Int(0).tag(sync=True)
    sheet = traitlets.Bytes(b"").tag(sync=True)  # a PNG: the known crops in one row, then the asked ones
    side = traitlets.Int(32).tag(sync=True)  # of a crop, px
    names: traitlets.List[str] = traitlets.List([]).tag(sync=True)
    known_person: traitlets.List[int] = traitlets.List([]).tag(sync=True)
    asked_person: traitlets.List[int] = traitlets.List([]).tag(sync=True)
    nearest: traitlets.List[list[int]] = traitlets.List([]).tag(sync=True)  # for each moment, (P,)
    distance = traitlets.Bytes(b"").tag(sync=True)  # float32 (moments, P)
    outcomes = traitlets.List([list(each) for each in OUTCOMES]).tag(sync=True)
    grid = traitlets.List([COLUMNS, CELL]).tag(sync=True)
    most = traitlets.Float(MOST).tag(sync=True)


class WhoExplorer(Explorer):
    """A slider for the threshold, buttons for the moment; all is computed in the browser."""

    def __init__(self, people: Known, **kwargs: Any) -> None:
        self.people = people
        moments = list(people.embeddings)
        answers = [view(people, moment, 0) for moment in moments]
        every = np.concatenate([people.known, people.asked])
        self.canvas = WhoCanvas(
            moment=len(moments) - 1,
            sheet=Picture(tiled(every, columns=len(every))).encode("PNG"),
            side=every.shape[1],
            names=list(people.names),
            known_person=people.known_person.tolist(),
            asked_person=people.asked_person.tolist(),
            nearest=[each.nearest.tolist() for each in answers],
            distance=np.stack([each.distance for each in answers]).astype(np.float32).tobytes(),
        )
        look = {"style": {"description_width": "90px"}, "layout": widgets.Layout(width="420px")}
        self.threshold = widgets.FloatSlider(START, min=0, max=MOST, step=0.01, description="threshold", **look)
        self.moment = widgets.ToggleButtons(options=moments, index=len(moments) - 1, style={"button_width": "auto"})
        widgets.jslink((self.threshold, "value"), (self.canvas, "threshold"))
        widgets.jslink((self.moment, "index"), (self.canvas, "moment"))
        wrap = widgets.Layout(flex_flow="row wrap", align_items="center")
        super().__init__([widgets.HBox([self.threshold, self.moment], layout=wrap), self.canvas], **kwargs)

    def answers(self) -> Answers:
        """The view on show."""
        return view(self.people, list(self.people.embeddings)[self.canvas.moment], self.canvas.threshold)

    def still(self) -> Picture:
        now = self.answers()
        order = np.argsort(now.distance, kind="stable")
        rows, step = -(-len(order) // COLUMNS), (2 * CELL + 14, CELL + 22)
        top = 22 * (len(OUTCOMES) + 1) // 2 + 10
        sheet = Image.new("RGB", (COLUMNS * step[0], top + rows * step[1]), PAPER)
        pen = ImageDraw.Draw(sheet)
        for k, ((name, colour), count) in enumerate(zip(OUTCOMES, now.counts, strict=True)):
            x, y = 4 + (k % 2) * 300, 4 + k // 2 * 22
            pen.rectangle((x, y + 3, x + 11, y + 14), fill=colour)
            pen.text((x + 18, y), f"{name}: {count}", INK, font(13))
        for k, row in enumerate(order.tolist()):
            x, y = (k % COLUMNS) * step[0], top + k // COLUMNS * step[1]
            for crop, left in ((self.people.asked[row], 0), (self.people.known[now.nearest[row]], CELL)):
                sheet.paste(Image.fromarray(crop).resize((CELL, CELL), Image.Resampling.NEAREST), (x + left, y))
            pen.rectangle((x, y + CELL, x + 2 * CELL - 1, y + CELL + 15), fill=OUTCOMES[now.outcome[row]][1])
            letters = INK if now.outcome[row] == MISSED else PAPER  # orange wants dark letters
            pen.text((x + CELL, y + CELL + 8), f"{now.distance[row]:.2f}", letters, font(11), anchor="mm")
        return Picture(np.asarray(sheet))

    def summary(self) -> str:
        known = len(np.unique(self.people.known_person))
        return (
            f"who is this: {len(self.people.asked)} faces asked about, {known} persons known, by the nearest distance"
        )
