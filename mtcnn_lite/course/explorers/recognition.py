"""Who is this? Faces to name, the nearest known face of each, and the distance from which on it is nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mtcnn_lite.boxes import Floats
from mtcnn_lite.course.explorers.base import Drawing, Explorer, buttons, link, look, stacked
from mtcnn_lite.draw import COLOURS, INK, PAPER, Picture, Pixels, font, tiled
from mtcnn_lite.embedding import nearest

OUTCOMES = (  # what an answer is, its colour: grays, and vermilion for a name of another
    ("known, right name", "#4A4A4A"),
    ("known, wrong name", COLOURS["landmark"]),
    ("known, called nobody", COLOURS["unused"]),
    ("stranger, called nobody", COLOURS["muted"]),
    ("stranger, given a name", COLOURS["landmark"]),
)
RIGHT, WRONG, MISSED, REFUSED, TAKEN = range(5)
COLUMNS, CELL = 6, 46  # pairs in a row; a face on screen, px
START = 0.5  # where the slider begins
MOST = 1.5  # the slider's end: unit vectors are 4 apart at most, but a face and its nearest hardly ever over 1


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
class RecognitionView:
    """nearest (P,): the known crop that each asked one is nearest to; distance (P,), squared. outcome (P,): 0 to 4, as
    in OUTCOMES. counts: how many there are of each."""

    nearest: NDArray[np.int64]
    distance: Floats
    outcome: NDArray[np.int64]
    counts: list[int]


def view(people: Known, moment: str, threshold: float) -> RecognitionView:
    """Each asked face gets the name of its nearest known one, if that is near enough; else it is nobody.

    Parameters
    ----------
    people : Known, the faces, with their embeddings
    moment : str, of the training, a name of `people.embeddings`
    threshold : float, the largest squared distance that is near enough, 0 to 4
    """
    row, distance = nearest(*people.embeddings[moment])
    named = distance <= np.float32(threshold)
    stranger, right = people.asked_person < 0, people.known_person[row] == people.asked_person
    known = np.where(~named, MISSED, np.where(right, RIGHT, WRONG))
    outcome = np.where(stranger, np.where(named, TAKEN, REFUSED), known)
    return RecognitionView(row, distance, outcome, np.bincount(outcome, minlength=len(OUTCOMES)).tolist())


class WhoExplorer(Explorer):
    """A slider for the threshold, buttons for the moment; all is computed in the browser."""

    def __init__(self, people: Known) -> None:
        self.people = people
        moments = list(people.embeddings)
        answers = [view(people, moment, 0) for moment in moments]
        every = np.concatenate([people.known, people.asked])
        self.canvas = Drawing(
            "recognition.js", threshold=START, moment=len(moments) - 1, names=list(people.names),
            sheet=Picture(tiled(every, columns=len(every))).encode("PNG"), side=every.shape[1],
            known_person=people.known_person.tolist(), asked_person=people.asked_person.tolist(),
            nearest=[each.nearest.tolist() for each in answers],
            distance=np.stack([each.distance for each in answers]).astype(np.float32).tobytes(),  # (moments, P)
            outcomes=[list(each) for each in OUTCOMES], grid=[COLUMNS, CELL], most=MOST,
        )  # fmt: skip
        self.threshold = widgets.FloatSlider(
            START, min=0, max=MOST, step=0.01, description="threshold", **look(90, 420)
        )
        self.moment = buttons(moments, len(moments) - 1)
        link(self.canvas, threshold=self.threshold, moment=self.moment)
        super().__init__(stacked((self.threshold, self.moment), self.canvas))

    def answers(self) -> RecognitionView:
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
            letters = INK if now.outcome[row] == MISSED else PAPER  # pale gray wants dark letters
            pen.text((x + CELL, y + CELL + 8), f"{now.distance[row]:.2f}", letters, font(11), anchor="mm")
        return Picture(np.asarray(sheet))

    def summary(self) -> str:
        known = len(np.unique(self.people.known_person))
        return (
            f"who is this: {len(self.people.asked)} faces asked about, {known} persons known, by the nearest distance"
        )
