"""Two panels of one photo, ours and the reader's, enlarged where they differ by little; and the same in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from mtcnn_lite.course.checks.judge.text import Array
from mtcnn_lite.draw import INK, PAPER, Picture, Pixels, at_height, beside, draw_boxes, draw_landmarks, rgb

HEIGHT = 300  # px, of a panel
PLAIN = 6  # px of a panel: a smaller difference is enlarged
MOST = 150  # boxes that are drawn: more would hide the photo
FARTHEST = 1e4  # px: boxes farther out are cut off there


@dataclass(frozen=True)
class View:
    """What is drawn on one side: boxes (N, 4), points (N, 5, 2), or the words why there is nothing to draw.

    labels: the words at the boxes, one each.
    """

    what: str
    boxes: Array | None
    points: Array | None
    stopped: str = ""
    colour: str = "onet"
    numbered: bool = False
    labels: tuple[str, ...] = ()


class Seen(Picture):
    """Two panels that show themselves in a notebook; `ours` and `yours` are their pixels, `alt` the same in words.

    Parameters
    ----------
    panels : sequence of uint8 (H, W, 3)
        Ours and the reader's.
    captions : sequence of str
        One above each.
    alt : str
        What the picture shows.
    """

    def __init__(self, panels: Sequence[Array], captions: Sequence[str], alt: str) -> None:
        super().__init__(beside(panels, captions, HEIGHT).pixels, alt=alt)
        self.ours, self.yours = panels

    def __repr__(self) -> str:
        return self.alt

    @property
    def differs(self) -> bool:
        """Whether the two panels are not the same."""
        return not np.array_equal(self.ours, self.yours)


def side_by_side(photo: Array, ours: View, yours: View, name: str) -> Seen:
    """The two views of a photo.

    Parameters
    ----------
    photo : uint8 (H, W, 3)
        The photo.
    ours, yours : View
        What is drawn on it, left and right.
    name : str
        Of the exercise's function.
    """
    place, scale = _place(photo, ours, yours)
    panels = [_panel(photo, view, place, scale) for view in (ours, yours)]
    said = [_said(view) for view in (ours, yours)]
    short = [f"in a case of the judge: {_values(view)}" if view.labels else _said(view)[:60] for view in (ours, yours)]
    captions = [f"with our {name}\n{short[0]}", f"with yours\n{short[1]}"]
    apart = _apart(ours, yours)
    zoomed = scale > HEIGHT / min(photo.shape[:2]) * 1.5
    if apart:
        captions[1] += f", up to {apart:.1f} px off" + (f" (enlarged {scale:.0f} times)" if zoomed else "")
    where = f" They lie up to {apart:.1f} px apart." if apart else ""
    where += f" Enlarged {scale:.0f} times, where they differ most." if zoomed else ""
    alt = f"The same photo twice. With our {name}: {said[0]}. With yours: {said[1]}.{where}"
    return Seen(panels, captions, " ".join(alt.split()))


def _apart(ours: View, yours: View) -> float:
    """The largest distance between what lies in the same row, px; 0 where the counts differ."""
    first, second = _corners(ours), _corners(yours)
    return float(np.abs(first - second).max()) if len(first) == len(second) and len(first) else 0.0


def _said(view: View) -> str:
    if view.stopped and view.boxes is None:
        return view.stopped
    count = 0 if view.boxes is None else len(view.boxes)
    if view.what.startswith("no difference"):
        return f"{view.what} ({_values(view)})" if view.labels else view.what
    what = view.what[:-1] if count == 1 and view.what == "faces" else view.what
    return f"{count} {what}" if not view.stopped else view.stopped


def _values(view: View) -> str:
    return ", ".join(filter(None, view.labels[:4]))


def _place(photo: Array, ours: View, yours: View) -> tuple[Array, float]:
    """The part of the photo that is drawn, x1 y1 x2 y2, and how much it is enlarged."""
    height, width = photo.shape[:2]
    whole = np.array([0, 0, width, height], float)
    first, second = _corners(ours), _corners(yours)
    if len(first) and len(second) and len(first) == len(second):
        far = np.abs(first - second).max(axis=1)
        row, most = int(far.argmax()), float(far.max())
        if 0 < most * HEIGHT / height < PLAIN:
            reach = max(3.0, 5 * most)
            middle = (first[row] + second[row]) / 2
            return np.concatenate([middle - reach, middle + reach]), HEIGHT / (2 * reach)
    outside = np.concatenate([first, second]) if ours.what.startswith(("no difference", "levels")) else first[:0]
    if len(outside):
        low, high = np.minimum(outside.min(axis=0), 0), np.maximum(outside.max(axis=0), [width, height])
        low, high = np.maximum(low, -2 * whole[2:]), np.minimum(high, 3 * whole[2:])
        return np.concatenate([low, high]), HEIGHT / float(high[1] - low[1])
    return whole, HEIGHT / height


def _corners(view: View) -> Array:
    """The corners and points of a view, (M, 2), in an order that is the same on both sides."""
    boxes = np.zeros((0, 4)) if view.boxes is None else _drawable(view.boxes)
    points = np.zeros((0, 5, 2)) if view.points is None else np.asarray(view.points, float).reshape(-1, 5, 2)
    if len(boxes) and (not view.numbered or len(points)):  # numbers at points count within a face
        order = np.lexsort(boxes.round(1).T[::-1])
        boxes, points = boxes[order], points[order] if len(points) == len(boxes) else points
    flat = points.reshape(-1, 2)
    flat = flat[np.isfinite(flat).all(axis=1)].clip(-FARTHEST, FARTHEST)
    return np.concatenate([boxes.reshape(-1, 2), flat])


def _drawable(boxes: Array) -> Array:
    rows = np.asarray(boxes, float).reshape(-1, 4)
    return rows[np.isfinite(rows).all(axis=1)].clip(-FARTHEST, FARTHEST)


def _panel(photo: Array, view: View, place: Array, scale: float) -> Pixels:
    """The part of the photo, enlarged, with what the view has; gray where the photo ends."""
    width, height = ((place[2:] - place[:2]) * scale).round().astype(int)
    move = np.array([[scale, 0, (0.5 - place[0]) * scale - 0.5], [0, scale, (0.5 - place[1]) * scale - 0.5]])
    how = cv2.INTER_NEAREST if scale > 4 else cv2.INTER_LINEAR
    moved = cv2.warpAffine(photo, move, (int(width), int(height)), flags=how, borderValue=(127, 127, 127))
    canvas: Pixels = np.asarray(moved, np.uint8)
    if view.boxes is not None:
        boxes = (_drawable(view.boxes)[:MOST] - np.tile(place[:2], 2)) * scale
        thickness = 1 if len(boxes) > 12 else 2
        # What runs backwards is drawn as the box that it would be forwards.
        boxes = np.concatenate([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], axis=1)
        canvas = draw_boxes(canvas, boxes.clip(-1e4, 1e4), view.colour, thickness)
        if view.numbered and view.points is None and len(boxes):
            at_corner = len(boxes) > 1 and not np.ptp(
                boxes[:, 0]
            )  # levels, of which all have the other corner in common
            places = boxes[:, 2:] - [12, 4] if at_corner else boxes[:, :2] + [4, 14]
            canvas = _numbered(canvas, places, range(len(boxes)))
        if view.labels:
            inside = np.clip(boxes[:, :2] + [6, 24], [0, 24], [canvas.shape[1] - 90, canvas.shape[0] - 6])
            canvas = _labelled(canvas, inside, view.labels)
    if view.points is not None and len(view.points):
        points = (np.asarray(view.points, float) + 0.5 - place[:2]) * scale - 0.5
        points = np.where(np.isfinite(points), points, -FARTHEST).clip(-FARTHEST, FARTHEST)
        canvas = draw_landmarks(canvas, points, radius=4)
        if view.numbered:
            canvas = _numbered(canvas, points.reshape(-1, 2) + 2, range(5))
    if view.stopped:
        canvas = (canvas // 3 + 160).astype(np.uint8)  # pale: nothing came of it
    return at_height(canvas, HEIGHT)[0]


def _numbered(canvas: Pixels, places: Array, numbers: Sequence[int]) -> Pixels:
    """Numbers at places (N, 2), which begin anew where there are more places: an order shows too."""
    for row, (x, y) in enumerate(places[:25].tolist()):
        if not (0 <= x < canvas.shape[1] and 0 <= y < canvas.shape[0] + 12):
            continue
        at = (int(x), int(min(y, canvas.shape[0] - 3)))
        for line, colour in ((4, rgb(INK)), (1, rgb(PAPER))):
            text = str(numbers[row % len(numbers)])
            cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, line, cv2.LINE_AA)
    return canvas


def _labelled(canvas: Pixels, places: Array, words: Sequence[str]) -> Pixels:
    """Words on paper at places (N, 2)."""
    for word, (x, y) in zip(words[:25], places[:25].astype(int).tolist(), strict=True):
        if word:
            (width, height), _ = cv2.getTextSize(word, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 1)
            cv2.rectangle(canvas, (x - 2, y - height - 3), (x + width + 2, y + 4), rgb(PAPER), -1)
            cv2.putText(canvas, word, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.6, rgb(INK), 1, cv2.LINE_AA)
    return canvas
