"""Files that people bring: each kind and mode against its own pixels, and each error by what it says."""

import io
import os
import socket
import struct
import sys
import threading
import types
import warnings
import zlib

import numpy as np
import pytest
import torch
from PIL import AvifImagePlugin, Image, ImageCms, ImageFile

from mtcnn_lite.images import MAX_PIXELS, ImageError, decode_image, photos_in, read_image, read_size
from mtcnn_lite.photos import opening

ROWS, COLUMNS = np.mgrid[:24, :40]
# Smooth, so that lossy formats keep it, and no two of its eight turnings alike.
PHOTO = np.stack([20 + 9 * ROWS, 250 - 6 * COLUMNS, 40 + 3 * ROWS + 2 * COLUMNS], axis=2).astype(np.uint8)
GRAY = PHOTO[..., 2]
UPRIGHT = {  # what EXIF 2.3 asks for each orientation: where row 0 and column 0 of the stored pixels belong
    1: PHOTO,
    2: PHOTO[:, ::-1],
    3: PHOTO[::-1, ::-1],
    4: PHOTO[::-1],
    5: PHOTO.transpose(1, 0, 2),
    6: np.rot90(PHOTO, -1),
    7: PHOTO[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(PHOTO),
}
AVIF = pytest.param("AVIF", {"quality": 90}, marks=pytest.mark.skipif(not AvifImagePlugin.SUPPORTED, reason="no AVIF"))
WITH_EXIF = pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("MPO", {"quality": 95}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 95}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        AVIF,
    ],
)


def encoded(picture, kind, **options):
    file = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(file, kind, **options)
    return file.getvalue()


def read(content):
    return decode_image(content, "it")


def off(image, right):
    """The mean difference, in gray levels."""
    right = np.asarray(right)
    if right.ndim == 2:
        right = right[..., None].repeat(3, axis=2)
    assert image.shape == right.shape
    assert image.dtype == np.uint8
    return np.abs(image.astype(int) - right).mean()


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, bits, colour, rows, *chunks):
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [(b"IHDR", head), *chunks, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def tiff(pixels, width, height, order="<", **tags):
    """A TIFF of one strip; tags by name, each a number or several, 16 bits each."""
    codes = {"bits": 258, "photometric": 262, "orientation": 274, "samples": 277, "extra": 338, "format": 339}
    given = {256: width, 257: height, 259: 1, 273: 8, 278: height, 279: len(pixels), 258: 8, 262: 1}
    given |= {codes[name]: value for name, value in tags.items()}
    entries, values, end = b"", b"", 8 + len(pixels) + 2 + 12 * len(given) + 4
    for code, value in sorted(given.items()):
        numbers = value if isinstance(value, tuple) else (value,)
        field = struct.pack(f"{order}{len(numbers)}H", *numbers)
        if len(field) > 4:
            field, values = struct.pack(f"{order}I", end + len(values)), values + field
        entries += struct.pack(f"{order}HHI", code, 3, len(numbers)) + field.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8 + len(pixels))
    return head + pixels + struct.pack(f"{order}H", len(given)) + entries + bytes(4) + values


# --- orientation


@WITH_EXIF
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_each_orientation_in_each_format_stands_upright(tmp_path, kind, options, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "turned").write_bytes(encoded(PHOTO, kind, exif=exif, **options))
    image = read_image(tmp_path / "turned")
    assert off(image, UPRIGHT[orientation]) < 3
    assert read_size(tmp_path / "turned") == UPRIGHT[orientation].shape[:2]


def exif_block(*tags):
    """EXIF with orientation 6 and tags (code, type, count, value bytes of at most 4)."""
    tags = sorted([(0x112, 3, 1, b"\0\6"), *tags])
    body = b"".join(struct.pack(">HHI", *tag[:3]) + tag[3].ljust(4, b"\0") for tag in tags)
    return b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", len(tags)) + body + bytes(4)


