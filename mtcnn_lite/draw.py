"""Still pictures: boxes on photos (OpenCV), panels side by side, and the look that all chapters share.

One colour a stage, in every picture, explorer and table, and no other meaning for it; the set is Okabe and Ito's,
which people with any of the common colour-blindnesses can tell apart, with a purple for what is labelled a face.
"""

import base64
import io
from collections.abc import Sequence
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from mtcnn_lite.boxes import as_boxes, clip_boxes
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.coordinates import scale_landmarks
from mtcnn_lite.explain import Explanation
from mtcnn_lite.net_names import NET_TITLES
from mtcnn_lite.runtime.files import write_whole

Pixels = NDArray[np.uint8]

COLOURS = {
    "pnet": "#0072B2",  # blue
    "rnet": "#E69F00",  # orange
    "onet": "#009E73",  # green
    "landmark": "#D55E00",  # vermilion
    "truth": "#F0E442",  # yellow
    "face": "#982D7C",  # purple: a window that is labelled a face
    "part": "#DDA0D4",  # pale purple: one with a part of a face
    "muted": "#8A8A8A",  # gray: what is no face, dropped, or there to be compared with
    "unused": "#CFCFCF",  # pale gray
    "left": "#FFFFFF",  # white: landmarks on the picture's left, where a mirror matters
}
STAGE_COLOURS = {name: COLOURS[name] for name in NET_TITLES}  # these mean a stage, and nothing else
INK, PAPER = "#222222", "#FFFFFF"

JPEG_LONGEST = 65_500  # px: longer sides libjpeg does not write
PANEL_WIDEST = 4000  # px: a panel as high as its neighbours would be wider than that only for a strip of a photo


def rgb(colour: str) -> tuple[int, int, int]:
    """A name from COLOURS, or "#RRGGBB", as three numbers 0 to 255.

    >>> rgb("pnet"), rgb("#0000FF")
    ((0, 114, 178), (0, 0, 255))
    """
    code = COLOURS.get(colour, colour)
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


class Picture:
    """RGB pixels that show themselves in a notebook; `save` writes a file, its kind by the name.

    Parameters
    ----------
    pixels : uint8 (H, W, 3)
        RGB.
    flat : bool
        For drawings and letters: it shows itself as PNG, a photo as JPEG. What is too long for JPEG is PNG as well.
    alt : str
        What there is to see, in words, for readers who don't see it; notebooks keep it in the output's metadata.
    """

    def __init__(self, pixels: Pixels, flat: bool = False, alt: str = "") -> None:
        self.pixels, self.flat, self.alt = pixels, flat, alt

    def __repr__(self) -> str:
        return f"Picture({self.pixels.shape[1]} x {self.pixels.shape[0]})"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        kind = "PNG" if self.flat or max(self.pixels.shape[:2]) > JPEG_LONGEST else "JPEG"
        shown = f"image/{kind.lower()}"
        data = {"text/plain": repr(self), shown: base64.b64encode(self.encode(kind)).decode()}
        return data, alt_metadata(self.alt, shown)

    def encode(self, kind: str = "JPEG") -> bytes:
        """The picture as the bytes of a file of this kind ("JPEG" or "PNG"). ValueError where it is too long for it."""
        file = io.BytesIO()
        try:
            Image.fromarray(self.pixels).save(file, kind, quality=88)
        except (OSError, ValueError) as error:
            height, width = self.pixels.shape[:2]
            most = f"; its sides are at most {JPEG_LONGEST} px" if kind == "JPEG" else ""
            raise ValueError(f"{kind} can't hold {width} x {height} px ({error}){most}; use .png") from None
        return file.getvalue()

    def save(self, path: str | PathLike[str]) -> None:
        """Write the picture; the file appears whole or not at all. Raises ValueError for an unknown ending."""
        path = Path(path)
        kind = Image.registered_extensions().get(path.suffix.lower())
        if kind not in Image.SAVE:
            raise ValueError(f"{path}: {path.suffix or 'no ending'} is no picture format; use .jpg or .png")
        write_whole(path, lambda temporary: temporary.write_bytes(self.encode(kind)))


class Described(Picture):
    """A picture that reads as its alt text where only text is shown, so that nbval compares what it is said to show."""

    def __repr__(self) -> str:
        return self.alt


