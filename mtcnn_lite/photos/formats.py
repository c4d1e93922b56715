"""The kinds of file that are read as photos, and how each is told: by its first bytes."""

import re


class ImageError(ValueError):
    """A photo that can't be read: missing, no photo, damaged, too large, ...; the message names the file and says why.

    >>> from mtcnn_lite.images import read_image
    >>> read_image("gone.jpg")
    Traceback (most recent call last):
    mtcnn_lite.photos.formats.ImageError: gone.jpg: no such file
    """


# Each kind with the endings by which `photos_in` finds it. Whether a file is of a kind, its first bytes say.
ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png", ".apng"),
    "WebP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "PNM": (".pnm", ".pbm", ".pgm", ".ppm"),
    "AVIF": (".avif",),
    "HEIC": (".heic", ".heif"),
}
PHOTO_ENDINGS = frozenset(ending for endings in ENDINGS.values() for ending in endings)

HEAD = 64  # bytes that `format_of` looks at
_PREFIXES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II\0*": "TIFF",  # wrong byte order, but found
    b"MM*\0": "TIFF",
    b"II+\0": "TIFF",  # BigTIFF
    b"MM\0+": "TIFF",
    b"BM": "BMP",
}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}


def format_of(head: bytes) -> str | None:
    """The kind of the file that begins with these bytes, a name from ENDINGS; None for any other.

    >>> format_of(b"GIF89a..."), format_of(b"%!PS-Adobe-3.0")
    ('GIF', None)
    """
    for prefix, name in _PREFIXES.items():
        if head.startswith(prefix):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if re.match(rb"P[1-6f][\s#]", head):
        return "PNM"
    if head[4:8] == b"ftyp":  # ISO base media: also videos
        end = min(int.from_bytes(head[:4]), len(head))
        brands = {head[8:12], *(head[k : k + 4] for k in range(16, end, 4))}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if brands & _HEIF_BRANDS:
            return "HEIC"
    return None


def webp_size(head: bytes) -> tuple[int, int]:
    """Width and height, px, as the first 30 bytes of a WebP file give them; 0 x 0 where they give none."""
    head = head.ljust(30, b"\0")
    if head[12:16] == b"VP8X":  # with transparency, frames or metadata: both, less 1, in 24 bits each
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if head[12:16] == b"VP8L":  # lossless: both, less 1, in 14 bits each
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
    return (width & 0x3FFF, height & 0x3FFF) if head[12:16] == b"VP8 " else (0, 0)
