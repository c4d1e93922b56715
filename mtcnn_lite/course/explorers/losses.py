"""One answer of a net, and what it costs: the two curves of detection, and the bill of each kind of sample."""

from dataclasses import dataclass
from math import log

import ipywidgets as widgets
import numpy as np

from mtcnn_lite.boxes import Floats
from mtcnn_lite.course.explorers.base import Drawing, Explorer, in_row, link, look, sliders, tick
from mtcnn_lite.draw import COLOURS, INK, Picture, Pixels, beside, new_axes, rendered
from mtcnn_lite.losses import PAPER, TASKS, WEIGHTS
from mtcnn_lite.sampling.sampler import KINDS, NEGATIVE

TASK_COLOURS = (COLOURS["pnet"], COLOURS["rnet"], COLOURS["landmark"])
PRINTED = COLOURS["muted"]  # the curve of the paper's misprint
NUMBERS = (4, 10)  # how many a box and five points have
LOW, HIGH = -6.0, 5.0  # of the plot: the misprint goes down to -5.6 at p = 0.01


@dataclass(frozen=True, eq=False)
class Bill:
    """What one answer costs. face, background: the detection loss if there is a face, if there is none; printed: the
    latter by the paper's misprint. slopes: of these three in the logit of p. box, landmark: the two distances. paid
    (4 kinds, 3 tasks): weight times indicator times loss."""

    face: float
    background: float
    printed: float
    slopes: tuple[float, float, float]
    box: float
    landmark: float
    paid: Floats

    @property
    def totals(self) -> list[float]:
        """What a sample of each kind costs."""
        return self.paid.sum(axis=1).tolist()


def view(p: float, offset: float, point: float, weights: tuple[float, float, float], mean: bool = False) -> Bill:
    """The bill of one answer; losses.js computes the same.

    Parameters
    ----------
    p : float, the probability of a face that the net gives, above 0 and below 1
    offset : float, how far off each of the four offsets is
    point : float, how far off each of the ten landmark coordinates is, in window sides
    weights : (float, float, float), of detection, box and landmarks
    mean : bool, a distance is the mean over its numbers, not the sum as in the paper

    Examples
    --------
    >>> view(0.9, offset=0.1, point=0.1, weights=(1, 0.5, 0.5)).paid.round(3).tolist()
    [[2.303, 0.0, 0.0], [0.105, 0.02, 0.0], [0.0, 0.02, 0.0], [0.0, 0.0, 0.05]]
    """
    face, background = -log(p), -log(1 - p)
    box, landmark = (each**2 * (1 if mean else count) for each, count in zip((offset, point), NUMBERS, strict=True))
    losses = np.array([[background if kind == NEGATIVE else face, box, landmark] for kind in range(len(KINDS))])
    return Bill(face, background, log(p) - 1, (p - 1, p, 1 - p), box, landmark, losses * PAPER.numpy() * weights)


class LossExplorer(Explorer):
    """Sliders for an answer and for the weights; everything is computed in the browser."""

    def __init__(self) -> None:
        self.canvas = Drawing(
            "losses.js", p=0.7, offset=0.3, point=0.2, **dict(zip(TASKS, WEIGHTS["pnet"], strict=True)), mean=False,
            kinds=list(KINDS), indicator=PAPER.int().tolist(), numbers=list(NUMBERS), span=[LOW, HIGH],
            colours=[*TASK_COLOURS, PRINTED],
        )  # fmt: skip
        answer = {"p": ("p, for a face", 0.01, 0.99, 0.01), "offset": ("each offset is off by", 0, 0.5, 0.01),
                  "point": ("each point's x, y by", 0, 0.5, 0.01)}  # fmt: skip
        weights = {task: (f"weight of {task}", 0, 2, 0.05) for task in TASKS}
        self.sliders = sliders(self.canvas, look(135), **answer, **weights)
        self.mean = tick("mean over the 4 or 10 numbers, not their sum")
        self.mean.layout.width = "auto"
        link(self.canvas, mean=self.mean)
        columns = (widgets.VBox([self.sliders[name] for name in names]) for names in (answer, weights))
        super().__init__([in_row(*columns, align=None), self.mean, self.canvas])

    def bill(self) -> Bill:
        """The bill on show."""
        one = self.canvas
        return view(one.p, one.offset, one.point, (one.detection, one.box, one.landmark), one.mean)

    def still(self) -> Picture:
        one, bill = self.canvas, self.bill()
        captions = [f"detection loss, p = {one.p:.2f}", "what one sample costs, by its kind"]
        return Picture(beside([_curves(one.p, bill), _bars(bill)], captions, height=300).pixels, flat=True)

    def summary(self) -> str:
        one, bill = self.canvas, self.bill()
        costs = ", ".join(f"{kind} {total:.3f}" for kind, total in zip(KINDS, bill.totals, strict=True))
        return f"p = {one.p:.2f}, offsets off by {one.offset:.2f}, points by {one.point:.2f}: a sample costs {costs}"


def _curves(p: float, bill: Bill) -> Pixels:
    axes = new_axes()
    x = np.linspace(0.004, 0.996, 249)
    styles = (
        (-np.log(x), bill.face, "-", TASK_COLOURS[0], "a face: -log(p)"),
        (-np.log(1 - x), bill.background, "--", TASK_COLOURS[0], "no face: -log(1 - p)"),
        (np.log(x) - 1, bill.printed, ":", PRINTED, "no face, as the paper prints it"),
    )
    for y, now, line, colour, label in styles:
        axes.plot(x, y, line, color=colour, label=label)
        axes.plot([p], [now], "o", color=colour)
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set(xlim=(0, 1), ylim=(LOW, HIGH), xlabel="p, probability of a face")
    axes.legend(loc="lower right", fontsize=9)
    return rendered(axes)


def _bars(bill: Bill) -> Pixels:
    axes = new_axes()
    rows = np.arange(len(KINDS))[::-1]
    start = np.zeros(len(KINDS))
    for task, colour, paid in zip(TASKS, TASK_COLOURS, bill.paid.T, strict=True):
        axes.barh(rows, paid, left=start, color=colour, label=task, height=0.6)
        start += paid
    for row, total in zip(rows, bill.totals, strict=True):
        axes.text(total, row, f" {total:.3f}", va="center", fontsize=9)
    axes.set(yticks=rows, yticklabels=KINDS, xlim=(0, 1.25 * max(*bill.totals, 0.1)), xlabel="weight x loss")
    axes.legend(loc="lower right", fontsize=9)
    return rendered(axes)
