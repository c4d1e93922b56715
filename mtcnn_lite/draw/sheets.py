"""Pictures beside one another, larger or of another height, crops in rows, and the axes of a plot."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mtcnn_lite.draw.colours import INK, PAPER
from mtcnn_lite.draw.picture import Picture
from mtcnn_lite.images import Pixels

PANEL_WIDEST = 4000  # px: a panel as high as its neighbours would be wider than that only for a strip of a photo


def at_height(image: Pixels, height: int) -> tuple[Pixels, float]:
    """The photo at `height` px, and its scale: boxes times that scale can be drawn with lines of even width.

    A strip that would be over PANEL_WIDEST px wide then is less high, and that wide.
    """
    scale = min(height / image.shape[0], PANEL_WIDEST / image.shape[1])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS)), scale


def enlarged(image: Pixels, times: int) -> Pixels:
    """The image with each pixel as a square of `times` x `times`."""
    return image.repeat(times, axis=0).repeat(times, axis=1)


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


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib: the same letters on every machine. Without it, those of Pillow."""
    try:
        import matplotlib
    except ImportError:
        return ImageFont.load_default(size)  # type: ignore[return-value]  # FreeType's, where a size is given
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)


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
