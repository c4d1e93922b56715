"""Composed scenes: labels found again in the pixels, splits that share nothing, hidden faces, the same bytes again."""

import hashlib
import itertools

import cv2
import numpy as np
import pytest

from mtcnn_lite.boxes import iom, iou
from mtcnn_lite.course.scenes import backgrounds, compose, cutouts, scene, scenes
from mtcnn_lite.course.scenes.cutouts import Cutout
from mtcnn_lite.course.scenes.paste import ONE, REACH, Placement, bilinear

AS_IS = np.tile(np.arange(256, dtype=np.uint8), (3, 1))
BOX = (40, 30, 110, 120)  # 70 x 90, off the middle of a picture of 160 x 160


def cutout(picture, landmarks=None, box=BOX):
    copies = [picture]
    for _ in range(3):  # means of 2 x 2
        h, w, _ = copies[-1].shape
        copies.append(copies[-1].reshape(h // 2, 2, w // 2, 2, 3).mean(axis=(1, 3)).astype(np.uint8))
    return Cutout(tuple(copies), box, landmarks, "drawn", False)


def pasted(placement, height=200, width=260, ground=0):
    picture = np.full((height, width, 3), ground, np.uint8)
    return picture, placement.paste(picture)


@pytest.mark.parametrize("landmark", range(5))
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(("degrees", "scale"), [(0, 1), (0, 0.3), (12, 0.6), (-15, 1.4), (7, 0.45)])
def test_a_bright_spot_lies_where_its_landmark_says(landmark, mirrored, degrees, scale):
    marks = np.array([[60, 62], [91, 60], [72, 80], [63, 98], [88, 101]])  # x, y
    picture = np.zeros((160, 160, 3), np.uint8)
    x, y = marks[landmark]
    picture[y - 3 : y + 4, x - 3 : x + 4] = 250
    placement = Placement(cutout(picture, marks.astype(float)), 120.3125, 91.75, scale, degrees, mirrored, REACH, AS_IS)
    light = pasted(placement)[0][..., 1].astype(float)
    found = [light.sum(axis=0) @ np.arange(260), light.sum(axis=1) @ np.arange(200)] / light.sum()
    row = [1, 0, 2, 4, 3][landmark] if mirrored else landmark
    np.testing.assert_allclose(placement.landmarks()[row], found, atol=0.15)


def test_a_turn_is_anticlockwise():
    marks = np.array([[60, 62], [91, 62], [75, 80], [63, 98], [88, 98]], float)
    left, right = Placement(
        cutout(np.zeros((160, 160, 3), np.uint8), marks), 99, 99, 1, 10, False, 0.6, AS_IS
    ).landmarks()[:2]
    assert np.degrees(np.arctan2(left[1] - right[1], right[0] - left[0])) == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("scale", [1, 0.5, 0.31, 1.7])
def test_box_edges_lie_where_the_pixels_change(mirrored, scale):
    picture = np.zeros((160, 160, 3), np.uint8)
    picture[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 240
    errors = []
    for part in np.arange(16) / 16:  # a sharp edge between two pixels is seen in one of them: on average it is right
        placement = Placement(cutout(picture), 130.5 + part, 99.25 - part, scale, 0, mirrored, REACH, AS_IS)
        light = pasted(placement)[0][..., 0] / 240
        x1, y1, x2, y2 = placement.box()
        across, along = light[99], light[:, 130]  # through the middle, where the mask is opaque
        errors.append([across[:130].sum() - (130 - x1), along[:99].sum() - (99 - y1),
                       across[130:].sum() - (x2 - 130), along[99:].sum() - (y2 - 99)])  # fmt: skip
    assert (np.abs(errors) < 0.35).all()
    assert (np.abs(np.mean(errors, axis=0)) < 0.03).all()


def test_mask_hides_its_edge_and_reaches_no_further_than_its_frame():
    flat = Placement(cutout(np.full((160, 160, 3), 90, np.uint8)), 130, 100, 0.8, 9, False, REACH, AS_IS)
    assert (pasted(flat, ground=90)[0] == 90).all()
    picture, (at, opacity, in_face) = pasted(flat)
    rows, columns = np.nonzero(picture[..., 0])
    x1, y1, x2, y2 = flat.frame()
    edges = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    assert (np.abs(edges - [x1, y1, x2, y2]) < 2).all()
    assert (edges[:2] >= np.floor([x1, y1])).all()
    assert (edges[2:] <= np.ceil([x2, y2])).all()
    assert set(np.flatnonzero(picture[..., 0])) <= set(at)
    assert opacity.max() == 256
    assert np.count_nonzero(in_face) == pytest.approx(np.pi / 4 * 70 * 90 * 0.8**2, rel=0.01)
    assert (opacity[in_face] > 200).all()  # the face itself is hardly seen through


def test_a_paste_may_hang_over_the_border_but_not_change_what_can_be_seen():
    picture = np.random.default_rng(0).integers(0, 256, (160, 160, 3), np.uint8)
    whole, _ = pasted(Placement(cutout(picture), 130, 100, 1, 5, False, REACH, AS_IS))
    corner, _ = pasted(Placement(cutout(picture), 30, 20, 1, 5, False, REACH, AS_IS))
    np.testing.assert_array_equal(corner[:100, :150], whole[80:180, 100:250])


def test_colours_stay_in_their_channels():
    each = np.array([[0], [1], [2]]) * 50 + np.arange(256) // 4  # red darkest
    picture = np.full((160, 160, 3), [40, 80, 120], np.uint8)
    placement = Placement(cutout(picture), 130, 100, 1, 0, False, REACH, each.astype(np.uint8))
    assert pasted(placement)[0][100, 130].tolist() == [10, 50 + 20, 100 + 30]


@pytest.mark.parametrize(("height", "width"), [(90, 100), (200, 220), (110, 250)])
def test_background_is_a_piece_of_its_picture_upright_and_mirrored_where_it_ends(monkeypatch, height, width):
    where = np.full((120, 128, 3), 200, np.uint8)
    where[..., 0], where[..., 1] = np.arange(128), np.arange(120)[:, None]  # each pixel tells its column and row
    monkeypatch.setattr(backgrounds, "pictures", lambda split: (("one", (where,)),))
    monkeypatch.setattr(backgrounds, "colours", lambda *settings: AS_IS)
    starts = set()
    for seed in range(40):
        piece = backgrounds.background(np.random.default_rng(seed), height, width, "train").astype(int)
        assert piece.shape == (height, width, 3)
        if not (piece[..., 2] == 200).all():
            continue  # a ramp of two colours
        columns, rows = piece[0, :, 0], piece[:, 0, 1]
        assert (piece[..., 0] == columns).all()
        assert (piece[..., 1] == rows[:, None]).all()
        for line, have in ((columns, 128), (rows, 120)):
            steps = np.diff(line)
            assert set(steps) <= {-1, 0, 1}
            assert set(line[:-1][steps == 0]) <= {0, have - 1}  # it turns at its ends alone
            assert len(set(steps)) > 1 or len(line) <= have
        assert height > 120 or rows[0] < rows[-1]
        starts.add((columns[0], rows[0]))
    assert len(starts) > 10


def test_bilinear_is_opencvs_remap_up_to_rounding():
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (30, 40, 3), np.uint8)
    x, y = rng.integers(-3 * ONE, 44 * ONE, 500), rng.integers(-3 * ONE, 34 * ONE, 500)
    maps = [(axis[None] / ONE).astype(np.float32) for axis in (x, y)]
    theirs = cv2.remap(picture.astype(np.float32), *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
    assert np.abs(bilinear(picture, x, y) - theirs).max() <= 8  # OpenCV rounds positions to 1/32 px
    exact = picture[[3, 7], [4, 39]]
    np.testing.assert_array_equal(bilinear(picture, np.array([4, 39]) * ONE, np.array([3, 7]) * ONE), exact)


def test_pixels_are_the_same_on_every_cpu():
    """Whole numbers only, so this sum holds wherever scikit-image's files are the same."""
    (one, *_), here = cutouts.lfw_faces("held_out"), np.full((120, 160, 3), 100, np.uint8)
    Placement(one, 50.5, 60.25, 2.2, 11, True, 0.7, AS_IS).paste(here)
    Placement(cutouts.face(np.random.default_rng(0), "train", 100), 110, 60, 0.7, -8, False, 0.7, AS_IS).paste(here)
    assert hashlib.sha256(here.tobytes()).hexdigest()[:16] == "dcef1d84f907842c"


def test_a_seed_gives_the_same_bytes_and_another_one_others():
    first, again, other = (scenes(4, seed) for seed in (5, 5, 6))
    for a, b in zip(first, again, strict=True):
        assert a.image().tobytes() == b.image().tobytes()
        assert a.boxes.tobytes() == b.boxes.tobytes()
        assert a.landmarks.tobytes() == b.landmarks.tobytes()
    assert len({photo.image().tobytes() for photo in first + other}) == 8
    assert scenes(7, 5)[3].image().tobytes() == first[3].image().tobytes()
    here = scene(np.random.default_rng([5, 3]))  # a generator does as well
    assert here.image().tobytes() == first[3].image().tobytes()


@pytest.mark.parametrize("split", ["train", "held_out"])
def test_faces_keep_to_the_picture_and_to_what_was_asked(split):
    counts = set()
    for photo in scenes(60, 1, height=200, width=300, faces=(0, 3), sizes=(16, 70), split=split):
        counts.add(len(photo.boxes))
        assert photo.image().shape == (200, 300, 3)
        assert photo.complete
        assert not photo.ignore.any()  # nothing overlaps
        assert len(photo.about["sources"]) == len(photo.boxes)
        sides = (photo.boxes[:, 2:] - photo.boxes[:, :2]).min(axis=1)
        assert (sides > 15.9).all()
        assert (sides < 70.1).all()
        assert (photo.boxes >= 0).all()
        assert (photo.boxes <= [300, 200, 300, 200]).all()
        assert (np.triu(iou(photo.boxes, photo.boxes), 1) == 0).all()
        low, high = photo.boxes[:, None, :2], photo.boxes[:, None, 2:]
        assert ((photo.landmarks + 0.5 > low) & (photo.landmarks + 0.5 < high)).all()
        left, right, nose, mouth_left, mouth_right = photo.landmarks.transpose(1, 0, 2)
        assert (left[:, 0] < right[:, 0]).all()
        assert (mouth_left[:, 0] < mouth_right[:, 0]).all()
        assert ((left[:, 1] + right[:, 1]) / 2 < nose[:, 1]).all()
    assert counts == {0, 1, 2, 3}


def test_splits_share_no_small_face_no_distractor_and_no_background():
    seen = {}
    for split in ("train", "held_out"):
        photos = scenes(150, 2, height=160, width=160, faces=(3, 6), sizes=(12, 30), split=split)
        seen[split] = [{name for photo in photos for name in photo.about[kind]} for kind in ("sources", "distractors")]
    (train, train_other), (held, held_other) = seen["train"], seen["held_out"]
    assert train == {f"lfw_subset[{k}]" for k in range(70)} | {"astronaut"}
    assert held == {f"lfw_subset[{k}]" for k in range(70, 100) if k != 83}
    assert train_other & held_other == {"astronaut"}  # of which the splits see different parts
    assert not set(cutouts.BACKGROUNDS["train"]) & set(cutouts.BACKGROUNDS["held_out"])
    for name in ("lfw_subset[125]", "lfw_subset[130]"):  # half faces
        assert name not in train_other | held_other


def test_no_distractor_shows_the_astronauts_face_or_the_other_splits_part():
    head, frames = [150, 15, 300, 200], {"train": [], "held_out": []}
    for split, frames_of in frames.items():
        rng = np.random.default_rng(3)
        for _ in range(400):
            found = cutouts.no_face(rng, split)
            assert found.landmarks is None
            if found.name == "astronaut":
                x1, y1, x2, y2 = found.box
                grow = np.array([x2 - x1, y2 - y1]) * (1.2 * REACH - 0.5)  # as far as any mask reaches
                frames_of.append([x1 - grow[0], y1 - grow[1], x2 + grow[0], y2 + grow[1]])
        assert len(frames_of) > 50
        assert iom([head], frames_of).max() == 0
        assert (np.array(frames_of) >= 0).all()
        assert (np.array(frames_of) <= 512).all()
    assert iou(frames["train"], frames["held_out"]).max() == 0


def test_ignored_faces_are_those_that_others_hide(monkeypatch):
    """Every paste gets a brightness of its own, so that the picture itself tells who is seen where."""
    ids = itertools.count(1)

    def one_brightness(rng, cutout):
        return 0.0, False, REACH, np.full((3, 256), next(ids) % 255, np.uint8)

    monkeypatch.setattr(compose, "_look", one_brightness)
    monkeypatch.setattr(compose, "GRAY_SCENES", 0)
    marked, last_hidden = {False: 0, True: 0}, False
    ys, xs = np.mgrid[:160, :200] + 0.5
    for seed in range(12):
        ids = itertools.count(1)
        photo = scene(seed, 160, 200, faces=(12, 12), sizes=(20, 60), distractors=(0, 0), overlap=1)
        assert len(photo.boxes) == 12  # with every overlap allowed, the k-th look is the k-th face's
        for k, (x1, y1, x2, y2) in enumerate(photo.boxes):
            ellipse = ((2 * xs - x1 - x2) / (x2 - x1)) ** 2 + ((2 * ys - y1 - y2) / (y2 - y1)) ** 2 <= 1
            seen = (photo.image()[ellipse, 0] == k + 1).mean()
            if abs(seen - 0.5) > 0.12:  # at a soft rim two brightnesses mix
                assert photo.ignore[k] == (seen < 0.5)
                marked[bool(photo.ignore[k])] += 1
        last_hidden |= bool(photo.ignore[-1])
    assert min(marked.values()) > 20
    assert last_hidden  # what was placed last is not always on top


def test_overlap_is_bounded_as_asked():
    def overlaps(limit):
        photos = scenes(10, 4, faces=(15, 15), sizes=(25, 50), distractors=(0, 0), overlap=limit)
        return [iom(p.boxes, p.boxes)[np.triu_indices(len(p.boxes), 1)].max() for p in photos]

    assert max(overlaps(0)) == 0
    assert 0 < max(overlaps(0.5)) < max(overlaps(1))


def test_distractors_lie_under_no_face_and_can_be_had_alone():
    photo = scene(8, faces=(0, 0), distractors=(4, 4))
    assert photo.boxes.shape == (0, 4)
    assert len(photo.about["distractors"]) == 4
    plain = scene(8, faces=(0, 0), distractors=(0, 0))
    assert plain.about["distractors"] == ()
    assert (plain.image() != photo.image()).any()


def test_a_scene_larger_than_every_picture_and_a_small_one():
    assert scene(1, 900, 1300, faces=(1, 1)).image().std() > 5
    assert scene(1, 40, 40, sizes=(14, 120)).boxes.shape == (1, 4)  # made smaller until it found a place


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"faces": (3, 1)}, r"faces is \(3, 1\).*least <= most"),
        ({"distractors": (-1, 1)}, "distractors is .*0 <= least"),
        ({"sizes": (8, 40)}, "sizes is .*12 <= least"),
        ({"height": 30, "sizes": (20, 40)}, "twice sizes"),
        ({"split": "test"}, "split is 'test'.*'train', 'held_out'"),
        ({"overlap": 2}, "overlap is 2"),
    ],
)
def test_settings_out_of_range_get_an_error_that_names_them(settings, words):
    with pytest.raises(ValueError, match=words):
        scene(0, **settings)


def test_a_detector_finds_the_held_out_faces_where_the_labels_say(detector):
    found, errors = [], []
    for photo in scenes(10, 11, sizes=(20, 60), split="held_out"):
        faces = detector.detect(photo.image())
        overlap = iou(photo.boxes, faces.boxes)
        found += (overlap.max(axis=1, initial=0) >= 0.5).tolist()
        for k, label in enumerate(photo.landmarks):
            if found[k - len(photo.boxes)]:
                apart = faces.landmarks[overlap[k].argmax()] - label
                errors.append(apart / np.linalg.norm(label[0] - label[1]))
    assert np.mean(found) >= 0.95
    assert np.linalg.norm(errors, axis=2).mean() < 0.06
    assert (np.abs(np.mean(errors, axis=(0, 1))) < 0.02).all()  # no half pixel lost anywhere