ODD_TAGS = {
    "width as text": (0x100, 2, 4, b"512\0"),
    "width below zero": (0x100, 9, 1, b"\xff\xff\xff\xff"),
    "make as a float": (0x10F, 11, 1, struct.pack(">f", 1.5)),
    "resolution as bytes": (0x11A, 7, 4, b"72\0\0"),
    "resolution as text": (0x11A, 2, 3, b"72\0"),
    "colours twice": (0x106, 3, 2, b"\0\2\0\2"),
    "XMP as a float": (0x2BC, 11, 1, struct.pack(">f", 1.5)),
    "a type that is none": (0x10E, 99, 1, b"abcd"),
    "text that lies past the end": (0x10E, 2, 99, b"\0\0\x7f\xff"),
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("tag", ODD_TAGS.values(), ids=ODD_TAGS)
@pytest.mark.filterwarnings("ignore")
def test_an_odd_tag_beside_the_orientation_does_no_harm(kind, tag):
    assert off(read(encoded(PHOTO, kind, exif=exif_block(tag), quality=95)), UPRIGHT[6]) < 3


def test_an_odd_tag_in_a_tiff_does_no_harm(tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "abc"
    content = encoded(PHOTO, "TIFF", exif=exif)
    odd = content.replace(struct.pack("<HHI", 0x10E, 2, 4), struct.pack("<HHI", 0x10E, 11, 1))  # a float
    assert odd != content
    (tmp_path / "odd.tif").write_bytes(odd)
    assert off(read_image(tmp_path / "odd.tif"), UPRIGHT[6]) == 0
    assert read_size(tmp_path / "odd.tif") == (40, 24)


def test_exif_that_is_none_turns_nothing():
    segment = b"Exif\0\0no TIFF header at all"
    content = encoded(PHOTO, "JPEG", quality=95)
    content = content[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + content[2:]
    assert off(read(content), PHOTO) < 3


def test_exif_after_a_pngs_pixels_counts(tmp_path):
    """read_size sees it too, though it decodes no pixels otherwise."""
    content = encoded(PHOTO, "PNG")
    late = content[:-12] + chunk(b"eXIf", exif_block()[6:]) + content[-12:]
    (tmp_path / "late.png").write_bytes(late)
    np.testing.assert_array_equal(read_image(tmp_path / "late.png"), UPRIGHT[6])
    assert read_size(tmp_path / "late.png") == (40, 24)


def test_a_size_is_read_without_the_pixels(tmp_path, monkeypatch):
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM"):
        (tmp_path / kind).write_bytes(encoded(PHOTO, kind))
        assert read_size(tmp_path / kind) == (24, 40)


# --- modes


@pytest.mark.parametrize(
    ("kind", "mode", "most"),
    [
        *((kind, "RGB", 0) for kind in ("PNG", "TIFF", "BMP", "PPM")),
        *((kind, "L", 0) for kind in ("PNG", "TIFF", "BMP", "PPM", "GIF")),
        *((kind, "1", 0) for kind in ("PNG", "TIFF", "BMP", "PPM", "GIF")),
        *((kind, "P", 0) for kind in ("PNG", "TIFF", "BMP", "GIF")),
        *((kind, "RGBA", 0) for kind in ("PNG", "TIFF", "BMP")),
        *((kind, "LA", 0) for kind in ("PNG", "TIFF")),
        *((kind, mode, 3) for kind in ("JPEG", "WEBP") for mode in ("RGB", "L")),
        ("TIFF", "PA", 0),
        ("TIFF", "CMYK", 0),
        ("JPEG", "CMYK", 3),  # Pillow writes it as Adobe does: inverted
        ("TIFF", "YCbCr", 2),
        ("TIFF", "RGBX", 0),
        ("GIF", "RGB", 4),
    ],
)
def test_each_mode_is_the_picture_that_it_is(kind, mode, most):
    picture = Image.fromarray(PHOTO)
    picture = picture.convert("P").convert("PA") if mode == "PA" else picture.convert(mode)
    assert off(read(encoded(picture, kind, quality=95)), np.asarray(picture.convert("RGB"))) <= most


def test_lab_is_its_colours():
    lab = ImageCms.createProfile("LAB")
    stored = ImageCms.profileToProfile(Image.fromarray(PHOTO), ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
    light, *ab = np.moveaxis(np.asarray(stored).astype(float), 2, 0)
    a, b = (np.where(band > 127, band - 256, band) for band in ab)
    y = (light / 2.55 + 16) / 116
    f = np.stack([y + a / 500, y, y - b / 200])  # CIE 1976, white D50; then Bradford to sRGB's D65
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * np.reshape([0.9642, 1, 0.8251], (3, 1, 1))
    to_srgb = [[3.13386, -1.61687, -0.49061], [-0.97877, 1.91614, 0.03345], [0.07195, -0.22899, 1.40524]]
    linear = np.tensordot(to_srgb, xyz, 1).clip(0, 1)
    srgb = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    assert off(read(encoded(stored, "TIFF")), 255 * np.moveaxis(srgb, 0, 2)) < 2


@pytest.mark.parametrize("order", ["<", ">"], ids=["II", "MM"])
def test_16_bit_gray_tiffs(order):
    deep = (GRAY.astype(np.uint16) * 257).astype(f"{order}u2").tobytes()
    assert off(read(tiff(deep, 40, 24, order, bits=16)), GRAY) == 0
    turned = read(tiff(deep, 40, 24, order, bits=16, orientation=6))
    assert off(turned, np.rot90(GRAY, -1)) == 0


def test_gray_whose_zero_is_white():
    assert off(read(tiff(GRAY.tobytes(), 40, 24, photometric=0)), 255 - GRAY) == 0
    deep = GRAY.astype("<u2") * 257
    assert off(read(tiff(deep.tobytes(), 40, 24, bits=16, photometric=0)), 255 - GRAY) == 0


def test_transparency_multiplied_in_already_is_laid_on_white():
    """TIFF's "associated alpha": a half transparent pixel holds half its colour."""
    alpha = np.full((24, 40, 1), 128, np.uint8)
    half = (PHOTO * (128 / 255)).round().astype(np.uint8)
    want = half + 127.0
    rgba = np.concatenate([half, alpha], axis=2).tobytes()
    assert off(read(tiff(rgba, 40, 24, bits=(8,) * 4, photometric=2, samples=4, extra=1)), want) < 2


def test_pngs_of_16_bits_and_of_few():
    """The high byte of each value; of 1, 2 and 4 bits, the whole range from black to white."""
    wide = (PHOTO.astype(int) * 256 + 77).astype(">u2")
    assert off(read(png(40, 24, 16, 2, [row.tobytes() for row in wide])), PHOTO) == 0
    assert read(png(4, 1, 2, 0, [bytes([0b00011011])]))[0, :, 0].tolist() == [0, 85, 170, 255]
    assert read(png(2, 1, 4, 0, [bytes([0x3F])]))[0, :, 0].tolist() == [51, 255]
    assert read(png(3, 1, 1, 0, [bytes([0b01100000])]))[0, :, 0].tolist() == [0, 255, 255]


def test_a_transparent_colour_is_white():
    gray = png(3, 1, 8, 0, [bytes([10, 20, 30])], (b"tRNS", struct.pack(">H", 20)))
    assert read(gray)[0].tolist() == [[10] * 3, [255] * 3, [30] * 3]
    rgb = png(2, 1, 8, 2, [bytes([1, 2, 3, 4, 5, 6])], (b"tRNS", struct.pack(">HHH", 4, 5, 6)))
    assert read(rgb)[0].tolist() == [[1, 2, 3], [255] * 3]
    bits = png(2, 1, 1, 0, [bytes([0b01000000])], (b"tRNS", struct.pack(">H", 0)))
    assert read(bits)[0].tolist() == [[255] * 3, [255] * 3]
    palette = png(2, 1, 8, 3, [bytes([0, 1])], (b"PLTE", bytes([9, 8, 7, 60, 50, 40])), (b"tRNS", bytes([255, 0])))
    assert read(palette)[0].tolist() == [[9, 8, 7], [255] * 3]
    deep = png(3, 1, 16, 0, [struct.pack(">HHH", 0x1234, 0x1235, 0xFF00)], (b"tRNS", struct.pack(">H", 0x1234)))
    assert read(deep)[0].tolist() == [[255] * 3, [0x12] * 3, [255] * 3]


def test_a_bmp_whose_alpha_is_0_everywhere_has_none():
    def bmp(*pixels):  # blue, green, red, alpha; with the masks that say so
        body = b"".join(map(bytes, pixels))
        masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
        head = struct.pack("<IiiHHIIiiII", 108, len(pixels), 1, 1, 32, 3, len(body), 0, 0, 0, 0) + masks + bytes(52)
        return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(body), 0, 0, 14 + len(head)) + head + body

    assert read(bmp((1, 2, 3, 0), (4, 5, 6, 0)))[0].tolist() == [[3, 2, 1], [6, 5, 4]]
    assert read(bmp((1, 2, 3, 0), (4, 5, 6, 255)))[0].tolist() == [[255] * 3, [6, 5, 4]]


def test_12_bits_in_16_are_stretched_and_16_dark_bits_are_not():
    """4095 is white where nothing is brighter; 4096 says that there are more bits."""
    values = np.uint16([[0, 16, 2048, 4095]])
    assert read(encoded(values, "PNG"))[0, :, 0].tolist() == [0, 1, 128, 255]
    assert read(encoded(values + 1, "PNG"))[0, :, 0].tolist() == [0, 0, 8, 16]
    assert read(encoded(values, "TIFF"))[0, :, 0].tolist() == [0, 1, 128, 255]
    assert read(encoded(np.zeros((2, 2), np.uint16), "PNG")).max() == 0


@pytest.mark.parametrize(
    ("most", "values", "want"),
    [
        (65535, [0, 257, 32768, 65535], [0, 1, 128, 255]),
        (65535, [0, 16, 2048, 4095], [0, 1, 128, 255]),  # 12 bits, as OpenCV writes them
        (4095, [0, 16, 2048, 4095], [0, 1, 128, 255]),
        (1000, [0, 4, 20, 60], [0, 1, 5, 15]),  # dark, and its white is said
    ],
)
def test_16_bit_pgm_is_scaled_by_its_own_white(most, values, want):
    raw = b"P5\n4 1\n%d\n" % most + np.array(values, ">u2").tobytes()
    plain = b"P2\n4 1\n%d\n" % most + " ".join(map(str, values)).encode()
    for content in (raw, plain):
        assert read(content)[0, :, 0].tolist() == want


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (encoded(np.int32([[0, 70000]]), "TIFF"), "signed or 32-bit numbers (Pillow's mode I)"),
        (tiff(np.int16([[-5, 9]]).tobytes(), 2, 1, bits=16, format=2), "signed or 32-bit numbers"),
        (encoded(np.float32([[0, 1]]), "TIFF"), "floating-point numbers (Pillow's mode F)"),
        (b"Pf\n2 1\n-1.0\n" + np.float32([0, 1]).tobytes(), "floating-point numbers"),
    ],
    ids=["32 bits", "signed", "float", "PFM"],
)
def test_gray_without_a_white_is_refused(content, said):
    with pytest.raises(ImageError, match=r"^it: its gray values are ") as caught:
        read(content)
    assert said in str(caught.value)
    assert "convert it to 8 bits first" in str(caught.value)


def test_of_several_frames_the_first():
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue", "lime")]
    for kind in ("GIF", "PNG", "WEBP", "TIFF", "MPO"):
        options = {"disposal": 2} if kind == "GIF" else {"lossless": True} if kind == "WEBP" else {}
        image = read(encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options))
        assert off(image, np.uint8([[[255, 0, 0]]]).repeat(10, 0).repeat(20, 1)) < 2, kind


