"""A picture that shows itself in a notebook, with what there is to see in words, and writes itself to a file."""

import base64
import io
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mtcnn_lite.draw.colours import PAPER
from mtcnn_lite.images import Pixels
from mtcnn_lite.runtime.files import write_whole

JPEG_LONGEST = 65_500  # px: longer sides libjpeg does not write


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
