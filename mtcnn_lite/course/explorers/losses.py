"""One answer of a net, and what it costs: the two curves of detection, and the bill of each kind of sample."""

from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import numpy as np
import traitlets

from mtcnn_lite.boxes import Floats
from mtcnn_lite.course.explorers.canvas import Explorer, script
from mtcnn_lite.draw import COLOURS, INK, Picture, Pixels, beside
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
    """The bill for a probability `p`, four offsets that are off by `offset` each, ten coordinates off by `point` each.

    mean: a distance is the mean over its numbers, not the sum as in the paper. losses.js computes the same.

    >>> view(0.9, offset=0.1, point=0.1, weights=(1, 0.5, 0.5)).paid.round(3).tolist()
    [[2.303, 0.0, 0.0], [0.105, 0.02, 0.0], [0.0, 0.02, 0.0], [0.0, 0.0, 0.05]]
    """
    face, background = -log(p), -log(1 - p)
    box, landmark = (each**2 * (1 if mean else count) for each, count in zip((offset, point), NUMBERS, strict=True))
    losses = np.array([[background if kind == NEGATIVE else face, box, landmark] for kind in range(len(KINDS))])
    return Bill(face, background, log(p) - 1, (p - 1, p, 1 - p), box, landmark, losses * PAPER.numpy() * weights)


class LossCanvas(anywidget.AnyWidget):
    """The curves and the bill, drawn by losses.js; each slider is linked to a trait of its own."""

    _esm = script("losses.js")
    _css = Path(__file__).parent / "canvas.css"

    p = traitlets.Float(0.7).tag(sync=True)
    offset = traitlets.Float(0.3).tag(sync=True)
    point = traitlets.Float(0.2).tag(sync=True)
    detection = traitlets.Float(WEIGHTS["pnet"][0]).tag(sync=True)  # the weights, by the tasks' names
    box = traitlets.Float(WEIGHTS["pnet"][1]).tag(sync=True)
    landmark = traitlets.Float(WEIGHTS["pnet"][2]).tag(sync=True)
    mean = traitlets.Bool(False).tag(sync=True)
    kinds = traitlets.List(list(KINDS)).tag(sync=True)
    indicator = traitlets.List(PAPER.int().tolist()).tag(sync=True)
    numbers = traitlets.List(list(NUMBERS)).tag(sync=True)
    span = traitlets.List([LOW, HIGH]).tag(sync=True)
    colours = traitlets.List([*TASK_COLOURS, PRINTED]).tag(sync=True)


class LossExplorer(Explorer):
    """Sliders for an answer and for the weights; everything is computed in the browser."""

    def __init__(self, **kwargs: Any) -> None:
        self.canvas = LossCanvas()
        look = {"style": {"description_width": "135px"}, "layout": widgets.Layout(width="400px")}

        def slider(description: str, trait: str, low: float, high: float, step: float) -> widgets.FloatSlider:
            value = getattr(self.canvas, trait)
            return widgets.FloatSlider(value, min=low, max=high, step=step, description=description, **look)

        self.sliders = {
            "p": slider("p, for a face", "p", 0.01, 0.99, 0.01),
            "offset": slider("each offset is off by", "offset", 0, 0.5, 0.01),
            "point": slider("each point's x, y by", "point", 0, 0.5, 0.01),
            **{task: slider(f"weight of {task}", task, 0, 2, 0.05) for task in TASKS},
        }
        text = "mean over the 4 or 10 numbers, not their sum"
        self.mean = widgets.Checkbox(False, description=text, indent=False, layout=widgets.Layout(width="auto"))
        for trait, control in [*self.sliders.items(), ("mean", self.mean)]:
            widgets.jslink((control, "value"), (self.canvas, trait))
        wrap = widgets.Layout(flex_flow="row wrap")
        first, second = (widgets.VBox([self.sliders[name] for name in names])
                         for names in (("p", "offset", "point"), TASKS))  # fmt: skip
        super().__init__([widgets.HBox([first, second], layout=wrap), self.mean, self.canvas], **kwargs)

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
    figure, axes = _figure()
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
    return _pixels(figure)


def _bars(bill: Bill) -> Pixels:
    figure, axes = _figure()
    rows = np.arange(len(KINDS))[::-1]
    start = np.zeros(len(KINDS))
    for task, colour, paid in zip(TASKS, TASK_COLOURS, bill.paid.T, strict=True):
        axes.barh(rows, paid, left=start, color=colour, label=task, height=0.6)
        start += paid
    for row, total in zip(rows, bill.totals, strict=True):
        axes.text(total, row, f" {total:.3f}", va="center", fontsize=9)
    axes.set(yticks=rows, yticklabels=KINDS, xlim=(0, 1.25 * max(*bill.totals, 0.1)), xlabel="weight x loss")
    axes.legend(loc="lower right", fontsize=9)
    return _pixels(figure)


def _figure() -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2, 3.0), dpi=100, layout="constrained")
    return figure, figure.subplots()


def _pixels(figure: Any) -> Pixels:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
