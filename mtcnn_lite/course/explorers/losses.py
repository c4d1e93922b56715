"""One answer of a net and what it costs: its box and its points are dragged on the face, and the losses follow."""

from dataclasses import dataclass
from math import log

import ipywidgets as widgets
import numpy as np
from numpy.typing import ArrayLike

from mtcnn_lite.boxes import Floats, as_boxes, clip_boxes, decode_offsets, landmarks_to_image
from mtcnn_lite.coordinates import PIXEL_CENTRE
from mtcnn_lite.course.explorers.base import Drawing, Explorer, in_row, link, look, sliders, tick
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import (
    COLOURS,
    INK,
    Picture,
    Pixels,
    at_height,
    beside,
    draw_boxes,
    draw_landmarks,
    new_axes,
    rendered,
)
from mtcnn_lite.images import crop_windows
from mtcnn_lite.losses import PAPER, TASKS, WEIGHTS
from mtcnn_lite.nets import PNet, normalise
from mtcnn_lite.pyramid import halvings
from mtcnn_lite.sampling.sampler import KINDS, NEGATIVE

TASK_COLOURS = (COLOURS["muted"], COLOURS["pnet"], COLOURS["landmark"])  # the box and the points as they are drawn
LOW, HIGH = -6.0, 5.0  # of the plot: the misprint goes down to -5.6 at p = 0.01
MARGIN = 0.3  # how far the photo reaches beyond the window, in the window's sides


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


def view(p: float, box: ArrayLike, points: ArrayLike, weights: tuple[float, float, float], mean: bool = False) -> Bill:
    """The bill of one answer; losses.js computes the same.

    Parameters
    ----------
    p : float, the probability of a face that the net gives, above 0 and below 1
    box : (4,), how far off each side of its box is, in window sides
    points : (10,), how far off each coordinate of its points is, in window sides
    weights : (float, float, float), of detection, box and landmarks
    mean : bool, a distance is the mean over its numbers, not the sum as in the paper

    Examples
    --------
    >>> view(0.9, box=[0.1] * 4, points=[0.1] * 10, weights=(1, 0.5, 0.5)).paid.round(3).tolist()
    [[2.303, 0.0, 0.0], [0.105, 0.02, 0.0], [0.0, 0.02, 0.0], [0.0, 0.0, 0.05]]
    """
    face, background = -log(p), -log(1 - p)
    squares = [np.square(np.asarray(each, np.float64)) for each in (box, points)]
    off_box, off_points = (float(each.mean() if mean else each.sum()) for each in squares)
    losses = np.array([[background if k == NEGATIVE else face, off_box, off_points] for k in range(len(KINDS))])
    slopes = (p - 1, p, 1 - p)
    return Bill(face, background, log(p) - 1, slopes, off_box, off_points, losses * PAPER.numpy() * weights)


