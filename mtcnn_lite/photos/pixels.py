"""From what Pillow has opened to pixels: any mode as the picture it is, in 8-bit RGB, and its EXIF orientation."""

from typing import Any

import numpy as np
from PIL import Image, ImageFile

from mtcnn_lite.photos.formats import ImageError

ORIENTATION = 0x0112  # the EXIF tag
WHITE_IS_ZERO, PHOTOMETRIC = 0, 262  # of TIFF
# What sets the stored pixels upright, by EXIF orientation; 1 stands upright already.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(photo: ImageFile.ImageFile) -> int:
    """The EXIF orientation, 1 to 8; 1 also where none is given, or nothing that can be read."""
    try:
        # PNG's own `getexif` would decode all pixels first, in case there is EXIF after them.
        given = Image.Image.getexif(photo).get(ORIENTATION)
        return int(given) if given in TURNS else 1
    except Warning:  # a doubt that the caller has asked to be an error
        raise
    except Exception:  # EXIF is full of surprises, and none of them makes the pixels unreadable
        return 1


def rgb_picture(photo: ImageFile.ImageFile, name: str) -> Image.Image:
    """All pixels of a photo, in mode RGB, not turned; `name` is what an ImageError calls it."""
    mode, tiles = photo.mode, list(photo.tile)
    photo.load()
    if mode.startswith("I;16") or (mode == "I" and photo.format == "PPM"):
        return _from_16_bits(photo, tiles)
    if mode in ("I", "F"):
        numbers = "floating-point" if mode == "F" else "signed or 32-bit"
        raise ImageError(
            f"{name}: its gray values are {numbers} numbers (Pillow's mode {mode}), and the file does not say which of "
            "them is white; convert it to 8 bits first: with a = np.asarray(Image.open(...)), "
            "(255 * (a - black) / (white - black)).clip(0, 255).astype(np.uint8)"
        )
    if photo.has_transparency_data and not _bmp_without_alpha(photo):
        rgba = (photo.convert("LA") if photo.mode == "La" else photo).convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return photo if photo.mode == "RGB" else photo.convert("RGB")


def _from_16_bits(photo: ImageFile.ImageFile, tiles: list[Any]) -> Image.Image:
    """16-bit gray in 8 bits. Where the brightest pixel is under 4096 it is taken as 12 bits, which cameras give.

    A PNM file, which says what number is white, is taken at its word: Pillow has stretched that to 65535. Only 65535
    itself is what any 16-bit file would say.
    """
    values = np.asarray(photo)
    stretched = photo.format == "PPM" and tiles[0][3] not in ("I;16B", ("L", 65535))
    bits = 12 if not stretched and values.max() < 4096 else 16
    gray = (values >> (bits - 8)).astype(np.uint8)
    tags: Any = getattr(photo, "tag_v2", {})
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        gray = 255 - gray
    if "transparency" in photo.info:  # the one value of a PNG that is
        gray[values == photo.info["transparency"]] = 255
    return Image.fromarray(gray).convert("RGB")


def _bmp_without_alpha(photo: ImageFile.ImageFile) -> bool:
    """Whether all of a BMP file's alpha is 0, as it is where a program has left the fourth byte of its pixels empty."""
    return photo.format == "BMP" and photo.mode == "RGBA" and photo.getchannel("A").getextrema() == (0, 0)
