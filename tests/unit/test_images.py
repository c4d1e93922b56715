"""Crops against the photo's own pixels, and files against what was written to them."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mtcnn_lite.images import ImageError, as_rgb, crop_windows, decode_image, read_image, shrink_to
from mtcnn_lite.pyramid import halvings

RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (90, 130, 3), dtype=np.uint8)
PHOTO.setflags(write=False)


def crops(image, boxes, size):
    return crop_windows(halvings(image, size / max(image.shape)), boxes, size)


@pytest.mark.parametrize("size", [12, 24, 48])
def test_a_window_of_the_crops_own_size_returns_the_pixels_unchanged(size):
    corners = [(0, 0), (7, 30), (130 - size, 90 - size)]
    boxes = np.array([[x, y, x + size, y + size] for x, y in corners], np.float32)
    boxes.setflags(write=False)
    want = [PHOTO[y : y + size, x : x + size] for x, y in corners]
    np.testing.assert_array_equal(crops(PHOTO, boxes, size), want)


@pytest.mark.parametrize("times", [2, 4])
def test_a_larger_window_is_the_mean_of_its_pixels(times):
    image, side = PHOTO[:88, :128], 12 * times
    x, y = 16, 8
    mean = image[y : y + side, x : x + side].reshape(12, times, 12, times, 3).mean(axis=(1, 3))
    assert np.abs(crops(image, [[x, y, x + side, y + side]], 12)[0] - mean).max() <= 1


def test_fractions_of_a_pixel_are_interpolated_in_x_and_in_y():
    def at(x, y):
        return PHOTO[y : y + 24, x : x + 24].astype(float)

    right, down, both = crops(PHOTO, [[7.5, 9, 31.5, 33], [7, 9.5, 31, 33.5], [7.25, 9.5, 31.25, 33.5]], 24)
    assert np.abs(right - (at(7, 9) + at(8, 9)) / 2).max() <= 1
    assert np.abs(down - (at(7, 9) + at(7, 10)) / 2).max() <= 1
    quarter = 0.75 * (at(7, 9) + at(7, 10)) / 2 + 0.25 * (at(8, 9) + at(8, 10)) / 2
    assert np.abs(both - quarter).max() <= 2


@pytest.mark.parametrize("side", [9, 12, 20, 31, 50, 77])
def test_crops_keep_their_place_at_every_scale(side):
    """On ramps, red 2x and green 2y, a crop must read the coordinates of its own pixels' centres."""
    x, y = np.meshgrid(np.arange(124), np.arange(116))
    ramps = np.stack([2 * x, 2 * y, np.full_like(x, 9)], axis=2).astype(np.uint8)
    x1, y1 = 10.5, 30.5
    crop = crops(ramps, [[x1, y1, x1 + side, y1 + side]], 12)[0] / 2
    step = (np.arange(12) + 0.5) * side / 12 - 0.5
    np.testing.assert_allclose(crop[..., 0], np.tile(x1 + step, (12, 1)), atol=0.4)
    np.testing.assert_allclose(crop[..., 1], np.tile((y1 + step)[:, None], (1, 12)), atol=0.4)
    assert abs((crop[..., 0] - (x1 + step)).mean()) < 0.1  # rounding to whole brightness aside, no shift
    assert abs((crop[..., 1].T - (y1 + step)).mean()) < 0.1
    assert (crop[..., 2] == 4.5).all()