def with_alt(shown: Any, alt: str) -> Described:
    """A picture or a matplotlib figure with its alt text: the last line of a notebook's cell.

    A figure is closed, so that it does not show a second time.

    Parameters
    ----------
    shown : Picture, uint8 (H, W, 3) or matplotlib Figure
        What to show.
    alt : str
        What there is to see in it: a sentence or two with the numbers that count, without "picture of".

    Raises
    ------
    ValueError
        For an alt text of fewer than three words.

    Examples
    --------
    >>> with_alt(np.zeros((20, 30, 3), np.uint8), "A black rectangle, wider than high.")
    A black rectangle, wider than high.
    """
    if len(alt.split()) < 3:
        raise ValueError(f"alt is {alt!r}; it must say in a few words what there is to see")
    if isinstance(shown, Picture):
        return Described(shown.pixels, shown.flat, alt)
    if isinstance(shown, np.ndarray):
        return Described(shown, alt=alt)
    import matplotlib.pyplot as plt

    file = io.BytesIO()
    shown.savefig(file, format="png", bbox_inches="tight", facecolor=PAPER)
    plt.close(shown)
    return Described(np.asarray(Image.open(file).convert("RGB")), True, alt)


def alt_metadata(alt: str, *kinds: str) -> dict[str, Any]:
    """An output's metadata with this alt text: `alt`, and again for each kind ("image/png"), where nbconvert looks."""
    return {"alt": alt, **{kind: {"alt": alt} for kind in kinds}} if alt else {}


def draw_boxes(image: Pixels, boxes: ArrayLike, colour: str = "onet", thickness: int = 2) -> Pixels:
    """A copy of the photo with each box outlined, with a white rim, to show on any photo.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        A photo, RGB; it stays as it is.
    boxes : (N, 4)
        x1, y1, x2, y2, px; rounded to whole pixels.
    colour : str
        A name from COLOURS, or "#RRGGBB".
    thickness : int
        Of the lines without the rim, px.
    """
    canvas = np.ascontiguousarray(image).copy()
    corners = as_boxes(boxes).round().astype(int).tolist()
    for line, tint in ((thickness + 2, (255, 255, 255)), (thickness, rgb(colour))):  # all rims, then all lines
        for x1, y1, x2, y2 in corners:  # x2 and y2 lie outside a half-open box: its last pixel is the one before
            cv2.rectangle(canvas, (x1, y1), (x2 - 1, y2 - 1), tint, line)
    return canvas


def draw_overlap(image: Pixels, first: ArrayLike, second: ArrayLike, colour: str = "pnet", line: int = 2) -> Pixels:
    """A copy of the photo with two boxes, tinted: the first in yellow, what they share in vermilion.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        A photo, RGB; it stays as it is.
    first, second : (4,)
        x1, y1, x2, y2, px.
    colour : str
        Of the second: a name from COLOURS, or "#RRGGBB".
    line : int
        Width of the outlines, px.
    """
    a, b = (as_boxes(np.reshape(box, (-1, 4))) for box in (first, second))
    both = np.concatenate([np.maximum(a, b)[:, :2], np.minimum(a, b)[:, 2:]], axis=1)
    tinted = image.astype(np.float32)
    for box, tint in ((a, "truth"), (b, colour), (both, "landmark")):
        x1, y1, x2, y2 = clip_boxes(box.round(), *image.shape[:2]).astype(int)[0]
        tinted[y1:y2, x1:x2] = 0.62 * image[y1:y2, x1:x2] + 0.38 * np.array(rgb(tint))
    return draw_boxes(draw_boxes(tinted.astype(np.uint8), a, "truth", line), b, colour, line)


def draw_landmarks(image: Pixels, landmarks: ArrayLike, colour: str = "landmark", radius: int = 3) -> Pixels:
    """A copy of the photo with a dot at each landmark, with a dark rim, to show on skin of any tone.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        A photo, RGB; it stays as it is.
    landmarks : (N, 5, 2)
        x, y, px; whole numbers at pixel centres.
    colour : str
        A name from COLOURS, or "#RRGGBB".
    radius : int
        Of a dot without its rim, px.
    """
    canvas = np.ascontiguousarray(image).copy()
    eighths = np.round(np.asarray(landmarks, np.float32).reshape(-1, 2) * 8).astype(int)  # OpenCV's `shift`: 1/8 px
    rim = 8 if radius > 1 else 4  # 1/8 px: round a small dot it must leave some colour
    for x, y in eighths.tolist():
        for size, tint in ((8 * radius + rim, rgb(INK)), (8 * radius, rgb(colour))):
            cv2.circle(canvas, (x, y), size, tint, -1, cv2.LINE_AA, shift=3)
    return canvas


def draw_polygon(image: Pixels, corners: ArrayLike, colour: str = "pnet") -> Pixels:
    """A copy of the image with a closed outline, with a white rim.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        RGB.
    corners : (N, 2)
        In order, whole numbers at pixel centres.
    colour : str
        A name from COLOURS, or "#RRGGBB".
    """
    canvas = np.ascontiguousarray(image).copy()
    eighths = np.round(np.asarray(corners) * 8).astype(np.int32)  # OpenCV's `shift`: 1/8 px
    for line, tint in ((4, (255, 255, 255)), (2, rgb(colour))):
        cv2.polylines(canvas, [eighths], True, tint, line, cv2.LINE_AA, shift=3)
    return canvas