class LossExplorer(Explorer):
    """A net's answer on one window, to drag on the photo; everything is computed in the browser.

    Parameters
    ----------
    photo : LabelledPhoto
        Its first face is the label, with its points.
    window : (4,)
        A square around it, px: what the net sees.
    net : PNet
        With a landmark head. Its answer is what is on show at first.
    """

    def __init__(self, photo: LabelledPhoto, window: ArrayLike, net: PNet) -> None:
        seen = as_boxes(np.reshape(window, (1, 4)), "window")
        self.image = photo.image()
        p, box, points = answer(net, self.image, seen)
        side = seen[0, 2] - seen[0, 0]
        square = np.round(seen + MARGIN * side * np.array([-1, -1, 1, 1]))
        x1, y1, x2, y2 = region = clip_boxes(square, *self.image.shape[:2])[0].astype(int).tolist()
        self.canvas = Drawing(
            "losses.js", photo=Picture(np.ascontiguousarray(self.image[y1:y2, x1:x2])).encode("JPEG"), region=region,
            window=seen[0].tolist(), label=photo.boxes[0].tolist(), truth=(photo.landmarks[0] + PIXEL_CENTRE).tolist(),
            said=box.round().tolist(), points=points.round().tolist(),  # of the answer, px from the photo's corner
            p=min(max(round(p, 2), 0.01), 0.99), **dict(zip(TASKS, WEIGHTS["pnet"], strict=True)), mean=False,
            kinds=list(KINDS), indicator=PAPER.int().tolist(), span=[LOW, HIGH],
            colours=[*TASK_COLOURS, COLOURS["truth"]],
        )  # fmt: skip
        says = {"p": ("p, for a face", 0.01, 0.99, 0.01)}
        weights = {task: (f"weight of {task}", 0, 2, 0.05) for task in TASKS}
        self.sliders = sliders(self.canvas, look(135), **says, **weights)
        self.mean = tick("mean over the 4 or 10 numbers, not their sum")
        self.mean.layout.width = "auto"
        link(self.canvas, mean=self.mean)
        pairs = (("p", "detection"), ("box", "landmark"))
        rows = [in_row(*(self.sliders[name] for name in pair), align=None) for pair in pairs]
        super().__init__([widgets.VBox(rows), self.mean, self.canvas])

    @property
    def off(self) -> tuple[Floats, Floats]:
        """How far the box (4,) and the points (10,) on show are from their labels, in window sides."""
        one = self.canvas
        side = one.window[2] - one.window[0]
        box, points = (np.subtract(*pair) / side for pair in ((one.said, one.label), (one.points, one.truth)))
        return box, points.ravel()

    def bill(self) -> Bill:
        """The bill on show."""
        one = self.canvas
        return view(one.p, *self.off, (one.detection, one.box, one.landmark), one.mean)

    def still(self) -> Picture:
        one, bill = self.canvas, self.bill()
        x1, y1, x2, y2 = one.region
        photo, scale = at_height(np.ascontiguousarray(self.image[y1:y2, x1:x2]), 300)
        for box, colour in ((one.label, "truth"), (one.said, "pnet")):
            photo = draw_boxes(photo, [(np.array(box) - [x1, y1, x1, y1]) * scale], colour)
        for points, colour in ((one.truth, "truth"), (one.points, "landmark")):
            photo = draw_landmarks(photo, (np.array(points) - [x1, y1]) * scale - PIXEL_CENTRE, colour)
        captions = ["yellow: the label; blue, red: the answer", f"detection loss, p = {one.p:.2f}",
                    "what one sample costs, by its kind"]  # fmt: skip
        return Picture(beside([photo, _curves(one.p, bill), _bars(bill)], captions, height=300).pixels)

    def summary(self) -> str:
        one, bill = self.canvas, self.bill()
        box, points = (np.sqrt(np.square(each).mean()) for each in self.off)
        costs = ", ".join(f"{kind} {total:.3f}" for kind, total in zip(KINDS, bill.totals, strict=True))
        off = f"sides off by {box:.3f} and coordinates of points by {points:.3f} window sides (root mean square)"
        return f"p = {one.p:.2f}, {off}: a sample costs {costs}"


def answer(net: PNet, image: Pixels, window: Floats) -> tuple[float, Floats, Floats]:
    """What P-Net says of one window of a photo: p, its box (4,) and its points (5, 2), px from the photo's corner.

    Parameters
    ----------
    net : PNet, with a landmark head
    image : uint8 (H, W, 3), the photo, RGB
    window : (1, 4), a square, px
    """
    import torch

    side = float(window[0, 2] - window[0, 0])
    with torch.no_grad():
        said = net(normalise(crop_windows(halvings(image, PNet.size / side), window, PNet.size)))
    offsets, points = (each.flatten(1).numpy() for each in (said.offsets, said.landmarks))
    return float(said.score), decode_offsets(window, offsets)[0], landmarks_to_image(window, points)[0]


def _curves(p: float, bill: Bill) -> Pixels:
    axes = new_axes()
    x = np.linspace(0.004, 0.996, 249)
    styles = (
        (-np.log(x), bill.face, "-", "a face: -log(p)"),
        (-np.log(1 - x), bill.background, "--", "no face: -log(1 - p)"),
        (np.log(x) - 1, bill.printed, ":", "no face, as the paper prints it"),
    )
    for y, now, line, label in styles:
        axes.plot(x, y, line, color=TASK_COLOURS[0], linewidth=2, label=label)
        axes.plot([p], [now], "o", color=TASK_COLOURS[0])
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set(xlim=(0, 1), ylim=(LOW, HIGH), xlabel="p, probability of a face")
    axes.legend(loc="lower right", fontsize=9)
    return rendered(axes)


def _bars(bill: Bill) -> Pixels:
    """The bill as bars. The scale is for the kinds with a face: a negative's bar may be cut off."""
    axes = new_axes()
    rows = np.arange(len(KINDS))[::-1]
    end = 1.05 * max(0.05, *bill.totals[1:])
    start = np.zeros(len(KINDS))
    for task, colour, paid in zip(TASKS, TASK_COLOURS, bill.paid.T, strict=True):
        stop = np.minimum(start + paid, end)
        axes.barh(rows, stop - start, left=start, color=colour, label=task, height=0.6)
        start = stop
    for row, stop, total in zip(rows, start, bill.totals, strict=True):
        axes.text(stop, row, f" {'» ' if total > end else ''}{total:.3f}", va="center", fontsize=9)
    axes.set(yticks=rows, yticklabels=KINDS, xlim=(0, 1.3 * end), xlabel="weight x loss")
    axes.legend(loc="lower right", fontsize=9)
    return rendered(axes)
