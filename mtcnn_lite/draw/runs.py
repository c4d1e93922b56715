"""What a detector found, what each of its nets left, and what became of one face."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.coordinates import scale_landmarks
from mtcnn_lite.draw.colours import INK, PAPER
from mtcnn_lite.draw.marks import draw_boxes, draw_landmarks
from mtcnn_lite.draw.picture import Picture
from mtcnn_lite.draw.sheets import at_height, beside, font
from mtcnn_lite.explain import Explanation
from mtcnn_lite.images import Pixels
from mtcnn_lite.net_names import NET_TITLES


def draw_faces(image: Pixels, faces: Faces, labels: Sequence[str] | None = None) -> Picture:
    """The photo with each face's box, landmarks and score; line and dots grow with the photo, less so on a strip.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        A photo, RGB; it stays as it is.
    faces : Faces
        What was found in it.
    labels : sequence of str, or None
        What is written at each face; None for its score.
    """
    labels = [f"{score:.2f}" for score in faces.scores.tolist()] if labels is None else labels
    unit = max(1, round(min(max(image.shape[:2]) / 500, min(image.shape[:2]) / 50)))
    canvas = draw_boxes(image, faces.boxes, "onet", thickness=2 * unit)
    canvas = draw_landmarks(canvas, faces.landmarks, radius=2 * unit + 1)
    drawing = Image.fromarray(canvas)
    pen = ImageDraw.Draw(drawing)
    for (x1, y1, *_), label in zip(faces.boxes.tolist(), labels, strict=True):
        pen.text((x1, max(0, y1 - 16 * unit)), label, PAPER, font(13 * unit), stroke_width=unit, stroke_fill=INK)
    many = f"{len(faces)} face{'s' * (len(faces) != 1)}"
    return Picture(np.asarray(drawing), alt=f"A photo with {many} marked, each by a box, its label and five points.")


def draw_stages(trace: Trace, height: int = 300) -> Picture:
    """The cascade in four panels: the photo, and what P-Net, R-Net and O-Net leave of its windows."""
    photo, scale = at_height(trace.image, height)
    panels, captions = [photo], [f"the photo\n{trace.pnet.windows:,} windows"]
    for stage in trace.stages[:2]:
        thickness = 1 if stage.name == "pnet" else 2  # of P-Net there are so many that thick ones hide the photo
        panels.append(draw_boxes(photo, stage.left.boxes * scale, stage.name, thickness))
        captions.append(f"after {NET_TITLES[stage.name]}\n{len(stage.last):,} windows")
    found = trace.faces
    panels.append(
        draw_landmarks(draw_boxes(photo, found.boxes * scale), scale_landmarks(found.landmarks, scale), radius=2)
    )
    captions.append(f"after {NET_TITLES['onet']}\n{len(found)} face{'s' * (len(found) != 1)}, 5 landmarks each")
    return beside(panels, captions, height)


def draw_explanation(trace: Trace, explanation: Explanation, height: int = 300) -> Picture:
    """The face (yellow) and each stage's boxes for it, in three panels, with how many there were at each step.

    Where NMS took the last of them, the box that it kept instead is there as well (gray).

    Parameters
    ----------
    trace : Trace
        Of the photo.
    explanation : Explanation
        What `explain` said of one face in that trace.
    height : int
        Of the panels, px.
    """
    photo, scale = at_height(trace.image, height)
    marked = draw_boxes(photo, np.array([explanation.box]) * scale, "truth")
    panels, captions = [], []
    for stage in explanation.stages:
        rivals = np.array([stage.rival.box] if stage.rival else np.zeros((0, 4)))
        panels.append(draw_boxes(draw_boxes(marked, rivals * scale, "muted"), stage.boxes * scale, stage.stage))
        counts = " › ".join(str(count) for count in stage.counts.values())
        captions.append(f"{NET_TITLES[stage.stage]} at {stage.threshold:.2f}\n{counts} boxes for it")
    return beside(panels, captions, height)
