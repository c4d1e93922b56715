"""A photo from a file, or from a file's bytes: upright RGB pixels, or its size alone, or an ImageError."""

import io
import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO

import cv2
import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.arguments import file_name, plain, shown
from mtcnn_lite.photos.formats import HEAD, ImageError, webp_size
from mtcnn_lite.photos.opening import MAX_PIXELS, check_bytes, check_size, open_photo, stored_size
from mtcnn_lite.photos.pixels import TURNS, orientation_of, rgb_picture

# Bytes 8 to 16 of a WebP file that is one lossy picture and no more: no transparency, no frames, no EXIF. OpenCV reads
# the same pixels from it as Pillow in a third of the time (Pillow takes the way of animations).
SIMPLE_WEBP = b"WEBPVP8 "
SHORTEST_WEBP = 32  # bytes; of less, OpenCV prints an error of its own
NO_FILES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def read_image(path: str | PathLike[str], max_pixels: float = MAX_PIXELS) -> NDArray[np.uint8]:
    """The photo in a file as RGB uint8 (H, W, 3), turned upright by its EXIF orientation.

    Read are JPEG (also MPO), PNG, WebP, TIFF, BMP, GIF, PNM, AVIF where Pillow has it (from 11.3), and HEIC where
    pillow-heif is installed; a file's first bytes say which it is, whatever its name. Of an animation or several pages
    the first is taken. All colours become RGB, without regard to colour profiles; transparency is laid on white.
    16-bit values are divided by 256; 16-bit gray whose brightest pixel is under 4096 is taken as 12 bits, as cameras
    give them, and divided by 16. TIFFs of signed, 32-bit or floating-point gray are refused: they don't say which
    number is white.

    Raises ImageError, which names the file, where it is missing, no regular file, none of these kinds, damaged, or
    larger than `max_pixels` (width x height; no pixel of it is decoded). ValueError for a `max_pixels` under 1;
    TypeError for one that is no number, and for a `path` that is no name.
    """
    path, limit = file_name("path", path), _limit(max_pixels)
    with _naming(path), open_file(path) as file:
        return _decoded(file, str(path), limit)


def decode_image(content: bytes, name: str, max_pixels: float = MAX_PIXELS) -> NDArray[np.uint8]:
    """`read_image` for a file's bytes.

    Parameters
    ----------
    content : bytes
        The whole file.
    name : str
        What an ImageError calls it.
    max_pixels : float
        As for `read_image`.

    Examples
    --------
    >>> from PIL import Image
    >>> Image.new("RGB", (640, 480)).save(file := io.BytesIO(), "PNG")
    >>> decode_image(file.getvalue(), "black.png").shape
    (480, 640, 3)
    """
    limit = _limit(max_pixels)
    try:
        file = io.BytesIO(memoryview(content))
    except TypeError:
        given = f"{shown(content)} ({type(content).__name__})"
        raise TypeError(f"content is {given}; it must be an image file's bytes") from None
    with _naming(name):
        return _decoded(file, name, limit)


def read_size(path: str | PathLike[str]) -> tuple[int, int]:
    """Height and width, in pixels, of the photo in a file, as `read_image` gives it: upright. No pixel is decoded.

    Raises ImageError for a file that is missing or is no image. There is no limit of pixels.
    """
    path = file_name("path", path)
    with _naming(path), open_file(path) as file, open_photo(file, str(path), math.inf) as photo:
        width, height = stored_size(photo)
        if photo.format == "PNG" and _has_metadata_at_its_end(file):
            check_size((width, height), str(path), MAX_PIXELS)
            photo.load()  # for once: Pillow reads what follows the pixels after them
        return (width, height) if orientation_of(photo) >= 5 else (height, width)


def _limit(max_pixels: float) -> float:
    known = plain(max_pixels)
    if known is None or not known >= 1:
        wrong = TypeError if known is None else ValueError
        raise wrong(f"max_pixels is {shown(max_pixels)}; it must be a number of pixels, 1 or more")
    return known


def _decoded(file: IO[bytes], name: str, max_pixels: float) -> NDArray[np.uint8]:
    head = file.read(HEAD)
    if head[:4] == b"RIFF" and head[8:16] == SIMPLE_WEBP and len(head) >= SHORTEST_WEBP:
        check_size(webp_size(head), name, max_pixels)
        check_bytes(file, name)
        pixels = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR_RGB)
        if pixels is not None:  # else it is damaged, and Pillow says how
            return np.asarray(pixels, np.uint8)
    with open_photo(file, name, max_pixels) as photo:
        last = photo.format == "PNG"  # may say it after its pixels, where a TIFF is no longer at hand
        orientation = 1 if last else orientation_of(photo)
        picture = rgb_picture(photo, name)
        turn = TURNS.get(orientation_of(photo) if last else orientation)
        return np.array(picture if turn is None else picture.transpose(turn))


def open_file(path: Path) -> IO[bytes]:
    """A regular file, opened to be read. Anything else is not opened: a pipe may wait for ever, a device not end."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        gone = f"a link to {os.readlink(path)}, which does not exist" if path.is_symlink() else "no such file"
        raise ImageError(f"{path}: {gone}") from None
    except OSError as error:
        raise ImageError(f"{path}: can't be read ({error.strerror})") from None
    if not stat.S_ISREG(mode):
        raise ImageError(f"{path}: can't be read: {NO_FILES.get(stat.S_IFMT(mode), 'no regular file')}, no photo")
    try:
        return path.open("rb")
    except OSError as error:
        raise ImageError(f"{path}: can't be read ({error.strerror})") from None


@contextmanager
def _naming(name: str | Path) -> Iterator[None]:
    """Any exception as an ImageError that names the photo: a decoder may stop at damage in every way there is."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{name}: too little memory to read it") from None
    except Exception as error:
        said = str(error) if isinstance(error, OSError) and str(error) else f"{type(error).__name__}: {error}"
        raise ImageError(f"{name}: damaged or unreadable image ({said})") from None


def _has_metadata_at_its_end(png: IO[bytes]) -> bool:
    """Whether a PNG file has EXIF or text after its pixels; most have it before."""
    png.seek(8)
    after = False
    while len(start := png.read(8)) == 8:
        kind = start[4:]
        after |= kind == b"IDAT"
        if after and kind in (b"eXIf", b"iTXt", b"zTXt", b"tEXt"):
            return True
        png.seek(int.from_bytes(start[:4]) + 4, os.SEEK_CUR)
    return False
