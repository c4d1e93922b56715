"""Batches: what they hold, in which order, and that targets stay on the faces through mirror and colour."""

import threading

import numpy as np
import pytest
import torch

from mtcnn_lite.boxes import decode_offsets, landmarks_to_image
from mtcnn_lite.datasets.degrade_crops import downscale_batch
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.sampler import KINDS, LANDMARK, NEGATIVE, POSITIVE
from mtcnn_lite.sampling.store import write_store
from mtcnn_lite.training.augmentation import Augmentation
from mtcnn_lite.training.batches import HOLD_OUT_EVERY, PREFETCHED, Batches, held_out, prefetch

WHITE = (255, 255, 255)
DOTS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255)]  # left eye, right eye, nose, mouth, mouth
SWAPPED = [1, 0, 2, 4, 3]  # what a mirror makes of their places
NOISY = Augmentation(noise=0.3)
SHARES = (3, 1, 1, 2)


def painted(count, size=240):
    """Black photos with one white face each, 96 x 120, and five dots of their own colours at its landmarks."""
    rng = np.random.default_rng(1)
    photos = []
    for _ in range(count):
        image = np.zeros((size, size, 3), np.uint8)
        x, y = rng.integers(30, size - 150, 2)
        image[y : y + 120, x : x + 96] = WHITE
        points = np.array([[24, 36], [70, 40], [50, 62], [30, 92], [66, 88]]) + [x, y]
        for (px, py), colour in zip(points, DOTS, strict=True):
            image[py - 5 : py + 6, px - 5 : px + 6] = colour  # its middle pixel is the landmark
        photos.append(LabelledPhoto(image, [[x, y, x + 96, y + 120]], points[None]))
    return photos


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    config = SamplingConfig(random=10, beside=4, jittered=12, landmarks=6)
    photos = painted(2 * HOLD_OUT_EVERY + 3)
    return [write_store(folder / "a", photos, 48, 0, config), write_store(folder / "b", photos, 48, 1, config)]


def test_boxes_and_points_decoded_from_a_batch_lie_on_the_painted_face(stores):
    """Also where the crop was mirrored, which the dots' colours tell: none of the code under test is asked."""
    mirrored = straight = 0
    window = [[0, 0, 48, 48]]
    for step in range(3):
        batch = Batches(stores, 140, SHARES, seed=3)(step)
        for row in np.flatnonzero((batch.kinds == POSITIVE) | (batch.kinds == LANDMARK)):
            crop = batch.crops[row]  # (48, 48, 3), of colours that were 0 or 255
            ys, xs = np.nonzero((crop > 127).any(axis=2))
            x1, y1, x2, y2 = np.clip(decode_offsets(window, batch.offsets[row][None])[0], 0, 48)
            seen = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
            assert np.abs(np.subtract(seen, [x1, y1, x2, y2])).max() < 1.0
            points = landmarks_to_image(window, batch.landmarks[row][None])[0]  # edge coordinates
            where = [np.nonzero(np.where(np.array(dot) > 0, crop > 165, crop < 80).all(axis=2)) for dot in DOTS]
            middle = np.array([[np.median(x) + 0.5, np.median(y) + 0.5] if len(x) else [np.nan] * 2 for y, x in where])
            inside = (points > 4).all(axis=1) & (points < 44).all(axis=1)
            if inside[:2].sum() < 2:
                continue
            is_mirrored = middle[0, 0] > middle[1, 0]
            named = middle[SWAPPED] if is_mirrored else middle
            assert np.abs(named - points)[inside].max() < 1.0
            mirrored, straight = mirrored + is_mirrored, straight + (not is_mirrored)
    assert mirrored > 30
    assert straight > 30


def test_kinds_come_in_their_shares_whatever_the_size(stores):
    for size in (7, 64, 100):
        batch = Batches(stores, size, SHARES, seed=0)(5)
        counts = np.bincount(batch.kinds, minlength=4)
        assert counts.sum() == size
        assert np.abs(counts - np.array(SHARES) / 7 * size).max() < 4
        assert batch.crops.shape == (size, 48, 48, 3)
        assert batch.offsets.shape == (size, 4)
        assert batch.landmarks.shape == (size, 10)
    assert torch.isnan(batch.offsets[batch.kinds == NEGATIVE]).all()
    assert torch.isfinite(batch.landmarks[batch.kinds == LANDMARK]).all()


