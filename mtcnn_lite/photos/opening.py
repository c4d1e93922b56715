"""A photo opened by the reader for its kind in Pillow, and refused where it is too large, before any pixel is decoded.

`Image.open` would try all of Pillow's readers, also those that start another program (EPS) or hold no pixels (HDF5).
Its limit of pixels, and its warning, hold for the whole process, with all its threads. So the readers are asked
themselves, and three of them are told not to look at Pillow's limit.
"""

import io
import math
import os
from collections.abc import Callable
from typing import IO, Any

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from mtcnn_lite.photos.formats import ENDINGS, HEAD, ImageError, format_of, webp_size

MAX_PIXELS = 250_000_000  # phones give up to 200 million; Pillow's four bytes for each are a gigabyte
MAX_BYTES = 4 * MAX_PIXELS  # of a file whose reader wants all of it in memory; others are read piece by piece
HEADER_READS: float = 1_000_000  # of a byte or more each; a header of many parts takes some thousands
WIDTH, HEIGHT = 256, 257  # tags of TIFF


def open_photo(file: IO[bytes], name: str, max_pixels: float) -> ImageFile.ImageFile:
    """The photo in a file, with its header read and none of its pixels.

    Parameters
    ----------
    file : binary file
        One that can go back to its beginning.
    name : str
        What an ImageError calls it.
    max_pixels : float
        Most pixels, width x height, that it may have.
    """
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    kind = format_of(head)
    if kind is None:
        if not head:
            raise ImageError(f"{name}: not an image file, but empty")
        raise ImageError(f"{name}: not an image file of a format that is read ({', '.join(ENDINGS)})")
    if kind == "WebP":  # its reader makes room for all pixels at once
        check_size(webp_size(head), name, max_pixels)
    if kind in ("WebP", "AVIF", "HEIC"):
        check_bytes(file, name)
    watched = _Watched(file)
    photo = _READERS[kind](watched, name)
    watched.left = math.inf
    check_size(stored_size(photo), name, max_pixels)
    return photo


def check_bytes(file: IO[bytes], name: str) -> None:
    """Raise an ImageError where a file that is read whole is over the limit; go back to its beginning."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size > MAX_BYTES:
        raise ImageError(f"{name}: {size / 1e9:.1f} GB, over the limit of {MAX_BYTES / 1e9:g} GB for its format")


def stored_size(photo: ImageFile.ImageFile) -> tuple[int, int]:
    """Width and height, px, as they are stored. Of a TIFF that is to be turned, Pillow's `size` may be turned."""
    return (photo.tag_v2[WIDTH], photo.tag_v2[HEIGHT]) if isinstance(photo, _Tiff) else photo.size


def check_size(size: tuple[int, int], name: str, max_pixels: float) -> None:
    """Raise an ImageError where a photo is over the limit.

    Parameters
    ----------
    size : (int, int)
        Its width and height, px.
    name : str
        What the error calls it.
    max_pixels : float
        The limit of width x height.
    """
    width, height = size
    if width * height > max_pixels:
        raise ImageError(
            f"{name}: {width} x {height} px are {width * height:,}, over the limit of {max_pixels:,.0f}; where you "
            f"trust the file, allow it with max_pixels={width * height} (--max-pixels {width * height})"
        )


class _Watched:
    """A file that gives no reader more than so many pieces while it looks for the header: some would read any junk.

    JPEG's and GIF's take zeros for filling, byte by byte, and would not end for hours in a large file of them.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.left = file, HEADER_READS

    def read(self, size: int = -1) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise OSError("no end of its header is found")
        return self.file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


class _Gif(GifImagePlugin.GifImageFile):
    """A GIF of which only the first frame is wanted: nothing is prepared for a second."""

    disposal_method = property(lambda self: 0, lambda self, value: None)


class _Tiff(TiffImagePlugin.TiffImageFile):
    """A TIFF as it is stored. Pillow's own turns it upright, writing its EXIF anew, which fails for any odd tag."""

    def load_prepare(self) -> None:
        if self._im is None:
            self.im = Image.new(self.mode, stored_size(self)).im
        ImageFile.ImageFile.load_prepare(self)

    def load_end(self) -> None:
        self._size = self.im.size


class _WebPBytes(io.BytesIO):
    """A WebP file's bytes, at most 24 of its header at a time: too few for Pillow's reader to see the size in them."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size, 24) if size and size > 0 else size)


def _open_avif(file: IO[bytes], name: str) -> ImageFile.ImageFile:
    try:
        from PIL import AvifImagePlugin
    except ImportError:
        raise ImageError(f"{name}: an AVIF photo, which needs Pillow 11.3 or newer: pip install -U pillow") from None
    if not AvifImagePlugin.SUPPORTED:
        raise ImageError(f"{name}: an AVIF photo, which this build of Pillow can't read; convert it to JPEG or PNG")
    return AvifImagePlugin.AvifImageFile(file)


def _open_heic(file: IO[bytes], name: str) -> ImageFile.ImageFile:
    if "HEIF" not in Image.OPEN:
        try:
            import pillow_heif
        except ImportError:
            needs = "a HEIC photo, which needs one more package: pip install pillow-heif"
            raise ImageError(f"{name}: {needs}") from None
        pillow_heif.register_heif_opener()
    return Image.OPEN["HEIF"][0](file, "")


_READERS: dict[str, Callable[[Any, str], ImageFile.ImageFile]] = {
    "JPEG": lambda file, _: JpegImagePlugin.JpegImageFile(file),  # of an MPO, the first photo
    "PNG": lambda file, _: PngImagePlugin.PngImageFile(file),
    "WebP": lambda file, _: WebPImagePlugin.WebPImageFile(_WebPBytes(file.read())),
    "TIFF": lambda file, _: _Tiff(file),
    "BMP": lambda file, _: BmpImagePlugin.BmpImageFile(file),
    "GIF": lambda file, _: _Gif(file),
    "PNM": lambda file, _: PpmImagePlugin.PpmImageFile(file),
    "AVIF": _open_avif,
    "HEIC": _open_heic,
}