@pytest.mark.parametrize(("height", "width"), [(33, 121), (121, 33)])
def test_crops_keep_their_place_where_halving_rounds(height, width):
    """A half of 33 px has 17, one of 121 has 61: the copies' scales differ in x and y."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    ramps = np.stack([2 * x, 2 * y, 0 * x], axis=2).astype(np.uint8)
    x1, y1 = (90, 4) if width > height else (4, 90)
    crop = crops(ramps, [[x1, y1, x1 + 25, y1 + 25]], 12)[0] / 2
    step = (np.arange(12) + 0.5) * 25 / 12 - 0.5
    assert abs((crop[..., 0] - (x1 + step)).mean()) < 0.3
    assert abs((crop[..., 1].T - (y1 + step)).mean()) < 0.3


@pytest.mark.parametrize(("x", "y"), [(-5, -9), (130 - 17, 90 - 4), (-30, 10), (40, 95), (-24, -24), (1000, -1000)])
def test_what_lies_outside_the_image_is_black(x, y):
    black = np.pad(PHOTO, ((100, 1200), (100, 1200), (0, 0))) if x < 200 and y > -100 else None
    want = np.zeros((24, 24, 3)) if black is None else black[y + 100 : y + 124, x + 100 : x + 124]
    np.testing.assert_array_equal(crops(PHOTO, [[x, y, x + 24, y + 24]], 24)[0], want)


def test_a_window_round_the_image_holds_all_of_it_in_its_middle():
    white = np.full((24, 48, 3), 255, np.uint8)
    crop = crops(white, [[0, -12, 48, 36]], 12)[0]  # 48 to 12 px: the image is 12 x 6 there
    assert (crop[3:9] == 255).all()
    assert (crop[:3] == 0).all()
    assert (crop[9:] == 0).all()


def test_empty_windows_and_no_windows():
    assert crops(PHOTO, np.zeros((0, 4)), 24).shape == (0, 24, 24, 3)
    got = crops(PHOTO, [[5, 5, 5, 9], [9, 9, 3, 3], [0, 0, 24, 24]], 24)
    assert not got[:2].any()
    np.testing.assert_array_equal(got[2], PHOTO[:24, :24])


@pytest.mark.parametrize("side", [200, 333, 500])
def test_large_windows_do_not_alias(side):
    board = (255 * (np.indices((520, 520)).sum(axis=0) % 2)).astype(np.uint8)[..., None].repeat(3, axis=2)
    crop = crops(board, [[3, 7, 3 + side, 7 + side]], 24)[0].astype(int)
    averaged = cv2.resize(board[7 : 7 + side, 3 : 3 + side], (24, 24), interpolation=cv2.INTER_AREA)
    assert np.abs(crop - averaged).max() <= 6
    skipped = cv2.resize(board[7 : 7 + side, 3 : 3 + side], (24, 24), interpolation=cv2.INTER_NEAREST)
    assert np.abs(skipped.astype(int) - averaged).max() > 100  # the board would show it


GRAY = PHOTO[..., 0]


@pytest.mark.parametrize(
    ("image", "rgb"),
    [
        (PHOTO, PHOTO),
        (GRAY, np.dstack([GRAY] * 3)),
        (GRAY[..., None], np.dstack([GRAY] * 3)),
        (np.dstack([PHOTO, 255 - GRAY]), PHOTO),
        (PHOTO[:, ::-1], PHOTO[:, ::-1]),
        (PHOTO[:1, :1], PHOTO[:1, :1]),
    ],
    ids=["rgb", "gray", "gray with an axis", "rgba", "a mirrored view", "one pixel"],
)
def test_images_that_are_accepted(image, rgb):
    before = image.copy()
    got = as_rgb(image)
    np.testing.assert_array_equal(got, rgb)
    assert got.flags.c_contiguous
    np.testing.assert_array_equal(image, before)


def test_files_are_read_as_rgb(tmp_path):
    def read(picture, name, **options):
        picture.save(tmp_path / name, **options)
        return read_image(tmp_path / name)

    picture = Image.fromarray(PHOTO)
    np.testing.assert_array_equal(read(picture, "rgb.png"), PHOTO)
    np.testing.assert_array_equal(read_image(str(tmp_path / "rgb.png")), PHOTO)
    np.testing.assert_array_equal(read(Image.fromarray(GRAY), "gray.png"), np.dstack([GRAY] * 3))
    flat = np.zeros((40, 60, 3), np.uint8) + np.uint8([200, 100, 30])
    assert np.abs(read(Image.fromarray(flat), "a.jpg").astype(int) - flat).max() <= 4  # channels in their order
    assert np.abs(read(Image.fromarray(flat).convert("CMYK"), "cmyk.jpg").astype(int) - flat).max() <= 8
    palette = Image.fromarray(flat).quantize(8)
    np.testing.assert_array_equal(read(palette, "palette.png"), np.asarray(palette.convert("RGB")))
    deep = (np.arange(40 * 60, dtype=np.uint16) * 27).reshape(40, 60)  # to 64,773
    got = read(Image.fromarray(deep), "deep.png")
    np.testing.assert_array_equal(got, np.dstack([deep >> 8] * 3))


def test_bytes_are_read_as_the_file_they_are_and_errors_name_it():
    file = io.BytesIO()
    Image.fromarray(PHOTO).save(file, "png")
    np.testing.assert_array_equal(decode_image(file.getvalue(), "dropped.png"), PHOTO)
    with pytest.raises(ImageError, match=r"dropped\.png: not an image file"):
        decode_image(b"words", "dropped.png")


def test_shrinking_to_a_longest_side():
    assert shrink_to(PHOTO, 130) is PHOTO
    assert shrink_to(PHOTO, 65).shape == (45, 65, 3)
    assert shrink_to(PHOTO.transpose(1, 0, 2), 65).shape == (65, 45, 3)
    assert shrink_to(PHOTO[:1], 13).shape == (1, 13, 3)
    halves = np.repeat(np.uint8([[[200, 0, 0], [0, 100, 0]]]), 40, axis=1).repeat(40, axis=0)
    small = shrink_to(halves, 20)
    assert small[5, 4].tolist() == [200, 0, 0]
    assert small[5, 15].tolist() == [0, 100, 0]


def test_transparency_is_laid_on_white(tmp_path):
    rgba = np.zeros((4, 6, 4), np.uint8) + np.uint8([200, 100, 0, 255])
    rgba[:, 2:4, 3] = 0
    rgba[:, 4:, 3] = 51  # a fifth
    Image.fromarray(rgba).save(tmp_path / "rgba.png")
    got = read_image(tmp_path / "rgba.png").astype(int)
    assert (got[:, :2] == [200, 100, 0]).all()
    assert (got[:, 2:4] == 255).all()
    assert np.abs(got[:, 4:] - [244, 224, 204]).max() <= 1
    palette = Image.fromarray(np.uint8([[0, 1, 1]]), "P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.save(tmp_path / "palette.png", transparency=0)
    assert read_image(tmp_path / "palette.png").tolist() == [[[255, 255, 255], [40, 50, 60], [40, 50, 60]]]


# What the stored pixels must go through to stand upright, as EXIF 2.3 defines the eight orientations.
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation_is_applied(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(PHOTO).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "turned.png"), UPRIGHT[orientation](PHOTO))


def as_webp(**options):
    smooth = cv2.GaussianBlur(PHOTO, (0, 0), 5)
    content = io.BytesIO()
    Image.fromarray(smooth).save(content, "WEBP", **options)
    return content.getvalue()


def test_a_simple_webp_has_pillows_pixels():
    content = as_webp(quality=80)
    assert content[8:16] == b"WEBPVP8 "  # the way that OpenCV reads
    np.testing.assert_array_equal(decode_image(content, "it"), np.asarray(Image.open(io.BytesIO(content))))


def test_other_webp_is_read_as_it_is_meant():
    turned = Image.Exif()
    turned[0x0112] = 6  # a quarter turn clockwise sets it upright
    upright, lossless = decode_image(as_webp(exif=turned, quality=80), "it"), decode_image(as_webp(lossless=True), "it")
    np.testing.assert_array_equal(lossless, cv2.GaussianBlur(PHOTO, (0, 0), 5))
    assert upright.shape == (130, 90, 3)
    assert np.abs(upright.astype(int) - np.rot90(lossless, -1)).mean() < 4

    first, second = (Image.new("RGB", (20, 10), colour) for colour in ("red", "blue"))
    frames = io.BytesIO()
    first.save(frames, "WEBP", save_all=True, append_images=[second], lossless=True)
    assert (decode_image(frames.getvalue(), "it") == [255, 0, 0]).all()

    clear = io.BytesIO()
    Image.new("RGBA", (20, 10), (255, 0, 0, 0)).save(clear, "WEBP", quality=80)
    assert (decode_image(clear.getvalue(), "it") == 255).all()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.98])
def test_a_webp_that_ends_too_early_is_an_error_and_not_half_a_picture(share):
    content = as_webp(quality=80)
    with pytest.raises(ImageError, match="it: "):
        decode_image(content[: int(share * len(content))], "it")
