"""Chapter 10's page: six faces to find, one to ignore, and ten detections, with what becomes of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mtcnn_lite.draw import COLOURS, INK, Described, with_alt

FACES = np.array([[20, 20, 60, 70], [90, 20, 130, 70], [160, 20, 200, 70], [230, 20, 270, 70],
                  [20, 110, 60, 160], [230, 110, 270, 160], [92, 122, 110, 144]])  # fmt: skip
IGNORED = np.array([False] * 6 + [True])
BOXES = np.array([[22, 21, 60, 72], [90, 18, 131, 70], [150, 110, 200, 170], [16, 24, 58, 74],
                  [162, 22, 204, 72], [88, 119, 112, 147], [248, 30, 288, 80], [22, 112, 64, 160],
                  [231, 22, 272, 70], [240, 110, 290, 175]])  # fmt: skip
SCORES = np.array([0.98, 0.95, 0.91, 0.88, 0.80, 0.74, 0.66, 0.55, 0.42, 0.35])  # best first
LOOKS = {  # of a detection: colour, line
    "right": (INK, "-"),
    "wrong": (COLOURS["landmark"], "--"),
    "ignored": (COLOURS["muted"], "-"),
    "": (INK, "-"),
}
NEAR = 5  # px between the upper edges of a box and of its face
BELOW = 0.88, 0.66  # whose scores stand below: above, they would lie on another box


def page(verdicts: Sequence[str] = ()) -> Described:
    """The faces (yellow) and the detections: dark, or in the colours of their verdicts "right", "wrong", "ignored"."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for box, skip in zip(FACES, IGNORED, strict=True):
        if not skip:
            _box(axes, box, INK, 3.4, "-")
        _box(axes, box, COLOURS["muted" if skip else "truth"], 2, ":" if skip else "-")
    for box, score, verdict in zip(BOXES, SCORES, [*verdicts] or [""] * len(SCORES), strict=True):
        colour, line = LOOKS[verdict]
        _box(axes, box, colour, 2, line)
        below = score in BELOW
        top = min([box[1], *(y for y in FACES[:, 1] if abs(y - box[1]) <= NEAR)])  # of the box and the face below it
        place = (box[0] + 2, box[3] + 2) if below else (box[2], top - 3)
        side: dict[str, Any] = {"ha": "left", "va": "top"} if below else {"ha": "right", "va": "bottom"}
        axes.text(*place, f"{score:.2f} {verdict}".strip(), fontsize=9, color=INK, **side)
    axes.set(xlim=(0, 310), ylim=(190, -6), aspect="equal", xticks=[], yticks=[])
    title = "dark: right; dashed: wrong; gray: struck off" if verdicts else "yellow: faces; dark: detections"
    axes.set_title(title)
    if verdicts:
        told = "; ".join(f"{score:.2f} {verdict}" for score, verdict in zip(SCORES, verdicts, strict=True))
        return with_alt(figure, f"The page with a verdict on each detection. {told}.")
    text = "A page with six faces, a seventh one dotted, to be ignored, and ten detections with scores of 0.98 to 0.35."
    return with_alt(figure, text)


def _box(axes: Any, box: Any, colour: str, width: float, line: str) -> None:
    x1, y1, x2, y2 = box
    axes.plot([x1, x2, x2, x1, x1], [y1, y1, y2, y2, y1], line, color=colour, linewidth=width)
