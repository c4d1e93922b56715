"""Image files, whole and damaged, of every format and many modes: the picture, or an ImageError that names the file."""

import io
import struct
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, features

from fuzzing.outcomes import damaged, unclear
from mtcnn_lite.images import ImageError, read_image, read_size

MODES = {
    "jpg": ("L", "RGB", "CMYK"),
    "png": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "webp": ("RGB", "RGBA"),
    "tif": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB", "YCbCr", "I;16", "I", "F"),
    "bmp": ("1", "L", "P", "RGB", "RGBA"),
    "gif": ("1", "L", "P", "RGB", "RGBA"),
    "ppm": ("1", "L", "RGB", "I;16"),
    "avif": ("RGB", "RGBA"),
    "eps": ("L", "RGB"),  # not a photo's format: refused, whatever it is called
    "ico": ("RGBA",),
    "tga": ("RGB",),
}
TAGS = (0x100, 0x101, 0x103, 0x106, 0x10E, 0x10F, 0x112, 0x11A, 0x128, 0x13B, 0x2BC, 0x8769, 0x8825, 0xA005)
LAST_ENDINGS = ("", "", "", ".jpg", ".png", ".txt")  # a file's ending need not be its format's


def examples(rng: np.random.Generator) -> list[tuple[str, bytes]]:
    """One small picture in each format and mode that Pillow writes here, some with EXIF: (ending, bytes)."""
    made = []
    for ending, modes in MODES.items():
        if ending == "avif" and not features.check("avif"):
            continue
        for mode in modes:
            height, width = rng.integers(1, 40, 2)
            picture = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
            picture = picture.convert("RGBA").convert("LA") if mode == "LA" else _in_mode(picture, mode)
            exif = Image.Exif()
            exif[0x0112] = int(rng.integers(0, 10))
            file = io.BytesIO()
            options = {"exif": exif} if ending in ("jpg", "png", "webp", "avif") and rng.random() < 0.5 else {}
            picture.save(file, Image.registered_extensions()[f".{ending}"], **options)
            made.append((ending, file.getvalue()))
    return made


def _in_mode(picture: Image.Image, mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    return picture.convert(mode)


def with_odd_exif(jpeg: bytes, rng: np.random.Generator) -> bytes:
    """The JPEG with EXIF that says "turn me", and one to three tags of any type, count and value."""
    tags = {0x112: (3, 1, struct.pack(">HH", rng.integers(1, 9), 0))}
    for _ in range(rng.integers(1, 4)):
        tags[int(rng.choice(TAGS))] = (int(rng.integers(0, 16)), int(rng.choice([0, 1, 2, 3, 2**31])), rng.bytes(8))
    entries, extra, place = b"", b"", 8 + 2 + 12 * len(tags) + 4
    for tag, (kind, count, value) in sorted(tags.items()):
        if rng.random() < 0.5:  # the value itself, else where it stands
            entries += struct.pack(">HHI", tag, kind, count) + value[:4]
        else:
            entries += struct.pack(">HHII", tag, kind, count, place + len(extra))
            extra += value
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", len(tags)) + entries + b"\0\0\0\0" + extra
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def is_picture(pixels: object) -> bool:
    return (
        isinstance(pixels, np.ndarray)
        and pixels.dtype == np.uint8
        and pixels.ndim == 3
        and pixels.shape[2] == 3
        and pixels.size > 0
    )


def run(cases: int, seed: int) -> list[str]:
    """Read `cases` files; what is read has the size that `read_size` says."""
    rng = np.random.default_rng(seed)
    Image.init()
    whole, found = examples(rng), []
    with tempfile.TemporaryDirectory() as folder:
        for case in range(cases):
            ending, content = whole[rng.integers(len(whole))]
            if ending == "jpg" and rng.random() < 0.5:
                content = with_odd_exif(content, rng)
            elif rng.random() < 0.9:
                content = damaged(content, rng)
            path = Path(folder) / f"{case}.{ending}{rng.choice(LAST_ENDINGS)}"
            path.write_bytes(content)

            def good(pixels: object, path: Path = path) -> bool:
                return is_picture(pixels) and read_size(path) == pixels.shape[:2]

            wrong = unclear(lambda path=path: read_image(path), ImageError, path.name, good)
            if wrong:
                found.append(f"images, case {case}, {ending}: {wrong}")
            path.unlink()
    return found
