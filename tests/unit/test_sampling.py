"""Samples: every window's kind and targets, recomputed one at a time in plain Python; crops against marked pixels."""

import cmath
import math

import numpy as np
import pytest

from mtcnn_lite.datasets import read_dataset
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.random_windows import anywhere, beside, into, jitter
from mtcnn_lite.sampling.sampler import (
    LANDMARK,
    NEGATIVE,
    NOTHING,
    PART,
    POSITIVE,
    SAMPLE,
    choose,
    counts,
    kinds,
    sample,
)  # fmt: skip
from mtcnn_lite.sampling.store import write_store

H, W = 180, 240
POINTS = [[0.3, 0.35], [0.7, 0.36], [0.52, 0.55], [0.34, 0.75], [0.68, 0.77]]  # of the box


def with_points(boxes):
    boxes = np.array(boxes, float)
    return boxes[:, None, :2] + np.array(POINTS) * (boxes[:, 2:] - boxes[:, :2])[:, None] - 0.5


def photo(boxes, ignore=None, complete=True, points=True):
    """A photo whose red channel says x, whose green says y."""
    picture = np.zeros((H, W, 3), np.uint8)
    picture[..., 0], picture[..., 1] = np.arange(W)[None], np.arange(H)[:, None]
    return LabelledPhoto(picture, boxes, with_points(boxes) if points and len(boxes) else None, ignore, complete)


PHOTOS = {
    "one face": photo([[60, 50, 110, 112]]),
    "at the borders": photo([[-12, -9, 30, 44], [200, 130, 240, 180], [100, 150, 140, 199]]),
    "overlapping": photo([[60, 50, 110, 112], [70, 56, 122, 118], [80, 40, 125, 100]]),
    "ignored": photo([[60, 50, 110, 112], [120, 60, 160, 110], [20, 20, 31, 34]], [False, True, True]),
    "none": photo([]),
    "only ignored": photo([[60, 50, 110, 112]], [True]),
    "one of many labelled": photo([[60, 50, 110, 112]], complete=False),
    "without points": photo([[60, 50, 110, 112]], points=False),
    "a face as large as the photo": photo([[5, 2, 235, 178]]),
}
CONFIGS = {
    "paper": SamplingConfig(),
    "turned": SamplingConfig(turn=15.0, random=8, beside=3, jittered=30, landmarks=12),
}


def plain_iou(a, b):
    shared = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union