def of_batch(batches, step):
    """The samples (store, row) that a batch is made of, in its order."""
    return np.concatenate([order(step * n, n) for order, n in zip(batches.orders, batches.counts, strict=True) if n])


def test_each_sample_of_a_kind_comes_once_before_any_comes_again(stores):
    batches = Batches(stores, 70, SHARES, seed=0)
    kinds = np.concatenate([store.samples["kind"] for store in stores])
    photos = np.concatenate([store.samples["photo"] for store in stores])
    usable = np.flatnonzero((kinds == LANDMARK) & (photos % HOLD_OUT_EVERY != HOLD_OUT_EVERY - 1))
    each = batches.counts[LANDMARK]
    steps = len(usable) // each + 2
    seen = np.concatenate([of_batch(batches, step)[-each:] for step in range(2 * steps)])
    for turn in range(2):
        assert sorted(seen[turn * len(usable) : (turn + 1) * len(usable)]) == usable.tolist()
    assert seen[: len(usable)].tolist() != seen[len(usable) : 2 * len(usable)].tolist()


def test_photos_held_out_are_in_no_batch(stores):
    photos = np.concatenate([store.samples["photo"] for store in stores])
    batches = Batches(stores, 140, SHARES, seed=0)
    seen = {int(photo) for step in range(40) for photo in photos[of_batch(batches, step)]}
    assert seen == set(range(2 * HOLD_OUT_EVERY + 3)) - {19, 39}
    assert set(stores[0].samples["photo"][held_out(stores[0].samples)].tolist()) == {19, 39}


def test_a_batch_depends_on_seed_and_step_alone(stores):
    one, two = (Batches(stores, 50, SHARES, seed=4, augmentation=NOISY) for _ in range(2))
    one(0), one(1)
    for left, right in zip(one(9)[:4], two(9)[:4], strict=True):  # there is no teacher
        assert np.array_equal(left, right, equal_nan=True)
    assert not np.array_equal(one(9).crops, one(10).crops)
    assert not np.array_equal(one(9).crops, Batches(stores, 50, SHARES, seed=5, augmentation=NOISY)(9).crops)


def test_the_parts_of_a_batch_are_the_batch(stores):
    """Offsets and landmarks tell samples apart, but for the mirror, which each process throws for itself."""

    def names(batch):
        x1, y1, x2, y2 = batch.offsets.T
        upright = torch.minimum(torch.stack([x1, -x2]), torch.stack([-x2, x1])).amin(0)
        return sorted(zip(batch.kinds.tolist(), (upright * 1e4).round().tolist(), (y1 * 1e4).round().tolist(),
                          (y2 * 1e4).round().tolist(), strict=True))  # fmt: skip

    shares = (0, 1, 1, 2)
    whole = names(Batches(stores, 61, shares, seed=0)(3))
    parts = [Batches(stores, 61, shares, seed=0, shard=(k, 3))(3) for k in range(3)]
    assert sorted(name for part in parts for name in names(part)) == whole
    assert max(len(p.kinds) for p in parts) - min(len(p.kinds) for p in parts) <= len(KINDS)


def test_a_kind_without_samples_is_named(tmp_path):
    faceless = [LabelledPhoto(np.zeros((60, 60, 3), np.uint8), []) for _ in range(3)]
    store = write_store(tmp_path / "s", faceless, 12)
    with pytest.raises(ValueError, match="there is no positive sample to learn from, and each batch needs 10"):
        Batches([store], 70, SHARES, seed=0)
    assert len(Batches([store], 70, (1, 0, 0, 0), seed=0)(0).kinds) == 70


