"""Crops as from poor cameras: how many change, how much, and that colours stay where they are."""

import io

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite.datasets.degrade_crops import compress_batch, darken_batch, downscale_batch, noise_batch

GRAY = np.full((400, 24, 24, 3), 120, np.uint8)


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (before != after).any(axis=(1, 2, 3))


@pytest.mark.parametrize("degrade", [noise_batch, darken_batch, compress_batch])
def test_a_share_of_the_crops_changes_and_the_given_ones_stay(degrade):
    rng = np.random.default_rng(3)
    crops = rng.integers(0, 256, (400, 24, 24, 3), dtype=np.uint8)
    before = crops.copy()
    after = degrade(crops, rng, 0.3)
    assert (crops == before).all()
    assert after.shape == crops.shape
    assert after.dtype == np.uint8
    assert 0.22 < changed(crops, after).mean() < 0.38  # 0.3, four standard deviations either way
    assert (degrade(crops, np.random.default_rng(3), 0.0) == crops).all()
    assert (degrade(crops, np.random.default_rng(5), 0.3) == degrade(crops, np.random.default_rng(5), 0.3)).all()


def test_noise_has_the_strength_that_was_asked_for_in_each_pixel_and_colour():
    noise = noise_batch(GRAY, np.random.default_rng(0), 1.0, strength=(5, 15)).astype(float) - 120
    each = noise.std(axis=(1, 2, 3))
    assert 4.5 < each.min() < 5.5
    assert 14 < each.max() < 16
    assert abs(noise.mean()) < 0.1  # neither brighter nor darker
    flat = noise.reshape(400, -1, 3)
    assert abs(np.corrcoef(flat.reshape(-1, 3).T)[0, 1]) < 0.02  # red and green independently
    right = np.corrcoef(noise[:, :, :-1].ravel(), noise[:, :, 1:].ravel())[0, 1]
    assert abs(right) < 0.02  # and neighbours


def test_noise_stops_at_black_and_white():
    white = np.full((20, 24, 24, 3), 255, np.uint8)
    assert noise_batch(white, np.random.default_rng(0), 1.0, (40, 40)).min() > 50  # nothing wraps round to 0


def test_the_light_that_goes_is_what_was_asked_for():
    dark = darken_batch(GRAY, np.random.default_rng(0), 1.0, gone=(0.5, 0.5)).astype(float)
    assert abs(dark.mean() - 60) < 0.2
    assert dark.std(axis=(1, 2, 3)).max() < 7  # half of the noise in the dark, 12, at most
    drawn = darken_batch(GRAY, np.random.default_rng(0), 1.0, gone=(0.2, 0.9)).mean(axis=(1, 2, 3)) / 120
    assert 0.1 < drawn.min() < 0.14
    assert 0.76 < drawn.max() < 0.82


def test_compression_is_that_of_another_jpeg_library_with_red_as_red():
    y, x = np.mgrid[:48, :48]
    crop = np.stack([x * 5, y * 5, 255 - x * 5], axis=2).astype(np.uint8)[None]
    packed = compress_batch(crop, np.random.default_rng(0), 1.0, quality=(10, 10))
    file = io.BytesIO()
    Image.fromarray(crop[0]).save(file, "JPEG", quality=10, subsampling="4:2:0")
    other = np.asarray(Image.open(file)).astype(float)
    assert np.abs(packed[0] - other).mean() < 1.5
    assert np.abs(packed[0, :, :, ::-1] - other).mean() > 30  # red and blue exchanged would be far off
    assert np.abs(packed[0].astype(float) - crop[0]).mean() > 3  # and it did lose something
    best = compress_batch(crop, np.random.default_rng(0), 1.0, quality=(100, 100))
    assert np.abs(best.astype(float) - crop).mean() < 2


def test_small_and_large_again_keeps_a_ramp():
    ramp = np.broadcast_to(np.arange(0, 240, 5, dtype=np.uint8)[None, None, :, None], (1, 48, 48, 3))
    coarse = downscale_batch(ramp, np.random.default_rng(0), 1.0)
    assert np.abs(coarse[:, :, 8:-8].astype(float) - ramp[:, :, 8:-8]).max() <= 8  # not moved, not mirrored


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda crops, rng: noise_batch(crops, rng, 1.5), "share is 1.5"),
        (lambda crops, rng: noise_batch(crops, rng, 1, (9, 3)), "strength is (9, 3)"),
        (lambda crops, rng: darken_batch(crops, rng, 1, (0, 2)), "gone"),
        (lambda crops, rng: compress_batch(crops, rng, 1, (0, 101)), "quality"),
        (lambda crops, rng: compress_batch(crops[0], rng, 1), "crops is uint8 of shape"),
    ],
)
def test_bad_arguments_are_named(call, words):
    with pytest.raises(ValueError, match="^" + words.replace("(", r"\(").replace(")", r"\)")):
        call(GRAY, np.random.default_rng(0))