def at_height(image: Pixels, height: int) -> tuple[Pixels, float]:
    """The photo at `height` px, and its scale: boxes times that scale can be drawn with lines of even width.

    A strip that would be over PANEL_WIDEST px wide then is less high, and that wide.
    """
    scale = min(height / image.shape[0], PANEL_WIDEST / image.shape[1])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS)), scale


def draw_map(face_map: NDArray[np.float32], threshold: float, colour: str = "pnet", zoom: int = 4) -> Pixels:
    """A level's map as a picture: darker is more like a face, in colour where it reaches the threshold.

    Parameters
    ----------
    face_map : float32 (H, W)
        Probabilities of a face.
    threshold : float
        From 0 to 1.
    colour : str
        A name from COLOURS, or "#RRGGBB".
    zoom : int
        Side of a cell, px.
    """
    pixels = np.repeat((250 - 178 * face_map).astype(np.uint8)[..., None], 3, axis=2)
    pixels[face_map >= threshold] = rgb(colour)
    return enlarged(pixels, zoom)


def enlarged(image: Pixels, times: int) -> Pixels:
    """The image with each pixel as a square of `times` x `times`."""
    return image.repeat(times, axis=0).repeat(times, axis=1)


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


def beside(
    panels: Sequence[Pixels | Picture], captions: Sequence[str] = (), height: int = 300, gap: int = 10
) -> Picture:
    """Panels in a row, each with its caption above it.

    Parameters
    ----------
    panels : sequence of uint8 (H, W, 3) or Picture
        Of any size.
    captions : sequence of str
        One a panel, of one or more lines; where there are fewer, the last panels have none.
    height : int
        To which each panel is scaled, px; a very wide one is less high (`at_height`).
    gap : int
        Between two panels, px.
    """
    pixels = [p.pixels if isinstance(p, Picture) else p for p in panels]
    row = [Image.fromarray(at_height(p, height)[0]) for p in pixels]
    letters = font(14)
    texts = [*captions, *[""] * (len(row) - len(captions))]
    top = max(19 * (text.count("\n") + 1) + 6 if text else 0 for text in texts)
    measure = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    lengths = [int(measure.multiline_textbbox((0, 0), text, font=letters)[2]) + 1 for text in texts]
    widths = [max(panel.width, length) for panel, length in zip(row, lengths, strict=True)]
    sheet = Image.new("RGB", (sum(widths) + gap * (len(row) - 1), height + top), PAPER)
    pen, x = ImageDraw.Draw(sheet), 0
    for panel, text, width in zip(row, texts, widths, strict=True):
        sheet.paste(panel, (x, top))
        pen.multiline_text((x, 1), text, INK, letters, spacing=4)
        x += width + gap
    parts = [text.replace("\n", ", ") for text in texts]
    parts = [
        f"{part} {p.alt}".strip() if isinstance(p, Picture) else part for part, p in zip(parts, panels, strict=True)
    ]
    return Picture(np.asarray(sheet), alt="Side by side: " + "; ".join(filter(None, parts)) if any(parts) else "")


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


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib: the same letters on every machine. Without it, those of Pillow."""
    try:
        import matplotlib
    except ImportError:
        return ImageFont.load_default(size)  # type: ignore[return-value]  # FreeType's, where a size is given
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)


def tiled(pictures: Pixels, columns: int, places: int = 0) -> Pixels:
    """Crops as one picture, row by row.

    Examples
    --------
    >>> tiled(np.zeros((5, 24, 24, 3), np.uint8), columns=2).shape
    (72, 48, 3)

    Parameters
    ----------
    pictures : uint8 (N, h, w, 3)
        The crops.
    columns : int
        How many stand in a row.
    places : int
        Room for so many, white where there are fewer; 0: as many rows as they need, the last one's rest black.
    """
    count, height, width = pictures.shape[:3]
    rows = max(1, -(-max(count, places) // columns))
    sheet = np.full((rows * columns, height, width, 3), 255 if places else 0, np.uint8)
    sheet[:count] = pictures
    rowwise = sheet.reshape(rows, columns, height, width, 3).swapaxes(1, 2)  # (rows, h, columns, w, 3)
    return rowwise.reshape(rows * height, columns * width, 3)


def new_axes(width: float = 4.2, height: float = 3.0) -> Any:
    """The axes of a matplotlib figure of so many inches, at 100 dots an inch; pyplot does not know of it."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=100, layout="constrained").subplots()


def rendered(axes: Any) -> Pixels:
    """The pixels (H, W, 3) of the figure round these axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(axes.figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