def check(row, of):
    """One sample against the rule, one number at a time."""
    window = row["window"].astype(float).tolist()
    side = window[2] - window[0]
    assert side == pytest.approx(window[3] - window[1], rel=1e-4)
    overlaps = [plain_iou(window, box) for box in of.boxes.astype(float).tolist()]
    usable = [0.0 if skip else o for o, skip in zip(overlaps, of.ignore, strict=True)]
    if row["kind"] == NEGATIVE:
        assert max(overlaps, default=0) < 0.3 + 1e-5
        assert of.complete or max(overlaps) >= 0.08 - 1e-5
        assert row["face"] == -1
        assert row["turn"] == 0
        assert np.isnan(row["offsets"]).all()
        assert np.isnan(row["landmarks"]).all()
        return
    mine = usable[row["face"]]
    if row["kind"] == LANDMARK:
        assert mine >= 0.65 - 1e-5
    else:
        assert mine == pytest.approx(max(usable), abs=1e-5)
        low, high = {POSITIVE: (0.65, 1), PART: (0.4, 0.65)}[int(row["kind"])]
        assert low - 1e-5 <= mine <= high + 1e-5
    box = of.boxes[row["face"]].astype(float).tolist()
    for k in range(4):
        assert row["offsets"][k] == pytest.approx((box[k] - window[k]) / side, abs=1e-5)
    pivot = complex((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    turn = cmath.rect(1, math.radians(row["turn"]))  # y grows downwards, so this is clockwise to the eye
    for k, (x, y) in enumerate(of.landmarks[row["face"]].astype(float).tolist()):
        if math.isnan(x):
            assert np.isnan(row["landmarks"][k]).all()
            continue
        p = pivot + (complex(x + 0.5, y + 0.5) - pivot) * turn
        assert row["landmarks"][k].tolist() == pytest.approx(
            [(p.real - window[0]) / side, (p.imag - window[1]) / side], abs=1e-4
        )


@pytest.mark.parametrize("size", [12, 24, 48])
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("of", PHOTOS.values(), ids=PHOTOS)
def test_every_sample_follows_the_rule(of, config, size):
    samples = choose(of, H, W, size, np.random.default_rng(1), config)
    assert samples.dtype == SAMPLE
    for row in samples:
        check(row, of)
    if size == 12:
        inside = samples["window"]
        assert (inside[:, :2] >= -1e-3).all()
        assert (inside[:, 2:] <= [W + 1e-3, H + 1e-3]).all()
    usable = int((~of.ignore).sum())
    found = counts(samples)
    if of is PHOTOS["a face as large as the photo"]:  # no room beside it
        assert config.random <= found["negative"] <= config.random + config.beside
    elif of.complete:
        assert found["negative"] == config.random + config.beside * usable
    else:
        assert 0 < found["negative"] <= config.random + config.beside
    assert (found["positive"] > 0) == (found["part"] > 0) == (usable > 0)
    assert (found["landmark"] > 0) == bool(of.has_landmarks[~of.ignore].any())
    assert found["landmark"] <= config.landmarks * usable


@pytest.mark.parametrize("size", [12, 24])
def test_every_sample_of_a_shard_on_disk_follows_the_rule(size, tmp_path):
    photos = list(PHOTOS.values())
    store = write_store(tmp_path, photos, size, 7, CONFIGS["turned"])
    assert len(store) > 300
    assert set(store.samples["photo"].tolist()) == set(range(len(photos)))
    for row in store.samples:
        check(row, photos[row["photo"]])


@pytest.mark.slow
def test_every_sample_of_a_shard_of_real_photos_follows_the_rule(root, tmp_path):
    """32 photos with crowds, ignored faces and faces that leave the frame, and 10 in which one face is labelled."""
    faces = root.parent / "shared" / "faces"
    if not faces.exists():
        pytest.skip("the labelled photos are not here")
    photos = read_dataset(faces / "scenes")[::76] + read_dataset(faces / "landmarks")[::800]
    store = write_store(tmp_path, photos, 12, 7, CONFIGS["turned"])
    assert sum(photo.ignore.sum() for photo in photos) > 10
    assert min(store.counts.values()) > 50
    for row in store.samples:
        check(row, photos[row["photo"]])


@pytest.mark.parametrize("of", PHOTOS.values(), ids=PHOTOS)
def test_proposals_are_labelled_by_the_same_rule(of):
    rng = np.random.default_rng(2)
    windows = np.concatenate([jitter(of.boxes, 40, rng), anywhere(H, W, 300, rng)])
    scores = rng.random(len(windows), np.float32)
    config = SamplingConfig(random=0, beside=0, jittered=0, landmarks=0, hardest=10, others=7)
    samples = choose(of, H, W, 24, rng, config, (windows, scores))
    for row in samples:
        check(row, of)
    kind, _ = kinds(windows, of)
    assert counts(samples)["positive"] == (kind == POSITIVE).sum()
    assert counts(samples)["part"] == (kind == PART).sum()
    # The ten best of the negatives, whatever the order, then seven of the others, none of them twice.
    score_of = {tuple(w): s for w, s in zip(windows.tolist(), scores.tolist(), strict=True)}
    taken = [tuple(w) for w in samples["window"][samples["kind"] == NEGATIVE].tolist()]
    best = sorted((s for s, k in zip(scores.tolist(), kind, strict=True) if k == NEGATIVE), reverse=True)[:10]
    assert len(set(taken)) == len(taken) == min(17, (kind == NEGATIVE).sum())
    assert set(best) <= {score_of[w] for w in taken}


def test_bounds_belong_to_the_higher_kind_and_ties_to_the_first_face():
    """Windows 20 px wide over a face of 20 x 20: shifted by d px they share (20 - d) / (20 + d)."""
    one = LabelledPhoto(np.zeros((H, W, 3), np.uint8), [[40, 40, 60, 60], [40, 40, 60, 60]])
    windows = [
        [40 + d, 40, 60 + d, 60] for d in (0, 4, 5, 8, 9, 10, 11, 20)
    ]  # .67 at 4, .43 at 8, 1/3 at 10, .29 at 11
    kind, face = kinds(windows, one)
    assert kind.tolist() == [POSITIVE, POSITIVE, PART, PART, NOTHING, NOTHING, NEGATIVE, NEGATIVE]
    assert face.tolist() == [0, 0, 0, 0, -1, -1, -1, -1]
    exact = SamplingConfig(positive=1.0, part=float(np.float32(1 / 3)), negative=float(np.float32(1 / 3)))
    assert kinds([[40, 40, 60, 60], [50, 40, 70, 60]], one, exact)[0].tolist() == [POSITIVE, PART]


def test_a_window_on_an_ignored_face_is_nothing():
    of = PHOTOS["ignored"]
    assert kinds([of.boxes[1], of.boxes[0], [20, 20, 31, 34]], of)[0].tolist() == [NOTHING, POSITIVE, NOTHING]


def test_a_crowd_is_worked_off_in_blocks(monkeypatch):
    of, windows = PHOTOS["overlapping"], jitter(PHOTOS["overlapping"].boxes, 30, np.random.default_rng(0))
    whole = kinds(windows, of)
    monkeypatch.setattr("mtcnn_lite.sampling.sampler.BLOCK", 20)  # 6 windows at once
    for a, b in zip(kinds(windows, of), whole, strict=True):
        assert a.tolist() == b.tolist()


@pytest.mark.parametrize("size", [12, 24, 48])
@pytest.mark.parametrize("turn", [0.0, 20.0])
def test_crops_show_the_window_turned_about_the_face(size, turn):
    """Red says x and green says y of where a crop's pixel was read."""
    of = photo([[90, 60, 140, 122]])
    samples, crops = sample(
        of, size, np.random.default_rng(3), SamplingConfig(turn=turn, random=10, beside=0, jittered=30)
    )
    assert crops.shape == (len(samples), size, size, 3)
    pivot = complex(115, 91)
    off = []
    for row, crop in zip(samples, crops, strict=True):
        x1, y1, x2, _ = row["window"].astype(float)
        step = (x2 - x1) / size
        for i, j in ((size // 2, size // 2), (size // 3, 2 * size // 3)):  # row, column
            at = complex(x1 + (j + 0.5) * step, y1 + (i + 0.5) * step)
            back = pivot + (at - pivot) * cmath.rect(1, -math.radians(row["turn"]))
            if 4 < back.real < W - 4 and 4 < back.imag < H - 4:
                seen = crop[i, j, :2].astype(float)
                off.append(seen - [back.real - 0.5, back.imag - 0.5])
        assert crop[..., 2].max() == 0
    # Halving the photo rounds .5 up, so what is read from a copy is up to half a level brighter for each halving.
    assert len(off) > 60
    assert np.abs(off).max() < 1.3
    assert np.abs(np.mean(off, axis=0)).max() < 0.7
    assert (np.abs(samples["turn"]).max() > 5) == (turn > 0)


@pytest.mark.parametrize("turn", [0.0, 15.0])
def test_a_dot_drawn_at_a_landmark_is_where_its_target_says(turn):
    """The centroid of a bright dot in each crop, to half a pixel of the crop."""
    of = photo([[80, 50, 150, 135]])
    seen = 0
    for k in range(5):
        picture = np.zeros((H, W, 3), np.uint8)
        x, y = of.landmarks[0, k].round().astype(int)
        picture[y - 1 : y + 2, x - 1 : x + 2] = 255
        points = np.full((1, 5, 2), np.nan)
        points[0] = of.landmarks[0]
        points[0, k] = x, y
        dotted = LabelledPhoto(picture, of.boxes, points)
        samples, crops = sample(dotted, 48, np.random.default_rng(4), SamplingConfig(turn=turn, random=0, beside=0))
        for row, crop in zip(samples, crops, strict=True):
            target = row["landmarks"][k] * 48  # px from the crop's left and upper edge
            if not ((target > 3) & (target < 45)).all():
                continue
            bright = crop[..., 0].astype(float)
            ys, xs = np.mgrid[:48, :48] + 0.5
            centroid = [(xs * bright).sum() / bright.sum(), (ys * bright).sum() / bright.sum()]
            assert centroid == pytest.approx(target.tolist(), abs=0.5)
            seen += 1
    assert seen > 60


def test_windows_are_squares_of_the_sizes_promised():
    rng = np.random.default_rng(5)
    faces = np.array([[50, 60, 90, 110], [10, 10, 40, 46]], np.float32)
    windows = jitter(faces, 500, rng)
    sides = windows[:, 2:] - windows[:, :2]
    np.testing.assert_allclose(sides[:, 0], sides[:, 1], atol=1e-4)
    for face, of_face in zip(faces, windows.reshape(2, 500, 4), strict=True):
        wide, high = face[2:] - face[:2]
        side = of_face[:, 2] - of_face[:, 0]
        assert 0.8 * min(wide, high) <= side.min() < 0.85 * min(wide, high)
        assert 1.2 * max(wide, high) < side.max() <= 1.25 * max(wide, high) + 1e-3
        moved = ((of_face[:, :2] + of_face[:, 2:]) / 2 - (face[:2] + face[2:]) / 2) / [wide, high]
        assert np.abs(moved).max(axis=0) == pytest.approx([0.2, 0.2], abs=0.01)
    around = beside(faces, 300, rng)
    gap = np.abs((around[:, :2] + around[:, 2:]) / 2 - np.repeat((faces[:, :2] + faces[:, 2:]) / 2, 300, axis=0))
    reach = (np.repeat(faces[:, 2:] - faces[:, :2], 300, axis=0) + (around[:, 2:] - around[:, :2])) / 2
    assert (gap <= reach + 1e-3).all()
    assert (gap > 0.95 * reach).any()
    everywhere = anywhere(H, W, 2000, rng)
    side = everywhere[:, 2] - everywhere[:, 0]
    assert side.min() >= 11.99
    assert side.max() <= H + 1e-3
    assert np.median(side) == pytest.approx(math.sqrt(12 * H), rel=0.1)
    assert (everywhere >= -1e-3).all()
    assert (everywhere[:, 2:] <= [W + 1e-3, H + 1e-3]).all()
    assert everywhere[:, 2].max() > W - 10  # x has the photo's width, y its height
    assert anywhere(11, 300, 5, rng).shape == (0, 4)
    assert into(np.array([[-5, 3, 15, 23], [0, 0, 500, 500]], np.float32), H, W).tolist() == [
        [0, 3, 20, 23], [W - H, 0, W, H],
    ]  # fmt: skip


def test_the_same_generator_gives_the_same_samples_and_another_does_not():
    of = PHOTOS["overlapping"]
    one, again, other = (sample(of, 24, np.random.default_rng(seed), CONFIGS["turned"]) for seed in (1, 1, 2))
    assert one[0].tobytes() == again[0].tobytes()
    assert one[1].tobytes() == again[1].tobytes()
    assert one[0].tobytes() != other[0].tobytes()


def test_near_moves_landmark_windows_towards_the_square_round_the_face_and_no_others():
    of = photo([[60, 50, 110, 112]])  # 50 x 62, centre 85, 81: its square has a side of 62

    def windows(near):
        drawn = choose(of, 180, 240, 48, np.random.default_rng(5), SamplingConfig(positive=0.5, near=near, shift=0.1))
        marked = drawn["kind"] == LANDMARK
        return drawn["window"][marked], drawn["window"][~marked]

    (far, rest), (half, same), (none, _) = windows(1), windows(0.5), windows(0)
    assert len(far) == len(half) == 20
    np.testing.assert_allclose(none, np.tile([54, 50, 116, 112], (20, 1)), atol=1e-4)
    np.testing.assert_allclose(half, (far + none) / 2, atol=1e-3)
    np.testing.assert_array_equal(rest, same)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"random": -1}, "random"), ({"jittered": 2.5}, "jittered"), ({"part": 0.7}, "bounds"),
     ({"negative": 0.5}, "bounds"), ({"smaller": 0}, "smaller"),
     ({"larger": 0.5}, "larger"), ({"turn": -3}, "turn"), ({"shift": 1.0}, "shift"),
     ({"near": 1.5}, "near"), ({"near": -0.1}, "near")],
)  # fmt: skip
def test_config_names_what_is_wrong(wrong, named):
    with pytest.raises(ValueError, match=named):
        SamplingConfig(**wrong)