# --- kinds


@pytest.mark.parametrize("kind", ["ICO", "TGA", "PCX", "EPS", "DDS", "JPEG2000", "SGI", "PDF"])
def test_other_kinds_are_refused_with_a_list_of_those_that_are_read(tmp_path, kind):
    picture = Image.new("RGB", (32, 32), "red")
    (tmp_path / "a.jpg").write_bytes(encoded(picture, kind))
    for function in (read_image, read_size):
        with pytest.raises(ImageError) as caught:
            function(tmp_path / "a.jpg")
        assert str(caught.value) == (
            f"{tmp_path / 'a.jpg'}: not an image file of a format that is read "
            "(JPEG, PNG, WebP, TIFF, BMP, GIF, PNM, AVIF, HEIC)"
        )


def test_an_eps_named_jpg_starts_no_other_program(tmp_path, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("started"))
    (tmp_path / "a.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    with pytest.raises(ImageError, match="not an image file"):
        read_image(tmp_path / "a.jpg")


def test_a_kind_is_told_by_its_content(tmp_path):
    (tmp_path / "photo.txt").write_bytes(encoded(PHOTO, "PNG"))
    np.testing.assert_array_equal(read_image(tmp_path / "photo.txt"), PHOTO)


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def test_heic_needs_a_package_and_says_which(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if it were not installed
    (tmp_path / "a.heic").write_bytes(HEIC + bytes(99))
    for function in (read_image, read_size):
        with pytest.raises(ImageError, match=r"a\.heic: a HEIC photo, .* one more package: pip install pillow-heif"):
            function(tmp_path / "a.heic")


def test_heic_is_read_with_the_package(tmp_path, monkeypatch):
    """A stand-in: after the brands come width, height, and the pixels."""
    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    module, registered = types.ModuleType("pillow_heif"), []

    class StandIn(ImageFile.ImageFile):
        format = "HEIF"

        def _open(self):
            self.fp.seek(len(HEIC))
            self._size, self._mode = struct.unpack("<HH", self.fp.read(4)), "RGB"
            self.tile = [("raw", (0, 0, *self._size), len(HEIC) + 4, ("RGB", 0, 1))]

    def register_heif_opener():
        registered.append(1)
        Image.register_open("HEIF", StandIn)

    module.register_heif_opener = register_heif_opener
    monkeypatch.setitem(sys.modules, "pillow_heif", module)
    read(encoded(PHOTO, "PNG"))
    assert not registered, "only once it is needed"
    (tmp_path / "a.heic").write_bytes(HEIC + struct.pack("<HH", 40, 24) + PHOTO.tobytes())
    for _ in range(2):
        np.testing.assert_array_equal(read_image(tmp_path / "a.heic"), PHOTO)
    assert read_size(tmp_path / "a.heic") == (24, 40)
    assert registered == [1]
    with pytest.raises(ImageError, match=r"a\.heic: 40 x 24 px are 960, over the limit of 959"):
        read_image(tmp_path / "a.heic", max_pixels=959)
    with pytest.raises(ImageError, match="it: damaged"):
        read(HEIC + struct.pack("<HH", 40, 24))


# --- the limit


KINDS = [
    ("JPEG", {}),
    ("MPO", {}),
    ("PNG", {}),
    ("WEBP", {"quality": 80}),
    ("WEBP", {"lossless": True}),
    ("WEBP", {"exif": exif_block()}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("BMP", {}),
    ("GIF", {}),
    ("GIF", {"save_all": True, "append_images": [Image.new("RGB", (40, 24))], "disposal": 2}),
    ("PPM", {}),
    AVIF,
]


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_the_limit_holds_for_every_decoder_and_pillows_own_for_none(monkeypatch, kind, options):
    content = encoded(PHOTO, kind, **options)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode_image(content, "it", max_pixels=960).size == 3 * 960
        monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))
        monkeypatch.setattr("cv2.imdecode", lambda *_: pytest.fail("decoded"))
        with pytest.raises(ImageError) as caught:
            decode_image(content, "it", max_pixels=959)
    assert str(caught.value) == (
        "it: 40 x 24 px are 960, over the limit of 959; where you trust the file, allow it with max_pixels=960 "
        "(--max-pixels 960)"
    )
    assert Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize(
    "head",
    [
        b"VP8 " + struct.pack("<I", 99) + b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 16383, 16383),
        b"VP8L" + struct.pack("<I", 99) + b"\x2f" + struct.pack("<I", 16382 | 16382 << 14),
        b"VP8X" + struct.pack("<II", 10, 0) + (16382).to_bytes(3, "little") * 2,
    ],
    ids=["lossy", "lossless", "extended"],
)
def test_a_webp_of_268_megapixels_is_refused_by_its_header(head):
    with pytest.raises(ImageError, match="16383 x 16383 px are 268,402,689, over the limit of 250,000,000"):
        read(b"RIFF\xff\0\0\0WEBP" + head + bytes(99))