def test_prefetch_gives_the_same_batches_and_hands_errors_over(stores):
    batches = Batches(stores, 20, SHARES, seed=0)
    for step, batch in enumerate(prefetch(batches, 4, 9), 4):
        assert np.array_equal(batch.crops, batches(step).crops)
    assert step == 8

    def broken(step):
        if step == 2:
            raise OSError("disk gone")
        return batches(step)

    with pytest.raises(OSError, match="disk gone"):
        list(prefetch(broken, 0, 5))
    before = threading.active_count()
    stream = prefetch(batches, 0, 10 * PREFETCHED)
    next(stream)
    stream.close()  # its thread ends although most batches were never asked for
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and thread.name.endswith("(make)"):
            thread.join(2)
    assert threading.active_count() <= before


def test_coarse_crops_lose_detail_and_nothing_else():
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 255, (400, 24, 24, 3), np.uint8)
    crops[:, :, 12:] //= 4
    coarse = downscale_batch(crops, rng, 0.3)
    changed = (coarse != crops).any(axis=(1, 2, 3))
    assert 0.2 < changed.mean() < 0.4
    fine = np.abs(np.diff(crops[changed].astype(int), axis=1)).mean()
    assert np.abs(np.diff(coarse[changed].astype(int), axis=1)).mean() < 0.8 * fine
    for half in (slice(0, 10), slice(14, 24)):  # each side keeps its brightness and channel: nothing moved
        assert np.abs(coarse[:, :, half].mean(axis=(1, 2)) - crops[:, :, half].mean(axis=(1, 2))).max() < 8
    assert downscale_batch(crops, rng, 0.0) is crops
    small = crops[:, :12, :12]
    assert (downscale_batch(small, rng, 1.0) == small).all()


@pytest.mark.parametrize("way", ["noise", "darken", "compress"])
def test_about_the_share_of_a_batch_is_changed_each_way(stores, way):
    plain = Batches(stores, 140, SHARES, seed=3)(0)
    spoiled = Batches(stores, 140, SHARES, seed=3, augmentation=Augmentation(**{way: 0.5}))(0)
    changed = (spoiled.crops != plain.crops).any(axis=(1, 2, 3))
    assert 40 < changed.sum() < 100


def test_a_batch_brings_the_teachers_answers_to_its_crops_and_their_mirror_images(stores):
    """Answers that say which store, which sample and which side they are about; sides are told by the offsets."""
    numbers = [np.arange(len(store), dtype=np.float32) for store in stores]
    answers = [
        np.stack([[one + 1e6 * k, one + 1e6 * k + 0.5] for one in of_store]) for k, of_store in enumerate(numbers)
    ]
    answers = [np.repeat(each[:, :, None], 16, axis=2) for each in answers]  # (N, 2, 16)
    batches = Batches(stores, 140, SHARES, seed=3, answers=answers)
    batch = batches(2)
    assert batch.answers.shape == (140, 16)
    assert batches.answers_have_landmarks
    straight = 0
    for said, offsets in zip(batch.answers[:, 0].tolist(), batch.offsets.numpy(), strict=True):
        store, row = divmod(said, 1e6)
        as_cut = stores[int(store)].samples["offsets"][int(row)]
        if np.isfinite(as_cut).all():
            same = np.allclose(offsets, as_cut, atol=1e-6)
            assert np.allclose(offsets, as_cut if row % 1 == 0 else -as_cut[[2, 1, 0, 3]] * [1, -1, 1, -1], atol=1e-6)
            straight += same
    assert 20 < straight < 90
    assert (batch.crops == Batches(stores, 140, SHARES, seed=3)(2).crops).all()  # a teacher changes no crop


def test_some_rows_of_a_batch_belong_together(stores):
    answers = [np.random.default_rng(0).random((len(store), 2, 6), np.float32) for store in stores]
    batch = Batches(stores, 140, SHARES, seed=3, augmentation=Augmentation(noise=1.0), answers=answers)(0)
    some = batch.rows(np.array([7, 3]))
    for whole, part in zip(batch, some, strict=True):
        assert np.array_equal(np.asarray(whole)[[7, 3]], np.asarray(part), equal_nan=True)


def test_a_share_over_one_is_refused():
    with pytest.raises(ValueError, match=r"noise is 1\.5; it must be from 0 to 1"):
        Augmentation(noise=1.5)