def test_phones_photos_are_under_the_limit():
    assert 16320 * 12240 < MAX_PIXELS < 16383 * 16383


def test_a_photo_of_108_megapixels_is_read_in_peace(tmp_path):
    row = b"\0" + bytes(12000)
    squeeze = zlib.compressobj(1)
    data = b"".join(squeeze.compress(row) for _ in range(9000)) + squeeze.flush()
    head = struct.pack(">IIBBBBB", 12000, 9000, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    (tmp_path / "108.png").write_bytes(b"\x89PNG\r\n\x1a\n" + parts)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_size(tmp_path / "108.png") == (9000, 12000)
        assert read_image(tmp_path / "108.png").shape == (9000, 12000, 3)


@pytest.mark.parametrize(
    ("limit", "error"),
    [(0, ValueError), (-1, ValueError), (float("nan"), ValueError), ("many", TypeError), (None, TypeError),
     (True, TypeError), (np.array([5, 6]), TypeError), (torch.tensor([5, 6]), TypeError)],
)  # fmt: skip
def test_a_limit_that_is_none_is_named(limit, error):
    with pytest.raises(error, match=r"max_pixels is .*; it must be a number of pixels, 1 or more"):
        decode_image(encoded(PHOTO, "PNG"), "it", limit)


# --- damage


@pytest.mark.parametrize(
    "error",
    [
        struct.error("bad"),
        KeyError(262),
        AttributeError("no encode"),
        RecursionError("deep"),
        UserWarning("as an error"),
        AssertionError(),
        ZeroDivisionError("0"),
        UnicodeDecodeError("ascii", b"\xff", 0, 1, "odd"),
        OSError("image file is truncated"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_decoder_raises_is_an_image_error(tmp_path, monkeypatch, error):
    def fail(*_):
        raise error

    (tmp_path / "a.png").write_bytes(encoded(PHOTO, "PNG"))
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(ImageError, match=r"a\.png: damaged or unreadable image \(") as caught:
        read_image(tmp_path / "a.png")
    assert str(error) in str(caught.value)
    monkeypatch.setitem(opening._READERS, "PNG", fail)
    with pytest.raises(ImageError, match=r"a\.png: damaged or unreadable image \("):
        read_size(tmp_path / "a.png")


def test_ctrl_c_is_no_damage(monkeypatch):
    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(ImageFile.ImageFile, "load", stop)
    with pytest.raises(KeyboardInterrupt):
        read(encoded(PHOTO, "PNG"))


@pytest.mark.parametrize(
    "head",
    [b"", b"GIF89a\x10\0\x10\0\0\0\0", b"\xff\xd8\xff\xe0", b"P6 #", b"RIFF\xff\xff\xff\xffWEBPVP8 ", HEIC],
    ids=["zeros", "GIF", "JPEG", "PNM", "WebP", "HEIC"],
)
def test_gigabytes_of_junk_are_given_up_soon(tmp_path, monkeypatch, head):
    """A reader that looks for a header in them byte by byte would take an hour."""
    monkeypatch.setattr(opening, "HEADER_READS", 10_000)
    with open(tmp_path / "junk.jpg", "wb") as file:
        file.write(head)
        file.truncate(20 * 2**30)  # a hole: it takes no room on the disk
    with pytest.raises(ImageError, match=r"junk\.jpg: "):
        read_image(tmp_path / "junk.jpg")


def test_a_long_header_is_no_junk():
    """A GIF with a comment of 200,000 letters, in blocks of 255."""
    image = read(encoded(Image.new("RGB", (9, 9), "blue"), "GIF", comment=b"x" * 200_000))
    assert (image == [0, 0, 255]).all()


# --- what is no file


@pytest.mark.skipif(os.name != "posix", reason="no named pipes")
def test_what_is_no_file_is_named_and_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "link.jpg").symlink_to("gone.jpg")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "s"))
    said = {
        "pipe.jpg": "can't be read: a named pipe (FIFO), no photo",
        "folder.jpg": "can't be read: a folder, no photo",
        "link.jpg": "a link to gone.jpg, which does not exist",
        "gone.jpg": "no such file",
        "s": "can't be read: a socket, no photo",
    }
    for name, why in said.items():
        for function in (read_image, read_size):
            answer = []

            def ask(function=function, name=name, answer=answer):
                try:
                    function(tmp_path / name)
                except ImageError as error:
                    answer.append(str(error))

            asking = threading.Thread(target=ask, daemon=True)  # which a pipe would hold for ever
            asking.start()
            asking.join(20)
            assert answer == [f"{tmp_path / name}: {why}"]
    listening.close()
    with pytest.raises(ImageError, match=r"^/dev/zero: can't be read: a device, no photo"):
        read_image("/dev/zero")


@pytest.mark.skipif(os.name != "posix", reason="other words elsewhere")
def test_names_that_no_file_can_have():
    with pytest.raises(ImageError, match="null byte"):
        read_image("a\0b.jpg")
    with pytest.raises(ImageError, match="File name too long"):
        read_image("x" * 5000)
    with pytest.raises(ImageError, match=r"^it: not an image file, but empty"):
        read(b"")


@pytest.mark.parametrize(
    "given", [None, 5, b"a.jpg", ["a.jpg"], io.BytesIO(b"x"), PHOTO], ids=lambda given: type(given).__name__
)
@pytest.mark.parametrize(("function", "name"), [(read_image, "path"), (read_size, "path"), (photos_in, "folder")])
def test_what_is_no_name_is_named(function, name, given):
    with pytest.raises(TypeError, match=rf"^{name} is .*; it must be the name of a file or folder, a str or a Path"):
        function(given)


@pytest.mark.parametrize("given", [None, 5, "a.jpg", [1, 2]])
def test_what_are_no_bytes_is_named(given):
    with pytest.raises(TypeError, match=r"^content is .*; it must be an image file's bytes"):
        decode_image(given, "it")


def test_bytes_may_be_of_any_kind():
    content = encoded(PHOTO, "PNG")
    for kind in (bytearray, memoryview, lambda data: np.frombuffer(data, np.uint8)):
        assert off(read(kind(content)), PHOTO) == 0


def test_too_little_memory_is_no_damage(monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(ImageError, match=r"^it: too little memory to read it$"):
        read(encoded(PHOTO, "TIFF"))


def test_a_webp_cut_in_its_header_prints_nothing(capfd):
    """OpenCV writes to standard error itself."""
    for length in (16, 29, 30, 31):
        with pytest.raises(ImageError, match=r"^it: "):
            read(encoded(PHOTO, "WEBP", quality=95)[:length])
    assert capfd.readouterr() == ("", "")
